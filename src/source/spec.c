/* SPDX-License-Identifier: Apache-2.0 */
#include "source/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

static unsigned int spec_count(const struct spec_option *options)
{
	unsigned int count = 0;

	while (options[count].name)
		count++;
	return count;
}

static int spec_unknown(const char *key, const struct spec_option *options,
			struct weir_error *error)
{
	char known[256] = "";
	const char *near =
		parse_nearest(key, &options->name, spec_count(options), sizeof(*options));

	if (near)
		return weir_error_set(error, -EINVAL, "unknown option '%s'; did you mean '%s'?",
				      key, near);
	for (const struct spec_option *o = options; o->name; o++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s", o->name);
	return weir_error_set(error, -EINVAL, "unknown option '%s'; there are:%s", key,
			      *known ? known : " none");
}

static int spec_word(const struct spec_option *option, const char *value, struct weir_error *error)
{
	char words[256] = "";

	for (uint64_t i = 0; i < SPEC_WORDS_MAX && option->words[i]; i++) {
		if (!strcmp(option->words[i], value)) {
			*option->value = i;
			return 0;
		}
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 *words ? ", " : "", option->words[i]);
	}
	return weir_error_set(error, -EINVAL, "option '%s=%s': it takes one of %s", option->name,
			      value, words);
}

static int spec_text(const struct spec_option *option, const char *value, struct weir_error *error)
{
	if (!*value || strlen(value) >= SPEC_VALUE_BYTES)
		return weir_error_set(error, -EINVAL, "option '%s' takes 1 to %d characters",
				      option->name, SPEC_VALUE_BYTES - 1);
	strcpy(option->text, value);
	return 0;
}

static int spec_set(const struct spec_option *option, const char *value, struct weir_error *error)
{
	uint64_t number = 0;
	int rc;

	if (option->type == SPEC_WORD)
		return spec_word(option, value, error);
	if (option->type == SPEC_TEXT)
		return spec_text(option, value, error);
	if (option->type == SPEC_NUMBER)
		rc = parse_u64(value, UINT64_MAX, &number);
	else if (option->type == SPEC_SIZE)
		rc = parse_size(value, 1, &number);
	else
		rc = parse_duration_ns(value, &number);
	if (rc < 0)
		return weir_error_set(error, -EINVAL, "option '%s=%s' is not a %s", option->name,
				      value,
				      option->type == SPEC_NUMBER ? "number"
				      : option->type == SPEC_SIZE ? "size such as 512KiB"
								  : "duration such as 10ms");
	if (number < option->min || number > option->max)
		return weir_error_set(error, -EINVAL,
				      "option '%s=%s' is not between %" PRIu64 " and %" PRIu64,
				      option->name, value, option->min, option->max);
	*option->value = number;
	return 0;
}

static int spec_pair(char *pair, const struct spec_option *options, struct weir_error *error)
{
	char *equals = strchr(pair, '=');

	if (equals)
		*equals = '\0';
	for (const struct spec_option *o = options; o->name; o++)
		if (!strcmp(o->name, pair))
			return equals ? spec_set(o, equals + 1, error)
				      : weir_error_set(error, -EINVAL,
						       "option '%s' needs a value: %s=...", pair,
						       pair);
	return spec_unknown(pair, options, error);
}

int spec_parse(const char *subject, char name[SPEC_NAME_BYTES], const struct spec_option *options,
	       struct weir_error *error)
{
	char copy[SPEC_NAME_BYTES + 512];
	char *rest = copy, *pair;
	int rc;

	if (strlen(subject) >= sizeof(copy))
		return weir_error_set(error, -ENAMETOOLONG, "the name is too long");
	strcpy(copy, subject);
	pair = strsep(&rest, ",");
	if (strlen(pair) >= SPEC_NAME_BYTES)
		return weir_error_set(error, -ENAMETOOLONG, "the name is too long");
	strcpy(name, pair);
	while ((pair = strsep(&rest, ","))) {
		rc = spec_pair(pair, options, error);
		if (rc < 0)
			return rc;
	}
	return 0;
}
