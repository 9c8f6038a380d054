/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * The tap's records in a BPF arena (Linux 6.9): memory that the program reaches
 * by addresses, without a look-up. An address of the reader's becomes one of
 * the kernel's by an instruction that clang has since 19; it is written out
 * here, so that an older compiler does.
 */
#ifndef BPF_TAP_ARENA_H
#define BPF_TAP_ARENA_H

#include "tap_record.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* pages; the loader makes the map */
} tap_records SEC(".maps");

/*
 * r1 = addr_space_cast(r1, 0, 1): BPF_ALU64 | BPF_MOV | BPF_X with offset 1
 * (BPF_ADDR_SPACE_CAST) and the spaces in the immediate, to << 16 | from;
 * kernel/bpf/verifier.c.
 */
static __always_inline struct tap_record *tap_record_at(__u32 index)
{
	register __u64 address asm("r1") = plan.arena + (__u64)index * sizeof(struct tap_record);

	asm volatile("" : : "r"(&tap_records)); /* the program is one of this arena's */
	asm volatile(".byte 0xbf, 0x11; .short 1; .long 1" : "+r"(address));
	return (struct tap_record *)address;
}

#endif
