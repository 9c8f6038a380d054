/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that records: packets it takes go to a recorder, up to a limit. */
#include "weir/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "record/recorder.h"
#include "record_sink.h"

static struct record_sink *record_of(struct weir_sink *sink)
{
	return (struct record_sink *)sink;
}

static int record_attach(struct weir_sink *sink, struct weir_ledger *ledger,
			 struct weir_account *account, struct weir_row *row)
{
	return recorder_attach(record_of(sink)->recorder, ledger, account);
}

/* Take packets that stand together; count each as it is taken. */
static int record_take(struct record_sink *record, struct weir_row *row,
		       const struct weir_packet *packets, uint32_t count, uint64_t dropped)
{
	struct recorder_source *source = recorder_source_of(record->recorder, row->account);

	weir_cell_add(&row->out, count);
	return recorder_take(record->recorder, source, packets, count, dropped,
			     &record->sink.failure);
}

/* Take the packets that are wanted, passing each on as often as base/fault.h says: once. */
static int record_take_each(struct record_sink *record, struct weir_row *row,
			    const struct weir_packet *packets, uint32_t count, uint64_t dropped)
{
	uint32_t begin = 0;

	for (uint32_t i = 0; i < count; i++) {
		unsigned int copies = fault_copies("sink", &record->fault_seen);

		if (copies == 1)
			continue;
		record_take(record, row, packets + begin, i - begin + copies / 2, dropped);
		dropped = 0;
		begin = i + 1 - copies / 2;
	}
	return record_take(record, row, packets + begin, count - begin, dropped);
}

static int record_consume(struct weir_sink *sink, struct weir_row *row,
			  const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct record_sink *record = record_of(sink);
	const struct weir_packet *packets;
	uint32_t count = record_thin(record, row, batch, decoded, &packets), wanted;
	int rc;

	wanted = count < record->packets_left ? count : (uint32_t)record->packets_left;
	record->packets_left -= wanted;
	if (wanted < count)
		weir_cell_add(&row->dropped[WEIR_REASON_AFTER_STOP], count - wanted);
	rc = record_take_each(record, row, packets, wanted, batch->dropped);
	return !rc && !record->packets_left ? 1 : record_verdict(rc);
}

static int record_tick(struct weir_sink *sink, uint64_t now_ns)
{
	return record_verdict(recorder_tick(record_of(sink)->recorder, now_ns, &sink->failure));
}

static int record_finish(struct weir_sink *sink)
{
	int rc = recorder_finish(record_of(sink)->recorder, clock_unix_ns(), &sink->failure);

	return rc == -EPIPE ? 0 : rc;
}

static void record_close(struct weir_sink *sink)
{
	recorder_close(record_of(sink)->recorder);
	thin_close(&record_of(sink)->thin);
	free(sink);
}

static const struct weir_sink_ops record_ops = {
	.name = "record",
	.needs = WEIR_DECODE_NONE,
	.takes_parts_of_flows = true,
	.attach = record_attach,
	.consume = record_consume,
	.tick = record_tick,
	.finish = record_finish,
	.close = record_close,
};

int record_prepare(struct record_sink *record, const struct weir_sink_ops *ops,
		   const struct weir_record_settings *settings)
{
	record->ops = *ops;
	if (thin_wants_headers(settings))
		record->ops.needs = WEIR_DECODE_OUTER;
	if (settings->flow_bytes)
		record->ops.takes_parts_of_flows = false;
	record->sink.ops = &record->ops;
	return thin_open(&record->thin, settings);
}

void record_comment(const struct weir_record_settings *settings, char text[RECORD_COMMENT_BYTES])
{
	char thinned[128];
	const char *parts[] = {settings->comment ? settings->comment : "", thinned,
			       settings->flight.ring_bytes ? "only packets around triggers" : ""};
	size_t used = 0;

	thin_describe(settings, thinned, sizeof(thinned));
	*text = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && used < RECORD_COMMENT_BYTES; i++)
		if (*parts[i])
			used += (size_t)snprintf(text + used, RECORD_COMMENT_BYTES - used, "%s%s",
						 used ? "; " : "", parts[i]);
}

uint32_t record_thin(struct record_sink *record, struct weir_row *row,
		     const struct weir_batch *batch, const struct weir_decoded *decoded,
		     const struct weir_packet **packets)
{
	uint32_t count, cut_off;

	*packets = batch->packets;
	if (!thin_wanted(&record->thin))
		return batch->count;
	count = thin_batch(&record->thin, batch, decoded ? decoded->outer : NULL, &cut_off);
	*packets = record->thin.chosen;
	weir_cell_add(&row->dropped[WEIR_REASON_LIMIT], cut_off);
	weir_cell_add(&row->dropped[WEIR_REASON_SAMPLED], batch->count - count - cut_off);
	return count;
}

int weir_sink_open_record(const struct weir_record_settings *settings,
			  const struct weir_interfaces *interfaces, struct weir_sink **out,
			  struct weir_error *error)
{
	struct record_sink *record = calloc(1, sizeof(*record));
	struct weir_record_settings told = *settings;
	char comment[RECORD_COMMENT_BYTES];
	int rc;

	if (!record)
		return weir_error_set(error, -ENOMEM, "no memory for a sink");
	record_comment(settings, comment);
	told.comment = comment;
	rc = record_prepare(record, &record_ops, settings);
	if (rc < 0)
		weir_error_set(error, rc, "no memory for a sink");
	else
		rc = recorder_open(&told, interfaces, &record->recorder, error);
	if (rc) {
		thin_close(&record->thin);
		free(record);
		return rc;
	}
	record->packets_left = settings->packets_max ? settings->packets_max : UINT64_MAX;
	*out = &record->sink;
	return 0;
}

const char *weir_sink_record_writer(const struct weir_sink *sink)
{
	return recorder_describe(((const struct record_sink *)sink)->recorder);
}

int weir_sink_record_rotate(struct weir_sink *sink)
{
	return recorder_rotate(record_of(sink)->recorder);
}

uint64_t weir_sink_record_shortened(const struct weir_sink *sink)
{
	return recorder_shortened(((const struct record_sink *)sink)->recorder);
}

void weir_sink_record_trigger(struct weir_sink *sink)
{
	recorder_trigger(record_of(sink)->recorder);
}

void weir_sink_record_flown(const struct weir_sink *sink, struct weir_record_flown *out)
{
	recorder_flown(((const struct record_sink *)sink)->recorder, out);
}
