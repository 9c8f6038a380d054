/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of packets through the stack: the same packet is recognised at each
 * hook that it passes, so that counts can be compared and delays measured.
 *
 * Invariants:
 * - A packet is known by its addresses, its IP identification and the first
 *   bytes behind its IP header, checksums left out.
 * - What the kernel itself tells of packets that it dropped
 *   (WEIR_PACKET_DROPPED) is no hook: it ends a packet's way, behind the last
 *   hook at which the packet was seen.
 * - Two packets that look the same and pass a hook while the first is still
 *   remembered are counted, but tell nothing of delays.
 */
#ifndef WEIR_PATH_H
#define WEIR_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the order in which a packet passes them, receiving and then sending. */
enum weir_path_hook {
	WEIR_PATH_XDP,
	WEIR_PATH_PACKET_IN, /* AF_PACKET */
	WEIR_PATH_TC_IN,
	WEIR_PATH_PREROUTING,
	WEIR_PATH_INPUT,
	WEIR_PATH_SOCKET, /* a socket has been found, the packet is not queued yet */
	WEIR_PATH_OUTPUT,
	WEIR_PATH_POSTROUTING,
	WEIR_PATH_TC_OUT,
	WEIR_PATH_PACKET_OUT,
	WEIR_PATH_COUNT,
	WEIR_PATH_NONE = WEIR_PATH_COUNT,
};

enum { WEIR_PATH_SOURCES_MAX = 16 };

/* Which hook a source's packets come from: those of interface index i (weir_interfaces). */
struct weir_path_settings {
	enum weir_path_hook incoming[WEIR_PATH_SOURCES_MAX];
	enum weir_path_hook outgoing[WEIR_PATH_SOURCES_MAX];
};

/* What is known of one hook, since the open. */
struct weir_path_result {
	uint64_t frames;       /* packets as they came */
	uint64_t wire;         /* wire packets that they stand for, and */
	uint64_t wire_unknown; /* frames of which that cannot be told */
	uint64_t known;        /* of the frames, those that could be told from others */
	uint64_t missing;      /* known at the hook before, but at neither this nor a later one */
	uint64_t delays;       /* times that the delay since the hook before could be measured */
	uint64_t median_ns, most_99_ns, max_ns;
	enum weir_path_hook before; /* the hook that 'missing' and delays refer to, or NONE */
};

enum { WEIR_PATH_DROPS_MAX = 256 };

/* Packets of one way that the kernel dropped for one reason, behind one hook. */
struct weir_path_drop {
	bool is_outgoing;
	uint16_t reason;                     /* weir_packet.drop_reason */
	enum weir_path_hook after;           /* the last at which they were seen; NONE: not known */
	uint64_t frames, wire, wire_unknown; /* as in a result */
};

/* Make the sink. -ENOMEM. The engine closes it. Thread rule: as all sinks. */
int weir_sink_open_path(const struct weir_path_settings *settings, struct weir_sink **out);
/* The results, after the run; 'results' has WEIR_PATH_COUNT places. */
void weir_path_results(const struct weir_sink *sink, struct weir_path_result *results);
/*
 * What the kernel told of drops, after the run, the most frequent first; the
 * array is the sink's. What had no place among WEIR_PATH_DROPS_MAX kinds is
 * in *others. Returns how many.
 */
uint32_t weir_path_drops(const struct weir_sink *sink, const struct weir_path_drop **drops,
			 uint64_t *others);
/* "xdp", "packet", "tc", "prerouting", ...; valid for ever. */
const char *weir_path_hook_name(enum weir_path_hook hook);

#ifdef __cplusplus
}
#endif
#endif
