/* SPDX-License-Identifier: Apache-2.0 */
/* The words of reports for statuses and reasons. */
#include "weir/decode.h"

static const char *const status_names[] = {
	[WEIR_DECODE_OK] = "ok",
	[WEIR_DECODE_TRUNCATED] = "truncated",
	[WEIR_DECODE_MALFORMED] = "malformed",
	[WEIR_DECODE_UNSUPPORTED] = "unsupported",
};

static const char *const reason_names[] = {
	[WEIR_DECODE_REASON_NONE] = "none",
	[WEIR_DECODE_REASON_LINK] = "link",
	[WEIR_DECODE_REASON_VLAN] = "vlan",
	[WEIR_DECODE_REASON_MPLS] = "mpls",
	[WEIR_DECODE_REASON_PPP] = "ppp",
	[WEIR_DECODE_REASON_ARP] = "arp",
	[WEIR_DECODE_REASON_IPV4] = "ipv4",
	[WEIR_DECODE_REASON_IPV6] = "ipv6",
	[WEIR_DECODE_REASON_EXTENSION] = "extension",
	[WEIR_DECODE_REASON_TRANSPORT] = "transport",
	[WEIR_DECODE_REASON_TUNNEL] = "tunnel",
	[WEIR_DECODE_REASON_DEPTH] = "depth",
};
static_assert(sizeof(reason_names) / sizeof(*reason_names) == WEIR_DECODE_REASON_COUNT,
	      "a name per reason");

const char *weir_decode_status_name(enum weir_decode_status status)
{
	return status_names[status];
}

const char *weir_decode_reason_name(enum weir_decode_reason reason)
{
	return reason_names[reason];
}
