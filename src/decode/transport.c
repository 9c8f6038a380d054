/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport headers. transport_offset is set as soon as a header's fixed part
 * was captured, and with it the ports: a snaplen that cuts the options of TCP
 * leaves a packet that is truncated, but known.
 */
#include "transport.h"

#include "ip.h"

enum {
	TRANSPORT_ICMP_BYTES = 8,  /* RFC 792, RFC 4443: no message is shorter */
	TRANSPORT_IGMP_BYTES = 8,  /* RFC 1112, 2236, 3376 */
	TRANSPORT_SCTP_BYTES = 12, /* RFC 9260 section 3.1: the common header */
	TRANSPORT_ESP_BYTES = 8,   /* RFC 4303: SPI and sequence number */
	TRANSPORT_L2TP_BYTES = 4,  /* RFC 3931 section 4.1.1: session id */
	TRANSPORT_GRE_BYTES = 4,   /* RFC 2784; more by its flags */
};

/* The fixed part of a header, 'bytes' long; NULL when the packet has ended. */
static const uint8_t *transport_fixed(struct walk *walk, uint32_t bytes)
{
	const uint8_t *at = walk_need(walk, bytes, WEIR_DECODE_REASON_TRANSPORT);

	if (at)
		walk->headers->transport_offset = (uint16_t)walk->offset;
	return at;
}

static const uint8_t *transport_with_ports(struct walk *walk, uint32_t bytes)
{
	const uint8_t *at = transport_fixed(walk, bytes);

	if (at) {
		walk->headers->source_port = walk_be16(at);
		walk->headers->destination_port = walk_be16(at + 2);
	}
	return at;
}

/* RFC 9293 section 3.1. */
static bool transport_tcp(struct walk *walk)
{
	const uint8_t *at = transport_with_ports(walk, TRANSPORT_TCP_BYTES);
	uint32_t bytes;

	if (!at)
		return false;
	walk->headers->tcp_sequence = walk_be32(at + 4);
	walk->headers->tcp_flags = at[13];
	bytes = (at[12] >> 4) * 4u;
	if (bytes < TRANSPORT_TCP_BYTES)
		return walk_malformed(walk, WEIR_DECODE_REASON_TRANSPORT);
	if (bytes <= walk->wire_end - walk->offset)
		walk->headers->payload_bytes = walk->wire_end - walk->offset - bytes;
	if (!walk_need(walk, bytes, WEIR_DECODE_REASON_TRANSPORT))
		return false;
	walk->offset += bytes;
	return true;
}

/*
 * RFC 768. Of a first fragment the length is that of the whole datagram. 0
 * is a length too long for the field (RFC 2675 section 4). What IP has
 * beyond it is not the datagram's payload.
 */
static bool transport_udp(struct walk *walk)
{
	const uint8_t *at = transport_with_ports(walk, TRANSPORT_UDP_BYTES);
	uint32_t bytes;

	if (!at)
		return false;
	bytes = walk_be16(at + 4);
	if (bytes && bytes < TRANSPORT_UDP_BYTES)
		return walk_malformed(walk, WEIR_DECODE_REASON_TRANSPORT);
	if (bytes && walk->headers->fragment == WEIR_FRAGMENT_NONE)
		walk_narrow(walk, bytes, WEIR_DECODE_REASON_TRANSPORT);
	walk->offset += TRANSPORT_UDP_BYTES;
	return true;
}

/* RFC 3828: in the length's place the bytes that the checksum covers, 0 for all. */
static bool transport_udp_lite(struct walk *walk)
{
	const uint8_t *at = transport_with_ports(walk, TRANSPORT_UDP_BYTES);
	uint32_t covered;

	if (!at)
		return false;
	covered = walk_be16(at + 4);
	if (covered &&
	    (covered < TRANSPORT_UDP_BYTES || (walk->headers->fragment == WEIR_FRAGMENT_NONE &&
					       covered > walk->wire_end - walk->offset)))
		return walk_malformed(walk, WEIR_DECODE_REASON_TRANSPORT);
	walk->offset += TRANSPORT_UDP_BYTES;
	return true;
}

static bool transport_sctp(struct walk *walk)
{
	if (!transport_with_ports(walk, TRANSPORT_SCTP_BYTES))
		return false;
	walk->offset += TRANSPORT_SCTP_BYTES;
	return true;
}

/* ICMP, ICMPv6: type and code stand in the destination port's place (seed of all flow tools). */
static bool transport_icmp(struct walk *walk)
{
	const uint8_t *at = transport_fixed(walk, TRANSPORT_ICMP_BYTES);

	if (!at)
		return false;
	walk->headers->destination_port = walk_be16(at);
	walk->offset += TRANSPORT_ICMP_BYTES;
	return true;
}

/* The second byte of IGMP is a time, not a code. */
static bool transport_igmp(struct walk *walk)
{
	const uint8_t *at = transport_fixed(walk, TRANSPORT_IGMP_BYTES);

	if (!at)
		return false;
	walk->headers->destination_port = (uint16_t)(at[0] << 8);
	walk->offset += TRANSPORT_IGMP_BYTES;
	return true;
}

static bool transport_opaque(struct walk *walk, uint32_t bytes)
{
	if (!transport_fixed(walk, bytes))
		return false;
	walk->offset += bytes;
	return true;
}

/*
 * GRE: RFC 2784 with the key and sequence number of RFC 2890; version 1 with
 * an acknowledgement number, RFC 2637 section 4.1. Checksum and (obsolete,
 * RFC 1701) routing bring the same word.
 */
static bool transport_gre(struct walk *walk)
{
	const uint8_t *at = transport_fixed(walk, TRANSPORT_GRE_BYTES);
	uint32_t bytes = TRANSPORT_GRE_BYTES;

	if (!at)
		return false;
	bytes += at[0] & 0xc0 ? 4 : 0;           /* checksum, routing */
	bytes += at[0] & 0x20 ? 4 : 0;           /* key */
	bytes += at[0] & 0x10 ? 4 : 0;           /* sequence number */
	bytes += (at[1] & 0x87) == 0x81 ? 4 : 0; /* acknowledgement, version 1 */
	if (!walk_need(walk, bytes, WEIR_DECODE_REASON_TRANSPORT))
		return false;
	walk->offset += bytes;
	return true;
}

bool transport_decode(struct walk *walk)
{
	switch (walk->headers->protocol) {
	case IP_PROTOCOL_TCP:
		return transport_tcp(walk);
	case IP_PROTOCOL_UDP:
		return transport_udp(walk);
	case IP_PROTOCOL_UDP_LITE:
		return transport_udp_lite(walk);
	case IP_PROTOCOL_SCTP:
		return transport_sctp(walk);
	case IP_PROTOCOL_ICMP:
	case IP_PROTOCOL_ICMPV6:
		return transport_icmp(walk);
	case IP_PROTOCOL_IGMP:
		return transport_igmp(walk);
	case IP_PROTOCOL_GRE:
		return transport_gre(walk);
	case IP_PROTOCOL_ESP:
		return transport_opaque(walk, TRANSPORT_ESP_BYTES);
	case IP_PROTOCOL_L2TP:
		return transport_opaque(walk, TRANSPORT_L2TP_BYTES);
	default:
		return true;
	}
}
