/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metering beside another job: 'weir record -w x.pcapng --flows TARGET' meters
 * what it records, with the defaults of 'weir flow'.
 */
#ifndef CLI_METERING_H
#define CLI_METERING_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "weir/engine.h"
#include "weir/export.h"
#include "weir/flow_sink.h"

enum { METERING_TARGETS_MAX = 8 };

struct metering {
	const char *targets[METERING_TARGETS_MAX];
	uint32_t target_count; /* 0 = nothing is metered */
	struct weir_flow_settings meter;
	struct weir_exports *exports;
	struct weir_flow_join *join; /* of parts of flows; NULL = there are none */
	struct weir_flow_board *board;
};

/* Take one more target. -EINVAL beyond METERING_TARGETS_MAX. */
int metering_take(struct metering *metering, const char *target, struct weir_error *error);
/*
 * Add a metering sink to each of the engine's workers; 'live' takes time from
 * the clock, else from the packets. Close after the engine. -errno.
 */
int metering_add_sinks(struct metering *metering, const struct command *command,
		       const struct capture_options *capture, struct weir_engine *engine, bool live,
		       struct weir_error *error);
/* After the engine has been closed; fine where nothing was metered. */
void metering_close(struct metering *metering);

#endif
