/* SPDX-License-Identifier: Apache-2.0 */
/* What a recorder that was killed has left behind, for weir record. */
#ifndef CLI_RECORD_RECOVER_H
#define CLI_RECORD_RECOVER_H

#include "options.h"
#include "weir/record.h"

/* Recover what is in a directory, and tell of each file. Returns the exit status. */
int record_recover(const struct command *command, const char *path);
/* The same before a recording of several files: what an earlier one left comes first. */
void record_recover_before(const struct weir_record_settings *settings);

#endif
