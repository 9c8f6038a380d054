/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are weir's own and short; flow records, which others read, have
 * those of IANA. The object is put together by hand: a packet is no place for
 * a tree of allocations.
 */
#include "json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "field.h"
#include "line.h"
#include "names.h"

static void json_time(struct text *text, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / CLOCK_NS_PER_S);
	char words[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(words, sizeof(words), "%Y-%m-%dT%H:%M:%S", &utc);
	text_add(text, "{\"time_ns\":%" PRIu64 ",\"time\":\"%s.%09" PRIu64 "Z\"", time_ns, words,
		 time_ns % CLOCK_NS_PER_S);
}

static void json_link(struct text *text, const struct weir_packet *packet,
		      const struct weir_headers *h)
{
	const uint8_t *at =
		h->link_offset == WEIR_OFFSET_NONE ? NULL : field_at(packet, h->link_offset, 12);

	if (at) {
		text_word(text, ",\"source_mac\":\"");
		line_mac(text, at + 6);
		text_word(text, "\",\"destination_mac\":\"");
		line_mac(text, at);
		text_word(text, "\"");
	}
	if (h->vlan_count) {
		text_word(text, ",\"vlan\":[");
		for (int i = 0; i < h->vlan_count && i < 3; i++)
			text_add(text, "%s%u", i ? "," : "", h->vlan_tci[i] & 0xfff);
		text_word(text, "]");
	}
	if (h->mpls_count)
		text_add(text, ",\"mpls_label\":%u", h->mpls_label >> 12);
	if (h->status != WEIR_DECODE_UNSUPPORTED || h->reason != WEIR_DECODE_REASON_LINK)
		text_add(text, ",\"ethertype\":%u", h->ethertype);
}

static void json_ip(struct text *text, const struct weir_packet *packet,
		    const struct weir_headers *h)
{
	const char *protocol = names_protocol(h->protocol);
	char address[64];

	text_add(text, ",\"ip_version\":%u", h->ip_version);
	if (line_address(packet, h, false, address))
		text_add(text, ",\"source\":\"%s\"", address);
	if (line_address(packet, h, true, address))
		text_add(text, ",\"destination\":\"%s\"", address);
	text_add(text, ",\"protocol\":%u", h->protocol);
	if (protocol)
		text_add(text, ",\"protocol_name\":\"%s\"", protocol);
	text_add(text, ",\"ttl\":%u,\"tos\":%u,\"ip_bytes\":%u", h->ttl, h->tos, h->ip_bytes);
	if (h->fragment)
		text_add(text, ",\"fragment\":\"%s\",\"fragment_id\":%u",
			 h->fragment == WEIR_FRAGMENT_FIRST ? "first" : "later", h->fragment_id);
}

static void json_transport(struct text *text, const struct weir_headers *h)
{
	char flags[9];

	if (h->protocol == 1 || h->protocol == 58)
		text_add(text, ",\"icmp_type\":%u,\"icmp_code\":%u", h->destination_port >> 8,
			 h->destination_port & 0xff);
	else if (h->protocol == 6 || h->protocol == 17 || h->protocol == 132 || h->protocol == 136)
		text_add(text, ",\"source_port\":%u,\"destination_port\":%u", h->source_port,
			 h->destination_port);
	if (h->protocol == 6)
		text_add(text, ",\"tcp_flags\":\"%s\",\"tcp_sequence\":%u",
			 names_tcp_flags(h->tcp_flags, flags), h->tcp_sequence);
	text_add(text, ",\"payload_bytes\":%u", h->payload_bytes);
}

static void json_headers(struct text *text, const struct weir_packet *packet,
			 const struct weir_headers *h)
{
	json_link(text, packet, h);
	if (h->ip_version)
		json_ip(text, packet, h);
	if (h->transport_offset != WEIR_OFFSET_NONE)
		json_transport(text, h);
	text_add(text, ",\"decoded\":\"%s\"",
		 weir_decode_status_name((enum weir_decode_status)h->status));
	if (h->status != WEIR_DECODE_OK)
		text_add(text, ",\"reason\":\"%s\"",
			 weir_decode_reason_name((enum weir_decode_reason)h->reason));
}

static void json_bytes(struct text *text, const struct weir_packet *packet)
{
	text_word(text, ",\"bytes\":\"");
	for (uint32_t i = 0; i < packet->captured_len; i++)
		text_add(text, "%02x", packet->bytes[i]);
	text_word(text, "\"");
}

void json_packet(struct text *text, const struct weir_packet *packet,
		 const struct weir_interface *interface, const struct weir_headers *outer,
		 const struct weir_headers *inner, bool bytes)
{
	json_time(text, packet->time_ns);
	text_word(text, ",\"interface\":\"");
	text_foreign_json(text, interface->name, strnlen(interface->name, sizeof(interface->name)));
	text_add(text, "\",\"direction\":\"%s\",\"captured\":%u,\"length\":%u",
		 names_direction(packet->flags), packet->captured_len, packet->wire_len);
	if (packet->gso_size)
		text_add(text, ",\"gso_size\":%u", packet->gso_size);
	if (packet->rx_hash)
		text_add(text, ",\"rx_hash\":%u", packet->rx_hash);
	json_headers(text, packet, outer);
	if (inner->tunnel_depth > outer->tunnel_depth) {
		text_add(text,
			 ",\"tunnel\":\"%s\",\"tunnel_id\":%u,\"tunnel_depth\":%u,\"inner\":{",
			 names_tunnel(inner->tunnel), inner->tunnel_id, inner->tunnel_depth);
		text_add(text, "\"link_type\":%u", outer->inner_link_type);
		json_headers(text, packet, inner);
		text_word(text, "}");
	}
	if (bytes)
		json_bytes(text, packet);
	text_word(text, "}\n");
}
