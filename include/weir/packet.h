/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets, batches of them, and the interfaces that they came from.
 *
 * Invariants:
 * - A packet's bytes are as on the wire: a VLAN tag that the kernel moved
 *   into metadata has been put back before a sink sees the packet.
 * - captured_len <= wire_len, except where the two disagree in a foreign file.
 * - A packet is borrowed: its bytes live in its source's memory and die when
 *   the batch is released. What must outlive that is copied by its taker.
 * - time_ns is Unix time, UTC, in nanoseconds.
 */
#ifndef WEIR_PACKET_H
#define WEIR_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most packets that one batch carries. */
enum { WEIR_BATCH_PACKETS_MAX = 256 };

/*
 * weir_packet.flags. The low three bits are the direction, with the meaning
 * and order of sll_pkttype in <linux/if_packet.h>, plus "not told".
 */
enum weir_packet_flags {
	WEIR_PACKET_HOST = 0,      /* to this host */
	WEIR_PACKET_BROADCAST = 1, /* to all, link-layer broadcast */
	WEIR_PACKET_MULTICAST = 2, /* to a group, link-layer multicast */
	WEIR_PACKET_OTHERHOST = 3, /* to someone else, seen by promiscuity */
	WEIR_PACKET_OUTGOING = 4,  /* sent by this host */
	WEIR_PACKET_LOOPBACK = 5,  /* looped back by the stack */
	WEIR_PACKET_DIRECTION_UNKNOWN = 7,
	WEIR_PACKET_DIRECTION_MASK = 7,
	WEIR_PACKET_VLAN_RESTORED = 1 << 3,      /* vlan_tci/vlan_tpid came from metadata */
	WEIR_PACKET_CHECKSUM_NOT_READY = 1 << 4, /* hardware will fill it in: never call it bad */
	WEIR_PACKET_LOSING = 1 << 5,             /* the source lost packets before this one */
	WEIR_PACKET_SUPER = 1 << 6,   /* a super-packet whose gso_size the source was not told */
	WEIR_PACKET_RAW_IP = 1 << 7,  /* 'bytes' begin with an IP header, no link header */
	WEIR_PACKET_DROPPED = 1 << 8, /* the kernel has dropped it: drop_reason */
};

/* One packet, borrowed from its source until its batch is released. */
struct weir_packet {
	const uint8_t *bytes;
	uint64_t time_ns;
	uint32_t captured_len; /* bytes that can be read at 'bytes' */
	uint32_t wire_len;     /* bytes of the frame as the source saw it, without FCS */
	uint32_t interface;    /* index into the engine's weir_interfaces */
	uint32_t rx_hash;      /* the NIC's flow hash (xdp: with hash=yes), 0 when not told */
	union {
		uint16_t vlan_tci;    /* with WEIR_PACKET_VLAN_RESTORED */
		uint16_t drop_reason; /* with WEIR_PACKET_DROPPED: subsystem << 12 | number */
	};
	uint16_t vlan_tpid;
	uint16_t gso_size; /* payload bytes per wire packet of a super-packet, else 0 */
	uint16_t flags;    /* enum weir_packet_flags */
};

/*
 * Up to WEIR_BATCH_PACKETS_MAX borrowed packets of one source. Made by
 * weir_source_ops.next, given back by weir_source_ops.release; both on the
 * worker's thread that owns the source.
 */
struct weir_batch {
	struct weir_packet *packets;
	uint32_t count;
	bool has_gso;     /* some packet has gso_size != 0 or is WEIR_PACKET_SUPER */
	uint64_t dropped; /* packets the source knows to have lost right before this batch, 0 if none */
	void *cookie;     /* the source's own note of what to give back */
};

/*
 * The number of packets that the frame was on the wire: 1, or for a GRO/TSO
 * super-packet ceil(payload bytes / gso_size), found by walking its headers
 * (the virtio header's hdr_len is the linear length, not that of the headers).
 * Returns 0 when that cannot be known: the headers were not captured far
 * enough, or the source was not told the gso_size.
 * Thread rule: any. Source: Linux include/linux/virtio_net.h, KERNEL section 1.
 */
uint32_t weir_packet_wire_count(const struct weir_packet *packet);

/* ---- interfaces ---- */

enum {
	WEIR_INTERFACES_MAX = 16384, /* over the life of an engine, those gone included */
	WEIR_INTERFACE_NAME_BYTES = 64,
};

/* What a packet's 'interface' index stands for; never changes once added. */
struct weir_interface {
	char name[WEIR_INTERFACE_NAME_BYTES];  /* "eth0", or what a file says, or "" */
	char netns[WEIR_INTERFACE_NAME_BYTES]; /* "" = the namespace weir was started in */
	char description[128];                 /* free text for if_description, or "" */
	char source[16];                       /* "ring", "file", ... */
	char filter[256];                      /* the capture filter in force at the start, or "" */
	uint32_t link_type;          /* LINKTYPE_ value, https://www.tcpdump.org/linktypes.html */
	uint32_t snaplen;            /* bytes kept of each packet, 0 = no limit */
	uint8_t time_resolution;     /* decimal digits of the clock after the second: 6, 9, ... */
	uint8_t hardware_address[6]; /* all zero when there is none */
	uint8_t fcs_bytes; /* that packets end in, where a file tells; 0 = none, or not told */
};

/* An append-only table of interfaces; entries never move or change. */
struct weir_interfaces;

/* Make an empty table; free it with weir_interfaces_close. -ENOMEM. */
int weir_interfaces_open(struct weir_interfaces **out);
/* Free the table; NULL is fine. No packet may refer to it any more. */
void weir_interfaces_close(struct weir_interfaces *table);
/*
 * Add a copy of 'interface'. Returns its index (>= 0), -ENOSPC when
 * WEIR_INTERFACES_MAX is reached, -ENOMEM. Thread rule: any thread.
 */
int weir_interfaces_add(struct weir_interfaces *table, const struct weir_interface *interface);
/*
 * As weir_interfaces_add, but where the very same interface is in the table
 * already, its index is returned: for sources that share one interface.
 * Thread rule: any thread.
 */
int weir_interfaces_share(struct weir_interfaces *table, const struct weir_interface *interface);
/* How many there are; those below the count can be read at once. Any thread. */
uint32_t weir_interfaces_count(const struct weir_interfaces *table);
/* The interface at 'index', valid until the table is closed; NULL if there is none. */
const struct weir_interface *weir_interfaces_get(const struct weir_interfaces *table,
						 uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
