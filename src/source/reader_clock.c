/* SPDX-License-Identifier: Apache-2.0 */
#include "source/reader_clock.h"

#include "base/clock.h"

enum {
	READER_CLOCK_BINARY = 0x80, /* if_tsresol, pcapng section 4.2 */
	READER_CLOCK_NS_DIGITS = 9,
	READER_CLOCK_POWER_MAX = 19, /* 10^19 is the last that 64 bits hold */
};

static uint64_t reader_clock_power(unsigned int digits)
{
	uint64_t power = 1;

	while (digits--)
		power *= 10;
	return power;
}

struct reader_clock reader_clock_of(uint8_t resolution, int64_t offset_s)
{
	uint8_t digits = resolution & (READER_CLOCK_BINARY - 1);
	struct reader_clock clock = {.multiplier = 1, .divisor = 1, .offset_s = offset_s};

	if (resolution & READER_CLOCK_BINARY) {
		clock.binary = true;
		clock.binary_digits = digits;
		return clock;
	}
	if (digits <= READER_CLOCK_NS_DIGITS)
		clock.multiplier = reader_clock_power(READER_CLOCK_NS_DIGITS - digits);
	else if (digits - READER_CLOCK_NS_DIGITS <= READER_CLOCK_POWER_MAX)
		clock.divisor = reader_clock_power(digits - READER_CLOCK_NS_DIGITS);
	else
		clock.divisor = 0;
	clock.plain = clock.divisor == 1 && offset_s == 0;
	return clock;
}

uint8_t reader_clock_digits(uint8_t resolution)
{
	return resolution < READER_CLOCK_NS_DIGITS ? resolution : READER_CLOCK_NS_DIGITS;
}

/* Without the offset: at most (2^64 - 1) * 10^9, so 94 bits. */
static unsigned __int128 reader_clock_since_offset_ns(const struct reader_clock *clock,
						      uint64_t units)
{
	uint64_t seconds, fraction;

	if (!clock->binary)
		return clock->divisor
			       ? (unsigned __int128)units * clock->multiplier / clock->divisor
			       : 0;
	seconds = clock->binary_digits < 64 ? units >> clock->binary_digits : 0;
	fraction = clock->binary_digits < 64 ? units - (seconds << clock->binary_digits) : units;
	return (unsigned __int128)seconds * CLOCK_NS_PER_S +
	       ((unsigned __int128)fraction * CLOCK_NS_PER_S >> clock->binary_digits);
}

uint64_t reader_clock_convert(const struct reader_clock *clock, uint64_t units)
{
	__int128 time_ns = (__int128)reader_clock_since_offset_ns(clock, units) +
			   (__int128)clock->offset_s * (__int128)CLOCK_NS_PER_S;

	if (time_ns < 0)
		return 0;
	return time_ns > UINT64_MAX ? UINT64_MAX : (uint64_t)time_ns;
}
