/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plan.h"

enum { ARENA_MAP_TYPE = 33 /* BPF_MAP_TYPE_ARENA: newer than the headers of some distributions */ };

uint64_t hook_arena_bytes(uint32_t rings, uint32_t slots)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes = (uint64_t)rings * ((uint64_t)slots + 1) * sizeof(struct tap_record);

	return (bytes + page - 1) / page * page;
}

/*
 * The program's stores to a page that is not there are lost without a word,
 * so all pages are made before it runs. They stay when the mapping goes.
 */
static int arena_fill(int fd, void *address, size_t bytes)
{
	void *at = mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
			fd, 0);
	int rc = 0;

	if (at == MAP_FAILED)
		return -errno;
	if (madvise(at, bytes, MADV_POPULATE_WRITE))
		rc = -errno;
	munmap(at, bytes);
	return rc;
}

static int arena_create(const struct hook_tap_request *request, uint64_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE,
		    .map_extra = request->arena);

	return bpf_map_create((enum bpf_map_type)ARENA_MAP_TYPE, "tap_records", 0, 0,
			      (uint32_t)(bytes / (uint64_t)sysconf(_SC_PAGESIZE)), &options);
}

int arena_make(const struct hook_tap_request *request, struct bpf_map *records,
	       struct weir_error *error)
{
	uint64_t bytes = hook_arena_bytes(request->rings, request->slots);
	int fd = arena_create(request, bytes);
	int rc;

	if (fd == -EINVAL || fd == -EOPNOTSUPP)
		return weir_error_set(error, -EOPNOTSUPP,
				      "this kernel has no BPF arena (it takes Linux 6.9, on x86-64 "
				      "or arm64); leave out ring=arena");
	if (fd < 0)
		return plan_refused(fd, bytes, error);
	rc = arena_fill(fd, (void *)(uintptr_t)request->arena, bytes);
	if (rc < 0)
		weir_error_set_errno(error, rc,
				     "cannot fill an arena of %llu MiB (try a smaller -B)",
				     (unsigned long long)(bytes >> 20));
	if (rc == 0)
		rc = bpf_map__reuse_fd(records, fd);
	close(fd);
	return rc;
}
