/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How late frames were, as a histogram: 16 steps to each power of two, so that
 * a percentile is known to within 7 % without keeping each value.
 */
#ifndef REPLAY_LATENESS_H
#define REPLAY_LATENESS_H

#include <stdint.h>

enum { LATENESS_STEPS = 16, LATENESS_BINS = 64 * LATENESS_STEPS };

struct lateness {
	uint64_t bins[LATENESS_BINS];
	uint64_t count, max_ns;
};

void lateness_note(struct lateness *lateness, uint64_t late_ns, uint64_t frames);
/* The lateness that 'part' (0 to 1) of the frames did not exceed. */
uint64_t lateness_percentile_ns(const struct lateness *lateness, double part);

#endif
