/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one recording, from being made to being complete. A single
 * file is visible under its name at once, as users of other tools expect (it
 * can be read and followed while it grows). The files of a rotation are
 * hidden until they are complete: whoever sees one may take it away.
 *
 *   prepare: hidden, empty, locked ─► written ─► complete: cut to its size,
 *   synced, renamed ─► the oldest beyond the limits are deleted
 *
 * All but open and close run on the disk thread (the first prepare, before
 * there is one, on the opener's).
 */
#ifndef RECORD_SEGMENTS_H
#define RECORD_SEGMENTS_H

#include "weir/record.h"
#include "writer.h"

struct segments;

/* 'settings' is borrowed for the call only. -ENOMEM, -EINVAL with 'error'. */
int segments_open(const struct weir_record_settings *settings, struct segments **out,
		  struct weir_error *error);
void segments_close(struct segments *segments);

/* Make the next file. -errno, with 'error' set. */
int segments_prepare(struct segments *segments, struct record_file *file, struct weir_error *error);
/* Bytes are in the file now, for its manifest. */
void segments_written(struct segments *segments, const struct record_buffer *buffer);
/*
 * The file's last byte, file->size, is written: give it its name. Returns 0
 * or -errno with 'error' set; the descriptor is closed in any case.
 */
int segments_complete(struct segments *segments, struct record_file *file,
		      struct weir_error *error);
/* How often a file is to be synced while it is written; 0 = not at all. */
uint64_t segments_sync_interval_ns(const struct segments *segments);
/* How large a file will get; 0 = not known. */
uint64_t segments_file_bytes(const struct segments *segments);
/* A prepared file that is not needed after all. */
void segments_discard(struct segments *segments, struct record_file *file);
/*
 * The disk is full, as a write said: delete the oldest file, where that is
 * the policy. -ENOSPC when nothing gives way.
 */
int segments_give_way(struct segments *segments);
/* May the file be written up to 'end'? -ENOSPC when that would take from what is kept free. */
int segments_allow(struct segments *segments, const struct record_file *file, uint64_t end);

#endif
