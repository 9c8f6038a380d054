/* SPDX-License-Identifier: Apache-2.0 */
#include "cutoff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

enum {
	CUTOFF_WAYS = 8, /* of a set */
	CUTOFF_SETS = CUTOFF_FLOWS_MAX / CUTOFF_WAYS,
	CUTOFF_TCP_SYN = 0x02,
	CUTOFF_TCP_ACK = 0x10,
};

/* Told apart by 64 bits of a seeded hash: 2^20 flows meet by chance once in 2^24 runs. */
struct cutoff_flow {
	uint64_t hash; /* 0 = free */
	uint64_t bytes;
	uint64_t last_ns;
};

struct cutoff {
	uint64_t bytes;
	uint64_t seed;
	struct cutoff_flow flows[CUTOFF_SETS][CUTOFF_WAYS];
};

int cutoff_open(uint64_t bytes, struct cutoff **out)
{
	struct cutoff *cutoff = calloc(1, sizeof(*cutoff));

	if (!cutoff)
		return -ENOMEM;
	cutoff->bytes = bytes;
	cutoff->seed = hash_seed();
	*out = cutoff;
	return 0;
}

void cutoff_close(struct cutoff *cutoff)
{
	free(cutoff);
}

/* One end of a flow; the sum of both is the same in either direction. */
static uint64_t cutoff_hash_end(const struct cutoff *cutoff, const uint8_t *address, size_t bytes,
				uint16_t port)
{
	uint64_t words[2] = {0};

	memcpy(words, address, bytes);
	return hash_mix(words[0] ^ cutoff->seed, words[1] ^ 0x9e3779b97f4a7c15ULL ^ port);
}

static uint64_t cutoff_hash(const struct cutoff *cutoff, const struct weir_packet *packet,
			    const struct weir_headers *headers)
{
	size_t bytes = headers->ip_version == 4 ? 4 : 16;
	const uint8_t *source =
		packet->bytes + headers->network_offset + (headers->ip_version == 4 ? 12 : 8);
	bool later = headers->fragment == WEIR_FRAGMENT_LATER;
	uint64_t hash = cutoff_hash_end(cutoff, source, bytes, later ? 0 : headers->source_port) +
			cutoff_hash_end(cutoff, source + bytes, bytes,
					later ? 0 : headers->destination_port);

	hash = hash_mix(hash ^ cutoff->seed, 0xd6e8feb86659fd93ULL ^ headers->protocol);
	return hash ? hash : 1;
}

/* The flow's place in its set, or that of the one which gives way to it. */
static struct cutoff_flow *cutoff_place(struct cutoff_flow set[CUTOFF_WAYS], uint64_t hash)
{
	struct cutoff_flow *oldest = set;

	for (int i = 0; i < CUTOFF_WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].last_ns < oldest->last_ns)
			oldest = &set[i];
	}
	*oldest = (struct cutoff_flow){.hash = hash};
	return oldest;
}

bool cutoff_wants(struct cutoff *cutoff, const struct weir_packet *packet,
		  const struct weir_headers *headers)
{
	struct cutoff_flow *flow;
	uint64_t hash, before;

	if (!headers->ip_version)
		return true;
	hash = cutoff_hash(cutoff, packet, headers);
	flow = cutoff_place(cutoff->flows[(hash >> 32) % CUTOFF_SETS], hash);
	if (packet->time_ns > flow->last_ns + CUTOFF_IDLE_S * (uint64_t)CLOCK_NS_PER_S ||
	    (headers->tcp_flags & (CUTOFF_TCP_SYN | CUTOFF_TCP_ACK)) == CUTOFF_TCP_SYN)
		flow->bytes = 0;
	before = flow->bytes;
	flow->bytes += packet->wire_len;
	flow->last_ns = packet->time_ns;
	return before < cutoff->bytes;
}
