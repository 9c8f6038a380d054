/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP and SCTP, which look the same from here: a stream socket. A message
 * never goes out in part to be taken up on another connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "transport.h"

static int sctp_connect(struct transport *t)
{
	return transport_dial(t, SOCK_STREAM, IPPROTO_SCTP);
}

static int tcp_connect(struct transport *t)
{
	int one = 1, rc = transport_dial(t, SOCK_STREAM, IPPROTO_TCP);

	if (rc < 0)
		return rc;
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* messages, not bytes */
	setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	return 0;
}

static int tcp_send(struct transport *t, const uint8_t *bytes, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		ssize_t n = send(t->fd, bytes + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		int rc;

		if (n > 0) {
			done += (uint32_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		rc = transport_wait(t, POLLOUT, done ? TRANSPORT_STALL_MS : TRANSPORT_PATIENCE_MS);
		if (rc == -EAGAIN && done)
			return -ETIMEDOUT;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * A collector that reads to the end gets all that was sent: half-close, and
 * wait for its own close, which says that it has read.
 */
static void tcp_disconnect(struct transport *t)
{
	uint8_t byte;

	if (t->fd >= 0 && !shutdown(t->fd, SHUT_WR) &&
	    transport_wait(t, POLLIN, TRANSPORT_PATIENCE_MS) == 0)
		(void)!recv(t->fd, &byte, 1, MSG_DONTWAIT);
	transport_hang_up(t);
}

static void tcp_close(struct transport *t)
{
	transport_hang_up(t);
	free(t);
}

static const struct transport_ops tcp_ops = {
	.connect = tcp_connect,
	.send = tcp_send,
	.check = transport_check_stream,
	.disconnect = tcp_disconnect,
	.close = tcp_close,
	.sessions = true,
};

static const struct transport_ops sctp_ops = {
	.connect = sctp_connect,
	.send = tcp_send,
	.check = transport_check_stream,
	.disconnect = tcp_disconnect,
	.close = tcp_close,
	.sessions = true,
};

static int tcp_open_as(const struct transport_ops *ops, const char *address, struct transport **out,
		       struct weir_error *error)
{
	struct transport *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return weir_error_set(error, -ENOMEM, "out of memory");
	t->ops = ops;
	t->fd = -1;
	t->message_bytes = TRANSPORT_STREAM_BYTES;
	rc = transport_parse(t, address, "4739", error);
	if (rc < 0) {
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

int transport_open_tcp(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error)
{
	return tcp_open_as(&tcp_ops, address, out, error);
}

int transport_open_sctp(const char *address, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd < 0)
		return weir_error_set(
			error, -errno,
			"this kernel has no SCTP: load its module 'sctp', or use TCP");
	close(fd);
	return tcp_open_as(&sctp_ops, address, out, error);
}
