/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users write: numbers, sizes, durations, near words, and the options
 * behind a source's name. A value that is taken must lie where it may.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "source/spec.h"

enum { FUZZ_PARSE_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_parse_values(const char *text)
{
	static const char *const words[] = {"blocks", "block", "", "version", "time"};
	uint64_t value = 0;

	if (parse_u64(text, 1000, &value) == 0 && value > 1000)
		abort();
	parse_size(text, 1000, &value);
	parse_duration_ns(text, &value);
	parse_time_ns(text, &value);
	parse_nearest(text, words, sizeof(words) / sizeof(*words), sizeof(*words));
}

static void fuzz_parse_spec(const char *text)
{
	uint64_t number = 5, bytes = 4096, time_ns = 7, word = 1;
	const struct spec_option table[] = {
		{"number", SPEC_NUMBER, &number, 2, 9, {0}},
		{"size", SPEC_SIZE, &bytes, 4096, 1 << 20, {0}},
		{"time", SPEC_TIME, &time_ns, 1, 1000, {0}},
		{"word", SPEC_WORD, &word, 0, 0, {"one", "two", "three"}},
		{NULL, 0, NULL, 0, 0, {0}},
	};
	char name[SPEC_NAME_BYTES];
	struct weir_error error = {0};
	int rc = spec_parse(text, name, table, &error);

	if (rc < 0 && !*error.text)
		abort();
	if (rc == 0 && memchr(name, '\0', sizeof(name)) == NULL)
		abort();
	if (number < 2 || number > 9 || bytes < 4096 || bytes > 1 << 20 || time_ns < 1 ||
	    time_ns > 1000 || word > 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[FUZZ_PARSE_MAX + 1];

	if (size > FUZZ_PARSE_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_parse_values(text);
	fuzz_parse_spec(text);
	return 0;
}
