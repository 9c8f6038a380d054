/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heavy.h"

enum { FRAME_BYTES = 42, BATCHES = 1000, LINKTYPE_ETHERNET = 1 };

/* Ethernet, IPv4, UDP from 10.0.x.y to 10.0.0.1. */
static void make_frame(uint8_t frame[FRAME_BYTES], uint16_t source)
{
	memset(frame, 0, FRAME_BYTES);
	frame[12] = 8;
	memcpy(frame + 14, (uint8_t[]){0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17}, 10);
	memcpy(frame + 26, (uint8_t[]){10, 0, (uint8_t)(source >> 8), (uint8_t)source, 10, 0, 0, 1},
	       8);
	frame[39] = 8; /* UDP length */
}

static struct weir_interfaces *one_interface(void)
{
	struct weir_interfaces *interfaces;

	assert_int_equal(weir_interfaces_open(&interfaces), 0);
	assert_int_equal(weir_interfaces_add(interfaces,
					     &(struct weir_interface){
						     .link_type = LINKTYPE_ETHERNET, .name = "t0"}),
			 0);
	return interfaces;
}

/* One packet a batch; of 'heavy_of_ten' in ten the source is 10.0.9.9, else one of many. */
static void feed(struct heavy *heavy, const struct weir_interfaces *interfaces, int heavy_of_ten)
{
	uint8_t frame[FRAME_BYTES];
	struct weir_packet packet = {
		.bytes = frame, .captured_len = FRAME_BYTES, .wire_len = FRAME_BYTES};
	struct weir_batch batch = {.packets = &packet, .count = 1};

	for (int i = 0; i < BATCHES; i++) {
		make_frame(frame, i % 10 < heavy_of_ten ? 0x0909 : (uint16_t)i);
		heavy_look(heavy, &batch, interfaces);
	}
}

static void a_heavy_pair_among_many_is_found(void **state)
{
	struct weir_interfaces *interfaces = one_interface();
	struct heavy one = {0}, two = {0};
	const struct heavy *workers[] = {&one, &two};
	struct weir_heavy_pair found[2];

	feed(&one, interfaces, 9);
	feed(&two, interfaces, 0);
	assert_int_equal(heavy_find(workers, 2, 4, found, 2), 1); /* 45 % is more than a quarter */
	assert_int_equal(found[0].ip_version, 4);
	assert_memory_equal(found[0].address[0], ((uint8_t[]){10, 0, 0, 1}), 4);
	assert_memory_equal(found[0].address[1], ((uint8_t[]){10, 0, 9, 9}), 4);
	assert_in_range((int)(found[0].share * 100), 41, 45);
	assert_int_equal(heavy_find(workers, 2, 2, found, 2), 0); /* but not than a half */
	weir_interfaces_close(interfaces);
}

static void a_pair_spread_over_workers_is_one(void **state)
{
	struct weir_interfaces *interfaces = one_interface();
	struct heavy one = {0}, two = {0};
	const struct heavy *workers[] = {&one, &two};
	struct weir_heavy_pair found[2];

	feed(&one, interfaces, 8);
	feed(&two, interfaces, 6);
	assert_int_equal(heavy_find(workers, 2, 2, found, 2), 1);
	assert_in_range((int)(found[0].share * 100), 64, 70);
	weir_interfaces_close(interfaces);
}

static void a_few_packets_tell_nothing(void **state)
{
	struct weir_interfaces *interfaces = one_interface();
	struct heavy one = {0};
	const struct heavy *workers[] = {&one};
	struct weir_heavy_pair found[1];
	uint8_t frame[FRAME_BYTES];
	struct weir_packet packet = {
		.bytes = frame, .captured_len = FRAME_BYTES, .wire_len = FRAME_BYTES};
	struct weir_batch batch = {.packets = &packet, .count = 1};

	make_frame(frame, 1);
	heavy_look(&one, &batch, interfaces);
	assert_int_equal(heavy_find(workers, 1, 2, found, 1), 0);
	weir_interfaces_close(interfaces);
}

static void what_is_not_ip_is_no_pair(void **state)
{
	struct weir_interfaces *interfaces = one_interface();
	struct heavy one = {0};
	const struct heavy *workers[] = {&one};
	struct weir_heavy_pair found[1];
	uint8_t frame[FRAME_BYTES] = {[12] = 8, [13] = 6}; /* ARP */
	struct weir_packet packet = {
		.bytes = frame, .captured_len = FRAME_BYTES, .wire_len = FRAME_BYTES};
	struct weir_batch batch = {.packets = &packet, .count = 1};

	for (int i = 0; i < BATCHES; i++)
		heavy_look(&one, &batch, interfaces);
	assert_int_equal(heavy_find(workers, 1, 2, found, 1), 0);
	weir_interfaces_close(interfaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_heavy_pair_among_many_is_found),
		cmocka_unit_test(a_pair_spread_over_workers_is_one),
		cmocka_unit_test(a_few_packets_tell_nothing),
		cmocka_unit_test(what_is_not_ip_is_no_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
