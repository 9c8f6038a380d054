/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests on the wire between a process and its broker, and the
 * functions that carry them out, in either of the two.
 */
#ifndef PRIVILEGE_OPERATION_H
#define PRIVILEGE_OPERATION_H

#include <limits.h>
#include <stdint.h>

#include "filter/kernel.h"
#include "hook/hook.h"
#include "weir/error.h"

enum operation_kind {
	OPERATION_PACKET_SOCKET,
	OPERATION_FILTER,
	OPERATION_ADAPTER_TIME,
	OPERATION_OPEN,
	OPERATION_RENAME,
	OPERATION_UNLINK,
	OPERATION_COMMAND,
	OPERATION_TAP,
	OPERATION_XDP_OPEN,
	OPERATION_XDP_ATTACH,
	OPERATION_SWEEP,
	OPERATION_TO_STACK,
	OPERATION_FANOUT,
	OPERATION_NFLOG_OPEN,
	OPERATION_NFLOG_READ,
	OPERATION_COUNT
};

struct operation_request {
	uint32_t kind;
	uint32_t number; /* link type, size of a buffer, open flags, whether to wait for a command's end,
			    whether to stop rules, an interface */
	char first[PATH_MAX], second[PATH_MAX];
	struct hook_tap_request tap;
	struct hook_xdp_request xdp;
	/* that travel beside the request as SCM_RIGHTS: sockets */
	uint32_t descriptor_count;
	int descriptors[HOOK_DESCRIPTORS_MAX];
	struct hook_fanout_request fanout;
	struct hook_nflog_request nflog;
};

/* Descriptors, if there are any, travel beside the reply as SCM_RIGHTS. */
struct operation_reply {
	int32_t rc; /* 0 or -errno */
	struct weir_error error;
	struct kernel_program program;
	struct hook_answer answer; /* of a hook: the descriptors are those that travel */
};

/*
 * Carry out 'request'; returns a descriptor, 0 when there is none (or they are
 * in reply->answer), or -errno.
 */
int operation_run(const struct operation_request *request, struct operation_reply *reply);

#endif
