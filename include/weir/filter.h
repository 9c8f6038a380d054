/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters in pcap-filter(7) syntax, compiled by libpcap.
 *
 * One expression makes two kinds of programs. Bytes on the wire and bytes as
 * the kernel hands them to a socket differ: a NIC may have moved the VLAN tag
 * into metadata. The kernel's program is therefore compiled against a live
 * handle (which knows of that), the one for user space against wire bytes,
 * per link type.
 */
#ifndef WEIR_FILTER_H
#define WEIR_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	WEIR_FILTER_INSTRUCTIONS_MAX = 4096, /* BPF_MAXINSNS, linux/bpf_common.h */
	WEIR_SNAPLEN_MAX = 262144,           /* the most that tcpdump and Wireshark take */
};

struct weir_filter;

/*
 * Keep an expression; "" and NULL match all. It is compiled, and its errors
 * are told, when a link type is known (weir_filter_prepare). -ENOMEM. Free
 * with weir_filter_close. Thread rule: one thread at a time.
 */
int weir_filter_open(const char *expression, struct weir_filter **out, struct weir_error *error);
void weir_filter_close(struct weir_filter *filter);
/* The expression, "" when all match; valid until closed. */
const char *weir_filter_expression(const struct weir_filter *filter);
/*
 * Compile for a LINKTYPE_ value, unless that is done already. To be called
 * when an interface is met, before weir_filter_match. -EINVAL with libpcap's
 * words and a mark under the place, -ENOSPC beyond 32 link types.
 */
int weir_filter_prepare(struct weir_filter *filter, uint32_t link_type, struct weir_error *error);
/*
 * Does a packet with wire bytes match? A link type that was not prepared
 * matches nothing. No allocation. Thread rule: any, after preparing.
 */
bool weir_filter_match(const struct weir_filter *filter, uint32_t link_type,
		       const struct weir_packet *packet);

#ifdef __cplusplus
}
#endif
#endif
