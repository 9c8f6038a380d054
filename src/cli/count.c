/* SPDX-License-Identifier: Apache-2.0 */
/* weir count: a line a second, and the ledger at the end. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/format.h"
#include "capture.h"
#include "commands.h"

/* Enough for headers of all sorts: the rest need not be copied to be counted. */
enum { COUNT_SNAPLEN = 128 };

struct count {
	struct capture_options capture; /* first: the common options */
	struct weir_totals last;
	uint64_t last_ns;
};

static int count_add_sinks(void *user, struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < weir_engine_workers(engine); i++) {
		struct weir_sink *sink;

		rc = weir_sink_open_count(&sink);
		rc = rc < 0 ? weir_error_set(error, rc, "out of memory")
			    : weir_engine_add_sink(engine, i, sink, error);
	}
	return rc;
}

static void count_print_json(const struct weir_totals *d, uint64_t now_ns, double seconds,
			     bool last)
{
	printf("{\"time_ns\":%" PRIu64 ",\"interval_s\":%.3f,\"last\":%s,\"packets\":%" PRIu64
	       ",\"bytes\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"wire\":",
	       now_ns, seconds, last ? "true" : "false", d->delivered, d->bytes, d->dropped);
	if (d->wire_known)
		printf("%" PRIu64 "}\n", d->wire);
	else
		printf("null}\n");
}

static void count_print_line(const struct weir_totals *d, uint64_t now_ns, double seconds)
{
	char time[FORMAT_BYTES], packets[FORMAT_BYTES], dropped[FORMAT_BYTES];
	char rate[FORMAT_BYTES], bits[FORMAT_BYTES];

	printf("%s %14s packets %8spps %8sbit/s %12s dropped\n", format_time_of_day(now_ns, time),
	       format_count(d->delivered, packets),
	       format_rate((double)d->delivered / seconds, rate),
	       format_rate(8.0 * (double)d->bytes / seconds, bits),
	       d->dropped_known ? format_count(d->dropped, dropped) : "?");
}

static void count_interval(void *user, struct weir_engine *engine, bool last)
{
	struct count *count = user;
	struct weir_totals now, d;
	uint64_t now_ns = weir_engine_duration_ns(engine);
	double seconds = (double)(now_ns - count->last_ns) / (double)CLOCK_NS_PER_S;

	weir_ledger_totals(weir_engine_ledger(engine), true, &now);
	d = now;
	d.delivered -= count->last.delivered;
	d.bytes -= count->last.bytes;
	d.dropped -= count->last.dropped;
	d.wire -= count->last.wire;
	count->last = now;
	count->last_ns = now_ns;
	if (count->capture.json)
		count_print_json(&d, clock_unix_ns(), seconds, last);
	else
		count_print_line(&d, clock_unix_ns(), seconds);
	if (fflush(stdout) || ferror(stdout))
		weir_engine_stop(engine); /* nobody reads any more */
}

static int count_run(const struct command *command, int argc, char **argv)
{
	static struct count count;
	const struct capture_hooks hooks = {
		.add_sinks = count_add_sinks, .interval = count_interval, .user = &count};
	int first, status;

	capture_init(&count.capture);
	count.capture.defaults.snaplen = COUNT_SNAPLEN;
	status = options_parse(command, argc, argv, &count, &first);
	if (status >= 0)
		return status;
	return capture_run(command, &count.capture, &hooks, argc - first, argv + first);
}

static const struct option_group count_groups[] = {
	{"Input", capture_input_rows},
	{"Workers", capture_worker_rows},
	{"Stop", capture_stop_rows},
	{"Output", capture_output_rows},
	{NULL, NULL},
};

const struct command count_command = {
	.name = "count",
	.summary = "count packets, bits and drops, a line a second",
	.operands = "[filter expression]",
	.description = "Counts the packets that a source delivers: a line a second on standard "
		       "output, and at the end a report that accounts for every packet.",
	.examples = "  weir count -i eth0\n"
		    "  weir count -i eth0 -a duration:10 udp port 53\n"
		    "  weir count -r old.pcap.gz\n",
	.groups = count_groups,
	.run = count_run,
};
