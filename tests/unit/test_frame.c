/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "generate/frame.h"

static const struct frame_link link_1500 = {.index = 7, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 1}};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};

static struct weir_generate_settings plain(void)
{
	return (struct weir_generate_settings){
		.interface = "eth0", .flows = 1000, .destination_mac = peer_mac};
}

static struct frame_set opened(const struct weir_generate_settings *settings)
{
	struct frame_set set;
	struct weir_error error = {0};

	assert_int_equal(frame_set_open(&set, settings, &link_1500, &error), 0);
	return set;
}

static uint8_t *template_copy(const struct frame_set *set)
{
	uint8_t *bytes = malloc(set->bytes_max);

	assert_non_null(bytes);
	memcpy(bytes, set->template, set->bytes_max);
	return bytes;
}

/* ---- a reader of frames that shares nothing with their writer ---- */

struct seen {
	uint32_t ethertype, tci, address, port, protocol;
	bool tagged;
};

static uint32_t be(const uint8_t *at, int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *at++;
	return v;
}

/* RFC 1071, byte by byte: even bytes weigh 256, odd ones 1. */
static uint32_t ones(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] * 256;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

static void check_udp(const uint8_t *udp, uint32_t length, const uint8_t *addresses,
		      uint32_t addresses_length)
{
	uint32_t sum = ones(17, addresses, addresses_length);
	uint8_t length_bytes[2] = {(uint8_t)(length >> 8), (uint8_t)length};

	assert_int_equal(be(udp + 4, 2), length);
	assert_int_not_equal(be(udp + 6, 2), 0);
	sum = ones(sum, length_bytes, 2);
	assert_int_equal(ones(sum, udp, length), 0xffff);
}

static struct seen check_frame(const uint8_t *bytes, uint32_t length)
{
	struct seen seen = {.ethertype = be(bytes + 12, 2)};
	const uint8_t *ip = bytes + 14;

	if (seen.ethertype == 0x8100) {
		seen.tagged = true;
		seen.tci = be(bytes + 14, 2);
		seen.ethertype = be(bytes + 16, 2);
		ip += 4;
	}
	length -= (uint32_t)(ip - bytes);
	if (seen.ethertype == 0x0800) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(be(ip + 2, 2), length);
		assert_int_equal(ones(0, ip, 20), 0xffff);
		seen.address = be(ip + 12, 4);
		seen.port = be(ip + 20, 2);
		seen.protocol = ip[9];
		check_udp(ip + 20, length - 20, ip + 12, 8);
	} else {
		assert_int_equal(seen.ethertype, 0x86dd);
		assert_int_equal(ip[0], 0x60);
		assert_int_equal(be(ip + 4, 2), length - 40);
		seen.address = be(ip + 20, 4);
		seen.port = be(ip + 40, 2);
		seen.protocol = ip[6];
		check_udp(ip + 40, length - 40, ip + 8, 32);
	}
	assert_int_equal(seen.protocol, 17);
	return seen;
}

/* Check 'count' frames; all of them are written into the same buffer, as senders do. */
static void check_frames(const struct weir_generate_settings *settings, uint64_t count)
{
	struct frame_set set = opened(settings);
	uint8_t *bytes = template_copy(&set);
	uint64_t total = 0;

	for (uint64_t n = 0; n < count; n++) {
		uint32_t length = frame_write(&set, n, bytes);
		struct seen seen = check_frame(bytes, length);

		assert_int_equal(seen.tagged, settings->vlan);
		assert_int_equal(seen.tci, settings->vlan_id);
		total += length;
	}
	assert_int_equal(frame_bytes(&set, 0, count), total);
	free(bytes);
	frame_set_close(&set);
}

/* ---- the tests ---- */

static void checksums_of_ipv4_are_right(void **state)
{
	struct weir_generate_settings settings = plain();

	check_frames(&settings, 70000);
	settings.frame_bytes = 1514;
	check_frames(&settings, 100);
}

static void checksums_of_ipv6_are_right(void **state)
{
	struct weir_generate_settings settings = plain();

	settings.ipv6 = true;
	check_frames(&settings, 70000);
}

static void checksums_under_a_vlan_tag_are_right(void **state)
{
	struct weir_generate_settings settings = plain();

	settings.vlan = true;
	settings.vlan_id = 100;
	check_frames(&settings, 1000);
	settings.ipv6 = true;
	check_frames(&settings, 1000);
}

static void checksums_of_odd_lengths_are_right(void **state)
{
	struct weir_generate_settings settings = plain();

	for (settings.frame_bytes = 42; settings.frame_bytes < 120; settings.frame_bytes++)
		check_frames(&settings, 3);
}

static void a_checksum_of_zero_is_sent_as_ffff(void **state)
{
	struct weir_generate_settings settings = plain();
	struct frame_set set;
	uint8_t *bytes;
	int found = 0;

	settings.flows = 300000; /* one in 65536 sums up to that */
	set = opened(&settings);
	bytes = template_copy(&set);
	for (uint64_t n = 0; n < settings.flows; n++) {
		frame_write(&set, n, bytes);
		assert_int_not_equal(be(bytes + 40, 2), 0);
		found += be(bytes + 40, 2) == 0xffff;
	}
	assert_true(found > 0);
	free(bytes);
	frame_set_close(&set);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The number of distinct pairs of source address and port in 'count' frames. */
static size_t distinct(const struct weir_generate_settings *settings, size_t count)
{
	struct frame_set set = opened(settings);
	uint64_t *pairs = calloc(count, sizeof(*pairs));
	uint8_t *bytes = template_copy(&set);
	size_t found = 1;

	assert_non_null(pairs);
	for (size_t n = 0; n < count; n++) {
		struct seen seen = check_frame(bytes, frame_write(&set, n, bytes));

		pairs[n] = (uint64_t)seen.address << 16 | seen.port;
	}
	qsort(pairs, count, sizeof(*pairs), by_value);
	for (size_t n = 1; n < count; n++)
		found += pairs[n] != pairs[n - 1];
	free(bytes);
	free(pairs);
	frame_set_close(&set);
	return found;
}

static void flows_are_distinct_and_taken_in_turn(void **state)
{
	struct weir_generate_settings settings = plain();

	assert_int_equal(distinct(&settings, 999), 999);
	assert_int_equal(distinct(&settings, 1000), 1000);
	assert_int_equal(distinct(&settings, 5000), 1000);
	settings.flows = 200000;
	assert_int_equal(distinct(&settings, 200000), 200000);
	settings.ipv6 = true;
	assert_int_equal(distinct(&settings, 200000), 200000);
}

static void a_seed_decides_the_frames(void **state)
{
	struct weir_generate_settings settings = plain();
	struct frame_set a, b, c;

	settings.frame_bytes = 200;
	a = opened(&settings);
	b = opened(&settings);
	settings.seed = 1;
	c = opened(&settings);
	assert_memory_equal(&a.plan, &b.plan, sizeof(a.plan));
	assert_memory_equal(a.template, b.template, 200);
	assert_memory_not_equal(a.template, c.template, 200);
	assert_int_not_equal(a.plan.port_rotation, c.plan.port_rotation);
	frame_set_close(&a);
	frame_set_close(&b);
	frame_set_close(&c);
}

static void imix_is_seven_to_four_to_one(void **state)
{
	struct weir_generate_settings settings = plain();
	uint32_t lengths[] = {60, 566, 1514}, counts[3] = {0};
	struct frame_set set;
	uint8_t *bytes;

	settings.imix = true;
	set = opened(&settings);
	bytes = template_copy(&set);
	for (uint64_t n = 0; n < 120; n++) {
		uint32_t length = frame_write(&set, n, bytes);

		check_frame(bytes, length);
		for (int i = 0; i < 3; i++)
			counts[i] += length == lengths[i];
	}
	assert_int_equal(counts[0], 70);
	assert_int_equal(counts[1], 40);
	assert_int_equal(counts[2], 10);
	assert_int_equal(frame_bytes(&set, 0, 12), 7 * 60 + 4 * 566 + 1514);
	assert_int_equal(frame_bytes(&set, 5, 7) + frame_bytes(&set, 12, 5),
			 frame_bytes(&set, 5, 12));
	free(bytes);
	frame_set_close(&set);
}

static void the_default_size_holds_the_headers(void **state)
{
	struct weir_generate_settings settings = plain();
	struct frame_set set = opened(&settings);

	assert_int_equal(set.bytes_max, 60);
	frame_set_close(&set);
	settings.ipv6 = settings.vlan = true;
	set = opened(&settings);
	assert_int_equal(set.bytes_max, 66);
	frame_set_close(&set);
}

static void refused(const struct weir_generate_settings *settings, const char *word)
{
	struct weir_error error = {0};
	struct frame_set set;

	assert_int_equal(frame_set_open(&set, settings, &link_1500, &error), -EINVAL);
	assert_non_null(strstr(error.text, word));
	assert_null(set.template);
}

static void impossible_settings_are_refused_with_a_reason(void **state)
{
	struct weir_generate_settings settings = plain();

	settings.frame_bytes = 41;
	refused(&settings, "at least 42");
	settings.frame_bytes = 1515;
	refused(&settings, "at most 1514");
	settings.vlan = true;
	settings.frame_bytes = 1519;
	refused(&settings, "at most 1518");
	settings.vlan_id = 4095;
	refused(&settings, "VLAN id 4095");
	settings.vlan_id = 4094;
	settings.frame_bytes = 100;
	settings.imix = true;
	refused(&settings, "imix");
	settings.imix = false;
	settings.flows = 1u << 31 | 1;
	refused(&settings, "too many flows");
	settings.flows = 40000;
	settings.source_address = (const uint8_t[]){255, 255, 255, 255};
	refused(&settings, "2 source addresses");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_of_ipv4_are_right),
		cmocka_unit_test(checksums_of_ipv6_are_right),
		cmocka_unit_test(checksums_under_a_vlan_tag_are_right),
		cmocka_unit_test(checksums_of_odd_lengths_are_right),
		cmocka_unit_test(a_checksum_of_zero_is_sent_as_ffff),
		cmocka_unit_test(flows_are_distinct_and_taken_in_turn),
		cmocka_unit_test(a_seed_decides_the_frames),
		cmocka_unit_test(imix_is_seven_to_four_to_one),
		cmocka_unit_test(the_default_size_holds_the_headers),
		cmocka_unit_test(impossible_settings_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
