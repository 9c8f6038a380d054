/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLS and DTLS go by on either side, as OpenSSL holds it: the CAs that
 * vouch for the other side, the certificate that is shown to it, TLS 1.2 at
 * least. RFC 7011 section 11 asks both sides to prove who they are.
 */
#ifndef EXPORT_TLS_CONTEXT_H
#define EXPORT_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "weir/error.h"

enum {
	TLS_DATAGRAM_MTU = 1400, /* of a DTLS datagram, unless told otherwise */
	TLS_REASON_BYTES = 160,
};

enum tls_side { TLS_CONNECTS, TLS_LISTENS };

/* Files in PEM; read when the context is made. */
struct tls_files {
	const char *ca;          /* NULL = the system's; who listens must name one */
	const char *certificate; /* with its chain; NULL = none; who listens must have one */
	const char *key;         /* of that; NULL = in the same file */
};

/* Make one; free with SSL_CTX_free. -EINVAL for files that do not serve, -ENOMEM. */
int tls_context_open(enum tls_side side, bool datagrams, const struct tls_files *files,
		     SSL_CTX **out, struct weir_error *error);
/* What OpenSSL last complained of, behind 'what'; 'code' where it says nothing. Returns 'code'. */
int tls_context_fail(struct weir_error *error, int code, const char *what);
/*
 * Why a handshake failed: a certificate that was not accepted has a better
 * name than the alert. True when it is that. OpenSSL's queue is empty then.
 */
bool tls_context_reason(const SSL *session, int code, char reason[TLS_REASON_BYTES]);

#endif
