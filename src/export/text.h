/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text, fast: each writes at 'at', without a 0, and returns its end. */
#ifndef EXPORT_TEXT_H
#define EXPORT_TEXT_H

#include <stdint.h>
#include <string.h>

enum { TEXT_NUMBER_BYTES = 20, TEXT_ADDRESS_BYTES = 46, TEXT_MAC_BYTES = 17 };

/* A word that is known to be short. */
static inline char *text_word(char *at, const char *word)
{
	size_t length = strlen(word);

	memcpy(at, word, length);
	return at + length;
}

char *text_u64(char *at, uint64_t value);
/* Nanoseconds as seconds with nine (six) digits after the point. */
char *text_seconds(char *at, uint64_t ns);
char *text_microseconds(char *at, uint64_t ns);
/* 10.0.0.1; fd00::1 (RFC 5952). */
char *text_ipv4(char *at, const uint8_t *address);
char *text_ipv6(char *at, const uint8_t *address);
/* 02:00:00:00:00:01 */
char *text_mac(char *at, const uint8_t *mac);
/*
 * At most 'max' bytes of a foreign string, with quotes, backslashes and
 * control characters as \\u00XX: fit to stand between quotes in JSON and CSV.
 */
char *text_escaped(char *at, const char *string, size_t max);

#endif
