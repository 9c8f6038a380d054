/* SPDX-License-Identifier: Apache-2.0 */
/* The wire count of super-packets walks headers that anyone on the network wrote. */
#include <stdint.h>
#include <string.h>

#include "weir/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_packet packet = {.bytes = data, .captured_len = (uint32_t)size};

	packet.wire_len = packet.captured_len + 40000;
	packet.gso_size = 1448;
	weir_packet_wire_count(&packet);
	return 0;
}
