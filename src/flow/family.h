/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family: the flows of one IP version. Its table has levels, each eight
 * times the size of the one before, of which one is in use: few flows then lie
 * close together, in cache and within reach of the TLB, and a run that meets
 * few never touches the memory of many. All levels are mapped at open. When
 * half of a level's slots are used, the flows move to the next one.
 */
#ifndef FLOW_FAMILY_H
#define FLOW_FAMILY_H

#include "detail.h"
#include "table.h"
#include "wheel.h"

enum {
	FAMILY_LEVELS_MAX = 8,
	FAMILY_LEVEL_SHIFT = 3,        /* eight times the size */
	FAMILY_LEVEL_FLOWS_MIN = 2048, /* the first level is not smaller */
};

struct flow_family {
	struct flow_table table; /* the level in use */
	struct flow_wheel wheel;
	struct flow_table level[FAMILY_LEVELS_MAX]; /* as opened; they own the memory */
	uint32_t now, count;                        /* levels */
};

/* Bytes of all levels. */
uint64_t flow_family_bytes(uint32_t flows_max, uint32_t cold_bytes, bool v6);
/* As flow_table_open. Close with flow_family_close, also after a failure. */
int flow_family_open(struct flow_family *family, uint32_t flows_max, uint32_t cold_bytes, bool v6,
		     bool extra, bool prefault);
void flow_family_close(struct flow_family *family);

/*
 * Is it time to move to the next level? When half of the slots are used: by
 * then no set and its second one are both full, and nobody is evicted while
 * there is more room.
 */
static inline bool family_is_crowded(const struct flow_family *family)
{
	return family->table.used > family->table.flows_max / 4 * 3 &&
	       family->now + 1 < family->count;
}

/* Called for each flow with its slot in the new level. */
typedef void flow_family_moved(void *user, uint32_t slot);
/*
 * Move all flows to the next level. Their places on the wheel are gone:
 * 'moved' hangs each up again. 'evict' is called, before it happens, for a
 * flow in the new level that has to make room for another: only a broken hash
 * would make it so. Items aimed before must be aimed again.
 */
void flow_family_grow(struct flow_family *family, const struct flow_seed *seed,
		      flow_family_moved *moved, flow_family_moved *evict, void *user);

#endif
