/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoding of pcapng blocks.
 *
 *   type | length | body ... options ... end of options | length
 *
 * Control blocks are built option by option with bounds checks; the packet
 * loop writes fixed headers and relies on RECORD_BYTES_MAX.
 */
#include "pcapng.h"

#include <assert.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/fault.h"

enum {
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_INTERFACE = 1,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	PCAPNG_BYTE_ORDER = 0x1a2b3c4d,
	PCAPNG_BLOCK_MIN = 12, /* type and twice the length */
};

enum {
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_MACADDR = 6,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	IF_OS = 12,
	IF_FCSLEN = 13,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
	OPT_COMMENT = 1,
};

/* ---- control blocks ---- */

/* A block under construction. */
struct block {
	uint8_t *bytes;
	size_t room, used;
	bool failed; /* something did not fit */
};

static void block_put(struct block *block, const void *bytes, size_t length)
{
	static const uint8_t padding[4];
	size_t padded = (length + 3) & ~(size_t)3;

	if (block->failed || padded > block->room - block->used) {
		block->failed = true;
		return;
	}
	memcpy(block->bytes + block->used, bytes, length);
	memcpy(block->bytes + block->used + length, padding, padded - length);
	block->used += padded;
}

static void block_put_u32(struct block *block, uint32_t value)
{
	block_put(block, &value, sizeof(value));
}

static struct block block_begin(uint8_t *to, size_t room, uint32_t type)
{
	struct block block = {.bytes = to, .room = room};

	block_put_u32(&block, type);
	block_put_u32(&block, 0);
	return block;
}

static size_t block_end(struct block *block)
{
	uint32_t length = (uint32_t)block->used + 4;

	block_put_u32(block, length);
	if (block->failed)
		return 0;
	memcpy(block->bytes + 4, &length, sizeof(length));
	return length;
}

static void block_option(struct block *block, uint16_t code, const void *bytes, size_t length)
{
	uint16_t header[2] = {code, (uint16_t)length};

	block_put(block, header, sizeof(header));
	block_put(block, bytes, length);
}

static void block_end_options(struct block *block)
{
	block_put_u32(block, 0);
}

/* A text option; long texts are cut so that control blocks stay within their limit. */
static void block_option_text(struct block *block, uint16_t code, const char *text)
{
	enum { TEXT_BYTES_MAX = 512 };

	if (text && *text)
		block_option(block, code, text, strnlen(text, TEXT_BYTES_MAX));
}

size_t pcapng_section(uint8_t *to, size_t room, const struct pcapng_section *section)
{
	struct block block = block_begin(to, room, PCAPNG_SECTION);
	uint16_t version[2] = {1, 0};
	int64_t length = -1; /* the section's length is not known */

	block_put_u32(&block, PCAPNG_BYTE_ORDER);
	block_put(&block, version, sizeof(version));
	block_put(&block, &length, sizeof(length));
	block_option_text(&block, OPT_COMMENT, section->comment);
	block_option_text(&block, SHB_HARDWARE, section->hardware);
	block_option_text(&block, SHB_OS, section->os);
	block_option_text(&block, SHB_USERAPPL, section->application);
	block_end_options(&block);
	return block_end(&block);
}

/*
 * "source ring, network namespace blue": what if_name cannot say. What a file
 * that is read says of an interface is left as it is.
 */
static void pcapng_describe(char *text, size_t size, const struct weir_interface *interface)
{
	bool live = *interface->source && strcmp(interface->source, "file") != 0;
	const char *parts[] = {interface->description,
			       *interface->description && live ? ", " : "",
			       live ? "source " : "",
			       live ? interface->source : "",
			       live && *interface->netns ? ", network namespace " : "",
			       live ? interface->netns : ""};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t length = strnlen(parts[i], size - 1 - used);

		memcpy(text + used, parts[i], length);
		used += length;
	}
	text[used] = '\0';
}

static void pcapng_option_filter(struct block *block, const char *filter)
{
	char bytes[1 + sizeof(((struct weir_interface *)NULL)->filter)];
	size_t length = strnlen(filter, sizeof(bytes) - 1);

	if (!length)
		return;
	bytes[0] = 0; /* a libpcap filter string follows */
	memcpy(bytes + 1, filter, length);
	block_option(block, IF_FILTER, bytes, length + 1);
}

size_t pcapng_interface(uint8_t *to, size_t room, const struct weir_interface *interface,
			uint32_t snaplen, const char *os)
{
	static const uint8_t no_address[6];
	struct block block = block_begin(to, room, PCAPNG_INTERFACE);
	uint16_t link_type[2] = {(uint16_t)interface->link_type, 0};
	uint8_t resolution = interface->time_resolution;
	char description[256];

	pcapng_describe(description, sizeof(description), interface);
	block_put(&block, link_type, sizeof(link_type));
	block_put_u32(&block, snaplen);
	block_option_text(&block, IF_NAME, interface->name);
	block_option_text(&block, IF_DESCRIPTION, description);
	if (memcmp(interface->hardware_address, no_address, sizeof(no_address)))
		block_option(&block, IF_MACADDR, interface->hardware_address, 6);
	block_option(&block, IF_TSRESOL, &resolution, 1);
	pcapng_option_filter(&block, interface->filter);
	block_option_text(&block, IF_OS, os);
	if (interface->fcs_bytes)
		block_option(&block, IF_FCSLEN, &interface->fcs_bytes, 1);
	block_end_options(&block);
	return block_end(&block);
}

static uint64_t pcapng_ticks(uint64_t time_ns, uint8_t digits)
{
	for (; digits < 9; digits++)
		time_ns /= 10;
	return time_ns;
}

static void pcapng_option_time(struct block *block, uint16_t code, uint64_t ticks)
{
	uint32_t halves[2] = {(uint32_t)(ticks >> 32), (uint32_t)ticks};

	block_option(block, code, halves, sizeof(halves));
}

static void pcapng_option_count(struct block *block, uint16_t code, uint64_t count)
{
	if (count != UINT64_MAX)
		block_option(block, code, &count, sizeof(count));
}

size_t pcapng_statistics(uint8_t *to, size_t room, const struct pcapng_statistics *statistics)
{
	struct block block = block_begin(to, room, PCAPNG_STATISTICS);
	uint64_t now = pcapng_ticks(statistics->now_ns, statistics->digits);
	uint32_t head[3] = {statistics->id, (uint32_t)(now >> 32), (uint32_t)now};

	block_put(&block, head, sizeof(head));
	pcapng_option_time(&block, ISB_STARTTIME,
			   pcapng_ticks(statistics->start_ns, statistics->digits));
	pcapng_option_time(&block, ISB_ENDTIME,
			   pcapng_ticks(statistics->end_ns, statistics->digits));
	pcapng_option_count(&block, ISB_IFRECV, statistics->received);
	pcapng_option_count(&block, ISB_IFDROP, statistics->interface_dropped);
	pcapng_option_count(&block, ISB_FILTERACCEPT, statistics->accepted);
	pcapng_option_count(&block, ISB_OSDROP, statistics->os_dropped);
	pcapng_option_count(&block, ISB_USRDELIV, statistics->delivered);
	block_end_options(&block);
	return block_end(&block);
}

/* ---- packets ---- */

struct enhanced_packet {
	uint32_t type, length, interface, time_high, time_low, captured_len, wire_len;
};
static_assert(sizeof(struct enhanced_packet) == 28, "as in the file");

/*
 * epb_flags by weir's direction: bits 0-1 inbound (1) or outbound (2), bits
 * 2-4 unicast (1), multicast (2), broadcast (3), promiscuous (4).
 */
static const uint8_t pcapng_flags[WEIR_PACKET_DIRECTION_MASK + 1] = {
	[WEIR_PACKET_HOST] = 1 | 1 << 2,      [WEIR_PACKET_BROADCAST] = 1 | 3 << 2,
	[WEIR_PACKET_MULTICAST] = 1 | 2 << 2, [WEIR_PACKET_OTHERHOST] = 1 | 4 << 2,
	[WEIR_PACKET_OUTGOING] = 2,           [WEIR_PACKET_LOOPBACK] = 1,
};

static inline uint8_t *pcapng_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/* The options behind a packet's bytes: none, or flags and what was lost before it. */
static inline uint8_t *pcapng_packet_options(uint8_t *at, uint32_t flags, uint64_t dropped)
{
	if (flags) {
		at = pcapng_u32(at, EPB_FLAGS | 4 << 16);
		at = pcapng_u32(at, flags);
	}
	if (dropped) {
		at = pcapng_u32(at, EPB_DROPCOUNT | 8 << 16);
		memcpy(at, &dropped, sizeof(dropped));
		at += sizeof(dropped);
	}
	return flags || dropped ? pcapng_u32(at, 0) : at;
}

static inline uint8_t *pcapng_packet(uint8_t *at, const struct weir_packet *packet,
				     const struct record_interface *interface, uint32_t snaplen,
				     uint64_t dropped)
{
	uint64_t ticks = interface->divisor == 1 ? packet->time_ns
						 : packet->time_ns / interface->divisor;
	uint32_t captured = format_min(packet->captured_len, snaplen);
	struct enhanced_packet header = {
		.type = PCAPNG_PACKET,
		.interface = interface->id - 1,
		.time_high = (uint32_t)(ticks >> 32),
		.time_low = (uint32_t)ticks,
		.captured_len = captured,
		.wire_len = packet->wire_len,
	};
	uint8_t *end = at + sizeof(header);

	format_copy(end, packet->bytes, captured);
	pcapng_u32(end + captured, 0); /* padding, of which 0 to 3 bytes are kept */
	end += (captured + 3) & ~3u;
	end = pcapng_packet_options(end, pcapng_flags[packet->flags & WEIR_PACKET_DIRECTION_MASK],
				    dropped);
	header.length = (uint32_t)(end - at) + 4;
	memcpy(at, &header, sizeof(header));
	return pcapng_u32(end, header.length);
}

uint32_t pcapng_packets(struct record_encoder *encoder, const struct weir_packet *packets,
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
			at = pcapng_packet(at, packet, interface, encoder->snaplen,
					   encoder->dropped);
			copies++;
		}
		encoder->dropped = 0;
	}
	encoder->at = at;
	encoder->last = last;
	encoder->copies += copies;
	return i;
}

size_t pcapng_block(const uint8_t *bytes, size_t length, uint64_t *packets)
{
	struct cursor cursor = cursor_of(bytes, length);
	uint32_t type = cursor_u32(&cursor);
	uint32_t block_length = cursor_u32(&cursor);

	if (cursor.failed || block_length < PCAPNG_BLOCK_MIN ||
	    !cursor_skip(&cursor, block_length - PCAPNG_BLOCK_MIN) ||
	    cursor_u32(&cursor) != block_length)
		return 0;
	*packets = type == PCAPNG_PACKET;
	return block_length;
}

size_t pcapng_whole(const uint8_t *bytes, size_t length, uint64_t *packets)
{
	size_t whole = 0, block;
	uint64_t packet;

	*packets = 0;
	while ((block = pcapng_block(bytes + whole, length - whole, &packet))) {
		whole += block;
		*packets += packet;
	}
	return whole;
}
