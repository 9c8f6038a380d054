/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isb_ifrecv and isb_filteraccept are the packets that the source's first
 * stage saw; isb_osdrop those lost there; isb_usrdeliv those given to the
 * sinks. isb_ifdrop repeats the loss, as dumpcap does: it is the only counter
 * of loss that Wireshark and capinfos show. What the network card lost is in
 * the report, beside the balance, not here.
 */
#include "statistics.h"

static uint64_t statistics_dropped(const struct weir_row *row, uint32_t unknown)
{
	uint64_t sum = 0;

	for (int r = 0; r < WEIR_REASON_COUNT; r++) {
		if (unknown & 1u << (WEIR_UNKNOWN_REASONS + r))
			return UINT64_MAX;
		if (r != WEIR_REASON_AFTER_STOP)
			sum += weir_cell_get(&row->dropped[r]);
	}
	return sum;
}

void statistics_of(const struct weir_account *account, bool filtered_by_kernel,
		   struct pcapng_statistics *out)
{
	const struct weir_row *row = weir_account_rows(account);
	uint32_t unknown = weir_row_unknown_bits(row);
	uint64_t seen = unknown & WEIR_UNKNOWN_IN ? UINT64_MAX : weir_cell_get(&row->in);

	out->received = filtered_by_kernel ? UINT64_MAX : seen;
	out->accepted = seen;
	out->os_dropped = statistics_dropped(row, unknown);
	out->interface_dropped = out->os_dropped;
	out->delivered = weir_cell_get(&account->frames);
}
