/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#include "capture_bytes.h"
#include "source/kinds.h"

enum { MAGIC_US = 0xa1b2c3d4, PACKETS_MAX = 64, NOTICES_MAX = 32, NOTICE_BYTES = 512 };

struct fixture {
	struct capture_bytes file;
	char folder[32], path[64];
	struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	struct weir_source_settings settings;
	struct weir_source *source;
	struct weir_error error;
	uint32_t count;                          /* packets got so far ... */
	struct weir_packet packets[PACKETS_MAX]; /* ... whose bytes are gone ... */
	uint8_t first[PACKETS_MAX];              /* ... but for the first one of each */
	char notices[NOTICES_MAX][NOTICE_BYTES];
	uint32_t notice_count;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/weir-test-file-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/a,b.pcap", f->folder);
	assert_int_equal(weir_interfaces_open(&f->interfaces), 0);
	assert_int_equal(weir_ledger_open(&f->ledger), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->source) {
		weir_cell_add(&f->source->row->out, f->count);
		assert_null(weir_ledger_unbalanced(f->ledger));
		f->source->ops->close(f->source);
	}
	weir_ledger_close(f->ledger);
	weir_interfaces_close(f->interfaces);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void note(void *user, const char *text)
{
	struct fixture *f = user;

	assert_true(f->notice_count < NOTICES_MAX);
	snprintf(f->notices[f->notice_count++], NOTICE_BYTES, "%s", text);
}

static void save(struct fixture *f, const void *bytes, size_t length)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static int open_path(struct fixture *f, const char *path)
{
	struct weir_source_context context = {
		.interfaces = f->interfaces,
		.ledger = f->ledger,
		.notice = note,
		.user = f,
	};

	return file_open(path, &f->settings, &context, &f->source, &f->error);
}

/* Save what was built and open it. */
static void open_built(struct fixture *f)
{
	save(f, f->file.bytes, f->file.length);
	assert_int_equal(open_path(f, f->path), 0);
}

/* One call of next(); its packets are noted. */
static int take(struct fixture *f, uint32_t limit)
{
	struct weir_batch *batch = NULL;
	int rc = f->source->ops->next(f->source, limit, &batch);

	for (int i = 0; i < rc; i++) {
		assert_true(f->count < PACKETS_MAX);
		f->packets[f->count] = batch->packets[i];
		if (batch->packets[i].captured_len)
			f->first[f->count] = batch->packets[i].bytes[0];
		f->count++;
	}
	if (rc > 0)
		f->source->ops->release(f->source, batch);
	return rc;
}

/* Take all that is there; what next() said in the end. */
static int take_all(struct fixture *f)
{
	int rc;

	do
		rc = take(f, WEIR_BATCH_PACKETS_MAX);
	while (rc > 0);
	return rc;
}

static uint64_t dropped(const struct fixture *f, enum weir_reason reason)
{
	return weir_cell_get(&f->source->row->dropped[reason]);
}

static void put_three_packets(struct capture_bytes *file)
{
	put_pcap_header(file, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < 3; i++) {
		put_pcap_record(file, 1, i, 60, 60 + i);
		put8(file, (uint8_t)(0x10 + i));
		put_payload(file, 59);
	}
}

static void check_three_packets(struct fixture *f)
{
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(take(f, 1), -ENODATA);
	assert_int_equal(f->count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(f->packets[i].wire_len, 60 + i);
		assert_int_equal(f->first[i], 0x10 + i);
	}
	assert_int_equal(weir_cell_get(&f->source->row->in), 3);
}

/* ---- plain files ---- */

static void a_plain_file_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	open_built(f);
	assert_int_equal(f->source->wait_fd, -1);
	assert_int_equal(f->source->poll_interval_ms, 0);
	assert_string_equal(f->source->account->name, "a,b.pcap");
	assert_string_equal(f->source->account->source, "file");
	check_three_packets(f);
	assert_int_equal(f->notice_count, 0);
}

static void batches_keep_to_the_limit(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	open_built(f);
	assert_int_equal(take(f, 2), 2);
	assert_int_equal(take(f, 2), 1);
	assert_int_equal(take(f, 2), -ENODATA);
}

static void no_packet_follows_a_stop(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	open_built(f);
	assert_int_equal(take(f, 1), 1);
	f->source->ops->stop(f->source);
	assert_int_equal(take(f, 1), -ENODATA);
}

static void a_file_without_packets_ends_at_once(void **state)
{
	struct fixture *f = *state;

	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	open_built(f);
	assert_int_equal(take(f, 1), -ENODATA);
	assert_int_equal(f->notice_count, 0);
}

static void snaplen_is_as_asked_and_may_change(void **state)
{
	struct fixture *f = *state;

	f->settings.snaplen = 40;
	put_three_packets(&f->file);
	open_built(f);
	assert_int_equal(take(f, 1), 1);
	f->settings.snaplen = 20;
	assert_int_equal(f->source->ops->configure(f->source, &f->settings, &f->error), 0);
	assert_int_equal(take(f, 1), 1);
	assert_int_equal(f->packets[0].captured_len, 40);
	assert_int_equal(f->packets[1].captured_len, 20);
}

static void interfaces_of_a_file_enter_the_table(void **state)
{
	struct fixture *f = *state;
	struct weir_interface before = {.name = "eth0"};

	assert_int_equal(weir_interfaces_add(f->interfaces, &before), 0);
	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	put_interface(&f->file, 101, 0);
	put_enhanced(&f->file, 1, 1, 4, 4);
	put_enhanced(&f->file, 0, 1, 4, 4);
	put_section(&f->file);
	put_interface(&f->file, 113, 0);
	put_enhanced(&f->file, 0, 1, 4, 4);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->packets[0].interface, 2);
	assert_int_equal(f->packets[1].interface, 1);
	assert_int_equal(f->packets[2].interface, 3);
	assert_int_equal(weir_interfaces_get(f->interfaces, 2)->link_type, 101);
	assert_int_equal(weir_interfaces_get(f->interfaces, 3)->link_type, 113);
}

static void put_directions(struct capture_bytes *file)
{
	put_section(file);
	put_interface(file, 1, 0);
	for (uint32_t flags = 0; flags < 3; flags++) {
		size_t at = begin_enhanced(file, 0, 1, 4, 60 + flags);

		put_option(file, 2, 4);
		put32(file, flags);
		end_block(file, at);
	}
}

static void the_unwanted_direction_is_filtered_out(void **state)
{
	struct fixture *f = *state;

	f->settings.direction = WEIR_DIRECTION_OUT;
	put_directions(&f->file);
	open_built(f);
	assert_int_equal(take(f, 1), 1);
	assert_int_equal(take(f, 1), 1); /* past the one that came in */
	assert_int_equal(take(f, 1), -ENODATA);
	assert_int_equal(f->packets[0].wire_len, 60); /* its direction is not told */
	assert_int_equal(f->packets[1].wire_len, 62);
	assert_int_equal(weir_cell_get(&f->source->row->filtered), 1);
}

/* ---- filters ---- */

static void open_filter(struct fixture *f, const char *expression)
{
	assert_int_equal(weir_filter_open(expression, &f->settings.filter, &f->error), 0);
}

static void a_filter_is_prepared_for_each_link_type(void **state)
{
	struct fixture *f = *state;

	open_filter(f, "ip");
	put_section(&f->file);
	put_interface(&f->file, 101, 0);
	put_enhanced(&f->file, 0, 1, 20, 20);
	f->file.bytes[f->file.length - 24] = 0x45;
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->notice_count, 0);
	weir_filter_close(f->settings.filter);
}

static void a_filter_sees_what_the_snaplen_would_cut(void **state)
{
	struct fixture *f = *state;

	open_filter(f, "ip");
	f->settings.snaplen = 40;
	put_three_packets(&f->file);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->packets[0].captured_len, 60);
	assert_int_equal(f->source->cut_to, 40);
	weir_filter_close(f->settings.filter);
}

static void a_filter_that_fits_no_interface_is_refused(void **state)
{
	struct fixture *f = *state;

	open_filter(f, "ip");
	put_pcap_header(&f->file, MAGIC_US, 65535, 249);
	put_pcap_record(&f->file, 1, 1, 4, 4);
	put_payload(&f->file, 4);
	save(f, f->file.bytes, f->file.length);
	assert_int_equal(open_path(f, f->path), -EINVAL);
	assert_non_null(strstr(f->error.text, "filter"));
	weir_filter_close(f->settings.filter);
}

static void a_filter_that_fits_some_interface_is_told_of_the_others(void **state)
{
	struct fixture *f = *state;

	open_filter(f, "ip");
	put_section(&f->file);
	put_interface(&f->file, 249, 0);
	put_interface(&f->file, 1, 0);
	put_enhanced(&f->file, 1, 1, 20, 20);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->notice_count, 1);
	assert_non_null(strstr(f->notices[0], "no packet of some interface can match"));
	weir_filter_close(f->settings.filter);
}

/* ---- compressed files ---- */

static size_t gzip(const void *in, size_t length, uint8_t *out, size_t room)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)length;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void gzip_is_read(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];

	put_three_packets(&f->file);
	save(f, packed, gzip(f->file.bytes, f->file.length, packed, sizeof(packed)));
	assert_int_equal(open_path(f, f->path), 0);
	check_three_packets(f);
	assert_int_equal(f->notice_count, 0);
}

static void gzip_in_members_with_padding_is_read(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096] = {0};
	size_t length;

	put_three_packets(&f->file);
	length = gzip(f->file.bytes, 100, packed, sizeof(packed));
	length += gzip(f->file.bytes + 100, f->file.length - 100, packed + length,
		       sizeof(packed) - length);
	save(f, packed, length + 512);
	assert_int_equal(open_path(f, f->path), 0);
	check_three_packets(f);
	assert_int_equal(f->notice_count, 0);
}

static void zstd_is_read(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];
	size_t length;

	put_three_packets(&f->file);
	length = ZSTD_compress(packed, sizeof(packed), f->file.bytes, 100, 3);
	length += ZSTD_compress(packed + length, sizeof(packed) - length, f->file.bytes + 100,
				f->file.length - 100, 3);
	save(f, packed, length);
	assert_int_equal(open_path(f, f->path), 0);
	check_three_packets(f);
	assert_int_equal(f->notice_count, 0);
}

/* Whatever the cut, what was whole is delivered, and the cut is told. */
static void check_compressed_cuts(struct fixture *f, const uint8_t *packed, size_t length)
{
	for (size_t cut = 4; cut < length; cut++) {
		int rc;

		save(f, packed, cut);
		f->count = 0;
		f->notice_count = 0;
		if (open_path(f, f->path) < 0) {
			assert_non_null(strstr(f->error.text, "file header"));
			continue;
		}
		rc = take_all(f);
		assert_int_equal(rc, -ENODATA);
		assert_true(f->notice_count >= 1);
		assert_non_null(strstr(f->notices[0], "compressed data ends too early"));
		weir_cell_add(&f->source->row->out, f->count);
		assert_null(weir_ledger_unbalanced(f->ledger));
		f->source->ops->close(f->source);
		f->source = NULL;
	}
}

static void a_gzip_file_cut_anywhere_is_told(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];

	put_three_packets(&f->file);
	check_compressed_cuts(f, packed, gzip(f->file.bytes, f->file.length, packed, 4096));
}

static void a_zstd_file_cut_anywhere_is_told(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];

	put_three_packets(&f->file);
	check_compressed_cuts(f, packed,
			      ZSTD_compress(packed, 4096, f->file.bytes, f->file.length, 3));
}

static void damaged_compressed_data_is_an_error_behind_what_is_sound(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];
	size_t length;

	put_three_packets(&f->file);
	length = gzip(f->file.bytes, f->file.length, packed, sizeof(packed));
	packed[length - 8] ^= 1; /* of the checksum */
	save(f, packed, length);
	assert_int_equal(open_path(f, f->path), 0);
	assert_int_equal(take_all(f), -EBADMSG);
	assert_int_equal(f->count, 3);
	assert_non_null(strstr(f->source->failure.text, "a,b.pcap"));
	assert_non_null(strstr(f->source->failure.text, "cannot decompress (gzip)"));
}

/* More than any buffer, so that each of them wraps; compresses to almost nothing. */
static void long_compressed_files_are_read_whole(void **state)
{
	struct fixture *f = *state;
	const uint32_t records = 200000;
	uint8_t header[24], record[16 + 60] = {0}, *plain, *packed;
	size_t length, room;
	uint64_t got = 0;
	int rc;

	f->file.length = 0;
	put_pcap_header(&f->file, MAGIC_US, 65535, 1);
	memcpy(header, f->file.bytes, 24);
	f->file.length = 0;
	put_pcap_record(&f->file, 1, 2, 60, 60);
	memcpy(record, f->file.bytes, 16);
	length = 24 + (size_t)records * sizeof(record);
	room = ZSTD_compressBound(length);
	plain = malloc(length);
	packed = malloc(room);
	memcpy(plain, header, 24);
	for (uint32_t i = 0; i < records; i++)
		memcpy(plain + 24 + i * sizeof(record), record, sizeof(record));
	for (int kind = 0; kind < 2; kind++) {
		struct weir_batch *batch;

		save(f, packed,
		     kind ? ZSTD_compress(packed, room, plain, length, 1)
			  : gzip(plain, length, packed, room));
		assert_int_equal(open_path(f, f->path), 0);
		got = 0;
		while ((rc = f->source->ops->next(f->source, 200, &batch)) > 0)
			got += (uint64_t)rc;
		assert_int_equal(rc, -ENODATA);
		assert_int_equal(got, records);
		f->source->ops->close(f->source);
		f->source = NULL;
	}
	assert_int_equal(f->notice_count, 0);
	free(plain);
	free(packed);
}

/* ---- pipes ---- */

static int open_pipe(struct fixture *f)
{
	char path[32];
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(open_path(f, path), 0);
	close(ends[0]);
	return ends[1];
}

static void a_pipe_delivers_what_is_there_without_waiting(void **state)
{
	struct fixture *f = *state;
	int fd = open_pipe(f);

	put_three_packets(&f->file);
	assert_true(f->source->wait_fd >= 0);
	assert_int_equal(take_all(f), 0);
	for (size_t i = 0; i < f->file.length; i++) {
		assert_int_equal(write(fd, f->file.bytes + i, 1), 1);
		assert_int_equal(take_all(f), 0);
		assert_int_equal(f->count, i + 1 < 24 ? 0 : (i + 1 - 24) / 76);
	}
	close(fd);
	check_three_packets(f);
	assert_int_equal(f->notice_count, 0);
}

static void a_compressed_pipe_is_read(void **state)
{
	struct fixture *f = *state;
	uint8_t packed[4096];
	int fd = open_pipe(f);
	size_t length;

	put_three_packets(&f->file);
	length = gzip(f->file.bytes, f->file.length, packed, sizeof(packed));
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(write(fd, packed + i, 1), 1);
		assert_int_equal(take_all(f), 0);
	}
	close(fd);
	check_three_packets(f);
}

static void a_pipe_that_carries_no_capture_fails(void **state)
{
	struct fixture *f = *state;
	int fd = open_pipe(f);

	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(take_all(f), -EINVAL);
	assert_non_null(strstr(f->source->failure.text, "no capture file"));
	close(fd);
}

static void a_pipe_that_closes_before_anything_came_fails(void **state)
{
	struct fixture *f = *state;

	close(open_pipe(f));
	assert_int_equal(take_all(f), -EINVAL);
	assert_non_null(strstr(f->source->failure.text, "empty"));
}

static void a_filter_that_does_not_fit_fails_when_a_pipe_tells(void **state)
{
	struct fixture *f = *state;
	int fd;

	open_filter(f, "ip");
	fd = open_pipe(f);
	put_pcap_header(&f->file, MAGIC_US, 65535, 249);
	put_pcap_record(&f->file, 1, 1, 4, 4);
	put_payload(&f->file, 4);
	assert_int_equal(write(fd, f->file.bytes, f->file.length), f->file.length);
	assert_int_equal(take_all(f), -EINVAL);
	assert_non_null(strstr(f->source->failure.text, "filter"));
	close(fd);
	weir_filter_close(f->settings.filter);
}

static void a_record_longer_than_the_buffer_is_read_from_a_pipe(void **state)
{
	static uint8_t bytes[1 << 16];
	struct fixture *f = *state;
	const uint32_t length = 2 << 20;
	int fd = open_pipe(f);
	uint32_t sent = 0;

	put_pcap_header(&f->file, MAGIC_US, 0, 249);
	put_pcap_record(&f->file, 1, 1, length, length);
	assert_int_equal(write(fd, f->file.bytes, f->file.length), f->file.length);
	while (sent < length) {
		assert_int_equal(take(f, 1), 0); /* makes room in the pipe */
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
		sent += sizeof(bytes);
	}
	assert_int_equal(take(f, 1), 1);
	assert_int_equal(f->packets[0].wire_len, length);
	close(fd);
}

static void a_named_pipe_is_opened_before_its_writer(void **state)
{
	struct fixture *f = *state;
	int fd;

	put_three_packets(&f->file);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(open_path(f, f->path), 0);
	assert_int_equal(take_all(f), 0);
	fd = open(f->path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, f->file.bytes, f->file.length), f->file.length);
	close(fd);
	check_three_packets(f);
}

/* ---- standard input ---- */

static void standard_input_is_read_from_where_it_stands(void **state)
{
	struct fixture *f = *state;
	int saved = dup(STDIN_FILENO), fd;

	memcpy(f->file.bytes, "line\n", 5);
	f->file.length = 5;
	put_three_packets(&f->file);
	save(f, f->file.bytes, f->file.length);
	fd = open(f->path, O_RDONLY | O_CLOEXEC);
	lseek(fd, 5, SEEK_SET);
	dup2(fd, STDIN_FILENO);
	close(fd);
	assert_int_equal(open_path(f, "-"), 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_string_equal(f->source->account->name, "-");
	check_three_packets(f);
}

/* ---- bad files ---- */

static void check_refused(struct fixture *f, const char *path, int code, const char *told)
{
	assert_int_equal(open_path(f, path), code);
	assert_non_null(strstr(f->error.text, told));
	assert_null(weir_ledger_accounts(f->ledger));
}

static void what_cannot_be_a_capture_is_refused_at_open(void **state)
{
	struct fixture *f = *state;

	check_refused(f, "/nonexistent/x.pcap", -ENOENT, "No such file");
	check_refused(f, f->folder, -EISDIR, "directory");
	save(f, "", 0);
	check_refused(f, f->path, -EINVAL, "empty");
	save(f, "\xd4\xc3\xb2\xa1", 4);
	check_refused(f, f->path, -EINVAL, "within its file header");
	save(f, "hello, world", 12);
	check_refused(f, f->path, -EINVAL, "no capture file");
}

static void each_cut_of_a_file_is_accounted_for(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	for (size_t cut = 24; cut < f->file.length; cut++) {
		bool clean = (cut - 24) % 76 == 0;

		f->count = f->notice_count = 0;
		save(f, f->file.bytes, cut);
		assert_int_equal(open_path(f, f->path), 0);
		assert_int_equal(take_all(f), -ENODATA);
		assert_int_equal(f->count, (cut - 24) / 76);
		assert_int_equal(dropped(f, WEIR_REASON_TRUNCATED), clean ? 0 : 1);
		assert_int_equal(f->notice_count, clean ? 0 : 1);
		weir_cell_add(&f->source->row->out, f->count);
		assert_null(weir_ledger_unbalanced(f->ledger));
		f->source->ops->close(f->source);
		f->source = NULL;
	}
}

static void a_cut_is_told_with_its_place_and_what_is_missing(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	f->file.length -= 7;
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->notice_count, 1);
	assert_non_null(strstr(f->notices[0], "a,b.pcap' at offset 176: "));
	assert_non_null(strstr(f->notices[0], "packet record"));
	assert_non_null(strstr(f->notices[0], " 7 bytes"));
}

static void a_cut_block_without_packet_is_told_but_no_packet_is_missed(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	put_enhanced(&f->file, 0, 1, 4, 4);
	put32(&f->file, 77);
	put32(&f->file, UINT32_MAX - 3);
	put_payload(&f->file, 92);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->count, 1);
	assert_int_equal(weir_cell_get(&f->source->row->in), 1);
	assert_int_equal(f->notice_count, 1);
	assert_non_null(strstr(f->notices[0], " 4294967192 bytes"));
}

static void a_lying_record_ends_the_file_and_is_counted(void **state)
{
	struct fixture *f = *state;

	put_three_packets(&f->file);
	put_pcap_record(&f->file, 1, 2, UINT32_MAX, 60);
	put_payload(&f->file, 60);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->count, 3);
	assert_int_equal(dropped(f, WEIR_REASON_MALFORMED), 1);
	assert_int_equal(f->notice_count, 1);
	assert_non_null(strstr(f->notices[0], "4294967295"));
}

static void bad_packets_in_sound_blocks_are_skipped_and_told_a_few_times(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	for (int i = 0; i < 20; i++)
		put_enhanced(&f->file, 1, 1, 4, 4);
	put_enhanced(&f->file, 0, 1, 4, 4);
	open_built(f);
	assert_int_equal(take_all(f), -ENODATA);
	assert_int_equal(f->count, 1);
	assert_int_equal(dropped(f, WEIR_REASON_MALFORMED), 20);
	assert_int_equal(f->notice_count, 9);
}

static void a_broken_structure_is_an_error_behind_what_is_sound(void **state)
{
	struct fixture *f = *state;

	put_section(&f->file);
	put_interface(&f->file, 1, 0);
	put_enhanced(&f->file, 0, 1, 4, 4);
	put32(&f->file, 77);
	put32(&f->file, 7);
	put_payload(&f->file, 92);
	open_built(f);
	assert_int_equal(take(f, 9), 1);
	assert_int_equal(take(f, 9), -EBADMSG);
	assert_int_equal(take(f, 9), -EBADMSG);
	assert_non_null(strstr(f->source->failure.text, "a,b.pcap': at offset 84: "));
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_plain_file_is_read_to_its_end),
		FIXTURE_TEST(batches_keep_to_the_limit),
		FIXTURE_TEST(no_packet_follows_a_stop),
		FIXTURE_TEST(a_file_without_packets_ends_at_once),
		FIXTURE_TEST(snaplen_is_as_asked_and_may_change),
		FIXTURE_TEST(interfaces_of_a_file_enter_the_table),
		FIXTURE_TEST(the_unwanted_direction_is_filtered_out),
		FIXTURE_TEST(a_filter_is_prepared_for_each_link_type),
		FIXTURE_TEST(a_filter_sees_what_the_snaplen_would_cut),
		FIXTURE_TEST(a_filter_that_fits_no_interface_is_refused),
		FIXTURE_TEST(a_filter_that_fits_some_interface_is_told_of_the_others),
		FIXTURE_TEST(gzip_is_read),
		FIXTURE_TEST(gzip_in_members_with_padding_is_read),
		FIXTURE_TEST(zstd_is_read),
		FIXTURE_TEST(a_gzip_file_cut_anywhere_is_told),
		FIXTURE_TEST(a_zstd_file_cut_anywhere_is_told),
		FIXTURE_TEST(damaged_compressed_data_is_an_error_behind_what_is_sound),
		FIXTURE_TEST(long_compressed_files_are_read_whole),
		FIXTURE_TEST(a_pipe_delivers_what_is_there_without_waiting),
		FIXTURE_TEST(a_compressed_pipe_is_read),
		FIXTURE_TEST(a_pipe_that_carries_no_capture_fails),
		FIXTURE_TEST(a_pipe_that_closes_before_anything_came_fails),
		FIXTURE_TEST(a_filter_that_does_not_fit_fails_when_a_pipe_tells),
		FIXTURE_TEST(a_record_longer_than_the_buffer_is_read_from_a_pipe),
		FIXTURE_TEST(a_named_pipe_is_opened_before_its_writer),
		FIXTURE_TEST(standard_input_is_read_from_where_it_stands),
		FIXTURE_TEST(what_cannot_be_a_capture_is_refused_at_open),
		FIXTURE_TEST(each_cut_of_a_file_is_accounted_for),
		FIXTURE_TEST(a_cut_is_told_with_its_place_and_what_is_missing),
		FIXTURE_TEST(a_cut_block_without_packet_is_told_but_no_packet_is_missed),
		FIXTURE_TEST(a_lying_record_ends_the_file_and_is_counted),
		FIXTURE_TEST(bad_packets_in_sound_blocks_are_skipped_and_told_a_few_times),
		FIXTURE_TEST(a_broken_structure_is_an_error_behind_what_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
