/* SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

#include <inttypes.h>
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
