/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network interface is and how it is faring, asked of the kernel
 * through a socket that lives in the interface's namespace.
 */
#ifndef SOURCE_LINK_H
#define SOURCE_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "weir/error.h"

struct link {
	int index;
	char name[IFNAMSIZ];
	uint32_t link_type; /* LINKTYPE_ value of what a SOCK_RAW packet socket sees there */
	bool up, loopback;
	uint8_t hardware_address[6];
	uint32_t mtu;
};

/*
 * Find an interface by name. -ENODEV tells near names; -EOPNOTSUPP when its
 * frames have a link type that packet sockets show without a usable header.
 */
int link_find(int socket, const char *name, struct link *out, struct weir_error *error);
/*
 * Look again: 1 when it is still there (name and 'up' are brought up to
 * date), 0 when it is gone.
 */
int link_refresh(int socket, struct link *link);
/* How many receive queues it has now; 1 where the driver does not tell. */
uint32_t link_receive_queues(int socket, const struct link *link);
/* Its bits per second; 0 where the driver does not tell. */
uint64_t link_speed(int socket, const struct link *link);
/* To whom a received Ethernet frame is (weir_packet_flags), where nobody but its bytes tells. */
uint16_t link_direction(const uint8_t frame[6], const uint8_t own[6]);

#endif
