/* SPDX-License-Identifier: Apache-2.0 */
#include "promises.h"

#include <stdbool.h>
#include <string.h>

/* src/decode/decode.h: the fast path is held against the general one. */
void decode_packet(const struct weir_packet *packet, uint32_t link_type,
		   struct weir_headers *headers);

static bool lies_within(uint32_t offset, uint32_t bytes, uint32_t captured)
{
	return offset == WEIR_OFFSET_NONE || offset + bytes <= captured;
}

static uint32_t network_bytes(const struct weir_headers *headers)
{
	switch (headers->ip_version) {
	case 4:
		return 20;
	case 6:
		return 40;
	default:
		return 8; /* ARP */
	}
}

static uint32_t transport_bytes(const struct weir_headers *headers)
{
	switch (headers->protocol) {
	case 6: /* TCP */
		return 20;
	case 17: /* UDP */
		return 8;
	default:
		return 4;
	}
}

const char *promise_broken(const struct weir_headers *h, uint32_t captured)
{
	if (h->status > WEIR_DECODE_UNSUPPORTED || h->reason >= WEIR_DECODE_REASON_COUNT)
		return "status and reason are known ones";
	if ((h->status == WEIR_DECODE_OK) != (h->reason == WEIR_DECODE_REASON_NONE))
		return "there is a reason when the status is not ok, and only then";
	if (!lies_within(h->link_offset, 14, captured) ||
	    !lies_within(h->network_offset, network_bytes(h), captured) ||
	    !lies_within(h->transport_offset, transport_bytes(h), captured) ||
	    !lies_within(h->payload_offset, 0, captured) ||
	    !lies_within(h->inner_offset, 0, captured))
		return "an offset is only set when the header's fixed part was captured";
	if (h->status == WEIR_DECODE_OK && h->payload_offset == WEIR_OFFSET_NONE)
		return "what is ok was captured up to the payload";
	if (h->ip_version && h->network_offset == WEIR_OFFSET_NONE)
		return "an IP packet has a network header";
	if (h->transport_offset != WEIR_OFFSET_NONE && !h->ip_version)
		return "only an IP packet has a transport header";
	if (h->fragment == WEIR_FRAGMENT_LATER && h->transport_offset != WEIR_OFFSET_NONE)
		return "a later fragment has no transport header";
	if (h->tunnel_depth > WEIR_TUNNEL_DEPTH_MAX)
		return "tunnels are limited";
	return NULL;
}

const char *promise_broken_by(const struct weir_packet *packet, uint32_t link_type)
{
	struct weir_headers outer, inner, general;
	const char *broken;

	weir_decode_outer(packet, 1, link_type, &outer);
	decode_packet(packet, link_type, &general);
	if (memcmp(&outer, &general, sizeof(outer)) != 0)
		return "the fast path says what the general one says";
	broken = promise_broken(&outer, packet->captured_len);
	if (broken)
		return broken;
	weir_decode_inner(packet, 1, &outer, &inner);
	if (inner.tunnel_depth == outer.tunnel_depth && memcmp(&outer, &inner, sizeof(outer)) != 0)
		return "without a tunnel the inner headers are the outer ones";
	if (outer.inner_offset != WEIR_OFFSET_NONE && !inner.tunnel_depth)
		return "a tunnel that was found is entered";
	return promise_broken(&inner, packet->captured_len);
}
