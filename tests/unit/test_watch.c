/* SPDX-License-Identifier: Apache-2.0 */
/* What is a pattern of interfaces, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "watch.h"

static void names_with_wildcards_are_patterns(void **state)
{
	assert_true(watch_is_pattern("veth*"));
	assert_true(watch_is_pattern("ring:w[0-9]"));
	assert_true(watch_is_pattern("socket:eth?,buffer=1MiB"));
	assert_true(watch_is_pattern("*"));
}

static void plain_names_and_files_are_none(void **state)
{
	assert_false(watch_is_pattern("eth0"));
	assert_false(watch_is_pattern("any"));
	assert_false(watch_is_pattern("ring:eth0,blocks=64"));
	assert_false(watch_is_pattern("file:/tmp/*.pcap"));
	assert_false(watch_is_pattern("fake:packets=*"));
	assert_false(watch_is_pattern("eth0,x=*"));
	assert_false(watch_is_pattern(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_with_wildcards_are_patterns),
		cmocka_unit_test(plain_names_and_files_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
