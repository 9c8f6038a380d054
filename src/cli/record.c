/* SPDX-License-Identifier: Apache-2.0 */
/* weir record: packets into a file, and the ledger at the end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "capture.h"
#include "commands.h"
#include "flight_options.h"
#include "metering.h"
#include "record_recover.h"
#include "weir/record.h"

struct record {
	struct capture_options capture; /* first: the common options */
	struct metering metering;       /* --flows */
	struct flight_options flight;   /* --before and its like */
	struct weir_record_settings settings;
	uint32_t files;      /* -W */
	const char *recover; /* only that */
	bool per_worker;     /* a file for each worker */
	uint64_t merge_delay_ns;
	bool merge_delay_wanted;
	struct weir_sink *sinks[WEIR_WORKERS_MAX];
	uint32_t sink_count;
};

static int record_take_write(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (record->settings.path)
		return weir_error_set(error, -EINVAL,
				      "a recording has one output: for another, run another "
				      "recorder; records of flows go to --flows");
	record->settings.path = value;
	record->capture.write_paths[0] = value;
	return 0;
}

static int record_take_format(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "pcapng"))
		record->settings.format = WEIR_RECORD_PCAPNG;
	else if (!strcmp(value, "pcap"))
		record->settings.format = WEIR_RECORD_PCAP;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not pcapng or pcap", value);
	return 0;
}

static int record_take_precision(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "micro"))
		record->settings.time_resolution = 6;
	else if (!strcmp(value, "nano"))
		record->settings.time_resolution = 9;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not micro or nano", value);
	return 0;
}

static int record_take_immediate(void *options, const char *value, struct weir_error *error)
{
	((struct record *)options)->settings.immediate = true;
	return 0;
}

static int record_take_ring(void *options, const char *value, struct weir_error *error)
{
	struct weir_record_rotation *rotation = &((struct record *)options)->settings.rotation;
	const char *colon = strchr(value, ':');
	size_t length = colon ? (size_t)(colon - value) : 0;
	uint64_t number = 0;
	int rc = -EINVAL;

	if (length == 8 && !memcmp(value, "filesize", length))
		rc = parse_size(colon + 1, 1000, &rotation->file_bytes); /* kB, as in dumpcap */
	else if (length == 5 && !memcmp(value, "total", length))
		rc = parse_size(colon + 1, 1000, &rotation->total_bytes_max);
	else if (length == 8 && !memcmp(value, "duration", length))
		rc = parse_duration_ns(colon + 1, &rotation->duration_ns);
	else if (length == 8 && !memcmp(value, "interval", length))
		rc = parse_duration_ns(colon + 1, &rotation->interval_ns);
	else if (length == 7 && !memcmp(value, "packets", length))
		rc = parse_u64(colon + 1, UINT64_MAX - 1, &rotation->file_packets);
	else if (length == 5 && !memcmp(value, "files", length)) {
		rc = parse_u64(colon + 1, UINT32_MAX, &number);
		rotation->files_max = (uint32_t)number;
	}
	if (rc < 0 || !(strtod(colon + 1, NULL) > 0)) /* a limit of nothing is none */
		return weir_error_set(error, -EINVAL,
				      "'%s' is not filesize:kB, duration:SECONDS, "
				      "interval:SECONDS, packets:N, files:N or total:kB",
				      value);
	return 0;
}

static int record_take_file_size(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (parse_size(value, 1000000, &record->settings.rotation.file_bytes) ||
	    !record->settings.rotation.file_bytes)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a size (bare numbers are 10^6 bytes)", value);
	return 0;
}

static int record_take_seconds(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (parse_duration_ns(value, &record->settings.rotation.duration_ns) ||
	    !record->settings.rotation.duration_ns)
		return weir_error_set(error, -EINVAL, "'%s' is not a duration in seconds", value);
	return 0;
}

static int record_take_files(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;
	uint64_t number;

	if (parse_u64(value, UINT32_MAX, &number) || !number)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of files", value);
	record->files = (uint32_t)number;
	return 0;
}

static int record_take_command(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	record->settings.rotation.command = value;
	record->capture.command = value;
	return 0;
}

static int record_take_flows(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (weir_export_check(value, error) < 0)
		return -EINVAL;
	if (metering_take(&record->metering, value, error) < 0)
		return -EINVAL;
	/* Place 0 is the recording's own; the broker looks only at the directories. */
	if (!record->capture.write_paths[0])
		record->capture.write_paths[0] = value;
	record->capture.write_paths[record->metering.target_count] = value;
	return 0;
}

static int record_take_writer(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "direct"))
		record->settings.writer = WEIR_RECORD_WRITER_DIRECT;
	else if (!strcmp(value, "direct,sqpoll"))
		record->settings.writer = WEIR_RECORD_WRITER_SQPOLL;
	else if (!strcmp(value, "plain"))
		record->settings.writer = WEIR_RECORD_WRITER_PLAIN;
	else if (!strcmp(value, "mmap"))
		record->settings.writer = WEIR_RECORD_WRITER_MMAP;
	else
		return weir_error_set(error, -EINVAL,
				      "'%s' is not direct, direct,sqpoll, mmap or plain", value);
	return 0;
}

static int record_take_slice(void *options, const char *value, struct weir_error *error)
{
	struct weir_record_settings *settings = &((struct record *)options)->settings;
	uint64_t extra = 0;

	if (value[0] != 'l' || value[1] < '2' || value[1] > '4' ||
	    (value[2] && (value[2] != '+' || parse_u64(value + 3, WEIR_SNAPLEN_MAX, &extra))))
		return weir_error_set(error, -EINVAL,
				      "'%s' is not l2, l3 or l4, with +BYTES behind it or not",
				      value);
	settings->slice = (enum weir_record_slice)(WEIR_RECORD_SLICE_L2 + value[1] - '2');
	settings->slice_extra_bytes = (uint32_t)extra;
	return 0;
}

static int record_take_flow_bytes(void *options, const char *value, struct weir_error *error)
{
	uint64_t *bytes = &((struct record *)options)->settings.flow_bytes;

	if (parse_size(value, 1, bytes) || !*bytes)
		return weir_error_set(error, -EINVAL, "'%s' is not a size", value);
	return 0;
}

static int record_take_sample(void *options, const char *value, struct weir_error *error)
{
	struct weir_record_settings *settings = &((struct record *)options)->settings;
	const char *colon = strchr(value, ':');
	size_t length = colon ? (size_t)(colon - value) : 0;
	uint64_t interval = 0;

	if (length == 10 && !memcmp(value, "systematic", length))
		settings->sampling = WEIR_RECORD_SAMPLE_SYSTEMATIC;
	else if (length == 6 && !memcmp(value, "random", length))
		settings->sampling = WEIR_RECORD_SAMPLE_RANDOM;
	else
		colon = NULL;
	if (!colon || parse_u64(colon + 1, UINT32_MAX, &interval) || !interval)
		return weir_error_set(error, -EINVAL, "'%s' is not systematic:N or random:N",
				      value);
	settings->sampling_interval = (uint32_t)interval;
	return 0;
}

static int record_take_slow(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "wait"))
		record->settings.slow = WEIR_RECORD_SLOW_WAIT;
	else if (!strcmp(value, "newest"))
		record->settings.slow = WEIR_RECORD_SLOW_NEWEST;
	else if (!strcmp(value, "headers"))
		record->settings.slow = WEIR_RECORD_SLOW_HEADERS;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not wait, newest or headers", value);
	return 0;
}

static int record_take_full(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "stop"))
		record->settings.full = WEIR_RECORD_FULL_STOP;
	else if (!strcmp(value, "oldest"))
		record->settings.full = WEIR_RECORD_FULL_OLDEST;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not stop or oldest", value);
	return 0;
}

static int record_take_manifest(void *options, const char *value, struct weir_error *error)
{
	((struct record *)options)->settings.manifest = true;
	return 0;
}

static int record_take_keep_free(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (parse_size(value, 1, &record->settings.keep_free_bytes))
		return weir_error_set(error, -EINVAL, "'%s' is not a size (10GiB, 500MB ...)",
				      value);
	return 0;
}

static int record_take_sync(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	if (!strcmp(value, "file"))
		record->settings.sync = WEIR_RECORD_SYNC_FILE;
	else if (!strcmp(value, "never"))
		record->settings.sync = WEIR_RECORD_SYNC_NEVER;
	else if (!parse_duration_ns(value, &record->settings.sync_interval_ns) &&
		 record->settings.sync_interval_ns)
		record->settings.sync = WEIR_RECORD_SYNC_INTERVAL;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not file, never or an interval (1s)",
				      value);
	return 0;
}

static bool record_is_stream(const char *path)
{
	return !strcmp(path, "-") || !strncmp(path, "tcp://", 6);
}

/* What a pipe or a connection cannot do. */
static int record_check_stream(const struct record *record, struct weir_error *error)
{
	const struct weir_record_settings *s = &record->settings;
	const char *option = NULL;

	if (!record_is_stream(s->path))
		return 0;
	if (s->manifest)
		return weir_error_set(error, -EINVAL,
				      "there is no place for a manifest beside '%s': leave out "
				      "--manifest",
				      s->path);
	if (record->per_worker)
		option = "--file-per-worker";
	else if (s->rotation.command)
		option = "-z";
	else if (s->sync != WEIR_RECORD_SYNC_DEFAULT)
		option = "--sync";
	else if (s->keep_free_bytes)
		option = "--keep-free";
	else if (s->writer != WEIR_RECORD_WRITER_DEFAULT)
		option = "--writer";
	return option ? weir_error_set(error, -EINVAL, "'%s' is one stream; leave out %s", s->path,
				       option)
		      : 0;
}

static int record_check_workers(const struct record *record, struct weir_error *error)
{
	bool several = record->capture.workers > 1 || record->capture.dispatch > 1;

	if (record->per_worker && flight_wanted(&record->flight))
		return weir_error_set(error, -EINVAL,
				      "what happens to one worker concerns all: leave out "
				      "--file-per-worker, or --before");
	if (record->per_worker && record->merge_delay_wanted)
		return weir_error_set(error, -EINVAL,
				      "with --file-per-worker nothing is merged: leave it out, or "
				      "--merge-delay");
	if (!several && (record->per_worker || record->merge_delay_wanted))
		return weir_error_set(error, -EINVAL,
				      "%s is for several workers: say how many (--workers N), or "
				      "leave it out",
				      record->per_worker ? "--file-per-worker" : "--merge-delay");
	return 0;
}

static int record_check_files(const struct record *record, struct weir_error *error)
{
	const struct weir_record_rotation *rotation = &record->settings.rotation;

	if (weir_record_rotates(rotation))
		return 0;
	if (rotation->files_max || rotation->total_bytes_max || rotation->files_stop)
		return weir_error_set(error, -EINVAL,
				      "a number of files or a total needs something that ends a "
				      "file: -b filesize:kB, -b interval:SECONDS, -C or -G");
	if (record->settings.full == WEIR_RECORD_FULL_OLDEST)
		return weir_error_set(error, -EINVAL,
				      "--disk-full oldest deletes the oldest of several files: say "
				      "what ends one (-b filesize:kB, -b interval:SECONDS, -C or "
				      "-G), or leave it out");
	return 0;
}

/* What several options mean together. */
static int record_check(struct record *record, struct weir_error *error)
{
	struct weir_record_rotation *rotation = &record->settings.rotation;

	if (!record->settings.path)
		return weir_error_set(error, -EINVAL,
				      "no output: name a file (-w FILE, or -w - for a pipe)");
	if (record->capture.json)
		return weir_error_set(
			error, -EINVAL,
			"--json has nothing to print: --report FILE writes the report "
			"as JSON");
	if (record_check_stream(record, error) < 0 || record_check_workers(record, error) < 0)
		return error->code;
	if (record->settings.writer == WEIR_RECORD_WRITER_MMAP && !rotation->file_bytes)
		rotation->file_bytes = WEIR_RECORD_MMAP_FILE_BYTES;
	/* As in tcpdump: with -C a ring of files, with -G alone the number to stop after. */
	if (record->files && rotation->file_bytes)
		rotation->files_max = record->files;
	else if (record->files)
		rotation->files_stop = record->files;
	if (record->capture.file_limit)
		rotation->files_stop = record->capture.file_limit;
	if (record_check_files(record, error) < 0)
		return error->code;
	record->settings.bytes_max = record->capture.file_bytes;
	return flight_check(&record->flight, &record->settings.flight, error);
}

static int record_take_recover(void *options, const char *value, struct weir_error *error)
{
	((struct record *)options)->recover = value;
	return 0;
}

/* cap.pcapng -> cap_w3.pcapng */
static void record_name_worker(const char *path, uint32_t worker, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strchr(base, '.');
	int stem = (int)(dot && dot != base ? dot - path : (ptrdiff_t)strlen(path));

	snprintf(name, size, "%.*s_w%u%s", stem, path, worker, path + stem);
}

static int record_open_for(struct record *record, struct weir_engine *engine, uint32_t worker,
			   const char *path, struct weir_error *error)
{
	struct weir_record_settings settings = record->settings;
	struct weir_sink *sink;
	int rc;

	settings.path = path;
	rc = weir_sink_open_record(&settings, weir_engine_interfaces(engine), &sink, error);
	if (rc < 0)
		return rc;
	record->sinks[record->sink_count++] = sink;
	return weir_engine_add_sink(engine, worker, sink, error);
}

static int record_open_each(struct record *record, struct weir_engine *engine,
			    struct weir_error *error)
{
	char path[PATH_MAX];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < weir_engine_workers(engine); i++) {
		record_name_worker(record->settings.path, i, path, sizeof(path));
		rc = record_open_for(record, engine, i, path, error);
	}
	return rc;
}

static int record_open_merged(struct record *record, struct weir_engine *engine,
			      struct weir_error *error)
{
	struct weir_sink *sinks[WEIR_WORKERS_MAX];
	uint32_t workers = weir_engine_workers(engine);
	int rc = weir_sink_open_record_merged(&record->settings, weir_engine_interfaces(engine),
					      workers, record->merge_delay_ns, sinks, error);

	if (rc < 0)
		return rc;
	record->sinks[record->sink_count++] = sinks[0];
	for (uint32_t i = 0; i < workers; i++)
		rc = weir_engine_add_sink(engine, i, sinks[i], error);
	return rc;
}

static bool record_is_live(const struct record *record)
{
	for (uint32_t i = 0; i < record->capture.input_count; i++)
		if (strncmp(record->capture.inputs[i].name, "file:", 5))
			return true;
	return false;
}

static int record_add_sinks(void *user, struct weir_engine *engine, struct weir_error *error)
{
	struct record *record = user;

	int rc = metering_add_sinks(&record->metering, &record_command, &record->capture, engine,
				    record_is_live(record), error);

	if (rc < 0)
		return rc;
	record->settings.privilege = weir_engine_privilege(engine);
	record_recover_before(&record->settings);
	if (weir_engine_workers(engine) == 1)
		rc = record_open_for(record, engine, 0, record->settings.path, error);
	else
		rc = record->per_worker ? record_open_each(record, engine, error)
					: record_open_merged(record, engine, error);
	if (rc == 0 && flight_wanted(&record->flight) && !record->capture.quiet)
		flight_tell_start(&record->settings.flight);
	return rc;
}

static void record_tell(const struct record *record)
{
	uint64_t shortened = 0;

	for (uint32_t i = 0; i < record->sink_count; i++)
		shortened += weir_sink_record_shortened(record->sinks[i]);
	fprintf(stderr, "written to '%s'%s, writer: %s\n", record->settings.path,
		record->sink_count > 1 ? ", a file for each worker" : "",
		weir_sink_record_writer(record->sinks[0]));
	if (shortened)
		fprintf(stderr,
			"%" PRIu64 " packets were cut to %d bytes, since the disk was slow\n",
			shortened, WEIR_RECORD_HEADER_BYTES);
}

static bool record_rotate(void *user)
{
	const struct record *record = user;
	bool done = record->sink_count > 0;

	for (uint32_t i = 0; i < record->sink_count; i++)
		done &= !weir_sink_record_rotate(record->sinks[i]);
	return done;
}

static void record_interval(void *user, struct weir_engine *engine, bool last)
{
	struct record *record = user;

	if (record->capture.quiet)
		return;
	if (flight_wanted(&record->flight))
		flight_tell(&record->flight, record->sinks[0], last);
	if (last)
		record_tell(record);
}

static void record_triggered(void *user)
{
	weir_sink_record_trigger(((struct record *)user)->sinks[0]);
}

static void record_dry_run(void *user)
{
	flight_dry_run(&((struct record *)user)->settings.flight);
}

static int record_run(const struct command *command, int argc, char **argv)
{
	static struct record record;
	struct capture_hooks hooks = {.add_sinks = record_add_sinks,
				      .writes_files = true,
				      .rotate = record_rotate,
				      .interval = record_interval,
				      .user = &record};
	struct weir_error error;
	int first, status;

	capture_init(&record.capture);
	record.merge_delay_ns = WEIR_RECORD_MERGE_DELAY_MS * (uint64_t)CLOCK_NS_PER_MS;
	status = options_parse(command, argc, argv, &record, &first);
	if (status >= 0)
		return status;
	if (record.recover && (record.settings.path || record.capture.input_count)) {
		weir_error_set(&error, -EINVAL,
			       "--recover captures nothing: leave out -w, -i and -r, or run it "
			       "first");
		return options_fail(command, STATUS_USAGE, &error);
	}
	if (record.recover)
		return record_recover(command, record.recover);
	if (record_check(&record, &error))
		return options_fail(command, STATUS_USAGE, &error);
	for (uint32_t i = 0; i < record.capture.input_count; i++)
		if (record.capture.inputs[i].settings.snaplen > record.settings.snaplen)
			record.settings.snaplen = record.capture.inputs[i].settings.snaplen;
	if (record.metering.target_count && record.capture.fanout.mode == WEIR_FANOUT_NONE)
		record.capture.fanout.mode = WEIR_FANOUT_EBPF; /* both directions to one worker */
	if (flight_wanted(&record.flight)) {
		hooks.triggered = record_triggered;
		hooks.dry_run = record_dry_run;
	}
	status = capture_run(command, &record.capture, &hooks, argc - first, argv + first);
	metering_close(&record.metering);
	flight_options_close(&record.flight);
	return status;
}

static int record_take_per_worker(void *options, const char *value, struct weir_error *error)
{
	((struct record *)options)->per_worker = true;
	return 0;
}

static int record_take_merge_delay(void *options, const char *value, struct weir_error *error)
{
	struct record *record = options;

	record->merge_delay_wanted = true;
	if (parse_duration_ns(value, &record->merge_delay_ns))
		return weir_error_set(error, -EINVAL, "'%s' is not a duration such as 200ms",
				      value);
	return 0;
}

static int record_take_before(void *options, const char *value, struct weir_error *error)
{
	return flight_take_before(&((struct record *)options)->flight, value, error);
}

static int record_take_after(void *options, const char *value, struct weir_error *error)
{
	return flight_take_after(&((struct record *)options)->flight, value, error);
}

static int record_take_trigger(void *options, const char *value, struct weir_error *error)
{
	return flight_take_trigger(&((struct record *)options)->flight, value, error);
}

static const struct option_row record_flight_rows[] = {
	{0, "before", "TIME|SIZE",
	 "keep the packets of the last TIME (30s), in at most SIZE of memory (100MB; default "
	 "256MiB), and record them only when a trigger comes, or SIGUSR2; may be given twice",
	 record_take_before},
	{0, "trigger", "FILTER",
	 "record when a packet matches FILTER, or, with the word 'loss', when packets were lost; "
	 "may be repeated",
	 record_take_trigger},
	{0, "after", "TIME",
	 "and go on for so long (default 10s); with -b, each event has its own files",
	 record_take_after},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row record_worker_rows[] = {
	{0, "file-per-worker", NULL,
	 "with several workers, a file for each (out_w0.pcapng, out_w1.pcapng ...), to each of "
	 "which limits of size apply; default: one, in the order of time",
	 record_take_per_worker},
	{0, "merge-delay", "TIME",
	 "how long a packet waits for older ones of other workers (default 500ms)",
	 record_take_merge_delay},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row record_rows[] = {
	{'w', "write", "FILE",
	 "write to FILE: pcapng, or pcap when it ends in .pcap, compressed when it ends in .zst "
	 "or .lz4; '-' is standard output, "
	 "tcp://HOST:PORT another host",
	 record_take_write},
	{0, "flows", "TARGET",
	 "also meter what is recorded, and write flow records to TARGET, as 'weir flow -w' does; "
	 "may be repeated",
	 record_take_flows},
	{'F', "format", "FORMAT", "pcapng or pcap, whatever the name says", record_take_format},
	{0, "time-precision", "UNIT", "times in a .pcap: micro (default) or nano",
	 record_take_precision},
	{'U', "packet-buffered", NULL, "write at once, not within 200 ms", record_take_immediate},
	{0, "slice", "LAYER[+N]",
	 "keep of each packet the headers up to l2, l3 or l4, and N bytes behind them",
	 record_take_slice},
	{0, "flow-bytes", "SIZE",
	 "record of each flow, both directions, only the packets that begin within its first SIZE "
	 "bytes",
	 record_take_flow_bytes},
	{0, "sample", "MODE:N", "record one packet in N: systematic or random", record_take_sample},
	{0, "manifest", NULL,
	 "beside each complete file, its SHA-256 and that of each 64 KiB (FILE.sha256), for 'weir "
	 "verify' and sha256sum -c",
	 record_take_manifest},
	{0, "writer", "NAME",
	 "'direct' goes past the page cache (default where possible), 'direct,sqpoll' has a kernel "
	 "thread submit, 'plain' goes through it, 'mmap' writes into mapped files of 200 MB (or -b "
	 "filesize)",
	 record_take_writer},
	{0, "sync", "WHEN",
	 "force files to the disk: 'file' (each when complete; default with several files), "
	 "'never' (default with one), or an interval (1s): also while they are written",
	 record_take_sync},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_row record_file_rows[] = {
	{'b', "ring-buffer", "COND",
	 "next file at filesize:kB, duration:SECONDS, interval:SECONDS (of the clock) or "
	 "packets:N; keep files:N or total:kB, deleting the oldest; may be repeated",
	 record_take_ring},
	{'C', "file-size", "SIZE", "as -b filesize, in 10^6 bytes", record_take_file_size},
	{'G', "rotate-seconds", "SECONDS", "as -b duration", record_take_seconds},
	{'W', "file-count", "N", "with -C keep N files, with -G alone stop after N",
	 record_take_files},
	{'z', "post-command", "PROGRAM", "run PROGRAM with each complete file as its argument",
	 record_take_command},
	{0, "disk-slow", "POLICY",
	 "when the disk is too slow: 'wait' (default: the ring fills), drop the 'newest' packets, "
	 "or keep 'headers' only",
	 record_take_slow},
	{0, "disk-full", "POLICY",
	 "when the disk is full: 'stop' (default), or, of several files, delete the 'oldest' of "
	 "this recording",
	 record_take_full},
	{0, "keep-free", "SIZE", "call the disk full when only SIZE of it is free",
	 record_take_keep_free},
	{0, "recover", "DIR",
	 "capture nothing: make valid files of what a recorder that was killed left in DIR",
	 record_take_recover},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group record_groups[] = {
	{"Recording", record_rows},
	{"Several files (FILE may have strftime conversions, or gets number and time)",
	 record_file_rows},
	{"Flight recorder", record_flight_rows},
	{"Input", capture_input_rows},
	{"Workers", capture_worker_rows},
	{"What several workers record", record_worker_rows},
	{"Stop", capture_stop_rows},
	{"Output", capture_output_rows},
	{NULL, NULL},
};

const struct command record_command = {
	.name = "record",
	.summary = "write packets to a pcapng or pcap file",
	.operands = "[filter expression]",
	.description = "Records the packets that a source delivers, and reports at the end where "
		       "every one of them went. SIGHUP ends the file and begins the next.",
	.examples = "  weir record -i eth0 -w out.pcapng\n"
		    "  weir record -i eth0 -s 128 -c 1000 -w out.pcap tcp port 443\n"
		    "  weir record -r old.pcap.gz -w new.pcapng\n"
		    "  weir record -i eth0 -w cap.pcapng -b interval:1h -b files:24\n"
		    "  weir record -i eth0 -w x.pcapng --before 30s --trigger 'icmp[0] = 3'\n"
		    "  weir record -i eth0 -w tcp://10.0.0.5:4000   (there: -r tcp-listen:4000)\n"
		    "  weir record -i eth0 -w - | wireshark -k -i -\n",
	.groups = record_groups,
	.run = record_run,
};
