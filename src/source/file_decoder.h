/* SPDX-License-Identifier: Apache-2.0 */
/* Decompressors for the file source's stream: gzip (file_gzip.c), zstd (file_zstd.c) and lz4 (file_lz4.c). */
#ifndef SOURCE_FILE_DECODER_H
#define SOURCE_FILE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILE_DECODER_MAGIC_BYTES = 4 };

struct file_decoder;

/* Bytes on their way: used from 'in', made in 'out'. */
struct file_decoder_step {
	const uint8_t *in;
	size_t in_bytes, in_used;
	uint8_t *out;
	size_t out_bytes, out_made;
};

struct file_decoder_ops {
	const char *name;
	bool (*recognise)(const uint8_t *magic);
	int (*open)(struct file_decoder **out);
	/* As much as fits; NULL, or why the rest can't be decompressed. */
	const char *(*decode)(struct file_decoder *decoder, struct file_decoder_step *step);
	bool (*complete)(const struct file_decoder *decoder); /* may the input end here? */
	void (*close)(struct file_decoder *decoder);
};

/* The part that the stream sees; first member of each kind's own struct. */
struct file_decoder {
	const struct file_decoder_ops *ops;
};

extern const struct file_decoder_ops file_gzip_ops, file_zstd_ops, file_lz4_ops;

/* By the first FILE_DECODER_MAGIC_BYTES bytes; NULL when they are not of a compressed file. */
const struct file_decoder_ops *file_decoder_find(const uint8_t *magic);

#endif
