/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common packet, quickly: Ethernet II, one VLAN tag or none, IPv4 without
 * options or IPv6 without extensions, not a fragment, TCP or UDP to no
 * tunnel's port, and every length right. It is read with a few wide loads and
 * its headers are written with eight wide stores. Whatever is not so falls
 * into the general decoder, which gives the same result for all that the fast
 * path takes (a test holds the two together).
 *
 * The order of the fields in a word follows struct weir_headers; the
 * assertions below break the build when that changes.
 */
#include <stddef.h>

#include "decode.h"
#include "ip.h"
#include "link.h"
#include "transport.h"

enum {
	FAST_PREFETCH_PACKETS = 8, /* bench/decode: 2 to 16 do not differ, 32 is slower */
	FAST_ETHERNET_BYTES = 14,
	FAST_VLAN_BYTES = 4,
	FAST_SMALLEST_BYTES = FAST_ETHERNET_BYTES + IP_V4_BYTES + TRANSPORT_UDP_BYTES,
};

/* Version 4, header of 5 words, offset 0 and no more fragments: in the header's first 8 bytes. */
#define FAST_V4_MASK  UINT64_C(0xff00000000003fff)
#define FAST_V4_VALUE UINT64_C(0x4500000000000000)

#define FAST_AT(field, word, byte)                                                                 \
	static_assert(offsetof(struct weir_headers, field) == (word)*8 + (byte), #field)
FAST_AT(link_offset, 0, 0);
FAST_AT(network_offset, 0, 2);
FAST_AT(transport_offset, 0, 4);
FAST_AT(payload_offset, 0, 6);
FAST_AT(ethertype, 1, 0);
FAST_AT(ip_version, 1, 2);
FAST_AT(protocol, 1, 3);
FAST_AT(vlan_count, 1, 7);
FAST_AT(tcp_flags, 2, 1);
FAST_AT(ttl, 2, 2);
FAST_AT(tos, 2, 3);
FAST_AT(source_port, 2, 4);
FAST_AT(destination_port, 2, 6);
FAST_AT(vlan_tci, 3, 0);
FAST_AT(ip_header_bytes, 3, 6);
FAST_AT(ip_bytes, 4, 0);
FAST_AT(payload_bytes, 4, 4);
FAST_AT(tcp_sequence, 6, 0);
FAST_AT(inner_offset, 7, 4);

/*
 * What the fast path knows of a packet so far. It only ever lies in registers:
 * everything here is inlined, and most of it is constant in each of the four
 * copies (IPv4, IPv6; tagged or not) that the compiler makes.
 */
struct fast {
	uint32_t network;   /* offset */
	uint32_t transport; /* offset */
	uint32_t ip_bytes;
	uint16_t ethertype;
	uint16_t vlan_tci;
	uint8_t vlan_count, ip_version, protocol, ttl, tos;
};

#define FAST_INLINE static inline __attribute__((always_inline))

/* A word of memory from its bytes 0-1, 2-3, 4-5 and 6-7. */
FAST_INLINE uint64_t fast_word(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
#if __BYTE_ORDER == __LITTLE_ENDIAN
	return a | b << 16 | c << 32 | d << 48;
#else
	return a << 48 | b << 32 | c << 16 | d;
#endif
}

FAST_INLINE uint64_t fast_word_32(uint64_t a, uint64_t b)
{
#if __BYTE_ORDER == __LITTLE_ENDIAN
	return a | b << 32;
#else
	return a << 32 | b;
#endif
}

/* Two bytes of memory. */
FAST_INLINE uint64_t fast_pair(uint64_t a, uint64_t b)
{
#if __BYTE_ORDER == __LITTLE_ENDIAN
	return a | b << 8;
#else
	return a << 8 | b;
#endif
}

/*
 * One store to the word's own place. (Through an array of eight, gcc copies by
 * 16 bytes what it has just stored by 8, and the CPU waits for each: 26 ns a
 * packet instead of 6.)
 */
FAST_INLINE void fast_store(struct weir_headers *headers, uint32_t word, uint64_t value)
{
	memcpy((uint8_t *)headers + word * sizeof(value), &value, sizeof(value));
}

FAST_INLINE void fast_write(const struct fast *fast, uint32_t payload, uint32_t payload_bytes,
			    uint64_t ports, uint32_t tcp_sequence, uint8_t tcp_flags,
			    struct weir_headers *headers)
{
	fast_store(headers, 0, fast_word(0, fast->network, fast->transport, payload));
	fast_store(headers, 1,
		   fast_word(fast->ethertype, fast_pair(fast->ip_version, fast->protocol), 0,
			     fast_pair(WEIR_FRAGMENT_NONE, fast->vlan_count)));
	fast_store(headers, 2,
		   fast_word(fast_pair(0, tcp_flags), fast_pair(fast->ttl, fast->tos), ports >> 48,
			     ports >> 32 & 0xffff));
	fast_store(headers, 3, fast_word(fast->vlan_tci, 0, 0, fast->transport - fast->network));
	fast_store(headers, 4, fast_word_32(fast->ip_bytes, payload_bytes));
	fast_store(headers, 5, 0);
	fast_store(headers, 6, fast_word_32(tcp_sequence, 0));
	fast_store(headers, 7, fast_word(0, 0, WEIR_OFFSET_NONE, 0));
}

/* TCP or UDP whose lengths are right, or false. 8 bytes at least were captured of it. */
FAST_INLINE bool fast_transport(const struct weir_packet *packet, const struct fast *fast,
				struct weir_headers *headers)
{
	const uint8_t *at = packet->bytes + fast->transport;
	uint32_t captured = packet->captured_len - fast->transport;
	uint32_t left = fast->ip_bytes - (fast->transport - fast->network);
	uint64_t first = walk_be64(at);
	uint32_t bytes;

	if (packet->wire_len < fast->network + fast->ip_bytes)
		return false;
	if (fast->protocol == IP_PROTOCOL_TCP) {
		if (captured < TRANSPORT_TCP_BYTES)
			return false;
		bytes = (at[12] >> 4) * 4u;
		if (bytes < TRANSPORT_TCP_BYTES || bytes > left || bytes > captured)
			return false;
		fast_write(fast, fast->transport + bytes, left - bytes, first, (uint32_t)first,
			   at[13], headers);
		return true;
	}
	if (fast->protocol != IP_PROTOCOL_UDP || left < TRANSPORT_UDP_BYTES ||
	    (first >> 16 & 0xffff) != left ||
	    transport_is_tunnel_port((uint16_t)(first >> 48), (uint16_t)(first >> 32)))
		return false;
	fast_write(fast, fast->transport + TRANSPORT_UDP_BYTES, left - TRANSPORT_UDP_BYTES, first,
		   0, 0, headers);
	return true;
}

FAST_INLINE bool fast_v4(const struct weir_packet *packet, struct fast *fast,
			 struct weir_headers *headers)
{
	const uint8_t *at = packet->bytes + fast->network;
	uint64_t first = walk_be64(at);

	if ((first & FAST_V4_MASK) != FAST_V4_VALUE)
		return false;
	fast->ethertype = LINK_ETHERTYPE_IPV4;
	fast->ip_version = 4;
	fast->tos = (uint8_t)(first >> 48);
	fast->ttl = at[8];
	fast->protocol = at[9];
	fast->ip_bytes = first >> 32 & 0xffff;
	fast->transport = fast->network + IP_V4_BYTES;
	return fast->ip_bytes >= IP_V4_BYTES && fast_transport(packet, fast, headers);
}

FAST_INLINE bool fast_v6(const struct weir_packet *packet, struct fast *fast,
			 struct weir_headers *headers)
{
	uint64_t first = walk_be64(packet->bytes + fast->network);

	fast->transport = fast->network + IP_V6_BYTES;
	if (first >> 60 != 6 || packet->captured_len < fast->transport + TRANSPORT_UDP_BYTES)
		return false;
	fast->ethertype = LINK_ETHERTYPE_IPV6;
	fast->ip_version = 6;
	fast->tos = (uint8_t)(first >> 52);
	fast->protocol = (uint8_t)(first >> 8);
	fast->ttl = (uint8_t)first;
	fast->ip_bytes = IP_V6_BYTES + (first >> 16 & 0xffff);
	return fast_transport(packet, fast, headers);
}

FAST_INLINE bool fast_network(const struct weir_packet *packet, uint16_t ethertype,
			      struct fast fast, struct weir_headers *headers)
{
	if (ethertype == LINK_ETHERTYPE_IPV4)
		return fast_v4(packet, &fast, headers);
	if (ethertype == LINK_ETHERTYPE_IPV6)
		return fast_v6(packet, &fast, headers);
	return false;
}

FAST_INLINE bool fast_packet(const struct weir_packet *packet, struct weir_headers *headers)
{
	uint16_t ethertype;

	if (packet->captured_len < FAST_SMALLEST_BYTES + FAST_VLAN_BYTES ||
	    packet->captured_len > WALK_OFFSET_MAX)
		return false;
	ethertype = walk_be16(packet->bytes + 12);
	if (ethertype != LINK_ETHERTYPE_VLAN)
		return fast_network(packet, ethertype,
				    (struct fast){.network = FAST_ETHERNET_BYTES}, headers);
	return fast_network(packet, walk_be16(packet->bytes + 16),
			    (struct fast){
				    .network = FAST_ETHERNET_BYTES + FAST_VLAN_BYTES,
				    .vlan_count = 1,
				    .vlan_tci = walk_be16(packet->bytes + 14),
			    },
			    headers);
}

void fast_decode(const struct weir_packet *packets, uint32_t count, struct weir_headers *headers)
{
	uint32_t ahead;

	for (uint32_t i = 0; i < count; i++) {
		ahead = walk_smaller(i + FAST_PREFETCH_PACKETS, count - 1);
		__builtin_prefetch(packets[ahead].bytes);
		__builtin_prefetch(packets[ahead].bytes + 63);
		if (!fast_packet(&packets[i], &headers[i]))
			decode_packet(&packets[i], LINK_TYPE_ETHERNET, &headers[i]);
	}
}
