/* SPDX-License-Identifier: Apache-2.0 */
/* Positions count bytes since the beginning and never wrap in practice (64 bits). */
#include "packet/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LANE_PADDING = UINT32_MAX /* a tag: nothing up to the memory's end */ };

struct lane {
	uint8_t *memory;
	uint64_t size;
	struct {
		uint64_t head;      /* published: what is before it is ready */
		uint64_t tail_seen; /* of the other side, as last looked at */
		bool ended;
	} giver __attribute__((aligned(LANE_CACHE_LINE)));
	struct {
		uint64_t tail; /* published: what is before it is free */
		uint64_t read;
		uint64_t head_seen;
	} taker __attribute__((aligned(LANE_CACHE_LINE)));
};

int lane_open(uint64_t bytes, struct lane **out)
{
	struct lane *lane = aligned_alloc(LANE_CACHE_LINE, sizeof(*lane));

	if (!lane)
		return -ENOMEM;
	memset(lane, 0, sizeof(*lane));
	lane->size = bytes;
	lane->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (lane->memory == MAP_FAILED) {
		free(lane);
		return -ENOMEM;
	}
	*out = lane;
	return 0;
}

void lane_close(struct lane *lane)
{
	if (!lane)
		return;
	munmap(lane->memory, lane->size);
	free(lane);
}

/* ---- the giver ---- */

static uint32_t lane_record_bytes(const struct weir_packet *packet)
{
	return (uint32_t)(sizeof(struct lane_packet) + packet->captured_len + LANE_ALIGNMENT - 1) /
	       LANE_ALIGNMENT * LANE_ALIGNMENT;
}

static bool lane_has_room(struct lane *lane, uint64_t head, uint64_t bytes)
{
	if (lane->size - (head - lane->giver.tail_seen) >= bytes)
		return true;
	/* pairs with the release in lane_give_back: what was read may be written over */
	lane->giver.tail_seen = __atomic_load_n(&lane->taker.tail, __ATOMIC_ACQUIRE);
	return lane->size - (head - lane->giver.tail_seen) >= bytes;
}

/* A record lies in one piece: where the memory's end is too near it goes to the beginning. */
static uint64_t lane_gap(const struct lane *lane, uint64_t head, uint32_t bytes)
{
	uint64_t left = lane->size - head % lane->size;

	return left < bytes ? left : 0;
}

static void lane_write(struct lane *lane, uint64_t head, uint32_t tag,
		       const struct weir_packet *packet, uint64_t dropped)
{
	struct lane_packet *record = (struct lane_packet *)(lane->memory + head % lane->size);
	uint8_t *bytes = (uint8_t *)(record + 1);

	record->packet = *packet;
	record->packet.bytes = bytes;
	record->dropped = dropped;
	record->bytes = lane_record_bytes(packet);
	record->tag = tag;
	memcpy(bytes, packet->bytes, packet->captured_len);
}

uint32_t lane_put(struct lane *lane, uint32_t tag, const struct weir_packet *packets,
		  uint32_t count, uint64_t dropped)
{
	uint64_t head = lane->giver.head;
	uint32_t put;

	for (put = 0; put < count; put++) {
		uint32_t bytes = lane_record_bytes(&packets[put]);
		uint64_t gap = lane_gap(lane, head, bytes);

		if (!lane_has_room(lane, head, gap + bytes))
			break;
		if (gap >= sizeof(struct lane_packet))
			((struct lane_packet *)(lane->memory + head % lane->size))->tag =
				LANE_PADDING;
		head += gap;
		lane_write(lane, head, tag, &packets[put], put ? 0 : dropped);
		head += bytes;
	}
	/* pairs with the acquire in lane_peek: records are complete before they are seen */
	__atomic_store_n(&lane->giver.head, head, __ATOMIC_RELEASE);
	return put;
}

uint64_t lane_used(struct lane *lane)
{
	/* pairs with the release in lane_give_back */
	lane->giver.tail_seen = __atomic_load_n(&lane->taker.tail, __ATOMIC_ACQUIRE);
	return lane->giver.head - lane->giver.tail_seen;
}

void lane_end(struct lane *lane)
{
	/* pairs with the acquire in lane_is_over: all packets before it are seen by then */
	__atomic_store_n(&lane->giver.ended, true, __ATOMIC_RELEASE);
}

/* ---- the taker ---- */

static bool lane_is_empty(struct lane *lane)
{
	if (lane->taker.read != lane->taker.head_seen)
		return false;
	/* pairs with the release in lane_put */
	lane->taker.head_seen = __atomic_load_n(&lane->giver.head, __ATOMIC_ACQUIRE);
	return lane->taker.read == lane->taker.head_seen;
}

const struct lane_packet *lane_peek(struct lane *lane)
{
	const struct lane_packet *record;
	uint64_t left;

	if (lane_is_empty(lane))
		return NULL;
	left = lane->size - lane->taker.read % lane->size;
	record = (const struct lane_packet *)(lane->memory + lane->taker.read % lane->size);
	if (left >= sizeof(*record) && record->tag != LANE_PADDING)
		return record;
	lane->taker.read += left; /* the giver publishes a gap only together with a record */
	return (const struct lane_packet *)lane->memory;
}

void lane_skip(struct lane *lane)
{
	lane->taker.read +=
		((const struct lane_packet *)(lane->memory + lane->taker.read % lane->size))->bytes;
}

void lane_give_back(struct lane *lane)
{
	/* pairs with the acquire in lane_has_room */
	__atomic_store_n(&lane->taker.tail, lane->taker.read, __ATOMIC_RELEASE);
}

bool lane_is_over(struct lane *lane)
{
	/* pairs with the release in lane_end */
	return __atomic_load_n(&lane->giver.ended, __ATOMIC_ACQUIRE) && lane_is_empty(lane);
}

bool lane_is_half_full(struct lane *lane)
{
	return __atomic_load_n(&lane->giver.head, __ATOMIC_RELAXED) - lane->taker.read >
	       lane->size / 2;
}
