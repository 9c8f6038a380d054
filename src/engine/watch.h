/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces by pattern: those that match and appear during the run are
 * opened, told by netlink. Each worker has a watch, and opens its share on its
 * own thread, between two turns of its sources.
 */
#ifndef ENGINE_WATCH_H
#define ENGINE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/source.h"

struct watch;
struct watch_shares;
struct worker;

enum {
	WATCH_PATTERNS_MAX = 64,
	/* Of each interface, unless -B or the source's options say else: there may be many. */
	WATCH_RING_BYTES = 8 << 20,
};

/* Is this a source of interfaces by pattern ("veth*", "ring:w[0-9],version=2")? */
bool watch_is_pattern(const char *name);
/* 'context' is copied, 'shares' those of all workers. -ENOMEM, -errno. */
int watch_open(struct worker *worker, struct watch_shares *shares,
	       const struct weir_source_context *context, struct watch **out,
	       struct weir_error *error);
void watch_close(struct watch *watch);
/*
 * Add a pattern and open what matches now and is this worker's: returns how
 * many. As weir_source_open; -EINVAL, -ENOSPC.
 */
int watch_add(struct watch *watch, const char *name, const struct weir_source_settings *settings,
	      struct weir_error *error);
/* Tell that the pattern added last matches nothing yet, on any worker. */
void watch_tell_none(struct watch *watch);
/* Readable when interfaces may have appeared; then watch_read is to be called. */
int watch_fd(const struct watch *watch);
void watch_read(struct watch *watch);
/*
 * Once per turn of the worker: if something has changed, open what is new, a
 * few at a time. True when there is more to do at once. 'now_ns' is monotonic.
 */
bool watch_turn(struct watch *watch, uint64_t now_ns);

#endif
