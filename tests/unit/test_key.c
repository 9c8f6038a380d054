/* SPDX-License-Identifier: Apache-2.0 */
/* Flow keys: both directions give one key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "key.h"

/* An IP header as far as keys read it. */
static void put_addresses(uint8_t *network, unsigned int version, const uint8_t *source,
			  const uint8_t *destination)
{
	size_t bytes = version == 4 ? 4 : 16;

	memset(network, 0, 40);
	memcpy(network + (version == 4 ? 12 : 8), source, bytes);
	memcpy(network + (version == 4 ? 12 : 8) + bytes, destination, bytes);
}

static void random_bytes(uint8_t *at, size_t count)
{
	while (count--)
		*at++ = (uint8_t)(random() % 3); /* collisions are wanted */
}

static void both_directions_have_one_key_and_opposite_direction_bits(void **state)
{
	uint8_t network[40], a[16], b[16];
	struct flow_key there, back;

	srandom(1);
	for (int round = 0; round < 10000; round++) {
		unsigned int version = round & 1 ? 4 : 6, forward, reverse;
		uint16_t port_a = (uint16_t)(random() % 3), port_b = (uint16_t)(random() % 3);

		random_bytes(a, 16);
		random_bytes(b, 16);
		put_addresses(network, version, a, b);
		forward = flow_key_make(&there, network, version, 17, port_a, port_b, true);
		put_addresses(network, version, b, a);
		reverse = flow_key_make(&back, network, version, 17, port_b, port_a, true);
		assert_memory_equal(&there, &back, sizeof(there));
		if (memcmp(a, b, version == 4 ? 4 : 16) || port_a != port_b)
			assert_int_equal(forward ^ reverse, 1);
	}
}

static void the_short_form_for_ipv4_makes_the_same_key(void **state)
{
	uint8_t network[40], a[16], b[16];
	struct flow_key key;

	srandom(2);
	for (int round = 0; round < 10000; round++) {
		uint16_t port_a = (uint16_t)random(),
			 port_b = (uint16_t)(port_a + random() % 3 - 1);
		bool biflow = round & 1;
		uint64_t address, rest;

		random_bytes(a, 16);
		random_bytes(b, 16);
		put_addresses(network, 4, a, round % 4 ? b : a);
		assert_int_equal(flow_key_make(&key, network, 4, 6, port_a, port_b, biflow),
				 key_make_v4(&address, &rest, key_load64(network + 12),
					     (uint32_t)port_b << 16 | port_a, 6, biflow));
		assert_int_equal(address, key.address[0]);
		assert_int_equal(rest, key.rest);
	}
}

static void uniflow_keys_have_the_sender_first(void **state)
{
	static const uint8_t a[16] = {9}, b[16] = {2};
	uint8_t network[40];
	struct flow_key there, back;

	put_addresses(network, 4, a, b);
	assert_int_equal(flow_key_make(&there, network, 4, 6, 5, 6, false), 0);
	put_addresses(network, 4, b, a);
	assert_int_equal(flow_key_make(&back, network, 4, 6, 6, 5, false), 0);
	assert_memory_not_equal(&there, &back, sizeof(there));
}

static void an_icmp_reply_has_its_requests_key_and_the_opposite_request_has_not(void **state)
{
	static const uint8_t a[16] = {9}, b[16] = {2};
	uint8_t network[40];
	struct flow_key request, reply, opposite;

	put_addresses(network, 4, a, b);
	assert_int_equal(flow_key_make(&request, network, 4, 1, 0, 8 << 8, true), 0);
	put_addresses(network, 4, b, a);
	assert_int_equal(flow_key_make(&reply, network, 4, 1, 0, 0, true), 1);
	assert_int_equal(flow_key_make(&opposite, network, 4, 1, 0, 8 << 8, true), 0);
	assert_memory_equal(&request, &reply, sizeof(request));
	assert_memory_not_equal(&request, &opposite, sizeof(request));
}

static void hashes_of_neighbouring_keys_fill_sets_evenly(void **state)
{
	enum { SETS = 1024, KEYS = 64 * SETS };
	static uint32_t set[SETS];
	struct flow_seed seed;
	uint32_t most = 0;

	flow_seed_init(&seed, 3);
	for (uint32_t i = 0; i < KEYS; i++) {
		uint64_t hash =
			key_hash_v4(htobe64(UINT64_C(0x0a00000001020304) + ((uint64_t)i << 32)),
				    key_rest(6, 80, 1024), &seed);
		uint32_t *count = &set[(hash >> 32) * SETS >> 32];

		if (++*count > most)
			most = *count;
	}
	assert_true(most < 64 + 6 * 8); /* six standard deviations */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_have_one_key_and_opposite_direction_bits),
		cmocka_unit_test(the_short_form_for_ipv4_makes_the_same_key),
		cmocka_unit_test(uniflow_keys_have_the_sender_first),
		cmocka_unit_test(
			an_icmp_reply_has_its_requests_key_and_the_opposite_request_has_not),
		cmocka_unit_test(hashes_of_neighbouring_keys_fill_sets_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
