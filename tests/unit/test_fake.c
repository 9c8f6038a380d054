/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "source/kinds.h"

#define NS_PER_S UINT64_C(1000000000)

struct fixture {
	struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	struct weir_source *source;
	struct weir_source_settings settings;
	struct weir_error error;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(weir_interfaces_open(&f->interfaces), 0);
	assert_int_equal(weir_ledger_open(&f->ledger), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->source)
		f->source->ops->close(f->source);
	weir_ledger_close(f->ledger);
	weir_interfaces_close(f->interfaces);
	free(f);
	return 0;
}

static int open_fake(struct fixture *f, const char *options)
{
	struct weir_source_context context = {.interfaces = f->interfaces, .ledger = f->ledger};

	return fake_open(options, &f->settings, &context, &f->source, &f->error);
}

static int take(struct fixture *f, uint32_t limit, struct weir_batch **batch)
{
	return f->source->ops->next(f->source, limit, batch);
}

static void as_many_packets_come_as_asked_and_are_entered(void **state)
{
	struct fixture *f = *state;
	struct weir_batch *batch;
	uint64_t got = 0;
	int rc;

	assert_int_equal(open_fake(f, "packets=1000,size=100,flows=3,interval=7ns,start=5"), 0);
	while ((rc = take(f, WEIR_BATCH_PACKETS_MAX, &batch)) > 0) {
		for (int i = 0; i < rc; i++, got++) {
			assert_int_equal(batch->packets[i].time_ns, 5 * NS_PER_S + 7 * got);
			assert_int_equal(batch->packets[i].wire_len, 100);
			assert_int_equal(batch->packets[i].captured_len, 100);
		}
		f->source->ops->release(f->source, batch);
	}
	assert_int_equal(rc, -ENODATA);
	assert_int_equal(got, 1000);
	weir_cell_add(&f->source->row->out, got);
	assert_int_equal(weir_cell_get(&f->source->row->in), 1000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void flows_come_in_turn_and_differ(void **state)
{
	struct fixture *f = *state;
	struct weir_batch *batch;

	assert_int_equal(open_fake(f, "flows=3"), 0);
	assert_int_equal(take(f, 6, &batch), 6);
	for (int i = 0; i < 3; i++) {
		assert_ptr_equal(batch->packets[i].bytes, batch->packets[i + 3].bytes);
		assert_memory_not_equal(batch->packets[i].bytes + 26,
					batch->packets[(i + 1) % 3].bytes + 26, 4);
	}
}

/* The sum over 16-bit words, as a receiver verifies it: 0xffff when right. */
static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void checksums_are_right_for_even_and_odd_sizes(void **state)
{
	struct fixture *f = *state;
	static const char *const options[] = {"size=60,flows=300", "size=61,flows=300",
					      "size=65535"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct weir_batch *batch;
		int count;

		assert_int_equal(open_fake(f, options[i]), 0);
		count = take(f, WEIR_BATCH_PACKETS_MAX, &batch);
		for (int n = 0; n < count; n++) {
			const uint8_t *ip = batch->packets[n].bytes + 14;
			uint32_t udp_bytes = batch->packets[n].captured_len - 34;

			assert_int_equal(sum_of(0, ip, 20), 0xffff);
			assert_int_equal(sum_of(17 + udp_bytes, ip + 12, 8 + udp_bytes), 0xffff);
		}
		f->source->ops->close(f->source);
		f->source = NULL;
	}
}

static void snaplen_cuts(void **state)
{
	struct fixture *f = *state;
	struct weir_batch *batch;

	f->settings.snaplen = 64;
	assert_int_equal(open_fake(f, "size=1000"), 0);
	assert_int_equal(take(f, 1, &batch), 1);
	assert_int_equal(batch->packets[0].captured_len, 64);
	assert_int_equal(batch->packets[0].wire_len, 1000);
}

static void no_packet_follows_a_stop(void **state)
{
	struct fixture *f = *state;
	struct weir_batch *batch;

	assert_int_equal(open_fake(f, ""), 0);
	assert_int_equal(take(f, 1, &batch), 1);
	f->source->ops->stop(f->source);
	assert_int_equal(take(f, 1, &batch), -ENODATA);
}

static void wrong_options_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *options, *told;
	} cases[] = {
		{"sise=60", "did you mean 'size'"},
		{"size", "'size' needs a value"},
		{"size=41", "not between 42 and 65535"},
		{"size=60x", "not a number"},
		{"packets=-1", "not a number"},
		{"flows=0", "not between 1"},
		{"flows=16777216,size=60000", "fewer flows"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(open_fake(f, cases[i].options), -EINVAL);
		assert_non_null(strstr(f->error.text, cases[i].told));
	}
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(as_many_packets_come_as_asked_and_are_entered),
		FIXTURE_TEST(flows_come_in_turn_and_differ),
		FIXTURE_TEST(checksums_are_right_for_even_and_odd_sizes),
		FIXTURE_TEST(snaplen_cuts),
		FIXTURE_TEST(no_packet_follows_a_stop),
		FIXTURE_TEST(wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
