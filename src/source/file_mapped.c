/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain file, mapped: packets point into the page cache.
 *
 * The pages are brought in a window at a time, ahead of the reader, and let
 * go behind it. That makes fewer page faults, keeps the process small, and
 * turns a bad disk, or a file that somebody cuts meanwhile, into an error
 * where a plain access would be a SIGBUS. (A file cut within the window being
 * read still is one: who rotates files by truncation should pipe them.)
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/file_input.h"

enum { FILE_MAPPED_WINDOW_BYTES = 4 << 20 };

struct file_mapped {
	struct file_input input;
	uint8_t *mapping;
	size_t mapping_bytes; /* up to the end of the file as of the open */
	size_t released;      /* bytes at the start of the mapping that were let go */
};

static void file_mapped_release(struct file_mapped *mapped)
{
	size_t behind = (size_t)(mapped->input.bytes - mapped->mapping) + mapped->input.offset;

	behind -= behind % FILE_MAPPED_WINDOW_BYTES;
	if (behind > mapped->released)
		madvise(mapped->mapping + mapped->released, behind - mapped->released,
			MADV_DONTNEED);
	mapped->released = behind > mapped->released ? behind : mapped->released;
}

/* Bring [from, to) of the mapping in. Kernels before 5.14 are only advised. */
static int file_mapped_populate(struct file_mapped *mapped, size_t from, size_t to)
{
	size_t ahead = mapped->mapping_bytes - to;

	from -= from % FILE_MAPPED_WINDOW_BYTES;
	if (ahead > FILE_MAPPED_WINDOW_BYTES)
		ahead = FILE_MAPPED_WINDOW_BYTES;
	if (ahead)
		madvise(mapped->mapping + to, ahead, MADV_WILLNEED);
	if (!madvise(mapped->mapping + from, to - from, MADV_POPULATE_READ) || errno == EINVAL)
		return 0;
	return errno == EFAULT ? -EIO : -errno;
}

static int file_mapped_fill(struct file_input *input, size_t wanted)
{
	struct file_mapped *mapped = (struct file_mapped *)input;
	size_t base = (size_t)(input->bytes - mapped->mapping);
	size_t from = base + input->length, to;
	int rc;

	file_mapped_release(mapped);
	to = from + FILE_MAPPED_WINDOW_BYTES;
	if (to < base + input->offset + wanted)
		to = base + input->offset + wanted;
	to += -to % FILE_MAPPED_WINDOW_BYTES;
	if (to > mapped->mapping_bytes)
		to = mapped->mapping_bytes;
	rc = file_mapped_populate(mapped, from, to);
	if (rc < 0)
		return weir_error_set_errno(&input->failure, rc,
					    "cannot read at offset %llu: the disk fails, or the "
					    "file was cut meanwhile",
					    (unsigned long long)(input->position + input->length));
	input->length = to - base;
	input->ended = to == mapped->mapping_bytes;
	return 1;
}

static void file_mapped_close(struct file_input *input)
{
	struct file_mapped *mapped = (struct file_mapped *)input;

	munmap(mapped->mapping, mapped->mapping_bytes);
	free(mapped);
}

static const struct file_input_ops file_mapped_ops = {file_mapped_fill, file_mapped_close};

int file_mapped_open(int fd, uint64_t from, uint64_t to, struct file_input **out,
		     struct weir_error *error)
{
	struct file_mapped *mapped = calloc(1, sizeof(*mapped));
	int rc;

	if (!mapped) {
		close(fd);
		return weir_error_set_errno(error, -ENOMEM, "cannot open the file");
	}
	/* from the file's start, since 'from' need not be the start of a page */
	mapped->mapping = mmap(NULL, to, PROT_READ, MAP_SHARED, fd, 0);
	rc = mapped->mapping == MAP_FAILED ? -errno : 0;
	close(fd);
	if (rc < 0) {
		free(mapped);
		return weir_error_set_errno(error, rc, "cannot map %llu bytes",
					    (unsigned long long)to);
	}
	mapped->mapping_bytes = to;
	mapped->input = (struct file_input){.ops = &file_mapped_ops,
					    .bytes = mapped->mapping + from,
					    .position = from,
					    .wait_fd = -1};
	madvise(mapped->mapping, to, MADV_SEQUENTIAL);
	*out = &mapped->input;
	return 0;
}
