/* SPDX-License-Identifier: Apache-2.0 */
#include "heavy.h"

#include <string.h>

enum {
	HEAVY_SAMPLED_MIN = 30, /* fewer say nothing of shares */
	HEAVY_TURN_STEP = 97,   /* a prime: not in step with what comes in turns */
};

/* ---- looking ---- */

static bool heavy_make_pair(const struct weir_packet *packet, const struct weir_headers *headers,
			    struct heavy_pair *pair)
{
	const uint8_t *network = packet->bytes + headers->network_offset;
	size_t bytes = headers->ip_version == 4 ? 4 : 16;
	const uint8_t *source = network + (headers->ip_version == 4 ? 12 : 8);
	int flip;

	if (!headers->ip_version)
		return false;
	flip = memcmp(source, source + bytes, bytes) > 0;
	memset(pair, 0, sizeof(*pair));
	memcpy(pair->address[flip], source, bytes);
	memcpy(pair->address[!flip], source + bytes, bytes);
	pair->ip_version = headers->ip_version;
	return true;
}

static bool heavy_is(const struct heavy_pair *a, const struct heavy_pair *b)
{
	return a->ip_version == b->ip_version &&
	       !memcmp(a->address, b->address, sizeof(a->address));
}

static void heavy_count(struct heavy *heavy, const struct heavy_pair *pair)
{
	struct heavy_pair *free_slot = NULL;

	for (uint32_t i = 0; i < HEAVY_PAIRS; i++) {
		struct heavy_pair *slot = &heavy->pairs[i];

		if (!slot->count) {
			free_slot = slot;
		} else if (heavy_is(slot, pair)) {
			slot->count++;
			return;
		}
	}
	if (free_slot) {
		*free_slot = *pair;
		free_slot->count = 1;
		return;
	}
	for (uint32_t i = 0; i < HEAVY_PAIRS; i++)
		heavy->pairs[i].count--;
}

void heavy_look(struct heavy *heavy, const struct weir_batch *batch,
		const struct weir_interfaces *interfaces)
{
	const struct weir_packet *packet;
	struct weir_headers headers;
	struct heavy_pair pair;

	heavy->turn += HEAVY_TURN_STEP;
	packet = &batch->packets[heavy->turn % batch->count];
	heavy->packets += batch->count;
	heavy->sampled++;
	weir_decode_outer(packet, 1, weir_interfaces_get(interfaces, packet->interface)->link_type,
			  &headers);
	if (heavy_make_pair(packet, &headers, &pair))
		heavy_count(heavy, &pair);
}

/* ---- telling ---- */

/* Enter a pair, or add to what another worker had of it. */
static uint32_t heavy_add(struct weir_heavy_pair *out, uint32_t count, uint32_t max,
			  const struct heavy_pair *pair, double share)
{
	for (uint32_t i = 0; i < count; i++)
		if (out[i].ip_version == pair->ip_version &&
		    !memcmp(out[i].address, pair->address, sizeof(pair->address))) {
			out[i].share += share;
			return count;
		}
	if (count == max)
		return count;
	memcpy(out[count].address, pair->address, sizeof(pair->address));
	out[count].ip_version = pair->ip_version;
	out[count].share = share;
	return count + 1;
}

static void heavy_sort(struct weir_heavy_pair *pairs, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct weir_heavy_pair pair = pairs[i];
		uint32_t at = i;

		for (; at && pairs[at - 1].share < pair.share; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = pair;
	}
}

uint32_t heavy_find(const struct heavy *const *workers, uint32_t count, uint32_t shares,
		    struct weir_heavy_pair *out, uint32_t max)
{
	struct weir_heavy_pair all[WEIR_WORKERS_MAX * HEAVY_PAIRS];
	uint64_t packets = 0, sampled = 0;
	uint32_t all_count = 0, found = 0;

	for (uint32_t i = 0; i < count; i++) {
		packets += workers[i]->packets;
		sampled += workers[i]->sampled;
	}
	if (sampled < HEAVY_SAMPLED_MIN)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < HEAVY_PAIRS; k++) {
			const struct heavy_pair *pair = &workers[i]->pairs[k];

			if (pair->count)
				all_count = heavy_add(
					all, all_count, WEIR_WORKERS_MAX * HEAVY_PAIRS, pair,
					(double)pair->count / (double)workers[i]->sampled *
						(double)workers[i]->packets / (double)packets);
		}
	heavy_sort(all, all_count);
	while (found < max && found < all_count && all[found].share * shares > 1) {
		out[found] = all[found];
		found++;
	}
	return found;
}
