/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * The ring between the tapping programs and user space: one ring per CPU, of
 * records of fixed size in an mmap-able BPF array, or in a BPF arena.
 *
 *   control[cpu]   seen ─ done ─ produced ─ losses │ consumed
 *   records        cpu 0: 0 1 2 ... slots-1 │ cpu 1: ... │ ... │ one spare per CPU
 *
 * A record is ready when the lap bit of its first word is that of its
 * position; the first word is stored last. So the reader need not look at
 * 'produced', and a record that was reserved but not filled yet holds it up.
 *
 * Accounting, per CPU: what was seen and neither filtered nor lost is in the
 * ring, whenever done == seen; 'seen' is counted first and 'done' last.
 */
#ifndef BPF_TAP_RECORD_H
#define BPF_TAP_RECORD_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

enum {
	TAP_BYTES_MAX = 112, /* of a packet; with the header a record is two cache lines */
	TAP_FRAME_LEAST = 60,
};

#define TAP_LAP_BIT (1ULL << 63) /* free until the year 2262 */

/* The bits of tap_record.shape. */
enum {
	TAP_WIRE_BITS = 20, /* GSO frames have up to 512 KiB: GSO_MAX_SIZE, linux/netdevice.h */
	TAP_CAPTURED_SHIFT = 20,
	TAP_CAPTURED_BITS = 7,
	TAP_TYPE_SHIFT = 27, /* sll_pkttype; TAP_TYPE_UNKNOWN where the hook cannot tell */
	TAP_TYPE_UNKNOWN = 7,
	TAP_VLAN = 1 << 30, /* vlan_tci is a tag taken out of the bytes */
	/* a place taken for a packet that did not match: no packet has so many bytes captured */
	TAP_EMPTY = 127 << TAP_CAPTURED_SHIFT,
};
#define TAP_VLAN_8021AD (1U << 31) /* that tag was an 802.1ad one */

struct tap_record {
	__u64 time; /* ns of CLOCK_TAI or CLOCK_MONOTONIC; the top bit is the lap bit */
	__u32 shape;
	__u16 gso_size;
	__u16 vlan_tci; /* trace: of a packet that was dropped, why, TRACE_REASON */
	__u8 bytes[TAP_BYTES_MAX];
};

struct tap_control {
	/* written by the program on this CPU */
	__u64 seen;
	__u64 done;
	__u64 produced;
	__u64 consumed_seen; /* the program's last look at 'consumed' */
	__u64 filtered;      /* turned away by tap_match: no loss */
	__u64 ring_full;
	__u64 no_ring; /* this CPU came after the rings had been made */
	__u64 unused[9];
	/* written by user space */
	__u64 consumed;
	__u64 unused_too[15];
};

/* What the program looks for in the outermost headers; 0 = anything. */
enum {
	TAP_MATCH_VLAN = 1 << 0,
	TAP_MATCH_PROTOCOL = 1 << 1,
	TAP_MATCH_PORT = 1 << 2,
	TAP_MATCH_IPV4 = 1 << 3,
	TAP_MATCH_IPV6 = 1 << 4,
	/* how far IPv6 extension headers and VLAN tags are followed */
	TAP_MATCH_TAGS_MAX = 2,
	TAP_MATCH_EXTENSIONS_MAX = 4,
};

struct tap_match {
	__u32 what;    /* TAP_MATCH_ bits, all of which must hold */
	__u16 vlan;    /* VID of the outermost tag */
	__u16 port;    /* source or destination, TCP, UDP or SCTP */
	__u8 protocol; /* of IPv4 or IPv6 */
	__u8 unused[3];
	__u32 address[4]; /* network order, source or destination; IPv4 in [0] */
	__u32 mask[4];
};

/* The kernel's enum skb_drop_reason in 16 bits: its subsystem, and the number there. */
#define TRACE_REASON(reason) ((__u16)((reason) >> 16 << 12 | ((reason)&0xfff)))

/* Set before the program is loaded. */
struct tap_plan {
	__u32 slots; /* per CPU, a power of two */
	__u32 rings; /* CPUs that have one */
	__u32 snaplen;
	__u32 verdict;   /* of the XDP program */
	__u32 has_tai;   /* bpf_ktime_get_tai_ns exists (Linux 6.1) */
	__u32 is_shared; /* the hook is re-entered on one CPU: reserve by atomic operations */
	__u32 is_weakly_ordered; /* this machine reorders stores */
	__u32 interface;         /* netfilter, trace: only packets of this one */
	__u32 packet_type; /* sll_pkttype: netfilter, of the hook's packets; trace, of those wanted */
	__u32 namespace;   /* trace: only packets of this one; inode of its file */
	__u64 arena;       /* where the reader has mapped the records, when they are in an arena */
	struct tap_match match;
};

#endif
