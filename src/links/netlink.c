/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum {
	NETLINK_BUFFER_BYTES = 1 << 16, /* the kernel's messages of a dump have up to 32 KiB */
	NETLINK_SEQUENCE = 1,
	NETLINK_GROWTH = 16,
	/* linux/netdev.h, since 6.3 */
	NETDEV_GET = 1,
	NETDEV_INDEX = 1,
	NETDEV_XDP_FEATURES = 3,
};

/* Send a request, give each message of the answer to 'callback'. 0 or -errno. */
static int netlink_ask(int bus, struct nlmsghdr *request, mnl_cb_t callback, void *data)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	char *buffer = malloc(NETLINK_BUFFER_BYTES);
	int rc = socket && buffer ? 0 : -errno;
	int more = MNL_CB_OK;

	request->nlmsg_seq = NETLINK_SEQUENCE;
	if (rc == 0 && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		rc = -errno;
	if (rc == 0 && mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		rc = -errno;
	while (rc == 0 && more > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(socket, buffer, NETLINK_BUFFER_BYTES);

		more = got < 0 ? -1
			       : mnl_cb_run(buffer, (size_t)got, NETLINK_SEQUENCE,
					    mnl_socket_get_portid(socket), callback, data);
		if (more < 0)
			rc = -errno;
	}
	if (socket)
		mnl_socket_close(socket);
	free(buffer);
	return rc;
}

/* ---- the list ---- */

static struct weir_link *netlink_add(struct weir_links *links)
{
	if (links->count == WEIR_LINKS_MAX)
		return NULL;
	if (links->count % NETLINK_GROWTH == 0) {
		void *grown = realloc(links->links,
				      (links->count + NETLINK_GROWTH) * sizeof(*links->links));

		if (!grown)
			return NULL;
		links->links = grown;
	}
	memset(&links->links[links->count], 0, sizeof(*links->links));
	return &links->links[links->count++];
}

static void netlink_copy_text(char *out, size_t size, const struct nlattr *attribute)
{
	size_t length =
		strnlen(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));

	if (length >= size)
		length = size - 1;
	memcpy(out, mnl_attr_get_payload(attribute), length);
	out[length] = '\0';
}

static uint32_t netlink_number(const struct nlattr *attribute)
{
	uint32_t value = 0;

	if (mnl_attr_get_payload_len(attribute) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return value;
}

/* Virtual interfaces have a kind, which tells more than the driver's name. */
static void netlink_read_kind(struct weir_link *link, const struct nlattr *info)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, info)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			netlink_copy_text(link->driver, sizeof(link->driver), attribute);
	}
}

static void netlink_read_attribute(struct weir_link *link, const struct nlattr *attribute)
{
	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		netlink_copy_text(link->name, sizeof(link->name), attribute);
		break;
	case IFLA_MTU:
		link->mtu = netlink_number(attribute);
		break;
	case IFLA_NUM_RX_QUEUES:
		link->rx_queues = netlink_number(attribute);
		break;
	case IFLA_NUM_TX_QUEUES:
		link->tx_queues = netlink_number(attribute);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attribute) == sizeof(link->hardware_address))
			memcpy(link->hardware_address, mnl_attr_get_payload(attribute),
			       sizeof(link->hardware_address));
		break;
	case IFLA_LINKINFO:
		netlink_read_kind(link, attribute);
		break;
	default:
		break;
	}
}

static int netlink_on_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct weir_link *link;
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link = netlink_add(data);
	if (!link) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	link->index = info->ifi_index;
	link->hardware_type = info->ifi_type;
	link->up = info->ifi_flags & IFF_UP;
	link->running = info->ifi_flags & IFF_RUNNING;
	link->loopback = info->ifi_flags & IFF_LOOPBACK;
	mnl_attr_for_each(attribute, message, sizeof(*info))
		netlink_read_attribute(link, attribute);
	return MNL_CB_OK;
}

int netlink_list(struct weir_links *out)
{
	char buffer[MNL_NLMSG_HDRLEN + 64] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	return netlink_ask(NETLINK_ROUTE, request, netlink_on_link, out);
}

/* ---- XDP features ---- */

static int netlink_on_family(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_payload_len(attribute) >= sizeof(uint16_t))
			memcpy(data, mnl_attr_get_payload(attribute), sizeof(uint16_t));
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *netlink_generic(char *buffer, uint16_t family, uint8_t command,
					uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic;

	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	generic = mnl_nlmsg_put_extra_header(request, sizeof(*generic));
	generic->cmd = command;
	generic->version = 1;
	return request;
}

static int netlink_on_features(const struct nlmsghdr *message, void *data)
{
	struct weir_links *links = data;
	const struct nlattr *attribute;
	uint32_t index = 0;
	uint64_t features = 0;
	bool told = false;

	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attribute) == NETDEV_INDEX)
			index = netlink_number(attribute);
		if (mnl_attr_get_type(attribute) == NETDEV_XDP_FEATURES &&
		    mnl_attr_get_payload_len(attribute) >= sizeof(features)) {
			memcpy(&features, mnl_attr_get_payload(attribute), sizeof(features));
			told = true;
		}
	}
	for (uint32_t i = 0; told && i < links->count; i++) {
		if (links->links[i].index != (int)index)
			continue;
		links->links[i].xdp = (uint32_t)features;
		links->links[i].xdp_known = true;
	}
	return MNL_CB_OK;
}

void netlink_read_xdp(struct weir_links *links)
{
	char buffer[MNL_NLMSG_HDRLEN + 128] __attribute__((aligned(8)));
	uint16_t family = 0;
	/* With an acknowledgement, so that the answer has an end. */
	struct nlmsghdr *request =
		netlink_generic(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);

	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, "netdev");
	if (netlink_ask(NETLINK_GENERIC, request, netlink_on_family, &family) < 0 || !family)
		return;
	request = netlink_generic(buffer, family, NETDEV_GET, NLM_F_DUMP);
	netlink_ask(NETLINK_GENERIC, request, netlink_on_features, links);
}
