/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers are written by anyone on the network. The first byte of the input
 * chooses the link type, the second how much longer the packet was on the
 * wire than it was captured; the rest are the captured bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "promises.h"

/* LINKTYPE_ values: Ethernet first, then the others that are known, and one that is not. */
static const uint32_t link_types[] = {1,   0,   9,   10,  50,  51,  101, 104,
				      108, 113, 219, 228, 229, 276, 105};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_packet packet;
	const char *broken;

	if (size < 2)
		return 0;
	packet = (struct weir_packet){
		.bytes = data + 2,
		.captured_len = (uint32_t)size - 2,
		.wire_len = (uint32_t)size - 2 + data[1],
	};
	broken = promise_broken_by(
		&packet, link_types[data[0] % (sizeof(link_types) / sizeof(*link_types))]);
	if (broken) {
		fprintf(stderr, "not so: %s\n", broken);
		abort();
	}
	return 0;
}
