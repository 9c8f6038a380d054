/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip, by zlib. Members may follow each other (cat a.gz b.gz, bgzip); what
 * follows them and is no member (padding of tapes, say) is ignored, as gzip
 * does.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "file_decoder.h"

enum { FILE_GZIP_WINDOW_BITS = MAX_WBITS + 16 /* gzip header and trailer, zlib.h */ };

struct file_gzip {
	struct file_decoder decoder;
	z_stream stream;
	bool between;  /* no member has begun since the last one ended */
	bool any;      /* one member has ended */
	bool trailing; /* what comes is no member: ignored */
};

static bool file_gzip_recognise(const uint8_t *magic)
{
	return magic[0] == 0x1f && magic[1] == 0x8b && magic[2] == Z_DEFLATED;
}

static int file_gzip_open(struct file_decoder **out)
{
	struct file_gzip *gzip = calloc(1, sizeof(*gzip));

	if (!gzip || inflateInit2(&gzip->stream, FILE_GZIP_WINDOW_BITS) != Z_OK) {
		free(gzip);
		return -ENOMEM;
	}
	gzip->decoder.ops = &file_gzip_ops;
	gzip->between = true;
	*out = &gzip->decoder;
	return 0;
}

static const char *file_gzip_error(const struct file_gzip *gzip, int rc)
{
	if (rc == Z_MEM_ERROR)
		return "no memory to decompress";
	return gzip->stream.msg ? gzip->stream.msg : "it is damaged";
}

/* Inflate what one call of zlib takes. */
static int file_gzip_inflate(struct file_gzip *gzip, struct file_decoder_step *step)
{
	size_t in = step->in_bytes - step->in_used, out = step->out_bytes - step->out_made;
	z_stream *z = &gzip->stream;
	int rc;

	z->next_in = (Bytef *)step->in + step->in_used;
	z->avail_in = in < UINT_MAX ? (uInt)in : UINT_MAX;
	z->next_out = step->out + step->out_made;
	z->avail_out = out < UINT_MAX ? (uInt)out : UINT_MAX;
	rc = inflate(z, Z_NO_FLUSH);
	step->in_used = (size_t)(z->next_in - step->in);
	step->out_made = (size_t)(z->next_out - step->out);
	return rc;
}

/* Stand at the start of the next member, if one follows. */
static void file_gzip_next_member(struct file_gzip *gzip, const struct file_decoder_step *step)
{
	if (gzip->any && step->in[step->in_used] != 0x1f)
		gzip->trailing = true;
	else if (gzip->any)
		inflateReset(&gzip->stream);
	gzip->between = false;
}

static const char *file_gzip_decode(struct file_decoder *decoder, struct file_decoder_step *step)
{
	struct file_gzip *gzip = (struct file_gzip *)decoder;

	while (step->out_made < step->out_bytes) {
		int rc;

		if (gzip->between && step->in_used == step->in_bytes)
			return NULL;
		if (gzip->between)
			file_gzip_next_member(gzip, step);
		if (gzip->trailing) {
			step->in_used = step->in_bytes;
			return NULL;
		}
		rc = file_gzip_inflate(gzip, step);
		if (rc == Z_BUF_ERROR)
			return NULL; /* no progress without more input */
		if (rc != Z_OK && rc != Z_STREAM_END)
			return file_gzip_error(gzip, rc);
		gzip->between = rc == Z_STREAM_END;
		gzip->any |= gzip->between;
		if (rc == Z_OK && step->in_used == step->in_bytes)
			return NULL;
	}
	return NULL;
}

static bool file_gzip_complete(const struct file_decoder *decoder)
{
	const struct file_gzip *gzip = (const struct file_gzip *)decoder;

	return gzip->between || gzip->trailing;
}

static void file_gzip_close(struct file_decoder *decoder)
{
	struct file_gzip *gzip = (struct file_gzip *)decoder;

	inflateEnd(&gzip->stream);
	free(gzip);
}

const struct file_decoder_ops file_gzip_ops = {
	"gzip",           file_gzip_recognise, file_gzip_open,
	file_gzip_decode, file_gzip_complete,  file_gzip_close,
};
