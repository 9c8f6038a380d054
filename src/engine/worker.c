/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's loop.
 *
 *   wait ─► for each source: next ─► filter ─► decode ─► sinks ─► release
 *     ▲                                                            │
 *     └──────────────── tick, cut ◄────────────────────────────────┘
 */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "watch.h"
#include "worker_steps.h"

enum {
	WORKER_EVENTS_MAX = 64,
	WORKER_TICK_MS = 100,
};

/* ---- the loop ---- */

static void worker_tick(struct worker *worker, uint64_t now_ns)
{
	uint64_t unix_ns = clock_unix_ns();

	worker->next_tick_ns = now_ns + WORKER_TICK_MS * (uint64_t)CLOCK_NS_PER_MS;
	for (uint32_t i = 0; i < worker->sink_count; i++)
		if (worker->sinks[i]->ops->tick)
			worker_heed(worker, worker->sinks[i],
				    worker->sinks[i]->ops->tick(worker->sinks[i], unix_ns));
}

static bool worker_tells_idle(const struct worker *worker)
{
	for (uint32_t i = 0; i < worker->sink_count; i++)
		if (worker->sinks[i]->ops->idle)
			return true;
	return false;
}

static void worker_idle(struct worker *worker, uint64_t asked_ns)
{
	for (uint32_t i = 0; i < worker->sink_count; i++)
		if (worker->sinks[i]->ops->idle)
			worker->sinks[i]->ops->idle(worker->sinks[i], asked_ns);
}

static int worker_patience_ms(const struct worker *worker, bool more, uint64_t now_ns)
{
	uint64_t until = worker->next_tick_ns;
	uint64_t wait;

	if (more || worker->busy_polls)
		return 0;
	if (worker->next_cut_ns < until)
		until = worker->next_cut_ns;
	if (worker->cut_deadline_ns && worker->cut_deadline_ns < until)
		until = worker->cut_deadline_ns;
	wait = until > now_ns ? (until - now_ns) / CLOCK_NS_PER_MS + 1 : 0;
	if (worker->has_polled && wait > (uint64_t)worker->poll_ms)
		wait = (uint64_t)worker->poll_ms;
	return (int)wait;
}

static void worker_loop(struct worker *worker)
{
	struct epoll_event events[WORKER_EVENTS_MAX];
	const bool tells_idle = worker_tells_idle(worker);
	uint64_t now_ns = clock_monotonic_ns();
	bool more = true;

	worker->next_cut_ns = worker->is_taker ? UINT64_MAX : now_ns + worker->interval_ns;
	worker->next_tick_ns = now_ns + WORKER_TICK_MS * (uint64_t)CLOCK_NS_PER_MS;
	while (!worker->stopping && worker_goes_on(worker)) {
		int count = epoll_wait(worker->epoll_fd, events, WORKER_EVENTS_MAX,
				       worker_patience_ms(worker, more, now_ns));
		uint64_t asked_ns = tells_idle ? clock_unix_ns() : 0;

		for (int i = 0; i < count; i++)
			if (events[i].data.fd == worker->stop_fd)
				worker->stopping = true;
			else if (worker->watch && events[i].data.fd == watch_fd(worker->watch))
				watch_read(worker->watch);
		more = false;
		for (uint32_t i = 0; i < worker->source_count && !worker->stopping; i++)
			if (!worker->sources[i].ended)
				more |= worker_serve(worker, &worker->sources[i]);
		if (tells_idle && !more && !worker->stopping)
			worker_idle(worker, asked_ns);
		now_ns = clock_monotonic_ns();
		worker_dismiss(worker, now_ns);
		if (worker->watch && !worker->stopping)
			more |= watch_turn(worker->watch, now_ns);
		if (now_ns >= worker->next_tick_ns)
			worker_tick(worker, now_ns);
		if (now_ns >= worker->next_cut_ns && !worker->cut_deadline_ns)
			worker_begin_cut(worker, now_ns);
		if (worker->cut_deadline_ns)
			worker_end_cut(worker, now_ns);
	}
}

void *worker_run(void *argument)
{
	struct worker *worker = argument;

	worker_loop(worker);
	__atomic_store_n(&worker->ending, true, __ATOMIC_RELEASE); /* pairs as that of cuts */
	worker_tell(worker);
	worker_wind_up(worker);
	/* pairs with the acquire in the engine's loop */
	__atomic_store_n(&worker->done, true, __ATOMIC_RELEASE);
	worker_tell(worker);
	return NULL;
}

/* ---- open and close ---- */

int worker_open(struct worker *worker, struct weir_error *error)
{
	int rc;

	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = worker->epoll_fd < 0 ? -errno : 0;
	if (rc == 0 && !worker->is_taker) /* which ends when its lanes do */
		rc = worker_watch(worker, worker->stop_fd);
	for (uint32_t i = 0; i < worker->sink_count; i++)
		if (worker->sinks[i]->ops->needs > worker->depth)
			worker->depth = worker->sinks[i]->ops->needs;
	for (uint32_t i = 0; rc == 0 && i < worker->source_count; i++)
		rc = worker_join(worker, &worker->sources[i]);
	if (rc == 0 && worker->watch)
		rc = worker_watch(worker, watch_fd(worker->watch));
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot prepare a worker") : 0;
}

void worker_close(struct worker *worker)
{
	watch_close(worker->watch);
	for (uint32_t i = 0; i < worker->source_count; i++)
		worker->sources[i].source->ops->close(worker->sources[i].source);
	for (uint32_t i = 0; i < worker->sink_count; i++)
		worker->sinks[i]->ops->close(worker->sinks[i]);
	if (worker->epoll_fd >= 0)
		close(worker->epoll_fd);
	free(worker->sources);
}
