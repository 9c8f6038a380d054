/* SPDX-License-Identifier: Apache-2.0 */
/* Loads bpf/tap.bpf.c for one interface and attaches it. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clsact.h"
#include "link.h"
#include "nf.h"
#include "plan.h"
#include "tap.skel.h"
#include "tap_arena.skel.h"
#include "trace.h"

/* What the two builds of the program, for either kind of ring, have in common. */
struct tap_program {
	struct tap_plan *plan;
	struct bpf_map *controls, *records;
	struct bpf_program *in, *out, *xdp;
};

#define TAP_PROGRAM(skeleton)                                                                      \
	(struct tap_program)                                                                       \
	{                                                                                          \
		.plan = (void *)&(skeleton)->rodata->plan,                                         \
		.controls = (skeleton)->maps.tap_controls,                                         \
		.records = (skeleton)->maps.tap_records, .in = (skeleton)->progs.tap_in,           \
		.out = (skeleton)->progs.tap_out, .xdp = (skeleton)->progs.tap_xdp,                \
	}

static int tap_prepare(const struct tap_program *tap, const struct hook_tap_request *request,
		       struct hook_answer *answer, struct weir_error *error)
{
	const struct plan plan = {
		.rings = request->rings,
		.slots = request->slots,
		.controls = tap->controls,
		.records = tap->records,
	};
	bool is_xdp = request->place == HOOK_XDP;
	int rc;

	plan_fill(tap->plan, request->rings, request->slots, request->snaplen, &request->match);
	tap->plan->verdict = request->discards ? XDP_DROP : XDP_PASS;
	tap->plan->arena = request->arena;
	bpf_program__set_autoload(tap->xdp, is_xdp);
	bpf_program__set_autoload(tap->in, !is_xdp);
	bpf_program__set_autoload(tap->out, !is_xdp);
	rc = plan_size(&plan, answer, error);
	return rc == 0 && request->arena ? arena_make(request, tap->records, error) : rc;
}

/* One side; by tcx, unless that is missing or clsact is asked for. */
static int tap_attach_side(int program, const struct hook_tap_request *request, int side,
			   struct hook_answer *answer)
{
	int fd = -EINVAL;

	if (request->place == HOOK_TC && !answer->needs_sweep)
		fd = link_tcx(program, request->interface, side);
	if (fd != -EINVAL)
		return fd;
	if (!answer->needs_sweep)
		hook_sweep(request->interface); /* what a tap that was killed has left */
	if (request->place == HOOK_TC && !answer->needs_sweep)
		snprintf(answer->notice, sizeof(answer->notice),
			 "this kernel has no tcx (Linux 6.6 has): the tap is on clsact, which an "
			 "end "
			 "by SIGKILL may leave to the next start to be cleaned");
	answer->needs_sweep = true;
	return clsact_attach(program, request->interface, side);
}

static int tap_attach_tc(const struct tap_program *tap, const struct hook_tap_request *request,
			 struct hook_answer *answer, struct weir_error *error)
{
	const struct bpf_program *programs[] = {tap->in, tap->out};
	const uint32_t unwanted[] = {WEIR_DIRECTION_OUT, WEIR_DIRECTION_IN};

	for (int side = LINK_INGRESS; side <= LINK_EGRESS; side++) {
		int fd;

		if (request->direction == unwanted[side])
			continue;
		fd = tap_attach_side(bpf_program__fd(programs[side]), request, side, answer);
		if (fd == -EPERM)
			return weir_error_set(error, fd,
					      "not permitted to attach a tap: CAP_NET_ADMIN is "
					      "missing, run as root");
		if (fd < 0)
			return weir_error_set_errno(error, fd,
						    "cannot attach a tap to traffic control; use "
						    "hook=xdp, or ring:");
		answer->descriptors[answer->count++] = fd;
	}
	return 0;
}

static int tap_attach(const struct tap_program *tap, const struct hook_tap_request *request,
		      struct hook_answer *answer, struct weir_error *error)
{
	enum hook_mode mode = request->mode;
	int fd;

	if (request->place != HOOK_XDP)
		return tap_attach_tc(tap, request, answer, error);
	fd = link_xdp(bpf_program__fd(tap->xdp), request->interface, &mode, answer->notice, error);
	answer->mode = mode;
	if (fd < 0)
		return fd;
	answer->descriptors[answer->count++] = fd;
	return 0;
}

static int tap_finish(const struct tap_program *tap, const struct hook_tap_request *request,
		      int load, struct hook_answer *answer, struct weir_error *error)
{
	int rc;

	if (load < 0)
		return plan_refused(load, hook_arena_bytes(request->rings, request->slots), error);
	rc = plan_keep(tap->controls, tap->records, answer, error);
	return rc == 0 ? tap_attach(tap, request, answer, error) : rc;
}

/* The ring is an array, or an arena. */
static int tap_set_up_array(const struct hook_tap_request *request, struct hook_answer *answer,
			    struct weir_error *error)
{
	struct tap_bpf *tap = tap_bpf__open();
	int rc;

	if (!tap)
		return weir_error_set_errno(error, -errno, "cannot open the tap's program");
	rc = tap_prepare(&TAP_PROGRAM(tap), request, answer, error);
	if (rc == 0)
		rc = tap_finish(&TAP_PROGRAM(tap), request, tap_bpf__load(tap), answer, error);
	tap_bpf__destroy(tap);
	return rc;
}

static int tap_set_up_arena(const struct hook_tap_request *request, struct hook_answer *answer,
			    struct weir_error *error)
{
	struct tap_arena_bpf *tap = tap_arena_bpf__open();
	int rc;

	if (!tap)
		return weir_error_set_errno(error, -errno, "cannot open the tap's program");
	rc = tap_prepare(&TAP_PROGRAM(tap), request, answer, error);
	if (rc == 0)
		rc = tap_finish(&TAP_PROGRAM(tap), request, tap_arena_bpf__load(tap), answer,
				error);
	tap_arena_bpf__destroy(tap);
	return rc;
}

int hook_tap(const struct hook_tap_request *request, struct hook_answer *answer,
	     struct weir_error *error)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	int rc;

	memset(answer, 0, sizeof(*answer));
	if (request->place == HOOK_NETFILTER)
		rc = nf_set_up(request, answer, error);
	else if (request->place == HOOK_TRACE)
		rc = trace_set_up(request, answer, error);
	else if (request->arena)
		rc = tap_set_up_arena(request, answer, error);
	else
		rc = tap_set_up_array(request, answer, error);
	if (rc < 0)
		hook_close(answer);
	if (rc < 0 && answer->needs_sweep)
		hook_sweep(request->interface);
	libbpf_set_print(print);
	return rc;
}
