/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* its tcp_info tells more than that of libc */
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"

enum {
	TCP_HOST_BYTES = 256,
	TCP_POLL_MS = 10, /* for what is not told: that everything is acknowledged */
};

/* "HOST:PORT", "[ADDRESS]:PORT" or "PORT"; 'host' is "" for the latter. */
static int tcp_split(const char *address, char host[TCP_HOST_BYTES], const char **port,
		     struct weir_error *error)
{
	const char *colon = strrchr(address, ':');
	const char *begin = address, *end = colon ? colon : address;
	uint64_t number;

	*port = colon ? colon + 1 : address;
	if (parse_u64(*port, UINT16_MAX, &number) || !number)
		return weir_error_set(error, -EINVAL, "'%s' does not end in a port, 1 to 65535",
				      address);
	if (*begin == '[' && end > begin && end[-1] == ']') {
		begin++;
		end--;
	} else if (memchr(begin, ':', (size_t)(end - begin))) {
		return weir_error_set(error, -EINVAL,
				      "'%s': an IPv6 address is written [ADDRESS]:PORT", address);
	}
	if (end - begin >= TCP_HOST_BYTES)
		return weir_error_set(error, -EINVAL, "'%s' is too long", address);
	snprintf(host, TCP_HOST_BYTES, "%.*s", (int)(end - begin), begin);
	return 0;
}

static int tcp_resolve(const char *address, bool passive, struct addrinfo **list,
		       struct weir_error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
	char host[TCP_HOST_BYTES];
	const char *port;
	int rc = tcp_split(address, host, &port, error);

	if (rc < 0)
		return rc;
	if (!*host && !passive)
		return weir_error_set(error, -EINVAL, "'%s' names no host", address);
	rc = getaddrinfo(*host ? host : NULL, port, &hints, list);
	return rc ? weir_error_set(error, -EHOSTUNREACH, "cannot resolve '%s': %s", host,
				   gai_strerror(rc))
		  : 0;
}

static int tcp_await(int fd)
{
	struct pollfd status = {.fd = fd, .events = POLLOUT};
	int code = 0, rc = poll(&status, 1, TCP_CONNECT_MS);
	socklen_t length = sizeof(code);

	if (rc <= 0)
		return rc < 0 ? -errno : -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) ? -errno : -code;
}

static int tcp_connect(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			at->ai_protocol);
	int rc;

	if (fd < 0)
		return -errno;
	rc = connect(fd, at->ai_addr, at->ai_addrlen) ? -errno : 0;
	if (rc == -EINPROGRESS)
		rc = tcp_await(fd);
	if (rc == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK))
		rc = -errno;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int tcp_dial(const char *address, struct weir_error *error)
{
	struct addrinfo *list = NULL;
	int fd = tcp_resolve(address, false, &list, error);

	if (fd < 0)
		return fd;
	fd = -EHOSTUNREACH;
	for (struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
		fd = tcp_connect(at);
	freeaddrinfo(list);
	return fd < 0 ? weir_error_set_errno(error, fd, "cannot connect to '%s'", address) : fd;
}

static int tcp_bind(const struct addrinfo *at)
{
	int one = 1;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			at->ai_protocol);
	int rc = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, 1))
		rc = -errno;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

/* Of "any" addresses the IPv6 one, where there is IPv6: it takes both. */
static const struct addrinfo *tcp_widest(const struct addrinfo *list)
{
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		if (at->ai_family == AF_INET6)
			return at;
	return list;
}

int tcp_listen(const char *address, struct weir_error *error)
{
	struct addrinfo *list = NULL;
	int fd = tcp_resolve(address, true, &list, error);

	if (fd < 0)
		return fd;
	fd = tcp_bind(tcp_widest(list));
	if (fd == -EAFNOSUPPORT)
		fd = tcp_bind(list);
	freeaddrinfo(list);
	return fd < 0 ? weir_error_set_errno(error, fd, "cannot listen on '%s'", address) : fd;
}

int tcp_finish(int fd, int patience_ms)
{
	uint64_t end_ns = clock_monotonic_ns() + (uint64_t)patience_ms * CLOCK_NS_PER_MS;
	struct tcp_info info = {};
	socklen_t length = sizeof(info);
	int code = 0;

	if (shutdown(fd, SHUT_WR))
		return -errno;
	do {
		struct pollfd status = {.fd = fd};

		length = sizeof(code);
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) || code)
			return code ? -code : -errno;
		length = sizeof(info);
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
			return -errno;
		if (!info.tcpi_unacked && !info.tcpi_notsent_bytes)
			return 0;
		poll(&status, 1, TCP_POLL_MS); /* an error wakes it, an acknowledgement does not */
	} while (clock_monotonic_ns() < end_ns);
	return -ETIMEDOUT;
}
