/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow metering: packets in, flow records out.
 *
 * A meter belongs to one worker. It finds each packet's flow, adds to it, and
 * hands a record to a callback when the flow ends. It knows nothing of what
 * becomes of the record.
 *
 * Invariants:
 * - A flow's content depends only on its packets and their times, in their
 *   order; the wheel decides only when the record is emitted. Eviction, which
 *   is counted, is the one exception, and packets that come later than
 *   settings.reorder_ns, which are counted too.
 * - Every packet offered is counted in exactly one of counters.metered,
 *   .sampled_out, .waiting and .ignored[]; nothing waits after finish.
 * - Every flow created is emitted exactly once, with an end reason.
 * - All memory is taken at open; weir_flow_memory_bytes tells how much.
 * - "packets" are wire packets: a super-packet of the stack counts as many as
 *   it was on the wire, its bytes with the headers that each of them had.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "decode.h"
#include "error.h"
#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is asked of a meter ---- */

/* Which packet of a tunnelled one makes the flow. */
enum weir_flow_layer { WEIR_FLOW_OUTER, WEIR_FLOW_INNER, WEIR_FLOW_BOTH };

/* Whose time moves the wheel: the packets' (files), or also that given to weir_flow_tick (live). */
enum weir_flow_clock { WEIR_FLOW_CLOCK_PACKET, WEIR_FLOW_CLOCK_WALL };

/* settings.key: what tells flows apart besides addresses, ports and protocol. */
enum weir_flow_key_bits {
	WEIR_FLOW_KEY_VLAN = 1 << 0,      /* the VLAN ids of the whole stack (up to three) */
	WEIR_FLOW_KEY_MPLS = 1 << 1,      /* bottom label */
	WEIR_FLOW_KEY_MAC = 1 << 2,       /* both MAC addresses */
	WEIR_FLOW_KEY_TOS = 1 << 3,       /* TOS or traffic class */
	WEIR_FLOW_KEY_INTERFACE = 1 << 4, /* where the packet came from */
	WEIR_FLOW_KEY_NETNS = 1 << 5,     /* that interface's network namespace */
	WEIR_FLOW_KEY_TUNNEL = 1 << 6,    /* tunnel kind and id (VNI, TEID, key ...) */
};

/* settings.fields: groups of fields beyond the base record, each at a price in memory. */
enum weir_flow_field_bits {
	WEIR_FLOW_FIELD_TIMES = 1 << 0,     /* struct weir_flow_times */
	WEIR_FLOW_FIELD_IP = 1 << 1,        /* struct weir_flow_ip */
	WEIR_FLOW_FIELD_TCP = 1 << 2,       /* struct weir_flow_tcp */
	WEIR_FLOW_FIELD_ORIGIN = 1 << 3,    /* struct weir_flow_origin */
	WEIR_FLOW_FIELD_HISTOGRAM = 1 << 4, /* struct weir_flow_histogram, 1 KiB */
	WEIR_FLOW_FIELD_PACKETS = 1 << 5,   /* struct weir_flow_first[first_packets] */
	WEIR_FLOW_FIELD_ROUTE = 1 << 6,     /* struct weir_flow_route, filled in by exports */
};

enum weir_flow_sampling {
	WEIR_FLOW_SAMPLE_ALL,
	WEIR_FLOW_SAMPLE_SYSTEMATIC, /* every N-th packet (selectorAlgorithm 1) */
	WEIR_FLOW_SAMPLE_RANDOM,     /* each with probability 1/N (selectorAlgorithm 4) */
	WEIR_FLOW_SAMPLE_HASH,       /* whole flows: 1/N of the keys (selectorAlgorithm 8) */
};

enum {
	WEIR_FLOW_FLOWS_DEFAULT = 1 << 20,
	WEIR_FLOW_FLOWS_MAX = 1 << 28,         /* in each of the two tables */
	WEIR_FLOW_FRAGMENTS_DEFAULT = 1 << 14, /* datagrams in pieces remembered at a time */
	WEIR_FLOW_FIRST_PACKETS_MAX = 64,
	WEIR_FLOW_TIMEOUT_MAX_S = 86400, /* times in the hot line wrap after 78 h */
};

struct weir_flow_expression;

struct weir_flow_settings {
	uint32_t flows_max;     /* flows held at a time, of IPv4 and of IPv6 each */
	uint32_t fragments_max; /* datagrams whose later fragments can be assigned */
	uint64_t active_timeout_ns;
	uint64_t idle_timeout_ns;
	uint64_t protocol_idle_timeout_ns[256]; /* for a protocol; 0 = idle_timeout_ns */
	uint64_t linger_ns;  /* how long a TCP flow that has ended (FINs, RST) takes late packets */
	uint64_t reorder_ns; /* how far packets may be out of order, and how long emission waits */
	enum weir_flow_clock clock;
	enum weir_flow_layer layer;
	bool uniflow;           /* a flow for each direction */
	bool keep_closed;       /* FINs and RST do not end a flow */
	bool prefault;          /* touch all memory at open, so that no packet pays for it */
	uint32_t key;           /* enum weir_flow_key_bits */
	uint32_t fields;        /* enum weir_flow_field_bits */
	uint32_t first_packets; /* with WEIR_FLOW_FIELD_PACKETS */
	enum weir_flow_sampling sampling;
	uint32_t sampling_interval; /* N; 0 and 1 = all */
	/* Emit only records that match; borrowed for the meter's life; NULL = all. */
	const struct weir_flow_expression *records;
	uint64_t seed; /* of the hash; 0 = random, as it should be outside of tests */
};

/* The defaults: biflow, outer, active 300 s, idle 30 s, packet clock, base record. */
void weir_flow_settings_init(struct weir_flow_settings *settings);

/* ---- what comes out ---- */

/* flowEndReason (IE 136). */
enum weir_flow_end {
	WEIR_FLOW_END_NONE = 0, /* still active: only from weir_flow_visit */
	WEIR_FLOW_END_IDLE = 1,
	WEIR_FLOW_END_ACTIVE = 2,
	WEIR_FLOW_END_DETECTED = 3,  /* FINs or RST */
	WEIR_FLOW_END_FORCED = 4,    /* the meter was stopped */
	WEIR_FLOW_END_RESOURCES = 5, /* evicted */
	WEIR_FLOW_END_COUNT
};

/*
 * One direction of a flow, in the base record. In the reverse direction each
 * element is its RFC 5103 reverse: the same number under enterprise 29305.
 */
struct weir_flow_half {
	uint64_t packets;       /* packetDeltaCount (2) */
	uint64_t bytes;         /* octetDeltaCount (1): IP total lengths */
	uint64_t payload_bytes; /* own element: bytes after the transport header */
	uint8_t tcp_flags;      /* tcpControlBits (6), all seen */
	uint8_t ttl_min;        /* minimumTTL (52); 0 without packets */
	uint8_t fragment_flags; /* fragmentFlags (197): 0x40 DF, 0x20 MF, of any packet */
	uint8_t tos;            /* ipClassOfService (5) of the first packet */
};

/* WEIR_FLOW_FIELD_TIMES. Index 0: forward, 1: reverse; 0 without packets. */
struct weir_flow_times {
	uint64_t first_ns[2]; /* flowStartNanoseconds (156) and its reverse */
	uint64_t last_ns[2];  /* flowEndNanoseconds (157) */
	uint64_t frames[2];   /* frames as captured; fewer than packets with GRO/TSO: own element */
	uint64_t frame_bytes[2]; /* layer2OctetDeltaCount (352): of the frames */
};

/* WEIR_FLOW_FIELD_IP. */
struct weir_flow_ip {
	uint64_t dscp_set[2];   /* bit n: DSCP n was seen: own element */
	uint32_t flow_label[2]; /* flowLabelIPv6 (31) of the first packet */
	uint16_t bytes_min[2];  /* minimumIpTotalLength (25) */
	uint16_t bytes_max[2];  /* maximumIpTotalLength (26); 65535 stands for more */
	uint8_t ttl_max[2];     /* maximumTTL (53) */
	uint8_t ttl_first[2];   /* ipTTL (192) of the first packet */
};

/* WEIR_FLOW_FIELD_TCP; all zero for other protocols. */
struct weir_flow_tcp {
	uint64_t syn_ns;           /* time of the initiator's first SYN, 0 = not seen */
	uint64_t syn_ack_ns;       /* of the answer to it */
	uint64_t ack_ns;           /* of the initiator's first ACK after that */
	uint32_t sequence_next[2]; /* the highest sequence number seen, plus one */
	uint32_t retransmitted[2]; /* segments with data that lay wholly below it: own element */
	uint32_t out_of_order[2];  /* segments that came after a later one (< 3 ms): own element */
	uint64_t advance_ns[2];    /* when sequence_next last moved */
	uint16_t window_first[2];  /* tcpWindowSize (186) of the first packet, unscaled */
	uint16_t window_max[2];    /* the largest, unscaled: own element */
	uint16_t mss[2];           /* of the SYN: own element, 0 = not said */
	uint8_t window_scale[2];   /* tcpWindowScale (238); 255 = not said */
	uint8_t sequence_valid[2];
	uint64_t options[2]; /* tcpOptions (209): bit n: option kind n was seen */
};

enum { WEIR_FLOW_VLANS_MAX = 3 };

/* WEIR_FLOW_FIELD_ORIGIN, or any bit of settings.key: of the flow's first packet. */
struct weir_flow_origin {
	uint32_t netns;     /* the lowest interface index in the same namespace */
	uint32_t tunnel_id; /* layer2SegmentId (351) for VXLAN, Geneve; else own element */
	uint32_t mpls_label; /* mplsTopLabelStackSection (70) where there is but one label: as on the wire */
	uint16_t vlan_tci[WEIR_FLOW_VLANS_MAX]; /* dot1qVlanId (243), dot1qCustomerVlanId (245) ... */
	uint16_t ethertype;                     /* ethernetType (256) */
	uint8_t vlan_count;
	uint8_t mpls_count;
	uint8_t tunnel; /* enum weir_tunnel */
	uint8_t tos;
	uint8_t source_mac[6];      /* sourceMacAddress (56) */
	uint8_t destination_mac[6]; /* destinationMacAddress (80) */
};

/*
 * WEIR_FLOW_FIELD_HISTOGRAM: how often each byte value was in the captured
 * payload; UINT32_MAX stands for more.
 */
struct weir_flow_histogram {
	uint32_t count[256];
};

/* WEIR_FLOW_FIELD_PACKETS: one of the flow's first packets. */
struct weir_flow_first {
	uint64_t time_ns;
	uint32_t payload_bytes;
	uint8_t direction; /* 0 forward, 1 reverse */
	uint8_t tcp_flags;
};

/*
 * WEIR_FLOW_FIELD_ROUTE: what a table of prefixes (prefixes.h) tells of the
 * two ends; the meter leaves it NULL. All zero: nothing.
 */
struct weir_flow_route {
	uint32_t source_as;      /* bgpSourceAsNumber (16) */
	uint32_t destination_as; /* bgpDestinationAsNumber (17) */
	/* Towards the destination: ipNextHopIPv4Address (15), ipNextHopIPv6Address (62). */
	uint8_t next_hop[16];
	uint8_t source_bits;      /* sourceIPv4PrefixLength (9), sourceIPv6PrefixLength (29) */
	uint8_t destination_bits; /* destinationIPv4PrefixLength (13), ...IPv6... (30) */
};

/*
 * A flow record. Base fields are always there; a group is NULL unless asked
 * for. Borrowed, with all that it points to, until the callback returns.
 */
struct weir_flow_record {
	uint8_t ip_version; /* ipVersion (60): 4 or 6 */
	uint8_t protocol;   /* protocolIdentifier (4) */
	uint8_t end_reason; /* flowEndReason (136), enum weir_flow_end */
	bool biflow; /* 'reverse' can have packets; biflowDirection (239) is then 1, initiator */
	/* sourceIPv4Address (8), sourceIPv6Address (27); IPv4: the first four bytes. */
	uint8_t source_address[16];
	uint8_t destination_address[16]; /* (12), (28) */
	uint16_t source_port;            /* sourceTransportPort (7) */
	/* destinationTransportPort (11); icmpTypeCodeIPv4 (32), icmpTypeCodeIPv6 (139); igmpType (33) << 8 */
	uint16_t destination_port;
	uint16_t interface; /* ingressInterface (10) of the first packet: index into weir_interfaces */
	uint16_t vlan_id; /* vlanId (58) of the first packet's outermost tag, 0 = none */
	uint64_t first_ns; /* flowStartNanoseconds (156), ...Milliseconds (152): of both directions */
	uint64_t last_ns; /* flowEndNanoseconds (157), ...Milliseconds (153) */
	uint64_t flows; /* deltaFlowCount (3): that were summed up in this record; 0 = it is a flow */
	/* ipv4Options (208): bit n = option number n. IPv6: WEIR_EXTENSION_ bits, for (64). */
	uint32_t ip_options;
	struct weir_flow_half forward, reverse;
	const struct weir_flow_times *times;
	const struct weir_flow_ip *ip;
	const struct weir_flow_tcp *tcp;
	const struct weir_flow_origin *origin;
	const struct weir_flow_route *route;
	const struct weir_flow_histogram *histogram;
	const struct weir_flow_first *first;
	uint32_t first_count;
};

/*
 * Takes a record. Called on the thread that called weir_flow_update, _tick or
 * _finish, from within it; must not call the meter.
 */
typedef void weir_flow_emit(void *user, const struct weir_flow_record *record);

/* ---- which records are wanted ---- */

enum { WEIR_FLOW_EXPRESSION_TERMS_MAX = 64, WEIR_FLOW_EXPRESSION_DEPTH_MAX = 32 };

/*
 * Compile an expression on the fields of the base record:
 *
 *   packetDeltaCount > 10 and (protocolIdentifier = 6 or destinationTransportPort = 53)
 *   sourceIPv4Address = 10.0.0.0/8 and not flowEndReason = 1
 *   packets >= 1000 or duration > 60
 *
 * Comparisons with = != < <= > >=, 'and', 'or', 'not', parentheses; addresses
 * with = and !=, with a prefix length or without. Names are IANA's; 'packets',
 * 'bytes' (both directions) and 'duration' (seconds) are short for what is
 * asked most. A field that a record does not have (of the other IP version)
 * equals nothing. -EINVAL with the place and what was expected there; near
 * names are told. Free with weir_flow_expression_close. Any thread.
 */
int weir_flow_expression_open(const char *text, struct weir_flow_expression **out,
			      struct weir_error *error);
/* Does a record match? Any thread. */
bool weir_flow_expression_match(const struct weir_flow_expression *expression,
				const struct weir_flow_record *record);
/* NULL is fine. */
void weir_flow_expression_close(struct weir_flow_expression *expression);

/* ---- counters ---- */

/* Why a packet made no flow. */
enum weir_flow_ignored {
	WEIR_FLOW_IGNORED_NOT_IP,      /* by ethertype: see counters.ethertypes */
	WEIR_FLOW_IGNORED_TRUNCATED,   /* captured too short for addresses and ports */
	WEIR_FLOW_IGNORED_MALFORMED,   /* headers that contradict themselves */
	WEIR_FLOW_IGNORED_UNSUPPORTED, /* link type, header chain too deep */
	WEIR_FLOW_IGNORED_FRAGMENT,    /* later fragments whose first one never came */
	WEIR_FLOW_IGNORED_COUNT
};
/* "not_ip", "truncated", ...; valid for ever. */
const char *weir_flow_ignored_name(enum weir_flow_ignored reason);

enum { WEIR_FLOW_ETHERTYPES_MAX = 32 };

struct weir_flow_ethertype {
	uint16_t ethertype; /* < 1536: LLC, its DSAP */
	uint64_t frames;
};

struct weir_flow_counters {
	uint64_t frames;  /* offered */
	uint64_t metered; /* frames that went into flows */
	uint64_t sampled_out;
	uint64_t waiting; /* later fragments held until the first one comes: a state, not a sum */
	uint64_t ignored[WEIR_FLOW_IGNORED_COUNT];
	uint64_t packets;     /* wire packets in flows; with WEIR_FLOW_BOTH some count twice */
	uint64_t bytes;       /* IP bytes in flows */
	uint64_t late;        /* frames more than reorder_ns older than the newest */
	uint64_t clock_steps; /* times that the clock went back by more than a minute */
	uint64_t flows;       /* created */
	uint64_t active;      /* held now */
	uint64_t ended[WEIR_FLOW_END_COUNT]; /* by end reason; [5] counts evictions */
	uint64_t unwanted; /* of the records that ended: not emitted, settings.records said no */
	uint64_t fragments_forgotten; /* datagrams pushed out of a full fragment table */
	uint64_t other_ethertypes;    /* frames of those that had no place among the following */
	uint32_t ethertype_count;
	struct weir_flow_ethertype ethertypes[WEIR_FLOW_ETHERTYPES_MAX];
};

/* ---- the meter ---- */

struct weir_flow;

/*
 * Make a meter. 'interfaces' is borrowed for its life, and may be NULL unless
 * WEIR_FLOW_KEY_NETNS or WEIR_FLOW_FIELD_ORIGIN is asked. -EINVAL for settings
 * out of range, -ENOMEM; 'error' says which. Thread rule: any thread opens,
 * afterwards one thread at a time.
 */
int weir_flow_open(const struct weir_flow_settings *settings,
		   const struct weir_interfaces *interfaces, weir_flow_emit *emit, void *user,
		   struct weir_flow **out, struct weir_error *error);
/*
 * Meter a batch; 'decoded' runs in step with it (inner is needed unless
 * settings.layer is WEIR_FLOW_OUTER). Emits what has ended. Never fails.
 */
void weir_flow_update(struct weir_flow *flow, const struct weir_batch *batch,
		      const struct weir_decoded *decoded);
/*
 * Time passes, also without packets: emit what is due at 'now_ns' (Unix
 * time). Does nothing with WEIR_FLOW_CLOCK_PACKET. To be called at least every
 * 100 ms; then an idle flow is out within its timeout plus a second.
 */
void weir_flow_tick(struct weir_flow *flow, uint64_t now_ns);
/*
 * The last packet has been seen: emit all flows, WEIR_FLOW_END_FORCED unless
 * they had ended by 'now_ns', the time of the last packet that any meter of
 * the run has seen; 0 = that this one has seen.
 */
void weir_flow_finish(struct weir_flow *flow, uint64_t now_ns);
/*
 * For a meter that takes batches of several files in turn, each with its own
 * time: before a batch, say what weir_flow_now told after the last one of the
 * same file (0 = it is the first), and up to what time all files have been
 * read. Flows are not due before that. Without a call, time is one.
 */
void weir_flow_set_clock(struct weir_flow *flow, uint64_t now_ns, uint64_t floor_ns);
/* The time of the newest packet seen (with the wall clock: or tick), 0 = none. */
uint64_t weir_flow_now(const struct weir_flow *flow);
/* Free, without emitting; NULL is fine. */
void weir_flow_close(struct weir_flow *flow);

/* Current counters; on the meter's thread. */
void weir_flow_counters_read(const struct weir_flow *flow, struct weir_flow_counters *out);
/* counters.sampled_out alone: cheap enough to be asked for each batch. */
uint64_t weir_flow_sampled_out(const struct weir_flow *flow);
/* Add 'from' to 'sum', as for the meters of several workers. */
void weir_flow_counters_add(struct weir_flow_counters *sum, const struct weir_flow_counters *from);
/* Bytes of memory that a meter with these settings takes, all tables full. */
uint64_t weir_flow_memory_bytes(const struct weir_flow_settings *settings);
/* Bytes that a flow of IPv4 or of IPv6 takes: its lines, its tag and the field groups asked for. */
uint32_t weir_flow_record_bytes(const struct weir_flow_settings *settings, unsigned int ip_version);
/* Slots of the tables in use: what a whole visit goes through. */
uint64_t weir_flow_slots(const struct weir_flow *flow);
/*
 * Show 'visit' up to 'slots' more of the table's slots that hold flows
 * (end_reason 0), going on from *position (0 at the start); returns false when
 * the end is reached. For live views, in pieces; on the meter's thread.
 */
bool weir_flow_visit(struct weir_flow *flow, uint64_t *position, uint64_t slots,
		     weir_flow_emit *visit, void *user);

#ifdef __cplusplus
}
#endif
#endif
