/* SPDX-License-Identifier: Apache-2.0 */
/* The reading side of an AF_XDP queue, against frames and notes written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "xdp_queue.h"

enum { ENTRIES = 4, FRAME_BYTES = 2048, HEADROOM = 256, LENGTH = 60 };
enum { NOW_NS = 900000, TO_UNIX_NS = 50000, PROGRAM_NS = 1000, ADAPTER_NS = 777777 };

static uint8_t memory[ENTRIES * FRAME_BYTES];
static struct xdp_desc entries[ENTRIES];
static uint32_t producer;

static struct xdp_queue new_queue(void)
{
	memset(memory, 0, sizeof(memory));
	producer = 0;
	return (struct xdp_queue){
		.fd = -1,
		.memory = memory,
		.to_unix_ns = TO_UNIX_NS,
		.now_ns = NOW_NS,
		.receive = {.producer = &producer, .entries = entries, .mask = ENTRIES - 1},
	};
}

/* What program and kernel do for one packet. */
static void put(const struct xdp_note *note)
{
	uint32_t at = producer++ & (ENTRIES - 1);

	entries[at] = (struct xdp_desc){.addr = at * FRAME_BYTES + HEADROOM, .len = LENGTH};
	memcpy(memory + entries[at].addr - sizeof(*note), note, sizeof(*note));
}

static struct weir_packet take(struct xdp_queue *queue)
{
	const struct xdp_whole whole = {0};
	struct weir_packet packets[ENTRIES];

	assert_int_equal(xdp_queue_take(queue, ENTRIES, &whole, packets), 1);
	assert_int_equal(packets[0].captured_len, LENGTH);
	return packets[0];
}

static void programs_time_becomes_unix_time(void **state)
{
	struct xdp_queue queue = new_queue();

	put(&(struct xdp_note){.mark = XDP_NOTE_MARK, .time = PROGRAM_NS});
	assert_int_equal(take(&queue).time_ns, PROGRAM_NS + TO_UNIX_NS);
	assert_int_equal(queue.own_times, 1);
	(void)state;
}

static void adapters_time_and_hash_are_taken_as_told(void **state)
{
	struct xdp_queue queue = new_queue();
	struct weir_packet packet;

	put(&(struct xdp_note){.mark = XDP_NOTE_MARK,
			       .time = ADAPTER_NS,
			       .is_adapter_time = 1,
			       .hash = 0xabcd1234});
	packet = take(&queue);
	assert_int_equal(packet.time_ns, ADAPTER_NS);
	assert_int_equal(packet.rx_hash, 0xabcd1234);
	assert_int_equal(queue.own_times, 0);
	(void)state;
}

static void without_a_note_the_time_is_that_of_reading(void **state)
{
	struct xdp_queue queue = new_queue();
	struct weir_packet packet;

	put(&(struct xdp_note){.time = ADAPTER_NS, .is_adapter_time = 1, .hash = 1});
	packet = take(&queue);
	assert_int_equal(packet.time_ns, NOW_NS);
	assert_int_equal(packet.rx_hash, 0);
	assert_int_equal(queue.own_times, 1);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_time_becomes_unix_time),
		cmocka_unit_test(adapters_time_and_hash_are_taken_as_told),
		cmocka_unit_test(without_a_note_the_time_is_that_of_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
