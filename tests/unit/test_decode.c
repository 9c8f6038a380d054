/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding of packets made by hand: each specimen as it is, at every shorter
 * capture, at every shorter frame, and with every byte changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "promises.h"
#include "specimens.h"
#include "text.h"

enum { LINK_TYPE_ETHERNET = 1 };

/* A packet whose bytes lie in an allocation of their exact size, for the sanitizers. */
static struct weir_packet packet_of(const uint8_t *bytes, uint32_t captured, uint32_t wire)
{
	uint8_t *exact = malloc(captured ? captured : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, captured);
	return (struct weir_packet){.bytes = exact, .captured_len = captured, .wire_len = wire};
}

static void packet_free(struct weir_packet *packet)
{
	free((void *)packet->bytes);
}

static uint32_t wire_len_of(const struct specimen *specimen, uint32_t length)
{
	return specimen->wire_len ? specimen->wire_len : length;
}

static void each_specimen_decodes_as_written(void **state)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX];
	char text[DECODE_TEXT_BYTES];
	struct weir_headers outer, inner;

	for (size_t i = 0; i < specimen_count; i++) {
		const struct specimen *s = &specimens[i];
		uint32_t length = specimen_bytes(s, bytes);
		struct weir_packet packet = packet_of(bytes, length, wire_len_of(s, length));

		weir_decode_outer(&packet, 1, s->link_type, &outer);
		decode_text(&outer, bytes, text);
		if (strcmp(text, s->outer))
			print_error("%s:\n is   %s\n not  %s\n", s->name, text, s->outer);
		assert_string_equal(text, s->outer);
		weir_decode_inner(&packet, 1, &outer, &inner);
		decode_text(&inner, bytes, text);
		if (strcmp(text, s->inner ? s->inner : s->outer))
			print_error("%s:\n is   %s\n not  %s\n", s->name, text, s->inner);
		assert_string_equal(text, s->inner ? s->inner : s->outer);
		packet_free(&packet);
	}
}

/* Decode in every way; the promises of weir/decode.h must hold. */
static struct weir_headers decode_checked(const char *name, const struct weir_packet *packet,
					  uint32_t link_type)
{
	const char *broken = promise_broken_by(packet, link_type);
	struct weir_headers outer;

	if (broken)
		fail_msg("'%s', %u of %u bytes: not so: %s", name, packet->captured_len,
			 packet->wire_len, broken);
	weir_decode_outer(packet, 1, link_type, &outer);
	return outer;
}

static void a_shorter_capture_never_points_beyond_it(void **state)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX];
	struct weir_headers whole, cut;

	for (size_t i = 0; i < specimen_count; i++) {
		const struct specimen *s = &specimens[i];
		uint32_t length = specimen_bytes(s, bytes);
		struct weir_packet packet = packet_of(bytes, length, wire_len_of(s, length));

		whole = decode_checked(s->name, &packet, s->link_type);
		for (uint32_t captured = 0; captured < length; captured++) {
			struct weir_packet part = packet_of(bytes, captured, packet.wire_len);

			cut = decode_checked(s->name, &part, s->link_type);
			/* A cut is never the packet's fault. */
			if (whole.status == WEIR_DECODE_OK)
				assert_int_not_equal(cut.status, WEIR_DECODE_MALFORMED);
			if (cut.status == WEIR_DECODE_OK && whole.status == WEIR_DECODE_OK) {
				whole.inner_offset = cut.inner_offset;
				whole.inner_link_type = cut.inner_link_type;
				assert_memory_equal(&cut, &whole, sizeof(cut));
			}
			packet_free(&part);
		}
		packet_free(&packet);
	}
}

static void a_shorter_frame_is_never_called_truncated(void **state)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX];
	struct weir_headers headers;

	for (size_t i = 0; i < specimen_count; i++) {
		uint32_t length = specimen_bytes(&specimens[i], bytes);

		for (uint32_t wire = 0; wire < length; wire++) {
			struct weir_packet packet = packet_of(bytes, wire, wire);

			headers =
				decode_checked(specimens[i].name, &packet, specimens[i].link_type);
			assert_int_not_equal(headers.status, WEIR_DECODE_TRUNCATED);
			packet_free(&packet);
		}
	}
}

static void a_changed_byte_breaks_no_promise(void **state)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX];

	for (size_t i = 0; i < specimen_count; i++) {
		const struct specimen *s = &specimens[i];
		uint32_t length = specimen_bytes(s, bytes);
		struct weir_packet packet = packet_of(bytes, length, wire_len_of(s, length));
		uint8_t *changed = (uint8_t *)packet.bytes;

		for (uint32_t at = 0; at < length; at++) {
			for (int value = 0; value < 256; value++) {
				changed[at] = (uint8_t)value;
				decode_checked(s->name, &packet, s->link_type);
			}
			changed[at] = bytes[at];
		}
		packet_free(&packet);
	}
}

static void a_batch_is_decoded_in_step(void **state)
{
	uint8_t bytes[3][SPECIMEN_BYTES_MAX];
	struct weir_packet packets[3];
	struct weir_headers outer[3], inner[3], alone;

	for (int i = 0; i < 3; i++)
		packets[i] = (struct weir_packet){.bytes = bytes[i]};
	for (size_t first = 0; first + 3 <= specimen_count; first++) {
		for (int i = 0; i < 3; i++) {
			packets[i].captured_len = specimen_bytes(&specimens[first + i], bytes[i]);
			packets[i].wire_len = packets[i].captured_len;
		}
		weir_decode_outer(packets, 3, LINK_TYPE_ETHERNET, outer);
		weir_decode_inner(packets, 3, outer, inner);
		for (int i = 0; i < 3; i++) {
			weir_decode_outer(&packets[i], 1, LINK_TYPE_ETHERNET, &alone);
			assert_memory_equal(&outer[i], &alone, sizeof(alone));
			weir_decode_inner(&packets[i], 1, &alone, &alone); /* in place */
			assert_memory_equal(&inner[i], &alone, sizeof(alone));
		}
	}
}

static void headers_beyond_64_kib_are_out_of_reach(void **state)
{
	static uint8_t bytes[80000];
	struct weir_packet packet = {.bytes = bytes, .captured_len = sizeof(bytes)};
	struct weir_headers headers;
	uint32_t length;

	/* A super-packet as it was captured: as good as any. */
	length = specimen_bytes(&specimens[0], bytes);
	assert_true(length < sizeof(bytes));
	bytes[16] = bytes[17] = 0; /* total length */
	packet.wire_len = sizeof(bytes);
	headers = decode_checked("super-packet", &packet, LINK_TYPE_ETHERNET);
	assert_int_equal(headers.status, WEIR_DECODE_OK);
	assert_int_equal(headers.ip_bytes, sizeof(bytes) - 14);
	assert_int_equal(headers.payload_bytes, sizeof(bytes) - 54);
}

static void every_status_and_reason_has_a_name(void **state)
{
	for (int i = WEIR_DECODE_OK; i <= WEIR_DECODE_UNSUPPORTED; i++)
		assert_non_null(weir_decode_status_name(i));
	for (int i = WEIR_DECODE_REASON_NONE; i < WEIR_DECODE_REASON_COUNT; i++)
		assert_non_null(weir_decode_reason_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_specimen_decodes_as_written),
		cmocka_unit_test(a_shorter_capture_never_points_beyond_it),
		cmocka_unit_test(a_shorter_frame_is_never_called_truncated),
		cmocka_unit_test(a_changed_byte_breaks_no_promise),
		cmocka_unit_test(a_batch_is_decoded_in_step),
		cmocka_unit_test(headers_beyond_64_kib_are_out_of_reach),
		cmocka_unit_test(every_status_and_reason_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
