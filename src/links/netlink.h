/* SPDX-License-Identifier: Apache-2.0 */
/* The two netlink questions: all links, and which of them know XDP. */
#ifndef LINKS_NETLINK_H
#define LINKS_NETLINK_H

#include "weir/links.h"

/* Fill 'out' with name, index, state, type, address, MTU, queues, kind. -errno. */
int netlink_list(struct weir_links *out);
/* Enter XDP features where the kernel tells them (since 6.3). */
void netlink_read_xdp(struct weir_links *links);

#endif
