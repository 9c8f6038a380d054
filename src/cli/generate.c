/* SPDX-License-Identifier: Apache-2.0 */
/* weir generate: packets of many flows, at a rate, counted exactly. */
#include "weir/generate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/format.h"
#include "base/parse.h"
#include "commands.h"
#include "weir/privilege.h"

#define GENERATE_RATE_KEPT 0.98 /* of the rate asked for; less is told */

enum { GENERATE_MBIT = 1000000, GENERATE_VLAN_ID_MAX = 4094 };

struct generate_options {
	struct weir_generate_settings settings;
	uint8_t destination_mac[6];
	const char *source_text,
		*destination_text; /* addresses; their family is known at the end */
	uint8_t source[16], destination[16];
	bool top, json, quiet;
	const char *report_path;
};

static volatile sig_atomic_t generate_stop;

static void generate_on_signal(int number)
{
	generate_stop = 1;
}

/* ---- options ---- */

static int generate_take_number(const char *value, const char *what, uint64_t max, uint64_t *out,
				struct weir_error *error)
{
	if (parse_u64(value, max, out) || !*out)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a number of %s (1 to %" PRIu64 ")", value, what,
				      max);
	return 0;
}

static int generate_take_interface(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	if (o->settings.interface)
		return weir_error_set(error, -EINVAL, "one interface only");
	o->settings.interface = value;
	return 0;
}

static int generate_take_method(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	for (int i = WEIR_GENERATE_AUTO; i <= WEIR_GENERATE_XDP; i++) {
		if (!strcmp(value, weir_generate_method_name((enum weir_generate_method)i))) {
			o->settings.method = (enum weir_generate_method)i;
			return 0;
		}
	}
	return weir_error_set(error, -EINVAL, "'%s' is not auto, socket, live or xdp", value);
}

static int generate_take_flows(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;
	uint64_t flows;
	int status = generate_take_number(value, "flows", WEIR_GENERATE_FLOWS_MAX, &flows, error);

	if (!status)
		o->settings.flows = (uint32_t)flows;
	return status;
}

static int generate_take_size(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;
	uint64_t bytes;
	int status;

	o->settings.imix = !strcmp(value, "imix");
	o->settings.frame_bytes = 0;
	if (o->settings.imix)
		return 0;
	status = generate_take_number(value, "bytes, or 'imix'", WEIR_GENERATE_FRAME_BYTES_MAX,
				      &bytes, error);
	if (!status)
		o->settings.frame_bytes = (uint32_t)bytes;
	return status;
}

static int generate_take_ipv6(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->settings.ipv6 = true;
	return 0;
}

static int generate_take_vlan(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;
	uint64_t id;

	if (parse_u64(value, GENERATE_VLAN_ID_MAX, &id))
		return weir_error_set(error, -EINVAL, "'%s' is not a VLAN id of 0 to %d", value,
				      GENERATE_VLAN_ID_MAX);
	o->settings.vlan = true;
	o->settings.vlan_id = (uint16_t)id;
	return 0;
}

static int generate_take_mac(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;
	uint8_t *m = o->destination_mac;
	int end = 0;

	if (sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2], &m[3],
		   &m[4], &m[5], &end) != 6 ||
	    value[end])
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a MAC address (like 02:00:00:00:00:01)", value);
	o->settings.destination_mac = m;
	return 0;
}

static int generate_take_source(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->source_text = value;
	return 0;
}

static int generate_take_destination(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->destination_text = value;
	return 0;
}

static int generate_take_seed(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	if (parse_u64(value, UINT64_MAX, &o->settings.seed))
		return weir_error_set(error, -EINVAL, "'%s' is not a number", value);
	return 0;
}

static int generate_take_pps(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	return generate_take_number(value, "packets a second", WEIR_GENERATE_PACKETS_PER_S_MAX,
				    &o->settings.packets_per_s, error);
}

static int generate_take_mbit(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;
	double most = (double)WEIR_GENERATE_BITS_PER_S_MAX / GENERATE_MBIT;
	char *end;
	double mbit = strtod(value, &end);

	if (end == value || *end || !(mbit * GENERATE_MBIT >= 1 && mbit <= most))
		return weir_error_set(error, -EINVAL, "'%s' is not a number of Mbit/s (up to %.0f)",
				      value, most);
	o->settings.bits_per_s = (uint64_t)(mbit * GENERATE_MBIT + 0.5);
	return 0;
}

static int generate_take_top(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->top = true;
	return 0;
}

static int generate_take_count(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	return generate_take_number(value, "packets", UINT64_MAX - 1, &o->settings.count, error);
}

static int generate_take_duration(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	if (parse_duration_ns(value, &o->settings.duration_ns) || !o->settings.duration_ns)
		return weir_error_set(error, -EINVAL, "'%s' is not a duration (10, 500ms, 2m)",
				      value);
	return 0;
}

static int generate_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->json = true;
	return 0;
}

static int generate_take_report(void *options, const char *value, struct weir_error *error)
{
	struct generate_options *o = options;

	if (o->report_path)
		return weir_error_set(error, -EINVAL, "one report only");
	o->report_path = value;
	return 0;
}

static int generate_take_quiet(void *options, const char *value, struct weir_error *error)
{
	((struct generate_options *)options)->quiet = true;
	return 0;
}

static const struct option_row generate_where_rows[] = {
	{'i', "interface", "IF", "send on this interface", generate_take_interface},
	{0, "method", "NAME",
	 "socket (sendmmsg), xdp (AF_XDP, zero-copy where the driver can), live (XDP live frames: "
	 "some ten times faster, top speed only), or auto "
	 "(default): live at top speed where that works, else socket",
	 generate_take_method},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row generate_packet_rows[] = {
	{0, "flows", "N",
	 "packets of N flows in turn, different in source address and port (default 1)",
	 generate_take_flows},
	{0, "size", "BYTES",
	 "length of a frame without FCS (default 60, or what the headers need); imix: 7:4:1 frames "
	 "of 60, 566 and 1514 bytes (with FCS 64, 570 and 1518)",
	 generate_take_size},
	{'6', "ipv6", NULL, "IPv6 instead of IPv4", generate_take_ipv6},
	{0, "vlan", "ID", "with an 802.1Q tag", generate_take_vlan},
	{0, "dst-mac", "MAC", "to this station (default: broadcast)", generate_take_mac},
	{0, "dst-ip", "ADDRESS", "to this host (default 198.19.0.1, 2001:2:0:1::1)",
	 generate_take_destination},
	{0, "src-ip", "ADDRESS", "from this host on (default 198.18.0.1, 2001:2::1)",
	 generate_take_source},
	{0, "seed", "N", "another payload, other ports, another order of sizes",
	 generate_take_seed},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row generate_rate_rows[] = {
	{0, "pps", "R", "R packets a second", generate_take_pps},
	{0, "mbit", "R", "R megabits a second of layer-2 frames, without FCS, preamble and gap",
	 generate_take_mbit},
	{0, "top", NULL, "as fast as it goes (default)", generate_take_top},
	{'c', "count", "N", "stop when exactly N packets were sent", generate_take_count},
	{0, "duration", "S", "stop after S seconds", generate_take_duration},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row generate_output_rows[] = {
	{0, "json", NULL, "print the result as a line of JSON", generate_take_json},
	{0, "report", "FILE", "write the result to FILE as one JSON object", generate_take_report},
	{'q', "quiet", NULL, "do not say on standard error whether it balances and kept its rate",
	 generate_take_quiet},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group generate_groups[] = {
	{"Where", generate_where_rows},
	{"Packets", generate_packet_rows},
	{"How fast, how many", generate_rate_rows},
	{"Output", generate_output_rows},
	{NULL, NULL},
};

/* An address of the family that was asked for; NULL text leaves the default. */
static int generate_address(const struct generate_options *o, const char *text, uint8_t *bytes,
			    const uint8_t **out, struct weir_error *error)
{
	if (!text)
		return 0;
	if (inet_pton(o->settings.ipv6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return weir_error_set(error, -EINVAL, "'%s' is not an IPv%d address", text,
				      o->settings.ipv6 ? 6 : 4);
	*out = bytes;
	return 0;
}

static int generate_check(struct generate_options *o, struct weir_error *error)
{
	struct weir_generate_settings *settings = &o->settings;
	int status;

	if (!settings->interface)
		return weir_error_set(error, -EINVAL, "no interface given: say -i IF");
	if (!!settings->packets_per_s + !!settings->bits_per_s + o->top > 1)
		return weir_error_set(error, -EINVAL,
				      "--pps, --mbit and --top contradict each other: give one");
	if ((o->source_text && strchr(o->source_text, ':')) ||
	    (o->destination_text && strchr(o->destination_text, ':')))
		settings->ipv6 = true;
	status = generate_address(o, o->source_text, o->source, &settings->source_address, error);
	if (!status)
		status = generate_address(o, o->destination_text, o->destination,
					  &settings->destination_address, error);
	return status;
}

/* ---- the result ---- */

static bool generate_balanced(const struct weir_generate_result *result)
{
	return !result->nic_sent_known || result->nic_sent >= result->sent;
}

static json_t *generate_number(uint64_t value, bool known)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

/* One JSON object and a newline. */
static int generate_write_json(FILE *out, const struct generate_options *o,
			       const struct weir_generate_result *result)
{
	char name[NAME_MAX];
	json_t *report =
		json_pack("{s:b, s:b, s:f, s:s, s:s, s:{s:I, s:I, s:o}, s:o}", "balanced",
			  generate_balanced(result), "checked", result->nic_sent_known,
			  "duration_s", (double)result->duration_ns / (double)CLOCK_NS_PER_S,
			  "interface", format_utf8(o->settings.interface, name, sizeof(name)),
			  "method", weir_generate_method_name(result->method), "packets", "sent",
			  (json_int_t)result->sent, "refused", (json_int_t)result->refused,
			  "nic_sent", generate_number(result->nic_sent, result->nic_sent_known),
			  "bytes", generate_number(result->bytes, result->bytes_known));
	int status = report ? json_dumpf(report, out, JSON_REAL_PRECISION(9)) : -1;

	json_decref(report);
	if (!status)
		putc('\n', out);
	return !status && !fflush(out) && !ferror(out) ? 0 : -EIO;
}

/* ", 12.3 Mbit/s": one space before the prefix or, without one, the unit. */
static void generate_print_rate(double units, double seconds, const char *unit)
{
	char text[FORMAT_BYTES];

	format_rate(seconds > 0 ? units / seconds : 0, text);
	printf(", %s%s%s", text, strchr(text, ' ') ? "" : " ", unit);
}

static void generate_print(const struct weir_generate_result *result)
{
	double seconds = (double)result->duration_ns / (double)CLOCK_NS_PER_S;
	char sent[FORMAT_BYTES], refused[FORMAT_BYTES];

	printf("%s packets sent in %.3f s by method '%s'", format_count(result->sent, sent),
	       seconds, weir_generate_method_name(result->method));
	generate_print_rate((double)result->sent, seconds, "pps");
	if (result->bytes_known)
		generate_print_rate(8.0 * (double)result->bytes, seconds, "bit/s");
	if (result->refused)
		printf("; %s refused by the interface, others sent in their place",
		       format_count(result->refused, refused));
	putchar('\n');
}

static void generate_print_balance(const struct generate_options *o,
				   const struct weir_generate_result *result)
{
	char sent[FORMAT_BYTES], counted[FORMAT_BYTES];

	if (!result->nic_sent_known)
		fprintf(stderr, "not checked: the counter of '%s' cannot be read\n",
			o->settings.interface);
	else
		fprintf(stderr, "%s: %s sent, '%s' counted %s\n",
			generate_balanced(result) ? "balanced" : "NOT balanced",
			format_count(result->sent, sent), o->settings.interface,
			format_count(result->nic_sent, counted));
}

/* A rate that the machine could not keep is no error, but changes what a test says. */
static void generate_note_slowness(const struct generate_options *o,
				   const struct weir_generate_result *result)
{
	const struct weir_generate_settings *settings = &o->settings;
	double seconds = (double)result->duration_ns / (double)CLOCK_NS_PER_S;
	double wanted = settings->bits_per_s ? (double)settings->bits_per_s
					     : (double)settings->packets_per_s;
	double units = settings->bits_per_s ? 8.0 * (double)result->bytes : (double)result->sent;

	if (units / wanted < GENERATE_RATE_KEPT * seconds)
		fprintf(stderr, "weir generate: the rate was not kept: %.1f %% of it reached\n",
			100 * units / wanted / seconds);
}

static int generate_tell(const struct command *command, const struct generate_options *o,
			 FILE *report, const struct weir_generate_result *result)
{
	struct weir_error error;
	int status = STATUS_OK;

	if (o->json)
		generate_write_json(stdout, o, result);
	else
		generate_print(result);
	if (!o->quiet)
		generate_print_balance(o, result);
	if (!o->quiet && (o->settings.packets_per_s || o->settings.bits_per_s))
		generate_note_slowness(o, result);
	if (report && generate_write_json(report, o, result)) {
		weir_error_set_errno(&error, -EIO, "cannot write '%s'", o->report_path);
		status = options_fail(command, STATUS_ERROR, &error);
	}
	return generate_balanced(result) ? status : STATUS_ERROR;
}

/* ---- the run ---- */

static void generate_notice(void *user, const char *text)
{
	fprintf(stderr, "weir generate: %s\n", text);
}

static void generate_catch_signals(void)
{
	struct sigaction action = {.sa_handler =
					   generate_on_signal}; /* ends waits: no SA_RESTART */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int generate_send(const struct command *command, const struct generate_options *o,
			 FILE *report)
{
	struct weir_generate *generate = NULL;
	struct weir_generate_result result;
	struct weir_error error = {0};
	int status = weir_generate_open(&o->settings, &generate, &error);

	if (status)
		return options_fail(command, status == -EINVAL ? STATUS_USAGE : STATUS_ERROR,
				    &error);
	/* live frames take capabilities in every run; sockets none once they are open */
	if (weir_generate_method(generate) != WEIR_GENERATE_LIVE)
		status = weir_privilege_drop(&error);
	if (status) {
		weir_generate_close(generate);
		return options_fail(command, STATUS_ERROR, &error);
	}
	status = weir_generate_run(generate, &generate_stop, &result, &error);
	weir_generate_close(generate);
	if (status)
		options_fail(command, STATUS_ERROR, &error);
	return generate_tell(command, o, report, &result) || status ? STATUS_ERROR : STATUS_OK;
}

static int generate_run(const struct command *command, int argc, char **argv)
{
	struct generate_options options = {.settings.notice = generate_notice};
	struct weir_error error = {0};
	FILE *report = NULL;
	int first;
	int status = options_parse(command, argc, argv, &options, &first);

	if (status >= 0)
		return status;
	if (first < argc)
		weir_error_set(&error, -EINVAL, "'%s' is too much: only options are taken",
			       argv[first]);
	if (error.code || generate_check(&options, &error))
		return options_fail(command, STATUS_USAGE, &error);
	if (options.report_path && !(report = fopen(options.report_path, "we"))) {
		weir_error_set_errno(&error, -errno, "cannot write '%s'", options.report_path);
		return options_fail(command, STATUS_ERROR, &error);
	}
	generate_catch_signals();
	status = generate_send(command, &options, report);
	if (report)
		fclose(report);
	return status;
}

const struct command generate_command = {
	.name = "generate",
	.summary = "send packets of many flows, at a rate, counted exactly",
	.operands = "",
	.description = "Sends UDP packets with right checksums out of an Ethernet interface, and "
		       "tells exactly how many it took. For testing what captures.",
	.examples =
		"  weir generate -i eth1 --dst-mac 02:00:00:00:00:02 --count 1000000 --pps 200000\n"
		"  weir generate -i eth1 --dst-mac 02:00:00:00:00:02 --flows 1000000 --top\n"
		"  weir generate -i eth1 --size imix --mbit 500 --duration 60 -6\n",
	.groups = generate_groups,
	.run = generate_run,
};
