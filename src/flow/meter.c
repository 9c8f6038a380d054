/* SPDX-License-Identifier: Apache-2.0 */
/* A meter from open to close; see meter.h for the packet's way through it. */
#include "meter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "settings.h"

static void meter_set_timeouts(struct weir_flow *flow)
{
	const struct weir_flow_settings *settings = &flow->settings;

	for (int i = 0; i < 256; i++)
		flow->idle_ns[i] = settings->protocol_idle_timeout_ns[i]
					   ? settings->protocol_idle_timeout_ns[i]
					   : settings->idle_timeout_ns;
}

static int meter_open_tables(struct weir_flow *flow)
{
	const struct weir_flow_settings *settings = &flow->settings;
	int rc = flow_fragments_open(&flow->fragments, settings->fragments_max, settings->prefault);

	for (int i = 0; i < 2 && rc == 0; i++)
		rc = flow_family_open(&flow->family[i], settings->flows_max, flow->layout.bytes,
				      i == 1, settings->key != 0, settings->prefault);
	return rc;
}

int weir_flow_open(const struct weir_flow_settings *settings,
		   const struct weir_interfaces *interfaces, weir_flow_emit *emit, void *user,
		   struct weir_flow **out, struct weir_error *error)
{
	struct weir_flow *flow;
	uint64_t seed;
	int rc = flow_settings_check(settings, interfaces != NULL, error);

	if (rc < 0)
		return weir_error_wrap(error, "cannot meter flows");
	flow = aligned_alloc(64, (sizeof(*flow) + 63) / 64 * 64);
	if (!flow)
		return weir_error_set(error, -ENOMEM, "cannot meter flows: out of memory");
	memset(flow, 0, sizeof(*flow));
	flow->settings = *settings;
	if (settings->sampling_interval <= 1)
		flow->settings.sampling = WEIR_FLOW_SAMPLE_ALL;
	flow->interfaces = interfaces;
	flow->emit = emit;
	flow->floor_ns = UINT64_MAX;
	flow->user = user;
	seed = settings->seed ? settings->seed : hash_seed();
	flow_seed_init(&flow->seed, seed);
	flow->sample_random = seed | 1;
	flow_layout_init(&flow->layout, settings);
	meter_set_timeouts(flow);
	rc = meter_open_tables(flow);
	if (rc == 0 && interfaces && flow->layout.origin != DETAIL_NONE) {
		flow->netns = calloc(WEIR_INTERFACES_MAX, sizeof(*flow->netns));
		rc = flow->netns ? 0 : -ENOMEM;
	}
	if (rc < 0) {
		weir_flow_close(flow);
		return weir_error_set(
			error, rc,
			"cannot meter flows: no memory for %llu MiB of tables: ask for "
			"fewer flows or fields",
			(unsigned long long)(weir_flow_memory_bytes(settings) >> 20));
	}
	*out = flow;
	return 0;
}

void weir_flow_close(struct weir_flow *flow)
{
	if (!flow)
		return;
	for (int i = 0; i < 2; i++)
		flow_family_close(&flow->family[i]);
	flow_fragments_close(&flow->fragments);
	free(flow->netns);
	free(flow);
}

/* Before the second pass: what is due is emitted, and will not be found any more. */
static void meter_probe(struct weir_flow *flow, struct flow_chunk *chunk)
{
	flow_life_clock(flow, chunk->clock_ns, chunk->back, METER_VISITS_CHUNK);
	for (int i = 0; i < 2; i++)
		table_probe(&flow->family[i].table, chunk->items[i], chunk->count[i]);
}

/* Between two chunks: if a table is crowded, its flows move, and the next chunk is aimed again. */
static void meter_grow(struct weir_flow *flow, struct flow_chunk *next)
{
	for (int i = 0; i < 2; i++) {
		struct flow_family *family = &flow->family[i];

		if (!family_is_crowded(family))
			continue;
		flow_life_grow(flow, family);
		for (uint32_t k = 0; k < next->count[i]; k++)
			table_aim(&family->table, &next->items[i][k],
				  table_hash(&family->table, &next->items[i][k], &flow->seed));
	}
}

void weir_flow_update(struct weir_flow *flow, const struct weir_batch *batch,
		      const struct weir_decoded *decoded)
{
	struct flow_chunk *now = &flow->chunk[0], *next = &flow->chunk[1], *other;
	uint32_t index = 0;

	if (!batch->count)
		return;
	flow_gather(flow, now, batch, decoded, &index);
	while (index < batch->count) {
		meter_probe(flow, now);
		flow_gather(flow, next, batch, decoded, &index);
		flow_update_chunk(flow, now);
		other = now;
		now = next;
		next = other;
		meter_grow(flow, now);
	}
	meter_probe(flow, now);
	flow_update_chunk(flow, now);
	meter_grow(flow, now);
}

void weir_flow_tick(struct weir_flow *flow, uint64_t now_ns)
{
	bool back = flow_life_is_back(flow, now_ns);

	if (flow->settings.clock != WEIR_FLOW_CLOCK_WALL)
		return;
	if (now_ns > flow->clock_ns || back)
		flow->clock_ns = now_ns;
	flow->started = true;
	flow_life_clock(flow, flow->clock_ns, back, METER_VISITS_TICK);
}

void weir_flow_set_clock(struct weir_flow *flow, uint64_t now_ns, uint64_t floor_ns)
{
	flow->started = now_ns != 0;
	flow->clock_ns = now_ns;
	flow->floor_ns = floor_ns;
}

uint64_t weir_flow_now(const struct weir_flow *flow)
{
	return flow->clock_ns;
}

/* Call 'each' for the flows of the sets from 'set' up to 'end'. */
static void meter_each(struct weir_flow *flow, struct flow_family *family, uint64_t set,
		       uint64_t end,
		       void (*each)(struct weir_flow *, struct flow_family *, uint32_t, void *),
		       void *user)
{
	const struct flow_table *table = &family->table;

	for (; set < end; set++) {
		uint32_t used = table_used(table, set);

		for (; used; used &= used - 1) {
			uint32_t slot = (uint32_t)set * TABLE_WAYS + (uint32_t)__builtin_ctz(used);

			__builtin_prefetch(&table->hot[slot] + TABLE_WAYS, 1, 3);
			each(flow, family, slot, user);
		}
	}
}

static void meter_finish_slot(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
			      void *user)
{
	struct flow_hot *hot = &family->table.hot[slot];
	struct flow_tail *tail = table_tail(&family->table, slot);
	const uint64_t *now_ns = user;
	enum weir_flow_end reason;

	if (flow_life_deadline(flow, hot, tail, &reason) > *now_ns &&
	    reason != WEIR_FLOW_END_DETECTED)
		reason = WEIR_FLOW_END_FORCED;
	flow_life_emit(flow, family, slot, reason);
	tail->place = 0; /* off the wheel, which is emptied at once afterwards */
	flow_table_remove(&family->table, slot);
}

void weir_flow_finish(struct weir_flow *flow, uint64_t now_ns)
{
	if (now_ns < flow->clock_ns)
		now_ns = flow->clock_ns;
	for (int i = 0; i < 2; i++) {
		struct flow_family *family = &flow->family[i];

		meter_each(flow, family, 0, family->table.set_count, meter_finish_slot, &now_ns);
		flow_wheel_init(&family->wheel, &family->table, flow->due_ns);
	}
	flow_fragments_finish(&flow->fragments);
}

struct meter_visit {
	weir_flow_emit *visit;
	void *user;
};

static void meter_visit_slot(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
			     void *user)
{
	const struct meter_visit *visit = user;
	struct weir_flow_record record;

	if (family->table.hot[slot].word & FLOW_EMPTY)
		return;
	flow_record_make(&family->table, &flow->layout, slot, WEIR_FLOW_END_NONE,
			 !flow->settings.uniflow, &record);
	visit->visit(visit->user, &record);
}

uint64_t weir_flow_slots(const struct weir_flow *flow)
{
	return ((uint64_t)flow->family[0].table.set_count + flow->family[1].table.set_count) *
	       TABLE_WAYS;
}

bool weir_flow_visit(struct weir_flow *flow, uint64_t *position, uint64_t slots,
		     weir_flow_emit *visit, void *user)
{
	struct meter_visit each = {visit, user};
	uint64_t first = flow->family[0].table.set_count;
	uint64_t all = first + flow->family[1].table.set_count;
	uint64_t sets = slots / TABLE_WAYS + 1;
	uint64_t end = *position + sets;

	if (end > all) /* also when the table has grown or shrunk since */
		end = all;

	if (*position < first)
		meter_each(flow, &flow->family[0], *position, end < first ? end : first,
			   meter_visit_slot, &each);
	if (end > first)
		meter_each(flow, &flow->family[1], *position > first ? *position - first : 0,
			   end - first, meter_visit_slot, &each);
	*position = end;
	return end < all;
}

/* ---- counters ---- */

void weir_flow_counters_read(const struct weir_flow *flow, struct weir_flow_counters *out)
{
	*out = flow->counters;
	out->waiting = flow->fragments.waiting_frames;
	out->ignored[WEIR_FLOW_IGNORED_FRAGMENT] += flow->fragments.orphan_frames;
	out->fragments_forgotten = flow->fragments.forgotten;
	out->active = out->flows;
	for (int i = 0; i < WEIR_FLOW_END_COUNT; i++)
		out->active -= out->ended[i];
}

uint64_t weir_flow_sampled_out(const struct weir_flow *flow)
{
	return flow->counters.sampled_out;
}

void flow_count_ethertype(struct weir_flow_counters *counters, uint16_t ethertype, uint64_t frames)
{
	uint32_t i = 0;

	while (i < counters->ethertype_count && counters->ethertypes[i].ethertype != ethertype)
		i++;
	if (i == WEIR_FLOW_ETHERTYPES_MAX) {
		counters->other_ethertypes += frames;
		return;
	}
	if (i == counters->ethertype_count)
		counters->ethertypes[counters->ethertype_count++] =
			(struct weir_flow_ethertype){.ethertype = ethertype};
	counters->ethertypes[i].frames += frames;
}

void weir_flow_counters_add(struct weir_flow_counters *sum, const struct weir_flow_counters *from)
{
	sum->frames += from->frames;
	sum->metered += from->metered;
	sum->sampled_out += from->sampled_out;
	sum->waiting += from->waiting;
	for (int i = 0; i < WEIR_FLOW_IGNORED_COUNT; i++)
		sum->ignored[i] += from->ignored[i];
	sum->packets += from->packets;
	sum->bytes += from->bytes;
	sum->late += from->late;
	sum->clock_steps += from->clock_steps;
	sum->flows += from->flows;
	sum->active += from->active;
	for (int i = 0; i < WEIR_FLOW_END_COUNT; i++)
		sum->ended[i] += from->ended[i];
	sum->unwanted += from->unwanted;
	sum->fragments_forgotten += from->fragments_forgotten;
	for (uint32_t i = 0; i < from->ethertype_count; i++)
		flow_count_ethertype(sum, from->ethertypes[i].ethertype,
				     from->ethertypes[i].frames);
	sum->other_ethertypes += from->other_ethertypes;
}

const char *weir_flow_ignored_name(enum weir_flow_ignored reason)
{
	static const char *const names[WEIR_FLOW_IGNORED_COUNT] = {
		"not_ip", "truncated", "malformed", "unsupported", "fragment",
	};

	return names[reason];
}
