/* SPDX-License-Identifier: Apache-2.0 */
/* The portable writer: one large pwrite per buffer through the page cache, or write to a pipe. */
#include <errno.h>

#include "files.h"
#include "writer.h"

static void writer_plain_begin(struct record_writer *writer, struct record_buffer *buffer)
{
	/* Nothing can be under way before finish. */
}

static size_t writer_plain_finish(struct record_writer *writer, struct record_buffer *buffer,
				  int *failure)
{
	const struct record_file *file = buffer->file;
	size_t written;

	if (file->regular)
		return files_write_at(file->fd, buffer->bytes, buffer->length, buffer->offset,
				      failure);
	written = files_write(file->fd, buffer->bytes, buffer->length, failure);
	/* A pipe's reader may go when it has enough; a host should not. */
	if (file->remote && *failure == -EPIPE)
		*failure = -ECONNRESET;
	return written;
}

const struct record_writer_ops writer_plain_ops = {
	.name = "plain",
	.depth = 1,
	.begin = writer_plain_begin,
	.finish = writer_plain_finish,
};
