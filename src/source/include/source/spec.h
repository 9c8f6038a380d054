/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source's name behind its prefix: "eth0,blocks=64,version=3". Each kind
 * describes its options in a table; what is not in the table is an error that
 * names the nearest option.
 */
#ifndef SOURCE_SPEC_H
#define SOURCE_SPEC_H

#include <stdint.h>

#include "weir/error.h"

enum { SPEC_NAME_BYTES = 256, SPEC_VALUE_BYTES = 64, SPEC_WORDS_MAX = 8 };

enum spec_type {
	SPEC_NUMBER, /* uint64_t, within [min, max] */
	SPEC_SIZE,   /* uint64_t bytes, within [min, max] */
	SPEC_TIME,   /* uint64_t nanoseconds, within [min, max] */
	SPEC_WORD,   /* uint64_t: index into 'words' */
	SPEC_TEXT,   /* a string, into 'text' */
};

struct spec_option {
	const char *name;
	enum spec_type type;
	uint64_t *value; /* the default before, what was said after */
	uint64_t min, max;
	const char *words[SPEC_WORDS_MAX];
	char *text; /* SPEC_VALUE_BYTES */
};

/*
 * Split 'subject' into the name (up to the first comma) and options, which
 * are stored through 'options' (ended by a NULL name). -EINVAL with a
 * sentence that names the option and what it takes; -ENAMETOOLONG.
 */
int spec_parse(const char *subject, char name[SPEC_NAME_BYTES], const struct spec_option *options,
	       struct weir_error *error);

#endif
