/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of pcapng blocks: (code, length, value padded to 32 bits)*, up to
 * opt_endofopt or the end of the block. A list that contradicts itself is
 * read as far as it makes sense: no packet is lost for it.
 */
#include "reader_format.h"

enum {
	PCAPNG_OPTION_END = 0,
	/* of interface description blocks, pcapng section 4.2 */
	PCAPNG_OPTION_IF_NAME = 2,
	PCAPNG_OPTION_IF_DESCRIPTION = 3,
	PCAPNG_OPTION_IF_MAC = 6,
	PCAPNG_OPTION_IF_TSRESOL = 9,
	PCAPNG_OPTION_IF_FILTER = 11,
	PCAPNG_OPTION_IF_FCSLEN = 13,
	PCAPNG_OPTION_IF_TSOFFSET = 14,
	/* of packet blocks, section 4.3: bits 0-1 in or out, bits 2-4 how it was received */
	PCAPNG_OPTION_FLAGS = 2,
	PCAPNG_FLAGS_IN = 1,
	PCAPNG_FLAGS_OUT = 2,
	PCAPNG_RESOLUTION_DEFAULT = 6,
};

struct pcapng_option {
	uint16_t code, length;
	const uint8_t *value;
};

/* False at the end of the list, or where it stops making sense. */
READER_INLINE bool pcapng_options_take(struct cursor *options, struct pcapng_option *option,
				       bool swapped)
{
	const uint8_t *header = cursor_take(options, 4);

	if (!header)
		return false;
	option->code = reader_get16(header, swapped);
	option->length = reader_get16(header + 2, swapped);
	if (option->code == PCAPNG_OPTION_END)
		return false;
	option->value = cursor_take(options, option->length);
	if (!option->value)
		return false;
	cursor_skip(options, -option->length & 3u);
	return true;
}

static void pcapng_options_text(const struct pcapng_option *option, char *out, size_t room)
{
	size_t length = option->length < room ? option->length : room - 1;

	memcpy(out, option->value, length);
	out[length] = '\0';
}

/* if_filter: a byte that says what follows; 0 = a string. */
static void pcapng_options_filter(const struct pcapng_option *option, char *out, size_t room)
{
	struct pcapng_option text = *option;

	if (!option->length || option->value[0] != 0)
		return;
	text.value++;
	text.length--;
	pcapng_options_text(&text, out, room);
}

static int64_t pcapng_options_signed64(const uint8_t *value, bool swapped)
{
	uint64_t v;

	memcpy(&v, value, sizeof(v));
	return (int64_t)(swapped ? __builtin_bswap64(v) : v);
}

struct reader_clock pcapng_options_interface(struct reader *reader, struct cursor *body)
{
	struct weir_interface *found = &reader->found;
	uint8_t resolution = PCAPNG_RESOLUTION_DEFAULT;
	struct pcapng_option option;
	int64_t offset_s = 0;

	*found = (struct weir_interface){.source = "file"};
	found->link_type = cursor_u16(body);
	cursor_skip(body, 2);
	found->snaplen = cursor_u32(body);
	while (pcapng_options_take(body, &option, reader->swapped)) {
		if (option.code == PCAPNG_OPTION_IF_NAME)
			pcapng_options_text(&option, found->name, sizeof(found->name));
		else if (option.code == PCAPNG_OPTION_IF_DESCRIPTION)
			pcapng_options_text(&option, found->description,
					    sizeof(found->description));
		else if (option.code == PCAPNG_OPTION_IF_FILTER)
			pcapng_options_filter(&option, found->filter, sizeof(found->filter));
		else if (option.code == PCAPNG_OPTION_IF_MAC && option.length == 6)
			memcpy(found->hardware_address, option.value, 6);
		else if (option.code == PCAPNG_OPTION_IF_TSRESOL && option.length == 1)
			resolution = option.value[0];
		else if (option.code == PCAPNG_OPTION_IF_FCSLEN && option.length == 1)
			found->fcs_bytes = option.value[0];
		else if (option.code == PCAPNG_OPTION_IF_TSOFFSET && option.length == 8)
			offset_s = pcapng_options_signed64(option.value, reader->swapped);
	}
	found->time_resolution = reader_clock_digits(resolution);
	return reader_clock_of(resolution, offset_s);
}

static uint16_t pcapng_options_from_flags(uint32_t flags, uint16_t otherwise)
{
	static const uint16_t received_as[8] = {
		/* not told, unicast, multicast, broadcast, promiscuous, reserved */
		WEIR_PACKET_HOST,      WEIR_PACKET_HOST,      WEIR_PACKET_MULTICAST,
		WEIR_PACKET_BROADCAST, WEIR_PACKET_OTHERHOST, WEIR_PACKET_HOST,
		WEIR_PACKET_HOST,      WEIR_PACKET_HOST,
	};

	if ((flags & 3) == PCAPNG_FLAGS_OUT)
		return WEIR_PACKET_OUTGOING;
	if ((flags & 3) == PCAPNG_FLAGS_IN)
		return received_as[flags >> 2 & 7];
	return otherwise;
}

uint16_t pcapng_options_direction(const uint8_t *options, size_t length, bool swapped,
				  uint16_t otherwise)
{
	struct cursor list = cursor_of(options, length);
	struct pcapng_option option;

	while (pcapng_options_take(&list, &option, swapped))
		if (option.code == PCAPNG_OPTION_FLAGS && option.length == 4)
			return pcapng_options_from_flags(reader_get32(option.value, swapped),
							 otherwise);
	return otherwise;
}
