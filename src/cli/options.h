/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and options are tables: help, parsing, completion and near-miss
 * suggestions all come from the same rows.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "weir/error.h"

/* Exit statuses, the same for every command. */
enum status {
	STATUS_OK = 0,
	STATUS_ERROR = 1,
	STATUS_USAGE = 2,
	STATUS_LOST = 3, /* finished, but packets were lost, with --strict */
};

enum { OPTIONS_ROWS_MAX = 96 };

struct option_row {
	char letter;          /* 0 = none */
	const char *name;     /* long name, NULL = none */
	const char *argument; /* what its argument is called, NULL = takes none */
	const char *help;     /* NULL: not listed; it only says why there is no such option */
	/* Take the option into the command's options; -EINVAL and a sentence. */
	int (*take)(void *options, const char *value, struct weir_error *error);
};

struct option_group {
	const char *title;
	const struct option_row *rows; /* ended by a row without 'take' */
};

struct command {
	const char *name;
	const char *summary;               /* one line */
	const char *operands;              /* what follows the options in the usage line */
	const char *description;           /* a paragraph for the help, at most 80 columns wide */
	const char *examples;              /* lines for the help */
	const struct option_group *groups; /* ended by a group without rows */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* The commands, ended by a NULL name; in main.c. */
extern const struct command *const commands[];

/*
 * Parse argv (argv[0] is the command). Returns -1 to go on, with *first the
 * index of the first operand; else the status to exit with: the help has been
 * printed, or an error told.
 */
int options_parse(const struct command *command, int argc, char **argv, void *options, int *first);
/* Print a command's help. */
void options_help(const struct command *command);

/* Tell an error on stderr: "weir count: TEXT"; returns 'status'. */
int options_fail(const struct command *command, int status, const struct weir_error *error);

#endif
