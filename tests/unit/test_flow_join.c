/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_join.h"

enum { SECOND = 1000000000, HELD_MAX = 3 };

/* What came out. */
struct collected {
	struct weir_flow_record records[8];
	struct weir_flow_times times[8];
	unsigned int count;
};

static void collect(void *user, const struct weir_flow_record *record)
{
	struct collected *out = user;

	assert_in_range(out->count, 0, 7);
	if (record->times)
		out->times[out->count] = *record->times;
	out->records[out->count++] = *record;
}

static struct weir_flow_join *open_join(struct collected *out,
					const struct weir_flow_expression *records)
{
	const struct weir_flow_join_settings settings = {.hold_ns = 5ULL * SECOND,
							 .held_max = HELD_MAX,
							 .records = records,
							 .emit = collect,
							 .user = out};
	struct weir_flow_join *join;

	memset(out, 0, sizeof(*out));
	assert_int_equal(weir_flow_join_open(&settings, &join), 0);
	return join;
}

/* A biflow of which only the way from 'source' to 'destination' was seen. */
static struct weir_flow_record half(uint8_t source, uint16_t source_port, uint8_t destination,
				    uint16_t destination_port, uint64_t first_ns, uint64_t packets)
{
	return (struct weir_flow_record){
		.ip_version = 4,
		.protocol = 6,
		.end_reason = WEIR_FLOW_END_IDLE,
		.biflow = true,
		.source_address = {10, 0, 0, source},
		.destination_address = {10, 0, 0, destination},
		.source_port = source_port,
		.destination_port = destination_port,
		.first_ns = first_ns,
		.last_ns = first_ns + SECOND,
		.forward = {.packets = packets, .bytes = 100 * packets, .ttl_min = source},
	};
}

static void directions_at_two_meters_become_one_record(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_times times[2] = {{.first_ns = {2 * SECOND}, .frames = {7}},
					   {.first_ns = {SECOND}, .frames = {4}}};
	struct weir_flow_record answer = half(2, 80, 1, 5000, 2ULL * SECOND, 7);
	struct weir_flow_record question = half(1, 5000, 2, 80, SECOND, 4);
	struct weir_flow_join_counters counters;

	answer.times = &times[0];
	question.times = &times[1];
	flow_join_enter(join);
	assert_int_equal(flow_join_enter(join), 1);
	flow_join_take(join, 1, &answer);
	flow_join_take(join, 0, &question);
	assert_int_equal(out.count, 0);
	flow_join_tick(join, 5ULL * SECOND);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.records[0].source_address[3], 1); /* it came first: the initiator */
	assert_int_equal(out.records[0].forward.packets, 4);
	assert_int_equal(out.records[0].reverse.packets, 7);
	assert_int_equal(out.records[0].reverse.bytes, 700);
	assert_int_equal(out.records[0].reverse.ttl_min, 2);
	assert_int_equal(out.records[0].first_ns, SECOND);
	assert_int_equal(out.records[0].last_ns, 3ULL * SECOND);
	assert_int_equal(out.times[0].frames[0], 4);
	assert_int_equal(out.times[0].frames[1], 7);
	assert_int_equal(out.times[0].first_ns[1], 2ULL * SECOND);
	weir_flow_join_counters(join, &counters);
	assert_int_equal(counters.joined, 1);
	assert_int_equal(counters.added, 1);
	assert_int_equal(counters.misplaced, 4);
	weir_flow_join_close(join);
}

static void parts_of_one_direction_are_summed(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_record part = half(1, 5000, 2, 80, SECOND, 4);

	for (unsigned int meter = 0; meter < 64; meter++) {
		assert_int_equal(flow_join_enter(join), meter);
		flow_join_take(join, meter, &part);
	}
	flow_join_tick(join, 6ULL * SECOND);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.records[0].forward.packets, 64 * 4);
	assert_int_equal(out.records[0].reverse.packets, 0);
	weir_flow_join_close(join);
}

static void a_meter_tells_a_flow_once(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_record first = half(1, 5000, 2, 80, SECOND, 4);
	struct weir_flow_record second = half(1, 5000, 2, 80, 2ULL * SECOND, 5);
	struct weir_flow_join_counters counters;

	flow_join_enter(join);
	flow_join_take(join, 0, &first);
	flow_join_take(join, 0, &second); /* so the first is complete, and goes at once */
	assert_int_equal(out.count, 1);
	assert_int_equal(out.records[0].forward.packets, 4);
	flow_join_leave(join);
	assert_int_equal(out.count, 2);
	assert_int_equal(out.records[1].forward.packets, 5);
	weir_flow_join_counters(join, &counters);
	assert_int_equal(counters.joined, 0);
	weir_flow_join_close(join);
}

static void the_same_ends_at_another_time_are_another_flow(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_record first = half(1, 5000, 2, 80, SECOND, 4);
	struct weir_flow_record later = half(2, 80, 1, 5000, 60ULL * SECOND, 5);

	flow_join_enter(join);
	flow_join_enter(join);
	flow_join_take(join, 0, &first);
	flow_join_take(join, 1, &later);
	flow_join_tick(join, 5ULL * SECOND);
	assert_int_equal(out.count, 2);
	weir_flow_join_close(join);
}

static void pings_of_each_other_are_two_flows(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_record one = half(1, 0, 2, 8 << 8, SECOND, 4);
	struct weir_flow_record other = half(2, 0, 1, 8 << 8, SECOND, 4);

	one.protocol = other.protocol = 1;
	flow_join_enter(join);
	flow_join_enter(join);
	flow_join_take(join, 0, &one);
	flow_join_take(join, 1, &other);
	flow_join_tick(join, 5ULL * SECOND);
	assert_int_equal(out.count, 2);
	weir_flow_join_close(join);
}

static void a_full_table_lets_the_oldest_go_and_counts(void **state)
{
	struct collected out;
	struct weir_flow_join *join = open_join(&out, NULL);
	struct weir_flow_join_counters counters;

	flow_join_enter(join);
	for (uint8_t i = 0; i < HELD_MAX + 2; i++) {
		struct weir_flow_record record = half(i, 5000, 200, 80, SECOND, 1);

		flow_join_take(join, 0, &record);
	}
	assert_int_equal(out.count, 2);
	assert_int_equal(out.records[0].source_address[3], 0);
	assert_int_equal(out.records[1].source_address[3], 1);
	weir_flow_join_counters(join, &counters);
	assert_int_equal(counters.pushed_out, 2);
	flow_join_leave(join);
	assert_int_equal(out.count, HELD_MAX + 2);
	weir_flow_join_close(join);
}

static void only_joined_records_are_chosen_from(void **state)
{
	struct weir_flow_expression *many;
	struct weir_error error;
	struct collected out;
	struct weir_flow_join *join;
	struct weir_flow_record part = half(1, 5000, 2, 80, SECOND, 6);
	struct weir_flow_record small = half(3, 5000, 2, 80, SECOND, 6);
	struct weir_flow_join_counters counters;

	assert_int_equal(weir_flow_expression_open("packets > 10", &many, &error), 0);
	join = open_join(&out, many);
	flow_join_enter(join);
	flow_join_enter(join);
	flow_join_take(join, 0, &part);
	flow_join_take(join, 1, &part);
	flow_join_take(join, 1, &small);
	flow_join_leave(join);
	assert_int_equal(out.count, 0); /* one meter is still there */
	flow_join_leave(join);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.records[0].forward.packets, 12);
	weir_flow_join_counters(join, &counters);
	assert_int_equal(counters.unwanted, 1);
	weir_flow_join_close(join);
	weir_flow_expression_close(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_at_two_meters_become_one_record),
		cmocka_unit_test(parts_of_one_direction_are_summed),
		cmocka_unit_test(a_meter_tells_a_flow_once),
		cmocka_unit_test(the_same_ends_at_another_time_are_another_flow),
		cmocka_unit_test(pings_of_each_other_are_two_flows),
		cmocka_unit_test(a_full_table_lets_the_oldest_go_and_counts),
		cmocka_unit_test(only_joined_records_are_chosen_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
