/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * The writing side of the tap's ring (tap_record.h), for BPF programs only:
 *
 *	tap_begin → slot or NULL; fill it; tap_end
 *
 * Each CPU has a ring of its own. With bottom halves off a program is alone
 * on its CPU and plain stores do. Netfilter's output hooks are re-entered and
 * preempted, so there positions are taken by compare-and-swap (plan.is_shared).
 */
#ifndef BPF_TAP_RING_H
#define BPF_TAP_RING_H

#include "tap_record.h"
#include <bpf/bpf_helpers.h>

enum {
	TAP_TRIES_MAX = 8, /* of taking a position that other programs on this CPU want, too */
};

const volatile struct tap_plan plan;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader says how many */
	__type(key, __u32);
	__type(value, struct tap_control);
} tap_controls SEC(".maps");

#ifdef TAP_ARENA
#include "tap_arena.h"
#else
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tap_record);
} tap_records SEC(".maps");

static __always_inline struct tap_record *tap_record_at(__u32 index)
{
	return bpf_map_lookup_elem(&tap_records, &index);
}
#endif

/* What tap_begin found, for tap_end. */
struct tap_turn {
	struct tap_control *control;
	struct tap_record *record;
	__u64 position;
	__u32 is_full; /* the record is the CPU's spare: it only serves to look at the packet */
};

#define TAP_LOAD(field)         (*(volatile __u64 *)&(field))
#define TAP_STORE(field, value) (*(volatile __u64 *)&(field) = (value))

static __always_inline void tap_count(__u64 *counter)
{
	if (plan.is_shared || plan.is_weakly_ordered)
		__sync_fetch_and_add(counter, 1);
	else
		TAP_STORE(*counter, *counter + 1);
}

/* Add one to 'seen' or 'done', in order with all that is counted between the two. */
static __always_inline void tap_mark(__u64 *counter)
{
	barrier();
	if (plan.is_shared || plan.is_weakly_ordered) {
		/* an addition whose value is used is a full barrier; pairs with tap_snapshot */
		__u64 before = __sync_fetch_and_add(counter, 1);

		barrier_var(before);
	} else {
		TAP_STORE(*counter, *counter + 1);
	}
	barrier();
}

static __always_inline int tap_is_full(struct tap_control *control, __u64 position)
{
	if (position - control->consumed_seen < plan.slots)
		return 0;
	/* pairs with the release in tap_give_back: what was consumed has been read */
	control->consumed_seen = TAP_LOAD(control->consumed);
	return position - control->consumed_seen >= plan.slots;
}

/* Take a position among programs that interrupt one another; 0 when there is no room. */
static __always_inline int tap_compete(struct tap_turn *turn)
{
	struct tap_control *control = turn->control;

	for (int i = 0; i < TAP_TRIES_MAX; i++) {
		turn->position = TAP_LOAD(control->produced);
		if (tap_is_full(control, turn->position))
			return 0;
		if (__sync_val_compare_and_swap(&control->produced, turn->position,
						turn->position + 1) == turn->position)
			return 1;
	}
	return 0;
}

/* Take a position, or see that there is none; 0 when the packet is lost by that. */
static __always_inline int tap_take(struct tap_turn *turn)
{
	turn->is_full = 0;
	if (plan.is_shared)
		return tap_compete(turn);
	turn->position = turn->control->produced;
	turn->is_full = tap_is_full(turn->control, turn->position);
	return !turn->is_full || plan.match.what;
}

/* A record to be filled. NULL: there is no room, which has been counted. */
static __always_inline struct tap_record *tap_begin(struct tap_turn *turn)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct tap_control *control = bpf_map_lookup_elem(&tap_controls, &cpu);
	__u32 index;

	turn->control = control;
	if (!control)
		return 0;
	tap_mark(&control->seen);
	if (cpu >= plan.rings) {
		tap_count(&control->no_ring);
		goto none;
	}
	if (!tap_take(turn)) {
		tap_count(&control->ring_full);
		goto none;
	}
	index = turn->is_full ? plan.rings * plan.slots + cpu
			      : cpu * plan.slots + (turn->position & (plan.slots - 1));
	turn->record = tap_record_at(index);
	if (turn->record)
		return turn->record;
none:
	tap_mark(&control->done);
	return 0;
}

/* ---- matching ---- */

/* The offset is hidden from the compiler, so that the verifier sees the check as it is written. */
static __always_inline __u32 tap_word(const struct tap_record *record, __u32 at)
{
	barrier_var(at);
	if (at > TAP_BYTES_MAX - 2)
		return 0;
	return (__u32)record->bytes[at] << 8 | record->bytes[at + 1];
}

static __always_inline __u32 tap_address_word(const struct tap_record *record, __u32 at)
{
	__u32 word;

	barrier_var(at);
	if (at > TAP_BYTES_MAX - 4)
		return 0;
	__builtin_memcpy(&word, record->bytes + at, 4);
	return word;
}

static __always_inline int tap_is_address(const struct tap_record *record, __u32 at, int words)
{
	__u32 difference = 0;

	for (int i = 0; i < 4; i++)
		if (i < words)
			difference |=
				(tap_address_word(record, at + 4 * i) ^ plan.match.address[i]) &
				plan.match.mask[i];
	return !difference;
}

static __always_inline int tap_has_ports(__u32 protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132;
}

static __always_inline int tap_match_transport(const struct tap_record *record, __u32 at,
					       __u32 protocol)
{
	if (plan.match.what & TAP_MATCH_PROTOCOL && protocol != plan.match.protocol)
		return 0;
	if (!(plan.match.what & TAP_MATCH_PORT))
		return 1;
	return tap_has_ports(protocol) && (tap_word(record, at) == plan.match.port ||
					   tap_word(record, at + 2) == plan.match.port);
}

static __always_inline int tap_match_ipv4(const struct tap_record *record, __u32 at)
{
	__u32 first = tap_word(record, at) >> 8;
	__u32 protocol = tap_word(record, at + 8) & 0xff;

	if (plan.match.what & TAP_MATCH_IPV6)
		return 0;
	if (plan.match.what & TAP_MATCH_IPV4 && !tap_is_address(record, at + 12, 1) &&
	    !tap_is_address(record, at + 16, 1))
		return 0;
	/* only the first fragment has ports */
	if (plan.match.what & TAP_MATCH_PORT && tap_word(record, at + 6) & 0x1fff)
		return 0;
	return tap_match_transport(record, at + (first & 15) * 4, protocol);
}

static __always_inline int tap_match_ipv6(const struct tap_record *record, __u32 at)
{
	__u32 next = tap_word(record, at + 6) >> 8;
	__u32 past = at + 40;

	if (plan.match.what & TAP_MATCH_IPV4)
		return 0;
	if (plan.match.what & TAP_MATCH_IPV6 && !tap_is_address(record, at + 8, 4) &&
	    !tap_is_address(record, at + 24, 4))
		return 0;
	for (int i = 0; i < TAP_MATCH_EXTENSIONS_MAX; i++) {
		__u32 word = tap_word(record, past);

		if (next == 44 && plan.match.what & TAP_MATCH_PORT &&
		    tap_word(record, past + 2) & 0xfff8)
			return 0;
		if (next == 44)
			past += 8;
		else if (next == 0 || next == 43 || next == 60)
			past += 8 + (word & 0xff) * 8;
		else
			break;
		next = word >> 8;
	}
	return tap_match_transport(record, past, next);
}

static __always_inline int tap_match_ip(const struct tap_record *record, __u32 at, __u32 ethertype)
{
	if (!(plan.match.what & ~TAP_MATCH_VLAN))
		return 1;
	if (ethertype == 0x0800)
		return tap_match_ipv4(record, at);
	if (ethertype == 0x86dd)
		return tap_match_ipv6(record, at);
	return 0;
}

/* Does an Ethernet frame, as it lies in the record, match? */
static __always_inline int tap_match_frame(const struct tap_record *record)
{
	__u32 ethertype = tap_word(record, 12);
	int tagged = !!(record->shape & TAP_VLAN);
	__u32 vlan = record->vlan_tci;
	__u32 at = 14;

	for (int i = 0; i < TAP_MATCH_TAGS_MAX; i++) {
		if (ethertype != 0x8100 && ethertype != 0x88a8)
			break;
		if (!tagged)
			vlan = tap_word(record, at);
		tagged = 1;
		ethertype = tap_word(record, at + 2);
		at += 4;
	}
	if (plan.match.what & TAP_MATCH_VLAN && (!tagged || (vlan & 0xfff) != plan.match.vlan))
		return 0;
	return tap_match_ip(record, at, ethertype);
}

/* ---- the end of a turn ---- */

static __always_inline __u64 tap_now(void)
{
	return plan.has_tai ? bpf_ktime_get_tai_ns() : bpf_ktime_get_ns();
}

static __always_inline void tap_publish(struct tap_turn *turn)
{
	struct tap_control *control = turn->control;
	__u64 lap = turn->position & plan.slots ? 0 : TAP_LAP_BIT;
	__u64 word = tap_now() | lap;

	if (plan.is_shared || plan.is_weakly_ordered) {
		/* BPF_XCHG is a full barrier; pairs with the acquire in tap_is_ready */
		__sync_lock_test_and_set(&turn->record->time, word);
	} else {
		barrier(); /* stores stay in order on this machine; pairs with tap_is_ready */
		TAP_STORE(turn->record->time, word);
	}
	if (!plan.is_shared)
		TAP_STORE(control->produced, turn->position + 1);
}

/* The record has been filled; 'wanted': it matches. */
static __always_inline void tap_end(struct tap_turn *turn, int wanted)
{
	struct tap_control *control = turn->control;

	if (!wanted) {
		tap_count(&control->filtered);
		if (plan.is_shared) { /* the position has been taken: an empty record */
			turn->record->shape = TAP_EMPTY;
			tap_publish(turn);
		}
	} else if (turn->is_full) {
		tap_count(&control->ring_full);
	} else {
		tap_publish(turn);
	}
	tap_mark(&control->done);
}

#endif
