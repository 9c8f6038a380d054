/* SPDX-License-Identifier: Apache-2.0 */
/* The recording sink from batch to file, read back by libpcap; each test ends balanced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record_fixture.h"

static void all_packets_come_back_across_buffer_ends(void **state)
{
	struct fixture *f = *state;

	open_sink(f, &(struct weir_record_settings){});
	assert_int_equal(give(f, 100000, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_int_equal(read_back(f), 100000);
	assert_int_equal(weir_cell_get(&disk_row(f)->in), 100000);
	assert_int_equal(weir_cell_get(&disk_row(f)->out), 100000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void pcap_by_name_holds_the_same(void **state)
{
	struct fixture *f = *state;

	snprintf(f->path, sizeof(f->path), "%s/x.pcap", f->directory);
	open_sink(f, &(struct weir_record_settings){.time_resolution = 9});
	assert_int_equal(give(f, 10000, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_int_equal(read_back(f), 10000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_recording_without_packets_is_a_valid_file(void **state)
{
	struct fixture *f = *state;

	snprintf(f->path, sizeof(f->path), "%s/x.pcap", f->directory);
	open_sink(f, &(struct weir_record_settings){});
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_int_equal(read_back(f), 0);
}

static void a_tick_makes_packets_visible(void **state)
{
	struct fixture *f = *state;
	struct stat status = {};

	open_sink(f, &(struct weir_record_settings){});
	assert_int_equal(give(f, 10, 0), 0);
	while (weir_cell_get(&disk_row(f)->out) < 10)
		assert_int_equal(f->sink->ops->tick(f->sink, 1700000000000000000), 0);
	assert_int_equal(stat(f->path, &status), 0);
	assert_int_equal(read_back(f), 10);
	assert_int_equal(give(f, 10, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_int_equal(read_back(f), 20);
}

static void the_limit_ends_the_capture_and_the_rest_is_accounted_for(void **state)
{
	struct fixture *f = *state;

	open_sink(f, &(struct weir_record_settings){.packets_max = 250});
	assert_int_equal(give(f, 1000, 0), 1);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_int_equal(read_back(f), 250);
	assert_int_equal(weir_cell_get(&f->row->dropped[WEIR_REASON_AFTER_STOP]), 150);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_second_link_type_is_refused_by_pcap_and_named(void **state)
{
	struct fixture *f = *state;

	snprintf(f->path, sizeof(f->path), "%s/x.pcap", f->directory);
	add_interface(f, "cooked", 113);
	open_sink(f, &(struct weir_record_settings){.time_resolution = 9});
	assert_int_equal(give(f, 20, 0), 0);
	assert_int_equal(give(f, 20, 1), -EINVAL);
	assert_non_null(strstr(f->sink->failure.text, "cooked"));
	assert_non_null(strstr(f->sink->failure.text, ".pcapng"));
	f->sink->ops->finish(f->sink);
	assert_int_equal(read_back(f), 20);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_file_that_cannot_grow_keeps_its_whole_packets(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, small = {.rlim_cur = 3456789, .rlim_max = RLIM_INFINITY};
	int rc;

	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	open_sink(f, &(struct weir_record_settings){});
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = give(f, 100000, 0);
	if (!rc)
		rc = f->sink->ops->finish(f->sink);
	else
		f->sink->ops->finish(f->sink);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(f->sink->failure.text, f->path));
	assert_true(read_back(f) > 1000);
	assert_int_equal(read_back(f), weir_cell_get(&disk_row(f)->out));
	assert_true(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_IO_ERROR]) > 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_full_device_is_told_as_such(void **state)
{
	struct fixture *f = *state;

	open_sink(f, &(struct weir_record_settings){.path = "/dev/full"});
	give(f, 10, 0);
	assert_int_equal(f->sink->ops->finish(f->sink), -ENOSPC);
	assert_int_equal(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_DISK_FULL]), 10);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_reader_that_goes_away_ends_quietly(void **state)
{
	struct fixture *f = *state;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	open_sink(f, &(struct weir_record_settings){});
	close(reader);
	assert_int_equal(give(f, 100000000, 0), 1);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_true(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_READER_GONE]) > 0);
	assert_int_equal(weir_cell_get(&disk_row(f)->out), 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_reader_that_goes_away_is_noticed_without_packets(void **state)
{
	struct fixture *f = *state;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	open_sink(f, &(struct weir_record_settings){});
	assert_int_equal(f->sink->ops->tick(f->sink, 1), 0);
	close(reader);
	assert_int_equal(f->sink->ops->tick(f->sink, 1), 1);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
}

static void a_missing_directory_is_named(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.path = "/nonexistent/x.pcap"};

	assert_int_equal(weir_sink_open_record(&settings, f->interfaces, &f->sink, &f->error),
			 -ENOENT);
	assert_non_null(strstr(f->error.text, "/nonexistent/x.pcap"));
}

/* ---- rotation ---- */

static void files_of_a_size_hold_all_packets_once(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_bytes = 3000000}};
	uint64_t end;

	open_sink(f, &settings);
	assert_int_equal(give(f, 50000, 0), 0);
	finish_balanced(f);
	assert_in_range(read_all(f, 0, &end), 20, 24);
	assert_int_equal(end, 50000);
}

static void a_size_smaller_than_a_packet_gives_a_packet_a_file(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_bytes = 1}};
	uint64_t end;

	open_sink(f, &settings);
	assert_int_equal(give(f, 30, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_all(f, 0, &end), 30);
	assert_int_equal(end, 30);
}

static void limits_of_packets_and_size_compose(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {
		.rotation = {.file_bytes = 100000, .file_packets = 50}};
	uint64_t end;

	open_sink(f, &settings);
	assert_int_equal(give(f, 1000, 0), 0);
	finish_balanced(f);
	/* 50 packets are 35 kB or so, those with a long one 100 kB. */
	assert_in_range(read_all(f, 0, &end), 20, 32);
	assert_int_equal(end, 1000);
}

/* Packets of a file: their own clock makes the files, to the nanosecond. */
static void an_interval_holds_exactly_its_packets(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.interval_ns = 1000000}};
	uint64_t end;

	strcpy(f->account->source, "file");
	open_sink(f, &settings);
	/* The first packet is at a multiple of 1 ms; 1000 ns * 1.001 apart. */
	assert_int_equal(give(f, 9990, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_all(f, 0, &end), 10);
	assert_int_equal(end, 9990);
}

static void the_oldest_files_are_deleted(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 100, .files_max = 3}};
	uint64_t end;

	open_sink(f, &settings);
	assert_int_equal(give(f, 1000, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_all(f, 700, &end), 3);
	assert_int_equal(end, 1000);
}

static void files_stay_below_the_total(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {
		.rotation = {.file_bytes = 1000000, .total_bytes_max = 3500000}};
	struct dirent **entries;
	int count;

	open_sink(f, &settings);
	assert_int_equal(give(f, 20000, 0), 0);
	finish_balanced(f);
	count = list_files(f, &entries);
	assert_in_range(count, 2, 3);
	free_list(entries, count);
}

static void the_recording_ends_after_so_many_files(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 100, .files_stop = 2}};
	uint64_t end;

	open_sink(f, &settings);
	assert_int_equal(give(f, 1000, 0), 1);
	finish_balanced(f);
	assert_int_equal(read_all(f, 0, &end), 2);
	assert_int_equal(end, 200);
	assert_int_equal(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_AFTER_STOP]), 200);
}

static void the_recording_ends_after_so_many_bytes(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.bytes_max = 2000000};
	struct stat status;

	open_sink(f, &settings);
	assert_int_equal(give(f, 10000, 0), 1);
	finish_balanced(f);
	assert_int_equal(stat(f->path, &status), 0);
	assert_in_range(status.st_size, 2000000, 2000000 + 61000);
}

static void a_live_file_ends_on_time_without_packets(void **state)
{
	struct fixture *f = *state;
	const uint64_t second = 1000000000, year = 31536000 * second;
	struct weir_record_settings settings = {.rotation = {.interval_ns = year}};
	struct timespec now;
	uint64_t now_ns, end_ns;
	struct dirent **entries;
	int count;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (uint64_t)now.tv_sec * second;
	end_ns = now_ns - now_ns % year + year;
	open_sink(f, &settings);
	assert_int_equal(f->sink->ops->tick(f->sink, end_ns - 1), 0);
	assert_int_equal(f->sink->ops->tick(f->sink, end_ns + second), 0);
	assert_int_equal(f->sink->ops->tick(f->sink, end_ns + second + 100), 0);
	/* A clock that jumps makes no files for the time it left out. */
	assert_int_equal(f->sink->ops->tick(f->sink, end_ns + 10 * year), 0);
	finish_balanced(f);
	count = list_files(f, &entries);
	assert_int_equal(count, 3);
	free_list(entries, count);
}

/* Else the file would end only when the clock has come to its end again. */
static void a_clock_set_back_ends_the_file_once(void **state)
{
	struct fixture *f = *state;
	const uint64_t second = 1000000000, day = 86400 * second;
	struct weir_record_settings settings = {.rotation = {.interval_ns = 60 * second}};
	struct dirent **entries;
	struct timespec now;
	uint64_t now_ns;
	int count;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (uint64_t)now.tv_sec * second + (uint64_t)now.tv_nsec;
	open_sink(f, &settings);
	assert_int_equal(f->sink->ops->tick(f->sink, now_ns), 0);
	for (int i = 0; i < 50; i++) /* a day back, and on from there: still one file more */
		assert_int_equal(f->sink->ops->tick(f->sink, now_ns - day + (uint64_t)i), 0);
	/* The files of that day end on time again, and are not named over others. */
	for (int i = 1; i <= 3; i++)
		assert_int_equal(
			f->sink->ops->tick(f->sink, now_ns - day + 61 * (uint64_t)i * second), 0);
	finish_balanced(f);
	count = list_files(f, &entries);
	assert_int_equal(count, 5);
	free_list(entries, count);
}

/* A template without a number: going back gives names that are there already. */
static void a_clock_set_back_overwrites_no_file(void **state)
{
	struct fixture *f = *state;
	const uint64_t second = 1000000000;
	struct weir_record_settings settings = {.rotation = {.interval_ns = 10 * second}};
	struct dirent **entries;
	struct timespec now;
	uint64_t now_ns;
	int count;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = ((uint64_t)now.tv_sec + 10 - (uint64_t)now.tv_sec % 10) * second;
	snprintf(f->path, sizeof(f->path), "%s/%%H%%M%%S.pcapng", f->directory);
	open_sink(f, &settings);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(f->sink->ops->tick(f->sink, now_ns + i * 11 * second), 0);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(f->sink->ops->tick(f->sink, now_ns + i * 11 * second), 0);
	finish_balanced(f);
	count = list_files(f, &entries);
	assert_int_equal(count, 8);
	free_list(entries, count);
}

/* Many files of one time, which has no place for a number in its name. */
static void files_of_one_time_are_all_kept(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 100}};
	uint64_t end;

	snprintf(f->path, sizeof(f->path), "%s/%%Y.pcapng", f->directory);
	strcpy(f->account->source, "file");
	open_sink(f, &settings);
	assert_int_equal(give(f, 500, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_all(f, 0, &end), 5);
	assert_int_equal(end, 500);
}

static void files_are_hidden_until_they_are_complete(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 1000}};
	struct dirent **entries;
	int count;

	open_sink(f, &settings);
	assert_int_equal(give(f, 10, 0), 0);
	count = list_files(f, &entries);
	for (int i = 0; i < count; i++)
		assert_int_equal(entries[i]->d_name[0], '.');
	assert_true(count > 0);
	free_list(entries, count);
	finish_balanced(f);
	count = list_files(f, &entries);
	assert_int_equal(count, 1);
	assert_int_not_equal(entries[0]->d_name[0], '.');
	free_list(entries, count);
}

static void the_plain_writer_writes_all(void **state)
{
	check_writer(*state, WEIR_RECORD_WRITER_PLAIN, "plain");
}

static void the_direct_writer_writes_all(void **state)
{
	check_writer(*state, WEIR_RECORD_WRITER_DIRECT, "");
}

static void the_mmap_writer_writes_all(void **state)
{
	check_writer(*state, WEIR_RECORD_WRITER_MMAP, "mmap");
}

/* As in a container whose runtime refuses system calls: in a child, since a filter is for ever. */
static void check_refused(struct fixture *f, enum weir_record_writer writer, const int *refused,
			  const char *said)
{
	scmp_filter_ctx filter;
	int status = 0;
	pid_t child = fork();

	if (!child) {
		filter = seccomp_init(SCMP_ACT_ALLOW);
		for (; *refused >= 0; refused++)
			if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), *refused, 0))
				_exit(77);
		if (seccomp_load(filter))
			_exit(77);
		check_writer(f, writer, said);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static const int no_uring[] = {SCMP_SYS(io_uring_setup), -1},
		 no_queue[] = {SCMP_SYS(io_uring_setup), SCMP_SYS(io_setup), -1};

static void without_io_uring_the_direct_writer_takes_aio_and_says_so(void **state)
{
	check_refused(*state, WEIR_RECORD_WRITER_DIRECT, no_uring,
		      "Linux AIO: io_uring is refused");
}

static void without_any_queue_the_direct_writer_takes_pwrite_and_says_so(void **state)
{
	check_refused(*state, WEIR_RECORD_WRITER_DIRECT, no_queue,
		      "pwrite: io_uring and Linux AIO");
}

static void without_io_uring_there_is_no_kernel_thread(void **state)
{
	check_refused(*state, WEIR_RECORD_WRITER_SQPOLL, no_uring, "Linux AIO");
}

static void a_kernel_thread_writes_all(void **state)
{
	check_writer(*state, WEIR_RECORD_WRITER_SQPOLL, "");
}

/* A pipe that nobody reads for a while is the slowest disk there is. */
static void a_slow_disk(struct fixture *f, enum weir_record_slow slow, int *reader)
{
	struct weir_record_settings settings = {.slow = slow};

	assert_int_equal(mkfifo(f->path, 0600), 0);
	*reader = open(f->path, O_RDONLY | O_NONBLOCK);
	fcntl(*reader, F_SETFL, 0);
	open_sink(f, &settings);
}

static void *drain(void *argument)
{
	int *reader = argument;
	static char bytes[1 << 20];

	while (read(*reader, bytes, sizeof(bytes)) > 0)
		;
	return NULL;
}

static void a_disk_too_slow_drops_the_newest_and_says_why(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	int reader;

	a_slow_disk(f, WEIR_RECORD_SLOW_NEWEST, &reader);
	assert_int_equal(give(f, 100000, 0), 0);
	pthread_create(&thread, NULL, drain, &reader);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	f->sink->ops->close(f->sink);
	f->sink = NULL;
	pthread_join(thread, NULL);
	close(reader);
	assert_true(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_DISK_SLOW]) > 10000);
	assert_true(weir_cell_get(&disk_row(f)->out) > 10000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_disk_too_slow_gets_headers_only(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	int reader;

	a_slow_disk(f, WEIR_RECORD_SLOW_HEADERS, &reader);
	/* As much as fills three quarters of the buffers, and more. */
	assert_int_equal(give(f, 35000, 0), 0);
	assert_true(weir_sink_record_shortened(f->sink) > 1000);
	pthread_create(&thread, NULL, drain, &reader);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	f->sink->ops->close(f->sink);
	f->sink = NULL;
	pthread_join(thread, NULL);
	close(reader);
	assert_int_equal(weir_cell_get(&disk_row(f)->out), 35000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void what_is_to_be_kept_free_ends_the_recording(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.keep_free_bytes = UINT64_MAX / 2};

	open_sink(f, &settings);
	give(f, 10, 0);
	assert_int_equal(f->sink->ops->finish(f->sink), -ENOSPC);
	assert_non_null(strstr(f->sink->failure.text, "kept free"));
	assert_int_equal(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_DISK_FULL]), 10);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

/* Through a decompressor that is not weir's. */
static void check_compressed(struct fixture *f, const char *name)
{
	struct weir_record_settings settings = {.time_resolution = 9};
	char packed[256], command[512];

	snprintf(packed, sizeof(packed), "%s/%s.zst", f->directory, name);
	snprintf(f->path, sizeof(f->path), "%s/%s", f->directory, name);
	settings.path = packed;
	open_sink(f, &settings);
	assert_non_null(strstr(weir_sink_record_writer(f->sink), "zstd"));
	assert_int_equal(give(f, 20000, 0), 0);
	finish_balanced(f);
	snprintf(command, sizeof(command), "zstd -q -d %s -o %s", packed, f->path);
	if (system(command))
		skip();
	assert_int_equal(read_back(f), 20000);
}

static void a_compressed_pcapng_is_read_by_others(void **state)
{
	check_compressed(*state, "x.pcapng");
}

static void a_compressed_pcap_is_read_by_others(void **state)
{
	check_compressed(*state, "x.pcap");
}

static void a_command_gets_each_complete_file(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 100, .command = "rm"}};
	struct dirent **entries;

	open_sink(f, &settings);
	assert_int_equal(give(f, 250, 0), 0);
	finish_balanced(f);
	assert_int_equal(list_files(f, &entries), 0);
	free_list(entries, 0);
}

static void a_command_that_cannot_be_started_is_told(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.command = "/nonexistent/x"}};

	open_sink(f, &settings);
	assert_int_equal(give(f, 250, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), -ENOENT);
	assert_non_null(strstr(f->sink->failure.text, "/nonexistent/x"));
	assert_int_equal(read_back(f), 250);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_directory_that_vanishes_is_told(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.rotation = {.file_packets = 100}};
	int rc;

	open_sink(f, &settings);
	assert_int_equal(give(f, 50, 0), 0);
	do {
		remove_files(f);
	} while (rmdir(f->directory) && errno == ENOTEMPTY);
	rc = give(f, 10000, 0);
	if (!rc)
		rc = f->sink->ops->finish(f->sink);
	else
		f->sink->ops->finish(f->sink);
	assert_int_equal(rc, -ENOENT);
	assert_non_null(strstr(f->sink->failure.text, f->directory));
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void two_recorders_cannot_write_one_file(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {};
	struct weir_sink *second;

	open_sink(f, &settings);
	assert_int_equal(give(f, 10, 0), 0);
	settings.path = f->path;
	assert_int_equal(weir_sink_open_record(&settings, f->interfaces, &second, &f->error),
			 -EBUSY);
	assert_non_null(strstr(f->error.text, "another recorder"));
	finish_balanced(f);
	assert_int_equal(read_back(f), 10);
}

/* ---- the flight recorder: packet n comes n * 1001 ns after the first ---- */

static uint64_t dropped_untriggered(struct fixture *f)
{
	return weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_UNTRIGGERED]);
}

/* A filter that packet 'n' matches and its neighbours do not. */
static struct weir_filter *filter_of(const struct fixture *f, uint64_t n)
{
	const uint8_t *bytes = f->bytes + n % 251;
	struct weir_filter *filter;
	char expression[128];

	snprintf(expression, sizeof(expression), "len = %u and ether[0:4] = 0x%02x%02x%02x%02x",
		 length_of(n), bytes[0], bytes[1], bytes[2], bytes[3]);
	assert_int_equal(weir_filter_open(expression, &filter, NULL), 0);
	return filter;
}

static void only_packets_around_a_trigger_are_recorded(void **state)
{
	struct fixture *f = *state;
	struct weir_filter *filters[] = {filter_of(f, 5000), filter_of(f, 9001)};
	struct weir_record_settings settings = {.flight = {.ring_bytes = 16 << 20,
							   .before_ns = 1001 * 300,
							   .after_ns = 1001 * 50,
							   .filters = filters,
							   .filter_count = 2}};
	struct weir_record_flown flown;

	open_sink(f, &settings);
	assert_int_equal(give(f, 9000, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_from(f, f->path, 4700), 5051);
	assert_int_equal(dropped_untriggered(f), 9000 - 351);
	assert_int_equal(weir_cell_get(&disk_row(f)->out), 351);

	f->given = 0;
	open_sink(f, &settings);
	assert_int_equal(give(f, 9002, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	weir_sink_record_flown(f->sink, &flown);
	assert_int_equal(flown.triggers[WEIR_RECORD_TRIGGER_PACKET], 2);
	assert_int_equal(flown.crowded_out, 0);
	weir_filter_close(filters[0]);
	weir_filter_close(filters[1]);
}

static void a_small_memory_holds_the_newest_packets(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.flight = {.ring_bytes = 1 << 20, .after_ns = 1}};
	struct weir_record_flown flown;

	open_sink(f, &settings);
	assert_int_equal(give(f, 20000, 0), 0);
	assert_true(dropped_untriggered(f) > 15000);
	weir_sink_record_trigger(f->sink);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	weir_sink_record_flown(f->sink, &flown);
	assert_int_equal(flown.triggers[WEIR_RECORD_TRIGGER_SIGNAL], 1);
	assert_int_equal(flown.left_out, dropped_untriggered(f));
	assert_int_equal(read_from(f, f->path, dropped_untriggered(f)), 20000);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void without_a_trigger_the_file_is_empty_and_valid(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.flight = {.ring_bytes = 1 << 20}};

	open_sink(f, &settings);
	assert_int_equal(give(f, 2000, 0), 0);
	finish_balanced(f);
	assert_int_equal(read_back(f), 0);
	assert_int_equal(dropped_untriggered(f), 2000);
}

static void each_event_has_its_file(void **state)
{
	struct fixture *f = *state;
	struct weir_filter *filters[] = {filter_of(f, 500)};
	struct weir_record_settings settings = {.rotation = {.file_packets = 1000000},
						.flight = {.ring_bytes = 4 << 20,
							   .before_ns = 1001 * 10,
							   .after_ns = 1001 * 4,
							   .filters = filters,
							   .filter_count = 1}};
	const uint64_t later = 97 * 251 * 1400; /* packets are the same again, half a minute on */
	struct dirent **entries;
	char path[512];

	open_sink(f, &settings);
	assert_int_equal(give(f, 600, 0), 0);
	f->given = later;
	assert_int_equal(give(f, 600, 0), 0);
	finish_balanced(f);
	assert_int_equal(list_files(f, &entries), 2);
	for (uint64_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->directory, entries[i]->d_name);
		assert_int_equal(read_from(f, path, i * later + 490), i * later + 505);
	}
	free_list(entries, 2);
	weir_filter_close(filters[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_packets_come_back_across_buffer_ends),
		CASE(pcap_by_name_holds_the_same),
		CASE(a_recording_without_packets_is_a_valid_file),
		CASE(a_tick_makes_packets_visible),
		CASE(the_limit_ends_the_capture_and_the_rest_is_accounted_for),
		CASE(a_second_link_type_is_refused_by_pcap_and_named),
		CASE(a_file_that_cannot_grow_keeps_its_whole_packets),
		CASE(a_full_device_is_told_as_such),
		CASE(a_reader_that_goes_away_ends_quietly),
		CASE(a_reader_that_goes_away_is_noticed_without_packets),
		CASE(a_missing_directory_is_named),
		CASE(files_of_a_size_hold_all_packets_once),
		CASE(a_size_smaller_than_a_packet_gives_a_packet_a_file),
		CASE(limits_of_packets_and_size_compose),
		CASE(an_interval_holds_exactly_its_packets),
		CASE(the_oldest_files_are_deleted),
		CASE(files_stay_below_the_total),
		CASE(the_recording_ends_after_so_many_files),
		CASE(the_recording_ends_after_so_many_bytes),
		CASE(a_live_file_ends_on_time_without_packets),
		CASE(a_clock_set_back_ends_the_file_once),
		CASE(a_clock_set_back_overwrites_no_file),
		CASE(files_of_one_time_are_all_kept),
		CASE(files_are_hidden_until_they_are_complete),
		CASE(the_plain_writer_writes_all),
		CASE(the_direct_writer_writes_all),
		CASE(the_mmap_writer_writes_all),
		CASE(a_kernel_thread_writes_all),
		CASE(without_io_uring_the_direct_writer_takes_aio_and_says_so),
		CASE(without_any_queue_the_direct_writer_takes_pwrite_and_says_so),
		CASE(without_io_uring_there_is_no_kernel_thread),
		CASE(a_disk_too_slow_drops_the_newest_and_says_why),
		CASE(a_disk_too_slow_gets_headers_only),
		CASE(what_is_to_be_kept_free_ends_the_recording),
		CASE(a_compressed_pcapng_is_read_by_others),
		CASE(a_compressed_pcap_is_read_by_others),
		CASE(a_command_gets_each_complete_file),
		CASE(a_command_that_cannot_be_started_is_told),
		CASE(a_directory_that_vanishes_is_told),
		CASE(two_recorders_cannot_write_one_file),
		CASE(only_packets_around_a_trigger_are_recorded),
		CASE(a_small_memory_holds_the_newest_packets),
		CASE(without_a_trigger_the_file_is_empty_and_valid),
		CASE(each_event_has_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
