/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes and durations as users write them; and what they may have meant. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdint.h>

/* A decimal number; 0, -EINVAL (not a number, something behind it), -ERANGE (above 'max'). */
int parse_u64(const char *text, uint64_t max, uint64_t *out);
/*
 * A size in bytes: a number (a fraction is fine) with KiB, MiB, GiB, TiB (or
 * K, M, G, T: the same), kB, MB, GB (powers of ten), B, or nothing: then in
 * units of 'bare_unit'. 0, -EINVAL, -ERANGE.
 */
int parse_size(const char *text, uint64_t bare_unit, uint64_t *out);
/* A duration: a number (a fraction is fine) with ns, us, ms, s, min or m, h, d; bare: seconds. */
int parse_duration_ns(const char *text, uint64_t *out);
/*
 * "2026-11-27", "2026-11-27 09:30", "2026-11-27T09:30:05.25" of local time, with
 * a Z behind it of UTC; or seconds of Unix time, "1795771805.25": its ns.
 */
int parse_time_ns(const char *text, uint64_t *out);
/*
 * The word of 'words' (count, in memory 'stride' bytes apart, each a char
 * pointer) nearest to 'text', or NULL when none is near enough to be meant.
 */
const char *parse_nearest(const char *text, const void *words, unsigned int count,
			  unsigned int stride);

#endif
