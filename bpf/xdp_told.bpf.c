// SPDX-License-Identifier: GPL-2.0
/*
 * The program of the xdp source for a driver that tells what its NIC knows of
 * a packet: the VLAN tag that it has taken out of the bytes, and if wanted its
 * time and its hash. It is bound to its interface (Linux 6.8). A driver that
 * does not know one of these says so for each packet.
 */
#include "xdp_take.h"

/* enum xdp_rss_hash_type: which headers were hashed; only room for it is needed */
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *context, __u32 *hash,
				    enum xdp_rss_hash_type *type) __ksym;
extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *context, __u64 *time) __ksym;
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *context, __be16 *tpid,
					__u16 *tci) __ksym;

SEC("xdp.frags")
int xdp_take(struct xdp_md *context)
{
	struct xdp_control *control = xdp_is_wanted(context);
	enum xdp_rss_hash_type type = 0;
	struct xdp_told told = {0};

	if (!control)
		return XDP_PASS;
	if (bpf_xdp_metadata_rx_vlan_tag(context, &told.vlan_tpid, &told.vlan_tci))
		told.vlan_tpid = 0;
	if (plan.wants_time && bpf_xdp_metadata_rx_timestamp(context, &told.time))
		told.time = 0;
	if (plan.wants_hash && bpf_xdp_metadata_rx_hash(context, &told.hash, &type))
		told.hash = 0;
	xdp_write_note(context, &told);
	return xdp_hand_over(context, control);
}
