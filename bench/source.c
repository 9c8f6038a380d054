/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source alone costs: packets are taken and given back, nothing else.
 *
 *   source NAME     (file:big.pcap, fake:packets=100000000, ...)
 *
 * Prints the packets, the sum of their lengths, and CPU (user and system) and
 * wall nanoseconds per packet.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "weir/source.h"

struct taken {
	uint64_t packets, bytes;
};

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CLOCK_NS_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * CLOCK_NS_PER_US;
}

static int take_all(struct weir_source *source, struct taken *taken)
{
	struct weir_batch *batch;
	int got;

	while ((got = source->ops->next(source, WEIR_BATCH_PACKETS_MAX, &batch)) >= 0) {
		if (!got)
			continue;
		taken->packets += batch->count;
		for (uint32_t i = 0; i < batch->count; i++)
			taken->bytes += batch->packets[i].wire_len;
		source->ops->release(source, batch);
	}
	return got == -ENODATA ? 0 : got;
}

static void notice(void *user, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

int main(int argc, char **argv)
{
	struct weir_source_context context = {.notice = notice};
	struct weir_source_settings settings = {0};
	struct weir_source *source;
	struct taken taken = {0};
	struct weir_error error;
	uint64_t cpu, wall;

	if (argc != 2 || weir_interfaces_open(&context.interfaces) ||
	    weir_ledger_open(&context.ledger)) {
		fprintf(stderr, "usage: %s SOURCE\n", argv[0]);
		return 2;
	}
	if (weir_source_open(argv[1], &settings, &context, &source, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	cpu = cpu_ns();
	wall = clock_monotonic_ns();
	if (take_all(source, &taken) < 0)
		fprintf(stderr, "%s\n", source->failure.text);
	cpu = cpu_ns() - cpu;
	wall = clock_monotonic_ns() - wall;
	printf("%" PRIu64 " packets %" PRIu64 " bytes cpu_ns %.2f wall_ns %.2f\n", taken.packets,
	       taken.bytes, (double)cpu / (double)(taken.packets + !taken.packets),
	       (double)wall / (double)(taken.packets + !taken.packets));
	source->ops->close(source);
	weir_ledger_close(context.ledger);
	weir_interfaces_close(context.interfaces);
	return 0;
}
