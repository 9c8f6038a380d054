/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the wire as words; NULL where a number has no name that is widely known. */
#ifndef SHOW_NAMES_H
#define SHOW_NAMES_H

#include <stdint.h>

const char *names_ethertype(uint16_t ethertype);
/* Of IP protocols. */
const char *names_protocol(uint8_t protocol);
const char *names_icmp(uint8_t type);
const char *names_icmpv6(uint8_t type);
/* enum weir_tunnel; "" for none. */
const char *names_tunnel(uint8_t tunnel);
/* How a packet came, from its flags: for JSON, and as short as tcpdump says it. */
const char *names_direction(uint16_t flags);
const char *names_direction_short(uint16_t flags);
/* "S.": letters and order are tcpdump's; "none" for no flag. 'text' has 9 bytes. */
const char *names_tcp_flags(uint8_t flags, char text[9]);

#endif
