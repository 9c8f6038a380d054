/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and sockets, for all transports. */
#include "transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

int transport_parse(struct transport *t, const char *address, const char *default_port,
		    struct weir_error *error)
{
	const char *host = address, *end = strrchr(address, ':'), *port = end;
	uint64_t number;

	if (*address == '[') {
		host = address + 1;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return weir_error_set(error, -EINVAL, "'%s' is not [ADDRESS]:PORT",
					      address);
		port = end[1] ? end + 1 : NULL;
	} else if (end && strchr(address, ':') != end) {
		return weir_error_set(error, -EINVAL,
				      "'%s': an IPv6 address is written [ADDRESS]:PORT", address);
	}
	if (!end)
		end = address + strlen(address);
	if (end == host || (size_t)(end - host) >= sizeof(t->host))
		return weir_error_set(error, -EINVAL, "'%s' names no host", address);
	snprintf(t->host, sizeof(t->host), "%.*s", (int)(end - host), host);
	snprintf(t->port, sizeof(t->port), "%s", port ? port + 1 : default_port);
	if (parse_u64(t->port, UINT16_MAX, &number) || !number)
		return weir_error_set(error, -EINVAL, "'%s' is not a port (1 to 65535)", t->port);
	return 0;
}

int transport_wait(const struct transport *t, short events, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = t->fd, .events = events};
	int rc = poll(&poll_fd, 1, timeout_ms);

	if (rc < 0 && errno != EINTR)
		return -errno;
	return rc > 0 ? 0 : -EAGAIN;
}

static int transport_error_of(const struct transport *t)
{
	int code = 0;
	socklen_t length = sizeof(code);

	return getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &code, &length) ? -errno : -code;
}

static int transport_try(struct transport *t, const struct addrinfo *address)
{
	int rc;

	t->fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       address->ai_protocol);
	if (t->fd < 0)
		return -errno;
	rc = connect(t->fd, address->ai_addr, address->ai_addrlen) ? -errno : 0;
	if (rc == -EINPROGRESS) {
		rc = transport_wait(t, POLLOUT, TRANSPORT_CONNECT_MS);
		rc = rc == -EAGAIN ? -ETIMEDOUT : rc < 0 ? rc : transport_error_of(t);
	}
	if (rc < 0)
		transport_hang_up(t);
	return rc;
}

int transport_dial(struct transport *t, int type, int protocol)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_protocol = protocol}, *list = NULL;
	int rc = getaddrinfo(t->host, t->port, &hints, &list);

	if (rc)
		return weir_error_set(&t->failure, -EHOSTUNREACH, "cannot resolve '%s': %s",
				      t->host, gai_strerror(rc));
	rc = -EHOSTUNREACH;
	for (struct addrinfo *at = list; at && rc < 0; at = at->ai_next)
		rc = transport_try(t, at);
	freeaddrinfo(list);
	if (rc < 0)
		weir_error_set_errno(&t->failure, rc, "cannot connect");
	return rc;
}

int transport_refusal(const struct transport *t)
{
	int code = transport_error_of(t);

	return code == -EMSGSIZE ? 0 : code; /* the path got narrower: the kernel fragments */
}

int transport_check_stream(struct transport *t)
{
	uint8_t bytes[256];
	ssize_t n;

	do /* a collector has nothing to say: what it says is passed over */
		n = recv(t->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n == 0)
		return -ECONNRESET;
	return errno == EAGAIN ? 0 : -errno;
}

void transport_hang_up(struct transport *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
