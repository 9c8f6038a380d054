/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Details: the fields beyond the base record. They live in a cold slab whose
 * entries are laid out from the groups that were asked for, and nothing else;
 * without any there is no slab and no call into here.
 */
#ifndef FLOW_DETAIL_H
#define FLOW_DETAIL_H

#include <stdint.h>

#include "table.h"

/* Offsets within a cold entry; DETAIL_NONE = not asked for. */
struct flow_layout {
	uint32_t times, ip, tcp, origin, histogram, first;
	uint32_t first_max;
	uint32_t bytes; /* of an entry, 0 = no cold slab */
	uint32_t begin; /* where the groups begin: after the extra key */
};
enum { DETAIL_NONE = 0xffffffff };

/* How the first packets are kept. */
struct flow_detail_first {
	uint64_t count;
	struct weir_flow_first packet[];
};

void flow_layout_init(struct flow_layout *layout, const struct weir_flow_settings *settings);

/*
 * A flow begins in 'cold' with 'item'; 'netns' is the namespace's number.
 * 'goes_on' means after its active timeout: what TCP needs to know is kept.
 */
void flow_detail_begin(const struct flow_layout *layout, uint8_t *cold,
		       const struct flow_item *item, uint32_t netns, bool goes_on);
/* A packet is added: 'reverse' is 0 or 1; 'first' of that direction. */
void flow_detail_update(const struct flow_layout *layout, uint8_t *cold,
			const struct flow_item *item, unsigned int reverse, bool first);
/* Point a record at the groups. */
void flow_detail_show(const struct flow_layout *layout, const uint8_t *cold,
		      struct weir_flow_record *record);

#endif
