/* SPDX-License-Identifier: Apache-2.0 */
/* The live table of weir flow: the top flows, drawn anew each second. */
#ifndef CLI_FLOW_LIVE_H
#define CLI_FLOW_LIVE_H

#include <stdbool.h>

#include "weir/flow_sink.h"

struct flow_live {
	bool terminal; /* draw over what was there; else one table after another */
	unsigned int columns, lines;
	uint32_t flows; /* to be shown, 0 = as the terminal has lines */
};

/* Ask the terminal for its size, if standard output is one. */
void flow_live_init(struct flow_live *live);
/* Draw the table; addresses are shown as 'exports' writes them. */
void flow_live_draw(const struct flow_live *live, struct weir_flow_board *board,
		    const struct weir_exports *exports);

#endif
