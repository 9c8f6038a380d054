/* SPDX-License-Identifier: Apache-2.0 */
/* Loads bpf/nf.bpf.c and attaches it to one hook, for IPv4 and IPv6. */
#include "nf.h"

#include <errno.h>
#include <linux/if_packet.h>

#include "link.h"
#include "nf.skel.h"
#include "plan.h"

/* linux/bpf.h: newer than the headers of some distributions */
enum {
	NF_PROGRAM_TYPE = 32, /* BPF_PROG_TYPE_NETFILTER */
	NF_ATTACH_TYPE = 45,  /* BPF_NETFILTER */
};

static int nf_load(struct nf_bpf *nf, const struct hook_tap_request *request,
		   struct hook_answer *answer, struct weir_error *error)
{
	const struct plan plan = {
		.rings = request->rings,
		.slots = request->slots,
		.controls = nf->maps.tap_controls,
		.records = nf->maps.tap_records,
	};
	bool is_output = request->netfilter == HOOK_OUTPUT ||
			 request->netfilter == HOOK_POSTROUTING;
	int rc;

	plan_fill(&nf->rodata->plan, request->rings, request->slots, request->snaplen,
		  &request->match);
	nf->rodata->plan.interface = (uint32_t)request->interface;
	nf->rodata->plan.packet_type = is_output ? PACKET_OUTGOING : PACKET_HOST;
	/* these hooks run in the sender's context too, where another sender may come in between */
	nf->rodata->plan.is_shared = 1;
	bpf_program__set_type(nf->progs.nf_tap, (enum bpf_prog_type)NF_PROGRAM_TYPE);
	bpf_program__set_expected_attach_type(nf->progs.nf_tap,
					      (enum bpf_attach_type)NF_ATTACH_TYPE);
	rc = plan_size(&plan, answer, error);
	if (rc < 0)
		return rc;
	rc = nf_bpf__load(nf);
	if (rc == -EINVAL || rc == -EACCES || rc == -ESRCH || rc == -EOPNOTSUPP)
		return weir_error_set(
			error, -EOPNOTSUPP,
			"this kernel has no BPF netfilter programs (Linux 6.4 has them, "
			"with CONFIG_NETFILTER_BPF_LINK and BTF); use tap: or ring:");
	return rc < 0 ? plan_refused(rc, plan_ring_bytes(&plan), error) : 0;
}

static int nf_attach(struct nf_bpf *nf, const struct hook_tap_request *request,
		     struct hook_answer *answer, struct weir_error *error)
{
	static const int families[] = {LINK_IPV4, LINK_IPV6};

	for (int i = 0; i < 2; i++) {
		int fd = link_netfilter(bpf_program__fd(nf->progs.nf_tap), families[i],
					request->netfilter);

		/* a kernel without IPv6 has no such hooks, and no such packets */
		if (fd == -EAFNOSUPPORT && families[i] == LINK_IPV6)
			continue;
		if (fd == -EPERM)
			return weir_error_set(
				error, fd,
				"not permitted to attach to netfilter: CAP_NET_ADMIN is "
				"missing, run as root");
		if (fd < 0)
			return weir_error_set_errno(
				error, fd,
				"cannot attach to netfilter (Linux 6.4 with "
				"CONFIG_NETFILTER_BPF_LINK can); use tap: or ring:");
		answer->descriptors[answer->count++] = fd;
	}
	return 0;
}

int nf_set_up(const struct hook_tap_request *request, struct hook_answer *answer,
	      struct weir_error *error)
{
	struct nf_bpf *nf;
	int rc;

	if (request->netfilter >= HOOK_NETFILTER_COUNT)
		return weir_error_set(error, -EINVAL, "no such netfilter hook");
	nf = nf_bpf__open();
	if (!nf)
		return weir_error_set_errno(error, -errno, "cannot open the netfilter program");
	rc = nf_load(nf, request, answer, error);
	if (rc == 0)
		rc = plan_keep(nf->maps.tap_controls, nf->maps.tap_records, answer, error);
	if (rc == 0)
		rc = nf_attach(nf, request, answer, error);
	nf_bpf__destroy(nf);
	return rc;
}
