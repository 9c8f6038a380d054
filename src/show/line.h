/* SPDX-License-Identifier: Apache-2.0 */
/* The summary of a packet's headers within one line. */
#ifndef SHOW_LINE_H
#define SHOW_LINE_H

#include "show/text.h"
#include "weir/decode.h"

/* "Ethernet addresses" of the link header, if there is one. */
void line_link_addresses(struct text *text, const struct weir_packet *packet,
			 const struct weir_headers *headers);
/* Tags, network and transport headers of one (outer or inner) packet; no newline. */
void line_headers(struct text *text, const struct weir_packet *packet,
		  const struct weir_headers *headers);
/* An IP address of the network header (source, or destination), in words; false if not there. */
bool line_address(const struct weir_packet *packet, const struct weir_headers *headers,
		  bool destination, char out[64]);
void line_mac(struct text *text, const uint8_t *mac);

#endif
