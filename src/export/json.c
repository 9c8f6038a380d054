/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records as JSON lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "kinds.h"
#include "output.h"
#include "text.h"

struct json {
	struct weir_export target; /* first: the set's view */
	struct output output;
	struct field_list fields;
};

static int json_write(struct weir_export *target, const struct weir_flow_record *record)
{
	struct json *json = (struct json *)target;
	char *start = output_room(&json->output), *at = start;

	for (uint32_t i = 0; i < json->fields.count; i++) {
		const struct field *field = json->fields.field[i];
		bool string = field_is_string(field);

		if (!field_is_there(field, record))
			continue;
		*at = at == start ? '{' : ',';
		at++;
		*at++ = '"';
		at = text_word(at, field->name);
		*at++ = '"';
		*at++ = ':';
		if (string)
			*at++ = '"';
		at = field_put(at, field, &json->fields.context, record);
		if (string)
			*at++ = '"';
	}
	*at++ = '}';
	*at++ = '\n';
	return output_take(&json->output, at, target->row, &target->failure);
}

static int json_tick(struct weir_export *target, uint64_t now_ns)
{
	return output_flush(&((struct json *)target)->output, target->row, &target->failure);
}

static int json_finish(struct weir_export *target)
{
	return json_tick(target, 0);
}

static void json_close(struct weir_export *target)
{
	output_close(&((struct json *)target)->output);
	free(target);
}

static const struct weir_export_ops json_ops = {
	.name = "json",
	.write = json_write,
	.tick = json_tick,
	.finish = json_finish,
	.close = json_close,
};

int json_open(const char *target, const struct weir_export_settings *settings,
	      struct weir_export **out, struct weir_error *error)
{
	struct json *json = calloc(1, sizeof(*json));
	int rc;

	if (!json)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = output_open(&json->output, target, settings->privilege, error);
	if (rc < 0) {
		free(json);
		return rc;
	}
	field_list_init(&json->fields, settings);
	json->target.ops = &json_ops;
	*out = &json->target;
	return 0;
}
