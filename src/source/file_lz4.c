/* SPDX-License-Identifier: Apache-2.0 */
/* lz4, by liblz4, which reads one frame after the other by itself. */
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>

#include "file_decoder.h"

struct file_lz4 {
	struct file_decoder decoder;
	LZ4F_dctx *context;
	size_t expects; /* 0: a frame has just ended */
};

static bool file_lz4_recognise(const uint8_t *magic)
{
	return magic[0] == 0x04 && magic[1] == 0x22 && magic[2] == 0x4d && magic[3] == 0x18;
}

static int file_lz4_open(struct file_decoder **out)
{
	struct file_lz4 *lz4 = calloc(1, sizeof(*lz4));

	if (!lz4 || LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION))) {
		free(lz4);
		return -ENOMEM;
	}
	lz4->decoder.ops = &file_lz4_ops;
	*out = &lz4->decoder;
	return 0;
}

static const char *file_lz4_decode(struct file_decoder *decoder, struct file_decoder_step *step)
{
	struct file_lz4 *lz4 = (struct file_lz4 *)decoder;
	size_t in, out;

	do {
		size_t rc;

		in = step->in_bytes - step->in_used;
		out = step->out_bytes - step->out_made;
		rc = LZ4F_decompress(lz4->context, step->out + step->out_made, &out,
				     step->in + step->in_used, &in, NULL);
		if (LZ4F_isError(rc))
			return LZ4F_getErrorName(rc);
		step->in_used += in;
		step->out_made += out;
		if (in || out)
			lz4->expects = rc;
	} while ((in || out) && step->out_made < step->out_bytes);
	return NULL;
}

static bool file_lz4_complete(const struct file_decoder *decoder)
{
	return ((const struct file_lz4 *)decoder)->expects == 0;
}

static void file_lz4_close(struct file_decoder *decoder)
{
	struct file_lz4 *lz4 = (struct file_lz4 *)decoder;

	LZ4F_freeDecompressionContext(lz4->context);
	free(lz4);
}

const struct file_decoder_ops file_lz4_ops = {
	"lz4",           file_lz4_recognise, file_lz4_open,
	file_lz4_decode, file_lz4_complete,  file_lz4_close,
};
