/* SPDX-License-Identifier: Apache-2.0 */
/* Loads bpf/fanout.bpf.c; the group to which it is given keeps it. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fanout_plan.h"

#include "fanout.skel.h"
#include "hook/hook.h"

static int fanout_keep(const struct bpf_program *program, struct hook_answer *answer)
{
	int fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	answer->descriptors[answer->count++] = fd;
	return 0;
}

int hook_fanout(const struct hook_fanout_request *request, struct hook_answer *answer,
		struct weir_error *error)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	struct fanout_bpf *own = fanout_bpf__open();
	int rc = own ? 0 : -errno;

	memset(answer, 0, sizeof(*answer));
	if (rc == 0) {
		own->rodata->plan.is_inner = request->is_inner;
		rc = fanout_bpf__load(own);
	}
	if (rc == 0)
		rc = fanout_keep(own->progs.fanout, answer);
	fanout_bpf__destroy(own);
	libbpf_set_print(print);
	if (rc == -EPERM)
		return weir_error_set(error, rc,
				      "not permitted to load a BPF program (CAP_BPF, or root)");
	return rc < 0 ? weir_error_set_errno(error, rc, "the kernel refuses a BPF program") : 0;
}
