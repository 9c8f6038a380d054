/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that meters: a meter for a worker, and a board on which the meters
 * of a run tell what they have seen.
 */
#ifndef WEIR_FLOW_SINK_H
#define WEIR_FLOW_SINK_H

#include "export.h"
#include "flow.h"
#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_flow_board;

/*
 * Make an empty board; must outlive the sinks that use it. -ENOMEM. Close it
 * with weir_flow_board_close. Thread rule: any.
 */
int weir_flow_board_open(struct weir_flow_board **out);
/* NULL is fine. */
void weir_flow_board_close(struct weir_flow_board *board);
/* The sum of all meters' counters, as of their last tick or their end. Any thread. */
void weir_flow_board_counters(struct weir_flow_board *board, struct weir_flow_counters *out);

/* ---- the top flows, for live views ---- */

enum weir_flow_sort {
	WEIR_FLOW_SORT_RATE, /* bits per second */
	WEIR_FLOW_SORT_PACKETS,
	WEIR_FLOW_SORT_BYTES,
	WEIR_FLOW_SORT_AGE,
};

enum { WEIR_FLOW_TOP_MAX = 64 };

/* A flow that is active; of the record only the base fields. */
struct weir_flow_top {
	struct weir_flow_record record;
	double packets_per_s, bits_per_s; /* of both directions, over about the last second */
};

/*
 * Copy up to 'max' of the top flows, best first, as of the last complete pass
 * of some meter (about one a second); returns how many. Any thread.
 */
uint32_t weir_flow_board_top(struct weir_flow_board *board, struct weir_flow_top *out,
			     uint32_t max);

/* ---- parts of flows, joined ---- */

struct weir_flow_join;

enum {
	WEIR_FLOW_JOIN_METERS_MAX = 64,
	WEIR_FLOW_JOIN_HELD_MAX = 65536, /* some 40 MiB when all is in use */
};

struct weir_flow_join_settings {
	uint64_t hold_ns;  /* how long a part waits for others */
	uint32_t held_max; /* flows whose parts can wait at a time; the oldest goes first */
	/* Emit only what matches, as joined; the meters must not. Borrowed; NULL = all. */
	const struct weir_flow_expression *records;
	weir_flow_emit *emit;
	void *user;
};

struct weir_flow_join_counters {
	uint64_t joined;     /* records of several parts: flows that came to several workers */
	uint64_t added;      /* parts that were added to another: so many records fewer */
	uint64_t misplaced;  /* packets of such flows, all but the largest part */
	uint64_t pushed_out; /* emitted before their time, because the table was full */
	uint64_t unwanted;   /* not emitted, settings.records said no */
};

/*
 * Make a place where up to WEIR_FLOW_JOIN_METERS_MAX meters bring their
 * records, and parts of one flow are joined: those with the same protocol,
 * addresses and ports, in either direction for a biflow (ICMP in the same
 * only), that overlap in time or nearly so. For live capture, with no further
 * key fields, histogram or first packets. -ENOMEM. Close it after the sinks.
 */
int weir_flow_join_open(const struct weir_flow_join_settings *settings,
			struct weir_flow_join **out);
/* NULL is fine. */
void weir_flow_join_close(struct weir_flow_join *join);
/* What was joined so far. Any thread. */
void weir_flow_join_counters(struct weir_flow_join *join, struct weir_flow_join_counters *out);

/* What a metering sink works with; all borrowed for its life but 'meter'. */
struct weir_flow_sink_settings {
	const struct weir_flow_settings *meter; /* copied */
	const struct weir_interfaces *interfaces;
	struct weir_exports *exports; /* records go there */
	struct weir_flow_join *join;  /* by this way; NULL = directly */
	struct weir_flow_board *board;
	bool top; /* tell the board the top flows, by 'sort' */
	enum weir_flow_sort sort;
};

/*
 * Make the sink, with its meter. As weir_flow_open; -ENOMEM also beyond 1024
 * meters on one board. The engine closes it. Thread rule: any.
 */
int weir_sink_open_flow(const struct weir_flow_sink_settings *settings, struct weir_sink **out,
			struct weir_error *error);

#ifdef __cplusplus
}
#endif
#endif
