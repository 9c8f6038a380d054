/* SPDX-License-Identifier: Apache-2.0 */
/* zstd, by libzstd, which reads one frame after the other by itself. */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "file_decoder.h"

enum { FILE_ZSTD_WINDOW_LOG_MAX = 27 /* 128 MiB: the zstd command's own default limit */ };

struct file_zstd {
	struct file_decoder decoder;
	ZSTD_DStream *stream;
	size_t expects; /* 0: a frame has just ended */
};

static bool file_zstd_recognise(const uint8_t *magic)
{
	/* RFC 8878, sections 3.1.1 and 3.1.2: a frame, or a skippable one before it */
	if (magic[1] == 0xb5 && magic[2] == 0x2f && magic[3] == 0xfd)
		return magic[0] == 0x28;
	return (magic[0] & 0xf0) == 0x50 && magic[1] == 0x2a && magic[2] == 0x4d &&
	       magic[3] == 0x18;
}

static int file_zstd_open(struct file_decoder **out)
{
	struct file_zstd *zstd = calloc(1, sizeof(*zstd));

	if (zstd)
		zstd->stream = ZSTD_createDStream();
	if (!zstd || !zstd->stream) {
		free(zstd);
		return -ENOMEM;
	}
	ZSTD_DCtx_setParameter(zstd->stream, ZSTD_d_windowLogMax, FILE_ZSTD_WINDOW_LOG_MAX);
	zstd->decoder.ops = &file_zstd_ops;
	*out = &zstd->decoder;
	return 0;
}

static const char *file_zstd_decode(struct file_decoder *decoder, struct file_decoder_step *step)
{
	struct file_zstd *zstd = (struct file_zstd *)decoder;
	ZSTD_inBuffer in = {step->in, step->in_bytes, step->in_used};
	ZSTD_outBuffer out = {step->out, step->out_bytes, step->out_made};
	const char *problem = NULL;

	/* with room left, libzstd has given all that it has: then only input helps */
	do {
		size_t before = out.pos, used = in.pos,
		       rc = ZSTD_decompressStream(zstd->stream, &out, &in);

		if (ZSTD_isError(rc)) {
			problem = ZSTD_getErrorName(rc);
			break;
		}
		if (out.pos == before && in.pos == used)
			break;
		zstd->expects = rc;
	} while (out.pos < out.size && in.pos < in.size);
	step->in_used = in.pos;
	step->out_made = out.pos;
	return problem;
}

static bool file_zstd_complete(const struct file_decoder *decoder)
{
	return ((const struct file_zstd *)decoder)->expects == 0;
}

static void file_zstd_close(struct file_decoder *decoder)
{
	struct file_zstd *zstd = (struct file_zstd *)decoder;

	ZSTD_freeDStream(zstd->stream);
	free(zstd);
}

const struct file_decoder_ops file_zstd_ops = {
	"zstd",           file_zstd_recognise, file_zstd_open,
	file_zstd_decode, file_zstd_complete,  file_zstd_close,
};
