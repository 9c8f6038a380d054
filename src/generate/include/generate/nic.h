/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the generator asks an interface: its facts, and its own counters of
 * what it transmitted, by rtnetlink and the ETHTOOL ioctl.
 */
#ifndef GENERATE_NIC_H
#define GENERATE_NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "generate/frame.h"
#include "weir/error.h"

enum { NIC_STATISTICS_MAX = 4096, NIC_QUEUES_MAX = 512 };

struct nic {
	char name[IFNAMSIZ];
	struct frame_link link;
	int fd; /* for ioctl */
	int netlink_fd;
	uint32_t statistics_count; /* of ETHTOOL_GSTATS; 0 = the driver tells none */
	uint32_t xdp_count;        /* how many of them count frames that XDP redirected here */
	uint16_t xdp_statistics[NIC_QUEUES_MAX];
	struct ethtool_stats *statistics; /* owned buffer */
};

/*
 * -ENODEV (a near name is told), -ENETDOWN, -EOPNOTSUPP not Ethernet,
 * -ENOMEM, -errno. Close with nic_close.
 */
int nic_open(struct nic *nic, const char *name, struct weir_error *error);
void nic_close(struct nic *nic);
/* Is it there and up? 0, -ENODEV or -ENETDOWN. */
int nic_check(const struct nic *nic);
/*
 * All packets that the interface transmitted (tx_packets) and dropped
 * (tx_dropped; may be NULL). -errno when they cannot be read.
 */
int nic_transmitted(const struct nic *nic, uint64_t *packets, uint64_t *dropped);
/* As nic_transmitted, of what it received: rx_packets and rx_dropped. */
int nic_received(const struct nic *nic, uint64_t *packets, uint64_t *dropped);
/*
 * Frames redirected by XDP that the driver took, exact as soon as they are
 * handed over. -EOPNOTSUPP when the driver has no such counter.
 */
int nic_redirected(const struct nic *nic, uint64_t *frames);

#endif
