/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network interfaces of this namespace, and what matters of each to one
 * who captures there. Asked of the kernel by netlink and ethtool; needs no
 * privileges. Nothing is attached to an interface to find something out,
 * unless weir_links_try_xdp is called.
 */
#ifndef WEIR_LINKS_H
#define WEIR_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_LINK_NAME_BYTES = 16 /* IFNAMSIZ */, WEIR_LINKS_MAX = 16384 };

/* Offloads that change what a capture sees, or where. */
enum weir_link_offload {
	WEIR_LINK_GRO = 1 << 0,     /* packets are merged before the stack sees them */
	WEIR_LINK_GRO_HW = 1 << 1,  /* the same, by the NIC */
	WEIR_LINK_LRO = 1 << 2,     /* the same, and not exactly undone */
	WEIR_LINK_TSO = 1 << 3,     /* sent packets are split by the NIC, after they are seen */
	WEIR_LINK_GSO = 1 << 4,     /* the same, in the stack */
	WEIR_LINK_RX_VLAN = 1 << 5, /* the NIC takes VLAN tags out */
	WEIR_LINK_RX_HASH = 1 << 6, /* the NIC tells a hash of the flow */
};

/* https://docs.kernel.org/networking/netdev-features: enum netdev_xdp_act, linux/netdev.h */
enum weir_link_xdp {
	WEIR_LINK_XDP_BASIC = 1 << 0,
	WEIR_LINK_XDP_REDIRECT = 1 << 1,
	WEIR_LINK_XDP_TRANSMIT = 1 << 2,
	WEIR_LINK_XDP_ZERO_COPY = 1 << 3,
	WEIR_LINK_XDP_OFFLOAD = 1 << 4,
	WEIR_LINK_XDP_MULTI_BUFFER = 1 << 5,
	WEIR_LINK_XDP_TRANSMIT_MULTI_BUFFER = 1 << 6,
};

struct weir_link {
	char name[WEIR_LINK_NAME_BYTES];
	char driver[32]; /* or the kind of a virtual interface; "" = unknown */
	int index;
	bool up;      /* set up by the administrator */
	bool running; /* and there is a carrier */
	bool loopback;
	uint16_t hardware_type; /* linux/if_arp.h */
	uint8_t hardware_address[6];
	uint32_t mtu;
	uint32_t rx_queues, tx_queues; /* in use; 0 = unknown */
	uint64_t speed_bits_per_s;     /* 0 = unknown */
	uint32_t offloads;             /* enum weir_link_offload */
	uint32_t xdp;                  /* enum weir_link_xdp */
	bool offloads_known, xdp_known;
	bool time_known; /* the two below are */
	bool time_receive_software, time_receive_hardware;
};

struct weir_links {
	uint32_t count;
	struct weir_link *links; /* by index, ascending */
};

/*
 * List all interfaces. What cannot be found out is marked so; only when there
 * is no list at all is it an error: -ENOMEM, -errno. Free with weir_links_close.
 */
int weir_links_open(struct weir_links *out, struct weir_error *error);
void weir_links_close(struct weir_links *links);
/* Can a kind of source capture there? */
bool weir_link_serves(const struct weir_link *link, const struct weir_source_kind *kind);
/*
 * Attach an XDP program that passes everything, in the driver's own mode, and
 * take it away again. On some NICs that resets the queues: packets may be
 * lost. Returns 0, -EPERM (CAP_NET_ADMIN and CAP_BPF), -EOPNOTSUPP where the
 * driver has no such mode, -EBUSY where there is a program, -errno.
 */
int weir_link_try_xdp(const struct weir_link *link);

#ifdef __cplusplus
}
#endif
#endif
