/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A held record lies in a ring in the order in which the first parts came,
 * which is that of the deadlines, since all wait for equally long; a hash
 * table of chains finds it.
 *
 *   slots:  oldest ─────────────► newest        chains: hash ─► slot ─► slot
 *           emitted first          taken last
 */
#include "flow_join.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	JOIN_NONE = UINT32_MAX,
	JOIN_PROTOCOL_ICMP = 1,
	JOIN_PROTOCOL_IGMP = 2,
	JOIN_PROTOCOL_ICMPV6 = 58,
};

/* The same for all parts of a flow. */
struct join_key {
	uint8_t address[2][16]; /* the lower first, where the directions are one flow */
	uint16_t port[2];
	uint8_t protocol, ip_version;
};

/* A record with all that it points to. */
struct join_part {
	struct weir_flow_record record;
	struct weir_flow_times times;
	struct weir_flow_ip ip;
	struct weir_flow_tcp tcp;
	struct weir_flow_origin origin;
};

struct join_slot {
	struct join_part part;
	struct join_key key;
	uint64_t deadline_ns;
	uint64_t meters;  /* bit n: meter n has told its part */
	uint64_t largest; /* packets of the largest part */
	uint32_t next;    /* in its chain */
};

struct weir_flow_join {
	pthread_mutex_t lock;
	struct weir_flow_join_settings settings;
	struct weir_flow_join_counters counters;
	uint64_t seed;
	uint64_t now_ns;
	uint32_t members, joined; /* meters; those that joined get numbers from 0 on */
	uint32_t oldest, count;   /* of the ring of slots */
	struct join_slot *slots;  /* settings.held_max */
	uint32_t *chains;         /* as many */
};

/* ---- which records are parts of one flow ---- */

/* With ports, or without any, a packet back has the same two ends; an ICMP type has not. */
static bool join_is_symmetric(const struct weir_flow_record *record)
{
	return record->biflow && record->protocol != JOIN_PROTOCOL_ICMP &&
	       record->protocol != JOIN_PROTOCOL_ICMPV6 && record->protocol != JOIN_PROTOCOL_IGMP;
}

static void join_make_key(const struct weir_flow_record *record, struct join_key *key)
{
	int order = memcmp(record->source_address, record->destination_address,
			   sizeof(record->source_address));
	bool flip = order ? order > 0 : record->source_port > record->destination_port;

	flip = flip && join_is_symmetric(record);
	memset(key, 0, sizeof(*key));
	memcpy(key->address[flip], record->source_address, sizeof(key->address[0]));
	memcpy(key->address[!flip], record->destination_address, sizeof(key->address[0]));
	key->port[flip] = record->source_port;
	key->port[!flip] = record->destination_port;
	key->protocol = record->protocol;
	key->ip_version = record->ip_version;
}

static uint32_t join_chain(const struct weir_flow_join *join, const struct join_key *key)
{
	uint64_t words[4], ports = (uint64_t)key->port[0] << 16 | key->port[1];
	uint64_t hash;

	memcpy(words, key->address, sizeof(words));
	hash = hash_mix(words[0] ^ join->seed, words[1] ^ 0x9e3779b97f4a7c15ULL);
	hash = hash_mix(words[2] ^ hash, words[3] ^ join->seed);
	hash = hash_mix(hash ^ ports, join->seed ^ key->protocol);
	return (uint32_t)((hash >> 32) * join->settings.held_max >> 32);
}

static bool join_overlaps(const struct weir_flow_join *join, const struct weir_flow_record *a,
			  const struct weir_flow_record *b)
{
	return a->first_ns <= b->last_ns + join->settings.hold_ns &&
	       b->first_ns <= a->last_ns + join->settings.hold_ns;
}

/* ---- adding a part to a record ---- */

static uint64_t join_first(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static uint64_t join_last(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* 'a' has the flow's first packet; whose first packet this direction's is, is not known beyond that. */
static void join_half(struct weir_flow_half *a, const struct weir_flow_half *b)
{
	if (!a->packets)
		a->tos = b->tos;
	a->packets += b->packets;
	a->bytes += b->bytes;
	a->payload_bytes += b->payload_bytes;
	a->tcp_flags |= b->tcp_flags;
	a->ttl_min = (uint8_t)join_first(a->ttl_min, b->ttl_min);
	a->fragment_flags |= b->fragment_flags;
}

static void join_times(struct weir_flow_times *a, int i, const struct weir_flow_times *b, int k)
{
	a->first_ns[i] = join_first(a->first_ns[i], b->first_ns[k]);
	a->last_ns[i] = join_last(a->last_ns[i], b->last_ns[k]);
	a->frames[i] += b->frames[k];
	a->frame_bytes[i] += b->frame_bytes[k];
}

/* 'a_is_new': it had no packets in this direction before. */
static void join_ip(struct weir_flow_ip *a, int i, const struct weir_flow_ip *b, int k,
		    bool a_is_new)
{
	a->dscp_set[i] |= b->dscp_set[k];
	a->bytes_min[i] = (uint16_t)join_first(a->bytes_min[i], b->bytes_min[k]);
	a->bytes_max[i] = (uint16_t)join_last(a->bytes_max[i], b->bytes_max[k]);
	a->ttl_max[i] = (uint8_t)join_last(a->ttl_max[i], b->ttl_max[k]);
	if (!a_is_new)
		return;
	a->flow_label[i] = b->flow_label[k];
	a->ttl_first[i] = b->ttl_first[k];
}

static void join_tcp(struct weir_flow_tcp *a, int i, const struct weir_flow_tcp *b, int k,
		     bool a_is_new)
{
	a->retransmitted[i] += b->retransmitted[k];
	a->out_of_order[i] += b->out_of_order[k];
	a->window_max[i] = (uint16_t)join_last(a->window_max[i], b->window_max[k]);
	a->options[i] |= b->options[k];
	if (!a->mss[i])
		a->mss[i] = b->mss[k];
	if (a->window_scale[i] == UINT8_MAX)
		a->window_scale[i] = b->window_scale[k];
	if (a_is_new)
		a->window_first[i] = b->window_first[k];
}

static void join_handshake(struct weir_flow_tcp *a, const struct weir_flow_tcp *b)
{
	a->syn_ns = join_first(a->syn_ns, b->syn_ns);
	a->syn_ack_ns = join_first(a->syn_ack_ns, b->syn_ack_ns);
	a->ack_ns = join_first(a->ack_ns, b->ack_ns);
}

/* Add part b to a, which began earlier; groups that were not metered are not looked at. */
static void join_add(struct join_part *a, const struct join_part *b)
{
	bool flip = memcmp(a->record.source_address, b->record.source_address,
			   sizeof(a->record.source_address)) ||
		    a->record.source_port != b->record.source_port;
	struct weir_flow_half *into[2] = {&a->record.forward, &a->record.reverse};
	const struct weir_flow_half *from[2] = {&b->record.forward, &b->record.reverse};

	for (int i = 0; i < 2; i++) {
		int k = flip ? !i : i;
		bool a_is_new = !into[i]->packets;

		if (!from[k]->packets)
			continue;
		join_times(&a->times, i, &b->times, k);
		join_ip(&a->ip, i, &b->ip, k, a_is_new);
		join_tcp(&a->tcp, i, &b->tcp, k, a_is_new);
		join_half(into[i], from[k]);
	}
	join_handshake(&a->tcp, &b->tcp);
	if (b->record.last_ns > a->record.last_ns)
		a->record.end_reason = b->record.end_reason;
	a->record.last_ns = join_last(a->record.last_ns, b->record.last_ns);
	a->record.ip_options |= b->record.ip_options;
}

static void join_copy(struct join_part *part, const struct weir_flow_record *record)
{
	part->record = *record;
	memset(&part->times, 0, sizeof(part->times));
	memset(&part->ip, 0, sizeof(part->ip));
	memset(&part->tcp, 0, sizeof(part->tcp));
	if (record->times)
		part->times = *record->times;
	if (record->ip)
		part->ip = *record->ip;
	if (record->tcp)
		part->tcp = *record->tcp;
	if (record->origin)
		part->origin = *record->origin;
}

/* ---- the ring of held records ---- */

static struct join_slot *join_find(struct weir_flow_join *join, const struct join_key *key)
{
	uint32_t at = join->chains[join_chain(join, key)];

	while (at != JOIN_NONE && memcmp(&join->slots[at].key, key, sizeof(*key)))
		at = join->slots[at].next;
	return at == JOIN_NONE ? NULL : &join->slots[at];
}

static void join_unchain(struct weir_flow_join *join, const struct join_slot *slot)
{
	uint32_t index = (uint32_t)(slot - join->slots);
	uint32_t *at = &join->chains[join_chain(join, &slot->key)];

	while (*at != index)
		at = &join->slots[*at].next;
	*at = slot->next;
}

static void join_emit(struct weir_flow_join *join, struct join_part *part)
{
	struct weir_flow_record *record = &part->record;

	if (join->settings.records && !weir_flow_expression_match(join->settings.records, record)) {
		join->counters.unwanted++;
		return;
	}
	record->times = record->times ? &part->times : NULL;
	record->ip = record->ip ? &part->ip : NULL;
	record->tcp = record->tcp ? &part->tcp : NULL;
	record->origin = record->origin ? &part->origin : NULL;
	join->settings.emit(join->settings.user, record);
}

static void join_let_go(struct weir_flow_join *join, struct join_slot *slot)
{
	if (slot->meters & (slot->meters - 1)) {
		join->counters.joined++;
		join->counters.misplaced += slot->part.record.forward.packets +
					    slot->part.record.reverse.packets - slot->largest;
	}
	join_unchain(join, slot);
	join_emit(join, &slot->part);
}

static void join_let_oldest_go(struct weir_flow_join *join)
{
	struct join_slot *slot = &join->slots[join->oldest];

	if (slot->meters) /* else it went before its time */
		join_let_go(join, slot);
	join->oldest = (join->oldest + 1) % join->settings.held_max;
	join->count--;
}

static void join_let_due_go(struct weir_flow_join *join)
{
	while (join->count && join->slots[join->oldest].deadline_ns <= join->now_ns)
		join_let_oldest_go(join);
}

static void join_hold(struct weir_flow_join *join, unsigned int meter,
		      const struct weir_flow_record *record, const struct join_key *key)
{
	uint32_t *chain = &join->chains[join_chain(join, key)];
	struct join_slot *slot;
	uint32_t at;

	if (join->count == join->settings.held_max) {
		join->counters.pushed_out += join->slots[join->oldest].meters != 0;
		join_let_oldest_go(join);
	}
	at = (join->oldest + join->count++) % join->settings.held_max;
	slot = &join->slots[at];
	join_copy(&slot->part, record);
	slot->key = *key;
	slot->deadline_ns = join->now_ns + join->settings.hold_ns;
	slot->meters = UINT64_C(1) << meter;
	slot->largest = record->forward.packets + record->reverse.packets;
	slot->next = *chain;
	*chain = at;
}

static void join_part_of(struct join_slot *slot, unsigned int meter,
			 const struct weir_flow_record *record)
{
	uint64_t packets = record->forward.packets + record->reverse.packets;
	struct join_part part;

	join_copy(&part, record);
	if (record->first_ns < slot->part.record.first_ns) {
		struct join_part later = slot->part;

		slot->part = part;
		part = later;
	}
	join_add(&slot->part, &part);
	slot->meters |= UINT64_C(1) << meter;
	slot->largest = join_last(slot->largest, packets);
}

/* ---- for the meters ---- */

unsigned int flow_join_enter(struct weir_flow_join *join)
{
	unsigned int meter;

	pthread_mutex_lock(&join->lock);
	meter = join->joined++;
	join->members++;
	pthread_mutex_unlock(&join->lock);
	return meter;
}

void flow_join_take(struct weir_flow_join *join, unsigned int meter,
		    const struct weir_flow_record *record)
{
	struct join_key key;
	struct join_slot *slot;

	join_make_key(record, &key);
	pthread_mutex_lock(&join->lock);
	slot = join_find(join, &key);
	if (slot && !(slot->meters >> meter & 1) &&
	    join_overlaps(join, &slot->part.record, record)) {
		join_part_of(slot, meter, record);
		join->counters.added++;
	} else {
		if (slot) { /* another flow of the same ends, before this one */
			join_let_go(join, slot);
			slot->meters = 0;
		}
		join_hold(join, meter, record, &key);
	}
	pthread_mutex_unlock(&join->lock);
}

void flow_join_tick(struct weir_flow_join *join, uint64_t now_ns)
{
	pthread_mutex_lock(&join->lock);
	join->now_ns = join_last(join->now_ns, now_ns);
	join_let_due_go(join);
	pthread_mutex_unlock(&join->lock);
}

void flow_join_leave(struct weir_flow_join *join)
{
	pthread_mutex_lock(&join->lock);
	if (--join->members == 0)
		while (join->count)
			join_let_oldest_go(join);
	pthread_mutex_unlock(&join->lock);
}

/* ---- for the program ---- */

void weir_flow_join_counters(struct weir_flow_join *join, struct weir_flow_join_counters *out)
{
	pthread_mutex_lock(&join->lock);
	*out = join->counters;
	pthread_mutex_unlock(&join->lock);
}

int weir_flow_join_open(const struct weir_flow_join_settings *settings, struct weir_flow_join **out)
{
	struct weir_flow_join *join = calloc(1, sizeof(*join));

	if (!join)
		return -ENOMEM;
	pthread_mutex_init(&join->lock, NULL);
	join->settings = *settings;
	join->seed = hash_seed();
	join->slots = calloc(settings->held_max, sizeof(*join->slots));
	join->chains = malloc(settings->held_max * sizeof(*join->chains));
	if (!join->slots || !join->chains) {
		weir_flow_join_close(join);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < settings->held_max; i++)
		join->chains[i] = JOIN_NONE;
	*out = join;
	return 0;
}

void weir_flow_join_close(struct weir_flow_join *join)
{
	if (!join)
		return;
	pthread_mutex_destroy(&join->lock);
	free(join->slots);
	free(join->chains);
	free(join);
}
