/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a capture file reader over any bytes, in windows of a size that the
 * input chooses, and touches each byte that it hands out.
 */
#ifndef FUZZ_READER_RUN_H
#define FUZZ_READER_RUN_H

#include <stdlib.h>
#include <string.h>

#include "source/reader.h"

enum { READER_RUN_PACKETS = 8, READER_RUN_INTERFACE = 3 };

static inline void reader_run_touch(const struct reader_output *output)
{
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < output->count; i++) {
		const struct weir_packet *packet = &output->packets[i];

		for (uint32_t at = 0; at < packet->captured_len; at++)
			sum = (uint8_t)(sum + packet->bytes[at]);
		if (packet->interface != READER_RUN_INTERFACE)
			abort();
	}
}

/* Read the window; false when nothing further can come of any window. */
static inline bool reader_run_window(struct reader *reader, struct cursor *window)
{
	struct weir_packet packets[READER_RUN_PACKETS];
	enum reader_stop stop;

	do {
		struct reader_output output = {packets, 0, READER_RUN_PACKETS};
		size_t before = window->offset;

		stop = reader_read(reader, window, &output);
		reader_run_touch(&output);
		if (stop == READER_INTERFACE)
			reader_bind(reader, READER_RUN_INTERFACE);
		/* each stop is a step ahead, else the owner would loop for ever */
		if (stop == READER_LIMIT && output.count != READER_RUN_PACKETS)
			abort();
		if (stop == READER_BAD && window->offset == before)
			abort();
	} while (stop == READER_LIMIT || stop == READER_INTERFACE || stop == READER_BAD);
	if (stop == READER_MORE && reader->wanted <= cursor_left(window))
		abort();
	return stop == READER_MORE;
}

/* Windows begin where the reader stands and grow by 'step' until it gets ahead. */
static inline void reader_run(const uint8_t *data, size_t size, size_t step)
{
	size_t from = 0, to = 0;
	bool known = false, more = true;
	struct reader reader;

	reader_open(&reader, READER_CAPTURED_MAX_BYTES);
	while (more && to < size) {
		struct cursor window;

		to = size - to < step ? size : to + step;
		window = cursor_of(data + from, to - from);
		if (!known) {
			int rc = reader_recognise(&reader, &window);

			known = rc > 0;
			more = rc >= 0;
		}
		if (known)
			more = reader_run_window(&reader, &window);
		from += window.offset;
	}
	reader_close(&reader);
}

#endif
