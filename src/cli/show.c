/* SPDX-License-Identifier: Apache-2.0 */
/* weir show: a line per packet. The letters are tcpdump's. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "capture.h"
#include "commands.h"
#include "weir/show.h"

struct show {
	struct capture_options capture; /* first: the common options */
	struct weir_show_settings settings;
	unsigned int hex_asked, text_asked, time_asked;
};

static int show_take_time(void *options, const char *value, struct weir_error *error)
{
	struct show *show = options;

	if (++show->time_asked > WEIR_SHOW_TIME_SINCE_FIRST)
		return weir_error_set(error, -EINVAL, "it can be given five times at most");
	show->settings.time = (enum weir_show_time)show->time_asked;
	return 0;
}

static int show_take_nanoseconds(void *options, const char *value, struct weir_error *error)
{
	((struct show *)options)->settings.nanoseconds = true;
	return 0;
}

static int show_take_link(void *options, const char *value, struct weir_error *error)
{
	((struct show *)options)->settings.link_addresses = true;
	return 0;
}

static int show_take_verbose(void *options, const char *value, struct weir_error *error)
{
	((struct show *)options)->settings.verbose = true;
	return 0;
}

static int show_take_hex(void *options, const char *value, struct weir_error *error)
{
	struct show *show = options;

	show->settings.bytes = WEIR_SHOW_BYTES_HEX;
	show->settings.with_link |= show->hex_asked++ > 0;
	return 0;
}

static int show_take_text(void *options, const char *value, struct weir_error *error)
{
	struct show *show = options;

	show->settings.bytes = WEIR_SHOW_BYTES_HEX_ASCII;
	show->settings.with_link |= show->text_asked++ > 0;
	return 0;
}

static int show_take_ascii(void *options, const char *value, struct weir_error *error)
{
	((struct show *)options)->settings.bytes = WEIR_SHOW_BYTES_ASCII;
	return 0;
}

static int show_take_numeric(void *options, const char *value, struct weir_error *error)
{
	return weir_error_set(error, -EINVAL,
			      "weir never looks up names of addresses and ports: leave it out");
}

static int show_take_buffered(void *options, const char *value, struct weir_error *error)
{
	return weir_error_set(error, -EINVAL, "weir never holds lines back: leave it out");
}

static int show_add_sinks(void *user, struct weir_engine *engine, struct weir_error *error)
{
	struct show *show = user;
	struct weir_sink *sink;
	int rc;

	show->settings.json = show->capture.json;
	show->settings.fd = STDOUT_FILENO;
	rc = weir_sink_open_show(&show->settings, weir_engine_interfaces(engine), &sink, error);
	return rc < 0 ? rc : weir_engine_add_sink(engine, 0, sink, error);
}

/* After '| head' has gone, a report on the terminal is not what anybody waits for. */
static void show_interval(void *user, struct weir_engine *engine, bool last)
{
	struct show *show = user;
	struct pollfd output = {.fd = STDOUT_FILENO};

	if (last && poll(&output, 1, 0) > 0 && output.revents & POLLERR)
		show->capture.quiet = true;
}

static int show_run(const struct command *command, int argc, char **argv)
{
	static struct show show;
	const struct capture_hooks hooks = {
		.add_sinks = show_add_sinks, .interval = show_interval, .user = &show};
	int first, status;

	capture_init(&show.capture);
	status = options_parse(command, argc, argv, &show, &first);
	if (status >= 0)
		return status;
	return capture_run(command, &show.capture, &hooks, argc - first, argv + first);
}

static const struct option_row show_rows[] = {
	{'t', "time", NULL,
	 "time: -t none, -tt seconds since 1970, -ttt since the packet before, -tttt with the "
	 "date, -ttttt since the first packet",
	 show_take_time},
	{0, "nano", NULL, "nine digits of a second instead of six", show_take_nanoseconds},
	{'e', "link", NULL, "Ethernet addresses too", show_take_link},
	{'v', "verbose", NULL, "all headers, a line each", show_take_verbose},
	{'x', "hex", NULL, "bytes in hexadecimal; -xx with the link header", show_take_hex},
	{'X', "hex-ascii", NULL, "the same, and as text; -XX with the link header", show_take_text},
	{'A', "ascii", NULL, "bytes as text only", show_take_ascii},
	{'n', NULL, NULL, NULL, show_take_numeric},
	{'l', NULL, NULL, NULL, show_take_buffered},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group show_groups[] = {
	{"Lines", show_rows},
	{"Input", capture_input_rows},
	{"Stop", capture_stop_rows},
	{"Output", capture_output_rows},
	{NULL, NULL},
};

const struct command show_command = {
	.name = "show",
	.summary = "print a line per packet",
	.operands = "[filter expression]",
	.description =
		"Prints a line per packet: time, interface, direction (In, Out, B = broadcast, M = "
		"multicast, P = to another host), headers, and length on the wire in bytes. "
		"Sequence "
		"numbers are as in the packet. Addresses and ports are never turned into names.",
	.examples = "  weir show -i eth0\n"
		    "  weir show -i eth0 -c 10 -v tcp port 443\n"
		    "  weir show -r old.pcap.gz -tttt -X icmp\n"
		    "  weir show -i eth0 --json | jq .source\n",
	.groups = show_groups,
	.run = show_run,
};
