/* SPDX-License-Identifier: Apache-2.0 */
/* A source's ledger, as an interface statistics block tells it. */
#ifndef RECORD_STATISTICS_H
#define RECORD_STATISTICS_H

#include "pcapng.h"
#include "weir/ledger.h"

/*
 * Fill the counters (not id, digits, times) from the account's first row.
 * 'filtered_by_kernel': 'seen' counts what passed the kernel's filter.
 */
void statistics_of(const struct weir_account *account, bool filtered_by_kernel,
		   struct pcapng_statistics *out);

#endif
