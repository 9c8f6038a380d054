/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When flows begin and end. Whether a packet finds its flow ended is decided
 * from the flow's own times, by the same rule that the wheel uses: so it does
 * not matter whether the wheel came first.
 *
 * After its active timeout a flow that may go on stays in its slot, empty: it
 * keeps its direction and its TCP state for the packets to come, until its
 * idle timeout.
 */
#include "base/clock.h"
#include "meter.h"
#include "record.h"

enum { LIFE_STEP_S = 60, LIFE_FAR_S = 86400 };
#define LIFE_TICK_NONE UINT64_MAX /* turn in any case */

uint64_t flow_life_deadline(const struct weir_flow *flow, const struct flow_hot *hot,
			    const struct flow_tail *tail, enum weir_flow_end *reason)
{
	bool closed = word_is_closed(hot->word);
	uint64_t idle_ns = flow->idle_ns[word_protocol(hot->word)], end_ns, active_ns;

	if (closed && flow->settings.linger_ns < idle_ns)
		idle_ns = flow->settings.linger_ns;
	end_ns = record_last_ns(hot, tail) + idle_ns;
	active_ns = tail->first_ns + flow->settings.active_timeout_ns;
	*reason = closed ? WEIR_FLOW_END_DETECTED : WEIR_FLOW_END_IDLE;
	if (hot->word & FLOW_EMPTY || active_ns > end_ns)
		return end_ns;
	*reason = WEIR_FLOW_END_ACTIVE;
	return active_ns;
}

/* The time goes into both lines: the last in full resolution, the first coarsely. */
static void life_set_times(struct flow_hot *hot, struct flow_tail *tail, uint64_t first_ns,
			   uint64_t last_ns)
{
	tail->first_ns = first_ns;
	hot->last_first = last_ns << 16 | (first_ns >> 32 & 0xffff);
}

/*
 * Who has sent the first packet asked for nothing if it is an answer: then the
 * other one did. In ICMP endpoint 0 is who asks, by its key.
 */
static uint64_t life_direction(const struct weir_flow *flow, const struct flow_item *item)
{
	bool answer = (item->tcp_flags & (METER_TCP_SYN | METER_TCP_ACK)) ==
		      (METER_TCP_SYN | METER_TCP_ACK);

	if (flow->settings.uniflow || key_protocol_is_icmp(word_protocol(item->key.rest)))
		return 0;
	return item->direction ^ answer ? FLOW_FLIPPED : 0;
}

void flow_life_begin(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		     const struct flow_item *item, bool goes_on)
{
	struct flow_hot *hot = &family->table.hot[slot];
	struct flow_tail *tail = table_tail(&family->table, slot);
	enum weir_flow_end reason;

	hot->word = item->key.rest | (goes_on ? hot->word & (FLOW_FLIPPED | FLOW_CLOSED)
					      : life_direction(flow, item));
	hot->count[0] = hot->count[1] = COUNT_INITIAL;
	tail->carried = false;
	tail->interface = (uint16_t)item->packet->interface;
	tail->vlan_id = item->headers->vlan_tci[0] & 0xfff;
	tail->tos[0] = tail->tos[1] = 0;
	life_set_times(hot, tail, item->time_ns, item->time_ns);
	if (flow->layout.bytes)
		flow_detail_begin(&flow->layout, table_cold(&family->table, slot), item,
				  flow->netns ? flow_netns(flow, item->packet->interface) : 0,
				  goes_on);
	flow->counters.flows++;
	flow_wheel_hang(&family->wheel, slot, flow_life_deadline(flow, hot, tail, &reason));
}

void flow_life_emit(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		    enum weir_flow_end reason)
{
	struct weir_flow_record record;

	if (family->table.hot[slot].word & FLOW_EMPTY)
		return;
	flow_record_make(&family->table, &flow->layout, slot, reason, !flow->settings.uniflow,
			 &record);
	flow->counters.ended[reason]++;
	if (flow->settings.records && !weir_flow_expression_match(flow->settings.records, &record))
		flow->counters.unwanted++;
	else
		flow->emit(flow->user, &record);
}

/* A connection that was closed and is opened again with the same ports. */
static bool life_is_reopened(const struct flow_hot *hot, const struct flow_item *item)
{
	return word_is_closed(hot->word) &&
	       (item->tcp_flags & (METER_TCP_SYN | METER_TCP_ACK)) == METER_TCP_SYN;
}

void flow_life_settle(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		      const struct flow_item *item)
{
	struct flow_hot *hot = &family->table.hot[slot];
	struct flow_tail *tail = table_tail(&family->table, slot);
	enum weir_flow_end reason;
	uint64_t deadline_ns = flow_life_deadline(flow, hot, tail, &reason);
	uint64_t last_ns = record_last_ns(hot, tail);
	bool reopened = life_is_reopened(hot, item);

	if (item->time_ns + LIFE_FAR_S * CLOCK_NS_PER_S < last_ns) {
		/* Another day: no flow may span more than its lines can tell. */
		flow_life_emit(flow, family, slot, WEIR_FLOW_END_IDLE);
		flow_life_begin(flow, family, slot, item, false);
	} else if (item->time_ns >= deadline_ns) {
		flow_life_emit(flow, family, slot, reason);
		if (reason == WEIR_FLOW_END_ACTIVE && !reopened) {
			/* From here on as if the wheel had come first. */
			hot->word |= FLOW_EMPTY;
			life_set_times(hot, tail, last_ns, last_ns);
			flow_life_settle(flow, family, slot, item);
			return;
		}
		flow_life_begin(flow, family, slot, item, false);
	} else if (reopened) {
		flow_life_emit(flow, family, slot, WEIR_FLOW_END_DETECTED);
		flow_life_begin(flow, family, slot, item, false);
	} else if (hot->word & FLOW_EMPTY) {
		flow_life_begin(flow, family, slot, item, true);
	} else if (item->time_ns < tail->first_ns) {
		life_set_times(hot, tail, item->time_ns, record_last_ns(hot, tail));
	}
}

void flow_life_close(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		     const struct flow_item *item)
{
	struct flow_hot *hot = &family->table.hot[slot];
	struct flow_tail *tail = table_tail(&family->table, slot);
	enum weir_flow_end reason;

	if (flow->settings.keep_closed)
		return;
	if (item->tcp_flags & ITEM_RST || flow->settings.uniflow)
		hot->word |= FLOW_CLOSED;
	else
		hot->word |= item->direction ? FLOW_FIN_1 : FLOW_FIN_0;
	if (word_is_closed(hot->word))
		flow_wheel_hang(&family->wheel, slot, flow_life_deadline(flow, hot, tail, &reason));
}

/* What the wheel calls a flow for. */
struct life_visit {
	struct weir_flow *flow;
	struct flow_family *family;
};

static void life_visit(void *user, uint32_t slot)
{
	const struct life_visit *visit = user;
	struct weir_flow *flow = visit->flow;
	struct flow_family *family = visit->family;
	struct flow_hot *hot = &family->table.hot[slot];
	struct flow_tail *tail = table_tail(&family->table, slot);
	enum weir_flow_end reason;
	uint64_t deadline_ns = flow_life_deadline(flow, hot, tail, &reason), last_ns;

	if (deadline_ns <= flow->due_ns && reason == WEIR_FLOW_END_ACTIVE) {
		last_ns = record_last_ns(hot, tail);
		flow_life_emit(flow, family, slot, reason);
		hot->word |= FLOW_EMPTY;
		life_set_times(hot, tail, last_ns, last_ns);
		deadline_ns = flow_life_deadline(flow, hot, tail, &reason);
	}
	if (deadline_ns > flow->due_ns) {
		flow_wheel_hang(&family->wheel, slot, deadline_ns);
		return;
	}
	flow_life_emit(flow, family, slot, reason);
	flow_table_remove(&family->table, slot);
}

static void life_moved(void *user, uint32_t slot)
{
	const struct life_visit *visit = user;
	const struct flow_table *table = &visit->family->table;
	enum weir_flow_end reason;

	flow_wheel_hang(&visit->family->wheel, slot,
			flow_life_deadline(visit->flow, &table->hot[slot], table_tail(table, slot),
					   &reason));
}

static void life_evict(void *user, uint32_t slot)
{
	const struct life_visit *visit = user;

	flow_life_emit(visit->flow, visit->family, slot, WEIR_FLOW_END_RESOURCES);
	flow_wheel_drop(&visit->family->wheel, slot);
}

void flow_life_grow(struct weir_flow *flow, struct flow_family *family)
{
	struct life_visit visit = {flow, family};

	flow_family_grow(family, &flow->seed, life_moved, life_evict, &visit);
}

/* The clock was set back by more than any packet may be late: start from there. */
static void life_step_back(struct weir_flow *flow)
{
	flow->counters.clock_steps++;
	for (int i = 0; i < 2; i++)
		flow_wheel_set_back(&flow->family[i].wheel, flow->due_ns);
}

bool flow_life_is_back(const struct weir_flow *flow, uint64_t now_ns)
{
	return flow->started && now_ns + LIFE_STEP_S * CLOCK_NS_PER_S < flow->clock_ns;
}

/* Turn both wheels; false when more is due than was looked at. */
static bool life_turn(struct weir_flow *flow, uint32_t visits)
{
	bool done = true;

	flow->active_coarse = (uint32_t)(flow->settings.active_timeout_ns >> 32);
	for (int i = 0; i < 2; i++) {
		struct flow_family *family = &flow->family[i];
		struct life_visit visit = {flow, family};

		if (!flow->wheels_started)
			flow_wheel_init(&family->wheel, &family->table, flow->due_ns);
		flow_wheel_turn(&family->wheel, flow->due_ns, visits, life_visit, &visit);
		done &= !family->wheel.due &&
			family->wheel.cursor >= flow->due_ns >> WHEEL_TICK_SHIFT;
		/* So far behind that the hot lines' times may be ambiguous: look closely at each. */
		if (flow->due_ns - (family->wheel.cursor << WHEEL_TICK_SHIFT) >
		    LIFE_FAR_S * CLOCK_NS_PER_S)
			flow->active_coarse = 0;
	}
	flow->wheels_started = true;
	return done;
}

void flow_life_clock(struct weir_flow *flow, uint64_t now_ns, bool back, uint32_t visits)
{
	uint64_t reorder_ns = flow->settings.reorder_ns, tick;

	if (now_ns > flow->floor_ns)
		now_ns = flow->floor_ns;
	flow->due_ns = now_ns > reorder_ns ? now_ns - reorder_ns : 0;
	tick = flow->due_ns >> WHEEL_TICK_SHIFT;
	if (back)
		life_step_back(flow);
	else if (flow->wheels_started && tick == flow->turned_tick)
		return; /* nothing new has come up: so it is with nearly every chunk */
	flow->turned_tick = life_turn(flow, visits) ? tick : LIFE_TICK_NONE;
}
