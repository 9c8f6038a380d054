/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STREAM_VERSION = 10, STREAM_VERSION_BYTES = 2, STREAM_HEADER_BYTES = 16 };

int stream_open(struct stream *stream, const char *exporter)
{
	stream->used = 0;
	stream->bytes = malloc(STREAM_BYTES);
	snprintf(stream->exporter, sizeof(stream->exporter), "%s", exporter);
	return stream->bytes ? 0 : -ENOMEM;
}

void stream_close(struct stream *stream)
{
	free(stream->bytes);
	stream->bytes = NULL;
}

int stream_take(struct stream *stream, struct weir_collect *collect, uint32_t count)
{
	uint32_t at = 0;
	int rc = 0;

	stream->used += count;
	while (stream->used - at >= STREAM_VERSION_BYTES) {
		const uint8_t *bytes = stream->bytes + at;
		uint32_t version = (uint32_t)bytes[0] << 8 | bytes[1], length;

		if (version == STREAM_VERSION && stream->used - at < STREAM_HEADER_BYTES)
			break;
		length = (uint32_t)bytes[2] << 8 | bytes[3];
		if (version != STREAM_VERSION || length < STREAM_HEADER_BYTES) {
			rc = -EINVAL;
			break;
		}
		if (length > stream->used - at)
			break;
		/* a message that is wrong within is counted, and the next one still begins there */
		rc = weir_collect_message(collect, stream->exporter, true, bytes, length);
		if (rc < 0 && rc != -EINVAL)
			break;
		rc = 0;
		at += length;
	}
	stream->used -= at;
	memmove(stream->bytes, stream->bytes + at, stream->used);
	return rc;
}

int weir_collect_file(struct weir_collect *collect, const char *name, int fd,
		      struct weir_error *error)
{
	struct stream stream;
	bool any = false;
	int rc = stream_open(&stream, name);

	if (rc < 0)
		return weir_error_set(error, rc, "cannot read '%s': out of memory", name);
	for (;;) {
		uint32_t room;
		uint8_t *at = stream_room(&stream, &room);
		ssize_t n = read(fd, at, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = weir_error_set_errno(error, -errno, "cannot read '%s'", name);
		else if (n == 0 && !any)
			rc = weir_error_set(error, -EINVAL,
					    "'%s' is empty: it is not an IPFIX file", name);
		else if (n == 0 && stream.used)
			rc = weir_error_set(error, -EINVAL,
					    "'%s' breaks off within a message: it was not written "
					    "to its end",
					    name);
		else if (n > 0 && stream_take(&stream, collect, (uint32_t)n) < 0)
			rc = weir_error_set(error, -EINVAL, "'%s' is not an IPFIX file", name);
		if (rc < 0 || n == 0)
			break;
		any = true;
	}
	stream_close(&stream);
	return rc;
}
