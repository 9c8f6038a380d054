/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top flows, for live views: goes through a meter's flows in pieces, a
 * piece a tick, and keeps the best by some measure. Rates are told from what
 * the best had at the pass before; a flow that was not among them has the
 * average of its life.
 */
#ifndef SINK_FLOW_TOP_H
#define SINK_FLOW_TOP_H

#include <stdbool.h>

#include "weir/flow_sink.h"

struct flow_top;

/* -ENOMEM. */
int flow_top_open(enum weir_flow_sort sort, struct flow_top **out);
void flow_top_close(struct flow_top *top);
/* Look at one more piece of the meter; true when a pass is complete and 'entries' are new. */
bool flow_top_step(struct flow_top *top, struct weir_flow *flow, uint64_t now_ns);
/* The best of the last pass, best first; valid until the pass after it is complete. */
const struct weir_flow_top *flow_top_entries(const struct flow_top *top, uint32_t *count);
/* By which they are ordered; more is better. */
double flow_top_score(enum weir_flow_sort sort, const struct weir_flow_top *entry);

#endif
