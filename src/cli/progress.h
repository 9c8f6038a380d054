/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal's standard error that tells how far something is. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, shown;
	uint64_t next_ns; /* when to say something again; of the times given */
};

/* Ready to tell, if that is wanted and standard error is a terminal. */
void progress_begin(struct progress *progress, bool wanted);
/*
 * 'done' of 'of' (0 = unknown) after 'duration_ns', in 'unit' ("packets",
 * "bytes"): percent, rate, time left. Most calls say nothing.
 */
void progress_tell(struct progress *progress, uint64_t done, uint64_t of, uint64_t duration_ns,
		   const char *unit);
/* Take the line away. */
void progress_end(struct progress *progress);
/* The text of the line, within 79 columns. */
void progress_text(char *text, unsigned int size, uint64_t done, uint64_t of, uint64_t duration_ns,
		   const char *unit);

#endif
