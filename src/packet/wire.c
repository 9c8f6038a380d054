/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many wire packets is a super-packet? GRO and TSO hand the stack one
 * frame for many; each of them had the headers again, so the count follows
 * from the payload: ceil(payload / gso_size). The headers are walked here,
 * minimally, only for frames that have a gso_size.
 */
#include "packet/wire.h"

#include "base/cursor.h"

enum {
	WIRE_VLAN_DEPTH_MAX = 4,
	WIRE_EXTENSIONS_MAX = 8,
	WIRE_TUNNELS_MAX = 2,
	WIRE_ETHERTYPE_IPV4 = 0x0800,
	WIRE_ETHERTYPE_IPV6 = 0x86dd,
	WIRE_ETHERTYPE_TEB = 0x6558, /* transparent Ethernet bridging, in GRE and Geneve */
	WIRE_PORT_VXLAN = 4789,
	WIRE_PORT_VXLAN_LINUX = 8472, /* before VXLAN had a number; still Linux's default */
	WIRE_PORT_GENEVE = 6081,
};

static bool wire_is_vlan(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

static uint16_t wire_walk_ethernet(struct cursor *c)
{
	uint16_t ethertype;

	cursor_skip(c, 12);
	ethertype = cursor_be16(c);
	for (int i = 0; i < WIRE_VLAN_DEPTH_MAX && wire_is_vlan(ethertype); i++) {
		cursor_skip(c, 2);
		ethertype = cursor_be16(c);
	}
	return ethertype;
}

/* Steps over an IP header with its extensions; returns the protocol, or -1. */
static int wire_walk_ip(struct cursor *c, uint16_t ethertype)
{
	const uint8_t *header;
	uint8_t next;

	if (ethertype == WIRE_ETHERTYPE_IPV4) {
		header = cursor_take(c, 20);
		if (!header || (header[0] & 15) < 5)
			return -1;
		return cursor_skip(c, ((header[0] & 15) - 5) * 4u) ? header[9] : -1;
	}
	if (ethertype != WIRE_ETHERTYPE_IPV6)
		return -1;
	header = cursor_take(c, 40);
	if (!header)
		return -1;
	next = header[6];
	for (int i = 0; i < WIRE_EXTENSIONS_MAX; i++) {
		if (next != 0 && next != 43 && next != 44 && next != 60)
			return next;
		header = cursor_take(c, 8);
		if (!header)
			return -1;
		if (next != 44 && !cursor_skip(c, header[1] * 8u))
			return -1;
		next = header[0];
	}
	return -1;
}

/* Steps over GRE; returns the ethertype within, or 0. */
static uint16_t wire_walk_gre(struct cursor *c)
{
	uint16_t flags = cursor_be16(c);
	uint16_t ethertype = cursor_be16(c);

	if (flags & 7) /* version 1 carries PPP: no GSO type for that */
		return 0;
	cursor_skip(c, ((flags & 0x8000) ? 4 : 0) + ((flags & 0x2000) ? 4 : 0) +
			       ((flags & 0x1000) ? 4 : 0));
	return ethertype == WIRE_ETHERTYPE_TEB ? wire_walk_ethernet(c) : ethertype;
}

/* Steps over a UDP tunnel to 'port'; returns the ethertype within, or 0 if it is none. */
static uint16_t wire_walk_udp_tunnel(struct cursor *c, uint16_t port)
{
	uint16_t options, ethertype;

	if (port == WIRE_PORT_VXLAN || port == WIRE_PORT_VXLAN_LINUX) {
		cursor_skip(c, 8);
		return wire_walk_ethernet(c);
	}
	if (port != WIRE_PORT_GENEVE)
		return 0;
	options = cursor_be16(c);
	ethertype = cursor_be16(c);
	cursor_skip(c, 4 + (options >> 8 & 0x3f) * 4u);
	return ethertype == WIRE_ETHERTYPE_TEB ? wire_walk_ethernet(c) : ethertype;
}

/* The ethertype of an IP packet without a link header, told by its version. */
static uint16_t wire_raw_ethertype(const struct cursor *c)
{
	if (!cursor_left(c))
		return 0;
	return c->bytes[c->offset] >> 4 == 4 ? WIRE_ETHERTYPE_IPV4 : WIRE_ETHERTYPE_IPV6;
}

/* Steps over all headers, through tunnels, to the payload that was cut; false if it can't. */
static bool wire_walk(struct cursor *c, bool is_raw)
{
	uint16_t ethertype = is_raw ? wire_raw_ethertype(c) : wire_walk_ethernet(c);

	for (int tunnels = 0; tunnels <= WIRE_TUNNELS_MAX && !c->failed; tunnels++) {
		int protocol = wire_walk_ip(c, ethertype);
		const uint8_t *header;
		struct cursor inner;

		switch (protocol) {
		case 6:
			header = cursor_take(c, 20);
			return header && header[12] >> 4 >= 5 &&
			       cursor_skip(c, ((header[12] >> 4) - 5) * 4u);
		case 17:
			header = cursor_take(c, 8);
			if (!header)
				return false;
			inner = *c;
			ethertype = wire_walk_udp_tunnel(&inner,
							 (uint16_t)(header[2] << 8 | header[3]));
			if (!ethertype)
				return true; /* plain UDP segmentation */
			*c = inner;
			break;
		case 4:
			ethertype = WIRE_ETHERTYPE_IPV4;
			break;
		case 41:
			ethertype = WIRE_ETHERTYPE_IPV6;
			break;
		case 47:
			ethertype = wire_walk_gre(c);
			break;
		default:
			return false;
		}
	}
	return false;
}

uint32_t wire_count(const struct weir_packet *packet, uint32_t *header_bytes)
{
	struct cursor c = cursor_of(packet->bytes, packet->captured_len);
	uint32_t payload;

	if (!packet->gso_size)
		return packet->flags & WEIR_PACKET_SUPER ? 0 : 1;
	if (!wire_walk(&c, packet->flags & WEIR_PACKET_RAW_IP))
		return 0;
	if (packet->wire_len <= c.offset)
		return 1;
	*header_bytes = (uint32_t)c.offset;
	payload = packet->wire_len - *header_bytes;
	return (payload + packet->gso_size - 1) / packet->gso_size;
}

uint32_t weir_packet_wire_count(const struct weir_packet *packet)
{
	uint32_t header_bytes;

	return wire_count(packet, &header_bytes);
}
