/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections by "HOST:PORT"; an IPv6 address stands in brackets. */
#ifndef BASE_TCP_H
#define BASE_TCP_H

#include "weir/error.h"

enum { TCP_CONNECT_MS = 5000 };

/*
 * A blocking socket that is connected to 'address'. Waits TCP_CONNECT_MS at
 * most for each address of a name. -EINVAL, -EHOSTUNREACH, -errno.
 */
int tcp_dial(const char *address, struct weir_error *error);
/* A non-blocking socket that listens on "PORT" (of all addresses) or "HOST:PORT". As tcp_dial. */
int tcp_listen(const char *address, struct weir_error *error);
/*
 * Nothing more will be sent: wait up to 'patience_ms' for the peer to take
 * what was. 0, or -errno when it has not (-ETIMEDOUT, -ECONNRESET).
 */
int tcp_finish(int fd, int patience_ms);

#endif
