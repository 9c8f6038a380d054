/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker against a scripted source: a kernel that can be told how much it
 * has counted, what it has dropped, and when packets show up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "worker.h"

enum { SCRIPT_DROPPED = 7 };

struct script {
	struct weir_source source;
	uint64_t total; /* packets that the "kernel" has put into its ring */
	uint64_t handed_out;
	uint64_t late;       /* of these, how many show up only after stop() */
	uint64_t straggling; /* come when all that was owed after stop() has been handed out */
	uint64_t idle;       /* so many times there is nothing now when all is handed out */
	int end;             /* what next() says after that */
	bool stopped;
	uint64_t dropped; /* lost before the first batch */
	uint64_t plain;   /* so many packets are all zeros, then they begin with a one */
	uint32_t most;    /* the largest limit seen */
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
	struct weir_batch batch;
};

static int script_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct script *script = (struct script *)source;
	uint64_t there = script->total - (script->stopped ? 0 : script->late);
	uint32_t count = there - script->handed_out < limit ? (uint32_t)(there - script->handed_out)
							    : limit;
	static const uint8_t plain[60], bytes[60] = {1};

	assert_true(limit >= 1 && limit <= WEIR_BATCH_PACKETS_MAX);
	if (script->stopped && !count) {
		count = (uint32_t)script->straggling;
		script->total += count;
		script->straggling = 0;
	}
	if (limit > script->most)
		script->most = limit;
	if (!count && script->idle) {
		script->idle--;
		return 0;
	}
	if (!count)
		return script->end;
	for (uint32_t i = 0; i < count; i++)
		script->packets[i] = (struct weir_packet){
			.bytes = script->handed_out + i < script->plain ? plain : bytes,
			.captured_len = sizeof(bytes),
			.wire_len = sizeof(bytes)};
	script->batch = (struct weir_batch){
		.packets = script->packets, .count = count, .dropped = script->dropped};
	script->dropped = 0;
	script->handed_out += count;
	*batch = &script->batch;
	return (int)count;
}

static void script_release(struct weir_source *source, struct weir_batch *batch)
{
}

static int script_read_counters(struct weir_source *source)
{
	struct script *script = (struct script *)source;

	weir_cell_set(&source->row->in, script->total + SCRIPT_DROPPED);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL], SCRIPT_DROPPED);
	source->owed = script->total;
	return 0;
}

static void script_stop(struct weir_source *source)
{
	((struct script *)source)->stopped = true;
}

static void script_close(struct weir_source *source)
{
}

static const struct weir_source_ops script_ops = {
	.name = "script",
	.next = script_next,
	.release = script_release,
	.read_counters = script_read_counters,
	.stop = script_stop,
	.close = script_close,
};

/* A sink that can be told what to answer. */
struct taster {
	struct weir_sink sink;
	uint64_t taken, finished;
	uint64_t dropped; /* that batches told of */
	uint64_t enough;  /* wants to end when it has taken so many */
	int answer;       /* what it says then */
};

static int taster_consume(struct weir_sink *sink, struct weir_row *row,
			  const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct taster *taster = (struct taster *)sink;

	taster->taken += batch->count;
	taster->dropped += batch->dropped;
	weir_cell_add(&row->out, batch->count);
	if (taster->enough && taster->taken >= taster->enough) {
		weir_error_set(&sink->failure, taster->answer, "the taster is full");
		return taster->answer;
	}
	return 0;
}

static int taster_finish(struct weir_sink *sink)
{
	((struct taster *)sink)->finished++;
	return 0;
}

static void taster_close(struct weir_sink *sink)
{
}

static const struct weir_sink_ops taster_ops = {.name = "taster",
						.consume = taster_consume,
						.finish = taster_finish,
						.close = taster_close};

struct fixture {
	struct worker worker;
	struct quota quota;
	struct script script;
	struct taster taster;
	struct weir_ledger *ledger;
	struct weir_interfaces *interfaces;
};

static void ignore_notice(void *user, const char *text)
{
}

static int set_up(void **state)
{
	const struct weir_interface interface = {.name = "script", .link_type = 1};
	struct fixture *f = calloc(1, sizeof(*f));
	struct weir_source *source = &f->script.source;

	assert_int_equal(weir_ledger_open(&f->ledger), 0);
	assert_int_equal(weir_interfaces_open(&f->interfaces), 0);
	assert_int_equal(weir_interfaces_add(f->interfaces, &interface), 0);
	source->ops = &script_ops;
	source->wait_fd = -1;
	source->account = weir_ledger_account(f->ledger, "script", "", "script", 0);
	source->row = weir_ledger_row(f->ledger, source->account, WEIR_STAGE_RING, "", true);
	f->taster.sink.ops = &taster_ops;
	f->worker.sources = calloc(1, sizeof(*f->worker.sources));
	f->worker.sources[0].source = source;
	f->worker.source_count = 1;
	f->worker.sinks[0] = &f->taster.sink;
	f->worker.sink_count = 1;
	f->worker.interfaces = f->interfaces;
	f->worker.ledger = f->ledger;
	f->worker.stop_fd = eventfd(0, EFD_CLOEXEC);
	f->worker.report_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->worker.interval_ns = 1000000000;
	f->worker.notice = ignore_notice;
	f->script.end = -ENODATA;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_null(weir_ledger_unbalanced(f->ledger)); /* whatever the test did */
	assert_int_equal(f->taster.finished, 1);
	close(f->worker.stop_fd);
	close(f->worker.report_fd);
	worker_close(&f->worker);
	weir_ledger_close(f->ledger);
	weir_interfaces_close(f->interfaces);
	free(f);
	return 0;
}

static void run(struct fixture *f)
{
	assert_int_equal(worker_open(&f->worker, NULL), 0);
	worker_run(&f->worker);
}

static struct weir_totals totals_of(struct fixture *f)
{
	struct weir_totals totals;

	weir_ledger_totals(f->ledger, false, &totals);
	return totals;
}

static void all_packets_go_to_the_sink(void **state)
{
	struct fixture *f = *state;

	f->script.total = 100000;
	run(f);
	assert_int_equal(f->taster.taken, 100000);
	assert_int_equal(totals_of(f).seen, 100000 + SCRIPT_DROPPED);
	assert_int_equal(totals_of(f).dropped, SCRIPT_DROPPED);
	assert_int_equal(totals_of(f).lost, SCRIPT_DROPPED);
	assert_int_equal(totals_of(f).wire, 100000);
}

/* At a millisecond each it would take longer than a test may. */
static void a_source_that_wants_no_pause_gets_none(void **state)
{
	struct fixture *f = *state;

	f->script.total = 10;
	f->script.idle = 60000;
	f->script.source.poll_interval_ms = 0;
	run(f);
	assert_int_equal(f->script.idle, 0);
	assert_int_equal(f->taster.taken, 10);
}

static void packets_still_owed_at_the_stop_are_delivered(void **state)
{
	struct fixture *f = *state;

	f->script.total = 1000;
	f->script.late = 300;
	run(f);
	assert_int_equal(f->taster.taken, 1000);
}

/* What was still in a hook when the counters were read, where nothing can wait for hooks. */
static void packets_that_come_after_the_last_count_are_delivered(void **state)
{
	struct fixture *f = *state;

	f->script.total = 1000;
	f->script.straggling = 2;
	run(f);
	assert_int_equal(f->taster.taken, 1002);
	assert_int_equal(weir_cell_get(&f->script.source.account->frames), 1002);
}

static void a_loss_before_filtered_packets_is_told_with_the_next_one(void **state)
{
	struct fixture *f = *state;
	struct weir_filter *filter;

	assert_int_equal(weir_filter_open("ether[0] = 1", &filter, NULL), 0);
	assert_int_equal(weir_filter_prepare(filter, 1, NULL), 0);
	f->worker.sources[0].filter = filter;
	f->script.total = 3 * WEIR_BATCH_PACKETS_MAX;
	f->script.plain = 2 * WEIR_BATCH_PACKETS_MAX;
	f->script.dropped = 5;
	run(f);
	assert_int_equal(f->taster.taken, WEIR_BATCH_PACKETS_MAX);
	assert_int_equal(f->taster.dropped, 5);
	weir_filter_close(filter);
}

static void a_limit_is_met_exactly_and_the_rest_is_after_stop(void **state)
{
	struct fixture *f = *state;

	f->script.total = 5000;
	f->quota = (struct quota){.wanted = 1234, .left = 1234};
	f->worker.quota = &f->quota;
	run(f);
	assert_int_equal(f->taster.taken, 1234);
	assert_int_equal(totals_of(f).dropped, SCRIPT_DROPPED + 5000 - 1234);
	assert_int_equal(totals_of(f).lost, SCRIPT_DROPPED);
}

/* What other workers were promised and delivered is not for this one. */
static void a_limit_is_shared_with_other_workers(void **state)
{
	struct fixture *f = *state;

	f->script.total = 5000;
	f->quota = (struct quota){.wanted = 1234, .left = 1234};
	f->worker.quota = &f->quota;
	assert_int_equal(quota_promise(&f->quota, 256), 256);
	quota_settle(&f->quota, 256, 200); /* the rest was filtered, and goes back */
	run(f);
	assert_int_equal(f->taster.taken, 1034);
	assert_int_equal(totals_of(f).dropped, SCRIPT_DROPPED + 5000 - 1034);
	assert_int_equal(quota_promise(&f->quota, 256), 0);
	assert_true(quota_is_met(&f->quota));
}

static void a_limit_met_by_others_ends_a_worker(void **state)
{
	struct fixture *f = *state;

	f->script.total = 500;
	f->quota = (struct quota){.wanted = 100, .delivered = 100};
	f->worker.quota = &f->quota;
	run(f);
	assert_int_equal(f->taster.taken, 0);
	assert_int_equal(totals_of(f).lost, SCRIPT_DROPPED);
}

static void a_sink_that_has_enough_ends_the_run_in_peace(void **state)
{
	struct fixture *f = *state;

	f->script.total = 5000;
	f->taster.enough = 256;
	f->taster.answer = 1;
	run(f);
	assert_int_equal(f->worker.result, 0);
	assert_int_equal(f->taster.taken, 256);
}

static void a_sink_that_fails_is_the_result_and_all_is_accounted_for(void **state)
{
	struct fixture *f = *state;

	f->script.total = 5000;
	f->taster.enough = 256;
	f->taster.answer = -ENOSPC;
	run(f);
	assert_int_equal(f->worker.result, -ENOSPC);
	assert_string_equal(f->worker.error.text, "the taster is full");
}

static void a_source_that_vanishes_gives_all_it_had(void **state)
{
	struct fixture *f = *state;

	f->script.total = 500;
	f->script.end = -ENODEV;
	weir_error_set(&f->script.source.failure, -ENODEV, "interface 'script' has disappeared");
	run(f);
	assert_int_equal(f->worker.result, -ENODEV);
	assert_int_equal(f->taster.taken, 500);
}

static void a_live_cut_balances_though_more_is_in_the_ring(void **state)
{
	struct fixture *f = *state;
	struct weir_row *row = f->script.source.row;

	f->script.total = 1000000;
	f->worker.interval_ns = 1; /* a cut at every turn */
	run(f);
	assert_int_equal(row->cut.in, row->cut.out + row->cut.dropped[WEIR_REASON_RING_FULL]);
	assert_int_equal(f->taster.taken, 1000000);
	assert_int_equal(f->script.most, WEIR_BATCH_PACKETS_MAX);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_packets_go_to_the_sink),
		CASE(a_source_that_wants_no_pause_gets_none),
		CASE(packets_still_owed_at_the_stop_are_delivered),
		CASE(packets_that_come_after_the_last_count_are_delivered),
		CASE(a_loss_before_filtered_packets_is_told_with_the_next_one),
		CASE(a_limit_is_met_exactly_and_the_rest_is_after_stop),
		CASE(a_limit_is_shared_with_other_workers),
		CASE(a_limit_met_by_others_ends_a_worker),
		CASE(a_sink_that_has_enough_ends_the_run_in_peace),
		CASE(a_sink_that_fails_is_the_result_and_all_is_accounted_for),
		CASE(a_source_that_vanishes_gives_all_it_had),
		CASE(a_live_cut_balances_though_more_is_in_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
