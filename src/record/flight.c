/* SPDX-License-Identifier: Apache-2.0 */
#include "flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "packet/lane.h"
#include "weir/filter.h"

enum {
	FLIGHT_RUN_MAX = 256, /* packets given to the encoder at once */
	FLIGHT_BUFFERS_LEFT =
		4, /* to the disk thread, before the rest of a dump waits in the ring */
};

/*
 * An event is over when time is so far beyond it that none of its packets can
 * be on its way any more: sources take turns, and a ring's reader may be held up.
 */
#define FLIGHT_GRACE_NS (2 * (uint64_t)CLOCK_NS_PER_S)

struct flight {
	struct recorder *recorder;
	struct weir_record_flight settings;
	struct lane *lane;
	uint64_t in, out, wanted;
	bool open;                 /* an event is going on */
	uint64_t until_ns;         /* its last nanosecond */
	uint64_t newest_ns;        /* of the packets that came */
	bool live;                 /* the clock is that of the packets */
	uint32_t interfaces_known; /* for whose link types the triggers are compiled */
	struct weir_ledger *ledger;
	uint64_t lost; /* that the last look at it told */
	int signalled; /* atomic: by flight_signal, and not seen yet */
	/* For flight_tell; written by the recorder's thread. */
	struct weir_cell triggers[WEIR_RECORD_TRIGGER_COUNT];
	struct weir_cell left_out, crowded_out, last_ns;
	struct weir_packet run[FLIGHT_RUN_MAX];
};

/* ---- triggers ---- */

static int flight_prepare(struct flight *flight, struct weir_error *error)
{
	const struct weir_interfaces *interfaces = flight->recorder->interfaces;
	uint32_t count = weir_interfaces_count(interfaces);
	int rc = 0;

	for (uint32_t i = flight->interfaces_known; i < count; i++)
		for (uint32_t t = 0; rc == 0 && t < flight->settings.filter_count; t++)
			rc = weir_filter_prepare(flight->settings.filters[t],
						 weir_interfaces_get(interfaces, i)->link_type,
						 error);
	flight->interfaces_known = count;
	return rc;
}

static bool flight_matches(struct flight *flight, const struct weir_packet *packet)
{
	uint32_t link_type;

	if (!flight->settings.filter_count)
		return false;
	/* That a filter makes no sense for a link type met later only means that it cannot match. */
	if (packet->interface >= flight->interfaces_known)
		flight_prepare(flight, NULL);
	link_type = weir_interfaces_get(flight->recorder->interfaces, packet->interface)->link_type;
	for (uint32_t t = 0; t < flight->settings.filter_count; t++)
		if (weir_filter_match(flight->settings.filters[t], link_type, packet))
			return true;
	return false;
}

/* All that waits, and what follows for a while, is to be recorded. */
static void flight_trigger(struct flight *flight, enum weir_record_trigger why, uint64_t time_ns)
{
	uint64_t until_ns = time_ns + flight->settings.after_ns;

	weir_cell_add(&flight->triggers[why], 1);
	weir_cell_set(&flight->last_ns, time_ns);
	flight->wanted = flight->in;
	if (!flight->open || until_ns > flight->until_ns)
		flight->until_ns = until_ns;
	flight->open = true;
}

/* ---- packets that leave the ring ---- */

static struct recorder_source *flight_source(const struct flight *flight,
					     const struct lane_packet *record)
{
	return flight->recorder->sources[record->tag];
}

/* The oldest packet falls out. */
static void flight_leave_out(struct flight *flight)
{
	const struct lane_packet *oldest = lane_peek(flight->lane);

	recorder_leave_out(flight_source(flight, oldest), WEIR_REASON_UNTRIGGERED, 1);
	weir_cell_add(&flight->left_out, 1);
	lane_skip(flight->lane);
	lane_give_back(flight->lane);
	flight->out++;
}

/* Those too old to be wanted by a trigger at this time. */
static void flight_age(struct flight *flight, uint64_t time_ns)
{
	uint64_t before_ns = flight->settings.before_ns;

	if (!before_ns || time_ns < before_ns)
		return;
	while (flight->out < flight->in && flight->out >= flight->wanted &&
	       lane_peek(flight->lane)->packet.time_ns < time_ns - before_ns)
		flight_leave_out(flight);
}

/* Record packets of one source that stand together. */
static int flight_record_run(struct flight *flight, struct weir_error *error)
{
	const struct lane_packet *record = lane_peek(flight->lane);
	struct recorder_source *source = flight_source(flight, record);
	uint64_t dropped = record->dropped;
	uint32_t count = 0;
	int rc;

	do {
		flight->run[count++] = record->packet;
		lane_skip(flight->lane);
		record = lane_peek(flight->lane);
	} while (count < FLIGHT_RUN_MAX && flight->out + count < flight->wanted &&
		 !record->dropped && flight_source(flight, record) == source);
	rc = recorder_record(flight->recorder, source, flight->run, count, dropped, error);
	lane_give_back(flight->lane);
	flight->out += count;
	return rc;
}

/* As much as the disk thread takes without anybody waiting for it. */
static int flight_drain(struct flight *flight, struct weir_error *error)
{
	int rc = 0;

	while (!rc && flight->out < flight->wanted &&
	       disk_free(flight->recorder->disk) > FLIGHT_BUFFERS_LEFT)
		rc = flight_record_run(flight, error);
	return rc;
}

/* The ring is full: its oldest packet is left out, or if it is wanted, recorded now. */
static int flight_make_room(struct flight *flight, struct weir_error *error)
{
	if (flight->out < flight->wanted)
		return flight_record_run(flight, error);
	flight_leave_out(flight);
	weir_cell_add(&flight->crowded_out, flight->settings.before_ns ? 1 : 0);
	return 0;
}

/* ---- packets that come ---- */

static int flight_put(struct flight *flight, const struct recorder_source *source,
		      const struct weir_packet *packet, uint64_t dropped, struct weir_error *error)
{
	struct weir_packet kept = *packet;
	int rc = 0, refused;

	kept.captured_len = format_min(kept.captured_len, flight->recorder->snaplen_kept);
	while (!lane_put(flight->lane, source->index, &kept, 1, dropped)) {
		refused = flight_make_room(flight, error);
		rc = refused ? refused : rc;
	}
	flight->in++;
	return rc;
}

/* The event is over, and recorded. Where there are several files, it has its own. */
static int flight_end_event(struct flight *flight, uint64_t time_ns, struct weir_error *error)
{
	/* What is wanted and waits for the disk is recorded first, as fast as that goes. */
	if (!flight->open || time_ns <= flight->until_ns + FLIGHT_GRACE_NS ||
	    flight->out < flight->wanted)
		return 0;
	flight->open = false;
	if (!weir_record_rotates(&flight->recorder->rotation) || !flight->recorder->file_packets)
		return 0;
	return rotate_next(flight->recorder, time_ns, error);
}

static int flight_take_one(struct flight *flight, const struct recorder_source *source,
			   const struct weir_packet *packet, uint64_t dropped,
			   struct weir_error *error)
{
	bool matches = flight_matches(flight, packet);
	int rc = flight_end_event(flight, packet->time_ns, error), said;

	flight->newest_ns = packet->time_ns;
	flight_age(flight, packet->time_ns);
	said = flight_put(flight, source, packet, dropped, rc ? NULL : error);
	if (matches)
		flight_trigger(flight, WEIR_RECORD_TRIGGER_PACKET, packet->time_ns);
	else if (dropped && flight->settings.on_loss)
		flight_trigger(flight, WEIR_RECORD_TRIGGER_LOSS, packet->time_ns);
	else if (flight->open && packet->time_ns <= flight->until_ns)
		flight->wanted = flight->in;
	return rc ? rc : said;
}

/* Asked for by the user. */
static void flight_heed_signal(struct flight *flight, uint64_t now_ns)
{
	/* pairs with the release in flight_signal */
	if (!__atomic_load_n(&flight->signalled, __ATOMIC_RELAXED) ||
	    !__atomic_exchange_n(&flight->signalled, 0, __ATOMIC_ACQUIRE))
		return;
	flight_age(flight, now_ns);
	flight_trigger(flight, WEIR_RECORD_TRIGGER_SIGNAL, now_ns);
}

int flight_take(struct flight *flight, struct recorder_source *source,
		const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		struct weir_error *error)
{
	int rc = flight->recorder->ended ? 1 : flight->recorder->failure, said;

	for (uint32_t i = 0; i < count; i++) {
		said = flight_take_one(flight, source, &packets[i], i ? 0 : dropped, error);
		rc = rc ? rc : said;
	}
	return rc ? rc : flight_drain(flight, error);
}

/* What is lost at any stage, as the ledger of the last cut tells. */
static void flight_look_for_loss(struct flight *flight, uint64_t now_ns)
{
	struct weir_totals totals;

	if (!flight->settings.on_loss || !flight->ledger)
		return;
	weir_ledger_totals(flight->ledger, false, &totals);
	if (totals.lost > flight->lost) {
		flight_age(flight, now_ns);
		flight_trigger(flight, WEIR_RECORD_TRIGGER_LOSS, now_ns);
	}
	flight->lost = totals.lost;
}

int flight_tick(struct flight *flight, uint64_t now_ns, struct weir_error *error)
{
	uint64_t time_ns = flight->live ? now_ns : flight->newest_ns;
	int rc;

	flight_heed_signal(flight, time_ns);
	flight_look_for_loss(flight, time_ns);
	rc = flight_drain(flight, error);
	return rc ? rc : flight_end_event(flight, time_ns, error);
}

int flight_finish(struct flight *flight, struct weir_error *error)
{
	int rc = 0;

	flight_heed_signal(flight, flight->newest_ns);
	while (flight->out < flight->wanted) {
		int said = flight_record_run(flight, rc ? NULL : error);

		rc = rc ? rc : said;
	}
	while (flight->out < flight->in)
		flight_leave_out(flight);
	return rc;
}

/* ---- the rest ---- */

void flight_signal(struct flight *flight)
{
	/* pairs with the acquire in flight_heed_signal */
	__atomic_store_n(&flight->signalled, 1, __ATOMIC_RELEASE);
}

void flight_tell(const struct flight *flight, struct weir_record_flown *out)
{
	for (int t = 0; t < WEIR_RECORD_TRIGGER_COUNT; t++)
		out->triggers[t] = weir_cell_get(&flight->triggers[t]);
	out->last_ns = weir_cell_get(&flight->last_ns);
	out->left_out = weir_cell_get(&flight->left_out);
	out->crowded_out = weir_cell_get(&flight->crowded_out);
}

void flight_attach(struct flight *flight, struct weir_ledger *ledger,
		   const struct weir_account *account)
{
	flight->live = strcmp(account->source, "file") != 0;
	flight->ledger = ledger;
	/* A file is the event's: it begins with its first packet, not with the wait for it. */
	rotate_by_packets(flight->recorder);
}

int flight_open(const struct weir_record_flight *settings, struct recorder *recorder,
		struct flight **out, struct weir_error *error)
{
	uint64_t bytes =
		(settings->ring_bytes + LANE_ALIGNMENT - 1) / LANE_ALIGNMENT * LANE_ALIGNMENT;
	struct flight *flight = calloc(1, sizeof(*flight));
	int rc;

	if (!flight)
		return weir_error_set(error, -ENOMEM, "out of memory");
	flight->recorder = recorder;
	flight->settings = *settings;
	rc = lane_open(bytes, &flight->lane);
	if (rc < 0)
		rc = weir_error_set(error, rc,
				    "no memory for the %llu bytes that are to be kept "
				    "before a trigger",
				    (unsigned long long)bytes);
	else
		rc = flight_prepare(flight, error);
	if (rc < 0) {
		flight_close(flight);
		return rc;
	}
	*out = flight;
	return 0;
}

void flight_close(struct flight *flight)
{
	if (!flight)
		return;
	lane_close(flight->lane);
	free(flight);
}
