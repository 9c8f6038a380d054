/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

enum { OPTIONS_LONG_BASE = 256, OPTIONS_COLUMN = 28, OPTIONS_WIDTH = 80 };

struct options_table {
	const struct option_row *rows[OPTIONS_ROWS_MAX];
	const char *names[OPTIONS_ROWS_MAX + 1]; /* long names, for suggestions */
	int count;
	char letters[2 * OPTIONS_ROWS_MAX + 4];
	struct option longs[OPTIONS_ROWS_MAX + 2];
};

static void options_collect(const struct command *command, struct options_table *table)
{
	char *letter = table->letters;
	int longs = 0;

	memset(table, 0, sizeof(*table));
	*letter++ = ':'; /* tell a missing argument from an unknown option */
	*letter++ = 'h';
	table->longs[longs++] = (struct option){.name = "help", .val = 'h'};
	for (const struct option_group *group = command->groups; group->rows; group++) {
		for (const struct option_row *row = group->rows; row->take; row++) {
			int index = table->count++;

			table->rows[index] = row;
			table->names[index] = row->name;
			if (row->letter)
				*letter++ = row->letter;
			if (row->letter && row->argument)
				*letter++ = ':';
			if (row->name)
				table->longs[longs++] = (struct option){
					.name = row->name,
					.has_arg = row->argument ? required_argument : no_argument,
					.val = OPTIONS_LONG_BASE + index};
		}
	}
	table->names[table->count] = "help";
}

static const struct option_row *options_find(const struct options_table *table, int value)
{
	if (value >= OPTIONS_LONG_BASE)
		return table->rows[value - OPTIONS_LONG_BASE];
	for (int i = 0; i < table->count; i++)
		if (table->rows[i]->letter == value)
			return table->rows[i];
	return NULL;
}

static int options_hint(const struct command *command)
{
	fprintf(stderr, "try 'weir %s --help'\n", command->name);
	return STATUS_USAGE;
}

/* How many options begin so. */
static int options_beginning(const struct options_table *table, const char *text)
{
	int count = 0;

	for (int i = 0; i <= table->count; i++)
		if (table->names[i] && !strncmp(table->names[i], text, strlen(text)))
			count++;
	return count;
}

static int options_unknown(const struct command *command, const struct options_table *table,
			   const char *word)
{
	char name[64];
	const char *near;

	if (optopt && optopt < OPTIONS_LONG_BASE) {
		fprintf(stderr, "weir %s: unknown option '-%c'\n", command->name, optopt);
		return options_hint(command);
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = parse_nearest(name + 2, table->names, (unsigned int)table->count + 1,
			     sizeof(*table->names));
	if (optopt)
		fprintf(stderr, "weir %s: option '%s' takes no value\n", command->name, name);
	else if (options_beginning(table, name + 2) > 1)
		fprintf(stderr, "weir %s: option '%s' may be one of several: say more of it\n",
			command->name, name);
	else if (near)
		fprintf(stderr, "weir %s: unknown option '%s'; did you mean '--%s'?\n",
			command->name, name, near);
	else
		fprintf(stderr, "weir %s: unknown option '%s'\n", command->name, name);
	return options_hint(command);
}

static void options_spell(const struct option_row *row, char *text, size_t size)
{
	if (row->letter && row->name)
		snprintf(text, size, "-%c, --%s", row->letter, row->name);
	else if (row->letter)
		snprintf(text, size, "-%c", row->letter);
	else
		snprintf(text, size, "--%s", row->name);
}

int options_parse(const struct command *command, int argc, char **argv, void *options, int *first)
{
	struct options_table table;
	struct weir_error error;
	char spelling[64];
	int value;

	options_collect(command, &table);
	opterr = 0;
	optind = 1;
	while ((value = getopt_long(argc, argv, table.letters, table.longs, NULL)) != -1) {
		const struct option_row *row = options_find(&table, value);

		if (value == 'h' && !row) {
			options_help(command);
			return STATUS_OK;
		}
		if (value == '?')
			return options_unknown(command, &table, argv[optind - 1]);
		if (value == ':') {
			row = options_find(&table, optopt);
			options_spell(row, spelling, sizeof(spelling));
			fprintf(stderr, "weir %s: option '%s' needs %s\n", command->name, spelling,
				row->argument);
			return options_hint(command);
		}
		if (row->take(options, optarg, &error) < 0) {
			options_spell(row, spelling, sizeof(spelling));
			fprintf(stderr, "weir %s: option '%s': %s\n", command->name, spelling,
				error.text);
			return STATUS_USAGE;
		}
	}
	*first = optind;
	return -1;
}

/* Print 'text' in lines that start at 'column' and stay within the width. */
static void options_wrap(const char *text, int column)
{
	int at = column;

	while (*text) {
		int length = (int)strcspn(text, " \n");

		if (at > column && at + 1 + length > OPTIONS_WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", length, text);
		at += length;
		text += length;
		text += strspn(text, " \n");
	}
	putchar('\n');
}

static void options_help_row(const struct option_row *row)
{
	char spelling[64];
	int used;

	options_spell(row, spelling, sizeof(spelling));
	used = printf("  %s%s%s%s", row->letter ? "" : "    ", spelling, row->argument ? " " : "",
		      row->argument ? row->argument : "");
	if (used >= OPTIONS_COLUMN)
		printf("\n%*s", OPTIONS_COLUMN, "");
	else
		printf("%*s", OPTIONS_COLUMN - used, "");
	options_wrap(row->help, OPTIONS_COLUMN);
}

void options_help(const struct command *command)
{
	printf("usage: weir %s [options]%s%s\n\n", command->name, *command->operands ? " " : "",
	       command->operands);
	options_wrap(command->description, 0);
	for (const struct option_group *group = command->groups; group->rows; group++) {
		printf("\n%s:\n", group->title);
		for (const struct option_row *row = group->rows; row->take; row++)
			if (row->help)
				options_help_row(row);
	}
	if (command->examples)
		printf("\nExamples:\n%s", command->examples);
}

int options_fail(const struct command *command, int status, const struct weir_error *error)
{
	fprintf(stderr, "weir %s: %s\n", command->name, error->text);
	return status;
}
