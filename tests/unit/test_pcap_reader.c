/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <errno.h>
#include <cmocka.h>

#include "capture_bytes.h"
#include "source/reader.h"

enum { MAGIC_US = 0xa1b2c3d4, MAGIC_NS = 0xa1b23c4d, MAGIC_KUZNETZOV = 0xa1b2cd34 };

struct fixture {
	struct capture_bytes file;
	struct reader reader;
	struct cursor cursor;
	struct weir_packet packets[16];
	struct reader_output output;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	reader_open(&f->reader, READER_CAPTURED_MAX_BYTES);
	f->output = (struct reader_output){f->packets, 0, 16};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	reader_close(&f->reader);
	free(f);
	return 0;
}

static int recognise(struct fixture *f)
{
	f->cursor = cursor_of(f->file.bytes, f->file.length);
	return reader_recognise(&f->reader, &f->cursor);
}

/* Recognise, take the interface as number 7, read on. */
static enum reader_stop read_all(struct fixture *f)
{
	assert_int_equal(recognise(f), 1);
	assert_int_equal(reader_read(&f->reader, &f->cursor, &f->output), READER_INTERFACE);
	reader_bind(&f->reader, 7);
	return reader_read(&f->reader, &f->cursor, &f->output);
}

static void put_two_packets(struct capture_bytes *file, uint32_t magic)
{
	put_pcap_header(file, magic, 65535, 1);
	put_pcap_record(file, 1700000000, 123456, 5, 60);
	put_payload(file, 5);
	put_pcap_record(file, 4294967295, 999999, 0, 1514);
}

static void check_two_packets(struct fixture *f, uint32_t unit_ns)
{
	const struct weir_packet *p = f->packets;

	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(cursor_left(&f->cursor), 0);
	assert_int_equal(f->output.count, 2);
	assert_int_equal(p[0].time_ns, 1700000000 * UINT64_C(1000000000) + 123456 * unit_ns);
	assert_int_equal(p[0].captured_len, 5);
	assert_int_equal(p[0].wire_len, 60);
	assert_int_equal(p[0].interface, 7);
	assert_int_equal(p[0].flags, WEIR_PACKET_DIRECTION_UNKNOWN);
	assert_ptr_equal(p[0].bytes, f->file.bytes + 24 + 16);
	assert_int_equal(p[1].time_ns, 4294967295 * UINT64_C(1000000000) + 999999 * unit_ns);
	assert_int_equal(p[1].captured_len, 0);
	assert_int_equal(p[1].wire_len, 1514);
	assert_int_equal(f->reader.found.link_type, 1);
	assert_int_equal(f->reader.found.snaplen, 65535);
	assert_int_equal(f->reader.found.time_resolution, unit_ns == 1 ? 9 : 6);
}

static void microseconds_are_read(void **state)
{
	struct fixture *f = *state;

	put_two_packets(&f->file, MAGIC_US);
	check_two_packets(f, 1000);
}

static void microseconds_of_the_other_byte_order_are_read(void **state)
{
	struct fixture *f = *state;

	f->file.big_endian = true;
	put_two_packets(&f->file, MAGIC_US);
	check_two_packets(f, 1000);
}

static void nanoseconds_are_read(void **state)
{
	struct fixture *f = *state;

	put_two_packets(&f->file, MAGIC_NS);
	check_two_packets(f, 1);
}

static void nanoseconds_of_the_other_byte_order_are_read(void **state)
{
	struct fixture *f = *state;

	f->file.big_endian = true;
	put_two_packets(&f->file, MAGIC_NS);
	check_two_packets(f, 1);
}

static void kuznetzov_records_tell_the_direction(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_KUZNETZOV, 65535, 1);
	for (uint8_t type = WEIR_PACKET_HOST; type <= WEIR_PACKET_OUTGOING; type++) {
		put_pcap_record(&f->file, 1, 2, 3, 60);
		put32(&f->file, 1);      /* interface */
		put16(&f->file, 0x0800); /* protocol */
		put8(&f->file, type);
		put8(&f->file, 0);
		put_payload(&f->file, 3);
	}
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->output.count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(f->packets[i].flags, i);
		assert_int_equal(f->packets[i].bytes[2], 2);
	}
}

static void cooked_packets_tell_their_direction(void **state)
{
	static const uint16_t expected[] = {WEIR_PACKET_OUTGOING, WEIR_PACKET_DIRECTION_UNKNOWN,
					    WEIR_PACKET_DIRECTION_UNKNOWN};
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 113);
	put_pcap_record(&f->file, 1, 2, 16, 60);
	put_payload(&f->file, 16);
	f->file.bytes[f->file.length - 15] = 4;
	put_pcap_record(&f->file, 1, 2, 1, 60); /* too short to tell */
	put_payload(&f->file, 1);
	put_pcap_record(&f->file, 1, 2, 16, 60);
	put_payload(&f->file, 16);
	f->file.bytes[f->file.length - 15] = 5;
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->output.count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f->packets[i].flags, expected[i]);
}

static void old_versions_have_the_lengths_the_other_way_round(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	f->file.bytes[6] = 2; /* version 2.2 */
	put_pcap_record(&f->file, 1, 2, 60, 5);
	put_payload(&f->file, 5);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->output.count, 1);
	assert_int_equal(f->packets[0].captured_len, 5);
	assert_int_equal(f->packets[0].wire_len, 60);
}

static void version_2_3_has_them_either_way(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	f->file.bytes[6] = 3;
	put_pcap_record(&f->file, 1, 2, 60, 5);
	put_payload(&f->file, 5);
	put_pcap_record(&f->file, 1, 2, 6, 61);
	put_payload(&f->file, 6);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->output.count, 2);
	assert_int_equal(f->packets[0].captured_len, 5);
	assert_int_equal(f->packets[1].captured_len, 6);
	assert_int_equal(f->packets[1].wire_len, 61);
}

static void fcs_bits_are_no_part_of_the_link_type(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 0x24000000 | 105);
	assert_int_equal(recognise(f), 1);
	assert_int_equal(f->reader.found.link_type, 105);
	assert_int_equal(f->reader.found.fcs_bytes, 4);
}

static void a_zero_snaplen_is_no_limit(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 0, 1);
	put_pcap_record(&f->file, 1, 2, 300, 300);
	put_payload(&f->file, 300);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->packets[0].captured_len, 300);
	assert_int_equal(f->reader.found.snaplen, 0);
}

static void more_captured_than_on_the_wire_is_passed_on(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	put_pcap_record(&f->file, 1, 2, 60, 40);
	put_payload(&f->file, 60);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->packets[0].captured_len, 60);
	assert_int_equal(f->packets[0].wire_len, 40);
}

static void an_unknown_link_type_is_read(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 64999);
	put_pcap_record(&f->file, 1, 2, 8, 8);
	put_payload(&f->file, 8);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->output.count, 1);
	assert_int_equal(f->reader.found.link_type, 64999);
}

static void the_owners_snaplen_cuts(void **state)
{
	struct fixture *f = *state;

	f->reader.snaplen = 40;
	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	put_pcap_record(&f->file, 1, 2, 60, 1514);
	put_payload(&f->file, 60);
	put_pcap_record(&f->file, 1, 2, 39, 39);
	put_payload(&f->file, 39);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->packets[0].captured_len, 40);
	assert_int_equal(f->packets[0].wire_len, 1514);
	assert_int_equal(f->packets[1].captured_len, 39);
}

static void it_stops_at_the_limit_and_goes_on_behind_it(void **state)
{
	struct fixture *f = *state;

	put_two_packets(&f->file, MAGIC_US);
	f->output.limit = 1;
	assert_int_equal(read_all(f), READER_LIMIT);
	assert_int_equal(f->output.count, 1);
	f->output.count = 0;
	assert_int_equal(reader_read(&f->reader, &f->cursor, &f->output), READER_LIMIT);
	assert_int_equal(f->output.count, 1);
	assert_int_equal(f->packets[0].wire_len, 1514);
	f->output.count = 0;
	assert_int_equal(reader_read(&f->reader, &f->cursor, &f->output), READER_MORE);
}

/* Every prefix of a file gives the packets that are whole in it, and wants the right rest. */
static void each_cut_delivers_what_is_whole(void **state)
{
	struct fixture *f = *state;
	const size_t ends[] = {24, 24 + 16 + 5, 24 + 16 + 5 + 16};

	put_two_packets(&f->file, MAGIC_US);
	for (size_t cut = 0; cut < f->file.length; cut++) {
		uint8_t *exact =
			malloc(cut ? cut : 1); /* so that a sanitizer sees each byte too far */
		uint32_t whole = cut >= ends[2] ? 2 : cut >= ends[1];

		memcpy(exact, f->file.bytes, cut);
		reader_close(&f->reader);
		reader_open(&f->reader, READER_CAPTURED_MAX_BYTES);
		f->cursor = cursor_of(exact, cut);
		f->output.count = 0;
		if (reader_recognise(&f->reader, &f->cursor) == 0) {
			assert_true(cut < ends[0]);
			assert_true(f->reader.wanted > cut);
			free(exact);
			continue;
		}
		assert_int_equal(reader_read(&f->reader, &f->cursor, &f->output), READER_INTERFACE);
		reader_bind(&f->reader, 0);
		assert_int_equal(reader_read(&f->reader, &f->cursor, &f->output), READER_MORE);
		assert_int_equal(f->output.count, whole);
		assert_int_equal(f->cursor.offset, ends[whole]);
		assert_true(f->reader.wanted_packet);
		assert_true(f->reader.wanted > cursor_left(&f->cursor));
		free(exact);
	}
}

static void a_length_beyond_the_limit_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_two_packets(&f->file, MAGIC_US);
	put_pcap_record(&f->file, 1, 2, READER_CAPTURED_MAX_BYTES + 1, 60);
	assert_int_equal(read_all(f), READER_BROKEN);
	assert_int_equal(f->output.count, 2);
	assert_true(f->reader.lost_packet);
	assert_non_null(strstr(f->reader.complaint, "262145"));
}

static void a_4_gib_record_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 0, 1);
	put_pcap_record(&f->file, 1, 2, UINT32_MAX, UINT32_MAX);
	put_payload(&f->file, 1000);
	assert_int_equal(read_all(f), READER_BROKEN);
	assert_true(f->reader.lost_packet);
}

static void usb_messages_may_be_longer(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 0, 249);
	put_pcap_record(&f->file, 1, 2, 1 << 20, 1 << 20);
	assert_int_equal(read_all(f), READER_MORE);
	assert_int_equal(f->reader.wanted, 16 + (1 << 20));
}

static void another_version_is_refused(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	f->file.bytes[4] = 3;
	assert_int_equal(recognise(f), -EINVAL);
	assert_non_null(strstr(f->reader.complaint, "3.4"));
}

static void what_is_no_capture_file_is_told(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *bytes, *told;
	} others[] = {
		{"hello, world", "68 65 6c 6c"},
		{"\xfd"
		 "7zXZ",
		 "xz"},
		{"PK\x03\x04", "zip"},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		f->file.length = strlen(others[i].bytes);
		memcpy(f->file.bytes, others[i].bytes, f->file.length);
		reader_open(&f->reader, READER_CAPTURED_MAX_BYTES);
		assert_int_equal(recognise(f), -EINVAL);
		assert_non_null(strstr(f->reader.complaint, others[i].told));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(microseconds_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(microseconds_of_the_other_byte_order_are_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nanoseconds_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nanoseconds_of_the_other_byte_order_are_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(kuznetzov_records_tell_the_direction, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(cooked_packets_tell_their_direction, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(old_versions_have_the_lengths_the_other_way_round,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(version_2_3_has_them_either_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fcs_bits_are_no_part_of_the_link_type, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_zero_snaplen_is_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_captured_than_on_the_wire_is_passed_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_unknown_link_type_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_owners_snaplen_cuts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_stops_at_the_limit_and_goes_on_behind_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(each_cut_delivers_what_is_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_length_beyond_the_limit_is_a_lie, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_4_gib_record_is_a_lie, set_up, tear_down),
		cmocka_unit_test_setup_teardown(usb_messages_may_be_longer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_version_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_capture_file_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
