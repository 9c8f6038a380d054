/* SPDX-License-Identifier: Apache-2.0 */
/* Flow settings: defaults, limits, and what they cost in memory. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "detail.h"
#include "family.h"
#include "fragment.h"
#include "settings.h"
#include "weir/flow.h"

void weir_flow_settings_init(struct weir_flow_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->flows_max = WEIR_FLOW_FLOWS_DEFAULT;
	settings->fragments_max = WEIR_FLOW_FRAGMENTS_DEFAULT;
	settings->active_timeout_ns = 300 * CLOCK_NS_PER_S;
	settings->idle_timeout_ns = 30 * CLOCK_NS_PER_S;
	settings->linger_ns = CLOCK_NS_PER_S;
	settings->reorder_ns = 500 * (uint64_t)CLOCK_NS_PER_MS;
}

static bool settings_timeout_is_fine(uint64_t timeout_ns)
{
	return timeout_ns && timeout_ns <= WEIR_FLOW_TIMEOUT_MAX_S * CLOCK_NS_PER_S;
}

int flow_settings_check(const struct weir_flow_settings *s, bool interfaces,
			struct weir_error *error)
{
	if (!s->flows_max || s->flows_max > WEIR_FLOW_FLOWS_MAX)
		return weir_error_set(error, -EINVAL,
				      "the flow table can hold 1 to %u flows, not '%u'",
				      WEIR_FLOW_FLOWS_MAX, s->flows_max);
	if (!s->fragments_max || s->fragments_max > WEIR_FLOW_FLOWS_MAX)
		return weir_error_set(error, -EINVAL,
				      "the fragment table can hold 1 to %u datagrams, not '%u'",
				      WEIR_FLOW_FLOWS_MAX, s->fragments_max);
	if (!settings_timeout_is_fine(s->active_timeout_ns) ||
	    !settings_timeout_is_fine(s->idle_timeout_ns))
		return weir_error_set(
			error, -EINVAL,
			"active and idle timeout must be more than 0 and at most %u s",
			WEIR_FLOW_TIMEOUT_MAX_S);
	for (int i = 0; i < 256; i++)
		if (s->protocol_idle_timeout_ns[i] &&
		    !settings_timeout_is_fine(s->protocol_idle_timeout_ns[i]))
			return weir_error_set(
				error, -EINVAL,
				"the idle timeout of protocol '%d' must be at most %u s", i,
				WEIR_FLOW_TIMEOUT_MAX_S);
	if (!settings_timeout_is_fine(s->linger_ns) || s->reorder_ns > 60 * CLOCK_NS_PER_S)
		return weir_error_set(error, -EINVAL,
				      "linger must be more than 0, reorder at most 60 s");
	if (s->fields & WEIR_FLOW_FIELD_PACKETS &&
	    (!s->first_packets || s->first_packets > WEIR_FLOW_FIRST_PACKETS_MAX))
		return weir_error_set(error, -EINVAL,
				      "the first 1 to %u packets of a flow can be kept, not '%u'",
				      WEIR_FLOW_FIRST_PACKETS_MAX, s->first_packets);
	if (s->key & WEIR_FLOW_KEY_NETNS && !interfaces)
		return weir_error_set(error, -EINVAL,
				      "a table of interfaces is needed to tell namespaces apart");
	return 0;
}

uint64_t weir_flow_memory_bytes(const struct weir_flow_settings *settings)
{
	struct flow_layout layout;

	flow_layout_init(&layout, settings);
	return flow_family_bytes(settings->flows_max, layout.bytes, false) +
	       flow_family_bytes(settings->flows_max, layout.bytes, true) +
	       flow_fragments_bytes(settings->fragments_max);
}

uint32_t weir_flow_record_bytes(const struct weir_flow_settings *settings, unsigned int ip_version)
{
	struct flow_layout layout;

	flow_layout_init(&layout, settings);
	return flow_table_slot_bytes(layout.bytes, ip_version == 6);
}
