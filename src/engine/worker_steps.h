/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a worker's loop, a file each: what they need of each other.
 * All on the worker's thread.
 */
#ifndef ENGINE_WORKER_STEPS_H
#define ENGINE_WORKER_STEPS_H

#include "worker.h"

enum { WORKER_POLL_MS = 1 /* where nothing says how long to wait */ };

/* ---- worker_deliver.c ---- */

/* Note the first failure. */
void worker_fail(struct worker *worker, int code, const struct weir_error *error);
/* Nothing more is wanted, of any worker. */
void worker_end_run(struct worker *worker);
/* A sink has answered: 0, 1 (wants to end) or an error, after which nothing more is wanted. */
void worker_heed(struct worker *worker, struct weir_sink *sink, int answer);
/* Returns how many packets the sinks were given. */
uint32_t worker_deliver(struct worker *worker, struct worker_source *own, struct weir_batch *taken);

/* ---- worker_take.c ---- */

/* Take one batch. Returns the packets got, or what next() says. */
int worker_take(struct worker *worker, struct worker_source *own);
/* One turn of one source; true when it may have more at once. */
bool worker_serve(struct worker *worker, struct worker_source *own);
/* There is something to be had, now or later. */
bool worker_goes_on(const struct worker *worker);

/* ---- worker_cut.c ---- */

void worker_cut_reached(struct worker *worker, struct worker_source *own);
void worker_begin_cut(struct worker *worker, uint64_t now_ns);
/* Is the cut complete, or its time up (then it is given up: the next one will do)? */
void worker_end_cut(struct worker *worker, uint64_t now_ns);
/* Ring for the engine's thread. */
void worker_tell(struct worker *worker);
void worker_wind_up(struct worker *worker);

/* ---- worker_sources.c ---- */

int worker_watch(struct worker *worker, int fd);
/* Of a running worker: rows and events of a source that came during the run. */
int worker_join(struct worker *worker, struct worker_source *own);
/* Its interface is gone; what the kernel still owes is taken before it is closed. */
void worker_begin_leave(struct worker_source *own);
/* Close those whose time to leave has come. */
void worker_dismiss(struct worker *worker, uint64_t now_ns);

#endif
