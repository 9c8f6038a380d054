/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come one after the other: a pipe, or a compressed file. They
 * are read, and decompressed if their first bytes ask for it, into one
 * buffer that stays small enough for the CPU's cache; packets point into it.
 * It grows only for a record that does not fit. A pipe is asked with poll()
 * first and not made non-blocking: that would be seen by all who share it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_decoder.h"
#include "source/file_input.h"

enum {
	FILE_STREAM_ROOM_BYTES = 1 << 20, /* for a record of the usual limit, and then some */
	FILE_STREAM_FILL_BYTES = 256 << 10,
	FILE_STREAM_RAW_BYTES = 128 << 10,  /* compressed, at a time */
	FILE_STREAM_PEEK_BYTES = 136 << 10, /* likewise, of another place */
	FILE_STREAM_STEPS_MAX = 64,         /* of a decompressor that eats and yields nothing */
};

struct file_stream {
	struct file_input input;
	int fd;
	bool can_wait;  /* a pipe or socket: what is not there yet may come later */
	bool raw_ended; /* nothing more to read */
	bool sniffed;   /* whether it is compressed has been found out */
	bool filled;    /* the decompressor had no room left: it may have more */
	uint8_t *buffer;
	size_t room;
	const char *problem;          /* of the decompressor */
	struct file_decoder *decoder; /* NULL: not compressed */
	uint8_t *raw;
	size_t raw_length, raw_used;
};

/* Bytes read (> 0), 0 when none are there now or ever (raw_ended), -errno. */
static ssize_t file_stream_read(struct file_stream *stream, uint8_t *out, size_t room)
{
	struct pollfd ready = {.fd = stream->fd, .events = POLLIN};
	ssize_t got;

	if (stream->raw_ended || (stream->can_wait && poll(&ready, 1, 0) <= 0))
		return 0;
	got = read(stream->fd, out, room);
	if (got > 0)
		return got;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got < 0)
		return weir_error_set_errno(&stream->input.failure, -errno, "cannot read");
	stream->raw_ended = true;
	return 0;
}

/* Move what is still to be read to the buffer's start, and make room behind it. */
static int file_stream_make_room(struct file_stream *stream, size_t wanted)
{
	struct file_input *input = &stream->input;
	size_t left = input->length - input->offset;
	uint8_t *grown;

	memmove(stream->buffer, stream->buffer + input->offset, left);
	input->position += input->offset;
	input->offset = 0;
	input->length = left;
	if (wanted <= stream->room)
		return 0;
	grown = realloc(stream->buffer, wanted);
	if (!grown)
		return weir_error_set_errno(&input->failure, -ENOMEM,
					    "cannot hold a record of %zu bytes", wanted);
	stream->buffer = grown;
	stream->room = wanted;
	input->bytes = grown;
	return 0;
}

/* Where the next bytes go, and how many at most. */
static size_t file_stream_space(const struct file_stream *stream, uint8_t **out)
{
	size_t space = stream->room - stream->input.length;

	*out = stream->buffer + stream->input.length;
	return space < FILE_STREAM_FILL_BYTES ? space : FILE_STREAM_FILL_BYTES;
}

static int file_stream_start_decoder(struct file_stream *stream,
				     const struct file_decoder_ops *decoder)
{
	struct file_input *input = &stream->input;

	stream->raw = malloc(FILE_STREAM_RAW_BYTES);
	if (!stream->raw || decoder->open(&stream->decoder) < 0)
		return weir_error_set_errno(&input->failure, -ENOMEM, "cannot decompress (%s)",
					    decoder->name);
	memcpy(stream->raw, stream->buffer, input->length);
	stream->raw_length = input->length;
	input->length = 0;
	return 0;
}

const struct file_decoder_ops *file_decoder_find(const uint8_t *magic)
{
	static const struct file_decoder_ops *const decoders[] = {&file_gzip_ops, &file_zstd_ops,
								  &file_lz4_ops};

	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
		if (decoders[i]->recognise(magic))
			return decoders[i];
	return NULL;
}

/* Look at the first bytes, as soon as they are there. */
static int file_stream_sniff(struct file_stream *stream)
{
	const struct file_decoder_ops *decoder;

	if (stream->input.length < FILE_DECODER_MAGIC_BYTES && !stream->raw_ended)
		return 0;
	stream->sniffed = true;
	if (stream->input.length < FILE_DECODER_MAGIC_BYTES)
		return 0;
	decoder = file_decoder_find(stream->buffer);
	return decoder ? file_stream_start_decoder(stream, decoder) : 0;
}

/* The first bytes of all: no more of them than the decompressor's buffer takes. */
static int file_stream_begin(struct file_stream *stream)
{
	struct file_input *input = &stream->input;
	ssize_t got = file_stream_read(stream, stream->buffer + input->length,
				       FILE_STREAM_RAW_BYTES - input->length);

	if (got < 0)
		return (int)got;
	input->length += (size_t)got;
	return file_stream_sniff(stream);
}

static int file_stream_fill_plain(struct file_stream *stream)
{
	uint8_t *out;
	size_t space = file_stream_space(stream, &out);
	ssize_t got = file_stream_read(stream, out, space);

	if (got <= 0 && !stream->raw_ended)
		return (int)got;
	stream->input.length += (size_t)got;
	stream->input.ended = stream->raw_ended;
	return 1;
}

static int file_stream_broken(struct file_stream *stream)
{
	return weir_error_set(&stream->input.failure, -EBADMSG, "cannot decompress (%s): %s",
			      stream->decoder->ops->name, stream->problem);
}

/* Decompress what was read; returns how many bytes that made. */
static size_t file_stream_decode(struct file_stream *stream)
{
	uint8_t *out;
	size_t space = file_stream_space(stream, &out);
	struct file_decoder_step step = {
		.in = stream->raw + stream->raw_used,
		.in_bytes = stream->raw_length - stream->raw_used,
		.out = out,
		.out_bytes = space,
	};

	stream->problem = stream->decoder->ops->decode(stream->decoder, &step);
	stream->raw_used += step.in_used;
	stream->filled = step.out_made == space;
	stream->input.length += step.out_made;
	return step.out_made;
}

static int file_stream_end_decoded(struct file_stream *stream)
{
	stream->input.ended = true;
	if (!stream->decoder->ops->complete(stream->decoder))
		stream->input.cut = "the compressed data ends too early";
	return 1;
}

static int file_stream_fill_decoded(struct file_stream *stream)
{
	for (int steps = 0; steps < FILE_STREAM_STEPS_MAX; steps++) {
		ssize_t got;

		if (stream->problem)
			return file_stream_broken(stream);
		if ((stream->filled || stream->raw_used < stream->raw_length) &&
		    file_stream_decode(stream))
			return 1;
		if (stream->problem)
			continue;
		if (stream->raw_ended)
			return file_stream_end_decoded(stream);
		got = file_stream_read(stream, stream->raw, FILE_STREAM_RAW_BYTES);
		if (got <= 0 && !stream->raw_ended)
			return (int)got;
		stream->raw_used = 0;
		stream->raw_length = (size_t)got;
	}
	return 1;
}

static int file_stream_fill(struct file_input *input, size_t wanted)
{
	struct file_stream *stream = (struct file_stream *)input;
	int rc = file_stream_make_room(stream, wanted);
	size_t before = input->length;

	if (rc < 0)
		return rc;
	if (stream->sniffed)
		return stream->decoder ? file_stream_fill_decoded(stream)
				       : file_stream_fill_plain(stream);
	rc = file_stream_begin(stream);
	if (rc < 0)
		return rc;
	input->ended = stream->raw_ended && !stream->decoder;
	return stream->decoder || input->ended || input->length > before;
}

/* ---- another place of a compressed file ---- */

size_t file_stream_peek(const struct file_input *input, uint64_t offset, uint8_t *out, size_t room)
{
	const struct file_stream *stream = (const struct file_stream *)input;
	struct file_decoder_step step = {.out = out, .out_bytes = room};
	struct file_decoder *decoder = NULL;
	uint8_t *raw = malloc(FILE_STREAM_PEEK_BYTES);
	ssize_t got = raw ? pread(stream->fd, raw, FILE_STREAM_PEEK_BYTES, (off_t)offset) : -1;

	if (got >= FILE_DECODER_MAGIC_BYTES && stream->decoder->ops->recognise(raw) &&
	    stream->decoder->ops->open(&decoder) == 0) {
		step.in = raw;
		step.in_bytes = (size_t)got;
		/* A problem, or an end within a frame, only ends it early. */
		for (size_t before = SIZE_MAX; step.out_made != before;) {
			before = step.out_made;
			if (decoder->ops->decode(decoder, &step))
				break;
		}
		decoder->ops->close(decoder);
	}
	free(raw);
	return step.out_made;
}

int file_stream_jump(struct file_input *input, uint64_t offset)
{
	struct file_stream *stream = (struct file_stream *)input;
	const struct file_decoder_ops *ops = stream->decoder->ops;

	if (lseek(stream->fd, (off_t)offset, SEEK_SET) < 0)
		return weir_error_set_errno(&input->failure, -errno, "cannot read on at %llu",
					    (unsigned long long)offset);
	ops->close(stream->decoder);
	stream->decoder = NULL;
	if (ops->open(&stream->decoder) < 0)
		return weir_error_set_errno(&input->failure, -ENOMEM, "cannot decompress (%s)",
					    ops->name);
	stream->raw_length = stream->raw_used = 0;
	stream->raw_ended = stream->filled = false;
	stream->problem = NULL;
	input->offset = input->length = 0;
	input->ended = false;
	return 0;
}

static void file_stream_close(struct file_input *input)
{
	struct file_stream *stream = (struct file_stream *)input;

	if (stream->decoder)
		stream->decoder->ops->close(stream->decoder);
	close(stream->fd);
	free(stream->raw);
	free(stream->buffer);
	free(stream);
}

static const struct file_input_ops file_stream_ops = {file_stream_fill, file_stream_close};

int file_stream_open(int fd, bool can_wait, struct file_input **out, struct weir_error *error)
{
	struct file_stream *stream = calloc(1, sizeof(*stream));
	uint8_t *buffer = malloc(FILE_STREAM_ROOM_BYTES);

	if (!stream || !buffer) {
		free(stream);
		free(buffer);
		close(fd);
		return weir_error_set_errno(error, -ENOMEM, "cannot open the file");
	}
	*stream = (struct file_stream){
		.input = {.ops = &file_stream_ops, .bytes = buffer, .wait_fd = can_wait ? fd : -1},
		.fd = fd,
		.can_wait = can_wait,
		.buffer = buffer,
		.room = FILE_STREAM_ROOM_BYTES,
	};
	*out = &stream->input;
	return 0;
}
