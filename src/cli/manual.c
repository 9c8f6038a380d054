/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's manual page, in man(7), out of the same tables as its help.
 * 'weir manual COMMAND' prints it; the build installs what it says.
 */
#include <ctype.h>
#include <stdbool.h>

#include "completion.h"

/* Text as it is: what roff would take for itself is escaped. */
static void manual_text(const char *text)
{
	bool begins_line = true;

	for (; *text; text++) {
		if (begins_line && (*text == '.' || *text == '\''))
			printf("\\&");
		if (*text == '\\')
			printf("\\e");
		else if (*text == '-')
			printf("\\-");
		else
			putchar(*text);
		begins_line = *text == '\n';
	}
}

static void manual_title(const char *title)
{
	printf(".SH ");
	for (; *title; title++)
		putchar(*title == ',' ? ',' : toupper((unsigned char)*title));
	putchar('\n');
}

static void manual_row(const struct option_row *row)
{
	printf(".TP\n");
	if (row->letter)
		printf("\\fB\\-%c\\fP", row->letter);
	if (row->letter && row->name)
		printf(", ");
	if (row->name) {
		printf("\\fB\\-\\-");
		manual_text(row->name);
		printf("\\fP");
	}
	if (row->argument) {
		printf(" \\fI");
		manual_text(row->argument);
		printf("\\fP");
	}
	putchar('\n');
	manual_text(row->help);
	putchar('\n');
}

static void manual_options(const struct command *command)
{
	manual_title("options");
	for (const struct option_group *group = command->groups; group->rows; group++) {
		printf(".SS ");
		manual_text(group->title);
		putchar('\n');
		for (const struct option_row *row = group->rows; row->take; row++)
			if (row->help)
				manual_row(row);
	}
}

void manual_print(const struct command *command)
{
	printf(".\\\" made from the option tables by 'weir manual %s'\n"
	       ".TH WEIR\\-",
	       command->name);
	for (const char *c = command->name; *c; c++)
		putchar(toupper((unsigned char)*c));
	printf(" 1 \"\" \"weir " WEIR_VERSION "\" \"User Commands\"\n");
	manual_title("name");
	printf("weir\\-%s \\- ", command->name);
	manual_text(command->summary);
	putchar('\n');
	manual_title("synopsis");
	printf("\\fBweir %s\\fP [\\fIoptions\\fP] ", command->name);
	manual_text(command->operands);
	putchar('\n');
	manual_title("description");
	manual_text(command->description);
	putchar('\n');
	manual_options(command);
	if (command->examples) {
		manual_title("examples");
		printf(".nf\n");
		manual_text(command->examples);
		printf(".fi\n");
	}
	manual_title("exit status");
	printf("0 fine; 1 an error; 2 wrong usage; 3 finished, but packets were lost, with "
	       "\\fB\\-\\-strict\\fP.\n");
	manual_title("see also");
	printf("\\fBweir\\fP(1), for sources, signals and the report");
	for (const struct command *const *c = commands; *c; c++)
		if (*c != command)
			printf(", \\fBweir\\-%s\\fP(1)", (*c)->name);
	printf("\n");
}
