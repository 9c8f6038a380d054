/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the loader tells bpf/fanout.bpf.c. */
#ifndef BPF_FANOUT_PLAN_H
#define BPF_FANOUT_PLAN_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

struct fanout_plan {
	__u8 is_inner; /* walk into tunnels */
};

#endif
