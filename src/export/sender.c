/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "collectors.h"
#include "outbox.h"

enum {
	SENDER_IDLE_MS = 100,        /* how often a thread without work looks around */
	SENDER_DRAIN_MS = 10000,     /* at the end, with a collector that takes messages */
	SENDER_DRAIN_AWAY_MS = 2000, /* and with none */
};

static_assert((int)OUTBOX_BUCKETS_MAX >= (int)SENDER_COLLECTORS_MAX,
	      "a message is filled for each collector");

struct sender {
	struct collectors collectors;
	struct outbox outbox;
	struct sender_statistics *statistics;
	pthread_t thread;
	bool running;
	/* the thread's */
	uint64_t deadline_ns; /* of the drain, once stopping */
	uint64_t left;        /* flow records that were still there at the end */
};

/* ---- the workers' side ---- */

struct message *sender_message(struct sender *sender, uint8_t bucket, uint16_t id, uint32_t bytes,
			       bool patient)
{
	return outbox_message(
		&sender->outbox, (uint8_t)(bucket % sender->outbox.bucket_count), id, bytes,
		__atomic_load_n(&sender->collectors.message_bytes, __ATOMIC_RELAXED), patient);
}

static void sender_note_loss(struct sender *sender, uint64_t flows, uint64_t packets,
			     uint64_t octets)
{
	struct sender_statistics *s = sender->statistics;
	uint64_t now_ms = clock_unix_ns() / CLOCK_NS_PER_MS;

	weir_cell_add(&s->lost_flows, flows);
	weir_cell_add(&s->lost_packets, packets);
	weir_cell_add(&s->lost_octets, octets);
	if (!weir_cell_get(&s->lost_first_ms))
		weir_cell_set(&s->lost_first_ms, now_ms);
	weir_cell_set(&s->lost_last_ms, now_ms);
}

void sender_lose(struct sender *sender, uint32_t records, uint64_t packets, uint64_t octets)
{
	outbox_lose(&sender->outbox, records);
	sender_note_loss(sender, 1, packets, octets);
}

bool sender_is_up(struct sender *sender)
{
	return __atomic_load_n(&sender->collectors.up_mask, __ATOMIC_RELAXED) != 0;
}

void sender_tick(struct sender *sender)
{
	outbox_tick(&sender->outbox);
}

uint64_t sender_sent(struct sender *sender)
{
	return weir_cell_get(&sender->statistics->flows);
}

/* ---- the thread ---- */

/* A message's turn. False: nobody is there. */
static bool sender_forward(struct sender *sender, struct message *message, uint64_t now_ns)
{
	struct collector *collector = collectors_choose(&sender->collectors, message);

	if (!collector)
		return false;
	/* one that is slow has been waited for; from one that failed it goes to the next */
	if (collectors_send(collector, message, now_ns) == 0) {
		weir_cell_add(&sender->statistics->flows, message->flows);
		outbox_pop(&sender->outbox);
	}
	return true;
}

/* The end: is the time up? Collectors that are away get one more try. */
static bool sender_is_over(struct sender *sender, uint64_t now_ns)
{
	uint64_t limit_ms = sender_is_up(sender) ? SENDER_DRAIN_MS : SENDER_DRAIN_AWAY_MS;

	if (!sender->deadline_ns) {
		sender->deadline_ns = now_ns + limit_ms * CLOCK_NS_PER_MS;
		collectors_hurry(&sender->collectors);
	}
	return now_ns >= sender->deadline_ns;
}

/* What is left will not be sent: count it. Returns how far the sequence must jump. */
static uint32_t sender_give_up(struct sender *sender)
{
	const struct message *message;
	uint32_t records = sender->outbox.gap_records, messages = sender->outbox.gap_messages;
	bool stopping;

	while ((message = outbox_peek(&sender->outbox, &stopping))) {
		sender_note_loss(sender, message->flows, message->packets, message->octets);
		records += message->records + message->gap_records;
		messages += 1 + message->gap_messages;
		sender->left += message->flows;
		outbox_pop(&sender->outbox);
	}
	return sender->outbox.version == MESSAGE_NETFLOW9 ? messages : records;
}

static void *sender_run(void *argument)
{
	struct sender *sender = argument;
	bool stopping = false;
	uint64_t now_ns;

	for (;;) {
		struct message *message = outbox_peek(&sender->outbox, &stopping);

		now_ns = clock_monotonic_ns();
		if (stopping && (sender_is_over(sender, now_ns) || !message))
			break;
		collectors_look_after(&sender->collectors, now_ns);
		if (!message || !sender_forward(sender, message, now_ns))
			outbox_pause(&sender->outbox, SENDER_IDLE_MS);
	}
	collectors_say_farewell(&sender->collectors, sender_give_up(sender), now_ns);
	return NULL;
}

/* ---- beginning and end ---- */

uint64_t sender_finish(struct sender *sender)
{
	if (!sender->running)
		return sender->left;
	outbox_stop(&sender->outbox);
	pthread_join(sender->thread, NULL);
	sender->running = false;
	return sender->left;
}

void sender_close(struct sender *sender)
{
	if (!sender)
		return;
	sender_finish(sender);
	collectors_close(&sender->collectors);
	outbox_close(&sender->outbox);
	free(sender);
}

static int sender_start(struct sender *sender, uint64_t queue_bytes)
{
	int rc = outbox_open(&sender->outbox, sender->collectors.content.version,
			     queue_bytes ? queue_bytes : SENDER_QUEUE_BYTES_DEFAULT,
			     sender->collectors.slot_bytes,
			     sender->collectors.network.balance ? sender->collectors.count : 1);

	if (rc == 0)
		rc = -pthread_create(&sender->thread, NULL, sender_run, sender);
	sender->running = rc == 0;
	return rc;
}

int sender_open(const struct weir_export_settings *settings, const struct sender_content *content,
		struct transport *const *transports, uint32_t count, uint32_t least_bytes,
		struct sender **out, struct weir_error *error)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int rc;

	if (!sender) {
		for (uint32_t i = 0; i < count; i++)
			transports[i]->ops->close(transports[i]);
		return weir_error_set(error, -ENOMEM, "out of memory");
	}
	sender->statistics = content->statistics;
	rc = collectors_open(&sender->collectors, content, &settings->network, transports, count);
	if (rc == 0 && sender->collectors.message_bytes < least_bytes) {
		rc = weir_error_set(error, -EINVAL,
				    "a record takes up to %u bytes and a message holds %u: ask for "
				    "fewer fields or a larger MTU",
				    least_bytes, sender->collectors.message_bytes);
	} else {
		if (rc == 0)
			rc = sender_start(sender, settings->network.queue_bytes);
		if (rc < 0)
			weir_error_set_errno(error, rc, "cannot start sending");
	}
	if (rc < 0) {
		sender_close(sender);
		return rc;
	}
	*out = sender;
	return 0;
}
