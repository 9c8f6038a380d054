// SPDX-License-Identifier: GPL-2.0
/* The program of the xdp source for any driver, and for none (mode skb). */
#include "xdp_take.h"

SEC("xdp.frags")
int xdp_take(struct xdp_md *context)
{
	const struct xdp_told nothing = {0};
	struct xdp_control *control = xdp_is_wanted(context);

	if (!control)
		return XDP_PASS;
	xdp_write_note(context, &nothing);
	return xdp_hand_over(context, control);
}
