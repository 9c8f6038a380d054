/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a source by its name's prefix. A new kind is one line in this table. */
#include "weir/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "source/kinds.h"

static const struct weir_source_kind source_kinds[] = {
	{"ring", "AF_PACKET ring mapped from the kernel (TPACKET_V3, V2); the default", ring_open,
	 WEIR_SOURCE_NEEDS_LINK, true},
	{"tap", "passive BPF tap on tcx or XDP: the first 112 bytes, for the least cost", tap_open,
	 WEIR_SOURCE_NEEDS_LINK, false, .is_shared = true, .attaches = true},
	{"socket", "AF_PACKET socket read by recvmmsg: little memory, for low rates", socket_open,
	 WEIR_SOURCE_NEEDS_LINK, true},
	{"xdp", "AF_XDP sockets on the driver's queues: takes the packets from the host", xdp_open,
	 WEIR_SOURCE_NEEDS_ETHERNET, false, .is_shared = true, .attaches = true},
	{"pcap", "live device of the system's libpcap, of any link type", pcap_live_open,
	 WEIR_SOURCE_NEEDS_INTERFACE, false},
	{"nf", "passive BPF tap on a netfilter hook: IP packets as the firewall sees them", nf_open,
	 WEIR_SOURCE_NEEDS_INTERFACE, false, .attaches = true},
	{"trace", "packets where the stack drops them, or has found their socket", trace_open,
	 WEIR_SOURCE_NEEDS_INTERFACE, false, .attaches = true},
	{"file", "capture file: pcap or pcapng, plain, gzip, zstd or lz4; '-' is standard input",
	 file_open, WEIR_SOURCE_NEEDS_NOTHING, false},
	{"follow", "recording that is being written: a directory's newest file, and those after it",
	 follow_open, WEIR_SOURCE_NEEDS_NOTHING, false},
	{"fake", "made-up packets from memory, for tests and benchmarks", fake_open,
	 WEIR_SOURCE_NEEDS_NOTHING, false},
	{NULL, NULL, NULL, WEIR_SOURCE_NEEDS_NOTHING, false},
};

const struct weir_source_kind *weir_source_kinds(void)
{
	return source_kinds;
}

static const struct weir_source_kind *source_kind(const char *name, size_t length)
{
	for (const struct weir_source_kind *kind = source_kinds; kind->prefix; kind++)
		if (strlen(kind->prefix) == length && !memcmp(kind->prefix, name, length))
			return kind;
	return NULL;
}

const struct weir_source_kind *weir_source_kind_of(const char *name)
{
	const struct weir_source_kind *kind = source_kind(name, strcspn(name, ":"));

	return kind && strchr(name, ':') ? kind : source_kinds;
}

static int source_unknown(const char *name, size_t length, struct weir_error *error)
{
	char prefix[32], known[256] = "";
	const char *near;

	snprintf(prefix, sizeof(prefix), "%.*s", (int)length, name);
	near = parse_nearest(prefix, source_kinds, sizeof(source_kinds) / sizeof(*source_kinds),
			     sizeof(*source_kinds));
	if (near)
		return weir_error_set(error, -EINVAL, "no source '%s:'; did you mean '%s:'?",
				      prefix, near);
	for (const struct weir_source_kind *kind = source_kinds; kind->prefix; kind++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known),
			 " %s:", kind->prefix);
	return weir_error_set(error, -EINVAL, "no source '%s:'; there are:%s", prefix, known);
}

int weir_source_open(const char *name, const struct weir_source_settings *settings,
		     const struct weir_source_context *context, struct weir_source **out,
		     struct weir_error *error)
{
	const char *colon = strchr(name, ':');
	size_t length = colon ? (size_t)(colon - name) : 0;
	const struct weir_source_kind *kind = colon ? source_kind(name, length) : NULL;
	int rc;

	if (kind) {
		rc = kind->open(colon + 1, settings, context, out, error);
		return rc < 0 ? weir_error_wrap(error, "cannot open '%s'", name) : 0;
	}
	/* An interface may have a colon in its name (eth0:1), so it has the first word. */
	rc = ring_open(name, settings, context, out, error);
	if (rc == -ENODEV && colon)
		rc = source_unknown(name, length, error);
	return rc < 0 ? weir_error_wrap(error, "cannot open '%s'", name) : 0;
}
