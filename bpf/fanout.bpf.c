// SPDX-License-Identifier: GPL-2.0
/*
 * Which member of a fanout group gets a packet: by the pair of its addresses,
 * the same for both directions and for all fragments of a datagram. In the
 * outermost IP header, or in the innermost one that tunnels let be seen. (Of
 * a tunnel's packet that is itself in fragments only the first one shows what
 * is inside: all of them go by the outer pair.)
 */
#include "fanout_plan.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile struct fanout_plan plan;

enum {
	FANOUT_FROM_MAC, /* BPF_HDR_START_MAC, linux/bpf.h */
	FANOUT_FROM_NETWORK,

	FANOUT_LAYERS_MAX = 16, /* headers of all sorts that are walked over */
	FANOUT_OFFSET_MAX = 2048,

	FANOUT_IPV4 = 0x0800,
	FANOUT_IPV6 = 0x86dd,
	FANOUT_VLAN = 0x8100,
	FANOUT_SERVICE_VLAN = 0x88a8,
	FANOUT_STACKED_VLAN = 0x9100,
	FANOUT_MPLS = 0x8847,
	FANOUT_PPPOE = 0x8864,
	FANOUT_ETHERNET = 0x6558, /* transparent Ethernet bridging */

	/* not ethertypes: what an IP header says comes next, behind 16 bits */
	FANOUT_PROTOCOL = 0x10000,
};

struct fanout_walk {
	struct __sk_buff *skb;
	__u32 from;   /* which of the two the offset counts from */
	__u32 offset; /* of the next header */
	__u32 next;   /* what it is */
	__u32 value;  /* of the innermost pair of addresses so far */
};

#define FANOUT_READ(walk, at, to)                                                                  \
	bpf_skb_load_bytes_relative((walk)->skb, (walk)->offset + (at), &(to), sizeof(to),         \
				    (walk)->from)

static __always_inline __u16 fanout_be16(const __u8 *bytes)
{
	return (__u16)(bytes[0] << 8 | bytes[1]);
}

/* The finisher of MurmurHash3: every bit of the input changes half of the output's. */
static __always_inline __u64 fanout_mix(__u64 value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ value >> 33;
}

/* Addition makes no difference between the directions. */
static __always_inline __u32 fanout_pair(__u64 a, __u64 b)
{
	return (__u32)(fanout_mix(fanout_mix(a) + fanout_mix(b)) >> 32);
}

/* All of these return 1 to walk on, 0 at the end. */

static __always_inline int fanout_ipv4(struct fanout_walk *walk)
{
	struct {
		__u8 first[10];
		__u16 checksum;
		__u32 source, destination;
	} ip;

	if (FANOUT_READ(walk, 0, ip) || ip.first[0] >> 4 != 4)
		return 0;
	walk->value = fanout_pair(ip.source, ip.destination);
	walk->offset += (ip.first[0] & 15) * 4;
	walk->next = FANOUT_PROTOCOL | ip.first[9];
	return plan.is_inner && !(fanout_be16(ip.first + 6) & 0x3fff); /* MF and the offset */
}

static __always_inline int fanout_ipv6(struct fanout_walk *walk)
{
	struct {
		__u8 first[8];
		__u64 source[2], destination[2];
	} ip;

	if (FANOUT_READ(walk, 0, ip) || ip.first[0] >> 4 != 6)
		return 0;
	walk->value = fanout_pair(ip.source[0] + fanout_mix(ip.source[1]),
				  ip.destination[0] + fanout_mix(ip.destination[1]));
	walk->offset += 40;
	walk->next = FANOUT_PROTOCOL | ip.first[6];
	return plan.is_inner;
}

/* Hop-by-hop, routing and destination options of IPv6. */
static __always_inline int fanout_extension(struct fanout_walk *walk)
{
	__u8 extension[2];

	if (FANOUT_READ(walk, 0, extension))
		return 0;
	walk->offset += (extension[1] + 1) * 8;
	walk->next = FANOUT_PROTOCOL | extension[0];
	return 1;
}

static __always_inline int fanout_tag(struct fanout_walk *walk)
{
	__u8 tag[4];

	if (FANOUT_READ(walk, 0, tag))
		return 0;
	walk->offset += 4;
	walk->next = fanout_be16(tag + 2);
	return 1;
}

/* Below the last label there is no word of what follows but its first four bits. */
static __always_inline int fanout_mpls(struct fanout_walk *walk)
{
	__u8 label[5];

	if (FANOUT_READ(walk, 0, label))
		return 0;
	walk->offset += 4;
	if (label[2] & 1)
		walk->next = label[4] >> 4 == 4   ? FANOUT_IPV4
			     : label[4] >> 4 == 6 ? FANOUT_IPV6
						  : 0;
	return 1;
}

static __always_inline int fanout_pppoe(struct fanout_walk *walk)
{
	__u8 session[8];

	if (FANOUT_READ(walk, 0, session))
		return 0;
	walk->offset += 8;
	walk->next = fanout_be16(session + 6) == 0x21   ? FANOUT_IPV4
		     : fanout_be16(session + 6) == 0x57 ? FANOUT_IPV6
							: 0;
	return 1;
}

static __always_inline int fanout_ethernet(struct fanout_walk *walk)
{
	__u8 type[2];

	if (FANOUT_READ(walk, 12, type))
		return 0;
	walk->offset += 14;
	walk->next = fanout_be16(type);
	return 1;
}

/* RFC 2784, 2890; of version 0 only. */
static __always_inline int fanout_gre(struct fanout_walk *walk)
{
	__u8 gre[4];

	if (FANOUT_READ(walk, 0, gre) || gre[1] & 7)
		return 0;
	walk->offset +=
		4 + (gre[0] & 0x80 ? 4 : 0) + (gre[0] & 0x20 ? 4 : 0) + (gre[0] & 0x10 ? 4 : 0);
	walk->next = fanout_be16(gre + 2);
	return 1;
}

/* TS 29.281: a user's packet; one extension header word where any flag is set. */
static __always_inline int fanout_gtpu(struct fanout_walk *walk, const __u8 *start)
{
	__u8 option[4], first;

	if (start[0] >> 5 != 1 || start[1] != 255)
		return 0;
	walk->offset += 16;
	if (start[0] & 7) {
		if (FANOUT_READ(walk, 0, option))
			return 0;
		walk->offset += 4;
		if (start[0] & 4 && option[3]) {
			__u8 extension[1];

			if (FANOUT_READ(walk, 0, extension))
				return 0;
			walk->offset += extension[0] * 4;
		}
	}
	if (FANOUT_READ(walk, 0, first))
		return 0;
	walk->next = first >> 4 == 4 ? FANOUT_IPV4 : first >> 4 == 6 ? FANOUT_IPV6 : 0;
	return 1;
}

/* Tunnels known by their port: VXLAN (and Linux's old one), Geneve, GTP-U. */
static __always_inline int fanout_udp(struct fanout_walk *walk)
{
	__u8 udp[16];

	if (FANOUT_READ(walk, 0, udp))
		return 0;
	switch (fanout_be16(udp + 2)) {
	case 4789:
	case 8472:
		walk->offset += 16;
		walk->next = FANOUT_ETHERNET;
		return udp[8] & 8;
	case 6081:
		walk->offset += 16 + (udp[8] & 63) * 4;
		walk->next = fanout_be16(udp + 10);
		return udp[8] >> 6 == 0;
	case 2152:
		return fanout_gtpu(walk, udp + 8);
	default:
		return 0;
	}
}

static __always_inline int fanout_step(struct fanout_walk *walk)
{
	switch (walk->next) {
	case FANOUT_IPV4:
	case FANOUT_PROTOCOL | 4:
		return fanout_ipv4(walk);
	case FANOUT_IPV6:
	case FANOUT_PROTOCOL | 41:
		return fanout_ipv6(walk);
	case FANOUT_VLAN:
	case FANOUT_SERVICE_VLAN:
	case FANOUT_STACKED_VLAN:
		return fanout_tag(walk);
	case FANOUT_MPLS:
	case FANOUT_PROTOCOL | 137:
		return fanout_mpls(walk);
	case FANOUT_PPPOE:
		return fanout_pppoe(walk);
	case FANOUT_ETHERNET:
		return fanout_ethernet(walk);
	case FANOUT_PROTOCOL | 0:
	case FANOUT_PROTOCOL | 43:
	case FANOUT_PROTOCOL | 60:
		return fanout_extension(walk);
	case FANOUT_PROTOCOL | 47:
		return fanout_gre(walk);
	case FANOUT_PROTOCOL | 17:
		return fanout_udp(walk);
	default:
		return 0; /* a fragment of IPv6 too */
	}
}

SEC("socket")
int fanout(struct __sk_buff *skb)
{
	struct fanout_walk walk = {.skb = skb, .from = FANOUT_FROM_NETWORK};

	walk.next = (__u16)__builtin_bswap16((__u16)skb->protocol);
	/*
	 * A tag in the packet itself: the network header is behind the first tag
	 * in a received packet, behind the last one in a sent one. The link
	 * header is where it should be in both.
	 */
	if (walk.next == FANOUT_VLAN || walk.next == FANOUT_SERVICE_VLAN ||
	    walk.next == FANOUT_STACKED_VLAN) {
		walk.from = FANOUT_FROM_MAC;
		walk.next = FANOUT_ETHERNET;
	}
	for (int i = 0; i < FANOUT_LAYERS_MAX; i++)
		if (!fanout_step(&walk) || walk.offset > FANOUT_OFFSET_MAX)
			break;
	return (int)walk.value;
}
