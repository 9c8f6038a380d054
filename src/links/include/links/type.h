/* SPDX-License-Identifier: Apache-2.0 */
/* What a raw packet socket shows of an interface's frames. */
#ifndef LINKS_TYPE_H
#define LINKS_TYPE_H

#include <stdint.h>

/* LINKTYPE_ values */
enum { LINKS_TYPE_ETHERNET = 1, LINKS_TYPE_RAW_IP = 101 };

/*
 * The LINKTYPE_ value for a hardware type (linux/if_arp.h). -EOPNOTSUPP when
 * the frames have no header that a LINKTYPE_ of weir's describes.
 */
int links_type(unsigned int hardware_type, uint32_t *out);

#endif
