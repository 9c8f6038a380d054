/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of a file in memory, in the order in which they are sent, each
 * with its time since the first.
 */
#ifndef REPLAY_TAPE_H
#define REPLAY_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "weir/packet.h"
#include "weir/replay.h"

struct tape_frame {
	uint8_t *bytes;
	uint64_t offset_ns; /* since the first frame; never falls */
	uint32_t length;
};

struct tape_chunk;

struct tape {
	struct tape_frame *frames;
	uint64_t count, room;
	struct tape_chunk *chunks; /* of frame bytes; the one being filled first */
	uint64_t memory_bytes, memory_max;
	uint32_t mtu;
	uint32_t frame_bytes_max; /* that can be sent whatever the MTU; 0 = any */
	const uint8_t *station;   /* unicast frames go to this address; NULL = to their own */
	uint64_t gap_max_ns;
	uint64_t last_time_ns; /* of the file, of the frame put on last */
	uint32_t length_max;
	struct weir_replay_file told;
};

/*
 * Put a packet on the tape, or count why not. -EFBIG when the memory allowed
 * is used up, -ENOMEM.
 */
int tape_add(struct tape *tape, const struct weir_packet *packet, uint32_t link_type);
void tape_clear(struct tape *tape);

#endif
