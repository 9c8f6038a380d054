/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all commands that capture have in common: their options, and the way
 * from these to a finished run: broker, sandbox, sources, sinks, signals,
 * report.
 */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "weir/engine.h"
#include "weir/report.h"

enum { CAPTURE_INPUTS_MAX = 256, CAPTURE_FILTER_BYTES = 4096 };

struct capture_input {
	const char *name;
	struct weir_source_settings settings;
	bool is_optional; /* where the system cannot have it, that is told and the run goes on */
	bool is_absent;   /* ... and this is so */
};

/* First member of a capturing command's own options. */
struct capture_options {
	struct capture_input inputs[CAPTURE_INPUTS_MAX];
	uint32_t input_count;
	/* Options before the first -i hold for all, those after an -i for that one. */
	struct weir_source_settings defaults;
	uint64_t packet_limit, duration_ns, file_bytes;
	uint32_t file_limit; /* files to stop after */
	const char *command; /* the one program that may be run on files written */
	bool json, quiet, strict, dry_run;
	const char *report_path;
	uint32_t workers;  /* 0 = 1 */
	uint32_t dispatch; /* 0 = none */
	struct weir_fanout fanout;
	bool fanout_wanted; /* by the user: commands have a choice of their own */
	bool busy_poll;
	uint32_t cpus[WEIR_CPUS_MAX], cpu_count;
	char filter[CAPTURE_FILTER_BYTES];
	const char *write_paths[WEIR_PRIVILEGE_PATHS_MAX]; /* what the command will write */
};

/* A capturing command's part in the run. */
struct capture_hooks {
	/* Add the sinks, to each worker its own; the sandbox is entered, the sources are open. */
	int (*add_sinks)(void *user, struct weir_engine *engine, struct weir_error *error);
	bool writes_files; /* so that limits of files mean something */
	/* SIGHUP: begin another file. False when there is none to begin. May be NULL. */
	bool (*rotate)(void *user);
	/* After each cut. May be NULL. */
	void (*interval)(void *user, struct weir_engine *engine, bool last);
	/* SIGUSR2 came. NULL: it ends the program, as is its way. */
	void (*triggered)(void *user);
	/* For --dry-run: the memory that the command itself would take. May be NULL. */
	void (*dry_run)(void *user);
	void *user;
};

/* Rows for the option tables. */
extern const struct option_row capture_input_rows[], capture_stop_rows[], capture_output_rows[];
extern const struct option_row capture_worker_rows[]; /* of commands that can use several */

/* Defaults, before parsing. */
void capture_init(struct capture_options *options);
/*
 * Do the options go together, does each do something, and is no file read and
 * written? 'writes_files': so do the command's sinks. -EINVAL.
 */
int capture_check(const struct capture_options *options, bool writes_files,
		  struct weir_error *error);
/*
 * Take the words that follow the options as the filter, check, run, report.
 * Returns the exit status.
 */
int capture_run(const struct command *command, struct capture_options *options,
		const struct capture_hooks *hooks, int word_count, char **words);

#endif
