/* SPDX-License-Identifier: Apache-2.0 */
#include "source/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/parse.h"
#include "weir/packet.h"
#include "links/type.h"

enum { LINK_SHOWN_MAX = 12 /* interfaces listed in an error */ };

static int link_unknown(const char *name, struct weir_error *error)
{
	struct if_nameindex *all = if_nameindex();
	char known[256] = "";
	const char *none = all ? " none" : " ?"; /* no descriptor may be left to ask with */
	const char *near = NULL;
	unsigned int count = 0;
	int rc;

	while (all && all[count].if_index)
		count++;
	if (count)
		near = parse_nearest(name, &all->if_name, count, sizeof(*all));
	for (unsigned int i = 0; i < count && i < LINK_SHOWN_MAX; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s",
			 all[i].if_name);
	if (near)
		rc = weir_error_set(error, -ENODEV, "no interface '%s'; did you mean '%s'?", name,
				    near);
	else
		rc = weir_error_set(error, -ENODEV, "no interface '%s'; there are:%s%s", name,
				    *known ? known : none, count > LINK_SHOWN_MAX ? " ..." : "");
	if (all)
		if_freenameindex(all);
	return rc;
}

int link_find(int socket, const char *name, struct link *out, struct weir_error *error)
{
	struct ifreq request = {0};

	if (!*name || strlen(name) >= IFNAMSIZ)
		return link_unknown(name, error);
	memset(out, 0, sizeof(*out));
	strcpy(request.ifr_name, name);
	strcpy(out->name, name);
	if (ioctl(socket, SIOCGIFINDEX, &request))
		return link_unknown(name, error);
	out->index = request.ifr_ifindex;
	if (ioctl(socket, SIOCGIFFLAGS, &request))
		return link_unknown(name, error);
	out->up = request.ifr_flags & IFF_UP;
	out->loopback = request.ifr_flags & IFF_LOOPBACK;
	if (!ioctl(socket, SIOCGIFMTU, &request))
		out->mtu = (uint32_t)request.ifr_mtu;
	if (ioctl(socket, SIOCGIFHWADDR, &request))
		return weir_error_set_errno(error, -errno, "cannot ask interface '%s' for its type",
					    name);
	memcpy(out->hardware_address, request.ifr_hwaddr.sa_data, sizeof(out->hardware_address));
	if (links_type(request.ifr_hwaddr.sa_family, &out->link_type) < 0)
		return weir_error_set(
			error, -EOPNOTSUPP,
			"interface '%s' has link type %u (linux/if_arp.h), which this "
			"source cannot show",
			name, request.ifr_hwaddr.sa_family);
	return 0;
}

int link_refresh(int socket, struct link *link)
{
	struct ifreq request = {.ifr_ifindex = link->index};

	if (ioctl(socket, SIOCGIFNAME, &request))
		return 0;
	memcpy(link->name, request.ifr_name, IFNAMSIZ);
	/* A name that went away or changed just now counts as down: the next call knows more. */
	link->up = !ioctl(socket, SIOCGIFFLAGS, &request) && request.ifr_flags & IFF_UP;
	return 1;
}

uint32_t link_receive_queues(int socket, const struct link *link)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};
	uint32_t queues = 0;

	memcpy(request.ifr_name, link->name, IFNAMSIZ);
	if (!ioctl(socket, SIOCETHTOOL, &request))
		queues = channels.combined_count + channels.rx_count;
	return queues ? queues : 1;
}

uint64_t link_speed(int socket, const struct link *link)
{
	struct ethtool_cmd settings = {.cmd = ETHTOOL_GSET};
	struct ifreq request = {.ifr_data = (char *)&settings};
	uint32_t speed;

	memcpy(request.ifr_name, link->name, IFNAMSIZ);
	if (ioctl(socket, SIOCETHTOOL, &request))
		return 0;
	speed = ethtool_cmd_speed(&settings);
	return speed == (uint32_t)SPEED_UNKNOWN ? 0 : speed * UINT64_C(1000000);
}

uint16_t link_direction(const uint8_t frame[6], const uint8_t own[6])
{
	static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

	if (!memcmp(frame, own, 6))
		return WEIR_PACKET_HOST;
	if (!memcmp(frame, broadcast, 6))
		return WEIR_PACKET_BROADCAST;
	return frame[0] & 1 ? WEIR_PACKET_MULTICAST : WEIR_PACKET_OTHERHOST;
}
