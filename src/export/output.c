/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "privilege/request.h"

int output_open(struct output *output, const char *path, struct weir_privilege *privilege,
		struct weir_error *error)
{
	memset(output, 0, sizeof(*output));
	output->fd = strcmp(path, "-") ? request_open(privilege, path,
						      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
				       : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (output->fd < 0)
		return weir_error_set_errno(error, strcmp(path, "-") ? output->fd : -errno,
					    "cannot create the file");
	output->buffer = malloc(OUTPUT_BUFFER_BYTES);
	if (!output->buffer) {
		output_close(output);
		return weir_error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

void output_close(struct output *output)
{
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
	free(output->buffer);
	output->buffer = NULL;
}

static int output_fail(struct output *output, int code, struct weir_row *row,
		       struct weir_error *error)
{
	enum weir_reason reason = code == -EPIPE                       ? WEIR_REASON_READER_GONE
				  : code == -ENOSPC || code == -EDQUOT ? WEIR_REASON_DISK_FULL
								       : WEIR_REASON_IO_ERROR;

	if (row)
		weir_cell_add(&row->dropped[reason], output->records);
	output->records = 0;
	output->used = 0;
	if (code == -EPIPE)
		return 1;
	return weir_error_set_errno(error, code, "cannot write flows");
}

int output_flush(struct output *output, struct weir_row *row, struct weir_error *error)
{
	uint32_t done = 0;

	while (done < output->used) {
		ssize_t n = write(output->fd, output->buffer + done, output->used - done);

		if (n < 0 && errno != EINTR)
			return output_fail(output, -errno, row, error);
		done += n > 0 ? (uint32_t)n : 0;
	}
	if (row)
		weir_cell_add(&row->out, output->records);
	output->records = 0;
	output->used = 0;
	return 0;
}

int output_take(struct output *output, const char *end, struct weir_row *row,
		struct weir_error *error)
{
	output->used = (uint32_t)(end - output->buffer);
	output->records++;
	if (output->used + OUTPUT_RECORD_BYTES_MAX > OUTPUT_BUFFER_BYTES)
		return output_flush(output, row, error);
	return 0;
}
