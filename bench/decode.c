/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does it cost to decode a packet? Batches of 256 packets of one kind,
 * from the cache and from memory: nanoseconds of the thread's own CPU time (a
 * shared machine's others cost less that way), and instructions where the
 * kernel lets us count them. Best and median of many short runs.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "specimens.h"
#include "weir/decode.h"

enum {
	BENCH_RUNS = 51,
	BENCH_PACKETS = 1 << 18,  /* decoded in a run, or the whole trace if that is more */
	BENCH_STRIDE_BYTES = 128, /* from packet to packet, as in a ring of short packets */
	BENCH_CACHED = WEIR_BATCH_PACKETS_MAX,
	BENCH_LARGE = 1 << 20, /* packets of 128 bytes: more than any cache */
	LINK_TYPE_ETHERNET = 1,
};

struct mix {
	const char *name;
	const char *specimens[8]; /* taken in a random order */
};

static const struct mix mixes[] = {
	{"tcp over ipv4", {"tcp over ipv4"}},
	{"udp over ipv4", {"padding of a short frame is no payload"}},
	{"tcp over ipv4, one vlan", {"one vlan tag"}},
	{"tcp over ipv6", {"tcp over ipv6"}},
	{"all of these",
	 {"tcp over ipv4", "padding of a short frame is no payload", "one vlan tag",
	  "tcp over ipv6", "udp over ipv6"}},
	{"general path: ipv4 options", {"ipv4 options"}},
	{"general path: mpls", {"mpls with ipv4"}},
	{"general path: first fragment", {"ipv4 first fragment"}},
	{"general path: vxlan", {"vxlan"}},
};

/* Packets laid out one after the other, and what is decoded of them. */
struct trace {
	uint8_t *bytes;
	struct weir_packet *packets;
	uint32_t count;
};

static const struct specimen *specimen_named(const char *name)
{
	for (size_t i = 0; i < specimen_count; i++) {
		if (!strcmp(specimens[i].name, name))
			return &specimens[i];
	}
	fprintf(stderr, "no specimen '%s'\n", name);
	exit(1);
}

static void trace_fill(struct trace *trace, const struct mix *mix)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX] = {0};
	uint32_t kinds = 0, random = 1;

	while (kinds < 8 && mix->specimens[kinds])
		kinds++;
	for (uint32_t i = 0; i < trace->count; i++) {
		struct weir_packet *packet = &trace->packets[i];
		uint32_t length;

		random = random * 1664525 + 1013904223; /* Numerical Recipes */
		length = specimen_bytes(specimen_named(mix->specimens[(random >> 16) % kinds]),
					bytes);
		memcpy(trace->bytes + (size_t)i * BENCH_STRIDE_BYTES, bytes, length);
		*packet = (struct weir_packet){
			.bytes = trace->bytes + (size_t)i * BENCH_STRIDE_BYTES,
			.captured_len = length,
			.wire_len = length,
		};
	}
}

/* A counter of user-space instructions, or -1. */
static int counter_open(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t counter_read(int counter)
{
	uint64_t value = 0;

	if (counter < 0 || read(counter, &value, sizeof(value)) != sizeof(value))
		return 0;
	return value;
}

static void decode_trace(const struct trace *trace, bool inner)
{
	static struct weir_headers outer[WEIR_BATCH_PACKETS_MAX], in[WEIR_BATCH_PACKETS_MAX];

	for (uint32_t i = 0; i < trace->count; i += WEIR_BATCH_PACKETS_MAX) {
		weir_decode_outer(trace->packets + i, WEIR_BATCH_PACKETS_MAX, LINK_TYPE_ETHERNET,
				  outer);
		if (inner)
			weir_decode_inner(trace->packets + i, WEIR_BATCH_PACKETS_MAX, outer, in);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *name, const char *where, const struct trace *trace, bool inner,
		    int counter)
{
	uint32_t rounds = trace->count < BENCH_PACKETS ? BENCH_PACKETS / trace->count : 1;
	double packets = (double)rounds * trace->count;
	double ns[BENCH_RUNS];
	uint64_t instructions = 0;

	for (int run = 0; run < BENCH_RUNS; run++) {
		uint64_t instructions_before = counter_read(counter);
		uint64_t before = cpu_ns();

		for (uint32_t round = 0; round < rounds; round++)
			decode_trace(trace, inner);
		ns[run] = (double)(cpu_ns() - before) / packets;
		instructions = counter_read(counter) - instructions_before;
	}
	qsort(ns, BENCH_RUNS, sizeof(*ns), compare);
	printf("%-32s %-7s %-6s %6.2f %6.2f", name, where, inner ? "inner" : "outer", ns[0],
	       ns[BENCH_RUNS / 2]);
	if (counter >= 0)
		printf(" %6.1f\n", (double)instructions / packets);
	else
		printf("      ?\n");
}

int main(void)
{
	struct trace trace = {0}, cached;
	int counter = counter_open();

	trace.bytes = calloc(BENCH_LARGE, BENCH_STRIDE_BYTES);
	trace.packets = calloc(BENCH_LARGE, sizeof(*trace.packets));
	if (!trace.bytes || !trace.packets)
		return 1;
	trace.count = BENCH_LARGE;
	cached = trace;
	cached.count = BENCH_CACHED;
	printf("%-32s %-7s %-6s %6s %6s %6s\n", "ns a packet", "from", "depth", "best", "median",
	       "instr.");
	for (size_t i = 0; i < sizeof(mixes) / sizeof(*mixes); i++) {
		trace_fill(&trace, &mixes[i]);
		measure(mixes[i].name, "cache", &cached, false, counter);
		measure(mixes[i].name, "cache", &cached, true, counter);
		measure(mixes[i].name, "memory", &trace, false, counter);
	}
	free(trace.bytes);
	free(trace.packets);
	return 0;
}
