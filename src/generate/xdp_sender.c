/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AF_XDP sender: frames lie in memory that the kernel sends from, without
 * a copy where the driver can. It keeps a pace, and on a driver with
 * zero-copy it is the fastest way from user space.
 *
 *   free frame ─► transmit ring ─► interface ─► completion ring ─► free frame
 *
 * A frame counts as sent when it comes back. In copy mode that only means
 * that the stack is done with it, so the interface's own counters have the
 * last word, as with the socket sender.
 */
#include "generate/sender.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	XDP_FRAMES = 4096,
	XDP_BATCH = 64,
	XDP_FRAME_BYTES_LEAST = 2048,
	XDP_FRAME_BYTES_MOST = 4096,
	XDP_LINK_BYTES_MAX = 18, /* an Ethernet header and a tag: beside the MTU */
};
#define XDP_STALL_NS (5 * CLOCK_NS_PER_S)
#define XDP_BUSY_NS  CLOCK_NS_PER_S

struct xdp_sender_ring {
	uint32_t *producer, *consumer, *flags;
	void *entries;
	void *map;
	size_t bytes;
};

struct xdp_sender {
	struct sender base;
	int fd;
	bool started;
	struct sender_counters counters;
	uint64_t idle_since_ns; /* 0 = the last look found frames come back */
	uint32_t frame_bytes;
	uint8_t *memory;
	struct xdp_sender_ring transmit, completion;
	uint32_t free_count;
	uint64_t free[XDP_FRAMES]; /* addresses */
};

/* Take back the frames that are done with. */
static uint32_t xdp_sender_reap(struct xdp_sender *s)
{
	uint32_t at = *s->completion.consumer;
	/* pairs with the kernel's store-release in xskq_prod_submit */
	uint32_t count = __atomic_load_n(s->completion.producer, __ATOMIC_ACQUIRE) - at;
	const uint64_t *addresses = s->completion.entries;

	for (uint32_t i = 0; i < count; i++)
		s->free[s->free_count++] = addresses[(at + i) & (XDP_FRAMES - 1)];
	/* release: the entries have been read; pairs with the kernel's look for room */
	__atomic_store_n(s->completion.consumer, at + count, __ATOMIC_RELEASE);
	s->base.sent += count;
	s->base.in_flight -= count;
	return count;
}

/* Frame 'number' to where the kernel sends it from; its length. */
static uint32_t xdp_sender_fill(struct xdp_sender *s, uint64_t number, uint8_t *bytes)
{
	const struct sender_supply *supply = s->base.supply;
	struct iovec frame;

	if (!supply)
		return frame_write(s->base.frames, number, bytes);
	frame = supply->frame(supply->user, number);
	memcpy(bytes, frame.iov_base, frame.iov_len);
	return (uint32_t)frame.iov_len;
}

/* Put new frames into the ring, as many as are wanted and free. */
static void xdp_sender_put(struct xdp_sender *s, uint64_t wanted)
{
	uint32_t at = *s->transmit.producer;
	struct xdp_desc *entries = s->transmit.entries;

	for (; wanted && s->free_count; wanted--) {
		struct xdp_desc *entry = &entries[at++ & (XDP_FRAMES - 1)];

		entry->addr = s->free[--s->free_count];
		entry->len = xdp_sender_fill(s, s->base.offered++, s->memory + entry->addr);
		entry->options = 0;
		s->base.in_flight++;
	}
	/* release: entries before index; pairs with the kernel's load-acquire */
	__atomic_store_n(s->transmit.producer, at, __ATOMIC_RELEASE);
}

/* Nothing has come back: wait for it, but not for ever. */
static int xdp_sender_wait(struct xdp_sender *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!s->idle_since_ns)
		s->idle_since_ns = now_ns;
	if (now_ns - s->idle_since_ns > XDP_STALL_NS)
		return sender_fail(&s->base, -ENOBUFS);
	sched_yield(); /* whoever empties the queue may need this very CPU */
	return 0;
}

static int xdp_sender_send(struct sender *sender, uint64_t count, uint64_t until_ns)
{
	struct xdp_sender *s = (struct xdp_sender *)sender;

	if (!s->started)
		sender_start(sender, &s->counters);
	s->started = true;
	xdp_sender_put(s, count < XDP_BATCH ? count : XDP_BATCH);
	if (sendto(s->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
	    errno != EBUSY && errno != ENOBUFS && errno != EINTR)
		return sender_fail(sender, -errno);
	if (!xdp_sender_reap(s) && (!count || !s->free_count))
		return xdp_sender_wait(s);
	s->idle_since_ns = 0;
	return 0;
}

/* All that is on its way comes back, or the interface does not take it any more. */
static void xdp_sender_settle(struct sender *sender)
{
	struct xdp_sender *s = (struct xdp_sender *)sender;
	uint64_t deadline_ns = clock_monotonic_ns() + XDP_STALL_NS;

	while (sender->in_flight && clock_monotonic_ns() < deadline_ns) {
		sendto(s->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		if (!xdp_sender_reap(s))
			sched_yield();
	}
	if (s->started)
		sender_settle(sender, &s->counters);
}

static void xdp_sender_unmap(struct xdp_sender_ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->bytes);
}

static void xdp_sender_close(struct sender *sender)
{
	struct xdp_sender *s = (struct xdp_sender *)sender;

	xdp_sender_unmap(&s->transmit);
	xdp_sender_unmap(&s->completion);
	if (s->fd >= 0)
		close(s->fd);
	if (s->memory)
		munmap(s->memory, (size_t)XDP_FRAMES * s->frame_bytes);
	free(s);
}

static const struct sender_ops xdp_sender_ops = {
	.method = WEIR_GENERATE_XDP,
	.burst = XDP_BATCH,
	.send = xdp_sender_send,
	.settle = xdp_sender_settle,
	.close = xdp_sender_close,
};

/* ---- opening ---- */

static int xdp_sender_make_memory(struct xdp_sender *s, struct weir_error *error)
{
	const struct frame_set *frames = s->base.frames;
	size_t bytes = (size_t)XDP_FRAMES * s->frame_bytes;
	struct xdp_umem_reg region = {.len = bytes, .chunk_size = s->frame_bytes};
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return weir_error_set(error, -ENOMEM, "no memory for frames");
	s->memory = memory;
	for (uint32_t i = 0; i < XDP_FRAMES; i++) {
		s->free[i] = (uint64_t)i * s->frame_bytes;
		if (frames)
			memcpy(s->memory + s->free[i], frames->template, frames->bytes_max);
	}
	s->free_count = XDP_FRAMES;
	region.addr = (uint64_t)(uintptr_t)memory;
	if (!setsockopt(s->fd, SOL_XDP, XDP_UMEM_REG, &region, sizeof(region)))
		return 0;
	if (errno == ENOBUFS)
		return weir_error_set(error, -ENOBUFS,
				      "the limit of locked memory does not allow %zu MiB: raise it "
				      "(ulimit -l), or use method 'socket'",
				      bytes >> 20);
	return weir_error_set_errno(error, -errno, "cannot register memory for AF_XDP");
}

static int xdp_sender_map(struct xdp_sender_ring *ring, int fd,
			  const struct xdp_ring_offset *offset, size_t entry_bytes, uint64_t place)
{
	uint8_t *map;

	ring->bytes = offset->desc + XDP_FRAMES * entry_bytes;
	map = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		   (off_t)place);
	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	ring->producer = (uint32_t *)(map + offset->producer);
	ring->consumer = (uint32_t *)(map + offset->consumer);
	ring->flags = (uint32_t *)(map + offset->flags);
	ring->entries = map + offset->desc;
	return 0;
}

static int xdp_sender_make_rings(struct xdp_sender *s, struct weir_error *error)
{
	/* the fill ring must exist; nothing is received */
	const uint32_t entries = XDP_FRAMES, fill = XDP_BATCH;
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof(offsets);
	int rc = 0;

	if (setsockopt(s->fd, SOL_XDP, XDP_UMEM_FILL_RING, &fill, sizeof(fill)) ||
	    setsockopt(s->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, sizeof(entries)) ||
	    setsockopt(s->fd, SOL_XDP, XDP_TX_RING, &entries, sizeof(entries)) ||
	    getsockopt(s->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size))
		rc = -errno;
	if (rc == 0)
		rc = xdp_sender_map(&s->transmit, s->fd, &offsets.tx, sizeof(struct xdp_desc),
				    XDP_PGOFF_TX_RING);
	if (rc == 0)
		rc = xdp_sender_map(&s->completion, s->fd, &offsets.cr, sizeof(uint64_t),
				    XDP_UMEM_PGOFF_COMPLETION_RING);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot make the rings of AF_XDP") : 0;
}

static int xdp_sender_bind(struct xdp_sender *s, struct weir_error *error)
{
	const struct nic *nic = s->base.nic;
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP, .sxdp_ifindex = nic->link.index};
	const struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS};
	uint64_t deadline_ns = clock_monotonic_ns() + XDP_BUSY_NS;
	int rc;

	/* The kernel lets go of a queue some time after its socket was closed: xp_put_pool. */
	while ((rc = bind(s->fd, (struct sockaddr *)&address, sizeof(address))) && errno == EBUSY &&
	       clock_monotonic_ns() < deadline_ns)
		nanosleep(&pause, NULL);
	if (!rc)
		return 0;
	if (errno == EBUSY)
		return weir_error_set(error, -EBUSY,
				      "queue 0 of '%s' has an AF_XDP socket already: use method "
				      "'socket'",
				      nic->name);
	return weir_error_set_errno(error, -errno, "cannot bind an AF_XDP socket to '%s'",
				    nic->name);
}

static int xdp_sender_set_up(struct xdp_sender *s, struct weir_error *error)
{
	int rc;

	s->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0 && (errno == EPERM || errno == EACCES))
		return weir_error_set(error, -EPERM,
				      "no permission to send on '%s': CAP_NET_RAW is missing, "
				      "run as root or grant it with setcap",
				      s->base.nic->name);
	if (s->fd < 0)
		return weir_error_set_errno(error, -errno, "this kernel has no AF_XDP sockets");
	rc = xdp_sender_make_memory(s, error);
	if (rc == 0)
		rc = xdp_sender_make_rings(s, error);
	return rc == 0 ? xdp_sender_bind(s, error) : rc;
}

/* 'longest' is of the frames to come. */
static int xdp_sender_open_base(const struct sender *base, uint32_t longest, struct sender **out,
				struct weir_error *error)
{
	struct xdp_sender *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return weir_error_set(error, -ENOMEM, "no memory for a sender");
	s->base = *base;
	s->base.ops = &xdp_sender_ops;
	s->fd = -1;
	s->frame_bytes = longest <= XDP_FRAME_BYTES_LEAST ? XDP_FRAME_BYTES_LEAST
							  : XDP_FRAME_BYTES_MOST;
	s->base.bytes_max = s->frame_bytes;
	rc = xdp_sender_set_up(s, error);
	if (rc < 0) {
		xdp_sender_close(&s->base);
		return rc;
	}
	*out = &s->base;
	return 0;
}

int xdp_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		    struct weir_error *error)
{
	const struct sender base = {.frames = frames, .nic = nic};

	if (frames->bytes_max > XDP_FRAME_BYTES_MOST)
		return weir_error_set(
			error, -EOPNOTSUPP,
			"AF_XDP sends frames of at most %d bytes: use method 'socket'",
			XDP_FRAME_BYTES_MOST);
	return xdp_sender_open_base(&base, frames->bytes_max, out, error);
}

int xdp_sender_open_supply(const struct sender_supply *supply, const struct nic *nic,
			   struct sender **out, struct weir_error *error)
{
	const struct sender base = {.supply = supply, .nic = nic};

	/* What will be supplied is not known yet: as long as the interface allows. */
	return xdp_sender_open_base(&base, nic->link.mtu + XDP_LINK_BYTES_MAX, out, error);
}
