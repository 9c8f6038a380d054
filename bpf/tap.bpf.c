// SPDX-License-Identifier: GPL-2.0
/*
 * The passive tap: programs that copy the start of each packet, with what the
 * kernel knows of it, into the ring of tap_record.h and let the packet pass.
 * On the traffic-control hook (tcx, or clsact before Linux 6.6) packets are as
 * the stack has them: VLAN tag taken out, GRO and TSO super-packets. On the
 * XDP hook they are as on the wire.
 */
#include "tap_ring.h"

char LICENSE[] SEC("license") = "GPL";

enum {
	TAP_NEXT = -1,    /* TCX_NEXT and TC_ACT_UNSPEC: other programs decide */
	TAP_OUTGOING = 4, /* PACKET_OUTGOING */
};

static __always_inline __u32 tap_shape(__u32 wire, __u32 captured, __u32 type)
{
	return (wire & ((1U << TAP_WIRE_BITS) - 1)) | captured << TAP_CAPTURED_SHIFT |
	       type << TAP_TYPE_SHIFT;
}

static __always_inline __u32 tap_captured(__u32 length)
{
	__u32 most = plan.snaplen < TAP_BYTES_MAX ? plan.snaplen : TAP_BYTES_MAX;

	return length < most ? length : most;
}

/*
 * In large words: the compiler would take single bytes, since it cannot know
 * that they need not be aligned where packets are. 'bytes' is a multiple of 4.
 */
static __always_inline void tap_copy_words(__u8 *to, const __u8 *from, __u32 bytes)
{
#pragma unroll
	for (__u32 i = 0; i < bytes / 8; i++)
		((__u64 *)to)[i] = ((const __u64 *)from)[i];
	if (bytes % 8)
		*(__u32 *)(to + bytes / 8 * 8) = *(const __u32 *)(from + bytes / 8 * 8);
}

/*
 * Where helpers of the kernel may write 'bytes' bytes for the record: in a map's
 * value straight to it; not in an arena, so there by way of the stack.
 */
#ifdef TAP_ARENA
#define TAP_BY_HELPER(record_bytes, bytes, call)                                                   \
	do {                                                                                       \
		__u64 place[((bytes) + 7) / 8] = {0};                                              \
		call;                                                                              \
		tap_copy_words(record_bytes, (__u8 *)place, (bytes));                              \
	} while (0)
#else
#define TAP_BY_HELPER(record_bytes, bytes, call)                                                   \
	do {                                                                                       \
		__u8 *place = (record_bytes);                                                      \
		call;                                                                              \
	} while (0)
#endif

/* ---- traffic control ---- */

/*
 * Copy as much as the linear part allows in words, and have the kernel
 * collect the rest. More than the snaplen may be copied: that is cheaper than
 * counting bytes, and matching wants to see the headers.
 *
 * The lengths are counted from 'one less', so that one comparison shows the
 * verifier, an old one too, that they are neither 0 nor too large.
 */
static __always_inline void tap_copy_skb(struct __sk_buff *skb, __u8 *to)
{
	__u8 *data = (__u8 *)(long)skb->data;
	__u8 *end = (__u8 *)(long)skb->data_end;
	__u32 length = skb->len;
	__u32 less;

	if (data + TAP_BYTES_MAX <= end) {
		tap_copy_words(to, data, TAP_BYTES_MAX);
		return;
	}
	if (length > TAP_BYTES_MAX)
		length = TAP_BYTES_MAX;
	if (data + TAP_FRAME_LEAST <= end) {
		tap_copy_words(to, data, TAP_FRAME_LEAST);
		less = length - TAP_FRAME_LEAST - 1;
		barrier_var(less);
		if (less < TAP_BYTES_MAX - TAP_FRAME_LEAST)
			TAP_BY_HELPER(to + TAP_FRAME_LEAST, TAP_BYTES_MAX - TAP_FRAME_LEAST,
				      bpf_skb_load_bytes(skb, TAP_FRAME_LEAST, place, less + 1));
		return;
	}
	less = length - 1;
	barrier_var(less);
	if (less < TAP_BYTES_MAX)
		TAP_BY_HELPER(to, TAP_BYTES_MAX, bpf_skb_load_bytes(skb, 0, place, less + 1));
}

static __always_inline int tap_skb(struct __sk_buff *skb, __u32 type)
{
	struct tap_turn turn;
	struct tap_record *record = tap_begin(&turn);
	__u32 shape;

	if (!record)
		return TAP_NEXT;
	shape = tap_shape(skb->len, tap_captured(skb->len), type);
	record->gso_size = skb->gso_size;
	if (skb->vlan_present) {
		shape |= TAP_VLAN;
		if ((__u16)skb->vlan_proto == __builtin_bswap16(0x88a8))
			shape |= TAP_VLAN_8021AD;
		record->vlan_tci = skb->vlan_tci;
	}
	record->shape = shape;
	tap_copy_skb(skb, record->bytes);
	tap_end(&turn, !plan.match.what || tap_match_frame(record));
	return TAP_NEXT;
}

SEC("tc")
int tap_in(struct __sk_buff *skb)
{
	return tap_skb(skb, skb->pkt_type);
}

SEC("tc")
int tap_out(struct __sk_buff *skb)
{
	return tap_skb(skb, TAP_OUTGOING);
}

/* ---- XDP ---- */

static __always_inline void tap_copy_xdp(struct xdp_md *context, __u32 length, __u8 *to)
{
	__u8 *data = (__u8 *)(long)context->data;
	__u8 *end = (__u8 *)(long)context->data_end;
	__u32 less;

	if (data + TAP_BYTES_MAX <= end) {
		tap_copy_words(to, data, TAP_BYTES_MAX);
		return;
	}
	if (length > TAP_BYTES_MAX)
		length = TAP_BYTES_MAX;
	if (data + TAP_FRAME_LEAST <= end) {
		tap_copy_words(to, data, TAP_FRAME_LEAST);
		less = length - TAP_FRAME_LEAST - 1;
		barrier_var(less);
		if (less < TAP_BYTES_MAX - TAP_FRAME_LEAST)
			TAP_BY_HELPER(
				to + TAP_FRAME_LEAST, TAP_BYTES_MAX - TAP_FRAME_LEAST,
				bpf_xdp_load_bytes(context, TAP_FRAME_LEAST, place, less + 1));
		return;
	}
	less = length - 1;
	barrier_var(less);
	if (less < TAP_BYTES_MAX)
		TAP_BY_HELPER(to, TAP_BYTES_MAX, bpf_xdp_load_bytes(context, 0, place, less + 1));
}

SEC("xdp.frags")
int tap_xdp(struct xdp_md *context)
{
	struct tap_turn turn;
	struct tap_record *record = tap_begin(&turn);
	__u32 length;

	if (!record)
		return plan.verdict;
	length = bpf_xdp_get_buff_len(context);
	record->shape = tap_shape(length, tap_captured(length), TAP_TYPE_UNKNOWN);
	record->gso_size = 0;
	tap_copy_xdp(context, length, record->bytes);
	tap_end(&turn, !plan.match.what || tap_match_frame(record));
	return plan.verdict;
}
