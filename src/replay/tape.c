/* SPDX-License-Identifier: Apache-2.0 */
#include "tape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAPE_CHUNK_BYTES = 4 << 20,
	TAPE_LINK_TYPE_ETHERNET = 1,
	TAPE_ETHERNET_BYTES = 14,
	TAPE_VLAN_BYTES = 4,
	TAPE_STATION_BYTES = 6,
};

struct tape_chunk {
	struct tape_chunk *next;
	size_t used, size;
	uint8_t bytes[];
};

/* The kernel lets a frame with a tag be longer than one without: packet_snd, linux 3.x on. */
static uint32_t tape_length_max(const struct tape *tape, const struct weir_packet *packet)
{
	const uint8_t *type = packet->bytes + 12;
	bool tagged = (type[0] == 0x81 && type[1] == 0) || (type[0] == 0x88 && type[1] == 0xa8);

	uint32_t most = tape->mtu + TAPE_ETHERNET_BYTES + (tagged ? TAPE_VLAN_BYTES : 0);

	return tape->frame_bytes_max && tape->frame_bytes_max < most ? tape->frame_bytes_max : most;
}

static int tape_take_memory(struct tape *tape, size_t bytes)
{
	if (bytes > tape->memory_max - tape->memory_bytes)
		return -EFBIG;
	tape->memory_bytes += bytes;
	return 0;
}

static int tape_reserve_bytes(struct tape *tape, uint32_t length, uint8_t **out)
{
	struct tape_chunk *chunk = tape->chunks;

	if (!chunk || chunk->size - chunk->used < length) {
		size_t size = length > TAPE_CHUNK_BYTES ? length : TAPE_CHUNK_BYTES;
		int rc = tape_take_memory(tape, size);

		if (rc < 0)
			return rc;
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return -ENOMEM;
		*chunk = (struct tape_chunk){.next = tape->chunks, .size = size};
		tape->chunks = chunk;
	}
	*out = chunk->bytes + chunk->used;
	chunk->used += length;
	return 0;
}

static int tape_reserve_frame(struct tape *tape)
{
	uint64_t room = tape->room ? 2 * tape->room : 1024;
	struct tape_frame *grown;
	int rc;

	if (tape->count < tape->room)
		return 0;
	rc = tape_take_memory(tape, (room - tape->room) * sizeof(*grown));
	if (rc < 0)
		return rc;
	grown = realloc(tape->frames, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	tape->frames = grown;
	tape->room = room;
	return 0;
}

/* When a frame is due: no earlier than the one before, nor later than the longest gap allows. */
static uint64_t tape_offset_ns(struct tape *tape, uint64_t time_ns)
{
	const struct tape_frame *before = tape->count ? &tape->frames[tape->count - 1] : NULL;
	uint64_t gap_ns;

	if (!before) {
		tape->last_time_ns = time_ns;
		return 0;
	}
	if (time_ns < tape->last_time_ns) {
		tape->told.out_of_order++;
		return before->offset_ns;
	}
	gap_ns = time_ns - tape->last_time_ns;
	tape->last_time_ns = time_ns;
	if (tape->gap_max_ns && gap_ns > tape->gap_max_ns)
		gap_ns = tape->gap_max_ns;
	return before->offset_ns + gap_ns;
}

/* Why a packet cannot be sent: the counter of that, or NULL. */
static uint64_t *tape_obstacle(struct tape *tape, const struct weir_packet *packet,
			       uint32_t link_type)
{
	if (link_type != TAPE_LINK_TYPE_ETHERNET)
		return &tape->told.not_ethernet;
	if (packet->captured_len < TAPE_ETHERNET_BYTES)
		return &tape->told.too_short;
	if (packet->captured_len > tape_length_max(tape, packet) ||
	    packet->wire_len > tape_length_max(tape, packet))
		return &tape->told.too_long;
	return NULL;
}

int tape_add(struct tape *tape, const struct weir_packet *packet, uint32_t link_type)
{
	uint64_t *obstacle = tape_obstacle(tape, packet, link_type);
	uint32_t captured = packet->captured_len;
	uint32_t length = packet->wire_len > captured ? packet->wire_len : captured;
	struct tape_frame frame = {.length = length};
	int rc;

	if (obstacle) {
		(*obstacle)++;
		return 0;
	}
	rc = tape_reserve_frame(tape);
	if (rc == 0)
		rc = tape_reserve_bytes(tape, length, &frame.bytes);
	if (rc < 0)
		return rc;
	memcpy(frame.bytes, packet->bytes, captured);
	memset(frame.bytes + captured, 0, length - captured);
	if (tape->station && !(frame.bytes[0] & 1)) /* the bit of groups, IEEE 802-2014 8.2.2 */
		memcpy(frame.bytes, tape->station, TAPE_STATION_BYTES);
	frame.offset_ns = tape_offset_ns(tape, packet->time_ns);
	tape->frames[tape->count++] = frame;
	tape->told.padded += length > captured;
	tape->told.frames++;
	tape->told.bytes += length;
	tape->told.duration_ns = frame.offset_ns;
	if (length > tape->length_max)
		tape->length_max = length;
	return 0;
}

void tape_clear(struct tape *tape)
{
	struct tape_chunk *next;

	for (struct tape_chunk *chunk = tape->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(tape->frames);
	tape->chunks = NULL;
	tape->frames = NULL;
}
