/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <string.h>

static const struct flow_warm record_nothing;

static void record_half(const struct flow_hot *hot, const struct flow_tail *tail,
			const struct flow_warm *warm, unsigned int endpoint,
			struct weir_flow_half *half)
{
	uint64_t word = hot->count[endpoint];
	uint8_t flags = hot->word >> (WORD_IP_FLAGS_SHIFT + 2 * endpoint) & 3;

	/* A top bit that was not carried yet counts as it stands. */
	half->packets = ((uint64_t)warm->packets_carry[endpoint] << COUNT_PACKETS_BITS) +
			(word & COUNT_PACKETS_FIELD);
	half->bytes = ((uint64_t)warm->bytes_carry[endpoint] << COUNT_BYTES_BITS) +
		      (word >> COUNT_BYTES_SHIFT & COUNT_BYTES_FIELD);
	half->payload_bytes = ((uint64_t)warm->payload_carry[endpoint] << COUNT_BYTES_BITS) +
			      (word >> COUNT_PAYLOAD_SHIFT & COUNT_BYTES_FIELD);
	half->ttl_min = half->packets ? (uint8_t)(word >> COUNT_TTL_SHIFT) : 0;
	half->tcp_flags = (uint8_t)(hot->word >> (WORD_TCP_FLAGS_SHIFT + 8 * endpoint));
	half->fragment_flags = (uint8_t)(flags << 5);
	half->tos = tail->tos[endpoint];
}

static void record_address(uint8_t to[16], const uint8_t *from, size_t bytes)
{
	memset(to, 0, 16);
	memcpy(to, from, bytes);
}

/* Each field by itself: clearing the whole record first takes longer than all the rest. */
void flow_record_make(const struct flow_table *table, const struct flow_layout *layout,
		      uint32_t slot, enum weir_flow_end reason, bool biflow,
		      struct weir_flow_record *record)
{
	const struct flow_hot *hot = &table->hot[slot];
	const struct flow_tail *tail = table_tail(table, slot);
	const struct flow_warm *warm = tail->carried ? table_warm(table, slot) : &record_nothing;
	unsigned int source = hot->word & FLOW_FLIPPED ? 1 : 0;
	size_t bytes = table->v6 ? 16 : 4;
	const uint8_t *address = (const uint8_t *)hot->address;
	uint16_t port[2] = {(uint16_t)hot->word, (uint16_t)(hot->word >> 16)};

	record->ip_version = table->v6 ? 6 : 4;
	record->protocol = word_protocol(hot->word);
	record->end_reason = (uint8_t)reason;
	record->biflow = biflow;
	record_address(record->source_address, address + source * bytes, bytes);
	record_address(record->destination_address, address + !source * bytes, bytes);
	record->source_port = port[source];
	record->destination_port = port[!source];
	record->interface = tail->interface;
	record->vlan_id = tail->vlan_id;
	record->first_ns = tail->first_ns;
	record->last_ns = record_last_ns(hot, tail);
	record->ip_options = warm->ip_options;
	record_half(hot, tail, warm, source, &record->forward);
	record_half(hot, tail, warm, !source, &record->reverse);
	record->times = NULL;
	record->ip = NULL;
	record->tcp = NULL;
	record->flows = 0;
	record->origin = NULL;
	record->route = NULL;
	record->histogram = NULL;
	record->first = NULL;
	record->first_count = 0;
	if (layout->bytes)
		flow_detail_show(layout, table_cold(table, slot), record);
}
