/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's sources: taken in before the run or during it, and left when their interface is gone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "worker_steps.h"

enum {
	WORKER_NAME_BYTES = 32, /* of a sink's row */
	WORKER_LEAVE_MS = 100,  /* for the last block of a ring whose interface is gone */
};

/* ---- in ---- */

int worker_watch(struct worker *worker, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Takers have rows of one account each: the number tells them apart. */
static const char *worker_sink_name(const struct worker *worker, const struct weir_sink *sink,
				    char name[WORKER_NAME_BYTES])
{
	if (worker->is_taker)
		snprintf(name, WORKER_NAME_BYTES, "%s %u", sink->ops->name, worker->index);
	else
		snprintf(name, WORKER_NAME_BYTES, "%s", sink->ops->name);
	return name;
}

static int worker_add_rows(struct worker *worker, struct worker_source *own)
{
	struct weir_account *account = own->source->account;
	char name[WORKER_NAME_BYTES];

	if (own->filter) {
		own->filter_row =
			weir_ledger_row(worker->ledger, account, WEIR_STAGE_FILTER, "", true);
		if (!own->filter_row)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < worker->sink_count; i++) {
		struct weir_sink *sink = worker->sinks[i];
		struct weir_row *row = weir_ledger_row(worker->ledger, account, WEIR_STAGE_SINK,
						       worker_sink_name(worker, sink, name), true);
		int rc = row ? 0 : -ENOMEM;

		own->sink_rows[i] = row;
		if (rc == 0 && sink->ops->attach)
			rc = sink->ops->attach(sink, worker->ledger, account, row);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A regular file is always ready and epoll refuses it (EPERM): it is polled instead. */
static int worker_watch_source(struct worker *worker, const struct weir_source *source)
{
	int rc = source->wait_fd >= 0 ? worker_watch(worker, source->wait_fd) : -EPERM;
	int poll_ms = source->wait_fd >= 0 ? WORKER_POLL_MS : source->poll_interval_ms;

	if (rc != -EPERM)
		return rc;
	if (!worker->has_polled || poll_ms < worker->poll_ms)
		worker->poll_ms = poll_ms;
	worker->has_polled = true;
	return 0;
}

/* Of a running worker: rows and events of a source that came during the run. */
int worker_join(struct worker *worker, struct worker_source *own)
{
	int rc = worker_add_rows(worker, own);

	return rc < 0 ? rc : worker_watch_source(worker, own->source);
}

int worker_add_source(struct worker *worker, const char *name, int device,
		      const struct weir_source_settings *settings,
		      const struct weir_source_context *context, struct weir_error *error)
{
	struct worker_source *own = &worker->sources[worker->source_count];
	int rc;

	if (worker->source_count == WEIR_SOURCES_MAX)
		return weir_error_set(error, -ENOSPC, "more than %d sources", WEIR_SOURCES_MAX);
	memset(own, 0, sizeof(*own));
	rc = weir_source_open(name, settings, context, &own->source, error);
	if (rc < 0)
		return rc;
	own->device = own->source->device ? own->source->device : device;
	if (!own->source->filtered && *weir_filter_expression(settings->filter))
		own->filter = settings->filter;
	rc = worker->epoll_fd >= 0 ? worker_join(worker, own) : 0;
	if (rc == 0 && own->source->ops->admit && settings->fanout.members <= 1)
		rc = own->source->ops->admit(own->source, error);
	if (rc < 0) {
		own->source->ops->close(own->source);
		return weir_error_set_errno(error, rc, "cannot take in '%s'", name);
	}
	worker->source_count++;
	return 0;
}

/* ---- out ---- */

/* Its interface is gone; what the kernel still owes is taken before it is closed. */
void worker_begin_leave(struct worker_source *own)
{
	own->leave_ns = clock_monotonic_ns() + WORKER_LEAVE_MS * (uint64_t)CLOCK_NS_PER_MS;
	if (!own->source->ops->read_counters || own->source->ops->read_counters(own->source) < 0)
		own->source->owed = own->taken;
}

/* True when it has left, and another has its place in the list. */
static bool worker_leave(struct worker *worker, struct worker_source *own, uint64_t now_ns)
{
	struct weir_source *source = own->source;

	own->cutting = true; /* take not more than what is owed */
	while (own->taken < source->owed && worker_take(worker, own) > 0)
		;
	if (own->taken < source->owed && now_ns < own->leave_ns)
		return false;
	if (source->ops->read_counters)
		source->ops->read_counters(source);
	worker_cut_reached(worker, own);
	source->ops->close(source);
	*own = worker->sources[--worker->source_count];
	return true;
}

void worker_dismiss(struct worker *worker, uint64_t now_ns)
{
	for (uint32_t i = 0; i < worker->source_count;)
		if (!worker->sources[i].leave_ns ||
		    !worker_leave(worker, &worker->sources[i], now_ns))
			i++;
}
