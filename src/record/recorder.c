/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet's whole way into a file: recorder_take encodes it into the current
 * buffer; when that is full, recorder_hand_over gives it to the disk thread
 * and carries the record that straddles its end over into the next one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "files.h"
#include "flight.h"
#include "pcap.h"
#include "remote.h"
#include "state.h"
#include "statistics.h"

static const struct record_format recorder_pcapng = {pcapng_packets, pcapng_whole};
static const struct record_format recorder_pcap = {pcap_packets, pcap_whole};

/* ---- buffers ---- */

void recorder_fill(struct recorder *recorder, struct record_buffer *buffer, size_t used)
{
	uint64_t room;

	recorder->buffer = buffer;
	room = rotate_bytes_left(recorder);
	if (room > buffer->capacity)
		room = buffer->capacity;
	recorder->encoder.at = buffer->bytes + used;
	recorder->encoder.stop = buffer->bytes + room;
	recorder->last_is_packet = false;
}

/* The last record of 'from' ends beyond its capacity: its rest, and the packet, go to 'to'. Both
 * functions return the bytes that 'to' begins with. */
static size_t recorder_carry_over(struct recorder *recorder, struct record_buffer *from,
				  struct record_buffer *to)
{
	size_t rest = recorder_used(recorder) - from->capacity;

	buffer_reset(to, from->file, from->offset + from->capacity);
	/* In a mapped file they are there already. */
	if (to->bytes != from->bytes + from->capacity)
		memcpy(to->bytes, from->bytes + from->capacity, rest);
	to->boundary = rest;
	to->record_start = from->offset + (size_t)(recorder->encoder.last - from->bytes);
	to->boundary_is_packet = recorder->last_is_packet;
	if (recorder->last_is_packet) {
		struct buffer_run *run = &from->runs[from->run_count - 1];

		run->packets--;
		buffer_note(to, run->row, 1);
	}
	return rest;
}

/*
 * 'from' is handed over before it is full. What a direct writer cannot write
 * directly, the part behind the last multiple of BUFFER_ALIGN, is written
 * through the page cache now, and again with 'to'.
 */
static size_t recorder_repeat(const struct record_buffer *from, struct record_buffer *to)
{
	size_t rest = from->file->direct ? from->length % BUFFER_ALIGN : 0;

	buffer_reset(to, from->file, from->offset + from->length - rest);
	memcpy(to->bytes, from->bytes + from->length - rest, rest);
	to->boundary = rest;
	to->record_start = to->offset + rest;
	return rest;
}

/* Headers only from a quarter of the buffers left until half of them are free again. */
static void recorder_shorten(struct recorder *recorder)
{
	uint32_t wanted = recorder->short_of_buffers ? BUFFER_COUNT / 2 : BUFFER_COUNT / 4;

	recorder->short_of_buffers = disk_free(recorder->disk) < wanted;
	recorder->encoder.snaplen =
		recorder->short_of_buffers
			? format_min(recorder->snaplen_kept, WEIR_RECORD_HEADER_BYTES)
			: recorder->snaplen_kept;
}

void recorder_hand_over(struct recorder *recorder)
{
	struct record_buffer *full = recorder->buffer;
	struct record_buffer *next = disk_take(recorder->disk);
	size_t used = recorder_used(recorder);

	full->length = used < full->capacity || full->file->encoded ? used : full->capacity;
	if (used > full->length)
		used = recorder_carry_over(recorder, full, next);
	else
		used = recorder_repeat(full, next);
	recorder_fill(recorder, next, used);
	recorder->handed_over = true;
	disk_submit(recorder->disk, full);
	if (recorder->slow == WEIR_RECORD_SLOW_HEADERS)
		recorder_shorten(recorder);
}

int recorder_check(struct recorder *recorder, struct weir_error *error)
{
	int failure = disk_reap(recorder->disk, recorder->failure ? NULL : error);

	if (failure && !recorder->failure)
		recorder->failure = failure;
	return recorder->failure;
}

/* ---- packets ---- */

void recorder_leave_out(struct recorder_source *source, enum weir_reason reason, uint32_t count)
{
	weir_cell_add(&source->row->in, count);
	weir_cell_add(&source->row->dropped[reason], count);
}

/* Packets that could not be encoded any more. */
static void recorder_refuse(struct recorder *recorder, struct recorder_source *source,
			    uint32_t count)
{
	recorder_leave_out(source,
			   recorder->failure ? buffer_reason(recorder->failure)
					     : WEIR_REASON_AFTER_STOP,
			   count);
}

/* The buffer is full, no other is free, and waiting for one is not wanted. */
static bool recorder_must_drop(struct recorder *recorder)
{
	return recorder->slow == WEIR_RECORD_SLOW_NEWEST &&
	       recorder_used(recorder) >= recorder->buffer->capacity && !disk_free(recorder->disk);
}

/* The disk is too slow for these packets; the next one in the file tells of them. */
static void recorder_drop(struct recorder *recorder, struct recorder_source *source, uint32_t count)
{
	recorder_leave_out(source, WEIR_REASON_DISK_SLOW, count);
	recorder->encoder.dropped += count;
}

/* The packet loop stopped at 'packet': remove the reason. */
static int recorder_make_way(struct recorder *recorder, const struct weir_packet *packet,
			     struct weir_error *error)
{
	if (rotate_due(recorder, packet->time_ns))
		return rotate_next(recorder, packet->time_ns, error);
	if (recorder_used(recorder) >= recorder->buffer->capacity) {
		recorder_hand_over(recorder);
		return recorder_check(recorder, error);
	}
	/* Below that, only a file without packets is full already: it gets one. */
	if (recorder->encoder.at >= recorder->encoder.stop)
		recorder->encoder.stop = recorder->encoder.at + 1;
	return describe_interface(recorder, packet->interface, error);
}

/* How many packets the file may still take, at most 'count'. */
static uint32_t recorder_packets_left(const struct recorder *recorder, uint32_t count)
{
	uint64_t limit = recorder->rotation.file_packets;

	if (!limit || limit - recorder->file_packets > count)
		return count;
	return (uint32_t)(limit - recorder->file_packets);
}

/* Encode as many as the buffer, the file and the known interfaces allow. */
static uint32_t recorder_encode(struct recorder *recorder, struct recorder_source *source,
				const struct weir_packet *packets, uint32_t count)
{
	uint64_t before = recorder->encoder.copies;
	uint32_t taken;

	if (!buffer_has_run(recorder->buffer, source->row))
		recorder_hand_over(recorder);
	taken = recorder->format->packets(&recorder->encoder, packets,
					  recorder_packets_left(recorder, count));
	weir_cell_add(&source->row->in, taken);
	source->recorded += taken;
	recorder->shortened += recorder->short_of_buffers ? taken : 0;
	recorder->file_packets += taken;
	if (recorder->encoder.copies > before) {
		buffer_note(recorder->buffer, source->row, recorder->encoder.copies - before);
		recorder->last_is_packet = true;
	}
	return taken;
}

int recorder_record(struct recorder *recorder, struct recorder_source *source,
		    const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		    struct weir_error *error)
{
	int rc = recorder->ended ? 1 : recorder->failure;

	recorder->encoder.dropped += dropped;
	if (!rc && count)
		rc = rotate_on_demand(recorder, packets->time_ns, error);
	while (!rc && count) {
		uint32_t taken = recorder_encode(recorder, source, packets, count);

		packets += taken;
		count -= taken;
		if (count && recorder_must_drop(recorder)) {
			recorder_drop(recorder, source, count);
			count = 0;
		}
		if (count)
			rc = recorder_make_way(recorder, packets, error);
	}
	if (count)
		recorder_refuse(recorder, source, count);
	return rc;
}

int recorder_take(struct recorder *recorder, struct recorder_source *source,
		  const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		  struct weir_error *error)
{
	int rc;

	if (recorder->flight)
		rc = flight_take(recorder->flight, source, packets, count, dropped, error);
	else
		rc = recorder_record(recorder, source, packets, count, dropped, error);
	if (!rc && recorder->immediate)
		rc = recorder_flush(recorder, error);
	return rc;
}

int recorder_flush(struct recorder *recorder, struct weir_error *error)
{
	if (!recorder->failure && recorder->buffer &&
	    recorder_used(recorder) > recorder->buffer->boundary)
		recorder_hand_over(recorder);
	return recorder_check(recorder, error);
}

static bool recorder_lost_reader(const struct recorder *recorder)
{
	return recorder->file && !recorder->file->regular && !recorder->failure &&
	       files_reader_gone(recorder->file->fd);
}

int recorder_tick(struct recorder *recorder, uint64_t now_ns, struct weir_error *error)
{
	bool idle = !recorder->handed_over;
	int rc = recorder->ended ? 1 : recorder->failure;

	recorder->handed_over = false;
	if (recorder_lost_reader(recorder)) {
		recorder->failure = recorder->file->remote ? -ECONNRESET : -EPIPE;
		return weir_error_set_errno(error, recorder->failure, "cannot write '%s'",
					    recorder->file->path);
	}
	if (!rc && recorder->flight)
		rc = flight_tick(recorder->flight, now_ns, error);
	if (!rc && recorder_is_pcapng(recorder))
		describe_losses(recorder, now_ns);
	if (!rc && !recorder->from_file)
		rc = rotate_on_demand(recorder, now_ns, error);
	if (!rc)
		rc = rotate_tick(recorder, now_ns, error);
	if (!rc && idle)
		rc = recorder_flush(recorder, error);
	return rc ? rc : recorder_check(recorder, error);
}

/* ---- beginning and end ---- */

/* Each event had its file, and this one was for the next. */
static bool recorder_is_idle(const struct recorder *recorder)
{
	return recorder->flight && recorder->files_begun > 1 && !recorder->file_packets;
}

int recorder_finish(struct recorder *recorder, uint64_t now_ns, struct weir_error *error)
{
	int rc = disk_start(recorder->disk);

	if (rc)
		return weir_error_set_errno(error, rc, "cannot start the disk thread");
	/* Nothing comes any more that waiting could lose. */
	if (recorder->slow == WEIR_RECORD_SLOW_NEWEST)
		recorder->slow = WEIR_RECORD_SLOW_WAIT;
	if (recorder->flight)
		flight_finish(recorder->flight, error);
	if (recorder->buffer && !recorder_is_idle(recorder))
		rotate_end(recorder, now_ns);
	disk_drain(recorder->disk, NULL);
	return recorder_check(recorder, error);
}

static struct recorder_source *recorder_add_source(struct recorder *recorder)
{
	uint32_t count = recorder->source_count;
	struct recorder_source **sources =
		realloc(recorder->sources, (count + 1) * sizeof(*sources));

	if (!sources)
		return NULL;
	recorder->sources = sources;
	sources[count] = calloc(1, sizeof(**sources));
	return sources[count];
}

int recorder_attach(struct recorder *recorder, struct weir_ledger *ledger,
		    struct weir_account *account)
{
	struct recorder_source *source = recorder_add_source(recorder);

	if (!source)
		return -ENOMEM;
	source->account = account;
	source->index = recorder->source_count;
	source->row = weir_ledger_row(ledger, account, WEIR_STAGE_DISK, "record", true);
	if (!source->row) {
		free(source);
		return -ENOMEM;
	}
	describe_place_source(recorder, source);
	statistics_of(account, false, &source->base);
	source->base.now_ns = clock_unix_ns();
	recorder->source_count++;
	if (!strcmp(account->source, "file"))
		rotate_by_packets(recorder);
	if (recorder->flight)
		flight_attach(recorder->flight, ledger, account);
	return disk_start(recorder->disk);
}

struct recorder_source *recorder_source_of(struct recorder *recorder,
					   const struct weir_account *account)
{
	for (uint32_t i = 0; i < recorder->source_count; i++)
		if (recorder->sources[i]->account == account)
			return recorder->sources[i];
	return NULL;
}

/* Does the name's suffix, but for that of a compression, say so? */
static bool recorder_is_named(const char *path, const char *wanted)
{
	const char *suffix = names_suffix(path);
	size_t length = strlen(wanted);

	return !strncmp(suffix, wanted, length) &&
	       (!suffix[length] || !strcmp(suffix + length, ".zst") ||
		!strcmp(suffix + length, ".lz4"));
}

static const struct record_format *recorder_format(const struct weir_record_settings *settings)
{
	if (settings->format == WEIR_RECORD_PCAP)
		return &recorder_pcap;
	if (settings->format == WEIR_RECORD_BY_NAME &&
	    (recorder_is_named(settings->path, ".pcap") ||
	     recorder_is_named(settings->path, ".cap")))
		return &recorder_pcap;
	return &recorder_pcapng;
}

/* What the section header says of this host; what cannot be told is left out. */
static void recorder_describe_host(struct recorder *recorder)
{
	struct utsname host;

	if (uname(&host))
		return;
	recorder->hardware = strdup(host.machine);
	if (asprintf(&recorder->os, "%s %s", host.sysname, host.release) < 0)
		recorder->os = NULL;
}

static const struct record_writer_ops *recorder_writer(const struct weir_record_settings *settings)
{
	const char *suffix = names_suffix(settings->path);
	size_t length = strlen(suffix);

	if (length >= 4 && !strcmp(suffix + length - 4, ".zst"))
		return &writer_zstd_ops;
	if (length >= 4 && !strcmp(suffix + length - 4, ".lz4"))
		return &writer_lz4_ops;
	switch (settings->writer) {
	case WEIR_RECORD_WRITER_PLAIN:
		return &writer_plain_ops;
	case WEIR_RECORD_WRITER_MMAP:
		return &writer_mmap_ops;
	case WEIR_RECORD_WRITER_SQPOLL:
		return &writer_sqpoll_ops;
	default:
		return &writer_direct_ops;
	}
}

static int recorder_allocate(struct recorder *recorder, const struct weir_record_settings *settings,
			     struct weir_error *error)
{
	int rc = segments_open(settings, &recorder->segments, error);

	if (rc)
		return rc;
	recorder->comment = settings->comment ? strdup(settings->comment) : NULL;
	recorder->encoder.interfaces =
		calloc(WEIR_INTERFACES_MAX, sizeof(*recorder->encoder.interfaces));
	if ((settings->comment && !recorder->comment) || !recorder->encoder.interfaces)
		rc = -ENOMEM;
	else
		rc = disk_open(recorder_writer(settings), recorder->format, recorder->segments,
			       weir_record_rotates(&settings->rotation), &recorder->disk);
	return rc ? weir_error_set(error, rc, "no memory for the buffers of a recorder") : 0;
}

static void recorder_set(struct recorder *recorder, const struct weir_record_settings *settings)
{
	recorder->format = recorder_format(settings);
	recorder->immediate = settings->immediate;
	recorder->time_resolution = settings->time_resolution;
	recorder->rotation = settings->rotation;
	recorder->bytes_left = settings->bytes_max ? settings->bytes_max : UINT64_MAX;
	recorder->snaplen = settings->snaplen;
	recorder->slow = settings->slow;
	recorder->snaplen_kept = settings->snaplen
					 ? format_min(settings->snaplen, RECORD_PACKET_BYTES_MAX)
					 : RECORD_PACKET_BYTES_MAX;
	recorder->encoder.snaplen = recorder->snaplen_kept;
}

static bool recorder_is_stream(const char *path)
{
	return !strcmp(path, "-") || remote_is(path);
}

/* Compressions that are read only: such a name would lie. */
static const char *recorder_unwritten(const char *path)
{
	static const char *const suffixes[] = {".gz", ".xz", ".bz2"};
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t own = strlen(suffixes[i]);

		if (length > own && !strcmp(path + length - own, suffixes[i]))
			return suffixes[i];
	}
	return NULL;
}

/* Settings that would have no effect, or another one than they seem to. */
static int recorder_check_settings(const struct weir_record_settings *settings,
				   struct weir_error *error)
{
	const struct record_writer_ops *writer = recorder_writer(settings);
	const char *path = settings->path, *unwritten = recorder_unwritten(path);

	if (recorder_is_stream(path) && weir_record_rotates(&settings->rotation))
		return weir_error_set(error, -EINVAL,
				      "'%s' is one stream, which cannot be cut into files; name a "
				      "file",
				      path);
	if (unwritten)
		return weir_error_set(error, -EINVAL,
				      "cannot write '%s': recordings are compressed as .zst or "
				      ".lz4, not as %s",
				      path, unwritten);
	if (settings->time_resolution == 6 && recorder_format(settings) == &recorder_pcapng)
		return weir_error_set(
			error, -EINVAL,
			"cannot write '%s': a pcapng file has times as precise as the "
			"source's; microseconds are for .pcap",
			path);
	if (settings->writer != WEIR_RECORD_WRITER_DEFAULT &&
	    (writer == &writer_zstd_ops || writer == &writer_lz4_ops))
		return weir_error_set(error, -EINVAL,
				      "cannot write '%s': a compressed file has a writer of its "
				      "own; choose none",
				      path);
	return 0;
}

int recorder_open(const struct weir_record_settings *settings,
		  const struct weir_interfaces *interfaces, struct recorder **out,
		  struct weir_error *error)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	struct record_file *first;
	struct weir_error why = {};
	int rc = recorder_check_settings(settings, error);

	if (rc < 0) {
		free(recorder);
		return rc;
	}
	if (!recorder)
		return weir_error_set(error, -ENOMEM, "no memory for a recorder");
	recorder->interfaces = interfaces;
	recorder_set(recorder, settings);
	recorder_describe_host(recorder);
	rc = recorder_allocate(recorder, settings, error);
	if (!rc && settings->flight.ring_bytes)
		rc = flight_open(&settings->flight, recorder, &recorder->flight, error);
	first = rc ? NULL : disk_first_file(recorder->disk, &why);
	if (!first) {
		recorder_close(recorder);
		return rc ? rc : weir_error_set(error, why.code, "%s", why.text);
	}
	disk_describe(recorder->disk, first, recorder->description, sizeof(recorder->description));
	recorder->has_name = first->owned && first->regular;
	rotate_begin(recorder, first, clock_unix_ns());
	*out = recorder;
	return 0;
}

int recorder_rotate(struct recorder *recorder)
{
	if (!recorder->has_name)
		return -EOPNOTSUPP;
	__atomic_store_n(&recorder->next_wanted, true, __ATOMIC_RELAXED); /* see rotate_on_demand */
	return 0;
}

const char *recorder_describe(const struct recorder *recorder)
{
	return recorder->description;
}

uint64_t recorder_shortened(const struct recorder *recorder)
{
	return recorder->shortened;
}

void recorder_trigger(struct recorder *recorder)
{
	flight_signal(recorder->flight);
}

void recorder_flown(const struct recorder *recorder, struct weir_record_flown *out)
{
	flight_tell(recorder->flight, out);
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	flight_close(recorder->flight);
	if (recorder->file)
		disk_discard(recorder->disk, recorder->file);
	disk_close(recorder->disk);
	segments_close(recorder->segments);
	for (uint32_t i = 0; i < recorder->source_count; i++)
		free(recorder->sources[i]);
	free(recorder->sources);
	free(recorder->encoder.interfaces);
	free(recorder->comment);
	free(recorder->os);
	free(recorder->hardware);
	free(recorder);
}
