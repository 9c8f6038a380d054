/* SPDX-License-Identifier: Apache-2.0 */
/* Two workers, one file: what waits for whom. */
#include <time.h>

#include "base/clock.h"
#include "record_fixture.h"

enum {
	WORKERS = 2,
	DELAY_MS = 1,
	PAUSE_MS = 30,
	AWAIT_MAX = 130 /* pauses, less than the patience */
};

struct worker {
	struct weir_sink *sink;
	struct weir_row *row;
};

static void open_workers(struct fixture *f, struct worker *workers)
{
	const struct weir_record_settings settings = {.path = f->path};
	struct weir_sink *sinks[WORKERS];

	assert_int_equal(weir_sink_open_record_merged(&settings, f->interfaces, WORKERS,
						      DELAY_MS * (uint64_t)CLOCK_NS_PER_MS, sinks,
						      &f->error),
			 0);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct weir_account *account =
			weir_ledger_account(f->ledger, "eth0", "", "ring", i);

		workers[i].sink = sinks[i];
		workers[i].row =
			weir_ledger_row(f->ledger, account, WEIR_STAGE_SINK, "record", true);
		assert_int_equal(
			sinks[i]->ops->attach(sinks[i], f->ledger, account, workers[i].row), 0);
	}
}

static void give_one(struct fixture *f, const struct worker *worker, uint64_t time_ns)
{
	struct weir_packet packet = {
		.bytes = f->bytes, .time_ns = time_ns, .captured_len = 60, .wire_len = 60};
	const struct weir_batch batch = {.packets = &packet, .count = 1};

	assert_int_equal(worker->sink->ops->consume(worker->sink, worker->row, &batch, NULL), 0);
}

/* Time for the thread that merges to do what it should not: it does not change what is right. */
static void pause_a_while(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * CLOCK_NS_PER_MS}, NULL);
}

/* The row between a worker and the thread that merges. */
static const struct weir_row *merge_row(const struct worker *worker)
{
	const struct weir_row *row = weir_account_rows(worker->row->account);

	while (strcmp(row->name, "merge"))
		row = row->next;
	return row;
}

static uint64_t late(const struct worker *workers)
{
	return weir_cell_get(&merge_row(&workers[0])->late) +
	       weir_cell_get(&merge_row(&workers[1])->late);
}

static void await_merged(const struct worker *worker, uint64_t packets)
{
	for (int n = 0; n < AWAIT_MAX && weir_cell_get(&merge_row(worker)->out) < packets; n++)
		pause_a_while();
	assert_int_equal(weir_cell_get(&merge_row(worker)->out), packets);
}

static void close_workers(struct worker *workers)
{
	for (uint32_t i = 0; i < WORKERS; i++)
		workers[i].sink->ops->close(workers[i].sink);
}

static void a_worker_without_cpu_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct worker workers[WORKERS];
	const uint64_t now_ns = clock_unix_ns();
	const uint64_t ms = CLOCK_NS_PER_MS;

	open_workers(f, workers);
	workers[0].sink->ops->idle(workers[0].sink, now_ns);
	workers[1].sink->ops->idle(workers[1].sink, now_ns - 900 * ms); /* and then it got none */
	give_one(f, &workers[0], now_ns - 500 * ms);
	pause_a_while();
	give_one(f, &workers[1], now_ns - 600 * ms);
	pause_a_while();
	close_workers(workers);
	assert_int_equal(late(workers), 0);
}

static void a_worker_without_packets_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct worker workers[WORKERS];
	const uint64_t now_ns = clock_unix_ns();
	const uint64_t ms = CLOCK_NS_PER_MS;

	open_workers(f, workers);
	workers[0].sink->ops->idle(workers[0].sink, now_ns);
	workers[1].sink->ops->idle(workers[1].sink, now_ns);
	give_one(f, &workers[0], now_ns - 500 * ms);
	await_merged(&workers[0], 1);
	give_one(f, &workers[1], now_ns - 600 * ms); /* it had said that there is none */
	close_workers(workers);
	assert_int_equal(late(workers), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_worker_without_cpu_is_waited_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_worker_without_packets_is_not_waited_for, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
