/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, in nanoseconds. Never read per packet. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_NS_PER_MS = 1000000, CLOCK_NS_PER_US = 1000 };
#define CLOCK_NS_PER_S UINT64_C(1000000000)

/* Unix time (UTC). */
uint64_t clock_unix_ns(void);
/* Monotonic time, for durations and deadlines. */
uint64_t clock_monotonic_ns(void);

#endif
