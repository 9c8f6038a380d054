/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the generator sends, in the form that both of its senders use: the
 * socket sender in C and the live sender in BPF. A frame is a constant
 * template plus eight 16-bit words that depend on its number; both sides
 * write them with the one function below, so their frames cannot differ.
 *
 * Flow f has source address address_first + (f >> 15) and source port
 * 16384 + ((f + port_rotation) & 32767), so all flows are distinct. These
 * ports are free of those by which tunnels are known.
 *
 * Checksums: a shape keeps the ones' complement sum of every word that does
 * not change (RFC 1071); what remains is to add the words that do.
 */
#ifndef BPF_GENERATE_PLAN_H
#define BPF_GENERATE_PLAN_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

enum {
	GENERATE_SHAPES_MAX = 3,
	GENERATE_PATTERN_MAX = 12,
	GENERATE_PORT_BITS = 15,
	GENERATE_PORTS = 1 << GENERATE_PORT_BITS,
	GENERATE_PORT_FIRST = 16384,
	GENERATE_HEADER_LEAST = 42, /* bytes: Ethernet, IPv4, UDP */
	GENERATE_HEADER_WORDS = 33, /* Ethernet, VLAN tag, IPv6, UDP: 66 bytes in 16-bit words */
};

/* One size of frame. */
struct generate_shape {
	__u32 frame_bytes; /* without FCS */
	__u32 ip_bytes;    /* what the IP header says: total (v4) or payload (v6) length */
	__u32 udp_bytes;
	__u32 ip_sum;  /* of the constant words of the IPv4 header */
	__u32 udp_sum; /* of the constant words under the UDP checksum, folded */
};

struct generate_plan {
	__u32 interface; /* index */
	__u32 flows;
	__u32 address_first; /* low 32 bits of the source address, host order */
	__u32 port_rotation;
	__u32 ip_length_offset;   /* offsets are even, from the frame's start */
	__u32 ip_checksum_offset; /* 0: IPv6 has none */
	__u32 address_offset;     /* of the low 32 bits */
	__u32 udp_offset;
	__u32 header_bytes;
	__u32 pattern_count; /* frame n has shape pattern[n % pattern_count] */
	__u32 pattern[GENERATE_PATTERN_MAX];
	struct generate_shape shapes[GENERATE_SHAPES_MAX];
	__u16 header[GENERATE_HEADER_WORDS]
		__attribute__((aligned(8))); /* as in the template: the words that vary are 0 */
};

/* Where the live program stands; user space sets it before each run. */
struct generate_progress {
	__u64 frames; /* handed to the interface */
	__u32 flow;   /* of the next frame */
	__u32 slot;   /* of the next frame in the pattern */
};

static inline __attribute__((always_inline)) void generate_put(__u8 *at, __u32 value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	*(__u16 *)at = __builtin_bswap16((__u16)value);
#else
	*(__u16 *)at = (__u16)value;
#endif
}

static inline __attribute__((always_inline)) __u32 generate_checksum(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/*
 * Write the words of a frame that vary. 'bytes' is a template of at least
 * plan->header_bytes, aligned to 2. Volatile, because the loader fills the
 * BPF program's plan in after it was compiled.
 */
static inline __attribute__((always_inline)) void
generate_write(const volatile struct generate_plan *plan,
	       const volatile struct generate_shape *shape, __u32 flow, __u8 *bytes)
{
	__u32 address = plan->address_first + (flow >> GENERATE_PORT_BITS);
	__u32 port = GENERATE_PORT_FIRST + ((flow + plan->port_rotation) & (GENERATE_PORTS - 1));
	__u32 address_sum = (address >> 16) + (address & 0xffff);
	__u32 checksum = generate_checksum(shape->udp_sum + address_sum + port);

	generate_put(bytes + plan->ip_length_offset, shape->ip_bytes);
	if (plan->ip_checksum_offset)
		generate_put(bytes + plan->ip_checksum_offset,
			     generate_checksum(shape->ip_sum + address_sum));
	generate_put(bytes + plan->address_offset, address >> 16);
	generate_put(bytes + plan->address_offset + 2, address);
	generate_put(bytes + plan->udp_offset, port);
	generate_put(bytes + plan->udp_offset + 4, shape->udp_bytes);
	/* RFC 768: a checksum of 0 means none, so 0 is sent as its twin */
	generate_put(bytes + plan->udp_offset + 6, checksum ? checksum : 0xffff);
}

#endif
