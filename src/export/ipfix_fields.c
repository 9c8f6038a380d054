/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and types: https://www.iana.org/assignments/ipfix */
#include "export/ipfix_fields.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "weir/export.h"

/* clang-format off: a table */
#define MEMBER(type, member)                                                                       \
	sizeof(((struct type *)NULL)->member), offsetof(struct type, member),                      \
		offsetof(struct type, member)
#define PAIR(type, forward, backward)                                                              \
	sizeof(((struct type *)NULL)->forward), offsetof(struct type, forward),                    \
		offsetof(struct type, backward)
#define RECORD(member) MEMBER(weir_flow_record, member)
#define HALF(member)   PAIR(weir_flow_record, forward.member, reverse.member)
#define TIMES(member)  PAIR(weir_flow_times, member[0], member[1])
#define IP(member)     PAIR(weir_flow_ip, member[0], member[1])
#define TCP(member)    PAIR(weir_flow_tcp, member[0], member[1])
#define ORIGIN(member) MEMBER(weir_flow_origin, member)
#define ROUTE(member)  MEMBER(weir_flow_route, member)
#define NUMBER         IPFIX_FORM_NUMBER
#define BYTES          IPFIX_FORM_BYTES
#define TIME           IPFIX_FORM_TIME
#define EVERY          (IPFIX_BASIC | IPFIX_FULL | IPFIX_XPROBE)
#define FULL           IPFIX_FULL

static const struct ipfix_field ipfix_table[] = {
	{"flowStartMilliseconds", 152, IPFIX_IANA, IPFIX_MILLISECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, EVERY, RECORD(first_ns)},
	{"flowEndMilliseconds", 153, IPFIX_IANA, IPFIX_MILLISECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, EVERY, RECORD(last_ns)},
	{"flowStartSeconds", 150, IPFIX_IANA, IPFIX_SECONDS, 4, TIME, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 0, RECORD(first_ns)},
	{"flowEndSeconds", 151, IPFIX_IANA, IPFIX_SECONDS, 4, TIME, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 0, RECORD(last_ns)},
	{"flowStartMicroseconds", 154, IPFIX_IANA, IPFIX_MICROSECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, 0, RECORD(first_ns)},
	{"flowEndMicroseconds", 155, IPFIX_IANA, IPFIX_MICROSECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, 0, RECORD(last_ns)},
	{"flowStartNanoseconds", 156, IPFIX_IANA, IPFIX_NANOSECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, FULL, RECORD(first_ns)},
	{"flowEndNanoseconds", 157, IPFIX_IANA, IPFIX_NANOSECONDS, 8, TIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, FULL, RECORD(last_ns)},
	{"flowStartSysUpTime", 22, IPFIX_IANA, IPFIX_U32, 4, IPFIX_FORM_UPTIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, 0, RECORD(first_ns)},
	{"flowEndSysUpTime", 21, IPFIX_IANA, IPFIX_U32, 4, IPFIX_FORM_UPTIME, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, 0, RECORD(last_ns)},
	{"ipVersion", 60, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS, EVERY,
	 RECORD(ip_version)},
	{"sourceIPv4Address", 8, IPFIX_IANA, IPFIX_IPV4, 4, BYTES, IPFIX_OF_RECORD, IPFIX_V4,
	 EVERY | IPFIX_KEY, RECORD(source_address)},
	{"destinationIPv4Address", 12, IPFIX_IANA, IPFIX_IPV4, 4, BYTES, IPFIX_OF_RECORD, IPFIX_V4,
	 EVERY | IPFIX_KEY, RECORD(destination_address)},
	{"sourceIPv6Address", 27, IPFIX_IANA, IPFIX_IPV6, 16, BYTES, IPFIX_OF_RECORD, IPFIX_V6,
	 EVERY | IPFIX_KEY, RECORD(source_address)},
	{"destinationIPv6Address", 28, IPFIX_IANA, IPFIX_IPV6, 16, BYTES, IPFIX_OF_RECORD, IPFIX_V6,
	 EVERY | IPFIX_KEY, RECORD(destination_address)},
	{"protocolIdentifier", 4, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY | IPFIX_KEY, RECORD(protocol)},
	{"sourceTransportPort", 7, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD, IPFIX_PORTS,
	 EVERY | IPFIX_KEY, RECORD(source_port)},
	{"destinationTransportPort", 11, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD,
	 IPFIX_PORTS, EVERY | IPFIX_KEY, RECORD(destination_port)},
	{"icmpTypeCodeIPv4", 32, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD, IPFIX_ICMP4,
	 EVERY | IPFIX_KEY, RECORD(destination_port)},
	{"icmpTypeCodeIPv6", 139, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD, IPFIX_ICMP6,
	 EVERY | IPFIX_KEY, RECORD(destination_port)},
	{"packetDeltaCount", 2, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY | IPFIX_COUNTER, HALF(packets)},
	{"octetDeltaCount", 1, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY | IPFIX_COUNTER, HALF(bytes)},
	{"tcpControlBits", 6, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD, IPFIX_PORTS, EVERY,
	 HALF(tcp_flags)},
	{"ipClassOfService", 5, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY, HALF(tos)},
	{"ingressInterface", 10, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY, RECORD(interface)},
	{"flowEndReason", 136, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 EVERY, RECORD(end_reason)},
	{"biflowDirection", 239, IPFIX_IANA, IPFIX_U8, 1, IPFIX_FORM_INITIATOR, IPFIX_OF_RECORD,
	 IPFIX_BIFLOW, EVERY, RECORD(biflow)},
	{"payloadOctetDeltaCount", 1, IPFIX_OWN, IPFIX_U64, 8, NUMBER, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, FULL | IPFIX_XPROBE | IPFIX_COUNTER, HALF(payload_bytes)},
	{"minimumTTL", 52, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 FULL | IPFIX_XPROBE, HALF(ttl_min)},
	{"fragmentFlags", 197, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_RECORD, IPFIX_V4,
	 FULL | IPFIX_XPROBE, HALF(fragment_flags)},
	{"vlanId", 58, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS,
	 FULL | IPFIX_XPROBE, RECORD(vlan_id)},
	{"ipv4Options", 208, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_RECORD, IPFIX_V4,
	 FULL | IPFIX_XPROBE, RECORD(ip_options)},
	{"ipv6ExtensionHeaders", 64, IPFIX_IANA, IPFIX_U32, 4, IPFIX_FORM_EXTENSIONS,
	 IPFIX_OF_RECORD, IPFIX_V6, FULL | IPFIX_XPROBE, RECORD(ip_options)},
	{"reverseFlowStartNanoseconds", 156, IPFIX_REVERSE_ONLY, IPFIX_NANOSECONDS, 8, TIME,
	 IPFIX_OF_TIMES, IPFIX_BIFLOW, FULL, MEMBER(weir_flow_times, first_ns[1])},
	{"reverseFlowEndNanoseconds", 157, IPFIX_REVERSE_ONLY, IPFIX_NANOSECONDS, 8, TIME,
	 IPFIX_OF_TIMES, IPFIX_BIFLOW, FULL, MEMBER(weir_flow_times, last_ns[1])},
	{"frameDeltaCount", 2, IPFIX_OWN, IPFIX_U64, 8, NUMBER, IPFIX_OF_TIMES, IPFIX_ALWAYS,
	 FULL | IPFIX_COUNTER, TIMES(frames)},
	{"layer2OctetDeltaCount", 352, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_TIMES,
	 IPFIX_ALWAYS, FULL | IPFIX_COUNTER, TIMES(frame_bytes)},
	{"maximumTTL", 53, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_IP, IPFIX_ALWAYS, FULL,
	 IP(ttl_max)},
	{"ipTTL", 192, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_IP, IPFIX_ALWAYS, FULL,
	 IP(ttl_first)},
	{"flowLabelIPv6", 31, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_IP, IPFIX_V6, FULL,
	 IP(flow_label)},
	{"minimumIpTotalLength", 25, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_IP, IPFIX_ALWAYS,
	 FULL | IPFIX_COUNTER, IP(bytes_min)},
	{"maximumIpTotalLength", 26, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_IP, IPFIX_ALWAYS,
	 FULL | IPFIX_COUNTER, IP(bytes_max)},
	{"ipDiffServCodePointSet", 3, IPFIX_OWN, IPFIX_U64, 8, NUMBER, IPFIX_OF_IP, IPFIX_ALWAYS,
	 FULL, IP(dscp_set)},
	{"tcpWindowSize", 186, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS, FULL,
	 TCP(window_first)},
	{"tcpWindowScale", 238, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS, FULL,
	 TCP(window_scale)},
	{"tcpOptions", 209, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS, FULL,
	 TCP(options)},
	{"tcpWindowSizeMaximum", 4, IPFIX_OWN, IPFIX_U16, 2, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS,
	 FULL, TCP(window_max)},
	{"tcpMaximumSegmentSize", 5, IPFIX_OWN, IPFIX_U16, 2, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS,
	 FULL, TCP(mss)},
	{"tcpRetransmissionCount", 6, IPFIX_OWN, IPFIX_U32, 4, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS,
	 FULL, TCP(retransmitted)},
	{"tcpOutOfOrderCount", 7, IPFIX_OWN, IPFIX_U32, 4, NUMBER, IPFIX_OF_TCP, IPFIX_PORTS, FULL,
	 TCP(out_of_order)},
	{"tcpHandshakeNanoseconds", 8, IPFIX_OWN, IPFIX_U64, 8, IPFIX_FORM_SYN_ACK_TO_ACK,
	 IPFIX_OF_TCP, IPFIX_PORTS, FULL, MEMBER(weir_flow_tcp, ack_ns)},
	{"reverseTcpHandshakeNanoseconds", 8 | IPFIX_OWN_REVERSE_BIT, IPFIX_OWN, IPFIX_U64, 8,
	 IPFIX_FORM_SYN_TO_SYN_ACK, IPFIX_OF_TCP, IPFIX_PORTS, FULL, MEMBER(weir_flow_tcp, syn_ns)},
	{"sourceMacAddress", 56, IPFIX_IANA, IPFIX_MAC, 6, BYTES, IPFIX_OF_ORIGIN, IPFIX_ALWAYS,
	 FULL, ORIGIN(source_mac)},
	{"destinationMacAddress", 80, IPFIX_IANA, IPFIX_MAC, 6, BYTES, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(destination_mac)},
	{"ethernetType", 256, IPFIX_IANA, IPFIX_U16, 2, NUMBER, IPFIX_OF_ORIGIN, IPFIX_ALWAYS, FULL,
	 ORIGIN(ethertype)},
	{"dot1qVlanId", 243, IPFIX_IANA, IPFIX_U16, 2, IPFIX_FORM_VLAN, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(vlan_tci[0])},
	{"dot1qPriority", 244, IPFIX_IANA, IPFIX_U8, 1, IPFIX_FORM_PRIORITY, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(vlan_tci[0])},
	{"dot1qCustomerVlanId", 245, IPFIX_IANA, IPFIX_U16, 2, IPFIX_FORM_VLAN, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(vlan_tci[1])},
	{"dot1qCustomerPriority", 246, IPFIX_IANA, IPFIX_U8, 1, IPFIX_FORM_PRIORITY,
	 IPFIX_OF_ORIGIN, IPFIX_ALWAYS, FULL, ORIGIN(vlan_tci[1])},
	{"mplsTopLabelStackSection", 70, IPFIX_IANA, IPFIX_OCTETS, 3, IPFIX_FORM_MPLS,
	 IPFIX_OF_ORIGIN, IPFIX_ALWAYS, FULL, ORIGIN(mpls_label)},
	{"mplsLabelStackDepth", 202, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(mpls_count)},
	{"layer2SegmentId", 351, IPFIX_IANA, IPFIX_U64, 8, IPFIX_FORM_SEGMENT, IPFIX_OF_ORIGIN,
	 IPFIX_ALWAYS, FULL, ORIGIN(tunnel_id)},
	{"tunnelType", 9, IPFIX_OWN, IPFIX_U8, 1, NUMBER, IPFIX_OF_ORIGIN, IPFIX_ALWAYS, FULL,
	 ORIGIN(tunnel)},
	{"interfaceName", 82, IPFIX_IANA, IPFIX_STRING, IPFIX_VARIABLE, IPFIX_FORM_INTERFACE,
	 IPFIX_OF_RECORD, IPFIX_ALWAYS, 0, RECORD(interface)},
	{"networkNamespace", 10, IPFIX_OWN, IPFIX_STRING, IPFIX_VARIABLE, IPFIX_FORM_NETNS,
	 IPFIX_OF_ORIGIN, IPFIX_ALWAYS, 0, ORIGIN(netns)},
	{"deltaFlowCount", 3, IPFIX_IANA, IPFIX_U64, 8, NUMBER, IPFIX_OF_RECORD, IPFIX_ALWAYS, 0,
	 RECORD(flows)},
	{"bgpSourceAsNumber", 16, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_ROUTE, IPFIX_ALWAYS,
	 EVERY, ROUTE(source_as)},
	{"bgpDestinationAsNumber", 17, IPFIX_IANA, IPFIX_U32, 4, NUMBER, IPFIX_OF_ROUTE,
	 IPFIX_ALWAYS, EVERY, ROUTE(destination_as)},
	{"ipNextHopIPv4Address", 15, IPFIX_IANA, IPFIX_IPV4, 4, BYTES, IPFIX_OF_ROUTE, IPFIX_V4,
	 EVERY, ROUTE(next_hop)},
	{"ipNextHopIPv6Address", 62, IPFIX_IANA, IPFIX_IPV6, 16, BYTES, IPFIX_OF_ROUTE, IPFIX_V6,
	 EVERY, ROUTE(next_hop)},
	{"sourceIPv4PrefixLength", 9, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_ROUTE, IPFIX_V4,
	 EVERY, ROUTE(source_bits)},
	{"destinationIPv4PrefixLength", 13, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_ROUTE,
	 IPFIX_V4, EVERY, ROUTE(destination_bits)},
	{"sourceIPv6PrefixLength", 29, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_ROUTE, IPFIX_V6,
	 EVERY, ROUTE(source_bits)},
	{"destinationIPv6PrefixLength", 30, IPFIX_IANA, IPFIX_U8, 1, NUMBER, IPFIX_OF_ROUTE,
	 IPFIX_V6, EVERY, ROUTE(destination_bits)},
	{"communityId", 11, IPFIX_OWN, IPFIX_STRING, 30, IPFIX_FORM_COMMUNITY, IPFIX_OF_RECORD,
	 IPFIX_ALWAYS, 0, RECORD(protocol)},
	{"payloadByteHistogram", 12, IPFIX_OWN, IPFIX_OCTETS, IPFIX_HISTOGRAM_BYTES,
	 IPFIX_FORM_HISTOGRAM, IPFIX_OF_HISTOGRAM, IPFIX_ALWAYS, FULL,
	 MEMBER(weir_flow_histogram, count[0])},
	{"firstPackets", 13, IPFIX_OWN, IPFIX_OCTETS, IPFIX_VARIABLE, IPFIX_FORM_FIRST,
	 IPFIX_OF_FIRST, IPFIX_ALWAYS, FULL, MEMBER(weir_flow_first, time_ns)},
};
/* clang-format on */

enum { IPFIX_FIELDS = sizeof(ipfix_table) / sizeof(*ipfix_table) };

const struct ipfix_field *ipfix_fields(uint32_t *count)
{
	*count = IPFIX_FIELDS;
	return ipfix_table;
}

uint32_t ipfix_field_group(const struct ipfix_field *field)
{
	static const uint32_t groups[IPFIX_BASES] = {
		[IPFIX_OF_TIMES] = WEIR_FLOW_FIELD_TIMES,
		[IPFIX_OF_IP] = WEIR_FLOW_FIELD_IP,
		[IPFIX_OF_TCP] = WEIR_FLOW_FIELD_TCP,
		[IPFIX_OF_ORIGIN] = WEIR_FLOW_FIELD_ORIGIN,
		[IPFIX_OF_HISTOGRAM] = WEIR_FLOW_FIELD_HISTOGRAM,
		[IPFIX_OF_FIRST] = WEIR_FLOW_FIELD_PACKETS,
		[IPFIX_OF_ROUTE] = WEIR_FLOW_FIELD_ROUTE,
	};

	return groups[field->base];
}

const char *ipfix_element_name(struct ipfix_element element, char text[IPFIX_NAME_BYTES])
{
	if (element.reverse)
		snprintf(text, IPFIX_NAME_BYTES, "reverse%c%s", toupper(element.field->name[0]),
			 element.field->name + 1);
	else
		snprintf(text, IPFIX_NAME_BYTES, "%s", element.field->name);
	return text;
}

bool ipfix_element_by_name(const char *name, struct ipfix_element *out)
{
	char text[IPFIX_NAME_BYTES];

	for (uint32_t i = 0; i < IPFIX_FIELDS * 2; i++) {
		const struct ipfix_element element = {&ipfix_table[i / 2], i & 1};

		if (element.reverse && !ipfix_field_has_reverse(element.field))
			continue;
		if (!strcmp(ipfix_element_name(element, text), name)) {
			*out = element;
			return true;
		}
	}
	return false;
}

/* Is this the number of the row, or of its reverse? */
static bool ipfix_field_is(const struct ipfix_field *field, enum ipfix_registry registry,
			   uint16_t number, bool *reverse)
{
	bool reversible = ipfix_field_has_reverse(field);

	*reverse = false;
	if (field->registry == registry && field->number == number)
		return true;
	*reverse = reversible;
	if (registry == IPFIX_OWN)
		return reversible && field->registry == IPFIX_OWN &&
		       (field->number | IPFIX_OWN_REVERSE_BIT) == number;
	return reversible && registry == IPFIX_REVERSE_ONLY && field->registry == IPFIX_IANA &&
	       field->number == number;
}

bool ipfix_element_by_number(uint32_t pen, uint16_t number, uint32_t own_pen,
			     struct ipfix_element *out)
{
	enum ipfix_registry registry = IPFIX_IANA;

	if (pen == own_pen)
		registry = IPFIX_OWN;
	else if (pen == IPFIX_REVERSE_PEN)
		registry = IPFIX_REVERSE_ONLY;
	else if (pen)
		return false;
	for (uint32_t i = 0; i < IPFIX_FIELDS; i++) {
		if (!ipfix_field_is(&ipfix_table[i], registry, number, &out->reverse))
			continue;
		out->field = &ipfix_table[i];
		return true;
	}
	return false;
}

uint16_t ipfix_element_number(struct ipfix_element element)
{
	bool own = element.field->registry == IPFIX_OWN;

	return element.field->number | (element.reverse && own ? IPFIX_OWN_REVERSE_BIT : 0);
}

uint32_t ipfix_element_pen(struct ipfix_element element, uint32_t own_pen)
{
	if (element.field->registry == IPFIX_OWN)
		return own_pen;
	return element.reverse || element.field->registry == IPFIX_REVERSE_ONLY ? IPFIX_REVERSE_PEN
										: 0;
}

int weir_export_field(const char *name, uint32_t *groups, struct weir_error *error)
{
	const char *names[IPFIX_FIELDS], *near, *bare = name;
	struct ipfix_element element;
	char lower[IPFIX_NAME_BYTES];

	if (ipfix_element_by_name(name, &element)) {
		*groups |= ipfix_field_group(element.field);
		return 0;
	}
	if (!strncmp(name, "reverse", 7) && strlen(name) < sizeof(lower)) {
		snprintf(lower, sizeof(lower), "%s", name + 7);
		lower[0] = (char)tolower(lower[0]);
		bare = lower;
	}
	for (uint32_t i = 0; i < IPFIX_FIELDS; i++)
		names[i] = ipfix_table[i].name;
	near = parse_nearest(bare, names, IPFIX_FIELDS, sizeof(*names));
	if (near)
		return weir_error_set(error, -EINVAL, "'%s' is not known; did you mean '%s'?", name,
				      near);
	return weir_error_set(error, -EINVAL,
			      "'%s' is not known: use a group, a preset, or a name of the IANA's "
			      "IPFIX registry",
			      name);
}
