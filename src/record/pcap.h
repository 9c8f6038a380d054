/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classic pcap format, in microseconds or nanoseconds: one link type, one
 * clock, no interfaces. Pure functions, in this machine's byte order.
 * Format: draft-ietf-opsawg-pcap.
 */
#ifndef RECORD_PCAP_H
#define RECORD_PCAP_H

#include "format.h"

enum { PCAP_HEADER_BYTES = 24 };

/* What a file header says of an interface: its link type, and how long the FCS is if told. */
uint32_t pcap_network(const struct weir_interface *interface);
/* Write the file header; 'nanoseconds' chooses the magic. Returns PCAP_HEADER_BYTES. */
size_t pcap_header(uint8_t *to, uint32_t network, uint32_t snaplen, bool nanoseconds);

/* The packet loop and the walk over written records: see struct record_format. */
uint32_t pcap_packets(struct record_encoder *encoder, const struct weir_packet *packets,
		      uint32_t count);
size_t pcap_whole(const uint8_t *bytes, size_t length, uint64_t *packets);

#endif
