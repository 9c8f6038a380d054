/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS over TCP and DTLS over UDP, by OpenSSL. A collector is let in only with
 * a certificate that the CA file vouches for and that bears its name; weir
 * shows its own when it has one (RFC 7011 section 11 asks both sides to).
 *
 * A DTLS peer that has been restarted says nothing: what comes for a session
 * it does not know it throws away. So the session is made anew when the kernel
 * tells of a refusal, and every few minutes in any case.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "base/clock.h"
#include "export/tls_context.h"
#include "transport.h"

enum {
	TLS_VERDICT_MS = 1000,    /* for the server's first word */
	TLS_RENEW_S = 300,        /* how old a DTLS session gets */
	DTLS_OVERHEAD_BYTES = 96, /* record header, explicit nonce, tag, padding: RFC 6347 */
};

struct tls {
	struct transport transport; /* first: the sender's view */
	SSL_CTX *context;
	SSL *session; /* NULL when not connected */
	bool datagrams;
	uint64_t renew_ns;
};

static struct tls *tls_of(struct transport *t)
{
	return (struct tls *)t;
}

/* Why a handshake failed. */
static int tls_fail_handshake(struct tls *tls, int code)
{
	char reason[TLS_REASON_BYTES];

	if (tls_context_reason(tls->session, code, reason))
		return weir_error_set(&tls->transport.failure, -EACCES,
				      "the collector's certificate is refused: %s", reason);
	return weir_error_set(&tls->transport.failure, code, "no %s session: %s",
			      tls->datagrams ? "DTLS" : "TLS", reason);
}

/* After an operation that returned 'rc': 0 to try again, -EAGAIN when time is up, -errno. */
static int tls_wait(struct tls *tls, int rc, int timeout_ms)
{
	switch (SSL_get_error(tls->session, rc)) {
	case SSL_ERROR_WANT_READ:
		return transport_wait(&tls->transport, POLLIN, timeout_ms);
	case SSL_ERROR_WANT_WRITE:
		return transport_wait(&tls->transport, POLLOUT, timeout_ms);
	case SSL_ERROR_SYSCALL:
		return errno ? -errno : -ECONNRESET;
	case SSL_ERROR_ZERO_RETURN:
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

static int tls_shake_hands(struct tls *tls)
{
	uint64_t deadline_ns =
		clock_monotonic_ns() + TRANSPORT_CONNECT_MS * (uint64_t)CLOCK_NS_PER_MS;
	int rc, done;

	while ((done = SSL_connect(tls->session)) != 1) {
		rc = tls_wait(tls, done, TRANSPORT_PATIENCE_MS);
		if (rc == -EAGAIN && clock_monotonic_ns() < deadline_ns) {
			if (tls->datagrams)
				DTLSv1_handle_timeout(tls->session);
			continue;
		}
		if (rc < 0)
			return tls_fail_handshake(tls, rc == -EAGAIN ? -ETIMEDOUT : rc);
	}
	return 0;
}

/* The name that the certificate must bear: that which the user gave. */
static int tls_expect(struct tls *tls)
{
	uint8_t address[sizeof(struct in6_addr)];
	const char *host = tls->transport.host;
	X509_VERIFY_PARAM *parameters = SSL_get0_param(tls->session);

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 ? 0 : -EINVAL;
	if (SSL_set_tlsext_host_name(tls->session, host) != 1)
		return -EINVAL;
	return SSL_set1_host(tls->session, host) == 1 ? 0 : -EINVAL;
}

static BIO *tls_bio(struct tls *tls)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	BIO *bio;

	if (!tls->datagrams)
		return BIO_new_socket(tls->transport.fd, BIO_NOCLOSE);
	bio = BIO_new_dgram(tls->transport.fd, BIO_NOCLOSE);
	if (bio && !getpeername(tls->transport.fd, (struct sockaddr *)&peer, &length))
		BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &peer);
	return bio;
}

static int tls_begin(struct tls *tls)
{
	BIO *bio;

	tls->session = SSL_new(tls->context);
	bio = tls->session ? tls_bio(tls) : NULL;
	if (!bio)
		return weir_error_set(&tls->transport.failure, -ENOMEM, "out of memory");
	SSL_set_bio(tls->session, bio, bio);
	if (tls->datagrams) {
		SSL_set_options(tls->session, SSL_OP_NO_QUERY_MTU);
		SSL_set_mtu(tls->session,
			    tls->transport.mtu ? tls->transport.mtu : TLS_DATAGRAM_MTU);
	}
	if (tls_expect(tls) < 0)
		return tls_context_fail(&tls->transport.failure, -EINVAL, "cannot expect the name");
	return tls_shake_hands(tls);
}

static void tls_end(struct tls *tls, bool in_good_order)
{
	if (tls->session && in_good_order)
		SSL_shutdown(tls->session); /* says that this is the end; no answer is waited for */
	SSL_free(tls->session);
	tls->session = NULL;
	ERR_clear_error();
}

/* The peer's alerts, and tickets, are read here; data is of no interest. */
static int tls_read_away(struct tls *tls)
{
	uint8_t bytes[512];
	int n;

	do
		n = SSL_read(tls->session, bytes, sizeof(bytes));
	while (n > 0);
	switch (SSL_get_error(tls->session, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_SYSCALL:
		return errno ? -errno : -ECONNRESET;
	case SSL_ERROR_ZERO_RETURN:
		return -ECONNRESET;
	default:
		return tls_context_fail(&tls->transport.failure, -EPROTO,
					"the collector ended the session");
	}
}

/*
 * With TLS 1.3 a client is done before the server has looked at its
 * certificate: a word of the server's, usually its tickets, says that it is in.
 */
static int tls_await_verdict(struct tls *tls)
{
	if (tls->datagrams || SSL_version(tls->session) < TLS1_3_VERSION ||
	    transport_wait(&tls->transport, POLLIN, TLS_VERDICT_MS) < 0)
		return 0;
	return tls_read_away(tls);
}

static int tls_connect(struct transport *t)
{
	struct tls *tls = tls_of(t);
	int one = 1, rc;

	tls_end(tls, false);
	transport_hang_up(t);
	rc = transport_dial(t, tls->datagrams ? SOCK_DGRAM : SOCK_STREAM,
			    tls->datagrams ? IPPROTO_UDP : IPPROTO_TCP);
	if (rc < 0)
		return rc;
	if (!tls->datagrams)
		setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	rc = tls_begin(tls);
	if (rc == 0)
		rc = tls_await_verdict(tls);
	if (rc < 0) {
		tls_end(tls, false);
		transport_hang_up(t);
		return rc;
	}
	tls->renew_ns = clock_monotonic_ns() + TLS_RENEW_S * CLOCK_NS_PER_S;
	return 0;
}

/* A message is one write, so one datagram; of a stream nothing goes out before all fits a record. */
static int tls_send(struct transport *t, const uint8_t *bytes, uint32_t count)
{
	struct tls *tls = tls_of(t);
	bool begun = false;
	int n, rc;

	while ((n = SSL_write(tls->session, bytes, (int)count)) <= 0) {
		rc = tls_wait(tls, n, begun ? TRANSPORT_STALL_MS : TRANSPORT_PATIENCE_MS);
		if (rc ==
		    -EAGAIN) /* OpenSSL holds on to the record: it can only be this one's end */
			rc = begun ? -ETIMEDOUT : 0;
		begun = true;
		if (rc < 0) {
			ERR_clear_error();
			return rc;
		}
	}
	return tls->datagrams ? transport_refusal(t) : 0;
}

static int tls_check(struct transport *t)
{
	struct tls *tls = tls_of(t);

	if (tls->datagrams && clock_monotonic_ns() >= tls->renew_ns)
		return 1;
	return tls_read_away(tls);
}

static void tls_disconnect(struct transport *t)
{
	struct tls *tls = tls_of(t);
	uint8_t byte;

	tls_end(tls, true);
	if (!tls->datagrams && t->fd >= 0 && !shutdown(t->fd, SHUT_WR) &&
	    transport_wait(t, POLLIN, TRANSPORT_PATIENCE_MS) == 0)
		(void)!recv(t->fd, &byte, 1, MSG_DONTWAIT);
	transport_hang_up(t);
}

static void tls_close(struct transport *t)
{
	struct tls *tls = tls_of(t);

	tls_end(tls, false);
	transport_hang_up(t);
	SSL_CTX_free(tls->context);
	free(tls);
}

static const struct transport_ops tls_ops = {
	.connect = tls_connect,
	.send = tls_send,
	.check = tls_check,
	.disconnect = tls_disconnect,
	.close = tls_close,
	.sessions = true,
};

static const struct transport_ops dtls_ops = {
	.connect = tls_connect,
	.send = tls_send,
	.check = tls_check,
	.disconnect = tls_disconnect,
	.close = tls_close,
	.sessions = true,
	.datagrams = true,
};

/* ---- open ---- */

static int tls_open_as(const char *address, bool datagrams,
		       const struct weir_export_settings *settings, struct transport **out,
		       struct weir_error *error)
{
	const struct weir_export_network *network = &settings->network;
	const struct tls_files files = {network->tls_ca, network->tls_certificate,
					network->tls_key};
	struct tls *tls = calloc(1, sizeof(*tls));
	int rc;

	if (!tls)
		return weir_error_set(error, -ENOMEM, "out of memory");
	tls->datagrams = datagrams;
	tls->transport.ops = datagrams ? &dtls_ops : &tls_ops;
	tls->transport.fd = -1;
	tls->transport.mtu = network->mtu;
	tls->transport.message_bytes = TRANSPORT_STREAM_BYTES;
	if (datagrams)
		tls->transport.message_bytes =
			(tls->transport.mtu ? tls->transport.mtu : TLS_DATAGRAM_MTU) -
			DTLS_OVERHEAD_BYTES;
	rc = transport_parse(&tls->transport, address, "4740", error);
	if (rc == 0)
		rc = tls_context_open(TLS_CONNECTS, datagrams, &files, &tls->context, error);
	if (rc < 0) {
		tls_close(&tls->transport);
		return rc;
	}
	*out = &tls->transport;
	return 0;
}

int transport_open_tls(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error)
{
	return tls_open_as(address, false, settings, out, error);
}

int transport_open_dtls(const char *address, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error)
{
	return tls_open_as(address, true, settings, out, error);
}
