/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a file that grows in two steps. What of it can be read as a file
 * without any complaint is read so, too, and not more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FOLLOW_IDLE_MAX = 3, FOLLOW_TURNS_MAX = 100000 };

struct subject {
	struct weir_source_context context;
	struct weir_source *source; /* NULL: it was refused */
	uint64_t packets;
	bool failed;
};

/* Until there is nothing more, or nothing now. */
static void take(struct subject *subject)
{
	struct weir_batch *batch;
	int idle = 0;

	for (int turn = 0; turn < FOLLOW_TURNS_MAX && idle < FOLLOW_IDLE_MAX; turn++) {
		int got = subject->source ? subject->source->ops->next(
						    subject->source, WEIR_BATCH_PACKETS_MAX, &batch)
					  : -EINVAL;

		if (got < 0) {
			subject->failed |= got != -ENODATA;
			return;
		}
		idle += !got;
		if (!got)
			continue;
		subject->packets += (uint64_t)got;
		weir_cell_add(&subject->source->row->out, (uint64_t)got);
		subject->source->ops->release(subject->source, batch);
	}
	if (idle < FOLLOW_IDLE_MAX)
		abort(); /* it goes on for ever */
}

static void begin(struct subject *subject, const char *path,
		  int (*open)(const char *, const struct weir_source_settings *,
			      const struct weir_source_context *, struct weir_source **,
			      struct weir_error *))
{
	static const struct weir_source_settings settings;
	struct weir_error error;

	*subject = (struct subject){0};
	if (weir_interfaces_open(&subject->context.interfaces) ||
	    weir_ledger_open(&subject->context.ledger))
		abort();
	if (open(path, &settings, &subject->context, &subject->source, &error) < 0)
		subject->source = NULL;
}

static void end(struct subject *subject)
{
	if (subject->source)
		subject->source->ops->close(subject->source);
	weir_ledger_close(subject->context.ledger);
	weir_interfaces_close(subject->context.interfaces);
}

static bool is_clean(const struct subject *subject)
{
	for (int r = 0; subject->source && r < WEIR_REASON_COUNT; r++)
		if (weir_cell_get(&subject->source->row->dropped[r]))
			return false;
	return subject->source && !subject->failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t section[] = {0x0a, 0x0d, 0x0d, 0x0a};
	size_t first = size ? data[size - 1] * size / 256 : 0;
	struct subject whole, followed;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, first) != (ssize_t)first)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	begin(&followed, path, follow_open);
	take(&followed);
	if (write(fd, data + first, size - first) != (ssize_t)(size - first))
		abort();
	if (!followed.failed)
		take(&followed);
	begin(&whole, path, file_open);
	take(&whole);
	if (is_clean(&whole) && size >= sizeof(section) &&
	    !memcmp(data, section, sizeof(section)) &&
	    (followed.failed || followed.packets != whole.packets))
		abort();
	end(&whole);
	end(&followed);
	close(fd);
	return 0;
}
