/* SPDX-License-Identifier: Apache-2.0 */
#include "tap_arena.h"

#include <errno.h>
#include <sys/mman.h>

/* An arena crosses no multiple of this: the program works with 32 bits of its addresses. */
#define TAP_ARENA_BYTES_MAX (UINT64_C(4) << 30)
/*
 * Who makes the arena maps it at the same address, for a moment: the broker,
 * which was forked early and maps little, so that what is far from the latest
 * mappings is free there; or this process, when it has no broker.
 */
#define TAP_ARENA_AWAY_BYTES (UINT64_C(4) << 30)
/* An address whose lower 32 bits are 0 is a null pointer to the program: the arena begins later. */
#define TAP_ARENA_START_BYTES (UINT64_C(64) << 10)

int tap_arena_choose(struct tap_arena *arena, uint64_t bytes, struct weir_error *error)
{
	uint64_t span = 2 * TAP_ARENA_BYTES_MAX + TAP_ARENA_AWAY_BYTES;
	uintptr_t low;
	void *at;

	if (bytes > TAP_ARENA_BYTES_MAX - TAP_ARENA_START_BYTES)
		return weir_error_set(error, -E2BIG,
				      "a BPF arena has less than 4 GiB (try a smaller -B)");
	at = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return weir_error_set_errno(error, -errno, "no addresses for an arena");
	munmap(at, span);
	low = (uintptr_t)at + TAP_ARENA_BYTES_MAX - 1;
	arena->address = (low & ~(uintptr_t)(TAP_ARENA_BYTES_MAX - 1)) + TAP_ARENA_START_BYTES;
	arena->bytes = bytes;
	return 0;
}

int tap_arena_map(struct tap_arena *arena, int fd, struct weir_error *error)
{
	void *at = mmap((void *)arena->address, arena->bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, fd, 0);

	if (at == MAP_FAILED)
		return weir_error_set_errno(error, -errno, "cannot map an arena of %zu KiB",
					    arena->bytes >> 10);
	arena->records = at;
	return 0;
}

void tap_arena_close(struct tap_arena *arena)
{
	if (arena->records)
		munmap(arena->records, arena->bytes);
	arena->records = NULL;
}
