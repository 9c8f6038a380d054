/* SPDX-License-Identifier: Apache-2.0 */
#include "thin.h"

#include <stdio.h>

#include "base/hash.h"

int thin_open(struct thin *thin, const struct weir_record_settings *settings)
{
	thin->slice = settings->slice;
	thin->slice_extra_bytes = settings->slice_extra_bytes;
	thin->interval = settings->sampling_interval;
	thin->sampling = thin->interval > 1 ? settings->sampling : WEIR_RECORD_SAMPLE_ALL;
	thin->seen = 0;
	thin->random = hash_seed() | 1;
	thin->flow_bytes = settings->flow_bytes;
	thin->cutoff = NULL;
	return thin->flow_bytes ? cutoff_open(thin->flow_bytes, &thin->cutoff) : 0;
}

void thin_close(struct thin *thin)
{
	cutoff_close(thin->cutoff);
}

/* xorshift64*: good enough to choose packets by, and cheap. */
static uint32_t thin_random(struct thin *thin)
{
	thin->random ^= thin->random >> 12;
	thin->random ^= thin->random << 25;
	thin->random ^= thin->random >> 27;
	return (uint32_t)(thin->random * UINT64_C(2685821657736338717) >> 32);
}

static bool thin_chooses(struct thin *thin)
{
	switch (thin->sampling) {
	case WEIR_RECORD_SAMPLE_SYSTEMATIC:
		return thin->seen++ % thin->interval == 0;
	case WEIR_RECORD_SAMPLE_RANDOM:
		return (uint64_t)thin_random(thin) * thin->interval >> 32 == 0;
	default:
		return true;
	}
}

/* Where the wanted layer's header ends; without that layer, where the last header known does. */
static uint32_t thin_end(const struct thin *thin, const struct weir_headers *headers)
{
	uint16_t end = WEIR_OFFSET_NONE;

	if (thin->slice == WEIR_RECORD_SLICE_L2)
		end = headers->network_offset;
	else if (thin->slice == WEIR_RECORD_SLICE_L3)
		end = headers->transport_offset;
	if (end == WEIR_OFFSET_NONE)
		end = headers->payload_offset;
	return end == WEIR_OFFSET_NONE ? UINT32_MAX : end + thin->slice_extra_bytes;
}

static void thin_cut(const struct thin *thin, struct weir_packet *packet,
		     const struct weir_headers *headers)
{
	uint32_t end = thin_end(thin, headers);

	if (packet->captured_len > end)
		packet->captured_len = end;
}

uint32_t thin_batch(struct thin *thin, const struct weir_batch *batch,
		    const struct weir_headers *headers, uint32_t *cut_off)
{
	uint32_t count = 0;

	*cut_off = 0;
	for (uint32_t i = 0; i < batch->count; i++) {
		if (!thin_chooses(thin))
			continue;
		if (thin->cutoff && !cutoff_wants(thin->cutoff, &batch->packets[i], &headers[i])) {
			++*cut_off;
			continue;
		}
		thin->chosen[count] = batch->packets[i];
		if (thin->slice)
			thin_cut(thin, &thin->chosen[count], &headers[i]);
		count++;
	}
	return count;
}

void thin_describe(const struct weir_record_settings *settings, char *text, size_t size)
{
	static const char *const layers[] = {"", "l2", "l3", "l4"};
	char sample[64] = "", cutoff[64] = "", slice[64] = "";
	const char *parts[] = {sample, cutoff, slice};
	size_t used = 0;

	if (settings->sampling && settings->sampling_interval > 1)
		snprintf(sample, sizeof(sample), "one packet in %u (%s)",
			 settings->sampling_interval,
			 settings->sampling == WEIR_RECORD_SAMPLE_RANDOM ? "random" : "systematic");
	if (settings->flow_bytes)
		snprintf(cutoff, sizeof(cutoff), "the first %llu bytes of each flow",
			 (unsigned long long)settings->flow_bytes);
	if (settings->slice)
		snprintf(slice, sizeof(slice), "cut behind %s + %u bytes", layers[settings->slice],
			 settings->slice_extra_bytes);
	*text = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && used < size; i++)
		if (*parts[i])
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 parts[i]);
}
