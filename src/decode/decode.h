/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to decode: any packet, and the common ones quickly. */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include <stdint.h>

#include "weir/decode.h"

/* Decode one packet of any kind. */
void decode_packet(const struct weir_packet *packet, uint32_t link_type,
		   struct weir_headers *headers);

/* Decode Ethernet packets: the common ones here, the others by decode_packet. Same results. */
void fast_decode(const struct weir_packet *packets, uint32_t count, struct weir_headers *headers);

#endif
