/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <arpa/inet.h>
#include <stdbool.h>

#include "field.h"
#include "names.h"

enum {
	LINE_ICMP = 1,
	LINE_IGMP = 2,
	LINE_TCP = 6,
	LINE_UDP = 17,
	LINE_ESP = 50,
	LINE_ICMPV6 = 58,
	LINE_SCTP = 132,
	LINE_UDP_LITE = 136,
	LINE_ARP_ETHERTYPE = 0x0806,
	LINE_ARP_BYTES = 28,       /* RFC 826, for IPv4 over Ethernet */
	LINE_ETHERTYPE_MIN = 1536, /* below: a length, IEEE 802.3 */
	LINE_VLAN_ID_MASK = 0x0fff,
	LINE_MPLS_LABEL_SHIFT = 12,
};

void line_mac(struct text *text, const uint8_t *mac)
{
	text_add(text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

void line_link_addresses(struct text *text, const struct weir_packet *packet,
			 const struct weir_headers *headers)
{
	const uint8_t *at = headers->link_offset == WEIR_OFFSET_NONE
				    ? NULL
				    : field_at(packet, headers->link_offset, 12);

	if (!at)
		return;
	line_mac(text, at + 6);
	text_word(text, " > ");
	line_mac(text, at);
	text_word(text, " ");
}

static void line_tags(struct text *text, const struct weir_headers *headers)
{
	for (int i = 0; i < headers->vlan_count && i < 3; i++)
		text_add(text, "%s%u", i ? "," : "vlan ", headers->vlan_tci[i] & LINE_VLAN_ID_MASK);
	if (headers->vlan_count > 3)
		text_add(text, ",+%d", headers->vlan_count - 3);
	if (headers->vlan_count)
		text_word(text, " ");
	if (headers->mpls_count)
		text_add(text, "mpls %u%s%s ", headers->mpls_label >> LINE_MPLS_LABEL_SHIFT,
			 headers->mpls_count > 1 ? " (bottom)" : "",
			 headers->tunnel == WEIR_TUNNEL_MPLS ? " pseudo-wire" : "");
}

bool line_address(const struct weir_packet *packet, const struct weir_headers *headers,
		  bool destination, char out[64])
{
	uint32_t length = headers->ip_version == 4 ? 4 : 16;
	uint32_t offset = headers->ip_version == 4 ? 12 : 8;
	const uint8_t *at;

	if (!headers->ip_version)
		return false;
	at = field_at(packet, headers->network_offset + offset + (destination ? length : 0),
		      length);
	return at && inet_ntop(headers->ip_version == 4 ? AF_INET : AF_INET6, at, out, 64);
}

static bool line_has_ports(const struct weir_headers *headers)
{
	if (headers->transport_offset == WEIR_OFFSET_NONE)
		return false;
	return headers->protocol == LINE_TCP || headers->protocol == LINE_UDP ||
	       headers->protocol == LINE_SCTP || headers->protocol == LINE_UDP_LITE;
}

static void line_end_point(struct text *text, const struct weir_packet *packet,
			   const struct weir_headers *headers, bool destination)
{
	char address[64] = "?";
	uint16_t port = destination ? headers->destination_port : headers->source_port;

	line_address(packet, headers, destination, address);
	if (!line_has_ports(headers))
		text_word(text, address);
	else if (headers->ip_version == 6)
		text_add(text, "[%s]:%u", address, port);
	else
		text_add(text, "%s:%u", address, port);
}

static void line_tcp(struct text *text, const struct weir_headers *headers, const uint8_t *at)
{
	char flags[9];

	text_add(text, " [%s] seq %u", names_tcp_flags(headers->tcp_flags, flags),
		 headers->tcp_sequence);
	if (headers->tcp_flags & 0x10)
		text_add(text, " ack %u", field_be32(at + 8));
	text_add(text, " win %u", field_be16(at + 14));
	if (headers->payload_bytes)
		text_add(text, " data %u", headers->payload_bytes);
}

static void line_icmp(struct text *text, const struct weir_packet *packet,
		      const struct weir_headers *headers, const uint8_t *at)
{
	uint8_t type = (uint8_t)(headers->destination_port >> 8);
	uint8_t code = (uint8_t)headers->destination_port;
	bool v6 = headers->protocol == LINE_ICMPV6;
	const char *name = v6 ? names_icmpv6(type) : names_icmp(type);
	char address[64];

	if (name)
		text_add(text, " %s", name);
	else
		text_add(text, " type %u", type);
	if (v6 ? type == 128 || type == 129 : type == 0 || type == 8)
		text_add(text, " id %u seq %u", field_be16(at + 4), field_be16(at + 6));
	else if (code || !name)
		text_add(text, " code %u", code);
	/* RFC 4861 sections 4.3 and 4.4: the target's address follows */
	if (v6 && (type == 135 || type == 136)) {
		const uint8_t *target = field_at(packet, headers->transport_offset + 8u, 16);

		if (target && inet_ntop(AF_INET6, target, address, sizeof(address)))
			text_add(text, " of %s", address);
	}
}

static void line_transport(struct text *text, const struct weir_packet *packet,
			   const struct weir_headers *headers)
{
	const uint8_t *at;

	if (headers->transport_offset == WEIR_OFFSET_NONE)
		return;
	switch (headers->protocol) {
	case LINE_TCP:
		at = field_at(packet, headers->transport_offset, 20);
		if (at)
			line_tcp(text, headers, at);
		break;
	case LINE_UDP:
	case LINE_UDP_LITE:
		text_add(text, " data %u", headers->payload_bytes);
		break;
	case LINE_ICMP:
	case LINE_ICMPV6:
		at = field_at(packet, headers->transport_offset, 8);
		if (at)
			line_icmp(text, packet, headers, at);
		break;
	case LINE_IGMP:
		text_add(text, " type 0x%02x", headers->destination_port >> 8);
		break;
	case LINE_SCTP:
		at = field_at(packet, headers->transport_offset, 8);
		if (at)
			text_add(text, " tag 0x%08x", field_be32(at + 4));
		break;
	case LINE_ESP:
		at = field_at(packet, headers->transport_offset, 8);
		if (at)
			text_add(text, " spi 0x%08x seq %u", field_be32(at), field_be32(at + 4));
		break;
	default:
		break;
	}
}

static void line_ip(struct text *text, const struct weir_packet *packet,
		    const struct weir_headers *headers)
{
	const char *protocol = names_protocol(headers->protocol);

	text_word(text, headers->ip_version == 4 ? "IP " : "IP6 ");
	line_end_point(text, packet, headers, false);
	text_word(text, " > ");
	line_end_point(text, packet, headers, true);
	if (protocol)
		text_add(text, " %s", protocol);
	else
		text_add(text, " protocol %u", headers->protocol);
	line_transport(text, packet, headers);
	if (headers->fragment)
		text_add(text, " %s fragment of id %u",
			 headers->fragment == WEIR_FRAGMENT_FIRST ? "first" : "later",
			 headers->fragment_id);
}

static void line_arp(struct text *text, const struct weir_packet *packet,
		     const struct weir_headers *headers)
{
	const uint8_t *at = field_at(packet, headers->network_offset, LINE_ARP_BYTES);
	char source[INET_ADDRSTRLEN], destination[INET_ADDRSTRLEN];

	text_word(text, "ARP");
	/* Ethernet (1) and IPv4, addresses of 6 and 4 bytes */
	if (!at || field_be16(at) != 1 || field_be16(at + 2) != 0x0800 || at[4] != 6 || at[5] != 4)
		return;
	inet_ntop(AF_INET, at + 14, source, sizeof(source));
	inet_ntop(AF_INET, at + 24, destination, sizeof(destination));
	switch (field_be16(at + 6)) {
	case 1:
		text_add(text, " who-has %s tell %s", destination, source);
		break;
	case 2:
		text_add(text, " %s is-at ", source);
		line_mac(text, at + 8);
		break;
	default:
		text_add(text, " operation %u", field_be16(at + 6));
		break;
	}
}

static void line_other(struct text *text, const struct weir_headers *headers)
{
	const char *name = names_ethertype(headers->ethertype);

	if (headers->ethertype < LINE_ETHERTYPE_MIN)
		text_add(text, "LLC dsap 0x%02x%s", headers->ethertype,
			 headers->ethertype == 0x42 ? " STP" : ""); /* IEEE 802.1D section 7.12.3 */
	else if (name)
		text_word(text, name);
	else
		text_add(text, "ethertype 0x%04x", headers->ethertype);
}

void line_headers(struct text *text, const struct weir_packet *packet,
		  const struct weir_headers *headers)
{
	bool undecoded = headers->status == WEIR_DECODE_UNSUPPORTED &&
			 headers->reason == WEIR_DECODE_REASON_LINK;

	line_tags(text, headers);
	if (headers->ip_version)
		line_ip(text, packet, headers);
	else if (headers->ethertype == LINE_ARP_ETHERTYPE &&
		 headers->network_offset != WEIR_OFFSET_NONE)
		line_arp(text, packet, headers);
	else if (!undecoded)
		line_other(text, headers);
	if (headers->status != WEIR_DECODE_OK)
		text_add(text, "%s[%s %s]", undecoded ? "" : " ",
			 weir_decode_status_name((enum weir_decode_status)headers->status),
			 weir_decode_reason_name((enum weir_decode_reason)headers->reason));
}
