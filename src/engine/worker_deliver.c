/* SPDX-License-Identifier: Apache-2.0 */
/* From a batch to the sinks: filter, count, decode, consume. */
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "worker_steps.h"

#ifdef WEIR_FAULTS
/* A test's fault: a copy of the batch in which a packet is missing or doubled. */
static const struct weir_batch *worker_spoil(struct worker *worker, const char *stage,
					     uint64_t *seen, const struct weir_batch *batch)
{
	static _Thread_local struct weir_packet packets[2][WEIR_BATCH_PACKETS_MAX + 2];
	static _Thread_local struct weir_batch spoiled[2];
	int own = batch == &spoiled[0]; /* the copy that the stage before made is left alone */

	spoiled[own] = *batch;
	spoiled[own].packets = packets[own];
	spoiled[own].count = 0;
	for (uint32_t i = 0; i < batch->count; i++)
		for (unsigned int n = fault_copies(stage, seen); n; n--)
			packets[own][spoiled[own].count++] = batch->packets[i];
	return &spoiled[own];
}
#else
static const struct weir_batch *worker_spoil(struct worker *worker, const char *stage,
					     uint64_t *seen, const struct weir_batch *batch)
{
	return batch;
}
#endif

/* Keep what matches, in place, and of that no more than the snaplen. */
static const struct weir_batch *worker_filter(struct worker *worker, struct worker_source *own,
					      struct weir_batch *batch)
{
	struct weir_packet *packets = batch->packets;
	const struct weir_interface *interface = NULL;
	const uint32_t cut_to = own->source->cut_to ? own->source->cut_to : UINT32_MAX;
	uint32_t known = UINT32_MAX;
	uint32_t kept = 0;
	uint64_t turned_away = 0;

	weir_cell_add(&own->filter_row->in, batch->count);
	for (uint32_t i = 0; i < batch->count; i++) {
		if (packets[i].interface != known) {
			known = packets[i].interface;
			interface = weir_interfaces_get(worker->interfaces, known);
		}
		if (!weir_filter_match(own->filter, interface->link_type, &packets[i])) {
			turned_away++;
			continue;
		}
		packets[kept] = packets[i];
		if (packets[kept].captured_len > cut_to)
			packets[kept].captured_len = cut_to;
		kept++;
	}
	batch->count = kept;
	weir_cell_add(&own->filter_row->filtered, turned_away);
	return worker_spoil(worker, "filter", &own->fault_filter, batch);
}

static void worker_count(struct weir_account *account, const struct weir_batch *batch)
{
	uint64_t bytes = 0, wire = batch->count, unknown = 0;

	for (uint32_t i = 0; i < batch->count; i++)
		bytes += batch->packets[i].wire_len;
	for (uint32_t i = 0; batch->has_gso && i < batch->count; i++) {
		uint32_t n = weir_packet_wire_count(&batch->packets[i]);

		wire += n ? n - 1 : 0;
		unknown += n == 0;
	}
	weir_cell_add(&account->frames, batch->count);
	weir_cell_add(&account->bytes, bytes);
	weir_cell_add(&account->wire, wire);
	if (unknown)
		weir_cell_add(&account->wire_unknown, unknown);
}

/* Decode as deep as the sinks ask; runs of packets of one link type go together. */
static void worker_decode(struct worker *worker, const struct weir_batch *batch)
{
	uint32_t start = 0;

	while (start < batch->count) {
		uint32_t interface = batch->packets[start].interface;
		uint32_t end = start + 1;

		while (end < batch->count && batch->packets[end].interface == interface)
			end++;
		weir_decode_outer(batch->packets + start, end - start,
				  weir_interfaces_get(worker->interfaces, interface)->link_type,
				  worker->outer + start);
		start = end;
	}
	if (worker->depth == WEIR_DECODE_INNER)
		weir_decode_inner(batch->packets, batch->count, worker->outer, worker->inner);
}

void worker_fail(struct worker *worker, int code, const struct weir_error *error)
{
	if (worker->result == 0) {
		worker->result = code;
		worker->error = *error;
	}
}

/* Nothing more is wanted, of any worker. */
void worker_end_run(struct worker *worker)
{
	uint64_t one = 1;
	ssize_t rc = write(worker->stop_fd, &one, sizeof(one));

	(void)rc; /* full means that it rings already */
	worker->unwanted = true;
	worker->stopping = !worker->is_taker; /* which goes on until its lanes are over */
}

/* A sink has answered: 0, 1 (wants to end) or an error, after which nothing more is wanted. */
void worker_heed(struct worker *worker, struct weir_sink *sink, int answer)
{
	if (answer == 0)
		return;
	if (answer < 0)
		worker_fail(worker, answer, &sink->failure);
	worker_end_run(worker);
}

/* Returns how many packets the sinks were given. */
uint32_t worker_deliver(struct worker *worker, struct worker_source *own, struct weir_batch *taken)
{
	const struct weir_decoded decoded = {
		.outer = worker->depth >= WEIR_DECODE_OUTER ? worker->outer : NULL,
		.inner = worker->depth >= WEIR_DECODE_INNER ? worker->inner : NULL,
	};
	const struct weir_batch *batch = taken;

	if (own->filter) {
		taken->dropped += own->dropped;
		batch = worker_filter(worker, own, taken);
		own->dropped = batch->count ? 0 : batch->dropped;
		weir_cell_add(&own->filter_row->out, batch->count);
	}
	if (!batch->count)
		return 0;
	if (!worker->is_taker)
		worker_count(own->source->account, batch);
	if (worker->finds_heavy)
		heavy_look(&worker->heavy, batch, worker->interfaces);
	if (worker->depth != WEIR_DECODE_NONE)
		worker_decode(worker, batch);
	for (uint32_t i = 0; i < worker->sink_count; i++) {
		struct weir_sink *sink = worker->sinks[i];

		weir_cell_add(&own->sink_rows[i]->in, batch->count);
		worker_heed(
			worker, sink,
			sink->ops->consume(sink, own->sink_rows[i],
					   worker_spoil(worker, "sink", &own->fault_sink, batch),
					   &decoded));
	}
	return batch->count;
}
