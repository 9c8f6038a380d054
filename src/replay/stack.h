/* SPDX-License-Identifier: Apache-2.0 */
/* The sender into the host's own stack. */
#ifndef REPLAY_STACK_H
#define REPLAY_STACK_H

#include "generate/sender.h"
#include "hook/stack_device.h"

/* Borrows all three. -ENOMEM. */
int stack_sender_open(const struct sender_supply *supply, const struct stack_device *device,
		      const struct nic *nic, struct sender **out, struct weir_error *error);

#endif
