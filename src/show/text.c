/* SPDX-License-Identifier: Apache-2.0 */
#include "show/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int text_flush(struct text *text)
{
	if (text->used && !text->failure && text->flush) {
		text->failure = text->flush(text->user, text->bytes, text->used);
		text->used = 0;
	}
	return text->failure;
}

/* Make room for 'length' bytes; returns how many there is room for. */
static size_t text_room(struct text *text, size_t length)
{
	if (text->size - text->used < length && text->flush)
		text_flush(text);
	return text->failure ? 0 : text->size - text->used;
}

void text_put(struct text *text, const char *bytes, size_t length)
{
	size_t room = text_room(text, length);

	if (length > room)
		length = room;
	memcpy(text->bytes + text->used, bytes, length);
	text->used += length;
}

void text_word(struct text *text, const char *word)
{
	text_put(text, word, strlen(word));
}

void text_add(struct text *text, const char *format, ...)
{
	char piece[TEXT_PIECE_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(piece))
		length = sizeof(piece) - 1;
	if (length > 0)
		text_put(text, piece, (size_t)length);
}

static int text_is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '\\';
}

void text_foreign(struct text *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text_is_plain(bytes[i]))
			text_put(text, bytes + i, 1);
		else
			text_add(text, "\\x%02x", (unsigned char)bytes[i]);
	}
}

void text_foreign_json(struct text *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text_is_plain(bytes[i]) && bytes[i] != '"')
			text_put(text, bytes + i, 1);
		else
			text_add(text, "\\u%04x", (unsigned char)bytes[i]);
	}
}
