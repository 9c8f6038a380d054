/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: owns the tables and the workers, starts and ends them, and
 * waits, on the caller's thread, for what the caller wants to hear of.
 */
#include "weir/engine.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "dispatch.h"
#include "place.h"
#include "watch.h"
#include "watch_shares.h"
#include "worker.h"

enum { ENGINE_POLL_MAX_MS = 1000 };
/* Of all lanes of dispatch together, as long as each has its least; touched as packets wait. */
#define ENGINE_LANES_BYTES    (UINT64_C(512) << 20)
#define ENGINE_LANE_BYTES_MIN (UINT64_C(4) << 20)

struct weir_engine {
	struct weir_engine_settings settings;
	struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	uint64_t seed;             /* of the choice of dispatch */
	int stop_fd, report_fd;    /* eventfds */
	uint64_t start_ns, end_ns; /* monotonic; 0 = not yet */
	struct quota quota;
	struct watch_shares *shares; /* of interfaces by pattern; NULL when there are none */
	/* Held until all threads are there: a worker may wait for the others at its end. */
	pthread_mutex_t gate;
	bool aborted;           /* under the gate */
	struct worker *workers; /* those that read sources, then those that only feed sinks */
	uint32_t reader_count, worker_count, started;
};

static void engine_notice(void *user, const char *text)
{
	struct weir_engine *engine = user;

	if (engine->settings.notice)
		engine->settings.notice(engine->settings.user, text);
}

static int engine_make_workers(struct weir_engine *engine)
{
	uint32_t readers = engine->settings.workers ? engine->settings.workers : 1;
	uint32_t count = readers + engine->settings.dispatch;

	if (readers > WEIR_WORKERS_MAX || engine->settings.dispatch > WEIR_WORKERS_MAX)
		return -EINVAL;
	engine->workers = calloc(count, sizeof(*engine->workers));
	if (!engine->workers)
		return -ENOMEM;
	engine->reader_count = readers;
	for (uint32_t i = 0; i < count; i++) {
		struct worker *worker = &engine->workers[i];

		worker->is_taker = i >= readers;
		worker->index = worker->is_taker ? i - readers : i;
		worker->epoll_fd = -1;
		engine->worker_count++; /* it can be closed */
		worker->sources = calloc(WEIR_SOURCES_MAX, sizeof(*worker->sources));
		if (!worker->sources)
			return -ENOMEM;
	}
	return 0;
}

static int engine_check_cpus(const struct weir_engine_settings *settings, struct weir_error *error)
{
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (uint32_t i = 0; i < settings->cpu_count; i++)
		if (settings->cpus[i] >= CPU_SETSIZE || !CPU_ISSET(settings->cpus[i], &allowed))
			return weir_error_set(error, -EINVAL,
					      "a worker cannot run on CPU %u (taskset -p tells on "
					      "which)",
					      settings->cpus[i]);
	return 0;
}

int weir_engine_open(const struct weir_engine_settings *settings, struct weir_engine **out,
		     struct weir_error *error)
{
	struct weir_engine *engine = calloc(1, sizeof(*engine));
	int rc = engine_check_cpus(settings, error);

	if (rc < 0 || !engine) {
		free(engine);
		return rc < 0 ? rc : weir_error_set(error, -ENOMEM, "out of memory");
	}
	engine->settings = *settings;
	engine->seed = hash_seed();
	pthread_mutex_init(&engine->gate, NULL);
	if (!engine->settings.interval_ns)
		engine->settings.interval_ns = CLOCK_NS_PER_S;
	engine->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	engine->report_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = engine->stop_fd < 0 || engine->report_fd < 0 ? -errno : engine_make_workers(engine);
	if (rc == 0)
		rc = weir_interfaces_open(&engine->interfaces);
	if (rc == 0)
		rc = weir_ledger_open(&engine->ledger);
	if (rc < 0) {
		weir_engine_close(engine);
		return weir_error_set_errno(error, rc, "cannot make an engine");
	}
	*out = engine;
	return 0;
}

static void engine_close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void weir_engine_close(struct weir_engine *engine)
{
	if (!engine)
		return;
	for (uint32_t i = 0; i < engine->worker_count; i++)
		worker_close(&engine->workers[i]);
	free(engine->workers);
	watch_shares_close(engine->shares);
	pthread_mutex_destroy(&engine->gate);
	engine_close_fd(engine->stop_fd);
	engine_close_fd(engine->report_fd);
	weir_interfaces_close(engine->interfaces);
	weir_ledger_close(engine->ledger);
	free(engine);
}

/* ---- sources and sinks ---- */

/* What is opened until engine_leave will be used by this worker, of all: memory near its CPU. */
static int engine_place(const struct weir_engine *engine, uint32_t worker, struct weir_error *error)
{
	const struct weir_engine_settings *settings = &engine->settings;
	uint32_t cpu;
	int rc;

	if (!settings->cpu_count)
		return 0;
	cpu = settings->cpus[worker % settings->cpu_count];
	rc = place_enter(cpu);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot have memory near CPU %u", cpu) : 0;
}

static void engine_leave(const struct weir_engine *engine)
{
	if (engine->settings.cpu_count)
		place_leave();
}

static int engine_open_source(struct weir_engine *engine, struct worker *worker, const char *name,
			      const struct weir_source_settings *settings,
			      const struct weir_source_context *context, struct weir_error *error)
{
	int rc = engine_place(engine, (uint32_t)(worker - engine->workers), error);

	if (rc == 0)
		rc = worker_add_source(worker, name, 0, settings, context, error);
	engine_leave(engine);
	return rc;
}

/* A whole source's worker: the first of those that have the fewest. */
static struct worker *engine_idlest(struct weir_engine *engine)
{
	struct worker *found = engine->workers;

	for (uint32_t i = 1; i < engine->reader_count; i++)
		if (engine->workers[i].source_count < found->source_count)
			found = &engine->workers[i];
	return found;
}

/* Let packets in: each worker's last source is a member of the group. */
static int engine_admit(struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < engine->reader_count; i++) {
		struct worker *worker = &engine->workers[i];
		struct weir_source *source = worker->sources[worker->source_count - 1].source;

		if (source->ops->admit)
			rc = source->ops->admit(source, error);
	}
	return rc;
}

/* One member of a new group for each worker. */
static int engine_add_group(struct weir_engine *engine, const char *name,
			    const struct weir_source_settings *wanted,
			    const struct weir_source_context *context, struct weir_error *error)
{
	struct weir_source_settings settings = *wanted;
	struct weir_source_context own = *context;
	int rc = 0;

	if (settings.fanout.mode == WEIR_FANOUT_NONE)
		settings.fanout.mode = WEIR_FANOUT_HASH;
	settings.fanout.group = WEIR_FANOUT_GROUP_OWN;
	settings.fanout.members = engine->reader_count;
	for (uint32_t i = 0; rc == 0 && i < engine->reader_count; i++) {
		struct worker *worker = &engine->workers[i];

		settings.fanout.member = i;
		rc = engine_open_source(engine, worker, name, &settings, &own, error);
		if (rc == 0 && i == 0) { /* what the kernel gave, and now it is told once */
			struct weir_source *first =
				worker->sources[worker->source_count - 1].source;

			settings.fanout = first->fanout;
			settings.fanout.first = first;
		}
		own.notice = NULL;
	}
	return rc < 0 ? rc : engine_admit(engine, error);
}

/* What was named is open where it is, and no pattern's to open again. */
static int engine_except_named(struct weir_engine *engine)
{
	int rc = 0;

	for (uint32_t i = 0; i < engine->reader_count; i++) {
		const struct worker *worker = &engine->workers[i];

		for (uint32_t n = 0; rc == 0 && n < worker->source_count; n++)
			if (worker->sources[n].device)
				rc = watch_shares_give(engine->shares, worker->sources[n].device,
						       WATCH_NOBODY);
	}
	return rc;
}

/* Each worker watches, and has a part of what matches. */
static int engine_watch(struct weir_engine *engine, const struct weir_source_context *context,
			struct weir_error *error)
{
	int rc = engine->shares ? 0 : watch_shares_open(engine->reader_count, &engine->shares);

	if (rc == 0)
		rc = engine_except_named(engine);
	if (rc < 0)
		return weir_error_set_errno(error, rc, "cannot watch for interfaces");
	for (uint32_t i = 0; rc == 0 && i < engine->reader_count; i++)
		if (!engine->workers[i].watch)
			rc = watch_open(&engine->workers[i], engine->shares, context,
					&engine->workers[i].watch, error);
	return rc;
}

static int engine_add_pattern(struct weir_engine *engine, const char *name,
			      const struct weir_source_settings *settings,
			      const struct weir_source_context *context, struct weir_error *error)
{
	int opened = 0;
	int rc;

	if (engine->settings.dispatch) /* sinks could not meet them in another thread's run */
		return weir_error_set(error, -EINVAL,
				      "interfaces by pattern cannot be dispatched; name them");
	rc = engine_watch(engine, context, error);
	for (uint32_t i = 0; rc == 0 && i < engine->reader_count; i++) {
		int got;

		rc = engine_place(engine, i, error);
		if (rc < 0)
			break;
		got = watch_add(engine->workers[i].watch, name, settings, error);
		engine_leave(engine);
		opened += got;
		rc = got < 0 ? got : 0;
	}
	if (rc == 0 && !opened)
		watch_tell_none(engine->workers[0].watch);
	return rc;
}

int weir_engine_add_source(struct weir_engine *engine, const char *name,
			   const struct weir_source_settings *settings, struct weir_error *error)
{
	const struct weir_source_context context = {
		.interfaces = engine->interfaces,
		.privilege = engine->settings.privilege,
		.ledger = engine->ledger,
		.notice = engine_notice,
		.user = engine,
	};
	const struct weir_source_kind *kind = weir_source_kind_of(name);
	struct worker *worker = engine->workers;

	if (engine->reader_count > 1 && (kind->has_fanout || kind->is_shared) &&
	    !watch_is_pattern(name))
		return engine_add_group(engine, name, settings, &context, error);
	if (watch_is_pattern(name))
		return engine_add_pattern(engine, name, settings, &context, error);
	if (kind->needs != WEIR_SOURCE_NEEDS_NOTHING)
		worker = engine_idlest(engine);
	return engine_open_source(engine, worker, name, settings, &context, error);
}

/* The workers that feed sinks. */
static struct worker *engine_feeders(struct weir_engine *engine)
{
	return engine->workers + (engine->settings.dispatch ? engine->reader_count : 0);
}

int weir_engine_enter(const struct weir_engine *engine, uint32_t index, struct weir_error *error)
{
	uint32_t first = engine->settings.dispatch ? engine->reader_count : 0;

	return engine_place(engine, first + index, error);
}

void weir_engine_leave(const struct weir_engine *engine)
{
	engine_leave(engine);
}

int weir_engine_add_sink(struct weir_engine *engine, uint32_t index, struct weir_sink *sink,
			 struct weir_error *error)
{
	struct worker *worker = engine_feeders(engine) + index;

	if (index >= weir_engine_workers(engine) || worker->sink_count == WEIR_SINKS_MAX) {
		sink->ops->close(sink);
		return weir_error_set(error, -ENOSPC, "more than %d sinks", WEIR_SINKS_MAX);
	}
	worker->sinks[worker->sink_count++] = sink;
	return 0;
}

uint32_t weir_engine_workers(const struct weir_engine *engine)
{
	return engine->settings.dispatch ? engine->settings.dispatch : engine->reader_count;
}

bool weir_engine_has_patterns(const struct weir_engine *engine)
{
	return engine->shares;
}

/* ---- the run ---- */

void weir_engine_stop(struct weir_engine *engine)
{
	uint64_t one = 1;
	ssize_t rc = write(engine->stop_fd, &one, sizeof(one));

	(void)rc; /* full means that it rings already */
}

/* What workers tell is read from themselves; here it only stops ringing. */
static void engine_listen(const struct weir_engine *engine)
{
	uint64_t count;
	ssize_t rc = read(engine->report_fd, &count, sizeof(count));

	(void)rc; /* it did not ring: it was a signal, or the time */
}

static uint64_t engine_lane_bytes(const struct weir_engine *engine)
{
	uint64_t bytes = ENGINE_LANES_BYTES;
	uint64_t lanes = 0;

	for (uint32_t i = 0; i < engine->reader_count; i++)
		lanes += engine->workers[i].source_count * (uint64_t)engine->settings.dispatch;
	while (bytes > ENGINE_LANE_BYTES_MIN && bytes * lanes > ENGINE_LANES_BYTES)
		bytes /= 2;
	return bytes;
}

/* A reader's one sink, and a lane from each of its sources to each taker. */
static int engine_dispatch(struct weir_engine *engine, struct worker *reader)
{
	uint64_t bytes = engine_lane_bytes(engine);
	int rc = dispatch_open(engine_feeders(engine), engine->settings.dispatch, engine->seed,
			       &reader->sinks[0]);

	if (rc < 0)
		return rc;
	reader->sink_count = 1;
	for (uint32_t i = 0; rc == 0 && i < reader->source_count; i++)
		rc = dispatch_connect(reader->sinks[0], engine->ledger,
				      reader->sources[i].source->account, bytes);
	return rc;
}

/* Into how many parts packets are shared out by pair of addresses. */
static uint32_t engine_shares(const struct weir_engine *engine)
{
	uint32_t takers = engine->settings.dispatch;

	return takers > engine->reader_count ? takers : engine->reader_count;
}

uint32_t weir_engine_heavy(const struct weir_engine *engine, struct weir_heavy_pair *out,
			   uint32_t max)
{
	const struct heavy *heavy[WEIR_WORKERS_MAX];

	if (engine_shares(engine) < 2)
		return 0;
	for (uint32_t i = 0; i < engine->reader_count; i++)
		heavy[i] = &engine->workers[i].heavy;
	return heavy_find(heavy, engine->reader_count, engine_shares(engine), out, max);
}

static int engine_prepare(struct weir_engine *engine, struct weir_error *error)
{
	uint64_t limit = engine->settings.packet_limit;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && engine->settings.dispatch && i < engine->reader_count; i++)
		rc = engine_dispatch(engine, &engine->workers[i]);
	if (rc < 0)
		return weir_error_set_errno(error, rc, "cannot prepare to dispatch");
	engine->quota = (struct quota){.wanted = limit, .left = limit};
	for (uint32_t i = 0; rc == 0 && i < engine->worker_count; i++) {
		struct worker *worker = &engine->workers[i];

		worker->interfaces = engine->interfaces;
		worker->ledger = engine->ledger;
		worker->stop_fd = engine->stop_fd;
		worker->report_fd = engine->report_fd;
		worker->interval_ns = engine->settings.interval_ns;
		worker->quota = limit && !worker->is_taker ? &engine->quota : NULL;
		worker->busy_polls = engine->settings.busy_poll && !worker->is_taker;
		worker->finds_heavy = !worker->is_taker && engine_shares(engine) > 1;
		worker->notice = engine_notice;
		worker->user = engine;
		rc = engine_place(engine, i, error);
		if (rc == 0)
			rc = worker_open(worker, error);
		engine_leave(engine);
	}
	return rc;
}

static void *engine_thread(void *argument)
{
	struct worker *worker = argument;
	struct weir_engine *engine = worker->user;
	bool aborted;

	pthread_mutex_lock(&engine->gate);
	aborted = engine->aborted;
	pthread_mutex_unlock(&engine->gate);
	return aborted ? NULL : worker_run(worker);
}

static int engine_start_worker(struct weir_engine *engine, struct worker *worker,
			       struct weir_error *error)
{
	const struct weir_engine_settings *settings = &engine->settings;
	pthread_attr_t attributes;
	cpu_set_t cpus;
	int rc = 0;

	pthread_attr_init(&attributes);
	if (settings->cpu_count) {
		CPU_ZERO(&cpus);
		CPU_SET(settings->cpus[(worker - engine->workers) % settings->cpu_count], &cpus);
		rc = pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	}
	if (rc == 0)
		rc = pthread_create(&worker->thread, &attributes, engine_thread, worker);
	pthread_attr_destroy(&attributes);
	return rc ? weir_error_set_errno(error, -rc, "cannot start a thread") : 0;
}

/* Signals are the caller's affair: threads are made with all of them blocked. */
static int engine_start(struct weir_engine *engine, struct weir_error *error)
{
	sigset_t all, before;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&engine->gate);
	while (rc == 0 && engine->started < engine->worker_count) {
		rc = engine_start_worker(engine, &engine->workers[engine->started], error);
		engine->started += rc == 0;
	}
	engine->aborted = rc < 0;
	pthread_mutex_unlock(&engine->gate);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* Wait for the end of all that were started; the first failure, if there is none yet. */
static int engine_join(struct weir_engine *engine, int rc, struct weir_error *error)
{
	for (uint32_t i = 0; i < engine->started; i++) {
		struct worker *worker = &engine->workers[i];

		pthread_join(worker->thread, NULL);
		if (worker->result >= 0 || rc < 0)
			continue;
		rc = worker->result;
		if (error)
			*error = worker->error;
	}
	return rc;
}

static bool engine_is_done(const struct weir_engine *engine)
{
	for (uint32_t i = 0; i < engine->worker_count; i++)
		/* pairs with the release at the end of worker_run */
		if (!__atomic_load_n(&engine->workers[i].done, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* The cuts that each worker has completed which is not at its end. */
static uint64_t engine_cuts(const struct weir_engine *engine)
{
	uint64_t fewest = UINT64_MAX;

	for (uint32_t i = 0; i < engine->reader_count; i++) {
		const struct worker *worker = &engine->workers[i];
		/* pairs with the release in worker_end_cut */
		uint64_t cuts = __atomic_load_n(&worker->cuts, __ATOMIC_ACQUIRE);

		if (cuts < fewest && !__atomic_load_n(&worker->ending, __ATOMIC_ACQUIRE))
			fewest = cuts;
	}
	return fewest;
}

static int engine_patience_ms(const struct weir_engine *engine, uint64_t now_ns)
{
	uint64_t end_ns = engine->start_ns + engine->settings.duration_ns;

	if (!engine->settings.duration_ns)
		return -1;
	if (now_ns >= end_ns) /* the stop has been rung: the worker will tell */
		return ENGINE_POLL_MAX_MS;
	if (end_ns - now_ns > ENGINE_POLL_MAX_MS * (uint64_t)CLOCK_NS_PER_MS)
		return ENGINE_POLL_MAX_MS;
	return (int)((end_ns - now_ns) / CLOCK_NS_PER_MS) + 1;
}

static void engine_wait(struct weir_engine *engine)
{
	const struct weir_engine_settings *settings = &engine->settings;
	struct pollfd fds[] = {{.fd = engine->report_fd, .events = POLLIN},
			       /* without 'woken' nobody would read it: it would wake for ever */
			       {.fd = settings->woken ? settings->wake_fd : -1, .events = POLLIN}};
	uint64_t now_ns;

	poll(fds, 2, engine_patience_ms(engine, clock_monotonic_ns()));
	now_ns = clock_monotonic_ns();
	if (settings->duration_ns && now_ns - engine->start_ns >= settings->duration_ns)
		weir_engine_stop(engine);
	if (fds[1].revents & POLLIN)
		settings->woken(settings->user, engine);
}

int weir_engine_run(struct weir_engine *engine, struct weir_error *error)
{
	uint64_t cuts, told = 0;
	bool done = false;
	int rc;

	engine->start_ns = clock_monotonic_ns();
	rc = engine_prepare(engine, error);
	if (rc < 0)
		return rc;
	rc = engine_start(engine, error);
	if (rc < 0)
		return engine_join(engine, rc, error);
	while (!done) {
		engine_wait(engine);
		engine_listen(engine);
		cuts = engine_cuts(engine);
		done = engine_is_done(engine);
		if (done)
			engine->end_ns = clock_monotonic_ns();
		if ((done || cuts > told) && engine->settings.interval)
			engine->settings.interval(engine->settings.user, engine, done);
		told = cuts;
	}
	return engine_join(engine, 0, error);
}

struct weir_ledger *weir_engine_ledger(struct weir_engine *engine)
{
	return engine->ledger;
}

struct weir_interfaces *weir_engine_interfaces(struct weir_engine *engine)
{
	return engine->interfaces;
}

struct weir_privilege *weir_engine_privilege(struct weir_engine *engine)
{
	return engine->settings.privilege;
}

uint64_t weir_engine_duration_ns(const struct weir_engine *engine)
{
	if (!engine->start_ns)
		return 0;
	return (engine->end_ns ? engine->end_ns : clock_monotonic_ns()) - engine->start_ns;
}
