/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk thread: buffers travel to it full and come back empty, files come
 * from it made and go back written.
 *
 *   packet thread: take ─► fill ─► submit ┐                      ┌─► settle (ledger)
 *   disk thread:    prepare the next file └─► begin ─► finish ───┴─► complete the file
 *
 * Invariants:
 * - Buffers are written in the order of submission.
 * - The ledger is only written by the packet thread, when a buffer is back.
 * - What is in flight is limited by the number of buffers.
 */
#ifndef RECORD_DISK_H
#define RECORD_DISK_H

#include "format.h"
#include "segments.h"
#include "writer.h"

struct record_disk;

/*
 * With 'rotating', the next file is made ahead. 'segments' is the disk
 * thread's until disk_close. -errno.
 */
int disk_open(const struct record_writer_ops *writer, const struct record_format *format,
	      struct segments *segments, bool rotating, struct record_disk **out);
/* Stops the thread after what is queued is written; NULL is fine. */
void disk_close(struct record_disk *disk);

/* Make the first file; on the opener's thread, before disk_start. */
struct record_file *disk_first_file(struct record_disk *disk, struct weir_error *error);
/* How 'file' will be written, for the user. */
void disk_describe(const struct record_disk *disk, const struct record_file *file, char *text,
		   size_t size);
/* A file that is not filled after all; before disk_start, or when the thread has ended. */
void disk_discard(struct record_disk *disk, struct record_file *file);
/* Start the thread, unless it runs. On the thread that will submit. -errno. */
int disk_start(struct record_disk *disk);

/* The next file; waits for it. NULL when it cannot be made: see disk_reap. */
struct record_file *disk_take_file(struct record_disk *disk);
/* A free buffer; waits for the disk when there is none. */
struct record_buffer *disk_take(struct record_disk *disk);
/* How many buffers are free, besides the one being filled. */
uint32_t disk_free(struct record_disk *disk);
/* Give a buffer, and with buffer->last its file too, to the disk thread. */
void disk_submit(struct record_disk *disk, struct record_buffer *buffer);

/* Settle the buffers that are back. Returns 0, or the first failure ever met with 'error'. */
int disk_reap(struct record_disk *disk, struct weir_error *error);
/* Wait until all that was submitted is back, and settle it. Returns as disk_reap. */
int disk_drain(struct record_disk *disk, struct weir_error *error);

#endif
