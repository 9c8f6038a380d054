/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of every command, as a shell hands them over: a first line
 * "record", then lines "ring-buffer filesize:10", many of them, into the same
 * options. What is refused must say why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

enum {
	FUZZ_OPTIONS_MAX = 4096,
	FUZZ_OPTIONS_BYTES = 1 << 18, /* more than any command's options take */
	FUZZ_OPTIONS_GUARD = 1 << 12,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* That of main.c, which has a main(). */
/* clang-format off */
const struct command *const commands[] = {
	&collect_command, &count_command, &flow_command, &generate_command, &interfaces_command,
	&path_command, &record_command, &replay_command, &show_command, &verify_command, NULL,
};
/* clang-format on */

/* They open a file, or something that lives as long as the process. */
static int fuzz_is_left_out(const struct option_row *row)
{
	static const char *const names[] = {"anonymise", "fields",  "follow",
					    "read",      "records", "trigger"};

	for (size_t i = 0; row->name && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(row->name, names[i]))
			return 1;
	return 0;
}

static const struct option_row *fuzz_row(const struct command *command, const char *name)
{
	for (const struct option_group *group = command->groups; group->rows; group++)
		for (const struct option_row *row = group->rows; row->take; row++)
			if (row->name && !strcmp(row->name, name) && !fuzz_is_left_out(row))
				return row;
	return NULL;
}

static void fuzz_line(const struct command *command, void *options, char *line)
{
	char *value = strchr(line, ' ');
	const struct option_row *row;
	struct weir_error error = {0};

	if (value)
		*value++ = '\0';
	row = fuzz_row(command, line);
	if (!row || (row->argument && !value))
		return;
	if (row->take(options, row->argument ? value : NULL, &error) < 0 && !*error.text)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(64) uint8_t options[FUZZ_OPTIONS_BYTES + FUZZ_OPTIONS_GUARD];
	char text[FUZZ_OPTIONS_MAX + 1], *rest = text, *line;
	const struct command *const *command = commands;

	if (size > FUZZ_OPTIONS_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memset(options, 0, sizeof(options));
	line = strsep(&rest, "\n");
	while (*command && strcmp((*command)->name, line))
		command++;
	while (*command && (line = strsep(&rest, "\n")))
		fuzz_line(*command, options, line);
	for (size_t i = FUZZ_OPTIONS_BYTES; i < sizeof(options); i++)
		if (options[i])
			abort();
	return 0;
}
