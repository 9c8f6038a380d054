/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's own stack as a place to send to: a tap device that nobody else
 * has. A frame written to it is received by the host, as a network card would
 * hand it on. The kernel removes the device when its descriptor is closed,
 * whatever ends the process.
 */
#ifndef HOOK_STACK_DEVICE_H
#define HOOK_STACK_DEVICE_H

#include <net/if.h>

#include "weir/error.h"

struct stack_device {
	char name[IFNAMSIZ];
	int fd; /* -1 = none */
};

/*
 * Make the device (NULL = weir0 or the next free name), for frames as long as
 * can be, and bring it up. It asks for no address and sends nothing by itself.
 * 'notice' is told what keeps packets from the sockets of this host; may be
 * NULL. -EPERM, -EEXIST, -EOPNOTSUPP, -errno.
 */
int stack_device_open(struct stack_device *device, const char *name,
		      void (*notice)(void *user, const char *text), void *user,
		      struct weir_error *error);
void stack_device_close(struct stack_device *device);

#endif
