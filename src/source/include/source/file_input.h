/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the file source's bytes come from: a window that slides over a file
 * (file_mapped.c) or over what a descriptor, perhaps through a decompressor,
 * delivers (file_stream.c). Nothing here blocks, unless a disk does.
 */
#ifndef SOURCE_FILE_INPUT_H
#define SOURCE_FILE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

struct file_input;

struct file_input_ops {
	/*
	 * Bring more bytes behind the window's end; what is before the offset
	 * may go, so no pointer into the window lives longer than this call.
	 * 'wanted' bytes from the offset on are needed to get any further. 1:
	 * there are more bytes now, or the input has ended; 0: nothing now;
	 * -errno with 'failure' set.
	 */
	int (*fill)(struct file_input *input, size_t wanted);
	void (*close)(struct file_input *input);
};

/* The part that the source sees; first member of each kind's own struct. */
struct file_input {
	const struct file_input_ops *ops;
	const uint8_t *bytes;  /* the window */
	size_t length, offset; /* of the window; up to where it has been read */
	uint64_t position;     /* of the window in the (decompressed) file */
	bool another;          /* the window begins with another file; the source takes note */
	bool ended;            /* nothing comes after the window */
	const char *cut;       /* with 'ended': why that is too early, or NULL */
	int wait_fd;           /* -1: always ready */
	struct weir_error failure;
};

/*
 * Of a file, plain or compressed, or a pipe; 'length' is set to a plain
 * file's, else 0. A redirected file is read from where it stands. Takes 'fd'
 * over, also when it fails. -EINVAL (empty, a directory), -errno and 'error'.
 */
int file_input_open(int fd, struct file_input **out, uint64_t *length, struct weir_error *error);

/* ---- the kinds ---- */

/* Both take 'fd' over, also when they fail. -errno and 'error'. */
int file_mapped_open(int fd, uint64_t from, uint64_t to, struct file_input **out,
		     struct weir_error *error);
int file_stream_open(int fd, bool can_wait, struct file_input **out, struct weir_error *error);
/*
 * Of a stream that a compressed file is read as: what the frames hold that
 * begin at 'offset', as far as there is room; 0: no frame begins there. And
 * going on reading there. -errno, 'failure'.
 */
size_t file_stream_peek(const struct file_input *input, uint64_t offset, uint8_t *out, size_t room);
int file_stream_jump(struct file_input *input, uint64_t offset);
/* Wait for one connection on "PORT" or "HOST:PORT", and read it. */
int file_listen_open(const char *address, struct file_input **out, struct weir_error *error);
/* Likewise, a directory's or a file's; see file_follow.c. */
int file_follow_open(int fd, struct file_input **out, struct weir_error *error);

#endif
