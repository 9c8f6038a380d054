/* SPDX-License-Identifier: Apache-2.0 */
/* The fields beyond the base record, each from traffic that has what it tells of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow_traffic.h"

/* The groups of the only record, copied while they live. */
struct seen {
	uint32_t records;
	struct weir_flow_record record;
	struct weir_flow_times times;
	struct weir_flow_ip ip;
	struct weir_flow_tcp tcp;
	struct weir_flow_origin origin;
	struct weir_flow_histogram histogram;
	struct weir_flow_first first[4];
};

static void keep(void *user, const struct weir_flow_record *record)
{
	struct seen *seen = user;

	seen->records++;
	seen->record = *record;
	if (record->times)
		seen->times = *record->times;
	if (record->ip)
		seen->ip = *record->ip;
	if (record->tcp)
		seen->tcp = *record->tcp;
	if (record->origin)
		seen->origin = *record->origin;
	if (record->histogram)
		seen->histogram = *record->histogram;
	if (record->first)
		memcpy(seen->first, record->first, record->first_count * sizeof(*seen->first));
}

static struct traffic traffic;
static struct seen seen;

/* Meter what was added, with all fields. */
static void run(uint64_t active_timeout_s)
{
	struct weir_flow_settings settings;
	struct weir_flow *flow;

	memset(&seen, 0, sizeof(seen));
	weir_flow_settings_init(&settings);
	settings.flows_max = 100;
	settings.fields = WEIR_FLOW_FIELD_TIMES | WEIR_FLOW_FIELD_IP | WEIR_FLOW_FIELD_TCP |
			  WEIR_FLOW_FIELD_ORIGIN | WEIR_FLOW_FIELD_HISTOGRAM |
			  WEIR_FLOW_FIELD_PACKETS;
	settings.first_packets = 4;
	settings.active_timeout_ns = active_timeout_s * TRAFFIC_S;
	assert_int_equal(weir_flow_open(&settings, NULL, keep, &seen, &flow, NULL), 0);
	traffic_meter(&traffic, flow, 0, 5);
	weir_flow_finish(flow, 0);
	weir_flow_close(flow);
	traffic_free(&traffic);
}

static struct traffic_packet tcp_packet(uint64_t at_ms, int reverse, uint8_t flags,
					uint32_t sequence, uint16_t payload)
{
	return (struct traffic_packet){
		.time_ns = TRAFFIC_T0 + at_ms * 1000000,
		.source = reverse ? 2 : 9,
		.destination = reverse ? 9 : 2,
		.source_port = reverse ? 80 : 40000,
		.destination_port = reverse ? 40000 : 80,
		.protocol = TCP,
		.flags = flags,
		.payload = payload,
		.sequence = sequence,
		.ttl = reverse ? 50 : 64,
	};
}

static void a_handshake_gives_both_round_trips_and_the_options(void **state)
{
	struct traffic_packet syn = tcp_packet(0, 0, SYN, 1000, 0);

	syn.options = "\x02\x04\x05\xb4\x01\x03\x03\x07"; /* MSS 1460, NOP, scale 7 */
	syn.option_bytes = 8;
	traffic_add(&traffic, syn);
	traffic_add(&traffic, tcp_packet(30, 1, SYN | ACK, 5000, 0));
	traffic_add(&traffic, tcp_packet(35, 0, ACK, 1001, 0));
	run(300);
	assert_int_equal(seen.tcp.syn_ack_ns - seen.tcp.syn_ns, 30000000);
	assert_int_equal(seen.tcp.ack_ns - seen.tcp.syn_ack_ns, 5000000);
	assert_int_equal(seen.tcp.mss[0], 1460);
	assert_int_equal(seen.tcp.window_scale[0], 7);
	assert_int_equal(seen.tcp.window_scale[1], 255);
	assert_int_equal(seen.tcp.options[0], 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(seen.tcp.window_first[0], 1024);
}

static void segments_seen_before_are_retransmissions_and_overtaken_ones_are_not(void **state)
{
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 100));
	traffic_add(&traffic, tcp_packet(1, 0, ACK, 1200, 100));   /* overtakes the next */
	traffic_add(&traffic, tcp_packet(2, 0, ACK, 1100, 100));   /* out of order */
	traffic_add(&traffic, tcp_packet(300, 0, ACK, 1000, 100)); /* sent again */
	traffic_add(&traffic, tcp_packet(400, 0, ACK, 1299, 1));   /* keep-alive */
	traffic_add(&traffic, tcp_packet(500, 0, ACK, 1300, 0));   /* pure ACK */
	traffic_add(&traffic, tcp_packet(600, 0, ACK, 1300, 100));
	run(300);
	assert_int_equal(seen.tcp.out_of_order[0], 1);
	assert_int_equal(seen.tcp.retransmitted[0], 1);
	assert_int_equal(seen.tcp.sequence_next[0], 1400);
	assert_int_equal(seen.tcp.retransmitted[1], 0);
}

/* Of two CPUs, whose packets come in turn. */
static void an_overtaken_segment_may_have_an_older_time(void **state)
{
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 100));
	traffic_add(&traffic, tcp_packet(10, 0, ACK, 1200, 100));
	traffic_add(&traffic, tcp_packet(5, 0, ACK, 1100, 100));
	run(300);
	assert_int_equal(seen.tcp.out_of_order[0], 1);
	assert_int_equal(seen.tcp.retransmitted[0], 0);
}

static void sequence_numbers_wrap(void **state)
{
	traffic_add(&traffic, tcp_packet(0, 0, ACK, UINT32_MAX - 49, 100));
	traffic_add(&traffic, tcp_packet(100, 0, ACK, 50, 100));
	run(300);
	assert_int_equal(seen.tcp.retransmitted[0], 0);
	assert_int_equal(seen.tcp.sequence_next[0], 150);
}

static void a_retransmission_after_the_active_timeout_is_still_one(void **state)
{
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 100));
	traffic_add(&traffic, tcp_packet(11000, 0, ACK, 1000, 100));
	run(10);
	assert_int_equal(seen.records, 2);
	assert_int_equal(seen.tcp.retransmitted[0], 1);
}

static void directions_have_their_own_times_sizes_and_lifetimes(void **state)
{
	struct traffic_packet p = tcp_packet(20, 0, ACK, 1100, 500);

	p.ttl = 60;
	p.tos = 46 << 2;
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 100));
	traffic_add(&traffic, tcp_packet(10, 1, ACK, 1, 0));
	traffic_add(&traffic, p);
	run(300);
	assert_int_equal(seen.times.first_ns[0], TRAFFIC_T0);
	assert_int_equal(seen.times.last_ns[0], TRAFFIC_T0 + 20000000);
	assert_int_equal(seen.times.first_ns[1], TRAFFIC_T0 + 10000000);
	assert_int_equal(seen.times.frames[0], 2);
	assert_int_equal(seen.times.frame_bytes[1], 54);
	assert_int_equal(seen.ip.bytes_min[0], 140);
	assert_int_equal(seen.ip.bytes_max[0], 540);
	assert_int_equal(seen.ip.ttl_max[0], 64);
	assert_int_equal(seen.record.forward.ttl_min, 60);
	assert_int_equal(seen.ip.ttl_first[1], 50);
	assert_int_equal(seen.ip.dscp_set[0], UINT64_C(1) | UINT64_C(1) << 46);
}

static void frames_that_waited_for_a_first_fragment_count_in_full(void **state)
{
	struct traffic_packet p = tcp_packet(0, 0, 0, 0, 400);

	p.protocol = UDP;
	p.fragment_id = 7;
	p.fragment_offset = 52; /* 8 + 408 bytes before it */
	traffic_add(&traffic, p);
	p.fragment_offset = 0;
	p.more_fragments = 1;
	p.payload = 408;
	traffic_add(&traffic, p);
	run(300);
	assert_int_equal(seen.records, 1);
	assert_int_equal(seen.times.frames[0], 2);
	assert_int_equal(seen.times.frame_bytes[0], 34 + 400 + 42 + 408);
}

static void the_first_packets_are_kept_and_no_more(void **state)
{
	for (uint16_t i = 0; i < 6; i++)
		traffic_add(&traffic, tcp_packet(i, i & 1, ACK, 1000, i));
	run(300);
	assert_int_equal(seen.record.first_count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(seen.first[i].time_ns, TRAFFIC_T0 + i * 1000000);
		assert_int_equal(seen.first[i].payload_bytes, i);
		assert_int_equal(seen.first[i].direction, i & 1);
	}
}

static void the_histogram_counts_the_payload_that_was_captured(void **state)
{
	uint64_t sum = 0;

	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 20));
	memset(traffic.frames[0] + 54, 'x', 7);
	traffic_add(&traffic, tcp_packet(1, 0, ACK, 1000, 1000)); /* captured in part */
	run(300);
	for (int i = 0; i < 256; i++)
		sum += seen.histogram.count[i];
	assert_int_equal(seen.histogram.count['x'], 7);
	assert_int_equal(sum, 20 + TRAFFIC_FRAME_MAX - 54);
}

/* As after gigabytes: a record shows the table's own memory. */
static void nearly_fill(void *user, const struct weir_flow_record *record)
{
	((struct weir_flow_histogram *)record->histogram)->count[0] = UINT32_MAX - 3;
}

static void a_full_count_of_the_histogram_does_not_begin_anew(void **state)
{
	struct weir_flow_settings settings;
	struct weir_flow *flow;
	uint64_t position = 0;

	memset(&seen, 0, sizeof(seen));
	weir_flow_settings_init(&settings);
	settings.flows_max = 100;
	settings.fields = WEIR_FLOW_FIELD_HISTOGRAM;
	assert_int_equal(weir_flow_open(&settings, NULL, keep, &seen, &flow, NULL), 0);
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 20));
	traffic_meter(&traffic, flow, 0, 1);
	while (weir_flow_visit(flow, &position, 1000, nearly_fill, NULL))
		;
	traffic_add(&traffic, tcp_packet(1, 0, ACK, 1020, 20));
	traffic_meter(&traffic, flow, 1, 1);
	weir_flow_finish(flow, 0);
	assert_int_equal(seen.histogram.count[0], UINT32_MAX);
	weir_flow_close(flow);
	traffic_free(&traffic);
}

static void the_origin_is_that_of_the_first_packet(void **state)
{
	struct traffic_packet p = tcp_packet(0, 0, ACK, 1000, 20);

	p.vlan = 0x2005;
	traffic_add(&traffic, p);
	traffic_add(&traffic, tcp_packet(1, 1, ACK, 1000, 20));
	run(300);
	assert_int_equal(seen.record.vlan_id, 5);
	assert_int_equal(seen.origin.vlan_tci[0], 0x2005);
	assert_int_equal(seen.origin.vlan_count, 1);
	assert_int_equal(seen.origin.ethertype, 0x0800);
	assert_int_equal(seen.origin.source_mac[5], 9);
	assert_int_equal(seen.origin.destination_mac[5], 2);
}

static void groups_not_asked_for_are_not_there(void **state)
{
	struct weir_flow_settings settings;
	struct weir_flow *flow;

	weir_flow_settings_init(&settings);
	settings.flows_max = 100;
	traffic_add(&traffic, tcp_packet(0, 0, ACK, 1000, 20));
	assert_int_equal(weir_flow_open(&settings, NULL, keep, &seen, &flow, NULL), 0);
	traffic_meter(&traffic, flow, 0, 5);
	weir_flow_finish(flow, 0);
	weir_flow_close(flow);
	traffic_free(&traffic);
	assert_null(seen.record.times);
	assert_null(seen.record.ip);
	assert_null(seen.record.tcp);
	assert_null(seen.record.origin);
	assert_null(seen.record.histogram);
	assert_null(seen.record.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_gives_both_round_trips_and_the_options),
		cmocka_unit_test(
			segments_seen_before_are_retransmissions_and_overtaken_ones_are_not),
		cmocka_unit_test(an_overtaken_segment_may_have_an_older_time),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(a_retransmission_after_the_active_timeout_is_still_one),
		cmocka_unit_test(directions_have_their_own_times_sizes_and_lifetimes),
		cmocka_unit_test(frames_that_waited_for_a_first_fragment_count_in_full),
		cmocka_unit_test(the_first_packets_are_kept_and_no_more),
		cmocka_unit_test(the_histogram_counts_the_payload_that_was_captured),
		cmocka_unit_test(a_full_count_of_the_histogram_does_not_begin_anew),
		cmocka_unit_test(the_origin_is_that_of_the_first_packet),
		cmocka_unit_test(groups_not_asked_for_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
