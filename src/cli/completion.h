/* SPDX-License-Identifier: Apache-2.0 */
/* What the build makes of the option tables: completion for shells, and manual pages. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stdio.h>

#include "options.h"

/* Print the completion for "bash" or "zsh"; returns the exit status. */
int completion_print(const char *shell);
/* Print the manual page of a command, in the roff of man(7). */
void manual_print(const struct command *command);

#endif
