/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow keys: one key for both directions of a conversation, and a bit that
 * tells which direction a packet went.
 *
 * Of the two endpoints (address, port) the lower one is endpoint 0. Direction
 * 0 is from endpoint 0 to endpoint 1. Which of them is the initiator is
 * another matter, decided by the flow's first packet.
 *
 * ICMP and ICMPv6 have type and code in port 1. Endpoint 0 is who asks: a
 * reply carries its request's type and goes in direction 1. A message that no
 * other one answers makes a flow of its own direction, as IGMP does.
 */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "weir/decode.h"
#include "weir/flow.h"
#include "weir/packet.h"

enum {
	KEY_PROTOCOL_ICMP = 1,
	KEY_PROTOCOL_IGMP = 2,
	KEY_PROTOCOL_TCP = 6,
	KEY_PROTOCOL_UDP = 17,
	KEY_PROTOCOL_ICMPV6 = 58,
};

/*
 * Addresses as on the wire; IPv4: both in address[0], endpoint 0 first in
 * memory. 'rest' is protocol << 32 | port 1 << 16 | port 0.
 */
struct flow_key {
	uint64_t address[4];
	uint64_t rest;
};
#define KEY_REST_MASK UINT64_C(0xffffffffff)

static inline uint64_t key_rest(uint8_t protocol, uint16_t port0, uint16_t port1)
{
	return (uint64_t)protocol << 32 | (uint32_t)port1 << 16 | port0;
}

/* What settings.key adds to a key; what was not asked for is zero. Compared as bytes. */
struct flow_extra {
	uint32_t interface; /* or the namespace's lowest interface */
	uint32_t tunnel_id;
	uint32_t mpls_label;
	uint16_t vlan_id[WEIR_FLOW_VLANS_MAX];
	uint8_t tos;
	uint8_t tunnel;
	uint8_t mac[2][6]; /* of endpoint 0 and 1 */
};

/* Secrets of a meter's hash. */
struct flow_seed {
	uint64_t a, b, c;
};
void flow_seed_init(struct flow_seed *seed, uint64_t value);

static inline uint32_t key_load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t key_load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline bool key_protocol_is_icmp(uint8_t protocol)
{
	return protocol == KEY_PROTOCOL_ICMP || protocol == KEY_PROTOCOL_ICMPV6;
}

static inline uint64_t key_rotate64(uint64_t value, unsigned int bits)
{
	return value << (bits & 63) | value >> (-bits & 63);
}

static inline uint32_t key_rotate32(uint32_t value, unsigned int bits)
{
	return value << (bits & 31) | value >> (-bits & 31);
}

/*
 * Order two IPv4 endpoints into a key. 'addresses' as loaded from the wire, the
 * source's first; 'ports' is destination port << 16 | source port. Returns the
 * direction. No branch but for hosts that talk to themselves: it would be
 * mispredicted half the time.
 */
static inline unsigned int key_make_v4(uint64_t *address, uint64_t *rest, uint64_t addresses,
				       uint32_t ports, uint8_t protocol, bool ordered)
{
	uint64_t forward = be64toh(addresses), backward = key_rotate64(forward, 32);
	unsigned int direction = forward > backward;

	if (__builtin_expect(forward == backward, 0))
		direction = (uint16_t)ports > ports >> 16;
	direction &= ordered;
	*address = key_rotate64(addresses, direction * 32);
	*rest = (uint64_t)protocol << 32 | key_rotate32(ports, direction * 16);
	return direction;
}

static inline uint64_t key_hash_v4(uint64_t address, uint64_t rest, const struct flow_seed *seed)
{
	return hash_mix(hash_mix(address ^ seed->a, rest ^ seed->b), seed->c);
}

static inline uint64_t key_hash_v6(const struct flow_key *key, const struct flow_seed *seed)
{
	uint64_t low = hash_mix(key->address[0] ^ seed->a, key->address[1] ^ seed->b);
	uint64_t high = hash_mix(key->address[2] ^ seed->c, key->address[3] ^ seed->a);

	return hash_mix(low ^ key->rest ^ seed->b, high ^ seed->c);
}

/*
 * Make the key of a packet whose addresses, protocol and ports are known.
 * Without 'biflow' the sender is endpoint 0. Returns the direction.
 */
unsigned int flow_key_make(struct flow_key *key, const uint8_t *network, unsigned int ip_version,
			   uint8_t protocol, uint16_t source_port, uint16_t destination_port,
			   bool biflow);

/* Fill what 'bits' (settings.key) ask for; 'place' is the interface's or namespace's number. */
void flow_extra_make(struct flow_extra *extra, uint32_t bits, const struct weir_packet *packet,
		     const struct weir_headers *headers, uint32_t place, unsigned int direction);

/* Mix the extra key into a hash. */
uint64_t flow_extra_hash(const struct flow_extra *extra, uint64_t hash,
			 const struct flow_seed *seed);

#endif
