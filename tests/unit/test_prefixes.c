/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/prefixes.h"

static struct weir_prefixes *parse(const char *text)
{
	struct weir_prefixes *prefixes;
	struct weir_error error;

	if (weir_prefixes_parse(text, strlen(text), &prefixes, &error) < 0)
		fail_msg("%s", error.text);
	return prefixes;
}

/* The AS number that is found, -1 for none. */
static long as_of(const struct weir_prefixes *prefixes, const char *text)
{
	const struct weir_prefix *found;
	uint8_t address[16];
	int version = strchr(text, ':') ? 6 : 4;

	assert_int_equal(inet_pton(version == 6 ? AF_INET6 : AF_INET, text, address), 1);
	found = weir_prefixes_find(prefixes, (unsigned int)version, address);
	return found ? (long)found->as_number : -1;
}

static void the_longest_prefix_counts(void **state)
{
	struct weir_prefixes *prefixes = parse("10.1.2.0/24 3\n10.0.0.0/8 1\n10.1.0.0/16 2\n"
					       "10.255.255.255/32 4\n192.0.2.0/24 5");

	assert_int_equal(as_of(prefixes, "9.255.255.255"), -1);
	assert_int_equal(as_of(prefixes, "10.0.0.0"), 1);
	assert_int_equal(as_of(prefixes, "10.1.1.255"), 2);
	assert_int_equal(as_of(prefixes, "10.1.2.0"), 3);
	assert_int_equal(as_of(prefixes, "10.1.3.0"), 2);
	assert_int_equal(as_of(prefixes, "10.2.0.0"), 1);
	assert_int_equal(as_of(prefixes, "10.255.255.255"), 4);
	assert_int_equal(as_of(prefixes, "11.0.0.0"), -1);
	assert_int_equal(as_of(prefixes, "192.0.2.255"), 5);
	assert_int_equal(as_of(prefixes, "255.255.255.255"), -1);
	assert_int_equal(as_of(prefixes, "::1"), -1);
	weir_prefixes_close(prefixes);
}

static void the_ends_of_the_address_space_are_no_exception(void **state)
{
	struct weir_prefixes *prefixes = parse("0.0.0.0/0 1\n255.0.0.0/8 2\n::/0 3\n"
					       "ffff::/16 4\n");

	assert_int_equal(as_of(prefixes, "0.0.0.0"), 1);
	assert_int_equal(as_of(prefixes, "254.255.255.255"), 1);
	assert_int_equal(as_of(prefixes, "255.255.255.255"), 2);
	assert_int_equal(as_of(prefixes, "::"), 3);
	assert_int_equal(as_of(prefixes, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 4);
	weir_prefixes_close(prefixes);
}

static void next_hop_and_length_are_told(void **state)
{
	struct weir_prefixes *prefixes = parse("# all that there is\n\n"
					       "192.0.2.0/24 64500 198.51.100.1 # a comment\r\n");
	const struct weir_prefix *found =
		weir_prefixes_find(prefixes, 4, (const uint8_t[]){192, 0, 2, 7});

	assert_non_null(found);
	assert_int_equal(found->bits, 24);
	assert_memory_equal(found->next_hop, ((uint8_t[]){198, 51, 100, 1}), 4);
	weir_prefixes_close(prefixes);
}

static void of_the_same_prefix_the_later_line_counts(void **state)
{
	struct weir_prefixes *prefixes = parse("10.0.0.0/8 1\n10.0.0.0/8 2\n");

	assert_int_equal(as_of(prefixes, "10.0.0.1"), 2);
	assert_int_equal(as_of(prefixes, "11.0.0.0"), -1);
	weir_prefixes_close(prefixes);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"10.0.0.0", "line 1: '10.0.0.0' is no prefix: it has no length"},
		{"\n10.0.0/8", "line 2: '10.0.0' is no address"},
		{"10.0.0.0/33", "line 1: '33' is no length of a prefix"},
		{"10.0.0.1/8", "line 1: '10.0.0.1' has bits beyond its length 8"},
		{"10.0.0.0/8 x", "line 1: 'x' is no AS number"},
		{"10.0.0.0/8 1 fe80::1", "line 1: 'fe80::1' is no next hop of IPv4"},
		{"10.0.0.0/8 1 10.0.0.1 2",
		 "line 1: more than a prefix, an AS number and a next hop"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct weir_prefixes *prefixes;
		struct weir_error error;

		assert_int_equal(weir_prefixes_parse(cases[i].text, strlen(cases[i].text),
						     &prefixes, &error),
				 -EINVAL);
		assert_string_equal(error.text, cases[i].told);
	}
}

/* Random nested prefixes, against looking through all of them. */
static void any_table_finds_what_a_walk_finds(void **state)
{
	enum { PREFIXES = 300, LOOKUPS = 3000 };
	uint32_t first[PREFIXES], bits[PREFIXES];
	char text[PREFIXES * 40];
	struct weir_prefixes *prefixes;
	size_t used = 0;

	srand(1);
	for (int i = 0; i < PREFIXES; i++) {
		bits[i] = 1 + (uint32_t)rand() % 12;
		first[i] = (uint32_t)rand() << 20 & ~(UINT32_MAX >> bits[i]);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%u.%u.%u.%u/%u %d\n",
					 first[i] >> 24, first[i] >> 16 & 255, first[i] >> 8 & 255,
					 first[i] & 255, bits[i], i);
	}
	prefixes = parse(text);
	for (int n = 0; n < LOOKUPS; n++) {
		uint32_t address = (uint32_t)rand() << 16 ^ (uint32_t)rand();
		uint32_t big_endian = htonl(address);
		const struct weir_prefix *found =
			weir_prefixes_find(prefixes, 4, (const uint8_t *)&big_endian);
		int best = -1;

		for (int i = 0; i < PREFIXES; i++)
			if (!((address ^ first[i]) >> (32 - bits[i])) &&
			    (best < 0 || bits[i] >= bits[best]))
				best = i;
		assert_int_equal(found ? (int)found->as_number : -1, best);
	}
	weir_prefixes_close(prefixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_counts),
		cmocka_unit_test(the_ends_of_the_address_space_are_no_exception),
		cmocka_unit_test(next_hop_and_length_are_told),
		cmocka_unit_test(of_the_same_prefix_the_later_line_counts),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(any_table_finds_what_a_walk_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
