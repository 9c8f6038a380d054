/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
enum { PLAN_WEAKLY_ORDERED = 0 }; /* stores are seen in program order */
#else
enum { PLAN_WEAKLY_ORDERED = 1 };
#endif

bool plan_has_tai(void)
{
	/* BPF_FUNC_ktime_get_tai_ns, since 6.1; a tap has no other way to know */
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, 208, NULL) == 1;
}

bool plan_is_preempted(void)
{
	return access("/sys/kernel/realtime", F_OK) == 0; /* there with PREEMPT_RT only */
}

void plan_fill(struct tap_plan *out, uint32_t rings, uint32_t slots, uint32_t snaplen,
	       const struct tap_match *match)
{
	memset(out, 0, sizeof(*out));
	out->rings = rings;
	out->slots = slots;
	out->snaplen = snaplen;
	out->match = *match;
	out->has_tai = plan_has_tai();
	out->is_weakly_ordered = PLAN_WEAKLY_ORDERED;
	out->is_shared = plan_is_preempted();
}

int hook_cpus(void)
{
	return libbpf_num_possible_cpus();
}

int plan_size(const struct plan *plan, struct hook_answer *answer, struct weir_error *error)
{
	int cpus = hook_cpus();
	int rc;

	if (cpus < 0)
		return weir_error_set_errno(error, cpus, "cannot tell how many CPUs there may be");
	if (plan->rings > (uint32_t)cpus || !plan->rings || plan->slots & (plan->slots - 1) ||
	    plan->slots < 64 || (uint64_t)plan->rings * (plan->slots + 1) > INT32_MAX)
		return weir_error_set(error, -EINVAL, "a ring of %u times %u records", plan->rings,
				      plan->slots);
	answer->controls = (uint32_t)cpus;
	answer->has_tai = plan_has_tai();
	rc = bpf_map__set_max_entries(plan->controls, (uint32_t)cpus);
	if (rc == 0) /* a spare one for each CPU */
		rc = bpf_map__set_max_entries(plan->records, plan->rings * (plan->slots + 1));
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot size the ring") : 0;
}

uint64_t plan_ring_bytes(const struct plan *plan)
{
	return (uint64_t)plan->rings * plan->slots * sizeof(struct tap_record);
}

int plan_refused(int code, uint64_t ring_bytes, struct weir_error *error)
{
	if (code == -EPERM)
		return weir_error_set(
			error, -EPERM,
			"not permitted to load a BPF program: it needs CAP_BPF, "
			"CAP_PERFMON and CAP_NET_ADMIN (run as root); ring: does not");
	if (code == -ENOMEM)
		return weir_error_set(error, code,
				      "no memory for a ring of %llu MiB (try a smaller -B)",
				      (unsigned long long)(ring_bytes >> 20));
	if (code == -EINVAL || code == -EACCES || code == -EOPNOTSUPP)
		return weir_error_set_errno(
			error, code,
			"this kernel refuses the program (it takes Linux 5.18); "
			"use ring:");
	return weir_error_set_errno(error, code, "cannot load a BPF program");
}

static int plan_keep_map(const struct bpf_map *map, struct hook_answer *answer)
{
	int fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	answer->descriptors[answer->count++] = fd;
	return 0;
}

int plan_keep(const struct bpf_map *controls, const struct bpf_map *records,
	      struct hook_answer *answer, struct weir_error *error)
{
	int rc = plan_keep_map(controls, answer);

	if (rc == 0)
		rc = plan_keep_map(records, answer);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot keep the ring's maps") : 0;
}

void hook_close(struct hook_answer *answer)
{
	for (uint32_t i = 0; i < answer->count; i++)
		close(answer->descriptors[i]);
	answer->count = 0;
}
