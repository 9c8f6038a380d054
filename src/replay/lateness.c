/* SPDX-License-Identifier: Apache-2.0 */
#include "lateness.h"

/* Below 16 each value has a bin of its own; above, the four bits after the first one. */
static unsigned int lateness_bin(uint64_t value)
{
	unsigned int power;

	if (value < LATENESS_STEPS)
		return (unsigned int)value;
	power = 63 - (unsigned int)__builtin_clzll(value);
	return (power - 3) * LATENESS_STEPS + (unsigned int)(value >> (power - 4) & 15);
}

/* The smallest value of a bin. */
static uint64_t lateness_value(unsigned int bin)
{
	unsigned int power = bin / LATENESS_STEPS + 3;

	if (bin < LATENESS_STEPS)
		return bin;
	return (LATENESS_STEPS + (uint64_t)(bin % LATENESS_STEPS)) << (power - 4);
}

void lateness_note(struct lateness *lateness, uint64_t late_ns, uint64_t frames)
{
	lateness->bins[lateness_bin(late_ns)] += frames;
	lateness->count += frames;
	if (frames && late_ns > lateness->max_ns)
		lateness->max_ns = late_ns;
}

uint64_t lateness_percentile_ns(const struct lateness *lateness, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)lateness->count);
	uint64_t seen = 0;

	for (unsigned int bin = 0; bin < LATENESS_BINS; bin++) {
		seen += lateness->bins[bin];
		if (seen && seen >= wanted)
			return lateness_value(bin);
	}
	return lateness->max_ns;
}
