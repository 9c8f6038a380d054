/* SPDX-License-Identifier: Apache-2.0 */
/* The reading side of the tap's rings, against records written by hand as the program would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tap_match.h"
#include "tap_ring.h"

enum { SLOTS = 64, LANES = 2, LIMIT = WEIR_BATCH_PACKETS_MAX };

static const uint8_t own_address[6] = {2, 0, 0, 0, 0, 1};

static uint64_t program_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct tap_ring *new_ring(void)
{
	struct tap_ring *ring = calloc(1, sizeof(*ring));

	assert_non_null(ring);
	ring->slots = SLOTS;
	ring->lane_count = ring->control_count = LANES;
	ring->controls = calloc(LANES, sizeof(*ring->controls));
	ring->records = calloc(LANES * (SLOTS + 1), sizeof(*ring->records));
	ring->lanes = calloc(LANES, sizeof(*ring->lanes));
	ring->batch.packets = ring->packets;
	for (int i = 0; i < LANES; i++)
		ring->lanes[i].records = ring->records + i * SLOTS;
	return ring;
}

static void free_ring(struct tap_ring *ring)
{
	free(ring->controls);
	free(ring->records);
	free(ring->lanes);
	free(ring);
}

/* What bpf/tap_ring.h does for one packet of 60 bytes on CPU 'lane'. */
static struct tap_record *put(struct tap_ring *ring, uint32_t lane, uint64_t time_ns)
{
	struct tap_control *control = &ring->controls[lane];
	struct tap_record *record = ring->lanes[lane].records + (control->produced & (SLOTS - 1));

	control->seen++;
	if (control->produced - control->consumed >= SLOTS) {
		control->ring_full++;
		record = NULL;
	} else {
		memset(record->bytes, 0, sizeof(record->bytes));
		memcpy(record->bytes, own_address, 6);
		record->bytes[59] = (uint8_t)control->produced;
		record->shape = 60 | 60 << TAP_CAPTURED_SHIFT | WEIR_PACKET_HOST << TAP_TYPE_SHIFT;
		record->gso_size = record->vlan_tci = 0;
		record->time = time_ns | (control->produced & SLOTS ? 0 : TAP_LAP_BIT);
		control->produced++;
	}
	control->done++;
	return record;
}

static uint32_t take(struct tap_ring *ring, uint32_t limit)
{
	return tap_ring_next(ring, limit, 3, own_address, 0);
}

static void records_of_all_cpus_come_in_order_of_time(void **state)
{
	struct tap_ring *ring = new_ring();
	uint64_t base_ns = program_now_ns() - 1000000000;

	for (uint64_t i = 0; i < 20; i++)
		put(ring, i % 3 == 0, base_ns + 1000 * i);
	assert_int_equal(take(ring, LIMIT), 20);
	for (int i = 0; i < 19; i++)
		assert_int_equal(ring->packets[i + 1].time_ns - ring->packets[i].time_ns, 1000);
	assert_int_equal(ring->packets[0].interface, 3);
	assert_int_equal(ring->packets[0].wire_len, 60);
	assert_int_equal(ring->packets[0].captured_len, 60);
	tap_ring_release(ring);
	assert_int_equal(ring->controls[0].consumed, ring->controls[0].produced);
	assert_int_equal(ring->controls[1].consumed, ring->controls[1].produced);
	free_ring(ring);
}

static void what_is_too_fresh_waits_unless_the_end_has_come(void **state)
{
	struct tap_ring *ring = new_ring();

	put(ring, 0, program_now_ns() + 1000000000);
	assert_int_equal(take(ring, LIMIT), 0);
	ring->is_ending = true;
	assert_int_equal(take(ring, LIMIT), 1);
	free_ring(ring);
}

static void the_lap_bit_tells_old_records_from_new_ones(void **state)
{
	struct tap_ring *ring = new_ring();

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < SLOTS - 7; i++)
			put(ring, 0, 1000);
		assert_int_equal(take(ring, LIMIT), SLOTS - 7);
		tap_ring_release(ring);
		assert_int_equal(take(ring, LIMIT), 0);
	}
	free_ring(ring);
}

static void a_full_ring_loses_and_says_how_many(void **state)
{
	struct tap_ring *ring = new_ring();
	struct tap_snapshot now;

	for (int i = 0; i < SLOTS + 9; i++)
		put(ring, 1, 1000);
	assert_true(tap_ring_snapshot(ring, &now));
	assert_int_equal(now.seen, SLOTS + 9);
	assert_int_equal(now.ring_full, 9);
	assert_int_equal(take(ring, LIMIT), SLOTS);
	assert_int_equal(ring->batch.dropped, 9);
	tap_ring_release(ring);
	free_ring(ring);
}

static void behind_a_cut_packets_wait_for_those_before_it(void **state)
{
	struct tap_ring *ring = new_ring();
	struct tap_snapshot now;

	put(ring, 0, 5000);
	assert_true(tap_ring_snapshot(ring, &now));
	put(ring, 1, 1000); /* older, but it came after the cut */
	assert_int_equal(take(ring, LIMIT), 1);
	assert_int_equal(ring->lanes[0].position, 1);
	tap_ring_release(ring);
	assert_int_equal(take(ring, LIMIT), 1);
	assert_int_equal(ring->lanes[1].position, 1);
	free_ring(ring);
}

static void a_program_in_between_makes_no_cut(void **state)
{
	struct tap_ring *ring = new_ring();
	struct tap_snapshot now;

	ring->controls[1].seen++;
	assert_false(tap_ring_snapshot(ring, &now));
	ring->controls[1].done++;
	assert_true(tap_ring_snapshot(ring, &now));
	free_ring(ring);
}

static void a_vlan_tag_is_put_back(void **state)
{
	static const uint8_t tag[4] = {0x88, 0xa8, 0x60, 0x64};
	struct tap_ring *ring = new_ring();
	struct tap_record *record = put(ring, 0, 1000);

	record->shape |= TAP_VLAN | TAP_VLAN_8021AD;
	record->vlan_tci = 0x6064;
	record->gso_size = 1448;
	assert_int_equal(take(ring, LIMIT), 1);
	assert_int_equal(ring->packets[0].captured_len, 64);
	assert_int_equal(ring->packets[0].wire_len, 64);
	assert_int_equal(ring->packets[0].gso_size, 1448);
	assert_true(ring->batch.has_gso);
	assert_int_equal(ring->packets[0].vlan_tci, 0x6064);
	assert_memory_equal(ring->packets[0].bytes, own_address, 6);
	assert_memory_equal(ring->packets[0].bytes + 12, tag, 4);
	assert_true(ring->packets[0].flags & WEIR_PACKET_VLAN_RESTORED);
	tap_ring_release(ring);
	assert_int_equal(take(ring, LIMIT), 0); /* the first word is still the old lap's */
	free_ring(ring);
}

static void places_of_packets_that_did_not_match_are_passed_over(void **state)
{
	struct tap_ring *ring = new_ring();

	put(ring, 0, 1000)->shape = TAP_EMPTY;
	put(ring, 0, 2000);
	assert_int_equal(take(ring, LIMIT), 1);
	tap_ring_release(ring);
	put(ring, 0, 3000)->shape = TAP_EMPTY;
	assert_int_equal(take(ring, LIMIT), 0);
	assert_int_equal(ring->controls[0].consumed, 3);
	free_ring(ring);
}

static void a_packet_of_no_bytes_is_a_packet(void **state)
{
	struct tap_ring *ring = new_ring();

	put(ring, 0, 1000)->shape = 0; /* of no length, and for this host: PACKET_HOST is 0 */
	assert_int_equal(take(ring, LIMIT), 1);
	assert_int_equal(ring->packets[0].wire_len, 0);
	assert_int_equal(ring->packets[0].captured_len, 0);
	free_ring(ring);
}

static void options_become_a_match(void **state)
{
	struct tap_match_options options = {.port = 53, .vlan = TAP_MATCH_NONE};
	struct weir_error error;
	struct tap_match match;

	strcpy(options.host, "10.20.0.0/12");
	strcpy(options.protocol, "udp");
	assert_int_equal(tap_match_parse(&options, &match, &error), 0);
	assert_int_equal(match.what, TAP_MATCH_IPV4 | TAP_MATCH_PORT | TAP_MATCH_PROTOCOL);
	assert_int_equal(match.port, 53);
	assert_int_equal(match.protocol, 17);
	assert_memory_equal(match.mask, "\xff\xf0\x00\x00", 4);
	strcpy(options.host, "2001:db8::/33");
	assert_int_equal(tap_match_parse(&options, &match, &error), 0);
	assert_memory_equal(match.mask, "\xff\xff\xff\xff\x80\x00\x00\x00\x00", 9);
	strcpy(options.host, "10.0.0.0/33");
	assert_int_equal(tap_match_parse(&options, &match, &error), -EINVAL);
	strcpy(options.host, "");
	strcpy(options.protocol, "256");
	assert_int_equal(tap_match_parse(&options, &match, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_all_cpus_come_in_order_of_time),
		cmocka_unit_test(what_is_too_fresh_waits_unless_the_end_has_come),
		cmocka_unit_test(the_lap_bit_tells_old_records_from_new_ones),
		cmocka_unit_test(a_full_ring_loses_and_says_how_many),
		cmocka_unit_test(behind_a_cut_packets_wait_for_those_before_it),
		cmocka_unit_test(a_program_in_between_makes_no_cut),
		cmocka_unit_test(a_vlan_tag_is_put_back),
		cmocka_unit_test(places_of_packets_that_did_not_match_are_passed_over),
		cmocka_unit_test(a_packet_of_no_bytes_is_a_packet),
		cmocka_unit_test(options_become_a_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
