/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on their way from the workers, who fill them, to the sender's
 * thread: a bounded ring.
 *
 *	slots [tail, head) wait to be sent
 *	open: the messages being filled, one for each bucket; each has a slot in reserve
 *
 * Invariants:
 * - Workers work with it one at a time; the thread sees only what has been
 *   published.
 * - What did not get in is counted in the gap of the message after it, so that
 *   the sequence number jumps over it.
 */
#ifndef EXPORT_OUTBOX_H
#define EXPORT_OUTBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipfix_message.h"

enum { OUTBOX_BUCKETS_MAX = 8, OUTBOX_MESSAGES_MIN = 3 /* beside one for each bucket */ };

struct outbox {
	pthread_mutex_t lock; /* of head, tail, stopping */
	pthread_cond_t room;
	struct message *slots;
	uint8_t *memory;
	uint64_t head, tail;
	uint32_t slot_count, slot_bytes;
	bool stopping;
	int wake_fd;
	enum message_version version;
	/* the workers' */
	struct message open[OUTBOX_BUCKETS_MAX];
	bool filling[OUTBOX_BUCKETS_MAX];
	uint32_t bucket_count, filling_count;
	uint64_t given_up_tail; /* tail when a patient worker gave up; UINT64_MAX = has not */
	uint32_t gap_records, gap_messages;
};

/*
 * Room for 'bytes' of messages of 'slot_bytes' each, filled for so many
 * buckets; close also when it failed. -ENOMEM, -errno.
 */
int outbox_open(struct outbox *outbox, enum message_version version, uint64_t bytes,
		uint32_t slot_bytes, uint32_t bucket_count);
/* An outbox that is all zero may be closed. */
void outbox_close(struct outbox *outbox);

/* ---- for the workers, one at a time ---- */

/*
 * The message for the next record: of this bucket, with room for 'bytes' in
 * set 'id'; a new one holds 'message_bytes'. NULL: the ring is full, say so by
 * outbox_lose. 'patient': wait for room, within limits.
 */
struct message *outbox_message(struct outbox *outbox, uint8_t bucket, uint16_t id, uint32_t bytes,
			       uint32_t message_bytes, bool patient);
/* So many data records did not get in. */
void outbox_lose(struct outbox *outbox, uint32_t records);
/* Publish messages being filled that have waited for long enough. */
void outbox_tick(struct outbox *outbox);
/* There is no more to come: publish what there is, and tell the thread. */
void outbox_stop(struct outbox *outbox);

/* ---- for the thread ---- */

/* The oldest message, until outbox_pop; NULL: none. 'stopping': no more will come. */
struct message *outbox_peek(struct outbox *outbox, bool *stopping);
void outbox_pop(struct outbox *outbox);
/* Wait for a message, or for the end, for a while. */
void outbox_pause(struct outbox *outbox, int timeout_ms);

#endif
