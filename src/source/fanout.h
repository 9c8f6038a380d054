/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fanout groups of packet sockets (PACKET_FANOUT): several sockets, also of
 * several processes, share the packets of one interface. A group lives as
 * long as one of its members.
 */
#ifndef SOURCE_FANOUT_H
#define SOURCE_FANOUT_H

#include "weir/source.h"

/*
 * Let 'fd', bound but deaf, join the group of 'fanout', or make it. On
 * success fanout->group is its number, and fanout->mode what was got: where
 * the kernel refuses an eBPF program, a classic one does, and the notice says
 * so. -EINVAL when the group is of another mode or interface, -errno.
 */
int fanout_join(int fd, struct weir_fanout *fanout, const struct weir_source_context *context,
		struct weir_error *error);
/* What the socket has passed on to others, into the account. */
void fanout_read_rollover(int fd, struct weir_account *account);

#endif
