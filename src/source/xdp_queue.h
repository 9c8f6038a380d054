/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One AF_XDP socket, as its reader sees it.
 *
 *   kernel ─► receive ring ─► packets (frames of the memory) ─► fill ring ─► kernel
 *
 * A frame is ours from the moment that its descriptor has been taken until
 * its address is in the fill ring again. There is always room there: it is as
 * large as the number of frames.
 */
#ifndef SOURCE_XDP_QUEUE_H
#define SOURCE_XDP_QUEUE_H

#include <linux/if_xdp.h>
#include <stdbool.h>

#include "hook/hook.h"
#include "weir/error.h"
#include "weir/packet.h"

/* Indices are free-running, as the kernel's. */
struct xdp_ring {
	uint32_t *producer, *consumer, *flags;
	void *entries;
	uint32_t mask;
	void *map;
	size_t map_bytes;
};

struct xdp_queue {
	int fd;
	const struct xdp_control *control; /* the program's, of this queue */
	struct xdp_ring receive, fill;
	uint8_t *memory;      /* of all queues' frames */
	int64_t to_unix_ns;   /* from the program's clock */
	uint64_t now_ns;      /* Unix time, for packets without a note */
	uint64_t own_times;   /* packets that have not the NIC's time */
	bool is_busy;         /* nobody polls the driver but the reader */
	uint64_t frame_mask;  /* to a frame's start */
	uint32_t taken;       /* descriptors read, receive ring's index */
	uint32_t given;       /* descriptors whose frames have been given back */
	uint64_t received;    /* packets that the kernel has put into the ring, in all */
	uint32_t received_at; /* the ring's index when that was last looked at */
};

/* The packets of several frames, made whole: a place for each packet of a batch. */
struct xdp_whole {
	uint8_t *bytes;
	uint32_t stride;
};

/* Map the rings of a socket; 'memory' holds the frames. -errno. Close also after failure. */
int xdp_queue_open(struct xdp_queue *queue, int fd, const struct hook_xdp_request *request,
		   uint8_t *memory, struct weir_error *error);
void xdp_queue_close(struct xdp_queue *queue);
/*
 * Bind the socket to its interface's queue 'number'; 'first' is the queue whose
 * socket has the memory, and is to be bound first. -errno, 'error'.
 */
int xdp_queue_bind(const struct xdp_queue *queue, const struct xdp_queue *first,
		   const struct hook_xdp_request *request, uint32_t number,
		   struct weir_error *error);

/*
 * Views of up to 'limit' packets: bytes, lengths, time and, where the program
 * left a note, the NIC's hash and the VLAN tag put back. Packets of several
 * frames are put together in 'whole'. Returns how many. The queue's clock
 * (to_unix_ns, now_ns) is to be set before.
 */
uint32_t xdp_queue_take(struct xdp_queue *queue, uint32_t limit, const struct xdp_whole *whole,
			struct weir_packet *packets);
/* Give back the frames of all that was taken. */
void xdp_queue_give(struct xdp_queue *queue);

/* What the program and the kernel tell of the queue. */
struct xdp_counts {
	uint64_t taken;      /* packets that the program has handed to the socket */
	uint64_t received;   /* descriptors put into the ring: packets, where none has several */
	uint64_t no_buffer;  /* rx_dropped */
	uint64_t ring_full;  /* rx_ring_full */
	uint64_t fill_empty; /* zero-copy: attempts without a frame, not packets */
};
/* 'taken' is read before all else: what is on the way is in it, and not in the others. -errno */
int xdp_queue_count(struct xdp_queue *queue, struct xdp_counts *out);
/* Does it receive without a copy? As the kernel says (XDP_OPTIONS). */
bool xdp_queue_is_zerocopy(const struct xdp_queue *queue);

#endif
