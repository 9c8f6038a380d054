/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tap's filter in the kernel, as source options: host=, port=, proto=,
 * vlan=. It looks at the outermost headers only; the filter expression is
 * applied in user space, after it.
 */
#ifndef SOURCE_TAP_MATCH_H
#define SOURCE_TAP_MATCH_H

#include "source/spec.h"
#include "tap_record.h"
#include "weir/error.h"

/* The options as they were written. */
struct tap_match_options {
	char host[SPEC_VALUE_BYTES], protocol[SPEC_VALUE_BYTES]; /* "" = not given */
	uint64_t port, vlan;                                     /* TAP_MATCH_NONE = not given */
};

#define TAP_MATCH_NONE UINT64_MAX

/* -EINVAL with a sentence. */
int tap_match_parse(const struct tap_match_options *options, struct tap_match *out,
		    struct weir_error *error);

#endif
