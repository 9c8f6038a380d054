/* SPDX-License-Identifier: Apache-2.0 */
/* Transport headers, and which UDP ports carry tunnels. */
#ifndef DECODE_TRANSPORT_H
#define DECODE_TRANSPORT_H

#include "walk.h"

enum { TRANSPORT_TCP_BYTES = 20, TRANSPORT_UDP_BYTES = 8 };

/* UDP ports of tunnels, https://www.iana.org/assignments/service-names-port-numbers */
enum {
	TRANSPORT_PORT_L2TP = 1701,
	TRANSPORT_PORT_GTPU = 2152,
	TRANSPORT_PORT_TEREDO = 3544,
	TRANSPORT_PORT_VXLAN = 4789,
	TRANSPORT_PORT_VXLAN_LINUX = 8472, /* before VXLAN had a number; still Linux's default */
	TRANSPORT_PORT_GENEVE = 6081,
};

/*
 * Ports that tunnels go to, and those of them that answers come from: each in
 * the place that some of its bits name, so that one comparison tells. An entry
 * that is not used holds a port of another place.
 */
#define TRANSPORT_PLACE(port) ((port) >> 3 & 15)
static const uint16_t transport_tunnel_to[16] = {
	[0] = 0xffff,
	[TRANSPORT_PLACE(TRANSPORT_PORT_L2TP)] = TRANSPORT_PORT_L2TP,
	[TRANSPORT_PLACE(TRANSPORT_PORT_GTPU)] = TRANSPORT_PORT_GTPU,
	[TRANSPORT_PLACE(TRANSPORT_PORT_TEREDO)] = TRANSPORT_PORT_TEREDO,
	[TRANSPORT_PLACE(TRANSPORT_PORT_VXLAN)] = TRANSPORT_PORT_VXLAN,
	[TRANSPORT_PLACE(TRANSPORT_PORT_VXLAN_LINUX)] = TRANSPORT_PORT_VXLAN_LINUX,
	[TRANSPORT_PLACE(TRANSPORT_PORT_GENEVE)] = TRANSPORT_PORT_GENEVE,
};
static const uint16_t transport_tunnel_from[16] = {
	[0] = 0xffff,
	[TRANSPORT_PLACE(TRANSPORT_PORT_L2TP)] = TRANSPORT_PORT_L2TP,
	[TRANSPORT_PLACE(TRANSPORT_PORT_GTPU)] = TRANSPORT_PORT_GTPU,
	[TRANSPORT_PLACE(TRANSPORT_PORT_TEREDO)] = TRANSPORT_PORT_TEREDO,
};

/*
 * May a UDP packet between these ports carry a tunnel? The port of a server
 * counts at either end for those tunnels whose answers come from it. No
 * branches: the fast path asks this for each UDP packet.
 */
static inline bool transport_is_tunnel_port(uint16_t source, uint16_t destination)
{
	return (transport_tunnel_to[TRANSPORT_PLACE(destination)] == destination) |
	       (transport_tunnel_from[TRANSPORT_PLACE(source)] == source);
}

/*
 * The walk stands after the IP headers. It ends at the payload; a protocol
 * that is not known has nothing but payload. False when the packet has ended
 * badly.
 */
bool transport_decode(struct walk *walk);

#endif
