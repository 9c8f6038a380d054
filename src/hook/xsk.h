/* SPDX-License-Identifier: Apache-2.0 */
/* An AF_XDP socket (linux/if_xdp.h): its memory and its rings. */
#ifndef HOOK_XSK_H
#define HOOK_XSK_H

#include "hook/hook.h"

/*
 * Open the socket of the queue that is 'place' places behind the first one,
 * with that queue's frames in its fill ring. The first one's has the memory of
 * all; others are to be bound to it. Returns the descriptor or -errno, 'error'.
 */
int xsk_open(const struct hook_xdp_request *request, void *memory, uint32_t place,
	     struct weir_error *error);

#endif
