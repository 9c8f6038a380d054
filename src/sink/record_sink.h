/* SPDX-License-Identifier: Apache-2.0 */
/* What the two sinks that record have in common. */
#ifndef SINK_RECORD_SINK_H
#define SINK_RECORD_SINK_H

#include <errno.h>

#include "record/recorder.h"
#include "thin.h"

struct record_sink {
	struct weir_sink sink; /* first: the engine's view */
	struct weir_sink_ops ops;
	struct recorder *recorder;
	uint64_t packets_left; /* until the user's limit */
	struct thin thin;
	uint64_t fault_seen;
};

enum { RECORD_COMMENT_BYTES = 512 };

/* The settings' comment, and what is left out of the recording. */
void record_comment(const struct weir_record_settings *settings, char text[RECORD_COMMENT_BYTES]);
/*
 * The first half of opening: the kind's ops, as these settings have them, and
 * what thins. -ENOMEM; thin_close in any case.
 */
int record_prepare(struct record_sink *record, const struct weir_sink_ops *ops,
		   const struct weir_record_settings *settings);
/* What of a batch is to be recorded: how many, and where; the rest is counted as left out. */
uint32_t record_thin(struct record_sink *record, struct weir_row *row,
		     const struct weir_batch *batch, const struct weir_decoded *decoded,
		     const struct weir_packet **packets);

/* A reader that has gone ends a capture quietly. */
static inline int record_verdict(int rc)
{
	return rc == -EPIPE ? 1 : rc;
}

#endif
