/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_parts.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

enum {
	/* Parts end when their own last packet is an idle timeout old: directions differ by little. */
	FLOW_PARTS_HOLD_S = 5,
};

/* Does the group's choice keep both directions of a flow together? */
static bool flow_parts_mode_is_whole(const struct weir_fanout *fanout)
{
	static const bool whole[WEIR_FANOUT_MODE_COUNT] = {[WEIR_FANOUT_NONE] = true,
							   [WEIR_FANOUT_HASH] = true,
							   [WEIR_FANOUT_CBPF] = true,
							   [WEIR_FANOUT_EBPF] = true,
							   [WEIR_FANOUT_EBPF_INNER] = true};

	return whole[fanout->mode] && !fanout->rollover;
}

/* By CPU, on which the two directions may differ. */
static bool flow_parts_have_shared(const struct capture_options *capture)
{
	for (uint32_t i = 0; i < capture->input_count; i++)
		if (weir_source_kind_of(capture->inputs[i].name)->is_shared)
			return true;
	return false;
}

/* With dispatch a pair of addresses has one worker, whoever read it. */
static bool flow_parts_are_possible(const struct capture_options *capture,
				    const struct weir_engine *engine)
{
	if (capture->workers < 2 || capture->dispatch)
		return false;
	return capture->input_count > 1 || weir_engine_has_patterns(engine) ||
	       flow_parts_have_shared(capture) || !flow_parts_mode_is_whole(&capture->fanout);
}

int flow_parts_open(const struct command *command, const struct capture_options *capture,
		    const struct weir_engine *engine, struct weir_flow_settings *meter,
		    struct weir_exports *exports, struct weir_flow_join **out,
		    struct weir_error *error)
{
	const struct weir_flow_join_settings settings = {
		.hold_ns = FLOW_PARTS_HOLD_S * (uint64_t)CLOCK_NS_PER_S,
		.held_max = WEIR_FLOW_JOIN_HELD_MAX,
		.records = meter->records,
		.emit = weir_exports_emit,
		.user = exports,
	};
	uint32_t unjoined = WEIR_FLOW_FIELD_HISTOGRAM | WEIR_FLOW_FIELD_PACKETS;

	if (!flow_parts_are_possible(capture, engine) || meter->clock != WEIR_FLOW_CLOCK_WALL)
		return 0;
	if (meter->key || meter->fields & unjoined) {
		fprintf(stderr,
			"weir %s: packets of one flow may come to several workers: such a flow "
			"becomes several records (with --key, histogram or packets:N parts are "
			"not joined)\n",
			command->name);
		return 0;
	}
	if (!capture->quiet)
		fprintf(stderr,
			"weir %s: packets of one flow may come to several workers: records wait "
			"%d s for their other parts\n",
			command->name, FLOW_PARTS_HOLD_S);
	if (weir_flow_join_open(&settings, out) < 0)
		return weir_error_set(error, -ENOMEM, "out of memory");
	meter->records = NULL;
	return 0;
}
