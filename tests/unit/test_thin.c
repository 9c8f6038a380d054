/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets are left, and where they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "thin.h"

static struct weir_packet packets[200];
static struct weir_headers headers[200];
static struct weir_batch batch = {.packets = packets, .count = 200};
static struct thin thin;
static uint32_t cut_off;

static int set_up(void **state)
{
	for (int i = 0; i < 200; i++) {
		packets[i] = (struct weir_packet){.time_ns = (uint64_t)i, .captured_len = 1000};
		headers[i] = (struct weir_headers){
			.network_offset = 14, .transport_offset = 34, .payload_offset = 54};
	}
	return 0;
}

static uint32_t cut(enum weir_record_slice slice, uint32_t extra)
{
	struct weir_record_settings settings = {.slice = slice, .slice_extra_bytes = extra};

	assert_int_equal(thin_open(&thin, &settings), 0);
	assert_int_equal(thin_batch(&thin, &batch, headers, &cut_off), 200);
	return thin.chosen[0].captured_len;
}

static void packets_are_cut_behind_the_layer(void **state)
{
	assert_int_equal(cut(WEIR_RECORD_SLICE_L2, 0), 14);
	assert_int_equal(cut(WEIR_RECORD_SLICE_L3, 0), 34);
	assert_int_equal(cut(WEIR_RECORD_SLICE_L4, 8), 62);
	assert_int_equal(cut(WEIR_RECORD_SLICE_L4, 5000), 1000);
	assert_int_equal(packets[0].captured_len, 1000); /* the batch is not touched */
}

static void without_the_layer_the_last_header_counts(void **state)
{
	headers[0].transport_offset = WEIR_OFFSET_NONE;
	assert_int_equal(cut(WEIR_RECORD_SLICE_L3, 2), 56);
	headers[0].payload_offset = WEIR_OFFSET_NONE;
	assert_int_equal(cut(WEIR_RECORD_SLICE_L3, 2), 1000);
}

static void systematic_sampling_takes_every_nth_across_batches(void **state)
{
	struct weir_record_settings settings = {.sampling = WEIR_RECORD_SAMPLE_SYSTEMATIC,
						.sampling_interval = 7};
	uint32_t total = 0;

	assert_int_equal(thin_open(&thin, &settings), 0);
	assert_true(thin_wanted(&thin));
	for (int i = 0; i < 7; i++)
		total += thin_batch(&thin, &batch, NULL, &cut_off);
	assert_int_equal(total, 200);
}

static void random_sampling_takes_about_one_in_n(void **state)
{
	struct weir_record_settings settings = {.sampling = WEIR_RECORD_SAMPLE_RANDOM,
						.sampling_interval = 10};
	uint32_t total = 0;

	assert_int_equal(thin_open(&thin, &settings), 0);
	thin.random = 88172645463325252;
	for (int i = 0; i < 500; i++)
		total += thin_batch(&thin, &batch, NULL, &cut_off);
	assert_in_range(total, 9500, 10500);
}

static void what_is_done_is_told(void **state)
{
	struct weir_record_settings settings = {.slice = WEIR_RECORD_SLICE_L4,
						.slice_extra_bytes = 8,
						.sampling = WEIR_RECORD_SAMPLE_RANDOM,
						.sampling_interval = 100};
	char text[128];

	thin_describe(&settings, text, sizeof(text));
	assert_string_equal(text, "one packet in 100 (random), cut behind l4 + 8 bytes");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(packets_are_cut_behind_the_layer),
		CASE(without_the_layer_the_last_header_counts),
		CASE(systematic_sampling_takes_every_nth_across_batches),
		CASE(random_sampling_takes_about_one_in_n),
		CASE(what_is_done_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
