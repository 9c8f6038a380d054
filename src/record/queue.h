/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel is given several writes at once: the variants stand behind
 * one table. All of it runs on the disk thread but open and close.
 *
 * Invariant: 'pending' of a buffer is set by submit, and cleared by reap when
 * the kernel is through with it and 'result' tells how much it wrote.
 */
#ifndef RECORD_QUEUE_H
#define RECORD_QUEUE_H

#include "buffer.h"

enum { QUEUE_DEPTH = 8 /* buffers under way: as many MiB */ };

struct write_queue;

struct write_queue_ops {
	/* 'pool' is all BUFFER_COUNT buffers. -errno when this kernel refuses it. */
	int (*open)(struct write_queue **out, struct record_buffer *pool);
	const char *(*describe)(const struct write_queue *queue);
	void (*close)(struct write_queue *queue);
	/* false: it was not taken, nor will it be later. */
	bool (*submit)(struct write_queue *queue, struct record_buffer *buffer);
	/* Wait until at least one write that was submitted is done, or a signal came. -errno when
	 * the kernel does not tell what became of them. */
	int (*reap)(struct write_queue *queue);
};

extern const struct write_queue_ops queue_sqpoll_ops, queue_uring_ops, queue_aio_ops;

#endif
