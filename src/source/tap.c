/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap: the passive tap. A BPF program copies the first 112 bytes of each
 * packet into a ring and lets the packet pass: cheaper than a packet socket,
 * and the host's traffic goes on. By default on traffic control (tcx), which
 * sees both directions and leaves the interface's offloads alone.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "links/type.h"
#include "source/kinds.h"
#include "source/spec.h"
#include "tap_match.h"
#include "tap_source.h"

struct tap_options {
	uint64_t hook, pass, mode, ring;
	struct tap_match_options match;
};

enum { TAP_HOOK_TCX, TAP_HOOK_XDP, TAP_HOOK_CLSACT };
enum { TAP_PASS_YES, TAP_PASS_NO };
enum { TAP_RING_ARRAY, TAP_RING_ARENA };

static int tap_parse(const char *subject, char *name, struct tap_options *options,
		     struct weir_error *error)
{
	const struct spec_option table[] = {
		{"hook", SPEC_WORD, &options->hook, 0, 0, {"tcx", "xdp", "clsact"}},
		{"pass", SPEC_WORD, &options->pass, 0, 0, {"yes", "no"}},
		{"mode", SPEC_WORD, &options->mode, 0, 0, {"auto", "native", "skb"}},
		{"ring", SPEC_WORD, &options->ring, 0, 0, {"array", "arena"}},
		{"host", SPEC_TEXT, .text = options->match.host},
		{"proto", SPEC_TEXT, .text = options->match.protocol},
		{"port", SPEC_NUMBER, &options->match.port, 0, UINT16_MAX, {0}},
		{"vlan", SPEC_NUMBER, &options->match.vlan, 0, 4095, {0}},
		{NULL, 0, NULL, 0, 0, {0}},
	};
	int rc;

	memset(options, 0, sizeof(*options));
	options->match.port = options->match.vlan = TAP_MATCH_NONE;
	rc = spec_parse(subject, name, table, error);
	if (rc < 0)
		return rc;
	if (options->hook != TAP_HOOK_XDP && options->pass == TAP_PASS_NO)
		return weir_error_set(
			error, -EINVAL,
			"option 'pass=no' goes with hook=xdp: only there can packets be "
			"kept from the host");
	if (options->hook != TAP_HOOK_XDP && options->mode != HOOK_MODE_AUTO)
		return weir_error_set(error, -EINVAL, "option 'mode' goes with hook=xdp");
	return 0;
}

/* Does the interface suit the hook? */
static int tap_check(const struct tap *tap, const struct tap_options *options,
		     const struct weir_source_settings *settings, struct weir_error *error)
{
	if (options->hook == TAP_HOOK_XDP && settings->direction == WEIR_DIRECTION_OUT)
		return weir_error_set(error, -EINVAL,
				      "XDP sees no outgoing packets: use hook=tcx for -Q out");
	if (tap->link.link_type != LINKS_TYPE_ETHERNET &&
	    (options->hook == TAP_HOOK_XDP || options->match.vlan != TAP_MATCH_NONE))
		return weir_error_set(error, -EOPNOTSUPP,
				      "interface '%s' has no Ethernet frames, which hook=xdp and "
				      "vlan= need",
				      tap->link.name);
	return 0;
}

static int tap_attach(struct tap *tap, const struct tap_options *options,
		      const struct weir_source_settings *settings, struct weir_error *error)
{
	static const uint32_t places[] = {
		[TAP_HOOK_TCX] = HOOK_TC,
		[TAP_HOOK_XDP] = HOOK_XDP,
		[TAP_HOOK_CLSACT] = HOOK_CLSACT,
	};
	struct hook_tap_request request = {
		.place = places[options->hook],
		.mode = (uint32_t)options->mode,
		.direction = settings->direction,
		.discards = options->pass == TAP_PASS_NO,
	};
	int rc = tap_match_parse(&options->match, &request.match, error);

	if (rc < 0)
		return rc;
	/* The loopback shows each packet twice: leave out the outgoing copy, as libpcap does. */
	if (tap->link.loopback && settings->direction == WEIR_DIRECTION_INOUT)
		request.direction = WEIR_DIRECTION_IN;
	/* the stack does not tell a tap whose checksums are still to be filled in */
	tap->flags = options->hook != TAP_HOOK_XDP ? WEIR_PACKET_CHECKSUM_NOT_READY : 0;
	tap->in_arena = options->ring == TAP_RING_ARENA;
	return tap_source_attach(tap, settings, tap->link.link_type, &request, error);
}

int tap_open(const char *subject, const struct weir_source_settings *settings,
	     const struct weir_source_context *context, struct weir_source **out,
	     struct weir_error *error)
{
	char name[SPEC_NAME_BYTES];
	struct tap_options options;
	struct tap *tap;
	int rc = tap_parse(subject, name, &options, error);

	if (rc == 0)
		rc = tap_source_open("tap", name, context, &tap, error);
	if (rc < 0)
		return rc;
	rc = tap_check(tap, &options, settings, error);
	if (rc == 0)
		rc = tap_source_promiscuous(tap, settings, error);
	if (rc == 0)
		rc = tap_attach(tap, &options, settings, error);
	if (rc < 0) {
		tap->source.ops->close(&tap->source);
		return rc;
	}
	tap->source.fanout = settings->fanout;
	tap->source.fanout.mode = WEIR_FANOUT_NONE; /* no group of the kernel's */
	tap_source_tell(tap, settings);
	if (options.pass == TAP_PASS_NO)
		tap_source_notice(tap, "the host gets no packet from '%s' while this tap runs",
				  tap->link.name);
	*out = &tap->source;
	return 0;
}
