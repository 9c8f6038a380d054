/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simplest sink: it takes every packet and keeps none. What there is to
 * know of them, the ledger's account has counted already.
 */
#include "weir/sink.h"

#include <errno.h>
#include <stdlib.h>

static int count_consume(struct weir_sink *sink, struct weir_row *row,
			 const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	weir_cell_add(&row->out, batch->count);
	return 0;
}

static void count_close(struct weir_sink *sink)
{
	free(sink);
}

static const struct weir_sink_ops count_ops = {
	.name = "count",
	.needs = WEIR_DECODE_NONE,
	.takes_parts_of_flows = true,
	.consume = count_consume,
	.close = count_close,
};

int weir_sink_open_count(struct weir_sink **out)
{
	struct weir_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return -ENOMEM;
	sink->ops = &count_ops;
	*out = sink;
	return 0;
}
