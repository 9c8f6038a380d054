/* SPDX-License-Identifier: Apache-2.0 */
/* Messages leave at a steady rate: bursts overrun the collector's socket. */
#ifndef EXPORT_PACING_H
#define EXPORT_PACING_H

#include <stdint.h>

struct pacing {
	uint64_t next_ns;     /* when the next byte may leave, monotonic */
	uint64_t rate_bytes;  /* a second; 0 = no limit */
	uint32_t burst_bytes; /* that may leave together */
};

/* Wait until so many bytes may leave. */
void pacing_wait(struct pacing *pacing, uint32_t bytes);

#endif
