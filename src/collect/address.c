/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

enum {
	ADDRESS_RECEIVE_BYTES = 8 << 20, /* bursts wait there; the system may allow less */
	ADDRESS_BACKLOG = 64,
	ADDRESS_HOST_BYTES = 256,
};

void address_name(char name[WEIR_COLLECT_NAME_BYTES], const char *scheme,
		  const struct sockaddr *peer, socklen_t length)
{
	char host[64] = "?", port[16] = "?";
	bool v6 = peer->sa_family == AF_INET6;

	getnameinfo(peer, length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(name, WEIR_COLLECT_NAME_BYTES, "%s%s%s%s:%s", scheme, v6 ? "[" : "", host,
		 v6 ? "]" : "", port);
}

/* "ADDRESS:PORT" into its two parts. */
static int address_split(const char *address, char host[ADDRESS_HOST_BYTES], const char **port,
			 struct weir_error *error)
{
	const char *colon = strrchr(address, ':'), *begin = address, *end = colon;
	uint64_t number;

	if (!colon || !colon[1])
		return weir_error_set(error, -EINVAL, "'%s' is not ADDRESS:PORT", address);
	*port = colon + 1;
	/* getaddrinfo takes 99999 for 34463; names of services are its own affair */
	if (!(*port)[strspn(*port, "0123456789")] && parse_u64(*port, UINT16_MAX, &number))
		return weir_error_set(error, -EINVAL, "'%s' is not a port: 0 to 65535", *port);
	if (*begin == '[' && end > begin && end[-1] == ']') {
		begin++;
		end--;
	}
	if (end - begin >= ADDRESS_HOST_BYTES)
		return weir_error_set(error, -EINVAL, "'%s' is too long", address);
	snprintf(host, ADDRESS_HOST_BYTES, "%.*s", (int)(end - begin), begin);
	return 0;
}

static int address_open(const struct addrinfo *at)
{
	int one = 1, bytes = ADDRESS_RECEIVE_BYTES, rc = 0;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			at->ai_protocol);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, at->ai_addr, at->ai_addrlen) ||
	    (at->ai_socktype == SOCK_STREAM && listen(fd, ADDRESS_BACKLOG)))
		rc = -errno;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int address_listen(const char *address, int type, int protocol, struct weir_error *error)
{
	struct addrinfo hints = {.ai_socktype = type,
				 .ai_protocol = protocol == IPPROTO_SCTP ? 0 : protocol,
				 .ai_flags = AI_PASSIVE};
	struct addrinfo *list = NULL;
	char host[ADDRESS_HOST_BYTES];
	const char *port = "";
	int rc = address_split(address, host, &port, error);

	if (rc < 0)
		return rc;
	rc = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (rc == EAI_SERVICE)
		return weir_error_set(error, -EINVAL, "'%s' is not a port: 0 to 65535", port);
	if (rc)
		return weir_error_set(error, -EINVAL, "cannot resolve '%s': %s", address,
				      gai_strerror(rc));
	list->ai_protocol = protocol;
	rc = address_open(list);
	freeaddrinfo(list);
	if (rc == -EPROTONOSUPPORT && protocol == IPPROTO_SCTP)
		return weir_error_set(error, rc,
				      "cannot listen on 'sctp://%s': this kernel has no SCTP: load "
				      "its module 'sctp', or use TCP",
				      address);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot listen on '%s'", address) : rc;
}
