/* SPDX-License-Identifier: Apache-2.0 */
/* A message with descriptors beside it (SCM_RIGHTS), over a SOCK_SEQPACKET socket. */
#ifndef PRIVILEGE_MESSAGE_H
#define PRIVILEGE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "hook/hook.h"

/* Send all of it with 'count' descriptors, at most HOOK_DESCRIPTORS_MAX. 0 or -errno. */
int message_send(int socket, const void *bytes, size_t size, const int *descriptors,
		 uint32_t count);
/*
 * Receive a message of exactly 'size' bytes. Its descriptors, which belong to
 * the caller, go into 'descriptors' (HOOK_DESCRIPTORS_MAX of them), their
 * number into *count. 0, or -EPIPE when the other side is gone.
 */
int message_receive(int socket, void *bytes, size_t size, int *descriptors, uint32_t *count);

#endif
