/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slab: one large zeroed allocation, taken at open, on huge pages where the
 * kernel gives them. Tables of millions of flows miss the TLB otherwise.
 */
#ifndef FLOW_SLAB_H
#define FLOW_SLAB_H

#include <stdbool.h>
#include <stddef.h>

struct flow_slab {
	void *bytes; /* aligned to 2 MiB */
	void *mapping;
	size_t mapping_bytes;
};

/* Take 'bytes' (> 0) of memory; -ENOMEM. 'prefault' touches every page now. */
int flow_slab_open(struct flow_slab *slab, size_t bytes, bool prefault);
/* Give it back; a zeroed slab is fine. */
void flow_slab_close(struct flow_slab *slab);

#endif
