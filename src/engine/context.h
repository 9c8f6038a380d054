/* SPDX-License-Identifier: Apache-2.0 */
/* The counters beside the balance, since the start of the measurement. */
#ifndef ENGINE_CONTEXT_H
#define ENGINE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/report.h"

/* Sums over the live interfaces; 'known' is false when any could not be read, or came later. */
struct context_counters {
	bool known, softnet_known;
	uint64_t rx_missed, rx_fifo, rx_over, rx_dropped; /* struct rtnl_link_stats64 */
	uint64_t softnet_dropped;                         /* host-wide */
};

/* What was counted since weir_context_open. 'context' may be NULL: all unknown. */
void context_read(const struct weir_context *context, struct context_counters *out);

#endif
