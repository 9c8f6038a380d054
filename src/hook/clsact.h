/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching to traffic control where tcx is missing (Linux before 6.6): as a
 * filter of a clsact queueing discipline. Such a filter outlives the process
 * that made it. So each one has a token, an abstract Unix socket whose name
 * tells interface and handle: names of the kind live in the network namespace,
 * as the filters do, and go when their owner dies, however that happens. A
 * filter whose token can be had has no owner any more.
 */
#ifndef HOOK_CLSACT_H
#define HOOK_CLSACT_H

#include "link.h"

/*
 * Attach 'program' to a side (LINK_INGRESS, LINK_EGRESS). Returns the token's
 * descriptor, or -errno. After it has been closed hook_sweep removes the filter.
 */
int clsact_attach(int program, int interface, int side);

#endif
