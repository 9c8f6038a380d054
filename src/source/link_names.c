/* SPDX-License-Identifier: Apache-2.0 */
#include "link_names.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LINK_NAMES_MESSAGE_BYTES =
		32768, /* the kernel's longest (linux/netlink.h, NLMSG_GOODSIZE x 4) */
};

struct link_name {
	int index; /* 0 = an empty slot */
	char name[IFNAMSIZ];
};

struct link_names {
	struct mnl_socket *socket;
	uint32_t next; /* the slot that is used next: the oldest */
	struct link_name names[LINK_NAMES_MAX];
	char message[LINK_NAMES_MESSAGE_BYTES];
};

static struct link_name *link_names_slot(struct link_names *self, int index)
{
	for (uint32_t i = 0; i < LINK_NAMES_MAX; i++) {
		if (self->names[i].index == index)
			return &self->names[i];
	}
	return NULL;
}

static int link_names_on_message(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link_names *self = data;
	const struct nlattr *attribute;
	struct link_name *slot;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	slot = link_names_slot(self, info->ifi_index);
	if (!slot)
		slot = &self->names[self->next++ % LINK_NAMES_MAX];
	slot->index = info->ifi_index;
	mnl_attr_for_each(attribute, message, sizeof(*info))
	{
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
			snprintf(slot->name, sizeof(slot->name), "%s", mnl_attr_get_str(attribute));
	}
	return MNL_CB_OK;
}

void link_names_read(struct link_names *self)
{
	ssize_t got;

	/* ENOBUFS: some were lost, those after them are still there. */
	while ((got = mnl_socket_recvfrom(self->socket, self->message, sizeof(self->message))) >
		       0 ||
	       errno == ENOBUFS) {
		if (got > 0)
			mnl_cb_run(self->message, (size_t)got, 0, 0, link_names_on_message, self);
	}
}

const char *link_names_find(struct link_names *self, int index)
{
	struct link_name *slot;

	link_names_read(self);
	slot = link_names_slot(self, index);
	return slot ? slot->name : NULL;
}

int link_names_open(struct link_names **out, struct weir_error *error)
{
	struct link_names *self = calloc(1, sizeof(*self));

	*out = self;
	if (!self)
		return weir_error_set(error, -ENOMEM, "out of memory");
	self->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!self->socket || mnl_socket_bind(self->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID))
		return weir_error_set_errno(error, -errno, "cannot watch for interfaces");
	return 0;
}

void link_names_close(struct link_names *self)
{
	if (self && self->socket)
		mnl_socket_close(self->socket);
	free(self);
}
