/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder: packets wait in a bounded ring in memory, out of which
 * the oldest fall unrecorded, until something happens. Then those of the time
 * before it are recorded, and those that follow for a while.
 *
 *   gone │ to be recorded │ waiting for a trigger │ room
 *        └ out            └ wanted                └ in       (packets, counted)
 *
 * A packet that is recorded passes through the ring like any other, so that
 * the order is kept while a large ring is written piece by piece.
 *
 * All but flight_signal on the recorder's thread.
 */
#ifndef RECORD_FLIGHT_H
#define RECORD_FLIGHT_H

#include "state.h"

/* Errors: -EINVAL (a trigger's filter), -ENOMEM. The triggers are borrowed. */
int flight_open(const struct weir_record_flight *settings, struct recorder *recorder,
		struct flight **out, struct weir_error *error);
void flight_close(struct flight *flight);

/* A source joins; the ledger's losses are a trigger. */
void flight_attach(struct flight *flight, struct weir_ledger *ledger,
		   const struct weir_account *account);
/* As recorder_take. */
int flight_take(struct flight *flight, struct recorder_source *source,
		const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		struct weir_error *error);
/* As recorder_tick. */
int flight_tick(struct flight *flight, uint64_t now_ns, struct weir_error *error);
/* Record what is to be recorded, leave out the rest. As recorder_take. */
int flight_finish(struct flight *flight, struct weir_error *error);

/* The user asks for it. Any thread. */
void flight_signal(struct flight *flight);
/* What happened so far. Any thread. */
void flight_tell(const struct flight *flight, struct weir_record_flown *out);

#endif
