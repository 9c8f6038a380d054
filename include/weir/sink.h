/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks: what is done with packets.
 *
 * Invariants:
 * - All operations of a sink run on the thread of the worker that owns it.
 * - A sink counts each packet that it took in its row's 'out', and each that
 *   it did not take in its row's 'dropped'; the worker counts 'in'.
 * - Packets are borrowed; they die when consume() returns.
 */
#ifndef WEIR_SINK_H
#define WEIR_SINK_H

#include <stdint.h>

#include "decode.h"
#include "error.h"
#include "ledger.h"
#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_sink;

struct weir_sink_ops {
	const char *name;             /* "count", "record", ... */
	enum weir_decode_depth needs; /* the engine decodes as deep as any sink asks */
	/* Packets of one flow may be given to several workers' sinks, so that none has too many. */
	bool takes_parts_of_flows;
	/*
	 * A source joins: add the sink's own rows (disk, export) to its
	 * account; row is the sink row that the worker fills 'in' of. May be
	 * NULL. Called before the source's first packet: before the run, or
	 * on the worker's thread for an interface that appears during it.
	 */
	int (*attach)(struct weir_sink *sink, struct weir_ledger *ledger,
		      struct weir_account *account, struct weir_row *row);
	/*
	 * Take a batch of one source, whose sink row is 'row'. Returns 0, 1
	 * when the sink wants the capture to end (its limit is reached, its
	 * reader is gone), or -errno (sink->failure says more) when it failed
	 * for good. Whatever it returns, each packet has been counted.
	 */
	int (*consume)(struct weir_sink *sink, struct weir_row *row, const struct weir_batch *batch,
		       const struct weir_decoded *decoded);
	/* At least every 100 ms, also without packets. Unix time. Returns as consume. May be NULL. */
	int (*tick)(struct weir_sink *sink, uint64_t now_ns);
	/*
	 * At 'asked_ns' (Unix time), or later, all of the worker's sources were asked and had no
	 * more than what consume was given since. For sinks that must know whether
	 * older packets may come from this worker. May be NULL.
	 */
	void (*idle)(struct weir_sink *sink, uint64_t asked_ns);
	/*
	 * The last packet has been given: bring all to its end, so that the
	 * ledger can be balanced. It may wait for the sinks of other workers. Returns 0 or -errno. May be NULL.
	 */
	int (*finish)(struct weir_sink *sink);
	/* Free; after finish. */
	void (*close)(struct weir_sink *sink);
};

/* The part of a sink that the engine sees; first member of each kind's own struct. */
struct weir_sink {
	const struct weir_sink_ops *ops;
	struct weir_error failure; /* after consume, tick or finish failed */
};

/* The sink that takes every packet and keeps none. -ENOMEM. The engine closes it. Any thread. */
int weir_sink_open_count(struct weir_sink **out);

#ifdef __cplusplus
}
#endif
#endif
