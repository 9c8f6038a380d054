/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table: set-associative, bounded, all of it taken at open.
 *
 * A set is one cache line: 28 tags of 16 bits and their ages. The flow in way
 * w of set s lives in slot 28 s + w of these slabs:
 *
 *   sets | 28 tags x 16 bit | ages 28 x 2 bit, spilled 8 bit |        64 B a set
 *   hot  | key, counters, last time |             every packet        64 B a flow
 *   tail | first time, wheel links |              first and last      24 B a flow
 *   warm | what the counters carry, options |     if need be          32 B a flow
 *   cold | what settings.key and .fields add |    if asked for        variable, or none
 *
 * IPv4's tail lies in the room that its short addresses leave in the hot line:
 * so a flow is made, kept and emitted with one line, and the memory of the warm
 * slab is not even touched before a flow has 2048 packets or 2 MiB.
 *
 * A flow lives in its first set, or, when that is full, in the second one; a
 * set counts the flows that had to go to the second ('spilled'), so that a
 * look-up that misses need look there only where there is something.
 *
 * Ages (0 young ... 3 old) choose who is evicted when both sets are full. A new
 * flow starts at 2, each further packet makes it younger by one, and only when
 * there is no 3 the whole set ages. So a scan's one-packet flows push each
 * other out, and a flow that has packets stays (re-reference interval
 * prediction, Jaleel et al., ISCA 2010). The ages are in the line that the
 * look-up has loaded anyway: no flow's own line is touched to find a victim.
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "key.h"
#include "slab.h"

enum {
	TABLE_WAYS = 28,
	TABLE_AGE_NEW = 2,
	TABLE_AGE_OLD = 3,
	TABLE_SPILLED_SHIFT = 56,
	TABLE_SPILLED_MAX = 255,
};
#define TABLE_WAYS_MASK UINT32_C(0x0fffffff)
#define TABLE_SLOT_NONE UINT32_MAX

struct flow_set {
	uint16_t tag[TABLE_WAYS]; /* 0 = free */
	uint64_t ages;            /* two bits a way from the bottom; the top 8: spilled */
} __attribute__((aligned(64)));
static_assert(sizeof(struct flow_set) == 64, "one cache line");

/*
 * flow_hot.word: all of a flow that is small, in one word, so that a packet
 * adds its bits with one OR. The low 40 bits are flow_key.rest.
 *
 *   63        56 55        48 47         40 39      32 31    16 15     0
 *   | TCP flags | TCP flags  |   state    | protocol | port 1 | port 0 |
 *   |   of 1    |   of 0     |            |          |        |        |
 */
enum { WORD_STATE_SHIFT = 40, WORD_IP_FLAGS_SHIFT = 44, WORD_TCP_FLAGS_SHIFT = 48 };

/* The state in flow_hot.word, in place. */
#define FLOW_FLIPPED (UINT64_C(1) << 40) /* the initiator is endpoint 1 */
#define FLOW_EMPTY   (UINT64_C(1) << 41) /* emitted at its active timeout; waits for packets */
#define FLOW_FIN_0   (UINT64_C(1) << 42) /* FIN from endpoint 0 was seen; both: it has ended */
#define FLOW_FIN_1   (UINT64_C(1) << 43)
#define FLOW_CLOSED  (FLOW_FIN_0 | FLOW_FIN_1)
/* Bits 44, 45: MF, DF of endpoint 0's IPv4 packets; 46, 47: of endpoint 1's. */

/* What a packet's IPv4 flags (MF 1, DF 2) and TCP flags add to its flow's word. */
static inline uint64_t word_bits(unsigned int endpoint, unsigned int ip_flags,
				 unsigned int tcp_flags)
{
	return (uint64_t)ip_flags << (WORD_IP_FLAGS_SHIFT + 2 * endpoint) |
	       (uint64_t)tcp_flags << (WORD_TCP_FLAGS_SHIFT + 8 * endpoint);
}

static inline uint8_t word_protocol(uint64_t word)
{
	return (uint8_t)(word >> 32);
}

static inline bool word_is_closed(uint64_t word)
{
	return (word & FLOW_CLOSED) == FLOW_CLOSED;
}

/*
 * flow_hot.count: the counters of one direction in a word, each with room for
 * one addition; when the top bit of one is set it is carried to flow_warm.
 *
 *   63      56 55             34 33            12 11           0
 *   | TTL min |  payload bytes  |   IP bytes     |   packets    |
 */
enum {
	COUNT_PACKETS_BITS = 11, /* without the carry bit */
	COUNT_BYTES_BITS = 21,
	COUNT_BYTES_SHIFT = 12,
	COUNT_PAYLOAD_SHIFT = 34,
	COUNT_TTL_SHIFT = 56,
};
#define COUNT_PACKETS_MASK ((UINT64_C(1) << COUNT_PACKETS_BITS) - 1)
#define COUNT_BYTES_MASK   ((UINT64_C(1) << COUNT_BYTES_BITS) - 1)
/* With the carry bit. */
#define COUNT_PACKETS_FIELD ((UINT64_C(2) << COUNT_PACKETS_BITS) - 1)
#define COUNT_BYTES_FIELD   ((UINT64_C(2) << COUNT_BYTES_BITS) - 1)
#define COUNT_CARRY         (UINT64_C(1) << 11 | UINT64_C(1) << 33 | UINT64_C(1) << 55)
#define COUNT_INITIAL       (UINT64_C(0xff) << COUNT_TTL_SHIFT)

/* What a flow's first and last packet touch, and the wheel. */
struct flow_tail {
	uint64_t first_ns;       /* of an empty flow: its last time */
	uint32_t previous, next; /* slots, in the same place of the wheel */
	uint16_t place;          /* in the wheel */
	uint16_t interface;
	uint16_t vlan_id : 12;
	uint16_t second : 1;  /* lives in the second set */
	uint16_t carried : 1; /* its warm entry counts */
	uint8_t tos[2];       /* by endpoint */
};
static_assert(sizeof(struct flow_tail) == 24, "fills the hot line of IPv4");

/* What every packet touches of a flow. */
struct flow_hot {
	union {
		uint64_t address[4]; /* as in struct flow_key */
		struct {
			uint64_t address;
			struct flow_tail tail;
		} v4;
	};
	uint64_t word;
	uint64_t count[2]; /* by endpoint */
	/* Last time, ns modulo 2^48 (78 h), << 16; below it the first time in units of 2^32 ns. */
	uint64_t last_first;
} __attribute__((aligned(64)));
static_assert(sizeof(struct flow_hot) == 64, "one cache line");

/* What few flows need. */
struct flow_warm {
	uint32_t packets_carry[2], bytes_carry[2], payload_carry[2]; /* by endpoint */
	uint32_t ip_options;
	uint32_t unused;
};
static_assert(sizeof(struct flow_warm) == 32, "never in two lines");

/* flow_item.care: what there is to do beyond adding to a few words. */
enum {
	ITEM_FIN = 0x01, /* as in a TCP header */
	ITEM_RST = 0x04,
	ITEM_CLOSES = ITEM_FIN | ITEM_RST,
	ITEM_OPTIONS = 0x10, /* IPv4 options or IPv6 extension headers */
	ITEM_LARGE = 0x20,   /* for flow_hot.count */
};

/* A packet on its way through the passes, see meter.h. */
struct flow_item {
	struct flow_key key;
	uint64_t time_ns;
	uint64_t bits; /* for flow_hot.word */
	uint32_t slot; /* where its flow is, or may be */
	uint32_t set;
	uint8_t way;
	uint8_t direction; /* sent by this endpoint */
	uint8_t ttl;
	uint8_t tcp_flags;
	uint16_t tag;
	uint8_t care; /* ITEM_ bits */
	bool second;  /* goes to its second set */
	bool summary; /* stands for several packets of which only the sums are known */
	uint32_t frames, packets, bytes, payload_bytes; /* what it adds to its flow */
	uint64_t frame_bytes; /* the same, of a summary; else the packet's wire_len */
	const struct weir_packet *packet;
	const struct weir_headers *headers;
	struct flow_extra extra;
};

static inline uint8_t item_care(const struct flow_item *item)
{
	bool large = (item->bytes | item->payload_bytes) >> COUNT_BYTES_BITS ||
		     item->packets >> COUNT_PACKETS_BITS;

	return (uint8_t)((item->tcp_flags & ITEM_CLOSES) |
			 (item->headers->extension_mask ? ITEM_OPTIONS : 0) |
			 (large ? ITEM_LARGE : 0));
}

/* The IP header. */
static inline const uint8_t *item_network(const struct flow_item *item)
{
	return item->packet->bytes + item->headers->network_offset;
}

struct flow_table {
	struct flow_set *sets;
	struct flow_hot *hot;
	uint8_t *tails, *warm; /* the first ones; each next one is a stride further */
	uint32_t tail_stride, warm_stride;
	uint8_t *cold;
	uint32_t set_count;
	uint32_t flows_max;  /* that it was made for */
	uint32_t used;       /* slots */
	uint32_t cold_bytes; /* of a flow; 0 = none */
	bool v6;
	bool extra; /* each cold entry starts with a struct flow_extra */
	uint32_t (*match)(const struct flow_set *set, uint16_t tag);
	void (*probe)(const struct flow_table *table, struct flow_item *items, uint32_t count);
	struct flow_slab slab[4];
};

/* How tags are compared: the best that the processor has, or, for tests, less. */
enum flow_table_simd { TABLE_SIMD_NONE, TABLE_SIMD_SSE2, TABLE_SIMD_AVX2 };
void flow_table_matchers(struct flow_table *table, enum flow_table_simd simd);

/* Sets for 'flows_max' flows, with the slack that keeps evictions rare below that. */
uint32_t flow_table_set_count(uint32_t flows_max);
/* Bytes of all slabs. */
uint64_t flow_table_bytes(uint32_t flows_max, uint32_t cold_bytes, bool v6);
/* Bytes of a slot, its share of the set included, rounded up. */
uint32_t flow_table_slot_bytes(uint32_t cold_bytes, bool v6);

/* Take the memory. -ENOMEM. Close with flow_table_close, also after a failure. */
int flow_table_open(struct flow_table *table, uint32_t flows_max, uint32_t cold_bytes, bool v6,
		    bool extra, bool prefault);
void flow_table_close(struct flow_table *table);

/* Sets item->set and ->tag from a key's hash, and prefetches the set. */
static inline void table_aim(const struct flow_table *table, struct flow_item *item, uint64_t hash)
{
	uint32_t set = (uint32_t)((hash >> 32) * table->set_count >> 32);

	__builtin_prefetch(&table->sets[set], 1, 3);
	item->set = set;
	item->tag = (uint16_t)(hash | !(uint16_t)hash); /* 0 means free */
}

static inline struct flow_tail *table_tail(const struct flow_table *table, uint32_t slot)
{
	return (struct flow_tail *)(table->tails + (uint64_t)slot * table->tail_stride);
}

/* Holds nothing unless the tail says 'carried'. */
static inline struct flow_warm *table_warm(const struct flow_table *table, uint32_t slot)
{
	return (struct flow_warm *)(table->warm + (uint64_t)slot * table->warm_stride);
}

static inline void *table_cold(const struct flow_table *table, uint32_t slot)
{
	return table->cold + (uint64_t)slot * table->cold_bytes;
}

/* The hash of an item's key. */
static inline uint64_t table_hash(const struct flow_table *table, const struct flow_item *item,
				  const struct flow_seed *seed)
{
	uint64_t hash = table->v6 ? key_hash_v6(&item->key, seed)
				  : key_hash_v4(item->key.address[0], item->key.rest, seed);

	return table->extra ? flow_extra_hash(&item->extra, hash, seed) : hash;
}

/* The ways of a set in which flows live, as bits. */
static inline uint32_t table_used(const struct flow_table *table, uint64_t set)
{
	return ~table->match(&table->sets[set], 0) & TABLE_WAYS_MASK;
}

/* A packet came for this way: it gets younger. */
static inline void table_touch(struct flow_set *set, uint32_t way)
{
	if (set->ages >> (2 * way) & 3)
		set->ages -= UINT64_C(1) << (2 * way);
}

/*
 * Is the item's flow in its slot? Full comparison. 'v6' and 'extra' are those of
 * the table, as constants if possible.
 */
static inline bool table_equal(const struct flow_table *table, const struct flow_item *item,
			       bool v6, bool extra)
{
	const struct flow_hot *hot = &table->hot[item->slot];

	if ((hot->address[0] ^ item->key.address[0]) |
	    ((hot->word ^ item->key.rest) & KEY_REST_MASK))
		return false;
	if (v6 &&
	    ((hot->address[1] ^ item->key.address[1]) | (hot->address[2] ^ item->key.address[2]) |
	     (hot->address[3] ^ item->key.address[3])))
		return false;
	return !extra || !memcmp(table_cold(table, item->slot), &item->extra, sizeof(item->extra));
}

/*
 * Find an aimed item's flow: sets ->set, ->way and ->slot and returns true.
 * Else leaves ->set as aimed and returns false.
 */
bool flow_table_find(struct flow_table *table, struct flow_item *item);
/*
 * Make room for an aimed item that was not found: sets ->set, ->way, ->slot.
 * Returns true when there lives a flow already: the caller emits it and calls
 * flow_table_remove, then flow_table_place.
 */
bool flow_table_room(struct flow_table *table, struct flow_item *item);
/* A flow's warm entry, to be written to: from now on it counts. */
struct flow_warm *flow_table_warm(struct flow_table *table, uint32_t slot);
/* Enter tag and age; the key in 'hot' (and cold) is written too. */
void flow_table_place(struct flow_table *table, struct flow_item *item);
/* Free a slot; its lines keep their content. */
void flow_table_remove(struct flow_table *table, uint32_t slot);

/*
 * Second pass: for each aimed item guess its slot by tag, prefetch what will
 * be needed of it, and set ->way and ->slot (TABLE_WAYS and the slot that a
 * new flow would probably get, when there is no such tag).
 */
static inline void table_probe(const struct flow_table *table, struct flow_item *items,
			       uint32_t count)
{
	table->probe(table, items, count);
}

#endif
