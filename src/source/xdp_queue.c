/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4) /* linux/if_xdp.h, since 6.6 */
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0) /* linux/if_xdp.h, since 6.6 */
#endif

enum {
	XDP_QUEUE_PREFETCH = 4,   /* packets ahead */
	XDP_QUEUE_ADDRESSES = 12, /* bytes of an Ethernet header before its tag, */
	XDP_QUEUE_TAG_BYTES = 4,  /* which has so many */
	/*
	 * A closed socket leaves its queue only when a work item of the kernel has
	 * run (xp_put_pool, net/xdp/xsk_buff_pool.c), zero-copy restarts the queue there.
	 */
	XDP_QUEUE_BUSY_TRIES = 100,
	XDP_QUEUE_BUSY_MS = 10, /* between two of them */
};

static int xdp_queue_map(struct xdp_ring *ring, int fd, const struct xdp_ring_offset *offset,
			 uint32_t entries, size_t entry_bytes, uint64_t place)
{
	uint8_t *map;

	ring->map_bytes = offset->desc + entries * entry_bytes;
	map = mmap(NULL, ring->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		   (off_t)place);
	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	ring->producer = (uint32_t *)(map + offset->producer);
	ring->consumer = (uint32_t *)(map + offset->consumer);
	ring->flags = (uint32_t *)(map + offset->flags);
	ring->entries = map + offset->desc;
	ring->mask = entries - 1;
	return 0;
}

int xdp_queue_open(struct xdp_queue *queue, int fd, const struct hook_xdp_request *request,
		   uint8_t *memory, struct weir_error *error)
{
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof(offsets);
	int rc = 0;

	queue->fd = fd;
	queue->memory = memory;
	queue->is_busy = request->is_busy;
	queue->frame_mask = ~(uint64_t)(request->frame_bytes - 1);
	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size))
		rc = -errno;
	if (rc == 0)
		rc = xdp_queue_map(&queue->receive, fd, &offsets.rx, request->ring,
				   sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	if (rc == 0)
		rc = xdp_queue_map(&queue->fill, fd, &offsets.fr, 2 * request->ring,
				   sizeof(uint64_t), XDP_UMEM_PGOFF_FILL_RING);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot map the rings of a queue") : 0;
}

void xdp_queue_close(struct xdp_queue *queue)
{
	if (queue->receive.map)
		munmap(queue->receive.map, queue->receive.map_bytes);
	if (queue->fill.map)
		munmap(queue->fill.map, queue->fill.map_bytes);
	if (queue->fd >= 0)
		close(queue->fd);
}

static int xdp_queue_refused(int code, const struct hook_xdp_request *request, uint32_t queue,
			     struct weir_error *error)
{
	char name[IF_NAMESIZE] = "?";

	if_indextoname((unsigned int)request->interface, name);
	if (code == -EBUSY)
		return weir_error_set(
			error, code,
			"queue %u of '%s' has an AF_XDP socket already, and kept it for %d ms: "
			"end the other program, or choose another queue=",
			queue, name, XDP_QUEUE_BUSY_TRIES * XDP_QUEUE_BUSY_MS);
	if (code == -EINVAL && request->is_scattered)
		return weir_error_set(
			error, code,
			"the MTU of '%s' takes frames of several buffers, which this "
			"kernel's AF_XDP (Linux 6.6 has it) or driver cannot; lower the "
			"MTU to 3498, or use ring: or tap:",
			name);
	if (code == -EINVAL || code == -ERANGE)
		return weir_error_set(error, -EINVAL, "interface '%s' has no queue %u", name,
				      queue);
	if (code == -EOPNOTSUPP && request->bind == HOOK_BIND_ZEROCOPY)
		return weir_error_set(error, code,
				      "the driver of '%s' cannot do zero-copy; use bind=auto or "
				      "bind=copy",
				      name);
	if (code == -ENETDOWN)
		return weir_error_set(error, code, "interface '%s' is down: bring it up first",
				      name);
	return weir_error_set_errno(error, code, "cannot bind to queue %u of '%s'", queue, name);
}

/* Wait while the queue is taken: by a socket that was closed right now, it is not for long. */
static int xdp_queue_bind_to(int fd, const struct sockaddr_xdp *address)
{
	const struct timespec pause = {.tv_nsec = XDP_QUEUE_BUSY_MS * 1000000L};

	for (int n = 0; n < XDP_QUEUE_BUSY_TRIES; n++) {
		if (!bind(fd, (const struct sockaddr *)address, sizeof(*address)))
			return 0;
		if (errno != EBUSY)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

int xdp_queue_bind(const struct xdp_queue *queue, const struct xdp_queue *first,
		   const struct hook_xdp_request *request, uint32_t number,
		   struct weir_error *error)
{
	static const uint16_t flags[] = {
		[HOOK_BIND_AUTO] = 0,
		[HOOK_BIND_ZEROCOPY] = XDP_ZEROCOPY,
		[HOOK_BIND_COPY] = XDP_COPY,
	};
	/* there is no other way in mode skb */
	uint32_t wanted = request->mode == HOOK_MODE_SKB ? HOOK_BIND_COPY : request->bind;
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = (uint32_t)request->interface,
		.sxdp_queue_id = number,
		.sxdp_flags = (uint16_t)(flags[wanted] | XDP_USE_NEED_WAKEUP |
					 (request->is_scattered ? XDP_USE_SG : 0)),
	};
	int rc;

	if (queue != first) { /* all else is as with the first one */
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = (uint32_t)first->fd;
	}
	rc = xdp_queue_bind_to(queue->fd, &address);
	return rc < 0 ? xdp_queue_refused(rc, request, number, error) : 0;
}

/* A tag goes back to where it was: the addresses move up over the note. */
static void xdp_queue_restore_vlan(const struct xdp_note *note, struct weir_packet *packet)
{
	uint8_t *bytes = (uint8_t *)packet->bytes - XDP_QUEUE_TAG_BYTES;
	const uint16_t tag[2] = {note->vlan_tpid, htons(note->vlan_tci)};

	memmove(bytes, packet->bytes, XDP_QUEUE_ADDRESSES);
	memcpy(bytes + XDP_QUEUE_ADDRESSES, tag, sizeof(tag));
	packet->bytes = bytes;
	packet->captured_len = packet->wire_len += XDP_QUEUE_TAG_BYTES;
	packet->vlan_tci = note->vlan_tci;
	packet->vlan_tpid = ntohs(note->vlan_tpid);
	packet->flags = WEIR_PACKET_VLAN_RESTORED;
}

/* View the frame, which may be the first one of a packet, as the note says. */
static void xdp_queue_view(struct xdp_queue *queue, const struct xdp_desc *frame,
			   struct weir_packet *packet)
{
	const uint8_t *bytes = queue->memory + frame->addr;
	struct xdp_note note;

	memset(packet, 0, sizeof(*packet));
	packet->bytes = bytes;
	packet->captured_len = packet->wire_len = frame->len;
	memcpy(&note, bytes - sizeof(note), sizeof(note));
	queue->own_times += note.mark != XDP_NOTE_MARK || !note.is_adapter_time;
	packet->time_ns = queue->now_ns;
	if (note.mark != XDP_NOTE_MARK)
		return;
	packet->time_ns = note.is_adapter_time ? note.time
					       : note.time + (uint64_t)queue->to_unix_ns;
	packet->rx_hash = note.hash;
	if (note.vlan_tpid && frame->len >= XDP_QUEUE_ADDRESSES)
		xdp_queue_restore_vlan(&note, packet);
}

static const struct xdp_desc *xdp_queue_at(const struct xdp_queue *queue, uint32_t index)
{
	return (const struct xdp_desc *)queue->receive.entries + (index & queue->receive.mask);
}

/* Of how many frames is the next packet? 0 when its end is not there yet. */
static uint32_t xdp_queue_pieces(const struct xdp_queue *queue, uint32_t available)
{
	for (uint32_t i = 0; i < available; i++)
		if (!(xdp_queue_at(queue, queue->taken + i)->options & XDP_PKT_CONTD))
			return i + 1;
	return 0;
}

/* Put the pieces of a packet, of which the first is viewed, together, as far as there is room. */
static void xdp_queue_join(const struct xdp_queue *queue, uint32_t pieces,
			   const struct xdp_whole *whole, uint32_t place,
			   struct weir_packet *packet)
{
	uint8_t *to = whole->bytes + (size_t)place * whole->stride;
	uint32_t length = 0;

	for (uint32_t i = 0; i < pieces; i++) {
		const struct xdp_desc *piece = xdp_queue_at(queue, queue->taken + i);
		const uint8_t *from = i ? queue->memory + piece->addr : packet->bytes;
		uint32_t bytes = i ? piece->len : packet->wire_len;
		uint32_t room = length < whole->stride ? whole->stride - length : 0;

		memcpy(to + (length < whole->stride ? length : 0), from,
		       bytes < room ? bytes : room);
		length += bytes;
	}
	packet->bytes = to;
	packet->wire_len = length;
	packet->captured_len = length < whole->stride ? length : whole->stride;
}

/* The receive ring's index; pairs with the kernel's store-release in xskq_prod_submit. */
static uint32_t xdp_queue_end(const struct xdp_queue *queue)
{
	return __atomic_load_n(queue->receive.producer, __ATOMIC_ACQUIRE);
}

uint32_t xdp_queue_take(struct xdp_queue *queue, uint32_t limit, const struct xdp_whole *whole,
			struct weir_packet *packets)
{
	uint32_t end = xdp_queue_end(queue);
	uint32_t count = 0;

	if (queue->is_busy && queue->taken == end) {
		recvfrom(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL); /* have the driver look */
		end = xdp_queue_end(queue);
	}

	while (queue->taken != end && count < limit) {
		uint32_t pieces = whole->bytes ? xdp_queue_pieces(queue, end - queue->taken) : 1;

		if (!pieces)
			break;
		xdp_queue_view(queue, xdp_queue_at(queue, queue->taken), &packets[count]);
		__builtin_prefetch(queue->memory +
				   xdp_queue_at(queue, queue->taken + XDP_QUEUE_PREFETCH)->addr);
		if (pieces > 1)
			xdp_queue_join(queue, pieces, whole, count, &packets[count]);
		queue->taken += pieces;
		count++;
	}
	return count;
}

void xdp_queue_give(struct xdp_queue *queue)
{
	uint32_t at = *queue->fill.producer;
	uint64_t *addresses = queue->fill.entries;

	if (queue->given == queue->taken)
		return;
	for (; queue->given != queue->taken; queue->given++)
		addresses[at++ & queue->fill.mask] = xdp_queue_at(queue, queue->given)->addr &
						     queue->frame_mask;
	/* release: entries before index; pairs with the kernel's load-acquire of each */
	__atomic_store_n(queue->fill.producer, at, __ATOMIC_RELEASE);
	__atomic_store_n(queue->receive.consumer, queue->taken, __ATOMIC_RELEASE);
	/* a zero-copy driver that ran out of frames asks to be woken */
	if (__atomic_load_n(queue->fill.flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP)
		recvfrom(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

int xdp_queue_count(struct xdp_queue *queue, struct xdp_counts *out)
{
	struct xdp_statistics statistics = {0};
	socklen_t size = sizeof(statistics);
	uint32_t at;

	/* acquire: what is counted later is read later */
	out->taken = __atomic_load_n(&queue->control->taken, __ATOMIC_ACQUIRE);
	if (getsockopt(queue->fd, SOL_XDP, XDP_STATISTICS, &statistics, &size))
		return -errno;
	/* the index is 32 bits wide, and cannot go round between two looks: the ring is smaller */
	at = xdp_queue_end(queue);
	queue->received += at - queue->received_at;
	queue->received_at = at;
	out->received = queue->received;
	out->no_buffer = statistics.rx_dropped;
	out->ring_full = statistics.rx_ring_full;
	out->fill_empty = statistics.rx_fill_ring_empty_descs;
	return 0;
}

bool xdp_queue_is_zerocopy(const struct xdp_queue *queue)
{
	struct xdp_options options = {0};
	socklen_t size = sizeof(options);

	return !getsockopt(queue->fd, SOL_XDP, XDP_OPTIONS, &options, &size) &&
	       options.flags & XDP_OPTIONS_ZEROCOPY;
}
