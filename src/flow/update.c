/* SPDX-License-Identifier: Apache-2.0 */
/* The second and third pass over a chunk's items: find each flow, add to it. */
#include "meter.h"

enum { IPV4_OPTION_END = 0, IPV4_OPTION_NOP = 1, IPV4_HEADER_BYTES = 20 };

/*
 * A counter's top bit is set: carry it to the warm entry. If that would leave
 * the word as it was before the first packet, it stays until the next one: it
 * has room for that, and so the word alone tells whether there was a packet.
 */
static __attribute__((noinline)) uint64_t update_carry(struct flow_table *table,
						       const struct flow_item *item, uint64_t word)
{
	unsigned int endpoint = item->direction;
	struct flow_warm *warm;

	if ((word & ~COUNT_CARRY) == COUNT_INITIAL)
		return word;
	warm = flow_table_warm(table, item->slot);
	warm->packets_carry[endpoint] += word >> COUNT_PACKETS_BITS & 1;
	warm->bytes_carry[endpoint] += word >> (COUNT_BYTES_SHIFT + COUNT_BYTES_BITS) & 1;
	warm->payload_carry[endpoint] += word >> (COUNT_PAYLOAD_SHIFT + COUNT_BYTES_BITS) & 1;
	return word & ~COUNT_CARRY;
}

/* More than a counter's word has room for: a jumbogram, a heap of fragments. */
static __attribute__((noinline)) uint64_t
update_carry_large(struct flow_table *table, const struct flow_item *item, uint64_t word)
{
	struct flow_warm *warm = flow_table_warm(table, item->slot);

	warm->packets_carry[item->direction] += item->packets >> COUNT_PACKETS_BITS;
	warm->bytes_carry[item->direction] += item->bytes >> COUNT_BYTES_BITS;
	warm->payload_carry[item->direction] += item->payload_bytes >> COUNT_BYTES_BITS;
	return word + (item->packets & COUNT_PACKETS_MASK) +
	       ((item->bytes & COUNT_BYTES_MASK) << COUNT_BYTES_SHIFT) +
	       ((item->payload_bytes & COUNT_BYTES_MASK) << COUNT_PAYLOAD_SHIFT);
}

static inline void update_count(struct flow_table *table, struct flow_hot *hot,
				const struct flow_item *item)
{
	uint64_t word = hot->count[item->direction];
	uint8_t ttl = item->ttl;

	if (__builtin_expect(item->care & ITEM_LARGE, 0))
		word = update_carry_large(table, item, word);
	else
		word += item->packets | (uint64_t)item->bytes << COUNT_BYTES_SHIFT |
			(uint64_t)item->payload_bytes << COUNT_PAYLOAD_SHIFT;
	if (ttl < word >> COUNT_TTL_SHIFT)
		word = (word & ~COUNT_INITIAL) | (uint64_t)ttl << COUNT_TTL_SHIFT;
	if (__builtin_expect((word & COUNT_CARRY) != 0, 0))
		word = update_carry(table, item, word);
	hot->count[item->direction] = word;
}

/* Bit n for each option number n that an IPv4 header has. */
static uint32_t update_ipv4_options(const struct flow_item *item)
{
	const uint8_t *option = item_network(item) + IPV4_HEADER_BYTES;
	const uint8_t *end = item_network(item) + (item_network(item)[0] & 15) * 4;
	const uint8_t *captured = item->packet->bytes + item->packet->captured_len;
	uint32_t seen = 0;

	if (end > captured)
		end = captured;
	while (option < end) {
		seen |= UINT32_C(1) << (*option & 31);
		if (*option == IPV4_OPTION_END)
			break;
		if (*option == IPV4_OPTION_NOP) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2)
			break;
		option += option[1];
	}
	return seen;
}

static void update_options(struct flow_warm *warm, const struct flow_item *item)
{
	warm->ip_options |= item->headers->ip_version == 4 ? update_ipv4_options(item)
							   : item->headers->extension_mask;
}

/* A flow is made for the item. */
static __attribute__((noinline)) void
update_make(struct weir_flow *flow, struct flow_family *family, struct flow_item *item)
{
	if (flow_table_room(&family->table, item)) {
		flow_life_emit(flow, family, item->slot, WEIR_FLOW_END_RESOURCES);
		flow_table_remove(&family->table, item->slot);
	}
	flow_table_place(&family->table, item);
	flow_life_begin(flow, family, item->slot, item, false);
}

/* Nanoseconds from the last packet on, modulo 2^48; an older packet's are many. */
static inline uint64_t update_since_ns(const struct flow_hot *hot, const struct flow_item *item)
{
	return ((item->time_ns << 16) - (hot->last_first & ~UINT64_C(0xffff))) >> 16;
}

/* A packet is old, the flow is due, closed or empty, or the clock jumped: look closely. */
static inline bool update_is_unusual(const struct weir_flow *flow, const struct flow_hot *hot,
				     const struct flow_item *item, uint64_t since_ns)
{
	uint16_t age = (uint16_t)((item->time_ns >> 32) - hot->last_first);

	return (since_ns >= flow->idle_ns[word_protocol(item->key.rest)]) |
	       (age >= flow->active_coarse) | ((hot->word & (FLOW_EMPTY | FLOW_CLOSED)) != 0);
}

static inline void update_set_time(struct flow_hot *hot, const struct flow_item *item)
{
	hot->last_first = item->time_ns << 16 | (hot->last_first & 0xffff);
}

static __attribute__((noinline)) void
update_unusual(struct weir_flow *flow, struct flow_family *family, struct flow_item *item)
{
	struct flow_hot *hot = &family->table.hot[item->slot];

	flow_life_settle(flow, family, item->slot, item);
	if (update_since_ns(hot, item) >> 47 == 0) /* not older than the last */
		update_set_time(hot, item);
}

/* What an item's 'care' asks for, once it has been added. */
static __attribute__((noinline)) void
update_care(struct weir_flow *flow, struct flow_family *family, struct flow_item *item)
{
	if (item->care & ITEM_OPTIONS)
		update_options(flow_table_warm(&family->table, item->slot), item);
	if (item->care & ITEM_CLOSES)
		flow_life_close(flow, family, item->slot, item);
}

static inline __attribute__((always_inline)) void update_item(struct weir_flow *flow,
							      struct flow_family *family,
							      struct flow_item *item, bool v6,
							      bool extra, bool detail)
{
	struct flow_table *table = &family->table;
	struct flow_hot *hot;
	bool first;

	if (__builtin_expect(item->way == TABLE_WAYS || !table_equal(table, item, v6, extra), 0) &&
	    !flow_table_find(table, item)) {
		update_make(flow, family, item);
		hot = &table->hot[item->slot];
	} else {
		hot = &table->hot[item->slot];
		table_touch(&table->sets[item->set], item->way);
		if (__builtin_expect(update_is_unusual(flow, hot, item, update_since_ns(hot, item)),
				     0))
			update_unusual(flow, family, item);
		else
			update_set_time(hot, item);
	}
	first = hot->count[item->direction] == COUNT_INITIAL;
	if (__builtin_expect(first, 0))
		table_tail(table, item->slot)->tos[item->direction] = item->headers->tos;
	update_count(table, hot, item);
	hot->word |= item->bits;
	if (detail)
		flow_detail_update(&flow->layout, table_cold(table, item->slot), item,
				   item->direction ^ !!(hot->word & FLOW_FLIPPED), first);
	if (__builtin_expect(item->care & (ITEM_OPTIONS | ITEM_CLOSES), 0))
		update_care(flow, family, item);
}

/* One family's items. The base record has a loop of its own, that need not ask for more. */
static inline __attribute__((always_inline)) void update_items(struct weir_flow *flow,
							       struct flow_chunk *chunk, bool v6)
{
	struct flow_family *family = &flow->family[v6];
	uint32_t count = chunk->count[v6];

	if (flow->layout.bytes)
		for (uint32_t i = 0; i < count; i++)
			update_item(flow, family, &chunk->items[v6][i], v6, family->table.extra,
				    true);
	else
		for (uint32_t i = 0; i < count; i++)
			update_item(flow, family, &chunk->items[v6][i], v6, false, false);
	chunk->count[v6] = 0;
}

void flow_update_chunk(struct weir_flow *flow, struct flow_chunk *chunk)
{
	update_items(flow, chunk, false);
	update_items(flow, chunk, true);
}
