/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several workers that meter: can packets of one flow come to more than one
 * of them, and is there a place then where the parts are joined?
 */
#ifndef CLI_FLOW_PARTS_H
#define CLI_FLOW_PARTS_H

#include "capture.h"
#include "weir/flow_sink.h"

/*
 * Set the way to the exports for the metering sinks: straight, or through a
 * place where parts of flows are joined; the user is told. Then the meters'
 * choice of records is that place's. Close it after the engine. -ENOMEM.
 */
int flow_parts_open(const struct command *command, const struct capture_options *capture,
		    const struct weir_engine *engine, struct weir_flow_settings *meter,
		    struct weir_exports *exports, struct weir_flow_join **out,
		    struct weir_error *error);

#endif
