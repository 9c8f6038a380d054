/* SPDX-License-Identifier: Apache-2.0 */
/* weir flow: packets into flow records. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/format.h"
#include "commands.h"
#include "flow_options.h"
#include "flow_parts.h"
#include "weir/flow_sink.h"

enum { FLOW_AGGREGATE_S = 60 };

/* Enough for the headers of all sorts that make a flow; with tunnels, of all layers. */
enum { FLOW_SNAPLEN = 256, FLOW_SNAPLEN_INNER = 512 };

struct flow {
	struct flow_options options; /* first: see options_parse */
	struct weir_exports *exports;
	struct weir_flow_join *join; /* of parts of flows; NULL = there are none */
	struct weir_flow_board *board;
};

/* With a file every packet's time is known and the wall clock means nothing. */
static enum weir_flow_clock flow_clock(const struct capture_options *capture)
{
	for (uint32_t i = 0; i < capture->input_count; i++)
		if (strncmp(capture->inputs[i].name, "file:", 5))
			return WEIR_FLOW_CLOCK_WALL;
	return WEIR_FLOW_CLOCK_PACKET;
}

static void flow_tell_memory(const struct flow_options *o, uint32_t workers)
{
	char flows[FORMAT_BYTES];

	fprintf(stderr,
		"weir flow: %sroom for %s flows of IPv4 and of IPv6 each, %u and %u bytes a "
		"flow, %" PRIu64 " MiB when full\n",
		workers > 1 ? "each worker has " : "", format_count(o->meter.flows_max, flows),
		weir_flow_record_bytes(&o->meter, 4), weir_flow_record_bytes(&o->meter, 6),
		weir_flow_memory_bytes(&o->meter) >> 20);
}

/* What was left out on request is said in the output, so that nobody takes it for all there was. */
static void flow_tell_selection(const struct flow_options *o)
{
	static const char *const modes[] = {"", "systematic", "random", "by flow"};

	if (o->meter.sampling != WEIR_FLOW_SAMPLE_ALL)
		fprintf(stderr, "weir flow: sampling 1 in %u, %s\n", o->meter.sampling_interval,
			modes[o->meter.sampling]);
	if (o->output.anonymise_key)
		fprintf(stderr, "weir flow: addresses are pseudonyms\n");
	if (o->expression)
		fprintf(stderr, "weir flow: only records with %s\n", o->expression_text);
}

static void flow_counters(void *board, struct weir_flow_counters *out)
{
	weir_flow_board_counters(board, out);
}

static void flow_notice(void *user, const char *text)
{
	fprintf(stderr, "weir flow: %s\n", text);
}

/* A meter for each worker. */
static int flow_open_sinks(struct flow *flow, const struct weir_flow_sink_settings *settings,
			   struct weir_engine *engine, struct weir_error *error)
{
	struct weir_sink *sink;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < weir_engine_workers(engine); i++) {
		rc = weir_engine_enter(engine, i, error);
		if (rc == 0)
			rc = weir_sink_open_flow(settings, &sink, error);
		weir_engine_leave(engine);
		if (rc < 0 && i == 0) { /* else the other sinks still need them */
			weir_exports_close(flow->exports); /* its threads look into the ledger */
			flow->exports = NULL;
		}
		if (rc == 0)
			rc = weir_engine_add_sink(engine, i, sink, error);
	}
	return rc;
}

static int flow_add_sinks(void *user, struct weir_engine *engine, struct weir_error *error)
{
	struct flow *flow = user;
	struct flow_options *o = &flow->options;
	struct weir_flow_sink_settings settings = {.meter = &o->meter};
	int rc;

	o->output.interfaces = settings.interfaces = weir_engine_interfaces(engine);
	o->output.privilege = weir_engine_privilege(engine);
	o->output.meter = &o->meter;
	o->output.prefixes = o->prefixes;
	o->output.ledger = weir_engine_ledger(engine);
	o->output.counters = flow_counters;
	o->output.counters_user = flow->board;
	o->output.network.notice = flow_notice;
	rc = weir_exports_open(o->targets, o->target_count, &o->output, &flow->exports, error);
	if (rc < 0)
		return rc;
	settings.exports = flow->exports;
	settings.board = flow->board;
	settings.top = o->live_wanted;
	settings.sort = o->sort;
	rc = flow_parts_open(&flow_command, &o->capture, engine, &o->meter, flow->exports,
			     &flow->join, error);
	settings.join = flow->join;
	if (rc == 0)
		rc = flow_open_sinks(flow, &settings, engine, error);
	if (rc < 0)
		return rc;
	if (!o->capture.quiet) {
		flow_tell_memory(o, weir_engine_workers(engine));
		flow_tell_selection(o);
	}
	return 0;
}

static void flow_interval(void *user, struct weir_engine *engine, bool last)
{
	struct flow *flow = user;

	if (!flow->options.live_wanted)
		return;
	flow_live_draw(&flow->options.live, flow->board, flow->exports);
	if (fflush(stdout) || ferror(stdout))
		weir_engine_stop(engine); /* nobody reads any more */
}

/* ---- the report ---- */

static void flow_print_ignored(const struct weir_flow_counters *c)
{
	char text[FORMAT_BYTES];

	for (int i = 0; i < WEIR_FLOW_IGNORED_COUNT; i++)
		if (c->ignored[i])
			fprintf(stderr, "  %-22s %18s\n", weir_flow_ignored_name(i),
				format_count(c->ignored[i], text));
	for (uint32_t i = 0; i < c->ethertype_count; i++)
		fprintf(stderr, "    %s 0x%04x %*s %18s\n",
			c->ethertypes[i].ethertype < 1536 ? "LLC" : "ethertype",
			c->ethertypes[i].ethertype, c->ethertypes[i].ethertype < 1536 ? 11 : 5, "",
			format_count(c->ethertypes[i].frames, text));
	if (c->other_ethertypes)
		fprintf(stderr, "    %-22s %18s\n", "other ethertypes",
			format_count(c->other_ethertypes, text));
}

static void flow_print_line(const char *name, uint64_t value)
{
	char text[FORMAT_BYTES];

	if (value)
		fprintf(stderr, "  %-22s %18s\n", name, format_count(value, text));
}

static void flow_print_report(const struct flow *flow)
{
	static const char *const ends[WEIR_FLOW_END_COUNT] = {"",
							      "ended: idle",
							      "ended: active timeout",
							      "ended: FIN or RST",
							      "ended: at the end",
							      "ended: table full"};
	struct weir_flow_join_counters parts = {0};
	struct weir_flow_counters c;

	weir_flow_board_counters(flow->board, &c);
	if (flow->join)
		weir_flow_join_counters(flow->join, &parts);
	c.unwanted += parts.unwanted;
	fprintf(stderr, "flows\n");
	flow_print_line("records", c.flows - c.active - c.unwanted - parts.added);
	flow_print_line("not matching --records", c.unwanted);
	flow_print_line("joined, of several workers", parts.joined);
	flow_print_line("not held for long enough", parts.pushed_out);
	for (int i = 1; i < WEIR_FLOW_END_COUNT; i++)
		flow_print_line(ends[i], c.ended[i]);
	fprintf(stderr, "frames\n");
	flow_print_line("metered", c.metered);
	flow_print_line("by another worker than most", parts.misplaced);
	flow_print_line("not sampled", c.sampled_out);
	flow_print_ignored(&c);
	flow_print_line("late (out of order)", c.late);
	flow_print_line("clock set back, times", c.clock_steps);
	flow_print_line("fragments forgotten", c.fragments_forgotten);
}

/* ---- the command ---- */

static int flow_check(const struct command *command, struct flow_options *o)
{
	struct weir_error error;

	if (o->output.aggregate && o->output.field_count) {
		weir_error_set(&error, -EINVAL,
			       "with --aggregate the fields are those summed up by: leave out the "
			       "names in --fields");
		return options_fail(command, STATUS_USAGE, &error);
	}
	if (o->output.aggregate_ns && !o->output.aggregate) {
		weir_error_set(&error, -EINVAL,
			       "--aggregate-interval is of sums: say by which fields (--aggregate "
			       "FIELDS), or leave it out");
		return options_fail(command, STATUS_USAGE, &error);
	}
	if (o->sort && o->target_count && !o->live_wanted) {
		weir_error_set(&error, -EINVAL,
			       "--sort is of the live table: ask for it (--top N), or leave it "
			       "out");
		return options_fail(command, STATUS_USAGE, &error);
	}
	if (o->meter.fields & WEIR_FLOW_FIELD_ROUTE && !o->prefixes) {
		weir_error_set(&error, -EINVAL,
			       "AS numbers, prefix lengths and next hops need --prefixes FILE");
		return options_fail(command, STATUS_USAGE, &error);
	}
	if (o->meter.fields & WEIR_FLOW_FIELD_PACKETS && !o->meter.first_packets)
		o->meter.first_packets = 8;
	if (export_want_json(o, &error) < 0 || export_check(o, 0, &error) < 0)
		return options_fail(command, STATUS_USAGE, &error);
	if (o->target_count)
		return STATUS_OK;
	if (o->live.terminal)
		o->live_wanted = true;
	if (o->live_wanted) {
		o->targets[o->target_count++] = "null:";
		return STATUS_OK;
	}
	weir_error_set(&error, -EINVAL,
		       "no output: name one (-w flows.json, -w flows.csv, -w - or --json for JSON "
		       "lines, -w null:)");
	return options_fail(command, STATUS_USAGE, &error);
}

static void flow_set_snaplen(struct flow_options *o)
{
	bool payload = o->meter.fields & WEIR_FLOW_FIELD_HISTOGRAM;
	uint32_t headers = o->meter.layer == WEIR_FLOW_OUTER ? FLOW_SNAPLEN : FLOW_SNAPLEN_INNER;

	for (uint32_t i = 0; !payload && i < o->capture.input_count; i++)
		if (!o->capture.inputs[i].settings.snaplen)
			o->capture.inputs[i].settings.snaplen = headers;
}

/*
 * Both directions of a flow, and all of its fragments, must come to one
 * worker. With the outer flows metered, and tunnels too, those of one tunnel
 * stay together; with the inner ones alone a tunnel is spread.
 */
static void flow_set_fanout(struct flow_options *o)
{
	struct weir_fanout *fanout = &o->capture.fanout;

	if (fanout->mode == WEIR_FANOUT_NONE)
		fanout->mode = o->meter.layer == WEIR_FLOW_INNER ? WEIR_FANOUT_EBPF_INNER
								 : WEIR_FANOUT_EBPF;
}

static int flow_run(const struct command *command, int argc, char **argv)
{
	static struct flow flow;
	const struct capture_hooks hooks = {
		.add_sinks = flow_add_sinks, .interval = flow_interval, .user = &flow};
	struct flow_options *o = &flow.options;
	int first, status;

	capture_init(&o->capture);
	flow_live_init(&o->live);
	weir_flow_settings_init(&o->meter);
	status = options_parse(command, argc, argv, &flow, &first);
	if (status >= 0)
		return status;
	status = flow_check(command, o);
	if (status != STATUS_OK)
		return status;
	flow_set_snaplen(o);
	o->meter.records = o->expression;
	flow_set_fanout(o);
	o->meter.clock = flow_clock(&o->capture);
	if (!o->output.aggregate_ns && o->meter.clock == WEIR_FLOW_CLOCK_WALL)
		o->output.aggregate_ns = FLOW_AGGREGATE_S * (uint64_t)CLOCK_NS_PER_S;
	o->meter.prefault = o->meter.clock == WEIR_FLOW_CLOCK_WALL;
	if (weir_flow_board_open(&flow.board) < 0)
		return STATUS_ERROR;
	status = capture_run(command, &o->capture, &hooks, argc - first, argv + first);
	if (!o->capture.quiet && flow.exports)
		flow_print_report(&flow);
	weir_flow_join_close(flow.join);
	weir_exports_close(flow.exports);
	weir_flow_board_close(flow.board);
	weir_flow_expression_close(o->expression);
	weir_prefixes_close(o->prefixes);
	return status;
}

static const struct option_group flow_groups[] = {
	{"Flows", flow_meter_rows},
	{"Records", flow_record_rows},
	{"Export", export_rows},
	{"Live table", flow_live_rows},
	{"Input", capture_input_rows},
	{"Workers", capture_worker_rows},
	{"Stop", capture_stop_rows},
	{"Output", capture_output_rows},
	{NULL, NULL},
};

const struct command flow_command = {
	.name = "flow",
	.summary = "meter flows and write records of them",
	.operands = "[filter expression]",
	.description =
		"Meters the flows in the packets of a source, both directions in one, and writes "
		"a record of each when it ends. The report at the end accounts for every packet.",
	.examples = "  weir flow -i eth0\n"
		    "  weir flow -i eth0 -w flows.json\n"
		    "  weir flow -r old.pcap -w - | jq .packetDeltaCount\n"
		    "  weir flow -r old.pcap -w flows.csv --fields full --community-id\n"
		    "  weir flow -i eth0 -w ipfix+udp://collector:4739 -w flows.ipfix\n"
		    "  weir flow -i eth0 --active-timeout 60 --idle-timeout udp:10 -w - udp\n",
	.groups = flow_groups,
	.run = flow_run,
};
