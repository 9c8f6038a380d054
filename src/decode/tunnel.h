/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet carries, if it carries a packet. */
#ifndef DECODE_TUNNEL_H
#define DECODE_TUNNEL_H

#include "walk.h"

/* One tunnel header, found; where the inner packet lies. */
struct tunnel {
	enum weir_tunnel kind;
	enum weir_decode_status status; /* of the tunnel's header; the rest counts when OK */
	uint32_t id;
	uint32_t link_type;
	uint32_t offset;   /* of the inner packet */
	uint32_t wire_end; /* of the inner packet */
};

/* Could there be one? Cheap, and false for nearly all packets. */
bool tunnel_is_possible(const struct weir_headers *headers);

/*
 * Look for a tunnel in a packet that was decoded into 'headers'. captured_end
 * is where the capture ends. False when there is none: what came to the port
 * of a tunnel without having its form is payload like any other.
 */
bool tunnel_find(const uint8_t *bytes, uint32_t captured_end, const struct weir_headers *headers,
		 struct tunnel *tunnel);

#endif
