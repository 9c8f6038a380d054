/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define MS(n) ((uint64_t)(n)*CLOCK_NS_PER_MS)

enum {
	COLLECTOR_RETRY_FIRST_MS = 500, /* back-off of one that is away */
	COLLECTOR_RETRY_LAST_MS =
		30000,             /* RFC 7011 section 10.4.4 allows one try a minute by default */
	COLLECTOR_SLOW_MS = 10000, /* one that takes nothing for so long is away */
	COLLECTOR_BURST_MESSAGES = 16,          /* that pacing lets out together */
	COLLECTOR_RATE_DEFAULT = 100000000 / 8, /* bytes a second, of datagrams */
	COLLECTOR_TEMPLATE_PACKETS = 4096,
	COLLECTOR_TEMPLATE_S = 600, /* RFC 6728: templateRefreshTimeout */
	COLLECTOR_OPTIONS_S = 60,
};

/* ---- up and away ---- */

static void collector_notice(const struct collector *collector, const char *text)
{
	const struct weir_export_network *network = &collector->all->network;
	char line[WEIR_ERROR_TEXT_BYTES];

	if (!network->notice)
		return;
	snprintf(line, sizeof(line), "collector '%s%s%s': %s", collector->transport->host,
		 *collector->transport->port ? ":" : "", collector->transport->port, text);
	network->notice(network->user, line);
}

static void collector_set_up(struct collector *collector, bool up)
{
	struct collectors *all = collector->all;
	uint32_t bit = UINT32_C(1) << (collector - all->collector);

	collector->up = up;
	__atomic_store_n(&all->up_mask, up ? all->up_mask | bit : all->up_mask & ~bit,
			 __ATOMIC_RELAXED);
}

/* End the connection; should even that fail, it is told. */
static void collector_hang_up(struct collector *collector)
{
	struct transport *t = collector->transport;

	if (collector->up)
		t->ops->disconnect(t);
	collector_set_up(collector, false);
	if (*t->failure.text)
		collector_notice(collector, t->failure.text);
	t->failure = (struct weir_error){0};
}

/* It has failed: hang up, and try again later and later. */
static void collector_drop(struct collector *collector, int code, uint64_t now_ns)
{
	struct transport *t = collector->transport;

	if (!*t->failure.text)
		weir_error_set_errno(&t->failure, code, "cannot send");
	if (!collector->told)
		collector_notice(collector, t->failure.text);
	collector->told = true;
	t->failure = (struct weir_error){0};
	collector_hang_up(collector);
	collector->backoff_ns = collector->backoff_ns ? collector->backoff_ns * 2
						      : MS(COLLECTOR_RETRY_FIRST_MS);
	if (collector->backoff_ns > MS(COLLECTOR_RETRY_LAST_MS))
		collector->backoff_ns = MS(COLLECTOR_RETRY_LAST_MS);
	collector->retry_ns = now_ns + collector->backoff_ns;
}

/* ---- messages ---- */

/* Send a message in a collector's session. 0, -EAGAIN, -errno. */
static int collector_transmit(struct collector *collector, struct message *message)
{
	struct collectors *all = collector->all;
	bool by_message = message->version == MESSAGE_NETFLOW9;
	struct session *session = &collector->session;
	uint32_t *counter = message->process ? &session->process_sequence : &session->sequence;
	uint32_t sequence = *counter + (by_message ? message->gap_messages : message->gap_records);
	uint64_t now_ns = clock_unix_ns();
	int rc;

	message_head(message, (uint32_t)(now_ns / CLOCK_NS_PER_S),
		     (uint32_t)((now_ns - all->content.uptime_zero_ns) / CLOCK_NS_PER_MS), sequence,
		     message->process ? 0 : all->network.domain);
	pacing_wait(&all->pacing, message->used);
	rc = collector->transport->ops->send(collector->transport, message->bytes, message->used);
	if (rc < 0)
		return rc;
	*counter = sequence + (by_message ? 1 : message->records);
	session->messages_since_templates++;
	weir_cell_add(&all->content.statistics->messages, 1);
	weir_cell_add(&all->content.statistics->octets, message->used);
	return 0;
}

/* Templates and options: slow is as bad as gone, they are few. */
static int collector_outlet_send(struct sender_outlet *outlet, struct message *message)
{
	int rc;

	message_end_set(message);
	if (message_is_empty(message))
		return 0;
	rc = collector_transmit((struct collector *)outlet, message);
	return rc == -EAGAIN ? -ETIMEDOUT : rc;
}

/* The scratch message, empty, for what is to be told to a collector. */
static struct message *collector_scratch(struct collector *collector)
{
	struct collectors *all = collector->all;
	uint32_t room = collector->transport->message_bytes;

	if (room > all->slot_bytes)
		room = all->slot_bytes;
	message_begin(&all->scratch, all->content.version, room);
	return &all->scratch;
}

static int collector_say_templates(struct collector *collector, bool first, uint64_t now_ns)
{
	const struct collectors *all = collector->all;
	int rc = all->content.templates(all->content.user, collector_scratch(collector),
					&collector->outlet, first);

	collector->session.messages_since_templates = 0;
	collector->session.templates_due_ns = now_ns + all->network.template_ns;
	return rc;
}

static int collector_say_options(struct collector *collector, uint64_t now_ns)
{
	const struct collectors *all = collector->all;

	collector->session.options_due_ns = now_ns + all->network.options_ns;
	if (!all->content.options)
		return 0;
	return all->content.options(all->content.user, collector_scratch(collector),
				    &collector->outlet);
}

/* What is due in a session: templates again (datagrams only), options. */
static int collector_attend(struct collector *collector, uint64_t now_ns)
{
	struct session *session = &collector->session;
	const struct weir_export_network *network = &collector->all->network;
	bool datagrams = collector->transport->ops->datagrams;
	int rc = 0;

	if (datagrams && (now_ns >= session->templates_due_ns ||
			  session->messages_since_templates >= network->template_packets))
		rc = collector_say_templates(collector, false, now_ns);
	if (rc == 0 && now_ns >= session->options_due_ns)
		rc = collector_say_options(collector, now_ns);
	return rc;
}

int collectors_send(struct collector *collector, struct message *message, uint64_t now_ns)
{
	int rc = collector_transmit(collector, message);

	if (rc == -EAGAIN && !collector->slow_since_ns) {
		collector->slow_since_ns = now_ns;
	} else if (rc == -EAGAIN) {
		if (now_ns - collector->slow_since_ns > MS(COLLECTOR_SLOW_MS))
			collector_drop(collector, -ETIMEDOUT, now_ns);
	} else {
		collector->slow_since_ns = 0;
		if (rc < 0)
			collector_drop(collector, rc, now_ns);
	}
	return rc;
}

/* ---- connecting ---- */

/* The most that a message to any of them may hold. */
static void collectors_measure(struct collectors *all)
{
	uint32_t bytes = all->slot_bytes;

	for (uint32_t i = 0; i < all->count; i++)
		if (all->collector[i].transport->message_bytes < bytes)
			bytes = all->collector[i].transport->message_bytes;
	__atomic_store_n(&all->message_bytes, bytes, __ATOMIC_RELAXED);
}

/*
 * Connect, and greet with the templates. A datagram's refusal comes as an
 * answer to that, if it comes: wait for it a moment before data follows.
 */
static int collector_greet(struct collector *collector, uint64_t now_ns)
{
	struct transport *t = collector->transport;
	int rc = t->ops->connect(t);

	if (rc < 0)
		return rc;
	if (t->ops->sessions)
		collector->session = (struct session){0};
	collector_set_up(collector, true);
	rc = collector_say_templates(collector, true, now_ns);
	if (rc == 0 && t->ops->datagrams &&
	    transport_wait(t, POLLERR, collector->told ? TRANSPORT_PROBE_MS : 1) == 0)
		rc = t->ops->check(t);
	return rc;
}

static void collector_connect(struct collector *collector, uint64_t now_ns)
{
	int rc = collector_greet(collector, now_ns);

	if (rc < 0) {
		collector_drop(collector, rc, now_ns);
		return;
	}
	if (collector->told)
		collector_notice(collector, "is there again");
	collector->told = false;
	collector->backoff_ns = collector->slow_since_ns = 0;
	collector->session.options_due_ns = 0;
	collectors_measure(collector->all);
}

/* The connection has served its time: end it as at the very end, and make the next one. */
static void collector_renew(struct collector *collector, uint64_t now_ns)
{
	int rc = collector_say_options(collector, now_ns);

	if (rc < 0) {
		collector_drop(collector, rc, now_ns);
		return;
	}
	collector_hang_up(collector);
	collector_connect(collector, now_ns);
}

static void collector_look_after(struct collector *collector, uint64_t now_ns)
{
	int rc;

	if (!collector->up && now_ns >= collector->retry_ns)
		collector_connect(collector, now_ns);
	if (!collector->up)
		return;
	rc = collector->transport->ops->check(collector->transport);
	if (rc > 0) {
		collector_renew(collector, now_ns);
		return;
	}
	if (rc == 0)
		rc = collector_attend(collector, now_ns);
	if (rc < 0)
		collector_drop(collector, rc, now_ns);
}

void collectors_look_after(struct collectors *all, uint64_t now_ns)
{
	for (uint32_t i = 0; i < all->count; i++)
		collector_look_after(&all->collector[i], now_ns);
	collectors_measure(all);
}

void collectors_hurry(struct collectors *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		all->collector[i].retry_ns = 0;
}

struct collector *collectors_choose(struct collectors *all, const struct message *message)
{
	uint32_t first = all->network.balance ? message->bucket % all->count : 0;

	for (uint32_t i = 0; i < all->count; i++) {
		struct collector *collector = &all->collector[(first + i) % all->count];

		if (collector->up)
			return collector;
	}
	return NULL;
}

void collectors_say_farewell(struct collectors *all, uint32_t gap, uint64_t now_ns)
{
	for (uint32_t i = 0; i < all->count; i++) {
		struct collector *collector = &all->collector[i];

		if (!collector->up)
			continue;
		collector->session.sequence += gap;
		if (gap) /* a jump shows only in a message that follows */
			collector_say_templates(collector, false, now_ns);
		gap = 0;
		collector_say_options(collector, now_ns);
		collector_hang_up(collector);
	}
}

/* ---- open and close ---- */

static void collectors_set_defaults(struct collectors *all, bool datagrams)
{
	struct weir_export_network *n = &all->network;

	if (!n->template_ns)
		n->template_ns = COLLECTOR_TEMPLATE_S * CLOCK_NS_PER_S;
	if (!n->template_packets)
		n->template_packets = COLLECTOR_TEMPLATE_PACKETS;
	if (!n->options_ns)
		n->options_ns = COLLECTOR_OPTIONS_S * CLOCK_NS_PER_S;
	all->pacing.rate_bytes = n->rate_limited ? n->rate_bytes
				 : datagrams     ? COLLECTOR_RATE_DEFAULT
						 : 0;
	all->pacing.burst_bytes = COLLECTOR_BURST_MESSAGES * all->slot_bytes;
}

int collectors_open(struct collectors *all, const struct sender_content *content,
		    const struct weir_export_network *network, struct transport *const *transports,
		    uint32_t count)
{
	bool datagrams = false;

	all->content = *content;
	all->network = *network;
	all->count = count;
	for (uint32_t i = 0; i < count; i++) {
		all->collector[i] = (struct collector){.outlet = {.send = collector_outlet_send},
						       .all = all,
						       .transport = transports[i]};
		datagrams |= transports[i]->ops->datagrams;
		if (all->slot_bytes < transports[i]->message_bytes)
			all->slot_bytes = transports[i]->message_bytes;
	}
	collectors_set_defaults(all, datagrams);
	collectors_measure(all);
	all->scratch.bytes = malloc(all->slot_bytes);
	return all->scratch.bytes ? 0 : -ENOMEM;
}

void collectors_close(struct collectors *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		all->collector[i].transport->ops->close(all->collector[i].transport);
	free(all->scratch.bytes);
}
