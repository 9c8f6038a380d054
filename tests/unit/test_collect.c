/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX and NetFlow v9 messages made by hand, good and hostile ones. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "weir/collect.h"

enum { HEADER = 16, HEADER9 = 20 };

static struct weir_collect *collect;
static struct weir_flow_record last; /* the record emitted last; its groups are gone */
static uint32_t emitted;
static uint8_t message[65536];
static uint32_t used, set_at;

/* ---- messages ---- */

static void put(uint64_t value, int bytes)
{
	while (bytes--)
		message[used++] = (uint8_t)(value >> 8 * bytes);
}

static void begin(uint32_t sequence)
{
	used = 0;
	put(10, 2);
	put(0, 2);
	put(1700000000, 4);
	put(sequence, 4);
	put(7, 4);
}

static void begin9(uint32_t sequence, uint32_t uptime_ms)
{
	used = 0;
	put(9, 2);
	put(1, 2);
	put(uptime_ms, 4);
	put(1700000000, 4);
	put(sequence, 4);
	put(7, 4);
}

static void begin_set(uint16_t id)
{
	set_at = used;
	put(id, 2);
	put(0, 2);
}

static void end_set(void)
{
	uint32_t end = used;

	used = set_at + 2;
	put(end - set_at, 2);
	used = end;
}

static int take_from(const char *exporter, bool stream)
{
	uint32_t end = used;

	if (message[1] == 10) {
		used = 2;
		put(end, 2);
		used = end;
	}
	return weir_collect_message(collect, exporter, stream, message, end);
}

static int take(void)
{
	return take_from("x", false);
}

/* Template 256: source address, packets. */
static void put_template(void)
{
	begin_set(2);
	put(256, 2);
	put(2, 2);
	put(8, 2);
	put(4, 2);
	put(2, 2);
	put(4, 2);
	end_set();
}

static void put_record(uint32_t address, uint32_t packets)
{
	put(address, 4);
	put(packets, 4);
}

static void put_data(uint32_t records)
{
	begin_set(256);
	for (uint32_t i = 0; i < records; i++)
		put_record(0x0a000001 + i, 5);
	end_set();
}

static const struct weir_collect_exporter *seen(void)
{
	return weir_collect_exporter(collect, 0);
}

/* ---- good messages ---- */

static void a_record_is_what_its_template_says(void **state)
{
	begin(0);
	put_template();
	put_data(2);
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 2);
	assert_int_equal(last.ip_version, 4);
	assert_memory_equal(last.source_address, "\x0a\0\0\x02", 4);
	assert_int_equal(last.forward.packets, 5);
	assert_int_equal(seen()->records, 2);
	assert_int_equal(seen()->packets, 10);
	assert_int_equal(seen()->templates, 1);
}

static void unknown_elements_and_variable_lengths_are_passed_over(void **state)
{
	begin(0);
	begin_set(2);
	put(300, 2);
	put(3, 2);
	put(0x8000 | 55, 2); /* of some enterprise */
	put(65535, 2);
	put(9, 4);
	put(2, 2);
	put(8, 2);
	put(0x8000 | 2, 2); /* packets in reverse */
	put(2, 2);
	put(29305, 4);
	end_set();
	begin_set(300);
	put(3, 1);
	put(0x616263, 3);
	put(6, 8);
	put(7, 2);
	put(255, 1);
	put(2, 2);
	put(0x6162, 2);
	put(8, 8);
	put(9, 2);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 2);
	assert_int_equal(last.forward.packets, 8);
	assert_int_equal(last.reverse.packets, 9);
	assert_true(last.biflow);
}

static void data_waits_for_its_template(void **state)
{
	begin(0);
	put_data(3);
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 0);
	assert_int_equal(seen()->waiting, 1);
	begin(3);
	put_template();
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 3);
	assert_int_equal(seen()->waiting, 0);
	assert_int_equal(seen()->no_template, 0);
}

static void in_a_stream_nothing_waits(void **state)
{
	begin(0);
	put_data(3);
	assert_int_equal(take_from("x", true), 0);
	assert_int_equal(seen()->no_template, 1);
	assert_int_equal(seen()->waiting, 0);
}

static void templates_change_and_are_withdrawn(void **state)
{
	begin(0);
	put_template();
	begin_set(2); /* the same id, now the packets in two bytes */
	put(256, 2);
	put(1, 2);
	put(2, 2);
	put(2, 2);
	end_set();
	begin_set(256);
	put(1234, 2);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 1);
	assert_int_equal(last.forward.packets, 1234);
	begin(1);
	begin_set(2);
	put(256, 2);
	put(0, 2);
	end_set();
	put_data(1);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->waiting, 1);
}

static void exporters_and_domains_have_templates_of_their_own(void **state)
{
	begin(0);
	put_template();
	assert_int_equal(take_from("a", false), 0);
	begin(0);
	put_data(1);
	assert_int_equal(take_from("b", false), 0);
	assert_int_equal(emitted, 0);
	weir_collect_forget(collect, "a");
	begin(0);
	put_data(1);
	assert_int_equal(take_from("a", false), 0);
	assert_int_equal(emitted, 0);
}

static void options_tell_what_the_exporter_lost(void **state)
{
	begin(0);
	begin_set(3);
	put(400, 2);
	put(3, 2);
	put(1, 2);
	put(144, 2);
	put(4, 2);
	put(166, 2);
	put(8, 2);
	put(167, 2);
	put(8, 2);
	end_set();
	begin_set(400);
	put(99, 4);
	put(11, 8);
	put(22, 8);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 0);
	assert_int_equal(seen()->options, 1);
	assert_int_equal(seen()->told_lost_flows, 11);
	assert_int_equal(seen()->told_lost_packets, 22);
	begin(1); /* it counted */
	put_template();
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->gaps, 0);
}

static void netflow9_times_count_from_the_exporters_start(void **state)
{
	begin9(0, 5000);
	begin_set(0);
	put(256, 2);
	put(2, 2);
	put(22, 2);
	put(4, 2);
	put(2, 2);
	put(4, 2);
	end_set();
	begin_set(256);
	put(3000, 4);
	put(5, 4);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(emitted, 1);
	assert_true(last.first_ns == UINT64_C(1699999998000000000));
	assert_false(last.biflow);
	assert_int_equal(seen()->version, 9);
}

static void netflow9_options_have_lengths_in_bytes(void **state)
{
	begin9(0, 5000);
	begin_set(1);
	put(400, 2);
	put(4, 2);
	put(4, 2);
	put(1, 2);
	put(4, 2);
	put(42, 2);
	put(4, 2);
	put(0, 2); /* padding */
	end_set();
	begin_set(400);
	put(0, 4);
	put(77, 4);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->told_sent, 77);
	assert_int_equal(seen()->options, 1);
}

/* ---- the sequence ---- */

static void gaps_are_counted_and_late_messages_fill_them(void **state)
{
	begin(100); /* wherever it starts is fine */
	put_template();
	put_data(2);
	assert_int_equal(take(), 0);
	begin(105);
	put_data(1);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->gaps, 1);
	assert_int_equal(seen()->lost, 3);
	begin(102); /* here they are */
	put_data(3);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->lost, 0);
	assert_int_equal(seen()->reordered, 1);
	begin(106);
	put_data(1);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->gaps, 1);
}

static void the_sequence_of_netflow9_counts_messages(void **state)
{
	begin9(7, 1);
	assert_int_equal(take(), 0);
	begin9(8, 1);
	assert_int_equal(take(), 0);
	begin9(11, 1);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->lost, 2);
}

static void the_sequence_may_wrap(void **state)
{
	begin(UINT32_MAX);
	put_template();
	put_data(2);
	assert_int_equal(take(), 0);
	begin(1);
	put_data(1);
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->gaps, 0);
}

/* ---- hostile messages ---- */

static void lengths_that_lie_are_refused(void **state)
{
	begin(0);
	put_template();
	put_data(1);
	message[HEADER + 3]++; /* the set's length */
	assert_int_equal(take(), -EINVAL);
	begin(0);
	put(256, 2);
	put(3, 2); /* shorter than its header */
	assert_int_equal(take(), -EINVAL);
	begin(0);
	put(256, 2);
	put(400, 2); /* longer than the message */
	assert_int_equal(take(), -EINVAL);
	assert_int_equal(seen()->malformed, 3);
	begin(0);
	used = 10;
	assert_int_equal(take(), -EINVAL);
	begin(0);
	put_template();
	message[2] = 1;
	assert_int_equal(weir_collect_message(collect, "x", false, message, used), -EINVAL);
}

static void templates_that_make_no_sense_are_refused(void **state)
{
	begin(0);
	begin_set(2); /* records of no bytes */
	put(256, 2);
	put(1, 2);
	put(2, 2);
	put(0, 2);
	end_set();
	begin_set(256);
	put(0, 4);
	end_set();
	assert_int_equal(take(), 0);
	assert_int_equal(seen()->templates_refused, 1);
	begin(0);
	begin_set(2);
	put(255, 2); /* an id that sets have */
	put(1, 2);
	put(2, 2);
	put(4, 2);
	end_set();
	assert_int_equal(take(), -EINVAL);
	begin(0);
	begin_set(2);
	put(256, 2);
	put(65535, 2); /* more fields than there is room for */
	put(2, 2);
	put(4, 2);
	end_set();
	assert_int_equal(take(), -EINVAL);
}

static void variable_lengths_end_with_the_set(void **state)
{
	begin(0);
	begin_set(2);
	put(256, 2);
	put(1, 2);
	put(82, 2);
	put(65535, 2);
	end_set();
	begin_set(256);
	put(255, 1);
	put(60000, 2);
	put(0, 5);
	end_set();
	assert_int_equal(take(), -EINVAL);
	assert_int_equal(emitted, 0);
	assert_int_equal(seen()->malformed, 1);
}

static void there_is_a_limit_to_templates_and_to_what_waits(void **state)
{
	for (uint32_t i = 0; i < 60; i++) {
		begin(0);
		for (uint32_t j = 0; j < 20; j++) {
			begin_set(2);
			put(256 + i * 20 + j, 2);
			put(10, 2);
			for (int k = 0; k < 10; k++)
				put(0x00640004, 4);
			end_set();
		}
		assert_int_equal(take(), 0);
	}
	assert_true(seen()->templates_refused > 0);
	for (uint32_t i = 0; i < 1000; i++) {
		begin(0);
		begin_set(40000);
		for (int j = 0; j < 1000; j++)
			put(0, 8);
		end_set();
		assert_int_equal(take(), 0);
	}
	assert_true(seen()->waiting <= 64);
	assert_int_equal(seen()->waiting + seen()->no_template, 1000);
}

static void the_exporter_silent_for_longest_gives_way(void **state)
{
	char name[32];

	for (int i = 0; i < WEIR_COLLECT_EXPORTERS_MAX + 1; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		begin(0);
		put_template();
		assert_int_equal(take_from(name, false), 0);
	}
	assert_null(weir_collect_exporter(collect, WEIR_COLLECT_EXPORTERS_MAX));
	snprintf(name, sizeof(name), "e%d", WEIR_COLLECT_EXPORTERS_MAX);
	assert_string_equal(weir_collect_exporter(collect, 0)->name, name);
}

/* ---- frame ---- */

static void emit(void *user, const struct weir_flow_record *record)
{
	last = *record;
	emitted++;
}

static int set_up(void **state)
{
	const struct weir_collect_settings settings = {.emit = emit};

	emitted = 0;
	return weir_collect_open(&settings, &collect, NULL);
}

static int tear_down(void **state)
{
	weir_collect_close(collect);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_what_its_template_says),
		TEST(unknown_elements_and_variable_lengths_are_passed_over),
		TEST(data_waits_for_its_template),
		TEST(in_a_stream_nothing_waits),
		TEST(templates_change_and_are_withdrawn),
		TEST(exporters_and_domains_have_templates_of_their_own),
		TEST(options_tell_what_the_exporter_lost),
		TEST(netflow9_times_count_from_the_exporters_start),
		TEST(netflow9_options_have_lengths_in_bytes),
		TEST(gaps_are_counted_and_late_messages_fill_them),
		TEST(the_sequence_of_netflow9_counts_messages),
		TEST(the_sequence_may_wrap),
		TEST(lengths_that_lie_are_refused),
		TEST(templates_that_make_no_sense_are_refused),
		TEST(variable_lengths_end_with_the_set),
		TEST(there_is_a_limit_to_templates_and_to_what_waits),
		TEST(the_exporter_silent_for_longest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
