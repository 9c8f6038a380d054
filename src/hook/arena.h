/* SPDX-License-Identifier: Apache-2.0 */
/* The tap's records in a BPF arena (bpf/tap_arena.h). */
#ifndef HOOK_ARENA_H
#define HOOK_ARENA_H

#include <bpf/libbpf.h>

#include "hook/hook.h"

/*
 * Make the arena of 'request' with all of its pages, for 'records' to be when
 * its object is loaded. -EOPNOTSUPP a kernel without, -EPERM, -ENOMEM, -errno.
 */
int arena_make(const struct hook_tap_request *request, struct bpf_map *records,
	       struct weir_error *error);

#endif
