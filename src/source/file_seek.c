/* SPDX-License-Identifier: Apache-2.0 */
#include "file_seek.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
	FILE_SEEK_ROOM_BYTES = 16 << 20, /* for what a piece holds; packets rarely shrink so much */
	FILE_SEEK_FIRST_BYTES = 512 << 10, /* for its first packet */
	FILE_SEEK_LAST_PIECES = 4,         /* in which counters may stand */
	FILE_SEEK_BLOCK_LEAST = 12,
	FILE_SEEK_STATISTICS =
		5, /* pcapng: Interface Statistics Block, whose counters weir ends with */
};

struct file_seek {
	const struct file_input *input;
	const struct reader *reader;
	uint8_t *bytes;
};

static size_t seek_peek(const struct file_seek *seek, uint64_t piece, size_t room)
{
	return file_stream_peek(seek->input, piece * FILE_SEEK_PIECE_BYTES, seek->bytes, room);
}

/* The time of a piece's first packet; 0: it cannot be told. */
static uint64_t seek_time(const struct file_seek *seek, uint64_t piece)
{
	struct cursor cursor =
		cursor_of(seek->bytes, seek_peek(seek, piece, FILE_SEEK_FIRST_BYTES));
	struct reader reader = *seek->reader; /* its interfaces are only looked at */
	struct weir_packet packet;
	struct reader_output output = {.packets = &packet, .limit = 1};

	return cursor.length && reader_read(&reader, &cursor, &output) == READER_LIMIT
		       ? packet.time_ns
		       : 0;
}

/* The highest number of an interface that counters are told of; -1: none is. */
static int64_t seek_last_interface(const uint8_t *bytes, size_t length)
{
	int64_t last = -1;

	while (length >= FILE_SEEK_BLOCK_LEAST) {
		uint32_t block[3]; /* type, length, and of counters the interface */

		memcpy(block, bytes, sizeof(block));
		if (block[1] < FILE_SEEK_BLOCK_LEAST || block[1] > length)
			break;
		if (block[0] == FILE_SEEK_STATISTICS && block[2] > last)
			last = block[2];
		bytes += block[1];
		length -= block[1];
	}
	return last;
}

/*
 * Is there an interface that is described in what would be passed over? The
 * counters at the end name all that there are.
 */
static bool seek_knows_all(const struct file_seek *seek, uint64_t pieces)
{
	int64_t last = -1;

	if (seek->reader->format == READER_PCAP)
		return true;
	for (uint64_t n = 1; n <= FILE_SEEK_LAST_PIECES && n <= pieces && last < 0; n++)
		last = seek_last_interface(seek->bytes,
					   seek_peek(seek, pieces - n, FILE_SEEK_ROOM_BYTES));
	return last >= 0 && last < (int64_t)seek->reader->interface_count;
}

static uint64_t seek_piece(const struct file_seek *seek, uint64_t pieces, uint64_t from_ns)
{
	uint64_t early = 0, late = pieces;

	while (late - early > 1) {
		uint64_t middle = early + (late - early) / 2;
		uint64_t time_ns = seek_time(seek, middle);

		/* what cannot be told counts as late: earlier is always right */
		if (time_ns && time_ns < from_ns)
			early = middle;
		else
			late = middle;
	}
	return early;
}

uint64_t file_seek(const struct file_input *input, uint64_t length, const struct reader *reader,
		   uint64_t from_ns)
{
	struct file_seek seek = {input, reader, malloc(FILE_SEEK_ROOM_BYTES)};
	uint64_t pieces = (length + FILE_SEEK_PIECE_BYTES - 1) / FILE_SEEK_PIECE_BYTES;
	uint64_t piece = 0;

	if (seek.bytes && !reader->swapped && seek_knows_all(&seek, pieces))
		piece = seek_piece(&seek, pieces, from_ns);
	free(seek.bytes);
	return piece * FILE_SEEK_PIECE_BYTES;
}
