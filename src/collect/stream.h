/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX messages out of a stream of bytes, in which each tells its length. */
#ifndef COLLECT_STREAM_H
#define COLLECT_STREAM_H

#include "weir/collect.h"

enum { STREAM_BYTES = 128 << 10 }; /* two of the longest messages */

struct stream {
	char exporter[WEIR_COLLECT_NAME_BYTES];
	uint32_t used;
	uint8_t *bytes; /* STREAM_BYTES */
};

/* -ENOMEM. */
int stream_open(struct stream *stream, const char *exporter);
void stream_close(struct stream *stream);
/* Where to put more bytes, and how many there is room for (never 0 after stream_take). */
static inline uint8_t *stream_room(struct stream *stream, uint32_t *room)
{
	*room = STREAM_BYTES - stream->used;
	return stream->bytes + stream->used;
}
/* 'count' bytes were put there: decode what is whole. -EINVAL: there is no way to go on. */
int stream_take(struct stream *stream, struct weir_collect *collect, uint32_t count);

#endif
