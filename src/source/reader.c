/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both formats have in common: the first look at a file, the table of
 * the interfaces met, limits, and complaints.
 */
#include "source/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader_format.h"

enum {
	READER_MAGIC_BYTES = 4,
	READER_INTERFACE_ROOM = 4, /* at first; doubled */
	/* https://www.tcpdump.org/linktypes.html */
	READER_LINKTYPE_LINUX_SLL = 113,
	READER_LINKTYPE_LINUX_SLL2 = 276,
	READER_LINKTYPE_DBUS = 231,
	READER_LINKTYPE_USBPCAP = 249,
	READER_LINKTYPE_EBHSCR = 279,
};

void reader_open(struct reader *reader, uint32_t snaplen)
{
	*reader = (struct reader){.snaplen = snaplen, .pcapng.block_max = READER_BLOCK_MAX_BYTES};
}

void reader_close(struct reader *reader)
{
	free(reader->interfaces);
	reader->interfaces = NULL;
}

enum reader_stop reader_complain(struct reader *reader, enum reader_stop stop, bool packet,
				 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reader->complaint, sizeof(reader->complaint), format, arguments);
	va_end(arguments);
	reader->lost_packet = packet;
	return stop;
}

uint32_t reader_captured_max(uint32_t link_type)
{
	switch (link_type) {
	case READER_LINKTYPE_DBUS:
	case READER_LINKTYPE_USBPCAP:
	case READER_LINKTYPE_EBHSCR:
		return READER_CAPTURED_MAX_HUGE_BYTES;
	default:
		return READER_CAPTURED_MAX_BYTES;
	}
}

/* Where the (low byte of the) packet type is: it has the values of sll_pkttype. */
static uint32_t reader_cooked_at(uint32_t link_type)
{
	if (link_type == READER_LINKTYPE_LINUX_SLL)
		return 1;
	return link_type == READER_LINKTYPE_LINUX_SLL2 ? 10 : 0;
}

static bool reader_make_room(struct reader *reader)
{
	uint32_t room = reader->interface_room ? reader->interface_room * 2 : READER_INTERFACE_ROOM;
	struct reader_interface *grown;

	if (reader->interface_count < reader->interface_room)
		return true;
	grown = reallocarray(reader->interfaces, room, sizeof(*grown));
	if (!grown)
		return false;
	reader->interfaces = grown;
	reader->interface_room = room;
	return true;
}

enum reader_stop reader_add_interface(struct reader *reader, struct reader_clock clock)
{
	uint32_t captured_max = reader_captured_max(reader->found.link_type);

	if (reader->interface_count == READER_INTERFACES_MAX)
		return reader_complain(reader, READER_BROKEN, false,
				       "more than %d interfaces in one section",
				       READER_INTERFACES_MAX);
	if (!reader_make_room(reader))
		return reader_complain(reader, READER_BROKEN, false, "no memory for an interface");
	reader->interfaces[reader->interface_count++] = (struct reader_interface){
		.snaplen = reader->found.snaplen,
		.captured_max = captured_max,
		.cooked_at = reader_cooked_at(reader->found.link_type),
		.clock = clock,
	};
	if (captured_max > READER_CAPTURED_MAX_BYTES)
		reader->pcapng.block_max = READER_BLOCK_MAX_HUGE_BYTES;
	return READER_INTERFACE;
}

void reader_bind(struct reader *reader, uint32_t index)
{
	reader->interfaces[reader->interface_count - 1].index = index;
}

/* Files that people take for capture files, or that hold one. */
static const struct {
	uint8_t magic[READER_MAGIC_BYTES];
	const char *what;
} reader_known_others[] = {
	{{0xfd, '7', 'z', 'X'}, "compressed with xz: decompress it first"},
	{{'B', 'Z', 'h', '9'}, "compressed with bzip2: decompress it first"},
	{{'P', 'K', 3, 4}, "a zip archive: unpack it first"},
	{{'s', 'n', 'o', 'o'}, "a snoop file: convert it with 'editcap -F pcapng'"},
};

static int reader_not_a_capture(struct reader *reader, const uint8_t *magic)
{
	for (size_t i = 0; i < sizeof(reader_known_others) / sizeof(reader_known_others[0]); i++) {
		if (memcmp(magic, reader_known_others[i].magic, READER_MAGIC_BYTES))
			continue;
		reader_complain(reader, READER_BROKEN, false, "it is %s",
				reader_known_others[i].what);
		return -EINVAL;
	}
	reader_complain(reader, READER_BROKEN, false,
			"it is no capture file: pcap and pcapng do not begin with %02x %02x %02x "
			"%02x",
			magic[0], magic[1], magic[2], magic[3]);
	return -EINVAL;
}

int reader_recognise(struct reader *reader, struct cursor *cursor)
{
	struct cursor at = *cursor;
	const uint8_t *magic = cursor_take(&at, READER_MAGIC_BYTES);
	int rc;

	if (!magic) {
		reader_want(reader, READER_MAGIC_BYTES, false);
		return 0;
	}
	rc = pcap_reader_recognise(reader, cursor);
	if (rc != -EINVAL)
		return rc;
	if (reader->complaint[0])
		return rc;
	rc = pcapng_reader_recognise(reader, cursor);
	if (rc != -EINVAL || reader->complaint[0])
		return rc;
	return reader_not_a_capture(reader, magic);
}

enum reader_stop reader_read(struct reader *reader, struct cursor *cursor,
			     struct reader_output *output)
{
	return reader->format == READER_PCAP ? pcap_reader_read(reader, cursor, output)
					     : pcapng_reader_read(reader, cursor, output);
}
