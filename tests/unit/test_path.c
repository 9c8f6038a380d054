/* SPDX-License-Identifier: Apache-2.0 */
/* The path sink, fed by hand with the same packets as they look at several hooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "weir/path.h"

enum { ETHERNET_BYTES = 14, FRAME_BYTES = ETHERNET_BYTES + 20 + 8 + 8 };

/* Interface 0: AF_PACKET; 1: tc; 2: prerouting (without an Ethernet header). */
static const enum weir_path_hook incoming[] = {WEIR_PATH_PACKET_IN, WEIR_PATH_TC_IN,
					       WEIR_PATH_PREROUTING};
static const enum weir_path_hook outgoing[] = {WEIR_PATH_PACKET_OUT, WEIR_PATH_TC_OUT,
					       WEIR_PATH_NONE};

struct world {
	struct weir_sink *sink;
	struct weir_row row;
};

static struct world open_world(void)
{
	struct weir_path_settings settings;
	struct world world = {0};

	for (int i = 0; i < WEIR_PATH_SOURCES_MAX; i++) {
		settings.incoming[i] = i < 3 ? incoming[i] : WEIR_PATH_NONE;
		settings.outgoing[i] = i < 3 ? outgoing[i] : WEIR_PATH_NONE;
	}
	assert_int_equal(weir_sink_open_path(&settings, &world.sink), 0);
	return world;
}

/* A UDP packet with a number in its payload, and any checksum. */
static void make_frame(uint8_t frame[FRAME_BYTES], uint8_t number, uint8_t checksum, uint8_t ttl)
{
	uint8_t *ip = frame + ETHERNET_BYTES;

	memset(frame, 0, FRAME_BYTES);
	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[3] = 36;
	ip[8] = ttl;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	ip[21] = 53;
	ip[26] = checksum;
	ip[28] = number;
}

static void give(struct world *world, uint32_t interface, uint64_t time_ns, uint8_t number,
		 uint8_t checksum, uint16_t flags)
{
	uint8_t frame[FRAME_BYTES];
	bool is_raw = flags & WEIR_PACKET_RAW_IP;
	struct weir_packet packet = {
		.bytes = frame + (is_raw ? ETHERNET_BYTES : 0),
		.captured_len = FRAME_BYTES - (is_raw ? ETHERNET_BYTES : 0),
		.wire_len = FRAME_BYTES - (is_raw ? ETHERNET_BYTES : 0),
		.interface = interface,
		.time_ns = time_ns,
		.flags = flags,
	};
	const struct weir_batch batch = {.packets = &packet, .count = 1};

	make_frame(frame, number, checksum, (uint8_t)(64 - interface));
	assert_int_equal(world->sink->ops->consume(world->sink, &world->row, &batch, NULL), 0);
}

static void finish(struct world *world, struct weir_path_result results[WEIR_PATH_COUNT])
{
	assert_int_equal(world->sink->ops->finish(world->sink), 0);
	weir_path_results(world->sink, results);
	world->sink->ops->close(world->sink);
}

static void a_packet_is_recognised_in_spite_of_checksum_hops_and_link_header(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();

	/* the hooks' batches do not come in the packets' order */
	give(&world, 2, 5000, 1, 9, WEIR_PACKET_RAW_IP);
	give(&world, 0, 1000, 1, 7, WEIR_PACKET_HOST);
	give(&world, 1, 2000, 1, 8, WEIR_PACKET_HOST);
	finish(&world, results);
	assert_int_equal(weir_cell_get(&world.row.out), 3);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].before, WEIR_PATH_NONE);
	assert_int_equal(results[WEIR_PATH_TC_IN].before, WEIR_PATH_PACKET_IN);
	assert_int_equal(results[WEIR_PATH_TC_IN].delays, 1);
	assert_int_equal(results[WEIR_PATH_TC_IN].max_ns, 1000);
	assert_int_equal(results[WEIR_PATH_PREROUTING].max_ns, 3000);
	assert_in_range(results[WEIR_PATH_PREROUTING].median_ns, 2700, 3300);
	assert_int_equal(results[WEIR_PATH_PREROUTING].missing, 0);
}

static void what_goes_no_further_is_missing_at_the_next_hook_only(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();

	give(&world, 0, 1000, 1, 0, WEIR_PACKET_HOST);
	give(&world, 0, 1000, 2, 0, WEIR_PACKET_HOST);
	give(&world, 1, 2000, 2, 0, WEIR_PACKET_HOST);
	finish(&world, results);
	assert_int_equal(results[WEIR_PATH_TC_IN].missing, 1);
	assert_int_equal(results[WEIR_PATH_PREROUTING].missing, 1);
	assert_int_equal(results[WEIR_PATH_PREROUTING].frames, 0);
}

static void twins_are_counted_but_not_timed(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();

	give(&world, 0, 1000, 1, 0, WEIR_PACKET_HOST);
	give(&world, 0, 1500, 1, 0, WEIR_PACKET_HOST);
	give(&world, 1, 2000, 1, 0, WEIR_PACKET_HOST);
	finish(&world, results);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].frames, 2);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].known, 1);
	assert_int_equal(results[WEIR_PATH_TC_IN].delays, 0);
}

/* A super-packet of which the source was not told how it was cut. */
static void frames_whose_wire_packets_cannot_be_told_are_counted_so(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();

	give(&world, 0, 1000, 1, 0, WEIR_PACKET_HOST);
	give(&world, 0, 1000, 2, 0, WEIR_PACKET_HOST | WEIR_PACKET_SUPER);
	give(&world, 1, 2000, 1, 0, WEIR_PACKET_HOST);
	finish(&world, results);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].frames, 2);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].wire, 1);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].wire_unknown, 1);
	assert_int_equal(results[WEIR_PATH_TC_IN].wire_unknown, 0);
}

static void the_direction_tells_the_hook(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();

	give(&world, 1, 1000, 1, 0, WEIR_PACKET_OUTGOING);
	give(&world, 0, 1700, 1, 0, WEIR_PACKET_OUTGOING);
	finish(&world, results);
	assert_int_equal(results[WEIR_PATH_TC_OUT].frames, 1);
	assert_int_equal(results[WEIR_PATH_PACKET_OUT].max_ns, 700);
	assert_int_equal(results[WEIR_PATH_TC_IN].frames, 0);
}

/* A drop, as it is told of: interface 3 is no hook. */
static void tell_drop(struct world *world, uint8_t number, uint16_t reason)
{
	uint8_t frame[FRAME_BYTES];
	struct weir_packet packet = {
		.bytes = frame + ETHERNET_BYTES,
		.captured_len = FRAME_BYTES - ETHERNET_BYTES,
		.wire_len = FRAME_BYTES - ETHERNET_BYTES,
		.interface = 3,
		.flags = WEIR_PACKET_RAW_IP | WEIR_PACKET_DROPPED | WEIR_PACKET_HOST,
		.drop_reason = reason,
	};
	const struct weir_batch batch = {.packets = &packet, .count = 1};

	make_frame(frame, number, 0, 64);
	if (!number) /* what is not IP has no bytes */
		packet.captured_len = 0;
	world->sink->ops->consume(world->sink, &world->row, &batch, NULL);
}

static void a_drop_comes_behind_the_last_hook_that_was_passed(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	const struct weir_path_drop *drops;
	struct world world = open_world();
	uint64_t others;

	tell_drop(&world, 1, 12); /* before the hooks' own batches come */
	give(&world, 0, 1000, 1, 0, WEIR_PACKET_HOST);
	give(&world, 2, 3000, 1, 0, WEIR_PACKET_RAW_IP);
	give(&world, 0, 1000, 2, 0, WEIR_PACKET_HOST);
	give(&world, 2, 3000, 2, 0, WEIR_PACKET_RAW_IP);
	tell_drop(&world, 2, 12);
	give(&world, 0, 1000, 3, 0, WEIR_PACKET_HOST);
	tell_drop(&world, 3, 12);
	tell_drop(&world, 0, 74);
	assert_int_equal(world.sink->ops->finish(world.sink), 0);
	weir_path_results(world.sink, results);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].frames, 3);
	assert_int_equal(weir_path_drops(world.sink, &drops, &others), 3);
	assert_int_equal(others, 0);
	assert_int_equal(drops[0].after, WEIR_PATH_PREROUTING); /* the most frequent first */
	assert_int_equal(drops[0].frames, 2);
	assert_int_equal(drops[0].wire, 2);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(drops[i].frames, 1);
		assert_int_equal(drops[i].after,
				 drops[i].reason == 12 ? WEIR_PATH_PACKET_IN : WEIR_PATH_NONE);
	}
	world.sink->ops->close(world.sink);
}

static void more_kinds_of_drops_than_places_are_summed_up(void **state)
{
	const struct weir_path_drop *drops;
	struct world world = open_world();
	uint64_t others;

	for (uint16_t reason = 0; reason < WEIR_PATH_DROPS_MAX + 10; reason++)
		tell_drop(&world, 0, reason);
	assert_int_equal(weir_path_drops(world.sink, &drops, &others), WEIR_PATH_DROPS_MAX);
	assert_int_equal(others, 10);
	world.sink->ops->close(world.sink);
}

static void many_packets_do_not_fill_the_table_for_ever(void **state)
{
	struct weir_path_result results[WEIR_PATH_COUNT];
	struct world world = open_world();
	uint8_t frame[FRAME_BYTES];
	struct weir_packet packet = {.bytes = frame, .captured_len = FRAME_BYTES};
	const struct weir_batch batch = {.packets = &packet, .count = 1};

	make_frame(frame, 0, 0, 64);
	for (uint32_t i = 0; i < 300000; i++) {
		memcpy(frame + FRAME_BYTES - 4, &i, 4);
		world.sink->ops->consume(world.sink, &world.row, &batch, NULL);
	}
	finish(&world, results);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].frames, 300000);
	assert_int_equal(results[WEIR_PATH_PACKET_IN].known, 300000);
	assert_int_equal(results[WEIR_PATH_TC_IN].missing, 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_recognised_in_spite_of_checksum_hops_and_link_header),
		cmocka_unit_test(what_goes_no_further_is_missing_at_the_next_hook_only),
		cmocka_unit_test(twins_are_counted_but_not_timed),
		cmocka_unit_test(frames_whose_wire_packets_cannot_be_told_are_counted_so),
		cmocka_unit_test(the_direction_tells_the_hook),
		cmocka_unit_test(a_drop_comes_behind_the_last_hook_that_was_passed),
		cmocka_unit_test(more_kinds_of_drops_than_places_are_summed_up),
		cmocka_unit_test(many_packets_do_not_fill_the_table_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
