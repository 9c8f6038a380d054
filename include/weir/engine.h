/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: takes packets from sources to sinks and keeps the ledger.
 *
 * Invariants:
 * - Sources and sinks are added before the run, and belong to the engine from
 *   then on: it closes them.
 * - weir_engine_run returns with every packet accounted for, whatever ended it.
 * - One thread makes, fills, runs and closes an engine; only weir_engine_stop
 *   may be called by others. Of its tables, each function says its own rule.
 */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "ledger.h"
#include "packet.h"
#include "privilege.h"
#include "sink.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_engine;

enum {
	WEIR_SOURCES_MAX = 1024, /* of a worker */
	WEIR_SINKS_MAX = 8,      /* of a worker */
	WEIR_WORKERS_MAX = WEIR_FANOUT_MEMBERS_MAX,
	WEIR_CPUS_MAX = 1024,
};

struct weir_engine_settings {
	uint32_t workers; /* threads that take packets, up to WEIR_WORKERS_MAX; 0 = 1 */
	/*
	 * With dispatch, workers only read: they copy packets and hand them over
	 * to so many further ones, up to WEIR_WORKERS_MAX, which feed the sinks;
	 * packets of one pair of addresses to the same one. 0 = workers feed sinks.
	 */
	uint32_t dispatch;
	/* Borrowed: worker n, those of dispatch last, runs on cpus[n % cpu_count] only; NULL = on any. */
	const uint32_t *cpus;
	uint32_t cpu_count;
	bool busy_poll;        /* readers never sleep: they ask their sources again at once */
	uint64_t packet_limit; /* stop after so many have been delivered, by all workers; 0 = none */
	uint64_t duration_ns;  /* stop after this time; 0 = none */
	uint64_t interval_ns;  /* take a cut so often; 0 = every second */
	struct weir_privilege *privilege; /* borrowed; NULL = one's own rights */
	/* Told to the user, not errors. On a worker's thread. May be NULL. */
	void (*notice)(void *user, const char *text);
	/* Each worker has taken a cut; 'last' at the end of the run. On the thread of weir_engine_run. May be NULL. */
	void (*interval)(void *user, struct weir_engine *engine, bool last);
	int wake_fd; /* when it can be read (a signalfd), 'woken' is called, which reads it; -1 = none */
	/* On the thread of weir_engine_run. NULL: wake_fd does not matter. */
	void (*woken)(void *user, struct weir_engine *engine);
	void *user;
};

/* Make an engine; close it with weir_engine_close. -ENOMEM, -EINVAL (too many workers, a CPU), -errno. */
int weir_engine_open(const struct weir_engine_settings *settings, struct weir_engine **out,
		     struct weir_error *error);
/* Close with all sources and sinks; NULL is fine. */
void weir_engine_close(struct weir_engine *engine);

/*
 * Open a source by name and add it. Packets begin to queue up in it at once.
 * An interface's name may be a pattern as of fnmatch(3) ("veth*"): then all
 * that match are opened, those too that appear during the run, with rings of
 * 8 MiB unless the settings say else; one that disappears is closed.
 *
 * With several workers, a source whose kind has_fanout is opened once for
 * each, as members of one group (settings->fanout says how; by hash if its
 * mode is NONE), and so is one whose kind is_shared. Files are read by the
 * first worker; any other source, and each interface of a pattern, goes whole
 * to a worker that has the fewest.
 * As weir_source_open; -ENOSPC beyond WEIR_SOURCES_MAX. Before the run.
 */
int weir_engine_add_source(struct weir_engine *engine, const char *name,
			   const struct weir_source_settings *settings, struct weir_error *error);
/*
 * Add a sink to a worker that feeds sinks, counted from 0; each is to have its own. The engine
 * closes it, also when this fails (-ENOSPC). Before the run.
 */
int weir_engine_add_sink(struct weir_engine *engine, uint32_t worker, struct weir_sink *sink,
			 struct weir_error *error);
/*
 * With settings.cpus: what the calling thread allocates until
 * weir_engine_leave is taken from the NUMA node of the CPU of a worker that
 * feeds sinks, counted from 0; for sinks with much memory. Sources are placed
 * by the engine. -errno.
 */
int weir_engine_enter(const struct weir_engine *engine, uint32_t worker, struct weir_error *error);
/* From here on as before; also after weir_engine_enter has failed. */
void weir_engine_leave(const struct weir_engine *engine);
/* How many workers feed sinks: of dispatch if there is any, else all. */
uint32_t weir_engine_workers(const struct weir_engine *engine);
/* Is there a source by pattern, so that interfaces may come during the run? */
bool weir_engine_has_patterns(const struct weir_engine *engine);

/*
 * Run until every source is at its end, a limit is reached, a sink wants to
 * end, or weir_engine_stop. Returns 0, or the -errno of the first failure
 * with its sentence; the ledger is complete in either case. Once per engine.
 */
int weir_engine_run(struct weir_engine *engine, struct weir_error *error);
/* End the run soon and in good order. Any thread, and signal handlers. */
void weir_engine_stop(struct weir_engine *engine);

/* The engine's tables, valid until it is closed. */
struct weir_ledger *weir_engine_ledger(struct weir_engine *engine);
struct weir_interfaces *weir_engine_interfaces(struct weir_engine *engine);
/* What it was opened with; may be NULL. */
struct weir_privilege *weir_engine_privilege(struct weir_engine *engine);
/* Time since the start of the run, or of the whole run after its end. */
uint64_t weir_engine_duration_ns(const struct weir_engine *engine);

/* A pair of addresses that has more of the packets than a worker's share. */
struct weir_heavy_pair {
	uint8_t address[2][16]; /* the lower first; IPv4: the first four bytes */
	uint8_t ip_version;
	double share; /* of all packets, about: 0 to 1 */
};

/*
 * With several workers: the pairs that sharing out by pair cannot spread,
 * heaviest first, up to 'max', by a sample of one packet a batch. Returns how
 * many; 0 with one worker, or too few packets. After the run.
 */
uint32_t weir_engine_heavy(const struct weir_engine *engine, struct weir_heavy_pair *out,
			   uint32_t max);

#ifdef __cplusplus
}
#endif
#endif
