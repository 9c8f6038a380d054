/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of specimens. Lengths in headers are written out, not computed:
 * each can be wrong on purpose. What is expected was read against the RFCs,
 * and tests/golden/test_decode compares it with tshark.
 */
#include "specimens.h"

#include <stdlib.h>
#include <string.h>

#define ETHERNET(type) "020000000002 020000000001 " type " "
/* No options, TTL 64, 10.0.0.1 to 10.0.0.2. */
#define IPV4(total_length, protocol)                                                               \
	"4500 " total_length " 0000 0000 40 " protocol " 0000 0a000001 0a000002 "
/* TOS 4, TTL 63, 192.168.0.1 to 192.168.0.2: tells the inner from the outer. */
#define INNER_IPV4(total_length, protocol)                                                         \
	"4504 " total_length " 0000 0000 3f " protocol " 0000 c0a80001 c0a80002 "
#define IPV6_ADDRESSES             "20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define IPV6(payload_length, next) "60000000 " payload_length " " next " 40 " IPV6_ADDRESSES
/* 1024 to 80, sequence number 1, ACK, no options, no payload. */
#define TCP                              "0400 0050 00000001 00000002 5010 ffff 0000 0000 "
#define UDP(source, destination, length) source " " destination " " length " 0000 "

/* LINKTYPE_ values */
enum {
	NULL_LOOPBACK = 0,
	ETHERNET_2 = 1,
	PPP = 9,
	FDDI = 10,
	PPP_HDLC = 50,
	PPP_ETHER = 51,
	RAW = 101,
	CISCO_HDLC = 104,
	IEEE802_11 = 105,
	LOOP = 108,
	COOKED = 113,
	IPV4_ONLY = 228,
	IPV6_ONLY = 229,
	COOKED_2 = 276,
};

const struct specimen specimens[] = {

	/* ---- Ethernet and what may stand between it and the network header ---- */

	{
		.name = "tcp over ipv4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=34 "
			 "ports=1024,80 flags=10 seq=1 payload=54",
	},
	{
		.name = "udp over ipv4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "11") UDP("0400", "0035", "000c") "61626364",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "padding of a short frame is no payload",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "11")
			UDP("0400", "0035", "000c") "61626364 (00*14)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "tcp over ipv6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=54 "
			 "ports=1024,80 flags=10 seq=1 payload=74",
	},
	{
		.name = "udp over ipv6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("000c", "11") UDP("0400", "0035", "000c") "61626364",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=17 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=52 ip_header=40 transport=54 "
			 "ports=1024,53 payload=62 payload_bytes=4",
	},
	{
		.name = "traffic class and hop limit",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") "6ab00000 0014 06 01" IPV6_ADDRESSES TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=1 tos=171 ip_bytes=60 ip_header=40 transport=54 "
			 "ports=1024,80 flags=10 seq=1 payload=74",
	},
	{
		.name = "one vlan tag",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "a005 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 vlan=40965 network=18 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=38 ports=1024,80 flags=10 seq=1 payload=58",
	},
	{
		.name = "service and customer tag",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("88a8") "0064 8100 "
					"00c8 86dd " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd link=0 vlan=100,200 network=22 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		.name = "three tags",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("9100") "0001 9100 "
					"0002 8100 "
					"0003 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 vlan=1,2,3 network=26 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=46 ports=1024,80 flags=10 seq=1 payload=66",
	},
	{
		.name = "a fifth tag is counted",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "0001 8100 0002 8100 0003 8100 0004 8100 0005 0800 " IPV4(
			"0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 vlan=1,2,3,+2 network=34 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=54 ports=1024,80 flags=10 seq=1 payload=74",
	},
	{
		/* More than WEIR_LINK_HEADERS_MAX. */
		.name = "tags without end",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "(00018100*26) "
					"0001 0800 " IPV4("0028", "06") TCP,
		.outer = "unsupported:depth ethertype=8100 link=0 vlan=1,1,1,+22",
	},
	{
		.name = "tag cut by the frame's end",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "0001",
		.outer = "malformed:vlan ethertype=8100 link=0",
	},
	{
		.name = "arp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET(
			"0806") "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002",
		.outer = "ok ethertype=0806 link=0 network=14 payload=42",
	},
	{
		.name = "arp with an address too long",
		.link_type = ETHERNET_2,
		.hex = ETHERNET(
			"0806") "0001 0800 06 ff 0001 020000000001 0a000001 000000000000 0a000002",
		.outer = "malformed:arp ethertype=0806 link=0 network=14",
	},
	{
		/* LLDP. */
		.name = "another ethertype",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("88cc") "0207 04020000000001",
		.outer = "ok ethertype=88cc link=0 payload=14 payload_bytes=9",
	},
	{
		.name = "spanning tree in llc",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0026") "42 42 03 (00*35) "
					"(00*8)",
		.outer = "ok ethertype=0042 link=0 payload=17 payload_bytes=35",
	},
	{
		.name = "snap with an ethertype",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0030") "aa aa 03 000000 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=22 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=42 "
			 "ports=1024,80 flags=10 seq=1 payload=62",
	},
	{
		/* CDP. */
		.name = "snap of a vendor",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("000c") "aa aa 03 00000c 2000 01b40000",
		.outer = "ok ethertype=00aa link=0 payload=22 payload_bytes=4",
	},
	{
		.name = "ip in llc",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("002b") "06 06 03 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=17 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=37 "
			 "ports=1024,80 flags=10 seq=1 payload=57",
	},
	{
		.name = "llc in a vlan",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "0001 0004 "
					"42 42 03 00",
		.outer = "ok ethertype=0042 link=0 vlan=1 payload=21 payload_bytes=1",
	},
	{
		.name = "llc longer than its frame",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0040") "42 42 03 00",
		.outer = "malformed:link ethertype=0042 link=0 payload=17 payload_bytes=1",
	},
	{
		.name = "neither length nor type",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("05f0") "42 42 03 00",
		.outer = "malformed:link ethertype=05f0 link=0",
	},
	{
		.name = "frame shorter than its header",
		.link_type = ETHERNET_2,
		.hex = "020000000002 0200",
		.outer = "malformed:link ethertype=0000",
	},
	{
		/* Labels 16 and 17, the second is the bottom. */
		.name = "mpls with ipv4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "00010040 00011140 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 mpls=2:17 network=22 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=42 "
			 "ports=1024,80 flags=10 seq=1 payload=62",
	},
	{
		.name = "mpls with ipv6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8848") "00010140 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd link=0 mpls=1:16 network=18 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=58 ports=1024,80 flags=10 seq=1 payload=78",
	},
	{
		.name = "pseudo-wire with a control word",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "00064140 "
					"00000000 " ETHERNET("0800") IPV4("0028", "06") TCP,
		.outer = "ok tunnel=mpls:100:0 ethertype=0800 link=0 mpls=1:100 network=36 ip=4 "
			 "proto=6 src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=56 ports=1024,80 flags=10 seq=1 payload=76",
	},
	{
		/* A MAC address that begins as IPv4 does. */
		.name = "pseudo-wire without a control word",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "00064140 "
					"400000000002 020000000001 8100"
					"0007 0800 " IPV4("0028", "06") TCP,
		.outer = "ok tunnel=mpls:100:0 ethertype=0800 link=0 vlan=7 mpls=1:100 network=36 "
			 "ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 "
			 "ip_header=20 transport=56 ports=1024,80 flags=10 seq=1 payload=76",
	},
	{
		/* Generic associated channel, RFC 5586. */
		.name = "mpls with something else",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "0000d140 "
					"10000000 12345678",
		.outer = "ok ethertype=8847 link=0 mpls=1:13 payload=18 payload_bytes=8",
	},
	{
		.name = "mpls with nothing",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "00010140",
		.outer = "malformed:mpls ethertype=8847 link=0 mpls=1:16",
	},
	{
		.name = "mpls stack without bottom",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8847") "00010040 00010040",
		.outer = "malformed:mpls ethertype=8847 link=0 mpls=2:16",
	},
	{
		.name = "pppoe with ipv4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8864") "11 00 0001 002a 0021 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=22 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=42 "
			 "ports=1024,80 flags=10 seq=1 payload=62",
	},
	{
		.name = "pppoe with ipv6 in a vlan",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "0007 8864 "
					"11 00 0001 003e 0057 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd link=0 vlan=7 network=26 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=66 "
			 "ports=1024,80 flags=10 seq=1 payload=86",
	},
	{
		.name = "pppoe with lcp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8864") "11 00 0001 000a c021 01 01 0008 0104 05d4",
		.outer = "ok ethertype=8864 link=0 payload=22 payload_bytes=8",
	},
	{
		.name = "pppoe discovery",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8863") "11 09 0000 0004 0101 0000",
		.outer = "ok ethertype=8863 link=0 payload=14 payload_bytes=10",
	},
	{
		.name = "pppoe longer than its frame",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8864") "11 00 0001 0100 0021 " IPV4("0028", "06") TCP,
		.outer = "malformed:ppp ethertype=0800 link=0 network=22 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=42 ports=1024,80 flags=10 seq=1 payload=62",
	},
	{
		.name = "pppoe of another version",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8864") "21 00 0001 002a 0021 " IPV4("0028", "06") TCP,
		.outer = "malformed:ppp ethertype=8864 link=0",
	},

	/* ---- Other link types ---- */

	{
		.name = "raw ipv4",
		.link_type = RAW,
		.hex = IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=0 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=20 ports=1024,80 "
			 "flags=10 seq=1 payload=40",
	},
	{
		.name = "raw ipv6",
		.link_type = RAW,
		.hex = IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=0 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=40 "
			 "ports=1024,80 flags=10 seq=1 payload=60",
	},
	{
		.name = "raw neither",
		.link_type = RAW,
		.hex = "00000000",
		.outer = "malformed:link ethertype=0000",
	},
	{
		.name = "ipv4 link",
		.link_type = IPV4_ONLY,
		.hex = IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=0 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=20 ports=1024,80 "
			 "flags=10 seq=1 payload=40",
	},
	{
		.name = "ipv6 link",
		.link_type = IPV6_ONLY,
		.hex = IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=0 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=40 "
			 "ports=1024,80 flags=10 seq=1 payload=60",
	},
	{
		.name = "cooked",
		.link_type = COOKED,
		.hex = "0000 0001 0006 0200000000010000 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=16 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=36 ports=1024,80 "
			 "flags=10 seq=1 payload=56",
	},
	{
		.name = "cooked with a vlan",
		.link_type = COOKED,
		.hex = "0000 0001 0006 0200000000010000 8100"
		       "0005 86dd " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd vlan=5 network=20 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=60 "
			 "ports=1024,80 flags=10 seq=1 payload=80",
	},
	{
		.name = "cooked llc",
		.link_type = COOKED,
		.hex = "0000 0001 0006 0200000000010000 0004"
		       "42 42 03 00",
		.outer = "ok ethertype=0042 payload=19 payload_bytes=1",
	},
	{
		.name = "cooked 2",
		.link_type = COOKED_2,
		.hex = "0800 0000 00000003 0001 00 06 0200000000010000 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=20 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=40 ports=1024,80 "
			 "flags=10 seq=1 payload=60",
	},
	{
		.name = "loopback of a little-endian host",
		.link_type = NULL_LOOPBACK,
		.hex = "02000000 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=4 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=24 ports=1024,80 "
			 "flags=10 seq=1 payload=44",
	},
	{
		.name = "loopback of a big-endian host",
		.link_type = NULL_LOOPBACK,
		.hex = "0000001c " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=4 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=44 "
			 "ports=1024,80 flags=10 seq=1 payload=64",
	},
	{
		.name = "loopback of openbsd",
		.link_type = LOOP,
		.hex = "00000018 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=4 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=44 "
			 "ports=1024,80 flags=10 seq=1 payload=64",
	},
	{
		.name = "loopback of another family",
		.link_type = NULL_LOOPBACK,
		.hex = "07000000 00",
		.outer = "unsupported:link ethertype=0000",
	},
	{
		.name = "ppp",
		.link_type = PPP,
		.hex = "ff03 0021 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=4 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=24 ports=1024,80 "
			 "flags=10 seq=1 payload=44",
	},
	{
		.name = "ppp with compressed fields",
		.link_type = PPP,
		.hex = "57 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=1 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=41 "
			 "ports=1024,80 flags=10 seq=1 payload=61",
	},
	{
		.name = "ppp with lcp",
		.link_type = PPP,
		.hex = "ff03 c021 01 01 0004",
		.outer = "ok ethertype=880b payload=4 payload_bytes=4",
	},
	{
		.name = "ppp with mpls",
		.link_type = PPP,
		.hex = "ff03 0281"
		       "00010140 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 mpls=1:16 network=8 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=28 "
			 "ports=1024,80 flags=10 seq=1 payload=48",
	},
	{
		.name = "ppp in hdlc framing",
		.link_type = PPP_HDLC,
		.hex = "ff03 0021 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=4 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=24 ports=1024,80 "
			 "flags=10 seq=1 payload=44",
	},
	{
		.name = "cisco hdlc in ppp's place",
		.link_type = PPP_HDLC,
		.hex = "0f00 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=4 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=24 ports=1024,80 "
			 "flags=10 seq=1 payload=44",
	},
	{
		.name = "cisco hdlc",
		.link_type = CISCO_HDLC,
		.hex = "8f00 86dd " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd network=4 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 transport=44 "
			 "ports=1024,80 flags=10 seq=1 payload=64",
	},
	{
		.name = "pppoe as a link",
		.link_type = PPP_ETHER,
		.hex = "11 00 0001 002a 0021 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=8 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=28 ports=1024,80 "
			 "flags=10 seq=1 payload=48",
	},
	{
		.name = "fddi",
		.link_type = FDDI,
		.hex = "50 020000000002 020000000001"
		       "aa aa 03 000000 0800 " IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 network=21 ip=4 proto=6 src=10.0.0.1 dst=10.0.0.2 "
			 "ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=41 ports=1024,80 "
			 "flags=10 seq=1 payload=61",
	},
	{
		.name = "unknown link type",
		.link_type = IEEE802_11,
		.hex = "00000000",
		.outer = "unsupported:link ethertype=0000",
	},

	/* ---- IPv4 ---- */

	{
		/* Router alert, RFC 2113. */
		.name = "ipv4 options",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4600 002c 0000 0000 40 06 0000 0a000001 0a000002"
					"94040000 " TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=44 ip_header=24 extensions=001 "
			 "transport=38 ports=1024,80 flags=10 seq=1 payload=58",
	},
	{
		.name = "ipv4 header of four words",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4400 0028 0000 0000 40 06 0000 0a000001 0a000002 " TCP,
		.outer = "malformed:ipv4 ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40",
	},
	{
		.name = "ipv4 header longer than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4f00 0028 0000 0000 40 06 0000 0a000001 0a000002 " TCP,
		.outer = "malformed:ipv4 ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40",
	},
	{
		.name = "ipv4 of version 5",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "5500 0028 0000 0000 40 06 0000 0a000001 0a000002 " TCP,
		.outer = "malformed:ipv4 ethertype=0800 link=0 network=14",
	},
	{
		.name = "ipv4 total length smaller than the header",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0010", "06") TCP,
		.outer = "malformed:ipv4 ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=16",
	},
	{
		.name = "ipv4 total length larger than the frame",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0029", "06") TCP,
		.outer = "malformed:ipv4 ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=41 ip_header=20 "
			 "transport=34 ports=1024,80 flags=10 seq=1 payload=54 payload_bytes=1",
	},
	{
		.name = "ipv4 total length 0 of a super-packet",
		.link_type = ETHERNET_2,
		.wire_len = 70000,
		.hex = ETHERNET("0800") IPV4("0000", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=69986 ip_header=20 transport=34 "
			 "ports=1024,80 flags=10 seq=1 payload=54 payload_bytes=69946",
	},
	{
		.name = "ipv4 don't fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 0028 1234 4000 40 06 0000 0a000001 0a000002 " TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=34 "
			 "ports=1024,80 flags=10 seq=1 payload=54",
	},
	{
		.name = "ipv4 first fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 0024 1234 2000 40 11 0000 0a000001 0a000002 " UDP(
			"0400", "0035", "0100") "(61*8)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=36 ip_header=20 fragment=first:4660 "
			 "transport=34 ports=1024,53 payload=42 payload_bytes=8",
	},
	{
		.name = "ipv4 later fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 0024 1234 2002 40 11 0000 0a000001 0a000002 "
					"(61*16)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=36 ip_header=20 fragment=later:4660 "
			 "payload=34 payload_bytes=16",
	},
	{
		.name = "ipv4 last fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 001c 1234 001f 40 11 0000 0a000001 0a000002 "
					"(61*8)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=28 ip_header=20 fragment=later:4660 "
			 "payload=34 payload_bytes=8",
	},
	{
		.name = "ipv4 first fragment too short for tcp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 001c 1234 2000 40 06 0000 0a000001 0a000002 "
					"0400 0050 00000001",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=28 ip_header=20 "
			 "fragment=first:4660",
	},
	{
		.name = "ipv4 authentication header",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("0040", "33") "06 04 0000 00000100 00000001 (aa*12) " TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=64 ip_header=44 extensions=020 "
			 "transport=58 ports=1024,80 flags=10 seq=1 payload=78",
	},
	{
		.name = "ipv4 authentication headers without end",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("00f4", "33") "(330100000000000100000001*17) " TCP,
		.outer = "unsupported:depth ethertype=0800 link=0 network=14 ip=4 proto=51 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=244 extensions=020",
	},
	{
		/* OSPF. */
		.name = "ipv4 of an unknown protocol",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0018", "59") "02010004",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=89 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=24 ip_header=20 payload=34 "
			 "payload_bytes=4",
	},

	/* ---- IPv6 ---- */

	{
		.name = "hop-by-hop",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("001c", "00") "06 00 0502 0000 0100 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=68 ip_header=48 extensions=002 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		/* Type 0, RFC 2460. */
		.name = "routing",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("002c", "2b") "06 02 0000 00000000 (20*16) " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=84 ip_header=64 extensions=004 "
			 "transport=78 ports=1024,80 flags=10 seq=1 payload=98",
	},
	{
		.name = "destination options",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("001c", "3c") "06 00 0104 00000000 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=68 ip_header=48 extensions=010 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		.name = "atomic fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("001c", "2c") "06 00 0000 12345678 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=68 ip_header=48 extensions=008 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		.name = "ipv6 first fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0018", "2c") "11 00 0001 12345678 " UDP(
			"0400", "0035", "0100") "(61*8)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=17 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=64 ip_header=48 extensions=008 "
			 "fragment=first:305419896 transport=62 ports=1024,53 payload=70 "
			 "payload_bytes=8",
	},
	{
		.name = "ipv6 later fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0010", "2c") "11 00 0011 12345678 "
							   "(61*8)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=17 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=56 ip_header=48 extensions=008 "
			 "fragment=later:305419896 payload=62 payload_bytes=8",
	},
	{
		.name = "ipv6 later fragment of extension headers",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0010", "2c") "3c 00 0010 12345678 "
							   "(61*8)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=60 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=56 ip_header=48 extensions=008 "
			 "fragment=later:305419896 payload=62 payload_bytes=8",
	},
	{
		.name = "ipv6 authentication header",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd")
			IPV6("002c", "33") "06 04 0000 00000100 00000001 (aa*12) " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=84 ip_header=64 extensions=020 "
			 "transport=78 ports=1024,80 flags=10 seq=1 payload=98",
	},
	{
		/* Binding refresh request. */
		.name = "mobility",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0008", "87") "3b 00 00 00 0000 0000",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=135 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=48 ip_header=40 extensions=040 "
			 "payload=54 payload_bytes=8",
	},
	{
		.name = "hip",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0028", "8b") "3b 04 01 21 0000 0000 (11*32)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=139 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=80 ip_header=40 extensions=080 "
			 "payload=54 payload_bytes=40",
	},
	{
		.name = "shim6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0010", "8c") "3b 01 40 00 0000 0000 (00*8)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=140 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=56 ip_header=40 extensions=100 "
			 "payload=54 payload_bytes=16",
	},
	{
		.name = "mobility with something after it",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("001c", "87") "06 00 00 00 0000 0000 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=68 ip_header=48 extensions=040 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		.name = "no next header",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0000", "3b") "(00*6)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=59 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=40 ip_header=40 extensions=400 "
			 "payload=54",
	},
	{
		.name = "ipv6 esp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0018", "32") "00000100 00000001 (ee*16)",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=50 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=64 ip_header=40 extensions=200 "
			 "transport=54 ports=0,0 payload=62 payload_bytes=16",
	},
	{
		.name = "all extension headers",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0064", "00") "3c 00 0104 00000000 "
							   "2b 00 0104 00000000 "
							   "2c 02 0000 00000000 (20*16) "
							   "33 00 0000 12345678 "
							   "3c 04 0000 00000100 00000001 (aa*12) "
							   "06 00 0104 00000000 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=140 ip_header=120 extensions=03e "
			 "transport=134 ports=1024,80 flags=10 seq=1 payload=154",
	},
	{
		.name = "extension headers without end",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("00a4", "3c") "(3c00010400000000*17) "
							   "06 00 0104 00000000 " TCP,
		.outer = "unsupported:depth ethertype=86dd link=0 network=14 ip=6 proto=60 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=204 "
			 "extensions=010",
	},
	{
		.name = "extension header longer than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("001c", "00") "06 ff 0502 0000 0100 " TCP,
		.outer = "malformed:extension ethertype=86dd link=0 network=14 ip=6 proto=0 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=68",
	},
	{
		/* Payload of 70008 bytes in the option. */
		.name = "jumbogram",
		.link_type = ETHERNET_2,
		.wire_len = 70062,
		.hex = ETHERNET("86dd") IPV6("0000", "00") "06 00 c204 00011178 " TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=6 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=70048 ip_header=48 extensions=002 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82 "
			 "payload_bytes=69980",
	},
	{
		.name = "ipv6 payload larger than the frame",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0015", "06") TCP,
		.outer = "malformed:ipv6 ethertype=86dd link=0 network=14 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=61 ip_header=40 "
			 "transport=54 ports=1024,80 flags=10 seq=1 payload=74 payload_bytes=1",
	},
	{
		.name = "ipv6 of version 4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") "40000000 0014 06 40" IPV6_ADDRESSES TCP,
		.outer = "malformed:ipv6 ethertype=86dd link=0 network=14",
	},

	/* ---- Transport ---- */

	{
		.name = "tcp options",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("002c", "06") "0400 0050 00000001 00000000 6002 ffff 0000 0000"
					   "020405b4",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=44 ip_header=20 transport=34 "
			 "ports=1024,80 flags=02 seq=1 payload=58",
	},
	{
		.name = "tcp options cut by the capture",
		.link_type = ETHERNET_2,
		.wire_len = 68,
		.hex = ETHERNET("0800")
			IPV4("0036", "06") "0400 0050 00000001 00000000 8018 ffff 0000 0000"
					   "0101",
		.outer = "truncated:transport ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=54 ip_header=20 "
			 "transport=34 ports=1024,80 flags=18 seq=1 payload_bytes=2",
	},
	{
		.name = "tcp header of four words",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("0028", "06") "0400 0050 00000001 00000000 4002 ffff 0000 0000",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=34 ports=1024,80 flags=02 seq=1",
	},
	{
		.name = "tcp header longer than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("0028", "06") "0400 0050 00000001 00000000 6002 ffff 0000 0000",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=6 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 "
			 "transport=34 ports=1024,80 flags=02 seq=1",
	},
	{
		.name = "tcp with every flag",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("0029", "06") "0400 0050 fffffffe 00000002 50ff ffff 0000 0000"
					   "61",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=6 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=41 ip_header=20 transport=34 "
			 "ports=1024,80 flags=ff seq=4294967294 payload=54 payload_bytes=1",
	},
	{
		.name = "udp shorter than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0024", "11")
			UDP("0400", "0035", "000c") "61626364 65666768",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=36 ip_header=20 transport=34 "
			 "ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "udp longer than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "11") UDP("0400", "0035", "000d") "61626364",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=17 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 "
			 "transport=34 ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "udp of length 7",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "11") UDP("0400", "0035", "0007") "61626364",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=17 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 "
			 "transport=34 ports=1024,53",
	},
	{
		.name = "udp of length 0",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "11") UDP("0400", "0035", "0000") "61626364",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "udp-lite",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "88") UDP("0400", "0035", "0008") "61626364",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=136 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=1024,53 payload=42 payload_bytes=4",
	},
	{
		.name = "udp-lite covering too much",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "88") UDP("0400", "0035", "000d") "61626364",
		.outer = "malformed:transport ethertype=0800 link=0 network=14 ip=4 proto=136 "
			 "src=10.0.0.1 dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 "
			 "transport=34 ports=1024,53",
	},
	{
		.name = "sctp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0024", "84") "0b59 0b59 00000001 00000000"
							   "0b000004",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=132 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=36 ip_header=20 transport=34 "
			 "ports=2905,2905 payload=46 payload_bytes=4",
	},
	{
		.name = "icmp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "01") "08 00 0000 0001 0001 61626364",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=1 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=0,2048 payload=42 payload_bytes=4",
	},
	{
		/* The packet in it is no tunnel's. */
		.name = "icmp unreachable",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0038", "01") "03 03 0000 00000000 " IPV4("0020", "11")
			UDP("0400", "0035", "000c"),
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=1 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=56 ip_header=20 transport=34 "
			 "ports=0,771 payload=42 payload_bytes=28",
	},
	{
		/* Neighbour solicitation. */
		.name = "icmpv6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6(
			"0018", "3a") "87 00 0000 00000000 20010db8 00000000 00000000 00000002",
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=58 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=64 ip_header=40 transport=54 "
			 "ports=0,34560 payload=62 payload_bytes=16",
	},
	{
		.name = "igmp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4600 0020 0000 0000 01 02 0000 0a000001 e0000001"
					"94040000 "
					"16 64 0000 e0000005",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=2 src=10.0.0.1 "
			 "dst=224.0.0.1 ttl=1 tos=0 ip_bytes=32 ip_header=24 extensions=001 "
			 "transport=38 ports=0,5632 payload=46",
	},
	{
		.name = "esp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("002c", "32") "00000100 00000001 (ee*16)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=50 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=44 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=16",
	},

	/* ---- Tunnels: IP in IP and GRE ---- */

	{
		.name = "ipip",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("003c", "04") INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=4 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=60 ip_header=20 payload=34 "
			 "payload_bytes=40 inner=34:228",
		.inner = "ok tunnel=ipip:0:1 ethertype=0800 network=34 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=54 ports=1024,80 flags=10 seq=1 payload=74",
	},
	{
		.name = "6in4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0050", "29") IPV6("0014", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=41 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 payload=34 "
			 "payload_bytes=60 inner=34:229",
		.inner = "ok tunnel=ipip:0:1 ethertype=86dd network=34 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "4in6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("0028", "04") INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=4 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=80 ip_header=40 payload=54 "
			 "payload_bytes=40 inner=54:228",
		.inner = "ok tunnel=ipip:0:1 ethertype=0800 network=54 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "6in6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("86dd") IPV6("003c", "29") IPV6("0014", "06") TCP,
		.outer = "ok ethertype=86dd link=0 network=14 ip=6 proto=41 src=2001:db8::1 "
			 "dst=2001:db8::2 ttl=64 tos=0 ip_bytes=100 ip_header=40 payload=54 "
			 "payload_bytes=60 inner=54:229",
		.inner = "ok tunnel=ipip:0:1 ethertype=86dd network=54 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=94 ports=1024,80 flags=10 seq=1 payload=114",
	},
	{
		.name = "ipip with something else",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0028", "04") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=4 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 payload=34 "
			 "payload_bytes=20 inner=34:228",
		.inner = "malformed:ipv4 tunnel=ipip:0:1 ethertype=0800 network=34",
	},
	{
		/* The inner packet goes on in the next fragment. */
		.name = "ipip in a first fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 003c 1234 2000 40 04 0000 0a000001 "
					"0a000002 " INNER_IPV4("0128", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=4 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=60 ip_header=20 fragment=first:4660 "
			 "payload=34 payload_bytes=40 inner=34:228",
		.inner = "ok tunnel=ipip:0:1 ethertype=0800 network=34 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=296 ip_header=20 "
			 "transport=54 ports=1024,80 flags=10 seq=1 payload=74 payload_bytes=256",
	},
	{
		.name = "ipip five deep",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("008c", "04") INNER_IPV4("0078", "04")
			INNER_IPV4("0064", "04") INNER_IPV4("0050", "04") INNER_IPV4("003c", "04")
				INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=4 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=140 ip_header=20 payload=34 "
			 "payload_bytes=120 inner=34:228",
		.inner = "unsupported:depth tunnel=ipip:0:4 ethertype=0800 network=94 ip=4 "
			 "proto=4 src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=60 "
			 "ip_header=20 payload=114 payload_bytes=40 inner=114:228",
	},
	{
		.name = "gre",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0040", "2f") "0000 0800 " INNER_IPV4("0028", "06")
			TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=64 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=40 inner=38:228",
		.inner = "ok tunnel=gre:0:1 ethertype=0800 network=38 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=58 ports=1024,80 flags=10 seq=1 payload=78",
	},
	{
		.name = "gre with checksum, key and sequence",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("0060", "2f") "b000 86dd 0000 0000 00000007 00000001 " IPV6("0014",
											 "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=96 ip_header=20 transport=34 "
			 "ports=0,0 payload=50 payload_bytes=60 inner=50:229",
		.inner = "ok tunnel=gre:7:1 ethertype=86dd network=50 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=90 ports=1024,80 flags=10 seq=1 payload=110",
	},
	{
		.name = "gre with ethernet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0052", "2f") "2000 6558 00000007 " ETHERNET("0800")
			INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=82 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=54 inner=42:1",
		.inner = "ok tunnel=gre:7:1 ethertype=0800 link=42 network=56 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=76 ports=1024,80 flags=10 seq=1 payload=96",
	},
	{
		.name = "gre with mpls",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0044", "2f") "0000 8847"
							   "00010140 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=68 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=44 inner=38:219",
		.inner = "ok tunnel=gre:0:1 ethertype=0800 mpls=1:16 network=42 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=62 ports=1024,80 flags=10 seq=1 payload=82",
	},
	{
		.name = "gre with ppp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0042", "2f") "0000 880b"
							   "0021 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=66 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=42 inner=38:9",
		.inner = "ok tunnel=gre:0:1 ethertype=0800 network=40 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=60 ports=1024,80 flags=10 seq=1 payload=80",
	},
	{
		.name = "gre in gre",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005c", "2f") "2000 0800 00000007 " INNER_IPV4(
			"0040", "2f") "0000 0800 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=92 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=64 inner=42:228",
		.inner = "ok tunnel=gre:0:2 ethertype=0800 network=66 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=86 ports=1024,80 flags=10 seq=1 payload=106",
	},
	{
		.name = "gre keepalive",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0018", "2f") "0000 0000",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=24 ip_header=20 transport=34 "
			 "ports=0,0 payload=38",
	},
	{
		.name = "gre with source routes",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0048", "2f") "4000 0800 0000 0000"
							   "00000000 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=72 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=44",
		.inner = "unsupported:tunnel tunnel=gre:0:1 ethertype=0000",
	},
	{
		.name = "gre of version 2",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0018", "2f") "0002 0800",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=24 ip_header=20 transport=34 "
			 "ports=0,0 payload=38",
		.inner = "unsupported:tunnel tunnel=gre:0:1 ethertype=0000",
	},
	{
		.name = "pptp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0050", "2f") "3081 880b 002c 0009 00000001 00000001"
							   "ff03 0021 " INNER_IPV4("0028", "06")
								   TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 transport=34 "
			 "ports=0,0 payload=50 payload_bytes=44 inner=50:9",
		.inner = "ok tunnel=gre:9:1 ethertype=0800 network=54 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "pptp acknowledgement",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "2f") "2081 880b 0000 0009 00000001",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=0,0 payload=46",
	},
	{
		.name = "pptp longer than its packet",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0050", "2f") "3081 880b 0100 0009 00000001 00000001"
							   "ff03 0021 " INNER_IPV4("0028", "06")
								   TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 transport=34 "
			 "ports=0,0 payload=50 payload_bytes=44",
		.inner = "malformed:tunnel tunnel=gre:9:1 ethertype=0000",
	},
	{
		.name = "erspan 1",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("004e", "2f") "0000 88be " ETHERNET("0800")
			INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=78 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=54 inner=38:1",
		.inner = "ok tunnel=erspan:0:1 ethertype=0800 link=38 network=52 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=72 ports=1024,80 flags=10 seq=1 payload=92",
	},
	{
		.name = "erspan 2",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005a", "2f") "1000 88be 00000001"
							   "1001 0064 00000002 " ETHERNET("0800")
								   INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=62 inner=50:1",
		.inner = "ok tunnel=erspan:100:1 ethertype=0800 link=50 network=64 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=84 ports=1024,80 flags=10 seq=1 payload=104",
	},
	{
		.name = "erspan 3",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800")
			IPV4("005e", "2f") "1000 22eb 00000001"
					   "2001 0064 00000000 0000 0000 " ETHERNET("0800")
						   INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=94 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=66 inner=54:1",
		.inner = "ok tunnel=erspan:100:1 ethertype=0800 link=54 network=68 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=88 ports=1024,80 flags=10 seq=1 payload=108",
	},
	{
		.name = "erspan 3 with a platform header",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0066", "2f") "1000 22eb 00000001"
							   "2001 0064 00000000 0000 0001"
							   "(00*8) " ETHERNET("0800")
								   INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=102 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=74 inner=62:1",
		.inner = "ok tunnel=erspan:100:1 ethertype=0800 link=62 network=76 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=96 ports=1024,80 flags=10 seq=1 payload=116",
	},
	{
		.name = "erspan 3 with ipv4",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4(
			"0050", "2f") "1000 22eb 00000001"
				      "2001 0064 00000000 0000 0800 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=52 inner=54:101",
		.inner = "ok tunnel=erspan:100:1 ethertype=0800 network=54 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "erspan of another version",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005a", "2f") "1000 88be 00000001"
							   "7001 0064 00000002 " ETHERNET("0800")
								   INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 transport=34 "
			 "ports=0,0 payload=42 payload_bytes=62",
		.inner = "malformed:tunnel tunnel=erspan:100:1 ethertype=0000",
	},
	{
		/* A cookie of four bytes. */
		.name = "l2tp 3 over ip",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0052", "73") "00000064"
							   "aabbccdd " ETHERNET("0800")
								   INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=115 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=82 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=58 inner=42:1",
		.inner = "ok tunnel=l2tp:100:1 ethertype=0800 link=42 network=56 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=76 ports=1024,80 flags=10 seq=1 payload=96",
	},
	{
		.name = "l2tp 3 control message",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0020", "73") "00000000"
							   "c803 000c 00000001",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=115 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=32 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=8",
	},

	/* ---- Tunnels over UDP ---- */

	{
		.name = "vxlan",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005a", "11")
			UDP("c000", "12b5", "0046") "08000000 00007b00 " ETHERNET("0800")
				INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 transport=34 "
			 "ports=49152,4789 payload=42 payload_bytes=62 inner=50:1",
		.inner = "ok tunnel=vxlan:123:1 ethertype=0800 link=50 network=64 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=84 ports=1024,80 flags=10 seq=1 payload=104",
	},
	{
		.name = "vxlan on linux's port with a vlan in it",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005e", "11")
			UDP("c000", "2118", "004a") "08000000 00007b00 " ETHERNET(
				"8100") "0009 0800 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=94 ip_header=20 transport=34 "
			 "ports=49152,8472 payload=42 payload_bytes=66 inner=50:1",
		.inner = "ok tunnel=vxlan:123:1 ethertype=0800 link=50 vlan=9 network=68 ip=4 "
			 "proto=6 src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 "
			 "ip_header=20 transport=88 ports=1024,80 flags=10 seq=1 payload=108",
	},
	{
		.name = "vxlan with arp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("004e", "11")
			UDP("c000", "12b5", "003a") "08000000 00007b00 " ETHERNET(
				"0806") "0001 0800 06 04 0001 020000000001 0a000001 000000000000 "
					"0a000002",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=78 ip_header=20 transport=34 "
			 "ports=49152,4789 payload=42 payload_bytes=50 inner=50:1",
		.inner = "ok tunnel=vxlan:123:1 ethertype=0806 link=50 network=64 payload=92",
	},
	{
		.name = "not vxlan though on its port",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0024", "11")
			UDP("c000", "12b5", "0010") "00000000 00000000",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=36 ip_header=20 transport=34 "
			 "ports=49152,4789 payload=42 payload_bytes=8",
	},
	{
		.name = "vxlan header cut by the capture",
		.link_type = ETHERNET_2,
		.wire_len = 104,
		.hex = ETHERNET("0800") IPV4("005a", "11") UDP("c000", "12b5", "0046") "08000000",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 transport=34 "
			 "ports=49152,4789 payload=42 payload_bytes=62",
		.inner = "truncated:tunnel tunnel=vxlan:0:1 ethertype=0000",
	},
	{
		/* The inner packet goes on in the next fragment. */
		.name = "vxlan in a first fragment",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") "4500 005a 1234 2000 40 11 0000 0a000001 0a000002 " UDP(
			"c000", "12b5", "0146") "08000000 00007b00 " ETHERNET("0800")
			INNER_IPV4("0128", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 fragment=first:4660 "
			 "transport=34 ports=49152,4789 payload=42 payload_bytes=62 inner=50:1",
		.inner = "ok tunnel=vxlan:123:1 ethertype=0800 link=50 network=64 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=296 ip_header=20 "
			 "transport=84 ports=1024,80 flags=10 seq=1 payload=104 payload_bytes=256",
	},
	{
		.name = "vxlan in gre",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0072", "2f") "0000 0800 " IPV4("005a", "11")
			UDP("c000", "12b5", "0046") "08000000 00007b00 " ETHERNET("0800")
				INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=47 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=114 ip_header=20 transport=34 "
			 "ports=0,0 payload=38 payload_bytes=90 inner=38:228",
		.inner = "ok tunnel=vxlan:123:2 ethertype=0800 link=74 network=88 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=108 ports=1024,80 flags=10 seq=1 payload=128",
	},
	{
		.name = "geneve with options",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0062", "11")
			UDP("c000", "17c1", "004e") "02 00 6558 00007b00"
						    "0102 80 01 00000000 " ETHERNET("0800")
							    INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=98 ip_header=20 transport=34 "
			 "ports=49152,6081 payload=42 payload_bytes=70 inner=58:1",
		.inner = "ok tunnel=geneve:123:1 ethertype=0800 link=58 network=72 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=92 ports=1024,80 flags=10 seq=1 payload=112",
	},
	{
		.name = "geneve with ipv6",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0060", "11")
			UDP("c000", "17c1", "004c") "00 00 86dd 00007b00 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=96 ip_header=20 transport=34 "
			 "ports=49152,6081 payload=42 payload_bytes=68 inner=50:229",
		.inner = "ok tunnel=geneve:123:1 ethertype=86dd network=50 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=90 ports=1024,80 flags=10 seq=1 payload=110",
	},
	{
		.name = "gtp-u",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("004c", "11") UDP(
			"0868", "0868", "0038") "30 ff 0028 0000abcd " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=76 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=48 inner=50:101",
		.inner = "ok tunnel=gtpu:43981:1 ethertype=0800 network=50 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=70 ports=1024,80 flags=10 seq=1 payload=90",
	},
	{
		.name = "gtp-u with extension headers",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0070", "11")
			UDP("0868", "0868", "005c") "34 ff 004c 0000abcd"
						    "0000 00 85"
						    "01 1000 c0"
						    "02 0000 00000000 00 " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=112 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=84 inner=66:101",
		.inner = "ok tunnel=gtpu:43981:1 ethertype=86dd network=66 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=106 ports=1024,80 flags=10 seq=1 payload=126",
	},
	{
		.name = "gtp-u with a sequence number",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0050", "11")
			UDP("0868", "0868", "003c") "32 ff 002c 0000abcd"
						    "0001 00 00 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=52 inner=54:101",
		.inner = "ok tunnel=gtpu:43981:1 ethertype=0800 network=54 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "gtp-u echo",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0028", "11")
			UDP("0868", "0868", "0014") "32 01 0004 00000000 0001 00 00",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=12",
	},
	{
		.name = "gtp-u with something else",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0028", "11")
			UDP("0868", "0868", "0014") "30 ff 0004 0000abcd"
						    "00112233",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=12",
	},
	{
		.name = "gtp-u extension headers without end",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("004c", "11")
			UDP("0868", "0868", "0038") "34 ff 0028 0000abcd"
						    "0000 00 85"
						    "(01000085*9)",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=76 ip_header=20 transport=34 "
			 "ports=2152,2152 payload=42 payload_bytes=48",
		.inner = "unsupported:tunnel tunnel=gtpu:43981:1 ethertype=0000",
	},
	{
		.name = "teredo",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0058", "11") UDP("c000", "0dd8", "0044")
			IPV6("0014", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=88 ip_header=20 transport=34 "
			 "ports=49152,3544 payload=42 payload_bytes=60 inner=42:229",
		.inner = "ok tunnel=teredo:0:1 ethertype=86dd network=42 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=82 ports=1024,80 flags=10 seq=1 payload=102",
	},
	{
		.name = "teredo with authentication and origin",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("006d", "11")
			UDP("0dd8", "c000", "0059") "0001 00 00 0102030405060708 00"
						    "0000 f000 f5fffffe " IPV6("0014", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=109 ip_header=20 transport=34 "
			 "ports=3544,49152 payload=42 payload_bytes=81 inner=63:229",
		.inner = "ok tunnel=teredo:0:1 ethertype=86dd network=63 ip=6 proto=6 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=60 ip_header=40 "
			 "transport=103 ports=1024,80 flags=10 seq=1 payload=123",
	},
	{
		.name = "l2tp 2",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0050", "11")
			UDP("06a5", "06a5", "003c") "4002 0034 0001 0002"
						    "ff03 0021 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=80 ip_header=20 transport=34 "
			 "ports=1701,1701 payload=42 payload_bytes=52 inner=50:9",
		.inner = "ok tunnel=l2tp:65538:1 ethertype=0800 network=54 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=74 ports=1024,80 flags=10 seq=1 payload=94",
	},
	{
		.name = "l2tp 2 with every field",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0056", "11")
			UDP("06a5", "06a5", "0042") "4a02 003a 0001 0002 0000 0000 0002 0000"
						    "0021 " INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=86 ip_header=20 transport=34 "
			 "ports=1701,1701 payload=42 payload_bytes=58 inner=58:9",
		.inner = "ok tunnel=l2tp:65538:1 ethertype=0800 network=60 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=80 ports=1024,80 flags=10 seq=1 payload=100",
	},
	{
		.name = "l2tp 2 control message",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("0028", "11")
			UDP("06a5", "06a5", "0014") "c802 000c 0000 0000 0000 0001",
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=40 ip_header=20 transport=34 "
			 "ports=1701,1701 payload=42 payload_bytes=12",
	},
	{
		.name = "l2tp 3 over udp",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("0800") IPV4("005a", "11")
			UDP("06a5", "06a5", "0046") "0003 0000 00000064 " ETHERNET("0800")
				INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=0800 link=0 network=14 ip=4 proto=17 src=10.0.0.1 "
			 "dst=10.0.0.2 ttl=64 tos=0 ip_bytes=90 ip_header=20 transport=34 "
			 "ports=1701,1701 payload=42 payload_bytes=62 inner=50:1",
		.inner = "ok tunnel=l2tp:100:1 ethertype=0800 link=50 network=64 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=84 ports=1024,80 flags=10 seq=1 payload=104",
	},
	{
		.name = "vxlan over ipv6 in a vlan",
		.link_type = ETHERNET_2,
		.hex = ETHERNET("8100") "0009 86dd " IPV6("0046", "11")
			UDP("c000", "12b5", "0046") "08000000 00007b00 " ETHERNET("0800")
				INNER_IPV4("0028", "06") TCP,
		.outer = "ok ethertype=86dd link=0 vlan=9 network=18 ip=6 proto=17 "
			 "src=2001:db8::1 dst=2001:db8::2 ttl=64 tos=0 ip_bytes=110 ip_header=40 "
			 "transport=58 ports=49152,4789 payload=66 payload_bytes=62 inner=74:1",
		.inner = "ok tunnel=vxlan:123:1 ethertype=0800 link=74 network=88 ip=4 proto=6 "
			 "src=192.168.0.1 dst=192.168.0.2 ttl=63 tos=4 ip_bytes=40 ip_header=20 "
			 "transport=108 ports=1024,80 flags=10 seq=1 payload=128",
	},
};
const size_t specimen_count = sizeof(specimens) / sizeof(*specimens);

/* Take the next hexadecimal digit. */
static uint8_t take_digit(const char **hex)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	*hex += strspn(*hex, " ");
	at = **hex ? strchr(digits, **hex) : NULL;
	if (!at)
		abort();
	(*hex)++;
	return (uint8_t)(at - digits);
}

static uint8_t take_byte(const char **hex)
{
	uint8_t high = take_digit(hex);

	return (uint8_t)(high << 4 | take_digit(hex));
}

static void put_byte(uint8_t *bytes, uint32_t *count, uint8_t byte)
{
	if (*count == SPECIMEN_BYTES_MAX)
		abort();
	bytes[(*count)++] = byte;
}

/* "(xx...*n)": the bytes within, n times. 'hex' stands after the parenthesis. */
static void take_repeated(const char **hex, uint8_t *bytes, uint32_t *count)
{
	uint32_t start = *count, length;
	unsigned long times;
	char *end;

	while (**hex != '*')
		put_byte(bytes, count, take_byte(hex));
	length = *count - start;
	times = strtoul(*hex + 1, &end, 10);
	if (!times || *end != ')')
		abort();
	for (uint32_t i = length; i < length * times; i++)
		put_byte(bytes, count, bytes[start + i % length]);
	*hex = end + 1;
}

uint32_t specimen_bytes(const struct specimen *specimen, uint8_t bytes[SPECIMEN_BYTES_MAX])
{
	const char *hex = specimen->hex;
	uint32_t count = 0;

	for (hex += strspn(hex, " "); *hex; hex += strspn(hex, " ")) {
		if (*hex == '(') {
			hex++;
			take_repeated(&hex, bytes, &count);
		} else {
			put_byte(bytes, &count, take_byte(&hex));
		}
	}
	return count;
}
