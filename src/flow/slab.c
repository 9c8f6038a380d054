/* SPDX-License-Identifier: Apache-2.0 */
#include "slab.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { SLAB_HUGE_PAGE_BYTES = 2 << 20, SLAB_PAGE_BYTES = 4096 };

int flow_slab_open(struct flow_slab *slab, size_t bytes, bool prefault)
{
	size_t mapping_bytes = bytes + SLAB_HUGE_PAGE_BYTES;
	void *mapping = mmap(NULL, mapping_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t start;

	if (mapping == MAP_FAILED)
		return -ENOMEM;
	start = ((uintptr_t)mapping + SLAB_HUGE_PAGE_BYTES - 1) & -(uintptr_t)SLAB_HUGE_PAGE_BYTES;
	slab->mapping = mapping;
	slab->mapping_bytes = mapping_bytes;
	slab->bytes = (void *)start;
	/* A small slab would pay for 2 MiB of zeroing; a refusal only costs speed. */
	if (bytes >= SLAB_HUGE_PAGE_BYTES)
		madvise(slab->bytes, bytes, MADV_HUGEPAGE);
	if (prefault)
		for (size_t at = 0; at < bytes; at += SLAB_PAGE_BYTES)
			((volatile uint8_t *)slab->bytes)[at] = 0;
	return 0;
}

void flow_slab_close(struct flow_slab *slab)
{
	if (slab->mapping)
		munmap(slab->mapping, slab->mapping_bytes);
	memset(slab, 0, sizeof(*slab));
}
