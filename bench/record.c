/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recording alone costs: made-up packets through the recording sink, in
 * batches as a ring delivers them, without any capture before it.
 *
 *   record PATH PACKETS LENGTH SNAPLEN plain|direct|mmap FILE-BYTES [manifest|waiting|filter]
 *
 * 'waiting' is a flight recorder to which nothing happens, 'filter' one that
 * looks for a packet which does not come.
 *
 * Prints CPU nanoseconds (user and system, all threads) and wall nanoseconds
 * per packet. Compare runs of different files and file systems, alternating.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "weir/record.h"

enum { BATCH = 256, ARENA_BYTES = 1 << 22 /* as a ring's blocks, beyond the L2 cache */ };

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CLOCK_NS_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * CLOCK_NS_PER_US;
}

static void bench_batch(struct weir_packet *packets, const uint8_t *arena, uint64_t n,
			uint32_t length)
{
	for (uint32_t i = 0; i < BATCH; i++)
		packets[i] = (struct weir_packet){
			.bytes = arena + (n + i) * (length + 84) % (ARENA_BYTES - length),
			.time_ns = 1700000000000000000 + (n + i) * 270,
			.captured_len = length,
			.wire_len = length,
			.flags = WEIR_PACKET_HOST,
		};
}

static int bench_run(struct weir_sink *sink, struct weir_row *row, uint64_t total, uint32_t length)
{
	struct weir_packet packets[BATCH];
	struct weir_batch batch = {.packets = packets, .count = BATCH};
	uint8_t *arena = calloc(1, ARENA_BYTES);
	int rc = arena ? 0 : 1;

	for (uint64_t n = 0; n < total && !rc; n += BATCH) {
		bench_batch(packets, arena, n, length);
		weir_cell_add(&row->in, BATCH);
		rc = sink->ops->consume(sink, row, &batch, NULL);
	}
	free(arena);
	return sink->ops->finish(sink) ? 1 : rc;
}

static const struct {
	const char *name;
	enum weir_record_writer writer;
} writers[] = {
	{"plain", WEIR_RECORD_WRITER_PLAIN},
	{"direct", WEIR_RECORD_WRITER_DIRECT},
	{"mmap", WEIR_RECORD_WRITER_MMAP},
	{NULL, WEIR_RECORD_WRITER_DEFAULT},
};

/* What else the recorder does. */
static void bench_mode(struct weir_record_settings *settings, const char *mode,
		       struct weir_filter **filter)
{
	settings->manifest = !strcmp(mode, "manifest");
	if (settings->manifest)
		return;
	settings->flight.ring_bytes = UINT64_C(256) << 20;
	settings->flight.before_ns = CLOCK_NS_PER_S;
	if (strcmp(mode, "filter") || weir_filter_open("host 192.0.2.1", filter, NULL))
		return;
	settings->flight.filters = filter;
	settings->flight.filter_count = 1;
}

int main(int argc, char **argv)
{
	struct weir_record_settings settings = {.path = argc > 1 ? argv[1] : "/dev/null"};
	uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 0) : 10000000;
	uint32_t length = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 60;
	struct weir_interface interface = {
		.name = "bench0", .source = "ring", .link_type = 1, .time_resolution = 9};
	struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	struct weir_account *account;
	struct weir_row *row;
	struct weir_sink *sink;
	struct weir_filter *filter = NULL;
	struct weir_error error;
	uint64_t wall, cpu;
	int rc;

	settings.snaplen = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 0) : 0;
	for (int i = 0; argc > 5 && writers[i].name; i++)
		if (!strcmp(argv[5], writers[i].name))
			settings.writer = writers[i].writer;
	settings.rotation.file_bytes = argc > 6 ? strtoull(argv[6], NULL, 0) : 0;
	if (argc > 7)
		bench_mode(&settings, argv[7], &filter);
	if (weir_ledger_open(&ledger) || weir_interfaces_open(&interfaces) ||
	    weir_interfaces_add(interfaces, &interface) < 0)
		return 1;
	account = weir_ledger_account(ledger, "bench0", "", "ring", 0);
	weir_ledger_row(ledger, account, WEIR_STAGE_RING, "", false);
	row = weir_ledger_row(ledger, account, WEIR_STAGE_SINK, "record", true);
	if (weir_sink_open_record(&settings, interfaces, &sink, &error)) {
		fprintf(stderr, "record: %s\n", error.text);
		return 1;
	}
	if (sink->ops->attach(sink, ledger, account, row))
		return 1;
	wall = clock_monotonic_ns();
	cpu = cpu_ns();
	rc = bench_run(sink, row, total, length);
	cpu = cpu_ns() - cpu;
	wall = clock_monotonic_ns() - wall;
	printf("%s, %s: %.1f ns CPU, %.1f ns wall per packet, %s\n", settings.path,
	       weir_sink_record_writer(sink), (double)cpu / (double)total,
	       (double)wall / (double)total,
	       weir_ledger_unbalanced(ledger) ? "NOT BALANCED" : "balanced");
	sink->ops->close(sink);
	weir_filter_close(filter);
	weir_ledger_close(ledger);
	weir_interfaces_close(interfaces);
	return rc;
}
