/* SPDX-License-Identifier: Apache-2.0 */
#include "fragment.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"

static_assert(sizeof(struct flow_fragment_key) == 48, "hashed as six words, no padding");

static uint32_t fragment_set_count(uint32_t fragments_max)
{
	return (fragments_max + FRAGMENT_WAYS - 1) / FRAGMENT_WAYS;
}

uint64_t flow_fragments_bytes(uint32_t fragments_max)
{
	return (uint64_t)fragment_set_count(fragments_max) * FRAGMENT_WAYS *
	       sizeof(struct flow_fragment);
}

int flow_fragments_open(struct flow_fragments *table, uint32_t fragments_max, bool prefault)
{
	memset(table, 0, sizeof(*table));
	table->set_count = fragment_set_count(fragments_max);
	if (flow_slab_open(&table->slab, flow_fragments_bytes(fragments_max), prefault) < 0)
		return -ENOMEM;
	table->entries = table->slab.bytes;
	return 0;
}

void flow_fragments_close(struct flow_fragments *table)
{
	flow_slab_close(&table->slab);
}

static uint64_t fragment_hash(const struct flow_fragment_key *key, const struct flow_seed *seed)
{
	uint64_t word[6], hash;

	memcpy(word, key, sizeof(word));
	hash = hash_mix(word[0] ^ seed->a, word[1] ^ seed->b);
	hash = hash_mix(hash ^ word[2], word[3] ^ seed->c);
	return hash_mix(hash ^ word[4], word[5] ^ seed->a);
}

/* Past its life; a clock that was set back makes none old. */
static bool fragment_is_old(const struct flow_fragment *entry, uint64_t now_ns)
{
	return entry->time_ns + FRAGMENT_LIFE_S * CLOCK_NS_PER_S < now_ns;
}

static void fragment_orphan(struct flow_fragments *table, struct flow_fragment *entry)
{
	table->orphan_frames += entry->waiting.frames;
	flow_fragments_taken(table, entry);
}

struct flow_fragment *flow_fragments_get(struct flow_fragments *table,
					 const struct flow_fragment_key *key,
					 const struct flow_seed *seed, uint64_t time_ns)
{
	uint64_t hash = fragment_hash(key, seed);
	uint32_t set = (uint32_t)((hash >> 32) * table->set_count >> 32);
	struct flow_fragment *entries = &table->entries[(uint64_t)set * FRAGMENT_WAYS];
	struct flow_fragment *oldest = entries;

	for (int i = 0; i < FRAGMENT_WAYS; i++) {
		if (entries[i].time_ns && !fragment_is_old(&entries[i], time_ns) &&
		    !memcmp(&entries[i].key, key, sizeof(*key)))
			return &entries[i];
		if (entries[i].time_ns < oldest->time_ns)
			oldest = &entries[i];
	}
	if (oldest->time_ns && !fragment_is_old(oldest, time_ns))
		table->forgotten++;
	fragment_orphan(table, oldest);
	memset(oldest, 0, sizeof(*oldest));
	oldest->key = *key;
	oldest->time_ns = time_ns ? time_ns : 1;
	return oldest;
}

void flow_fragments_taken(struct flow_fragments *table, struct flow_fragment *entry)
{
	table->waiting_frames -= entry->waiting.frames;
	memset(&entry->waiting, 0, sizeof(entry->waiting));
}

void flow_fragments_finish(struct flow_fragments *table)
{
	uint64_t count = (uint64_t)table->set_count * FRAGMENT_WAYS;

	for (uint64_t i = 0; table->waiting_frames && i < count; i++)
		fragment_orphan(table, &table->entries[i]);
}
