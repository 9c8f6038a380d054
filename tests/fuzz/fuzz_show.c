/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets and interface names as text: no read beyond the packet, and nothing
 * in the output that a terminal would obey. The input: link type, settings,
 * length of the name, name, packet.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "show/printer.h"

enum { FUZZ_SHOW_TEXT_BYTES = 1024, FUZZ_SHOW_HEAD_BYTES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_show_check(void *user, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t') || bytes[i] > '~')
			abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_show_settings settings = {0};
	struct weir_interface interface = {0};
	char bytes[FUZZ_SHOW_TEXT_BYTES];
	struct text text = {.bytes = bytes, .size = sizeof(bytes), .flush = fuzz_show_check};
	struct weir_headers outer, inner;
	struct weir_packet packet;
	struct printer printer;
	size_t name_length;

	if (size < FUZZ_SHOW_HEAD_BYTES)
		return 0;
	interface.link_type = data[0];
	settings.json = data[1] & 1;
	settings.verbose = data[1] & 2;
	settings.link_addresses = data[1] & 4;
	settings.with_link = data[1] & 8;
	settings.bytes = (enum weir_show_bytes)(data[1] >> 4 & 3);
	name_length = data[2] % sizeof(interface.name);
	if (name_length > size - FUZZ_SHOW_HEAD_BYTES)
		name_length = size - FUZZ_SHOW_HEAD_BYTES;
	memcpy(interface.name, data + FUZZ_SHOW_HEAD_BYTES, name_length);
	data += FUZZ_SHOW_HEAD_BYTES + name_length;
	size -= FUZZ_SHOW_HEAD_BYTES + name_length;
	packet = (struct weir_packet){
		.bytes = data, .captured_len = (uint32_t)size, .wire_len = (uint32_t)size + 1};
	weir_decode_outer(&packet, 1, interface.link_type, &outer);
	weir_decode_inner(&packet, 1, &outer, &inner);
	printer_init(&printer, &settings);
	printer_packet(&printer, &text, &packet, &interface, &outer, &inner);
	text_flush(&text);
	return 0;
}
