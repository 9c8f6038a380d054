/* SPDX-License-Identifier: Apache-2.0 */
/* Lets a test swallow or double a packet of a batch (base/fault.h); nothing in normal builds. */
#ifndef SOURCE_BATCH_FAULT_H
#define SOURCE_BATCH_FAULT_H

#include <string.h>

#include "base/fault.h"
#include "weir/packet.h"

/* Returns how many packets there are then: at most 'limit'. */
static inline uint32_t batch_fault(const char *stage, uint64_t *seen, struct weir_packet *packets,
				   uint32_t count, uint32_t limit)
{
	for (uint32_t i = 0; i < count; i++) {
		unsigned int copies = fault_copies(stage, seen);
		struct weir_packet *packet = &packets[i];

		if (copies == 1)
			continue;
		if (copies == 0) {
			memmove(packet, packet + 1, (--count - i) * sizeof(*packet));
			i--;
		} else if (count < limit) {
			memmove(packet + 1, packet, (count++ - i) * sizeof(*packet));
			i++;
		} else {
			(*seen)--; /* no room: double the next one */
		}
	}
	return count;
}

#endif
