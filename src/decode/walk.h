/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over one packet's headers: where it stands, what can be read, and
 * the only way to read it. Each header narrows the walk to what it says is
 * its own (an IP total length cuts off the padding of a short frame), so that
 * every later header is checked against all those around it.
 */
#ifndef DECODE_WALK_H
#define DECODE_WALK_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "weir/decode.h"

/* No header is looked for beyond this: offsets are 16 bits, and NONE is one of them. */
enum { WALK_OFFSET_MAX = WEIR_OFFSET_NONE - 1 };

struct walk {
	const uint8_t *bytes;
	struct weir_headers *headers;
	uint32_t offset;       /* of the next header; <= wire_end */
	uint32_t captured_end; /* bytes[0..captured_end) can be read; <= wire_end */
	uint32_t wire_end;     /* where the innermost header so far ends its payload */
	bool open_ended;       /* in a tunnel's first fragment: the packet goes on elsewhere */
};

static inline uint32_t walk_smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint16_t walk_be16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t walk_be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline uint64_t walk_be64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

/* The packet is bad; the first that says so is believed. */
static inline void walk_mark(struct walk *walk, enum weir_decode_status status,
			     enum weir_decode_reason reason)
{
	if (walk->headers->status != WEIR_DECODE_OK)
		return;
	walk->headers->status = status;
	walk->headers->reason = reason;
}

/* The packet ends here, and badly. Returns false, so that a failing branch is one statement. */
static inline bool walk_stop(struct walk *walk, enum weir_decode_status status,
			     enum weir_decode_reason reason)
{
	walk_mark(walk, status, reason);
	return false;
}

static inline bool walk_malformed(struct walk *walk, enum weir_decode_reason reason)
{
	return walk_stop(walk, WEIR_DECODE_MALFORMED, reason);
}

/*
 * The next 'bytes' bytes, without stepping over them. NULL, and the packet
 * has ended, when they are not there: malformed when the packet itself is too
 * short for them, truncated when only the capture is.
 */
static inline const uint8_t *walk_need(struct walk *walk, uint32_t bytes,
				       enum weir_decode_reason reason)
{
	if (bytes > walk->wire_end - walk->offset && !walk->open_ended)
		walk_stop(walk, WEIR_DECODE_MALFORMED, reason);
	else if (walk->offset > walk->captured_end || bytes > walk->captured_end - walk->offset)
		walk_stop(walk, WEIR_DECODE_TRUNCATED, reason);
	else
		return walk->bytes + walk->offset;
	return NULL;
}

/*
 * The header says that its packet is 'bytes' long from the walk's place on:
 * nothing after that belongs to it. Where there are not so many the packet is
 * malformed, but what there is can be decoded: real traffic and real files
 * (some tools cut packets and forget to say so) have such lengths.
 */
static inline void walk_narrow(struct walk *walk, uint32_t bytes, enum weir_decode_reason reason)
{
	if (bytes > walk->wire_end - walk->offset && !walk->open_ended) {
		walk_mark(walk, WEIR_DECODE_MALFORMED, reason);
		return;
	}
	walk->open_ended = false;
	walk->wire_end = walk->offset + bytes;
	walk->captured_end = walk_smaller(walk->captured_end, walk->wire_end);
}

/* What is left is payload. Returns true. */
static inline bool walk_payload(struct walk *walk)
{
	if (walk->offset <= walk->captured_end)
		walk->headers->payload_offset = (uint16_t)walk->offset;
	walk->headers->payload_bytes = walk->wire_end - walk->offset;
	return true;
}

#endif
