/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink behind weir path. Packets come from several hooks, in batches of
 * one hook each, so the same packet comes several times and not in order. A
 * table remembers the times at which a packet was at each hook; when its
 * place is needed, or at the end, what is known of it goes into the results.
 * That the kernel has dropped it may be heard of before the hooks are: it is
 * remembered likewise.
 */
#include "weir/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"

enum {
	PATH_SETS = 1 << 15,
	PATH_WAYS = 4,
	PATH_KEY_BYTES = 48,   /* behind the IP header */
	PATH_SUBDIVISIONS = 8, /* of each power of two of a delay */
	PATH_BUCKETS = 64 * PATH_SUBDIVISIONS,
	PATH_TAGS_MAX = 2,
};

struct path_entry {
	uint64_t key; /* 0 = free */
	uint64_t time_ns[WEIR_PATH_COUNT];
	uint16_t seen;      /* bits of hooks */
	uint16_t ambiguous; /* hooks passed by several that look the same */
	uint16_t reason;    /* of its drop */
	bool is_outgoing;   /* when it was dropped */
	uint32_t drops;     /* of packets that look the same, for that reason */
	uint32_t dropped_wire, dropped_unknown;
};

struct path_hook {
	uint64_t frames, wire, wire_unknown, known, missing, delays, max_ns;
	uint64_t buckets[PATH_BUCKETS];
};

struct path {
	struct weir_sink sink; /* first: the engine's view */
	struct weir_path_settings settings;
	uint64_t seed;
	uint16_t present; /* hooks that some source is at */
	struct path_hook hooks[WEIR_PATH_COUNT];
	struct path_entry *entries;
	uint32_t drop_count;
	uint64_t other_drops;
	struct weir_path_drop drops[WEIR_PATH_DROPS_MAX];
};

const char *weir_path_hook_name(enum weir_path_hook hook)
{
	static const char *const names[] = {
		[WEIR_PATH_XDP] = "xdp",       [WEIR_PATH_PACKET_IN] = "packet",
		[WEIR_PATH_TC_IN] = "tc",      [WEIR_PATH_PREROUTING] = "prerouting",
		[WEIR_PATH_INPUT] = "input",   [WEIR_PATH_SOCKET] = "socket",
		[WEIR_PATH_OUTPUT] = "output", [WEIR_PATH_POSTROUTING] = "postrouting",
		[WEIR_PATH_TC_OUT] = "tc",     [WEIR_PATH_PACKET_OUT] = "packet",
	};

	return hook < WEIR_PATH_COUNT ? names[hook] : "?";
}

static bool path_is_receiving(enum weir_path_hook hook)
{
	return hook <= WEIR_PATH_SOCKET;
}

/* The present hook that comes before on the same way. */
static enum weir_path_hook path_before(const struct path *path, enum weir_path_hook hook)
{
	for (int h = (int)hook - 1; h >= 0; h--)
		if (path_is_receiving(h) == path_is_receiving(hook) && path->present & 1 << h)
			return (enum weir_path_hook)h;
	return WEIR_PATH_NONE;
}

/* ---- what a packet is known by ---- */

static void path_skip_link(struct cursor *c, uint16_t *ethertype)
{
	cursor_skip(c, 12);
	*ethertype = cursor_be16(c);
	for (int i = 0; i < PATH_TAGS_MAX && (*ethertype == 0x8100 || *ethertype == 0x88a8); i++) {
		cursor_skip(c, 2);
		*ethertype = cursor_be16(c);
	}
}

static uint64_t path_mix(uint64_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		uint64_t word = 0;

		memcpy(&word, bytes + i, length - i < 8 ? length - i : 8);
		sum = hash_mix(sum ^ word, 0x9e3779b97f4a7c15);
	}
	return sum;
}

/* Where the checksum is, which changes on the way: its offset, or 255. */
static uint8_t path_checksum_offset(uint8_t protocol)
{
	switch (protocol) {
	case 1:
	case 58:
		return 2;
	case 6:
		return 16;
	case 17:
		return 6;
	default:
		return 255;
	}
}

/* Have all bytes been captured that a key looks at? A tracer may see only the first part. */
static bool path_is_whole(const struct weir_packet *packet, const struct cursor *c)
{
	return cursor_left(c) >= PATH_KEY_BYTES || packet->captured_len >= packet->wire_len;
}

static uint64_t path_mix_payload(uint64_t sum, const struct cursor *c, uint8_t protocol)
{
	uint8_t bytes[PATH_KEY_BYTES] = {0};
	size_t length = cursor_left(c) < sizeof(bytes) ? cursor_left(c) : sizeof(bytes);
	uint8_t checksum = path_checksum_offset(protocol);

	memcpy(bytes, c->bytes + c->offset, length);
	if (checksum < sizeof(bytes) - 1)
		bytes[checksum] = bytes[checksum + 1] = 0;
	return path_mix(sum, bytes, sizeof(bytes));
}

/* 0 when it is not IP or too short. */
static uint64_t path_key(const struct path *path, const struct weir_packet *packet)
{
	struct cursor c = cursor_of(packet->bytes, packet->captured_len);
	uint64_t sum = path->seed;
	uint16_t ethertype = 0;
	const uint8_t *ip;

	if (!(packet->flags & WEIR_PACKET_RAW_IP))
		path_skip_link(&c, &ethertype);
	else if (cursor_left(&c))
		ethertype = c.bytes[c.offset] >> 4 == 4 ? 0x0800 : 0x86dd;
	if (ethertype == 0x0800 && (ip = cursor_take(&c, 20))) {
		cursor_skip(&c, (size_t)((ip[0] & 15) > 5 ? (ip[0] & 15) - 5 : 0) * 4);
		sum = path_mix(sum, ip + 12, 8);
		sum = hash_mix(sum ^ ((uint64_t)ip[9] << 16 | (uint64_t)ip[4] << 8 | ip[5]),
			       0x9e3779b97f4a7c15);
		sum = path_mix_payload(sum, &c, ip[9]);
	} else if (ethertype == 0x86dd && (ip = cursor_take(&c, 40))) {
		sum = path_mix(sum, ip + 8, 32);
		sum = path_mix_payload(sum, &c, ip[6]);
	} else {
		return 0;
	}
	return c.failed || !path_is_whole(packet, &c) ? 0 : sum | 1;
}

/* ---- results ---- */

static unsigned int path_bucket(uint64_t ns)
{
	unsigned int power = ns < PATH_SUBDIVISIONS ? 0 : 63u - (unsigned int)__builtin_clzll(ns);

	if (!power)
		return (unsigned int)ns;
	return power * PATH_SUBDIVISIONS +
	       (unsigned int)(ns >> (power - 3) & (PATH_SUBDIVISIONS - 1));
}

/* The middle of a bucket. */
static uint64_t path_bucket_ns(unsigned int bucket)
{
	unsigned int power = bucket / PATH_SUBDIVISIONS;
	uint64_t width;

	if (bucket < PATH_SUBDIVISIONS)
		return bucket;
	width = UINT64_C(1) << (power - 3);
	return (UINT64_C(1) << power) + bucket % PATH_SUBDIVISIONS * width + width / 2;
}

static void path_enter_delay(struct path_hook *hook, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t delay_ns = to_ns > from_ns ? to_ns - from_ns : 0; /* clocks differ by some ns */

	hook->delays++;
	hook->buckets[path_bucket(delay_ns)]++;
	if (delay_ns > hook->max_ns)
		hook->max_ns = delay_ns;
}

/* The hook before at which this packet was seen: it need not pass all of them. */
static enum weir_path_hook path_passed_before(const struct path *path, uint16_t seen,
					      enum weir_path_hook hook)
{
	do {
		hook = path_before(path, hook);
	} while (hook != WEIR_PATH_NONE && !(seen & 1 << hook));
	return hook;
}

/* ---- drops ---- */

static void path_enter_drop(struct path *path, const struct weir_path_drop *drop)
{
	struct weir_path_drop *own = path->drops, *end = path->drops + path->drop_count;

	while (own < end && (own->is_outgoing != drop->is_outgoing || own->reason != drop->reason ||
			     own->after != drop->after))
		own++;
	if (own == end && path->drop_count == WEIR_PATH_DROPS_MAX) {
		path->other_drops += drop->frames;
		return;
	}
	if (own == end) {
		*own = *drop;
		path->drop_count++;
		return;
	}
	own->frames += drop->frames;
	own->wire += drop->wire;
	own->wire_unknown += drop->wire_unknown;
}

/* The last hook of a way at which a packet was seen. */
static enum weir_path_hook path_last(uint16_t seen, bool is_outgoing)
{
	for (int h = WEIR_PATH_COUNT - 1; h >= 0; h--)
		if (seen & 1 << h && path_is_receiving((enum weir_path_hook)h) != is_outgoing)
			return (enum weir_path_hook)h;
	return WEIR_PATH_NONE;
}

static void path_conclude_drop(struct path *path, const struct path_entry *entry)
{
	const struct weir_path_drop drop = {
		.is_outgoing = entry->is_outgoing,
		.reason = entry->reason,
		.after = path_last(entry->seen, entry->is_outgoing),
		.frames = entry->drops,
		.wire = entry->dropped_wire,
		.wire_unknown = entry->dropped_unknown,
	};

	if (entry->drops)
		path_enter_drop(path, &drop);
}

/* ---- the table ---- */

/* All that will be known of a packet is known. */
static void path_conclude(struct path *path, struct path_entry *entry)
{
	uint16_t clear = (uint16_t)(entry->seen & ~entry->ambiguous);

	path_conclude_drop(path, entry);
	for (int h = 0; h < WEIR_PATH_COUNT; h++) {
		enum weir_path_hook before = path_before(path, (enum weir_path_hook)h);
		uint16_t later = (uint16_t)(entry->seen >> h);
		enum weir_path_hook passed;

		if (!(path->present & 1 << h) || before == WEIR_PATH_NONE)
			continue;
		passed = path_passed_before(path, entry->seen, (enum weir_path_hook)h);
		if (clear & 1 << h && passed != WEIR_PATH_NONE && clear & 1 << passed)
			path_enter_delay(&path->hooks[h], entry->time_ns[passed],
					 entry->time_ns[h]);
		if (entry->seen & 1 << before && !later)
			path->hooks[h].missing++;
	}
	entry->key = 0;
}

static struct path_entry *path_find(struct path *path, uint64_t key)
{
	struct path_entry *set = path->entries + (key >> 20 & (PATH_SETS - 1)) * PATH_WAYS;
	struct path_entry *last = &set[PATH_WAYS - 1];

	for (int i = 0; i < PATH_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	/* the newest comes first, the oldest gives way */
	if (last->key)
		path_conclude(path, last);
	memmove(set + 1, set, sizeof(*set) * (PATH_WAYS - 1));
	memset(set, 0, sizeof(*set));
	set->key = key;
	return set;
}

static void path_take_drop(struct path *path, const struct weir_packet *packet, bool is_outgoing)
{
	const uint32_t wire = weir_packet_wire_count(packet);
	const struct weir_path_drop unknown = {
		.is_outgoing = is_outgoing,
		.reason = packet->drop_reason,
		.after = WEIR_PATH_NONE,
		.frames = 1,
		.wire = wire,
		.wire_unknown = wire == 0,
	};
	uint64_t key = path_key(path, packet);
	struct path_entry *entry = key ? path_find(path, key) : NULL;

	if (!entry || (entry->drops && (entry->reason != packet->drop_reason ||
					entry->is_outgoing != is_outgoing))) {
		path_enter_drop(path, &unknown);
		return;
	}
	entry->reason = packet->drop_reason;
	entry->is_outgoing = is_outgoing;
	entry->drops++;
	entry->dropped_wire += wire;
	entry->dropped_unknown += wire == 0;
}

static void path_take(struct path *path, const struct weir_packet *packet)
{
	bool is_outgoing = (packet->flags & WEIR_PACKET_DIRECTION_MASK) == WEIR_PACKET_OUTGOING;
	enum weir_path_hook hook = WEIR_PATH_NONE;
	struct path_entry *entry;
	uint32_t wire;
	uint64_t key;

	if (packet->flags & WEIR_PACKET_DROPPED) {
		path_take_drop(path, packet, is_outgoing);
		return;
	}
	if (packet->interface < WEIR_PATH_SOURCES_MAX)
		hook = is_outgoing ? path->settings.outgoing[packet->interface]
				   : path->settings.incoming[packet->interface];
	if (hook == WEIR_PATH_NONE)
		return;
	path->hooks[hook].frames++;
	wire = weir_packet_wire_count(packet);
	path->hooks[hook].wire += wire;
	path->hooks[hook].wire_unknown += wire == 0;
	key = path_key(path, packet);
	if (!key)
		return;
	entry = path_find(path, key);
	if (entry->seen & 1 << hook)
		entry->ambiguous |= (uint16_t)(1 << hook);
	else
		path->hooks[hook].known++;
	entry->seen |= (uint16_t)(1 << hook);
	entry->time_ns[hook] = packet->time_ns;
}

/* ---- the sink ---- */

static int path_consume(struct weir_sink *sink, struct weir_row *row,
			const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct path *path = (struct path *)sink;

	for (uint32_t i = 0; i < batch->count; i++)
		path_take(path, &batch->packets[i]);
	weir_cell_add(&row->out, batch->count);
	return 0;
}

static int path_more_frequent(const void *a, const void *b)
{
	uint64_t frames_a = ((const struct weir_path_drop *)a)->frames;
	uint64_t frames_b = ((const struct weir_path_drop *)b)->frames;

	return frames_a < frames_b ? 1 : frames_a > frames_b ? -1 : 0;
}

static int path_finish(struct weir_sink *sink)
{
	struct path *path = (struct path *)sink;

	for (uint32_t i = 0; i < PATH_SETS * PATH_WAYS; i++)
		if (path->entries[i].key)
			path_conclude(path, &path->entries[i]);
	qsort(path->drops, path->drop_count, sizeof(*path->drops), path_more_frequent);
	return 0;
}

static void path_close(struct weir_sink *sink)
{
	free(((struct path *)sink)->entries);
	free(sink);
}

static const struct weir_sink_ops path_ops = {
	.name = "path",
	.needs = WEIR_DECODE_NONE,
	.consume = path_consume,
	.finish = path_finish,
	.close = path_close,
};

int weir_sink_open_path(const struct weir_path_settings *settings, struct weir_sink **out)
{
	struct path *path = calloc(1, sizeof(*path));

	if (!path)
		return -ENOMEM;
	path->entries = calloc((size_t)PATH_SETS * PATH_WAYS, sizeof(*path->entries));
	if (!path->entries) {
		free(path);
		return -ENOMEM;
	}
	path->sink.ops = &path_ops;
	path->settings = *settings;
	path->seed = hash_seed();
	for (int i = 0; i < WEIR_PATH_SOURCES_MAX; i++)
		path->present |=
			(uint16_t)(1 << settings->incoming[i] | 1 << settings->outgoing[i]);
	path->present &= (uint16_t)((1 << WEIR_PATH_COUNT) - 1);
	*out = &path->sink;
	return 0;
}

static uint64_t path_quantile_ns(const struct path_hook *hook, uint64_t rank)
{
	uint64_t passed = 0;

	for (unsigned int b = 0; b < PATH_BUCKETS; b++) {
		passed += hook->buckets[b];
		if (passed > rank) /* a bucket's middle may be beyond all that is in it */
			return path_bucket_ns(b) < hook->max_ns ? path_bucket_ns(b) : hook->max_ns;
	}
	return hook->max_ns;
}

void weir_path_results(const struct weir_sink *sink, struct weir_path_result *results)
{
	const struct path *path = (const struct path *)sink;

	for (int h = 0; h < WEIR_PATH_COUNT; h++) {
		const struct path_hook *hook = &path->hooks[h];

		results[h] = (struct weir_path_result){
			.frames = hook->frames,
			.wire = hook->wire,
			.wire_unknown = hook->wire_unknown,
			.known = hook->known,
			.missing = hook->missing,
			.delays = hook->delays,
			.median_ns = path_quantile_ns(hook, hook->delays / 2),
			.most_99_ns = path_quantile_ns(hook, hook->delays * 99 / 100),
			.max_ns = hook->max_ns,
			.before = path_before(path, (enum weir_path_hook)h),
		};
	}
}

uint32_t weir_path_drops(const struct weir_sink *sink, const struct weir_path_drop **drops,
			 uint64_t *others)
{
	const struct path *path = (const struct path *)sink;

	*drops = path->drops;
	*others = path->other_drops;
	return path->drop_count;
}
