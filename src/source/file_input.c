/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of input a descriptor asks for. */
#include "source/file_input.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_decoder.h"

static bool file_input_is_compressed(int fd, off_t at)
{
	uint8_t magic[FILE_DECODER_MAGIC_BYTES];

	return pread(fd, magic, sizeof(magic), at) == sizeof(magic) && file_decoder_find(magic);
}

static int file_input_open_regular(int fd, off_t size, struct file_input **out, uint64_t *length,
				   struct weir_error *error)
{
	off_t at = lseek(fd, 0, SEEK_CUR); /* of a redirected file, some may have been read */

	if (at < 0)
		at = 0;
	if (at >= size) {
		close(fd);
		return weir_error_set(error, -EINVAL, "it is empty: it has not even a file header");
	}
	if (file_input_is_compressed(fd, at))
		return file_stream_open(fd, false, out, error);
	*length = (uint64_t)size;
	return file_mapped_open(fd, (uint64_t)at, (uint64_t)size, out, error);
}

int file_input_open(int fd, struct file_input **out, uint64_t *length, struct weir_error *error)
{
	struct stat about;
	int rc;

	*length = 0;
	if (fstat(fd, &about) < 0) {
		rc = -errno;
		close(fd);
		return weir_error_set_errno(error, rc, "cannot look at it");
	}
	if (S_ISREG(about.st_mode))
		return file_input_open_regular(fd, about.st_size, out, length, error);
	return file_stream_open(fd, !S_ISBLK(about.st_mode), out, error);
}
