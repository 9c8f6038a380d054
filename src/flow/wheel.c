/* SPDX-License-Identifier: Apache-2.0 */
#include "wheel.h"

/*
 * Links are stored plus one, so that the zeroed slab says "hangs nowhere":
 * place 0 = none, previous/next 0 = none. Then no slot needs to be touched at
 * open.
 */

void flow_wheel_init(struct flow_wheel *wheel, struct flow_table *table, uint64_t now_ns)
{
	wheel->table = table;
	wheel->cursor = now_ns >> WHEEL_TICK_SHIFT;
	wheel->due = 0;
	for (int i = 0; i < WHEEL_PLACES; i++)
		wheel->head[i] = 0;
}

static void wheel_push(struct flow_wheel *wheel, uint32_t slot, uint16_t place)
{
	struct flow_tail *tail = table_tail(wheel->table, slot);
	uint32_t *head = &wheel->head[place - 1];

	tail->place = place;
	tail->previous = 0;
	tail->next = *head;
	if (*head)
		table_tail(wheel->table, *head - 1)->previous = slot + 1;
	*head = slot + 1;
}

void flow_wheel_drop(struct flow_wheel *wheel, uint32_t slot)
{
	struct flow_tail *tail = table_tail(wheel->table, slot);

	if (!tail->place)
		return;
	if (tail->previous)
		table_tail(wheel->table, tail->previous - 1)->next = tail->next;
	else if (wheel->due == slot + 1)
		wheel->due = tail->next;
	else
		wheel->head[tail->place - 1] = tail->next;
	if (tail->next)
		table_tail(wheel->table, tail->next - 1)->previous = tail->previous;
	tail->place = 0;
}

/* How many ticks from the cursor on a tick's place comes up: at least one, at most a round. */
static uint64_t wheel_ahead(const struct flow_wheel *wheel, uint64_t tick)
{
	if (tick <= wheel->cursor)
		return 1;
	return tick - wheel->cursor < WHEEL_PLACES ? tick - wheel->cursor : WHEEL_PLACES - 1;
}

void flow_wheel_hang(struct flow_wheel *wheel, uint32_t slot, uint64_t deadline_ns)
{
	/* A tick's place comes up when the tick begins: the next one is the first after. */
	uint64_t ahead = wheel_ahead(wheel, (deadline_ns >> WHEEL_TICK_SHIFT) + 1);
	const struct flow_tail *tail = table_tail(wheel->table, slot);

	if (tail->place) {
		uint64_t hangs = (tail->place - 1 - wheel->cursor) % WHEEL_PLACES;

		if (hangs <= ahead) /* 0: it is being looked at */
			return;
		flow_wheel_drop(wheel, slot);
	}
	wheel_push(wheel, slot, (uint16_t)((wheel->cursor + ahead) % WHEEL_PLACES + 1));
}

/* Take what hangs at a tick's place into 'due', which is empty. */
static void wheel_take(struct flow_wheel *wheel, uint64_t tick)
{
	uint32_t *head = &wheel->head[tick % WHEEL_PLACES];

	wheel->due = *head;
	*head = 0;
}

static uint32_t wheel_show_due(struct flow_wheel *wheel, uint32_t budget, flow_wheel_visit *visit,
			       void *user)
{
	while (wheel->due && budget) {
		uint32_t slot = wheel->due - 1;
		struct flow_tail *tail = table_tail(wheel->table, slot);

		wheel->due = tail->next;
		if (wheel->due) {
			table_tail(wheel->table, wheel->due - 1)->previous = 0;
			__builtin_prefetch(&wheel->table->hot[wheel->due - 1], 1, 3);
		}
		tail->place = 0;
		visit(user, slot);
		budget--;
	}
	return budget;
}

void flow_wheel_turn(struct flow_wheel *wheel, uint64_t now_ns, uint32_t budget,
		     flow_wheel_visit *visit, void *user)
{
	uint64_t now = now_ns >> WHEEL_TICK_SHIFT;

	budget = wheel_show_due(wheel, budget, visit, user);
	/* After a long silence one round shows everything. */
	if (!wheel->due && now > wheel->cursor + WHEEL_PLACES)
		wheel->cursor = now - WHEEL_PLACES;
	while (!wheel->due && wheel->cursor < now) {
		wheel->cursor++;
		wheel_take(wheel, wheel->cursor);
		budget = wheel_show_due(wheel, budget, visit, user);
	}
}

void flow_wheel_set_back(struct flow_wheel *wheel, uint64_t now_ns)
{
	wheel->cursor = now_ns >> WHEEL_TICK_SHIFT;
}
