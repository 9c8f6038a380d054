/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { PARSE_WORD_MAX = 64 };

struct parse_unit {
	const char *name;
	double factor;
};

int parse_u64(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long value;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

/* A number and a unit out of 'units' (ended by a NULL name). */
static int parse_with_unit(const char *text, const struct parse_unit *units, double bare,
			   uint64_t *out)
{
	char *end;
	double value;
	double factor = bare;

	if (!isdigit((unsigned char)*text) ||
	    (text[0] == '0' && tolower((unsigned char)text[1]) == 'x'))
		return -EINVAL;
	value = strtod(text, &end);
	if (*end) {
		for (; units->name && strcasecmp(units->name, end); units++)
			;
		if (!units->name)
			return -EINVAL;
		factor = units->factor;
	}
	value *= factor;
	if (!isfinite(value) || value > 9e18)
		return -ERANGE;
	*out = (uint64_t)(value + 0.5);
	return 0;
}

int parse_size(const char *text, uint64_t bare_unit, uint64_t *out)
{
	static const struct parse_unit units[] = {
		{"B", 1},
		{"KiB", 1024},
		{"K", 1024},
		{"MiB", 1048576},
		{"M", 1048576},
		{"GiB", 1073741824},
		{"G", 1073741824},
		{"TiB", 1099511627776.0},
		{"T", 1099511627776.0},
		{"kB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"TB", 1e12},
		{NULL, 0},
	};

	return parse_with_unit(text, units, (double)bare_unit, out);
}

int parse_duration_ns(const char *text, uint64_t *out)
{
	static const struct parse_unit units[] = {
		{"ns", 1},   {"us", 1e3},   {"ms", 1e6},    {"s", 1e9}, {"min", 60e9},
		{"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {NULL, 0},
	};

	return parse_with_unit(text, units, 1e9, out);
}

/* ".25", up to nine digits, as ns; returns where it ends. */
static const char *parse_fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = 100000000;

	*ns = 0;
	if (*text != '.' || !isdigit((unsigned char)text[1]))
		return text;
	for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
		*ns += unit * (uint64_t)(*text - '0');
	return text;
}

static int parse_unix_time(const char *text, uint64_t *seconds, uint64_t *ns)
{
	char *end;

	errno = 0;
	*seconds = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	return *parse_fraction(end, ns) ? -EINVAL : 0;
}

/* A date, and a time of day if there is one. */
static int parse_date(const char *text, uint64_t *seconds, uint64_t *ns)
{
	struct tm when = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y-%m-%d", &when);
	time_t time;
	bool utc;

	*ns = 0;
	if (end && (*end == 'T' || *end == ' ')) {
		text = end + 1;
		end = strptime(text, "%H:%M:%S", &when);
		if (end)
			end = parse_fraction(end, ns);
		else
			end = strptime(text, "%H:%M", &when);
	}
	utc = end && *end == 'Z';
	if (!end || end[utc])
		return -EINVAL;
	time = utc ? timegm(&when) : mktime(&when);
	if (time < 0)
		return -ERANGE;
	*seconds = (uint64_t)time;
	return 0;
}

int parse_time_ns(const char *text, uint64_t *out)
{
	uint64_t seconds, ns;
	size_t digits = strspn(text, "0123456789");
	int rc;

	if (!digits)
		return -EINVAL;
	rc = text[digits] == '-' ? parse_date(text, &seconds, &ns)
				 : parse_unix_time(text, &seconds, &ns);
	if (!rc && seconds > UINT64_MAX / CLOCK_NS_PER_S - 1)
		return -ERANGE;
	if (!rc)
		*out = seconds * CLOCK_NS_PER_S + ns;
	return rc;
}

/* Edit distance of two short words; swapped neighbours count as one. */
static unsigned int parse_distance(const char *a, const char *b)
{
	unsigned int rows[3][PARSE_WORD_MAX + 1];
	size_t a_length = strnlen(a, PARSE_WORD_MAX), b_length = strnlen(b, PARSE_WORD_MAX);

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *now = rows[i % 3], *last = rows[(i + 2) % 3],
			     *before = rows[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned int best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[a_length % 3][b_length];
}

const char *parse_nearest(const char *text, const void *words, unsigned int count,
			  unsigned int stride)
{
	unsigned int nearest = (unsigned int)strlen(text) / 3 + 2; /* farther is a guess */
	const char *found = NULL;

	for (unsigned int i = 0; i < count; i++) {
		const char *word = *(const char *const *)((const char *)words + (size_t)i * stride);
		unsigned int distance;

		if (!word)
			continue;
		distance = parse_distance(text, word);
		if (distance < nearest) {
			nearest = distance;
			found = word;
		}
	}
	return found;
}
