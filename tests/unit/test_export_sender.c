/* SPDX-License-Identifier: Apache-2.0 */
/* The queue and the sessions of exports, with collectors that are made up. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "sender.h"

enum { DEADLINE_S = 20, MESSAGE_BYTES = 512, RECORD_BYTES = 100, MESSAGES_KEPT = 256 };

/* What a made-up collector got, and how it behaves; all under 'lock'. */
struct fake {
	struct transport transport;
	int connect_says, send_says, check_says;
	uint32_t connects, disconnects, messages;
	uint32_t sequences[MESSAGES_KEPT], lengths[MESSAGES_KEPT];
	uint16_t sets[MESSAGES_KEPT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake *fakes[2];
static struct weir_export_settings settings;
static struct sender_statistics statistics;
static struct weir_error error;
static uint32_t options_said;

static int fake_connect(struct transport *t)
{
	struct fake *fake = (struct fake *)t;
	int rc;

	pthread_mutex_lock(&lock);
	fake->connects++;
	rc = fake->connect_says;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int fake_send(struct transport *t, const uint8_t *bytes, uint32_t count)
{
	struct fake *fake = (struct fake *)t;
	uint32_t sequence;
	uint16_t set;
	int rc;

	memcpy(&sequence, bytes + 8, 4);
	memcpy(&set, bytes + 16, 2);
	pthread_mutex_lock(&lock);
	rc = fake->send_says;
	if (rc == 0 && fake->messages < MESSAGES_KEPT) {
		fake->sequences[fake->messages] = be32toh(sequence);
		fake->lengths[fake->messages] = count;
		fake->sets[fake->messages++] = be16toh(set);
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int fake_check(struct transport *t)
{
	struct fake *fake = (struct fake *)t;
	int rc;

	pthread_mutex_lock(&lock);
	rc = fake->check_says;
	fake->check_says = 0;
	pthread_mutex_unlock(&lock);
	return rc;
}

static void fake_disconnect(struct transport *t)
{
	pthread_mutex_lock(&lock);
	((struct fake *)t)->disconnects++;
	pthread_mutex_unlock(&lock);
}

static void fake_close(struct transport *t)
{
	/* the test frees it, after a look */
}

static const struct transport_ops fake_ops = {.connect = fake_connect,
					      .send = fake_send,
					      .check = fake_check,
					      .disconnect = fake_disconnect,
					      .close = fake_close,
					      .sessions = true};

static int say_templates(void *user, struct message *message, struct sender_outlet *outlet,
			 bool first)
{
	message_take(message, put32(message_at(message, 2), 0));
	return outlet->send(outlet, message);
}

static int say_options(void *user, struct message *message, struct sender_outlet *outlet)
{
	options_said++;
	message_take(message, put32(message_at(message, 300), 0));
	message->records++;
	return outlet->send(outlet, message);
}

static struct sender *open_sender(uint32_t collectors)
{
	const struct sender_content content = {.version = MESSAGE_IPFIX,
					       .statistics = &statistics,
					       .templates = say_templates,
					       .options = say_options};
	struct transport *transports[2];
	struct sender *sender;

	for (uint32_t i = 0; i < collectors; i++)
		transports[i] = &fakes[i]->transport;
	assert_int_equal(
		sender_open(&settings, &content, transports, collectors, 200, &sender, &error), 0);
	return sender;
}

/* A record that says nothing. False: there was no room. */
static bool give(struct sender *sender, uint8_t bucket)
{
	struct message *message = sender_message(sender, bucket, 256, RECORD_BYTES, false);

	if (!message) {
		sender_lose(sender, 1, 10, 1000);
		return false;
	}
	memset(message_at(message, 256), 0, RECORD_BYTES);
	message_take(message, message->bytes + message->used + RECORD_BYTES);
	message->records++;
	message->flows++;
	message->packets += 10;
	message->octets += 1000;
	return true;
}

static void wait_until(bool (*done)(void))
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_S;
	pthread_mutex_lock(&lock);
	while (!done())
		assert_int_equal(pthread_cond_timedwait(&changed, &lock, &deadline), 0);
	pthread_mutex_unlock(&lock);
}

static bool first_has_connected(void)
{
	return fakes[0]->connects >= 1;
}

static bool first_was_tried_again(void)
{
	return fakes[0]->connects >= 2 && fakes[0]->messages >= 1;
}

static void templates_come_first_and_the_sequence_counts_data_records(void **state)
{
	struct sender *sender = open_sender(1);

	for (int i = 0; i < 10; i++)
		assert_true(give(sender, 0));
	assert_int_equal(sender_finish(sender), 0);
	assert_int_equal(fakes[0]->sets[0], 2);
	assert_int_equal(fakes[0]->sequences[0], 0);
	assert_int_equal(fakes[0]->sets[1], 300);
	assert_int_equal(fakes[0]->sequences[1], 0);
	/* 4 records a message, and one option record before them */
	assert_int_equal(fakes[0]->sequences[2], 1);
	assert_int_equal(fakes[0]->sequences[3], 5);
	assert_int_equal(fakes[0]->sequences[4], 9);
	assert_int_equal(fakes[0]->sequences[5], 11); /* the last options */
	assert_int_equal(fakes[0]->messages, 6);
	assert_int_equal(sender_sent(sender), 10);
	sender_close(sender);
}

static void a_full_queue_drops_and_the_sequence_shows_it(void **state)
{
	struct sender *sender;
	uint32_t taken = 0, dropped = 0, last;

	settings.network.queue_bytes = 4 * MESSAGE_BYTES;
	fakes[0]->connect_says = -ECONNREFUSED;
	sender = open_sender(1);
	for (int i = 0; i < 100; i++)
		give(sender, 0) ? taken++ : dropped++;
	assert_int_equal(taken, 3 * 4);
	assert_int_equal(weir_cell_get(&statistics.lost_flows), dropped);
	assert_int_equal(weir_cell_get(&statistics.lost_packets), dropped * 10);
	pthread_mutex_lock(&lock);
	fakes[0]->connect_says = 0;
	pthread_mutex_unlock(&lock);
	assert_int_equal(sender_finish(sender), 0); /* it is tried once more at the end */
	assert_int_equal(sender_sent(sender), taken);
	last = fakes[0]->messages - 1;
	assert_int_equal(fakes[0]->sets[last], 300);
	assert_int_equal(fakes[0]->sequences[last], 1 + taken + dropped);
	sender_close(sender);
}

static void what_cannot_be_sent_at_the_end_is_counted(void **state)
{
	struct sender *sender;

	fakes[0]->connect_says = -ECONNREFUSED;
	sender = open_sender(1);
	for (int i = 0; i < 10; i++)
		assert_true(give(sender, 0));
	assert_false(sender_is_up(sender));
	assert_int_equal(sender_finish(sender), 10);
	assert_int_equal(weir_cell_get(&statistics.lost_flows), 10);
	assert_int_equal(weir_cell_get(&statistics.lost_octets), 10000);
	assert_true(weir_cell_get(&statistics.lost_first_ms) != 0);
	sender_close(sender);
}

static void a_new_connection_is_a_new_session(void **state)
{
	struct sender *sender = open_sender(1);
	uint32_t first;

	give(sender, 0);
	wait_until(first_has_connected);
	pthread_mutex_lock(&lock);
	fakes[0]->send_says = -ECONNRESET;
	first = fakes[0]->messages;
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 8; i++)
		give(sender, 0);
	pthread_mutex_lock(&lock);
	fakes[0]->send_says = 0;
	pthread_mutex_unlock(&lock);
	assert_int_equal(sender_finish(sender), 0);
	if (fakes[0]->connects > 1) { /* the fault was met */
		while (fakes[0]->sets[first] != 2)
			first++;
		assert_int_equal(fakes[0]->sequences[first], 0);
	}
	assert_int_equal(sender_sent(sender), 9);
	sender_close(sender);
}

/* As a file that is full, or a DTLS session that has grown old. */
static void a_connection_whose_time_is_up_is_ended_and_made_anew(void **state)
{
	struct sender *sender = open_sender(1);

	wait_until(first_has_connected);
	pthread_mutex_lock(&lock);
	fakes[0]->check_says = 1;
	pthread_mutex_unlock(&lock);
	wait_until(first_was_tried_again);
	for (int i = 0; i < 4; i++)
		give(sender, 0);
	assert_int_equal(sender_finish(sender), 0);
	assert_int_equal(fakes[0]->connects, 2);
	assert_int_equal(fakes[0]->disconnects, 2);
	/* templates, options, and the last options of the first one; the same of the second */
	for (uint32_t i = fakes[0]->messages - 4, at = 0; at < 4; at++)
		assert_int_equal(fakes[0]->sets[i + at], at == 0 ? 2 : at == 2 ? 256 : 300);
	assert_int_equal(fakes[0]->sequences[fakes[0]->messages - 4], 0);
	assert_int_equal(fakes[0]->sets[fakes[0]->messages - 5], 300);
	assert_int_equal(sender_sent(sender), 4);
	sender_close(sender);
}

static void a_collector_that_is_away_is_tried_again(void **state)
{
	struct sender *sender;

	fakes[0]->connect_says = -ETIMEDOUT;
	sender = open_sender(1);
	give(sender, 0);
	wait_until(first_has_connected);
	pthread_mutex_lock(&lock);
	fakes[0]->connect_says = 0;
	pthread_mutex_unlock(&lock);
	wait_until(first_was_tried_again);
	assert_int_equal(sender_finish(sender), 0);
	assert_int_equal(sender_sent(sender), 1);
	sender_close(sender);
}

static void the_next_collector_takes_over(void **state)
{
	struct sender *sender;

	fakes[0]->connect_says = -ECONNREFUSED;
	sender = open_sender(2);
	for (int i = 0; i < 8; i++)
		give(sender, 0);
	assert_int_equal(sender_finish(sender), 0);
	assert_int_equal(sender_sent(sender), 8);
	assert_int_equal(fakes[0]->messages, 0);
	assert_int_equal(fakes[1]->messages, 5); /* templates, options, 2 of data, options */
	sender_close(sender);
}

static void balanced_flows_go_to_the_collector_of_their_bucket(void **state)
{
	struct sender *sender;

	settings.network.balance = true;
	sender = open_sender(2);
	for (int i = 0; i < 8; i++)
		give(sender, (uint8_t)(i / 4));
	assert_int_equal(sender_finish(sender), 0);
	assert_int_equal(fakes[0]->messages, 4);
	assert_int_equal(fakes[1]->messages, 4);
	sender_close(sender);
}

static void records_longer_than_a_message_are_refused_at_once(void **state)
{
	const struct sender_content content = {.version = MESSAGE_IPFIX};
	struct transport *transports[] = {&fakes[0]->transport};
	struct sender *sender;

	assert_int_equal(sender_open(&settings, &content, transports, 1, 600, &sender, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "600 bytes"));
}

static int set_up(void **state)
{
	settings = (struct weir_export_settings){0};
	statistics = (struct sender_statistics){0};
	options_said = 0;
	for (int i = 0; i < 2; i++) {
		fakes[i] = calloc(1, sizeof(*fakes[i]));
		fakes[i]->transport.ops = &fake_ops;
		fakes[i]->transport.fd = -1;
		fakes[i]->transport.message_bytes = MESSAGE_BYTES;
	}
	return 0;
}

static int tear_down(void **state)
{
	free(fakes[0]);
	free(fakes[1]);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(templates_come_first_and_the_sequence_counts_data_records),
		TEST(a_full_queue_drops_and_the_sequence_shows_it),
		TEST(what_cannot_be_sent_at_the_end_is_counted),
		TEST(a_new_connection_is_a_new_session),
		TEST(a_connection_whose_time_is_up_is_ended_and_made_anew),
		TEST(a_collector_that_is_away_is_tried_again),
		TEST(the_next_collector_takes_over),
		TEST(balanced_flows_go_to_the_collector_of_their_bucket),
		TEST(records_longer_than_a_message_are_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
