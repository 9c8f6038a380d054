/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that BPF programs stamp packets with, and its distance from Unix time. */
#ifndef SOURCE_PROGRAM_CLOCK_H
#define SOURCE_PROGRAM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Now, on CLOCK_TAI or else CLOCK_MONOTONIC; *to_unix_ns is what has to be
 * added for Unix time. TAI differs by whole seconds; the monotonic clock's
 * distance changes when the clock is set, so ask once a batch.
 */
uint64_t program_clock_ns(bool has_tai, int64_t *to_unix_ns);

#endif
