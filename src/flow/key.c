/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <assert.h>

static_assert(sizeof(struct flow_extra) == 32, "hashed as four words, no padding");

void flow_seed_init(struct flow_seed *seed, uint64_t value)
{
	/* Any odd constants do: these are the fractional digits of pi (as in Blowfish). */
	seed->a = hash_mix(value ^ UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707345));
	seed->b = hash_mix(value ^ UINT64_C(0xa4093822299f31d1), UINT64_C(0x082efa98ec4e6c89));
	seed->c = hash_mix(value ^ UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6d)) | 1;
}

/*
 * The type of the request that 'type' replies to, or 'type'. RFC 792, 950,
 * 1256, 2710, 4443, 4620, 4861, 8335: the pairs of the Community ID, so that
 * what is one flow has one name.
 */
static uint8_t key_request_of(uint8_t protocol, uint8_t type)
{
	if (protocol == KEY_PROTOCOL_ICMP)
		switch (type) {
		case 0: /* echo reply */
			return 8;
		case 9: /* router advertisement */
			return 10;
		case 14: /* timestamp reply */
		case 16: /* information reply */
		case 18: /* address mask reply */
			return type - 1;
		default:
			return type;
		}
	switch (type) {
	case 129: /* echo reply */
	case 131: /* listener report */
	case 134: /* router advertisement */
	case 136: /* neighbour advertisement */
	case 140: /* node information response */
	case 145: /* home agent address discovery reply */
		return type - 1;
	default:
		return type;
	}
}

static int key_compare(const uint8_t *source, const uint8_t *destination, size_t bytes,
		       uint16_t source_port, uint16_t destination_port)
{
	int order = memcmp(source, destination, bytes);

	return order ? order : (int)source_port - (int)destination_port;
}

unsigned int flow_key_make(struct flow_key *key, const uint8_t *network, unsigned int ip_version,
			   uint8_t protocol, uint16_t source_port, uint16_t destination_port,
			   bool biflow)
{
	size_t bytes = ip_version == 4 ? 4 : 16;
	const uint8_t *source = network + (ip_version == 4 ? 12 : 8);
	const uint8_t *destination = source + bytes;
	uint8_t type = (uint8_t)(destination_port >> 8), request;
	unsigned int direction = 0;

	if (biflow && key_protocol_is_icmp(protocol)) {
		request = key_request_of(protocol, type);
		direction = request != type;
		destination_port = (uint16_t)(request << 8 | (destination_port & 0xff));
	} else if (biflow && protocol != KEY_PROTOCOL_IGMP) {
		direction = key_compare(source, destination, bytes, source_port, destination_port) >
			    0;
	}
	memset(key, 0, sizeof(*key));
	memcpy((uint8_t *)key->address + direction * bytes, source, bytes);
	memcpy((uint8_t *)key->address + !direction * bytes, destination, bytes);
	if (direction && !key_protocol_is_icmp(protocol))
		key->rest = key_rest(protocol, destination_port, source_port);
	else
		key->rest = key_rest(protocol, source_port, destination_port);
	return direction;
}

void flow_extra_make(struct flow_extra *extra, uint32_t bits, const struct weir_packet *packet,
		     const struct weir_headers *headers, uint32_t place, unsigned int direction)
{
	memset(extra, 0, sizeof(*extra));
	if (bits & (WEIR_FLOW_KEY_INTERFACE | WEIR_FLOW_KEY_NETNS))
		extra->interface = place;
	if (bits & WEIR_FLOW_KEY_TUNNEL) {
		extra->tunnel = headers->tunnel;
		extra->tunnel_id = headers->tunnel_id;
	}
	if (bits & WEIR_FLOW_KEY_MPLS)
		extra->mpls_label = headers->mpls_label >> 12;
	if (bits & WEIR_FLOW_KEY_TOS)
		extra->tos = headers->tos;
	/* vlan_tci holds 0 where there is no tag; a priority tag (id 0) is none either. */
	for (int i = 0; bits & WEIR_FLOW_KEY_VLAN && i < WEIR_FLOW_VLANS_MAX; i++)
		extra->vlan_id[i] = headers->vlan_tci[i] & 0xfff;
	if (bits & WEIR_FLOW_KEY_MAC && headers->link_offset != WEIR_OFFSET_NONE) {
		const uint8_t *link = packet->bytes + headers->link_offset;

		memcpy(extra->mac[direction], link + 6, 6);
		memcpy(extra->mac[!direction], link, 6);
	}
}

uint64_t flow_extra_hash(const struct flow_extra *extra, uint64_t hash,
			 const struct flow_seed *seed)
{
	uint64_t word[4];

	memcpy(word, extra, sizeof(word));
	hash = hash_mix(hash ^ word[0], seed->a ^ word[1]);
	return hash_mix(hash ^ word[2], seed->b ^ word[3]);
}
