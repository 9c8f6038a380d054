/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "generate/sender.h"

static void frames_under_way_are_not_lost(void **state)
{
	assert_int_equal(sender_silently_dropped(100, 0, 90, 0), 0);
	assert_int_equal(sender_silently_dropped(100, 7, 90, 7), 0);
}

static void what_was_refused_openly_is_not_lost_again(void **state)
{
	assert_int_equal(sender_silently_dropped(100, 10, 100, 10), 0);
}

static void a_loss_takes_two_counters_that_agree(void **state)
{
	assert_int_equal(sender_silently_dropped(100, 0, 90, 10), 10);
	assert_int_equal(sender_silently_dropped(100, 5, 90, 15), 10);
	assert_int_equal(sender_silently_dropped(100, 0, 85, 10), 0); /* 5 are still under way */
}

static void foreign_traffic_makes_no_loss(void **state)
{
	assert_int_equal(sender_silently_dropped(100, 0, 120, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_under_way_are_not_lost),
		cmocka_unit_test(what_was_refused_openly_is_not_lost_again),
		cmocka_unit_test(a_loss_takes_two_counters_that_agree),
		cmocka_unit_test(foreign_traffic_makes_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
