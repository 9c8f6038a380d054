/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stddef.h>

#include "weir/decode.h"

struct name {
	uint16_t number;
	const char *word;
};

static const char *names_find(const struct name *names, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].word;
	return NULL;
}

#define NAMES_FIND(table, number) names_find(table, sizeof(table) / sizeof(*(table)), number)

/* https://www.iana.org/assignments/ieee-802-numbers */
const char *names_ethertype(uint16_t ethertype)
{
	static const struct name table[] = {
		{0x0800, "IPv4"},
		{0x0806, "ARP"},
		{0x0842, "Wake-on-LAN"},
		{0x22f3, "TRILL"},
		{0x8035, "RARP"},
		{0x8100, "802.1Q"},
		{0x8137, "IPX"},
		{0x86dd, "IPv6"},
		{0x8808, "MAC control"},
		{0x8809, "slow (LACP)"},
		{0x8847, "MPLS"},
		{0x8848, "MPLS multicast"},
		{0x8863, "PPPoE discovery"},
		{0x8864, "PPPoE"},
		{0x888e, "EAPOL"},
		{0x88a2, "AoE"},
		{0x88a8, "802.1ad"},
		{0x88b8, "GOOSE"},
		{0x88ba, "SV"},
		{0x88cc, "LLDP"},
		{0x88e5, "MACsec"},
		{0x88e7, "PBB"},
		{0x88f7, "PTP"},
		{0x8902, "CFM"},
		{0x8906, "FCoE"},
		{0x8914, "FIP"},
		{0x8915, "RoCE"},
		{0x9000, "loopback test"},
	};

	return NAMES_FIND(table, ethertype);
}

/* https://www.iana.org/assignments/protocol-numbers */
const char *names_protocol(uint8_t protocol)
{
	static const struct name table[] = {
		{0, "HopByHop"},
		{1, "ICMP"},
		{2, "IGMP"},
		{4, "IPIP"},
		{6, "TCP"},
		{8, "EGP"},
		{17, "UDP"},
		{33, "DCCP"},
		{41, "IPv6"},
		{43, "Routing"},
		{44, "Fragment"},
		{46, "RSVP"},
		{47, "GRE"},
		{50, "ESP"},
		{51, "AH"},
		{58, "ICMP6"},
		{59, "no next header"},
		{60, "DestOpt"},
		{88, "EIGRP"},
		{89, "OSPF"},
		{97, "EtherIP"},
		{103, "PIM"},
		{108, "IPComp"},
		{112, "VRRP"},
		{115, "L2TPv3"},
		{132, "SCTP"},
		{135, "Mobility"},
		{136, "UDPLite"},
		{137, "MPLS"},
		{139, "HIP"},
		{140, "Shim6"},
	};

	return NAMES_FIND(table, protocol);
}

/* https://www.iana.org/assignments/icmp-parameters */
const char *names_icmp(uint8_t type)
{
	static const struct name table[] = {
		{0, "echo reply"},           {3, "unreachable"},
		{4, "source quench"},        {5, "redirect"},
		{8, "echo request"},         {9, "router advertisement"},
		{10, "router solicitation"}, {11, "time exceeded"},
		{12, "parameter problem"},   {13, "timestamp request"},
		{14, "timestamp reply"},
	};

	return NAMES_FIND(table, type);
}

/* https://www.iana.org/assignments/icmpv6-parameters */
const char *names_icmpv6(uint8_t type)
{
	static const struct name table[] = {
		{1, "unreachable"},
		{2, "packet too big"},
		{3, "time exceeded"},
		{4, "parameter problem"},
		{128, "echo request"},
		{129, "echo reply"},
		{130, "listener query"},
		{131, "listener report"},
		{132, "listener done"},
		{133, "router solicitation"},
		{134, "router advertisement"},
		{135, "neighbor solicitation"},
		{136, "neighbor advertisement"},
		{137, "redirect"},
		{143, "listener report v2"},
	};

	return NAMES_FIND(table, type);
}

const char *names_tunnel(uint8_t tunnel)
{
	static const char *const words[] = {
		[WEIR_TUNNEL_NONE] = "",       [WEIR_TUNNEL_IPIP] = "IPIP",
		[WEIR_TUNNEL_GRE] = "GRE",     [WEIR_TUNNEL_ERSPAN] = "ERSPAN",
		[WEIR_TUNNEL_VXLAN] = "VXLAN", [WEIR_TUNNEL_GENEVE] = "Geneve",
		[WEIR_TUNNEL_GTPU] = "GTP-U",  [WEIR_TUNNEL_TEREDO] = "Teredo",
		[WEIR_TUNNEL_L2TP] = "L2TP",   [WEIR_TUNNEL_MPLS] = "pseudo-wire",
	};

	return tunnel < sizeof(words) / sizeof(*words) ? words[tunnel] : "tunnel";
}

/* In the order of enum weir_packet_flags: long, and as tcpdump 4.99 has them. */
static const char *const direction_names[8][2] = {
	{"host", "In"},      {"broadcast", "B"}, {"multicast", "M"}, {"otherhost", "P"},
	{"outgoing", "Out"}, {"loopback", "Lo"}, {"unknown", "?"},   {"unknown", "?"},
};

const char *names_direction(uint16_t flags)
{
	return direction_names[flags & WEIR_PACKET_DIRECTION_MASK][0];
}

const char *names_direction_short(uint16_t flags)
{
	return direction_names[flags & WEIR_PACKET_DIRECTION_MASK][1];
}

const char *names_tcp_flags(uint8_t flags, char text[9])
{
	/* FIN SYN RST PSH ACK URG ECE CWR: bits 0 to 7, RFC 9293 and RFC 3168 */
	static const char letters[] = "FSRP.UEW";
	int used = 0;

	for (int bit = 0; bit < 8; bit++)
		if (flags & 1 << bit)
			text[used++] = letters[bit];
	text[used] = '\0';
	return used ? text : "none";
}
