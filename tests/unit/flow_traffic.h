/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up traffic for the tests of flows: frames written by hand from a few
 * fields, decoded by the real decoder, and the records that came out.
 */
#ifndef FLOW_TRAFFIC_H
#define FLOW_TRAFFIC_H

#include <stdint.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "weir/decode.h"
#include "weir/flow.h"
#include "weir/packet.h"

#define TRAFFIC_S  UINT64_C(1000000000)
#define TRAFFIC_T0 (UINT64_C(1700000000) * TRAFFIC_S)

enum {
	TRAFFIC_FRAME_MAX = 160,
	TRAFFIC_LINK_ETHERNET = 1,
	TCP = 6,
	UDP = 17,
	ICMP = 1,
	ICMP6 = 58,
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
};

/* A packet in words; addresses are 10.0.x.x or fd00::x. */
struct traffic_packet {
	uint64_t time_ns;
	uint16_t source, destination;
	uint16_t source_port, destination_port; /* ICMP: destination_port is type << 8 | code */
	uint8_t protocol, flags, ttl, tos;
	uint8_t v6;
	uint16_t payload;         /* bytes on the wire; captured as far as the frame has room */
	uint16_t fragment_offset; /* in units of 8 bytes */
	uint8_t more_fragments, dont_fragment;
	uint32_t fragment_id;
	uint16_t gso_size;
	uint32_t sequence;
	uint16_t interface;
	uint16_t vlan;
	const char *options; /* TCP, padded by the caller to 4 bytes */
	uint8_t option_bytes;
};

struct traffic {
	struct weir_packet *packets;
	struct weir_headers *headers;
	uint8_t (*frames)[TRAFFIC_FRAME_MAX];
	uint32_t count, room;
};

static inline uint8_t *traffic_put16(uint8_t *at, uint16_t value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *traffic_put32(uint8_t *at, uint32_t value)
{
	return traffic_put16(traffic_put16(at, (uint16_t)(value >> 16)), (uint16_t)value);
}

static inline uint8_t *traffic_put_transport(uint8_t *at, const struct traffic_packet *p)
{
	if (p->fragment_offset)
		return at;
	switch (p->protocol) {
	case TCP:
		at = traffic_put16(at, p->source_port);
		at = traffic_put16(at, p->destination_port);
		at = traffic_put32(at, p->sequence);
		at = traffic_put32(at, 0);
		*at++ = (uint8_t)((20 + p->option_bytes) / 4 << 4);
		*at++ = p->flags;
		at = traffic_put16(at, 1024); /* window */
		at = traffic_put32(at, 0);
		if (p->option_bytes)
			memcpy(at, p->options, p->option_bytes);
		return at + p->option_bytes;
	case ICMP:
	case ICMP6:
		at = traffic_put16(at, p->destination_port);
		at = traffic_put16(at, 0);
		return traffic_put32(at, 0);
	default: /* UDP; a fragment's length field is that of the whole */
		at = traffic_put16(at, p->source_port);
		at = traffic_put16(at, p->destination_port);
		at = traffic_put16(at, (uint16_t)(8 + p->payload + 8 * 8 * p->more_fragments));
		return traffic_put16(at, 0);
	}
}

static inline uint32_t traffic_transport_bytes(const struct traffic_packet *p)
{
	return p->fragment_offset ? 0 : p->protocol == TCP ? 20u + p->option_bytes : 8u;
}

/* The IP total length of a packet, as the frame says. */
static inline uint32_t traffic_ip_bytes(const struct traffic_packet *p)
{
	uint32_t fragment = p->v6 && (p->fragment_offset || p->more_fragments) ? 8 : 0;

	return (p->v6 ? 40 : 20) + fragment + traffic_transport_bytes(p) + p->payload;
}

static inline uint8_t *traffic_put_network(uint8_t *at, const struct traffic_packet *p)
{
	uint8_t ttl = p->ttl ? p->ttl : 64;
	uint8_t fragmented = p->fragment_offset || p->more_fragments;

	if (!p->v6) {
		*at++ = 0x45;
		*at++ = p->tos;
		at = traffic_put16(at, (uint16_t)traffic_ip_bytes(p));
		at = traffic_put16(at, (uint16_t)p->fragment_id);
		at = traffic_put16(at, (uint16_t)(p->dont_fragment << 14 | p->more_fragments << 13 |
						  p->fragment_offset));
		*at++ = ttl;
		*at++ = p->protocol;
		at = traffic_put16(at, 0);
		at = traffic_put32(at, 0x0a000000u | p->source);
		return traffic_put32(at, 0x0a000000u | p->destination);
	}
	at = traffic_put32(at, 0x60000000u | (uint32_t)p->tos << 20);
	at = traffic_put16(at, (uint16_t)(traffic_ip_bytes(p) - 40));
	*at++ = fragmented ? 44 : p->protocol;
	*at++ = ttl;
	for (int i = 0; i < 2; i++) {
		at = traffic_put32(at, 0xfd000000u);
		at = traffic_put32(at, 0);
		at = traffic_put32(at, 0);
		at = traffic_put32(at, i ? p->destination : p->source);
	}
	if (fragmented) {
		*at++ = p->protocol;
		*at++ = 0;
		at = traffic_put16(at, (uint16_t)(p->fragment_offset << 3 | p->more_fragments));
		at = traffic_put32(at, p->fragment_id);
	}
	return at;
}

static inline void traffic_add(struct traffic *t, struct traffic_packet p)
{
	uint8_t *start, *at;
	struct weir_packet *packet;

	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->packets = realloc(t->packets, t->room * sizeof(*t->packets));
		t->headers = realloc(t->headers, t->room * sizeof(*t->headers));
		t->frames = realloc(t->frames, t->room * sizeof(*t->frames));
	}
	start = at = t->frames[t->count];
	memset(start, 0, TRAFFIC_FRAME_MAX);
	start[0] = start[6] = 2;
	start[5] = (uint8_t)p.destination;
	start[11] = (uint8_t)p.source;
	at += 12;
	if (p.vlan)
		at = traffic_put16(traffic_put16(at, 0x8100), p.vlan);
	at = traffic_put16(at, p.v6 ? 0x86dd : 0x0800);
	at = traffic_put_network(at, &p);
	at = traffic_put_transport(at, &p);
	packet = &t->packets[t->count++];
	memset(packet, 0, sizeof(*packet));
	packet->time_ns = p.time_ns;
	packet->wire_len = (uint32_t)(at - start) + p.payload;
	packet->captured_len = packet->wire_len < TRAFFIC_FRAME_MAX ? packet->wire_len
								    : TRAFFIC_FRAME_MAX;
	packet->gso_size = p.gso_size;
	packet->interface = p.interface;
}

static inline void traffic_decode(struct traffic *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		t->packets[i].bytes = t->frames[i];
	weir_decode_outer(t->packets, t->count, TRAFFIC_LINK_ETHERNET, t->headers);
}

static inline void traffic_free(struct traffic *t)
{
	free(t->packets);
	free(t->headers);
	free(t->frames);
	memset(t, 0, sizeof(*t));
}

/* Records as they came out; groups are not kept. */
struct traffic_records {
	struct weir_flow_record *record;
	uint32_t count, room;
};

static inline void traffic_collect(void *user, const struct weir_flow_record *record)
{
	struct traffic_records *records = user;

	if (records->count == records->room) {
		records->room = records->room ? 2 * records->room : 64;
		records->record = realloc(records->record, records->room * sizeof(*record));
	}
	records->record[records->count++] = *record;
}

enum { TRAFFIC_BATCH_RANDOM = 0 };

/* Give the traffic from 'first' on to a meter, so many packets at a time. */
static inline void traffic_meter(struct traffic *t, struct weir_flow *flow, uint32_t first,
				 uint32_t batch_packets)
{
	uint32_t count;

	traffic_decode(t);
	for (uint32_t at = first; at < t->count; at += count) {
		struct weir_decoded decoded = {.outer = t->headers + at, .inner = t->headers + at};
		struct weir_batch batch = {.packets = t->packets + at};

		count = batch_packets != TRAFFIC_BATCH_RANDOM
				? batch_packets
				: 1 + (uint32_t)random() % WEIR_BATCH_PACKETS_MAX;
		if (count > t->count - at)
			count = t->count - at;
		batch.count = count;
		weir_flow_update(flow, &batch, &decoded);
	}
}

#endif
