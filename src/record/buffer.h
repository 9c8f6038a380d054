/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of a file on its way to the disk: bytes, and whose packets they
 * hold. The encoder fills one buffer while the disk thread writes others.
 *
 *      offset                             capacity
 *        | boundary                          |      (slack)
 *        v    v                              v
 *   ...--[----|rec|rec|rec|....|rec|rec|rec--|--]
 *     ^--------^                         ^------- this record belongs to the
 *     began in the last buffer                    next buffer, as do its bytes
 *                                                 beyond the capacity
 *
 * Invariant: a packet is counted in the buffer in which its last byte lies.
 */
#ifndef RECORD_BUFFER_H
#define RECORD_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/ledger.h"

enum {
	BUFFER_BYTES = 1 << 20,
	BUFFER_COUNT = 32,      /* 32 MiB between encoder and disk */
	BUFFER_RUNS_MAX = 1024, /* changes of source within one buffer */
	BUFFER_ALIGN = 4096,
};

/* Consecutive packets of one account. */
struct buffer_run {
	struct weir_row *row; /* its disk row */
	uint64_t packets;
};

struct record_file;

struct record_buffer {
	uint8_t *bytes; /* its own memory, or where it belongs in a mapped file */
	uint8_t *memory;
	size_t capacity;         /* bytes written when full; more are room for one record's rest */
	size_t length;           /* bytes to be written */
	size_t boundary;         /* index of the first record that begins here */
	uint64_t offset;         /* of bytes[0] in the file */
	uint64_t record_start;   /* offset up to which the file is whole without this buffer */
	bool boundary_is_packet; /* a packet ends at 'boundary' */
	bool last;               /* nothing follows in this file */
	struct record_file *file;
	struct record_buffer *next; /* in the queue it stands in */
	uint64_t packets_written;   /* set by the disk thread: packets wholly in the file */
	int failure;                /* why the rest is not: -errno, or 0 */
	/* A writer's own, between begin and finish. */
	size_t result;
	bool submitted; /* to the kernel, which tells later how it went */
	bool pending;   /* it has not told yet */
	bool begun;     /* false: the file had failed already */
	uint32_t run_count;
	struct buffer_run runs[BUFFER_RUNS_MAX];
};

/* The buffers, in one mapping; NULL without memory. */
struct record_buffer *buffer_pool_open(uint32_t count, size_t bytes);
void buffer_pool_close(struct record_buffer *pool, uint32_t count);

/* Make it an empty buffer that begins at 'offset' of 'file'. */
void buffer_reset(struct record_buffer *buffer, struct record_file *file, uint64_t offset);

/* Is there a run left for packets of 'row'? */
bool buffer_has_run(const struct record_buffer *buffer, const struct weir_row *row);
/* Enter packets of 'row', for which there is a run. */
void buffer_note(struct record_buffer *buffer, struct weir_row *row, uint64_t packets);

/*
 * Enter what became of the buffer into the disk rows: 'packets_written' as
 * out, the rest as dropped, in the packets' order.
 */
void buffer_settle(const struct record_buffer *buffer);

/* The ledger's word for a failed write. */
enum weir_reason buffer_reason(int failure);

#endif
