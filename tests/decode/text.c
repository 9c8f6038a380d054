/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const fragment_names[] = {"none", "first", "later"};
static const char *const tunnel_names[] = {"none",   "ipip", "gre",    "erspan", "vxlan",
					   "geneve", "gtpu", "teredo", "l2tp",   "mpls"};

/* A line that is being written. */
struct line {
	char *text;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	size_t left = DECODE_TEXT_BYTES - line->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line->text + line->used, left, format, arguments);
	va_end(arguments);
	if (n > 0)
		line->used += (size_t)n < left ? (size_t)n : left - 1;
}

static void add_offset(struct line *line, const char *name, uint16_t offset)
{
	if (offset != WEIR_OFFSET_NONE)
		add(line, " %s=%u", name, offset);
}

static void add_number(struct line *line, const char *name, uint32_t number)
{
	if (number)
		add(line, " %s=%u", name, number);
}

static void add_link(struct line *line, const struct weir_headers *h)
{
	add(line, " ethertype=%04x", h->ethertype);
	add_offset(line, "link", h->link_offset);
	for (int i = 0; i < h->vlan_count && i < 3; i++)
		add(line, "%s%u", i ? "," : " vlan=", h->vlan_tci[i]);
	if (h->vlan_count > 3)
		add(line, ",+%u", h->vlan_count - 3);
	if (h->mpls_count)
		add(line, " mpls=%u:%u", h->mpls_count, h->mpls_label >> 12);
}

static void add_ip(struct line *line, const struct weir_headers *h, const uint8_t *network)
{
	int family = h->ip_version == 4 ? AF_INET : AF_INET6;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(family, network + (family == AF_INET ? 12 : 8), source, sizeof(source));
	inet_ntop(family, network + (family == AF_INET ? 16 : 24), destination,
		  sizeof(destination));
	add(line, " ip=%u proto=%u src=%s dst=%s ttl=%u tos=%u ip_bytes=%u", h->ip_version,
	    h->protocol, source, destination, h->ttl, h->tos, h->ip_bytes);
	add_number(line, "ip_header", h->ip_header_bytes);
	if (h->extension_mask)
		add(line, " extensions=%03x", h->extension_mask);
	if (h->fragment)
		add(line, " fragment=%s:%u", fragment_names[h->fragment], h->fragment_id);
}

static void add_transport(struct line *line, const struct weir_headers *h)
{
	add(line, " transport=%u ports=%u,%u", h->transport_offset, h->source_port,
	    h->destination_port);
	if (h->protocol == 6)
		add(line, " flags=%02x seq=%u", h->tcp_flags, h->tcp_sequence);
}

void decode_text(const struct weir_headers *h, const uint8_t *bytes, char *text)
{
	struct line line = {.text = text};

	add(&line, "%s", weir_decode_status_name(h->status));
	if (h->reason)
		add(&line, ":%s", weir_decode_reason_name(h->reason));
	if (h->tunnel)
		add(&line, " tunnel=%s:%u:%u", tunnel_names[h->tunnel], h->tunnel_id,
		    h->tunnel_depth);
	add_link(&line, h);
	add_offset(&line, "network", h->network_offset);
	if (h->ip_version)
		add_ip(&line, h, bytes + h->network_offset);
	if (h->transport_offset != WEIR_OFFSET_NONE)
		add_transport(&line, h);
	add_offset(&line, "payload", h->payload_offset);
	add_number(&line, "payload_bytes", h->payload_bytes);
	if (h->inner_offset != WEIR_OFFSET_NONE)
		add(&line, " inner=%u:%u", h->inner_offset, h->inner_link_type);
}
