/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker: a thread with its sources and its sinks. Nothing on its packet
 * path is shared with another thread but ledger cells, which it alone writes.
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <pthread.h>

#include "heavy.h"
#include "quota.h"
#include "weir/engine.h"

/* A source and how it stands with this worker. */
struct worker_source {
	struct weir_source *source;
	struct weir_filter *filter; /* to be applied here; NULL when the kernel did */
	struct weir_row *filter_row;
	struct weir_row *sink_rows[WEIR_SINKS_MAX];
	uint64_t taken;   /* got from the source, since the open */
	uint64_t dropped; /* told by batches of which the filter left nothing, for the next one */
	uint64_t fault_filter, fault_sink; /* of tests: base/fault.h */
	int device;        /* the kernel's index of the interface, 0 = none, or many */
	uint64_t leave_ns; /* its interface is gone: until then what is owed may come (monotonic) */
	bool ended;        /* no more to come */
	bool cutting;      /* on the way to owed */
};

struct worker {
	pthread_t thread;
	uint32_t index;
	bool is_taker; /* of dispatch: its sources are lanes, whose accounts are a reader's to keep */
	struct worker_source *sources;
	uint32_t source_count;
	struct watch *watch; /* of interfaces by pattern; NULL when there are none */
	struct weir_sink *sinks[WEIR_SINKS_MAX];
	uint32_t sink_count;
	enum weir_decode_depth depth;
	const struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	int epoll_fd;
	int stop_fd;   /* readable when the run is to end; a worker that wants it writes */
	int report_fd; /* written to when a cut is complete, and at the end */
	void (*notice)(void *user, const char *text);
	void *user;
	uint64_t interval_ns;
	bool finds_heavy; /* there are several workers */
	struct heavy heavy;
	struct quota *quota;     /* the user's limit of packets, for all workers; NULL = none */
	bool stopping, unwanted; /* unwanted: what is still owed goes to after_stop */
	uint64_t next_cut_ns, next_tick_ns,
		cut_deadline_ns; /* monotonic; deadline 0 = no cut under way */
	bool busy_polls;         /* never sleeps */
	bool has_polled;         /* some source has no descriptor to wait on: */
	int poll_ms;             /* they are asked this often */
	int result;              /* 0 or the first failure */
	struct weir_error error;
	uint64_t cuts; /* complete ones; atomic, read by the engine */
	bool ending;   /* no further cut but the last; atomic, as above */
	bool done;     /* atomic; read by the engine */
	struct weir_headers outer[WEIR_BATCH_PACKETS_MAX], inner[WEIR_BATCH_PACKETS_MAX];
};

/*
 * Open a source and take it in; before the run, or on the worker's thread.
 * 'device' is the index of its interface, if that is known. As
 * weir_source_open; -ENOSPC beyond WEIR_SOURCES_MAX.
 */
int worker_add_source(struct worker *worker, const char *name, int device,
		      const struct weir_source_settings *settings,
		      const struct weir_source_context *context, struct weir_error *error);
/* Prepare: rows, epoll. The descriptors and lists have been filled in. -errno. */
int worker_open(struct worker *worker, struct weir_error *error);
/* The thread's function; its argument is the worker. */
void *worker_run(void *argument);
void worker_close(struct worker *worker);

#endif
