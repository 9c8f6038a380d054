/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where several workers meter, packets of one flow can come to more than one
 * of them: by queues that the NIC chose for each direction, by a fanout mode
 * that does not look at addresses, by another way back. Each worker then has
 * a part of the flow. Parts are held for a while and joined to one record.
 */
#ifndef SINK_FLOW_JOIN_H
#define SINK_FLOW_JOIN_H

#include "weir/flow_sink.h"

/* A meter joins in, before its first record; returns its number. Any thread. */
unsigned int flow_join_enter(struct weir_flow_join *join);
/* A record of a meter; copied. Any thread. */
void flow_join_take(struct weir_flow_join *join, unsigned int meter,
		    const struct weir_flow_record *record);
/* What has waited long enough is emitted. Unix time. Any thread. */
void flow_join_tick(struct weir_flow_join *join, uint64_t now_ns);
/* A meter's last record was taken; the last meter lets all go that is held. Any thread. */
void flow_join_leave(struct weir_flow_join *join);

#endif
