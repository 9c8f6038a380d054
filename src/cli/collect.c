/* SPDX-License-Identifier: Apache-2.0 */
/* weir collect: flow records of other exporters, to the same outputs as weir flow. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/format.h"
#include "commands.h"
#include "flow_options.h"
#include "paths.h"
#include "weir/collect.h"

enum { COLLECT_TICK_MS = 100, COLLECT_FILES_MAX = 64 };

struct collect {
	struct flow_options options; /* first: those of what is written */
	const char *listen[WEIR_COLLECT_LISTENERS_MAX], *files[COLLECT_FILES_MAX];
	uint32_t listen_count, file_count;
	struct weir_collect *collect;
	struct weir_exports *exports;
	struct weir_ledger *ledger;
	int signal_fd;
};

/* ---- options ---- */

static int collect_take_listen(void *options, const char *value, struct weir_error *error)
{
	struct collect *c = options;

	if (c->listen_count == WEIR_COLLECT_LISTENERS_MAX)
		return weir_error_set(error, -EINVAL, "more than %d places to listen on",
				      WEIR_COLLECT_LISTENERS_MAX);
	c->listen[c->listen_count++] = value;
	return 0;
}

static int collect_take_file(void *options, const char *value, struct weir_error *error)
{
	struct collect *c = options;

	if (c->file_count == COLLECT_FILES_MAX)
		return weir_error_set(error, -EINVAL, "more than %d files", COLLECT_FILES_MAX);
	c->files[c->file_count++] = value;
	return 0;
}

static int collect_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct collect *)options)->options.capture.json = true;
	return 0;
}

static int collect_take_quiet(void *options, const char *value, struct weir_error *error)
{
	((struct collect *)options)->options.capture.quiet = true;
	return 0;
}

static int collect_take_report(void *options, const char *value, struct weir_error *error)
{
	struct collect *c = options;

	if (c->options.capture.report_path)
		return weir_error_set(error, -EINVAL, "one report only");
	c->options.capture.report_path = value;
	return 0;
}

static const struct option_row collect_input_rows[] = {
	{0, "listen", "URL",
	 "take messages at udp://ADDRESS:PORT (or tcp://, tls://, dtls://, sctp://); may be "
	 "repeated",
	 collect_take_listen},
	{'r', "read", "FILE", "read an IPFIX file; '-' is standard input; may be repeated",
	 collect_take_file},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row collect_output_rows[] = {
	{0, "fields", "LIST",
	 "more fields: times, ip, tcp, origin, full (these four), route (AS numbers, next hop); or "
	 "only the fields named",
	 flow_take_fields},
	{0, "json", NULL, "print JSON lines to standard output", collect_take_json},
	{0, "report", "FILE", "write the counters of each exporter to FILE as one JSON object",
	 collect_take_report},
	{'q', "quiet", NULL, "no report on standard error", collect_take_quiet},
	{0, NULL, NULL, NULL, NULL},
};

/* ---- the report ---- */

static void collect_print(const char *name, uint64_t value)
{
	char text[FORMAT_BYTES];

	if (value)
		fprintf(stderr, "  %-34s %18s\n", name, format_count(value, text));
}

static void collect_print_exporter(const struct weir_collect_exporter *e)
{
	fprintf(stderr, "%s, domain %u, %s\n", e->name, e->domain,
		e->version == 9 ? "NetFlow v9" : "IPFIX");
	collect_print("messages", e->messages);
	collect_print("flow records", e->records);
	collect_print("packets in them", e->packets);
	collect_print("options records", e->options);
	collect_print(e->version == 9 ? "messages missing" : "records missing", e->lost);
	collect_print("gaps in the sequence", e->gaps);
	collect_print("messages out of order", e->reordered);
	collect_print("malformed", e->malformed);
	collect_print("sets waiting for a template", e->waiting);
	collect_print("sets without a template", e->no_template);
	collect_print("templates refused", e->templates_refused);
	collect_print("told: packets not metered", e->told_ignored);
	collect_print("told: records not sent", e->told_lost_flows);
	collect_print("told: packets in these", e->told_lost_packets);
}

static void collect_print_report(const struct collect *c)
{
	const struct weir_collect_exporter *e;

	for (uint32_t i = 0; (e = weir_collect_exporter(c->collect, i)); i++)
		collect_print_exporter(e);
	if (weir_collect_refused(c->collect))
		fprintf(stderr, "exporters refused\n");
	collect_print("times", weir_collect_refused(c->collect));
}

/* A name from the outside fits between quotes when it is a path or an address: no others are. */
static void collect_write_name(FILE *file, const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 32 || *name == '"' || *name == '\\')
			fprintf(file, "\\u%04x", (unsigned char)*name);
		else
			fputc(*name, file);
}

static void collect_write_exporter(FILE *file, const struct weir_collect_exporter *e)
{
	fprintf(file, "{\"exporter\": \"");
	collect_write_name(file, e->name);
	fprintf(file,
		"\", \"domain\": %u, \"version\": %u, \"messages\": %" PRIu64
		", \"bytes\": %" PRIu64 ", \"records\": %" PRIu64 ", \"packets\": %" PRIu64
		", \"octets\": %" PRIu64 ", \"options\": %" PRIu64 ", \"templates\": %" PRIu64 ", ",
		e->domain, e->version, e->messages, e->bytes, e->records, e->packets, e->octets,
		e->options, e->templates);
	fprintf(file,
		"\"lost\": %" PRIu64 ", \"gaps\": %" PRIu64 ", \"reordered\": %" PRIu64
		", \"malformed\": %" PRIu64 ", \"waiting\": %" PRIu64 ", \"no_template\": %" PRIu64
		", \"templates_refused\": %" PRIu64 ", ",
		e->lost, e->gaps, e->reordered, e->malformed, e->waiting, e->no_template,
		e->templates_refused);
	fprintf(file,
		"\"told\": {\"sent\": %" PRIu64 ", \"ignored\": %" PRIu64
		", \"lost_records\": %" PRIu64 ", \"lost_packets\": %" PRIu64
		", \"lost_octets\": %" PRIu64 "}}",
		e->told_sent, e->told_ignored, e->told_lost_flows, e->told_lost_packets,
		e->told_lost_octets);
}

static int collect_write_report(const struct collect *c, struct weir_error *error)
{
	const char *path = c->options.capture.report_path;
	const struct weir_collect_exporter *e;
	FILE *file = fopen(path, "we");

	if (!file)
		return weir_error_set_errno(error, -errno, "cannot write the report to '%s'", path);
	fprintf(file, "{\"balanced\": %s, \"refused\": %" PRIu64 ", \"exporters\": [",
		weir_ledger_unbalanced(c->ledger) ? "false" : "true",
		weir_collect_refused(c->collect));
	for (uint32_t i = 0; (e = weir_collect_exporter(c->collect, i)); i++) {
		fprintf(file, "%s", i ? ",\n " : "");
		collect_write_exporter(file, e);
	}
	fprintf(file, "]}\n");
	if (fclose(file))
		return weir_error_set_errno(error, -errno, "cannot write the report to '%s'", path);
	return 0;
}

/* ---- the command ---- */

static int collect_check_paths(const struct collect *c, struct weir_error *error)
{
	struct paths paths = {0};

	for (uint32_t i = 0; i < c->file_count; i++)
		paths_add_read(&paths, c->files[i]);
	for (uint32_t i = 0; c->options.capture.write_paths[i]; i++)
		paths_add_write(&paths, c->options.capture.write_paths[i]);
	paths_add_write(&paths, c->options.capture.report_path);
	return paths_check(&paths, error);
}

/* What of the options of exports also goes for what comes in. */
static uint32_t collect_takes(const struct collect *c)
{
	uint32_t with = EXPORT_WITH_PEN;

	for (uint32_t i = 0; i < c->listen_count; i++)
		if (!strncmp(c->listen[i], "tls://", 6) || !strncmp(c->listen[i], "dtls://", 7))
			with |= EXPORT_WITH_TLS;
	return with;
}

static int collect_check(const struct command *command, struct collect *c)
{
	struct weir_error error = {0};

	if (!c->listen_count && !c->file_count)
		weir_error_set(&error, -EINVAL,
			       "no input: say where to listen (--listen udp://:4739) or name a "
			       "file (-r FILE)");
	else if (c->listen_count && c->file_count)
		weir_error_set(&error, -EINVAL, "either listen or read files, not both");
	else if (export_want_json(&c->options, &error) == 0 && !c->options.target_count)
		weir_error_set(&error, -EINVAL,
			       "no output: name one (-w flows.json, -w - or --json for JSON lines, "
			       "-w null:)");
	if (!error.code)
		export_check(&c->options, collect_takes(c), &error);
	if (!error.code)
		collect_check_paths(c, &error);
	if (error.code)
		return options_fail(command, STATUS_USAGE, &error);
	return STATUS_OK;
}

static int collect_open_signals(void)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	return signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void collect_notice(void *user, const char *text)
{
	fprintf(stderr, "weir collect: %s\n", text);
}

static int collect_open_exports(struct collect *c, struct weir_privilege *privilege,
				struct weir_error *error)
{
	struct flow_options *o = &c->options;
	struct weir_account *account;
	int rc = weir_ledger_open(&c->ledger);

	o->output.meter = &o->meter;
	o->output.privilege = privilege;
	o->output.network.notice = collect_notice;
	if (rc < 0)
		return weir_error_set(error, rc, "cannot collect: out of memory");
	rc = weir_exports_open(o->targets, o->target_count, &o->output, &c->exports, error);
	if (rc < 0)
		return rc;
	weir_exports_join(c->exports);
	account = weir_ledger_account(c->ledger, "collect", "", "collect", 0);
	rc = account ? weir_exports_attach(c->exports, c->ledger, account) : -ENOMEM;
	return rc < 0 ? weir_error_set(error, rc, "cannot collect: out of memory") : 0;
}

/* A record: the exports are opened later than the sockets. */
static void collect_emit(void *user, const struct weir_flow_record *record)
{
	weir_exports_emit(((struct collect *)user)->exports, record);
}

/* Sockets first, since a low port needs a right; then all rights are given up; then the rest. */
static int collect_open(struct collect *c, struct weir_privilege *privilege,
			struct weir_error *error)
{
	struct weir_collect_settings settings = {
		.emit = collect_emit,
		.user = c,
		.pen = c->options.output.pen,
		.tls_ca = c->options.output.network.tls_ca,
		.tls_certificate = c->options.output.network.tls_certificate,
		.tls_key = c->options.output.network.tls_key,
		.notice = collect_notice,
	};
	int rc = weir_collect_open(&settings, &c->collect, error);

	for (uint32_t i = 0; rc == 0 && i < c->listen_count; i++)
		rc = weir_collect_listen(c->collect, c->listen[i], error);
	if (rc == 0)
		rc = weir_privilege_drop(error);
	if (rc == 0)
		rc = collect_open_exports(c, privilege, error);
	return rc;
}

static int collect_read(struct collect *c, const char *path, struct weir_error *error)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	int rc;

	if (fd < 0)
		return weir_error_set_errno(error, -errno, "cannot open '%s'", path);
	rc = weir_collect_file(c->collect, path, fd, error);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

/* A signal: true when it asks for the end. */
static bool collect_woken(struct collect *c)
{
	struct signalfd_siginfo signal;
	bool end = false;

	while (read(c->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo == SIGUSR1)
			collect_print_report(c);
		else
			end = true;
	}
	return end;
}

static int collect_listen(struct collect *c, struct weir_error *error)
{
	uint64_t tick_ns = 0;
	int rc = 0;

	while (rc == 0) {
		uint64_t now_ns;
		int woken = weir_collect_wait(c->collect, c->signal_fd, COLLECT_TICK_MS);

		if (woken < 0)
			return weir_error_set_errno(error, woken, "cannot wait for messages");
		if (woken & WEIR_COLLECT_WOKEN && collect_woken(c))
			break;
		now_ns = clock_unix_ns();
		if (now_ns - tick_ns >= COLLECT_TICK_MS * (uint64_t)CLOCK_NS_PER_MS) {
			rc = weir_exports_tick(c->exports, now_ns, error);
			tick_ns = now_ns;
		}
	}
	weir_collect_stop(c->collect);
	return rc < 0 ? rc : 0;
}

static int collect_work(struct collect *c, struct weir_error *error)
{
	struct weir_error late;
	int rc = c->listen_count ? collect_listen(c, error) : 0, finished;

	for (uint32_t i = 0; rc == 0 && i < c->file_count; i++)
		rc = collect_read(c, c->files[i], error);
	finished = weir_exports_finish(c->exports, &late);
	if (rc == 0 && finished < 0) {
		*error = late;
		rc = finished;
	}
	return rc;
}

static int collect_finish(const struct command *command, struct collect *c, int status)
{
	struct weir_error error;

	if (!c->options.capture.quiet)
		collect_print_report(c);
	if (c->options.capture.report_path && collect_write_report(c, &error) < 0)
		status = options_fail(command, STATUS_ERROR, &error);
	if (status == STATUS_OK && weir_ledger_unbalanced(c->ledger))
		status = STATUS_ERROR;
	return status;
}

static int collect_run(const struct command *command, int argc, char **argv)
{
	static struct collect c;
	struct weir_privilege_settings settings = {0};
	struct weir_privilege *privilege = NULL;
	struct weir_error error = {0};
	int first, status;

	weir_flow_settings_init(&c.options.meter);
	status = options_parse(command, argc, argv, &c, &first);
	if (status >= 0)
		return status;
	status = collect_check(command, &c);
	if (status != STATUS_OK)
		return status;
	c.options.meter.clock = c.listen_count ? WEIR_FLOW_CLOCK_WALL : WEIR_FLOW_CLOCK_PACKET;
	for (uint32_t i = 0; c.options.capture.write_paths[i] && i + 1 < WEIR_PRIVILEGE_PATHS_MAX;
	     i++)
		settings.write_paths[i] = c.options.capture.write_paths[i];
	c.signal_fd = collect_open_signals();
	if (weir_privilege_start(&settings, &privilege, &error) < 0 ||
	    collect_open(&c, privilege, &error) < 0)
		status = options_fail(command, STATUS_ERROR, &error);
	else if (collect_work(&c, &error) < 0)
		status = options_fail(command, STATUS_ERROR, &error);
	if (c.ledger && c.collect)
		status = collect_finish(command, &c, status);
	weir_exports_close(c.exports);
	weir_collect_close(c.collect);
	weir_ledger_close(c.ledger);
	weir_privilege_close(privilege);
	close(c.signal_fd);
	return status;
}

static const struct option_group collect_groups[] = {
	{"Input", collect_input_rows},
	{"Export", export_rows},
	{"Output", collect_output_rows},
	{NULL, NULL},
};

const struct command collect_command = {
	.name = "collect",
	.summary = "take flow records from exporters and write them",
	.operands = "",
	.description =
		"Takes IPFIX and NetFlow v9 from exporters, or IPFIX from files, and writes the "
		"records to the same outputs as weir flow. The report at the end tells of each "
		"exporter what was missing, and what the exporter itself says that it lost.",
	.examples =
		"  weir collect --listen udp://:4739 -w flows.json\n"
		"  weir collect --listen tcp://:4739 --listen udp://:2055 -w ipfix+tcp://up:4739\n"
		"  weir collect --listen tls://:4740 --tls-ca ca.pem --tls-cert me.pem -w x.csv\n"
		"  weir collect -r flows.ipfix --json | jq .packetDeltaCount\n",
	.groups = collect_groups,
	.run = collect_run,
};
