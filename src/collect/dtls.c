/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL gets each datagram in a buffer of the session's, and what it writes
 * goes to the session's peer by the one socket:
 *
 *	socket ─► peer's session: input (memory) ─► SSL ─► message ─► collector
 *	   ▲                                         │
 *	   └──────────── dtls_bio_write ◄────────────┘
 *
 * A first ClientHello is answered with a cookie and forgotten; the one that
 * brings the cookie back makes the session (RFC 6347 section 4.2.1). A peer
 * that has been restarted begins anew the same way, and then takes the place
 * of its former self (section 4.2.8).
 */
#include "dtls.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "base/clock.h"

enum {
	DTLS_SECRET_BYTES = 32,
	DTLS_MESSAGE_BYTES = 1 << 14, /* of a record: RFC 6347 section 4.1 */
	/* RFC 6347 section 4.1, 4.2.2: where a record has its epoch, and a handshake its kind */
	DTLS_HELLO_LEAST_BYTES = 14,
	DTLS_EPOCH_AT = 3,
	DTLS_KIND_AT = 13,
	DTLS_HANDSHAKE = 22,
	DTLS_CLIENT_HELLO = 1,
};

struct dtls_session {
	struct sockaddr_storage peer;
	socklen_t peer_length;
	char exporter[WEIR_COLLECT_NAME_BYTES];
	SSL *ssl;
	BIO *input; /* of ssl */
	bool established;
	uint64_t begun_ns, heard_ns; /* monotonic */
	struct dtls *dtls;
};

struct dtls {
	int fd;
	SSL_CTX *context;
	BIO_METHOD *method;
	struct weir_collect *collect;
	struct dtls_session *sessions[DTLS_SESSIONS_MAX];
	uint32_t count;
	uint8_t secret[DTLS_SECRET_BYTES];
	uint8_t message[DTLS_MESSAGE_BYTES];
};

/* ---- what OpenSSL calls ---- */

static int dtls_bio_write(BIO *bio, const char *bytes, int count)
{
	struct dtls_session *session = BIO_get_data(bio);
	ssize_t n = sendto(session->dtls->fd, bytes, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (struct sockaddr *)&session->peer, session->peer_length);

	return n < 0 ? count : (int)n; /* lost on the way: it is sent again */
}

static long dtls_bio_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int dtls_cookie_make(SSL *ssl, unsigned char *cookie, unsigned int *count)
{
	const struct dtls_session *session = SSL_get_app_data(ssl);

	return HMAC(EVP_sha256(), session->dtls->secret, DTLS_SECRET_BYTES,
		    (const uint8_t *)&session->peer, session->peer_length, cookie, count)
		       ? 1
		       : 0;
}

static int dtls_cookie_check(SSL *ssl, const unsigned char *cookie, unsigned int count)
{
	unsigned char expected[EVP_MAX_MD_SIZE];
	unsigned int expected_count = 0;

	return dtls_cookie_make(ssl, expected, &expected_count) && count == expected_count &&
	       !CRYPTO_memcmp(cookie, expected, count);
}

/* ---- sessions ---- */

static void dtls_session_close(struct dtls_session *session)
{
	if (!session)
		return;
	if (session->established)
		SSL_shutdown(session->ssl);
	SSL_free(session->ssl);
	ERR_clear_error();
	free(session);
}

/* Its two ends: what comes in, what goes out. */
static int dtls_session_connect(struct dtls_session *session)
{
	BIO *output = BIO_new(session->dtls->method);

	session->input = BIO_new(BIO_s_mem());
	if (!session->input || !output) {
		BIO_free(session->input);
		BIO_free(output);
		return -ENOMEM;
	}
	BIO_set_mem_eof_return(session->input, -1); /* empty is not the end */
	BIO_set_data(output, session);
	BIO_set_init(output, 1);
	SSL_set_bio(session->ssl, session->input, output);
	return 0;
}

static struct dtls_session *dtls_session_open(struct dtls *dtls, const struct sockaddr *peer,
					      socklen_t length)
{
	struct dtls_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->dtls = dtls;
	memcpy(&session->peer, peer, length);
	session->peer_length = length;
	session->begun_ns = clock_monotonic_ns();
	session->ssl = SSL_new(dtls->context);
	if (!session->ssl || dtls_session_connect(session) < 0) {
		dtls_session_close(session);
		return NULL;
	}
	SSL_set_app_data(session->ssl, session);
	SSL_set_options(session->ssl, SSL_OP_COOKIE_EXCHANGE | SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(session->ssl, TLS_DATAGRAM_MTU);
	address_name(session->exporter, "dtls://", peer, length);
	return session;
}

/* Index of a peer's session; dtls->count when he has none. */
static uint32_t dtls_find(const struct dtls *dtls, const struct sockaddr *peer, socklen_t length)
{
	uint32_t i = 0;

	while (i < dtls->count && (dtls->sessions[i]->peer_length != length ||
				   memcmp(&dtls->sessions[i]->peer, peer, length) != 0))
		i++;
	return i;
}

static void dtls_drop(struct dtls *dtls, uint32_t index)
{
	struct dtls_session *session = dtls->sessions[index];

	dtls->sessions[index] = dtls->sessions[--dtls->count];
	if (session->established)
		weir_collect_forget(dtls->collect, session->exporter);
	dtls_session_close(session);
}

static void dtls_keep(struct dtls *dtls, struct dtls_session *session)
{
	uint32_t silent = 0;

	for (uint32_t i = 1; i < dtls->count; i++)
		if (dtls->sessions[i]->heard_ns < dtls->sessions[silent]->heard_ns)
			silent = i;
	if (dtls->count == DTLS_SESSIONS_MAX)
		dtls_drop(dtls, silent);
	dtls->sessions[dtls->count++] = session;
}

/* ---- datagrams ---- */

static bool dtls_is_hello(const uint8_t *bytes, uint32_t count)
{
	return count >= DTLS_HELLO_LEAST_BYTES && bytes[0] == DTLS_HANDSHAKE &&
	       bytes[DTLS_EPOCH_AT] == 0 && bytes[DTLS_EPOCH_AT + 1] == 0 &&
	       bytes[DTLS_KIND_AT] == DTLS_CLIENT_HELLO;
}

/* A greeting: with our cookie in it, it makes a session; else it is answered with one. */
static struct dtls_session *dtls_greet(struct dtls *dtls, const struct sockaddr *peer,
				       socklen_t length, const uint8_t *bytes, uint32_t count)
{
	struct dtls_session *session = dtls_session_open(dtls, peer, length);
	BIO_ADDR *address = session ? BIO_ADDR_new() : NULL;
	int known = 0;

	if (address && BIO_write(session->input, bytes, (int)count) == (int)count)
		known = DTLSv1_listen(session->ssl, address);
	BIO_ADDR_free(address);
	ERR_clear_error();
	if (known > 0)
		return session;
	dtls_session_close(session);
	return NULL;
}

/* After an operation that returned 'rc': 0 when it waits for the peer, or why it is over. */
static int dtls_verdict(const struct dtls_session *session, int rc)
{
	switch (SSL_get_error(session->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -ENODATA;
	default:
		return -EPROTO;
	}
}

/* Each record is a message (RFC 7011 section 10.3: as by UDP). */
static int dtls_read(struct dtls *dtls, struct dtls_session *session)
{
	int n;

	ERR_clear_error();
	while ((n = SSL_read(session->ssl, dtls->message, DTLS_MESSAGE_BYTES)) > 0)
		weir_collect_message(dtls->collect, session->exporter, false, dtls->message,
				     (size_t)n);
	return dtls_verdict(session, n);
}

static int dtls_feed(struct dtls *dtls, struct dtls_session *session, const uint8_t *bytes,
		     uint32_t count, char reason[TLS_REASON_BYTES])
{
	int done, rc;

	session->heard_ns = clock_monotonic_ns();
	BIO_reset(session->input); /* what was left of the datagram before is of no use */
	if (BIO_write(session->input, bytes, (int)count) != (int)count)
		return -ENOMEM;
	if (session->established)
		return dtls_read(dtls, session);
	ERR_clear_error();
	done = SSL_accept(session->ssl);
	if (done == 1) {
		session->established = true;
		return dtls_read(dtls, session);
	}
	rc = dtls_verdict(session, done);
	if (rc == 0)
		return 0;
	tls_context_reason(session->ssl, rc, reason);
	return -EACCES;
}

int dtls_take(struct dtls *dtls, const struct sockaddr *peer, socklen_t length,
	      const uint8_t *bytes, uint32_t count, char reason[TLS_REASON_BYTES])
{
	uint32_t index = dtls_find(dtls, peer, length);
	bool known = index < dtls->count;
	int rc;

	if (dtls_is_hello(bytes, count) && (!known || dtls->sessions[index]->established)) {
		struct dtls_session *session = dtls_greet(dtls, peer, length, bytes, count);

		if (!session)
			return 0;
		if (known)
			dtls_drop(dtls, index);
		dtls_keep(dtls, session);
		index = dtls->count - 1;
	} else if (!known) {
		return 0; /* of a session that is no more */
	}
	rc = dtls_feed(dtls, dtls->sessions[index], bytes, count, reason);
	if (rc < 0)
		dtls_drop(dtls, index);
	return rc;
}

uint32_t dtls_tick(struct dtls *dtls, uint64_t now_ns)
{
	uint32_t refused = 0;

	for (uint32_t i = dtls->count; i--;) {
		struct dtls_session *session = dtls->sessions[i];
		uint64_t since_ns = session->established ? session->heard_ns : session->begun_ns;
		uint64_t limit_ms = session->established ? DTLS_IDLE_MS : DTLS_HANDSHAKE_MS;

		if (now_ns > since_ns && now_ns - since_ns > limit_ms * CLOCK_NS_PER_MS) {
			refused += !session->established;
			dtls_drop(dtls, i);
		} else if (!session->established) {
			DTLSv1_handle_timeout(session->ssl);
			ERR_clear_error();
		}
	}
	return refused;
}

/* ---- open and close ---- */

struct dtls *dtls_open(int fd, SSL_CTX *context, struct weir_collect *collect)
{
	struct dtls *dtls = calloc(1, sizeof(*dtls));

	if (!dtls)
		return NULL;
	dtls->fd = fd;
	dtls->context = context;
	dtls->collect = collect;
	dtls->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir datagrams");
	if (!dtls->method || RAND_bytes(dtls->secret, DTLS_SECRET_BYTES) != 1) {
		dtls_close(dtls);
		return NULL;
	}
	BIO_meth_set_write(dtls->method, dtls_bio_write);
	BIO_meth_set_ctrl(dtls->method, dtls_bio_control);
	SSL_CTX_set_cookie_generate_cb(context, dtls_cookie_make);
	SSL_CTX_set_cookie_verify_cb(context, dtls_cookie_check);
	return dtls;
}

void dtls_close(struct dtls *dtls)
{
	if (!dtls)
		return;
	for (uint32_t i = 0; i < dtls->count; i++)
		dtls_session_close(dtls->sessions[i]);
	BIO_meth_free(dtls->method);
	free(dtls);
}
