/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a crash leaves them, and what recovery makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcap.h"
#include "pcapng.h"
#include "weir/record.h"

enum { PACKETS = 10, LENGTH = 1000 };

static char directory[64], hidden[128], visible[128];
static struct weir_recovered last;
static char last_to[256];

static void found(void *user, const struct weir_recovered *recovered)
{
	last = *recovered;
	snprintf(last_to, sizeof(last_to), "%s", recovered->to ? recovered->to : "");
}

static int set_up(void **state)
{
	strcpy(directory, "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(hidden, sizeof(hidden), "%s/.x_00001.cap.part", directory);
	snprintf(visible, sizeof(visible), "%s/x_00001.cap", directory);
	return 0;
}

static int tear_down(void **state)
{
	unlink(hidden);
	unlink(visible);
	unlink(last_to);
	rmdir(directory);
	return 0;
}

/* PACKETS packets in either format; returns the bytes. */
static size_t make(uint8_t *bytes, size_t size, bool pcapng)
{
	static uint8_t payload[LENGTH];
	struct record_interface known = {.id = 1, .divisor = 1};
	struct weir_interface ethernet = {.link_type = 1, .time_resolution = 9};
	struct weir_packet packet = {.bytes = payload,
				     .time_ns = 1700000000000000000,
				     .captured_len = LENGTH,
				     .wire_len = LENGTH,
				     .flags = WEIR_PACKET_DIRECTION_UNKNOWN};
	struct record_encoder encoder = {.stop = bytes + size,
					 .until_ns = UINT64_MAX,
					 .snaplen = RECORD_PACKET_BYTES_MAX,
					 .interfaces = &known};

	memset(payload, 0x55, sizeof(payload));
	encoder.at = bytes;
	if (pcapng) {
		encoder.at += pcapng_section(encoder.at, 4096, &(struct pcapng_section){});
		encoder.at += pcapng_interface(encoder.at, 4096, &ethernet, 0, NULL);
	} else {
		encoder.at += pcap_header(bytes, 1, 65535, true);
	}
	for (int i = 0; i < PACKETS; i++)
		assert_int_equal((pcapng ? pcapng_packets : pcap_packets)(&encoder, &packet, 1), 1);
	return (size_t)(encoder.at - bytes);
}

static void write_file(const char *path, const uint8_t *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static uint64_t size_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return (uint64_t)status.st_size;
}

static void every_cut_leaves_the_whole_packets(void **state)
{
	static uint8_t bytes[65536];

	for (int pcapng = 0; pcapng < 2; pcapng++) {
		size_t length = make(bytes, sizeof(bytes), pcapng);
		size_t record = (pcapng ? 32 : 16) + LENGTH;
		size_t head = length - PACKETS * record;

		for (size_t cut = head + record; cut <= length; cut += 97) {
			write_file(hidden, bytes, cut);
			assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL),
					 1);
			assert_int_equal(last.result, 0);
			assert_string_equal(last_to, visible);
			assert_int_equal(last.packets, (cut - head) / record);
			assert_int_equal(size_of(visible), head + (cut - head) / record * record);
			unlink(visible);
		}
	}
}

static void reserved_space_is_cut_off(void **state)
{
	static uint8_t bytes[131072];

	for (int pcapng = 0; pcapng < 2; pcapng++) {
		size_t length;

		memset(bytes, 0, sizeof(bytes));
		length = make(bytes, 65536, pcapng);
		write_file(hidden, bytes, sizeof(bytes));
		assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
		assert_int_equal(last.packets, PACKETS);
		assert_int_equal(last.bytes_cut, sizeof(bytes) - length);
		assert_int_equal(size_of(visible), length);
		unlink(visible);
	}
}

static void a_packet_torn_by_a_gap_is_cut_off(void **state)
{
	static uint8_t bytes[65536];

	for (int pcapng = 0; pcapng < 2; pcapng++) {
		make(bytes, sizeof(bytes), pcapng);
		/* The second block of the disk was never written, the third was. */
		memset(bytes + 4096, 0, 4096);
		write_file(hidden, bytes, 10000);
		assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
		assert_int_equal(last.packets, pcapng ? 3 : 4);
		unlink(visible);
	}
}

static void files_without_packets_are_removed(void **state)
{
	static uint8_t bytes[65536];

	make(bytes, sizeof(bytes), true);
	for (size_t length = 0; length <= 60; length += 20) {
		write_file(hidden, bytes, length);
		assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
		assert_int_equal(access(hidden, F_OK), -1);
	}
	memset(bytes, 0, sizeof(bytes));
	write_file(hidden, bytes, sizeof(bytes));
	weir_record_recover(directory, NULL, found, NULL, NULL);
	assert_int_equal(access(hidden, F_OK), -1);
}

static void nothing_that_exists_is_overwritten(void **state)
{
	static uint8_t bytes[65536];
	size_t length = make(bytes, sizeof(bytes), true);

	write_file(hidden, bytes, length);
	write_file(visible, (const uint8_t *)"mine", 4);
	assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
	assert_int_equal(last.result, 0);
	assert_int_equal(size_of(visible), 4);
	assert_string_not_equal(last_to, visible);
	assert_int_equal(size_of(last_to), length);
}

static void a_file_being_written_is_left_alone(void **state)
{
	static uint8_t bytes[65536];
	size_t length = make(bytes, sizeof(bytes), true);
	int fd;

	write_file(hidden, bytes, length - 1);
	fd = open(hidden, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
	assert_int_equal(last.result, -EBUSY);
	assert_int_equal(size_of(hidden), length - 1);
	close(fd);
}

static void other_files_are_not_touched(void **state)
{
	write_file(hidden, (const uint8_t *)"no capture file at all", 22);
	assert_int_equal(weir_record_recover(directory, NULL, found, NULL, NULL), 1);
	assert_int_equal(last.result, -EINVAL);
	assert_int_equal(size_of(hidden), 22);
}

static void a_single_file_is_cut_in_place(void **state)
{
	static uint8_t bytes[65536];
	size_t length = make(bytes, sizeof(bytes), false);

	write_file(visible, bytes, length - 1);
	assert_int_equal(weir_record_recover(visible, NULL, found, NULL, NULL), 1);
	assert_int_equal(last.packets, PACKETS - 1);
	assert_int_equal(size_of(visible), length - 16 - LENGTH);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_cut_leaves_the_whole_packets), CASE(reserved_space_is_cut_off),
		CASE(a_packet_torn_by_a_gap_is_cut_off),  CASE(files_without_packets_are_removed),
		CASE(nothing_that_exists_is_overwritten), CASE(a_file_being_written_is_left_alone),
		CASE(other_files_are_not_touched),        CASE(a_single_file_is_cut_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
