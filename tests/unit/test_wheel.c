/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel: everything is looked at soon after its time, whatever happens in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "wheel.h"

enum { SLOTS = 500, NEVER = 0 };
#define TICK_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)
#define START   (UINT64_C(1700000000) * CLOCK_NS_PER_S)

struct fixture {
	struct flow_wheel wheel;
	struct flow_table table;
	uint64_t deadline_ns[SLOTS];
	uint32_t visits[SLOTS];
	uint64_t now_ns;
	uint32_t early, late;
};

/* What a meter does: let go what is due, hang up the rest again. */
static void visit(void *user, uint32_t slot)
{
	struct fixture *f = user;

	f->visits[slot]++;
	if (f->deadline_ns[slot] > f->now_ns) {
		f->early++;
		flow_wheel_hang(&f->wheel, slot, f->deadline_ns[slot]);
		return;
	}
	f->late += f->now_ns - f->deadline_ns[slot] > 3 * TICK_NS;
	f->deadline_ns[slot] = NEVER;
}

static void turn(struct fixture *f, uint64_t now_ns)
{
	f->now_ns = now_ns;
	flow_wheel_turn(&f->wheel, now_ns, UINT32_MAX, visit, f);
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	assert_int_equal(flow_table_open(&f.table, SLOTS, 0, false, false, false), 0);
	flow_wheel_init(&f.wheel, &f.table, START);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	flow_table_close(&((struct fixture *)*state)->table);
	return 0;
}

static void a_slot_is_shown_within_two_ticks_of_its_deadline_and_never_let_go_early(void **state)
{
	struct fixture *f = *state;
	uint32_t hanging = 0;

	srandom(1);
	for (uint32_t i = 0; i < SLOTS; i++) {
		f->deadline_ns[i] = START + (uint64_t)random() % (600 * CLOCK_NS_PER_S);
		flow_wheel_hang(&f->wheel, i, f->deadline_ns[i]);
	}
	for (uint64_t now = START; now <= START + 601 * CLOCK_NS_PER_S; now += TICK_NS)
		turn(f, now);
	for (uint32_t i = 0; i < SLOTS; i++)
		hanging += f->deadline_ns[i] != NEVER;
	assert_int_equal(hanging, 0);
	assert_int_equal(f->late, 0);
}

static void a_deadline_that_moves_away_costs_nothing_until_its_old_place_comes(void **state)
{
	struct fixture *f = *state;

	f->deadline_ns[3] = START + 10 * CLOCK_NS_PER_S;
	flow_wheel_hang(&f->wheel, 3, f->deadline_ns[3]);
	f->deadline_ns[3] = START + 100 * CLOCK_NS_PER_S;
	flow_wheel_hang(&f->wheel, 3, f->deadline_ns[3]);
	turn(f, START + 11 * CLOCK_NS_PER_S);
	assert_int_equal(f->visits[3], 1);
	assert_int_not_equal(f->deadline_ns[3], NEVER);
	turn(f, START + 99 * CLOCK_NS_PER_S);
	assert_int_equal(f->visits[3], 1);
	turn(f, START + 101 * CLOCK_NS_PER_S);
	assert_int_equal(f->deadline_ns[3], NEVER);
}

static void a_deadline_that_comes_nearer_moves_the_slot(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 5; i++) {
		f->deadline_ns[i] = START + 100 * CLOCK_NS_PER_S;
		flow_wheel_hang(&f->wheel, i, f->deadline_ns[i]);
	}
	f->deadline_ns[2] = START + CLOCK_NS_PER_S;
	flow_wheel_hang(&f->wheel, 2, f->deadline_ns[2]);
	turn(f, START + 2 * CLOCK_NS_PER_S);
	assert_int_equal(f->deadline_ns[2], NEVER);
	assert_int_equal(f->visits[1] + f->visits[3], 0);
	turn(f, START + 102 * CLOCK_NS_PER_S);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(f->deadline_ns[i], NEVER);
}

static void what_exceeds_the_budget_is_shown_by_the_next_turns(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < SLOTS; i++) {
		f->deadline_ns[i] = START + CLOCK_NS_PER_S;
		flow_wheel_hang(&f->wheel, i, f->deadline_ns[i]);
	}
	f->now_ns = START + 2 * CLOCK_NS_PER_S;
	for (uint32_t shown = 100; shown <= SLOTS; shown += 100) {
		uint32_t visits = 0;

		flow_wheel_turn(&f->wheel, f->now_ns, 100, visit, f);
		/* What waits to be shown can be dropped meanwhile. */
		flow_wheel_hang(&f->wheel, 7, f->now_ns);
		for (uint32_t i = 0; i < SLOTS; i++)
			visits += f->visits[i];
		assert_true(visits >= shown - 1);
		assert_true(visits <= shown + shown / 100);
	}
}

static void dropping_from_any_place_keeps_the_others(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 9; i++)
		flow_wheel_hang(&f->wheel, i, START + CLOCK_NS_PER_S);
	f->now_ns = START + 2 * CLOCK_NS_PER_S;
	flow_wheel_drop(&f->wheel, 0);
	flow_wheel_drop(&f->wheel, 4);
	flow_wheel_turn(&f->wheel, f->now_ns, 2, visit, f); /* 8 and 7 are shown, 6 waits */
	flow_wheel_drop(&f->wheel, 6);
	flow_wheel_drop(&f->wheel, 6); /* once more does no harm */
	turn(f, f->now_ns);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(f->visits[i], i != 0 && i != 4 && i != 6);
}

static void a_long_silence_is_bridged_in_one_round(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < SLOTS; i++) {
		f->deadline_ns[i] = START + (i + 1) * CLOCK_NS_PER_S;
		flow_wheel_hang(&f->wheel, i, f->deadline_ns[i]);
	}
	turn(f, START + UINT64_C(40) * 365 * 86400 * CLOCK_NS_PER_S);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(f->deadline_ns[i], NEVER);
}

static void a_clock_set_back_does_not_stop_the_wheel(void **state)
{
	struct fixture *f = *state;

	f->deadline_ns[1] = START + 5 * CLOCK_NS_PER_S;
	flow_wheel_hang(&f->wheel, 1, f->deadline_ns[1]);
	flow_wheel_set_back(&f->wheel, START - 3600 * CLOCK_NS_PER_S);
	f->deadline_ns[2] = START - 3590 * CLOCK_NS_PER_S;
	flow_wheel_hang(&f->wheel, 2, f->deadline_ns[2]);
	turn(f, START - 3589 * CLOCK_NS_PER_S);
	assert_int_equal(f->deadline_ns[2], NEVER);
	for (uint64_t now = START - 3589 * CLOCK_NS_PER_S; now < START + 7 * CLOCK_NS_PER_S;
	     now += TICK_NS)
		turn(f, now);
	assert_int_equal(f->deadline_ns[1], NEVER);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_slot_is_shown_within_two_ticks_of_its_deadline_and_never_let_go_early),
		CASE(a_deadline_that_moves_away_costs_nothing_until_its_old_place_comes),
		CASE(a_deadline_that_comes_nearer_moves_the_slot),
		CASE(what_exceeds_the_budget_is_shown_by_the_next_turns),
		CASE(dropping_from_any_place_keeps_the_others),
		CASE(a_long_silence_is_bridged_in_one_round),
		CASE(a_clock_set_back_does_not_stop_the_wheel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
