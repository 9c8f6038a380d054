/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of a file and of each 64 KiB of it, in a file beside it
 * ("x.pcapng.sha256") that sha256sum -c checks too: the parts stand in lines
 * that it takes for comments.
 *
 *	# weir: offset, bytes, SHA-256
 *	# 0 65536 6b86b273...
 *	# 65536 1000 d4735e3a...
 *	4e07408562be...  x.pcapng
 *
 * Made on the disk thread from the bytes as they are written, one file after
 * the other; what was written otherwise than in order is read again.
 */
#ifndef RECORD_MANIFEST_H
#define RECORD_MANIFEST_H

#include <limits.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/privilege.h"
#include "weir/record.h"

struct manifest;

/* -ENOMEM. */
int manifest_open(struct manifest **out);
void manifest_close(struct manifest *manifest);

/* Bytes that are in the file now; offset 0 is another file. What was added before is passed over. */
void manifest_add(struct manifest *manifest, const uint8_t *bytes, uint64_t length,
		  uint64_t offset);
/*
 * The file 'path' is complete, and has 'size' bytes: the text of its manifest,
 * which the caller frees, and its length. -errno.
 */
int manifest_make(struct manifest *manifest, struct weir_privilege *privilege, const char *path,
		  uint64_t size, char **text, size_t *length);
/* Put the text beside the file 'path'. -errno; then what was written of it is gone. */
int manifest_store(struct weir_privilege *privilege, const char *path, const char *text,
		   size_t length, bool sync);
/* The file 'path' goes, or is another now: so does its manifest, if that is one of weir's. */
void manifest_drop(struct weir_privilege *privilege, const char *path);

/*
 * Hold the file 'path', open as 'fd', against the manifest beside it, if there
 * is one: out->manifest and where it differs. -EBADMSG when nothing can be
 * made of the manifest, -errno, with 'error'.
 */
int manifest_check(const char *path, int fd, struct weir_verified *out, struct weir_error *error);

#endif
