/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded packets: where each header lies, to the depth that a sink asked.
 *
 * Invariants:
 * - Offsets count from weir_packet.bytes; WEIR_OFFSET_NONE means not there.
 * - An offset is only set when the header's fixed part was captured.
 * - Every packet ends in exactly one status, with a reason when it is not ok.
 * - Lengths are those on the wire, not the captured ones.
 * - What was decoded before a packet ended badly stays in its fields: with
 *   ip_version set, the addresses at network_offset and protocol can be read;
 *   with transport_offset set, the ports are right too. So a packet whose
 *   capture ends inside the TCP options (truncated), or whose IP length is more
 *   than its frame had (malformed), can still be metered.
 * - A wrong checksum is nobody's business here.
 */
#ifndef WEIR_DECODE_H
#define WEIR_DECODE_H

#include <assert.h>
#include <stdint.h>

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_OFFSET_NONE = 0xffff };

/* How deep a sink wants packets decoded. */
enum weir_decode_depth { WEIR_DECODE_NONE, WEIR_DECODE_OUTER, WEIR_DECODE_INNER };

enum weir_decode_status {
	WEIR_DECODE_OK,          /* as deep as the packet goes (non-IP is ok too) */
	WEIR_DECODE_TRUNCATED,   /* the capture ends inside a header */
	WEIR_DECODE_MALFORMED,   /* a header contradicts itself or the packet */
	WEIR_DECODE_UNSUPPORTED, /* a link type, or a header chain deeper than the limit */
};

/* Why the status is not ok; finer than the status, for counters. Grows at the end. */
enum weir_decode_reason {
	WEIR_DECODE_REASON_NONE,
	WEIR_DECODE_REASON_LINK, /* link header */
	WEIR_DECODE_REASON_VLAN, /* VLAN stack */
	WEIR_DECODE_REASON_MPLS, /* MPLS stack or pseudo-wire */
	WEIR_DECODE_REASON_PPP,  /* PPPoE or PPP */
	WEIR_DECODE_REASON_ARP,
	WEIR_DECODE_REASON_IPV4,      /* IPv4 header */
	WEIR_DECODE_REASON_IPV6,      /* IPv6 header */
	WEIR_DECODE_REASON_EXTENSION, /* IPv6 extension header */
	WEIR_DECODE_REASON_TRANSPORT, /* TCP, UDP, SCTP, ICMP ... header */
	WEIR_DECODE_REASON_TUNNEL,    /* GRE, VXLAN, Geneve, GTP-U, L2TP ... header */
	WEIR_DECODE_REASON_DEPTH,     /* more headers than the limit */
	WEIR_DECODE_REASON_COUNT
};

enum weir_fragment {
	WEIR_FRAGMENT_NONE,
	WEIR_FRAGMENT_FIRST, /* offset 0, more to come: has the transport header */
	WEIR_FRAGMENT_LATER, /* offset > 0: transport_offset is NONE */
};

/* What the inner packet was carried in. */
enum weir_tunnel {
	WEIR_TUNNEL_NONE,
	WEIR_TUNNEL_IPIP,   /* IP-in-IP, 6in4, 4in6: no id */
	WEIR_TUNNEL_GRE,    /* id = key */
	WEIR_TUNNEL_ERSPAN, /* id = session */
	WEIR_TUNNEL_VXLAN,  /* id = VNI */
	WEIR_TUNNEL_GENEVE, /* id = VNI */
	WEIR_TUNNEL_GTPU,   /* id = TEID */
	WEIR_TUNNEL_TEREDO, /* no id */
	WEIR_TUNNEL_L2TP,   /* id = tunnel << 16 | session (v2), session (v3) */
	/*
	 * Ethernet pseudo-wire (RFC 4448); id = bottom label. It is a link
	 * header like any other: the outer packet is the one within it, and
	 * this is the only kind that an outer packet can have.
	 */
	WEIR_TUNNEL_MPLS,
};

/* Bits of extension_mask: what stood between the network and the transport header. */
enum weir_extension {
	WEIR_EXTENSION_IPV4_OPTIONS = 1 << 0,
	WEIR_EXTENSION_HOP_BY_HOP = 1 << 1,
	WEIR_EXTENSION_ROUTING = 1 << 2,
	WEIR_EXTENSION_FRAGMENT = 1 << 3, /* atomic too (RFC 6946): then weir_fragment is NONE */
	WEIR_EXTENSION_DESTINATION = 1 << 4,
	WEIR_EXTENSION_AUTHENTICATION = 1 << 5, /* AH, also in IPv4 */
	WEIR_EXTENSION_MOBILITY = 1 << 6,
	WEIR_EXTENSION_HIP = 1 << 7,
	WEIR_EXTENSION_SHIM6 = 1 << 8,
	WEIR_EXTENSION_ESP = 1 << 9,      /* protocol is 50: the chain ends here */
	WEIR_EXTENSION_NO_NEXT = 1 << 10, /* protocol is 59: the chain ends here */
};

/* Limits of a header chain; beyond them a packet is unsupported, reason DEPTH. */
enum {
	WEIR_TUNNEL_DEPTH_MAX = 4,       /* tunnels within tunnels */
	WEIR_LINK_HEADERS_MAX = 24,      /* VLAN tags, MPLS labels, PPPoE ... of one packet */
	WEIR_EXTENSION_HEADERS_MAX = 16, /* IPv6 extension headers (and AH) of one packet */
};

/*
 * The headers of one (outer or inner) packet. 64 bytes: one cache line.
 *
 * transport_offset is that of a TCP, UDP, UDP-Lite, SCTP, ICMP, ICMPv6, IGMP,
 * GRE, ESP or L2TPv3 header; NONE for other protocols and later fragments.
 * payload_offset is after the last header decoded, whatever that is; NONE
 * when that header was not captured whole. source_port and destination_port
 * are 0 where there are none; for ICMP and ICMPv6 destination_port is
 * type << 8 | code, for IGMP type << 8.
 */
struct weir_headers {
	uint16_t link_offset;      /* outermost Ethernet header, NONE for other links */
	uint16_t network_offset;   /* IPv4, IPv6 or ARP header */
	uint16_t transport_offset; /* see above */
	uint16_t payload_offset;   /* see above */
	uint16_t ethertype;        /* of the network header, host order; < 1536: LLC, its DSAP */
	uint8_t ip_version;        /* 4, 6, or 0 when not IP */
	uint8_t protocol;          /* after extension headers; a later fragment's as it says */
	uint8_t status;            /* enum weir_decode_status */
	uint8_t reason;            /* enum weir_decode_reason */
	uint8_t fragment;          /* enum weir_fragment */
	uint8_t vlan_count;        /* tags met, those beyond the third included */
	uint8_t mpls_count;        /* labels met */
	uint8_t tcp_flags;         /* CWR ECE URG ACK PSH RST SYN FIN, 0 if not TCP */
	uint8_t ttl;               /* TTL or hop limit */
	uint8_t tos;               /* TOS or traffic class */
	uint16_t source_port;      /* host order, see above */
	uint16_t destination_port; /* host order, see above */
	uint16_t vlan_tci[3];      /* outermost first, host order */
	uint16_t ip_header_bytes;  /* all before the transport: options, extensions, AH included */
	uint32_t ip_bytes;         /* IP total length, with header; what the frame has if 0 there */
	uint32_t payload_bytes;    /* after the last header decoded, without padding of the frame */
	uint32_t fragment_id;      /* identification, host order, of fragments */
	uint32_t mpls_label;      /* bottom of the stack: label << 12 | TC, S, TTL as on the wire */
	uint32_t tcp_sequence;    /* host order, 0 if not TCP */
	uint32_t tunnel_id;       /* of the tunnel that this (inner) packet came in */
	uint8_t tunnel;           /* enum weir_tunnel of this (inner) packet */
	uint8_t tunnel_depth;     /* 0 = outermost */
	uint16_t extension_mask;  /* enum weir_extension bits */
	uint16_t inner_offset;    /* where a tunnel's inner packet starts, NONE if no tunnel */
	uint16_t inner_link_type; /* LINKTYPE_ value to decode the inner packet with */
};
static_assert(sizeof(struct weir_headers) == 64, "one cache line");

/* What a sink gets beside a batch; arrays run in step with batch->packets. */
struct weir_decoded {
	const struct weir_headers *outer; /* NULL when no sink asked */
	const struct weir_headers *inner; /* innermost, or a copy of outer; NULL unless asked */
};

/*
 * Decode 'count' packets whose interfaces all have 'link_type' (LINKTYPE_
 * value) into headers[0..count). Never fails: what cannot be decoded ends in
 * a status. Reads only the captured bytes. Thread rule: any; no allocation.
 */
void weir_decode_outer(const struct weir_packet *packets, uint32_t count, uint32_t link_type,
		       struct weir_headers *headers);
/*
 * From outer headers, find each packet's innermost packet, through up to
 * WEIR_TUNNEL_DEPTH_MAX tunnels. Without a tunnel, inner[i] = outer[i]; so it
 * is for later fragments of a tunnel's packets (the first fragment has the
 * inner headers), and for what only shares a tunnel's UDP port. Thread rule:
 * any; no allocation. 'inner' may be 'outer'.
 */
void weir_decode_inner(const struct weir_packet *packets, uint32_t count,
		       const struct weir_headers *outer, struct weir_headers *inner);

/* "truncated", "ipv4", ...: for reports; valid for ever. */
const char *weir_decode_status_name(enum weir_decode_status status);
const char *weir_decode_reason_name(enum weir_decode_reason reason);

#ifdef __cplusplus
}
#endif
#endif
