/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's limit of packets, shared by all workers and met exactly: a worker
 * takes a promise before it reads, and settles after it has delivered.
 *
 *	wanted = delivered + promised to workers + left
 */
#ifndef ENGINE_QUOTA_H
#define ENGINE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* Atomics; relaxed, since the numbers order nothing but themselves. */
struct quota {
	uint64_t wanted, left, delivered;
};

/* Promise up to 'most' packets; 0 when all are delivered, or promised to others. */
static inline uint32_t quota_promise(struct quota *quota, uint32_t most)
{
	uint64_t left = __atomic_load_n(&quota->left, __ATOMIC_RELAXED);
	uint64_t promised;

	do
		promised = left < most ? left : most;
	while (promised && !__atomic_compare_exchange_n(&quota->left, &left, left - promised, true,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return (uint32_t)promised;
}

/* Of a promise, so many were delivered; the rest goes back. */
static inline void quota_settle(struct quota *quota, uint32_t promised, uint32_t delivered)
{
	if (delivered > promised) /* only tests' faults double packets */
		delivered = promised;
	if (delivered)
		__atomic_fetch_add(&quota->delivered, delivered, __ATOMIC_RELAXED);
	if (promised > delivered)
		__atomic_fetch_add(&quota->left, promised - delivered, __ATOMIC_RELAXED);
}

static inline bool quota_is_met(const struct quota *quota)
{
	return __atomic_load_n(&quota->delivered, __ATOMIC_RELAXED) == quota->wanted;
}

#endif
