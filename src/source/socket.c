/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AF_PACKET socket without a ring: the classic. Each packet is copied once
 * more, and each batch takes a system call; in return it takes memory only for
 * what waits, and no latency of blocks.
 *
 *   slot: [ virtio header │ room for a VLAN tag │ frame ... ]
 *
 * The kernel counts what it queued and what it had no room for; the queue is
 * FIFO, so the same cut as of a ring is exact.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fault.h"
#include "packet_socket.h"
#include "source/kinds.h"
#include "source/spec.h"

enum {
	SOCKET_BATCH_MAX = 64,
	SOCKET_CONTROL_BYTES = 128, /* tpacket_auxdata and a timespec, with their headers */
	SOCKET_FRAME_BYTES_MAX = 65536 + 256, /* a super-packet; more are cut */
	SOCKET_SLOT_ALIGNMENT = 64,
};
#define SOCKET_BUFFER_DEFAULT (UINT64_C(32) << 20)
#define SOCKET_BUFFER_MAX     (UINT64_C(1) << 30)

struct socket_source {
	struct packet_socket socket; /* first, and in it the engine's view */
	uint8_t *slots;
	size_t slot_bytes;
	uint64_t fault_seen;
	struct mmsghdr messages[SOCKET_BATCH_MAX];
	struct iovec parts[SOCKET_BATCH_MAX][2]; /* the virtio header, the frame */
	struct sockaddr_ll addresses[SOCKET_BATCH_MAX];
	char controls[SOCKET_BATCH_MAX][SOCKET_CONTROL_BYTES] __attribute__((aligned(8)));
	struct weir_batch batch;
	struct weir_packet packets[SOCKET_BATCH_MAX + 1];
};

static uint8_t *socket_frame(const struct socket_source *self, uint32_t slot)
{
	return self->slots + slot * self->slot_bytes + PACKET_SOCKET_VNET_BYTES +
	       PACKET_SOCKET_VLAN_BYTES;
}

/*
 * The virtio header lies right before the frame, where packet_socket_view
 * looks for it; the VLAN tag, when put back, overwrites it.
 */
static int socket_lay_out(struct socket_source *self, uint32_t snaplen, struct weir_error *error)
{
	size_t frame_bytes = snaplen < SOCKET_FRAME_BYTES_MAX ? snaplen : SOCKET_FRAME_BYTES_MAX;

	if (frame_bytes < PACKET_SOCKET_HEADER_BYTES)
		frame_bytes = PACKET_SOCKET_HEADER_BYTES;
	self->slot_bytes = (PACKET_SOCKET_VNET_BYTES + PACKET_SOCKET_VLAN_BYTES + frame_bytes +
			    SOCKET_SLOT_ALIGNMENT - 1) /
			   SOCKET_SLOT_ALIGNMENT * SOCKET_SLOT_ALIGNMENT;
	self->slots = mmap(NULL, self->slot_bytes * SOCKET_BATCH_MAX, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (self->slots == MAP_FAILED) {
		self->slots = NULL;
		return weir_error_set(error, -ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < SOCKET_BATCH_MAX; i++) {
		uint8_t *frame = socket_frame(self, i);
		struct msghdr *message = &self->messages[i].msg_hdr;
		bool vnet = self->socket.has_vnet_header;

		self->parts[i][0] = (struct iovec){frame - PACKET_SOCKET_VNET_BYTES,
						   vnet ? PACKET_SOCKET_VNET_BYTES : 0};
		self->parts[i][1] = (struct iovec){frame, frame_bytes};
		message->msg_name = &self->addresses[i];
		message->msg_iov = self->parts[i];
		message->msg_iovlen = 2;
		message->msg_control = self->controls[i];
	}
	return 0;
}

static int socket_set_up(struct socket_source *self, struct weir_error *error)
{
	int one = 1;

	self->socket.has_vnet_header = packet_socket_set(&self->socket, PACKET_VNET_HDR, 1) == 0;
	if (packet_socket_set(&self->socket, PACKET_AUXDATA, 1) < 0 ||
	    setsockopt(self->socket.fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)))
		return weir_error_set_errno(error, -errno, "cannot set up the packet socket");
	return 0;
}

/* ---- reading ---- */

static void socket_read_control(struct msghdr *message, struct packet_frame *frame)
{
	struct tpacket_auxdata extra;
	struct timespec time;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&extra, CMSG_DATA(c), sizeof(extra));
			frame->status = extra.tp_status;
			frame->wire_len = extra.tp_len;
			frame->vlan_tci = extra.tp_vlan_tci;
			frame->vlan_tpid = extra.tp_vlan_tpid;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&time, CMSG_DATA(c), sizeof(time));
			frame->time_ns =
				(uint64_t)time.tv_sec * CLOCK_NS_PER_S + (uint64_t)time.tv_nsec;
		}
	}
}

/* The message's packet into the batch; false when it has no place. */
static bool socket_take(struct socket_source *self, uint32_t slot, struct weir_packet *packet)
{
	struct mmsghdr *message = &self->messages[slot];
	uint32_t length = message->msg_len;
	struct packet_frame frame = {
		.bytes = socket_frame(self, slot),
		.packet_type = self->addresses[slot].sll_pkttype,
		.device = self->addresses[slot].sll_ifindex,
		.hardware_type = self->addresses[slot].sll_hatype,
	};

	if (self->socket.has_vnet_header)
		length -= length < PACKET_SOCKET_VNET_BYTES ? length : PACKET_SOCKET_VNET_BYTES;
	frame.captured_len = frame.wire_len = length;
	socket_read_control(&message->msg_hdr, &frame);
	return packet_socket_view(&self->socket, &frame, packet);
}

/* What next() returns when recvmmsg has failed. */
static int socket_explain(struct socket_source *self, int problem)
{
	switch (problem) {
	case EAGAIN:
	case EINTR:
		return packet_socket_check_link(&self->socket, 0);
	case ENETDOWN:
		return packet_socket_check_link(&self->socket, problem);
	case EINVAL:
		/*
		 * A packet of a GSO type that the virtio header cannot express
		 * has been taken off the queue (packet_recvmsg), be it the
		 * first of this call, or the one that ended the call before.
		 */
		packet_socket_refuse(&self->socket);
		return 0;
	default:
		return weir_error_set_errno(&self->socket.source.failure, -problem,
					    "cannot read from '%s'", self->socket.link.name);
	}
}

static int socket_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct socket_source *self = (struct socket_source *)source;
	uint32_t count = 0, wanted = limit < SOCKET_BATCH_MAX ? limit : SOCKET_BATCH_MAX;
	int got;

	for (uint32_t i = 0; i < wanted; i++) {
		self->messages[i].msg_hdr.msg_namelen = sizeof(self->addresses[i]);
		self->messages[i].msg_hdr.msg_controllen = SOCKET_CONTROL_BYTES;
	}
	got = recvmmsg(self->socket.fd, self->messages, wanted, MSG_DONTWAIT, NULL);
	if (got < 0)
		return socket_explain(self, errno);
	self->batch.has_gso = false;
	for (uint32_t i = 0; i < (uint32_t)got; i++) {
		unsigned int copies = fault_copies("ring", &self->fault_seen);

		if (!copies || !socket_take(self, i, &self->packets[count]))
			continue;
		self->batch.has_gso |= self->packets[count].gso_size ||
				       self->packets[count].flags & WEIR_PACKET_SUPER;
		count++;
		if (copies == 2) {
			self->packets[count] = self->packets[count - 1];
			count++;
		}
	}
	self->batch.count = count;
	*batch = &self->batch;
	return (int)count;
}

static void socket_release(struct weir_source *source, struct weir_batch *batch)
{
	/* The slots are simply written over. */
}

static void socket_close(struct weir_source *source)
{
	struct socket_source *self = (struct socket_source *)source;

	if (self->slots)
		munmap(self->slots, self->slot_bytes * SOCKET_BATCH_MAX);
	packet_socket_close(&self->socket);
	free(self);
}

static const struct weir_source_ops socket_ops = {
	.name = "socket",
	.next = socket_next,
	.release = socket_release,
	.configure = packet_socket_configure,
	.read_counters = packet_socket_read_counters,
	.admit = packet_socket_admit,
	.stop = packet_socket_stop,
	.close = socket_close,
};

int socket_open(const char *subject, const struct weir_source_settings *wanted,
		const struct weir_source_context *context, struct weir_source **out,
		struct weir_error *error)
{
	struct weir_source_settings settings = *wanted;
	uint64_t buffer = settings.ring_bytes ? settings.ring_bytes : SOCKET_BUFFER_DEFAULT;
	uint64_t group = PACKET_SOCKET_NO_GROUP;
	const struct spec_option table[] = {
		{"buffer", SPEC_SIZE, &buffer, 4096, SOCKET_BUFFER_MAX, {0}},
		{"fanout", SPEC_NUMBER, &group, 0, UINT16_MAX, {0}},
		{NULL, 0, NULL, 0, 0, {0}},
	};
	struct socket_source *self;
	char name[SPEC_NAME_BYTES];
	int rc = spec_parse(subject, name, table, error);

	if (rc < 0)
		return rc;
	if (buffer > SOCKET_BUFFER_MAX)
		return weir_error_set(error, -EINVAL, "a socket's buffer of more than 1 GiB");
	packet_socket_set_group(&settings, group);
	self = calloc(1, sizeof(*self));
	if (!self)
		return weir_error_set(error, -ENOMEM, "out of memory");
	self->socket.source.ops = &socket_ops;
	self->batch.packets = self->packets;
	rc = packet_socket_open(&self->socket, "socket", name, (uint32_t)buffer, &settings, context,
				error);
	if (rc == 0)
		rc = socket_set_up(self, error);
	if (rc == 0)
		rc = socket_lay_out(self, packet_socket_snaplen(&settings), error);
	if (rc == 0)
		rc = packet_socket_listen(&self->socket, &settings, error);
	if (rc < 0) {
		socket_close(&self->socket.source);
		return rc;
	}
	self->socket.source.account->memory_bytes = buffer + self->slot_bytes * SOCKET_BATCH_MAX;
	*out = &self->socket.source;
	return 0;
}
