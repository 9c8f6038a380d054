/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS exporters at one socket (RFC 6347), told apart by their addresses. Who
 * has not answered from the address that he claims takes no memory; nothing
 * is taken of him before he has proved who he is.
 */
#ifndef COLLECT_DTLS_H
#define COLLECT_DTLS_H

#include "export/tls_context.h"
#include <sys/socket.h>

#include "weir/collect.h"

enum {
	DTLS_SESSIONS_MAX = 256,       /* the one silent for longest gives way */
	DTLS_HANDSHAKE_MS = 10000,     /* who takes longer for it is let go */
	DTLS_IDLE_MS = 30 * 60 * 1000, /* who says nothing for so long, too */
};

struct dtls;

/* Of the listener with this socket and context, which stay the caller's. NULL on lack of memory. */
struct dtls *dtls_open(int fd, SSL_CTX *context, struct weir_collect *collect);
void dtls_close(struct dtls *dtls);
/*
 * A datagram has come. 0; -EACCES: its sender was refused, for this reason;
 * other -errno: his session is over.
 */
int dtls_take(struct dtls *dtls, const struct sockaddr *peer, socklen_t length,
	      const uint8_t *bytes, uint32_t count, char reason[TLS_REASON_BYTES]);
/* Time passes: what was not answered is sent again, who is late is let go. Returns how many were refused. */
uint32_t dtls_tick(struct dtls *dtls, uint64_t now_ns);

#endif
