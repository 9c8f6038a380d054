/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: packets in, capture file out. It encodes into the buffers of
 * the disk thread and keeps the disk rows of the ledger.
 *
 * All functions but recorder_rotate are called on one thread at a time, the worker's.
 */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include "weir/record.h"

struct recorder;
struct recorder_source;

int recorder_open(const struct weir_record_settings *settings,
		  const struct weir_interfaces *interfaces, struct recorder **out,
		  struct weir_error *error);
void recorder_close(struct recorder *recorder);

/* How it writes, for the user; valid until it is closed. */
const char *recorder_describe(const struct recorder *recorder);

/* Packets that were cut short by WEIR_RECORD_SLOW_HEADERS. */
uint64_t recorder_shortened(const struct recorder *recorder);

/* As weir_sink_record_trigger and weir_sink_record_flown. Any thread. */
void recorder_trigger(struct recorder *recorder);
void recorder_flown(const struct recorder *recorder, struct weir_record_flown *out);

/* A source joins: its disk row is added, and its counters will be in the file. */
int recorder_attach(struct recorder *recorder, struct weir_ledger *ledger,
		    struct weir_account *account);
/* The source of an account that was attached. */
struct recorder_source *recorder_source_of(struct recorder *recorder,
					   const struct weir_account *account);

/*
 * Take packets of one source; 'dropped' were lost right before the first.
 * All are accounted for at the disk stage in any case. Returns 0, 1
 * when a limit of the user's ends the recording, or -errno once nothing can be
 * written any more, with 'error' set.
 */
int recorder_take(struct recorder *recorder, struct recorder_source *source,
		  const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		  struct weir_error *error);
/* Hand what is encoded to the disk thread, though the buffer is not full. Returns as take. */
int recorder_flush(struct recorder *recorder, struct weir_error *error);
/* At least every 100 ms. Returns as take. */
int recorder_tick(struct recorder *recorder, uint64_t now_ns, struct weir_error *error);
/*
 * Let the packets to come begin a new file; within 100 ms also without any.
 * -EOPNOTSUPP when they go into a pipe or the like. Any thread.
 */
int recorder_rotate(struct recorder *recorder);
/* Write the final counters, wait for the disk. Returns as take. */
int recorder_finish(struct recorder *recorder, uint64_t now_ns, struct weir_error *error);

#endif
