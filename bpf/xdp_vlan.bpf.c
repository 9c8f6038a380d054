// SPDX-License-Identifier: GPL-2.0
/*
 * The program of the xdp source for a driver that tells of VLAN tags which the
 * NIC has taken out of the bytes. It is bound to its interface (Linux 6.8).
 */
#include "xdp_take.h"

extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *context, __be16 *tpid,
					__u16 *tci) __ksym;

SEC("xdp.frags")
int xdp_take(struct xdp_md *context)
{
	struct xdp_control *control = xdp_is_wanted(context);
	__be16 tpid = 0;
	__u16 tci = 0;

	if (!control)
		return XDP_PASS;
	if (bpf_xdp_metadata_rx_vlan_tag(context, &tpid, &tci))
		tpid = 0;
	xdp_write_note(context, tci, tpid);
	return xdp_hand_over(context, control);
}
