/* SPDX-License-Identifier: Apache-2.0 */
#include "metering.h"

#include <errno.h>
#include <stdio.h>

#include "flow_parts.h"

int metering_take(struct metering *metering, const char *target, struct weir_error *error)
{
	if (metering->target_count == METERING_TARGETS_MAX)
		return weir_error_set(error, -EINVAL, "more than %d targets", METERING_TARGETS_MAX);
	metering->targets[metering->target_count++] = target;
	return 0;
}

static void metering_counters(void *board, struct weir_flow_counters *out)
{
	weir_flow_board_counters(board, out);
}

static void metering_notice(void *user, const char *text)
{
	fprintf(stderr, "weir record: %s\n", text);
}

static int metering_open_exports(struct metering *metering, struct weir_engine *engine,
				 struct weir_error *error)
{
	const struct weir_export_settings settings = {
		.interfaces = weir_engine_interfaces(engine),
		.privilege = weir_engine_privilege(engine),
		.meter = &metering->meter,
		.ledger = weir_engine_ledger(engine),
		.counters = metering_counters,
		.counters_user = metering->board,
		.network.notice = metering_notice,
	};

	return weir_exports_open(metering->targets, metering->target_count, &settings,
				 &metering->exports, error);
}

int metering_add_sinks(struct metering *metering, const struct command *command,
		       const struct capture_options *capture, struct weir_engine *engine, bool live,
		       struct weir_error *error)
{
	struct weir_flow_sink_settings settings = {.meter = &metering->meter};
	int rc;

	if (!metering->target_count)
		return 0;
	weir_flow_settings_init(&metering->meter);
	metering->meter.clock = live ? WEIR_FLOW_CLOCK_WALL : WEIR_FLOW_CLOCK_PACKET;
	metering->meter.prefault = live;
	if (weir_flow_board_open(&metering->board) < 0)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = metering_open_exports(metering, engine, error);
	settings.interfaces = weir_engine_interfaces(engine);
	settings.exports = metering->exports;
	settings.board = metering->board;
	if (rc == 0)
		rc = flow_parts_open(command, capture, engine, &metering->meter, metering->exports,
				     &metering->join, error);
	settings.join = metering->join;
	for (uint32_t i = 0; rc == 0 && i < weir_engine_workers(engine); i++) {
		struct weir_sink *sink;

		rc = weir_engine_enter(engine, i, error);
		if (rc == 0)
			rc = weir_sink_open_flow(&settings, &sink, error);
		weir_engine_leave(engine);
		if (rc < 0 && i == 0) { /* its threads look into the ledger */
			weir_exports_close(metering->exports);
			metering->exports = NULL;
		}
		if (rc == 0)
			rc = weir_engine_add_sink(engine, i, sink, error);
	}
	return rc;
}

void metering_close(struct metering *metering)
{
	weir_flow_join_close(metering->join);
	weir_exports_close(metering->exports);
	weir_flow_board_close(metering->board);
}
