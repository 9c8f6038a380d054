/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packet/lane.h"

enum { PACKETS = 300000, LONGEST = 1500 };

static uint8_t pattern[LONGEST + 256];

/* Packet n: its length and bytes follow from its number. */
static struct weir_packet numbered(uint64_t n)
{
	return (struct weir_packet){.bytes = pattern + n % 256,
				    .time_ns = n,
				    .captured_len = (uint32_t)(n * 7919 % LONGEST),
				    .wire_len = LONGEST};
}

static void assert_is(const struct lane_packet *record, uint64_t n)
{
	struct weir_packet expected = numbered(n);

	assert_int_equal(record->packet.time_ns, n);
	assert_int_equal(record->packet.captured_len, expected.captured_len);
	assert_memory_equal(record->packet.bytes, expected.bytes, expected.captured_len);
}

static void a_full_lane_takes_no_more_until_something_is_given_back(void **state)
{
	struct lane *lane;
	uint64_t put = 0, taken = 0;
	struct weir_packet packet;

	assert_int_equal(lane_open(LANE_BYTES_MIN, &lane), 0);
	for (packet = numbered(0); lane_put(lane, 1, &packet, 1, 0); packet = numbered(put))
		put++;
	assert_true(put > LANE_BYTES_MIN / (LONGEST + 100));
	assert_true(lane_is_half_full(lane));
	for (; lane_peek(lane); lane_skip(lane))
		assert_is(lane_peek(lane), taken++);
	assert_int_equal(taken, put);
	assert_int_equal(lane_put(lane, 1, &packet, 1, 0), 0); /* skipped is not given back */
	lane_give_back(lane);
	assert_int_equal(lane_put(lane, 1, &packet, 1, 0), 1);
	lane_close(lane);
}

static void what_was_dropped_goes_with_the_first_packet_that_fits(void **state)
{
	const struct weir_packet packets[] = {numbered(1), numbered(2)};
	struct lane *lane;

	assert_int_equal(lane_open(LANE_BYTES_MIN, &lane), 0);
	assert_null(lane_peek(lane));
	assert_int_equal(lane_put(lane, 5, packets, 2, 17), 2);
	assert_int_equal(lane_peek(lane)->dropped, 17);
	assert_int_equal(lane_peek(lane)->tag, 5);
	lane_skip(lane);
	assert_int_equal(lane_peek(lane)->dropped, 0);
	lane_skip(lane);
	assert_false(lane_is_over(lane));
	lane_end(lane);
	assert_true(lane_is_over(lane));
	lane_close(lane);
}

static void *give(void *argument)
{
	struct lane *lane = argument;
	struct weir_packet batch[7];

	for (uint64_t n = 0; n < PACKETS;) {
		uint32_t count = 0;

		for (; count < 7 && n + count < PACKETS; count++)
			batch[count] = numbered(n + count);
		count = lane_put(lane, 0, batch, count, 0);
		if (!count)
			sched_yield();
		n += count;
	}
	lane_end(lane);
	return NULL;
}

static void two_threads_see_all_packets_in_order(void **state)
{
	struct lane *lane;
	pthread_t giver;
	uint64_t n = 0;

	assert_int_equal(lane_open(LANE_BYTES_MIN, &lane), 0);
	assert_int_equal(pthread_create(&giver, NULL, give, lane), 0);
	while (!lane_is_over(lane)) {
		if (!lane_peek(lane))
			sched_yield();
		for (; lane_peek(lane); lane_skip(lane))
			assert_is(lane_peek(lane), n++);
		lane_give_back(lane);
	}
	pthread_join(giver, NULL);
	assert_int_equal(n, PACKETS);
	lane_close(lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_lane_takes_no_more_until_something_is_given_back),
		cmocka_unit_test(what_was_dropped_goes_with_the_first_packet_that_fits),
		cmocka_unit_test(two_threads_see_all_packets_in_order),
	};

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
