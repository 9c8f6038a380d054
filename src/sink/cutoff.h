/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first bytes of each flow, and no more: most of what is worth keeping of
 * a flow comes early. A bounded table knows how many bytes each flow has had;
 * it is no flow meter: where it is full, the flow of a set that was silent for
 * longest is forgotten, and if it comes again it is a new one.
 */
#ifndef SINK_CUTOFF_H
#define SINK_CUTOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/decode.h"
#include "weir/packet.h"

enum {
	CUTOFF_FLOWS_MAX = 1 << 20, /* 24 MiB, touched as they are used */
	CUTOFF_IDLE_S = 60,         /* after so long without packets a flow is a new one */
};

struct cutoff;

/* 'bytes' of each flow: a packet is wanted that begins before them. -ENOMEM. */
int cutoff_open(uint64_t bytes, struct cutoff **out);
void cutoff_close(struct cutoff *cutoff); /* NULL is fine */

/*
 * Is this packet among the first of its flow? Both directions count as one
 * flow, lengths are those on the wire. What is not IP is always wanted; a SYN
 * begins a flow anew; later fragments are a flow of their two addresses.
 */
bool cutoff_wants(struct cutoff *cutoff, const struct weir_packet *packet,
		  const struct weir_headers *headers);

#endif
