/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture file's clock: units of 10^-n or 2^-n s, perhaps with an offset,
 * as if_tsresol and if_tsoffset of pcapng say, turned into Unix nanoseconds.
 * What does not fit (before 1970, after 2554) stops at the nearest end.
 */
#ifndef SOURCE_READER_CLOCK_H
#define SOURCE_READER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct reader_clock {
	uint64_t multiplier; /* ns = units * multiplier / divisor (decimal clocks) */
	uint64_t divisor;    /* 0: a unit is less than 2^-64 ns */
	int64_t offset_s;
	uint8_t binary_digits; /* of 2^-n clocks */
	bool binary;
	bool plain; /* decimal, whole ns, no offset: the fast way */
};

/* 'resolution' is coded as if_tsresol: the top bit says base 2. */
struct reader_clock reader_clock_of(uint8_t resolution, int64_t offset_s);
/* Decimal digits after the second that time_ns keeps of such a clock: at most 9. */
uint8_t reader_clock_digits(uint8_t resolution);
/* Any clock; see reader_clock_ns. */
uint64_t reader_clock_convert(const struct reader_clock *clock, uint64_t units);

static inline uint64_t reader_clock_ns(const struct reader_clock *clock, uint64_t units)
{
	uint64_t time_ns;

	if (__builtin_expect(!clock->plain, 0))
		return reader_clock_convert(clock, units);
	return __builtin_mul_overflow(units, clock->multiplier, &time_ns) ? UINT64_MAX : time_ns;
}

#endif
