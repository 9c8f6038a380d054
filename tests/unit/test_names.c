/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/names.h"

static const uint64_t when_ns = 1700000000123456789; /* 2023-11-14 22:13:20 UTC */
static char name[PATH_MAX];

static void number_and_time_go_before_the_suffix(void **state)
{
	assert_int_equal(names_complete(name, "/d/cap.pcapng", 1, when_ns, false), 0);
	assert_string_equal(name, "/d/cap_00001_20231114221320.pcapng");
	names_complete(name, "cap.pcap.zst", 123456, when_ns, false);
	assert_string_equal(name, "cap_123456_20231114221320.pcap.zst");
	names_complete(name, "dir.d/cap", 2, when_ns, false);
	assert_string_equal(name, "dir.d/cap_00002_20231114221320");
}

static void a_template_with_times_is_filled_in(void **state)
{
	names_complete(name, "/d/%Y/x-%H%M%%.pcapng", 7, when_ns, false);
	assert_string_equal(name, "/d/2023/x-2213%.pcapng");
	names_complete(name, "x-%H.pcapng", 7, when_ns, true);
	assert_string_equal(name, "x-22_00007.pcapng");
}

static void a_hidden_name_leads_back_to_a_visible_one(void **state)
{
	char hidden[PATH_MAX];

	names_hidden(hidden, "/d/cap.pcapng", 3, when_ns);
	assert_string_equal(hidden, "/d/.cap_00003.pcapng.part");
	assert_int_equal(names_recovered(name, hidden), 0);
	assert_string_equal(name, "/d/cap_00003.pcapng");
	names_hidden(hidden, "x-%H.pcap", 3, when_ns);
	assert_string_equal(hidden, ".x-22_00003.pcap.part");
}

static void other_files_are_not_taken_for_hidden_ones(void **state)
{
	assert_int_equal(names_recovered(name, "/d/cap.pcapng.part"), -EINVAL);
	assert_int_equal(names_recovered(name, "/d/.cap.pcapng"), -EINVAL);
	assert_int_equal(names_recovered(name, "/d/.part"), -EINVAL);
	assert_int_equal(names_recovered(name, "/d/..part"), -EINVAL);
}

static void what_is_too_long_is_refused(void **state)
{
	char template[PATH_MAX];

	memset(template, 'a', sizeof(template));
	template[PATH_MAX - 1] = '\0';
	assert_int_equal(names_complete(name, template, 1, when_ns, false), -ENAMETOOLONG);
	assert_int_equal(names_hidden(name, template, 1, when_ns), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_and_time_go_before_the_suffix),
		cmocka_unit_test(a_template_with_times_is_filled_in),
		cmocka_unit_test(a_hidden_name_leads_back_to_a_visible_one),
		cmocka_unit_test(other_files_are_not_taken_for_hidden_ones),
		cmocka_unit_test(what_is_too_long_is_refused),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
