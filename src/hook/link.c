/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <mntent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/bpf.h: newer than the headers of some distributions */
enum {
	LINK_CREATE = 28,        /* BPF_LINK_CREATE */
	LINK_CGROUP_INGRESS = 0, /* BPF_CGROUP_INET_INGRESS */
	LINK_XDP = 37,           /* BPF_XDP */
	LINK_NETFILTER = 45,
	LINK_TCX_INGRESS = 46,
	LINK_TCX_EGRESS = 47,
	LINK_BEFORE = 1 << 3, /* BPF_F_BEFORE: without a relative, the head */
	LINK_AFTER = 1 << 4,  /* BPF_F_AFTER: the tail */
	LINK_PRIORITIES_MAX = 16,
};

/* The beginning of union bpf_attr for BPF_LINK_CREATE. */
struct link_create {
	uint32_t program;
	uint32_t target;
	uint32_t attach_type;
	uint32_t flags;
	uint32_t details[4]; /* of the attach type */
};

static int link_create(const struct link_create *create)
{
	long fd = syscall(SYS_bpf, LINK_CREATE, create, sizeof(*create));

	return fd < 0 ? -errno : (int)fd;
}

int link_tcx(int program, int interface, int side)
{
	const struct link_create create = {
		.program = (uint32_t)program,
		.target = (uint32_t)interface,
		.attach_type = side == LINK_INGRESS ? LINK_TCX_INGRESS : LINK_TCX_EGRESS,
		.flags = side == LINK_INGRESS ? LINK_BEFORE : LINK_AFTER,
	};

	return link_create(&create);
}

int link_netfilter(int program, int family, enum hook_netfilter hook)
{
	/* NF_IP_PRI_RAW and behind NF_IP_PRI_SELINUX_LAST, linux/netfilter_ipv4.h */
	int32_t priority = hook == HOOK_POSTROUTING ? 300 : -300;
	int fd = -EBUSY;

	/* no two programs may have the same priority */
	for (int n = 0; n < LINK_PRIORITIES_MAX && fd == -EBUSY; n++) {
		const struct link_create create = {
			.program = (uint32_t)program,
			.attach_type = LINK_NETFILTER,
			.details = {(uint32_t)family, hook, (uint32_t)(priority + n), 0},
		};

		fd = link_create(&create);
	}
	return fd;
}

/* The root of the cgroups of version 2, or -errno. */
static int link_cgroups(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;
	int fd = -ENOENT;

	while (fd < 0 && mounts && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2") != 0)
			continue;
		fd = open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (mounts)
		endmntent(mounts);
	return fd;
}

int link_sockets(int program)
{
	struct link_create create = {
		.program = (uint32_t)program,
		.attach_type = LINK_CGROUP_INGRESS,
	};
	int fd, cgroups = link_cgroups();

	if (cgroups < 0)
		return cgroups;
	create.target = (uint32_t)cgroups;
	fd = link_create(&create);
	close(cgroups);
	return fd;
}

const char *hook_mode_name(enum hook_mode mode)
{
	static const char *const names[] = {
		[HOOK_MODE_AUTO] = "auto", [HOOK_MODE_NATIVE] = "native", [HOOK_MODE_SKB] = "skb"};

	return mode <= HOOK_MODE_SKB ? names[mode] : "?";
}

/* The program's name would take CAP_SYS_ADMIN; its number is for anybody. */
static int link_conflict(int interface, const char *name, struct weir_error *error)
{
	uint32_t id = 0;

	bpf_xdp_query_id(interface, 0, &id);
	return weir_error_set(error, -EBUSY,
			      "interface '%s' has another XDP program, which stays ('bpftool prog "
			      "show id %u' names it); detach it, or use ring: or tap: on tcx",
			      name, id);
}

static int link_xdp_refused(int code, int interface, enum hook_mode mode, struct weir_error *error)
{
	char name[IF_NAMESIZE] = "?";

	if_indextoname((unsigned int)interface, name);
	switch (code) {
	case -EBUSY:
	case -EEXIST:
		return link_conflict(interface, name, error);
	case -EOPNOTSUPP:
		return weir_error_set(error, code,
				      "the driver of '%s' has no native XDP; use mode=skb or auto",
				      name);
	case -ERANGE:
	case -EINVAL:
	case -E2BIG:
		return weir_error_set(
			error, code,
			"the driver of '%s' refuses XDP in mode %s: mostly because the "
			"MTU (for veth, also the peer's) is too large for it; lower the "
			"MTU, or use mode=skb",
			name, hook_mode_name(mode));
	case -EPERM:
		return weir_error_set(
			error, code,
			"not permitted to attach XDP to '%s': CAP_NET_ADMIN is missing, "
			"run as root",
			name);
	default:
		return weir_error_set_errno(error, code, "cannot attach XDP to '%s' in mode %s",
					    name, hook_mode_name(mode));
	}
}

static int link_xdp_in(int program, int interface, enum hook_mode mode)
{
	const struct link_create create = {
		.program = (uint32_t)program,
		.target = (uint32_t)interface,
		.attach_type = LINK_XDP,
		.flags = mode == HOOK_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE,
	};

	return link_create(&create);
}

int link_xdp(int program, int interface, enum hook_mode *mode, char notice[HOOK_NOTICE_BYTES],
	     struct weir_error *error)
{
	enum hook_mode first = *mode == HOOK_MODE_SKB ? HOOK_MODE_SKB : HOOK_MODE_NATIVE;
	int fd = link_xdp_in(program, interface, first);

	if (fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM && *mode == HOOK_MODE_AUTO) {
		int native = fd;

		fd = link_xdp_in(program, interface, HOOK_MODE_SKB);
		if (fd >= 0)
			snprintf(notice, HOOK_NOTICE_BYTES,
				 "native XDP is not possible (%s): in use is "
				 "mode skb, which is slower",
				 strerror(-native));
		first = HOOK_MODE_SKB;
	}
	*mode = first;
	return fd < 0 ? link_xdp_refused(fd, interface, first, error) : fd;
}
