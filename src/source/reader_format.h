/* SPDX-License-Identifier: Apache-2.0 */
/* What reader.c, pcap_reader.c and pcapng_reader.c share, and nobody else sees. */
#ifndef SOURCE_READER_FORMAT_H
#define SOURCE_READER_FORMAT_H

#include "source/reader.h"

enum {
	READER_PREFETCH_AHEAD_BYTES = 2048, /* measured: 1 to 6 KiB do the same */
	READER_PREFETCH_BYTES_MAX = 2048,   /* of a record: who skips more is faster alone */
	READER_LINE_BYTES = 64,
};

/* The byte orders get a copy of the packet loop each, so that it need not ask. */
#define READER_INLINE static inline __attribute__((always_inline))

READER_INLINE uint16_t reader_get16(const uint8_t *at, bool swapped)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

READER_INLINE uint32_t reader_get32(const uint8_t *at, bool swapped)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

/* The direction that a Linux cooked packet tells of itself. */
READER_INLINE uint16_t reader_cooked(const struct reader_interface *interface, const uint8_t *bytes,
				     uint32_t captured)
{
	if (!interface->cooked_at || captured <= interface->cooked_at ||
	    bytes[interface->cooked_at] > WEIR_PACKET_OUTGOING)
		return WEIR_PACKET_DIRECTION_UNKNOWN;
	return bytes[interface->cooked_at];
}

/*
 * Bring the file in, line by line and some way ahead, as fast as it is read: where
 * the next record begins is known only when this one's header is there, and the
 * processor's own prefetch follows neither that nor a sequence across pages.
 */
READER_INLINE void reader_prefetch(const uint8_t *record, uint32_t bytes)
{
	if (bytes > READER_PREFETCH_BYTES_MAX)
		bytes = READER_PREFETCH_BYTES_MAX;
	for (uint32_t line = 0; line < bytes; line += READER_LINE_BYTES)
		__builtin_prefetch(record + READER_PREFETCH_AHEAD_BYTES + line);
}

/* The next record needs 'bytes' bytes from the cursor on. */
static inline enum reader_stop reader_want(struct reader *reader, size_t bytes, bool packet)
{
	reader->wanted = bytes;
	reader->wanted_packet = packet;
	return READER_MORE;
}

/* Note what is wrong and return 'stop'. */
enum reader_stop reader_complain(struct reader *reader, enum reader_stop stop, bool packet,
				 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The most that one packet of a link type can have captured. */
uint32_t reader_captured_max(uint32_t link_type);
/* Add an interface, described by reader->found: READER_INTERFACE, or READER_BROKEN. */
enum reader_stop reader_add_interface(struct reader *reader, struct reader_clock clock);

int pcap_reader_recognise(struct reader *reader, struct cursor *cursor);
enum reader_stop pcap_reader_read(struct reader *reader, struct cursor *cursor,
				  struct reader_output *output);

int pcapng_reader_recognise(struct reader *reader, struct cursor *cursor);
enum reader_stop pcapng_reader_read(struct reader *reader, struct cursor *cursor,
				    struct reader_output *output);

/* Parse an interface block's body (behind the length) into reader->found; returns its clock. */
struct reader_clock pcapng_options_interface(struct reader *reader, struct cursor *body);
/* The weir_packet direction in a packet block's options, 'otherwise' when they don't tell. */
uint16_t pcapng_options_direction(const uint8_t *options, size_t length, bool swapped,
				  uint16_t otherwise);

#endif
