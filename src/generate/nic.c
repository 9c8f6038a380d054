/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/parse.h"

enum { NIC_ANSWER_BYTES = 32768 };

static int nic_ioctl(const struct nic *nic, unsigned long request, struct ifreq *interface)
{
	memset(interface->ifr_name, 0, sizeof(interface->ifr_name));
	memcpy(interface->ifr_name, nic->name, strlen(nic->name));
	return ioctl(nic->fd, request, interface) ? -errno : 0;
}

static int nic_ethtool(const struct nic *nic, void *command)
{
	struct ifreq interface = {.ifr_data = command};

	return nic_ioctl(nic, SIOCETHTOOL, &interface);
}

/* How many statistics ETHTOOL_GSTATS gives; 0 when the driver has none. */
static uint32_t nic_statistics_count(const struct nic *nic)
{
	union {
		struct ethtool_sset_info info; /* ends in an array without length: of one, here */
		uint8_t space[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} question = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS}};

	if (nic_ethtool(nic, &question) || !question.info.sset_mask)
		return 0;
	return question.info.data[0] <= NIC_STATISTICS_MAX ? question.info.data[0] : 0;
}

/* veth's name of the counter, one per transmit queue; drivers/net/veth.c. */
static bool nic_is_xdp_statistic(const char *name)
{
	unsigned int queue;
	int end = 0;

	return sscanf(name, "tx_queue_%u_xdp_xmit%n", &queue, &end) == 1 && end && !name[end];
}

static int nic_find_xdp_statistics(struct nic *nic)
{
	struct ethtool_gstrings *names =
		calloc(1, sizeof(*names) + (size_t)NIC_STATISTICS_MAX * ETH_GSTRING_LEN);
	char name[ETH_GSTRING_LEN + 1] = "";

	if (!names)
		return -ENOMEM;
	nic->statistics_count = nic_statistics_count(nic);
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = nic->statistics_count;
	if (!nic->statistics_count || nic_ethtool(nic, names))
		names->len = 0;
	for (uint32_t i = 0; i < names->len && nic->xdp_count < NIC_QUEUES_MAX; i++) {
		memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (nic_is_xdp_statistic(name))
			nic->xdp_statistics[nic->xdp_count++] = (uint16_t)i;
	}
	free(names);
	return 0;
}

static int nic_unknown(const char *name, struct weir_error *error)
{
	struct if_nameindex *all = if_nameindex();
	const char *near = NULL;
	uint32_t count = 0;

	while (all && all[count].if_index)
		count++;
	if (all)
		near = parse_nearest(name, &all->if_name, count, sizeof(*all));
	if (near)
		weir_error_set(error, -ENODEV, "no interface '%s'; did you mean '%s'?", name, near);
	else
		weir_error_set(error, -ENODEV,
			       "no interface '%s' ('ip link' lists those there are)", name);
	if (all)
		if_freenameindex(all);
	return -ENODEV;
}

static int nic_read_facts(struct nic *nic, struct weir_error *error)
{
	struct ifreq answer = {0};
	int status = nic_ioctl(nic, SIOCGIFINDEX, &answer);

	if (status == -ENODEV)
		return nic_unknown(nic->name, error);
	nic->link.index = (uint32_t)answer.ifr_ifindex;
	if (!status)
		status = nic_ioctl(nic, SIOCGIFMTU, &answer);
	nic->link.mtu = (uint32_t)answer.ifr_mtu;
	if (!status)
		status = nic_ioctl(nic, SIOCGIFHWADDR, &answer);
	if (status)
		return weir_error_set_errno(error, status, "cannot ask interface '%s'", nic->name);
	if (answer.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    answer.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return weir_error_set(error, -EOPNOTSUPP, "'%s' is not an Ethernet interface",
				      nic->name);
	memcpy(nic->link.mac, answer.ifr_hwaddr.sa_data, sizeof(nic->link.mac));
	if (nic_check(nic))
		return weir_error_set(
			error, -ENETDOWN,
			"interface '%s' is down: bring it up with 'ip link set %s up'", nic->name,
			nic->name);
	return 0;
}

static int nic_open_sockets(struct nic *nic, struct weir_error *error)
{
	nic->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (nic->fd < 0)
		return weir_error_set_errno(error, -errno, "cannot open a socket");
	nic->netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (nic->netlink_fd < 0)
		return weir_error_set_errno(error, -errno, "cannot open a netlink socket");
	return 0;
}

int nic_open(struct nic *nic, const char *name, struct weir_error *error)
{
	int status;

	*nic = (struct nic){.fd = -1, .netlink_fd = -1};
	if (!name || !*name)
		return weir_error_set(error, -EINVAL, "no interface given");
	if (strlen(name) >= sizeof(nic->name))
		return nic_unknown(name, error);
	memcpy(nic->name, name, strlen(name));
	status = nic_open_sockets(nic, error);
	if (!status)
		status = nic_read_facts(nic, error);
	if (!status)
		status = nic_find_xdp_statistics(nic);
	if (!status) {
		nic->statistics =
			calloc(1, sizeof(*nic->statistics) + NIC_STATISTICS_MAX * sizeof(uint64_t));
		status = nic->statistics ? 0 : -ENOMEM;
	}
	if (status == -ENOMEM)
		weir_error_set(error, -ENOMEM, "no memory for the counters of '%s'", nic->name);
	if (status)
		nic_close(nic);
	return status;
}

void nic_close(struct nic *nic)
{
	if (nic->fd >= 0)
		close(nic->fd);
	if (nic->netlink_fd >= 0)
		close(nic->netlink_fd);
	free(nic->statistics);
	*nic = (struct nic){.fd = -1, .netlink_fd = -1};
}

int nic_check(const struct nic *nic)
{
	struct ifreq answer = {0};
	int status = nic_ioctl(nic, SIOCGIFFLAGS, &answer);

	if (status)
		return status;
	return answer.ifr_flags & IFF_UP ? 0 : -ENETDOWN;
}

int nic_redirected(const struct nic *nic, uint64_t *frames)
{
	struct ethtool_stats *statistics = nic->statistics;
	uint64_t sum = 0;
	int status;

	if (!nic->xdp_count)
		return -EOPNOTSUPP;
	statistics->cmd = ETHTOOL_GSTATS;
	statistics->n_stats = nic->statistics_count;
	status = nic_ethtool(nic, statistics);
	if (status)
		return status;
	for (uint32_t i = 0; i < nic->xdp_count; i++)
		sum += statistics->data[nic->xdp_statistics[i]];
	*frames = sum;
	return 0;
}

/* The attribute IFLA_STATS64 of an RTM_NEWLINK answer. */
static int nic_parse_statistics(struct nlmsghdr *message, size_t length,
				struct rtnl_link_stats64 *statistics)
{
	struct rtattr *attribute;
	size_t left;

	if (!NLMSG_OK(message, length))
		return -EBADMSG;
	if (message->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *failure = NLMSG_DATA(message);

		return failure->error ? failure->error : -EBADMSG;
	}
	if (message->nlmsg_type != RTM_NEWLINK)
		return -EBADMSG;
	attribute = IFLA_RTA(NLMSG_DATA(message));
	left = IFLA_PAYLOAD(message);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type != IFLA_STATS64)
			continue;
		if (RTA_PAYLOAD(attribute) < offsetof(struct rtnl_link_stats64, multicast))
			return -EBADMSG;
		memcpy(statistics, RTA_DATA(attribute),
		       RTA_PAYLOAD(attribute) < sizeof(*statistics) ? RTA_PAYLOAD(attribute)
								    : sizeof(*statistics));
		return 0;
	}
	return -EOPNOTSUPP;
}

static int nic_ask_statistics(const struct nic *nic, struct rtnl_link_stats64 *statistics)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} question = {
		.header = {.nlmsg_len = sizeof(question),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_index = (int)nic->link.index},
	};
	_Alignas(struct nlmsghdr) uint8_t answer[NIC_ANSWER_BYTES];
	ssize_t length;

	if (send(nic->netlink_fd, &question, sizeof(question), 0) < 0)
		return -errno;
	do
		length = recv(nic->netlink_fd, answer, sizeof(answer), 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	return nic_parse_statistics((struct nlmsghdr *)answer, (size_t)length, statistics);
}

int nic_transmitted(const struct nic *nic, uint64_t *packets, uint64_t *dropped)
{
	struct rtnl_link_stats64 statistics = {0};
	int status = nic_ask_statistics(nic, &statistics);

	*packets = statistics.tx_packets;
	if (dropped)
		*dropped = statistics.tx_dropped;
	return status;
}

int nic_received(const struct nic *nic, uint64_t *packets, uint64_t *dropped)
{
	struct rtnl_link_stats64 statistics = {0};
	int status = nic_ask_statistics(nic, &statistics);

	*packets = statistics.rx_packets;
	*dropped = statistics.rx_dropped;
	return status;
}
