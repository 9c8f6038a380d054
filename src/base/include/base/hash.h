/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded 64-bit mixing for hash tables: an attacker must not know the seed. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

/*
 * Fold two 64-bit words into one: the 128-bit product's halves, xored. With a
 * secret odd-ish seed mixed into 'a' this spreads well enough for a table
 * whose matches are confirmed by the full key.
 */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A random seed from the kernel; never fails (falls back to the clock). */
uint64_t hash_seed(void);

#endif
