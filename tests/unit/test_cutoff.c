/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cutoff.h"

enum { WANTED_BYTES = 250, SECOND = 1000000000, TCP = 6, UDP = 17, SYN = 0x02, ACK = 0x10 };

/* An IPv4 header of which only the addresses matter. */
static uint8_t frame[20];
static struct weir_packet packet = {.bytes = frame, .captured_len = sizeof(frame), .wire_len = 100};
static struct weir_headers headers = {.ip_version = 4, .protocol = UDP};

static bool wants(struct cutoff *cutoff, uint32_t source, uint16_t source_port,
		  uint32_t destination, uint16_t destination_port, uint64_t time_ns)
{
	memcpy(frame + 12, &source, sizeof(source));
	memcpy(frame + 16, &destination, sizeof(destination));
	headers.source_port = source_port;
	headers.destination_port = destination_port;
	packet.time_ns = time_ns;
	return cutoff_wants(cutoff, &packet, &headers);
}

static int set_up(void **state)
{
	headers = (struct weir_headers){.ip_version = 4, .protocol = UDP};
	return cutoff_open(WANTED_BYTES, (struct cutoff **)state);
}

static int tear_down(void **state)
{
	cutoff_close(*state);
	return 0;
}

static void packets_that_begin_within_the_first_bytes_are_wanted(void **state)
{
	assert_true(wants(*state, 1, 10, 2, 20, 1));
	assert_true(wants(*state, 1, 10, 2, 20, 2));
	assert_true(wants(*state, 1, 10, 2, 20, 3)); /* begins at 200 */
	assert_false(wants(*state, 1, 10, 2, 20, 4));
	assert_true(wants(*state, 1, 11, 2, 20, 5)); /* another flow */
}

static void both_directions_are_one_flow(void **state)
{
	assert_true(wants(*state, 1, 10, 2, 20, 1));
	assert_true(wants(*state, 2, 20, 1, 10, 2));
	assert_true(wants(*state, 1, 10, 2, 20, 3));
	assert_false(wants(*state, 2, 20, 1, 10, 4));
	assert_true(wants(*state, 2, 10, 1, 20, 5)); /* the ports are at the other ends */
}

static void after_a_silence_or_a_syn_it_is_a_new_flow(void **state)
{
	headers.protocol = TCP;
	for (uint64_t i = 1; i < 6; i++)
		wants(*state, 1, 10, 2, 20, i);
	assert_false(wants(*state, 1, 10, 2, 20, CUTOFF_IDLE_S * (uint64_t)SECOND));
	assert_true(wants(*state, 1, 10, 2, 20, (2 * CUTOFF_IDLE_S + 1) * (uint64_t)SECOND));
	for (uint64_t i = 0; i < 6; i++)
		wants(*state, 1, 10, 2, 20, (2 * CUTOFF_IDLE_S + 1) * (uint64_t)SECOND);
	headers.tcp_flags = SYN | ACK;
	assert_false(wants(*state, 1, 10, 2, 20, (2 * CUTOFF_IDLE_S + 1) * (uint64_t)SECOND));
	headers.tcp_flags = SYN;
	assert_true(wants(*state, 1, 10, 2, 20, (2 * CUTOFF_IDLE_S + 1) * (uint64_t)SECOND));
}

static void what_is_not_ip_is_wanted(void **state)
{
	headers.ip_version = 0;
	for (int i = 0; i < 10; i++)
		assert_true(wants(*state, 1, 0, 2, 0, 1));
}

static void more_flows_than_there_is_room_for_do_no_harm(void **state)
{
	for (uint32_t i = 0; i < 2 * CUTOFF_FLOWS_MAX; i++)
		assert_true(wants(*state, i, 10, ~i, 20, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			packets_that_begin_within_the_first_bytes_are_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_directions_are_one_flow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(after_a_silence_or_a_syn_it_is_a_new_flow, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_ip_is_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_flows_than_there_is_room_for_do_no_harm,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
