/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is put together piece by piece in a buffer of fixed size, and
 * handed on when that is full. Foreign bytes only enter through text_foreign,
 * which lets nothing through that a terminal would obey.
 */
#ifndef SHOW_TEXT_H
#define SHOW_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_PIECE_MAX = 512 /* of text_add; a buffer must be larger */ };

struct text {
	char *bytes;
	size_t size, used;
	/* Take all of it; 0 or -errno. NULL: what does not fit is cut off. */
	int (*flush)(void *user, const char *bytes, size_t length);
	void *user;
	int failure; /* of the first flush that failed: nothing is put together after it */
};

/* Format at most TEXT_PIECE_MAX bytes. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_put(struct text *text, const char *bytes, size_t length);
void text_word(struct text *text, const char *word);
/* Bytes of the world: what is not printable ASCII, and the backslash, becomes \xNN. */
void text_foreign(struct text *text, const char *bytes, size_t length);
/* The same within a JSON string, without its quotes. */
void text_foreign_json(struct text *text, const char *bytes, size_t length);
/* Hand on what there is. 0 or the failure. */
int text_flush(struct text *text);

#endif
