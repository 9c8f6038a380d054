/* SPDX-License-Identifier: Apache-2.0 */
/* The tape that frames are put on, and the histogram of their lateness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lateness.h"
#include "tape.h"

enum { ETHERNET = 1, RAW_IP = 101, MTU = 1500 };

static uint8_t bytes[4096];

static struct weir_packet packet_at(uint64_t time_ns, uint32_t captured, uint32_t wire)
{
	return (struct weir_packet){
		.bytes = bytes, .time_ns = time_ns, .captured_len = captured, .wire_len = wire};
}

static int set_up(void **state)
{
	static struct tape tape;

	memset(&tape, 0, sizeof(tape));
	memset(bytes, 0xee, sizeof(bytes));
	tape.mtu = MTU;
	tape.memory_max = 64 << 20;
	*state = &tape;
	return 0;
}

static int tear_down(void **state)
{
	tape_clear(*state);
	return 0;
}

static void add(struct tape *tape, uint64_t time_ns, uint32_t captured, uint32_t wire)
{
	struct weir_packet packet = packet_at(time_ns, captured, wire);

	assert_int_equal(tape_add(tape, &packet, ETHERNET), 0);
}

static void frames_keep_their_distance(void **state)
{
	struct tape *tape = *state;

	add(tape, 5000, 60, 60);
	add(tape, 7000, 61, 61);
	add(tape, 7000, 62, 62);
	assert_int_equal(tape->count, 3);
	assert_int_equal(tape->frames[0].offset_ns, 0);
	assert_int_equal(tape->frames[1].offset_ns, 2000);
	assert_int_equal(tape->frames[2].offset_ns, 2000);
	assert_int_equal(tape->frames[2].length, 62);
	assert_memory_equal(tape->frames[2].bytes, bytes, 62);
	assert_int_equal(tape->told.bytes, 183);
	assert_int_equal(tape->told.duration_ns, 2000);
	assert_int_equal(tape->length_max, 62);
}

static void a_frame_out_of_order_follows_at_once(void **state)
{
	struct tape *tape = *state;

	add(tape, 5000, 60, 60);
	add(tape, 4000, 60, 60);
	add(tape, 6000, 60, 60);
	assert_int_equal(tape->told.out_of_order, 1);
	assert_int_equal(tape->frames[1].offset_ns, 0);
	assert_int_equal(tape->frames[2].offset_ns, 1000);
}

static void long_gaps_are_cut(void **state)
{
	struct tape *tape = *state;

	tape->gap_max_ns = 100;
	add(tape, 1000, 60, 60);
	add(tape, 1050, 60, 60);
	add(tape, UINT64_C(9000000000000000000), 60, 60);
	add(tape, UINT64_C(9000000000000000007), 60, 60);
	assert_int_equal(tape->frames[1].offset_ns, 50);
	assert_int_equal(tape->frames[2].offset_ns, 150);
	assert_int_equal(tape->frames[3].offset_ns, 157);
}

static void what_was_not_captured_is_sent_as_zeros(void **state)
{
	static const uint8_t zeros[100];
	struct tape *tape = *state;

	add(tape, 0, 64, 164);
	assert_int_equal(tape->frames[0].length, 164);
	assert_memory_equal(tape->frames[0].bytes, bytes, 64);
	assert_memory_equal(tape->frames[0].bytes + 64, zeros, 100);
	assert_int_equal(tape->told.padded, 1);
}

static void frames_to_one_station_get_its_address_others_not(void **state)
{
	static const uint8_t station[] = {2, 0, 0, 0, 0, 7};
	struct tape *tape = *state;

	tape->station = station;
	bytes[0] = 0xee;
	add(tape, 0, 60, 60);
	bytes[0] = 0xef; /* a group */
	add(tape, 0, 60, 60);
	assert_memory_equal(tape->frames[0].bytes, station, 6);
	assert_memory_equal(tape->frames[0].bytes + 6, bytes + 6, 54);
	assert_memory_equal(tape->frames[1].bytes, bytes, 60);
}

static void a_method_may_limit_frames_more_than_the_mtu(void **state)
{
	struct tape *tape = *state;

	tape->frame_bytes_max = 1000;
	add(tape, 0, 1000, 1000);
	add(tape, 0, 1001, 1001);
	assert_int_equal(tape->count, 1);
	assert_int_equal(tape->told.too_long, 1);
	tape->frame_bytes_max = 4096;
	add(tape, 0, 1515, 1515);
	assert_int_equal(tape->count, 1);
}

static void what_cannot_be_sent_is_counted_by_its_reason(void **state)
{
	struct tape *tape = *state;
	struct weir_packet packet = packet_at(0, 60, 60);

	assert_int_equal(tape_add(tape, &packet, RAW_IP), 0);
	add(tape, 0, 13, 60);
	add(tape, 0, 1515, 1515);
	add(tape, 0, 96, 1515);
	assert_int_equal(tape->count, 0);
	assert_int_equal(tape->told.not_ethernet, 1);
	assert_int_equal(tape->told.too_short, 1);
	assert_int_equal(tape->told.too_long, 2);
	add(tape, 0, 1514, 1514);
	memcpy(bytes + 12, "\x81\x00", 2); /* a tag does not count for the MTU */
	add(tape, 0, 1518, 1518);
	assert_int_equal(tape->count, 2);
}

static void memory_has_its_limit(void **state)
{
	struct tape *tape = *state;
	struct weir_packet packet = packet_at(0, 1000, 1000);
	int rc = 0;

	tape->memory_max = 5 << 20;
	while (rc == 0 && tape->count < 100000)
		rc = tape_add(tape, &packet, ETHERNET);
	assert_int_equal(rc, -EFBIG);
	assert_true(tape->memory_bytes <= tape->memory_max);
	assert_true(tape->count > 4000);
}

static void percentiles_are_near(void **state)
{
	struct lateness late = {0};

	assert_int_equal(lateness_percentile_ns(&late, 0.5), 0);
	for (uint64_t n = 1; n <= 100000; n++)
		lateness_note(&late, n, 1);
	assert_in_range(lateness_percentile_ns(&late, 0.5), 46500, 50000);
	assert_in_range(lateness_percentile_ns(&late, 0.99), 92000, 99000);
	assert_int_equal(late.max_ns, 100000);
	lateness_note(&late, UINT64_MAX, 1);
	assert_int_equal(late.max_ns, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_keep_their_distance, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_frame_out_of_order_follows_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(long_gaps_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_not_captured_is_sent_as_zeros, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_sent_is_counted_by_its_reason,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(frames_to_one_station_get_its_address_others_not,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_method_may_limit_frames_more_than_the_mtu, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(memory_has_its_limit, set_up, tear_down),
		cmocka_unit_test(percentiles_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
