/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP, IPv4 and IPv6. What is checked is what the lengths say: a header must
 * fit into its packet, and a packet into what carries it. Checksums, options
 * and the order of extension headers are left to those who use them.
 *
 * A total length larger than what the wire had is malformed, not truncated:
 * wire_len is the frame's length before any snaplen cut it, so the packet
 * contradicts its frame. It is believed all the same, and decoded on, so that
 * the packet can be found in its flow.
 */
#include "ip.h"

enum {
	IP_FRAGMENT_MORE = 0x2000, /* IPv4 flags and offset, RFC 791 section 3.1 */
	IP_FRAGMENT_OFFSET = 0x1fff,
	IP_V6_FRAGMENT_MORE = 0x0001, /* RFC 8200 section 4.5 */
	IP_V6_FRAGMENT_OFFSET = 0xfff8,
	IP_ARP_BYTES = 8, /* RFC 826; then twice a hardware and a protocol address */
};

bool ip_decode_arp(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, IP_ARP_BYTES, WEIR_DECODE_REASON_ARP);
	uint32_t bytes;

	if (!at)
		return false;
	walk->headers->network_offset = (uint16_t)walk->offset;
	bytes = IP_ARP_BYTES + 2u * (at[4] + at[5]);
	if (!walk_need(walk, bytes, WEIR_DECODE_REASON_ARP))
		return false;
	walk->offset += bytes;
	return true;
}

/* The packet ends where its header says, be that within its frame or not. */
static void ip_narrow(struct walk *walk, enum weir_decode_reason reason)
{
	walk_narrow(walk, walk->headers->ip_bytes, reason);
	walk->wire_end = walk->offset + walk->headers->ip_bytes;
}

static void ip_fragment(struct weir_headers *headers, uint32_t offset, bool more,
			uint32_t identification)
{
	if (!offset && !more)
		return; /* RFC 6946: an atomic fragment is a whole packet */
	headers->fragment_id = identification;
	/* Of two fragment headers the first that says 'later' hides the second. */
	headers->fragment = offset ? WEIR_FRAGMENT_LATER : WEIR_FRAGMENT_FIRST;
}

/*
 * Authentication header (RFC 4302): length in 4-byte units, less 2. Steps
 * over it and sets protocol to what follows.
 */
static bool ip_authentication(struct walk *walk, enum weir_decode_reason reason)
{
	const uint8_t *at = walk_need(walk, 12, reason);
	uint32_t bytes;

	if (!at)
		return false;
	bytes = (at[1] + 2u) * 4;
	if (bytes < 12)
		return walk_malformed(walk, reason);
	if (!walk_need(walk, bytes, reason))
		return false;
	walk->headers->extension_mask |= WEIR_EXTENSION_AUTHENTICATION;
	walk->headers->protocol = at[0];
	walk->offset += bytes;
	return true;
}

/* RFC 4302 section 3.1: AH may stand before AH (nested), up to the limit of extension headers. */
static bool ip_v4_authentications(struct walk *walk)
{
	for (int count = 0; walk->headers->protocol == IP_PROTOCOL_AUTHENTICATION; count++) {
		if (count == WEIR_EXTENSION_HEADERS_MAX)
			return walk_stop(walk, WEIR_DECODE_UNSUPPORTED, WEIR_DECODE_REASON_DEPTH);
		if (!ip_authentication(walk, WEIR_DECODE_REASON_EXTENSION))
			return false;
	}
	return true;
}

bool ip_decode_v4(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, IP_V4_BYTES, WEIR_DECODE_REASON_IPV4);
	struct weir_headers *headers = walk->headers;
	uint32_t header_bytes, flags_offset;

	if (!at)
		return false;
	headers->network_offset = (uint16_t)walk->offset;
	if (at[0] >> 4 != 4)
		return walk_malformed(walk, WEIR_DECODE_REASON_IPV4);
	headers->ip_version = 4;
	headers->tos = at[1];
	headers->ttl = at[8];
	headers->protocol = at[9];
	flags_offset = walk_be16(at + 6);
	ip_fragment(headers, flags_offset & IP_FRAGMENT_OFFSET, flags_offset & IP_FRAGMENT_MORE,
		    walk_be16(at + 4));
	header_bytes = (at[0] & 15) * 4u;
	/* 0: a TSO or BIG TCP super-packet, too long for the field; the frame has nothing else. */
	headers->ip_bytes = walk_be16(at + 2) ? walk_be16(at + 2) : walk->wire_end - walk->offset;
	if (header_bytes < IP_V4_BYTES || headers->ip_bytes < header_bytes)
		return walk_malformed(walk, WEIR_DECODE_REASON_IPV4);
	ip_narrow(walk, WEIR_DECODE_REASON_IPV4);
	if (header_bytes > IP_V4_BYTES)
		headers->extension_mask |= WEIR_EXTENSION_IPV4_OPTIONS;
	if (!walk_need(walk, header_bytes, WEIR_DECODE_REASON_IPV4))
		return false;
	walk->offset += header_bytes;
	if (headers->fragment != WEIR_FRAGMENT_LATER && !ip_v4_authentications(walk))
		return false;
	headers->ip_header_bytes = (uint16_t)(walk->offset - headers->network_offset);
	return true;
}

/* RFC 8200 section 4.5. Sets protocol to what follows: of later fragments, that is not there. */
static bool ip_v6_fragment(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 8, WEIR_DECODE_REASON_EXTENSION);

	if (!at)
		return false;
	walk->headers->extension_mask |= WEIR_EXTENSION_FRAGMENT;
	walk->headers->protocol = at[0];
	ip_fragment(walk->headers, walk_be16(at + 2) & IP_V6_FRAGMENT_OFFSET,
		    walk_be16(at + 2) & IP_V6_FRAGMENT_MORE, walk_be32(at + 4));
	walk->offset += 8;
	return true;
}

/* The common form of extension headers (RFC 6564): next header, length in 8-byte units, less 1. */
static bool ip_v6_options(struct walk *walk, enum weir_extension bit)
{
	const uint8_t *at = walk_need(walk, 8, WEIR_DECODE_REASON_EXTENSION);
	uint32_t bytes;

	if (!at)
		return false;
	bytes = (at[1] + 1u) * 8;
	if (!walk_need(walk, bytes, WEIR_DECODE_REASON_EXTENSION))
		return false;
	walk->headers->extension_mask |= bit;
	walk->headers->protocol = at[0];
	walk->offset += bytes;
	return true;
}

/*
 * Mobility, HIP and shim6 messages have the form of extension headers, but
 * nothing comes after them (for now, as their RFCs say): then the message is
 * the payload, and its protocol the packet's.
 */
static bool ip_v6_message(struct walk *walk, enum weir_extension bit, bool *more)
{
	const uint8_t *at = walk_need(walk, 8, WEIR_DECODE_REASON_EXTENSION);

	if (!at)
		return false;
	*more = at[0] != IP_PROTOCOL_NO_NEXT;
	if (*more)
		return ip_v6_options(walk, bit);
	walk->headers->extension_mask |= bit;
	return true;
}

/* One extension header, if protocol names one. *more tells whether it did. */
static bool ip_v6_extension(struct walk *walk, bool *more)
{
	*more = true;
	switch (walk->headers->protocol) {
	case IP_PROTOCOL_HOP_BY_HOP:
		return ip_v6_options(walk, WEIR_EXTENSION_HOP_BY_HOP);
	case IP_PROTOCOL_ROUTING:
		return ip_v6_options(walk, WEIR_EXTENSION_ROUTING);
	case IP_PROTOCOL_DESTINATION:
		return ip_v6_options(walk, WEIR_EXTENSION_DESTINATION);
	case IP_PROTOCOL_MOBILITY: /* RFC 6275 section 6.1 */
		return ip_v6_message(walk, WEIR_EXTENSION_MOBILITY, more);
	case IP_PROTOCOL_HIP: /* RFC 7401 section 5.1 */
		return ip_v6_message(walk, WEIR_EXTENSION_HIP, more);
	case IP_PROTOCOL_SHIM6: /* RFC 5533 section 5.1 */
		return ip_v6_message(walk, WEIR_EXTENSION_SHIM6, more);
	case IP_PROTOCOL_AUTHENTICATION:
		return ip_authentication(walk, WEIR_DECODE_REASON_EXTENSION);
	case IP_PROTOCOL_FRAGMENT:
		return ip_v6_fragment(walk);
	case IP_PROTOCOL_ESP:
		walk->headers->extension_mask |= WEIR_EXTENSION_ESP;
		break;
	case IP_PROTOCOL_NO_NEXT:
		walk->headers->extension_mask |= WEIR_EXTENSION_NO_NEXT;
		break;
	}
	*more = false;
	return true;
}

static bool ip_v6_extensions(struct walk *walk)
{
	bool more = true;

	for (int count = 0; more && walk->headers->fragment != WEIR_FRAGMENT_LATER; count++) {
		if (!ip_v6_extension(walk, &more))
			return false;
		if (more && count == WEIR_EXTENSION_HEADERS_MAX)
			return walk_stop(walk, WEIR_DECODE_UNSUPPORTED, WEIR_DECODE_REASON_DEPTH);
	}
	return true;
}

bool ip_decode_v6(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, IP_V6_BYTES, WEIR_DECODE_REASON_IPV6);
	struct weir_headers *headers = walk->headers;
	uint32_t payload_bytes;

	if (!at)
		return false;
	headers->network_offset = (uint16_t)walk->offset;
	if (at[0] >> 4 != 6)
		return walk_malformed(walk, WEIR_DECODE_REASON_IPV6);
	headers->ip_version = 6;
	headers->tos = (uint8_t)(walk_be16(at) >> 4);
	headers->protocol = at[6];
	headers->ttl = at[7];
	payload_bytes = walk_be16(at + 4);
	/*
	 * 0: a jumbogram (RFC 2675) or a BIG TCP super-packet; the frame has
	 * nothing else. Or there is no payload, and the rest is padding.
	 */
	if (!payload_bytes && headers->protocol != IP_PROTOCOL_NO_NEXT)
		payload_bytes = walk->wire_end - walk->offset - IP_V6_BYTES;
	headers->ip_bytes = IP_V6_BYTES + payload_bytes;
	ip_narrow(walk, WEIR_DECODE_REASON_IPV6);
	walk->offset += IP_V6_BYTES;
	if (!ip_v6_extensions(walk))
		return false;
	headers->ip_header_bytes = (uint16_t)(walk->offset - headers->network_offset);
	return true;
}
