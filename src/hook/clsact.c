/* SPDX-License-Identifier: Apache-2.0 */
#include "clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CLSACT_PRIORITY_INGRESS = 1,     /* before all others */
	CLSACT_PRIORITY_EGRESS = 0xbfff, /* behind all that people number by hand */
	CLSACT_HANDLES_MAX = 64,         /* taps on one side of one interface */
	CLSACT_HANDLE_FIRST = 0x7e1,
	CLSACT_DUMP_BYTES = 32768,
};

/* The token of a filter; -EADDRINUSE when its owner lives. */
static int clsact_token(int interface, int side, uint32_t handle)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length;

	if (fd < 0)
		return -errno;
	/* the first byte stays 0: an abstract name */
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "weir-tap-%d-%d-%x",
			  interface, side, handle);
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length))) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static struct bpf_tc_hook clsact_hook(int interface, int side)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = interface,
		.attach_point = side == LINK_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS,
	};
}

static uint32_t clsact_priority(int side)
{
	return side == LINK_INGRESS ? CLSACT_PRIORITY_INGRESS : CLSACT_PRIORITY_EGRESS;
}

int clsact_attach(int program, int interface, int side)
{
	struct bpf_tc_hook hook = clsact_hook(interface, side);
	int rc = bpf_tc_hook_create(&hook);

	if (rc < 0 && rc != -EEXIST)
		return rc;
	for (uint32_t n = 0; n < CLSACT_HANDLES_MAX; n++) {
		LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program,
			    .handle = CLSACT_HANDLE_FIRST + n, .priority = clsact_priority(side));
		int token = clsact_token(interface, side, options.handle);

		if (token == -EADDRINUSE)
			continue;
		if (token < 0)
			return token;
		rc = bpf_tc_attach(&hook, &options);
		if (rc == 0)
			return token;
		close(token);
		if (rc != -EEXIST)
			return rc;
	}
	return -EUSERS;
}

/* ---- sweeping ---- */

struct clsact_sweep {
	int interface, side;
	uint32_t others; /* filters that stay */
	uint32_t stale[CLSACT_HANDLES_MAX];
	uint32_t stale_count;
};

/* One of ours, whose owner is gone? */
static bool clsact_is_stale(const struct clsact_sweep *sweep, const struct tcmsg *filter,
			    const char *program)
{
	int token;

	if (strncmp(program, "tap_", 4) || filter->tcm_info >> 16 != clsact_priority(sweep->side) ||
	    filter->tcm_handle - CLSACT_HANDLE_FIRST >= CLSACT_HANDLES_MAX)
		return false;
	token = clsact_token(sweep->interface, sweep->side, filter->tcm_handle);
	if (token < 0)
		return false;
	close(token);
	return true;
}

static const char *clsact_program(const struct nlmsghdr *message)
{
	const struct nlattr *attribute, *nested;

	mnl_attr_for_each(attribute, message,
			  sizeof(struct tcmsg)) if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
		mnl_attr_for_each_nested(
			nested, attribute) if (mnl_attr_get_type(nested) ==
					       TCA_BPF_NAME) return mnl_attr_get_str(nested);
	return "";
}

static int clsact_look(const struct nlmsghdr *message, void *data)
{
	struct clsact_sweep *sweep = data;
	const struct tcmsg *filter = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWTFILTER || !filter->tcm_handle)
		return MNL_CB_OK; /* without a handle: the chain, not a filter */
	if (sweep->stale_count < CLSACT_HANDLES_MAX &&
	    clsact_is_stale(sweep, filter, clsact_program(message)))
		sweep->stale[sweep->stale_count++] = filter->tcm_handle;
	else
		sweep->others++;
	return MNL_CB_OK;
}

static int clsact_dump(struct mnl_socket *socket, struct clsact_sweep *sweep)
{
	char buffer[CLSACT_DUMP_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct tcmsg *filter;
	ssize_t got;
	int rc = MNL_CB_OK;

	request->nlmsg_type = RTM_GETTFILTER;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	filter = mnl_nlmsg_put_extra_header(request, sizeof(*filter));
	memset(filter, 0, sizeof(*filter));
	filter->tcm_ifindex = sweep->interface;
	filter->tcm_parent = TC_H_MAKE(TC_H_CLSACT, sweep->side == LINK_INGRESS ? TC_H_MIN_INGRESS
										: TC_H_MIN_EGRESS);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (rc == MNL_CB_OK) {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		rc = mnl_cb_run(buffer, (size_t)got, 0, 0, clsact_look, sweep);
	}
	return rc < 0 ? -errno : 0;
}

static void clsact_remove(struct clsact_sweep *sweep)
{
	struct bpf_tc_hook hook = clsact_hook(sweep->interface, sweep->side);

	for (uint32_t i = 0; i < sweep->stale_count; i++) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = sweep->stale[i],
			    .priority = clsact_priority(sweep->side));

		bpf_tc_detach(&hook, &options);
	}
}

int hook_sweep(int interface)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	uint32_t removed = 0, others = 0;
	int rc = socket ? 0 : -errno;

	for (int side = LINK_INGRESS; rc == 0 && side <= LINK_EGRESS; side++) {
		struct clsact_sweep sweep = {.interface = interface, .side = side};

		rc = clsact_dump(socket, &sweep);
		clsact_remove(&sweep);
		removed += sweep.stale_count;
		others += sweep.others;
	}
	/* with the last filter goes the queueing discipline: most likely it was ours */
	if (rc == 0 && removed && !others) {
		struct bpf_tc_hook hook = clsact_hook(interface, LINK_INGRESS);

		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	if (socket)
		mnl_socket_close(socket);
	libbpf_set_print(print);
	return rc < 0 ? rc : (int)removed;
}
