/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the workers, who fill messages, and the collectors: a bounded queue
 * and the one thread that sends.
 *
 *	write ─► [current message] ─► ring of messages ─► sender's thread ─► transport
 *	(a worker, under the set's lock)                  header, pacing, templates
 *
 * Invariants:
 * - The workers never wait for a collector in a live run. When the ring is
 *   full, records are dropped, counted, and the sequence number jumps over
 *   them, so that the collector knows.
 * - A message leaves the ring when it has been sent, or at the end: a
 *   collector that is away for a while loses what does not fit in the ring.
 * - Each collector has a session of its own: see collectors.h.
 */
#ifndef EXPORT_SENDER_H
#define EXPORT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipfix_message.h"
#include "transport.h"
#include "weir/export.h"

enum {
	SENDER_COLLECTORS_MAX = 8, /* of one target */
	SENDER_QUEUE_BYTES_DEFAULT = 8 << 20,
};

/* What has left, and what could not. Written by either side under its own rule, read by any. */
struct sender_statistics {
	struct weir_cell messages, octets, flows;               /* the sender's thread */
	struct weir_cell lost_flows, lost_packets, lost_octets; /* the workers, then finish */
	struct weir_cell lost_first_ms, lost_last_ms;           /* Unix time; 0 = never */
};

/* Hands messages to a session. */
struct sender_outlet {
	int (*send)(struct sender_outlet *outlet, struct message *message);
};

/* What only the kind of export knows. All run on the sender's thread. */
struct sender_content {
	enum message_version version;
	struct sender_statistics *statistics;
	uint64_t uptime_zero_ns; /* what NetFlow v9's uptime counts from */
	/*
	 * Build the templates, those of options too, in 'scratch' and send
	 * them. 'first': the collector has had none in this session. 0 or -errno.
	 */
	int (*templates)(void *user, struct message *scratch, struct sender_outlet *outlet,
			 bool first);
	/* Build the options records in 'scratch' and send them. 0 or -errno. */
	int (*options)(void *user, struct message *scratch, struct sender_outlet *outlet);
	void *user;
};

struct sender;

/*
 * Make a sender with its thread. Takes over the transports (also when it
 * fails). 'least_bytes': the longest record with the headers around it; a
 * transport whose messages are shorter is refused.
 */
int sender_open(const struct weir_export_settings *settings, const struct sender_content *content,
		struct transport *const *transports, uint32_t count, uint32_t least_bytes,
		struct sender **out, struct weir_error *error);

/* ---- for the workers, one at a time ---- */

/*
 * The message to put the next record in, which belongs to this bucket and
 * takes at most 'bytes' in set 'id'. NULL: the queue is full, count it by
 * sender_lose. 'patient': wait for room, within limits.
 */
struct message *sender_message(struct sender *sender, uint8_t bucket, uint16_t id, uint32_t bytes,
			       bool patient);
/* 'records' data records of one flow record did not get into a message. */
void sender_lose(struct sender *sender, uint32_t records, uint64_t packets, uint64_t octets);
/* Why: is any collector up (then the queue was full), or none? */
bool sender_is_up(struct sender *sender);
/* Time passes: send messages that have waited for long enough. */
void sender_tick(struct sender *sender);
/* How many of the flow records have been sent. */
uint64_t sender_sent(struct sender *sender);
/* Send what there is, within limits; stop the thread. Returns the flow records left. */
uint64_t sender_finish(struct sender *sender);
/* Free; NULL is fine. */
void sender_close(struct sender *sender);

#endif
