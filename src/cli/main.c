/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and the way to the one that was named. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "commands.h"
#include "completion.h"
#include "options.h"

/* One a line, so that changes of two people don't meet: */
/* clang-format off */
const struct command *const commands[] = {
	&collect_command,
	&count_command,
	&flow_command,
	&generate_command,
	&interfaces_command,
	&path_command,
	&record_command,
	&replay_command,
	&show_command,
	&verify_command,
	NULL,
};
/* clang-format on */

static void main_usage(FILE *out)
{
	fprintf(out, "usage: weir COMMAND [options]\n\n"
		     "weir measures packets without stopping them, and accounts for every one.\n\n"
		     "Commands:\n");
	for (const struct command *const *c = commands; *c; c++)
		fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fprintf(out, "\n'weir help COMMAND' tells more; 'weir --version' the version; 'weir\n"
		     "completion bash' or 'zsh' prints what completes command lines there.\n");
}

static const struct command *main_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static int main_unknown(const char *name)
{
	const char *names[64] = {0};
	unsigned int count = 0;
	const char *near;

	for (const struct command *const *c = commands; *c; c++)
		names[count++] = (*c)->name;
	near = parse_nearest(name, names, count, sizeof(*names));
	fprintf(stderr, "weir: no command '%s'", name);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fprintf(stderr, "\ntry 'weir --help'\n");
	return STATUS_USAGE;
}

/* What printf could not write must not pass for written; but a reader may go when it likes. */
static int main_flush(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (errno == EPIPE)
		return status;
	fprintf(stderr, "weir: cannot write the output: %s\n", strerror(errno));
	return status == STATUS_OK ? STATUS_ERROR : status;
}

int main(int argc, char **argv)
{
	const struct command *command;

	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an answer of write(2), not a death */
	if (argc < 2) {
		main_usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V") ||
	    !strcmp(argv[1], "version")) {
		printf("weir %s\n", WEIR_VERSION);
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    (!strcmp(argv[1], "help") && argc == 2)) {
		main_usage(stdout);
		return main_flush(STATUS_OK);
	}
	if (!strcmp(argv[1], "completion"))
		return main_flush(completion_print(argv[2]));
	if ((!strcmp(argv[1], "help") || !strcmp(argv[1], "manual")) && argc > 2) {
		command = main_find(argv[2]);
		if (!command)
			return main_unknown(argv[2]);
		if (!strcmp(argv[1], "help"))
			options_help(command);
		else
			manual_print(command);
		return main_flush(STATUS_OK);
	}
	command = main_find(argv[1]);
	return command ? main_flush(command->run(command, argc - 1, argv + 1))
		       : main_unknown(argv[1]);
}
