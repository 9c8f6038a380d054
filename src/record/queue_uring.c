/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring, from buffers that the kernel has mapped for good. With 'sqpoll' a
 * thread of the kernel looks for new writes, and the disk thread only makes a
 * system call to wait, or to wake that thread after a pause.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <time.h>

#include "queue.h"
#include "writer.h"

enum {
	QUEUE_SQPOLL_IDLE_MS = 50, /* then the kernel's thread sleeps until it is woken */
	/* of waiting until a write is taken: half a second */
	QUEUE_PAUSE_NS = 1000 * 1000,
	QUEUE_PAUSES_MAX = 500,
};

struct write_queue {
	struct io_uring ring;
	struct record_buffer *pool;
	int registered; /* buffers of the pool, from the first on, which is used most */
	bool polled;    /* by a thread of the kernel */
};

/* As many buffers as RLIMIT_MEMLOCK allows. */
static int queue_register(struct write_queue *queue)
{
	struct iovec vectors[BUFFER_COUNT];

	for (int i = 0; i < BUFFER_COUNT; i++)
		vectors[i] = (struct iovec){queue->pool[i].memory, queue->pool[i].capacity};
	for (int count = BUFFER_COUNT; count > 0; count /= 2)
		if (!io_uring_register_buffers(&queue->ring, vectors, (unsigned int)count))
			return count;
	return 0;
}

static int queue_open(struct write_queue **out, struct record_buffer *pool, bool polled)
{
	struct io_uring_params params = {.flags = polled ? IORING_SETUP_SQPOLL : 0,
					 .sq_thread_idle = QUEUE_SQPOLL_IDLE_MS};
	struct write_queue *queue = calloc(1, sizeof(*queue));
	int rc = queue ? io_uring_queue_init_params(2 * QUEUE_DEPTH, &queue->ring, &params)
		       : -ENOMEM;

	/* Before 5.11 the kernel's thread takes none but registered files. */
	if (!rc && polled && !(params.features & IORING_FEAT_SQPOLL_NONFIXED)) {
		io_uring_queue_exit(&queue->ring);
		rc = -EOPNOTSUPP;
	}
	if (rc) {
		free(queue);
		return rc;
	}
	queue->pool = pool;
	queue->polled = polled;
	queue->registered = queue_register(queue);
	*out = queue;
	return 0;
}

static int queue_uring_open(struct write_queue **out, struct record_buffer *pool)
{
	return queue_open(out, pool, false);
}

static int queue_sqpoll_open(struct write_queue **out, struct record_buffer *pool)
{
	return queue_open(out, pool, true);
}

static const char *queue_uring_describe(const struct write_queue *queue)
{
	if (queue->polled)
		return queue->registered ? "io_uring with a kernel thread, registered buffers"
					 : "io_uring with a kernel thread";
	return queue->registered ? "io_uring, registered buffers" : "io_uring";
}

static void queue_uring_close(struct write_queue *queue)
{
	io_uring_queue_exit(&queue->ring);
	free(queue);
}

/* -EAGAIN, -EBUSY: the kernel is short of memory, and may have some in a moment. */
static int queue_enter(struct write_queue *queue)
{
	const struct timespec pause = {.tv_nsec = QUEUE_PAUSE_NS};
	int rc = io_uring_submit(&queue->ring);

	for (int n = 0; n < QUEUE_PAUSES_MAX && (rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
	     n++) {
		nanosleep(&pause, NULL);
		rc = io_uring_submit(&queue->ring);
	}
	return rc;
}

static bool queue_uring_submit(struct write_queue *queue, struct record_buffer *buffer)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&queue->ring);
	int fd = buffer->file->fd, index = (int)(buffer - queue->pool);
	unsigned int length = (unsigned int)buffer->length;
	int rc;

	if (index < queue->registered)
		io_uring_prep_write_fixed(sqe, fd, buffer->bytes, length, buffer->offset, index);
	else
		io_uring_prep_write(sqe, fd, buffer->bytes, length, buffer->offset);
	io_uring_sqe_set_data(sqe, buffer);
	rc = queue_enter(queue);
	/* The kernel's thread may have taken it before it could be counted: 0 is fine then. */
	buffer->pending = rc >= (queue->polled ? 0 : 1);
	return buffer->pending;
}

static int queue_uring_reap(struct write_queue *queue)
{
	struct io_uring_cqe *cqe;
	struct record_buffer *done;
	int rc = io_uring_wait_cqe(&queue->ring, &cqe);

	if (rc)
		return rc == -EINTR ? 0 : rc;
	done = io_uring_cqe_get_data(cqe);
	done->result = cqe->res > 0 ? (size_t)cqe->res : 0;
	done->pending = false;
	io_uring_cqe_seen(&queue->ring, cqe);
	return 0;
}

const struct write_queue_ops queue_uring_ops = {
	.open = queue_uring_open,
	.describe = queue_uring_describe,
	.close = queue_uring_close,
	.submit = queue_uring_submit,
	.reap = queue_uring_reap,
};

const struct write_queue_ops queue_sqpoll_ops = {
	.open = queue_sqpoll_open,
	.describe = queue_uring_describe,
	.close = queue_uring_close,
	.submit = queue_uring_submit,
	.reap = queue_uring_reap,
};
