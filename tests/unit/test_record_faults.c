/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails: the linker puts the functions below in front of the
 * system's own (-Wl,--wrap), so that the recorder meets errors which no file
 * system gives on demand. Whatever comes: the failure is told with the file's
 * name, what is in the file are whole packets, the ledger balances.
 */
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <time.h>

#include "record_fixture.h"

/* What the disk does. Set before the disk thread starts, and counted by it. */
static struct {
	uint64_t good;         /* writes that are done as asked; then: */
	int failure;           /* -errno of all that follow, 0 = none */
	size_t bytes_max;      /* of a write, 0 = no limit */
	unsigned int delay_us; /* of each write */
	int sync_failure;      /* -errno */
	bool no_sqpoll;
	bool takes_none; /* io_uring: no write is taken any more */
	int tells_none;  /* io_uring: -errno instead of what became of a write */
	uint64_t writes, syncs;
} disk;

static uint64_t counted(uint64_t *counter)
{
	return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

ssize_t __real_pwrite64(int fd, const void *bytes, size_t length, off64_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t length, off64_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
	unsigned int delay_us = __atomic_load_n(&disk.delay_us, __ATOMIC_RELAXED);

	if (delay_us)
		nanosleep(&(struct timespec){.tv_nsec = delay_us * 1000L}, NULL);
	if (counted(&disk.writes) > disk.good && disk.failure) {
		errno = -disk.failure;
		return -1;
	}
	if (disk.bytes_max && length > disk.bytes_max)
		length = disk.bytes_max;
	return __real_pwrite64(fd, bytes, length, offset);
}

int __real___io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned int submit,
			      unsigned int wait, sigset_t *mask);
int __wrap___io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned int submit,
			      unsigned int wait, sigset_t *mask);

static void spoil(struct io_uring_cqe *cqe)
{
	if (counted(&disk.writes) > disk.good && disk.failure)
		cqe->res = disk.failure;
	else if (disk.bytes_max && cqe->res > (int)disk.bytes_max)
		cqe->res = (int)disk.bytes_max;
}

int __wrap___io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned int submit,
			      unsigned int wait, sigset_t *mask)
{
	int rc;

	if (disk.tells_none && wait && counted(&disk.writes) > disk.good)
		return disk.tells_none;
	rc = __real___io_uring_get_cqe(ring, cqe, submit, wait, mask);
	if (!rc)
		spoil(*cqe);
	return rc;
}

int __real_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring)
{
	return disk.takes_none ? -EAGAIN : __real_io_uring_submit(ring);
}

int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *params)
{
	if (disk.no_sqpoll && params->flags & IORING_SETUP_SQPOLL)
		return -EPERM;
	return __real_io_uring_queue_init_params(entries, ring, params);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	counted(&disk.syncs);
	errno = -disk.sync_failure;
	return disk.sync_failure ? -1 : __real_fdatasync(fd);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	errno = -disk.sync_failure;
	return disk.sync_failure ? -1 : __real_fsync(fd);
}

static int set_up_disk(void **state)
{
	memset(&disk, 0, sizeof(disk));
	disk.good = UINT64_MAX;
	return set_up(state);
}

static void check_failure(struct fixture *f, enum weir_record_writer writer, int failure,
			  enum weir_reason reason)
{
	struct weir_record_settings settings = {.writer = writer};
	int rc, end;

	disk.good = 3;
	disk.failure = failure;
	open_sink(f, &settings);
	rc = give(f, 100000, 0);
	end = f->sink->ops->finish(f->sink);
	assert_int_equal(rc ? rc : end, failure);
	assert_non_null(strstr(f->sink->failure.text, f->path));
	assert_non_null(strstr(f->sink->failure.text, strerror(-failure)));
	assert_true(weir_cell_get(&disk_row(f)->dropped[reason]) > 0);
	assert_true(weir_cell_get(&disk_row(f)->out) > 0);
	assert_int_equal(read_back(f), weir_cell_get(&disk_row(f)->out));
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void an_io_error_ends_a_plain_file(void **state)
{
	check_failure(*state, WEIR_RECORD_WRITER_PLAIN, -EIO, WEIR_REASON_IO_ERROR);
}

static void an_io_error_ends_a_direct_file(void **state)
{
	check_failure(*state, WEIR_RECORD_WRITER_DIRECT, -EIO, WEIR_REASON_IO_ERROR);
}

static void no_space_ends_a_plain_file(void **state)
{
	check_failure(*state, WEIR_RECORD_WRITER_PLAIN, -ENOSPC, WEIR_REASON_DISK_FULL);
}

static void no_space_ends_a_direct_file(void **state)
{
	check_failure(*state, WEIR_RECORD_WRITER_DIRECT, -ENOSPC, WEIR_REASON_DISK_FULL);
}

static void a_quota_is_told_as_a_full_disk(void **state)
{
	check_failure(*state, WEIR_RECORD_WRITER_PLAIN, -EDQUOT, WEIR_REASON_DISK_FULL);
}

/* Some bytes of a buffer are written, and then no more. */
static void a_short_write_before_an_io_error_is_cut_behind_whole_packets(void **state)
{
	disk.bytes_max = 300001;
	check_failure(*state, WEIR_RECORD_WRITER_PLAIN, -EIO, WEIR_REASON_IO_ERROR);
}

static void check_short(struct fixture *f, enum weir_record_writer writer, size_t bytes_max)
{
	disk.bytes_max = bytes_max;
	check_writer(f, writer, "");
	assert_true(disk.writes > 40);
}

static void short_writes_of_a_plain_file_are_continued(void **state)
{
	check_short(*state, WEIR_RECORD_WRITER_PLAIN, 99999);
}

static void short_writes_of_a_direct_file_are_continued(void **state)
{
	check_short(*state, WEIR_RECORD_WRITER_DIRECT, 123456);
}

/* In a rotation, an error in one file leaves those before it complete. */
static void an_error_leaves_earlier_files_complete(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.writer = WEIR_RECORD_WRITER_PLAIN,
						.rotation = {.file_bytes = 5000000}};
	uint64_t end;
	int rc;

	disk.good = 12;
	disk.failure = -EIO;
	open_sink(f, &settings);
	rc = give(f, 100000, 0);
	assert_int_equal(rc ? rc : f->sink->ops->finish(f->sink), -EIO);
	f->sink->ops->finish(f->sink);
	f->sink->ops->close(f->sink);
	f->sink = NULL;
	assert_in_range(read_all(f, 0, &end), 3, 3);
	assert_int_equal(end, weir_cell_get(&disk_row(f)->out));
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_throttled_disk_is_waited_for(void **state)
{
	disk.delay_us = 5000;
	check_writer(*state, WEIR_RECORD_WRITER_PLAIN, "plain");
}

static void a_throttled_disk_drops_the_newest_where_that_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.writer = WEIR_RECORD_WRITER_PLAIN,
						.slow = WEIR_RECORD_SLOW_NEWEST};

	disk.delay_us = 100000;
	open_sink(f, &settings);
	assert_int_equal(give(f, 80000, 0), 0);
	__atomic_store_n(&disk.delay_us, 0, __ATOMIC_RELAXED);
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_true(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_DISK_SLOW]) > 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

/* A trigger at the very end: more is wanted than the buffers hold, and nothing else comes. */
static void at_the_end_a_throttled_disk_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {
		.writer = WEIR_RECORD_WRITER_PLAIN,
		.slow = WEIR_RECORD_SLOW_NEWEST,
		.flight = {.ring_bytes = 256 << 20, .before_ns = UINT64_MAX / 2}};

	disk.delay_us = 5000;
	open_sink(f, &settings);
	assert_int_equal(give(f, 60000, 0), 0);
	weir_sink_record_trigger(f->sink);
	finish_balanced(f);
	assert_int_equal(read_back(f), 60000);
}

static bool synced(uint64_t times)
{
	return __atomic_load_n(&disk.syncs, __ATOMIC_RELAXED) >= times;
}

static void a_file_is_synced_while_it_is_written(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.sync = WEIR_RECORD_SYNC_INTERVAL,
						.sync_interval_ns = 10000000};

	open_sink(f, &settings);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(give(f, 10, 0), 0);
		/* Nothing comes any more, and still it is synced in time. */
		while (!synced(i))
			assert_int_equal(f->sink->ops->tick(f->sink, 1700000000000000000), 0);
	}
	finish_balanced(f);
	assert_int_equal(read_back(f), 30);
}

static void a_file_that_cannot_be_synced_ends_the_recording(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.sync = WEIR_RECORD_SYNC_INTERVAL,
						.sync_interval_ns = 1};
	int rc = 0;

	disk.sync_failure = -EIO;
	open_sink(f, &settings);
	while (!rc) {
		rc = give(f, 10, 0);
		if (!rc)
			rc = f->sink->ops->tick(f->sink, 1700000000000000000);
	}
	assert_int_equal(rc, -EIO);
	assert_non_null(strstr(f->sink->failure.text, "cannot sync"));
	f->sink->ops->finish(f->sink);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_complete_file_that_cannot_be_synced_is_told(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.sync = WEIR_RECORD_SYNC_FILE};

	disk.sync_failure = -EIO;
	open_sink(f, &settings);
	assert_int_equal(give(f, 10, 0), 0);
	assert_int_equal(f->sink->ops->finish(f->sink), -EIO);
	assert_non_null(strstr(f->sink->failure.text, "cannot sync"));
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void without_a_kernel_thread_io_uring_is_taken_and_told(void **state)
{
	disk.no_sqpoll = true;
	check_writer(*state, WEIR_RECORD_WRITER_SQPOLL, "no kernel thread: refused here");
}

static void a_write_that_is_never_taken_is_done_without_io_uring(void **state)
{
	disk.takes_none = true;
	check_writer(*state, WEIR_RECORD_WRITER_DIRECT, "io_uring");
	assert_true(disk.writes > 3); /* by pwrite */
}

static void a_write_of_which_nothing_is_told_ends_the_file(void **state)
{
	struct fixture *f = *state;
	struct weir_record_settings settings = {.writer = WEIR_RECORD_WRITER_DIRECT};
	struct io_uring ring;
	int rc, end;

	if (io_uring_queue_init(1, &ring, 0))
		skip(); /* refused here */
	io_uring_queue_exit(&ring);
	disk.good = 3;
	disk.tells_none = -EBADR;
	open_sink(f, &settings);
	rc = give(f, 100000, 0);
	end = f->sink->ops->finish(f->sink);
	assert_int_equal(rc ? rc : end, -EBADR);
	assert_non_null(strstr(f->sink->failure.text, f->path));
	assert_true(weir_cell_get(&disk_row(f)->dropped[WEIR_REASON_IO_ERROR]) > 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

#define FAULT(f) cmocka_unit_test_setup_teardown(f, set_up_disk, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT(an_io_error_ends_a_plain_file),
		FAULT(an_io_error_ends_a_direct_file),
		FAULT(no_space_ends_a_plain_file),
		FAULT(no_space_ends_a_direct_file),
		FAULT(a_quota_is_told_as_a_full_disk),
		FAULT(a_short_write_before_an_io_error_is_cut_behind_whole_packets),
		FAULT(short_writes_of_a_plain_file_are_continued),
		FAULT(short_writes_of_a_direct_file_are_continued),
		FAULT(an_error_leaves_earlier_files_complete),
		FAULT(a_throttled_disk_is_waited_for),
		FAULT(a_throttled_disk_drops_the_newest_where_that_is_wanted),
		FAULT(at_the_end_a_throttled_disk_is_waited_for),
		FAULT(a_file_is_synced_while_it_is_written),
		FAULT(a_file_that_cannot_be_synced_ends_the_recording),
		FAULT(a_complete_file_that_cannot_be_synced_is_told),
		FAULT(without_a_kernel_thread_io_uring_is_taken_and_told),
		FAULT(a_write_that_is_never_taken_is_done_without_io_uring),
		FAULT(a_write_of_which_nothing_is_told_ends_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
