/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer without writes: each file is reserved and mapped whole, the
 * encoder puts packets where they belong in it, and the disk thread maps the
 * next file while one is filled and unmaps the last one.
 *
 *   packet thread:  [== file n ==============|.....]      [ file n+1, mapped ]
 *   disk thread:    writes back ◄── behind   ahead ──► makes pages present
 *
 * A reserved block reads as zero until it is written, so no packet of a file
 * that was deleted before can appear in a new one. Space that could not be
 * reserved must never be mapped (a full disk would be a SIGBUS): such a file
 * is written plain.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "files.h"
#include "format.h"
#include "writer.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, include/uapi/asm-generic/mman-common.h */
#endif

enum {
	MMAP_AHEAD_BYTES = 16 << 20, /* pages made present before the encoder gets there */
	/* Beyond the size at which a file ends: its last record, and its counters. */
	MMAP_SLACK_BYTES = RECORD_BYTES_MAX + (8 << 20),
};

/* Touch the pages here, so that the packet thread need not fault them in. */
static void mmap_populate(const struct record_file *file, uint64_t offset, uint64_t bytes)
{
	if (offset >= file->allocated)
		return;
	if (bytes > file->allocated - offset)
		bytes = file->allocated - offset;
	offset -= offset % BUFFER_ALIGN;
	madvise(file->map + offset, bytes, MADV_POPULATE_WRITE);
}

static void mmap_prepare(struct record_writer *writer, struct record_file *file, uint64_t bytes)
{
	void *map;

	if (!file->regular || !bytes)
		return;
	bytes += MMAP_SLACK_BYTES;
	if (fallocate(file->fd, 0, 0, (off_t)bytes))
		return;
	file->allocated = bytes;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (map == MAP_FAILED)
		return;
	file->map = map;
	mmap_populate(file, 0, MMAP_AHEAD_BYTES);
}

static void mmap_release(struct record_writer *writer, struct record_file *file)
{
	if (file->map)
		munmap(file->map, file->allocated);
	file->map = NULL;
}

static void mmap_begin(struct record_writer *writer, struct record_buffer *buffer)
{
	/* The bytes are in the file already. */
}

static size_t mmap_finish(struct record_writer *writer, struct record_buffer *buffer, int *failure)
{
	const struct record_file *file = buffer->file;

	if (!file->map)
		return writer_plain_ops.finish(writer, buffer, failure);
	mmap_populate(file, buffer->offset + MMAP_AHEAD_BYTES, buffer->length);
	sync_file_range(file->fd, (off_t)buffer->offset, (off_t)buffer->length,
			SYNC_FILE_RANGE_WRITE);
	return buffer->length;
}

static const char *mmap_describe(const struct record_writer *writer)
{
	return "mapped files";
}

const struct record_writer_ops writer_mmap_ops = {
	.name = "mmap",
	.depth = 1,
	.describe = mmap_describe,
	.prepare = mmap_prepare,
	.release = mmap_release,
	.begin = mmap_begin,
	.finish = mmap_finish,
};
