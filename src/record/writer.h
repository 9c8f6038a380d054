/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bytes get into a file: the variants stand behind one table. All but
 * open and close run on the disk thread.
 *
 * Invariant: buffers are begun and finished in the order of the file; up to
 * 'depth' may lie between begin and finish.
 */
#ifndef RECORD_WRITER_H
#define RECORD_WRITER_H

#include <limits.h>

#include "buffer.h"
#include "weir/error.h"

/* A file being written. Belongs to the packet thread or to the disk thread, in turn. */
struct record_file {
	char path[PATH_MAX]; /* as long as it is written */
	int fd;
	bool direct;  /* written past the page cache, in multiples of BUFFER_ALIGN */
	bool hidden;  /* nobody reads it while it is written: its size may be ahead */
	bool encoded; /* what is stored is not the bytes: buffers then hold whole records */
	bool regular; /* has a size that can be cut back, and offsets */
	bool remote;  /* a connection to another host */
	bool owned;   /* ours to close: all but standard output */
	uint32_t number;
	uint64_t begin_ns;  /* when it begins, for its name; Unix time */
	uint64_t size;      /* of its whole records, once the last buffer is written */
	uint64_t stored;    /* bytes in the file, where it is encoded */
	uint64_t allocated; /* bytes reserved on the disk */
	bool unreserved;    /* no more could be, though some of it may be all the same */
	uint8_t *map;       /* the whole file in memory, 'allocated' bytes of it; or NULL */
	int failure;        /* nothing more is written after the first one */
	struct record_file *next;
};

struct record_writer;

struct record_writer_ops {
	const char *name;
	uint32_t depth;
	/* 'pool' is all BUFFER_COUNT buffers. -errno; may be NULL. */
	int (*open)(struct record_writer **out, struct record_buffer *pool);
	/* How it writes, for the user: "io_uring, registered buffers"; may be NULL. */
	const char *(*describe)(const struct record_writer *writer);
	void (*close)(struct record_writer *writer);
	/* A file was made; 'bytes' is how large it will get, 0 = not known. May be NULL. */
	void (*prepare)(struct record_writer *writer, struct record_file *file, uint64_t bytes);
	/* The file's last buffer is written. May be NULL. */
	void (*release)(struct record_writer *writer, struct record_file *file);
	void (*begin)(struct record_writer *writer, struct record_buffer *buffer);
	/*
	 * Wait for buffer->bytes[0..length) to be written. Returns how many of
	 * them are in the file; less than length with *failure set.
	 */
	size_t (*finish)(struct record_writer *writer, struct record_buffer *buffer, int *failure);
};

extern const struct record_writer_ops writer_plain_ops, writer_direct_ops, writer_sqpoll_ops,
	writer_mmap_ops, writer_zstd_ops, writer_lz4_ops;

#endif
