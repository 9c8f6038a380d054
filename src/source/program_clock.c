/* SPDX-License-Identifier: Apache-2.0 */
#include "program_clock.h"

#include <time.h>

#include "base/clock.h"

uint64_t program_clock_ns(bool has_tai, int64_t *to_unix_ns)
{
	const int64_t second_ns = (int64_t)CLOCK_NS_PER_S;
	struct timespec now;
	uint64_t now_ns;
	int64_t difference_ns;

	clock_gettime(has_tai ? CLOCK_TAI : CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
	difference_ns = (int64_t)(clock_unix_ns() - now_ns);
	if (has_tai) { /* what is beside whole seconds is the time between the two reads */
		difference_ns += difference_ns > 0 ? second_ns / 2 : -(second_ns / 2);
		difference_ns -= difference_ns % second_ns;
	}
	*to_unix_ns = difference_ns;
	return now_ns;
}
