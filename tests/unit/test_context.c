/* SPDX-License-Identifier: Apache-2.0 */
/* The counters beside the balance, those of the loopback interface here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "context.h"

struct fixture {
	struct weir_engine *engine;
	struct weir_context *context;
};

static int set_up(void **state)
{
	static const struct weir_engine_settings settings = {.wake_fd = -1};
	static struct fixture f;

	assert_int_equal(weir_engine_open(&settings, &f.engine, NULL), 0);
	f.context = NULL;
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	weir_context_close(f->context);
	weir_engine_close(f->engine);
	return 0;
}

static void add(struct fixture *f, const char *name, const char *source)
{
	assert_non_null(weir_ledger_account(weir_engine_ledger(f->engine), name, "", source, 0));
}

static bool is_known(struct fixture *f)
{
	struct context_counters counters;

	context_read(f->context, &counters);
	return counters.known;
}

static void the_counters_of_an_interface_are_known(void **state)
{
	struct fixture *f = *state;

	add(f, "lo", "ring");
	add(f, "x.pcap", "file");
	assert_int_equal(weir_context_open(f->engine, &f->context), 0);
	assert_true(is_known(f));
	add(f, "y.pcap", "file");
	assert_true(is_known(f));
}

static void those_of_an_interface_that_is_not_there_are_not(void **state)
{
	struct fixture *f = *state;

	add(f, "lo", "ring");
	add(f, "none0", "ring");
	assert_int_equal(weir_context_open(f->engine, &f->context), 0);
	assert_false(is_known(f));
}

static void an_interface_that_comes_later_makes_the_sum_unknown(void **state)
{
	struct fixture *f = *state;

	add(f, "lo", "ring");
	assert_int_equal(weir_context_open(f->engine, &f->context), 0);
	add(f, "none0", "ring");
	assert_false(is_known(f));
}

static void without_interfaces_there_is_nothing_to_know(void **state)
{
	struct fixture *f = *state;

	add(f, "x.pcap", "file");
	assert_int_equal(weir_context_open(f->engine, &f->context), 0);
	assert_false(is_known(f));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_counters_of_an_interface_are_known),
		CASE(those_of_an_interface_that_is_not_there_are_not),
		CASE(an_interface_that_comes_later_makes_the_sum_unknown),
		CASE(without_interfaces_there_is_nothing_to_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
