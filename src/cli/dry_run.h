/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture would open, and what that takes of memory. */
#ifndef CLI_DRY_RUN_H
#define CLI_DRY_RUN_H

#include "base/format.h"
#include "capture.h"

/* An amount of memory, in words. */
const char *dry_run_size(uint64_t bytes, char text[FORMAT_BYTES]);
/* Tell what is open in 'engine', and what would be written. */
void dry_run_print(const struct capture_options *options, struct weir_engine *engine);

#endif
