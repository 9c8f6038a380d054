/* SPDX-License-Identifier: Apache-2.0 */
/* What a file tells of its completeness, and damage found wherever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcap.h"
#include "pcapng.h"
#include "weir/record.h"

static const uint64_t second = 1000000000;
static char path[64];
static uint8_t bytes[65536];
static size_t used;
static struct weir_verified verified;

static int set_up(void **state)
{
	strcpy(path, "/tmp/weir-test-XXXXXX");
	close(mkstemp(path));
	used = 0;
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return 0;
}

static void write_file(size_t length)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static int verify(size_t length)
{
	write_file(length);
	return weir_record_verify(path, &verified, NULL);
}

static void add_head(void)
{
	struct weir_interface ethernet = {.name = "eth0", .link_type = 1, .time_resolution = 9};

	used += pcapng_section(bytes + used, 4096, &(struct pcapng_section){});
	used += pcapng_interface(bytes + used, 4096, &ethernet, 0, NULL);
}

static void add_packets(uint32_t count, uint64_t first_s, uint64_t dropped)
{
	static const uint8_t payload[60];
	struct record_interface known = {.id = 1, .divisor = 1};
	struct record_encoder encoder = {.at = bytes + used,
					 .stop = bytes + sizeof(bytes),
					 .until_ns = UINT64_MAX,
					 .snaplen = RECORD_PACKET_BYTES_MAX,
					 .dropped = dropped,
					 .interfaces = &known};

	for (uint32_t i = 0; i < count; i++) {
		struct weir_packet packet = {.bytes = payload,
					     .time_ns = (first_s + i) * second,
					     .captured_len = 60,
					     .wire_len = 60,
					     .flags = WEIR_PACKET_DIRECTION_UNKNOWN};

		pcapng_packets(&encoder, &packet, 1);
	}
	used = (size_t)(encoder.at - bytes);
}

static void add_statistics(uint64_t now_s, uint64_t dropped, uint64_t delivered)
{
	struct pcapng_statistics statistics = {.digits = 9,
					       .start_ns = 1 * second,
					       .end_ns = now_s * second,
					       .now_ns = now_s * second,
					       .received = UINT64_MAX,
					       .accepted = UINT64_MAX,
					       .interface_dropped = dropped,
					       .os_dropped = dropped,
					       .delivered = delivered};

	used += pcapng_statistics(bytes + used, 4096, &statistics);
}

static void a_complete_file_says_so(void **state)
{
	add_head();
	add_packets(10, 100, 0);
	add_statistics(200, 0, 10);
	assert_int_equal(verify(used), 0);
	assert_int_equal(verified.bytes_whole, used);
	assert_int_equal(verified.packets, 10);
	assert_int_equal(verified.counted, 10);
	assert_int_equal(verified.lost, 0);
	assert_int_equal(verified.loss_count, 0);
}

static void losses_are_located_by_packets_and_by_counters(void **state)
{
	add_head();
	add_packets(10, 100, 0);
	add_packets(10, 120, 7); /* 7 lost between 109 s and 120 s */
	add_statistics(200, 7, 20);
	add_packets(1, 250, 0);
	add_statistics(300, 12, 21); /* and 5 between 200 s and 300 s */
	assert_int_equal(verify(used), 0);
	assert_int_equal(verified.lost, 12);
	assert_int_equal(verified.located, 12);
	assert_int_equal(verified.loss_count, 2);
	assert_int_equal(verified.losses[0].from_ns, 109 * second);
	assert_int_equal(verified.losses[0].to_ns, 120 * second);
	assert_int_equal(verified.losses[0].packets, 7);
	assert_string_equal(verified.losses[0].interface, "eth0");
	assert_int_equal(verified.losses[1].from_ns, 200 * second);
	assert_int_equal(verified.losses[1].to_ns, 300 * second);
	assert_int_equal(verified.losses[1].packets, 5);
}

static void a_file_without_counters_is_not_called_complete(void **state)
{
	add_head();
	add_packets(10, 100, 0);
	assert_int_equal(verify(used), 0);
	assert_int_equal(verified.packets, 10);
	assert_int_equal(verified.counted, UINT64_MAX);
	assert_int_equal(verified.lost, UINT64_MAX);
}

static void any_cut_is_found(void **state)
{
	size_t head;

	add_head();
	head = used;
	add_packets(3, 100, 0);
	for (size_t length = head + 1; length < used; length++) {
		assert_int_equal(verify(length), 0);
		if ((length - head) % ((used - head) / 3))
			assert_true(verified.bytes_whole < verified.bytes);
		assert_int_equal(verified.packets, (length - head) / ((used - head) / 3));
	}
}

static void sections_are_summed(void **state)
{
	for (int i = 0; i < 3; i++) {
		add_head();
		add_packets(4, 100, 0);
		add_statistics(200, 1, 4);
	}
	assert_int_equal(verify(used), 0);
	assert_int_equal(verified.packets, 12);
	assert_int_equal(verified.counted, 12);
	assert_int_equal(verified.lost, 3);
}

static void a_pcap_file_is_whole_or_not(void **state)
{
	used = pcap_header(bytes, 1, 65535, false);
	memset(bytes + used, 0, 76);
	bytes[used + 8] = 60;
	assert_int_equal(verify(used + 76), 0);
	assert_int_equal(verified.packets, 1);
	assert_int_equal(verified.bytes_whole, used + 76);
	assert_int_equal(verified.lost, UINT64_MAX);
	assert_int_equal(verify(used + 75), 0);
	assert_int_equal(verified.packets, 0);
	assert_int_equal(verified.bytes_whole, used);
}

static void other_files_are_refused(void **state)
{
	memset(bytes, 0x20, 100);
	assert_int_equal(verify(100), -EINVAL);
	assert_int_equal(verify(0), -EINVAL);
	assert_int_equal(weir_record_verify("/nonexistent/x", &verified, NULL), -ENOENT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_complete_file_says_so),
		CASE(losses_are_located_by_packets_and_by_counters),
		CASE(a_file_without_counters_is_not_called_complete),
		CASE(any_cut_is_found),
		CASE(sections_are_summed),
		CASE(a_pcap_file_is_whole_or_not),
		CASE(other_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
