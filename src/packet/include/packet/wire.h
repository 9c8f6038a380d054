/* SPDX-License-Identifier: Apache-2.0 */
/* How many packets on the wire a frame was, and what each of them had again. */
#ifndef PACKET_WIRE_H
#define PACKET_WIRE_H

#include "weir/packet.h"

/*
 * As weir_packet_wire_count. *header_bytes is set when that is more than 1:
 * the bytes before the payload that was cut, those of tunnels included, which
 * each wire packet had.
 */
uint32_t wire_count(const struct weir_packet *packet, uint32_t *header_bytes);

#endif
