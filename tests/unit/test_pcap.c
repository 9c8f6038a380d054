/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes written out by hand from the pcap draft (little-endian). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pcap.h"

static const uint8_t payload[] = {1, 2, 3, 4, 5};
static struct record_interface interfaces[2] = {{.id = 1, .divisor = 1},
						{.id = 1, .divisor = 1000}};

static void the_header_tells_clock_and_link_type(void **state)
{
	/* clang-format off */
	static const uint8_t expected[PCAP_HEADER_BYTES] = {
		0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 113,
	};
	/* clang-format on */
	uint8_t bytes[PCAP_HEADER_BYTES];

	assert_int_equal(pcap_header(bytes, 113, 262144, false), PCAP_HEADER_BYTES);
	assert_memory_equal(bytes, expected, sizeof(expected));
	pcap_header(bytes, 113, 262144, true);
	assert_int_equal(bytes[0], 0x4d);
	assert_int_equal(bytes[1], 0x3c);
}

static void the_length_of_the_fcs_is_kept(void **state)
{
	struct weir_interface interface = {.link_type = 105};

	assert_int_equal(pcap_network(&interface), 105);
	interface.fcs_bytes = 4;
	assert_int_equal(pcap_network(&interface), 0x24000069);
	interface.fcs_bytes = 255; /* more than the field holds */
	assert_int_equal(pcap_network(&interface), 105);
}

static void a_record_has_seconds_and_the_fraction_of_its_file(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		3, 0, 0, 0, 0x15, 0xcd, 0x5b, 0x07, 5, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3, 4, 5, /* ns */
		3, 0, 0, 0, 0x40, 0xe2, 0x01, 0x00, 5, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3, 4, 5, /* us */
	};
	/* clang-format on */
	uint8_t bytes[256];
	struct record_encoder encoder = {.at = bytes,
					 .stop = bytes + 200,
					 .until_ns = UINT64_MAX,
					 .snaplen = 96,
					 .interfaces = interfaces};
	struct weir_packet packets[2] = {
		{.bytes = payload, .time_ns = 3123456789, .captured_len = 5, .wire_len = 60},
		{.bytes = payload,
		 .time_ns = 3123456789,
		 .captured_len = 5,
		 .wire_len = 60,
		 .interface = 1},
	};

	assert_int_equal(pcap_packets(&encoder, packets, 2), 2);
	assert_int_equal(encoder.at - bytes, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(encoder.copies, 2);
}

static void the_walk_counts_whole_records_only(void **state)
{
	uint8_t bytes[256];
	struct record_encoder encoder = {.at = bytes,
					 .stop = bytes + 200,
					 .until_ns = UINT64_MAX,
					 .snaplen = 4,
					 .interfaces = interfaces};
	struct weir_packet packets[2] = {
		{.bytes = payload, .captured_len = 5, .wire_len = 5},
		{.bytes = payload, .captured_len = 5, .wire_len = 5},
	};
	uint64_t count;

	pcap_packets(&encoder, packets, 2);
	for (size_t length = 0; length <= 40; length++) {
		assert_int_equal(pcap_whole(bytes, length, &count), length / 20 * 20);
		assert_int_equal(count, length / 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_tells_clock_and_link_type),
		cmocka_unit_test(the_length_of_the_fcs_is_kept),
		cmocka_unit_test(a_record_has_seconds_and_the_fraction_of_its_file),
		cmocka_unit_test(the_walk_counts_whole_records_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
