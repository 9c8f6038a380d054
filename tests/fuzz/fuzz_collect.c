/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of exporters. The input is a number of them, each behind its length
 * in two bytes (big-endian), whose highest bit says that it came by a stream.
 */
#include <stdint.h>
#include <stdlib.h>

#include "weir/collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is in the record can be looked at. */
static void fuzz_emit(void *user, const struct weir_flow_record *record)
{
	uint64_t *sum = user;

	*sum += record->forward.packets + record->times->frames[1] + record->ip->dscp_set[1] +
		record->tcp->options[1] + record->origin->tunnel_id + record->histogram->count[255];
	for (uint32_t i = 0; i < record->first_count; i++)
		*sum += record->first[i].time_ns + record->first[i].payload_bytes;
	if ((record->ip_version != 4 && record->ip_version != 6) ||
	    record->origin->vlan_count > WEIR_FLOW_VLANS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;
	const struct weir_collect_settings settings = {.emit = fuzz_emit, .user = &sum};
	struct weir_collect *collect;

	if (weir_collect_open(&settings, &collect, NULL) < 0)
		return 0;
	while (size >= 2) {
		size_t length = (size_t)(data[0] & 0x7f) << 8 | data[1];
		bool stream = data[0] & 0x80;

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		weir_collect_message(collect, stream ? "stream" : "datagram", stream, data, length);
		data += length;
		size -= length;
	}
	weir_collect_close(collect);
	return 0;
}
