/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the programs of the xdp source have in common: packets of a queue that
 * has a socket go there, with a note in front; all others go on to the host.
 */
#ifndef BPF_XDP_TAKE_H
#define BPF_XDP_TAKE_H

#include "xdp_note.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile struct xdp_plan plan;

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, XDP_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xdp_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, XDP_QUEUES_MAX);
	__type(key, __u32);
	__type(value, struct xdp_control);
} xdp_controls SEC(".maps");

static __always_inline void xdp_count(__u64 *counter)
{
	if (plan.is_shared)
		__sync_fetch_and_add(counter, 1);
	else
		*(volatile __u64 *)counter = *counter + 1;
}

/* What the driver has told of a packet, as struct xdp_note has it. */
struct xdp_told {
	__u64 time; /* 0: not told */
	__u32 hash;
	__u16 vlan_tci, vlan_tpid;
};

static __always_inline void xdp_write_note(struct xdp_md *context, const struct xdp_told *told)
{
	struct xdp_note *note;

	if (bpf_xdp_adjust_meta(context, -(int)sizeof(*note)))
		return; /* the driver has no metadata area: user space takes the time */
	note = (struct xdp_note *)(long)context->data_meta;
	if ((void *)(note + 1) > (void *)(long)context->data)
		return;
	note->is_adapter_time = told->time != 0;
	if (told->time)
		note->time = told->time;
	else
		note->time = plan.has_tai ? bpf_ktime_get_tai_ns() : bpf_ktime_get_ns();
	note->mark = XDP_NOTE_MARK;
	note->vlan_tci = told->vlan_tci;
	note->vlan_tpid = told->vlan_tpid;
	note->hash = told->hash;
}

/* The control of the packet's queue, if that is captured. */
static __always_inline struct xdp_control *xdp_is_wanted(struct xdp_md *context)
{
	__u32 queue = context->rx_queue_index;

	if (!bpf_map_lookup_elem(&xdp_sockets, &queue))
		return 0;
	return bpf_map_lookup_elem(&xdp_controls, &queue);
}

static __always_inline int xdp_hand_over(struct xdp_md *context, struct xdp_control *control)
{
	xdp_count(&control->taken);
	return bpf_redirect_map(&xdp_sockets, context->rx_queue_index, XDP_PASS);
}

#endif
