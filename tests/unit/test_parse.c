/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "base/parse.h"

static void numbers_are_decimal_and_bounded(void **state)
{
	uint64_t n = 7;

	assert_int_equal(parse_u64("42", 100, &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(parse_u64("101", 100, &n), -ERANGE);
	assert_int_equal(parse_u64("99999999999999999999", UINT64_MAX, &n), -ERANGE);
	assert_int_equal(parse_u64("", 100, &n), -EINVAL);
	assert_int_equal(parse_u64("-1", 100, &n), -EINVAL);
	assert_int_equal(parse_u64("1x", 100, &n), -EINVAL);
	assert_int_equal(n, 42);
}

static void sizes_take_binary_and_decimal_units(void **state)
{
	uint64_t n;

	assert_int_equal(parse_size("3", 1000, &n), 0);
	assert_int_equal(n, 3000);
	assert_int_equal(parse_size("3B", 1000, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(parse_size("1.5MiB", 1, &n), 0);
	assert_int_equal(n, 1572864);
	assert_int_equal(parse_size("2GB", 1, &n), 0);
	assert_int_equal(n, 2000000000);
	assert_int_equal(parse_size("2K", 1, &n), 0);
	assert_int_equal(n, 2048);
	assert_int_equal(parse_size("2 K", 1, &n), -EINVAL);
	assert_int_equal(parse_size("0x10", 1, &n), -EINVAL);
	assert_int_equal(parse_size("nan", 1, &n), -EINVAL);
	assert_int_equal(parse_size("1e30", 1, &n), -ERANGE);
}

static void durations_are_seconds_unless_said(void **state)
{
	uint64_t n;

	assert_int_equal(parse_duration_ns("2", &n), 0);
	assert_int_equal(n, 2000000000);
	assert_int_equal(parse_duration_ns("250ms", &n), 0);
	assert_int_equal(n, 250000000);
	assert_int_equal(parse_duration_ns("1.5h", &n), 0);
	assert_int_equal(n, 5400000000000);
	assert_int_equal(parse_duration_ns("5 parsecs", &n), -EINVAL);
}

static void a_slip_of_the_finger_is_recognised(void **state)
{
	const char *const words[] = {"count", "record", "generate"};

	assert_string_equal(parse_nearest("recrod", words, 3, sizeof(*words)), "record");
	assert_string_equal(parse_nearest("cuont", words, 3, sizeof(*words)), "count");
	assert_null(parse_nearest("xyzzy", words, 3, sizeof(*words)));
}

static void times_are_local_unless_said(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "2026-",
					  "2026-13-01",
					  "2026-11-27T",
					  "2026-11-27 25:00",
					  "2026-11-27 9:",
					  "2026-11-27 09:30:05.",
					  "1969-01-01Z",
					  "17e9",
					  "99999999999999",
					  "2026-11-27 09:30ZZ"};
	uint64_t n;

	setenv("TZ", "UTC-2", 1); /* two hours ahead */
	tzset();
	assert_int_equal(parse_time_ns("2026-11-27T09:30:05.25Z", &n), 0);
	assert_int_equal(n, UINT64_C(1795771805250000000));
	assert_int_equal(parse_time_ns("2026-11-27 11:30:05.25", &n), 0);
	assert_int_equal(n, UINT64_C(1795771805250000000));
	assert_int_equal(parse_time_ns("2026-11-27 11:30", &n), 0);
	assert_int_equal(n, UINT64_C(1795771800000000000));
	assert_int_equal(parse_time_ns("2026-11-27Z", &n), 0);
	assert_int_equal(n, UINT64_C(1795737600000000000));
	assert_int_equal(parse_time_ns("1795771805.000000001", &n), 0);
	assert_int_equal(n, UINT64_C(1795771805000000001));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(parse_time_ns(bad[i], &n) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_and_bounded),
		cmocka_unit_test(sizes_take_binary_and_decimal_units),
		cmocka_unit_test(durations_are_seconds_unless_said),
		cmocka_unit_test(times_are_local_unless_said),
		cmocka_unit_test(a_slip_of_the_finger_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
