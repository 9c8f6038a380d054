/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux AIO, where io_uring is refused (an old kernel, a container's filter,
 * kernel.io_uring_disabled): what libaio calls, by its four system calls.
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"
#include "writer.h"

struct write_queue {
	aio_context_t context;
	struct iocb requests[BUFFER_COUNT]; /* one for each buffer of the pool */
	struct record_buffer *pool;
};

static int queue_aio_open(struct write_queue **out, struct record_buffer *pool)
{
	struct write_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	if (syscall(SYS_io_setup, QUEUE_DEPTH, &queue->context)) {
		int rc = -errno;

		free(queue);
		return rc;
	}
	queue->pool = pool;
	*out = queue;
	return 0;
}

static const char *queue_aio_describe(const struct write_queue *queue)
{
	return "Linux AIO: io_uring is refused here";
}

static void queue_aio_close(struct write_queue *queue)
{
	syscall(SYS_io_destroy, queue->context);
	free(queue);
}

static bool queue_aio_submit(struct write_queue *queue, struct record_buffer *buffer)
{
	struct iocb *request = &queue->requests[buffer - queue->pool];
	long rc;

	*request = (struct iocb){
		.aio_data = (uintptr_t)buffer,
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = (uint32_t)buffer->file->fd,
		.aio_buf = (uintptr_t)buffer->bytes,
		.aio_nbytes = buffer->length,
		.aio_offset = (int64_t)buffer->offset,
	};
	do
		rc = syscall(SYS_io_submit, queue->context, 1L, &request);
	while (rc < 0 && errno == EINTR);
	buffer->pending = rc == 1;
	return buffer->pending;
}

static int queue_aio_reap(struct write_queue *queue)
{
	struct io_event events[QUEUE_DEPTH];
	long count = syscall(SYS_io_getevents, queue->context, 1L, (long)QUEUE_DEPTH, events, NULL);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (long i = 0; i < count; i++) {
		struct record_buffer *done = (struct record_buffer *)(uintptr_t)events[i].data;

		done->result = events[i].res > 0 ? (size_t)events[i].res : 0;
		done->pending = false;
	}
	return 0;
}

const struct write_queue_ops queue_aio_ops = {
	.open = queue_aio_open,
	.describe = queue_aio_describe,
	.close = queue_aio_close,
	.submit = queue_aio_submit,
	.reap = queue_aio_reap,
};
