/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: packets of an interface where the stack drops them (the reason is in
 * weir_packet.drop_reason), or where they have found their socket. IP packets
 * begin with their IP header; of others there is only the length.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "links/type.h"
#include "source/kinds.h"
#include "source/spec.h"
#include "tap_source.h"

static int trace_parse(const char *subject, char *name, uint64_t *hook, struct weir_error *error)
{
	const struct spec_option table[] = {
		{"hook", SPEC_WORD, hook, 0, 0, {"drop", "socket"}},
		{NULL, 0, NULL, 0, 0, {0}},
	};

	*hook = HOOK_TRACE_DROP;
	return spec_parse(subject, name, table, error);
}

static int trace_attach(struct tap *tap, uint64_t hook, const struct weir_source_settings *settings,
			struct weir_error *error)
{
	struct hook_tap_request request = {
		.place = HOOK_TRACE,
		.trace = (uint32_t)hook,
		.direction = settings->direction,
	};

	tap->flags = WEIR_PACKET_CHECKSUM_NOT_READY | WEIR_PACKET_RAW_IP;
	if (hook == HOOK_TRACE_DROP)
		tap->flags |= WEIR_PACKET_DROPPED;
	return tap_source_attach(tap, settings, LINKS_TYPE_RAW_IP, &request, error);
}

int trace_open(const char *subject, const struct weir_source_settings *settings,
	       const struct weir_source_context *context, struct weir_source **out,
	       struct weir_error *error)
{
	char name[SPEC_NAME_BYTES];
	struct tap *tap;
	uint64_t hook;
	int rc = trace_parse(subject, name, &hook, error);

	if (rc == 0 && hook == HOOK_TRACE_SOCKET && settings->direction == WEIR_DIRECTION_OUT)
		rc = weir_error_set(error, -EINVAL,
				    "only incoming packets are traced to their sockets; for "
				    "outgoing ones there is nf: with hook=output");
	if (rc == 0)
		rc = tap_source_open("trace", name, context, &tap, error);
	if (rc < 0)
		return rc;
	rc = trace_attach(tap, hook, settings, error);
	if (rc < 0) {
		tap->source.ops->close(&tap->source);
		return rc;
	}
	tap_source_tell(tap, settings);
	*out = &tap->source;
	return 0;
}
