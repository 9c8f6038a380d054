/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of several workers that record into one file, in the order of time. */
#include <errno.h>
#include <stdlib.h>

#include "record/merge.h"
#include "record_sink.h"
#include "weir/record.h"

/* What the sinks share; goes with the last of them. */
struct merged_group {
	struct recorder *recorder;
	struct merge *merge;
	uint32_t sinks;
};

struct merged_sink {
	struct record_sink record; /* first */
	struct merged_group *group;
	uint32_t worker;
};

static struct merged_sink *merged_of(struct weir_sink *sink)
{
	return (struct merged_sink *)sink;
}

static int merged_attach(struct weir_sink *sink, struct weir_ledger *ledger,
			 struct weir_account *account, struct weir_row *row)
{
	struct merged_sink *own = merged_of(sink);

	return merge_attach(own->group->merge, own->worker, ledger, account);
}

static int merged_consume(struct weir_sink *sink, struct weir_row *row,
			  const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct merged_sink *own = merged_of(sink);
	const struct weir_packet *packets;
	uint32_t count = record_thin(&own->record, row, batch, decoded, &packets);

	weir_cell_add(&row->out, count);
	return record_verdict(merge_take(own->group->merge, own->worker, row->account, packets,
					 count, batch->dropped, &sink->failure));
}

static int merged_tick(struct weir_sink *sink, uint64_t now_ns)
{
	return record_verdict(merge_check(merged_of(sink)->group->merge, &sink->failure));
}

static void merged_idle(struct weir_sink *sink, uint64_t asked_ns)
{
	merge_idle(merged_of(sink)->group->merge, merged_of(sink)->worker, asked_ns);
}

static int merged_finish(struct weir_sink *sink)
{
	struct merged_sink *own = merged_of(sink);
	int rc = merge_finish(own->group->merge, own->worker, &sink->failure);

	return rc == -EPIPE ? 0 : rc;
}

static void merged_leave(struct merged_group *group)
{
	if (--group->sinks)
		return;
	merge_close(group->merge);
	recorder_close(group->recorder);
	free(group);
}

static void merged_close(struct weir_sink *sink)
{
	merged_leave(merged_of(sink)->group);
	thin_close(&merged_of(sink)->record.thin);
	free(sink);
}

static const struct weir_sink_ops merged_ops = {
	.name = "record",
	.needs = WEIR_DECODE_NONE,
	.takes_parts_of_flows = true,
	.attach = merged_attach,
	.consume = merged_consume,
	.tick = merged_tick,
	.idle = merged_idle,
	.finish = merged_finish,
	.close = merged_close,
};

/* Of a group that was not completed. */
static void merged_free_sinks(struct weir_sink **sinks, uint32_t count)
{
	while (count) {
		thin_close(&merged_of(sinks[--count])->record.thin);
		free(sinks[count]);
	}
}

static int merged_make_sinks(struct merged_group *group,
			     const struct weir_record_settings *settings, uint32_t count,
			     struct weir_sink **out)
{
	for (uint32_t i = 0; i < count; i++) {
		struct merged_sink *own = calloc(1, sizeof(*own));

		if (!own || record_prepare(&own->record, &merged_ops, settings) < 0) {
			free(own);
			merged_free_sinks(out, i);
			return -ENOMEM;
		}
		own->record.recorder = group->recorder;
		own->group = group;
		own->worker = i;
		out[i] = &own->record.sink;
	}
	group->sinks = count;
	return 0;
}

int weir_sink_open_record_merged(const struct weir_record_settings *settings,
				 const struct weir_interfaces *interfaces, uint32_t workers,
				 uint64_t delay_ns, struct weir_sink **out,
				 struct weir_error *error)
{
	struct merged_group *group = calloc(1, sizeof(*group));
	struct weir_record_settings told = *settings;
	char comment[RECORD_COMMENT_BYTES];
	int rc;

	if (!group)
		return weir_error_set(error, -ENOMEM, "no memory for a sink");
	record_comment(settings, comment);
	told.comment = comment;
	rc = recorder_open(&told, interfaces, &group->recorder, error);
	if (rc) {
		free(group);
		return rc;
	}
	rc = merge_open(group->recorder, workers, delay_ns, &group->merge);
	if (rc == 0)
		rc = merged_make_sinks(group, settings, workers, out);
	if (rc == 0)
		return 0;
	group->sinks = 1;
	merged_leave(group);
	return weir_error_set(error, rc, "no memory to merge what %u workers record", workers);
}
