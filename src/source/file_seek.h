/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going to a time in a compressed recording of weir's, without unpacking what
 * is before it. Such a file has a frame of whole records at each multiple of
 * FILE_SEEK_PIECE_BYTES (record/writer_frames.c): the last one whose first
 * packet is early enough is looked for by halving.
 */
#ifndef SOURCE_FILE_SEEK_H
#define SOURCE_FILE_SEEK_H

#include "source/file_input.h"
#include "source/reader.h"

enum { FILE_SEEK_PIECE_BYTES = 131075 };

/*
 * 'input' is a compressed file of 'length' bytes, read by 'reader' up to its
 * first packet. Returns where to go on, for all packets from 'from_ns' on to
 * come; 0: where it stands, since a later place is not known to be right.
 */
uint64_t file_seek(const struct file_input *input, uint64_t length, const struct reader *reader,
		   uint64_t from_ns);

#endif
