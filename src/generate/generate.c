/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator: settings to frames and senders, then one loop that offers
 * bursts when they are due until the count is exact.
 */
#include "weir/generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "generate/pace.h"
#include "generate/sender.h"

/* Sleep no longer than this, so that a stop is seen; spin for the rest, for accuracy. */
#define GENERATE_SLEEP_MAX_NS (100 * UINT64_C(1000000))
#define GENERATE_SPIN_NS      (100 * UINT64_C(1000))
/* How long the interface's own count may take to catch up (see live_sender.c). */
#define GENERATE_SETTLE_NS (5 * CLOCK_NS_PER_S / 2)

struct weir_generate {
	struct nic nic;
	struct frame_set frames;
	struct sender *sender;
	struct sender *fallback; /* for when the sender turns out not to work; may be NULL */
	struct pace pace;
	uint64_t count, duration_ns, packets_per_s, bits_per_s;
	void (*notice)(void *user, const char *text);
	void *user;
};

static void generate_notice(const struct weir_generate *g, const char *text)
{
	if (g->notice)
		g->notice(g->user, text);
}

static void generate_notice_fallback(const struct weir_generate *g, const struct weir_error *why)
{
	char text[WEIR_ERROR_TEXT_BYTES + 32];

	snprintf(text, sizeof(text), "%s; using method 'socket'", why->text);
	generate_notice(g, text);
}

static int generate_check(const struct weir_generate_settings *settings, struct weir_error *error)
{
	bool paced = settings->packets_per_s || settings->bits_per_s;

	if (settings->packets_per_s && settings->bits_per_s)
		return weir_error_set(error, -EINVAL,
				      "a rate in packets contradicts a rate in bits: give one");
	if (settings->packets_per_s > WEIR_GENERATE_PACKETS_PER_S_MAX ||
	    settings->bits_per_s > WEIR_GENERATE_BITS_PER_S_MAX)
		return weir_error_set(error, -EINVAL,
				      "the rate is too high: at most 1e9 packets/s or 1e12 bits/s");
	if (paced && settings->method == WEIR_GENERATE_LIVE)
		return weir_error_set(
			error, -EINVAL,
			"method 'live' only sends at top speed: use 'socket' for a rate");
	return 0;
}

static int generate_open_senders(struct weir_generate *g,
				 const struct weir_generate_settings *settings,
				 struct weir_error *error)
{
	bool paced = settings->packets_per_s || settings->bits_per_s;
	struct weir_error why = {0};
	int status;

	if (settings->method == WEIR_GENERATE_LIVE)
		return live_sender_open(&g->frames, &g->nic, &g->sender, error);
	if (settings->method == WEIR_GENERATE_XDP)
		return xdp_sender_open(&g->frames, &g->nic, &g->sender, error);
	if (settings->method == WEIR_GENERATE_SOCKET || paced)
		return socket_sender_open(&g->frames, &g->nic, &g->sender, error);
	if (!live_sender_open(&g->frames, &g->nic, &g->sender, &why))
		return socket_sender_open(&g->frames, &g->nic, &g->fallback, error);
	status = socket_sender_open(&g->frames, &g->nic, &g->sender, error);
	if (!status)
		generate_notice_fallback(g, &why);
	return status;
}

static int generate_set_up(struct weir_generate *g, const struct weir_generate_settings *settings,
			   struct weir_error *error)
{
	int status = generate_check(settings, error);

	if (!status)
		status = nic_open(&g->nic, settings->interface, error);
	if (!status)
		status = frame_set_open(&g->frames, settings, &g->nic.link, error);
	if (!status)
		status = generate_open_senders(g, settings, error);
	if (!status && !settings->destination_mac)
		generate_notice(g, "no destination MAC given: sending to ff:ff:ff:ff:ff:ff");
	return status;
}

int weir_generate_open(const struct weir_generate_settings *settings, struct weir_generate **out,
		       struct weir_error *error)
{
	struct weir_generate *g = calloc(1, sizeof(*g));
	int status;

	if (!g)
		return weir_error_set(error, -ENOMEM, "no memory for the generator");
	g->nic.fd = g->nic.netlink_fd = -1;
	g->count = settings->count;
	g->duration_ns = settings->duration_ns;
	g->packets_per_s = settings->packets_per_s;
	g->bits_per_s = settings->bits_per_s;
	g->notice = settings->notice;
	g->user = settings->user;
	status = generate_set_up(g, settings, error);
	if (status) {
		weir_generate_close(g);
		return status;
	}
	*out = g;
	return 0;
}

void weir_generate_close(struct weir_generate *g)
{
	if (!g)
		return;
	if (g->sender)
		g->sender->ops->close(g->sender);
	if (g->fallback)
		g->fallback->ops->close(g->fallback);
	frame_set_close(&g->frames);
	nic_close(&g->nic);
	free(g);
}

enum weir_generate_method weir_generate_method(const struct weir_generate *g)
{
	return g->sender->ops->method;
}

/* ---- sending ---- */

static uint64_t generate_end_ns(const struct weir_generate *g)
{
	return g->duration_ns ? g->pace.start_ns + g->duration_ns : UINT64_MAX;
}

/* Wait until 'due_ns', 'end_ns' or a stop; returns the time it is then. */
static uint64_t generate_wait(uint64_t due_ns, uint64_t end_ns, const volatile sig_atomic_t *stop)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t until_ns = due_ns < end_ns ? due_ns : end_ns;

	while (now_ns < until_ns && !*stop) {
		uint64_t left_ns = until_ns - now_ns;

		if (left_ns > GENERATE_SPIN_NS) {
			uint64_t nap_ns = left_ns - GENERATE_SPIN_NS;
			struct timespec nap = {0};

			if (nap_ns > GENERATE_SLEEP_MAX_NS)
				nap_ns = GENERATE_SLEEP_MAX_NS;
			nap.tv_nsec = (long)nap_ns;
			nanosleep(&nap, NULL);
		}
		now_ns = clock_monotonic_ns();
	}
	return now_ns;
}

/* The frames that are still to be sent, as far as is known now. */
static uint64_t generate_wanted(struct weir_generate *g)
{
	struct sender *sender = g->sender;

	if (!g->count)
		return UINT64_MAX;
	if (sender->sent >= g->count && sender->ops->settle)
		sender->ops->settle(sender);
	return sender->sent >= g->count ? 0 : g->count - sender->sent;
}

static uint32_t generate_burst(const struct weir_generate *g)
{
	uint32_t round = g->frames.plan.pattern_count;
	uint64_t round_bits = 8 * frame_bytes(&g->frames, 0, round);

	if (g->bits_per_s)
		return pace_burst(g->bits_per_s, round_bits / round, g->sender->ops->burst);
	return pace_burst(g->packets_per_s, 1, g->sender->ops->burst);
}

static uint64_t generate_units(const struct weir_generate *g, uint64_t first, uint64_t count)
{
	return g->bits_per_s ? 8 * frame_bytes(&g->frames, first, count) : count;
}

static int generate_loop(struct weir_generate *g, const volatile sig_atomic_t *stop)
{
	struct sender *sender = g->sender;
	uint64_t burst = generate_burst(g);
	uint64_t end_ns = generate_end_ns(g);
	uint64_t wanted;
	int status = 0;

	while (!status && !*stop && (wanted = generate_wanted(g))) {
		uint64_t before = sender->sent;
		uint64_t more = wanted > sender->in_flight ? wanted - sender->in_flight : 0;
		uint64_t now_ns = generate_wait(pace_due_ns(&g->pace), end_ns, stop);

		if (now_ns >= end_ns || *stop)
			break;
		status = sender->ops->send(sender, more < burst ? more : burst, end_ns);
		pace_spend(&g->pace, generate_units(g, before, sender->sent - before), now_ns);
	}
	return status;
}

static int generate_fall_back(struct weir_generate *g, const volatile sig_atomic_t *stop)
{
	generate_notice_fallback(g, &g->sender->failure);
	g->sender->ops->close(g->sender);
	g->sender = g->fallback;
	g->fallback = NULL;
	return generate_loop(g, stop);
}

/* ---- the result ---- */

/*
 * The interface's own count. A driver may bring it up to date only once in a
 * second or two, so while it tells of too few it is asked again.
 */
static void generate_ask_nic(const struct weir_generate *g, uint64_t start,
			     struct weir_generate_result *result)
{
	const struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS};
	uint64_t deadline_ns = clock_monotonic_ns() + GENERATE_SETTLE_NS;
	uint64_t now = start;

	result->nic_sent_known = !nic_transmitted(&g->nic, &now, NULL);
	while (result->nic_sent_known && now - start < result->sent &&
	       clock_monotonic_ns() < deadline_ns) {
		nanosleep(&pause, NULL);
		result->nic_sent_known = !nic_transmitted(&g->nic, &now, NULL);
	}
	result->nic_sent = now - start;
}

static void generate_conclude(struct weir_generate *g, struct weir_generate_result *result)
{
	const struct sender *sender = g->sender;

	result->duration_ns = clock_monotonic_ns() - g->pace.start_ns;
	if (sender->ops->settle)
		sender->ops->settle(g->sender);
	result->method = sender->ops->method;
	result->sent = sender->sent;
	result->refused = sender->refused;
	/* who numbers only what was sent, or sends only one size, knows the bytes */
	result->bytes_known = sender->offered == sender->sent || g->frames.plan.pattern_count == 1;
	if (result->bytes_known)
		result->bytes = frame_bytes(&g->frames, 0, sender->sent);
}

int weir_generate_run(struct weir_generate *g, const volatile sig_atomic_t *stop,
		      struct weir_generate_result *result, struct weir_error *error)
{
	uint64_t nic_start = 0;
	bool nic_known = !nic_transmitted(&g->nic, &nic_start, NULL);
	int status;

	*result = (struct weir_generate_result){0};
	g->pace =
		pace_start(g->bits_per_s ? g->bits_per_s : g->packets_per_s, clock_monotonic_ns());
	status = generate_loop(g, stop);
	if (status == -EOPNOTSUPP && g->fallback)
		status = generate_fall_back(g, stop);
	generate_conclude(g, result);
	if (nic_known)
		generate_ask_nic(g, nic_start, result);
	if (status && error)
		*error = g->sender->failure;
	return status;
}

const char *weir_generate_method_name(enum weir_generate_method method)
{
	static const char *const names[] = {
		[WEIR_GENERATE_AUTO] = "auto",
		[WEIR_GENERATE_SOCKET] = "socket",
		[WEIR_GENERATE_LIVE] = "live",
		[WEIR_GENERATE_XDP] = "xdp",
	};

	return method < sizeof(names) / sizeof(*names) ? names[method] : "unknown";
}
