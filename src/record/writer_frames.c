/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files compressed by the disk thread, zstd or lz4: frames of whole records,
 * each independent of the others, so that a damaged or cut file loses no more
 * than that, and a reader can begin at any frame.
 *
 *   |frame|frame|frame|pad|frame|frame|frame|pad|frame| ... [table]
 *   └ a slot              └ a slot
 *
 * Wireshark reads FRAMES_SLOT_BYTES at a time (its wiretap/file_wrappers.c:
 * what ZSTD_DStreamInSize() says), and up to 4.4 it looks for the magic number
 * of the next frame where those bytes begin, not where the last frame ended. So
 * a frame begins at each multiple of that, and none lies across one; the rest
 * of a slot is a frame that decompressors skip. Only a single record of more
 * than a slot, compressed, is an exception.
 *
 * Behind zstd frames stands the table of all frames' lengths of its seekable
 * format, itself in a frame that is skipped.
 */
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "files.h"
#include "pcap.h"
#include "writer.h"

enum {
	FRAMES_SLOT_BYTES = 131072 + 3,
	FRAMES_REST_BYTES = 4096, /* a rest of a slot that is not worth a frame */
	FRAMES_PAD_BYTES_MIN = 8, /* of a frame to be skipped: magic number and length */
	FRAMES_IN_MAX = BUFFER_BYTES + RECORD_BYTES_MAX,
	FRAMES_PIECE_BYTES_MIN = 4096,
	FRAMES_FILL_PERCENT = 90, /* of a slot's rest, aimed at by what compressed so far */
	FRAMES_ZSTD_LEVEL = 1,    /* the fastest that is no worse than lz4: it must keep up */
	FRAMES_MAX = 1 << 20,     /* in the table; of a larger file it has the first */
	FRAMES_ENTRY_BYTES = 8,
	FRAMES_FOOTER_BYTES = 9,
	FRAMES_PCAP_BYTES = 16, /* before a packet's */
	/* Both formats' "skippable frames" */
	FRAMES_PAD_MAGIC = 0x184d2a50,
	/* zstd contrib/seekable_format/zstd_seekable_compression_format.md */
	FRAMES_TABLE_MAGIC = 0x184d2a5e,
	FRAMES_SEEKABLE_MAGIC = 0x8f92eab1,
};

struct frames_entry {
	uint32_t compressed_bytes, bytes;
};

struct record_writer {
	size_t (*compress)(struct record_writer *writer, uint8_t *out, size_t room,
			   const uint8_t *in, size_t length); /* 0 = it cannot be done */
	ZSTD_CCtx *zstd;                                      /* NULL: lz4 */
	uint8_t *out;
	size_t out_bytes, used; /* of 'out': what the current buffer became */
	uint64_t position;      /* in the file, of out[0] */
	uint64_t in, made;      /* bytes before and after, of late: how well it compresses */
	bool pcapng;
	struct frames_entry *entries; /* of the file; grows by doubling, on the disk thread */
	uint32_t count, room;
};

/* ---- codecs ---- */

static size_t frames_zstd_compress(struct record_writer *writer, uint8_t *out, size_t room,
				   const uint8_t *in, size_t length)
{
	size_t made = ZSTD_compress2(writer->zstd, out, room, in, length);

	return ZSTD_isError(made) ? 0 : made;
}

static LZ4F_preferences_t frames_lz4_preferences(size_t length)
{
	return (LZ4F_preferences_t){
		.frameInfo = {.blockSizeID = LZ4F_max256KB,
			      .blockMode = LZ4F_blockLinked,
			      .contentChecksumFlag = LZ4F_contentChecksumEnabled,
			      .contentSize = length}};
}

static size_t frames_lz4_compress(struct record_writer *writer, uint8_t *out, size_t room,
				  const uint8_t *in, size_t length)
{
	const LZ4F_preferences_t preferences = frames_lz4_preferences(length);
	size_t made = LZ4F_compressFrame(out, room, in, length, &preferences);

	return LZ4F_isError(made) ? 0 : made;
}

/* ---- open and close ---- */

static void frames_close(struct record_writer *writer)
{
	if (!writer)
		return;
	ZSTD_freeCCtx(writer->zstd);
	free(writer->out);
	free(writer->entries);
	free(writer);
}

/*
 * Room for a buffer that does not get any smaller: frames, of which the last
 * one tried is somewhat larger than what it is given, and a pad for each slot.
 */
static int frames_open(struct record_writer **out)
{
	const LZ4F_preferences_t preferences = frames_lz4_preferences(FRAMES_IN_MAX);
	struct record_writer *writer = calloc(1, sizeof(*writer));
	size_t zstd = ZSTD_compressBound(FRAMES_IN_MAX);
	size_t lz4 = LZ4F_compressFrameBound(FRAMES_IN_MAX, &preferences);

	if (!writer)
		return -ENOMEM;
	writer->out_bytes = 3 * (zstd > lz4 ? zstd : lz4);
	writer->out = malloc(writer->out_bytes);
	if (!writer->out) {
		frames_close(writer);
		return -ENOMEM;
	}
	*out = writer;
	return 0;
}

static int frames_open_lz4(struct record_writer **out, struct record_buffer *pool)
{
	int rc = frames_open(out);

	if (rc == 0)
		(*out)->compress = frames_lz4_compress;
	return rc;
}

static int frames_open_zstd(struct record_writer **out, struct record_buffer *pool)
{
	int rc = frames_open(out);

	if (rc < 0)
		return rc;
	(*out)->compress = frames_zstd_compress;
	(*out)->zstd = ZSTD_createCCtx();
	if (!(*out)->zstd) {
		frames_close(*out);
		return -ENOMEM;
	}
	ZSTD_CCtx_setParameter((*out)->zstd, ZSTD_c_compressionLevel, FRAMES_ZSTD_LEVEL);
	ZSTD_CCtx_setParameter((*out)->zstd, ZSTD_c_checksumFlag, 1);
	return 0;
}

static const char *frames_describe(const struct record_writer *writer)
{
	return "independent frames of up to 128 KiB";
}

static void frames_prepare(struct record_writer *writer, struct record_file *file, uint64_t bytes)
{
	file->encoded = true;
}

/* ---- the table ---- */

static bool frames_make_room(struct record_writer *writer)
{
	uint32_t room = writer->room ? 2 * writer->room : 1024;
	struct frames_entry *entries;

	if (writer->count < writer->room)
		return true;
	if (room > FRAMES_MAX)
		return false;
	entries = realloc(writer->entries, room * sizeof(*entries));
	if (!entries)
		return false;
	writer->entries = entries;
	writer->room = room;
	return true;
}

/* A frame is in 'out'. */
static void frames_add(struct record_writer *writer, size_t made, size_t length)
{
	if (frames_make_room(writer))
		writer->entries[writer->count++] =
			(struct frames_entry){(uint32_t)made, (uint32_t)length};
	writer->used += made;
}

/* ---- a buffer into frames ---- */

static size_t frames_slot_left(const struct record_writer *writer)
{
	return FRAMES_SLOT_BYTES - (writer->position + writer->used) % FRAMES_SLOT_BYTES;
}

static void frames_pad(struct record_writer *writer, size_t bytes)
{
	uint32_t head[2] = {FRAMES_PAD_MAGIC, (uint32_t)bytes - FRAMES_PAD_BYTES_MIN};

	memset(writer->out + writer->used, 0, bytes);
	memcpy(writer->out + writer->used, head, sizeof(head));
	frames_add(writer, bytes, 0);
}

/* The length of the record at 'bytes', which are whole ones. */
static size_t frames_record(const struct record_writer *writer, const uint8_t *bytes, size_t left)
{
	uint32_t length;

	if (writer->pcapng && left >= 8) {
		memcpy(&length, bytes + 4, sizeof(length));
		return length && length < left ? length : left;
	}
	if (left < FRAMES_PCAP_BYTES)
		return left;
	memcpy(&length, bytes + 8, sizeof(length));
	return length < left - FRAMES_PCAP_BYTES ? FRAMES_PCAP_BYTES + (size_t)length : left;
}

/* Up to 'wanted' bytes, but one record at least; 'head' bytes before them are a file's header. */
static size_t frames_piece(const struct record_writer *writer, const uint8_t *bytes, size_t length,
			   size_t head, size_t wanted)
{
	size_t end = head < length ? head : length, next;
	bool any = false;

	for (; end < length; end = next, any = true) {
		next = end + frames_record(writer, bytes + end, length - end);
		if (any && next > wanted)
			break;
	}
	return end;
}

/* How many bytes will fill most of 'left' when they are compressed. */
static size_t frames_guess(const struct record_writer *writer, size_t left)
{
	uint64_t guess = left * FRAMES_FILL_PERCENT / 100;

	if (writer->made)
		guess = guess * writer->in / writer->made;
	return guess > FRAMES_PIECE_BYTES_MIN ? (size_t)guess : FRAMES_PIECE_BYTES_MIN;
}

/* Old measurements count for less and less. */
static void frames_learn(struct record_writer *writer, size_t length, size_t made)
{
	writer->in = writer->in / 2 + length;
	writer->made = writer->made / 2 + made;
}

/*
 * One frame out of the first records, as many as fit into the slot. Returns
 * the bytes taken, 0 when only a pad was made, or SIZE_MAX when it cannot be done.
 */
static size_t frames_put(struct record_writer *writer, const uint8_t *bytes, size_t length,
			 size_t head)
{
	size_t left = frames_slot_left(writer);
	size_t piece = frames_piece(writer, bytes, length, head, frames_guess(writer, left));

	for (;;) {
		size_t one = frames_piece(writer, bytes, length, head, 0), smaller;
		size_t made = writer->compress(writer, writer->out + writer->used,
					       writer->out_bytes - writer->used, bytes, piece);

		if (!made)
			return SIZE_MAX;
		frames_learn(writer, piece, made);
		if (made == left || made + FRAMES_PAD_BYTES_MIN <= left ||
		    (piece <= one && left == FRAMES_SLOT_BYTES)) {
			frames_add(writer, made, piece);
			return piece;
		}
		if (piece <= one) { /* it may fit into a slot of its own */
			frames_pad(writer, left);
			return 0;
		}
		smaller = piece * (left - FRAMES_PAD_BYTES_MIN) / made;
		piece = frames_piece(writer, bytes, length, head,
				     smaller * FRAMES_FILL_PERCENT / 100);
	}
}

/* All of it into writer->out. False: it cannot be compressed. */
static bool frames_pack(struct record_writer *writer, const uint8_t *bytes, size_t length,
			size_t head)
{
	size_t done = 0;

	writer->used = 0;
	while (done < length) {
		size_t taken = frames_put(writer, bytes + done, length - done, done ? 0 : head);
		size_t left;

		if (taken == SIZE_MAX)
			return false;
		done += taken;
		left = frames_slot_left(writer);
		if (taken && left < FRAMES_REST_BYTES) /* too little for a pad: to the slot after */
			frames_pad(writer,
				   left < FRAMES_PAD_BYTES_MIN ? left + FRAMES_SLOT_BYTES : left);
	}
	return true;
}

static bool frames_store(struct record_writer *writer, struct record_file *file, int *failure)
{
	size_t written = file->regular ? files_write_at(file->fd, writer->out, writer->used,
							file->stored, failure)
				       : files_write(file->fd, writer->out, writer->used, failure);

	if (written != writer->used)
		return false;
	file->stored += written;
	writer->position += written;
	return true;
}

static void frames_begin(struct record_writer *writer, struct record_buffer *buffer)
{
	static const uint8_t section[] = {0x0a, 0x0d, 0x0d, 0x0a};

	if (buffer->offset)
		return;
	writer->count = 0; /* a new file */
	writer->position = 0;
	writer->pcapng = buffer->length >= sizeof(section) &&
			 !memcmp(buffer->bytes, section, sizeof(section));
}

/* All of the buffer or nothing: a part of a frame is of no use. */
static size_t frames_finish(struct record_writer *writer, struct record_buffer *buffer,
			    int *failure)
{
	uint32_t count = writer->count;
	size_t head = buffer->offset || writer->pcapng ? 0 : PCAP_HEADER_BYTES;

	*failure = 0;
	if (!frames_pack(writer, buffer->bytes, buffer->length, head))
		*failure = -EIO;
	else if (frames_store(writer, buffer->file, failure))
		return buffer->length;
	writer->count = count; /* it may be tried again */
	return 0;
}

/* ---- the end of a file ---- */

static void frames_put_table(struct record_writer *writer, uint8_t *table, size_t length)
{
	uint32_t head[2] = {FRAMES_TABLE_MAGIC, (uint32_t)(length - sizeof(head))};
	uint32_t magic = FRAMES_SEEKABLE_MAGIC;

	memset(table, 0, length);
	memcpy(table, head, sizeof(head));
	memcpy(table + sizeof(head), writer->entries, writer->count * FRAMES_ENTRY_BYTES);
	memcpy(table + length - FRAMES_FOOTER_BYTES, &writer->count, sizeof(writer->count));
	memcpy(table + length - sizeof(magic), &magic, sizeof(magic));
}

/* The table. A file without it is only slower to seek in. */
static void frames_release(struct record_writer *writer, struct record_file *file)
{
	size_t length;
	int failure;

	if (file->failure || !file->stored || !writer->zstd)
		return;
	writer->used = 0;
	if (frames_slot_left(writer) == FRAMES_SLOT_BYTES) { /* a slot begins with a frame */
		length = writer->compress(writer, writer->out, writer->out_bytes, NULL, 0);
		frames_add(writer, length, 0);
	}
	length = 8 + writer->count * FRAMES_ENTRY_BYTES + FRAMES_FOOTER_BYTES;
	if (writer->used + length > writer->out_bytes)
		return;
	frames_put_table(writer, writer->out + writer->used, length);
	writer->used += length;
	frames_store(writer, file, &failure);
}

const struct record_writer_ops writer_zstd_ops = {
	.name = "zstd",
	.depth = 1,
	.open = frames_open_zstd,
	.close = frames_close,
	.describe = frames_describe,
	.prepare = frames_prepare,
	.release = frames_release,
	.begin = frames_begin,
	.finish = frames_finish,
};

const struct record_writer_ops writer_lz4_ops = {
	.name = "lz4",
	.depth = 1,
	.open = frames_open_lz4,
	.close = frames_close,
	.describe = frames_describe,
	.prepare = frames_prepare,
	.release = frames_release,
	.begin = frames_begin,
	.finish = frames_finish,
};
