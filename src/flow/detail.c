/* SPDX-License-Identifier: Apache-2.0 */
#include "detail.h"

#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_ACK = 0x10,
	TCP_HEADER_BYTES = 20,
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_SCALE = 3,
	TCP_OPTION_KIND_MAX = 63, /* what tcpOptions (209) has bits for */
	TCP_SCALE_NOT_SAID = 255,
};

/*
 * A segment that lies below what was seen already is a retransmission, unless
 * it comes this soon after the one that overtook it (Wireshark's rule), or
 * even has an older time.
 */
static const int64_t detail_reorder_ns = 3 * CLOCK_NS_PER_MS;

static uint32_t layout_add(struct flow_layout *layout, bool wanted, uint32_t bytes)
{
	uint32_t offset = layout->bytes;

	if (!wanted)
		return DETAIL_NONE;
	layout->bytes += (bytes + 7) & ~7u;
	return offset;
}

void flow_layout_init(struct flow_layout *layout, const struct weir_flow_settings *settings)
{
	uint32_t fields = settings->fields;

	memset(layout, 0, sizeof(*layout));
	layout_add(layout, settings->key != 0, sizeof(struct flow_extra));
	layout->begin = layout->bytes;
	layout->times =
		layout_add(layout, fields & WEIR_FLOW_FIELD_TIMES, sizeof(struct weir_flow_times));
	layout->ip = layout_add(layout, fields & WEIR_FLOW_FIELD_IP, sizeof(struct weir_flow_ip));
	layout->tcp =
		layout_add(layout, fields & WEIR_FLOW_FIELD_TCP, sizeof(struct weir_flow_tcp));
	layout->origin = layout_add(layout, fields & WEIR_FLOW_FIELD_ORIGIN || settings->key,
				    sizeof(struct weir_flow_origin));
	layout->histogram = layout_add(layout, fields & WEIR_FLOW_FIELD_HISTOGRAM,
				       sizeof(struct weir_flow_histogram));
	layout->first_max = fields & WEIR_FLOW_FIELD_PACKETS ? settings->first_packets : 0;
	layout->first = layout_add(layout, layout->first_max,
				   (uint32_t)(sizeof(struct flow_detail_first) +
					      layout->first_max * sizeof(struct weir_flow_first)));
}

/* ---- the groups, one function each ---- */

static void origin_begin(struct weir_flow_origin *origin, const struct flow_item *item,
			 uint32_t netns)
{
	const struct weir_headers *headers = item->headers;

	origin->netns = netns;
	origin->tunnel = headers->tunnel;
	origin->tunnel_id = headers->tunnel_id;
	origin->mpls_label = headers->mpls_label;
	origin->mpls_count = headers->mpls_count;
	memcpy(origin->vlan_tci, headers->vlan_tci, sizeof(origin->vlan_tci));
	origin->vlan_count = headers->vlan_count;
	origin->ethertype = headers->ethertype;
	origin->tos = headers->tos;
	if (headers->link_offset == WEIR_OFFSET_NONE)
		return;
	memcpy(origin->destination_mac, item->packet->bytes + headers->link_offset, 6);
	memcpy(origin->source_mac, item->packet->bytes + headers->link_offset + 6, 6);
}

static void times_update(struct weir_flow_times *times, const struct flow_item *item,
			 unsigned int reverse)
{
	if (!times->first_ns[reverse] || item->time_ns < times->first_ns[reverse])
		times->first_ns[reverse] = item->time_ns;
	if (item->time_ns > times->last_ns[reverse])
		times->last_ns[reverse] = item->time_ns;
	times->frames[reverse] += item->frames;
	times->frame_bytes[reverse] += item->summary ? item->frame_bytes : item->packet->wire_len;
}

static uint32_t ip_flow_label(const struct flow_item *item)
{
	return item->headers->ip_version == 6 ? be32toh(key_load32(item_network(item))) & 0xfffff
					      : 0;
}

static void ip_update(struct weir_flow_ip *ip, const struct flow_item *item, unsigned int reverse)
{
	uint32_t bytes = item->bytes / item->packets;
	uint16_t length = (uint16_t)(bytes < UINT16_MAX ? bytes : UINT16_MAX);

	if (!ip->bytes_max[reverse]) {
		ip->flow_label[reverse] = ip_flow_label(item);
		ip->ttl_first[reverse] = item->headers->ttl;
		ip->bytes_min[reverse] = length;
	}
	if (item->summary)
		return;
	ip->dscp_set[reverse] |= UINT64_C(1) << (item->headers->tos >> 2);
	if (length > ip->bytes_max[reverse])
		ip->bytes_max[reverse] = length;
	if (length < ip->bytes_min[reverse])
		ip->bytes_min[reverse] = length;
	if (item->headers->ttl > ip->ttl_max[reverse])
		ip->ttl_max[reverse] = item->headers->ttl;
}

static void tcp_read_options(struct weir_flow_tcp *tcp, struct cursor *c, unsigned int reverse)
{
	while (cursor_left(c)) {
		uint8_t kind = cursor_u8(c), length;

		if (kind <= TCP_OPTION_KIND_MAX)
			tcp->options[reverse] |= UINT64_C(1) << kind;
		if (kind == TCP_OPTION_END)
			return;
		if (kind == TCP_OPTION_NOP)
			continue;
		length = cursor_u8(c);
		if (c->failed || length < 2 || length - 2u > cursor_left(c))
			return;
		if (kind == TCP_OPTION_MSS && length == 4)
			tcp->mss[reverse] = cursor_be16(c);
		else if (kind == TCP_OPTION_SCALE && length == 3)
			tcp->window_scale[reverse] = cursor_u8(c);
		else
			cursor_skip(c, length - 2u);
	}
}

/* SYN, answer, ACK: the times from which round trips follow. */
static void tcp_update_handshake(struct weir_flow_tcp *tcp, const struct flow_item *item,
				 unsigned int reverse)
{
	uint8_t flags = item->tcp_flags & (TCP_SYN | TCP_ACK);

	if (!reverse && flags == TCP_SYN && !tcp->syn_ns)
		tcp->syn_ns = item->time_ns;
	else if (reverse && flags == (TCP_SYN | TCP_ACK) && tcp->syn_ns && !tcp->syn_ack_ns)
		tcp->syn_ack_ns = item->time_ns;
	else if (!reverse && flags == TCP_ACK && tcp->syn_ack_ns && !tcp->ack_ns)
		tcp->ack_ns = item->time_ns;
}

static void tcp_update_sequence(struct weir_flow_tcp *tcp, const struct flow_item *item,
				unsigned int reverse)
{
	uint32_t start = item->headers->tcp_sequence, next = tcp->sequence_next[reverse];
	uint32_t length = item->headers->payload_bytes + !!(item->tcp_flags & TCP_SYN) +
			  !!(item->tcp_flags & TCP_FIN);
	bool keep_alive = length <= 1 && start == next - 1;

	if (!length)
		return;
	if (!tcp->sequence_valid[reverse] || (int32_t)(start + length - next) > 0) {
		tcp->sequence_next[reverse] = start + length;
		tcp->sequence_valid[reverse] = 1;
		tcp->advance_ns[reverse] = item->time_ns;
	} else if ((int64_t)(item->time_ns - tcp->advance_ns[reverse]) < detail_reorder_ns) {
		tcp->out_of_order[reverse]++;
	} else if (!keep_alive) {
		tcp->retransmitted[reverse]++;
	}
}

static void tcp_update(struct weir_flow_tcp *tcp, const struct flow_item *item,
		       unsigned int reverse, bool first)
{
	const struct weir_headers *headers = item->headers;
	struct cursor c;
	uint16_t window;

	if (headers->protocol != KEY_PROTOCOL_TCP || item->summary ||
	    headers->transport_offset == WEIR_OFFSET_NONE)
		return;
	c = cursor_of(item->packet->bytes + headers->transport_offset,
		      item->packet->captured_len - headers->transport_offset);
	cursor_skip(&c, 14);
	window = cursor_be16(&c);
	if (first)
		tcp->window_first[reverse] = window;
	if (window > tcp->window_max[reverse])
		tcp->window_max[reverse] = window;
	tcp_update_handshake(tcp, item, reverse);
	tcp_update_sequence(tcp, item, reverse);
	if (headers->payload_offset == WEIR_OFFSET_NONE ||
	    headers->payload_offset <= headers->transport_offset + TCP_HEADER_BYTES)
		return;
	c = cursor_of(item->packet->bytes + headers->transport_offset,
		      (size_t)(headers->payload_offset - headers->transport_offset));
	cursor_skip(&c, TCP_HEADER_BYTES);
	tcp_read_options(tcp, &c, reverse);
}

static void histogram_update(struct weir_flow_histogram *histogram, const struct flow_item *item)
{
	const struct weir_packet *packet = item->packet;
	uint32_t start = item->headers->payload_offset, length;

	if (item->summary || start == WEIR_OFFSET_NONE || start >= packet->captured_len)
		return;
	length = packet->captured_len - start;
	if (length > item->headers->payload_bytes)
		length = item->headers->payload_bytes;
	for (uint32_t i = 0; i < length; i++) {
		uint32_t *count = &histogram->count[packet->bytes[start + i]];

		*count += *count != UINT32_MAX; /* zeros at 1 Gbit/s are so many in half a minute */
	}
}

static void first_update(struct flow_detail_first *first, uint32_t max,
			 const struct flow_item *item, unsigned int reverse)
{
	if (first->count >= max || item->summary)
		return;
	first->packet[first->count++] = (struct weir_flow_first){
		.time_ns = item->time_ns,
		.payload_bytes = item->payload_bytes,
		.direction = (uint8_t)reverse,
		.tcp_flags = item->tcp_flags,
	};
}

/* ---- all groups ---- */

/* What a flow that goes on after its active timeout keeps of the connection. */
static void tcp_go_on(struct weir_flow_tcp *tcp)
{
	struct weir_flow_tcp old = *tcp;

	memset(tcp, 0, sizeof(*tcp));
	memcpy(tcp->sequence_next, old.sequence_next, sizeof(tcp->sequence_next));
	memcpy(tcp->sequence_valid, old.sequence_valid, sizeof(tcp->sequence_valid));
	memcpy(tcp->advance_ns, old.advance_ns, sizeof(tcp->advance_ns));
}

void flow_detail_begin(const struct flow_layout *layout, uint8_t *cold,
		       const struct flow_item *item, uint32_t netns, bool goes_on)
{
	struct weir_flow_tcp kept = {0};

	if (layout->tcp != DETAIL_NONE) {
		if (goes_on) {
			memcpy(&kept, cold + layout->tcp, sizeof(kept));
			tcp_go_on(&kept);
		}
		memset(kept.window_scale, TCP_SCALE_NOT_SAID, sizeof(kept.window_scale));
	}
	memset(cold + layout->begin, 0, layout->bytes - layout->begin);
	if (layout->tcp != DETAIL_NONE && word_protocol(item->key.rest) == KEY_PROTOCOL_TCP)
		memcpy(cold + layout->tcp, &kept, sizeof(kept));
	if (layout->origin != DETAIL_NONE)
		origin_begin((struct weir_flow_origin *)(cold + layout->origin), item, netns);
}

void flow_detail_update(const struct flow_layout *layout, uint8_t *cold,
			const struct flow_item *item, unsigned int reverse, bool first)
{
	if (layout->times != DETAIL_NONE)
		times_update((struct weir_flow_times *)(cold + layout->times), item, reverse);
	if (layout->ip != DETAIL_NONE)
		ip_update((struct weir_flow_ip *)(cold + layout->ip), item, reverse);
	if (layout->tcp != DETAIL_NONE)
		tcp_update((struct weir_flow_tcp *)(cold + layout->tcp), item, reverse, first);
	if (layout->histogram != DETAIL_NONE)
		histogram_update((struct weir_flow_histogram *)(cold + layout->histogram), item);
	if (layout->first != DETAIL_NONE)
		first_update((struct flow_detail_first *)(cold + layout->first), layout->first_max,
			     item, reverse);
}

void flow_detail_show(const struct flow_layout *layout, const uint8_t *cold,
		      struct weir_flow_record *record)
{
	if (layout->times != DETAIL_NONE)
		record->times = (const struct weir_flow_times *)(cold + layout->times);
	if (layout->ip != DETAIL_NONE)
		record->ip = (const struct weir_flow_ip *)(cold + layout->ip);
	if (layout->tcp != DETAIL_NONE)
		record->tcp = (const struct weir_flow_tcp *)(cold + layout->tcp);
	if (layout->origin != DETAIL_NONE)
		record->origin = (const struct weir_flow_origin *)(cold + layout->origin);
	if (layout->histogram != DETAIL_NONE)
		record->histogram = (const struct weir_flow_histogram *)(cold + layout->histogram);
	if (layout->first != DETAIL_NONE) {
		const struct flow_detail_first *first =
			(const struct flow_detail_first *)(cold + layout->first);

		record->first = first->packet;
		record->first_count = (uint32_t)first->count;
	}
}
