/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several workers, one file in the order of time: each worker puts copies of
 * its packets into lanes, one for each of its sources; one thread takes the
 * oldest of all lanes and gives it to a recorder.
 *
 *   worker 0 ─┬─ lane (eth0) ─┐
 *             └─ lane (eth1) ─┤
 *   worker 1 ─┬─ lane (eth0) ─┼─ merge thread ─ recorder ─ disk thread
 *             └─ lane (eth1) ─┘
 *
 * A packet may go when every lane shows one (then nothing older can come), or
 * when the workers of all lanes that show none had nothing more at a time by
 * the delay later than the packet's: the delay is what a source may hold back,
 * as a ring does with a block, and a worker that gets no CPU is waited for. A
 * packet also goes when a lane is half full, and after MERGE_PATIENCE_MS. So
 * what waits is bounded in time and in space; a packet that turns up behind a
 * younger one is written all the same, and counted as late.
 */
#ifndef RECORD_MERGE_H
#define RECORD_MERGE_H

#include "record/recorder.h"

struct merge;

/* 'recorder' is borrowed until merge_close. -ENOMEM. */
int merge_open(struct recorder *recorder, uint32_t workers, uint64_t delay_ns, struct merge **out);
/* No worker calls any more. Ends the thread if it still runs; NULL is fine. */
void merge_close(struct merge *merge);

/*
 * A source of a worker joins: its dispatch row ("merge") and disk row are
 * added. Before the run, or on the worker's thread. The thread is started
 * with the first one. -errno.
 */
int merge_attach(struct merge *merge, uint32_t worker, struct weir_ledger *ledger,
		 struct weir_account *account);
/*
 * Packets of one account; 'dropped' were lost before the first. All are
 * accounted for. Returns as recorder_take has, a moment ago. On the worker's thread.
 */
int merge_take(struct merge *merge, uint32_t worker, const struct weir_account *account,
	       const struct weir_packet *packets, uint32_t count, uint64_t dropped,
	       struct weir_error *error);
/* The worker's sources had no more at 'asked_ns' (Unix time). On the worker's thread. */
void merge_idle(struct merge *merge, uint32_t worker, uint64_t asked_ns);
/* What the recorder has met; as merge_take. On the worker's thread. */
int merge_check(struct merge *merge, struct weir_error *error);
/* The worker's last packet was taken: wait until all workers' are written. As recorder_finish. */
int merge_finish(struct merge *merge, uint32_t worker, struct weir_error *error);

#endif
