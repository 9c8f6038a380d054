/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter, and the way of a packet through it:
 *
 *   gather.c   packet -> item: is it IP, is it sampled, whose fragment is it,
 *              its key and hash; prefetch of its set           (first pass)
 *   table.c    item -> slot: compare tags, prefetch the flow   (second pass)
 *   update.c   add the item to its flow, or make one            (third pass)
 *   life.c     when flows begin, go on and end
 *   family.c   the table's levels
 *   record.c   what they are when they end
 *
 * Each pass goes over a whole chunk of packets, and the first pass over one
 * chunk stands between the second and the third over the one before it, so
 * that the memory that a pass needs is on its way while another one works:
 *
 *   chunk n       gather             probe             update
 *   chunk n + 1                             gather             probe  ...
 *                      sets arrive       flows arrive
 */
#ifndef FLOW_METER_H
#define FLOW_METER_H

#include "detail.h"
#include "family.h"
#include "fragment.h"
#include "key.h"
#include "weir/flow.h"

enum {
	METER_CHUNK = 16, /* items in the passes at a time */
	METER_PACKET_ITEMS_MAX =
		4,                 /* outer and inner, each with what waited for a first fragment */
	METER_VISITS_CHUNK = 256,  /* flows looked at by the wheel per chunk: bounds the delay */
	METER_VISITS_TICK = 65536, /* and per tick */
	METER_TCP_SYN = 0x02,
	METER_TCP_ACK = 0x10,
};

/* Packets that lie in one tick of the wheel, on their way through the passes. */
struct flow_chunk {
	uint64_t clock_ns; /* the newest time seen when it began */
	bool back;         /* the clock was set back before it */
	uint32_t count[2]; /* of items, IPv4 and IPv6 */
	struct flow_item items[2][METER_CHUNK];
};

struct weir_flow {
	struct weir_flow_settings settings;
	struct flow_family family[2]; /* IPv4, IPv6 */
	struct flow_chunk chunk[2];
	struct flow_fragments fragments;
	struct flow_layout layout;
	struct flow_seed seed;
	uint64_t idle_ns[256]; /* by protocol */
	/* Active timeout in units of 2^32 ns, rounded down: younger flows are not due. */
	uint32_t active_coarse;
	bool started;         /* clock_ns is set */
	uint64_t floor_ns;    /* the wheels go no further; UINT64_MAX = as far as clock_ns */
	uint64_t turned_tick; /* of due_ns, for which the wheels have shown everything */
	bool wheels_started;  /* and a chunk has been through */
	uint64_t clock_ns;    /* the newest time seen */
	uint64_t due_ns;      /* flows whose deadline is not after this are emitted */
	uint64_t sample_count, sample_random;
	const struct weir_interfaces *interfaces;
	uint32_t *netns; /* by interface: its namespace's lowest interface, plus one; 0 = unknown */
	weir_flow_emit *emit;
	void *user;
	struct weir_flow_counters counters;
};

/* Count frames that are not IP. */
void flow_count_ethertype(struct weir_flow_counters *counters, uint16_t ethertype, uint64_t frames);

/* ---- gather.c ---- */

/*
 * Turn packets from *index on into items of an empty chunk, as long as they
 * lie in one tick of the wheel and there is room; moves *index.
 */
void flow_gather(struct weir_flow *flow, struct flow_chunk *chunk, const struct weir_batch *batch,
		 const struct weir_decoded *decoded, uint32_t *index);
/* The number of a packet's namespace. */
uint32_t flow_netns(struct weir_flow *flow, uint32_t interface);

/* ---- update.c ---- */

/* Third pass; the chunk is empty then. */
void flow_update_chunk(struct weir_flow *flow, struct flow_chunk *chunk);

/* ---- life.c ---- */

/* When a flow ends if no more packets come, and why. */
uint64_t flow_life_deadline(const struct weir_flow *flow, const struct flow_hot *hot,
			    const struct flow_tail *tail, enum weir_flow_end *reason);
/* A flow begins in 'slot', whose key is set; 'goes_on': it is a part of a longer one. */
void flow_life_begin(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		     const struct flow_item *item, bool goes_on);
/*
 * A packet has come for the flow in 'slot' and not all is as usual: end the
 * flow if it was due, begin another.
 */
void flow_life_settle(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		      const struct flow_item *item);
/* A packet with FIN or RST was added. */
void flow_life_close(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		     const struct flow_item *item);
/* Emit the flow in 'slot', unless it is empty. */
void flow_life_emit(struct weir_flow *flow, struct flow_family *family, uint32_t slot,
		    enum weir_flow_end reason);
/* Move a crowded family's flows to the next level. */
void flow_life_grow(struct weir_flow *flow, struct flow_family *family);
/* Has the clock been set back, if it is 'now_ns' now? Beyond what any packet may be late. */
bool flow_life_is_back(const struct weir_flow *flow, uint64_t now_ns);
/* It is 'now_ns': emit what is due, looking at 'visits' flows at most. */
void flow_life_clock(struct weir_flow *flow, uint64_t now_ns, bool back, uint32_t visits);

#endif
