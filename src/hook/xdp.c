/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_XDP sockets on an interface's queues, and bpf/xdp*.bpf.c that feed them.
 * The order is: memory, sockets, binding, and the program last, so that from
 * the first packet on all is ready to take it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link.h"
#include "plan.h"
#include "xdp.skel.h"
#include "xdp_told.skel.h"
#include "xsk.h"

enum { XDP_BOUND_TO_DEVICE = 1 << 6 /* BPF_F_XDP_DEV_BOUND_ONLY, linux/bpf.h, since 6.3 */ };

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4U
#endif

static bool xdp_is_sane(const struct hook_xdp_request *request)
{
	return request->queues && request->queues <= XDP_QUEUES_MAX &&
	       request->queue <= XDP_QUEUES_MAX - request->queues && request->ring &&
	       request->ring <= 1 << 20 && !(request->ring & (request->ring - 1)) &&
	       request->frames && request->frames <= 2 * request->ring &&
	       (request->frame_bytes == 2048 || request->frame_bytes == 4096) &&
	       request->bind <= HOOK_BIND_COPY && request->mode <= HOOK_MODE_SKB;
}

/* One of the two programs, what they have in common. */
struct xdp_program {
	struct bpf_object_skeleton *skeleton;
	struct xdp_plan *plan;
	struct bpf_map *controls, *sockets;
	struct bpf_program *take;
};

static int xdp_load(const struct xdp_program *program, const struct hook_xdp_request *request,
		    enum hook_mode mode, struct hook_answer *answer, struct weir_error *error)
{
	int rc;

	answer->controls = XDP_QUEUES_MAX;
	answer->has_tai = plan_has_tai();
	program->plan->has_tai = answer->has_tai;
	program->plan->wants_time = request->wants_time;
	program->plan->wants_hash = request->wants_hash;
	program->plan->is_shared = mode != HOOK_MODE_NATIVE || plan_is_preempted();
	rc = bpf_object__load_skeleton(program->skeleton);
	if (rc < 0)
		return plan_refused(rc, 0, error);
	rc = fcntl(bpf_map__fd(program->controls), F_DUPFD_CLOEXEC, 0);
	if (rc < 0)
		return weir_error_set_errno(error, -errno, "cannot keep a map");
	answer->descriptors[answer->count++] = rc;
	return 0;
}

/* The memory of all queues, as a file: this process registers it, another one reads it. */
static int xdp_make_memory(const struct hook_xdp_request *request, size_t *length,
			   struct hook_answer *answer, void **memory, struct weir_error *error)
{
	size_t bytes = (size_t)request->frames * request->frame_bytes * request->queues;
	struct stat file;
	int fd = memfd_create("weir-xdp", MFD_CLOEXEC | (request->is_huge ? MFD_HUGETLB : 0));

	if (fd < 0)
		return weir_error_set_errno(error, -errno, "cannot make packet memory");
	answer->descriptors[answer->count++] = fd;
	if (!fstat(fd, &file) && file.st_blksize > 0) /* the size of a page, be it huge */
		bytes = (bytes + (size_t)file.st_blksize - 1) / (size_t)file.st_blksize *
			(size_t)file.st_blksize;
	*length = bytes;
	if (ftruncate(fd, (off_t)bytes))
		return weir_error_set_errno(error, -errno, "cannot make %zu MiB of packet memory",
					    bytes >> 20);
	*memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (*memory != MAP_FAILED)
		return 0;
	if (request->is_huge)
		return weir_error_set(
			error, -ENOMEM,
			"there are no %zu MiB of huge pages: sysctl vm.nr_hugepages, or "
			"leave huge=yes out",
			bytes >> 20);
	return weir_error_set_errno(error, -errno,
				    "cannot map %zu MiB of packet memory: take fewer frames= or a "
				    "smaller -B",
				    bytes >> 20);
}

int hook_xdp_open(const struct hook_xdp_request *request, struct hook_answer *answer,
		  struct weir_error *error)
{
	void *memory = MAP_FAILED;
	size_t bytes = 0;
	int rc;

	memset(answer, 0, sizeof(*answer));
	if (!xdp_is_sane(request))
		return weir_error_set(error, -EINVAL, "no such AF_XDP set-up");
	rc = xdp_make_memory(request, &bytes, answer, &memory, error);
	for (uint32_t i = 0; rc >= 0 && i < request->queues; i++) {
		rc = xsk_open(request, memory, i, error);
		if (rc >= 0)
			answer->descriptors[answer->count++] = rc;
	}
	if (memory != MAP_FAILED) /* the kernel has its pages, the reader maps its own */
		munmap(memory, bytes);
	if (rc < 0)
		hook_close(answer);
	return rc < 0 ? rc : 0;
}

static int xdp_attach(const struct xdp_program *program, const struct hook_xdp_request *request,
		      enum hook_mode mode, const int *sockets, struct hook_answer *answer,
		      struct weir_error *error)
{
	int rc = xdp_load(program, request, mode, answer, error);

	for (uint32_t i = 0; rc == 0 && i < request->queues; i++) {
		uint32_t queue = request->queue + i;

		rc = bpf_map_update_elem(bpf_map__fd(program->sockets), &queue, &sockets[i], 0);
		if (rc < 0)
			weir_error_set_errno(error, rc, "cannot enter the socket of queue %u",
					     queue);
	}
	if (rc == 0)
		rc = link_xdp(bpf_program__fd(program->take), request->interface, &mode,
			      answer->notice, error);
	if (rc < 0) {
		hook_close(answer);
		return rc;
	}
	answer->descriptors[answer->count++] = rc;
	answer->mode = mode;
	return 0;
}

/* With what the driver tells of each packet; no old kernel can. */
static int xdp_attach_told(const struct hook_xdp_request *request, const int *sockets,
			   struct hook_answer *answer, struct weir_error *error)
{
	struct xdp_told_bpf *xdp = xdp_told_bpf__open();
	int rc;

	if (!xdp)
		return -errno;
	bpf_program__set_ifindex(xdp->progs.xdp_take, (uint32_t)request->interface);
	bpf_program__set_flags(xdp->progs.xdp_take,
			       bpf_program__flags(xdp->progs.xdp_take) | XDP_BOUND_TO_DEVICE);
	rc = xdp_attach(&(const struct xdp_program){.skeleton = xdp->skeleton,
						    .plan = (struct xdp_plan *)&xdp->rodata->plan,
						    .controls = xdp->maps.xdp_controls,
						    .sockets = xdp->maps.xdp_sockets,
						    .take = xdp->progs.xdp_take},
			request, HOOK_MODE_NATIVE, sockets, answer, error);
	xdp_told_bpf__destroy(xdp);
	return rc;
}

static int xdp_attach_plain(const struct hook_xdp_request *request, enum hook_mode mode,
			    const int *sockets, struct hook_answer *answer,
			    struct weir_error *error)
{
	struct xdp_bpf *xdp = xdp_bpf__open();
	int rc;

	if (!xdp)
		return weir_error_set_errno(error, -errno, "cannot open the program");
	rc = xdp_attach(&(const struct xdp_program){.skeleton = xdp->skeleton,
						    .plan = (struct xdp_plan *)&xdp->rodata->plan,
						    .controls = xdp->maps.xdp_controls,
						    .sockets = xdp->maps.xdp_sockets,
						    .take = xdp->progs.xdp_take},
			request, mode, sockets, answer, error);
	xdp_bpf__destroy(xdp);
	return rc;
}

/* It was refused, but not for another program's sake. */
static bool xdp_may_retry(int rc)
{
	return rc < 0 && rc != -EBUSY && rc != -EEXIST;
}

int hook_xdp_attach(const struct hook_xdp_request *request, const int *sockets,
		    struct hook_answer *answer, struct weir_error *error)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	bool is_told;
	int rc = -EOPNOTSUPP;

	memset(answer, 0, sizeof(*answer));
	if (!xdp_is_sane(request))
		return weir_error_set(error, -EINVAL, "no such AF_XDP set-up");
	/* The better ones first; the last one's refusal is told. */
	if (request->mode != HOOK_MODE_SKB)
		rc = xdp_attach_told(request, sockets, answer, error);
	is_told = rc == 0;
	if (xdp_may_retry(rc) && request->mode == HOOK_MODE_AUTO)
		rc = xdp_attach_plain(request, HOOK_MODE_NATIVE, sockets, answer, error);
	if (xdp_may_retry(rc))
		rc = xdp_attach_plain(request, request->mode, sockets, answer, error);
	libbpf_set_print(print);
	if (rc == 0 && !is_told && (request->wants_time || request->wants_hash))
		snprintf(answer->notice + strlen(answer->notice),
			 sizeof(answer->notice) - strlen(answer->notice),
			 "%sno driver's time or hash: that takes Linux 6.8 and native XDP",
			 *answer->notice ? "; " : "");
	return rc;
}
