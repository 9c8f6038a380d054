/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnel headers, from the outer packet's transport to the inner packet's
 * first byte. A protocol number says surely what is in a packet, and a header
 * that breaks its rules is then malformed. A UDP port is only a hint: a
 * header that does not look like the tunnel's makes it no tunnel.
 */
#include "tunnel.h"

#include "ip.h"
#include "link.h"
#include "transport.h"

enum {
	TUNNEL_GTPU_EXTENSIONS_MAX = 8,
	TUNNEL_GTPU_T_PDU = 255, /* 3GPP TS 29.281 section 6.1: a user's packet */
	TUNNEL_ERSPAN_1_2 = 0x88be,
	TUNNEL_ERSPAN_3 = 0x22eb,
};

/* A reader of tunnel headers: a walk whose end goes into the tunnel's status. */
struct tunnel_reader {
	const uint8_t *bytes;
	uint32_t captured_end;
	bool open_ended; /* a first fragment: the wire's end is not the packet's */
	struct tunnel *tunnel;
};

/* 'count' bytes at the tunnel's offset, stepped over; NULL sets the status. */
static const uint8_t *tunnel_take(struct tunnel_reader *reader, uint32_t count)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at = reader->bytes + tunnel->offset;

	if (count > tunnel->wire_end - tunnel->offset && !reader->open_ended) {
		tunnel->status = WEIR_DECODE_MALFORMED;
		return NULL;
	}
	if (count > reader->captured_end - tunnel->offset) {
		tunnel->status = WEIR_DECODE_TRUNCATED;
		return NULL;
	}
	tunnel->offset += count;
	return at;
}

static bool tunnel_bad(struct tunnel_reader *reader, enum weir_decode_status status)
{
	reader->tunnel->status = status;
	return true;
}

/* The rest of the tunnel's payload is 'count' bytes, if there are so many. */
static bool tunnel_narrow(struct tunnel_reader *reader, uint32_t count)
{
	struct tunnel *tunnel = reader->tunnel;

	if (count > tunnel->wire_end - tunnel->offset)
		return reader->open_ended;
	tunnel->wire_end = tunnel->offset + count;
	reader->captured_end = walk_smaller(reader->captured_end, tunnel->wire_end);
	return true;
}

/* How to decode what an ethertype names; false for what is no packet of interest. */
static bool tunnel_carries(struct tunnel *tunnel, uint16_t ethertype)
{
	switch (ethertype) {
	case LINK_ETHERTYPE_IPV4:
		tunnel->link_type = LINK_TYPE_IPV4;
		return true;
	case LINK_ETHERTYPE_IPV6:
		tunnel->link_type = LINK_TYPE_IPV6;
		return true;
	case LINK_ETHERTYPE_TRANSPARENT_ETHERNET:
		tunnel->link_type = LINK_TYPE_ETHERNET;
		return true;
	case LINK_ETHERTYPE_MPLS:
		tunnel->link_type = LINK_TYPE_MPLS;
		return true;
	case LINK_ETHERTYPE_PPP:
		tunnel->link_type = LINK_TYPE_PPP;
		return true;
	default:
		return false;
	}
}

/* RFC 2003, 2473, 4213: an IP packet in an IP packet, with nothing between. */
static bool tunnel_ip_in_ip(struct tunnel_reader *reader, uint16_t ethertype)
{
	reader->tunnel->kind = WEIR_TUNNEL_IPIP;
	return tunnel_carries(reader->tunnel, ethertype);
}

/*
 * ERSPAN, draft-foschiano-erspan: type I has no header after GRE and no GRE
 * sequence number, type II one of 8 bytes, type III one of 12 and perhaps 8
 * more for the platform.
 */
static bool tunnel_erspan(struct tunnel_reader *reader, uint16_t ethertype, bool has_sequence)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at;

	tunnel->kind = WEIR_TUNNEL_ERSPAN;
	tunnel->link_type = LINK_TYPE_ETHERNET;
	tunnel->id = 0;
	if (ethertype == TUNNEL_ERSPAN_1_2 && !has_sequence)
		return true;
	at = tunnel_take(reader, ethertype == TUNNEL_ERSPAN_3 ? 12 : 8);
	if (!at)
		return true;
	tunnel->id = walk_be16(at + 2) & 0x3ff;
	if (at[0] >> 4 != (ethertype == TUNNEL_ERSPAN_3 ? 2 : 1))
		return tunnel_bad(reader, WEIR_DECODE_MALFORMED);
	if (ethertype != TUNNEL_ERSPAN_3)
		return true;
	if (at[11] & 1 && !tunnel_take(reader, 8))
		return true;
	switch (at[10] >> 2 & 31) { /* frame type */
	case 0:
		return true;
	case 2:
		tunnel->link_type = LINK_TYPE_RAW;
		return true;
	default:
		return tunnel_bad(reader, WEIR_DECODE_UNSUPPORTED);
	}
}

/* RFC 2637 section 4.1: PPP; key is payload length and call id; no sequence number, no payload. */
static bool tunnel_gre_1(struct tunnel_reader *reader, const uint8_t *at)
{
	struct tunnel *tunnel = reader->tunnel;

	if (walk_be16(at + 2) != LINK_ETHERTYPE_PPP || !(at[0] & 0x20))
		return tunnel_bad(reader, WEIR_DECODE_MALFORMED);
	if (!(at[0] & 0x10))
		return false;
	tunnel->id = walk_be16(at + 6);
	tunnel->link_type = LINK_TYPE_PPP;
	if (!tunnel_narrow(reader, walk_be16(at + 4)))
		return tunnel_bad(reader, WEIR_DECODE_MALFORMED);
	return true;
}

/* The GRE header at 'at' was captured whole; the reader stands after it. */
static bool tunnel_gre(struct tunnel_reader *reader, const uint8_t *at)
{
	struct tunnel *tunnel = reader->tunnel;
	uint16_t ethertype = walk_be16(at + 2);

	tunnel->kind = WEIR_TUNNEL_GRE;
	if ((at[1] & 7) == 1)
		return tunnel_gre_1(reader, at);
	if ((at[1] & 7) != 0)
		return tunnel_bad(reader, WEIR_DECODE_UNSUPPORTED);
	if (at[0] & 0x40) /* source routes (RFC 1701), which RFC 2784 took out */
		return tunnel_bad(reader, WEIR_DECODE_UNSUPPORTED);
	if (at[0] & 0x20)
		tunnel->id = walk_be32(at + (at[0] & 0x80 ? 8 : 4));
	if (ethertype == TUNNEL_ERSPAN_1_2 || ethertype == TUNNEL_ERSPAN_3)
		return tunnel_erspan(reader, ethertype, at[0] & 0x10);
	return tunnel_carries(tunnel, ethertype);
}

/* RFC 7348 section 5: flags (I says that there is a VNI), VNI, Ethernet. */
static bool tunnel_vxlan(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at;

	tunnel->kind = WEIR_TUNNEL_VXLAN;
	tunnel->link_type = LINK_TYPE_ETHERNET;
	at = tunnel_take(reader, 8);
	if (!at)
		return true;
	tunnel->id = walk_be32(at + 4) >> 8;
	return at[0] & 0x08;
}

/* RFC 8926 section 3.4: version, length of options in words, protocol type, VNI. */
static bool tunnel_geneve(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at;

	tunnel->kind = WEIR_TUNNEL_GENEVE;
	at = tunnel_take(reader, 8);
	if (!at)
		return true;
	tunnel->id = walk_be32(at + 4) >> 8;
	if (at[0] >> 6 != 0 || !tunnel_carries(tunnel, walk_be16(at + 2)))
		return false;
	tunnel_take(reader, (at[0] & 0x3f) * 4u);
	return true;
}

/* 3GPP TS 29.281 section 5.2: extension headers, each with the next one's type in its last byte. */
static bool tunnel_gtpu_extensions(struct tunnel_reader *reader, uint8_t type)
{
	const uint8_t *at;
	uint32_t bytes;

	for (int count = 0; type; count++) {
		if (count == TUNNEL_GTPU_EXTENSIONS_MAX)
			return tunnel_bad(reader, WEIR_DECODE_UNSUPPORTED);
		at = tunnel_take(reader, 1);
		if (!at)
			return true;
		if (!at[0])
			return tunnel_bad(reader, WEIR_DECODE_MALFORMED);
		bytes = at[0] * 4u - 1;
		at = tunnel_take(reader, bytes);
		if (!at)
			return true;
		type = at[bytes - 1];
	}
	return true;
}

/*
 * GTP-U, 3GPP TS 29.281 section 5.1: flags, message type, length after the
 * first 8 bytes, TEID. Only version 1 with PT is GTP, only a T-PDU has a
 * user's packet, and only IP is looked for in it.
 */
static bool tunnel_gtpu(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at, *more;

	tunnel->kind = WEIR_TUNNEL_GTPU;
	tunnel->link_type = LINK_TYPE_RAW;
	at = tunnel_take(reader, 8);
	if (!at)
		return true;
	tunnel->id = walk_be32(at + 4);
	if (at[0] >> 4 != 3 || at[1] != TUNNEL_GTPU_T_PDU ||
	    !tunnel_narrow(reader, walk_be16(at + 2)))
		return false;
	if (at[0] & 7) { /* sequence number, N-PDU number, next extension type */
		more = tunnel_take(reader, 4);
		if (!more)
			return true;
		if (at[0] & 4)
			tunnel_gtpu_extensions(reader, more[3]);
		if (tunnel->status != WEIR_DECODE_OK)
			return true;
	}
	if (tunnel->offset == reader->captured_end)
		return tunnel->wire_end > tunnel->offset;
	return reader->bytes[tunnel->offset] >> 4 == 4 || reader->bytes[tunnel->offset] >> 4 == 6;
}

/*
 * RFC 4380 section 5.1.1: IPv6, perhaps after an authentication header
 * (0x0001) and an origin indication (0x0000).
 */
static bool tunnel_teredo(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at;

	tunnel->kind = WEIR_TUNNEL_TEREDO;
	tunnel->link_type = LINK_TYPE_IPV6;
	at = tunnel_take(reader, 2);
	if (at && walk_be16(at) == 1) {
		at = tunnel_take(reader, 2); /* lengths of client identifier and authentication */
		if (!at || !tunnel_take(reader, at[0] + at[1] + 9u)) /* nonce, confirmation */
			return true;
		at = tunnel_take(reader, 2);
	}
	if (at && walk_be16(at) == 0) {
		if (!tunnel_take(reader, 6)) /* port and address, both inverted */
			return true;
		at = tunnel_take(reader, 2);
	}
	if (!at)
		return true;
	tunnel->offset -= 2;
	return at[0] >> 4 == 6;
}

/* RFC 2661 section 3.1: a data message has PPP; length, sequence and offset fields by flags. */
static bool tunnel_l2tp_2(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	uint32_t start = tunnel->offset, length;
	const uint8_t *flags = tunnel_take(reader, 2), *at;

	tunnel->link_type = LINK_TYPE_PPP;
	if (!flags || (flags[0] & 0x80))
		return !flags; /* 0x80: a control message */
	if (flags[0] & 0x40) {
		at = tunnel_take(reader, 2);
		if (!at)
			return true;
		length = walk_be16(at);
		if (length < tunnel->offset - start ||
		    !tunnel_narrow(reader, length - (tunnel->offset - start)))
			return false;
	}
	at = tunnel_take(reader, 4);
	if (!at)
		return true;
	tunnel->id = walk_be32(at); /* tunnel << 16 | session */
	if (flags[0] & 0x08 && !tunnel_take(reader, 4))
		return true;
	if (flags[0] & 0x02) {
		at = tunnel_take(reader, 2);
		if (at)
			tunnel_take(reader, walk_be16(at));
	}
	return true;
}

/*
 * RFC 3931 section 4.1: session id, then a cookie (0, 4 or 8 bytes) and a
 * sublayer (0 or 4) whose sizes only the two ends know; so the first place
 * that looks like Ethernet is taken.
 */
static bool tunnel_l2tp_3(struct tunnel_reader *reader, const uint8_t *session)
{
	struct tunnel *tunnel = reader->tunnel;

	tunnel->kind = WEIR_TUNNEL_L2TP;
	tunnel->link_type = LINK_TYPE_ETHERNET;
	tunnel->id = walk_be32(session);
	if (!tunnel->id)
		return false; /* a control message */
	for (uint32_t skip = 0; skip <= 12; skip += 4) {
		if (skip + 14 > tunnel->wire_end - tunnel->offset)
			return false;
		if (skip + 14 > reader->captured_end - tunnel->offset)
			return tunnel_bad(reader, WEIR_DECODE_TRUNCATED);
		if (link_looks_like_ethernet(reader->bytes + tunnel->offset + skip)) {
			tunnel->offset += skip;
			return true;
		}
	}
	return false;
}

static bool tunnel_l2tp_udp(struct tunnel_reader *reader)
{
	struct tunnel *tunnel = reader->tunnel;
	const uint8_t *at = reader->bytes + tunnel->offset;

	tunnel->kind = WEIR_TUNNEL_L2TP;
	if (reader->captured_end - tunnel->offset < 2)
		return tunnel_take(reader, 2) == NULL;
	if ((at[1] & 15) == 2)
		return tunnel_l2tp_2(reader);
	if ((at[1] & 15) != 3 || at[0] & 0x80)
		return false;
	at = tunnel_take(reader, 8); /* flags, reserved, session id: RFC 3931 section 4.1.2.1 */
	return at ? tunnel_l2tp_3(reader, at + 4) : true;
}

static bool tunnel_udp(struct tunnel_reader *reader, uint16_t source, uint16_t destination)
{
	switch (destination) {
	case TRANSPORT_PORT_VXLAN:
	case TRANSPORT_PORT_VXLAN_LINUX:
		return tunnel_vxlan(reader);
	case TRANSPORT_PORT_GENEVE:
		return tunnel_geneve(reader);
	}
	if (destination == TRANSPORT_PORT_GTPU || source == TRANSPORT_PORT_GTPU)
		return tunnel_gtpu(reader);
	if (destination == TRANSPORT_PORT_TEREDO || source == TRANSPORT_PORT_TEREDO)
		return tunnel_teredo(reader);
	if (destination == TRANSPORT_PORT_L2TP || source == TRANSPORT_PORT_L2TP)
		return tunnel_l2tp_udp(reader);
	return false;
}

bool tunnel_is_possible(const struct weir_headers *headers)
{
	if (headers->payload_offset == WEIR_OFFSET_NONE || !headers->ip_version ||
	    headers->fragment == WEIR_FRAGMENT_LATER)
		return false;
	switch (headers->protocol) {
	case IP_PROTOCOL_UDP:
		return transport_is_tunnel_port(headers->source_port, headers->destination_port);
	case IP_PROTOCOL_IPV4:
	case IP_PROTOCOL_IPV6:
	case IP_PROTOCOL_GRE:
	case IP_PROTOCOL_L2TP:
		return true;
	default:
		return false;
	}
}

bool tunnel_find(const uint8_t *bytes, uint32_t captured_end, const struct weir_headers *headers,
		 struct tunnel *tunnel)
{
	struct tunnel_reader reader = {.bytes = bytes, .tunnel = tunnel};

	if (!tunnel_is_possible(headers))
		return false;
	*tunnel = (struct tunnel){
		.offset = headers->payload_offset,
		.wire_end = headers->payload_offset + headers->payload_bytes,
	};
	reader.captured_end = walk_smaller(captured_end, tunnel->wire_end);
	reader.open_ended = headers->fragment == WEIR_FRAGMENT_FIRST;
	switch (headers->protocol) {
	case IP_PROTOCOL_IPV4:
		return tunnel_ip_in_ip(&reader, LINK_ETHERTYPE_IPV4);
	case IP_PROTOCOL_IPV6:
		return tunnel_ip_in_ip(&reader, LINK_ETHERTYPE_IPV6);
	case IP_PROTOCOL_GRE:
		return tunnel_gre(&reader, bytes + headers->transport_offset);
	case IP_PROTOCOL_L2TP:
		return tunnel_l2tp_3(&reader, bytes + headers->transport_offset);
	default:
		return tunnel_udp(&reader, headers->source_port, headers->destination_port) &&
		       tunnel->status != WEIR_DECODE_MALFORMED;
	}
}
