/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/parse.h"
#include "dry_run.h"
#include "progress.h"

/* ---- options ---- */

/* The settings that an option goes to: those of the last -i, or the defaults. */
static struct weir_source_settings *capture_settings(struct capture_options *o)
{
	return o->input_count ? &o->inputs[o->input_count - 1].settings : &o->defaults;
}

static int capture_add_input(struct capture_options *o, const char *name, struct weir_error *error)
{
	if (o->input_count == CAPTURE_INPUTS_MAX)
		return weir_error_set(error, -EINVAL, "more than %d inputs", CAPTURE_INPUTS_MAX);
	o->inputs[o->input_count++] = (struct capture_input){.name = name, .settings = o->defaults};
	return 0;
}

static int capture_take_interface(void *options, const char *value, struct weir_error *error)
{
	return capture_add_input(options, value, error);
}

static int capture_take_file(void *options, const char *value, struct weir_error *error)
{
	char *name;

	if (asprintf(&name, "file:%s", value) < 0) /* lives as long as the process */
		return weir_error_set(error, -ENOMEM, "out of memory");
	return capture_add_input(options, name, error);
}

static int capture_take_follow(void *options, const char *value, struct weir_error *error)
{
	char *name;

	if (asprintf(&name, "follow:%s", value) < 0) /* lives as long as the process */
		return weir_error_set(error, -ENOMEM, "out of memory");
	return capture_add_input(options, name, error);
}

static int capture_take_snaplen(void *options, const char *value, struct weir_error *error)
{
	uint64_t n;

	if (parse_u64(value, WEIR_SNAPLEN_MAX, &n))
		return weir_error_set(error, -EINVAL, "'%s' is not a length of 0 to %d bytes",
				      value, WEIR_SNAPLEN_MAX);
	capture_settings(options)->snaplen = n ? (uint32_t)n : WEIR_SNAPLEN_DEFAULT;
	return 0;
}

static int capture_take_time(const char *value, uint64_t *out, struct weir_error *error)
{
	return parse_time_ns(value, out)
		       ? weir_error_set(error, -EINVAL,
					"'%s' is not a time like '2026-11-27 09:30:05.25' (local; "
					"UTC with a Z behind it) or seconds of Unix time",
					value)
		       : 0;
}

static int capture_take_from(void *options, const char *value, struct weir_error *error)
{
	return capture_take_time(value, &capture_settings(options)->from_ns, error);
}

static int capture_take_to(void *options, const char *value, struct weir_error *error)
{
	return capture_take_time(value, &capture_settings(options)->to_ns, error);
}

static int capture_take_direction(void *options, const char *value, struct weir_error *error)
{
	static const char *const words[] = {"inout", "in", "out"};

	for (int i = 0; i < 3; i++) {
		if (!strcmp(words[i], value)) {
			capture_settings(options)->direction = (enum weir_direction)i;
			return 0;
		}
	}
	return weir_error_set(error, -EINVAL, "'%s' is not in, out or inout", value);
}

static int capture_take_promiscuous(void *options, const char *value, struct weir_error *error)
{
	capture_settings(options)->promiscuous = false;
	return 0;
}

static int capture_take_buffer(void *options, const char *value, struct weir_error *error)
{
	uint64_t bytes;

	if (parse_size(value, 1024, &bytes) || bytes < 4096)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a size (bare numbers are KiB; or 64MiB ...)",
				      value);
	capture_settings(options)->ring_bytes = bytes;
	return 0;
}

static int capture_take_count(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;

	if (parse_u64(value, UINT64_MAX - 1, &o->packet_limit) || !o->packet_limit)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of packets", value);
	return 0;
}

static int capture_take_stop(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;
	const char *colon = strchr(value, ':');
	size_t length = colon ? (size_t)(colon - value) : 0;
	uint64_t files = 0;
	int rc = -EINVAL;

	if (length == 7 && !memcmp(value, "packets", length))
		return capture_take_count(options, colon + 1, error);
	if (length == 8 && !memcmp(value, "duration", length))
		rc = parse_duration_ns(colon + 1, &o->duration_ns) || !o->duration_ns ? -EINVAL : 0;
	else if (length == 8 && !memcmp(value, "filesize", length))
		/* kB, as in dumpcap */
		rc = parse_size(colon + 1, 1000, &o->file_bytes) || !o->file_bytes ? -EINVAL : 0;
	else if (length == 5 && !memcmp(value, "files", length)) {
		rc = parse_u64(colon + 1, UINT32_MAX, &files) || !files ? -EINVAL : 0;
		o->file_limit = (uint32_t)files;
	}
	if (rc < 0)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not packets:N, duration:SECONDS, filesize:kB or "
				      "files:N",
				      value);
	return 0;
}

static int capture_take_workers(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;
	uint64_t n;

	if (parse_u64(value, WEIR_WORKERS_MAX, &n) || !n)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of workers, 1 to %d",
				      value, WEIR_WORKERS_MAX);
	o->workers = (uint32_t)n;
	return 0;
}

static int capture_take_dispatch(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;
	uint64_t n;

	if (parse_u64(value, WEIR_WORKERS_MAX, &n) || !n)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of workers, 1 to %d",
				      value, WEIR_WORKERS_MAX);
	o->dispatch = (uint32_t)n;
	return 0;
}

static int capture_take_fanout_word(struct weir_fanout *fanout, const char *word)
{
	if (fanout->mode != WEIR_FANOUT_NONE) {
		fanout->rollover = !strcmp(word, "rollover");
		return fanout->rollover ? 0 : -EINVAL;
	}
	for (int mode = WEIR_FANOUT_NONE + 1; mode < WEIR_FANOUT_MODE_COUNT; mode++)
		if (!strcmp(weir_fanout_mode_name(mode), word))
			fanout->mode = mode;
	return fanout->mode == WEIR_FANOUT_NONE ? -EINVAL : 0;
}

static int capture_take_fanout(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;
	char copy[64], *rest = copy, *word;
	int rc = strlen(value) < sizeof(copy) ? 0 : -EINVAL;

	o->fanout = (struct weir_fanout){0};
	o->fanout_wanted = true;
	if (rc == 0)
		strcpy(copy, value);
	while (rc == 0 && (word = strsep(&rest, ",")))
		rc = capture_take_fanout_word(&o->fanout, word);
	if (rc < 0)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not hash, lb, cpu, qm, rnd, rollover, cbpf, ebpf or "
				      "ebpf-inner, with ',rollover' or without",
				      value);
	return 0;
}

/* "0-3" or "5" */
static int capture_take_cpu_range(struct capture_options *o, char *range)
{
	char *dash = strchr(range, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (parse_u64(range, UINT16_MAX, &first) ||
	    parse_u64(dash ? dash + 1 : range, UINT16_MAX, &last))
		return -EINVAL;
	for (uint64_t cpu = first; cpu <= last && o->cpu_count < WEIR_CPUS_MAX; cpu++)
		o->cpus[o->cpu_count++] = (uint32_t)cpu;
	return 0;
}

static int capture_take_cpus(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;
	char copy[256], *rest = copy, *range;
	int rc = strlen(value) < sizeof(copy) ? 0 : -EINVAL;

	o->cpu_count = 0;
	if (rc == 0)
		strcpy(copy, value);
	while (rc == 0 && (range = strsep(&rest, ",")))
		rc = capture_take_cpu_range(o, range);
	if (rc < 0 || !o->cpu_count)
		return weir_error_set(error, -EINVAL, "'%s' is not a list of CPUs such as 0,2-5",
				      value);
	return 0;
}

static int capture_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct capture_options *)options)->json = true;
	return 0;
}

static int capture_take_quiet(void *options, const char *value, struct weir_error *error)
{
	((struct capture_options *)options)->quiet = true;
	return 0;
}

static int capture_take_dry_run(void *options, const char *value, struct weir_error *error)
{
	((struct capture_options *)options)->dry_run = true;
	return 0;
}

static int capture_take_busy_poll(void *options, const char *value, struct weir_error *error)
{
	((struct capture_options *)options)->busy_poll = true;
	return 0;
}

static int capture_take_strict(void *options, const char *value, struct weir_error *error)
{
	((struct capture_options *)options)->strict = true;
	return 0;
}

static int capture_take_report(void *options, const char *value, struct weir_error *error)
{
	struct capture_options *o = options;

	if (o->report_path)
		return weir_error_set(error, -EINVAL, "one report only");
	o->report_path = value;
	return 0;
}

const struct option_row capture_input_rows[] = {
	{'i', "interface", "SOURCE",
	 "capture from an interface (eth0 is ring:eth0), or another source; 'any' is all, a "
	 "pattern ('veth*') those that match, now or later; may be repeated",
	 capture_take_interface},
	{'r', "read", "FILE",
	 "read a pcap or pcapng file, plain or compressed; '-' is standard input, "
	 "tcp-listen:[HOST:]PORT a connection that somebody makes",
	 capture_take_file},
	{0, "follow", "DIR",
	 "read a recording while it is written: the newest file of DIR, then those after it; or a "
	 "file that grows",
	 capture_take_follow},
	{0, "from", "TIME",
	 "of files, only packets from this time on: '2026-11-27 09:30:05.25' (local; UTC with a Z "
	 "behind it), or seconds of Unix time; in weir's compressed files what is before it is not "
	 "read",
	 capture_take_from},
	{0, "to", "TIME", "of files, only packets up to this time", capture_take_to},
	{'s', "snaplen", "BYTES", "keep so many bytes of each packet (default: all, up to 262144)",
	 capture_take_snaplen},
	{'Q', "direction", "DIR", "only packets that come in, go out, or inout (default)",
	 capture_take_direction},
	{'p', "no-promiscuous", NULL, "do not put the interface into promiscuous mode",
	 capture_take_promiscuous},
	{'B', "buffer-size", "KiB", "size of the kernel's ring (default 128 MiB)",
	 capture_take_buffer},
	{0, NULL, NULL, NULL, NULL},
};

const struct option_row capture_worker_rows[] = {
	{0, "workers", "N",
	 "take packets with N threads (1 to 64), which share a ring:, socket:, tap: or xdp:",
	 capture_take_workers},
	{0, "dispatch", "N",
	 "let the workers only read, and N others do the rest: for work that is slow now and then; "
	 "each packet is copied once more",
	 capture_take_dispatch},
	{0, "fanout", "MODE",
	 "how an interface's packets are shared out: hash, lb, cpu, qm, rnd, rollover, cbpf, ebpf, "
	 "ebpf-inner; with ',rollover' another worker gets what one has no room for",
	 capture_take_fanout},
	{0, "cpus", "LIST",
	 "run worker n on the n-th CPU of LIST (0,2-5), again from the start, with memory of that "
	 "CPU's NUMA node",
	 capture_take_cpus},
	{0, "busy-poll", NULL,
	 "let workers never sleep: they see packets sooner, and take a whole CPU each",
	 capture_take_busy_poll},
	{0, NULL, NULL, NULL, NULL},
};

const struct option_row capture_stop_rows[] = {
	{'c', "count", "N", "stop after N packets", capture_take_count},
	{'a', "autostop", "COND",
	 "stop at packets:N or duration:SECONDS; a recording also at filesize:kB or files:N; may "
	 "be repeated",
	 capture_take_stop},
	{0, NULL, NULL, NULL, NULL},
};

const struct option_row capture_output_rows[] = {
	{0, "json", NULL, "print JSON lines instead of text", capture_take_json},
	{0, "report", "FILE", "write the final report to FILE as one JSON object",
	 capture_take_report},
	{0, "strict", NULL, "exit with status 3 when packets were lost", capture_take_strict},
	{'q', "quiet", NULL, "no report and no progress on standard error", capture_take_quiet},
	{0, "dry-run", NULL, "capture nothing: tell what would be opened, and the memory it takes",
	 capture_take_dry_run},
	{0, NULL, NULL, NULL, NULL},
};

void capture_init(struct capture_options *options)
{
	memset(options, 0, sizeof(*options));
	options->defaults.promiscuous = true;
}

/* ---- the run ---- */

struct capture {
	const struct command *command;
	struct capture_options *options;
	const struct capture_hooks *hooks;
	struct weir_engine *engine;
	struct weir_context *context;
	struct weir_filter *filter;
	struct progress progress; /* of reading files */
	int signal_fd;
	int terminal_fd; /* -1 = it was started without one */
};

static int capture_take_filter(struct capture_options *options, int count, char **words,
			       struct weir_error *error)
{
	size_t used = 0;

	for (int i = 0; i < count; i++) {
		size_t length = strlen(words[i]);

		if (used + length + 2 > sizeof(options->filter))
			return weir_error_set(error, -EINVAL, "the filter is longer than %zu bytes",
					      sizeof(options->filter) - 2);
		if (used)
			options->filter[used++] = ' ';
		memcpy(options->filter + used, words[i], length + 1);
		used += length;
	}
	return 0;
}

static int capture_start_broker(const struct capture_options *o, struct weir_privilege **out,
				struct weir_error *error)
{
	struct weir_privilege_settings settings = {0};
	uint32_t reads = 0, writes = 0;

	for (uint32_t i = 0; i < o->input_count && reads + 1 < WEIR_PRIVILEGE_PATHS_MAX; i++)
		if (!strncmp(o->inputs[i].name, "file:", 5))
			settings.read_paths[reads++] = o->inputs[i].name + 5;
	for (; o->write_paths[writes] && writes + 2 < WEIR_PRIVILEGE_PATHS_MAX; writes++)
		settings.write_paths[writes] = o->write_paths[writes];
	settings.write_paths[writes] = o->report_path;
	settings.command = o->command;
	return weir_privilege_start(&settings, out, error);
}

static void capture_notice(void *user, const char *text)
{
	struct capture *capture = user;

	fprintf(stderr, "weir %s: %s\n", capture->command->name, text);
}

/* Of a terminal that was closed, not by request of somebody. */
static bool capture_is_hung_up(const struct capture *capture)
{
	struct pollfd terminal = {.fd = capture->terminal_fd};

	return poll(&terminal, 1, 0) == 1 && terminal.revents & POLLHUP;
}

static void capture_hangup(struct capture *capture)
{
	const struct capture_hooks *hooks = capture->hooks;

	if (capture_is_hung_up(capture) || !hooks->rotate || !hooks->rotate(hooks->user))
		weir_engine_stop(capture->engine);
}

static void capture_woken(void *user, struct weir_engine *engine)
{
	struct capture *capture = user;
	struct signalfd_siginfo signal;

	while (read(capture->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo == SIGUSR1)
			weir_report_print(stderr, engine, capture->context, false);
		else if (signal.ssi_signo == SIGHUP)
			capture_hangup(capture);
		else if (signal.ssi_signo == SIGUSR2)
			capture->hooks->triggered(capture->hooks->user);
		else
			weir_engine_stop(engine);
	}
}

/* Of files only; and not into the lines that a command prints on the same terminal. */
static void capture_begin_progress(struct capture *capture)
{
	const struct capture_options *o = capture->options;
	bool wanted = !o->quiet && (capture->hooks->writes_files || !isatty(STDOUT_FILENO));

	for (uint32_t i = 0; i < o->input_count; i++)
		wanted &= !strncmp(o->inputs[i].name, "file:", 5);
	progress_begin(&capture->progress, wanted);
}

static void capture_tell_progress(struct capture *capture)
{
	const struct weir_account *account =
		weir_ledger_accounts(weir_engine_ledger(capture->engine));
	uint64_t done = 0, of = 0;
	bool known = true;

	for (; account; account = weir_account_next(account)) {
		done += weir_cell_get(&account->read_bytes);
		of += account->file_bytes;
		known &= account->file_bytes != 0;
	}
	progress_tell(&capture->progress, done, known ? of : 0,
		      weir_engine_duration_ns(capture->engine), "bytes");
}

static void capture_interval(void *user, struct weir_engine *engine, bool last)
{
	struct capture *capture = user;

	if (last)
		progress_end(&capture->progress);
	else
		capture_tell_progress(capture);
	if (capture->hooks->interval)
		capture->hooks->interval(capture->hooks->user, engine, last);
}

static int capture_open_signals(bool with_trigger)
{
	struct sigaction before;
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGUSR1);
	if (with_trigger)
		sigaddset(&wanted, SIGUSR2);
	/* A terminal that is closed ends the capture in good order; under nohup nothing happens. */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaddset(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	return signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* libpcap opens its devices by itself, with this process's own rights. */
static bool capture_needs_rights(const char *name)
{
	return !strncmp(name, "pcap:", 5);
}

static int capture_add_sources(struct capture *capture, bool with_rights, struct weir_error *error)
{
	struct capture_options *o = capture->options;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < o->input_count; i++) {
		struct capture_input *input = &o->inputs[i];

		input->settings.filter = capture->filter;
		input->settings.fanout = o->fanout;
		input->settings.dry_run = o->dry_run;
		input->settings.promiscuous &= !o->dry_run;
		if (capture_needs_rights(input->name) == with_rights)
			rc = weir_engine_add_source(capture->engine, input->name, &input->settings,
						    error);
		if (rc == -EOPNOTSUPP && input->is_optional) {
			input->is_absent = true;
			capture_notice(capture, error->text);
			rc = 0;
		}
	}
	return rc;
}

/* More workers than there are sources, or shares of one, to go round? */
static void capture_tell_idle(struct capture *capture)
{
	const struct capture_options *o = capture->options;
	char text[128];
	uint32_t whole = 0;

	for (uint32_t i = 0; i < o->input_count; i++) {
		const struct weir_source_kind *kind = weir_source_kind_of(o->inputs[i].name);

		if (kind->has_fanout || kind->is_shared)
			return;
		whole++;
	}
	if (o->workers <= whole || weir_engine_has_patterns(capture->engine))
		return;
	snprintf(text, sizeof(text),
		 "only ring:, socket:, tap: and xdp: are shared among workers: some of the %u "
		 "have nothing to do",
		 o->workers);
	capture_notice(capture, text);
}

static int capture_open(struct capture *capture, struct weir_privilege *privilege,
			struct weir_error *error)
{
	struct capture_options *o = capture->options;
	const struct weir_engine_settings settings = {
		.workers = o->workers,
		.dispatch = o->dispatch,
		.busy_poll = o->busy_poll,
		.cpus = o->cpus,
		.cpu_count = o->cpu_count,
		.packet_limit = o->packet_limit,
		.duration_ns = o->duration_ns,
		.privilege = privilege,
		.notice = capture_notice,
		.interval = capture_interval,
		.wake_fd = capture->signal_fd,
		.woken = capture_woken,
		.user = capture,
	};
	int rc = weir_engine_open(&settings, &capture->engine, error);

	if (rc < 0)
		return rc;
	rc = weir_filter_open(o->filter, &capture->filter, error);
	if (rc == 0)
		rc = capture_add_sources(capture, true, error);
	if (rc == 0)
		rc = weir_privilege_drop(error);
	if (rc == 0)
		rc = capture_add_sources(capture, false, error);
	if (rc < 0 || o->dry_run)
		return rc;
	capture_tell_idle(capture);
	rc = capture->hooks->add_sinks(capture->hooks->user, capture->engine, error);
	if (rc == 0)
		rc = weir_context_open(capture->engine, &capture->context);
	return rc;
}

static int capture_finish(struct capture *capture, int status)
{
	const struct capture_options *o = capture->options;
	struct weir_ledger *ledger = weir_engine_ledger(capture->engine);
	struct weir_totals totals;
	struct weir_error error;

	if (!o->quiet)
		weir_report_print(stderr, capture->engine, capture->context, true);
	if (o->report_path &&
	    weir_report_write(o->report_path, capture->engine, capture->context, &error) < 0)
		status = options_fail(capture->command, STATUS_ERROR, &error);
	if (weir_ledger_unbalanced(ledger) && status == STATUS_OK)
		status = STATUS_ERROR;
	weir_ledger_totals(ledger, false, &totals);
	if (o->strict && status == STATUS_OK && (totals.lost || !totals.dropped_known))
		status = STATUS_LOST;
	return status;
}

int capture_run(const struct command *command, struct capture_options *options,
		const struct capture_hooks *hooks, int word_count, char **words)
{
	struct capture capture = {.command = command, .options = options, .hooks = hooks};
	struct weir_privilege *privilege = NULL;
	struct weir_error error = {0};
	int status = STATUS_OK;

	if (!options->input_count) {
		fprintf(stderr,
			"weir %s: no input: name an interface (-i eth0) or a file (-r FILE)\n"
			"try 'weir %s --help'\n",
			command->name, command->name);
		return STATUS_USAGE;
	}
	if (capture_take_filter(options, word_count, words, &error) < 0 ||
	    capture_check(options, hooks->writes_files, &error) < 0)
		return options_fail(command, STATUS_USAGE, &error);
	capture.signal_fd = capture_open_signals(hooks->triggered != NULL);
	capture.terminal_fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (capture_start_broker(options, &privilege, &error) < 0 ||
	    capture_open(&capture, privilege, &error) < 0) {
		status = options_fail(command, STATUS_ERROR, &error);
	} else if (options->dry_run) {
		dry_run_print(options, capture.engine);
		if (hooks->dry_run)
			hooks->dry_run(hooks->user);
	} else {
		capture_begin_progress(&capture);
		if (weir_engine_run(capture.engine, &error) < 0)
			status = options_fail(command, STATUS_ERROR, &error);
		status = capture_finish(&capture, status);
	}
	weir_context_close(capture.context);
	weir_engine_close(capture.engine);
	weir_filter_close(capture.filter);
	weir_privilege_close(privilege);
	close(capture.signal_fd);
	if (capture.terminal_fd >= 0)
		close(capture.terminal_fd);
	return status;
}
