// SPDX-License-Identifier: GPL-2.0
/*
 * The netfilter tap: a program on one of the stack's five hooks copies the
 * start of each packet of one interface into the ring of tap_record.h. There
 * packets begin with their IP header, and have passed GRO and VLAN handling.
 */
#include "tap_ring.h"
#include "skbuff.h"

char LICENSE[] SEC("license") = "GPL";

struct nf_hook_state {
	struct net_device *in;
	struct net_device *out;
} __attribute__((preserve_access_index));

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
} __attribute__((preserve_access_index));

struct bpf_dynptr {
	__u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *out) __ksym;

enum { NF_ACCEPT = 1 };

static __always_inline int nf_is_ours(const struct nf_hook_state *state)
{
	int in = state->in->ifindex; /* a NULL pointer reads as 0 */
	int out = state->out->ifindex;

	return in == (int)plan.interface || out == (int)plan.interface;
}

static __always_inline int nf_matches(const struct tap_record *record)
{
	__u32 version = record->bytes[0] >> 4;

	if (!plan.match.what)
		return 1;
	return tap_match_ip(record, 0, version == 4 ? 0x0800 : 0x86dd);
}

SEC("netfilter")
int nf_tap(struct bpf_nf_ctx *context)
{
	struct sk_buff *skb = context->skb;
	struct bpf_dynptr bytes;
	struct tap_turn turn;
	struct tap_record *record;
	__u32 length, captured;

	if (!nf_is_ours(context->state))
		return NF_ACCEPT;
	record = tap_begin(&turn);
	if (!record)
		return NF_ACCEPT;
	length = skb->len;
	captured = length < plan.snaplen ? length : plan.snaplen;
	record->shape = length | captured << TAP_CAPTURED_SHIFT |
			plan.packet_type << TAP_TYPE_SHIFT;
	record->gso_size = skb_gso_size(skb);
	if (length > TAP_BYTES_MAX)
		length = TAP_BYTES_MAX;
	barrier_var(length);
	if (length - 1 < TAP_BYTES_MAX && !bpf_dynptr_from_skb((struct __sk_buff *)skb, 0, &bytes))
		bpf_dynptr_read(record->bytes, length, &bytes, 0, 0);
	tap_end(&turn, nf_matches(record));
	return NF_ACCEPT;
}
