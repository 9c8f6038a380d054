/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pcapng format: blocks, each with its length at both ends.
 *
 *    type  length  body, padded to 32 bits   length
 *   +-----+-------+------------------------+-------+
 *   |  4  |   4   |       length - 12      |   4   |
 *   +-----+-------+------------------------+-------+
 *
 * A block whose two lengths agree can be stepped over even when its content
 * is bad; when they don't agree, nothing behind it can be trusted. Sections
 * start anew: byte order, interfaces. Blocks without packets are skipped in
 * pieces, so that they may be longer than any window.
 * Source: draft-ietf-opsawg-pcapng, sections 3 and 4, appendix A.
 */
#include <errno.h>

#include "reader_format.h"

enum {
	PCAPNG_READER_BLOCK_MIN_BYTES = 12,
	PCAPNG_READER_INTERFACE = 1,
	PCAPNG_READER_OBSOLETE = 2,
	PCAPNG_READER_SIMPLE = 3,
	PCAPNG_READER_ENHANCED = 6,
	PCAPNG_READER_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	PCAPNG_READER_ORDER_BYTES = 12,     /* up to the end of the byte-order magic */
	PCAPNG_READER_SECTION_MIN_BYTES = 28,
	PCAPNG_READER_INTERFACE_MIN_BYTES = 20,
	PCAPNG_READER_PACKET_FIXED_BYTES = 28, /* enhanced and obsolete, type and length included */
	PCAPNG_READER_SIMPLE_FIXED_BYTES = 12,
	PCAPNG_READER_TRAILER_BYTES = 4,
	PCAPNG_READER_MAJOR = 1,
};

#define PCAPNG_READER_ORDER_MAGIC UINT32_C(0x1a2b3c4d)

READER_INLINE bool pcapng_reader_is_packet(uint32_t type)
{
	return type == PCAPNG_READER_ENHANCED || type == PCAPNG_READER_OBSOLETE ||
	       type == PCAPNG_READER_SIMPLE;
}

READER_INLINE bool pcapng_reader_length_sane(uint32_t length)
{
	return length >= PCAPNG_READER_BLOCK_MIN_BYTES && length % 4 == 0;
}

/* Of a block header that is not all there: is it known to be a packet's? */
static bool pcapng_reader_packet_begins(const struct cursor *cursor, bool swapped)
{
	struct cursor at = *cursor;

	at.swapped = swapped;
	return cursor_left(&at) >= 4 && pcapng_reader_is_packet(cursor_u32(&at));
}

static enum reader_stop pcapng_reader_bad_length(struct reader *reader, uint32_t type,
						 uint32_t length)
{
	bool packet = pcapng_reader_is_packet(type);

	if (length < PCAPNG_READER_BLOCK_MIN_BYTES || length % 4)
		return reader_complain(
			reader, READER_BROKEN, packet,
			"a block of type %u claims a length of %u bytes, which is %s", type, length,
			length % 4 ? "no multiple of 4" : "less than the minimum");
	return reader_complain(reader, READER_BROKEN, packet,
			       "a block of type %u claims %u bytes, more than the limit of %u",
			       type, length, reader->pcapng.block_max);
}

static enum reader_stop pcapng_reader_bad_trailer(struct reader *reader, bool packet,
						  uint32_t length, uint32_t trailer)
{
	return reader_complain(reader, READER_BROKEN, packet,
			       "a block begins with the length %u and ends with the length %u",
			       length, trailer);
}

/*
 * Take a whole block that is read, not skipped. NULL with *stop set when
 * that can't be.
 */
READER_INLINE const uint8_t *pcapng_reader_take(struct reader *reader, struct cursor *at,
						uint32_t type, uint32_t length, bool swapped,
						enum reader_stop *stop)
{
	bool packet = pcapng_reader_is_packet(type);
	const uint8_t *block;
	uint32_t trailer;

	if (!pcapng_reader_length_sane(length) || length > reader->pcapng.block_max) {
		*stop = pcapng_reader_bad_length(reader, type, length);
		return NULL;
	}
	block = cursor_take(at, length);
	if (!block) {
		*stop = reader_want(reader, length, packet);
		return NULL;
	}
	trailer = reader_get32(block + length - PCAPNG_READER_TRAILER_BYTES, swapped);
	if (trailer != length) {
		*stop = pcapng_reader_bad_trailer(reader, packet, length, trailer);
		return NULL;
	}
	return block;
}

/* ---- packets: add one to 'output', or complain with READER_BAD ---- */

READER_INLINE enum reader_stop pcapng_reader_no_interface(struct reader *reader, uint32_t id)
{
	return reader_complain(reader, READER_BAD, true,
			       "a packet names interface %u, but the section has %u so far", id,
			       reader->interface_count);
}

READER_INLINE enum reader_stop pcapng_reader_too_long(struct reader *reader, uint32_t captured,
						      uint32_t room)
{
	return reader_complain(reader, READER_BAD, true,
			       "a packet claims %u captured bytes, but there is room for %u",
			       captured, room);
}

/* Enhanced and obsolete packet blocks: same place for all but the interface. */
READER_INLINE enum reader_stop pcapng_reader_packet(struct reader *reader, const uint8_t *block,
						    uint32_t length, struct reader_output *output,
						    bool swapped, bool obsolete)
{
	const uint8_t *bytes = block + PCAPNG_READER_PACKET_FIXED_BYTES;
	uint32_t id, captured, room, padded;
	const struct reader_interface *interface;
	uint16_t direction;
	uint64_t units;

	if (length < PCAPNG_READER_PACKET_FIXED_BYTES + PCAPNG_READER_TRAILER_BYTES)
		return reader_complain(reader, READER_BAD, true, "a packet block of only %u bytes",
				       length);
	id = obsolete ? reader_get16(block + 8, swapped) : reader_get32(block + 8, swapped);
	if (id >= reader->interface_count)
		return pcapng_reader_no_interface(reader, id);
	interface = &reader->interfaces[id];
	captured = reader_get32(block + 20, swapped);
	room = length - PCAPNG_READER_PACKET_FIXED_BYTES - PCAPNG_READER_TRAILER_BYTES;
	if (captured > room || captured > interface->captured_max)
		return pcapng_reader_too_long(
			reader, captured,
			room < interface->captured_max ? room : interface->captured_max);
	padded = (captured + 3) & ~3u;
	units = (uint64_t)reader_get32(block + 12, swapped) << 32 |
		reader_get32(block + 16, swapped);
	direction = reader_cooked(interface, bytes, captured);
	if (padded != room)
		direction =
			pcapng_options_direction(bytes + padded, room - padded, swapped, direction);
	output->packets[output->count++] = (struct weir_packet){
		.bytes = bytes,
		.time_ns = reader_clock_ns(&interface->clock, units),
		.captured_len = captured < reader->snaplen ? captured : reader->snaplen,
		.wire_len = reader_get32(block + 24, swapped),
		.interface = interface->index,
		.flags = direction,
	};
	return READER_LIMIT;
}

/* Simple packet blocks: of the first interface, without a time. */
static enum reader_stop pcapng_reader_simple(struct reader *reader, const uint8_t *block,
					     uint32_t length, struct reader_output *output,
					     bool swapped)
{
	const struct reader_interface *interface = reader->interfaces;
	const uint8_t *bytes = block + PCAPNG_READER_SIMPLE_FIXED_BYTES;
	uint32_t wire, captured, room;

	if (length < PCAPNG_READER_SIMPLE_FIXED_BYTES + PCAPNG_READER_TRAILER_BYTES)
		return reader_complain(reader, READER_BAD, true, "a packet block of only %u bytes",
				       length);
	if (!reader->interface_count)
		return pcapng_reader_no_interface(reader, 0);
	wire = reader_get32(block + 8, swapped);
	captured = interface->snaplen && wire > interface->snaplen ? interface->snaplen : wire;
	room = length - PCAPNG_READER_SIMPLE_FIXED_BYTES - PCAPNG_READER_TRAILER_BYTES;
	if (captured > room || captured > interface->captured_max)
		return pcapng_reader_too_long(
			reader, captured,
			room < interface->captured_max ? room : interface->captured_max);
	output->packets[output->count++] = (struct weir_packet){
		.bytes = bytes,
		.captured_len = captured < reader->snaplen ? captured : reader->snaplen,
		.wire_len = wire,
		.interface = interface->index,
		.flags = reader_cooked(interface, bytes, captured),
	};
	return READER_LIMIT;
}

/* Packet blocks, one after the other, up to a block of another kind (READER_INTERFACE). */
READER_INLINE enum reader_stop pcapng_reader_packets(struct reader *reader, struct cursor *cursor,
						     struct reader_output *output,
						     const bool swapped)
{
	for (;;) {
		struct cursor at = *cursor;
		const uint8_t *header = cursor_take(&at, 8), *block;
		enum reader_stop stop;
		uint32_t type, length;

		if (!header)
			return reader_want(reader, 8, pcapng_reader_packet_begins(cursor, swapped));
		type = reader_get32(header, swapped);
		length = reader_get32(header + 4, swapped);
		if (!pcapng_reader_is_packet(type))
			return READER_INTERFACE;
		if (output->count == output->limit)
			return READER_LIMIT;
		at = *cursor;
		block = pcapng_reader_take(reader, &at, type, length, swapped, &stop);
		if (!block)
			return stop;
		*cursor = at;
		reader_prefetch(block, length);
		if (__builtin_expect(type == PCAPNG_READER_ENHANCED, 1))
			stop = pcapng_reader_packet(reader, block, length, output, swapped, false);
		else if (type == PCAPNG_READER_OBSOLETE)
			stop = pcapng_reader_packet(reader, block, length, output, swapped, true);
		else
			stop = pcapng_reader_simple(reader, block, length, output, swapped);
		if (stop != READER_LIMIT)
			return stop;
	}
}

/* ---- blocks without packets ---- */

static bool pcapng_reader_find_order(struct reader *reader, const uint8_t *block)
{
	uint32_t magic = reader_get32(block + 8, false);

	reader->swapped = magic != PCAPNG_READER_ORDER_MAGIC;
	return !reader->swapped || magic == __builtin_bswap32(PCAPNG_READER_ORDER_MAGIC);
}

static enum reader_stop pcapng_reader_section(struct reader *reader, struct cursor *cursor)
{
	struct cursor at = *cursor;
	const uint8_t *block = cursor_take(&at, PCAPNG_READER_ORDER_BYTES);
	enum reader_stop stop;
	uint32_t length;
	uint16_t major;

	if (!block)
		return reader_want(reader, PCAPNG_READER_ORDER_BYTES, false);
	if (!pcapng_reader_find_order(reader, block))
		return reader_complain(reader, READER_BROKEN, false,
				       "a section header without the byte-order magic");
	length = reader_get32(block + 4, reader->swapped);
	at = *cursor;
	block = pcapng_reader_take(reader, &at, PCAPNG_READER_SECTION, length, reader->swapped,
				   &stop);
	if (!block)
		return stop;
	if (length < PCAPNG_READER_SECTION_MIN_BYTES)
		return reader_complain(reader, READER_BROKEN, false,
				       "a section header of only %u bytes", length);
	major = reader_get16(block + 12, reader->swapped);
	if (major != PCAPNG_READER_MAJOR)
		return reader_complain(reader, READER_BROKEN, false,
				       "a section has version %u of pcapng, not 1", major);
	reader->interface_count = 0;
	*cursor = at;
	return READER_LIMIT;
}

static enum reader_stop pcapng_reader_interface(struct reader *reader, struct cursor *cursor,
						uint32_t length)
{
	struct cursor at = *cursor, body;
	struct reader_clock clock;
	enum reader_stop stop;
	const uint8_t *block = pcapng_reader_take(reader, &at, PCAPNG_READER_INTERFACE, length,
						  reader->swapped, &stop);

	if (!block)
		return stop;
	if (length < PCAPNG_READER_INTERFACE_MIN_BYTES)
		return reader_complain(reader, READER_BROKEN, false,
				       "an interface description of only %u bytes", length);
	body = cursor_of(block + 8, length - PCAPNG_READER_BLOCK_MIN_BYTES);
	body.swapped = reader->swapped;
	clock = pcapng_options_interface(reader, &body);
	*cursor = at;
	return reader_add_interface(reader, clock);
}

static enum reader_stop pcapng_reader_skip_from(struct reader *reader, struct cursor *cursor,
						uint32_t type, uint32_t length)
{
	if (!pcapng_reader_length_sane(length))
		return pcapng_reader_bad_length(reader, type, length);
	cursor_skip(cursor, 8);
	reader->pcapng.skip_length = length;
	reader->pcapng.skip_bytes = length - PCAPNG_READER_BLOCK_MIN_BYTES;
	return READER_LIMIT;
}

/* Go on skipping; READER_LIMIT when the block is behind us. */
static enum reader_stop pcapng_reader_skip(struct reader *reader, struct cursor *cursor)
{
	struct reader_pcapng *state = &reader->pcapng;
	size_t left = cursor_left(cursor);
	size_t bytes = state->skip_bytes < left ? state->skip_bytes : left;
	uint32_t length = state->skip_length, trailer;

	cursor_skip(cursor, bytes);
	state->skip_bytes -= bytes;
	if (state->skip_bytes || left - bytes < PCAPNG_READER_TRAILER_BYTES)
		return reader_want(reader, PCAPNG_READER_TRAILER_BYTES, false);
	cursor->swapped = reader->swapped;
	trailer = cursor_u32(cursor);
	state->skip_length = 0;
	if (trailer != length)
		return pcapng_reader_bad_trailer(reader, false, length, trailer);
	return READER_LIMIT;
}

/* A block that holds no packet, whose first 8 bytes are there. READER_LIMIT: go on behind it. */
static enum reader_stop pcapng_reader_other(struct reader *reader, struct cursor *cursor)
{
	const uint8_t *header = cursor->bytes + cursor->offset;
	uint32_t type = reader_get32(header, reader->swapped);
	uint32_t length = reader_get32(header + 4, reader->swapped);

	if (type == PCAPNG_READER_SECTION)
		return pcapng_reader_section(reader, cursor);
	if (type == PCAPNG_READER_INTERFACE)
		return pcapng_reader_interface(reader, cursor, length);
	return pcapng_reader_skip_from(reader, cursor, type, length);
}

int pcapng_reader_recognise(struct reader *reader, struct cursor *cursor)
{
	struct cursor at = *cursor;
	const uint8_t *block;

	if (cursor_u32(&at) != PCAPNG_READER_SECTION)
		return -EINVAL;
	at = *cursor;
	block = cursor_take(&at, PCAPNG_READER_ORDER_BYTES);
	if (!block) {
		reader_want(reader, PCAPNG_READER_ORDER_BYTES, false);
		return 0;
	}
	if (!pcapng_reader_find_order(reader, block)) {
		reader_complain(reader, READER_BROKEN, false,
				"it begins like pcapng, but has no byte-order magic");
		return -EINVAL;
	}
	reader->format = READER_PCAPNG;
	return 1;
}

enum reader_stop pcapng_reader_read(struct reader *reader, struct cursor *cursor,
				    struct reader_output *output)
{
	enum reader_stop stop = READER_LIMIT;

	while (stop == READER_LIMIT) {
		if (reader->pcapng.skip_length) {
			stop = pcapng_reader_skip(reader, cursor);
			continue;
		}
		stop = reader->swapped ? pcapng_reader_packets(reader, cursor, output, true)
				       : pcapng_reader_packets(reader, cursor, output, false);
		if (stop != READER_INTERFACE)
			return stop;
		stop = pcapng_reader_other(reader, cursor);
	}
	return stop;
}
