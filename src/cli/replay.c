/* SPDX-License-Identifier: Apache-2.0 */
/* weir replay: a capture file out of an interface, with an exact account. */
#include "weir/replay.h"

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
#include "paths.h"
#include "progress.h"
#include "weir/filter.h"
#include "weir/generate.h"

enum {
	REPLAY_MBIT = 1000000,
	REPLAY_FILTER_BYTES = 4096,
	REPLAY_LATE_NS = 1000000, /* so late, the reason is told with it */
};

struct replay_options {
	struct weir_replay_settings settings;
	const char *path, *report_path;
	char filter[REPLAY_FILTER_BYTES];
	unsigned int timings; /* how many were chosen */
	bool json, quiet;
	struct progress progress;
	struct weir_replay_file file;
};

static volatile sig_atomic_t replay_stop;

static void replay_on_signal(int number)
{
	replay_stop = 1;
}

/* ---- options ---- */

static int replay_take_interface(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (o->settings.interface)
		return weir_error_set(error, -EINVAL, "one interface only");
	o->settings.interface = value;
	return 0;
}

static int replay_take_to_stack(void *options, const char *value, struct weir_error *error)
{
	((struct replay_options *)options)->settings.to_stack = true;
	return 0;
}

static int replay_take_method(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	for (int i = WEIR_GENERATE_AUTO; i <= WEIR_GENERATE_XDP; i++) {
		o->settings.method = (enum weir_generate_method)i;
		if (!strcmp(value, weir_generate_method_name(o->settings.method)))
			return 0;
	}
	return weir_error_set(error, -EINVAL, "'%s' is not auto, socket or xdp", value);
}

static int replay_take_file(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (o->path)
		return weir_error_set(error, -EINVAL, "one file only");
	o->path = value;
	return 0;
}

static int replay_take_pps(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	o->timings++;
	o->settings.timing = WEIR_REPLAY_PACKETS;
	if (parse_u64(value, WEIR_GENERATE_PACKETS_PER_S_MAX, &o->settings.packets_per_s) ||
	    !o->settings.packets_per_s)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a number of packets a second (1 to 1e9)", value);
	return 0;
}

static int replay_take_mbit(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;
	char *end;
	double bits = strtod(value, &end) * REPLAY_MBIT;

	o->timings++;
	o->settings.timing = WEIR_REPLAY_BITS;
	if (end == value || *end || !(bits >= 1 && bits <= (double)WEIR_GENERATE_BITS_PER_S_MAX))
		return weir_error_set(error, -EINVAL, "'%s' is not a number of Mbit/s (up to 1e6)",
				      value);
	o->settings.bits_per_s = (uint64_t)(bits + 0.5);
	return 0;
}

static int replay_take_speed(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;
	char *end;
	double speed = strtod(value, &end);

	o->timings++;
	if (end == value || (*end && strcmp(end, "x")) ||
	    !(speed > 0 && speed <= WEIR_REPLAY_SPEED_MAX))
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a speed such as 2x or 0.5x (up to 1e6)", value);
	o->settings.speed = speed;
	return 0;
}

static int replay_take_top(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	o->timings++;
	o->settings.timing = WEIR_REPLAY_TOP;
	return 0;
}

static int replay_take_gap(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (parse_duration_ns(value, &o->settings.gap_max_ns) || !o->settings.gap_max_ns)
		return weir_error_set(error, -EINVAL, "'%s' is not a duration (1, 100ms)", value);
	return 0;
}

static int replay_take_loop(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (parse_u64(value, UINT64_MAX, &o->settings.rounds))
		return weir_error_set(error, -EINVAL, "'%s' is not a number of rounds", value);
	return 0;
}

static int replay_take_count(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (parse_u64(value, UINT64_MAX - 1, &o->settings.count) || !o->settings.count)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of packets", value);
	return 0;
}

static int replay_take_duration(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (parse_duration_ns(value, &o->settings.duration_ns) || !o->settings.duration_ns)
		return weir_error_set(error, -EINVAL, "'%s' is not a duration (10, 500ms, 2m)",
				      value);
	return 0;
}

static int replay_take_memory(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (parse_size(value, 1, &o->settings.memory_bytes) || !o->settings.memory_bytes)
		return weir_error_set(error, -EINVAL, "'%s' is not a size such as 4GiB", value);
	return 0;
}

static int replay_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct replay_options *)options)->json = true;
	return 0;
}

static int replay_take_report(void *options, const char *value, struct weir_error *error)
{
	struct replay_options *o = options;

	if (o->report_path)
		return weir_error_set(error, -EINVAL, "one report only");
	o->report_path = value;
	return 0;
}

static int replay_take_quiet(void *options, const char *value, struct weir_error *error)
{
	((struct replay_options *)options)->quiet = true;
	return 0;
}

/* ---- the result ---- */

static bool replay_balanced(const struct weir_replay_result *result)
{
	return !result->nic_sent_known || result->nic_sent >= result->sent;
}

static json_t *replay_number(uint64_t value, bool known)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

static const char *replay_method(const struct replay_options *o,
				 const struct weir_replay_result *result)
{
	return o->settings.to_stack ? "stack" : weir_generate_method_name(result->method);
}

static int replay_write_json(FILE *out, const struct replay_options *o,
			     const struct weir_replay_result *result)
{
	const struct weir_replay_file *f = &o->file;
	bool timed = o->settings.timing == WEIR_REPLAY_ORIGINAL;
	char name[NAME_MAX];
	json_t *report = json_pack(
		"{s:b, s:b, s:f, s:s, s:s, s:I, s:{s:I, s:I, s:I, s:o, s:o, s:o},"
		" s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:{s:o, s:o, s:o}, s:o}",
		"balanced", replay_balanced(result), "checked", result->nic_sent_known,
		"duration_s", (double)result->duration_ns / (double)CLOCK_NS_PER_S, "interface",
		format_utf8(o->settings.interface, name, sizeof(name)), "method",
		replay_method(o, result), "rounds", (json_int_t)result->rounds, "packets", "sent",
		(json_int_t)result->sent, "refused", (json_int_t)result->refused, "abandoned",
		(json_int_t)result->abandoned, "nic_sent",
		replay_number(result->nic_sent, result->nic_sent_known), "not_wanted",
		replay_number(result->not_wanted, result->not_wanted_known), "bytes",
		replay_number(result->bytes, result->bytes_known), "file", "packets",
		(json_int_t)f->packets, "frames", (json_int_t)f->frames, "filtered",
		(json_int_t)f->filtered, "not_ethernet", (json_int_t)f->not_ethernet, "too_long",
		(json_int_t)f->too_long, "too_short", (json_int_t)f->too_short, "unreadable",
		(json_int_t)f->unreadable, "padded", (json_int_t)f->padded, "out_of_order",
		(json_int_t)f->out_of_order, "late_ns", "median",
		replay_number(result->late_median_ns, timed), "percent_99",
		replay_number(result->late_99_ns, timed), "max",
		replay_number(result->late_max_ns, timed), "cpu_wait_ns",
		replay_number(result->cpu_wait_ns, result->cpu_wait_known));
	int rc = report ? json_dumpf(report, out, JSON_REAL_PRECISION(9) | JSON_COMPACT) : -1;

	json_decref(report);
	if (!rc)
		putc('\n', out);
	return !rc && !fflush(out) && !ferror(out) ? 0 : -EIO;
}

/* ", 12.3 Mbit/s": one space before the prefix or, without one, the unit. */
static void replay_print_rate(double units, double seconds, const char *unit)
{
	char text[FORMAT_BYTES];

	format_rate(seconds > 0 ? units / seconds : 0, text);
	printf(", %s%s%s", text, strchr(text, ' ') ? "" : " ", unit);
}

static void replay_print(const struct replay_options *o, const struct weir_replay_result *result)
{
	double seconds = (double)result->duration_ns / (double)CLOCK_NS_PER_S;
	char number[FORMAT_BYTES];

	printf("%s packets sent in %.3f s by method '%s'", format_count(result->sent, number),
	       seconds, replay_method(o, result));
	replay_print_rate((double)result->sent, seconds, "pps");
	if (result->bytes_known)
		replay_print_rate(8.0 * (double)result->bytes, seconds, "bit/s");
	putchar('\n');
	if (result->refused)
		printf("%s times '%s' did not take a packet, which was then offered again\n",
		       format_count(result->refused, number), o->settings.interface);
	if (result->abandoned)
		printf("%s packets were dropped by '%s' on their way out\n",
		       format_count(result->abandoned, number), o->settings.interface);
	if (result->not_wanted)
		printf("%s of them were dropped by the kernel, where no protocol takes them\n",
		       format_count(result->not_wanted, number));
	if (o->settings.timing == WEIR_REPLAY_ORIGINAL)
		printf("late by %.1f us (median), %.1f us (99 %%), %.1f us (at most)\n",
		       (double)result->late_median_ns / CLOCK_NS_PER_US,
		       (double)result->late_99_ns / CLOCK_NS_PER_US,
		       (double)result->late_max_ns / CLOCK_NS_PER_US);
	if (o->settings.timing == WEIR_REPLAY_ORIGINAL && result->cpu_wait_known &&
	    result->late_99_ns > REPLAY_LATE_NS)
		printf("other programs had the CPU for %.1f ms of it: 'chrt -f 1 weir replay ...' "
		       "comes first\n",
		       (double)result->cpu_wait_ns / CLOCK_NS_PER_MS);
}

static void replay_print_left_out(uint64_t packets, const char *why)
{
	char number[FORMAT_BYTES];

	if (packets)
		fprintf(stderr, "not sent: %s %s\n", format_count(packets, number), why);
}

static void replay_print_file(const struct replay_options *o)
{
	const struct weir_replay_file *f = &o->file;
	char number[FORMAT_BYTES];

	replay_print_left_out(f->not_ethernet, "packets without an Ethernet header");
	replay_print_left_out(f->too_long, "packets too long for the interface's MTU, or the "
					   "method");
	replay_print_left_out(f->too_short, "packets shorter than an Ethernet header");
	replay_print_left_out(f->unreadable, "records that cannot be read");
	if (f->padded)
		fprintf(stderr,
			"%s packets were not captured whole: their ends are sent as zeros\n",
			format_count(f->padded, number));
}

static void replay_print_balance(const struct replay_options *o,
				 const struct weir_replay_result *result)
{
	char sent[FORMAT_BYTES], counted[FORMAT_BYTES];

	if (!result->nic_sent_known)
		fprintf(stderr, "not checked: the counter of '%s' cannot be read\n",
			o->settings.interface);
	else
		fprintf(stderr, "%s: %s sent, '%s' counted %s\n",
			replay_balanced(result) ? "balanced" : "NOT balanced",
			format_count(result->sent, sent), o->settings.interface,
			format_count(result->nic_sent, counted));
}

static int replay_tell(const struct command *command, const struct replay_options *o, FILE *report,
		       const struct weir_replay_result *result)
{
	struct weir_error error;
	int status = replay_balanced(result) ? STATUS_OK : STATUS_ERROR;

	if (o->json)
		replay_write_json(stdout, o, result);
	else
		replay_print(o, result);
	if (!o->quiet) {
		replay_print_file(o);
		replay_print_balance(o, result);
	}
	if (report && replay_write_json(report, o, result)) {
		weir_error_set_errno(&error, -EIO, "cannot write '%s'", o->report_path);
		status = options_fail(command, STATUS_ERROR, &error);
	}
	return status;
}

/* ---- the run ---- */

static void replay_notice(void *user, const char *text)
{
	fprintf(stderr, "weir replay: %s\n", text);
}

static void replay_progress(void *user, uint64_t sent, uint64_t of, uint64_t duration_ns)
{
	struct replay_options *o = user;

	progress_tell(&o->progress, sent, of, duration_ns, "packets");
}

static void replay_catch_signals(void)
{
	struct sigaction action = {.sa_handler = replay_on_signal}; /* ends waits: no SA_RESTART */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The first word is the file, unless -r named it; the rest is the filter. */
static int replay_take_operands(struct replay_options *o, int count, char **words,
				struct weir_error *error)
{
	size_t used = 0;

	if (!o->path && count) {
		o->path = *words++;
		count--;
	}
	if (!o->path)
		return weir_error_set(error, -EINVAL, "no file given: weir replay FILE -i IF");
	if (!o->settings.interface && !o->settings.to_stack)
		return weir_error_set(error, -EINVAL, "no interface given: say -i IF");
	if (o->timings > 1)
		return weir_error_set(error, -EINVAL,
				      "--pps, --mbit, --speed and --top contradict each other: "
				      "give one");
	if (o->settings.gap_max_ns && o->settings.timing != WEIR_REPLAY_ORIGINAL)
		return weir_error_set(error, -EINVAL,
				      "--max-gap is of the gaps in the file, which --pps, --mbit "
				      "and --top do without: leave it out");
	for (; count; count--, words++) {
		used += (size_t)snprintf(o->filter + used, sizeof(o->filter) - used, "%s%s",
					 used ? " " : "", *words);
		if (used >= sizeof(o->filter))
			return weir_error_set(error, -EINVAL, "the filter is longer than %d bytes",
					      REPLAY_FILTER_BYTES - 1);
	}
	return 0;
}

static int replay_send(const struct command *command, struct replay_options *o, FILE *report)
{
	const struct weir_privilege_settings rights = {.read_paths = {o->path}};
	struct weir_privilege *privilege = NULL;
	struct weir_replay *replay = NULL;
	struct weir_replay_result result;
	struct weir_error error = {0};
	int rc = weir_replay_open(&o->settings, &replay, &error);
	int status = STATUS_OK;

	if (rc < 0)
		return options_fail(command, rc == -EINVAL ? STATUS_USAGE : STATUS_ERROR, &error);
	o->settings.interface = weir_replay_interface(replay);
	rc = weir_privilege_start(&rights, &privilege, &error);
	if (rc == 0)
		rc = weir_privilege_drop(&error);
	if (rc == 0)
		rc = weir_replay_load(replay, o->path, o->filter, privilege, &o->file, &error);
	if (rc < 0) {
		status = options_fail(command, STATUS_ERROR, &error);
	} else {
		replay_catch_signals();
		progress_begin(&o->progress, !o->quiet);
		rc = weir_replay_run(replay, &replay_stop, &result, &error);
		progress_end(&o->progress);
		if (rc < 0)
			status = options_fail(command, STATUS_ERROR, &error);
		if (replay_tell(command, o, report, &result) != STATUS_OK)
			status = STATUS_ERROR;
	}
	weir_replay_close(replay);
	weir_privilege_close(privilege);
	return status;
}

/* The report is opened before the file is read. */
static int replay_check_paths(const struct replay_options *o, struct weir_error *error)
{
	struct paths paths = {0};

	paths_add_read(&paths, o->path);
	paths_add_write(&paths, o->report_path);
	return paths_check(&paths, error);
}

static int replay_run(const struct command *command, int argc, char **argv)
{
	struct replay_options options = {
		.settings = {.rounds = 1, .notice = replay_notice, .progress = replay_progress}};
	struct weir_error error = {0};
	FILE *report = NULL;
	int first;
	int status = options_parse(command, argc, argv, &options, &first);

	if (status >= 0)
		return status;
	options.settings.user = &options;
	if (replay_take_operands(&options, argc - first, argv + first, &error) < 0 ||
	    replay_check_paths(&options, &error) < 0)
		return options_fail(command, STATUS_USAGE, &error);
	if (options.report_path && !(report = fopen(options.report_path, "we"))) {
		weir_error_set_errno(&error, -errno, "cannot write '%s'", options.report_path);
		return options_fail(command, STATUS_ERROR, &error);
	}
	status = replay_send(command, &options, report);
	if (report)
		fclose(report);
	return status;
}

static const struct option_row replay_where_rows[] = {
	{'i', "interface", "IF", "send on this interface", replay_take_interface},
	{0, "method", "NAME",
	 "socket (sendmmsg), xdp (AF_XDP, zero-copy where the driver can), or auto (default): "
	 "socket",
	 replay_take_method},
	{0, "to-stack", NULL,
	 "into this host's own stack, as if received: by a tap device made for it, which goes "
	 "with it (-i names it, default weir0); frames to one station get its address",
	 replay_take_to_stack},
	{'r', "read", "FILE", "the file, if it is not the first word; '-' is standard input",
	 replay_take_file},
	{0, "memory", "SIZE", "what the packets may take of memory (default 1GiB)",
	 replay_take_memory},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row replay_rate_rows[] = {
	{0, "speed", "X", "X times as fast as in the file: 2x, 0.5x (default 1x)",
	 replay_take_speed},
	{0, "pps", "R", "R packets a second", replay_take_pps},
	{0, "mbit", "R", "R megabits a second of layer-2 frames, without FCS, preamble and gap",
	 replay_take_mbit},
	{'t', "top", NULL, "as fast as it goes", replay_take_top},
	{0, "max-gap", "S", "let no gap be longer than S seconds", replay_take_gap},
	{0, "loop", "N", "N times; 0 is until stopped", replay_take_loop},
	{'c', "count", "N", "stop when N packets were sent", replay_take_count},
	{0, "duration", "S", "stop after S seconds", replay_take_duration},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row replay_output_rows[] = {
	{0, "json", NULL, "print the result as a line of JSON", replay_take_json},
	{0, "report", "FILE", "write the result to FILE as one JSON object", replay_take_report},
	{'q', "quiet", NULL, "nothing on standard error: no progress, no balance",
	 replay_take_quiet},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group replay_groups[] = {
	{"Where", replay_where_rows},
	{"How fast, how many", replay_rate_rows},
	{"Output", replay_output_rows},
	{NULL, NULL},
};

const struct command replay_command = {
	.name = "replay",
	.summary = "send a capture file's packets, with their own timing or faster",
	.operands = "FILE [filter expression]",
	.description =
		"Sends the packets of a pcap or pcapng file out of an Ethernet interface, with the "
		"times between them as in the file unless something else is asked for. The file is "
		"read into memory first. Tells exactly how many packets the interface took.",
	.examples = "  weir replay old.pcap.gz -i eth1\n"
		    "  weir replay old.pcap -i eth1 --speed 10x --max-gap 1\n"
		    "  weir replay old.pcap -i eth1 --top --loop 100\n"
		    "  weir replay old.pcap -i eth1 --pps 1000 udp port 53\n"
		    "  weir replay old.pcap --to-stack dst host 192.0.2.1\n",
	.groups = replay_groups,
	.run = replay_run,
};
