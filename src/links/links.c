/* SPDX-License-Identifier: Apache-2.0 */
#include "weir/links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ethtool.h"
#include "links/type.h"
#include "netlink.h"

static int links_compare(const void *a, const void *b)
{
	const struct weir_link *first = a, *second = b;

	return (first->index > second->index) - (first->index < second->index);
}

int weir_links_open(struct weir_links *out, struct weir_error *error)
{
	int fd, rc;

	memset(out, 0, sizeof(*out));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -errno : netlink_list(out);
	if (rc < 0) {
		if (fd >= 0)
			close(fd);
		weir_links_close(out);
		return weir_error_set_errno(error, rc, "cannot list the interfaces");
	}
	for (uint32_t i = 0; i < out->count; i++) {
		ethtool_read(fd, &out->links[i]);
		if (out->links[i].loopback && !*out->links[i].driver)
			strcpy(out->links[i].driver, "loopback");
	}
	close(fd);
	netlink_read_xdp(out);
	if (out->count)
		qsort(out->links, out->count, sizeof(*out->links), links_compare);
	return 0;
}

void weir_links_close(struct weir_links *links)
{
	free(links->links);
	memset(links, 0, sizeof(*links));
}

bool weir_link_serves(const struct weir_link *link, const struct weir_source_kind *kind)
{
	uint32_t type;

	switch (kind->needs) {
	case WEIR_SOURCE_NEEDS_LINK:
		return links_type(link->hardware_type, &type) == 0;
	case WEIR_SOURCE_NEEDS_ETHERNET:
		return link->hardware_type == ARPHRD_ETHER;
	case WEIR_SOURCE_NEEDS_INTERFACE:
		return true;
	default:
		return false;
	}
}

int weir_link_try_xdp(const struct weir_link *link)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "weir_try", "GPL", pass,
				    sizeof(pass) / sizeof(*pass), NULL);
	int attached;

	if (program < 0)
		return program;
	attached = bpf_link_create(program, link->index, BPF_XDP, &options);
	close(program);
	if (attached < 0)
		return attached;
	close(attached); /* and thereby detached */
	return 0;
}
