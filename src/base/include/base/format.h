/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them, and names as JSON takes them. */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_BYTES = 32 };

/* "1,234,567" into 'text', which is returned. */
const char *format_count(uint64_t value, char text[FORMAT_BYTES]);
/* "12.3 M", "450", "1.20 G": three digits and a decimal prefix. */
const char *format_rate(double value, char text[FORMAT_BYTES]);
/* Local time of day, "12:00:03.250". */
const char *format_time_of_day(uint64_t unix_ns, char text[FORMAT_BYTES]);
/*
 * 'name' as UTF-8, which JSON has to be: itself if it is, else made in 'text'
 * of its bytes as ISO 8859-1, cut where there is no more room.
 */
const char *format_utf8(const char *name, char *text, size_t size);

#endif
