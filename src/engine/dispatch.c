/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "packet/lane.h"

enum {
	DISPATCH_PAUSE_US = 500, /* of a reader that can wait for room: of a file */
	DISPATCH_END_PAUSE_US = 1000,
	DISPATCH_POLL_MS = 1, /* of a taker whose lanes are empty */
};

/* ---- the takers' side: a lane as a source ---- */

struct lane_source {
	struct weir_source source; /* first */
	struct lane *lane;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

static int lane_source_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct lane_source *own = (struct lane_source *)source;
	bool over = lane_is_over(own->lane);
	const struct lane_packet *record = lane_peek(own->lane);

	own->batch.count = 0;
	own->batch.has_gso = false;
	own->batch.dropped = record ? record->dropped : 0;
	while (record && own->batch.count < limit) {
		own->packets[own->batch.count++] = record->packet;
		own->batch.has_gso |= record->packet.gso_size ||
				      record->packet.flags & WEIR_PACKET_SUPER;
		lane_skip(own->lane);
		record = lane_peek(own->lane);
		if (record && record->dropped) /* begins a batch, so that its place is told */
			break;
	}
	*batch = &own->batch;
	if (own->batch.count)
		return (int)own->batch.count;
	return over ? -ENODATA : 0;
}

static void lane_source_release(struct weir_source *source, struct weir_batch *batch)
{
	lane_give_back(((struct lane_source *)source)->lane);
}

static void lane_source_close(struct weir_source *source)
{
	lane_close(((struct lane_source *)source)->lane);
	free(source);
}

static const struct weir_source_ops lane_source_ops = {
	.name = "lane",
	.next = lane_source_next,
	.release = lane_source_release,
	.close = lane_source_close,
};

static int lane_source_open(uint64_t bytes, struct weir_account *account, struct weir_row *row,
			    struct lane_source **out)
{
	struct lane_source *own = calloc(1, sizeof(*own));

	if (!own || !row || lane_open(bytes, &own->lane) < 0) {
		free(own);
		return -ENOMEM;
	}
	own->source.ops = &lane_source_ops;
	own->source.wait_fd = -1;
	own->source.poll_interval_ms = DISPATCH_POLL_MS;
	own->source.owed = UINT64_MAX;
	own->source.account = account;
	own->source.row = row;
	own->batch.packets = own->packets;
	*out = own;
	return 0;
}

/* ---- the readers' side: a sink ---- */

/* A way from a source to a taker. */
struct dispatch_way {
	struct lane *lane;    /* of the taker's source */
	struct weir_row *row; /* dispatch */
	uint64_t dropped;     /* since the last packet that went in */
};

struct dispatch_source {
	const struct weir_account *account;
	bool waits;                /* it can: a file is not lost when there is no room */
	struct dispatch_way *ways; /* one for each taker */
};

struct dispatch {
	struct weir_sink sink; /* first */
	struct worker *takers;
	uint32_t taker_count;
	uint64_t seed;
	uint64_t lane_bytes;
	bool spreads; /* where a lane is half full, others take its packets */
	struct dispatch_source *sources;
	uint32_t source_count;
	struct weir_packet sorted[WEIR_BATCH_PACKETS_MAX];
	uint8_t taker_of[WEIR_BATCH_PACKETS_MAX];
};

_Static_assert(WEIR_WORKERS_MAX <= UINT8_MAX, "taker_of");

static uint64_t dispatch_address(const uint8_t *bytes, uint64_t seed)
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return hash_mix(halves[0] ^ seed, halves[1] ^ 0x9e3779b97f4a7c15ULL);
}

/* The same for both directions, and for all fragments; what is not IP goes to the first. */
static uint8_t dispatch_taker(const struct dispatch *own, const struct weir_packet *packet,
			      const struct weir_headers *headers)
{
	const uint8_t *network = packet->bytes + headers->network_offset;
	uint32_t source, destination;
	uint64_t sum;

	if (headers->ip_version == 4) {
		memcpy(&source, network + 12, sizeof(source));
		memcpy(&destination, network + 16, sizeof(destination));
		sum = hash_mix(source ^ own->seed, 0x9e3779b97f4a7c15ULL) +
		      hash_mix(destination ^ own->seed, 0x9e3779b97f4a7c15ULL);
	} else if (headers->ip_version == 6) {
		sum = dispatch_address(network + 8, own->seed) +
		      dispatch_address(network + 24, own->seed);
	} else {
		return 0;
	}
	sum = hash_mix(sum ^ own->seed, 0xd6e8feb86659fd93ULL);
	return (uint8_t)((sum >> 32) * own->taker_count >> 32);
}

static void dispatch_put(const struct dispatch_source *source, uint32_t index,
			 struct dispatch_way *way, const struct weir_packet *packets,
			 uint32_t count)
{
	weir_cell_add(&way->row->in, count);
	for (;;) {
		uint32_t put = lane_put(way->lane, index, packets, count, way->dropped);

		if (put)
			way->dropped = 0;
		packets += put;
		count -= put;
		if (!count || !source->waits)
			break;
		usleep(DISPATCH_PAUSE_US);
	}
	if (count) {
		weir_cell_add(&way->row->dropped[WEIR_REASON_QUEUE_FULL], count);
		way->dropped += count;
	}
}

/*
 * The way to a taker; or, when that has a lane half full and sinks take parts
 * of flows, to the one with the most room: so a flow that is too heavy for
 * one is shared by all.
 */
static struct dispatch_way *dispatch_choose(const struct dispatch *own,
					    const struct dispatch_source *source, uint32_t taker,
					    uint32_t count)
{
	struct dispatch_way *best = &source->ways[taker];
	uint64_t least = own->spreads ? lane_used(best->lane) : 0;

	if (least <= own->lane_bytes / 2)
		return best;
	for (uint32_t i = 0; i < own->taker_count; i++) {
		uint64_t used = lane_used(source->ways[i].lane);

		if (used < least) {
			best = &source->ways[i];
			least = used;
		}
	}
	if (best != &source->ways[taker])
		weir_cell_add(&best->row->spread, count);
	return best;
}

static uint32_t dispatch_index(const struct dispatch *own, const struct weir_account *account)
{
	uint32_t i = 0;

	while (own->sources[i].account != account)
		i++;
	return i;
}

static int dispatch_consume(struct weir_sink *sink, struct weir_row *row,
			    const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct dispatch *own = (struct dispatch *)sink;
	uint32_t index = dispatch_index(own, row->account);
	struct dispatch_source *source = &own->sources[index];

	for (uint32_t i = 0; i < batch->count; i++)
		own->taker_of[i] = dispatch_taker(own, &batch->packets[i], &decoded->outer[i]);
	source->ways[own->taker_of[0]].dropped += batch->dropped;
	for (uint32_t taker = 0; taker < own->taker_count; taker++) {
		uint32_t count = 0;

		for (uint32_t i = 0; i < batch->count; i++)
			if (own->taker_of[i] == taker)
				own->sorted[count++] = batch->packets[i];
		if (count)
			dispatch_put(source, index, dispatch_choose(own, source, taker, count),
				     own->sorted, count);
	}
	weir_cell_add(&row->out, batch->count);
	return 0;
}

/* The takers come to their end when all lanes have: then the rows balance. */
static int dispatch_finish(struct weir_sink *sink)
{
	struct dispatch *own = (struct dispatch *)sink;

	for (uint32_t i = 0; i < own->source_count; i++)
		for (uint32_t taker = 0; taker < own->taker_count; taker++)
			lane_end(own->sources[i].ways[taker].lane);
	for (uint32_t taker = 0; taker < own->taker_count; taker++)
		/* pairs with the release at the end of worker_run */
		while (!__atomic_load_n(&own->takers[taker].done, __ATOMIC_ACQUIRE))
			usleep(DISPATCH_END_PAUSE_US);
	return 0;
}

static void dispatch_close(struct weir_sink *sink)
{
	struct dispatch *own = (struct dispatch *)sink;

	for (uint32_t i = 0; i < own->source_count; i++)
		free(own->sources[i].ways); /* the lanes are the takers' */
	free(own->sources);
	free(own);
}

static const struct weir_sink_ops dispatch_ops = {
	.name = "dispatch",
	.needs = WEIR_DECODE_OUTER,
	.consume = dispatch_consume,
	.finish = dispatch_finish,
	.close = dispatch_close,
};

int dispatch_open(struct worker *takers, uint32_t taker_count, uint64_t seed,
		  struct weir_sink **out)
{
	struct dispatch *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	own->sink.ops = &dispatch_ops;
	own->takers = takers;
	own->taker_count = taker_count;
	own->seed = seed;
	own->spreads = taker_count > 1;
	for (uint32_t i = 0; i < takers->sink_count; i++)
		own->spreads = own->spreads && takers->sinks[i]->ops->takes_parts_of_flows;
	*out = &own->sink;
	return 0;
}

static int dispatch_lead(struct dispatch *own, struct weir_ledger *ledger,
			 struct weir_account *account, uint32_t taker, uint64_t lane_bytes,
			 struct dispatch_way *way)
{
	struct worker *worker = &own->takers[taker];
	struct lane_source *source;
	char name[16];
	int rc;

	if (worker->source_count == WEIR_SOURCES_MAX)
		return -ENOSPC;
	snprintf(name, sizeof(name), "%u", taker);
	way->row = weir_ledger_row(ledger, account, WEIR_STAGE_DISPATCH, name, true);
	rc = lane_source_open(lane_bytes, account, way->row, &source);
	if (rc < 0)
		return rc;
	way->lane = source->lane;
	worker->sources[worker->source_count++] = (struct worker_source){.source = &source->source};
	return 0;
}

int dispatch_connect(struct weir_sink *sink, struct weir_ledger *ledger,
		     struct weir_account *account, uint64_t lane_bytes)
{
	struct dispatch *own = (struct dispatch *)sink;
	struct dispatch_source *sources =
		realloc(own->sources, (own->source_count + 1) * sizeof(*sources));
	struct dispatch_source *source;
	int rc = 0;

	if (!sources)
		return -ENOMEM;
	own->sources = sources;
	own->lane_bytes = lane_bytes;
	source = &sources[own->source_count];
	*source = (struct dispatch_source){
		.account = account,
		.waits = !strcmp(account->source, "file") || !strcmp(account->source, "fake"),
		.ways = calloc(own->taker_count, sizeof(*source->ways)),
	};
	if (!source->ways)
		return -ENOMEM;
	for (uint32_t taker = 0; rc == 0 && taker < own->taker_count; taker++)
		rc = dispatch_lead(own, ledger, account, taker, lane_bytes, &source->ways[taker]);
	if (rc < 0)
		free(source->ways);
	else
		own->source_count++;
	return rc;
}
