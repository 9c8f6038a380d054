/* SPDX-License-Identifier: Apache-2.0 */
#include "base/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define NAMES_PART ".part"

static const char *names_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *names_suffix(const char *path)
{
	static const char *const compressed[] = {".gz", ".zst", ".lz4"};
	const char *base = names_base(path);
	const char *dot = strrchr(base, '.');

	if (!dot || dot == base)
		return path + strlen(path);
	for (size_t i = 0; i < sizeof(compressed) / sizeof(*compressed); i++) {
		if (strcmp(dot, compressed[i]))
			continue;
		for (const char *c = dot - 1; c > base; c--)
			if (*c == '.')
				return c;
	}
	return dot;
}

static struct tm names_local(uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / CLOCK_NS_PER_S);
	struct tm local = {};

	localtime_r(&seconds, &local);
	return local;
}

/* The template without suffix, its times filled in. */
static int names_stem(char *to, const char *template, uint64_t time_ns)
{
	struct tm local = names_local(time_ns);
	size_t length = (size_t)(names_suffix(template) - template);
	char stem[PATH_MAX];

	if (length >= sizeof(stem))
		return -ENAMETOOLONG;
	memcpy(stem, template, length);
	stem[length] = '\0';
	if (!length) {
		*to = '\0';
		return 0;
	}
	return strftime(to, PATH_MAX, stem, &local) ? 0 : -ENAMETOOLONG;
}

static int names_fits(int printed)
{
	return printed >= 0 && printed < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int names_hidden(char *to, const char *template, uint32_t number, uint64_t time_ns)
{
	char stem[PATH_MAX];
	int rc = names_stem(stem, template, time_ns);
	const char *base = names_base(stem);

	if (rc)
		return rc;
	return names_fits(snprintf(to, PATH_MAX, "%.*s.%s_%05u%s" NAMES_PART, (int)(base - stem),
				   stem, base, number, names_suffix(template)));
}

int names_complete(char *to, const char *template, uint32_t number, uint64_t time_ns, bool counted)
{
	struct tm local = names_local(time_ns);
	char stem[PATH_MAX], when[32];
	int rc = names_stem(stem, template, time_ns);

	if (rc)
		return rc;
	if (strchr(template, '%')) {
		if (!counted)
			return names_fits(
				snprintf(to, PATH_MAX, "%s%s", stem, names_suffix(template)));
		return names_fits(
			snprintf(to, PATH_MAX, "%s_%05u%s", stem, number, names_suffix(template)));
	}
	strftime(when, sizeof(when), "%Y%m%d%H%M%S", &local);
	return names_fits(
		snprintf(to, PATH_MAX, "%s_%05u_%s%s", stem, number, when, names_suffix(template)));
}

int names_recovered(char *to, const char *hidden)
{
	const char *base = names_base(hidden);
	size_t length = strlen(base), end = strlen(NAMES_PART);

	if (*base != '.' || length <= end + 1 || strcmp(base + length - end, NAMES_PART))
		return -EINVAL;
	return names_fits(snprintf(to, PATH_MAX, "%.*s%.*s", (int)(base - hidden), hidden,
				   (int)(length - end - 1), base + 1));
}
