/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records out of the table: the packed lines become the public struct. */
#ifndef FLOW_RECORD_H
#define FLOW_RECORD_H

#include "detail.h"
#include "table.h"

/* The last time of a flow: the hot line has it modulo 2^48, the first time says which. */
static inline uint64_t record_last_ns(const struct flow_hot *hot, const struct flow_tail *tail)
{
	return tail->first_ns + ((hot->last_first - (tail->first_ns << 16)) >> 16);
}

/* Fill 'record' from a slot; its pointers are into the table. */
void flow_record_make(const struct flow_table *table, const struct flow_layout *layout,
		      uint32_t slot, enum weir_flow_end reason, bool biflow,
		      struct weir_flow_record *record);

#endif
