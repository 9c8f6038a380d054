/* SPDX-License-Identifier: Apache-2.0 */
/* ARP, IPv4 and IPv6 with all that stands before the transport header. */
#ifndef DECODE_IP_H
#define DECODE_IP_H

#include "walk.h"

/* https://www.iana.org/assignments/protocol-numbers */
enum {
	IP_PROTOCOL_HOP_BY_HOP = 0,
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_IGMP = 2,
	IP_PROTOCOL_IPV4 = 4,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_UDP = 17,
	IP_PROTOCOL_IPV6 = 41,
	IP_PROTOCOL_ROUTING = 43,
	IP_PROTOCOL_FRAGMENT = 44,
	IP_PROTOCOL_GRE = 47,
	IP_PROTOCOL_ESP = 50,
	IP_PROTOCOL_AUTHENTICATION = 51,
	IP_PROTOCOL_ICMPV6 = 58,
	IP_PROTOCOL_NO_NEXT = 59,
	IP_PROTOCOL_DESTINATION = 60,
	IP_PROTOCOL_L2TP = 115,
	IP_PROTOCOL_SCTP = 132,
	IP_PROTOCOL_MOBILITY = 135,
	IP_PROTOCOL_UDP_LITE = 136,
	IP_PROTOCOL_HIP = 139,
	IP_PROTOCOL_SHIM6 = 140,
};

enum { IP_V4_BYTES = 20, IP_V6_BYTES = 40 };

/*
 * The walk stands at the header. It ends at the transport header, within the
 * packet's own length. False when the packet has ended badly.
 */
bool ip_decode_v4(struct walk *walk);
bool ip_decode_v6(struct walk *walk);
bool ip_decode_arp(struct walk *walk);

#endif
