/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng blocks, written into bytes that the caller owns: nothing but pure
 * functions. Numbers are in this machine's byte order, which the section
 * header tells. Format: draft-ietf-opsawg-pcapng.
 */
#ifndef RECORD_PCAPNG_H
#define RECORD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* Who wrote the section; empty or NULL texts are left out. */
struct pcapng_section {
	const char *hardware, *os, *application, *comment;
};

/* Counters of one interface; UINT64_MAX = unknown, left out. */
struct pcapng_statistics {
	uint32_t id;                       /* of the interface in this section */
	uint8_t digits;                    /* its time resolution */
	uint64_t start_ns, end_ns, now_ns; /* Unix time */
	uint64_t received, interface_dropped, accepted, os_dropped, delivered;
};

/*
 * Each writes one block at 'to' and returns its length, 0 when 'room' is too
 * small (PCAPNG_CONTROL_BYTES_MAX always suffices).
 */
enum { PCAPNG_CONTROL_BYTES_MAX = 4096 };
size_t pcapng_section(uint8_t *to, size_t room, const struct pcapng_section *section);
size_t pcapng_interface(uint8_t *to, size_t room, const struct weir_interface *interface,
			uint32_t snaplen, const char *os);
size_t pcapng_statistics(uint8_t *to, size_t room, const struct pcapng_statistics *statistics);

/* The packet loop and the walk over written blocks: see struct record_format. */
uint32_t pcapng_packets(struct record_encoder *encoder, const struct weir_packet *packets,
			uint32_t count);
size_t pcapng_whole(const uint8_t *bytes, size_t length, uint64_t *packets);
/* The length of the whole block that begins at 'bytes', 0 if there is none; *packets is 0 or 1. */
size_t pcapng_block(const uint8_t *bytes, size_t length, uint64_t *packets);

#endif
