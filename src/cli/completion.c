/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for shells, out of the tables that also parse: there is no second
 * list that could fall behind. 'weir completion SHELL' prints it.
 */
#include "completion.h"

#include <stdbool.h>
#include <string.h>

/* How the argument of an option is completed, by what it is called in the help. */
enum completion_kind { COMPLETION_NOTHING, COMPLETION_FILE, COMPLETION_INTERFACE };

static enum completion_kind completion_kind(const struct option_row *row)
{
	if (!row->argument)
		return COMPLETION_NOTHING;
	if (strstr(row->argument, "FILE") || strstr(row->argument, "DIR"))
		return strcmp(row->argument, "DIR") || strcmp(row->name, "direction")
			       ? COMPLETION_FILE
			       : COMPLETION_NOTHING;
	if (!strcmp(row->argument, "SOURCE") || !strcmp(row->argument, "IF"))
		return COMPLETION_INTERFACE;
	return COMPLETION_NOTHING;
}

/* ---- bash ---- */

/* "-i|--interface" for the patterns of a case. */
static void completion_bash_patterns(const struct command *command, enum completion_kind kind,
				     const char *action)
{
	bool any = false;

	for (const struct option_group *group = command->groups; group->rows; group++) {
		for (const struct option_row *row = group->rows; row->take; row++) {
			if (!row->help || !row->argument || completion_kind(row) != kind)
				continue;
			if (row->letter)
				printf("%s-%c", any ? "|" : "\t\t", row->letter);
			any |= row->letter != 0;
			if (row->name)
				printf("%s--%s", any ? "|" : "\t\t", row->name);
			any = true;
		}
	}
	if (any)
		printf(") %s; return ;;\n", action);
}

static void completion_bash_command(const struct command *command)
{
	printf("\t%s)\n\t\tcase $previous in\n", command->name);
	completion_bash_patterns(command, COMPLETION_FILE, "_weir_files");
	completion_bash_patterns(command, COMPLETION_INTERFACE, "_weir_interfaces");
	completion_bash_patterns(command, COMPLETION_NOTHING, "COMPREPLY=()");
	printf("\t\tesac\n\t\toptions='--help");
	for (const struct option_group *group = command->groups; group->rows; group++)
		for (const struct option_row *row = group->rows; row->take; row++)
			if (row->help && row->name)
				printf(" --%s", row->name);
	printf("' ;;\n");
}

static void completion_bash(void)
{
	printf("# bash completion for weir, made from its option tables\n"
	       "_weir_files() {\n"
	       "\tcompopt -o filenames 2>/dev/null\n"
	       "\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	       "}\n"
	       "_weir_interfaces() {\n"
	       "\tlocal names=(/sys/class/net/*)\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"any ${names[*]##*/}\" -- \"$current\")\n"
	       "}\n"
	       "_weir() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tlocal options\n"
	       "\tif ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ $previous = help ]]; }; "
	       "then\n"
	       "\t\toptions='");
	for (const struct command *const *c = commands; *c; c++)
		printf("%s ", (*c)->name);
	printf("help --help --version'\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *c = commands; *c; c++)
		completion_bash_command(*c);
	printf("\t*) return ;;\n"
	       "\tesac\n"
	       "\tif [[ $current = -* ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	       "\telse\n"
	       "\t\t_weir_files\n"
	       "\tfi\n"
	       "}\n"
	       "complete -F _weir weir\n");
}

/* ---- zsh ---- */

/* Within single quotes and brackets. */
static void completion_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void completion_zsh_option(const char *spelling, const struct option_row *row)
{
	static const char *const actions[] = {
		[COMPLETION_NOTHING] = " ",
		[COMPLETION_FILE] = "_files",
		[COMPLETION_INTERFACE] = "_net_interfaces",
	};

	printf("\t\t\t'*%s[", spelling);
	completion_zsh_text(row->help);
	putchar(']');
	if (row->argument) {
		putchar(':');
		completion_zsh_text(row->argument);
		printf(":%s", actions[completion_kind(row)]);
	}
	printf("' \\\n");
}

static void completion_zsh_command(const struct command *command)
{
	char spelling[64];

	printf("\t%s)\n\t\t_arguments \\\n", command->name);
	for (const struct option_group *group = command->groups; group->rows; group++) {
		for (const struct option_row *row = group->rows; row->take; row++) {
			if (!row->help)
				continue;
			snprintf(spelling, sizeof(spelling), "-%c", row->letter);
			if (row->letter)
				completion_zsh_option(spelling, row);
			snprintf(spelling, sizeof(spelling), "--%s", row->name);
			if (row->name)
				completion_zsh_option(spelling, row);
		}
	}
	printf("\t\t\t'--help[tell what there is]' \\\n\t\t\t'*: :_files' ;;\n");
}

static void completion_zsh(void)
{
	printf("#compdef weir\n# zsh completion for weir, made from its option tables\n"
	       "if ((CURRENT == 2)); then\n"
	       "\tlocal -a names\n"
	       "\tnames=(\n");
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t\t'%s:", (*c)->name);
		completion_zsh_text((*c)->summary);
		printf("'\n");
	}
	printf("\t\t'help:tell more of a command'\n"
	       "\t)\n"
	       "\t_describe command names\n"
	       "\treturn\n"
	       "fi\n"
	       "local command=$words[2]\n"
	       "shift words\n"
	       "((CURRENT--))\n"
	       "case $command in\n");
	for (const struct command *const *c = commands; *c; c++)
		completion_zsh_command(*c);
	printf("\tesac\n");
}

int completion_print(const char *shell)
{
	if (shell && !strcmp(shell, "bash")) {
		completion_bash();
		return STATUS_OK;
	}
	if (shell && !strcmp(shell, "zsh")) {
		completion_zsh();
		return STATUS_OK;
	}
	fprintf(stderr, "weir completion: say for which shell: bash or zsh\n");
	return STATUS_USAGE;
}
