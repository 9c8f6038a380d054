/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of an exporter: over TCP, SCTP, or TLS. With TLS nothing is
 * taken before the exporter has proved who it is.
 */
#ifndef COLLECT_CONNECTION_H
#define COLLECT_CONNECTION_H

#include "export/tls_context.h"

#include "stream.h"

enum { CONNECTION_HANDSHAKE_MS = 10000 /* who takes longer for it is let go */ };

struct connection {
	int fd;
	short events; /* of poll(2), that it waits for */
	SSL *session; /* NULL without TLS */
	bool established;
	bool spoke;           /* a whole message has come */
	uint64_t begun_ns;    /* monotonic */
	uint64_t deadline_ns; /* monotonic: of the handshake */
	struct stream stream;
};

/*
 * Take over a descriptor, from a listener whose context it is (NULL without
 * TLS). -ENOMEM: the descriptor is still the caller's.
 */
int connection_open(struct connection *connection, int fd, SSL_CTX *context, const char *exporter);
/*
 * Take what has come. 0; -ENODATA at its end; -EACCES: the exporter was
 * refused, for this reason; -EINVAL: what it sends is no IPFIX; other -errno.
 */
int connection_serve(struct connection *connection, struct weir_collect *collect,
		     char reason[TLS_REASON_BYTES]);
/* Is it still in its handshake when that should be over? */
bool connection_is_late(const struct connection *connection, uint64_t now_ns);
void connection_close(struct connection *connection);

#endif
