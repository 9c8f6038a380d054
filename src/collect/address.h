/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are listened on, and those of exporters. */
#ifndef COLLECT_ADDRESS_H
#define COLLECT_ADDRESS_H

#include <sys/socket.h>

#include "weir/collect.h"
#include "weir/error.h"

/* An exporter's name: "udp://10.0.0.1:2055", "tcp://[fd00::1]:4739". */
void address_name(char name[WEIR_COLLECT_NAME_BYTES], const char *scheme,
		  const struct sockaddr *peer, socklen_t length);
/*
 * A socket that waits at "ADDRESS:PORT" (no address is any); with SOCK_STREAM
 * it listens. Returns the descriptor, -EINVAL, -errno.
 */
int address_listen(const char *address, int type, int protocol, struct weir_error *error);

#endif
