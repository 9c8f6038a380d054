/* SPDX-License-Identifier: Apache-2.0 */
#include "links/type.h"

#include <errno.h>
#include <net/if_arp.h>

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519 /* linux/if_arp.h, since 4.14 */
#endif

int links_type(unsigned int hardware_type, uint32_t *out)
{
	switch (hardware_type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		*out = LINKS_TYPE_ETHERNET;
		return 0;
	case ARPHRD_NONE: /* tun, wireguard */
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		*out = LINKS_TYPE_RAW_IP;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
