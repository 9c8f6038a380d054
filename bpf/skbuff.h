/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Of the kernel's own structures, only what weir's programs use: CO-RE finds the places. */
#ifndef BPF_SKBUFF_H
#define BPF_SKBUFF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>

struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

struct sock_common {
	possible_net_t skc_net;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));

struct dst_entry {
	struct net_device *dev;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned long _skb_refdst; /* struct dst_entry *, and SKB_DST_NOREF in bit 0 */
	int skb_iif;               /* the interface that it came in by, 0 when it is from here */
	unsigned int len;
	unsigned int data_len; /* of 'len', what is not behind 'data' */
	unsigned int end;
	__u16 protocol; /* in network order */
	__u16 network_header;
	unsigned char *head;
	unsigned char *data;
} __attribute__((preserve_access_index));

struct skb_shared_info {
	unsigned short gso_size;
} __attribute__((preserve_access_index));

static __always_inline __u16 skb_gso_size(const struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)(skb->head + skb->end);

	return BPF_CORE_READ(shared, gso_size);
}

#endif
