/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory near the CPU that uses it: what a thread allocates between enter and
 * leave, in the kernel on its behalf too (a socket's ring), is taken from the
 * CPU's NUMA node as long as that has any. On a machine with one node nothing
 * changes.
 */
#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

#include <stdint.h>

/* The node of a CPU, 0 where there are no nodes. -ENOENT: no such CPU. */
int place_node_of(uint32_t cpu);
/* Prefer the node of 'cpu' for the calling thread. A kernel without NUMA is no error. -errno. */
int place_enter(uint32_t cpu);
/* Back to the default: the node that the thread runs on. */
void place_leave(void);

#endif
