/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What memory alone asks for a packet: the lines that the meter needs of a
 * table (a set's, then a flow's, at random, in chunks as the meter has them)
 * and those of a capture file (one after the other), and nothing done with
 * them. No meter on this machine can be faster with such lines.
 *
 *   bench_memory FLOWS PACKETS BYTES
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { LINE_BYTES = 64, CHUNK = 16, WAYS = 28, HUGE_PAGE_BYTES = 2 << 20 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint8_t *take(size_t bytes)
{
	uint8_t *at = aligned_alloc(HUGE_PAGE_BYTES,
				    (bytes + HUGE_PAGE_BYTES - 1) & -(size_t)HUGE_PAGE_BYTES);

	if (!at)
		exit(1);
	madvise(at, bytes, MADV_HUGEPAGE);
	memset(at, 1, bytes);
	return at;
}

/* Three passes over chunks, as in src/flow/meter.h, without the work. */
static double table_ns(uint32_t flows, uint32_t packets)
{
	uint32_t slots = flows + flows / 2, slot[2][CHUNK] = {{0}};
	uint8_t *sets = take((size_t)(slots / WAYS + 1) * LINE_BYTES);
	uint8_t *hot = take((size_t)slots * LINE_BYTES);
	uint64_t state = 88172645463325252;
	double start = now_ns();

	for (uint32_t done = 0; done < packets; done += CHUNK) {
		uint32_t *next = slot[done / CHUNK % 2], *now = slot[(done / CHUNK + 1) % 2];

		for (int i = 0; i < CHUNK; i++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			next[i] = (uint32_t)((state >> 32) * slots >> 32);
			__builtin_prefetch(sets + (size_t)(next[i] / WAYS) * LINE_BYTES, 1);
		}
		for (int i = 0; i < CHUNK; i++)
			++*(volatile uint64_t *)(hot + (size_t)now[i] * LINE_BYTES);
		for (int i = 0; i < CHUNK; i++)
			__builtin_prefetch(
				hot + ((size_t)next[i] +
				       *(volatile uint8_t *)(sets + (size_t)(next[i] / WAYS) *
									    LINE_BYTES) -
				       1) * LINE_BYTES,
				1);
	}
	return (now_ns() - start) / packets;
}

static double file_ns(size_t bytes, uint32_t packets)
{
	uint8_t *file = take(bytes * packets);
	double start = now_ns();
	uint64_t sum = 0;

	for (size_t at = 0; at < bytes * packets; at += LINE_BYTES)
		sum += *(volatile uint64_t *)(file + at);
	return (now_ns() - start + (double)(sum & 1)) / packets;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s FLOWS PACKETS BYTES\n", argv[0]);
		return 2;
	}
	printf("memory alone: %.1f ns a packet for the lines of the table, %.1f ns for those of "
	       "the "
	       "file\n",
	       table_ns((uint32_t)atol(argv[1]), (uint32_t)atol(argv[2])),
	       file_ns((size_t)atol(argv[3]), (uint32_t)atol(argv[2])));
	return 0;
}
