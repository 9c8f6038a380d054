/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the program of the xdp source tells user space: a counter per queue, and
 * a note in front of each packet, in the frame's metadata area.
 */
#ifndef BPF_XDP_NOTE_H
#define BPF_XDP_NOTE_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

enum {
	XDP_QUEUES_MAX = 128, /* sockets of one source */
	XDP_NOTE_MARK = 0x77656972,
};

/* Where the driver has no room for metadata there is none: the mark tells. */
struct xdp_note {
	__u64 time; /* ns of CLOCK_TAI or CLOCK_MONOTONIC, or of the NIC's clock: is_adapter_time */
	__u32 mark; /* XDP_NOTE_MARK */
	__u16 vlan_tci;
	__u16 vlan_tpid; /* in network order; 0: the NIC took no tag out, or the driver tells none */
	__u32 hash;      /* 0: not told */
	__u32 is_adapter_time;
};

struct xdp_control {
	__u64 taken; /* handed to the queue's socket, which may drop it and counts that */
	__u64 unused[7];
};

/* Set before the program is loaded. */
struct xdp_plan {
	__u32 has_tai;
	/*
	 * A queue may be served by several programs at once: count by atomic additions. A driver
	 * serves it on one CPU at a time, but for PREEMPT_RT, and without one (mode skb).
	 */
	__u32 is_shared;
	/* What the driver is asked for in each packet. */
	__u32 wants_time, wants_hash;
};

#endif
