/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pairs of addresses are too heavy to be shared out? Where packets go
 * to workers by pair, one that has more packets than a worker's share makes
 * that worker the slowest. One packet of each batch is looked at; the few
 * pairs that come most often are kept (Misra and Gries, 1982): a pair with
 * more than 1 / (HEAVY_PAIRS + 1) of them is among these for certain, its
 * count is too low by that share at most.
 */
#ifndef ENGINE_HEAVY_H
#define ENGINE_HEAVY_H

#include "weir/engine.h"

enum { HEAVY_PAIRS = 31 };

struct heavy_pair {
	uint8_t address[2][16]; /* the lower first; IPv4: the first four bytes */
	uint8_t ip_version;
	uint64_t count;
};

/* A worker's; written by its thread alone, read when that has ended. */
struct heavy {
	uint64_t packets; /* in all batches */
	uint64_t sampled; /* looked at */
	uint32_t turn;
	struct heavy_pair pairs[HEAVY_PAIRS]; /* count 0: free */
};

/* Look at one packet of a batch that is not empty. */
void heavy_look(struct heavy *heavy, const struct weir_batch *batch,
		const struct weir_interfaces *interfaces);
/*
 * Of what 'count' workers have seen, the pairs with a larger share than
 * 1 / 'shares', heaviest first, up to 'max'; returns how many. None when too
 * few packets were looked at.
 */
uint32_t heavy_find(const struct heavy *const *workers, uint32_t count, uint32_t shares,
		    struct weir_heavy_pair *out, uint32_t max);

#endif
