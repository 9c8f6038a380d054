/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch: some workers only read, others only feed sinks, so that a sink
 * that is slow for a moment does not keep a ring's memory.
 *
 *   source ─ reading worker ─ dispatch sink ─┬─ lane ─ lane source ─ worker 0 ─ sinks
 *                                            ├─ lane ─ lane source ─ worker 1 ─ sinks
 *                                            └─ ...
 *
 * The reader copies each packet into a lane, chosen by the pair of its
 * addresses, and releases the ring at once. A flow keeps its order: all of
 * its packets take one lane, unless every sink takes parts of flows and that
 * lane is half full; then they go to the emptiest one, and are counted. Each lane has a dispatch row: 'in' and
 * queue_full by the reader, 'out' by the worker that takes.
 */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include "worker.h"

/*
 * The sink of a reading worker; 'takers' feed the sinks. With the same 'seed'
 * all readers give a pair of addresses to the same one. -ENOMEM.
 */
int dispatch_open(struct worker *takers, uint32_t taker_count, uint64_t seed,
		  struct weir_sink **out);
/*
 * A source of the reading worker, through one lane to each taker, for which
 * a source is added. 'lane_bytes' is each one's, a power of two. Before the
 * run. -ENOMEM, -ENOSPC.
 */
int dispatch_connect(struct weir_sink *sink, struct weir_ledger *ledger,
		     struct weir_account *account, uint64_t lane_bytes);

#endif
