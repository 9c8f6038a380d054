/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define TABLE_AGE_LOW_BITS UINT64_C(0x0055555555555555) /* the low bit of each of 28 ages */
#define TABLE_AGES         UINT64_C(0x00ffffffffffffff)

/* ---- matching tags: a bit for each way whose tag is the one looked for ---- */

static inline __attribute__((always_inline)) uint32_t
table_match_portable(const struct flow_set *set, uint16_t tag)
{
	uint32_t mask = 0;

	for (uint32_t way = 0; way < TABLE_WAYS; way++)
		mask |= (uint32_t)(set->tag[way] == tag) << way;
	return mask;
}

#ifdef __x86_64__
/* The whole line is compared: the last four 'tags' are the ages, masked off. */
static inline __attribute__((always_inline)) uint32_t table_match_sse2(const struct flow_set *set,
								       uint16_t tag)
{
	const __m128i *line = (const __m128i *)set;
	__m128i wanted = _mm_set1_epi16((short)tag);
	__m128i low = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(line), wanted),
				      _mm_cmpeq_epi16(_mm_load_si128(line + 1), wanted));
	__m128i high = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(line + 2), wanted),
				       _mm_cmpeq_epi16(_mm_load_si128(line + 3), wanted));

	return ((uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16) &
	       TABLE_WAYS_MASK;
}

__attribute__((target("avx2"))) static inline uint32_t table_match_avx2(const struct flow_set *set,
									uint16_t tag)
{
	const __m256i *line = (const __m256i *)set;
	__m256i wanted = _mm256_set1_epi16((short)tag);
	__m256i low = _mm256_cmpeq_epi16(_mm256_load_si256(line), wanted);
	__m256i high = _mm256_cmpeq_epi16(_mm256_load_si256(line + 1), wanted);
	/* packs works within 128-bit lanes: put the quarters back in order. */
	__m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);

	return (uint32_t)_mm256_movemask_epi8(packed) & TABLE_WAYS_MASK;
}
#endif

/* ---- ages ---- */

static uint32_t table_spilled(const struct flow_set *set)
{
	return (uint32_t)(set->ages >> TABLE_SPILLED_SHIFT);
}

static void table_age_set(struct flow_set *set, uint32_t way, uint64_t age)
{
	set->ages = (set->ages & ~(UINT64_C(3) << (2 * way))) | age << (2 * way);
}

/* The ways of age 3, as a bit in the low bit of each; ages the set until there are some. */
static uint64_t table_oldest(uint64_t ages, uint64_t *aged)
{
	uint64_t old;

	while (!(old = ages & ages >> 1 & TABLE_AGE_LOW_BITS))
		ages += TABLE_AGE_LOW_BITS;
	*aged = ages;
	return old;
}

/* ---- the second pass ---- */

static inline __attribute__((always_inline)) void
table_prefetch_slot(const struct flow_table *table, uint32_t slot, bool fresh)
{
	__builtin_prefetch(&table->hot[slot], 1, 3);
	if (fresh && table->v6)
		__builtin_prefetch(table_tail(table, slot), 1, 3);
	if (table->cold_bytes)
		__builtin_prefetch(table_cold(table, slot), 1, 3);
}

/*
 * The other set of a flow in 'set' with 'tag'. Its own inverse: from either
 * set it leads to the other, so a flow's first set is known without its hash.
 */
static uint32_t table_other(const struct flow_table *table, uint32_t set, uint16_t tag)
{
	uint32_t sum = (uint32_t)((uint64_t)(tag * UINT32_C(0x9e3779b1)) * table->set_count >> 32);

	return sum >= set ? sum - set : sum + table->set_count - set;
}

/*
 * Where a new flow will probably go. Its second set is looked at too when the
 * first one is full or has sent others there.
 */
static inline __attribute__((always_inline)) uint32_t
table_guess(const struct flow_table *table, const struct flow_item *item, uint32_t free)
{
	const struct flow_set *set = &table->sets[item->set];
	uint64_t aged;

	if (!free || table_spilled(set))
		__builtin_prefetch(&table->sets[table_other(table, item->set, item->tag)], 1, 3);
	return free ? (uint32_t)__builtin_ctz(free)
		    : (uint32_t)__builtin_ctzll(table_oldest(set->ages, &aged)) / 2;
}

#define TABLE_PROBE(match)                                                                         \
	for (uint32_t i = 0; i < count; i++) {                                                     \
		struct flow_item *item = &items[i];                                                \
		const struct flow_set *set = &table->sets[item->set];                              \
		uint32_t found = match(set, item->tag), way;                                       \
                                                                                                   \
		way = found ? (uint32_t)__builtin_ctz(found)                                       \
			    : table_guess(table, item, match(set, 0));                             \
		item->way = found ? (uint8_t)way : TABLE_WAYS;                                     \
		item->slot = item->set * TABLE_WAYS + way;                                         \
		table_prefetch_slot(table, item->slot, !found);                                    \
	}

static void table_probe_portable(const struct flow_table *table, struct flow_item *items,
				 uint32_t count)
{
	TABLE_PROBE(table_match_portable)
}

static uint32_t table_matched_portable(const struct flow_set *set, uint16_t tag)
{
	return table_match_portable(set, tag);
}

#ifdef __x86_64__
static void table_probe_sse2(const struct flow_table *table, struct flow_item *items,
			     uint32_t count)
{
	TABLE_PROBE(table_match_sse2)
}

static uint32_t table_matched_sse2(const struct flow_set *set, uint16_t tag)
{
	return table_match_sse2(set, tag);
}

__attribute__((target("avx2"))) static void
table_probe_avx2(const struct flow_table *table, struct flow_item *items, uint32_t count)
{
	TABLE_PROBE(table_match_avx2)
}

__attribute__((target("avx2"))) static uint32_t table_matched_avx2(const struct flow_set *set,
								   uint16_t tag)
{
	return table_match_avx2(set, tag);
}
#endif

void flow_table_matchers(struct flow_table *table, enum flow_table_simd simd)
{
	table->probe = table_probe_portable;
	table->match = table_matched_portable;
#ifdef __x86_64__
	if (simd >= TABLE_SIMD_SSE2) {
		table->probe = table_probe_sse2;
		table->match = table_matched_sse2;
	}
	if (simd >= TABLE_SIMD_AVX2 && __builtin_cpu_supports("avx2")) {
		table->probe = table_probe_avx2;
		table->match = table_matched_avx2;
	}
#endif
}

/* ---- finding, placing, removing ---- */

static bool table_find_in(struct flow_table *table, struct flow_item *item, uint32_t set)
{
	uint32_t found = table->match(&table->sets[set], item->tag);

	for (; found; found &= found - 1) {
		item->way = (uint8_t)__builtin_ctz(found);
		item->slot = set * TABLE_WAYS + item->way;
		if (!table_equal(table, item, table->v6, table->extra))
			continue;
		item->set = set;
		return true;
	}
	return false;
}

bool flow_table_find(struct flow_table *table, struct flow_item *item)
{
	uint32_t first = item->set;

	if (table_find_in(table, item, first))
		return true;
	if (!table_spilled(&table->sets[first]))
		return false;
	return table_find_in(table, item, table_other(table, first, item->tag));
}

/* A way for a new flow in a set that has none free: the lowest of the oldest. */
static uint32_t table_victim(struct flow_set *set)
{
	uint64_t aged, old = table_oldest(set->ages & TABLE_AGES, &aged);

	set->ages = (set->ages & ~TABLE_AGES) | aged;
	return (uint32_t)__builtin_ctzll(old) / 2;
}

bool flow_table_room(struct flow_table *table, struct flow_item *item)
{
	uint32_t first = item->set, second = table_other(table, first, item->tag);
	uint32_t free = table->match(&table->sets[first], 0);

	if (!free && second != first && table_spilled(&table->sets[first]) < TABLE_SPILLED_MAX) {
		free = table->match(&table->sets[second], 0);
		if (free)
			item->set = second;
	}
	item->way =
		(uint8_t)(free ? (uint32_t)__builtin_ctz(free) : table_victim(&table->sets[first]));
	item->slot = item->set * TABLE_WAYS + item->way;
	item->second = item->set != first;
	return !free;
}

struct flow_warm *flow_table_warm(struct flow_table *table, uint32_t slot)
{
	struct flow_tail *tail = table_tail(table, slot);
	struct flow_warm *warm = table_warm(table, slot);

	if (!tail->carried)
		memset(warm, 0, sizeof(*warm));
	tail->carried = true;
	return warm;
}

void flow_table_place(struct flow_table *table, struct flow_item *item)
{
	struct flow_set *set = &table->sets[item->set];
	struct flow_hot *hot = &table->hot[item->slot];

	set->tag[item->way] = item->tag;
	table->used++;
	table_age_set(set, item->way, TABLE_AGE_NEW);
	table_tail(table, item->slot)->second = item->second;
	if (item->second)
		table->sets[table_other(table, item->set, item->tag)].ages +=
			UINT64_C(1) << TABLE_SPILLED_SHIFT;
	for (int i = 0; i < (table->v6 ? 4 : 1); i++)
		hot->address[i] = item->key.address[i];
	hot->word = item->key.rest;
	if (table->extra)
		memcpy(table_cold(table, item->slot), &item->extra, sizeof(item->extra));
}

void flow_table_remove(struct flow_table *table, uint32_t slot)
{
	uint32_t index = slot / TABLE_WAYS, way = slot % TABLE_WAYS;
	struct flow_set *set = &table->sets[index];
	struct flow_tail *tail = table_tail(table, slot);

	if (tail->second)
		table->sets[table_other(table, index, set->tag[way])].ages -=
			UINT64_C(1) << TABLE_SPILLED_SHIFT;
	tail->second = false;
	set->tag[way] = 0;
	table->used--;
	table_age_set(set, way, 0);
}

/* ---- memory ---- */

uint32_t flow_table_set_count(uint32_t flows_max)
{
	/*
	 * Two thirds full, a set of 28 overflows into its second one now and
	 * then, and practically never finds that full too.
	 */
	uint64_t slots = (uint64_t)flows_max + flows_max / 2;

	return (uint32_t)((slots + TABLE_WAYS - 1) / TABLE_WAYS) + 1;
}

/* IPv6 has its tail in front of the warm entry. */
static uint32_t table_warm_stride(bool v6)
{
	return (uint32_t)(sizeof(struct flow_warm) + (v6 ? sizeof(struct flow_tail) : 0));
}

uint64_t flow_table_bytes(uint32_t flows_max, uint32_t cold_bytes, bool v6)
{
	uint64_t sets = flow_table_set_count(flows_max);

	return sets * sizeof(struct flow_set) +
	       sets * TABLE_WAYS * (sizeof(struct flow_hot) + table_warm_stride(v6) + cold_bytes);
}

uint32_t flow_table_slot_bytes(uint32_t cold_bytes, bool v6)
{
	return (uint32_t)(sizeof(struct flow_hot) + table_warm_stride(v6) + cold_bytes +
			  (sizeof(struct flow_set) + TABLE_WAYS - 1) / TABLE_WAYS);
}

/* Where the parts lie in the slabs. */
static void table_lay_out(struct flow_table *table, bool v6)
{
	table->sets = table->slab[0].bytes;
	table->hot = table->slab[1].bytes;
	table->warm = table->slab[2].bytes;
	table->cold = table->slab[3].bytes;
	table->warm_stride = table_warm_stride(v6);
	if (v6) {
		table->tails = table->warm;
		table->tail_stride = table->warm_stride;
		table->warm += sizeof(struct flow_tail);
	} else {
		table->tails = (uint8_t *)table->hot + offsetof(struct flow_hot, v4.tail);
		table->tail_stride = sizeof(struct flow_hot);
	}
}

int flow_table_open(struct flow_table *table, uint32_t flows_max, uint32_t cold_bytes, bool v6,
		    bool extra, bool prefault)
{
	uint64_t sets = flow_table_set_count(flows_max), slots = sets * TABLE_WAYS;
	uint64_t bytes[4] = {sets * sizeof(struct flow_set), slots * sizeof(struct flow_hot),
			     slots * table_warm_stride(v6), slots * cold_bytes};

	memset(table, 0, sizeof(*table));
	for (int i = 0; i < 4; i++)
		if (bytes[i] && flow_slab_open(&table->slab[i], bytes[i], prefault) < 0)
			return -ENOMEM;
	table_lay_out(table, v6);
	table->set_count = (uint32_t)sets;
	table->flows_max = flows_max;
	table->cold_bytes = cold_bytes;
	table->v6 = v6;
	table->extra = extra;
	flow_table_matchers(table, TABLE_SIMD_AVX2);
	return 0;
}

void flow_table_close(struct flow_table *table)
{
	for (int i = 0; i < 4; i++)
		flow_slab_close(&table->slab[i]);
}
