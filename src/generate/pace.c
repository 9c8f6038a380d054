/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/pace.h"

#include "base/clock.h"

enum { PACE_BURSTS_PER_S = 2000 };

/* 128 bits: a terabit a second over an hour is 3.6e15 bits, times 1e9. */
static uint64_t pace_time_ns(uint64_t units, uint64_t rate)
{
	return (uint64_t)((unsigned __int128)units * CLOCK_NS_PER_S / rate);
}

struct pace pace_start(uint64_t rate, uint64_t now_ns)
{
	return (struct pace){.rate = rate, .start_ns = now_ns, .last_ns = now_ns};
}

uint64_t pace_due_ns(const struct pace *pace)
{
	uint64_t scheduled, catching_up;

	if (!pace->rate)
		return 0;
	scheduled = pace->start_ns + pace_time_ns(pace->spent, pace->rate);
	catching_up = pace->last_ns + pace_time_ns(pace->last_units, pace->rate) * 4 / 5;
	return scheduled > catching_up ? scheduled : catching_up;
}

void pace_spend(struct pace *pace, uint64_t units, uint64_t now_ns)
{
	pace->spent += units;
	pace->last_units = units;
	pace->last_ns = now_ns;
}

uint32_t pace_burst(uint64_t rate, uint64_t frame_units, uint32_t limit)
{
	uint64_t frames = rate / (frame_units * PACE_BURSTS_PER_S);

	if (!rate || frames > limit)
		return limit;
	return frames ? (uint32_t)frames : 1;
}
