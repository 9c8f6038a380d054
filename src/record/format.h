/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two file formats have in common for the recorder: a tight loop
 * that turns packets into bytes, and a walk that finds the last whole record.
 *
 * Invariant: each record fits into RECORD_BYTES_MAX, so that a loop that
 * starts a record below 'stop' never needs a further check.
 */
#ifndef RECORD_FORMAT_H
#define RECORD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "weir/packet.h"

enum {
	/* Wireshark and libpcap refuse longer packets (WTAP_MAX_PACKET_SIZE_STANDARD). */
	RECORD_PACKET_BYTES_MAX = 262144,
	RECORD_BYTES_MAX = RECORD_PACKET_BYTES_MAX + 256,
};

/* What the loop needs to know of one interface. */
struct record_interface {
	uint32_t id;      /* in this file, plus 1; 0 = not described in this file yet */
	uint32_t divisor; /* nanoseconds per unit of its clock */
};

/* The state of the packet loop; owned by the recorder. */
struct record_encoder {
	uint8_t *at;         /* where the next record goes */
	uint8_t *stop;       /* no record begins at or beyond this */
	uint8_t *last;       /* where the last packet's record began */
	uint64_t until_ns;   /* a later packet is not encoded; UINT64_MAX = no such limit */
	uint64_t dropped;    /* lost right before the next packet; for epb_dropcount */
	uint64_t copies;     /* records made, counted one by one */
	uint64_t fault_seen; /* for base/fault.h */
	uint32_t snaplen;    /* bytes kept of a packet, <= RECORD_PACKET_BYTES_MAX */
	struct record_interface *interfaces; /* WEIR_INTERFACES_MAX of them */
};

struct record_format {
	/*
	 * Encode packets until 'stop', 'until_ns', or one whose interface
	 * has no id yet; returns how many were taken.
	 */
	uint32_t (*packets)(struct record_encoder *encoder, const struct weir_packet *packets,
			    uint32_t count);
	/*
	 * How many of the 'length' bytes are whole records ('bytes' is where
	 * a record begins), and how many of those are packets.
	 */
	size_t (*whole)(const uint8_t *bytes, size_t length, uint64_t *packets);
};

/*
 * Copy packet bytes. Short ones, the most frequent, by overlapping 16-byte
 * pieces that never read beyond the packet; a call costs more than that.
 */
static inline void format_copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
	enum { PIECE = 16, SHORT_MAX = 128 };
	uint8_t piece[PIECE];

	if (length < PIECE || length > SHORT_MAX) {
		memcpy(to, from, length);
		return;
	}
	for (uint32_t i = 0; i + PIECE < length; i += PIECE) {
		memcpy(piece, from + i, PIECE);
		memcpy(to + i, piece, PIECE);
	}
	memcpy(piece, from + length - PIECE, PIECE);
	memcpy(to + length - PIECE, piece, PIECE);
}

static inline uint32_t format_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

#endif
