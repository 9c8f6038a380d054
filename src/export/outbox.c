/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	OUTBOX_FLUSH_MS = 200,      /* how long a message may wait to be filled */
	OUTBOX_PATIENCE_MS = 10000, /* of a worker, in all, while nothing gets sent */
};

static bool outbox_full(const struct outbox *outbox)
{
	return outbox->head - outbox->tail + outbox->filling_count >= outbox->slot_count - 1;
}

static struct message *outbox_slot(struct outbox *outbox, uint64_t index)
{
	return &outbox->slots[index % outbox->slot_count];
}

static void outbox_wake(struct outbox *outbox)
{
	uint64_t one = 1;

	(void)!write(outbox->wake_fd, &one, sizeof(one)); /* an eventfd does not overflow by ones */
}

/* ---- the workers' side ---- */

/* A message being filled goes to the thread; its slot's memory is what the next one is filled in. */
static void outbox_publish(struct outbox *outbox, uint8_t bucket)
{
	struct message *slot = outbox_slot(outbox, outbox->head), *message = &outbox->open[bucket];
	uint8_t *free_bytes = slot->bytes;

	message_end_set(message);
	message->gap_records = outbox->gap_records;
	message->gap_messages = outbox->gap_messages;
	outbox->gap_records = outbox->gap_messages = 0;
	*slot = *message;
	message->bytes = free_bytes;
	outbox->filling[bucket] = false;
	outbox->filling_count--;
	pthread_mutex_lock(&outbox->lock);
	outbox->head++;
	pthread_mutex_unlock(&outbox->lock);
	outbox_wake(outbox);
}

static struct timespec outbox_until(uint64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += (long)(ms % 1000) * CLOCK_NS_PER_MS;
	at.tv_sec += (time_t)(ms / 1000) + at.tv_nsec / (long)CLOCK_NS_PER_S;
	at.tv_nsec %= (long)CLOCK_NS_PER_S;
	return at;
}

/* Is there a free slot, at once or in time? Who has waited in vain once waits no more until some message was sent. */
static bool outbox_await_room(struct outbox *outbox, bool patient)
{
	struct timespec until = {0};
	bool full;

	pthread_mutex_lock(&outbox->lock);
	if (outbox->tail != outbox->given_up_tail)
		outbox->given_up_tail = UINT64_MAX;
	if (patient && outbox_full(outbox) && outbox->given_up_tail == UINT64_MAX) {
		until = outbox_until(OUTBOX_PATIENCE_MS);
		while (outbox_full(outbox) &&
		       pthread_cond_timedwait(&outbox->room, &outbox->lock, &until) != ETIMEDOUT)
			;
		if (outbox_full(outbox))
			outbox->given_up_tail = outbox->tail;
	}
	full = outbox_full(outbox);
	pthread_mutex_unlock(&outbox->lock);
	return !full;
}

struct message *outbox_message(struct outbox *outbox, uint8_t bucket, uint16_t id, uint32_t bytes,
			       uint32_t message_bytes, bool patient)
{
	struct message *message = &outbox->open[bucket];

	if (outbox->filling[bucket] && !message_fits(message, id, bytes))
		outbox_publish(outbox, bucket);
	if (!outbox->filling[bucket]) {
		if (!outbox_await_room(outbox, patient))
			return NULL;
		message_begin(message, outbox->version, message_bytes);
		message->bucket = bucket;
		message->begun_ns = clock_monotonic_ns();
		outbox->filling[bucket] = true;
		outbox->filling_count++;
	}
	return message;
}

void outbox_lose(struct outbox *outbox, uint32_t records)
{
	outbox->gap_records += records;
	outbox->gap_messages =
		1; /* NetFlow v9 counts messages; how many there would have been is moot */
}

void outbox_tick(struct outbox *outbox)
{
	uint64_t now_ns = clock_monotonic_ns();

	for (uint8_t i = 0; i < outbox->bucket_count; i++) {
		const struct message *message = &outbox->open[i];

		if (outbox->filling[i] && !message_is_empty(message) &&
		    now_ns - message->begun_ns >= OUTBOX_FLUSH_MS * (uint64_t)CLOCK_NS_PER_MS)
			outbox_publish(outbox, i);
	}
}

void outbox_stop(struct outbox *outbox)
{
	for (uint8_t i = 0; i < outbox->bucket_count; i++)
		if (outbox->filling[i])
			outbox_publish(outbox, i);
	pthread_mutex_lock(&outbox->lock);
	outbox->stopping = true;
	pthread_mutex_unlock(&outbox->lock);
	outbox_wake(outbox);
}

/* ---- the thread's side ---- */

struct message *outbox_peek(struct outbox *outbox, bool *stopping)
{
	struct message *message = NULL;

	pthread_mutex_lock(&outbox->lock);
	if (outbox->head != outbox->tail)
		message = outbox_slot(outbox, outbox->tail);
	*stopping = outbox->stopping;
	pthread_mutex_unlock(&outbox->lock);
	return message;
}

void outbox_pop(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	outbox->tail++;
	pthread_cond_signal(&outbox->room);
	pthread_mutex_unlock(&outbox->lock);
}

void outbox_pause(struct outbox *outbox, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = outbox->wake_fd, .events = POLLIN};
	uint64_t count;

	if (poll(&poll_fd, 1, timeout_ms) > 0)
		(void)!read(outbox->wake_fd, &count, sizeof(count));
}

/* ---- open and close ---- */

static void outbox_make_lock(struct outbox *outbox)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&outbox->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&outbox->room, &attributes);
	pthread_condattr_destroy(&attributes);
}

int outbox_open(struct outbox *outbox, enum message_version version, uint64_t bytes,
		uint32_t slot_bytes, uint32_t bucket_count)
{
	uint64_t count = bytes / slot_bytes, least = OUTBOX_MESSAGES_MIN + bucket_count;

	outbox->version = version;
	outbox->slot_bytes = slot_bytes;
	outbox->slot_count = (uint32_t)(count < least ? least : count);
	outbox->bucket_count = bucket_count;
	outbox->given_up_tail = UINT64_MAX;
	outbox->wake_fd = -1;
	outbox->slots = calloc(outbox->slot_count, sizeof(*outbox->slots));
	if (!outbox->slots)
		return -ENOMEM;
	outbox_make_lock(outbox);
	outbox->memory = malloc(((size_t)outbox->slot_count + bucket_count) * slot_bytes);
	if (!outbox->memory)
		return -ENOMEM;
	outbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (outbox->wake_fd < 0)
		return -errno;
	for (uint32_t i = 0; i < outbox->slot_count; i++)
		outbox->slots[i].bytes = outbox->memory + (size_t)i * slot_bytes;
	for (uint32_t i = 0; i < bucket_count; i++)
		outbox->open[i].bytes =
			outbox->memory + ((size_t)outbox->slot_count + i) * slot_bytes;
	return 0;
}

void outbox_close(struct outbox *outbox)
{
	if (!outbox->slots)
		return;
	if (outbox->wake_fd >= 0)
		close(outbox->wake_fd);
	pthread_mutex_destroy(&outbox->lock);
	pthread_cond_destroy(&outbox->room);
	free(outbox->slots);
	free(outbox->memory);
}
