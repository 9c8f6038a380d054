/* SPDX-License-Identifier: Apache-2.0 */
#include "field.h"

#include <stddef.h>
#include <string.h>

#include "community.h"
#include "base/hash.h"
#include "text.h"

enum {
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMPV6 = 58,
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4
};

/* ---- values that no struct member holds ---- */

static char *put_interface(char *at, const struct field_context *context,
			   const struct weir_flow_record *record)
{
	const struct weir_interface *interface =
		context->interfaces ? weir_interfaces_get(context->interfaces, record->interface)
				    : NULL;

	return interface ? text_escaped(at, interface->name, sizeof(interface->name)) : at;
}

static char *put_netns(char *at, const struct field_context *context,
		       const struct weir_flow_record *record)
{
	const struct weir_interface *interface =
		context->interfaces
			? weir_interfaces_get(context->interfaces, record->origin->netns)
			: NULL;

	return interface ? text_escaped(at, interface->netns, sizeof(interface->netns)) : at;
}

static char *put_community(char *at, const struct field_context *context,
			   const struct weir_flow_record *record)
{
	return community_put(at, record, context->community_seed);
}

static char *put_direction(char *at, const struct field_context *context,
			   const struct weir_flow_record *record)
{
	*at++ = '1'; /* biflowDirection: initiator */
	return at;
}

static char *put_vlans(char *at, const struct field_context *context,
		       const struct weir_flow_record *record)
{
	for (int i = 0; i < record->origin->vlan_count && i < WEIR_FLOW_VLANS_MAX; i++) {
		if (i)
			*at++ = ',';
		at = text_u64(at, record->origin->vlan_tci[i] & 0xfff);
	}
	return at;
}

static char *put_mpls(char *at, const struct field_context *context,
		      const struct weir_flow_record *record)
{
	return text_u64(at, record->origin->mpls_label >> 12);
}

static char *put_tunnel(char *at, const struct field_context *context,
			const struct weir_flow_record *record)
{
	static const char *const names[] = {"",       "ipip",  "gre",    "erspan", "vxlan",
					    "geneve", "gtp-u", "teredo", "l2tp",   "mpls"};
	size_t count = sizeof(names) / sizeof(*names);

	return text_word(at, record->origin->tunnel < count ? names[record->origin->tunnel] : "?");
}

/* Handshake round trips: 0 where it was not seen whole. */
static char *put_round_trip(char *at, uint64_t from_ns, uint64_t to_ns)
{
	return text_u64(at, from_ns && to_ns > from_ns ? to_ns - from_ns : 0);
}

static char *put_responder_round_trip(char *at, const struct field_context *context,
				      const struct weir_flow_record *record)
{
	return put_round_trip(at, record->tcp->syn_ns, record->tcp->syn_ack_ns);
}

static char *put_initiator_round_trip(char *at, const struct field_context *context,
				      const struct weir_flow_record *record)
{
	return put_round_trip(at, record->tcp->syn_ack_ns, record->tcp->ack_ns);
}

static char *put_histogram(char *at, const struct field_context *context,
			   const struct weir_flow_record *record)
{
	*at++ = '[';
	for (int i = 0; i < 256; i++) {
		if (i)
			*at++ = ',';
		at = text_u64(at, record->histogram->count[i]);
	}
	*at++ = ']';
	return at;
}

/* [[nanoseconds since the flow's start, payload bytes, negative in reverse], ...] */
static char *put_first(char *at, const struct field_context *context,
		       const struct weir_flow_record *record)
{
	*at++ = '[';
	for (uint32_t i = 0; i < record->first_count; i++) {
		const struct weir_flow_first *first = &record->first[i];

		if (i)
			*at++ = ',';
		*at++ = '[';
		at = text_u64(at, first->time_ns > record->first_ns
					  ? first->time_ns - record->first_ns
					  : 0);
		*at++ = ',';
		if (first->direction)
			*at++ = '-';
		at = text_u64(at, first->payload_bytes);
		*at++ = ']';
	}
	*at++ = ']';
	return at;
}

/* ---- the same in Zeek's words ---- */

static char *put_zeek_time(char *at, const struct field_context *context,
			   const struct weir_flow_record *record)
{
	return text_microseconds(at, record->first_ns);
}

static char *put_zeek_duration(char *at, const struct field_context *context,
			       const struct weir_flow_record *record)
{
	return text_microseconds(at, record->last_ns - record->first_ns);
}

static char *put_zeek_uid(char *at, const struct field_context *context,
			  const struct weir_flow_record *record)
{
	static const char alphabet[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint64_t word[4], hash;

	memcpy(word, record->source_address, 16);
	memcpy(word + 2, record->destination_address, 16);
	hash = hash_mix(word[0] ^ record->first_ns, word[1] ^ UINT64_C(0x9e3779b97f4a7c15));
	hash = hash_mix(hash ^ word[2],
			word[3] ^ ((uint64_t)record->source_port << 32 |
				   (uint32_t)record->destination_port << 8 | record->protocol));
	*at++ = 'C';
	for (int i = 0; i < 11; i++, hash /= 62)
		*at++ = alphabet[hash % 62];
	return at;
}

static char *put_zeek_address(char *at, const uint8_t *address,
			      const struct weir_flow_record *record)
{
	return record->ip_version == 4 ? text_ipv4(at, address) : text_ipv6(at, address);
}

static char *put_zeek_originator(char *at, const struct field_context *context,
				 const struct weir_flow_record *record)
{
	return put_zeek_address(at, record->source_address, record);
}

static char *put_zeek_responder(char *at, const struct field_context *context,
				const struct weir_flow_record *record)
{
	return put_zeek_address(at, record->destination_address, record);
}

static bool zeek_is_icmp(const struct weir_flow_record *record)
{
	return record->protocol == PROTOCOL_ICMP || record->protocol == PROTOCOL_ICMPV6;
}

/* Zeek has the type as the originator's port and the code as the responder's. */
static char *put_zeek_originator_port(char *at, const struct field_context *context,
				      const struct weir_flow_record *record)
{
	return text_u64(at,
			zeek_is_icmp(record) ? record->destination_port >> 8 : record->source_port);
}

static char *put_zeek_responder_port(char *at, const struct field_context *context,
				     const struct weir_flow_record *record)
{
	return text_u64(at, zeek_is_icmp(record) ? record->destination_port & 0xff
						 : record->destination_port);
}

static char *put_zeek_protocol(char *at, const struct field_context *context,
			       const struct weir_flow_record *record)
{
	switch (record->protocol) {
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return text_word(at, "icmp");
	case PROTOCOL_TCP:
		return text_word(at, "tcp");
	case 17:
		return text_word(at, "udp");
	default:
		return text_word(at, "unknown_transport");
	}
}

/* conn_state as far as the flags of both sides tell it; they have no order. */
static const char *zeek_tcp_state(uint8_t sent, uint8_t answered)
{
	bool open = sent & answered & TCP_SYN;

	if (!(sent & TCP_SYN))
		return "OTH";
	if (!open && answered & TCP_RST)
		return "REJ";
	if (!open)
		return sent & TCP_RST ? "RSTOS0" : sent & TCP_FIN ? "SH" : "S0";
	if (sent & TCP_RST)
		return "RSTO";
	if (answered & TCP_RST)
		return "RSTR";
	if (sent & answered & TCP_FIN)
		return "SF";
	return sent & TCP_FIN ? "S2" : answered & TCP_FIN ? "S3" : "S1";
}

static char *put_zeek_state(char *at, const struct field_context *context,
			    const struct weir_flow_record *record)
{
	if (record->protocol == PROTOCOL_TCP)
		return text_word(
			at, zeek_tcp_state(record->forward.tcp_flags, record->reverse.tcp_flags));
	if (zeek_is_icmp(record))
		return text_word(at, "OTH");
	return text_word(at, record->reverse.packets ? "SF" : "S0");
}

/* ---- the tables ---- */

#define RECORD(member) FIELD_OF_RECORD, FIELD_ALWAYS, offsetof(struct weir_flow_record, member)
#define RECORD_IF(condition, member)                                                               \
	FIELD_OF_RECORD, condition, offsetof(struct weir_flow_record, member)
#define GROUP(group, type, condition, member) group, condition, offsetof(struct type, member)
#define TIMES(condition, member)              GROUP(FIELD_OF_TIMES, weir_flow_times, condition, member)
#define IP(condition, member)                 GROUP(FIELD_OF_IP, weir_flow_ip, condition, member)
#define TCP(condition, member)                GROUP(FIELD_OF_TCP, weir_flow_tcp, condition, member)
#define ORIGIN(condition, member)             GROUP(FIELD_OF_ORIGIN, weir_flow_origin, condition, member)
#define ROUTE(condition, member)              GROUP(FIELD_OF_ROUTE, weir_flow_route, condition, member)

/*
 * Names are those of the IANA registry where it has one, with 'reverse' before
 * it for the other direction (RFC 5103); the others are weir's own.
 */
static const struct field field_iana[] = {
	{"flowStartMilliseconds", FIELD_MILLISECONDS, RECORD(first_ns), NULL},
	{"flowEndMilliseconds", FIELD_MILLISECONDS, RECORD(last_ns), NULL},
	{"flowStartNanoseconds", FIELD_U64, RECORD(first_ns), NULL},
	{"flowEndNanoseconds", FIELD_U64, RECORD(last_ns), NULL},
	{"ipVersion", FIELD_U8, RECORD(ip_version), NULL},
	{"sourceIPv4Address", FIELD_IPV4, RECORD_IF(FIELD_V4, source_address), NULL},
	{"destinationIPv4Address", FIELD_IPV4, RECORD_IF(FIELD_V4, destination_address), NULL},
	{"sourceIPv6Address", FIELD_IPV6, RECORD_IF(FIELD_V6, source_address), NULL},
	{"destinationIPv6Address", FIELD_IPV6, RECORD_IF(FIELD_V6, destination_address), NULL},
	{"protocolIdentifier", FIELD_U8, RECORD(protocol), NULL},
	{"sourceTransportPort", FIELD_U16, RECORD_IF(FIELD_PORTS, source_port), NULL},
	{"destinationTransportPort", FIELD_U16, RECORD_IF(FIELD_PORTS, destination_port), NULL},
	{"icmpTypeCodeIPv4", FIELD_U16, RECORD_IF(FIELD_ICMP4, destination_port), NULL},
	{"icmpTypeCodeIPv6", FIELD_U16, RECORD_IF(FIELD_ICMP6, destination_port), NULL},
	{"packetDeltaCount", FIELD_U64, RECORD(forward.packets), NULL},
	{"octetDeltaCount", FIELD_U64, RECORD(forward.bytes), NULL},
	{"payloadOctetDeltaCount", FIELD_U64, RECORD(forward.payload_bytes), NULL},
	{"reversePacketDeltaCount", FIELD_U64, RECORD_IF(FIELD_BIFLOW, reverse.packets), NULL},
	{"reverseOctetDeltaCount", FIELD_U64, RECORD_IF(FIELD_BIFLOW, reverse.bytes), NULL},
	{"reversePayloadOctetDeltaCount", FIELD_U64, RECORD_IF(FIELD_BIFLOW, reverse.payload_bytes),
	 NULL},
	{"tcpControlBits", FIELD_U8, RECORD_IF(FIELD_TCP, forward.tcp_flags), NULL},
	{"reverseTcpControlBits", FIELD_U8, RECORD_IF(FIELD_REVERSE_TCP, reverse.tcp_flags), NULL},
	{"minimumTTL", FIELD_U8, RECORD(forward.ttl_min), NULL},
	{"reverseMinimumTTL", FIELD_U8, RECORD_IF(FIELD_REVERSE, reverse.ttl_min), NULL},
	{"ipClassOfService", FIELD_U8, RECORD(forward.tos), NULL},
	{"reverseIpClassOfService", FIELD_U8, RECORD_IF(FIELD_REVERSE, reverse.tos), NULL},
	{"fragmentFlags", FIELD_U8, RECORD_IF(FIELD_V4, forward.fragment_flags), NULL},
	{"reverseFragmentFlags", FIELD_U8, RECORD_IF(FIELD_REVERSE, reverse.fragment_flags), NULL},
	{"ipv4Options", FIELD_U32, RECORD_IF(FIELD_V4, ip_options), NULL},
	{"ipv6ExtensionHeaders", FIELD_U32, RECORD_IF(FIELD_V6, ip_options), NULL},
	{"ingressInterface", FIELD_U16, RECORD(interface), NULL},
	{"interfaceName", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_interface},
	{"vlanId", FIELD_U16, RECORD_IF(FIELD_NOT_ZERO, vlan_id), NULL},
	{"flowEndReason", FIELD_U8, RECORD(end_reason), NULL},
	{"biflowDirection", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_BIFLOW, 0, put_direction},
	{"reverseFlowStartNanoseconds", FIELD_U64, TIMES(FIELD_REVERSE, first_ns[1]), NULL},
	{"reverseFlowEndNanoseconds", FIELD_U64, TIMES(FIELD_REVERSE, last_ns[1]), NULL},
	{"frameDeltaCount", FIELD_U64, TIMES(FIELD_ALWAYS, frames[0]), NULL},
	{"reverseFrameDeltaCount", FIELD_U64, TIMES(FIELD_BIFLOW, frames[1]), NULL},
	{"layer2OctetDeltaCount", FIELD_U64, TIMES(FIELD_ALWAYS, frame_bytes[0]), NULL},
	{"reverseLayer2OctetDeltaCount", FIELD_U64, TIMES(FIELD_BIFLOW, frame_bytes[1]), NULL},
	{"maximumTTL", FIELD_U8, IP(FIELD_ALWAYS, ttl_max[0]), NULL},
	{"reverseMaximumTTL", FIELD_U8, IP(FIELD_REVERSE, ttl_max[1]), NULL},
	{"ipTTL", FIELD_U8, IP(FIELD_ALWAYS, ttl_first[0]), NULL},
	{"reverseIpTTL", FIELD_U8, IP(FIELD_REVERSE, ttl_first[1]), NULL},
	{"flowLabelIPv6", FIELD_U32, IP(FIELD_V6, flow_label[0]), NULL},
	{"minimumIpTotalLength", FIELD_U16, IP(FIELD_ALWAYS, bytes_min[0]), NULL},
	{"reverseMinimumIpTotalLength", FIELD_U16, IP(FIELD_REVERSE, bytes_min[1]), NULL},
	{"maximumIpTotalLength", FIELD_U16, IP(FIELD_ALWAYS, bytes_max[0]), NULL},
	{"reverseMaximumIpTotalLength", FIELD_U16, IP(FIELD_REVERSE, bytes_max[1]), NULL},
	{"ipDiffServCodePointSet", FIELD_U64, IP(FIELD_ALWAYS, dscp_set[0]), NULL},
	{"reverseIpDiffServCodePointSet", FIELD_U64, IP(FIELD_REVERSE, dscp_set[1]), NULL},
	{"tcpWindowSize", FIELD_U16, TCP(FIELD_TCP, window_first[0]), NULL},
	{"reverseTcpWindowSize", FIELD_U16, TCP(FIELD_REVERSE_TCP, window_first[1]), NULL},
	{"tcpWindowSizeMaximum", FIELD_U16, TCP(FIELD_TCP, window_max[0]), NULL},
	{"reverseTcpWindowSizeMaximum", FIELD_U16, TCP(FIELD_REVERSE_TCP, window_max[1]), NULL},
	{"tcpMaximumSegmentSize", FIELD_U16, TCP(FIELD_TCP, mss[0]), NULL},
	{"reverseTcpMaximumSegmentSize", FIELD_U16, TCP(FIELD_REVERSE_TCP, mss[1]), NULL},
	{"tcpWindowScale", FIELD_U8, TCP(FIELD_TCP, window_scale[0]), NULL},
	{"reverseTcpWindowScale", FIELD_U8, TCP(FIELD_REVERSE_TCP, window_scale[1]), NULL},
	{"tcpOptions", FIELD_U64, TCP(FIELD_TCP, options[0]), NULL},
	{"reverseTcpOptions", FIELD_U64, TCP(FIELD_REVERSE_TCP, options[1]), NULL},
	{"tcpRetransmissionCount", FIELD_U32, TCP(FIELD_TCP, retransmitted[0]), NULL},
	{"reverseTcpRetransmissionCount", FIELD_U32, TCP(FIELD_REVERSE_TCP, retransmitted[1]),
	 NULL},
	{"tcpOutOfOrderCount", FIELD_U32, TCP(FIELD_TCP, out_of_order[0]), NULL},
	{"reverseTcpOutOfOrderCount", FIELD_U32, TCP(FIELD_REVERSE_TCP, out_of_order[1]), NULL},
	{"tcpHandshakeNanoseconds", FIELD_NUMBER, FIELD_OF_TCP, FIELD_TCP, 0,
	 put_initiator_round_trip},
	{"reverseTcpHandshakeNanoseconds", FIELD_NUMBER, FIELD_OF_TCP, FIELD_REVERSE_TCP, 0,
	 put_responder_round_trip},
	{"sourceMacAddress", FIELD_MAC, ORIGIN(FIELD_ALWAYS, source_mac), NULL},
	{"destinationMacAddress", FIELD_MAC, ORIGIN(FIELD_ALWAYS, destination_mac), NULL},
	{"ethernetType", FIELD_U16, ORIGIN(FIELD_ALWAYS, ethertype), NULL},
	{"vlanIds", FIELD_WORD, FIELD_OF_ORIGIN, FIELD_ALWAYS, 0, put_vlans},
	{"mplsBottomLabel", FIELD_NUMBER, FIELD_OF_ORIGIN, FIELD_ALWAYS, 0, put_mpls},
	{"tunnelType", FIELD_WORD, FIELD_OF_ORIGIN, FIELD_ALWAYS, 0, put_tunnel},
	{"layer2SegmentId", FIELD_U32, ORIGIN(FIELD_ALWAYS, tunnel_id), NULL},
	{"networkNamespace", FIELD_WORD, FIELD_OF_ORIGIN, FIELD_ALWAYS, 0, put_netns},
	{"deltaFlowCount", FIELD_U64, RECORD_IF(FIELD_SUMS, flows), NULL},
	{"bgpSourceAsNumber", FIELD_U32, ROUTE(FIELD_ALWAYS, source_as), NULL},
	{"bgpDestinationAsNumber", FIELD_U32, ROUTE(FIELD_ALWAYS, destination_as), NULL},
	{"ipNextHopIPv4Address", FIELD_IPV4, ROUTE(FIELD_V4, next_hop), NULL},
	{"ipNextHopIPv6Address", FIELD_IPV6, ROUTE(FIELD_V6, next_hop), NULL},
	{"sourceIPv4PrefixLength", FIELD_U8, ROUTE(FIELD_V4, source_bits), NULL},
	{"destinationIPv4PrefixLength", FIELD_U8, ROUTE(FIELD_V4, destination_bits), NULL},
	{"sourceIPv6PrefixLength", FIELD_U8, ROUTE(FIELD_V6, source_bits), NULL},
	{"destinationIPv6PrefixLength", FIELD_U8, ROUTE(FIELD_V6, destination_bits), NULL},
	{"payloadByteHistogram", FIELD_NUMBER, FIELD_OF_HISTOGRAM, FIELD_ALWAYS, 0, put_histogram},
	{"firstPackets", FIELD_NUMBER, FIELD_OF_FIRST, FIELD_ALWAYS, 0, put_first},
};

/* https://docs.zeek.org/en/master/logs/conn.html */
static const struct field field_zeek[] = {
	{"ts", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_time},
	{"uid", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_uid},
	{"id.orig_h", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_originator},
	{"id.orig_p", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_originator_port},
	{"id.resp_h", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_responder},
	{"id.resp_p", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_responder_port},
	{"proto", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_protocol},
	{"duration", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_duration},
	{"orig_bytes", FIELD_U64, RECORD(forward.payload_bytes), NULL},
	{"resp_bytes", FIELD_U64, RECORD(reverse.payload_bytes), NULL},
	{"conn_state", FIELD_WORD, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_zeek_state},
	{"orig_pkts", FIELD_U64, RECORD(forward.packets), NULL},
	{"orig_ip_bytes", FIELD_U64, RECORD(forward.bytes), NULL},
	{"resp_pkts", FIELD_U64, RECORD(reverse.packets), NULL},
	{"resp_ip_bytes", FIELD_U64, RECORD(reverse.bytes), NULL},
};

static const struct field field_community_iana = {"communityId", FIELD_WORD, FIELD_OF_RECORD,
						  FIELD_ALWAYS,  0,          put_community};
static const struct field field_community_zeek = {"community_id", FIELD_WORD, FIELD_OF_RECORD,
						  FIELD_ALWAYS,   0,          put_community};

static char *put_sampling_interval(char *at, const struct field_context *context,
				   const struct weir_flow_record *record)
{
	return text_u64(at, context->sampling_interval);
}

/* IANA's samplingAlgorithm (35): 1 is deterministic, 2 random; it has none for a choice of flows. */
static char *put_sampling_algorithm(char *at, const struct field_context *context,
				    const struct weir_flow_record *record)
{
	return text_u64(at, context->sampling == WEIR_FLOW_SAMPLE_RANDOM ? 2 : 1);
}

/* Where packets are sampled, each record says so: its counters are those of the sample. */
static const struct field field_sampling[] = {
	{"samplingInterval", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0, put_sampling_interval},
	{"samplingAlgorithm", FIELD_NUMBER, FIELD_OF_RECORD, FIELD_ALWAYS, 0,
	 put_sampling_algorithm},
};

static void field_list_add_sampling(struct field_list *list, const struct weir_flow_settings *meter)
{
	uint32_t count = meter->sampling == WEIR_FLOW_SAMPLE_HASH ? 1 : 2;

	list->context.sampling = meter->sampling;
	list->context.sampling_interval = meter->sampling_interval;
	if (meter->sampling == WEIR_FLOW_SAMPLE_ALL || meter->sampling_interval < 2)
		return;
	for (uint32_t i = 0; i < count && list->count < FIELDS_MAX; i++)
		list->field[list->count++] = &field_sampling[i];
}

static bool field_is_asked_for(const struct field *field, const struct weir_flow_settings *meter)
{
	switch (field->base) {
	case FIELD_OF_RECORD:
		return field->when != FIELD_BIFLOW && field->when != FIELD_REVERSE &&
				       field->when != FIELD_REVERSE_TCP
			       ? true
			       : !meter->uniflow;
	case FIELD_OF_TIMES:
		return meter->fields & WEIR_FLOW_FIELD_TIMES;
	case FIELD_OF_IP:
		return meter->fields & WEIR_FLOW_FIELD_IP;
	case FIELD_OF_TCP:
		return meter->fields & WEIR_FLOW_FIELD_TCP;
	case FIELD_OF_ORIGIN:
		return meter->fields & WEIR_FLOW_FIELD_ORIGIN || meter->key;
	case FIELD_OF_ROUTE:
		return meter->fields & WEIR_FLOW_FIELD_ROUTE;
	case FIELD_OF_HISTOGRAM:
		return meter->fields & WEIR_FLOW_FIELD_HISTOGRAM;
	case FIELD_OF_FIRST:
		return meter->fields & WEIR_FLOW_FIELD_PACKETS;
	}
	return false;
}

/* Was it named, where fields are named at all? (A text has no name for some.) */
static bool field_is_named(const struct field *field, const struct weir_export_settings *settings)
{
	for (uint32_t i = 0; i < settings->field_count; i++)
		if (!strcmp(settings->fields[i], field->name))
			return true;
	return settings->field_count == 0 || settings->names == WEIR_EXPORT_NAMES_ZEEK;
}

void field_list_init(struct field_list *list, const struct weir_export_settings *settings)
{
	bool zeek = settings->names == WEIR_EXPORT_NAMES_ZEEK;
	const struct field *table = zeek ? field_zeek : field_iana;
	size_t count = zeek ? sizeof(field_zeek) / sizeof(*field_zeek)
			    : sizeof(field_iana) / sizeof(*field_iana);

	list->count = 0;
	list->context.interfaces = settings->interfaces;
	list->context.community_seed = settings->community_seed;
	for (size_t i = 0; i < count; i++)
		if ((table[i].when != FIELD_SUMS || settings->aggregate) &&
		    field_is_asked_for(&table[i], settings->meter) &&
		    field_is_named(&table[i], settings))
			list->field[list->count++] = &table[i];
	if (settings->community_id)
		list->field[list->count++] = zeek ? &field_community_zeek : &field_community_iana;
	field_list_add_sampling(list, settings->meter);
}

/* The struct that a field's offset is in. */
static const uint8_t *field_origin(const struct field *field, const struct weir_flow_record *record)
{
	switch (field->base) {
	case FIELD_OF_TIMES:
		return (const uint8_t *)record->times;
	case FIELD_OF_IP:
		return (const uint8_t *)record->ip;
	case FIELD_OF_TCP:
		return (const uint8_t *)record->tcp;
	case FIELD_OF_ORIGIN:
		return (const uint8_t *)record->origin;
	case FIELD_OF_ROUTE:
		return (const uint8_t *)record->route;
	case FIELD_OF_HISTOGRAM:
		return (const uint8_t *)record->histogram;
	case FIELD_OF_FIRST:
		return (const uint8_t *)record->first;
	case FIELD_OF_RECORD:
		break;
	}
	return (const uint8_t *)record;
}

static bool field_has_ports(const struct weir_flow_record *record)
{
	return record->protocol != PROTOCOL_ICMP && record->protocol != PROTOCOL_ICMPV6 &&
	       (record->protocol == PROTOCOL_TCP || record->protocol == 17 || record->source_port ||
		record->destination_port);
}

bool field_is_there(const struct field *field, const struct weir_flow_record *record)
{
	const uint8_t *origin = field_origin(field, record);

	if (!origin)
		return false;
	switch (field->when) {
	case FIELD_ALWAYS:
		return true;
	case FIELD_V4:
		return record->ip_version == 4;
	case FIELD_V6:
		return record->ip_version == 6;
	case FIELD_PORTS:
		return field_has_ports(record);
	case FIELD_ICMP4:
		return record->protocol == PROTOCOL_ICMP;
	case FIELD_ICMP6:
		return record->protocol == PROTOCOL_ICMPV6;
	case FIELD_TCP:
		return record->protocol == PROTOCOL_TCP;
	case FIELD_BIFLOW:
		return record->biflow;
	case FIELD_REVERSE:
		return record->reverse.packets != 0;
	case FIELD_REVERSE_TCP:
		return record->reverse.packets && record->protocol == PROTOCOL_TCP;
	case FIELD_SUMS:
		return record->flows != 0;
	case FIELD_NOT_ZERO:
		return *(const uint16_t *)(origin + field->offset) != 0;
	}
	return false;
}

bool field_is_string(const struct field *field)
{
	return field->form >= FIELD_IPV4 && field->form != FIELD_NUMBER;
}

char *field_put(char *at, const struct field *field, const struct field_context *context,
		const struct weir_flow_record *record)
{
	const uint8_t *value = field_origin(field, record) + field->offset;

	switch (field->form) {
	case FIELD_U8:
		return text_u64(at, *value);
	case FIELD_U16:
		return text_u64(at, *(const uint16_t *)value);
	case FIELD_U32:
		return text_u64(at, *(const uint32_t *)value);
	case FIELD_U64:
		return text_u64(at, *(const uint64_t *)value);
	case FIELD_MILLISECONDS:
		return text_u64(at, *(const uint64_t *)value / 1000000);
	case FIELD_IPV4:
		return text_ipv4(at, value);
	case FIELD_IPV6:
		return text_ipv6(at, value);
	case FIELD_MAC:
		return text_mac(at, value);
	case FIELD_NUMBER:
	case FIELD_WORD:
		return field->put(at, context, record);
	}
	return at;
}
