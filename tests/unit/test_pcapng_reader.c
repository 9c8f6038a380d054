/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <errno.h>
#include <cmocka.h>

#include "capture_bytes.h"
#include "source/reader.h"

#define NS_PER_S UINT64_C(1000000000)

enum { INTERFACES_SEEN_MAX = 8 };

struct fixture {
	struct capture_bytes file;
	struct reader reader;
	struct cursor cursor;
	struct weir_packet packets[32];
	struct reader_output output;
	struct weir_interface seen[INTERFACES_SEEN_MAX];
	uint32_t seen_count, bad_count;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	reader_open(&f->reader, READER_CAPTURED_MAX_BYTES);
	f->output = (struct reader_output){f->packets, 0, 32};
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

/* Read 'length' bytes; interfaces get the numbers 0, 1, ... in order of appearance. */
static enum reader_stop read_bytes(struct fixture *f, const uint8_t *bytes, size_t length)
{
	enum reader_stop stop;

	f->cursor = cursor_of(bytes, length);
	if (reader_recognise(&f->reader, &f->cursor) == 0)
		return READER_MORE;
	for (;;) {
		stop = reader_read(&f->reader, &f->cursor, &f->output);
		if (stop == READER_INTERFACE) {
			assert_true(f->seen_count < INTERFACES_SEEN_MAX);
			f->seen[f->seen_count] = f->reader.found;
			reader_bind(&f->reader, f->seen_count++);
		} else if (stop == READER_BAD) {
			f->bad_count++;
		} else {
			return stop;
		}
	}
}

static enum reader_stop read_file(struct fixture *f)
{
	return read_bytes(f, f->file.bytes, f->file.length);
}

/* The file is read to its end, and all is well. */
static void check_whole(struct fixture *f, uint32_t packets)
{
	assert_int_equal(read_file(f), READER_MORE);
	assert_int_equal(cursor_left(&f->cursor), 0);
	assert_int_equal(f->reader.pcapng.skip_length, 0);
	assert_int_equal(f->bad_count, 0);
	assert_int_equal(f->output.count, packets);
}

static void put_simple(struct capture_bytes *file, uint32_t wire, uint32_t captured)
{
	size_t at = begin_block(file, 3);

	put32(file, wire);
	put_payload(file, captured);
	end_block(file, at);
}

static void put_obsolete(struct capture_bytes *file, uint16_t interface, uint64_t units,
			 uint32_t captured, uint32_t wire)
{
	size_t at = begin_block(file, 2);

	put16(file, interface);
	put16(file, 3); /* drops */
	put32(file, (uint32_t)(units >> 32));
	put32(file, (uint32_t)units);
	put32(file, captured);
	put32(file, wire);
	put_payload(file, captured);
	end_block(file, at);
}

static void put_packet_with_flags(struct capture_bytes *file, uint32_t flags)
{
	size_t at = begin_enhanced(file, 0, 0, 5, 60);

	put_option(file, 1, 3); /* a comment before it, padded */
	put8(file, 'a');
	put8(file, 'b');
	put8(file, 'c');
	put_padding(file);
	put_option(file, 2, 4);
	put32(file, flags);
	put_option(file, 0, 0);
	end_block(file, at);
}

/* One of each kind of packet block, and blocks to be skipped between them. */
static void put_all_kinds(struct capture_bytes *file)
{
	size_t at;

	put_section(file);
	put_interface(file, 1, 40);
	put_enhanced(file, 0, 1700000000123456, 7, 60);
	at = begin_block(file, 5); /* interface statistics */
	put_payload(file, 12);
	end_block(file, at);
	put_obsolete(file, 0, 1700000000123457, 6, 61);
	at = begin_block(file, 0x40000bad); /* custom */
	put_payload(file, 33);
	end_block(file, at);
	put_simple(file, 62, 40);
	put_enhanced(file, 0, 1700000000123458, 0, 63);
}

static void check_all_kinds(struct fixture *f)
{
	const struct weir_packet *p = f->packets;

	check_whole(f, 4);
	assert_int_equal(p[0].time_ns, 1700000000123456000);
	assert_int_equal(p[0].captured_len, 7);
	assert_int_equal(p[0].wire_len, 60);
	assert_int_equal(p[0].bytes[6], 6);
	assert_int_equal(p[1].time_ns, 1700000000123457000);
	assert_int_equal(p[1].captured_len, 6);
	assert_int_equal(p[1].wire_len, 61);
	assert_int_equal(p[1].bytes[5], 5);
	assert_int_equal(p[2].time_ns, 0);
	assert_int_equal(p[2].captured_len, 40);
	assert_int_equal(p[2].wire_len, 62);
	assert_int_equal(p[2].bytes[39], 39);
	assert_int_equal(p[3].captured_len, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(p[i].flags, WEIR_PACKET_DIRECTION_UNKNOWN);
}

static void all_kinds_of_packet_blocks_are_read_and_others_skipped(void **state)
{
	struct fixture *f = *state;

	put_all_kinds(&f->file);
	check_all_kinds(f);
}

static void the_other_byte_order_is_read(void **state)
{
	struct fixture *f = *state;

	f->file.big_endian = true;
	put_all_kinds(&f->file);
	check_all_kinds(f);
}

static void an_interface_is_described_by_its_options(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_section(&f->file);
	at = begin_interface(&f->file, 113, 96);
	put_option(&f->file, 2, 4);
	memcpy(f->file.bytes + f->file.length, "eth0", 4);
	f->file.length += 4;
	put_option(&f->file, 3, 2);
	put16(&f->file, 0x4141);
	put_padding(&f->file);
	put_option(&f->file, 6, 6);
	put_payload(&f->file, 6);
	put_padding(&f->file);
	put_option(&f->file, 9, 1);
	put8(&f->file, 9);
	put_padding(&f->file);
	put_option(&f->file, 11, 4);
	memcpy(f->file.bytes + f->file.length, "\0tcp", 4);
	f->file.length += 4;
	put_option(&f->file, 13, 1);
	put8(&f->file, 4);
	put_padding(&f->file);
	put_option(&f->file, 0, 0);
	end_block(&f->file, at);
	check_whole(f, 0);
	assert_int_equal(f->seen_count, 1);
	assert_string_equal(f->seen[0].name, "eth0");
	assert_string_equal(f->seen[0].description, "AA");
	assert_string_equal(f->seen[0].filter, "tcp");
	assert_string_equal(f->seen[0].source, "file");
	assert_memory_equal(f->seen[0].hardware_address, "\0\1\2\3\4\5", 6);
	assert_int_equal(f->seen[0].link_type, 113);
	assert_int_equal(f->seen[0].snaplen, 96);
	assert_int_equal(f->seen[0].time_resolution, 9);
	assert_int_equal(f->reader.found.fcs_bytes, 4);
}

static void without_options_the_clock_ticks_microseconds(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	check_whole(f, 0);
	assert_int_equal(f->seen[0].time_resolution, 6);
	assert_string_equal(f->seen[0].name, "");
}

static void options_beyond_the_block_are_let_be(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_section(&f->file);
	at = begin_interface(&f->file, 1, 0);
	put_option(&f->file, 9, 1);
	put8(&f->file, 9);
	put_padding(&f->file);
	put_option(&f->file, 2, 60000); /* no such text */
	put32(&f->file, 0);
	end_block(&f->file, at);
	at = begin_enhanced(&f->file, 0, 5, 4, 4);
	put_option(&f->file, 2, 400);
	end_block(&f->file, at);
	check_whole(f, 1);
	assert_int_equal(f->seen[0].time_resolution, 9);
	assert_string_equal(f->seen[0].name, "");
	assert_int_equal(f->packets[0].time_ns, 5);
	assert_int_equal(f->packets[0].flags, WEIR_PACKET_DIRECTION_UNKNOWN);
}

static void each_interface_has_its_own_clock_and_number(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	at = begin_interface(&f->file, 101, 0);
	put_option(&f->file, 9, 1);
	put8(&f->file, 9);
	end_block(&f->file, at);
	put_enhanced(&f->file, 1, 7, 4, 4);
	put_enhanced(&f->file, 0, 7, 4, 4);
	check_whole(f, 2);
	assert_int_equal(f->seen_count, 2);
	assert_int_equal(f->packets[0].interface, 1);
	assert_int_equal(f->packets[0].time_ns, 7);
	assert_int_equal(f->packets[1].interface, 0);
	assert_int_equal(f->packets[1].time_ns, 7000);
}

static void a_section_starts_anew_even_in_the_other_byte_order(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	put_enhanced(&f->file, 0, 1, 4, 4);
	f->file.big_endian = true;
	put_section(&f->file);
	put_interface(&f->file, 101, 0);
	put_enhanced(&f->file, 0, 2, 4, 4);
	put_enhanced(&f->file, 1, 2, 4, 4); /* not in this section */
	assert_int_equal(read_file(f), READER_MORE);
	assert_int_equal(f->output.count, 2);
	assert_int_equal(f->bad_count, 1);
	assert_int_equal(f->packets[0].interface, 0);
	assert_int_equal(f->packets[1].interface, 1);
	assert_int_equal(f->packets[1].time_ns, 2000);
	assert_int_equal(f->seen[1].link_type, 101);
}

static void flags_tell_the_direction(void **state)
{
	static const struct {
		uint32_t flags;
		uint16_t direction;
	} cases[] = {
		{0, WEIR_PACKET_DIRECTION_UNKNOWN},  {1, WEIR_PACKET_HOST},
		{1 | 1 << 2, WEIR_PACKET_HOST},      {1 | 2 << 2, WEIR_PACKET_MULTICAST},
		{1 | 3 << 2, WEIR_PACKET_BROADCAST}, {1 | 4 << 2, WEIR_PACKET_OTHERHOST},
		{2, WEIR_PACKET_OUTGOING},           {2 | 3 << 2, WEIR_PACKET_OUTGOING},
		{3, WEIR_PACKET_DIRECTION_UNKNOWN},  {UINT32_MAX, WEIR_PACKET_DIRECTION_UNKNOWN},
	};
	struct fixture *f = *state;
	uint32_t count = sizeof(cases) / sizeof(cases[0]);

	for (int order = 0; order < 2; order++) {
		f->file.big_endian = order;
		put_section(&f->file);
		put_interface(&f->file, 1, 0);
		for (uint32_t i = 0; i < count; i++)
			put_packet_with_flags(&f->file, cases[i].flags);
	}
	check_whole(f, 2 * count);
	for (uint32_t i = 0; i < 2 * count; i++)
		assert_int_equal(f->packets[i].flags, cases[i % count].direction);
}

static void cooked_packets_tell_their_direction_unless_flags_do(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_section(&f->file);
	put_interface(&f->file, 276, 0);
	put_enhanced(&f->file, 0, 1, 20, 20);
	f->file.bytes[f->file.length - 14] = WEIR_PACKET_OUTGOING;
	at = begin_enhanced(&f->file, 0, 1, 20, 20);
	f->file.bytes[f->file.length - 10] = WEIR_PACKET_OUTGOING;
	put_option(&f->file, 2, 4);
	put32(&f->file, 1);
	end_block(&f->file, at);
	check_whole(f, 2);
	assert_int_equal(f->packets[0].flags, WEIR_PACKET_OUTGOING);
	assert_int_equal(f->packets[1].flags, WEIR_PACKET_HOST);
}

static void the_owners_snaplen_cuts(void **state)
{
	struct fixture *f = *state;

	f->reader.snaplen = 5;
	put_all_kinds(&f->file);
	check_whole(f, 4);
	assert_int_equal(f->packets[0].captured_len, 5);
	assert_int_equal(f->packets[0].wire_len, 60);
	assert_int_equal(f->packets[2].captured_len, 5);
	assert_int_equal(f->packets[3].captured_len, 0);
}

static void more_captured_than_on_the_wire_is_passed_on(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 20);
	put_enhanced(&f->file, 0, 1, 60, 40);
	check_whole(f, 1);
	assert_int_equal(f->packets[0].captured_len, 60);
	assert_int_equal(f->packets[0].wire_len, 40);
}

/* ---- cuts ---- */

/* Every prefix gives the packets that are whole in it and says what it waits for. */
static void each_cut_delivers_what_is_whole(void **state)
{
	struct fixture *f = *state;
	size_t length;

	put_all_kinds(&f->file);
	length = f->file.length;
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);
		/* ends of the packet blocks, from the sizes in put_all_kinds */
		uint32_t whole = (cut >= 88) + (cut >= 152) + (cut >= 256);

		memcpy(exact, f->file.bytes, cut);
		reader_close(&f->reader);
		reader_open(&f->reader, READER_CAPTURED_MAX_BYTES);
		f->output.count = 0;
		f->seen_count = 0;
		assert_int_equal(read_bytes(f, exact, cut), READER_MORE);
		assert_int_equal(f->output.count, whole);
		assert_true(f->reader.wanted > cursor_left(&f->cursor));
		if (cursor_left(&f->cursor) >= 4)
			assert_int_equal(f->reader.wanted_packet,
					 memchr("\2\3\6", exact[f->cursor.offset], 3) != NULL);
		free(exact);
	}
	assert_int_equal(length, 288);
}

/* As a pipe delivers it: one byte more each time, consumed bytes gone. */
static void a_window_that_grows_byte_by_byte_gives_the_same(void **state)
{
	struct fixture *f = *state;
	size_t from = 0;
	bool known = false;

	put_all_kinds(&f->file);
	for (size_t to = 1; to <= f->file.length; to++) {
		struct cursor window = cursor_of(f->file.bytes + from, to - from);
		enum reader_stop stop;

		if (!known)
			known = reader_recognise(&f->reader, &window) == 1;
		if (!known)
			continue;
		do {
			stop = reader_read(&f->reader, &window, &f->output);
			if (stop == READER_INTERFACE)
				reader_bind(&f->reader, 0);
		} while (stop == READER_INTERFACE);
		assert_int_equal(stop, READER_MORE);
		from += window.offset;
	}
	assert_int_equal(from, f->file.length);
	assert_int_equal(f->output.count, 4);
	assert_int_equal(f->packets[3].wire_len, 63);
}

static void a_limit_of_none_reads_up_to_the_first_packet(void **state)
{
	struct fixture *f = *state;

	put_all_kinds(&f->file);
	f->output.limit = 0;
	assert_int_equal(read_file(f), READER_LIMIT);
	assert_int_equal(f->seen_count, 1);
	assert_int_equal(f->cursor.offset, 48);
}

/* ---- lies ---- */

static void put_start(struct fixture *f)
{
	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	put_enhanced(&f->file, 0, 1, 4, 4);
}

/* After put_start: a block of 'type' whose length at its start says 'length'. */
static size_t put_lying(struct fixture *f, uint32_t type, uint32_t length)
{
	size_t at = f->file.length;

	put_enhanced(&f->file, 0, 1, 4, 4);
	f->file.length = at;
	put32(&f->file, type);
	put32(&f->file, length);
	f->file.length = at + 36;
	put_enhanced(&f->file, 0, 1, 4, 4);
	return at;
}

static void check_broken(struct fixture *f, bool packet, const char *told)
{
	assert_int_equal(read_file(f), READER_BROKEN);
	assert_int_equal(f->output.count, 1);
	assert_int_equal(f->reader.lost_packet, packet);
	assert_non_null(strstr(f->reader.complaint, told));
}

static void a_length_that_is_no_multiple_of_4_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_lying(f, 6, 35);
	check_broken(f, true, "multiple");
}

static void a_length_below_the_minimum_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_lying(f, 6, 8);
	check_broken(f, true, "minimum");
}

static void a_zero_length_does_not_loop(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_lying(f, 77, 0);
	check_broken(f, false, "minimum");
}

static void a_4_gib_packet_block_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_lying(f, 6, UINT32_MAX - 3);
	check_broken(f, true, "limit");
}

static void a_4_gib_block_of_another_kind_is_skipped_as_far_as_there_is(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_lying(f, 77, UINT32_MAX - 3);
	assert_int_equal(read_file(f), READER_MORE);
	assert_int_equal(cursor_left(&f->cursor), 0);
	assert_int_equal(f->reader.pcapng.skip_length, UINT32_MAX - 3);
	assert_int_equal(f->reader.wanted, 4);
	assert_false(f->reader.wanted_packet);
}

static void a_packet_block_whose_lengths_differ_is_a_lie(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = put_lying(f, 6, 36);
	f->file.bytes[at + 32] = 40;
	check_broken(f, true, "ends with the length 40");
}

static void another_block_whose_lengths_differ_is_a_lie(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = put_lying(f, 77, 36);
	f->file.bytes[at + 32] = 40;
	check_broken(f, false, "ends with the length 40");
}

static void a_section_without_byte_order_is_a_lie(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = f->file.length;
	put_section(&f->file);
	f->file.bytes[at + 8] ^= 1;
	check_broken(f, false, "byte-order");
}

static void a_section_of_another_version_is_refused(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = f->file.length;
	put_section(&f->file);
	f->file.bytes[at + 12] = 2;
	check_broken(f, false, "version 2");
}

static void an_interface_block_too_short_is_a_lie(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	end_block(&f->file, begin_block(&f->file, 1));
	check_broken(f, false, "12 bytes");
}

/* The block's bounds are sound, so what comes behind it is read. */
static void check_skipped(struct fixture *f, const char *told)
{
	put_enhanced(&f->file, 0, 1, 4, 99);
	assert_int_equal(read_file(f), READER_MORE);
	assert_int_equal(f->bad_count, 1);
	assert_int_equal(f->output.count, 2);
	assert_int_equal(f->packets[1].wire_len, 99);
	assert_non_null(strstr(f->reader.complaint, told));
}

static void more_captured_than_the_block_holds_is_skipped(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = f->file.length;
	put_enhanced(&f->file, 0, 1, 4, 4);
	f->file.bytes[at + 20] = 5;
	check_skipped(f, "claims 5 captured bytes");
}

static void captured_4_gib_is_skipped(void **state)
{
	struct fixture *f = *state;
	size_t at;

	put_start(f);
	at = f->file.length;
	put_enhanced(&f->file, 0, 1, 4, 4);
	memset(f->file.bytes + at + 20, 0xff, 4);
	check_skipped(f, "claims 4294967295 captured bytes");
}

static void a_packet_of_no_interface_is_skipped(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_enhanced(&f->file, 1, 1, 4, 4);
	check_skipped(f, "names interface 1");
}

static void a_packet_block_too_short_is_skipped(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	end_block(&f->file, begin_block(&f->file, 6));
	check_skipped(f, "only 12 bytes");
}

static void a_simple_block_too_short_is_skipped(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	end_block(&f->file, begin_block(&f->file, 3));
	check_skipped(f, "only 12 bytes");
}

static void a_simple_block_that_claims_too_much_is_skipped(void **state)
{
	struct fixture *f = *state;

	put_start(f);
	put_simple(&f->file, 100, 40);
	check_skipped(f, "claims 100 captured bytes");
}

static void a_simple_block_before_any_interface_is_skipped(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_simple(&f->file, 40, 40);
	assert_int_equal(read_file(f), READER_MORE);
	assert_int_equal(f->bad_count, 1);
	assert_int_equal(f->output.count, 0);
}

static void what_only_begins_like_pcapng_is_told(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	f->file.bytes[8] = 0;
	f->cursor = cursor_of(f->file.bytes, f->file.length);
	assert_int_equal(reader_recognise(&f->reader, &f->cursor), -EINVAL);
	assert_non_null(strstr(f->reader.complaint, "byte-order"));
}

/* ---- clocks ---- */

static uint64_t time_of(uint8_t resolution, int64_t offset_s, uint64_t units)
{
	struct reader_clock clock = reader_clock_of(resolution, offset_s);

	return reader_clock_ns(&clock, units);
}

static void decimal_clocks_become_nanoseconds(void **state)
{
	assert_int_equal(time_of(6, 0, 1700000000123456), 1700000000123456000);
	assert_int_equal(time_of(9, 0, 1700000000123456789), 1700000000123456789);
	assert_int_equal(time_of(0, 0, 1700000000), 1700000000 * NS_PER_S);
	assert_int_equal(time_of(3, 0, 5), 5000000);
	assert_int_equal(time_of(12, 0, 1234567), 1234);
	assert_int_equal(time_of(28, 0, UINT64_MAX), 1);
	assert_int_equal(time_of(127, 0, UINT64_MAX), 0);
}

static void binary_clocks_become_nanoseconds(void **state)
{
	assert_int_equal(time_of(0x80 | 0, 0, 5), 5 * NS_PER_S);
	assert_int_equal(time_of(0x80 | 1, 0, 3), NS_PER_S + NS_PER_S / 2);
	assert_int_equal(time_of(0x80 | 32, 0, UINT64_C(1700000000) << 32 | 1u << 31),
			 1700000000 * NS_PER_S + NS_PER_S / 2);
	assert_int_equal(time_of(0x80 | 63, 0, UINT64_C(1) << 63), NS_PER_S);
	assert_int_equal(time_of(0x80 | 64, 0, UINT64_C(1) << 63), NS_PER_S / 2);
	assert_int_equal(time_of(0x80 | 127, 0, UINT64_MAX), 0);
}

static void an_offset_moves_the_clock(void **state)
{
	assert_int_equal(time_of(6, 1700000000, 5), 1700000000 * NS_PER_S + 5000);
	assert_int_equal(time_of(6, -1, 3000000), 2 * NS_PER_S);
	assert_int_equal(time_of(0x80 | 1, 10, 1), 10 * NS_PER_S + NS_PER_S / 2);
}

static void a_time_that_does_not_fit_stops_at_the_end(void **state)
{
	assert_int_equal(time_of(0, 0, UINT64_MAX), UINT64_MAX);
	assert_int_equal(time_of(6, 0, UINT64_MAX), UINT64_MAX);
	assert_int_equal(time_of(0x80, INT64_MAX, UINT64_MAX), UINT64_MAX);
	assert_int_equal(time_of(6, INT64_MIN, 1), 0);
	assert_int_equal(time_of(9, -5, 0), 0);
}

static void digits_of_a_clock_are_at_most_those_of_nanoseconds(void **state)
{
	assert_int_equal(reader_clock_digits(6), 6);
	assert_int_equal(reader_clock_digits(3), 3);
	assert_int_equal(reader_clock_digits(12), 9);
	assert_int_equal(reader_clock_digits(0x80 | 10), 9);
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(all_kinds_of_packet_blocks_are_read_and_others_skipped),
		FIXTURE_TEST(the_other_byte_order_is_read),
		FIXTURE_TEST(an_interface_is_described_by_its_options),
		FIXTURE_TEST(without_options_the_clock_ticks_microseconds),
		FIXTURE_TEST(options_beyond_the_block_are_let_be),
		FIXTURE_TEST(each_interface_has_its_own_clock_and_number),
		FIXTURE_TEST(a_section_starts_anew_even_in_the_other_byte_order),
		FIXTURE_TEST(flags_tell_the_direction),
		FIXTURE_TEST(cooked_packets_tell_their_direction_unless_flags_do),
		FIXTURE_TEST(the_owners_snaplen_cuts),
		FIXTURE_TEST(more_captured_than_on_the_wire_is_passed_on),
		FIXTURE_TEST(each_cut_delivers_what_is_whole),
		FIXTURE_TEST(a_window_that_grows_byte_by_byte_gives_the_same),
		FIXTURE_TEST(a_limit_of_none_reads_up_to_the_first_packet),
		FIXTURE_TEST(a_length_that_is_no_multiple_of_4_is_a_lie),
		FIXTURE_TEST(a_length_below_the_minimum_is_a_lie),
		FIXTURE_TEST(a_zero_length_does_not_loop),
		FIXTURE_TEST(a_4_gib_packet_block_is_a_lie),
		FIXTURE_TEST(a_4_gib_block_of_another_kind_is_skipped_as_far_as_there_is),
		FIXTURE_TEST(a_packet_block_whose_lengths_differ_is_a_lie),
		FIXTURE_TEST(another_block_whose_lengths_differ_is_a_lie),
		FIXTURE_TEST(a_section_without_byte_order_is_a_lie),
		FIXTURE_TEST(a_section_of_another_version_is_refused),
		FIXTURE_TEST(an_interface_block_too_short_is_a_lie),
		FIXTURE_TEST(more_captured_than_the_block_holds_is_skipped),
		FIXTURE_TEST(captured_4_gib_is_skipped),
		FIXTURE_TEST(a_packet_of_no_interface_is_skipped),
		FIXTURE_TEST(a_packet_block_too_short_is_skipped),
		FIXTURE_TEST(a_simple_block_too_short_is_skipped),
		FIXTURE_TEST(a_simple_block_that_claims_too_much_is_skipped),
		FIXTURE_TEST(a_simple_block_before_any_interface_is_skipped),
		FIXTURE_TEST(what_only_begins_like_pcapng_is_told),
		cmocka_unit_test(decimal_clocks_become_nanoseconds),
		cmocka_unit_test(binary_clocks_become_nanoseconds),
		cmocka_unit_test(an_offset_moves_the_clock),
		cmocka_unit_test(a_time_that_does_not_fit_stops_at_the_end),
		cmocka_unit_test(digits_of_a_clock_are_at_most_those_of_nanoseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
