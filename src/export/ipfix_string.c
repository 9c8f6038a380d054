/* SPDX-License-Identifier: Apache-2.0 */
#include "ipfix_string.h"

#include <string.h>

/* Bytes of the character at 'text', 0: it is none (RFC 3629: no surrogates, no longer forms). */
static size_t string_character(const uint8_t *text, size_t left)
{
	size_t count = *text < 0x80                     ? 1
		       : *text >= 0xc2 && *text <= 0xdf ? 2
		       : *text >> 4 == 0xe              ? 3
		       : *text >= 0xf0 && *text <= 0xf4 ? 4
							: 0;

	if (count > left)
		return 0;
	for (size_t i = 1; i < count; i++)
		if (text[i] >> 6 != 2)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return count;
}

uint8_t *ipfix_put_string(uint8_t *at, const char *text, size_t max)
{
	const uint8_t *from = (const uint8_t *)text;
	size_t left = strnlen(text, max);
	uint8_t *length = at++;

	while (left) {
		size_t count = string_character(from, left), taken = count ? count : 1;

		if ((size_t)(at - length) - 1 + taken > IPFIX_STRING_BYTES_MAX)
			break;
		if (count)
			memcpy(at, from, count);
		else
			*at = '?';
		at += taken;
		from += taken;
		left -= taken;
	}
	*length = (uint8_t)(at - length - 1);
	return at;
}
