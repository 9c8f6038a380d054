/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket sender: sendmmsg on a packet socket, past the queueing
 * discipline. The kernel says how many frames of a batch the interface took,
 * and the rest is offered again. The veth of Linux 6.1 drops frames that do
 * not fit its queue and calls them sent; its counters give that away at the
 * end. A ring to send from (PACKET_TX_RING) and batches of 256 cost as much a
 * packet: 1.3 us each on a veth of Linux 6.18, most of it the receiver's.
 */
#include "generate/sender.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { SOCKET_BATCH = 64 };
#define SOCKET_STALL_NS (5 * CLOCK_NS_PER_S)

struct socket_sender {
	struct sender base;
	int fd;
	bool started;
	struct sender_counters counters;
	uint64_t refusing_since_ns; /* 0 = the last frame offered was taken */
	uint32_t stride;            /* bytes from one frame to the next; even */
	uint8_t *bytes;
	struct iovec vectors[SOCKET_BATCH];
	struct mmsghdr messages[SOCKET_BATCH];
};

/* The interface did not take the frame: try again soon, but not for ever. */
static int socket_refused(struct socket_sender *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	s->base.refused++;
	if (!s->refusing_since_ns)
		s->refusing_since_ns = now_ns;
	if (now_ns - s->refusing_since_ns > SOCKET_STALL_NS)
		return sender_fail(&s->base, -ENOBUFS);
	sched_yield(); /* whoever empties the queue may need this very CPU */
	return 0;
}

static void socket_fill(struct socket_sender *s, unsigned int slot, uint64_t number)
{
	const struct sender_supply *supply = s->base.supply;

	if (supply)
		s->vectors[slot] = supply->frame(supply->user, number);
	else
		s->vectors[slot].iov_len =
			frame_write(s->base.frames, number, s->bytes + slot * s->stride);
}

static int socket_send(struct sender *sender, uint64_t count, uint64_t until_ns)
{
	struct socket_sender *s = (struct socket_sender *)sender;
	unsigned int batch = count < SOCKET_BATCH ? (unsigned int)count : SOCKET_BATCH;
	int taken;

	if (!s->started)
		sender_start(sender, &s->counters);
	s->started = true;
	for (unsigned int i = 0; i < batch; i++)
		socket_fill(s, i, sender->offered + i);
	taken = sendmmsg(s->fd, s->messages, batch, 0);
	if (taken < 0 && (errno == ENOBUFS || errno == EAGAIN))
		return socket_refused(s);
	if (taken < 0)
		return errno == EINTR ? 0 : sender_fail(sender, -errno);
	s->refusing_since_ns = 0;
	sender->sent += (uint64_t)taken;
	sender->offered += (uint64_t)taken;
	return 0;
}

static void socket_settle(struct sender *sender)
{
	const struct socket_sender *s = (struct socket_sender *)sender;

	if (s->started)
		sender_settle(sender, &s->counters);
}

static void socket_close(struct sender *sender)
{
	struct socket_sender *s = (struct socket_sender *)sender;

	if (s->fd >= 0)
		close(s->fd);
	free(s->bytes);
	free(s);
}

static const struct sender_ops socket_ops = {
	.method = WEIR_GENERATE_SOCKET,
	.burst = SOCKET_BATCH,
	.send = socket_send,
	.settle = socket_settle,
	.close = socket_close,
};

static int socket_bind(struct socket_sender *s, struct weir_error *error)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_ifindex = (int)s->base.nic->link.index};
	int yes = 1;

	/* protocol 0: this socket shall receive nothing */
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0 && (errno == EPERM || errno == EACCES))
		return weir_error_set(error, -EPERM,
				      "no permission to send on '%s': CAP_NET_RAW is missing, "
				      "run as root or grant it with setcap",
				      s->base.nic->name);
	if (s->fd < 0)
		return weir_error_set_errno(error, -errno, "cannot open a packet socket");
	if (setsockopt(s->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)))
		return weir_error_set_errno(error, -errno, "cannot bypass the queueing discipline");
	if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)))
		return weir_error_set_errno(error, -errno, "cannot bind a packet socket to '%s'",
					    s->base.nic->name);
	return 0;
}

static void socket_lay_out(struct socket_sender *s)
{
	for (uint32_t i = 0; i < SOCKET_BATCH; i++) {
		s->messages[i].msg_hdr.msg_iov = &s->vectors[i];
		s->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static int socket_copy_template(struct socket_sender *s)
{
	const struct frame_set *frames = s->base.frames;

	s->stride = (frames->bytes_max + 15) / 16 * 16;
	s->bytes = calloc(SOCKET_BATCH, s->stride);
	if (!s->bytes)
		return -ENOMEM;
	for (uint32_t i = 0; i < SOCKET_BATCH; i++) {
		memcpy(s->bytes + i * s->stride, frames->template, frames->bytes_max);
		s->vectors[i].iov_base = s->bytes + i * s->stride;
	}
	return 0;
}

static int socket_open(const struct frame_set *frames, const struct sender_supply *supply,
		       const struct nic *nic, struct sender **out, struct weir_error *error)
{
	struct socket_sender *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return weir_error_set(error, -ENOMEM, "no memory for a sender");
	s->base =
		(struct sender){.ops = &socket_ops, .frames = frames, .supply = supply, .nic = nic};
	s->fd = -1;
	socket_lay_out(s);
	status = supply ? 0 : socket_copy_template(s);
	if (status)
		weir_error_set(error, status, "no memory for a batch of frames");
	else
		status = socket_bind(s, error);
	if (status) {
		socket_close(&s->base);
		return status;
	}
	*out = &s->base;
	return 0;
}

int socket_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		       struct weir_error *error)
{
	return socket_open(frames, NULL, nic, out, error);
}

int socket_sender_open_supply(const struct sender_supply *supply, const struct nic *nic,
			      struct sender **out, struct weir_error *error)
{
	return socket_open(NULL, supply, nic, out, error);
}
