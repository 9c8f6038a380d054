// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that are written to a tap device of weir's own reach the stack as if
 * received by another interface: behind that one's XDP, which took them.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum { TO_STACK_INGRESS = 1 /* BPF_F_INGRESS */ };

const volatile __u32 interface; /* whose they are; set before the program is loaded */

SEC("tc")
int to_stack(struct __sk_buff *skb __attribute__((unused)))
{
	return bpf_redirect(interface, TO_STACK_INGRESS);
}
