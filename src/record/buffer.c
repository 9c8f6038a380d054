/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "format.h"
#include "writer.h"

static size_t buffer_stride(size_t bytes)
{
	return (bytes + RECORD_BYTES_MAX + BUFFER_ALIGN - 1) & ~(size_t)(BUFFER_ALIGN - 1);
}

struct record_buffer *buffer_pool_open(uint32_t count, size_t bytes)
{
	struct record_buffer *pool = calloc(count, sizeof(*pool));
	uint8_t *memory;

	if (!pool)
		return NULL;
	memory = mmap(NULL, count * buffer_stride(bytes), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		free(pool);
		return NULL;
	}
	/* Fewer pages to find, for the encoder and for whoever writes; where there are none, none. */
	madvise(memory, count * buffer_stride(bytes), MADV_HUGEPAGE);
	for (uint32_t i = 0; i < count; i++) {
		pool[i].memory = memory + i * buffer_stride(bytes);
		pool[i].capacity = bytes;
	}
	return pool;
}

void buffer_pool_close(struct record_buffer *pool, uint32_t count)
{
	if (!pool)
		return;
	munmap(pool[0].memory, count * buffer_stride(pool[0].capacity));
	free(pool);
}

void buffer_reset(struct record_buffer *buffer, struct record_file *file, uint64_t offset)
{
	buffer->file = file;
	buffer->bytes = file->map ? file->map + offset : buffer->memory;
	buffer->offset = offset;
	buffer->record_start = offset;
	buffer->length = 0;
	buffer->boundary = 0;
	buffer->boundary_is_packet = false;
	buffer->last = false;
	buffer->run_count = 0;
	buffer->packets_written = 0;
	buffer->failure = 0;
}

bool buffer_has_run(const struct record_buffer *buffer, const struct weir_row *row)
{
	return buffer->run_count < BUFFER_RUNS_MAX || buffer->runs[BUFFER_RUNS_MAX - 1].row == row;
}

void buffer_note(struct record_buffer *buffer, struct weir_row *row, uint64_t packets)
{
	struct buffer_run *run = &buffer->runs[buffer->run_count];

	if (buffer->run_count && run[-1].row == row) {
		run[-1].packets += packets;
		return;
	}
	assert(buffer->run_count < BUFFER_RUNS_MAX);
	*run = (struct buffer_run){row, packets};
	buffer->run_count++;
}

enum weir_reason buffer_reason(int failure)
{
	switch (failure) {
	case -ENOSPC:
	case -EDQUOT:
		return WEIR_REASON_DISK_FULL;
	case -EPIPE:
	case -ECONNRESET:
	case -ETIMEDOUT:
		return WEIR_REASON_READER_GONE;
	case -EINVAL:
		return WEIR_REASON_INVALID;
	default:
		return WEIR_REASON_IO_ERROR;
	}
}

void buffer_settle(const struct record_buffer *buffer)
{
	uint64_t written = buffer->packets_written;

	for (uint32_t i = 0; i < buffer->run_count; i++) {
		const struct buffer_run *run = &buffer->runs[i];
		uint64_t out = run->packets < written ? run->packets : written;

		written -= out;
		weir_cell_add(&run->row->out, out);
		if (out < run->packets)
			weir_cell_add(&run->row->dropped[buffer_reason(buffer->failure)],
				      run->packets - out);
	}
}
