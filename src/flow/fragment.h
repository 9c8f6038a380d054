/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments: only a datagram's first one has the ports. They are remembered
 * for the others; what comes before the first one is summed up until it does.
 *
 * Bounded: small sets by hash, the oldest entry of a set makes room. Entries
 * outlive no reassembly timeout, so an identification used again is no match.
 */
#ifndef FLOW_FRAGMENT_H
#define FLOW_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "key.h"
#include "slab.h"

enum {
	FRAGMENT_WAYS = 8,
	FRAGMENT_LIFE_S = 60, /* RFC 8200 section 4.5; RFC 1122 says 60 to 120 for IPv4 */
};

/* Of which datagram a fragment is. Addresses as on the wire, not ordered. */
struct flow_fragment_key {
	uint64_t address[4];
	uint64_t extra; /* hash of VLANs, label and tunnel where they are part of the flow's key */
	uint32_t id;
	uint8_t ip_version;
	uint8_t protocol; /* IPv4 only: in IPv6 it is not part of the identity */
	uint16_t place;   /* interface where that is part of the flow's key, tunnel layer */
};

/* Later fragments that came before the first one. */
struct flow_fragment_waiting {
	uint64_t first_ns;
	uint64_t frame_bytes;
	uint32_t frames, packets, bytes, payload_bytes;
	uint8_t ip_flags, ttl_min;
};

struct flow_fragment {
	struct flow_fragment_key key;
	uint64_t time_ns; /* when it was made, 0 = free */
	uint16_t source_port, destination_port;
	uint8_t protocol;
	bool known; /* the first fragment has come */
	struct flow_fragment_waiting waiting;
};

struct flow_fragments {
	struct flow_fragment *entries;
	uint32_t set_count;
	uint64_t forgotten;     /* entries pushed out within their life */
	uint64_t orphan_frames; /* of entries that went without a first fragment */
	uint64_t waiting_frames;
	struct flow_slab slab;
};

uint64_t flow_fragments_bytes(uint32_t fragments_max);
/* -ENOMEM. */
int flow_fragments_open(struct flow_fragments *table, uint32_t fragments_max, bool prefault);
void flow_fragments_close(struct flow_fragments *table);

/*
 * The entry of a datagram, made when there is none. Valid until the next
 * call.
 */
struct flow_fragment *flow_fragments_get(struct flow_fragments *table,
					 const struct flow_fragment_key *key,
					 const struct flow_seed *seed, uint64_t time_ns);
/* What waited has been taken over into a flow. */
void flow_fragments_taken(struct flow_fragments *table, struct flow_fragment *entry);
/* No more packets will come: whatever waits is orphaned. */
void flow_fragments_finish(struct flow_fragments *table);

#endif
