/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	FRAME_ETHERNET_BYTES = 14,
	FRAME_VLAN_BYTES = 4,
	FRAME_IPV4_BYTES = 20,
	FRAME_IPV6_BYTES = 40,
	FRAME_UDP_BYTES = 8,
	FRAME_PORT_DISCARD = 9, /* RFC 863: nobody answers */
	FRAME_TTL = 64,
	FRAME_VLAN_ID_MAX = 4094,
};

/* Simple IMIX: 64, 570 and 1518 bytes with FCS, 7:4:1; here without FCS. */
static const struct {
	uint32_t bytes, share;
} frame_imix[GENERATE_SHAPES_MAX] = {{60, 7}, {566, 4}, {1514, 1}};

/* splitmix64's walk, mixed by the house's function. */
static uint64_t frame_random(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*state, UINT64_C(0xbf58476d1ce4e5b9));
}

static uint32_t frame_network_offset(const struct weir_generate_settings *settings)
{
	return FRAME_ETHERNET_BYTES + (settings->vlan ? FRAME_VLAN_BYTES : 0);
}

static void frame_lay_out(struct generate_plan *plan, const struct weir_generate_settings *settings)
{
	uint32_t network = frame_network_offset(settings);

	if (settings->ipv6) {
		plan->ip_length_offset = network + 4;
		plan->address_offset = network + 8 + 12;
		plan->udp_offset = network + FRAME_IPV6_BYTES;
	} else {
		plan->ip_length_offset = network + 2;
		plan->ip_checksum_offset = network + 10;
		plan->address_offset = network + 12;
		plan->udp_offset = network + FRAME_IPV4_BYTES;
	}
	plan->header_bytes = plan->udp_offset + FRAME_UDP_BYTES;
}

static uint8_t *frame_put_link(uint8_t *at, const struct weir_generate_settings *settings,
			       const struct frame_link *link)
{
	if (settings->destination_mac)
		memcpy(at, settings->destination_mac, 6);
	else
		memset(at, 0xff, 6);
	memcpy(at + 6, link->mac, 6);
	at += 12;
	if (settings->vlan) {
		generate_put(at, 0x8100);
		generate_put(at + 2, settings->vlan_id);
		at += FRAME_VLAN_BYTES;
	}
	generate_put(at, settings->ipv6 ? 0x86dd : 0x0800);
	return at + 2;
}

static void frame_address(uint8_t *at, const uint8_t *given, bool ipv6, const char *otherwise)
{
	if (given)
		memcpy(at, given, ipv6 ? 16 : 4);
	else
		inet_pton(ipv6 ? AF_INET6 : AF_INET, otherwise, at);
}

static void frame_put_ipv4(uint8_t *at, const struct weir_generate_settings *settings)
{
	at[0] = 0x45;
	at[6] = 0x40; /* don't fragment: the identification may then be 0 (RFC 6864) */
	at[8] = FRAME_TTL;
	at[9] = IPPROTO_UDP;
	frame_address(at + 12, settings->source_address, false, "198.18.0.1");
	frame_address(at + 16, settings->destination_address, false, "198.19.0.1");
}

static void frame_put_ipv6(uint8_t *at, const struct weir_generate_settings *settings)
{
	at[0] = 0x60;
	at[6] = IPPROTO_UDP;
	at[7] = FRAME_TTL;
	frame_address(at + 8, settings->source_address, true, "2001:2::1");
	frame_address(at + 24, settings->destination_address, true, "2001:2:0:1::1");
}

static void frame_fill(struct frame_set *set, const struct weir_generate_settings *settings,
		       const struct frame_link *link)
{
	uint8_t *network = frame_put_link(set->template, settings, link);
	uint64_t state = settings->seed;

	if (settings->ipv6)
		frame_put_ipv6(network, settings);
	else
		frame_put_ipv4(network, settings);
	generate_put(set->template + set->plan.udp_offset + 2, FRAME_PORT_DISCARD);
	for (uint32_t i = set->plan.header_bytes; i < set->bytes_max; i++)
		set->template[i] = (uint8_t)frame_random(&state);
}

/* The sum of the 16-bit words of bytes[from..to), an odd last byte padded with 0. */
static uint64_t frame_sum(const uint8_t *bytes, uint32_t from, uint32_t to)
{
	uint64_t sum = 0;

	for (; from + 1 < to; from += 2)
		sum += (uint32_t)bytes[from] << 8 | bytes[from + 1];
	if (from < to)
		sum += (uint32_t)bytes[from] << 8;
	return sum;
}

static uint32_t frame_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/*
 * Called while the words that vary are still 0 in the template, so that they
 * add nothing to the sums.
 */
static void frame_shape(struct frame_set *set, struct generate_shape *shape, uint32_t bytes)
{
	const struct generate_plan *plan = &set->plan;
	bool ipv6 = !plan->ip_checksum_offset;
	uint32_t network = ipv6 ? plan->ip_length_offset - 4 : plan->ip_length_offset - 2;
	uint32_t addresses = ipv6 ? network + 8 : network + 12;
	uint64_t udp_sum;

	shape->frame_bytes = bytes;
	shape->udp_bytes = bytes - plan->udp_offset;
	shape->ip_bytes = ipv6 ? shape->udp_bytes : bytes - network;
	shape->ip_sum =
		frame_fold(frame_sum(set->template, network, plan->udp_offset) + shape->ip_bytes);
	udp_sum = frame_sum(set->template, addresses, plan->udp_offset);
	udp_sum += IPPROTO_UDP + 2 * (uint64_t)shape->udp_bytes;
	udp_sum += frame_sum(set->template, plan->udp_offset, bytes);
	shape->udp_sum = frame_fold(udp_sum);
}

static uint32_t frame_least(const struct generate_plan *plan)
{
	return plan->header_bytes > WEIR_GENERATE_FRAME_BYTES_DEFAULT
		       ? plan->header_bytes
		       : WEIR_GENERATE_FRAME_BYTES_DEFAULT;
}

/* The lengths of the shapes into bytes[]; returns how many there are. */
static uint32_t frame_lengths(const struct generate_plan *plan,
			      const struct weir_generate_settings *settings, uint32_t *bytes)
{
	if (!settings->imix) {
		bytes[0] = settings->frame_bytes ? settings->frame_bytes : frame_least(plan);
		return 1;
	}
	for (int i = 0; i < GENERATE_SHAPES_MAX; i++)
		bytes[i] = frame_imix[i].bytes;
	bytes[0] = frame_least(plan);
	return GENERATE_SHAPES_MAX;
}

static void frame_pattern(struct generate_plan *plan, uint32_t shapes, uint64_t seed)
{
	uint64_t state = ~seed;

	if (shapes == 1) {
		plan->pattern_count = 1;
		return;
	}
	for (uint32_t shape = 0; shape < shapes; shape++)
		for (uint32_t i = 0; i < frame_imix[shape].share; i++)
			plan->pattern[plan->pattern_count++] = shape;
	for (uint32_t i = plan->pattern_count - 1; i > 0; i--) { /* Fisher and Yates' shuffle */
		uint32_t j = (uint32_t)(frame_random(&state) % (i + 1));
		uint32_t other = plan->pattern[j];

		plan->pattern[j] = plan->pattern[i];
		plan->pattern[i] = other;
	}
}

static int frame_check_lengths(const struct frame_set *set, uint32_t shortest,
			       const struct weir_generate_settings *settings,
			       const struct frame_link *link, struct weir_error *error)
{
	uint32_t network = frame_network_offset(settings);

	if (settings->imix && settings->frame_bytes)
		return weir_error_set(error, -EINVAL, "a fixed frame size contradicts imix");
	if (shortest < set->plan.header_bytes)
		return weir_error_set(
			error, -EINVAL,
			"a frame of %u bytes is too small for its headers: at least %u", shortest,
			set->plan.header_bytes);
	if (set->bytes_max - network > link->mtu)
		return weir_error_set(error, -EINVAL,
				      "a frame of %u bytes does not fit the MTU of '%s' (%u): "
				      "at most %u",
				      set->bytes_max, settings->interface, link->mtu,
				      link->mtu + network);
	if (set->bytes_max - network > UINT16_MAX)
		return weir_error_set(error, -EINVAL,
				      "a frame of %u bytes is too long for IP: at most %u",
				      set->bytes_max, UINT16_MAX + network);
	return 0;
}

static int frame_take_flows(struct generate_plan *plan, const struct frame_set *set,
			    const struct weir_generate_settings *settings, struct weir_error *error)
{
	const uint8_t *at = set->template + plan->address_offset;
	uint64_t state = settings->seed ^ UINT64_C(0x666c6f77);
	uint32_t address;

	memcpy(&address, at, 4);
	plan->address_first = ntohl(address);
	plan->flows = settings->flows ? settings->flows : 1;
	if (plan->flows > WEIR_GENERATE_FLOWS_MAX)
		return weir_error_set(error, -EINVAL, "too many flows: at most %u",
				      WEIR_GENERATE_FLOWS_MAX);
	if ((plan->flows - 1) >> GENERATE_PORT_BITS > UINT32_MAX - plan->address_first)
		return weir_error_set(
			error, -EINVAL,
			"%u flows need %u source addresses, more than follow the first: "
			"choose a lower source address",
			plan->flows, ((plan->flows - 1) >> GENERATE_PORT_BITS) + 1);
	plan->port_rotation = (uint32_t)(frame_random(&state) % GENERATE_PORTS);
	return 0;
}

int frame_set_open(struct frame_set *set, const struct weir_generate_settings *settings,
		   const struct frame_link *link, struct weir_error *error)
{
	struct generate_plan *plan = &set->plan;
	uint32_t bytes[GENERATE_SHAPES_MAX];
	uint32_t shapes;
	int status;

	*set = (struct frame_set){.plan.interface = link->index};
	if (settings->vlan && settings->vlan_id > FRAME_VLAN_ID_MAX)
		return weir_error_set(error, -EINVAL, "VLAN id %u is out of range: at most %u",
				      settings->vlan_id, FRAME_VLAN_ID_MAX);
	frame_lay_out(plan, settings);
	shapes = frame_lengths(plan, settings, bytes);
	set->bytes_max = bytes[shapes - 1];
	status = frame_check_lengths(set, bytes[0], settings, link, error);
	if (status)
		return status;
	set->template = calloc(1, set->bytes_max);
	if (!set->template)
		return weir_error_set(error, -ENOMEM, "no memory for a frame");
	frame_fill(set, settings, link);
	status = frame_take_flows(plan, set, settings, error);
	if (status) {
		frame_set_close(set);
		return status;
	}
	memset(set->template + plan->address_offset, 0, 4);
	memcpy(plan->header, set->template, plan->header_bytes);
	for (uint32_t i = 0; i < shapes; i++)
		frame_shape(set, &plan->shapes[i], bytes[i]);
	frame_pattern(plan, shapes, settings->seed);
	return 0;
}

void frame_set_close(struct frame_set *set)
{
	free(set->template);
	set->template = NULL;
}

uint32_t frame_write(const struct frame_set *set, uint64_t number, uint8_t *bytes)
{
	const struct generate_plan *plan = &set->plan;
	const struct generate_shape *shape =
		&plan->shapes[plan->pattern[number % plan->pattern_count]];

	generate_write(plan, shape, (uint32_t)(number % plan->flows), bytes);
	return shape->frame_bytes;
}

uint64_t frame_bytes(const struct frame_set *set, uint64_t first, uint64_t count)
{
	const struct generate_plan *plan = &set->plan;
	uint64_t round = 0, rest = 0;

	for (uint32_t i = 0; i < plan->pattern_count; i++) {
		uint32_t slot = (uint32_t)((first + i) % plan->pattern_count);
		uint32_t bytes = plan->shapes[plan->pattern[slot]].frame_bytes;

		round += bytes;
		if (i < count % plan->pattern_count)
			rest += bytes;
	}
	return count / plan->pattern_count * round + rest;
}
