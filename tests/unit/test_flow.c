/* SPDX-License-Identifier: Apache-2.0 */
/* The metering sink between engine and meter: rows, exports, board, and files read in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "flow_traffic.h"
#include "weir/flow_sink.h"

struct fixture {
	struct weir_flow_settings meter;
	struct weir_ledger *ledger;
	struct weir_row *row[2];
	struct weir_flow_board *board;
	struct weir_exports *exports;
	struct weir_sink *sink;
	struct traffic traffic[2];
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	weir_flow_settings_init(&f.meter);
	f.meter.flows_max = 1000;
	assert_int_equal(weir_ledger_open(&f.ledger), 0);
	assert_int_equal(weir_flow_board_open(&f.board), 0);
	*state = &f;
	return 0;
}

/* A sink with 'count' sources. */
static void open_sink(struct fixture *f, uint32_t count)
{
	const char *targets[] = {"null:"};
	struct weir_export_settings output = {.meter = &f->meter};
	struct weir_flow_sink_settings settings = {.meter = &f->meter, .board = f->board};

	assert_int_equal(weir_exports_open(targets, 1, &output, &f->exports, NULL), 0);
	settings.exports = f->exports;
	assert_int_equal(weir_sink_open_flow(&settings, &f->sink, NULL), 0);
	for (uint32_t i = 0; i < count; i++) {
		struct weir_account *account = weir_ledger_account(f->ledger, "x", "", "file", i);

		f->row[i] = weir_ledger_row(f->ledger, account, WEIR_STAGE_SINK, "flow", true);
		assert_int_equal(f->sink->ops->attach(f->sink, f->ledger, account, f->row[i]), 0);
	}
}

/* Give the next 'count' packets of a source to the sink. */
static void consume(struct fixture *f, int source, uint32_t at, uint32_t count)
{
	struct traffic *t = &f->traffic[source];
	struct weir_batch batch = {.packets = t->packets + at, .count = count};
	struct weir_decoded decoded = {.outer = t->headers + at};

	weir_cell_add(&f->row[source]->in, count);
	assert_int_equal(f->sink->ops->consume(f->sink, f->row[source], &batch, &decoded), 0);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
	f->sink->ops->close(f->sink);
	weir_exports_close(f->exports);
	weir_flow_board_close(f->board);
	weir_ledger_close(f->ledger);
	traffic_free(&f->traffic[0]);
	traffic_free(&f->traffic[1]);
	return 0;
}

static void add_packets(struct fixture *f, int source, uint64_t start_s, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		traffic_add(&f->traffic[source],
			    (struct traffic_packet){.time_ns = TRAFFIC_T0 + start_s * TRAFFIC_S +
							       i * UINT64_C(100000000),
						    .source = (uint16_t)(1 + source),
						    .destination = 9,
						    .source_port = 1000,
						    .destination_port = 53,
						    .protocol = UDP,
						    .payload = 10});
	traffic_decode(&f->traffic[source]);
}

static void files_read_in_turn_do_not_end_each_others_flows(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;

	open_sink(f, 2);
	add_packets(f, 0, 0, 100);
	add_packets(f, 1, 7200, 100); /* two hours later */
	for (uint32_t at = 0; at < 100; at += 10) {
		consume(f, 0, at, 10);
		consume(f, 1, at, 10);
		f->sink->ops->tick(f->sink, TRAFFIC_T0);
	}
	weir_flow_board_counters(f->board, &c);
	assert_int_equal(c.flows, 2);
	assert_int_equal(c.active, 2);
	assert_int_equal(c.clock_steps, 0);
	assert_int_equal(c.late, 0);
}

static void a_file_at_its_end_does_not_hold_up_the_others_for_ever(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;

	open_sink(f, 2);
	add_packets(f, 0, 0, 1);
	add_packets(f, 1, 0, 10000); /* 1,000 s */
	consume(f, 0, 0, 1);
	for (uint32_t at = 0; at < 10000; at++)
		consume(f, 1, at, 1);
	f->sink->ops->tick(f->sink, TRAFFIC_T0);
	weir_flow_board_counters(f->board, &c);
	assert_int_equal(c.ended[WEIR_FLOW_END_IDLE], 1);
	assert_int_equal(c.ended[WEIR_FLOW_END_ACTIVE], 3);
}

static void packets_that_were_not_sampled_are_dropped_with_that_reason(void **state)
{
	struct fixture *f = *state;

	f->meter.sampling = WEIR_FLOW_SAMPLE_SYSTEMATIC;
	f->meter.sampling_interval = 4;
	open_sink(f, 1);
	add_packets(f, 0, 0, 100);
	consume(f, 0, 0, 100);
	assert_int_equal(weir_cell_get(&f->row[0]->dropped[WEIR_REASON_SAMPLED]), 75);
	assert_int_equal(weir_cell_get(&f->row[0]->out), 25);
}

static void the_top_flows_are_told_best_first(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_sink_settings settings = {
		.meter = &f->meter, .board = f->board, .top = true, .sort = WEIR_FLOW_SORT_PACKETS};
	struct weir_flow_top top[WEIR_FLOW_TOP_MAX];

	open_sink(f, 1);
	f->sink->ops->finish(f->sink); /* another sink, with a top */
	f->sink->ops->close(f->sink);
	settings.exports = f->exports;
	assert_int_equal(weir_sink_open_flow(&settings, &f->sink, NULL), 0);
	f->sink->ops->attach(f->sink, f->ledger, f->row[0]->account, f->row[0]);
	for (uint32_t flow = 0; flow < 100; flow++)
		for (uint32_t i = 0; i <= flow; i++)
			traffic_add(&f->traffic[0],
				    (struct traffic_packet){.time_ns = TRAFFIC_T0 + i,
							    .source = (uint16_t)flow,
							    .destination = 999,
							    .protocol = UDP});
	traffic_decode(&f->traffic[0]);
	for (uint32_t at = 0; at < f->traffic[0].count; at += 50)
		consume(f, 0, at, 50);
	for (int tick = 0; tick < 10; tick++)
		f->sink->ops->tick(f->sink, TRAFFIC_T0);
	assert_int_equal(weir_flow_board_top(f->board, top, 5), 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(top[i].record.forward.packets, 100 - i);
	assert_int_equal(weir_flow_board_top(f->board, top, WEIR_FLOW_TOP_MAX), WEIR_FLOW_TOP_MAX);
	assert_int_equal(top[63].record.forward.packets, 37);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_read_in_turn_do_not_end_each_others_flows),
		CASE(a_file_at_its_end_does_not_hold_up_the_others_for_ever),
		CASE(packets_that_were_not_sampled_are_dropped_with_that_reason),
		CASE(the_top_flows_are_told_best_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
