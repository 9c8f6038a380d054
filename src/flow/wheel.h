/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wheel: which flows are to be looked at when.
 *
 * Each flow of a table hangs in one place of the wheel, by the slots' own
 * links. A packet moves its flow's deadline but not the flow: when its place
 * comes up, the flow is looked at, and hung further on if it is not due. So
 * the packet path never touches the wheel, and each flow is looked at about
 * once an idle timeout. Only a deadline that comes nearer moves a flow.
 *
 *     place   0    1    2 ... cursor ... 2047        one place = 2^27 ns = 134 ms
 *             |    |               |
 *            slot  -    behind it: 275 s on
 *             |
 *            slot
 */
#ifndef FLOW_WHEEL_H
#define FLOW_WHEEL_H

#include <stdint.h>

#include "table.h"

enum {
	WHEEL_TICK_SHIFT = 27, /* 134 ms: with reorder_ns below a second after the deadline */
	WHEEL_PLACES = 2048,
};

struct flow_wheel {
	struct flow_table *table;
	uint64_t cursor; /* the last tick whose place was emptied */
	uint32_t due;    /* slots taken from their place and not yet looked at */
	uint32_t head[WHEEL_PLACES];
};

/* Looks at a slot that has come up: calls flow_wheel_hang, or lets it go. */
typedef void flow_wheel_visit(void *user, uint32_t slot);

void flow_wheel_init(struct flow_wheel *wheel, struct flow_table *table, uint64_t now_ns);
/*
 * Have 'slot' looked at as soon as 'deadline_ns' has passed. One that hangs
 * already, at an earlier place, stays there.
 */
void flow_wheel_hang(struct flow_wheel *wheel, uint32_t slot, uint64_t deadline_ns);
/* Take a slot off. */
void flow_wheel_drop(struct flow_wheel *wheel, uint32_t slot);
/*
 * The time is 'now_ns': show up to 'budget' slots whose place has come to
 * 'visit'. What is left is shown by the next calls.
 */
void flow_wheel_turn(struct flow_wheel *wheel, uint64_t now_ns, uint32_t budget,
		     flow_wheel_visit *visit, void *user);
/* The clock was set back to 'now_ns': go on from there. */
void flow_wheel_set_back(struct flow_wheel *wheel, uint64_t now_ns);

#endif
