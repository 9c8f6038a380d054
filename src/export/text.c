/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <arpa/inet.h>

static const char text_digits[] = "0123456789abcdef";

char *text_u64(char *at, uint64_t value)
{
	char reversed[TEXT_NUMBER_BYTES];
	int count = 0;

	do
		reversed[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*at++ = reversed[--count];
	return at;
}

/* 'value' with exactly 'count' digits. */
static char *text_padded(char *at, uint64_t value, int count)
{
	for (int i = count; i--; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

char *text_seconds(char *at, uint64_t ns)
{
	at = text_u64(at, ns / 1000000000);
	*at++ = '.';
	return text_padded(at, ns % 1000000000, 9);
}

char *text_microseconds(char *at, uint64_t ns)
{
	at = text_u64(at, ns / 1000000000);
	*at++ = '.';
	return text_padded(at, ns % 1000000000 / 1000, 6);
}

char *text_ipv4(char *at, const uint8_t *address)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = text_u64(at, address[i]);
	}
	return at;
}

char *text_ipv6(char *at, const uint8_t *address)
{
	char word[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, address, word, sizeof(word)); /* cannot fail: there is room */
	return text_word(at, word);
}

char *text_mac(char *at, const uint8_t *mac)
{
	for (int i = 0; i < 6; i++) {
		if (i)
			*at++ = ':';
		*at++ = text_digits[mac[i] >> 4];
		*at++ = text_digits[mac[i] & 15];
	}
	return at;
}

char *text_escaped(char *at, const char *string, size_t max)
{
	for (; *string && max; string++, max--) {
		uint8_t c = (uint8_t)*string;

		if (c < 32 || c == '"' || c == '\\') {
			at = text_word(at, "\\u00");
			*at++ = text_digits[c >> 4];
			*at++ = text_digits[c & 15];
		} else {
			*at++ = (char)c;
		}
	}
	return at;
}
