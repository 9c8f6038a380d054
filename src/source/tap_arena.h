/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this process maps a tap's records that are a BPF arena. All mappings of
 * an arena are at one address, which the program knows: it is chosen first.
 */
#ifndef SOURCE_TAP_ARENA_H
#define SOURCE_TAP_ARENA_H

#include "tap_record.h"
#include "weir/error.h"

#include <stddef.h>
#include <stdint.h>

struct tap_arena {
	uintptr_t address;          /* 0: there is none */
	struct tap_record *records; /* mapped there */
	size_t bytes;
};

/* Choose an address that is free now. -E2BIG, -ENOMEM, -errno */
int tap_arena_choose(struct tap_arena *arena, uint64_t bytes, struct weir_error *error);
/* Map the arena there. -EEXIST: the address is not free any more; -errno. */
int tap_arena_map(struct tap_arena *arena, int fd, struct weir_error *error);
void tap_arena_close(struct tap_arena *arena);

#endif
