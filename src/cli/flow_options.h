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

/* With --json, standard output is one of the targets. -EINVAL: there are too many. */
int export_want_json(struct flow_options *flow, struct weir_error *error);

/* What the other side of a command makes of options of export_rows: see export_check. */
enum {
	EXPORT_WITH_TLS = 1 << 16, /* takes --tls-ca and its like */
	EXPORT_WITH_PEN = 1 << 17, /* has elements of an enterprise */
};

/*
 * Do the options of export_rows go together, and does each do something, with
 * the targets or with what else the command has (EXPORT_WITH_ bits)? -EINVAL.
 */
int export_check(const struct flow_options *flow, uint32_t with, struct weir_error *error);

#endif
