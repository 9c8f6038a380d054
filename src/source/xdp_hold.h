/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the members of one AF_XDP capture have in common: the memory of all
 * frames, the sockets, and the program that feeds them. Each queue is read by
 * one member, on its own thread.
 */
#ifndef SOURCE_XDP_HOLD_H
#define SOURCE_XDP_HOLD_H

#include <pthread.h>

#include "weir/privilege.h"
#include "xdp_queue.h"

struct xdp_hold {
	pthread_mutex_t lock; /* for the next two */
	uint32_t users;
	int program; /* the link that keeps it attached; -1: it is not */
	/* With to-stack, -1 without: where frames are handed back, and what leads them on. */
	int stack, stack_link;
	bool has_tai;
	struct hook_xdp_request request;
	struct xdp_control *controls; /* by queue */
	size_t control_bytes;
	uint8_t *memory;
	size_t memory_bytes;
	struct xdp_queue queues[XDP_QUEUES_MAX];
};

/*
 * Make memory and sockets, bind them, and attach the program, by the broker;
 * 'answer' tells how. 'to_stack': packets are to be handed back to the host. -errno.
 */
int xdp_hold_open(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		  bool to_stack, struct xdp_hold **out, struct hook_answer *answer,
		  struct weir_error *error);
/* Another member has it, too. */
void xdp_hold_join(struct xdp_hold *hold);
/* Take the program away: when one member stops, all are to. Thread rule: any. */
void xdp_hold_detach(struct xdp_hold *hold);
/* A member is through with it; the last one frees it. */
void xdp_hold_drop(struct xdp_hold *hold);

#endif
