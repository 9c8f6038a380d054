/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring source's inside, shared by its two walkers.
 *
 *   map ─ block 0 │ block 1 │ ... │ block n-1      (V3: variable records in a block)
 *         frame 0 │ frame 1 │ ... │ frame m-1      (V2: fixed cells)
 *
 * The kernel fills blocks (cells) in order and hands each over by its status
 * word; we read in the same order and hand back.
 */
#ifndef SOURCE_RING_H
#define SOURCE_RING_H

#include "packet_socket.h"

struct ring {
	struct packet_socket socket; /* first, and in it the engine's view */
	uint8_t *map;
	uint64_t map_bytes, block_bytes, block_count;

	/* V3: the block being read; V2: the cell to be read next */
	uint64_t at;                       /* index of the block or cell */
	uint32_t left;                     /* V3: records not yet read in this block */
	const uint8_t *record;             /* V3: the next of them */
	uint64_t frame_bytes, frame_count; /* V2 */
	uint32_t taken;                    /* V2: cells in the batch that is out */

	uint64_t fault_seen;

	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

extern const struct weir_source_ops ring_v3_ops, ring_v2_ops;

void ring_close(struct weir_source *source);

#endif
