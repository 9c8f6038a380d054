/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's program for a filter: classic BPF to attach to a packet
 * socket. Compiled against a live libpcap handle of the interface, because
 * only that knows that the kernel moves VLAN tags into metadata; so compiling
 * needs the right to open a packet socket (CAP_NET_RAW).
 */
#ifndef FILTER_KERNEL_H
#define FILTER_KERNEL_H

#include <linux/filter.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/filter.h"
#include "weir/source.h"

struct kernel_program {
	uint32_t count;
	struct sock_filter code[WEIR_FILTER_INSTRUCTIONS_MAX];
};

/*
 * Compile 'expression' ("" = all) for a packet socket on 'interface', whose
 * frames have 'link_type'. Needs CAP_NET_RAW for Ethernet with an expression,
 * nothing otherwise. -EINVAL with libpcap's words, -EPERM, -ENETDOWN when the
 * interface is down (libpcap opens none that is).
 */
int kernel_compile(const char *interface, uint32_t link_type, const char *expression,
		   struct kernel_program *out, struct weir_error *error);
/*
 * Let matching packets be cut to 'snaplen' bytes, and only those of
 * 'direction' match. -E2BIG when the program would get too long.
 */
int kernel_adapt(struct kernel_program *program, uint32_t snaplen, enum weir_direction direction);
/*
 * For a socket that hears all interfaces: the program judges only those with
 * Ethernet frames; those whose frames begin with an IP header all pass, and
 * those of other kinds don't. Of what is looped back, only one of its two
 * copies passes. To be called before kernel_adapt. -E2BIG.
 */
int kernel_adapt_any(struct kernel_program *program, enum weir_direction direction);
/*
 * Let outgoing packets not match: for a member of a fanout group, where
 * PACKET_IGNORE_OUTGOING has no effect. To be called after kernel_adapt. -E2BIG.
 */
int kernel_adapt_incoming(struct kernel_program *program);
/* Attach to a socket, replacing what is there in one step. -errno. */
int kernel_attach(int fd, const struct kernel_program *program);
/* Attach a program that matches nothing. -errno. */
int kernel_attach_none(int fd);

#endif
