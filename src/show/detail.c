/* SPDX-License-Identifier: Apache-2.0 */
#include "detail.h"

#include <stdbool.h>

#include "field.h"
#include "line.h"
#include "names.h"

enum {
	DETAIL_TAGS_MAX = 24,    /* WEIR_LINK_HEADERS_MAX */
	DETAIL_OPTIONS_MAX = 40, /* bytes of TCP options, RFC 9293 section 3.1 */
};

static void detail_begin(struct text *text, unsigned int depth, const char *name)
{
	text_add(text, "%*s%s", 4 + 2 * (int)depth, "", name);
}

static void detail_type(struct text *text, const char *word, uint16_t ethertype)
{
	const char *name = names_ethertype(ethertype);

	text_add(text, "%s 0x%04x", word, ethertype);
	if (name)
		text_add(text, " (%s)", name);
	text_word(text, "\n");
}

static bool detail_is_vlan(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100 ||
	       ethertype == 0x9200 || ethertype == 0x9300;
}

/* A stack of MPLS labels (RFC 3032) at 'offset'. */
static void detail_mpls(struct text *text, const struct weir_packet *packet, uint32_t offset,
			unsigned int depth)
{
	for (int i = 0; i < DETAIL_TAGS_MAX; i++, offset += 4) {
		const uint8_t *at = field_at(packet, offset, 4);
		uint32_t entry = at ? field_be32(at) : 0;

		if (!at)
			return;
		detail_begin(text, depth, "MPLS");
		text_add(text, " label %u, class %u, TTL %u%s\n", entry >> 12, entry >> 9 & 7,
			 entry & 0xff, entry & 0x100 ? ", bottom" : "");
		if (entry & 0x100)
			return;
	}
}

/* The Ethernet header and what stands between it and the network header. */
static void detail_link(struct text *text, const struct weir_packet *packet,
			const struct weir_headers *h, unsigned int depth)
{
	uint32_t offset = h->link_offset + 14u;
	const uint8_t *at;
	uint16_t type;

	if (h->link_offset == WEIR_OFFSET_NONE || !(at = field_at(packet, h->link_offset, 14)))
		return;
	type = field_be16(at + 12);
	detail_begin(text, depth, "Ethernet ");
	line_mac(text, at + 6);
	text_word(text, " > ");
	line_mac(text, at);
	if (type < 1536)
		text_add(text, ", 802.3 length %u\n", type);
	else
		detail_type(text, ", type", type);
	for (int i = 0; i < DETAIL_TAGS_MAX && detail_is_vlan(type); i++, offset += 4) {
		at = field_at(packet, offset, 4);
		if (!at)
			return;
		detail_begin(text, depth, "VLAN");
		text_add(text, " %u, priority %u%s", field_be16(at) & 0xfff, at[0] >> 5,
			 at[0] & 0x10 ? ", drop eligible" : "");
		type = field_be16(at + 2);
		detail_type(text, ", type", type);
	}
	if (type == 0x8847 || type == 0x8848)
		detail_mpls(text, packet, offset, depth);
	at = type == 0x8863 || type == 0x8864 ? field_at(packet, offset, 6) : NULL;
	if (at) { /* RFC 2516 section 4 */
		detail_begin(text, depth, "PPPoE");
		text_add(text, " code 0x%02x, session 0x%04x, length %u\n", at[1],
			 field_be16(at + 2), field_be16(at + 4));
	}
}

static void detail_ipv4(struct text *text, const struct weir_packet *packet,
			const struct weir_headers *h, unsigned int depth)
{
	const uint8_t *at = field_at(packet, h->network_offset, 20);
	uint16_t fragment;

	if (!at)
		return;
	fragment = field_be16(at + 6);
	detail_begin(text, depth, "IPv4");
	text_add(text, " header %u, TOS 0x%02x, length %u, id %u, flags [%s%s%s], offset %u",
		 (at[0] & 0xf) * 4u, at[1], field_be16(at + 2), field_be16(at + 4),
		 fragment & 0x8000 ? "reserved " : "", fragment & 0x4000 ? "DF" : "",
		 fragment & 0x2000 ? "MF" : "", (fragment & 0x1fffu) * 8);
	text_add(text, ", TTL %u, protocol %u, checksum 0x%04x\n", at[8], at[9],
		 field_be16(at + 10));
}

static void detail_ipv6(struct text *text, const struct weir_packet *packet,
			const struct weir_headers *h, unsigned int depth)
{
	static const char *const extensions[] = {
		"options",        "hop-by-hop", "routing", "fragment", "destination options",
		"authentication", "mobility",   "HIP",     "Shim6",    "ESP",
		"no next header"};
	const uint8_t *at = field_at(packet, h->network_offset, 40);

	if (!at)
		return;
	detail_begin(text, depth, "IPv6");
	text_add(text, " class 0x%02x, flow label 0x%05x, payload %u, next header %u, hop limit %u",
		 field_be16(at) >> 4 & 0xff, field_be32(at) & 0xfffff, field_be16(at + 4), at[6],
		 at[7]);
	for (unsigned int i = 0; i < sizeof(extensions) / sizeof(*extensions); i++)
		if (h->extension_mask & 1 << i)
			text_add(text, ", %s", extensions[i]);
	text_word(text, "\n");
}

static void detail_tcp_option(struct text *text, uint8_t kind, const uint8_t *value,
			      uint32_t length)
{
	if (kind == 2 && length == 2)
		text_add(text, " mss %u", field_be16(value));
	else if (kind == 3 && length == 1)
		text_add(text, " wscale %u", value[0]);
	else if (kind == 4 && length == 0)
		text_word(text, " sackOK");
	else if (kind == 5 && length % 8 == 0 && length)
		for (uint32_t i = 0; i < length; i += 8)
			text_add(text, " sack %u:%u", field_be32(value + i),
				 field_be32(value + i + 4));
	else if (kind == 8 && length == 8)
		text_add(text, " TS val %u ecr %u", field_be32(value), field_be32(value + 4));
	else
		text_add(text, " option-%u", kind);
}

/* RFC 9293 section 3.1: kind, length, value; 0 ends, 1 is padding. */
static void detail_tcp_options(struct text *text, const uint8_t *bytes, uint32_t length)
{
	uint32_t at = 0;

	if (length)
		text_word(text, ", options [");
	while (at < length) {
		uint8_t kind = bytes[at];
		uint32_t size;

		if (kind == 0) {
			text_word(text, " end");
			break;
		}
		if (kind == 1) {
			text_word(text, " nop");
			at++;
			continue;
		}
		size = at + 1 < length ? bytes[at + 1] : 0;
		if (size < 2 || size > length - at) {
			text_word(text, " bad");
			break;
		}
		detail_tcp_option(text, kind, bytes + at + 2, size - 2);
		at += size;
	}
	if (length)
		text_word(text, " ]");
}

static void detail_tcp(struct text *text, const struct weir_packet *packet,
		       const struct weir_headers *h, unsigned int depth)
{
	const uint8_t *at = field_at(packet, h->transport_offset, 20);
	const uint8_t *options;
	uint32_t bytes;
	char flags[9];

	if (!at)
		return;
	bytes = (at[12] >> 4) * 4u;
	detail_begin(text, depth, "TCP");
	text_add(text,
		 " %u > %u, header %u, flags [%s], seq %u, ack %u, win %u, checksum 0x%04x, "
		 "urgent %u",
		 h->source_port, h->destination_port, bytes, names_tcp_flags(h->tcp_flags, flags),
		 h->tcp_sequence, field_be32(at + 8), field_be16(at + 14), field_be16(at + 16),
		 field_be16(at + 18));
	options = bytes > 20 ? field_at(packet, h->transport_offset + 20u, bytes - 20) : NULL;
	if (options && bytes - 20 <= DETAIL_OPTIONS_MAX)
		detail_tcp_options(text, options, bytes - 20);
	text_add(text, ", data %u\n", h->payload_bytes);
}

static void detail_transport(struct text *text, const struct weir_packet *packet,
			     const struct weir_headers *h, unsigned int depth)
{
	const char *name = names_protocol(h->protocol);
	const uint8_t *at;

	if (h->transport_offset == WEIR_OFFSET_NONE)
		return;
	at = field_at(packet, h->transport_offset, 8);
	switch (h->protocol) {
	case 6:
		detail_tcp(text, packet, h, depth);
		return;
	case 17:
	case 136:
		if (!at)
			return;
		detail_begin(text, depth, name);
		text_add(text, " %u > %u, length %u, checksum 0x%04x, data %u\n", h->source_port,
			 h->destination_port, field_be16(at + 4), field_be16(at + 6),
			 h->payload_bytes);
		return;
	case 1:
	case 58:
		if (!at)
			return;
		detail_begin(text, depth, name);
		text_add(text, " type %u, code %u, checksum 0x%04x, rest 0x%08x\n", at[0], at[1],
			 field_be16(at + 2), field_be32(at + 4));
		return;
	default:
		detail_begin(text, depth, name ? name : "transport");
		text_add(text, " at byte %u, data %u\n", h->transport_offset, h->payload_bytes);
		return;
	}
}

static void detail_headers(struct text *text, const struct weir_packet *packet,
			   const struct weir_headers *h, unsigned int depth)
{
	detail_link(text, packet, h, depth);
	if (h->ip_version == 4)
		detail_ipv4(text, packet, h, depth);
	else if (h->ip_version == 6)
		detail_ipv6(text, packet, h, depth);
	detail_transport(text, packet, h, depth);
}

void detail_packet(struct text *text, const struct weir_packet *packet,
		   const struct weir_headers *outer)
{
	struct weir_packet rest = *packet;
	struct weir_headers headers = *outer;

	if (packet->rx_hash)
		text_add(text, "    rx_hash 0x%08x\n", packet->rx_hash);
	detail_headers(text, &rest, &headers, 0);
	for (unsigned int depth = 1; depth <= WEIR_TUNNEL_DEPTH_MAX; depth++) {
		uint32_t offset = headers.inner_offset;

		if (offset == WEIR_OFFSET_NONE || offset > rest.captured_len ||
		    offset > rest.wire_len)
			return;
		rest.bytes += offset;
		rest.captured_len -= offset;
		rest.wire_len -= offset;
		weir_decode_outer(&rest, 1, headers.inner_link_type, &headers);
		detail_headers(text, &rest, &headers, depth);
	}
}
