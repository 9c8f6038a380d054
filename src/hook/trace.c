/* SPDX-License-Identifier: Apache-2.0 */
/* Loads bpf/trace.bpf.c and attaches one of its programs. */
#include "trace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <sys/stat.h>

#include "link.h"
#include "plan.h"
#include "trace.skel.h"

/* The inode by which a network namespace is known, also in the kernel (ns_common.inum). */
static uint32_t trace_namespace(void)
{
	struct stat own;

	return stat("/proc/self/ns/net", &own) ? 0 : (uint32_t)own.st_ino;
}

/* The kernel lacks the hook: why. */
static int trace_missing(uint32_t place, struct weir_error *error)
{
	if (place == HOOK_TRACE_SOCKET)
		return weir_error_set(error, -EOPNOTSUPP,
				      "this system cannot trace packets to sockets (it takes Linux "
				      "6.2 with BTF, and a mounted cgroup2)");
	return weir_error_set(error, -EOPNOTSUPP,
			      "this kernel cannot trace drops by BPF (it takes BTF and "
			      "CONFIG_BPF_EVENTS)");
}

static bool trace_is_missing(int code)
{
	return code == -EINVAL || code == -EACCES || code == -ESRCH || code == -ENOENT ||
	       code == -EOPNOTSUPP;
}

static int trace_load(struct trace_bpf *trace, const struct hook_tap_request *request,
		      struct hook_answer *answer, struct weir_error *error)
{
	const struct plan plan = {
		.rings = request->rings,
		.slots = request->slots,
		.controls = trace->maps.tap_controls,
		.records = trace->maps.tap_records,
	};
	static const uint32_t ways[] = {
		[WEIR_DIRECTION_INOUT] = TAP_TYPE_UNKNOWN,
		[WEIR_DIRECTION_IN] = PACKET_HOST,
		[WEIR_DIRECTION_OUT] = PACKET_OUTGOING,
	};
	int rc;

	plan_fill(&trace->rodata->plan, request->rings, request->slots, request->snaplen,
		  &request->match);
	trace->rodata->plan.interface = (uint32_t)request->interface;
	trace->rodata->plan.packet_type = ways[request->direction % 3];
	trace->rodata->plan.namespace = trace_namespace();
	/* packets are dropped in any context, and in the midst of another's run */
	trace->rodata->plan.is_shared = 1;
	bpf_program__set_autoload(trace->progs.trace_drop, request->trace == HOOK_TRACE_DROP);
	bpf_program__set_autoload(trace->progs.trace_socket, request->trace == HOOK_TRACE_SOCKET);
	rc = plan_size(&plan, answer, error);
	if (rc < 0)
		return rc;
	rc = trace_bpf__load(trace);
	if (trace_is_missing(rc))
		return trace_missing(request->trace, error);
	return rc < 0 ? plan_refused(rc, plan_ring_bytes(&plan), error) : 0;
}

static int trace_attach(struct trace_bpf *trace, const struct hook_tap_request *request,
			struct hook_answer *answer, struct weir_error *error)
{
	int fd = request->trace == HOOK_TRACE_SOCKET
			 ? link_sockets(bpf_program__fd(trace->progs.trace_socket))
			 : bpf_raw_tracepoint_open(NULL, bpf_program__fd(trace->progs.trace_drop));

	if (trace_is_missing(fd))
		return trace_missing(request->trace, error);
	if (fd < 0)
		return weir_error_set_errno(error, fd, "cannot trace the stack");
	answer->descriptors[answer->count++] = fd;
	return 0;
}

int trace_set_up(const struct hook_tap_request *request, struct hook_answer *answer,
		 struct weir_error *error)
{
	struct trace_bpf *trace;
	int rc;

	if (request->trace >= HOOK_TRACE_COUNT)
		return weir_error_set(error, -EINVAL, "no such place to trace");
	trace = trace_bpf__open();
	if (!trace)
		return weir_error_set_errno(error, -errno, "cannot open the tracing program");
	rc = trace_load(trace, request, answer, error);
	if (rc == 0)
		rc = plan_keep(trace->maps.tap_controls, trace->maps.tap_records, answer, error);
	if (rc == 0)
		rc = trace_attach(trace, request, answer, error);
	trace_bpf__destroy(trace);
	return rc;
}
