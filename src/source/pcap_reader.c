/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pcap format: a file header of 24 bytes, then records.
 *
 *    magic  version  zone  sigfigs  snaplen  network
 *   +------+--------+-----+--------+--------+-------+   records: seconds, fraction,
 *   |  4   | 2 + 2  |  4  |   4    |   4    |   4   |   captured, on the wire, bytes
 *   +------+--------+-----+--------+--------+-------+
 *
 * Nothing in it lets a reader find its way back after a bad length.
 * Source: draft-ietf-opsawg-pcap; the modified kind: libpcap sf-pcap.c.
 */
#include <errno.h>

#include "base/clock.h"
#include "reader_format.h"

enum {
	PCAP_READER_FILE_HEADER_BYTES = 24,
	PCAP_READER_RECORD_BYTES = 16,
	PCAP_READER_RECORD_KUZNETZOV_BYTES = 24, /* + interface, protocol, packet type */
	PCAP_READER_PACKET_TYPE_OFFSET = 22,
	PCAP_READER_MAJOR = 2,
	PCAP_READER_MINOR_ODD = 3, /* up to this, some wrote the two lengths the other way round */
};

#define PCAP_READER_MAGIC_US        UINT32_C(0xa1b2c3d4)
#define PCAP_READER_MAGIC_NS        UINT32_C(0xa1b23c4d)
#define PCAP_READER_MAGIC_KUZNETZOV UINT32_C(0xa1b2cd34)
/* network: FCS words in the top 4 bits, valid with the next; LINKTYPE_ below */
#define PCAP_READER_FCS_TOLD  UINT32_C(0x04000000)
#define PCAP_READER_LINK_MASK UINT32_C(0x03ffffff)

static bool pcap_reader_take_magic(struct reader *reader, uint32_t magic)
{
	reader->pcap.header_bytes = PCAP_READER_RECORD_BYTES;
	reader->pcap.fraction_ns = CLOCK_NS_PER_US;
	switch (magic) {
	case PCAP_READER_MAGIC_US:
		return true;
	case PCAP_READER_MAGIC_NS:
		reader->pcap.fraction_ns = 1;
		return true;
	case PCAP_READER_MAGIC_KUZNETZOV:
		reader->pcap.header_bytes = PCAP_READER_RECORD_KUZNETZOV_BYTES;
		reader->pcap.has_direction = true;
		return true;
	default:
		return false;
	}
}

static void pcap_reader_describe(struct reader *reader, uint32_t snaplen, uint32_t network)
{
	reader->found = (struct weir_interface){
		.source = "file",
		.link_type = network & PCAP_READER_LINK_MASK,
		.snaplen = snaplen,
		.time_resolution = reader->pcap.fraction_ns == 1 ? 9 : 6,
		.fcs_bytes = network & PCAP_READER_FCS_TOLD ? (network >> 28) * 2 : 0,
	};
}

int pcap_reader_recognise(struct reader *reader, struct cursor *cursor)
{
	struct cursor at = *cursor;
	uint32_t magic = cursor_u32(&at), snaplen, network;
	uint16_t major;

	reader->swapped = !pcap_reader_take_magic(reader, magic);
	if (reader->swapped && !pcap_reader_take_magic(reader, __builtin_bswap32(magic)))
		return -EINVAL;
	at.swapped = reader->swapped;
	major = cursor_u16(&at);
	reader->pcap.minor = cursor_u16(&at);
	cursor_skip(&at, 8);
	snaplen = cursor_u32(&at);
	network = cursor_u32(&at);
	if (at.failed) {
		reader_want(reader, PCAP_READER_FILE_HEADER_BYTES, false);
		return 0;
	}
	if (major != PCAP_READER_MAJOR) {
		reader_complain(reader, READER_BROKEN, false,
				"it has version %u.%u of pcap, not 2.4", major, reader->pcap.minor);
		return -EINVAL;
	}
	reader->format = READER_PCAP;
	pcap_reader_describe(reader, snaplen, network);
	*cursor = at;
	return 1;
}

static enum reader_stop pcap_reader_announce(struct reader *reader)
{
	/* the seconds are added by pcap_reader_records; the clock is not asked */
	enum reader_stop stop = reader_add_interface(reader, reader_clock_of(9, 0));

	reader->pcap.announced = stop == READER_INTERFACE;
	return stop;
}

static bool pcap_reader_lengths_swapped(const struct reader *reader, uint32_t captured,
					uint32_t wire)
{
	if (reader->pcap.minor > PCAP_READER_MINOR_ODD)
		return false;
	return reader->pcap.minor < PCAP_READER_MINOR_ODD || captured > wire;
}

READER_INLINE enum reader_stop pcap_reader_records(struct reader *reader, struct cursor *cursor,
						   struct reader_output *output, const bool swapped)
{
	const struct reader_interface interface = reader->interfaces[0];
	const uint32_t header_bytes = reader->pcap.header_bytes;
	const uint32_t fraction_ns = reader->pcap.fraction_ns;
	const bool odd = reader->pcap.minor <= PCAP_READER_MINOR_ODD;
	const bool has_direction = reader->pcap.has_direction;
	const uint32_t snaplen = reader->snaplen;

	for (; output->count < output->limit; output->count++) {
		struct cursor at = *cursor;
		const uint8_t *header = cursor_take(&at, header_bytes), *bytes;
		uint32_t captured, wire;

		if (!header)
			return reader_want(reader, header_bytes, true);
		captured = reader_get32(header + 8, swapped);
		wire = reader_get32(header + 12, swapped);
		if (odd && pcap_reader_lengths_swapped(reader, captured, wire)) {
			captured = wire;
			wire = reader_get32(header + 8, swapped);
		}
		if (captured > interface.captured_max)
			return reader_complain(reader, READER_BROKEN, true,
					       "a packet record claims %u bytes, more than the "
					       "limit of %u",
					       captured, interface.captured_max);
		bytes = cursor_take(&at, captured);
		if (!bytes)
			return reader_want(reader, header_bytes + (size_t)captured, true);
		reader_prefetch(header, header_bytes + captured);
		output->packets[output->count] = (struct weir_packet){
			.bytes = bytes,
			.time_ns = reader_get32(header, swapped) * CLOCK_NS_PER_S +
				   (uint64_t)reader_get32(header + 4, swapped) * fraction_ns,
			.captured_len = captured < snaplen ? captured : snaplen,
			.wire_len = wire,
			.interface = interface.index,
			.flags = has_direction ? header[PCAP_READER_PACKET_TYPE_OFFSET] &
							 WEIR_PACKET_DIRECTION_MASK
					       : reader_cooked(&interface, bytes, captured),
		};
		*cursor = at;
	}
	return READER_LIMIT;
}

enum reader_stop pcap_reader_read(struct reader *reader, struct cursor *cursor,
				  struct reader_output *output)
{
	/* Copies that no one else can reach: they stay in registers from packet to packet. */
	struct cursor at = *cursor;
	struct reader_output filled = *output;
	enum reader_stop stop;

	if (!reader->pcap.announced)
		return pcap_reader_announce(reader);
	stop = reader->swapped ? pcap_reader_records(reader, &at, &filled, true)
			       : pcap_reader_records(reader, &at, &filled, false);
	*cursor = at;
	*output = filled;
	return stop;
}
