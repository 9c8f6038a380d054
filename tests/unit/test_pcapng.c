/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks against bytes written out by hand from the pcapng draft (little-endian). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pcapng.h"

static const uint8_t payload[] = {0xaa, 0xbb, 0xcc, 0xdd, 0xee};

static struct record_interface interfaces[2] = {{.id = 1, .divisor = 1},
						{.id = 2, .divisor = 1000}};

static struct record_encoder encoder_into(uint8_t *bytes, size_t length)
{
	return (struct record_encoder){.at = bytes,
				       .stop = bytes + length,
				       .until_ns = UINT64_MAX,
				       .snaplen = RECORD_PACKET_BYTES_MAX,
				       .interfaces = interfaces};
}

static struct weir_packet packet_of(uint32_t interface, uint16_t flags)
{
	return (struct weir_packet){.bytes = payload,
				    .time_ns = 0x0102030405060708,
				    .captured_len = sizeof(payload),
				    .wire_len = 60,
				    .interface = interface,
				    .flags = flags};
}

static void a_packet_without_direction_has_no_options(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		6, 0, 0, 0, 40, 0, 0, 0,    /* enhanced packet block of 40 bytes */
		0, 0, 0, 0,                 /* interface */
		4, 3, 2, 1, 8, 7, 6, 5,     /* time, high half first */
		5, 0, 0, 0, 60, 0, 0, 0,    /* captured, on the wire */
		0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0, 0, 0,
		40, 0, 0, 0,
	};
	/* clang-format on */
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 100);
	struct weir_packet packet = packet_of(0, WEIR_PACKET_DIRECTION_UNKNOWN);

	assert_int_equal(pcapng_packets(&encoder, &packet, 1), 1);
	assert_int_equal(encoder.at - bytes, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void direction_and_loss_are_options(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		6, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5,
		5, 0, 0, 0, 60, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0, 0, 0,
		2, 0, 4, 0, 13, 0, 0, 0,    /* epb_flags: inbound, broadcast */
		4, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0, /* epb_dropcount: 7 */
		0, 0, 0, 0, 64, 0, 0, 0,    /* end of options, length */
	};
	/* clang-format on */
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 100);
	struct weir_packet packet = packet_of(0, WEIR_PACKET_BROADCAST);

	encoder.dropped = 7;
	assert_int_equal(pcapng_packets(&encoder, &packet, 1), 1);
	assert_int_equal(encoder.at - bytes, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(encoder.dropped, 0);
}

static void time_is_told_in_the_units_of_the_interface(void **state)
{
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 100);
	struct weir_packet packet = packet_of(1, WEIR_PACKET_DIRECTION_UNKNOWN);
	uint32_t time[2];

	pcapng_packets(&encoder, &packet, 1);
	memcpy(time, bytes + 12, sizeof(time));
	assert_int_equal((uint64_t)time[0] << 32 | time[1], packet.time_ns / 1000);
}

static void snaplen_cuts_the_bytes_and_keeps_the_wire_length(void **state)
{
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 100);
	struct weir_packet packet = packet_of(0, WEIR_PACKET_DIRECTION_UNKNOWN);

	encoder.snaplen = 4;
	pcapng_packets(&encoder, &packet, 1);
	assert_int_equal(bytes[4], 36);
	assert_int_equal(bytes[20], 4);
	assert_int_equal(bytes[24], 60);
}

static void the_loop_stops_at_its_bounds(void **state)
{
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 41);
	struct weir_packet packets[3];

	for (int i = 0; i < 3; i++)
		packets[i] = packet_of(0, WEIR_PACKET_DIRECTION_UNKNOWN);
	/* The second begins below 'stop'; the third would not. */
	assert_int_equal(pcapng_packets(&encoder, packets, 3), 2);
	encoder = encoder_into(bytes, 400);
	packets[1].time_ns++;
	encoder.until_ns = packets[0].time_ns;
	assert_int_equal(pcapng_packets(&encoder, packets, 3), 1);
	encoder = encoder_into(bytes, 400);
	interfaces[1].id = 0;
	packets[2].interface = 1;
	assert_int_equal(pcapng_packets(&encoder, packets, 3), 2);
	interfaces[1].id = 2;
}

static void every_length_is_copied_exactly(void **state)
{
	static uint8_t from[600], to[700];

	for (int i = 0; i < 600; i++)
		from[i] = (uint8_t)(i * 7 + 1);
	for (uint32_t length = 0; length <= 600; length++) {
		memset(to, 0, sizeof(to));
		format_copy(to, from, length);
		assert_memory_equal(to, from, length);
		assert_int_equal(to[length], 0);
	}
}

static void an_interface_tells_name_clock_filter_and_namespace(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		1, 0, 0, 0, 104, 0, 0, 0,
		1, 0, 0, 0,              /* Ethernet */
		64, 0, 0, 0,             /* snaplen */
		2, 0, 4, 0, 'e', 't', 'h', '0',
		3, 0, 32, 0, 's', 'o', 'u', 'r', 'c', 'e', ' ', 'r', 'i', 'n', 'g', ',', ' ', 'n', 'e', 't', 'w', 'o', 'r', 'k', ' ', 'n', 'a', 'm', 'e', 's', 'p',
		'a', 'c', 'e', ' ', 'b',
		6, 0, 6, 0, 2, 0, 0, 0, 0, 1, 0, 0,
		9, 0, 1, 0, 9, 0, 0, 0,  /* 10^-9 s */
		11, 0, 4, 0, 0, 't', 'c', 'p',
		12, 0, 1, 0, 'L', 0, 0, 0,
		0, 0, 0, 0, 104, 0, 0, 0,
	};
	/* clang-format on */
	struct weir_interface interface = {.name = "eth0",
					   .netns = "b",
					   .source = "ring",
					   .filter = "tcp",
					   .link_type = 1,
					   .time_resolution = 9,
					   .hardware_address = {2, 0, 0, 0, 0, 1}};
	uint8_t bytes[PCAPNG_CONTROL_BYTES_MAX];

	assert_int_equal(sizeof(expected), 104);
	assert_int_equal(pcapng_interface(bytes, sizeof(bytes), &interface, 64, "L"), 104);
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void unknown_counters_are_left_out(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		5, 0, 0, 0, 76, 0, 0, 0,
		3, 0, 0, 0,                              /* interface */
		0, 0, 0, 0, 30, 0, 0, 0,                 /* time: 30 s in seconds */
		2, 0, 8, 0, 0, 0, 0, 0, 10, 0, 0, 0,     /* start */
		3, 0, 8, 0, 0, 0, 0, 0, 20, 0, 0, 0,     /* end */
		7, 0, 8, 0, 5, 0, 0, 0, 0, 0, 0, 0,      /* osdrop */
		8, 0, 8, 0, 6, 0, 0, 0, 0, 0, 0, 0,      /* usrdeliv */
		0, 0, 0, 0, 76, 0, 0, 0,
	};
	/* clang-format on */
	struct pcapng_statistics statistics = {.id = 3,
					       .digits = 0,
					       .start_ns = 10000000000,
					       .end_ns = 20000000000,
					       .now_ns = 30000000000,
					       .received = UINT64_MAX,
					       .interface_dropped = UINT64_MAX,
					       .accepted = UINT64_MAX,
					       .os_dropped = 5,
					       .delivered = 6};
	uint8_t bytes[PCAPNG_CONTROL_BYTES_MAX];

	assert_int_equal(pcapng_statistics(bytes, sizeof(bytes), &statistics), 76);
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void a_section_names_its_writer_and_has_no_length(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		0x0a, 0x0d, 0x0d, 0x0a, 40, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		4, 0, 4, 0, 'w', 'e', 'i', 'r', 0, 0, 0, 0, 40, 0, 0, 0,
	};
	/* clang-format on */
	struct pcapng_section section = {.application = "weir"};
	uint8_t bytes[PCAPNG_CONTROL_BYTES_MAX];

	assert_int_equal(pcapng_section(bytes, sizeof(bytes), &section), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(pcapng_section(bytes, 39, &section), 0);
}

static void the_walk_counts_whole_blocks_only(void **state)
{
	uint8_t bytes[512];
	struct record_encoder encoder = encoder_into(bytes, 100);
	struct weir_packet packets[2] = {packet_of(0, 7), packet_of(0, 7)};
	uint64_t count;

	pcapng_packets(&encoder, packets, 2);
	for (size_t length = 0; length <= 80; length++) {
		size_t whole = pcapng_whole(bytes, length, &count);

		assert_int_equal(whole, length / 40 * 40);
		assert_int_equal(count, length / 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_without_direction_has_no_options),
		cmocka_unit_test(direction_and_loss_are_options),
		cmocka_unit_test(time_is_told_in_the_units_of_the_interface),
		cmocka_unit_test(snaplen_cuts_the_bytes_and_keeps_the_wire_length),
		cmocka_unit_test(the_loop_stops_at_its_bounds),
		cmocka_unit_test(every_length_is_copied_exactly),
		cmocka_unit_test(an_interface_tells_name_clock_filter_and_namespace),
		cmocka_unit_test(unknown_counters_are_left_out),
		cmocka_unit_test(a_section_names_its_writer_and_has_no_length),
		cmocka_unit_test(the_walk_counts_whole_blocks_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
