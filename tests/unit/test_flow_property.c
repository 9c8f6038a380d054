/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter against a reference of a few lines: random traffic, any batch
 * size, one meter or several that share the flows. The records must be the
 * same, whatever the wheel did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow_traffic.h"

enum { PACKETS = 20000, FLOWS_MAX = 60000, WORKERS_MAX = 3 };

/* ---- the reference: one flow after another in a list, looked through from its end ---- */

struct reference_flow {
	struct traffic_packet packet; /* of endpoint A, its first sender */
	uint64_t first_ns, last_ns, packets[2], bytes[2], payload[2];
	uint8_t fin[2], flags[2], ttl_min[2], reason;
	bool swapped; /* A is not the initiator */
	bool open;
};

struct reference {
	struct reference_flow *flows;
	uint32_t count;
};

static uint64_t reference_idle_end(const struct weir_flow_settings *s,
				   const struct reference_flow *f)
{
	bool closed = f->fin[0] && f->fin[1];

	return f->last_ns +
	       (closed && s->linger_ns < s->idle_timeout_ns ? s->linger_ns : s->idle_timeout_ns);
}

static uint64_t reference_end(const struct weir_flow_settings *s, const struct reference_flow *f,
			      uint8_t *reason)
{
	bool closed = f->fin[0] && f->fin[1];
	uint64_t idle_end_ns = reference_idle_end(s, f);

	*reason = closed ? WEIR_FLOW_END_DETECTED : WEIR_FLOW_END_IDLE;
	if (f->first_ns + s->active_timeout_ns > idle_end_ns)
		return idle_end_ns;
	*reason = WEIR_FLOW_END_ACTIVE;
	return f->first_ns + s->active_timeout_ns;
}

/* 0: A's packet, 1: the other's, -1: another flow's. */
static int reference_side(const struct traffic_packet *a, const struct traffic_packet *p)
{
	if (a->protocol != p->protocol || a->v6 != p->v6)
		return -1;
	if (a->source == p->source && a->destination == p->destination &&
	    a->source_port == p->source_port && a->destination_port == p->destination_port)
		return 0;
	if (a->source == p->destination && a->destination == p->source &&
	    a->source_port == p->destination_port && a->destination_port == p->source_port)
		return 1;
	return -1;
}

static void reference_packet(struct reference *r, const struct weir_flow_settings *s,
			     const struct traffic_packet *p)
{
	struct reference_flow *f = NULL,
			      next = {.packet = *p, .first_ns = p->time_ns, .open = true};
	bool syn = p->protocol == TCP && (p->flags & (SYN | ACK)) == SYN;
	int side = -1;

	for (uint32_t i = r->count; i-- && side < 0;)
		if (r->flows[i].open)
			side = reference_side(&(f = &r->flows[i])->packet, p);
	if (side >= 0) {
		uint64_t end_ns = reference_end(s, f, &f->reason);
		bool closed = f->fin[0] && f->fin[1];

		if (p->time_ns >= end_ns || (closed && syn)) {
			f->open = false;
			if (p->time_ns < end_ns)
				f->reason = WEIR_FLOW_END_DETECTED;
			if (f->reason == WEIR_FLOW_END_ACTIVE && !(closed && syn) &&
			    p->time_ns < reference_idle_end(s, f)) {
				next.packet = f->packet; /* goes on */
				next.swapped = f->swapped;
				memcpy(next.fin, f->fin, 2);
			} else {
				side = -1;
			}
			f = NULL;
		}
	}
	if (side < 0 || !f) {
		f = &r->flows[r->count++];
		*f = next;
		if (side < 0) {
			side = 0;
			f->swapped = p->protocol == TCP && (p->flags & (SYN | ACK)) == (SYN | ACK);
		}
	}
	if (p->time_ns < f->first_ns)
		f->first_ns = p->time_ns;
	if (p->time_ns > f->last_ns)
		f->last_ns = p->time_ns;
	f->packets[side]++;
	f->bytes[side] += traffic_ip_bytes(p);
	f->payload[side] += p->payload;
	if (f->packets[side] == 1 || p->ttl < f->ttl_min[side])
		f->ttl_min[side] = p->ttl;
	if (p->protocol == TCP)
		f->flags[side] |= p->flags;
	if (p->protocol == TCP && p->flags & RST)
		f->fin[0] = f->fin[1] = 1;
	if (p->protocol == TCP && p->flags & FIN)
		f->fin[side] = 1;
}

static void reference_finish(struct reference *r, const struct weir_flow_settings *s,
			     uint64_t now_ns)
{
	for (uint32_t i = 0; i < r->count; i++) {
		uint8_t reason;

		if (!r->flows[i].open)
			continue;
		if (reference_end(s, &r->flows[i], &reason) > now_ns &&
		    reason != WEIR_FLOW_END_DETECTED)
			reason = WEIR_FLOW_END_FORCED;
		r->flows[i].reason = reason;
	}
}

/* ---- both as lines of the same form, to be sorted and compared ---- */

struct line {
	uint64_t first_ns, last_ns, packets[2], bytes[2], payload[2];
	uint16_t host[2], port[2];
	uint8_t flags[2], ttl_min[2], protocol, v6, reason, unused;
};

static int line_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct line));
}

static struct line line_of_reference(const struct reference_flow *f)
{
	unsigned int s = f->swapped;
	struct line line = {
		.first_ns = f->first_ns,
		.last_ns = f->last_ns,
		.packets = {f->packets[s], f->packets[!s]},
		.bytes = {f->bytes[s], f->bytes[!s]},
		.payload = {f->payload[s], f->payload[!s]},
		.flags = {f->flags[s], f->flags[!s]},
		.ttl_min = {f->ttl_min[s], f->ttl_min[!s]},
		.host = {f->packet.source, f->packet.destination},
		.port = {f->packet.source_port, f->packet.destination_port},
		.protocol = f->packet.protocol,
		.v6 = f->packet.v6,
		.reason = f->reason,
	};

	if (s) {
		line.host[0] = f->packet.destination, line.host[1] = f->packet.source;
		line.port[0] = f->packet.destination_port, line.port[1] = f->packet.source_port;
	}
	return line;
}

static uint16_t record_host(const struct weir_flow_record *r, const uint8_t *address)
{
	size_t bytes = r->ip_version == 4 ? 4 : 16;

	return (uint16_t)(address[bytes - 2] << 8 | address[bytes - 1]);
}

static struct line line_of_record(const struct weir_flow_record *r)
{
	return (struct line){
		.first_ns = r->first_ns,
		.last_ns = r->last_ns,
		.packets = {r->forward.packets, r->reverse.packets},
		.bytes = {r->forward.bytes, r->reverse.bytes},
		.payload = {r->forward.payload_bytes, r->reverse.payload_bytes},
		.flags = {r->forward.tcp_flags, r->reverse.tcp_flags},
		.ttl_min = {r->forward.ttl_min, r->reverse.ttl_min},
		.host = {record_host(r, r->source_address), record_host(r, r->destination_address)},
		.port = {r->source_port, r->destination_port},
		.protocol = r->protocol,
		.v6 = r->ip_version == 6,
		.reason = r->end_reason,
	};
}

/* ---- the traffic ---- */

static uint32_t random_below(uint64_t *state, uint32_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*state >> 33) % limit);
}

struct shape {
	uint32_t hosts, ports; /* numbers of them at each end */
	uint32_t elephants; /* one in so many packets belongs to one of two large flows; 0 = none */
	uint32_t gap_ns;    /* between packets, at most, but for pauses of up to a minute */
	uint32_t pauses;    /* in 1000 packets */
};

static const struct shape shapes[] = {
	/* Few, so that flows meet their timeouts, closings and reopenings. */
	{.hosts = 6, .ports = 4, .gap_ns = 20000000, .pauses = 10},
	/* Many, so that the table grows, and flows whose counters carry. */
	{.hosts = 60, .ports = 50, .elephants = 2, .gap_ns = 2000000},
};

static struct traffic_packet random_packet(const struct shape *shape, uint64_t *seed,
					   uint64_t *clock_ns)
{
	static const uint8_t flags[] = {ACK, ACK, ACK, ACK, SYN, SYN | ACK, FIN | ACK, RST, PSH};
	struct traffic_packet p = {
		.source = (uint16_t)(1 + random_below(seed, shape->hosts)),
		.destination = (uint16_t)(1 + random_below(seed, shape->hosts)),
		.source_port = (uint16_t)(1 + random_below(seed, shape->ports)),
		.destination_port = (uint16_t)(1 + random_below(seed, shape->ports)),
		.protocol = random_below(seed, 4) ? TCP : UDP,
		.v6 = random_below(seed, 3) == 0,
		.payload = (uint16_t)random_below(seed, 1400),
		.ttl = (uint8_t)(1 + random_below(seed, 255)),
	};
	uint32_t pause = random_below(seed, 1000);

	p.flags = flags[random_below(seed, sizeof(flags))];
	if (shape->elephants && !random_below(seed, shape->elephants)) {
		p.source = p.destination = 1;
		p.source_port = 1 + (p.source_port & 1);
		p.destination_port = 3 - p.source_port;
		p.protocol = UDP;
	}
	*clock_ns += pause >= shape->pauses ? random_below(seed, shape->gap_ns)
		     : pause                ? random_below(seed, 2000000000)
					    : 60 * TRAFFIC_S;
	/* Up to 400 ms late: within reorder_ns. */
	p.time_ns = *clock_ns - (random_below(seed, 5) ? 0 : random_below(seed, 400000000));
	return p;
}

static struct line *expected, *got;
static uint32_t expected_count;
static struct traffic_packet words[PACKETS];

static void make_expected(const struct shape *shape, uint64_t seed,
			  const struct weir_flow_settings *settings)
{
	struct reference reference = {.flows = calloc(FLOWS_MAX, sizeof(struct reference_flow))};
	uint64_t clock_ns = TRAFFIC_T0, newest_ns = 0;

	for (int i = 0; i < PACKETS; i++) {
		words[i] = random_packet(shape, &seed, &clock_ns);
		if (words[i].time_ns > newest_ns)
			newest_ns = words[i].time_ns;
		reference_packet(&reference, settings, &words[i]);
	}
	reference_finish(&reference, settings, newest_ns);
	expected_count = reference.count;
	for (uint32_t i = 0; i < reference.count; i++)
		expected[i] = line_of_reference(&reference.flows[i]);
	qsort(expected, expected_count, sizeof(*expected), line_compare);
	free(reference.flows);
}

/* Both directions meet on one worker, as the dispatcher sees to it. */
static uint32_t worker_of(const struct traffic_packet *p, uint32_t workers)
{
	return (uint32_t)(p->source + p->destination) % workers;
}

static void check(const struct weir_flow_settings *settings, uint32_t workers, uint32_t batch)
{
	struct traffic traffic[WORKERS_MAX] = {{0}};
	struct weir_flow *flow[WORKERS_MAX];
	struct traffic_records records = {0};
	uint64_t newest_ns = 0;

	for (int i = 0; i < PACKETS; i++)
		traffic_add(&traffic[worker_of(&words[i], workers)], words[i]);
	for (uint32_t w = 0; w < workers; w++) {
		assert_int_equal(
			weir_flow_open(settings, NULL, traffic_collect, &records, &flow[w], NULL),
			0);
		traffic_meter(&traffic[w], flow[w], 0, batch);
		if (weir_flow_now(flow[w]) > newest_ns)
			newest_ns = weir_flow_now(flow[w]);
	}
	for (uint32_t w = 0; w < workers; w++) {
		weir_flow_finish(flow[w], newest_ns);
		weir_flow_close(flow[w]);
		traffic_free(&traffic[w]);
	}
	assert_int_equal(records.count, expected_count);
	for (uint32_t i = 0; i < records.count; i++)
		got[i] = line_of_record(&records.record[i]);
	qsort(got, records.count, sizeof(*got), line_compare);
	for (uint32_t i = 0; i < records.count; i++)
		assert_memory_equal(&got[i], &expected[i], sizeof(*got));
	free(records.record);
}

static void records_are_those_of_the_reference_at_any_batch_size_and_number_of_workers(void **state)
{
	static const uint32_t batches[] = {1, 3, 64, 256, TRAFFIC_BATCH_RANDOM};
	static const uint64_t active_ms[] = {300000, 7000, 900}, idle_ms[] = {30000, 2500, 600};
	struct weir_flow_settings settings;

	expected = calloc(FLOWS_MAX, sizeof(*expected));
	got = calloc(FLOWS_MAX, sizeof(*got));
	weir_flow_settings_init(&settings);
	settings.flows_max = 1 << 14; /* in two levels: of 2048 flows, and all */
	settings.fragments_max = 64;
	/* By a random one a set of the table can be full now and then, and a flow evicted. */
	settings.seed = 20;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		const struct shape *shape = &shapes[seed > 6];

		settings.active_timeout_ns = active_ms[shape->pauses ? seed % 3 : 0] * 1000000;
		settings.idle_timeout_ns = idle_ms[seed / 2 % 3] * 1000000;
		make_expected(shape, seed, &settings);
		assert_true(expected_count > 100);
		for (int b = 0; b < 5; b++)
			for (uint32_t workers = 1; workers <= WORKERS_MAX; workers++)
				check(&settings, workers, batches[b]);
	}
	free(expected);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			records_are_those_of_the_reference_at_any_batch_size_and_number_of_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
