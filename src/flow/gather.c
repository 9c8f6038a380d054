/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first pass: packets become items. What makes no flow is counted here,
 * each packet once.
 */
#include "base/clock.h"
#include "meter.h"
#include "packet/wire.h"

enum {
	GATHER_STEP_S = 60, /* as in life.c: what is older sets the clock back */
	GATHER_WAITING_BYTES_MAX = 1 << 30,
	GATHER_IP_FLAGS_OFFSET = 6, /* IPv4: flags and fragment offset */
};

/* ---- packets that make no flow ---- */

static void gather_ignore(struct weir_flow *flow, const struct weir_headers *headers)
{
	struct weir_flow_counters *counters = &flow->counters;

	switch ((enum weir_decode_status)headers->status) {
	case WEIR_DECODE_OK:
		counters->ignored[WEIR_FLOW_IGNORED_NOT_IP]++;
		flow_count_ethertype(counters, headers->ethertype, 1);
		break;
	case WEIR_DECODE_TRUNCATED:
		counters->ignored[WEIR_FLOW_IGNORED_TRUNCATED]++;
		break;
	case WEIR_DECODE_MALFORMED:
		counters->ignored[WEIR_FLOW_IGNORED_MALFORMED]++;
		break;
	case WEIR_DECODE_UNSUPPORTED:
		counters->ignored[WEIR_FLOW_IGNORED_UNSUPPORTED]++;
		break;
	}
}

/* ---- sampling ---- */

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t gather_random(struct weir_flow *flow)
{
	flow->sample_random ^= flow->sample_random >> 12;
	flow->sample_random ^= flow->sample_random << 25;
	flow->sample_random ^= flow->sample_random >> 27;
	return flow->sample_random * UINT64_C(0x2545f4914f6cdd1d);
}

/* Is the packet left out? Sampling by hash is decided when the key is known. */
static bool gather_is_sampled_out(struct weir_flow *flow)
{
	uint32_t interval = flow->settings.sampling_interval;

	switch (flow->settings.sampling) {
	case WEIR_FLOW_SAMPLE_SYSTEMATIC:
		return flow->sample_count++ % interval != 0;
	case WEIR_FLOW_SAMPLE_RANDOM:
		return (gather_random(flow) >> 32) * interval >> 32 != 0;
	default:
		return false;
	}
}

static bool gather_hash_is_sampled_out(const struct weir_flow *flow, uint64_t hash)
{
	return flow->settings.sampling == WEIR_FLOW_SAMPLE_HASH &&
	       (hash_mix(hash ^ flow->seed.b, flow->seed.c) >> 32) *
				       flow->settings.sampling_interval >>
			       32 !=
		       0;
}

/* ---- items ---- */

/* What became of a packet in one layer. */
enum gather_fate { GATHER_METERED, GATHER_SAMPLED_OUT, GATHER_WAITS, GATHER_IGNORED };

uint32_t flow_netns(struct weir_flow *flow, uint32_t interface)
{
	const struct weir_interface *own, *other;
	uint32_t lowest = 0;

	if (interface >= WEIR_INTERFACES_MAX)
		return interface;
	if (flow->netns[interface])
		return flow->netns[interface] - 1;
	own = weir_interfaces_get(flow->interfaces, interface);
	if (!own)
		return interface;
	do
		other = weir_interfaces_get(flow->interfaces, lowest++);
	while (other && strcmp(other->netns, own->netns));
	flow->netns[interface] = lowest;
	return lowest - 1;
}

static uint32_t gather_place(struct weir_flow *flow, uint32_t interface)
{
	if (flow->settings.key & WEIR_FLOW_KEY_INTERFACE)
		return interface;
	return flow->settings.key & WEIR_FLOW_KEY_NETNS ? flow_netns(flow, interface) : 0;
}

/* The next item of its family in the chunk; it is taken when it is queued. */
static struct flow_item *gather_next(struct flow_chunk *chunk, const struct weir_headers *headers)
{
	bool v6 = headers->ip_version == 6;

	return &chunk->items[v6][chunk->count[v6]];
}

/* IPv4: MF and DF, as bits 0 and 1. */
static unsigned int gather_ip_flags(const struct flow_item *item)
{
	return item->headers->ip_version == 4 ? item_network(item)[GATHER_IP_FLAGS_OFFSET] >> 5 & 3
					      : 0;
}

/* An item with all but the key and what follows from it. */
static struct flow_item *gather_item(struct flow_chunk *chunk, const struct weir_packet *packet,
				     const struct weir_headers *headers)
{
	struct flow_item *item = gather_next(chunk, headers);

	item->time_ns = packet->time_ns;
	item->ttl = headers->ttl;
	item->tcp_flags = headers->tcp_flags;
	item->summary = false;
	item->frames = item->packets = 1;
	item->bytes = headers->ip_bytes;
	item->payload_bytes = headers->payload_bytes;
	item->packet = packet;
	item->headers = headers;
	return item;
}

/* Hash, aim, queue, unless the flow is not sampled. Key and direction are set. */
static enum gather_fate gather_queue(struct weir_flow *flow, struct flow_chunk *chunk,
				     struct flow_item *item, unsigned int ip_flags)
{
	struct flow_family *family = &flow->family[item->headers->ip_version == 6];
	uint64_t hash;

	if (flow->settings.key)
		flow_extra_make(&item->extra, flow->settings.key, item->packet, item->headers,
				gather_place(flow, item->packet->interface), item->direction);
	hash = table_hash(&family->table, item, &flow->seed);
	if (gather_hash_is_sampled_out(flow, hash))
		return GATHER_SAMPLED_OUT;
	item->bits = word_bits(item->direction, ip_flags, item->tcp_flags);
	item->care = item_care(item);
	table_aim(&family->table, item, hash);
	chunk->count[family->table.v6]++;
	flow->counters.packets += item->packets;
	flow->counters.bytes += item->bytes;
	return GATHER_METERED;
}

/* A super-packet's counts as on the wire: each of its packets had the headers again. */
static void gather_super_packet(struct flow_item *item)
{
	uint32_t header_bytes = 0, again = wire_count(item->packet, &header_bytes);
	uint32_t network = item->headers->network_offset, payload = item->headers->payload_offset;

	if (!again)
		return;
	item->packets = again--;
	if (header_bytes > network)
		item->bytes += again * (header_bytes - network);
	if (payload < header_bytes) /* of a tunnel's outer packet */
		item->payload_bytes += again * (header_bytes - payload);
}

/* ---- fragments ---- */

/* Where networks are told apart they may have the same addresses, and fragments with the same id. */
static uint64_t gather_fragment_extra(const struct weir_flow *flow, const struct flow_item *item)
{
	uint32_t bits = flow->settings.key &
			(WEIR_FLOW_KEY_VLAN | WEIR_FLOW_KEY_MPLS | WEIR_FLOW_KEY_TUNNEL);
	struct flow_extra extra;

	if (!bits)
		return 0;
	flow_extra_make(&extra, bits, item->packet, item->headers, 0, 0);
	return flow_extra_hash(&extra, flow->seed.c, &flow->seed);
}

static struct flow_fragment *gather_fragment(struct weir_flow *flow, const struct flow_item *item)
{
	bool v4 = item->headers->ip_version == 4;
	struct flow_fragment_key key = {
		.extra = gather_fragment_extra(flow, item),
		.id = item->headers->fragment_id,
		.ip_version = item->headers->ip_version,
		.protocol = v4 ? item->headers->protocol : 0,
		.place = (uint16_t)(gather_place(flow, item->packet->interface) << 1 |
				    !!item->headers->tunnel_depth),
	};

	memcpy(key.address, item_network(item) + (v4 ? 12 : 8), v4 ? 8 : 32);
	return flow_fragments_get(&flow->fragments, &key, &flow->seed, item->time_ns);
}

/*
 * Sum up a later fragment until the first one comes. Not in the second of two
 * layers, whose packet is counted already.
 */
static enum gather_fate gather_wait(struct weir_flow *flow, struct flow_fragment *fragment,
				    const struct flow_item *item, unsigned int ip_flags)
{
	struct flow_fragment_waiting *waiting = &fragment->waiting;

	if (flow->settings.layer == WEIR_FLOW_BOTH && item->headers->tunnel_depth)
		return GATHER_IGNORED;
	if (waiting->bytes > GATHER_WAITING_BYTES_MAX) {
		flow->counters.ignored[WEIR_FLOW_IGNORED_FRAGMENT]++;
		return GATHER_IGNORED;
	}
	if (!waiting->frames || item->time_ns < waiting->first_ns)
		waiting->first_ns = item->time_ns;
	if (!waiting->frames || item->headers->ttl < waiting->ttl_min)
		waiting->ttl_min = item->headers->ttl;
	waiting->frames++;
	waiting->packets += item->packets;
	waiting->bytes += item->bytes;
	waiting->frame_bytes += item->packet->wire_len;
	waiting->payload_bytes += item->payload_bytes;
	waiting->ip_flags |= (uint8_t)ip_flags;
	flow->fragments.waiting_frames++;
	return GATHER_WAITS;
}

/* An item for what had waited for the first fragment; 'first' is that one's, ready to be queued. */
static void gather_waited(struct weir_flow *flow, struct flow_chunk *chunk,
			  struct flow_fragment *fragment, const struct flow_item *first)
{
	const struct flow_fragment_waiting *waiting = &fragment->waiting;
	struct flow_item *item = gather_next(chunk, first->headers);

	*item = *first;
	item->time_ns = waiting->first_ns;
	item->ttl = waiting->ttl_min;
	item->frames = waiting->frames;
	item->frame_bytes = waiting->frame_bytes;
	item->packets = waiting->packets;
	item->bytes = waiting->bytes;
	item->payload_bytes = waiting->payload_bytes;
	item->tcp_flags = 0;
	item->summary = true;
	if (gather_queue(flow, chunk, item, waiting->ip_flags) == GATHER_METERED)
		flow->counters.metered += waiting->frames;
	else
		flow->counters.sampled_out += waiting->frames;
	flow_fragments_taken(&flow->fragments, fragment);
}

/* ---- one packet ---- */

/* The ports of a packet, for fragments those of the first one. False: that has not come yet. */
static bool gather_ports(const struct flow_item *item, struct flow_fragment *fragment)
{
	const struct weir_headers *headers = item->headers;

	if (headers->fragment == WEIR_FRAGMENT_LATER)
		return fragment->known;
	fragment->known = true;
	fragment->source_port = headers->source_port;
	fragment->destination_port = headers->destination_port;
	fragment->protocol = headers->protocol;
	return true;
}

/* Make an item of one layer of a packet. */
static enum gather_fate gather_layer(struct weir_flow *flow, struct flow_chunk *chunk,
				     const struct weir_packet *packet,
				     const struct weir_headers *headers)
{
	struct flow_item *item = gather_item(chunk, packet, headers), first;
	unsigned int ip_flags = gather_ip_flags(item);
	struct flow_fragment whole = {.source_port = headers->source_port,
				      .destination_port = headers->destination_port,
				      .protocol = headers->protocol};
	struct flow_fragment *fragment = &whole;

	if (packet->gso_size)
		gather_super_packet(item);
	if (headers->fragment != WEIR_FRAGMENT_NONE) {
		fragment = gather_fragment(flow, item);
		if (!gather_ports(item, fragment))
			return gather_wait(flow, fragment, item, ip_flags);
	}
	item->direction = (uint8_t)flow_key_make(
		&item->key, item_network(item), headers->ip_version, fragment->protocol,
		fragment->source_port, fragment->destination_port, !flow->settings.uniflow);
	if (fragment->waiting.frames) {
		first = *item;
		gather_waited(flow, chunk, fragment, &first);
		item = gather_item(chunk, packet, headers);
		*item = first;
	}
	return gather_queue(flow, chunk, item, ip_flags);
}

/* Are addresses and ports right, whatever else is wrong with the packet? */
static inline bool gather_is_meterable(const struct weir_headers *headers)
{
	if (!headers->ip_version)
		return false;
	return headers->status == WEIR_DECODE_OK || headers->transport_offset != WEIR_OFFSET_NONE ||
	       headers->fragment == WEIR_FRAGMENT_LATER;
}

static __attribute__((noinline)) void
gather_packet(struct weir_flow *flow, struct flow_chunk *chunk, const struct weir_packet *packet,
	      const struct weir_headers *outer, const struct weir_headers *inner)
{
	enum weir_flow_layer layer = flow->settings.layer;
	const struct weir_headers *headers = layer == WEIR_FLOW_INNER ? inner : outer;
	enum gather_fate fate;

	if (flow->settings.sampling && gather_is_sampled_out(flow)) {
		flow->counters.sampled_out++;
		return;
	}
	if (!gather_is_meterable(headers)) {
		gather_ignore(flow, headers);
		return;
	}
	fate = gather_layer(flow, chunk, packet, headers);
	flow->counters.metered += fate == GATHER_METERED;
	flow->counters.sampled_out += fate == GATHER_SAMPLED_OUT;
	/* Each packet is counted once, by its outer layer. */
	if (layer == WEIR_FLOW_BOTH && inner->tunnel_depth && gather_is_meterable(inner))
		gather_layer(flow, chunk, packet, inner);
}

/* ---- the common packet: whole IPv4 TCP or UDP, and nothing special asked for ---- */

static inline bool gather_is_plain(const struct weir_packet *packet,
				   const struct weir_headers *headers)
{
	return headers->ip_version == 4 && headers->fragment == WEIR_FRAGMENT_NONE &&
	       headers->status == WEIR_DECODE_OK && !headers->extension_mask && !packet->gso_size &&
	       (headers->protocol == KEY_PROTOCOL_UDP || headers->protocol == KEY_PROTOCOL_TCP);
}

/* What a chunk's times are compared with. */
struct gather_window {
	uint64_t low, span; /* times that may be in the chunk: from 'low' on */
	uint64_t due_ns;    /* before this a packet is late */
	uint64_t clock_ns;  /* the newest time so far */
	uint64_t late;
};

static inline bool gather_admits(const struct gather_window *window, uint64_t time_ns)
{
	return time_ns - window->low < window->span;
}

static inline void gather_note_time(struct gather_window *window, uint64_t time_ns)
{
	window->clock_ns = time_ns > window->clock_ns ? time_ns : window->clock_ns;
	window->late += time_ns < window->due_ns;
}

/* How many plain packets there are at the start, up to 'limit'. */
static __attribute__((noinline)) uint32_t gather_count_plain(struct gather_window *window,
							     const struct weir_packet *packets,
							     const struct weir_headers *headers,
							     uint32_t limit)
{
	struct gather_window w = *window; /* in registers */
	uint32_t n = 0;

	for (; n < limit; n++) {
		if (__builtin_expect(!gather_admits(&w, packets[n].time_ns), 0) ||
		    __builtin_expect(!gather_is_plain(&packets[n], &headers[n]), 0))
			break;
		gather_note_time(&w, packets[n].time_ns);
	}
	*window = w;
	return n;
}

/* gather_layer for one of them, of which it is the short form; the caller counts. */
static inline void gather_plain(const struct flow_table *table, const struct flow_seed *seed,
				bool ordered, struct flow_item *item,
				const struct weir_packet *packet,
				const struct weir_headers *headers)
{
	const uint8_t *network = packet->bytes + headers->network_offset;
	uint32_t ports = (uint32_t)headers->destination_port << 16 | headers->source_port;
	uint8_t tcp_flags = headers->tcp_flags;
	uint64_t address, rest;
	unsigned int direction = key_make_v4(&address, &rest, key_load64(network + 12), ports,
					     headers->protocol, ordered);

	table_aim(table, item, key_hash_v4(address, rest, seed));
	item->key.address[0] = address;
	item->key.rest = rest;
	item->bits = word_bits(direction, network[GATHER_IP_FLAGS_OFFSET] >> 5 & 3, tcp_flags);
	item->time_ns = packet->time_ns;
	item->direction = (uint8_t)direction;
	item->ttl = headers->ttl;
	item->tcp_flags = tcp_flags;
	item->care = tcp_flags & ITEM_CLOSES;
	item->summary = false;
	item->frames = item->packets = 1;
	item->bytes = headers->ip_bytes;
	item->payload_bytes = headers->payload_bytes;
	item->packet = packet;
	item->headers = headers;
}

/* The plain packets at the start become items of the chunk; returns how many they are. */
static __attribute__((noinline)) uint32_t
gather_all_plain(struct weir_flow *flow, struct flow_chunk *chunk, struct gather_window *window,
		 const struct weir_packet *packets, const struct weir_headers *headers,
		 uint32_t count)
{
	const struct flow_table table = {.sets = flow->family[0].table.sets,
					 .set_count = flow->family[0].table.set_count};
	const struct flow_seed seed = flow->seed;
	const bool ordered = !flow->settings.uniflow;
	struct flow_item *item = &chunk->items[0][chunk->count[0]];
	uint32_t room = METER_CHUNK - chunk->count[0];
	uint32_t n = gather_count_plain(window, packets, headers, count < room ? count : room);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		gather_plain(&table, &seed, ordered, &item[i], &packets[i], &headers[i]);
		bytes += headers[i].ip_bytes;
	}
	chunk->count[0] += n;
	flow->counters.metered += n;
	flow->counters.packets += n;
	flow->counters.bytes += bytes;
	return n;
}

/* ---- a chunk ---- */

/* Is there room for what one more packet can make? */
static inline bool gather_has_room(const struct flow_chunk *chunk)
{
	return chunk->count[0] <= METER_CHUNK - METER_PACKET_ITEMS_MAX &&
	       chunk->count[1] <= METER_CHUNK - METER_PACKET_ITEMS_MAX;
}

/* a - b, or 0 */
static inline uint64_t gather_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* A chunk begins at 'time_ns': where does the clock stand? */
static struct gather_window gather_begin(struct weir_flow *flow, struct flow_chunk *chunk,
					 uint64_t time_ns)
{
	struct gather_window window = {0};

	chunk->back = flow_life_is_back(flow, time_ns);
	if (time_ns > flow->clock_ns || chunk->back || !flow->started)
		flow->clock_ns = time_ns;
	flow->started = true;
	chunk->clock_ns = window.clock_ns = flow->clock_ns;
	window.low = gather_less(chunk->clock_ns, GATHER_STEP_S * CLOCK_NS_PER_S);
	window.span =
		(((chunk->clock_ns >> WHEEL_TICK_SHIFT) + 1) << WHEEL_TICK_SHIFT) - window.low;
	window.due_ns = gather_less(chunk->clock_ns, flow->settings.reorder_ns);
	return window;
}

void flow_gather(struct weir_flow *flow, struct flow_chunk *chunk, const struct weir_batch *batch,
		 const struct weir_decoded *decoded, uint32_t *index)
{
	const struct weir_flow_settings *settings = &flow->settings;
	const struct weir_headers *inner = decoded->inner ? decoded->inner : decoded->outer;
	const struct weir_headers *layer = settings->layer == WEIR_FLOW_INNER ? inner
									      : decoded->outer;
	const struct weir_packet *packets = batch->packets;
	bool plain = settings->layer != WEIR_FLOW_BOTH && !settings->key && !settings->sampling;
	struct gather_window window = gather_begin(flow, chunk, packets[*index].time_ns);
	uint32_t i = *index;

	for (;; i++) {
		if (plain)
			i += gather_all_plain(flow, chunk, &window, packets + i, layer + i,
					      batch->count - i);
		if (i == batch->count || !gather_has_room(chunk) ||
		    !gather_admits(&window, packets[i].time_ns))
			break;
		gather_note_time(&window, packets[i].time_ns);
		gather_packet(flow, chunk, &packets[i], &decoded->outer[i], &inner[i]);
	}
	flow->clock_ns = window.clock_ns;
	flow->counters.late += window.late;
	flow->counters.frames += i - *index;
	*index = i;
}
