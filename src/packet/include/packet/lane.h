/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: a bounded queue of copied packets from one thread to one other. A
 * packet is copied once, into the lane's memory, so that its source gets its
 * own memory back at once; the taker reads it there.
 *
 *   memory ─ given back │ being read │ ready │ being written │ free ─ ...
 *                       └ tail       └ read  └ head           (all modulo the size)
 *
 * Invariants:
 * - No lock, no system call; one giver, one taker.
 * - Packets come out in the order in which they went in.
 * - What there is no room for is not taken, and the giver is told.
 */
#ifndef PACKET_LANE_H
#define PACKET_LANE_H

#include "weir/packet.h"

struct lane;

/* A packet in a lane; its bytes follow, and packet.bytes points there. */
struct lane_packet {
	struct weir_packet packet;
	uint64_t dropped; /* packets that the giver lost right before this one */
	uint32_t bytes;   /* of this record */
	uint32_t tag;     /* the giver's */
};

enum { LANE_BYTES_MIN = 1 << 20, LANE_ALIGNMENT = 8, LANE_CACHE_LINE = 64 };

/* 'bytes': a multiple of LANE_ALIGNMENT. Memory is only touched as it is used. -ENOMEM. */
int lane_open(uint64_t bytes, struct lane **out);
void lane_close(struct lane *lane);

/* ---- the giver ---- */

/* Copy packets in, as many as there is room for; returns how many. 'dropped' goes with the first. */
uint32_t lane_put(struct lane *lane, uint32_t tag, const struct weir_packet *packets,
		  uint32_t count, uint64_t dropped);
/* Bytes that are not free: what waits, or is being read. */
uint64_t lane_used(struct lane *lane);
/* No packet will follow. */
void lane_end(struct lane *lane);

/* ---- the taker ---- */

/* The next packet, or NULL when there is none now. It stays until lane_give_back. */
const struct lane_packet *lane_peek(struct lane *lane);
/* Go on behind the packet that lane_peek shows. */
void lane_skip(struct lane *lane);
/* Give back the memory of all that was skipped. */
void lane_give_back(struct lane *lane);
/* All packets that there will ever be have been skipped. */
bool lane_is_over(struct lane *lane);
/* More than half of the lane is in use: its taker should make haste. */
bool lane_is_half_full(struct lane *lane);

#endif
