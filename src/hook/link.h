/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching by BPF_LINK_CREATE, with structures of our own: libbpf's may be older than tcx. */
#ifndef HOOK_LINK_H
#define HOOK_LINK_H

#include "hook/hook.h"

enum { LINK_INGRESS, LINK_EGRESS };

/*
 * Attach to traffic control by tcx: first on ingress, last on egress, so that
 * no other program hides packets. Returns the link's descriptor or -errno
 * (-EINVAL: a kernel without tcx).
 */
int link_tcx(int program, int interface, int side);
/*
 * Attach to XDP; *mode is the mode wanted, and then the one got. Returns the
 * link's descriptor, or -errno with 'error' set.
 */
int link_xdp(int program, int interface, enum hook_mode *mode, char notice[HOOK_NOTICE_BYTES],
	     struct weir_error *error);

/* The address families of link_netfilter: NFPROTO_IPV4, NFPROTO_IPV6. */
enum { LINK_IPV4 = 2, LINK_IPV6 = 10 };

/*
 * Attach to a netfilter hook of this network namespace: before all others,
 * but behind the reassembly of fragments, or on postrouting behind all others. Returns
 * the link's descriptor or -errno (-EINVAL, -EOPNOTSUPP: a kernel that cannot).
 */
int link_netfilter(int program, int family, enum hook_netfilter hook);

/*
 * Attach to what the sockets of all processes get: to the root of the cgroups
 * (version 2) that is in sight. Returns the link's descriptor or -errno
 * (-ENOENT: there is none).
 */
int link_sockets(int program);

#endif
