/* SPDX-License-Identifier: Apache-2.0 */
/* What only the ethtool ioctls tell: driver, channels, speed, offloads, time stamping. */
#ifndef LINKS_ETHTOOL_H
#define LINKS_ETHTOOL_H

#include "weir/links.h"

/* Enter what the driver answers; 'socket' is any datagram socket of the namespace. */
void ethtool_read(int socket, struct weir_link *link);

#endif
