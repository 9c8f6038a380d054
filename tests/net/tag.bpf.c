// SPDX-License-Identifier: GPL-2.0
/* For tests: gives what goes out a VLAN tag that is not in the bytes, as a VLAN interface would. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum {
	TAG_PROTOCOL = 0x0081, /* 0x8100 in network order, on the little-endian machines of tests */
	TAG_ID = 77
};

SEC("tc")
int tag(struct __sk_buff *skb)
{
	bpf_skb_vlan_push(skb, TAG_PROTOCOL, TAG_ID);
	return 0;
}
