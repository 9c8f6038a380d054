/* SPDX-License-Identifier: Apache-2.0 */
#include "pcap.h"

#include <assert.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/fault.h"

struct pcap_file {
	uint32_t magic;
	uint16_t version_major, version_minor;
	uint32_t reserved[2], snaplen, network;
};
static_assert(sizeof(struct pcap_file) == PCAP_HEADER_BYTES, "as in the file");

struct pcap_record {
	uint32_t seconds, fraction, captured_len, wire_len;
};
static_assert(sizeof(struct pcap_record) == 16, "as in the file");

uint32_t pcap_network(const struct weir_interface *interface)
{
	uint32_t words = interface->fcs_bytes / 2; /* in the top 4 bits, valid with the 'f' bit */

	if (!words || words > 15)
		return interface->link_type;
	return words << 28 | UINT32_C(0x04000000) | interface->link_type;
}

size_t pcap_header(uint8_t *to, uint32_t network, uint32_t snaplen, bool nanoseconds)
{
	struct pcap_file header = {
		.magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4,
		.version_major = 2,
		.version_minor = 4,
		.snaplen = snaplen,
		.network = network,
	};

	memcpy(to, &header, sizeof(header));
	return sizeof(header);
}

static inline uint8_t *pcap_packet(uint8_t *at, const struct weir_packet *packet, uint32_t divisor,
				   uint32_t snaplen)
{
	uint32_t captured = format_min(packet->captured_len, snaplen);
	uint32_t fraction_ns = (uint32_t)(packet->time_ns % CLOCK_NS_PER_S);
	struct pcap_record record = {
		.seconds = (uint32_t)(packet->time_ns / CLOCK_NS_PER_S),
		.fraction = divisor == 1 ? fraction_ns : fraction_ns / CLOCK_NS_PER_US,
		.captured_len = captured,
		.wire_len = packet->wire_len,
	};

	memcpy(at, &record, sizeof(record));
	format_copy(at + sizeof(record), packet->bytes, captured);
	return at + sizeof(record) + captured;
}

uint32_t pcap_packets(struct record_encoder *encoder, const struct weir_packet *packets,
		      uint32_t count)
{
	uint8_t *at = encoder->at, *last = encoder->last;
	uint64_t copies = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct weir_packet *packet = &packets[i];
		const struct record_interface *interface = &encoder->interfaces[packet->interface];

		if (at >= encoder->stop || packet->time_ns > encoder->until_ns || !interface->id)
			break;
		for (unsigned int n = fault_copies("disk", &encoder->fault_seen);
		     n > 0 && at < encoder->stop; n--) {
			last = at;
			at = pcap_packet(at, packet, interface->divisor, encoder->snaplen);
			copies++;
		}
	}
	encoder->at = at;
	encoder->last = last;
	encoder->copies += copies;
	return i;
}

size_t pcap_whole(const uint8_t *bytes, size_t length, uint64_t *packets)
{
	struct cursor cursor = cursor_of(bytes, length);

	*packets = 0;
	for (;;) {
		size_t whole = cursor.offset;
		uint32_t captured_len;

		cursor_skip(&cursor, 8);
		captured_len = cursor_u32(&cursor);
		cursor_skip(&cursor, 4);
		if (cursor.failed || !cursor_skip(&cursor, captured_len))
			return whole;
		++*packets;
	}
}
