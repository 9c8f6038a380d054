/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that shows: each batch's packets become text, which is written
 * before the batch goes back, so that a pipe is never behind the packets.
 */
#include "weir/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "show/printer.h"

enum { SHOW_BUFFER_BYTES = 1 << 16 };

struct show {
	struct weir_sink sink; /* first: the engine's view */
	const struct weir_interfaces *interfaces;
	struct printer printer;
	struct text text;
	uint64_t written;                      /* bytes that the output has taken */
	uint64_t ends[WEIR_BATCH_PACKETS_MAX]; /* where in the output a packet's text ends */
	char buffer[SHOW_BUFFER_BYTES];
};

static int show_write(void *user, const char *bytes, size_t length)
{
	struct show *show = user;

	while (length) {
		ssize_t put = write(show->printer.settings.fd, bytes, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes += put;
		length -= (size_t)put;
		show->written += (uint64_t)put;
	}
	return 0;
}

static int show_verdict(struct show *show)
{
	int failure = show->text.failure;

	if (failure == -EPIPE)
		return 1;
	if (failure)
		weir_error_set_errno(&show->sink.failure, failure, "cannot write the output");
	return failure;
}

/* Make text of packets, as long as it can be written; returns how many are written whole. */
static uint32_t show_packets(struct show *show, const struct weir_batch *batch,
			     const struct weir_decoded *decoded)
{
	uint32_t shown = 0;

	while (shown < batch->count && !show->text.failure) {
		const struct weir_packet *packet = &batch->packets[shown];

		printer_packet(&show->printer, &show->text, packet,
			       weir_interfaces_get(show->interfaces, packet->interface),
			       &decoded->outer[shown], &decoded->inner[shown]);
		if (!show->text.failure)
			show->ends[shown++] = show->written + show->text.used;
	}
	text_flush(&show->text);
	while (shown && show->ends[shown - 1] > show->written)
		shown--;
	return shown;
}

static int show_consume(struct weir_sink *sink, struct weir_row *row,
			const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct show *show = (struct show *)sink;
	uint32_t taken = show_packets(show, batch, decoded);

	weir_cell_add(&row->out, taken);
	if (taken < batch->count)
		weir_cell_add(&row->dropped[show->text.failure == -EPIPE ? WEIR_REASON_READER_GONE
									 : WEIR_REASON_IO_ERROR],
			      batch->count - taken);
	return show_verdict(show);
}

static void show_close(struct weir_sink *sink)
{
	free(sink);
}

static const struct weir_sink_ops show_ops = {
	.name = "show",
	.needs = WEIR_DECODE_INNER,
	.consume = show_consume,
	.close = show_close,
};

int weir_sink_open_show(const struct weir_show_settings *settings,
			const struct weir_interfaces *interfaces, struct weir_sink **out,
			struct weir_error *error)
{
	struct show *show = calloc(1, sizeof(*show));

	if (!show)
		return weir_error_set(error, -ENOMEM, "no memory for a sink");
	show->sink.ops = &show_ops;
	show->interfaces = interfaces;
	printer_init(&show->printer, settings);
	show->text = (struct text){.bytes = show->buffer,
				   .size = sizeof(show->buffer),
				   .flush = show_write,
				   .user = show};
	*out = &show->sink;
	return 0;
}
