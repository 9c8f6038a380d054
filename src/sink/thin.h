/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thinning on request before packets are recorded: one packet in N, the first
 * bytes of each flow, and of each packet the headers up to a layer. Works on
 * copies of the packets' views.
 */
#ifndef SINK_THIN_H
#define SINK_THIN_H

#include "cutoff.h"
#include "weir/record.h"

struct thin {
	enum weir_record_slice slice;
	uint32_t slice_extra_bytes;
	enum weir_record_sampling sampling;
	uint32_t interval;
	uint64_t flow_bytes;   /* of each flow; 0 = all */
	struct cutoff *cutoff; /* with flow_bytes; owned */
	uint64_t seen;         /* systematic: packets so far */
	uint64_t random;       /* state of the generator */
	struct weir_packet chosen[WEIR_BATCH_PACKETS_MAX];
};

/* -ENOMEM; close in any case. */
int thin_open(struct thin *thin, const struct weir_record_settings *settings);
void thin_close(struct thin *thin);
static inline bool thin_wanted(const struct thin *thin)
{
	return thin->slice || thin->sampling || thin->flow_bytes;
}
static inline bool thin_wants_headers(const struct weir_record_settings *settings)
{
	return settings->slice || settings->flow_bytes;
}
/*
 * Fill thin->chosen from a batch; returns how many packets are left, and how
 * many of the others lay behind their flow's first bytes.
 */
uint32_t thin_batch(struct thin *thin, const struct weir_batch *batch,
		    const struct weir_headers *headers, uint32_t *cut_off);
/* What is done, for the file's comment: "one packet in 100 (random), cut behind l4 + 8 bytes". */
void thin_describe(const struct weir_record_settings *settings, char *text, size_t size);

#endif
