/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { TOP_STEPS = 8 /* ticks of 100 ms: a pass is done in less than a second */ };

struct flow_top {
	enum weir_flow_sort sort;
	uint64_t position;  /* of weir_flow_visit */
	uint64_t now_ns;    /* of this pass */
	uint64_t before_ns; /* of the pass before, 0 = none */
	uint32_t count, last_count;
	struct weir_flow_top heap[WEIR_FLOW_TOP_MAX]; /* this pass; the least of them at 0 */
	struct weir_flow_top last[WEIR_FLOW_TOP_MAX]; /* the pass before, best first */
};

int flow_top_open(enum weir_flow_sort sort, struct flow_top **out)
{
	struct flow_top *top = calloc(1, sizeof(*top));

	if (!top)
		return -ENOMEM;
	top->sort = sort;
	*out = top;
	return 0;
}

void flow_top_close(struct flow_top *top)
{
	free(top);
}

static bool top_is_same(const struct weir_flow_record *a, const struct weir_flow_record *b)
{
	return a->first_ns == b->first_ns && a->source_port == b->source_port &&
	       a->destination_port == b->destination_port && a->protocol == b->protocol &&
	       !memcmp(a->source_address, b->source_address, sizeof(a->source_address)) &&
	       !memcmp(a->destination_address, b->destination_address,
		       sizeof(a->destination_address));
}

static uint64_t top_packets(const struct weir_flow_record *record)
{
	return record->forward.packets + record->reverse.packets;
}

static uint64_t top_bytes(const struct weir_flow_record *record)
{
	return record->forward.bytes + record->reverse.bytes;
}

/* Since when, and from which counts on, a flow's rate is told. */
static void top_rate(const struct flow_top *top, struct weir_flow_top *entry)
{
	const struct weir_flow_record *record = &entry->record;
	uint64_t since_ns = record->first_ns, packets = 0, bytes = 0;
	double seconds;

	for (uint32_t i = 0; i < top->last_count; i++) {
		if (!top_is_same(&top->last[i].record, record))
			continue;
		since_ns = top->before_ns;
		packets = top_packets(&top->last[i].record);
		bytes = top_bytes(&top->last[i].record);
		break;
	}
	seconds = top->now_ns > since_ns ? (double)(top->now_ns - since_ns) / CLOCK_NS_PER_S : 0;
	if (seconds < 0.1)
		seconds = 0.1; /* a flow of one packet has no rate worth showing */
	entry->packets_per_s = (double)(top_packets(record) - packets) / seconds;
	entry->bits_per_s = 8 * (double)(top_bytes(record) - bytes) / seconds;
}

double flow_top_score(enum weir_flow_sort sort, const struct weir_flow_top *entry)
{
	switch (sort) {
	case WEIR_FLOW_SORT_RATE:
		return entry->bits_per_s;
	case WEIR_FLOW_SORT_PACKETS:
		return (double)top_packets(&entry->record);
	case WEIR_FLOW_SORT_BYTES:
		return (double)top_bytes(&entry->record);
	case WEIR_FLOW_SORT_AGE:
		return -(double)entry->record.first_ns;
	}
	return 0;
}

static double top_score(const struct flow_top *top, const struct weir_flow_top *entry)
{
	return flow_top_score(top->sort, entry);
}

static void top_swap(struct flow_top *top, uint32_t a, uint32_t b)
{
	struct weir_flow_top kept = top->heap[a];

	top->heap[a] = top->heap[b];
	top->heap[b] = kept;
}

static bool top_is_less(const struct flow_top *top, uint32_t a, uint32_t b)
{
	return top_score(top, &top->heap[a]) < top_score(top, &top->heap[b]);
}

static void top_sift_down(struct flow_top *top, uint32_t at, uint32_t count)
{
	for (;;) {
		uint32_t least = at, left = 2 * at + 1, right = left + 1;

		if (left < count && top_is_less(top, left, least))
			least = left;
		if (right < count && top_is_less(top, right, least))
			least = right;
		if (least == at)
			return;
		top_swap(top, at, least);
		at = least;
	}
}

static void top_sift_up(struct flow_top *top, uint32_t at)
{
	for (; at && top_is_less(top, at, (at - 1) / 2); at = (at - 1) / 2)
		top_swap(top, at, (at - 1) / 2);
}

/* A flow comes by: it enters the heap if it is better than the least there. */
static void top_consider(void *user, const struct weir_flow_record *record)
{
	struct flow_top *top = user;
	struct weir_flow_top entry = {.record = *record};

	top_rate(top, &entry);
	if (top->count < WEIR_FLOW_TOP_MAX) {
		top->heap[top->count] = entry;
		top_sift_up(top, top->count++);
	} else if (top_score(top, &entry) > top_score(top, &top->heap[0])) {
		top->heap[0] = entry;
		top_sift_down(top, 0, top->count);
	}
}

/* Heap sort: taking the least to the end leaves the best in front. */
static void top_complete(struct flow_top *top)
{
	for (uint32_t count = top->count; count > 1;) {
		top_swap(top, 0, --count);
		top_sift_down(top, 0, count);
	}
	memcpy(top->last, top->heap, top->count * sizeof(*top->heap));
	for (uint32_t i = 0; i < top->count; i++) {
		struct weir_flow_record *record = &top->last[i].record;

		record->times = NULL; /* groups live in the table only */
		record->ip = NULL;
		record->tcp = NULL;
		record->origin = NULL;
		record->histogram = NULL;
		record->first = NULL;
		record->first_count = 0;
	}
	top->last_count = top->count;
	top->before_ns = top->now_ns;
	top->count = 0;
	top->position = 0;
}

bool flow_top_step(struct flow_top *top, struct weir_flow *flow, uint64_t now_ns)
{
	if (!top->position)
		top->now_ns = now_ns;
	if (weir_flow_visit(flow, &top->position, weir_flow_slots(flow) / TOP_STEPS + 1,
			    top_consider, top))
		return false;
	top_complete(top);
	return true;
}

const struct weir_flow_top *flow_top_entries(const struct flow_top *top, uint32_t *count)
{
	*count = top->last_count;
	return top->last;
}
