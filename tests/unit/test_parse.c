/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_and_bounded),
		cmocka_unit_test(sizes_take_binary_and_decimal_units),
		cmocka_unit_test(durations_are_seconds_unless_said),
		cmocka_unit_test(a_slip_of_the_finger_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
