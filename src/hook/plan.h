/* SPDX-License-Identifier: Apache-2.0 */
/* What all programs that write into rings (bpf/tap_ring.h) need before they are loaded. */
#ifndef HOOK_PLAN_H
#define HOOK_PLAN_H

#include <bpf/libbpf.h>

#include "hook/hook.h"

struct plan {
	uint32_t rings, slots;
	struct bpf_map *controls, *records;
};

/* Fill the program's constants; what depends on the hook is left to the caller. */
void plan_fill(struct tap_plan *out, uint32_t rings, uint32_t slots, uint32_t snaplen,
	       const struct tap_match *match);
/* Give the maps their sizes and tell the reader. -EINVAL, -errno. */
int plan_size(const struct plan *plan, struct hook_answer *answer, struct weir_error *error);
/* Why loading failed, in words; returns the code. */
int plan_refused(int code, uint64_t ring_bytes, struct weir_error *error);
/* The bytes of all rings. */
uint64_t plan_ring_bytes(const struct plan *plan);
/* Put descriptors of the two maps, which outlive the object, first into the answer. */
int plan_keep(const struct bpf_map *controls, const struct bpf_map *records,
	      struct hook_answer *answer, struct weir_error *error);
/* May programs on one CPU preempt one another even with bottom halves off (PREEMPT_RT)? */
bool plan_is_preempted(void);
/* Does the kernel have bpf_ktime_get_tai_ns? */
bool plan_has_tai(void);

#endif
