/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer that goes past the page cache: O_DIRECT, several writes at once
 * by io_uring. It copies nothing, and leaves the machine's memory to others.
 * Where io_uring is refused, the same by Linux AIO; where that is, by pwrite;
 * where O_DIRECT is, through the page cache.
 *
 * The end of a buffer that is no multiple of BUFFER_ALIGN (at a flush, at the
 * file's end) goes through the page cache: O_DIRECT is taken off the
 * descriptor for that call. A write under way that sees the flag off is only
 * slower; and the kernel drops cached pages that a direct write overlaps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "format.h"
#include "queue.h"
#include "writer.h"

enum {
	/* Reserved at once while the size of the file is not known. */
	DIRECT_RESERVE_BYTES = 64 << 20,
};

struct record_writer {
	const struct write_queue_ops *ops; /* NULL: each write is waited for */
	struct write_queue *queue;
	bool refused; /* it takes no new writes, or tells nothing of those it has */
	char description[96];
};

/* The first that this kernel allows. */
static void direct_open_queue(struct record_writer *writer, struct record_buffer *pool,
			      const struct write_queue_ops *const *wanted)
{
	for (; *wanted; wanted++)
		if (!(*wanted)->open(&writer->queue, pool)) {
			writer->ops = *wanted;
			return;
		}
}

static int direct_open_as(struct record_writer **out, struct record_buffer *pool, bool sqpoll)
{
	static const struct write_queue_ops *const wanted[] = {&queue_sqpoll_ops, &queue_uring_ops,
							       &queue_aio_ops, NULL};
	struct record_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	direct_open_queue(writer, pool, sqpoll ? wanted : wanted + 1);
	snprintf(writer->description, sizeof(writer->description), "O_DIRECT, %s%s",
		 writer->ops ? writer->ops->describe(writer->queue)
			     : "pwrite: io_uring and Linux AIO are refused here",
		 sqpoll && writer->ops == &queue_uring_ops ? "; no kernel thread: refused here"
							   : "");
	*out = writer;
	return 0;
}

static int direct_open(struct record_writer **out, struct record_buffer *pool)
{
	return direct_open_as(out, pool, false);
}

static int direct_open_sqpoll(struct record_writer **out, struct record_buffer *pool)
{
	return direct_open_as(out, pool, true);
}

static void direct_close(struct record_writer *writer)
{
	if (writer && writer->ops)
		writer->ops->close(writer->queue);
	free(writer);
}

static const char *direct_describe(const struct record_writer *writer)
{
	return writer->description;
}

/*
 * Reserve blocks, so that a write need not find them. A hidden file gets its
 * size at once: writes that do not extend a file can be under way together.
 */
static void direct_reserve(struct record_file *file, uint64_t end)
{
	int mode = file->hidden ? 0 : FALLOC_FL_KEEP_SIZE;
	uint64_t bytes = DIRECT_RESERVE_BYTES;

	if (end <= file->allocated || file->unreserved)
		return;
	if (end - file->allocated > bytes)
		bytes = end - file->allocated;
	/* Where it is not possible, the write itself tells whether there is room. */
	file->unreserved = fallocate(file->fd, mode, (off_t)file->allocated, (off_t)bytes) != 0;
	if (!file->unreserved)
		file->allocated += bytes;
}

static void direct_prepare(struct record_writer *writer, struct record_file *file, uint64_t bytes)
{
	int flags = fcntl(file->fd, F_GETFL);

	file->direct = file->regular && flags >= 0 && !fcntl(file->fd, F_SETFL, flags | O_DIRECT);
	if (file->direct && bytes)
		direct_reserve(file, bytes + RECORD_BYTES_MAX);
}

/* Write what is behind the first 'done' bytes through the page cache. Returns all that is written. */
static size_t direct_write_rest(const struct record_buffer *buffer, size_t done, int *failure)
{
	*failure = 0;
	if (done == buffer->length)
		return done;
	return done + files_write_cached_at(buffer->file->fd, buffer->bytes + done,
					    buffer->length - done, buffer->offset + done, failure);
}

/* At once, as much as can be direct. */
static void direct_write(struct record_buffer *buffer)
{
	size_t aligned = buffer->length & ~(size_t)(BUFFER_ALIGN - 1);
	int failure;

	buffer->result =
		files_write_at(buffer->file->fd, buffer->bytes, aligned, buffer->offset, &failure);
	/* Why a direct write failed is told by the same through the page cache, if that fails too. */
	buffer->result = direct_write_rest(buffer, buffer->result, &buffer->failure);
}

static bool direct_submit(struct record_writer *writer, struct record_buffer *buffer)
{
	if (!writer->ops || writer->refused || !buffer->length || buffer->length % BUFFER_ALIGN)
		return false;
	/* What was not taken must never be taken later, when the buffer has other bytes. */
	writer->refused = !writer->ops->submit(writer->queue, buffer);
	return !writer->refused;
}

static void direct_begin(struct record_writer *writer, struct record_buffer *buffer)
{
	buffer->submitted = false;
	buffer->result = 0;
	if (!buffer->file->direct)
		return;
	direct_reserve(buffer->file, buffer->offset + buffer->length);
	buffer->submitted = direct_submit(writer, buffer);
	/* A later buffer writes the odd end again: that must be later indeed. */
	if (!buffer->submitted)
		direct_write(buffer);
}

static size_t direct_finish(struct record_writer *writer, struct record_buffer *buffer,
			    int *failure)
{
	if (!buffer->file->direct)
		return writer_plain_ops.finish(writer, buffer, failure);
	if (!buffer->submitted) {
		*failure = buffer->failure;
		return buffer->result;
	}
	while (buffer->pending) { /* others may be done before */
		*failure = writer->ops->reap(writer->queue);
		if (*failure) {
			writer->refused = true;
			return 0;
		}
	}
	/* It may have been told of while another was waited for: a short write is one all the same. */
	return direct_write_rest(buffer, buffer->result, failure);
}

const struct record_writer_ops writer_direct_ops = {
	.name = "direct",
	.depth = QUEUE_DEPTH,
	.open = direct_open,
	.close = direct_close,
	.describe = direct_describe,
	.prepare = direct_prepare,
	.begin = direct_begin,
	.finish = direct_finish,
};

const struct record_writer_ops writer_sqpoll_ops = {
	.name = "direct,sqpoll",
	.depth = QUEUE_DEPTH,
	.open = direct_open_sqpoll,
	.close = direct_close,
	.describe = direct_describe,
	.prepare = direct_prepare,
	.begin = direct_begin,
	.finish = direct_finish,
};
