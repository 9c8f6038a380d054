/* SPDX-License-Identifier: Apache-2.0 */
/* The export that keeps nothing: for counting and for benchmarks. */
#include <errno.h>
#include <stdlib.h>

#include "kinds.h"

static int null_write(struct weir_export *target, const struct weir_flow_record *record)
{
	if (target->row)
		weir_cell_add(&target->row->out, 1);
	return 0;
}

static void null_close(struct weir_export *target)
{
	free(target);
}

static const struct weir_export_ops null_ops = {
	.name = "null",
	.write = null_write,
	.close = null_close,
};

int null_open(const char *target, const struct weir_export_settings *settings,
	      struct weir_export **out, struct weir_error *error)
{
	struct weir_export *made = calloc(1, sizeof(*made));

	if (!made)
		return weir_error_set(error, -ENOMEM, "out of memory");
	made->ops = &null_ops;
	*out = made;
	return 0;
}
