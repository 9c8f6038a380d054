/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "generate/pace.h"

enum { START_NS = 5000 };

/* Send bursts of 'burst' frames as soon as each is due, until the time is up. */
static uint64_t sent_until(struct pace *pace, uint64_t burst, uint64_t end_ns)
{
	while (pace_due_ns(pace) < end_ns)
		pace_spend(pace, burst, pace_due_ns(pace));
	return pace->spent;
}

static void without_a_rate_a_burst_is_always_due(void **state)
{
	struct pace pace = pace_start(0, START_NS);

	pace_spend(&pace, 1000, START_NS + 1);
	assert_int_equal(pace_due_ns(&pace), 0);
}

static void the_schedule_is_absolute(void **state)
{
	struct pace pace = pace_start(200000, START_NS);

	assert_int_equal(pace_due_ns(&pace), START_NS);
	/* each burst leaves 60 us late; the rate is kept all the same */
	for (int i = 0; i < 1000; i++)
		pace_spend(&pace, 64, pace_due_ns(&pace) + 60000);
	assert_int_equal(pace_due_ns(&pace), START_NS + 64000 * CLOCK_NS_PER_S / 200000);
}

static void a_second_holds_exactly_the_rate(void **state)
{
	struct pace pace = pace_start(200000, START_NS);

	assert_int_equal(sent_until(&pace, 50, START_NS + CLOCK_NS_PER_S), 200000);
}

static void a_pause_is_made_up_for_at_no_more_than_five_quarters(void **state)
{
	struct pace pace = pace_start(200000, START_NS);
	uint64_t resumed_ns = START_NS + 50 * CLOCK_NS_PER_MS, before;

	pace_spend(&pace, 64, resumed_ns);
	before = pace.spent;
	/* 1 ms of the raised rate is 250 frames, and a burst more at the edge */
	assert_in_range(sent_until(&pace, 64, resumed_ns + CLOCK_NS_PER_MS) - before, 192,
			250 + 64);
	/* 50 ms behind are made up for in 4 x 50 ms */
	assert_in_range(sent_until(&pace, 64, START_NS + 300 * CLOCK_NS_PER_MS), 60000, 60000 + 64);
}

static void large_numbers_do_not_overflow(void **state)
{
	uint64_t terabit = UINT64_C(1000000000000);
	struct pace pace = pace_start(terabit, START_NS);

	pace_spend(&pace, 86400 * terabit, START_NS); /* a day of it */
	pace.last_units = 0;
	assert_int_equal(pace_due_ns(&pace), START_NS + 86400 * CLOCK_NS_PER_S);
}

static void a_burst_is_at_most_half_a_millisecond(void **state)
{
	assert_int_equal(pace_burst(0, 1, 64), 64);
	assert_int_equal(pace_burst(200000, 1, 64), 64);
	assert_int_equal(pace_burst(20000, 1, 64), 10);
	assert_int_equal(pace_burst(100, 1, 64), 1);
	/* 100 Mbit/s of 1514 byte frames: 8256 a second */
	assert_int_equal(pace_burst(100000000, 8 * 1514, 64), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_a_burst_is_always_due),
		cmocka_unit_test(the_schedule_is_absolute),
		cmocka_unit_test(a_second_holds_exactly_the_rate),
		cmocka_unit_test(a_pause_is_made_up_for_at_no_more_than_five_quarters),
		cmocka_unit_test(large_numbers_do_not_overflow),
		cmocka_unit_test(a_burst_is_at_most_half_a_millisecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
