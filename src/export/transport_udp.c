/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP. Templates, options and data leave by one socket, so from one port:
 * collectors tell exporters apart by it. A message is as long as the path
 * takes, at most an Ethernet's worth; should the path get narrower between
 * two checks the kernel fragments rather than loses.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport.h"

enum {
	UDP_MTU_DEFAULT = 1500,
	UDP_MTU_LEAST = 512, /* below that not even the templates' parts would fit */
	UDP_HEADERS_V4 = 28,
	UDP_HEADERS_V6 = 48,
	UDP_SEND_BUFFER_BYTES = 1 << 20,
};

static void udp_measure(struct transport *t)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer), mtu_length = sizeof(int);
	bool v6;
	int mtu = 0;

	if (getpeername(t->fd, (struct sockaddr *)&peer, &length))
		return;
	v6 = peer.ss_family == AF_INET6;
	if (getsockopt(t->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu,
		       &mtu_length) ||
	    mtu > UDP_MTU_DEFAULT)
		mtu = UDP_MTU_DEFAULT;
	if (t->mtu)
		mtu = (int)t->mtu;
	if (mtu < UDP_MTU_LEAST)
		mtu = UDP_MTU_LEAST;
	t->message_bytes = (uint32_t)mtu - (v6 ? UDP_HEADERS_V6 : UDP_HEADERS_V4);
}

/* From the same address, and to the same one? The source's port may differ. */
static bool udp_is_same_way(int a, int b)
{
	struct sockaddr_storage from[2] = {0}, to[2] = {0};
	const int fds[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		socklen_t length = sizeof(*from);

		if (getsockname(fds[i], (struct sockaddr *)&from[i], &length))
			return false;
		length = sizeof(*to);
		if (getpeername(fds[i], (struct sockaddr *)&to[i], &length))
			return false;
		((struct sockaddr_in *)&from[i])->sin_port = 0; /* where IPv6 has it, too */
	}
	return !memcmp(&from[0], &from[1], sizeof(*from)) && !memcmp(&to[0], &to[1], sizeof(*to));
}

/*
 * The socket stays, so that the exporter stays the same, as long as it is on
 * the way that there is now: a name may have got another address, and a source
 * address that this host has no longer (a lease is over) gets nowhere.
 */
static int udp_connect(struct transport *t)
{
	int bytes = UDP_SEND_BUFFER_BYTES, want = IP_PMTUDISC_WANT, old = t->fd, rc;

	t->fd = -1;
	rc = transport_dial(t, SOCK_DGRAM, IPPROTO_UDP);
	if (old >= 0 && (rc < 0 || udp_is_same_way(old, t->fd))) {
		transport_hang_up(t);
		t->failure = (struct weir_error){0};
		t->fd = old;
		udp_measure(t);
		return 0;
	}
	if (old >= 0)
		close(old);
	if (rc < 0)
		return rc;
	setsockopt(t->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)); /* less is slower only */
	setsockopt(t->fd, IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof(want));
	udp_measure(t);
	return 0;
}

/* What an ICMP message has said: nobody listens, no way there. */
static int udp_check(struct transport *t)
{
	udp_measure(t);
	return transport_refusal(t);
}

static int udp_send(struct transport *t, const uint8_t *bytes, uint32_t count)
{
	int rc;

	while (send(t->fd, bytes, count, MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != ENOBUFS)
			return -errno;
		rc = transport_wait(t, POLLOUT, TRANSPORT_PATIENCE_MS);
		if (rc < 0)
			return rc;
	}
	return transport_refusal(t);
}

static void udp_disconnect(struct transport *t)
{
	/* keeps the socket: there is no connection to end */
}

static void udp_close(struct transport *t)
{
	transport_hang_up(t);
	free(t);
}

static const struct transport_ops udp_ops = {
	.connect = udp_connect,
	.send = udp_send,
	.check = udp_check,
	.disconnect = udp_disconnect,
	.close = udp_close,
	.datagrams = true,
};

int transport_open_udp(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error)
{
	struct transport *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return weir_error_set(error, -ENOMEM, "out of memory");
	t->ops = &udp_ops;
	t->fd = -1;
	t->mtu = settings->network.mtu;
	t->message_bytes = (t->mtu ? t->mtu : UDP_MTU_DEFAULT) - UDP_HEADERS_V6;
	rc = transport_parse(t, address, "4739", error);
	if (rc < 0) {
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}
