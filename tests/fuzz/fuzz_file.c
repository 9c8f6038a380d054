/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole file source over any file: mapped or decompressed, with a limit
 * per batch that the input chooses. It must come to an end, hand out only
 * bytes that can be read, and account for each packet.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_all(struct weir_source *source, uint32_t limit)
{
	volatile uint8_t sum = 0;
	struct weir_batch *batch;
	int got;

	while ((got = source->ops->next(source, limit, &batch)) >= 0) {
		for (int i = 0; i < got; i++) {
			const struct weir_packet *packet = &batch->packets[i];

			for (uint32_t at = 0; at < packet->captured_len; at++)
				sum = (uint8_t)(sum + packet->bytes[at]);
		}
		if (!got)
			continue;
		weir_cell_add(&source->row->out, (uint64_t)got);
		source->ops->release(source, batch);
	}
	if (got != -ENODATA && !source->failure.text[0])
		abort();
}

static void read_file(const char *path, const struct weir_source_settings *settings, uint32_t limit)
{
	struct weir_source_context context = {0};
	struct weir_source *source;
	struct weir_error error = {0};

	if (weir_interfaces_open(&context.interfaces) || weir_ledger_open(&context.ledger))
		abort();
	if (file_open(path, settings, &context, &source, &error) == 0) {
		take_all(source, limit);
		if (weir_ledger_unbalanced(context.ledger))
			abort();
		source->ops->close(source);
	} else if (!error.text[0]) {
		abort();
	}
	weir_ledger_close(context.ledger);
	weir_interfaces_close(context.interfaces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_source_settings settings = {0};
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (size)
		settings.direction = data[size - 1] % 3;
	if (size && data[size - 1] & 8) /* time stamps of corpora lie on both sides */
		settings.from_ns = UINT64_C(1700000000000000000);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_file(path, &settings, size ? 1 + data[size - 1] % WEIR_BATCH_PACKETS_MAX : 1);
	close(fd);
	return 0;
}
