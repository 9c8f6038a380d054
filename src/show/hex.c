/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <stdbool.h>

enum { HEX_ROW_BYTES = 16, HEX_GROUPS_WIDTH = 40 };

static char hex_visible(uint8_t byte)
{
	return byte > ' ' && byte <= '~' ? (char)byte : '.';
}

/* "	0x0010:  4500 003c ...  E..<" */
static void hex_row(struct text *text, const uint8_t *bytes, uint32_t offset, uint32_t count,
		    bool ascii)
{
	static const char digits[] = "0123456789abcdef";
	char row[HEX_GROUPS_WIDTH + 2 + HEX_ROW_BYTES + 1];
	int used = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i % 2 == 0)
			row[used++] = ' ';
		row[used++] = digits[bytes[i] >> 4];
		row[used++] = digits[bytes[i] & 15];
	}
	if (ascii) {
		while (used < HEX_GROUPS_WIDTH + 2)
			row[used++] = ' ';
		for (uint32_t i = 0; i < count; i++)
			row[used++] = hex_visible(bytes[i]);
	}
	text_add(text, "\t0x%04x: ", offset);
	text_put(text, row, (size_t)used);
	text_put(text, "\n", 1);
}

static void hex_ascii(struct text *text, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		char c = bytes[i] == '\n' || bytes[i] == '\t' || bytes[i] == ' '
				 ? (char)bytes[i]
				 : hex_visible(bytes[i]);

		text_put(text, &c, 1);
	}
	text_put(text, "\n", 1);
}

void hex_bytes(struct text *text, const uint8_t *bytes, uint32_t length, enum weir_show_bytes how)
{
	if (how == WEIR_SHOW_BYTES_ASCII) {
		hex_ascii(text, bytes, length);
		return;
	}
	for (uint32_t at = 0; at < length; at += HEX_ROW_BYTES)
		hex_row(text, bytes + at, at,
			length - at < HEX_ROW_BYTES ? length - at : HEX_ROW_BYTES,
			how == WEIR_SHOW_BYTES_HEX_ASCII);
}
