/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffered text file. Written out when the buffer is nearly full and at each
 * tick, so that a reader at the end of a pipe is a tenth of a second behind.
 */
#ifndef EXPORT_OUTPUT_H
#define EXPORT_OUTPUT_H

#include <stdint.h>

#include "weir/error.h"
#include "weir/ledger.h"
#include "weir/privilege.h"

enum {
	OUTPUT_BUFFER_BYTES = 256 << 10,
	OUTPUT_RECORD_BYTES_MAX = 16 << 10, /* room that output_reserve gives */
};

struct output {
	int fd;
	uint32_t used;
	uint64_t records; /* in the buffer, not yet written */
	char *buffer;
};

/* Create or overwrite 'path'; "-" is standard output. -errno. */
int output_open(struct output *output, const char *path, struct weir_privilege *privilege,
		struct weir_error *error);
/* Close, without writing. */
void output_close(struct output *output);
/*
 * Where to write the next record, at most OUTPUT_RECORD_BYTES_MAX; there is
 * always room after an output_take that returned 0.
 */
static inline char *output_room(struct output *output)
{
	return output->buffer + output->used;
}
/*
 * A record ends at 'end'; write the buffer out if it is nearly full. 0, 1 the
 * reader is gone, -errno. 'row' (may be NULL) counts records as they get out.
 */
int output_take(struct output *output, const char *end, struct weir_row *row,
		struct weir_error *error);
/* Write out what there is. Returns as output_take. */
int output_flush(struct output *output, struct weir_row *row, struct weir_error *error);

#endif
