/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records as comma-separated values (RFC 4180). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "kinds.h"
#include "output.h"
#include "text.h"

struct csv {
	struct weir_export target; /* first: the set's view */
	struct output output;
	struct field_list fields;
};

/* A value that may hold a comma or a quote stands between quotes. */
static char *csv_put(char *at, const struct csv *csv, const struct field *field,
		     const struct weir_flow_record *record)
{
	bool quoted = field->form == FIELD_WORD || field->base == FIELD_OF_HISTOGRAM ||
		      field->base == FIELD_OF_FIRST;

	if (!field_is_there(field, record))
		return at;
	if (quoted)
		*at++ = '"';
	at = field_put(at, field, &csv->fields.context, record);
	if (quoted)
		*at++ = '"';
	return at;
}

static int csv_write(struct weir_export *target, const struct weir_flow_record *record)
{
	struct csv *csv = (struct csv *)target;
	char *at = output_room(&csv->output);

	for (uint32_t i = 0; i < csv->fields.count; i++) {
		if (i)
			*at++ = ',';
		at = csv_put(at, csv, csv->fields.field[i], record);
	}
	*at++ = '\n';
	return output_take(&csv->output, at, target->row, &target->failure);
}

/* The header line is in the buffer before the first record. */
static void csv_put_header(struct csv *csv)
{
	char *at = output_room(&csv->output);

	for (uint32_t i = 0; i < csv->fields.count; i++) {
		if (i)
			*at++ = ',';
		at = text_word(at, csv->fields.field[i]->name);
	}
	*at++ = '\n';
	csv->output.used = (uint32_t)(at - csv->output.buffer);
}

static int csv_tick(struct weir_export *target, uint64_t now_ns)
{
	return output_flush(&((struct csv *)target)->output, target->row, &target->failure);
}

static int csv_finish(struct weir_export *target)
{
	return csv_tick(target, 0);
}

static void csv_close(struct weir_export *target)
{
	output_close(&((struct csv *)target)->output);
	free(target);
}

static const struct weir_export_ops csv_ops = {
	.name = "csv",
	.write = csv_write,
	.tick = csv_tick,
	.finish = csv_finish,
	.close = csv_close,
};

int csv_open(const char *target, const struct weir_export_settings *settings,
	     struct weir_export **out, struct weir_error *error)
{
	struct csv *csv = calloc(1, sizeof(*csv));
	int rc;

	if (!csv)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = output_open(&csv->output, target, settings->privilege, error);
	if (rc < 0) {
		free(csv);
		return rc;
	}
	field_list_init(&csv->fields, settings);
	csv_put_header(csv);
	csv->target.ops = &csv_ops;
	*out = &csv->target;
	return 0;
}
