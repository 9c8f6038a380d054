/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file source: an input (file_mapped.c, file_stream.c) shows a window of
 * the file, a reader (reader.h) makes packets that point into it.
 *
 * A record that can't be delivered is entered in the ledger: 'truncated' when
 * the file ends within it, 'malformed' when it contradicts itself. Reading
 * goes on behind it only where the format says safely where that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "batch_fault.h"
#include "file_seek.h"
#include "source/file_input.h"
#include "privilege/request.h"
#include "source/kinds.h"
#include "source/reader.h"

enum {
	FILE_FILLS_MAX = 64,  /* of the window in one next(), when no packet comes of it */
	FILE_NOTICES_MAX = 8, /* about bad records; all of them are counted */
	FILE_NOTICE_BYTES = 512,
	FILE_SHOWN_MAX = 200, /* of a path in a notice */
};
#define FILE_DISORDER_NS (10 * CLOCK_NS_PER_S) /* by so much a file's packets may be out of order */

struct file_source {
	struct weir_source source;
	struct weir_source_context context;
	struct weir_source_settings settings;
	struct file_input *input;
	struct reader reader;
	bool recognised;          /* the format is known */
	bool fits;                /* there is no filter, or it makes sense for some interface */
	bool follows;             /* it is written while it is read */
	struct weir_error misfit; /* of an interface for which it makes none */
	int end;         /* what next() returns from now on: -ENODATA, another -errno; 0 = go on */
	uint64_t length; /* of the file, where reading it shows how far that is; else 0 */
	uint64_t compressed_bytes; /* of a compressed file, which can be sought in; else 0 */
	uint32_t notices;
	uint64_t fault_seen;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
	char path[];
};

/* ---- what the user is told ---- */

static void __attribute__((format(printf, 2, 3)))
file_notice(struct file_source *file, const char *format, ...)
{
	char text[FILE_NOTICE_BYTES];
	va_list arguments;
	int used;

	if (!file->context.notice)
		return;
	used = snprintf(text, sizeof(text), "'%.*s' at offset %llu: ", FILE_SHOWN_MAX, file->path,
			(unsigned long long)(file->input->position + file->input->offset));
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	va_end(arguments);
	file->context.notice(file->context.user, text);
}

/* A bad record in the middle: there may be millions. */
static void file_notice_bad(struct file_source *file)
{
	if (file->notices == FILE_NOTICES_MAX)
		return;
	file->notices++;
	file_notice(file, "%s", file->reader.complaint);
	if (file->notices == FILE_NOTICES_MAX)
		file_notice(file, "more bad records are counted without a word");
}

/* ---- interfaces ---- */

static void file_notice_misfit(struct file_source *file)
{
	file_notice(file, "no packet of some interface can match: %s", file->misfit.text);
	file->misfit.code = 0;
}

/*
 * A filter that makes no sense on a link type matches none of its packets,
 * which is fine as long as it makes sense on some other's.
 */
static void file_prepare_filter(struct file_source *file, uint32_t link_type)
{
	struct weir_filter *filter = file->settings.filter;

	if (!filter || !weir_filter_prepare(filter, link_type, &file->misfit))
		file->fits = true;
	if (file->fits && file->misfit.code)
		file_notice_misfit(file);
}

static int file_add_interface(struct file_source *file)
{
	/* Files of one recording have the same ones again and again. */
	int index = file->follows
			    ? weir_interfaces_share(file->context.interfaces, &file->reader.found)
			    : weir_interfaces_add(file->context.interfaces, &file->reader.found);

	if (index < 0)
		return weir_error_set_errno(&file->source.failure, index,
					    "cannot add an interface");
	reader_bind(&file->reader, (uint32_t)index);
	file_prepare_filter(file, file->reader.found.link_type);
	return 0;
}

/* The filter fits none of the interfaces that packets may come from. */
static int file_no_fit(struct file_source *file)
{
	file->source.failure = file->misfit;
	return file->misfit.code;
}

/* ---- reading ---- */

static void file_drop(struct file_source *file, enum weir_reason reason)
{
	weir_cell_add(&file->source.row->in, 1);
	weir_cell_add(&file->source.row->dropped[reason], 1);
}

static void file_notice_cut(struct file_source *file)
{
	const struct reader *reader = &file->reader;
	size_t left = file->input->length - file->input->offset;

	file_notice(file, "the file ends within a %s, of which at least %llu bytes are missing",
		    reader->wanted_packet ? "packet record" : "block",
		    (unsigned long long)(reader->wanted - left + reader->pcapng.skip_bytes));
}

/* The reader wants more than there will ever be. */
static int file_end_of_input(struct file_source *file)
{
	size_t left = file->input->length - file->input->offset;

	if (!file->recognised)
		return weir_error_set(&file->source.failure, -EINVAL, "%s",
				      left ? "it ends within its file header"
					   : "it is empty: it has not even a file header");
	if (file->input->cut)
		file_notice(file, "%s", file->input->cut);
	if (!left && !file->reader.pcapng.skip_length)
		return -ENODATA;
	if (file->reader.wanted_packet)
		file_drop(file, WEIR_REASON_TRUNCATED);
	file_notice_cut(file);
	return -ENODATA;
}

static int file_broken(struct file_source *file)
{
	if (file->reader.lost_packet) {
		file_drop(file, WEIR_REASON_MALFORMED);
		file_notice(file, "%s; nothing behind that is read", file->reader.complaint);
		return -ENODATA;
	}
	return weir_error_set(&file->source.failure, -EBADMSG, "at offset %llu: %s",
			      (unsigned long long)(file->input->position + file->input->offset),
			      file->reader.complaint);
}

static int file_recognise(struct file_source *file, struct cursor *cursor)
{
	int rc = reader_recognise(&file->reader, cursor);

	if (rc < 0)
		return weir_error_set(&file->source.failure, rc, "%s", file->reader.complaint);
	file->recognised = rc > 0;
	return 0;
}

/* Show the reader the window; what stopped it, or -errno. */
static int file_read_window(struct file_source *file, struct reader_output *output)
{
	struct file_input *input = file->input;
	struct cursor cursor = cursor_of(input->bytes, input->length);
	int stop = READER_MORE;

	cursor.offset = input->offset;
	if (!file->recognised)
		stop = file_recognise(file, &cursor) < 0 ? file->source.failure.code : READER_MORE;
	if (file->recognised)
		stop = reader_read(&file->reader, &cursor, output);
	input->offset = cursor.offset;
	return stop;
}

static void file_begin_another(struct file_source *file)
{
	uint32_t snaplen = file->reader.snaplen;

	reader_close(&file->reader);
	reader_open(&file->reader, snaplen);
	file->recognised = false;
	file->input->another = false;
}

/* Ask for more bytes. 1: look again; 0: none now, or enough was asked for now; -errno. */
static int file_fill(struct file_source *file, int *fills)
{
	int rc;

	if (++*fills > FILE_FILLS_MAX)
		return 0;
	rc = file->input->ops->fill(file->input, file->reader.wanted);
	if (rc < 0)
		file->source.failure = file->input->failure;
	if (file->input->another)
		file_begin_another(file);
	return rc;
}

/*
 * Read packets into 'output'. 0: there are some, or none now; else what
 * file->end is to be once those that are there have been delivered.
 */
static int file_collect(struct file_source *file, struct reader_output *output, int *fills)
{
	int rc;

	for (;;) {
		int stop = file_read_window(file, output);

		if (output->count && !file->fits)
			return file_no_fit(file);
		switch (stop) {
		case READER_LIMIT:
			return 0;
		case READER_INTERFACE:
			rc = file_add_interface(file);
			if (rc < 0)
				return rc;
			break;
		case READER_BAD:
			file_drop(file, WEIR_REASON_MALFORMED);
			file_notice_bad(file);
			break;
		case READER_BROKEN:
			return file_broken(file);
		case READER_MORE:
			if (output->count)
				return 0;
			if (file->input->ended)
				return file_end_of_input(file);
			rc = file_fill(file, fills);
			if (rc <= 0)
				return rc;
			break;
		default:
			return stop;
		}
	}
}

/* ---- handing out ---- */

static bool file_wanted(enum weir_direction direction, const struct weir_packet *packet)
{
	uint16_t told = packet->flags & WEIR_PACKET_DIRECTION_MASK;

	if (direction == WEIR_DIRECTION_INOUT || told == WEIR_PACKET_DIRECTION_UNKNOWN)
		return true;
	return (told == WEIR_PACKET_OUTGOING) == (direction == WEIR_DIRECTION_OUT);
}

/* Leave out the packets of the unwanted direction; returns how many stay. */
static uint32_t file_keep_direction(struct file_source *file, uint32_t count)
{
	uint32_t kept = 0;

	if (file->settings.direction == WEIR_DIRECTION_INOUT)
		return count;
	for (uint32_t i = 0; i < count; i++)
		if (file_wanted(file->settings.direction, &file->packets[i]))
			file->packets[kept++] = file->packets[i];
	weir_cell_add(&file->source.row->filtered, count - kept);
	return kept;
}

/*
 * Leave out the packets of other times. Packets stand a little out of order
 * where several threads wrote them: only well behind the end is it the end.
 */
static uint32_t file_keep_times(struct file_source *file, uint32_t count)
{
	uint64_t from_ns = file->settings.from_ns;
	uint64_t to_ns = file->settings.to_ns ? file->settings.to_ns : UINT64_MAX;
	uint32_t kept = 0;

	if (!from_ns && to_ns == UINT64_MAX)
		return count;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t time_ns = file->packets[i].time_ns;

		if (time_ns > to_ns && time_ns - to_ns > FILE_DISORDER_NS)
			file->end = -ENODATA;
		if (time_ns >= from_ns && time_ns <= to_ns)
			file->packets[kept++] = file->packets[i];
	}
	weir_cell_add(&file->source.row->filtered, count - kept);
	return kept;
}

/* What was read and is wanted, once it has been counted. */
static uint32_t file_accept(struct file_source *file, uint32_t count, uint32_t limit)
{
	weir_cell_set(&file->source.account->read_bytes,
		      file->input->position + file->input->offset);
	weir_cell_add(&file->source.row->in, count);
	count = file_keep_direction(file, count);
	count = file_keep_times(file, count);
	return batch_fault("file", &file->fault_seen, file->packets, count, limit);
}

static int file_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct file_source *file = (struct file_source *)source;
	int fills = 0;

	while (!file->end) {
		struct reader_output output = {.packets = file->packets, .limit = limit};
		uint32_t count;

		file->end = file_collect(file, &output, &fills);
		if (file->end && file->end != -ENODATA)
			weir_error_wrap(&source->failure, "'%.*s'", FILE_SHOWN_MAX, file->path);
		if (!file->fits)
			break;
		count = file_accept(file, output.count, limit);
		if (count) {
			file->batch = (struct weir_batch){.packets = file->packets, .count = count};
			*batch = &file->batch;
			return (int)count;
		}
		if (!output.count)
			break;
	}
	return file->end;
}

static void file_release(struct weir_source *source, struct weir_batch *batch)
{
	/* the next fill() moves on; until then the window stays */
}

/* A filter sees the whole packet, so behind one it is the worker that cuts. */
static void file_set_snaplen(struct file_source *file, const struct weir_source_settings *settings)
{
	uint32_t snaplen = settings->snaplen ? settings->snaplen : WEIR_SNAPLEN_DEFAULT;
	bool filters = settings->filter && *weir_filter_expression(settings->filter);

	file->source.cut_to = filters ? snaplen : 0;
	file->reader.snaplen = filters ? WEIR_SNAPLEN_DEFAULT : snaplen;
}

static int file_configure(struct weir_source *source, const struct weir_source_settings *settings,
			  struct weir_error *error)
{
	struct file_source *file = (struct file_source *)source;
	int rc;

	for (uint32_t i = 0; settings->filter && i < file->reader.interface_count; i++) {
		const struct weir_interface *interface = weir_interfaces_get(
			file->context.interfaces, file->reader.interfaces[i].index);

		rc = weir_filter_prepare(settings->filter, interface->link_type, error);
		if (rc < 0)
			return rc;
	}
	file->settings = *settings;
	file_set_snaplen(file, settings);
	return 0;
}

static void file_stop(struct weir_source *source)
{
	struct file_source *file = (struct file_source *)source;

	if (!file->end)
		file->end = -ENODATA;
}

static void file_close(struct weir_source *source)
{
	struct file_source *file = (struct file_source *)source;

	if (file->input)
		file->input->ops->close(file->input);
	reader_close(&file->reader);
	free(file);
}

static const struct weir_source_ops file_ops = {
	.name = "file",
	.next = file_next,
	.release = file_release,
	.configure = file_configure,
	.stop = file_stop,
	.close = file_close,
};

/* ---- opening ---- */

static int file_open_descriptor(struct file_source *file, struct weir_error *error)
{
	int fd;

	if (!strcmp(file->path, "-")) {
		if (isatty(STDIN_FILENO))
			return weir_error_set(
				error, -EINVAL,
				"standard input is a terminal: redirect a capture file "
				"or a pipe to it");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	} else {
		/* non-blocking: the open of a named pipe must not wait for its writer */
		fd = request_open(file->context.privilege, file->path,
				  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	}
	return fd < 0 ? weir_error_set(error, fd, "%s", strerror(-fd)) : fd;
}

/* Of a recorder with -w tcp://, or whoever sends a capture. */
static int file_open_listener(struct file_source *file, const char *address,
			      struct weir_error *error)
{
	char text[FILE_NOTICE_BYTES];
	int rc = file_listen_open(address, &file->input, error);

	if (rc == 0 && file->context.notice) {
		snprintf(text, sizeof(text), "waiting for a connection on '%.*s'", FILE_SHOWN_MAX,
			 address);
		file->context.notice(file->context.user, text);
	}
	return rc;
}

static int file_open_input(struct file_source *file, struct weir_error *error)
{
	static const char listen[] = "tcp-listen:";
	bool listens = !strncmp(file->path, listen, sizeof(listen) - 1);
	struct stat about = {0};
	int fd, rc;

	if (listens)
		return file_open_listener(file, file->path + sizeof(listen) - 1, error);
	fd = file_open_descriptor(file, error);
	if (fd < 0)
		return fd;
	if (file->follows)
		return file_follow_open(fd, &file->input, error);
	if (!fstat(fd, &about) && S_ISDIR(about.st_mode)) {
		close(fd);
		return weir_error_set(error, -EISDIR,
				      "it is a directory: name a file in it, or --follow it");
	}
	if (S_ISREG(about.st_mode) && strcmp(file->path, "-") != 0)
		file->compressed_bytes = (uint64_t)about.st_size;
	rc = file_input_open(fd, &file->input, &file->length, error);
	if (file->length)
		file->compressed_bytes = 0;
	return rc;
}

/* Pass over what is too early, where the file is made for that. */
static int file_skip_early(struct file_source *file)
{
	uint64_t from_ns = file->settings.from_ns, offset;

	if (!file->compressed_bytes || from_ns < FILE_DISORDER_NS)
		return 0;
	offset = file_seek(file->input, file->compressed_bytes, &file->reader,
			   from_ns - FILE_DISORDER_NS);
	if (!offset || file_stream_jump(file->input, offset) == 0)
		return 0;
	file->source.failure = file->input->failure;
	return file->source.failure.code;
}

/*
 * Read up to the first packet, so that what is no capture file, or does not
 * fit the filter, is told at once. Not for pipes: they would have to wait.
 */
static int file_prime(struct file_source *file)
{
	struct reader_output nothing = {.packets = file->packets};
	int fills = 0, stop, rc = 1;

	while (rc > 0) {
		stop = file_read_window(file, &nothing);
		if (stop == READER_INTERFACE)
			rc = file_add_interface(file) < 0 ? file->source.failure.code : 1;
		else if (stop == READER_MORE && !file->input->ended)
			rc = file_fill(file, &fills);
		else if (stop == READER_MORE && !file->recognised)
			rc = file_end_of_input(file);
		else if (stop == READER_BROKEN)
			rc = file_broken(file);
		else
			rc = stop < 0 ? stop : 0;
	}
	if (rc == 0 && stop == READER_LIMIT && !file->fits)
		rc = file_no_fit(file);
	return rc;
}

static int file_enter(struct file_source *file, struct weir_error *error)
{
	const char *slash = strrchr(file->path, '/');
	struct weir_ledger *ledger = file->context.ledger;

	file->source.account = weir_ledger_account(
		ledger, slash && slash[1] ? slash + 1 : file->path, "", "file", 0);
	if (file->source.account)
		file->source.row =
			weir_ledger_row(ledger, file->source.account, WEIR_STAGE_FILE, "", true);
	if (!file->source.row)
		return weir_error_set_errno(error, -ENOMEM, "cannot enter it in the ledger");
	file->source.account->file_bytes = file->length;
	file->source.account->memory_bytes = sizeof(*file) + file->input->length;
	return 0;
}

static int file_start(struct file_source *file, struct weir_error *error)
{
	int rc = file_open_input(file, error);

	if (rc < 0)
		return rc;
	file->source.wait_fd = file->input->wait_fd;
	rc = file->source.wait_fd < 0 ? file_prime(file) : 0;
	if (rc == 0)
		rc = file_skip_early(file);
	if (rc < 0) {
		*error = file->source.failure;
		return rc;
	}
	return file_enter(file, error);
}

static int file_open_as(const char *subject, bool follows,
			const struct weir_source_settings *settings,
			const struct weir_source_context *context, struct weir_source **out,
			struct weir_error *error)
{
	struct file_source *file = calloc(1, sizeof(*file) + strlen(subject) + 1);
	int rc;

	if (!file)
		return weir_error_set_errno(error, -ENOMEM, "cannot open a file");
	strcpy(file->path, subject);
	file->follows = follows;
	file->context = *context;
	file->settings = *settings;
	file->fits = !settings->filter;
	file->source.ops = &file_ops;
	file->source.owed = UINT64_MAX;
	reader_open(&file->reader, WEIR_SNAPLEN_DEFAULT);
	file_set_snaplen(file, settings);
	rc = file_start(file, error);
	if (rc < 0) {
		file_close(&file->source);
		return rc;
	}
	*out = &file->source;
	return 0;
}

int file_open(const char *subject, const struct weir_source_settings *settings,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error)
{
	return file_open_as(subject, false, settings, context, out, error);
}

int follow_open(const char *subject, const struct weir_source_settings *settings,
		const struct weir_source_context *context, struct weir_source **out,
		struct weir_error *error)
{
	return file_open_as(subject, true, settings, context, out, error);
}
