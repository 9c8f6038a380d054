// SPDX-License-Identifier: GPL-2.0
/*
 * Tracing the stack: programs where it drops a packet, and where a packet has
 * found its socket, copy the start of each IP packet of one interface, from
 * its IP header on, into the ring of tap_record.h. They look on, no more.
 *
 * Of a packet that is not linear only what lies in its first part can be read.
 * A drop that interrupts the program for another is not seen: the kernel does
 * not run it again then.
 */
#include "tap_ring.h"
#include "skbuff.h"

char LICENSE[] SEC("license") = "GPL";

extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;

enum {
	TRACE_INCOMING = 0, /* PACKET_HOST */
	TRACE_OUTGOING = 4, /* PACKET_OUTGOING */
	TRACE_OTHER = -1,   /* of another interface, or not wanted */
	TRACE_EITHER = TAP_TYPE_UNKNOWN,
	TRACE_PASS = 1, /* the verdict of cgroup programs */
};

/* Where the packet is, or where it is to go; may be no valid pointer: only to be read with care. */
static __always_inline struct net_device *trace_device(const struct sk_buff *skb)
{
	struct dst_entry *way = (struct dst_entry *)(skb->_skb_refdst & ~1UL);

	if (skb->dev || !way)
		return skb->dev;
	return BPF_CORE_READ(way, dev);
}

/* Unknown (0) when the packet has no device any more. */
static __always_inline __u32 trace_namespace(const struct sk_buff *skb)
{
	/* not by plain pointers: a UDP socket uses the place of 'dev' for its own purposes */
	struct net_device *device = trace_device(skb);
	__u32 inum = BPF_CORE_READ(device, nd_net.net, ns.inum);

	return inum ? inum : BPF_CORE_READ(skb, sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline int trace_way(const struct sk_buff *skb, __u32 namespace)
{
	struct net_device *device = trace_device(skb);
	int way = TRACE_OTHER;

	if (skb->skb_iif == (int)plan.interface)
		way = TRACE_INCOMING;
	else if (BPF_CORE_READ(device, ifindex) == (int)plan.interface)
		way = TRACE_OUTGOING;
	if ((namespace && namespace != plan.namespace) ||
	    ((int)plan.packet_type != TRACE_EITHER && (int)plan.packet_type != way))
		return TRACE_OTHER;
	return way;
}

/* Copy from the IP header on; what is not IP has no bytes, only a length. */
static __always_inline void trace_copy(const struct sk_buff *skb, struct tap_record *record,
				       int way)
{
	const __u8 *at = skb->head + skb->network_header;
	__u32 pulled = (__u32)(skb->data - at); /* the length counts from 'data' on */
	__u32 length = skb->len + pulled;
	__u32 linear = length - skb->data_len;
	__u32 version = skb->protocol == __builtin_bswap16(0x0800)   ? 4
			: skb->protocol == __builtin_bswap16(0x86dd) ? 6
								     : 0;
	__u32 captured = length < plan.snaplen ? length : plan.snaplen;

	if (captured > linear)
		captured = linear;
	if (linear > TAP_BYTES_MAX)
		linear = TAP_BYTES_MAX;
	barrier_var(linear);
	if (!version || linear - 1 >= TAP_BYTES_MAX ||
	    bpf_probe_read_kernel(record->bytes, linear, at) || record->bytes[0] >> 4 != version) {
		length = skb->len;
		captured = 0;
	}
	record->shape = (length & ((1U << TAP_WIRE_BITS) - 1)) | captured << TAP_CAPTURED_SHIFT |
			(__u32)way << TAP_TYPE_SHIFT;
	record->gso_size = skb_gso_size(skb);
}

static __always_inline void trace_take(const struct sk_buff *skb, int way, __u16 reason)
{
	struct tap_turn turn;
	struct tap_record *record = tap_begin(&turn);

	if (!record)
		return;
	trace_copy(skb, record, way);
	record->vlan_tci = reason;
	tap_end(&turn, 1);
}

SEC("tp_btf/kfree_skb")
int trace_drop(__u64 *arguments)
{
	const struct sk_buff *skb = (const void *)arguments[0];
	__u32 reason = (__u32)arguments[2];
	int way = trace_way(skb, trace_namespace(skb));

	if (way != TRACE_OTHER)
		trace_take(skb, way, TRACE_REASON(reason));
	return 0;
}

/*
 * A socket of IPv4 or IPv6 has been found for a packet, which is not queued yet.
 * The program is one of the cgroup that all processes are in.
 */
SEC("cgroup_skb/ingress")
int trace_socket(struct __sk_buff *context)
{
	const struct sk_buff *skb;

	if (!bpf_cast_to_kern_ctx)
		return TRACE_PASS;
	skb = bpf_cast_to_kern_ctx(context);
	if (trace_way(skb, trace_namespace(skb)) == TRACE_INCOMING)
		trace_take(skb, TRACE_INCOMING, 0);
	return TRACE_PASS;
}
