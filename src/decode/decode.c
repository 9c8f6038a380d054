/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of things: link headers, network header, transport header; then,
 * for sinks that want it, the packet in the packet. Every step either leaves
 * the walk at the next header or ends the packet with a status.
 */
#include "decode.h"

#include "ip.h"
#include "link.h"
#include "transport.h"
#include "tunnel.h"

static const struct weir_headers decode_blank = {
	.link_offset = WEIR_OFFSET_NONE,
	.network_offset = WEIR_OFFSET_NONE,
	.transport_offset = WEIR_OFFSET_NONE,
	.payload_offset = WEIR_OFFSET_NONE,
	.inner_offset = WEIR_OFFSET_NONE,
};

static bool decode_ip(struct walk *walk, bool (*decode)(struct walk *))
{
	if (!decode(walk))
		return false;
	return walk->headers->fragment == WEIR_FRAGMENT_LATER || transport_decode(walk);
}

static bool decode_network(struct walk *walk)
{
	switch (walk->headers->ethertype) {
	case LINK_ETHERTYPE_IPV4:
		return decode_ip(walk, ip_decode_v4);
	case LINK_ETHERTYPE_IPV6:
		return decode_ip(walk, ip_decode_v6);
	case LINK_ETHERTYPE_ARP:
		return ip_decode_arp(walk);
	default:
		return true;
	}
}

/* Bytes at which offsets, which have 16 bits, can point. */
static uint32_t decode_readable(const struct weir_packet *packet)
{
	return walk_smaller(packet->captured_len, WALK_OFFSET_MAX);
}

static void decode_note_tunnel(const struct weir_packet *packet, struct weir_headers *headers)
{
	struct tunnel tunnel;

	if (!tunnel_find(packet->bytes, decode_readable(packet), headers, &tunnel) ||
	    tunnel.status != WEIR_DECODE_OK)
		return;
	headers->inner_offset = (uint16_t)tunnel.offset;
	headers->inner_link_type = (uint16_t)tunnel.link_type;
}

static void decode_walk(const struct weir_packet *packet, struct walk *walk, uint32_t link_type)
{
	if (!link_decode(walk, link_type) || !decode_network(walk))
		return;
	walk_payload(walk);
	if (walk->headers->ip_version)
		decode_note_tunnel(packet, walk->headers);
}

void decode_packet(const struct weir_packet *packet, uint32_t link_type,
		   struct weir_headers *headers)
{
	struct walk walk = {
		.bytes = packet->bytes,
		.headers = headers,
		.captured_end = decode_readable(packet),
		/* A foreign file may say less than it has. */
		.wire_end = packet->wire_len < packet->captured_len ? packet->captured_len
								    : packet->wire_len,
	};

	*headers = decode_blank;
	decode_walk(packet, &walk, link_type);
}

void weir_decode_outer(const struct weir_packet *packets, uint32_t count, uint32_t link_type,
		       struct weir_headers *headers)
{
	if (link_type == LINK_TYPE_ETHERNET) {
		fast_decode(packets, count, headers);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		decode_packet(&packets[i], link_type, &headers[i]);
}

/* Replace 'headers' by those of the packet that 'tunnel' carries. */
static void decode_enter(const struct weir_packet *packet, const struct tunnel *tunnel,
			 struct weir_headers *headers)
{
	struct walk walk = {
		.bytes = packet->bytes,
		.headers = headers,
		.offset = tunnel->offset,
		.wire_end = tunnel->wire_end,
		.captured_end = walk_smaller(decode_readable(packet), tunnel->wire_end),
		.open_ended = headers->fragment == WEIR_FRAGMENT_FIRST,
	};
	uint8_t depth = headers->tunnel_depth;

	*headers = decode_blank;
	headers->tunnel = tunnel->kind;
	headers->tunnel_id = tunnel->id;
	headers->tunnel_depth = depth + 1;
	if (tunnel->status == WEIR_DECODE_OK)
		decode_walk(packet, &walk, tunnel->link_type);
	else
		walk_stop(&walk, tunnel->status, WEIR_DECODE_REASON_TUNNEL);
}

static void decode_innermost(const struct weir_packet *packet, struct weir_headers *headers)
{
	struct tunnel tunnel;

	while (tunnel_find(packet->bytes, decode_readable(packet), headers, &tunnel)) {
		if (headers->tunnel_depth == WEIR_TUNNEL_DEPTH_MAX) {
			headers->status = WEIR_DECODE_UNSUPPORTED;
			headers->reason = WEIR_DECODE_REASON_DEPTH;
			return;
		}
		decode_enter(packet, &tunnel, headers);
	}
}

void weir_decode_inner(const struct weir_packet *packets, uint32_t count,
		       const struct weir_headers *outer, struct weir_headers *inner)
{
	for (uint32_t i = 0; i < count; i++) {
		if (inner != outer)
			inner[i] = outer[i];
		if (tunnel_is_possible(&inner[i]))
			decode_innermost(&packets[i], &inner[i]);
	}
}
