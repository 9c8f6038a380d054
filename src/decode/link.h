/* SPDX-License-Identifier: Apache-2.0 */
/* Everything below the network header: link headers, VLAN and MPLS stacks, PPP, pseudo-wires. */
#ifndef DECODE_LINK_H
#define DECODE_LINK_H

#include "walk.h"

/* LINKTYPE_ values, https://www.tcpdump.org/linktypes.html */
enum {
	LINK_TYPE_NULL = 0,
	LINK_TYPE_ETHERNET = 1,
	LINK_TYPE_PPP = 9,
	LINK_TYPE_FDDI = 10,
	LINK_TYPE_PPP_HDLC = 50,
	LINK_TYPE_PPP_ETHER = 51,
	LINK_TYPE_RAW = 101,
	LINK_TYPE_CISCO_HDLC = 104,
	LINK_TYPE_LOOP = 108,
	LINK_TYPE_COOKED = 113,
	LINK_TYPE_MPLS = 219,
	LINK_TYPE_IPV4 = 228,
	LINK_TYPE_IPV6 = 229,
	LINK_TYPE_COOKED_2 = 276,
};

/* https://www.iana.org/assignments/ieee-802-numbers */
enum {
	LINK_ETHERTYPE_IPV4 = 0x0800,
	LINK_ETHERTYPE_ARP = 0x0806,
	LINK_ETHERTYPE_TRANSPARENT_ETHERNET = 0x6558,
	LINK_ETHERTYPE_VLAN = 0x8100,         /* IEEE 802.1Q */
	LINK_ETHERTYPE_SERVICE_VLAN = 0x88a8, /* IEEE 802.1ad */
	LINK_ETHERTYPE_STACKED_VLAN = 0x9100, /* before 802.1ad had a number */
	LINK_ETHERTYPE_IPV6 = 0x86dd,
	LINK_ETHERTYPE_PPP = 0x880b,
	LINK_ETHERTYPE_MPLS = 0x8847, /* RFC 5332 */
	LINK_ETHERTYPE_MPLS_MULTICAST = 0x8848,
	LINK_ETHERTYPE_PPPOE_DISCOVERY = 0x8863, /* RFC 2516 */
	LINK_ETHERTYPE_PPPOE_SESSION = 0x8864,
	LINK_ETHERTYPE_MIN = 1536, /* IEEE 802.3, 3.2.6: below is a length */
};

/*
 * Walk to the network header and set ethertype. False when the packet has
 * ended (its status says how).
 */
bool link_decode(struct walk *walk, uint32_t link_type);

/* Do the bytes at 'at' (14 of them) look like an Ethernet header? Used where nothing says so. */
bool link_looks_like_ethernet(const uint8_t *at);

#endif
