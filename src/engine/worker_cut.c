/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two cuts of the ledger's first law. Live: read the kernel's counters,
 * which tell how many packets are owed; deliver exactly that many; the ledger
 * balances at that instant. Stop: close intake, wait for hooks in flight,
 * read, deliver what is owed.
 */
#include <linux/membarrier.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker_steps.h"

enum {
	WORKER_CUT_DEADLINE_MS = 500,
	WORKER_STOP_DEADLINE_MS = 2000,
	WORKER_STABLE_READS_MAX = 50, /* where membarrier is refused */
};

/* ---- live ---- */

void worker_cut_reached(struct worker *worker, struct worker_source *own)
{
	own->cutting = false;
	weir_ledger_cut(worker->ledger, own->source->account, clock_unix_ns());
}

void worker_begin_cut(struct worker *worker, uint64_t now_ns)
{
	for (uint32_t i = 0; i < worker->source_count; i++) {
		struct worker_source *own = &worker->sources[i];
		struct weir_source *source = own->source;

		if (source->ops->read_counters && source->ops->read_counters(source) == 0 &&
		    own->taken < source->owed)
			own->cutting = true;
		else
			worker_cut_reached(worker, own);
	}
	worker->cut_deadline_ns = now_ns + WORKER_CUT_DEADLINE_MS * (uint64_t)CLOCK_NS_PER_MS;
	worker->next_cut_ns += worker->interval_ns;
	if (worker->next_cut_ns <= now_ns) /* we were held up: no burst of cuts */
		worker->next_cut_ns = now_ns + worker->interval_ns;
}

void worker_tell(struct worker *worker)
{
	uint64_t one = 1;
	ssize_t rc = write(worker->report_fd, &one, sizeof(one));

	(void)rc; /* an eventfd's counter cannot overflow by ones */
}

/* Is the cut complete, or its time up (then it is given up: the next one will do)? */
void worker_end_cut(struct worker *worker, uint64_t now_ns)
{
	bool late = now_ns >= worker->cut_deadline_ns;

	for (uint32_t i = 0; i < worker->source_count; i++) {
		if (worker->sources[i].cutting && !late)
			return;
		worker->sources[i].cutting = false;
	}
	worker->cut_deadline_ns = 0;
	/* pairs with the acquire in engine_cuts */
	__atomic_store_n(&worker->cuts, worker->cuts + 1, __ATOMIC_RELEASE);
	worker_tell(worker);
}

/* ---- the end of the run ---- */

/*
 * Wait until every hook that saw the old filter has finished: they run under
 * RCU, and MEMBARRIER_CMD_GLOBAL waits for a grace period. Where it is
 * refused, the counters are read until they stand still.
 */
static bool worker_await_hooks(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
}

static void worker_read_stable(struct weir_source *source)
{
	uint64_t before;
	int n = 0;

	do {
		before = source->owed;
		usleep(CLOCK_NS_PER_MS / CLOCK_NS_PER_US);
		if (source->ops->read_counters(source) < 0)
			return;
	} while (source->owed != before && ++n < WORKER_STABLE_READS_MAX);
}

static void worker_drain(struct worker *worker, struct worker_source *own, uint64_t deadline_ns)
{
	own->cutting = true; /* take not more than what is owed */
	while (own->taken < own->source->owed && clock_monotonic_ns() < deadline_ns) {
		if (worker_take(worker, own) <= 0) {
			struct epoll_event event;

			epoll_wait(worker->epoll_fd, &event, 1, WORKER_POLL_MS);
		}
	}
	own->cutting = false;
}

void worker_wind_up(struct worker *worker)
{
	uint64_t deadline_ns;
	bool waited;

	for (uint32_t i = 0; i < worker->source_count; i++)
		if (worker->sources[i].source->ops->stop)
			worker->sources[i].source->ops->stop(worker->sources[i].source);
	waited = worker_await_hooks();
	deadline_ns = clock_monotonic_ns() + WORKER_STOP_DEADLINE_MS * (uint64_t)CLOCK_NS_PER_MS;
	for (uint32_t i = 0; i < worker->source_count; i++) {
		struct worker_source *own = &worker->sources[i];
		struct weir_source *source = own->source;

		if (!source->ops->read_counters)
			continue;
		if (source->ops->read_counters(source) == 0 && !waited)
			worker_read_stable(source);
		worker_drain(worker, own, deadline_ns);
		/* Records that carry no packet may follow: pass over them and read once more. */
		if (own->taken == source->owed)
			worker_take(worker, own);
		source->ops->read_counters(source);
	}
	for (uint32_t i = 0; i < worker->sink_count; i++) {
		struct weir_sink *sink = worker->sinks[i];
		int rc = sink->ops->finish ? sink->ops->finish(sink) : 0;

		if (rc < 0)
			worker_fail(worker, rc, &sink->failure);
	}
	for (uint32_t i = 0; i < worker->source_count && !worker->is_taker; i++)
		worker_cut_reached(worker, &worker->sources[i]);
}
