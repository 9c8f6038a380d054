/* SPDX-License-Identifier: Apache-2.0 */
#include "family.h"

#include <errno.h>
#include <string.h>

enum { FAMILY_MOVED_AT_ONCE = 16 }; /* as a chunk in meter.h, and for the same reason */

/* Sizes of the levels, the largest last; returns how many. */
static uint32_t family_levels(uint32_t flows_max, uint32_t size[FAMILY_LEVELS_MAX])
{
	uint32_t count = 1;

	while (count < FAMILY_LEVELS_MAX &&
	       flows_max >> (FAMILY_LEVEL_SHIFT * count) >= FAMILY_LEVEL_FLOWS_MIN)
		count++;
	for (uint32_t i = 0; i < count; i++)
		size[i] = flows_max >> (FAMILY_LEVEL_SHIFT * (count - 1 - i));
	return count;
}

uint64_t flow_family_bytes(uint32_t flows_max, uint32_t cold_bytes, bool v6)
{
	uint32_t size[FAMILY_LEVELS_MAX], count = family_levels(flows_max, size);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		bytes += flow_table_bytes(size[i], cold_bytes, v6);
	return bytes;
}

int flow_family_open(struct flow_family *family, uint32_t flows_max, uint32_t cold_bytes, bool v6,
		     bool extra, bool prefault)
{
	uint32_t size[FAMILY_LEVELS_MAX], count = family_levels(flows_max, size);
	int rc = 0;

	memset(family, 0, sizeof(*family));
	for (; rc == 0 && family->count < count; family->count++)
		rc = flow_table_open(&family->level[family->count], size[family->count], cold_bytes,
				     v6, extra, prefault);
	family->table = family->level[0];
	return rc;
}

void flow_family_close(struct flow_family *family)
{
	for (uint32_t i = 0; i < family->count; i++)
		flow_table_close(&family->level[i]);
}

/* Where a flow is, and where it goes. */
struct family_move {
	uint32_t slot;
	struct flow_item item;
};

/* Aim at the next level what lives in a slot of this one. */
static void family_aim(const struct flow_table *from, const struct flow_table *to,
		       struct family_move *move, const struct flow_seed *seed)
{
	const struct flow_hot *hot = &from->hot[move->slot];
	struct flow_item *item = &move->item;

	memcpy(item->key.address, hot->address, sizeof(item->key.address));
	item->key.rest = hot->word & KEY_REST_MASK;
	if (from->extra)
		memcpy(&item->extra, table_cold(from, move->slot), sizeof(item->extra));
	table_aim(to, item, table_hash(to, item, seed));
}

static void family_copy(const struct flow_table *from, struct flow_table *to,
			const struct family_move *move)
{
	uint32_t slot = move->item.slot;
	struct flow_tail *tail = table_tail(to, slot);
	bool second = tail->second;

	to->hot[slot] = from->hot[move->slot];
	*tail = *table_tail(from, move->slot);
	tail->second = second;
	tail->place = 0;
	if (tail->carried)
		*table_warm(to, slot) = *table_warm(from, move->slot);
	if (from->cold_bytes)
		memcpy(table_cold(to, slot), table_cold(from, move->slot), from->cold_bytes);
}

struct family_growth {
	struct flow_table from;
	struct flow_family *family;
	flow_family_moved *moved, *evict;
	void *user;
	struct family_move move[FAMILY_MOVED_AT_ONCE];
	uint32_t count;
};

/* Move what was aimed: by now its sets are in the cache. */
static void family_move_some(struct family_growth *growth)
{
	struct flow_table *to = &growth->family->table;

	for (uint32_t i = 0; i < growth->count; i++) {
		struct flow_item *item = &growth->move[i].item;

		if (flow_table_room(to, item)) {
			growth->evict(growth->user, item->slot);
			flow_table_remove(to, item->slot);
		}
		flow_table_place(to, item);
		family_copy(&growth->from, to, &growth->move[i]);
		growth->moved(growth->user, item->slot);
	}
	growth->count = 0;
}

void flow_family_grow(struct flow_family *family, const struct flow_seed *seed,
		      flow_family_moved *moved, flow_family_moved *evict, void *user)
{
	struct family_growth growth = {.from = family->table,
				       .family = family,
				       .moved = moved,
				       .evict = evict,
				       .user = user};
	uint64_t cursor = family->wheel.cursor;

	family->table = family->level[++family->now];
	flow_wheel_init(&family->wheel, &family->table, 0);
	family->wheel.cursor = cursor;
	for (uint32_t set = 0; set < growth.from.set_count; set++) {
		uint32_t used = table_used(&growth.from, set);

		for (; used; used &= used - 1) {
			struct family_move *move = &growth.move[growth.count++];

			move->slot = set * TABLE_WAYS + (uint32_t)__builtin_ctz(used);
			family_aim(&growth.from, &family->table, move, seed);
			if (growth.count == FAMILY_MOVED_AT_ONCE)
				family_move_some(&growth);
		}
	}
	family_move_some(&growth);
}
