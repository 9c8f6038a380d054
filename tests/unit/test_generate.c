/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "weir/generate.h"

static void refused(const struct weir_generate_settings *settings, int code, const char *word)
{
	struct weir_generate *generate = NULL;
	struct weir_error error = {0};

	assert_int_equal(weir_generate_open(settings, &generate, &error), code);
	assert_int_equal(error.code, code);
	assert_non_null(strstr(error.text, word));
	assert_null(generate);
}

static void contradictory_rates_are_refused(void **state)
{
	refused(&(struct weir_generate_settings){.interface = "lo",
						 .packets_per_s = 1,
						 .bits_per_s = 1},
		-EINVAL, "contradicts");
	refused(&(struct weir_generate_settings){.interface = "lo",
						 .packets_per_s = 1,
						 .method = WEIR_GENERATE_LIVE},
		-EINVAL, "top speed");
	refused(&(struct weir_generate_settings){.interface = "lo",
						 .packets_per_s = UINT64_C(2000000000)},
		-EINVAL, "too high");
}

static void an_unknown_interface_is_named(void **state)
{
	refused(&(struct weir_generate_settings){.interface = "nosuch0"}, -ENODEV, "'nosuch0'");
	refused(&(struct weir_generate_settings){.interface = "a-name-too-long-for-linux"}, -ENODEV,
		"'a-name-too-long-for-linux'");
	refused(&(struct weir_generate_settings){.interface = ""}, -EINVAL, "no interface");
}

static void methods_have_names(void **state)
{
	assert_string_equal(weir_generate_method_name(WEIR_GENERATE_AUTO), "auto");
	assert_string_equal(weir_generate_method_name(WEIR_GENERATE_SOCKET), "socket");
	assert_string_equal(weir_generate_method_name(WEIR_GENERATE_LIVE), "live");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contradictory_rates_are_refused),
		cmocka_unit_test(an_unknown_interface_is_named),
		cmocka_unit_test(methods_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
