/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { CONNECTION_READS_PER_TURN = 16 };

int connection_open(struct connection *connection, int fd, SSL_CTX *context, const char *exporter)
{
	memset(connection, 0, sizeof(*connection));
	if (stream_open(&connection->stream, exporter) < 0)
		return -ENOMEM;
	connection->fd = fd;
	connection->begun_ns = clock_monotonic_ns();
	connection->events = POLLIN;
	connection->established = !context;
	if (!context)
		return 0;
	connection->deadline_ns =
		connection->begun_ns + CONNECTION_HANDSHAKE_MS * (uint64_t)CLOCK_NS_PER_MS;
	connection->session = SSL_new(context);
	if (!connection->session || SSL_set_fd(connection->session, fd) != 1) {
		SSL_free(connection->session);
		stream_close(&connection->stream);
		return -ENOMEM;
	}
	return 0;
}

/* After an operation of TLS that returned 'rc': 0 when it waits for the peer, or why it is over. */
static int connection_verdict(struct connection *connection, int rc)
{
	connection->events = POLLIN;
	switch (SSL_get_error(connection->session, rc)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		connection->events = POLLOUT;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -ENODATA;
	case SSL_ERROR_SYSCALL:
		return errno ? -errno : -ECONNRESET;
	default:
		return -EPROTO;
	}
}

/* 0 when it goes on: established, or not yet. */
static int connection_shake_hands(struct connection *connection, char reason[TLS_REASON_BYTES])
{
	int done, rc;

	ERR_clear_error();
	done = SSL_accept(connection->session);
	if (done == 1) {
		connection->established = true;
		connection->events = POLLIN;
		return 0;
	}
	rc = connection_verdict(connection, done);
	if (rc == 0)
		return 0;
	tls_context_reason(connection->session, rc, reason);
	return -EACCES;
}

/* What there is, at most 'room'. Bytes; 0: nothing now; -ENODATA: the end; other -errno. */
static int connection_receive(struct connection *connection, uint8_t *at, uint32_t room)
{
	ssize_t n;
	int rc;

	if (connection->session) {
		ERR_clear_error();
		rc = SSL_read(connection->session, at, (int)room);
		return rc > 0 ? rc : connection_verdict(connection, rc);
	}
	n = recv(connection->fd, at, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n ? (int)n : -ENODATA;
}

/* What TLS has read of the socket is not seen by poll any more. */
static bool connection_has_more(const struct connection *connection)
{
	return connection->session && SSL_pending(connection->session) > 0;
}

int connection_serve(struct connection *connection, struct weir_collect *collect,
		     char reason[TLS_REASON_BYTES])
{
	struct stream *stream = &connection->stream;
	int rc = 0;

	if (!connection->established)
		rc = connection_shake_hands(connection, reason);
	if (rc < 0 || !connection->established)
		return rc;
	for (int turn = 0; turn < CONNECTION_READS_PER_TURN || connection_has_more(connection);
	     turn++) {
		uint32_t room, there = stream->used;
		uint8_t *at = stream_room(stream, &room);

		rc = connection_receive(connection, at, room);
		if (rc <= 0)
			return rc;
		there += (uint32_t)rc;
		rc = stream_take(stream, collect, (uint32_t)rc);
		if (rc < 0)
			return rc;
		connection->spoke |= stream->used < there;
	}
	return 0;
}

bool connection_is_late(const struct connection *connection, uint64_t now_ns)
{
	return !connection->established && now_ns >= connection->deadline_ns;
}

void connection_close(struct connection *connection)
{
	if (connection->session && connection->established)
		SSL_shutdown(connection->session);
	SSL_free(connection->session);
	ERR_clear_error();
	close(connection->fd);
	stream_close(&connection->stream);
}
