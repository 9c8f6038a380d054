/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "weir/filter.h"

enum { ETHERNET = 1, RAW = 101 };

/* IPv4/UDP 10.0.0.1:1000 -> 10.0.0.2:53, as it stands behind an Ethernet header. */
static const uint8_t ip_udp[] = {0x45, 0, 0,  28, 0, 0, 0,    0,    64, 17, 0, 0, 10, 0,
				 0,    1, 10, 0,  0, 2, 0x03, 0xe8, 0,  53, 0, 8, 0,  0};

static struct weir_packet untagged(uint8_t *bytes)
{
	memset(bytes, 0, 64);
	bytes[12] = 8;
	memcpy(bytes + 14, ip_udp, sizeof(ip_udp));
	return (struct weir_packet){.bytes = bytes, .captured_len = 60, .wire_len = 60};
}

static struct weir_packet tagged(uint8_t *bytes, uint16_t tpid, uint16_t id)
{
	memset(bytes, 0, 64);
	bytes[12] = (uint8_t)(tpid >> 8);
	bytes[13] = (uint8_t)tpid;
	bytes[14] = (uint8_t)(id >> 8);
	bytes[15] = (uint8_t)id;
	bytes[16] = 8;
	memcpy(bytes + 18, ip_udp, sizeof(ip_udp));
	return (struct weir_packet){.bytes = bytes, .captured_len = 64, .wire_len = 64};
}

static bool matches(const char *expression, const struct weir_packet *packet)
{
	struct weir_filter *filter;
	struct weir_error error = {0};
	bool yes;

	assert_int_equal(weir_filter_open(expression, &filter, &error), 0);
	assert_int_equal(weir_filter_prepare(filter, ETHERNET, &error), 0);
	yes = weir_filter_match(filter, ETHERNET, packet);
	weir_filter_close(filter);
	return yes;
}

static void an_empty_expression_matches_all(void **state)
{
	uint8_t bytes[64];
	struct weir_packet packet = untagged(bytes);

	assert_true(matches("", &packet));
	assert_true(matches(NULL, &packet));
}

static void wire_bytes_with_a_tag_match_vlan(void **state)
{
	uint8_t bytes[64];
	struct weir_packet plain = untagged(bytes);

	assert_true(matches("udp port 53", &plain));
	assert_false(matches("vlan", &plain));
	struct weir_packet vlan = tagged(bytes, 0x8100, 100);
	assert_true(matches("vlan 100", &vlan));
	assert_false(matches("vlan 101", &vlan));
	assert_true(matches("vlan and udp", &vlan));
	assert_false(matches("udp", &vlan));
}

static void a_link_type_not_prepared_matches_nothing(void **state)
{
	uint8_t bytes[64];
	struct weir_packet packet = untagged(bytes);
	struct weir_filter *filter;

	assert_int_equal(weir_filter_open("udp", &filter, NULL), 0);
	assert_false(weir_filter_match(filter, ETHERNET, &packet));
	weir_filter_close(filter);
}

static void raw_ip_has_its_own_program(void **state)
{
	struct weir_packet packet = {
		.bytes = ip_udp, .captured_len = sizeof(ip_udp), .wire_len = sizeof(ip_udp)};
	struct weir_filter *filter;

	assert_int_equal(weir_filter_open("udp", &filter, NULL), 0);
	assert_int_equal(weir_filter_prepare(filter, RAW, NULL), 0);
	assert_true(weir_filter_match(filter, RAW, &packet));
	weir_filter_close(filter);
}

/* The column of the mark in the last line of an error. */
static long mark_of(const char *expression)
{
	struct weir_filter *filter;
	struct weir_error error = {0};
	const char *line;

	assert_int_equal(weir_filter_open(expression, &filter, &error), 0);
	assert_int_equal(weir_filter_prepare(filter, ETHERNET, &error), -EINVAL);
	weir_filter_close(filter);
	line = strrchr(error.text, '\n');
	assert_non_null(line);
	return strchr(line, '^') - line - 3; /* newline and the indent of two */
}

static void a_faulty_expression_is_marked_at_its_place(void **state)
{
	assert_int_equal(mark_of("tcp prot 80"), 4);
	assert_int_equal(mark_of("tcp port nosuchport"), 9);
	assert_int_equal(mark_of("(tcp or udp) and and ip"), 17);
	assert_int_equal(mark_of("host"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_expression_matches_all),
		cmocka_unit_test(wire_bytes_with_a_tag_match_vlan),
		cmocka_unit_test(a_link_type_not_prepared_matches_nothing),
		cmocka_unit_test(raw_ip_has_its_own_program),
		cmocka_unit_test(a_faulty_expression_is_marked_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
