/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next burst may go out. The schedule is absolute, so lateness does
 * not add up; after a pause the backlog is worked off at no more than 5/4 of
 * the rate, so a pause does not end in one large burst.
 *
 * Units are frames or bits, as the rate is per second of one or the other.
 */
#ifndef GENERATE_PACE_H
#define GENERATE_PACE_H

#include <stdint.h>

struct pace {
	uint64_t rate;     /* units a second; 0 = do not wait */
	uint64_t start_ns; /* monotonic */
	uint64_t spent;    /* units since the start */
	uint64_t last_ns;  /* when the last burst went out */
	uint64_t last_units;
};

/* A schedule that starts now. */
struct pace pace_start(uint64_t rate, uint64_t now_ns);
/* The earliest time for the next burst. */
uint64_t pace_due_ns(const struct pace *pace);
/* A burst of 'units' went out at 'now_ns'. */
void pace_spend(struct pace *pace, uint64_t units, uint64_t now_ns);
/* How many frames of 'frame_units' each make half a millisecond of traffic: 1 to 'limit'. */
uint32_t pace_burst(uint64_t rate, uint64_t frame_units, uint32_t limit);

#endif
