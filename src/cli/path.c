/* SPDX-License-Identifier: Apache-2.0 */
/* weir path: where in the stack packets pass, how many, and how long they take between. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "capture.h"
#include "commands.h"
#include "weir/drop_reason.h"
#include "weir/path.h"

/* All that is looked at of a packet; also the most that a tap keeps. */
enum { PATH_SNAPLEN = 112 };

/* A source at one hook, or at one for each direction. */
struct path_place {
	const char *format; /* of the source's name, with the interface's in it */
	enum weir_path_hook incoming, outgoing;
	bool is_optional; /* not every kernel has it */
};

static const struct path_place path_places[] = {
	{"ring:%s", WEIR_PATH_PACKET_IN, WEIR_PATH_PACKET_OUT, false},
	{"tap:%s", WEIR_PATH_TC_IN, WEIR_PATH_TC_OUT, false},
	{"nf:%s,method=bpf,hook=prerouting", WEIR_PATH_PREROUTING, WEIR_PATH_NONE, true},
	{"nf:%s,method=bpf,hook=input", WEIR_PATH_INPUT, WEIR_PATH_NONE, true},
	{"trace:%s,hook=socket", WEIR_PATH_SOCKET, WEIR_PATH_NONE, true},
	{"nf:%s,method=bpf,hook=output", WEIR_PATH_NONE, WEIR_PATH_OUTPUT, true},
	{"nf:%s,method=bpf,hook=postrouting", WEIR_PATH_NONE, WEIR_PATH_POSTROUTING, true},
	{"trace:%s,hook=drop", WEIR_PATH_NONE, WEIR_PATH_NONE, true},
	{"tap:%s,hook=xdp", WEIR_PATH_XDP, WEIR_PATH_NONE, false}, /* last: only with --xdp */
};

enum {
	PATH_PLACES = sizeof(path_places) / sizeof(*path_places),
	PATH_DROPS = 7, /* in path_places */
};

struct path_options {
	struct capture_options capture; /* first: the common options */
	const char *interface;
	bool with_xdp;
	char names[PATH_PLACES][128];
	struct weir_sink *sink; /* the engine's */
	struct weir_drop_reasons *reasons;
};

static int path_take_interface(void *options, const char *value, struct weir_error *error)
{
	struct path_options *o = options;

	if (o->interface)
		return weir_error_set(error, -EINVAL, "one interface at a time");
	if (strpbrk(value, ":,"))
		return weir_error_set(error, -EINVAL, "'%s' is not the name of an interface",
				      value);
	o->interface = value;
	return 0;
}

static int path_take_xdp(void *options, const char *value, struct weir_error *error)
{
	((struct path_options *)options)->with_xdp = true;
	return 0;
}

static int path_add_sinks(void *user, struct weir_engine *engine, struct weir_error *error)
{
	struct path_options *o = user;
	struct weir_path_settings settings;
	int rc;

	for (int i = 0; i < WEIR_PATH_SOURCES_MAX; i++)
		settings.incoming[i] = settings.outgoing[i] = WEIR_PATH_NONE;
	/* each source that there is has entered one interface, in this order */
	for (uint32_t i = 0, interface = 0; i < o->capture.input_count; i++) {
		if (o->capture.inputs[i].is_absent)
			continue;
		settings.incoming[interface] = path_places[i].incoming;
		settings.outgoing[interface++] = path_places[i].outgoing;
	}
	rc = weir_sink_open_path(&settings, &o->sink);
	if (rc < 0)
		return weir_error_set(error, rc, "out of memory");
	return weir_engine_add_sink(engine, 0, o->sink, error);
}

static const char *path_time(uint64_t ns, bool known, char text[FORMAT_BYTES])
{
	if (!known)
		return "-";
	if (ns < 10000)
		snprintf(text, FORMAT_BYTES, "%" PRIu64 " ns", ns);
	else if (ns < 10000000)
		snprintf(text, FORMAT_BYTES, "%" PRIu64 " us", ns / 1000);
	else
		snprintf(text, FORMAT_BYTES, "%" PRIu64 " ms", ns / 1000000);
	return text;
}

static const char *path_way(int hook)
{
	return hook <= WEIR_PATH_SOCKET ? "receive" : "transmit";
}

/* Is there a source at the hook? */
static bool path_is_present(const struct path_options *o, int hook)
{
	for (uint32_t i = 0; i < o->capture.input_count; i++)
		if (!o->capture.inputs[i].is_absent &&
		    ((int)path_places[i].incoming == hook || (int)path_places[i].outgoing == hook))
			return true;
	return false;
}

/* Wire packets; '?' and null where those of some frames cannot be told. */
static const char *path_wire(uint64_t wire, uint64_t unknown, char text[FORMAT_BYTES])
{
	return unknown ? "?" : format_count(wire, text);
}

static const char *path_json_wire(uint64_t wire, uint64_t unknown, char text[FORMAT_BYTES])
{
	if (unknown)
		return "null";
	snprintf(text, FORMAT_BYTES, "%" PRIu64, wire);
	return text;
}

static void path_print_row(int hook, const struct weir_path_result *r)
{
	char frames[FORMAT_BYTES], wire[FORMAT_BYTES], missing[FORMAT_BYTES];
	char median[FORMAT_BYTES], most[FORMAT_BYTES], max[FORMAT_BYTES];
	bool has_before = r->before != WEIR_PATH_NONE;

	printf("%-8s %-11s %11s %11s %8s %10s %7s %7s\n", path_way(hook),
	       weir_path_hook_name((enum weir_path_hook)hook), format_count(r->frames, frames),
	       path_wire(r->wire, r->wire_unknown, wire),
	       has_before ? format_count(r->missing, missing) : "-",
	       path_time(r->median_ns, r->delays, median),
	       path_time(r->most_99_ns, r->delays, most), path_time(r->max_ns, r->delays, max));
}

static void path_print_unknown(const struct path_options *o, int hook)
{
	const char *name = weir_path_hook_name((enum weir_path_hook)hook);

	if (o->capture.json)
		printf("{\"way\":\"%s\",\"hook\":\"%s\",\"packets\":null}\n", path_way(hook), name);
	else
		printf("%-8s %-11s %11s %11s %8s\n", path_way(hook), name, "?", "?", "?");
}

static void path_print_json(int hook, const struct weir_path_result *r)
{
	char wire[FORMAT_BYTES];

	printf("{\"way\":\"%s\",\"hook\":\"%s\",\"packets\":%" PRIu64
	       ",\"wire\":%s,\"known\":%" PRIu64,
	       path_way(hook), weir_path_hook_name((enum weir_path_hook)hook), r->frames,
	       path_json_wire(r->wire, r->wire_unknown, wire), r->known);
	if (r->before != WEIR_PATH_NONE)
		printf(",\"missing\":%" PRIu64 ",\"delays\":%" PRIu64, r->missing, r->delays);
	if (r->delays)
		printf(",\"delay_ns\":{\"median\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64
		       "}",
		       r->median_ns, r->most_99_ns, r->max_ns);
	printf("}\n");
}

static void path_print_drop(const struct path_options *o, const struct weir_path_drop *drop)
{
	const char *way = drop->is_outgoing ? "transmit" : "receive";
	const char *after = drop->after == WEIR_PATH_NONE ? "?" : weir_path_hook_name(drop->after);
	char frames[FORMAT_BYTES], wire[FORMAT_BYTES], reason[WEIR_DROP_REASON_BYTES];

	weir_drop_reason_name(o->reasons, drop->reason, reason);
	if (o->capture.json)
		printf("{\"way\":\"%s\",\"drop\":\"%s\",\"after\":\"%s\",\"packets\":%" PRIu64
		       ",\"wire\":%s}\n",
		       way, reason, after, drop->frames,
		       path_json_wire(drop->wire, drop->wire_unknown, wire));
	else
		printf("%-8s %-11s %11s %11s   %s\n", way, after,
		       format_count(drop->frames, frames),
		       path_wire(drop->wire, drop->wire_unknown, wire), reason);
}

static void path_print_drops(const struct path_options *o)
{
	const struct weir_path_drop *drops;
	uint64_t others;
	uint32_t count = weir_path_drops(o->sink, &drops, &others);
	char text[FORMAT_BYTES];

	if (o->capture.inputs[PATH_DROPS].is_absent) {
		puts(o->capture.json ? "{\"drop\":null}" : "\ndropped by the kernel: unknown");
		return;
	}
	if (!o->capture.json)
		printf("\n%-8s %-11s %11s %11s   %s\n", "dropped", "after", "packets",
		       "on the wire", "reason");
	for (uint32_t i = 0; i < count; i++)
		path_print_drop(o, &drops[i]);
	if (others)
		fprintf(stderr, "and %s packets dropped for further reasons\n",
			format_count(others, text));
}

static void path_interval(void *user, struct weir_engine *engine, bool last)
{
	struct path_options *o = user;
	struct weir_path_result results[WEIR_PATH_COUNT];

	if (!last)
		return;
	weir_path_results(o->sink, results);
	if (!o->capture.json)
		printf("%-8s %-11s %11s %11s %8s %10s %7s %7s\n", "", "hook", "packets",
		       "on the wire", "missing", "delay 50 %", "99 %", "most");
	for (int h = o->with_xdp ? 0 : 1; h < WEIR_PATH_COUNT; h++) {
		if (!path_is_present(o, h))
			path_print_unknown(o, h);
		else if (o->capture.json)
			path_print_json(h, &results[h]);
		else
			path_print_row(h, &results[h]);
	}
	path_print_drops(o);
	fflush(stdout);
}

static int path_run(const struct command *command, int argc, char **argv)
{
	static struct path_options o;
	const struct capture_hooks hooks = {
		.add_sinks = path_add_sinks, .interval = path_interval, .user = &o};
	int first, status;

	capture_init(&o.capture);
	o.capture.defaults.snaplen = PATH_SNAPLEN;
	o.capture.defaults.promiscuous = false;
	status = options_parse(command, argc, argv, &o, &first);
	if (status >= 0)
		return status;
	if (!o.interface) {
		fprintf(stderr, "weir path: no interface given: say -i IF\n");
		return STATUS_USAGE;
	}
	for (int i = 0; i < PATH_PLACES - !o.with_xdp; i++) {
		/* the format is one of the table's, and has one %s */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(o.names[i], sizeof(o.names[i]), path_places[i].format, o.interface);
#pragma GCC diagnostic pop
		o.capture.inputs[o.capture.input_count++] =
			(struct capture_input){.name = o.names[i],
					       .settings = o.capture.defaults,
					       .is_optional = path_places[i].is_optional};
	}
	o.reasons = weir_drop_reasons_open(); /* while files may be opened */
	status = capture_run(command, &o.capture, &hooks, argc - first, argv + first);
	weir_drop_reasons_close(o.reasons);
	return status;
}

static const struct option_row path_rows[] = {
	{'i', "interface", "IF", "the interface whose packets are followed", path_take_interface},
	{0, "xdp", NULL,
	 "at the driver's XDP hook, too, which may switch off offloads of the interface",
	 path_take_xdp},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group path_groups[] = {
	{"Where", path_rows},
	{"Stop", capture_stop_rows},
	{"Output", capture_output_rows},
	{NULL, NULL},
};

const struct command path_command = {
	.name = "path",
	.summary = "follow packets through the stack: counts and delays by hook",
	.operands = "[filter expression]",
	.description =
		"Captures an interface's packets at each hook that they pass (AF_PACKET, traffic\n"
		"control, netfilter, sockets; with --xdp the driver, too), recognises them, and\n"
		"tells at the end how many were at each hook, how many that were at the one\n"
		"before came neither there nor further, and how long they took since the last\n"
		"one. A packet that was routed on, or is for no one here, is missing at 'input'\n"
		"by right. Then come the packets that the kernel says it dropped, by its reason\n"
		"and the last hook that they passed. What this kernel cannot tell is '?'.",
	.examples = "  weir path -i eth0 -a duration:10\n"
		    "  weir path -i eth0 --xdp tcp port 443\n",
	.groups = path_groups,
	.run = path_run,
};
