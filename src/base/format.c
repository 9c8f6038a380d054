/* SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

const char *format_count(uint64_t value, char text[FORMAT_BYTES])
{
	char digits[FORMAT_BYTES];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *to = text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *format_rate(double value, char text[FORMAT_BYTES])
{
	static const char *const prefixes[] = {"", " k", " M", " G", " T"};
	unsigned int p = 0;

	while (value >= 999.5 && p + 1 < sizeof(prefixes) / sizeof(*prefixes)) {
		value /= 1000;
		p++;
	}
	snprintf(text, FORMAT_BYTES, "%.*f%s",
		 p == 0 || value >= 99.95 ? 0
		 : value >= 9.995         ? 1
					  : 2,
		 value, prefixes[p]);
	return text;
}

const char *format_time_of_day(uint64_t unix_ns, char text[FORMAT_BYTES])
{
	time_t seconds = (time_t)(unix_ns / CLOCK_NS_PER_S);
	struct tm local;
	size_t used;

	localtime_r(&seconds, &local);
	used = strftime(text, FORMAT_BYTES, "%H:%M:%S", &local);
	snprintf(text + used, FORMAT_BYTES - used, ".%03u",
		 (unsigned int)(unix_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
	return text;
}

/* Bytes of the character at 'at'; 0 when it is none. The table of RFC 3629, section 4. */
static size_t format_utf8_length(const uint8_t *at)
{
	static const struct {
		uint8_t first, last, second_low, second_high, bytes;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (*at < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t bytes = 2;

		if (*at < forms[i].first || *at > forms[i].last)
			continue;
		if (at[1] < forms[i].second_low || at[1] > forms[i].second_high)
			return 0;
		while (bytes < forms[i].bytes && at[bytes] >> 6 == 2)
			bytes++;
		return bytes == forms[i].bytes ? bytes : 0;
	}
	return 0;
}

static bool format_is_utf8(const uint8_t *name)
{
	size_t length;

	for (; *name; name += length) {
		length = format_utf8_length(name);
		if (!length)
			return false;
	}
	return true;
}

const char *format_utf8(const char *name, char *text, size_t size)
{
	const uint8_t *from = (const uint8_t *)name;
	size_t used = 0;

	if (format_is_utf8(from))
		return name;
	for (; *from && used + 2 < size; from++) {
		if (*from >= 0x80)
			text[used++] = (char)(0xc0 | *from >> 6);
		text[used++] = (char)(*from >= 0x80 ? 0x80 | (*from & 0x3f) : *from);
	}
	text[used] = '\0';
	return text;
}
