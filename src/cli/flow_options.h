/* SPDX-License-Identifier: Apache-2.0 */
/* What weir flow was asked for. */
#ifndef CLI_FLOW_OPTIONS_H
#define CLI_FLOW_OPTIONS_H

#include "capture.h"
#include "flow_live.h"
#include "weir/export.h"
#include "weir/flow.h"

struct flow_options {
	struct capture_options capture; /* first: the common options */
	struct weir_flow_settings meter;
	struct weir_export_settings output;
	const char *field_names[WEIR_EXPORT_FIELDS_MAX];
	const char *targets[WEIR_EXPORTS_MAX];
	uint32_t target_count;
	uint32_t path_count;                     /* of them that are files */
	struct weir_flow_expression *expression; /* of --records */
	const char *expression_text;
	uint8_t key[WEIR_EXPORT_KEY_BYTES]; /* of --anonymise */
	struct weir_prefixes *prefixes;     /* of --prefixes; owned */
	bool live_wanted;                   /* the table of the top flows */
	struct flow_live live;
	enum weir_flow_sort sort;
};

extern const struct option_row flow_meter_rows[], flow_record_rows[], flow_live_rows[];
extern const struct option_row export_rows[];

/* Take a list of fields, field groups and presets. */
int flow_take_fields(void *options, const char *value, struct weir_error *error);
/* Take a target of -w. */
int flow_take_write(void *options, const char *value, struct weir_error *error);

/* Do the options of export_rows go together? -EINVAL. */
int export_check(const struct flow_options *flow, struct weir_error *error);

#endif
