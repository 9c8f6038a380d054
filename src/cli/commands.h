/* SPDX-License-Identifier: Apache-2.0 */
/* All commands; each is described in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

extern const struct command collect_command;
extern const struct command count_command;
extern const struct command flow_command;
extern const struct command generate_command;
extern const struct command interfaces_command;
extern const struct command path_command;
extern const struct command record_command;
extern const struct command replay_command;
extern const struct command show_command;
extern const struct command verify_command;

#endif
