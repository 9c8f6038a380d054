/* SPDX-License-Identifier: Apache-2.0 */
/* Flows from packets: what belongs together, when it ends, and what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow_traffic.h"

struct fixture {
	struct weir_flow_settings settings;
	struct weir_flow *flow;
	struct traffic traffic;
	struct traffic_records records;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	weir_flow_settings_init(&f.settings);
	f.settings.flows_max = 1000;
	f.settings.fragments_max = 64;
	f.settings.seed = 1;
	*state = &f;
	return 0;
}

static void open_meter(struct fixture *f)
{
	assert_int_equal(
		weir_flow_open(&f->settings, NULL, traffic_collect, &f->records, &f->flow, NULL),
		0);
}

/* Every frame is in one place, every flow created was emitted. */
static void assert_balanced(const struct weir_flow *flow, uint64_t frames)
{
	struct weir_flow_counters c;
	uint64_t ignored = 0, ended = 0;

	weir_flow_counters_read(flow, &c);
	for (int i = 0; i < WEIR_FLOW_IGNORED_COUNT; i++)
		ignored += c.ignored[i];
	for (int i = 0; i < WEIR_FLOW_END_COUNT; i++)
		ended += c.ended[i];
	assert_int_equal(c.frames, frames);
	assert_int_equal(c.frames, c.metered + c.sampled_out + c.waiting + ignored);
	assert_int_equal(c.flows, c.active + ended);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->flow) {
		weir_flow_finish(f->flow, 0);
		assert_balanced(f->flow, f->traffic.count);
	}
	weir_flow_close(f->flow);
	traffic_free(&f->traffic);
	free(f->records.record);
	return 0;
}

static struct traffic_packet tcp_packet(double at_s, int reverse, uint8_t flags)
{
	return (struct traffic_packet){
		.time_ns = TRAFFIC_T0 + (uint64_t)(at_s * 1e9),
		.source = reverse ? 2 : 9,
		.destination = reverse ? 9 : 2,
		.source_port = reverse ? 80 : 40000,
		.destination_port = reverse ? 40000 : 80,
		.protocol = TCP,
		.flags = flags,
		.payload = 100,
	};
}

static void run(struct fixture *f)
{
	if (!f->flow)
		open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 7);
	weir_flow_finish(f->flow, 0);
}

static void both_directions_are_one_flow_and_the_initiator_gives_the_direction(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(0.1, 1, SYN | ACK));
	traffic_add(&f->traffic, tcp_packet(0.2, 0, ACK));
	run(f);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].source_port, 40000);
	assert_int_equal(f->records.record[0].source_address[3], 9);
	assert_int_equal(f->records.record[0].forward.packets, 2);
	assert_int_equal(f->records.record[0].forward.bytes, 2 * 140);
	assert_int_equal(f->records.record[0].forward.payload_bytes, 200);
	assert_int_equal(f->records.record[0].forward.tcp_flags, SYN | ACK);
	assert_int_equal(f->records.record[0].reverse.packets, 1);
	assert_int_equal(f->records.record[0].first_ns, TRAFFIC_T0);
	assert_int_equal(f->records.record[0].last_ns, TRAFFIC_T0 + 200000000);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_FORCED);
	assert_true(f->records.record[0].biflow);
}

static void a_capture_that_begins_with_the_answer_knows_the_initiator(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, tcp_packet(0, 1, SYN | ACK));
	run(f);
	assert_int_equal(f->records.record[0].source_port, 40000);
	assert_int_equal(f->records.record[0].forward.packets, 0);
	assert_int_equal(f->records.record[0].forward.ttl_min, 0);
	assert_int_equal(f->records.record[0].reverse.packets, 1);
}

static void uniflow_makes_a_flow_of_each_direction(void **state)
{
	struct fixture *f = *state;

	f->settings.uniflow = true;
	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(0.1, 1, SYN | ACK));
	run(f);
	assert_int_equal(f->records.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->records.record[i].forward.packets, 1);
		assert_int_equal(f->records.record[i].reverse.packets, 0);
		assert_false(f->records.record[i].biflow);
	}
}

static void an_echo_and_its_reply_are_one_flow(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = {.time_ns = TRAFFIC_T0,
				   .source = 9,
				   .destination = 2,
				   .protocol = ICMP,
				   .destination_port = 8 << 8};

	for (int v6 = 0; v6 < 2; v6++) {
		p.v6 = (uint8_t)v6;
		p.protocol = v6 ? ICMP6 : ICMP;
		p.source = 9, p.destination = 2;
		p.destination_port = v6 ? 128 << 8 : 8 << 8;
		traffic_add(&f->traffic, p);
		p.source = 2, p.destination = 9;
		p.destination_port = v6 ? 129 << 8 : 0;
		traffic_add(&f->traffic, p);
	}
	run(f);
	assert_int_equal(f->records.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->records.record[i].forward.packets, 1);
		assert_int_equal(f->records.record[i].reverse.packets, 1);
		assert_int_equal(f->records.record[i].source_port, 0);
		assert_int_equal(f->records.record[i].destination_port, i ? 128 << 8 : 8 << 8);
	}
}

static void a_flow_that_begins_with_a_reply_belongs_to_who_had_asked(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, (struct traffic_packet){.time_ns = TRAFFIC_T0,
							 .source = 2,
							 .destination = 9,
							 .protocol = ICMP});
	run(f);
	assert_int_equal(f->records.record[0].source_address[3], 9);
	assert_int_equal(f->records.record[0].reverse.packets, 1);
	assert_int_equal(f->records.record[0].destination_port, 8 << 8);
}

static void later_fragments_go_to_the_flow_of_the_first_whichever_comes_first(void **state)
{
	struct fixture *f = *state;

	for (int v6 = 0; v6 < 2; v6++)
		for (int late = 0; late < 2; late++)
			for (int part = 0; part < 2; part++) {
				struct traffic_packet p = {
					.time_ns = TRAFFIC_T0 + f->traffic.count,
					.source = 1,
					.destination = 2,
					.source_port = 5000,
					.destination_port = 53,
					.protocol = UDP,
					.payload = 64,
					.v6 = (uint8_t)v6,
					.fragment_id = (uint32_t)(77 + late),
				};
				bool first = part == late;

				p.fragment_offset = first ? 0 : 9;
				p.more_fragments = first;
				traffic_add(&f->traffic, p);
			}
	run(f);
	assert_int_equal(f->records.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->records.record[i].source_port, 5000);
		assert_int_equal(f->records.record[i].forward.packets, 4);
		assert_int_equal(f->records.record[i].forward.bytes,
				 i ? 2 * (48 + 8 + 64) + 2 * (48 + 64)
				   : 2 * (20 + 8 + 64) + 2 * (20 + 64));
	}
}

/* Two customers with the same addresses send fragments with the same id. */
static void fragments_of_different_networks_are_told_apart_by_the_key(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, 0);

	p.protocol = UDP;
	p.fragment_id = 7;
	p.payload = 64;
	f->settings.key = WEIR_FLOW_KEY_VLAN;
	for (int later = 0; later < 2; later++)
		for (uint16_t vlan = 5; vlan < 7; vlan++) {
			p.vlan = vlan;
			p.source_port = (uint16_t)(1000 + vlan);
			p.more_fragments = !later;
			p.fragment_offset = later ? 9 : 0;
			traffic_add(&f->traffic, p);
		}
	run(f);
	assert_int_equal(f->records.count, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(f->records.record[i].forward.packets +
					 f->records.record[i].reverse.packets,
				 2);
}

static void a_fragment_whose_first_never_came_is_counted_and_makes_no_flow(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;

	traffic_add(&f->traffic, (struct traffic_packet){.time_ns = TRAFFIC_T0,
							 .source = 1,
							 .destination = 2,
							 .protocol = UDP,
							 .payload = 64,
							 .fragment_offset = 9});
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 1);
	weir_flow_counters_read(f->flow, &c);
	assert_int_equal(c.waiting, 1);
	weir_flow_finish(f->flow, 0);
	weir_flow_counters_read(f->flow, &c);
	assert_int_equal(c.waiting, 0);
	assert_int_equal(c.ignored[WEIR_FLOW_IGNORED_FRAGMENT], 1);
	assert_int_equal(f->records.count, 0);
}

static void an_identification_used_again_after_its_life_is_another_datagram(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = {.time_ns = TRAFFIC_T0,
				   .source = 1,
				   .destination = 2,
				   .source_port = 5000,
				   .destination_port = 53,
				   .protocol = UDP,
				   .payload = 64,
				   .more_fragments = 1};

	traffic_add(&f->traffic, p);
	p.time_ns += 61 * TRAFFIC_S;
	p.fragment_offset = 9;
	p.more_fragments = 0;
	traffic_add(&f->traffic, p);
	run(f);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].forward.packets, 1);
}

static void the_active_timeout_is_tested_before_the_packet_is_added(void **state)
{
	struct fixture *f = *state;

	f->settings.active_timeout_ns = 10 * TRAFFIC_S;
	for (int i = 0; i <= 10; i++)
		traffic_add(&f->traffic, tcp_packet(i, i & 1, ACK));
	run(f);
	assert_int_equal(f->records.count, 2);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_ACTIVE);
	assert_int_equal(
		f->records.record[0].forward.packets + f->records.record[0].reverse.packets, 10);
	assert_int_equal(f->records.record[1].first_ns, TRAFFIC_T0 + 10 * TRAFFIC_S);
}

static void a_flow_that_goes_on_after_its_active_timeout_keeps_its_direction(void **state)
{
	struct fixture *f = *state;

	f->settings.active_timeout_ns = 10 * TRAFFIC_S;
	f->settings.idle_timeout_ns = 5 * TRAFFIC_S;
	for (int i = 0; i < 3; i++)
		traffic_add(&f->traffic, tcp_packet(4.5 * i, 0, ACK));
	/* Another flow's packets move the wheel; then the responder speaks first. */
	for (int i = 0; i < 20; i++) {
		struct traffic_packet p = tcp_packet(9 + 0.2 * i, 0, ACK);

		p.protocol = UDP;
		traffic_add(&f->traffic, p);
	}
	traffic_add(&f->traffic, tcp_packet(13.5, 1, ACK));
	run(f);
	assert_int_equal(f->records.count, 3);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_ACTIVE);
	assert_int_equal(f->records.record[0].last_ns, TRAFFIC_T0 + 9 * TRAFFIC_S);
	for (uint32_t i = 1; i < 3; i++)
		if (f->records.record[i].protocol == TCP) {
			assert_int_equal(f->records.record[i].source_port, 40000);
			assert_int_equal(f->records.record[i].reverse.packets, 1);
			assert_int_equal(f->records.record[i].forward.packets, 0);
		}
}

static void fins_of_both_sides_end_a_flow_with_what_lingers(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(1, 0, FIN | ACK));
	traffic_add(&f->traffic, tcp_packet(1.1, 1, FIN | ACK));
	traffic_add(&f->traffic, tcp_packet(1.2, 0, ACK)); /* lingers */
	traffic_add(&f->traffic, tcp_packet(9, 0, ACK));   /* much later: another flow */
	run(f);
	assert_int_equal(f->records.count, 2);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_DETECTED);
	assert_int_equal(f->records.record[0].forward.packets, 3);
	assert_int_equal(f->records.record[1].end_reason, WEIR_FLOW_END_FORCED);
}

static void a_new_syn_after_a_reset_begins_a_flow(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(0.1, 1, RST));
	traffic_add(&f->traffic, tcp_packet(0.2, 0, SYN));
	run(f);
	assert_int_equal(f->records.count, 2);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_DETECTED);
	assert_int_equal(f->records.record[0].reverse.tcp_flags, RST);
}

static void closed_flows_go_on_when_asked_to(void **state)
{
	struct fixture *f = *state;

	f->settings.keep_closed = true;
	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(0.1, 1, RST));
	traffic_add(&f->traffic, tcp_packet(0.2, 0, SYN));
	run(f);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_FORCED);
}

static void an_idle_flow_is_out_within_a_second_without_any_packet(void **state)
{
	struct fixture *f = *state;
	uint64_t now = TRAFFIC_T0;

	f->settings.clock = WEIR_FLOW_CLOCK_WALL;
	traffic_add(&f->traffic, tcp_packet(0, 0, ACK));
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 1);
	for (; f->records.count == 0 && now < TRAFFIC_T0 + 40 * TRAFFIC_S; now += TRAFFIC_S / 10)
		weir_flow_tick(f->flow, now);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_IDLE);
	assert_true(now >= TRAFFIC_T0 + 30 * TRAFFIC_S);
	assert_true(now <= TRAFFIC_T0 + 31 * TRAFFIC_S);
}

static void an_active_flow_is_out_within_a_second_of_its_deadline(void **state)
{
	struct fixture *f = *state;
	uint64_t now = TRAFFIC_T0 + 3 * TRAFFIC_S;

	f->settings.clock = WEIR_FLOW_CLOCK_WALL;
	f->settings.active_timeout_ns = 5 * TRAFFIC_S;
	for (int i = 0; i < 30; i++)
		traffic_add(&f->traffic, tcp_packet(0.1 * i, 0, ACK));
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 1);
	for (; f->records.count == 0 && now < TRAFFIC_T0 + 40 * TRAFFIC_S; now += TRAFFIC_S / 10)
		weir_flow_tick(f->flow, now);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_ACTIVE);
	assert_true(now <= TRAFFIC_T0 + 6 * TRAFFIC_S);
}

static void a_reset_flow_is_out_soon(void **state)
{
	struct fixture *f = *state;
	uint64_t now = TRAFFIC_T0;

	f->settings.clock = WEIR_FLOW_CLOCK_WALL;
	traffic_add(&f->traffic, tcp_packet(0, 0, SYN));
	traffic_add(&f->traffic, tcp_packet(0, 1, RST));
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 1);
	for (; f->records.count == 0 && now < TRAFFIC_T0 + 40 * TRAFFIC_S; now += TRAFFIC_S / 10)
		weir_flow_tick(f->flow, now);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_DETECTED);
	assert_true(now <= TRAFFIC_T0 + 2 * TRAFFIC_S);
}

static void protocols_have_idle_timeouts_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);

	f->settings.protocol_idle_timeout_ns[UDP] = 2 * TRAFFIC_S;
	for (int i = 0; i < 2; i++) {
		p.protocol = TCP;
		p.time_ns = TRAFFIC_T0 + (uint64_t)i * 3 * TRAFFIC_S;
		traffic_add(&f->traffic, p);
		p.protocol = UDP;
		traffic_add(&f->traffic, p);
	}
	run(f);
	assert_int_equal(f->records.count, 3);
	assert_int_equal(f->records.record[0].protocol, UDP);
	assert_int_equal(f->records.record[0].end_reason, WEIR_FLOW_END_IDLE);
}

static void counters_carry_beyond_the_hot_line(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);
	const uint32_t packets = 70000; /* 98 MB, 34 carries of packets and 46 of bytes */

	p.payload = 1400;
	for (uint32_t i = 0; i < packets; i++) {
		p.ttl = i == 12345 ? 3 : 64;
		traffic_add(&f->traffic, p);
	}
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 256);
	weir_flow_finish(f->flow, 0);
	assert_int_equal(f->records.record[0].forward.packets, packets);
	assert_int_equal(f->records.record[0].forward.bytes, (uint64_t)packets * 1440);
	assert_int_equal(f->records.record[0].forward.payload_bytes, (uint64_t)packets * 1400);
	assert_int_equal(f->records.record[0].forward.ttl_min, 3);
}

/*
 * 2,048 packets of 2,048 bytes, 1,024 of them said to be payload, all of TTL
 * 255: the low part of every counter is 0 again, as before the first packet.
 */
static void a_carry_that_empties_the_word_is_not_taken_for_no_packet(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);

	p.protocol = UDP;
	p.ttl = 255;
	p.tos = 4;
	p.payload = 2048 - 28;
	for (int i = 0; i < 2 * 2048; i++) {
		traffic_add(&f->traffic, p);
		p.tos = 8;
	}
	open_meter(f);
	traffic_decode(&f->traffic);
	for (uint32_t at = 0; at < f->traffic.count; at++) {
		struct weir_batch batch = {.packets = f->traffic.packets + at, .count = 1};
		struct weir_decoded decoded = {.outer = f->traffic.headers + at};

		f->traffic.headers[at].payload_bytes = 1024;
		weir_flow_update(f->flow, &batch, &decoded);
	}
	weir_flow_finish(f->flow, 0);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].forward.packets, 4096);
	assert_int_equal(f->records.record[0].forward.bytes, 4096 * 2048);
	assert_int_equal(f->records.record[0].forward.payload_bytes, 4096 * 1024);
	assert_int_equal(f->records.record[0].forward.tos, 4);
}

static void super_packets_count_as_on_the_wire(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);

	p.payload = 2500;
	p.gso_size = 1000;
	traffic_add(&f->traffic, p);
	run(f);
	assert_int_equal(f->records.record[0].forward.packets, 3);
	assert_int_equal(f->records.record[0].forward.bytes, 2500 + 3 * 40);
	assert_int_equal(f->records.record[0].forward.payload_bytes, 2500);
}

/* VXLAN at Linux's own port; each wire packet had the outer and the inner headers. */
static void super_packets_in_a_tunnel_count_with_all_headers(void **state)
{
	static const uint8_t inner[] = {
		/* VXLAN, Ethernet */
		8,
		0,
		0,
		0,
		0,
		0,
		1,
		0,
		2,
		0,
		0,
		0,
		0,
		1,
		2,
		0,
		0,
		0,
		0,
		2,
		8,
		0,
		/* IPv4 of 3030 bytes, TCP */
		0x45,
		0,
		0x0b,
		0xd6,
		0,
		0,
		0,
		0,
		64,
		TCP,
		0,
		0,
		192,
		168,
		0,
		1,
		192,
		168,
		0,
		2,
		0,
		80,
		4,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0x50,
		ACK,
		4,
		0,
		0,
		0,
		0,
		0,
	};
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, 0);

	p.protocol = UDP;
	p.destination_port = 8472;
	p.payload = sizeof(inner) + 2990;
	p.gso_size = 1000;
	traffic_add(&f->traffic, p);
	memcpy(f->traffic.frames[0] + 14 + 20 + 8, inner, sizeof(inner));
	run(f);
	assert_int_equal(f->records.record[0].forward.packets, 3);
	assert_int_equal(f->records.record[0].forward.bytes, 2990 + 3 * (28 + sizeof(inner)));
	assert_int_equal(f->records.record[0].forward.payload_bytes, 2990 + 3 * sizeof(inner));
}

static void what_is_not_ip_is_counted_by_ethertype(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;

	traffic_add(&f->traffic, tcp_packet(0, 0, ACK));
	f->traffic.frames[0][12] = 0x88;
	f->traffic.frames[0][13] = 0xcc; /* LLDP */
	run(f);
	weir_flow_counters_read(f->flow, &c);
	assert_int_equal(f->records.count, 0);
	assert_int_equal(c.ignored[WEIR_FLOW_IGNORED_NOT_IP], 1);
	assert_int_equal(c.ethertype_count, 1);
	assert_int_equal(c.ethertypes[0].ethertype, 0x88cc);
}

static void ethertypes_that_have_no_place_are_summed_up(void **state)
{
	static struct weir_flow_counters sum;
	struct fixture *f = *state;
	struct weir_flow_counters c;

	for (uint32_t i = 0; i < WEIR_FLOW_ETHERTYPES_MAX + 3; i++) {
		traffic_add(&f->traffic, tcp_packet(0, 0, ACK));
		f->traffic.frames[i][12] = 0x90;
		f->traffic.frames[i][13] = (uint8_t)(0x80 + i);
	}
	run(f);
	weir_flow_counters_read(f->flow, &c);
	weir_flow_counters_add(&sum, &c);
	weir_flow_counters_add(&sum, &c);
	assert_int_equal(c.ethertype_count, WEIR_FLOW_ETHERTYPES_MAX);
	assert_int_equal(c.other_ethertypes, 3);
	assert_int_equal(sum.other_ethertypes, 6);
	for (uint32_t i = 0; i < WEIR_FLOW_ETHERTYPES_MAX; i++) {
		assert_int_equal(c.ethertypes[i].frames, 1);
		assert_int_equal(sum.ethertypes[i].frames, 2);
	}
	assert_int_equal(c.ignored[WEIR_FLOW_IGNORED_NOT_IP], WEIR_FLOW_ETHERTYPES_MAX + 3);
}

static void the_key_takes_in_what_is_asked_for(void **state)
{
	static const uint32_t bits[] = {0, WEIR_FLOW_KEY_VLAN, WEIR_FLOW_KEY_TOS,
					WEIR_FLOW_KEY_INTERFACE,
					WEIR_FLOW_KEY_VLAN | WEIR_FLOW_KEY_TOS};
	static const uint32_t flows[] = {1, 2, 2, 2, 3};
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);

	traffic_add(&f->traffic, p);
	p.vlan = 5;
	traffic_add(&f->traffic, p);
	p.tos = 4;
	p.interface = 3;
	traffic_add(&f->traffic, p);
	for (int i = 0; i < 5; i++) {
		f->settings.key = bits[i];
		f->records.count = 0;
		open_meter(f);
		traffic_meter(&f->traffic, f->flow, 0, 256);
		weir_flow_finish(f->flow, 0);
		assert_int_equal(f->records.count, flows[i]);
		if (i < 4) {
			weir_flow_close(f->flow);
			f->flow = NULL;
		}
	}
}

static void sampling_is_counted(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;

	f->settings.sampling_interval = 10;
	for (int i = 0; i < 1000; i++) {
		struct traffic_packet p = tcp_packet(0, 0, ACK);

		p.source_port = (uint16_t)(i / 10);
		traffic_add(&f->traffic, p);
	}
	for (int mode = WEIR_FLOW_SAMPLE_SYSTEMATIC; mode <= WEIR_FLOW_SAMPLE_HASH; mode++) {
		f->settings.sampling = (enum weir_flow_sampling)mode;
		weir_flow_close(f->flow);
		open_meter(f);
		traffic_meter(&f->traffic, f->flow, 0, 256);
		weir_flow_counters_read(f->flow, &c);
		assert_balanced(f->flow, 1000);
		assert_in_range(c.metered, 20, 300);
		if (mode == WEIR_FLOW_SAMPLE_SYSTEMATIC)
			assert_int_equal(c.metered, 100);
		if (mode == WEIR_FLOW_SAMPLE_HASH) /* whole flows */
			assert_int_equal(c.metered % 10, 0);
	}
}

static void packets_out_of_order_widen_the_flow(void **state)
{
	struct fixture *f = *state;

	traffic_add(&f->traffic, tcp_packet(1, 0, ACK));
	traffic_add(&f->traffic, tcp_packet(0.7, 0, ACK));
	run(f);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].first_ns, TRAFFIC_T0 + 700000000);
	assert_int_equal(f->records.record[0].last_ns, TRAFFIC_T0 + TRAFFIC_S);
}

static void a_clock_set_back_or_far_ahead_loses_nothing(void **state)
{
	static const double jumps_s[] = {0, -3600, 0, 90000, -400000, 300000, 700000, 1e8, 0};
	struct fixture *f = *state;
	uint64_t packets = 0;

	for (int i = 0; i < 9; i++)
		for (int k = 0; k < 40; k++) {
			struct traffic_packet p =
				tcp_packet(1e6 + jumps_s[i] + 0.01 * k, k & 1, ACK);

			p.source_port = p.destination_port = (uint16_t)(k / 10);
			traffic_add(&f->traffic, p);
		}
	run(f);
	for (uint32_t i = 0; i < f->records.count; i++) {
		const struct weir_flow_record *r = &f->records.record[i];

		packets += r->forward.packets + r->reverse.packets;
		assert_true(r->first_ns <= r->last_ns);
		assert_true(r->last_ns - r->first_ns <= 86401 * TRAFFIC_S);
	}
	assert_int_equal(packets, 360);
}

static void packets_of_1970_are_metered(void **state)
{
	struct fixture *f = *state;
	struct traffic_packet p = tcp_packet(0, 0, ACK);

	for (uint64_t i = 0; i < 5; i++) {
		p.time_ns = i * 100 * 1000000;
		traffic_add(&f->traffic, p);
	}
	run(f);
	assert_int_equal(f->records.count, 1);
	assert_int_equal(f->records.record[0].forward.packets, 5);
	assert_int_equal(f->records.record[0].first_ns, 0);
}

static void a_full_table_evicts_mice_and_keeps_elephants(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;
	struct traffic_packet p;
	uint32_t elephants = 0;

	/* 100 flows with a packet every 1000 others, in a flood of 200,000 one-packet flows. */
	for (uint32_t i = 0; i < 220000; i++) {
		p = tcp_packet(i * 1e-6, 0, ACK);
		if (i % 11 == 0) {
			p.source_port = (uint16_t)(i / 11 % 100);
		} else {
			p.source = (uint16_t)(1000 + i / 60000);
			p.source_port = (uint16_t)(i % 60000);
		}
		traffic_add(&f->traffic, p);
	}
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 64);
	weir_flow_counters_read(f->flow, &c);
	assert_true(c.ended[WEIR_FLOW_END_RESOURCES] > 190000);
	assert_true(c.active <= 1600);
	weir_flow_finish(f->flow, 0);
	for (uint32_t i = 0; i < f->records.count; i++)
		elephants += f->records.record[i].forward.packets > 190;
	assert_true(elephants >= 95);
}

static void flows_survive_the_move_to_a_larger_table(void **state)
{
	struct fixture *f = *state;
	struct weir_flow_counters c;
	const uint32_t flows = 15000;

	/* Three levels: 2,048, 16,384 and 131,072 flows of each family. */
	f->settings.flows_max = 1 << 17;
	f->settings.key = WEIR_FLOW_KEY_INTERFACE;
	f->settings.fields = WEIR_FLOW_FIELD_TIMES;
	for (uint32_t round = 0; round < 3; round++)
		for (uint32_t i = 0; i < 2 * flows; i++) {
			struct traffic_packet p = tcp_packet(round + i * 1e-5, i & 1, ACK);

			p.v6 = (uint8_t)(i & 1);
			p.source_port = (uint16_t)(i >> 1);
			p.interface = (uint16_t)(i & 3);
			p.payload = (uint16_t)(i % 100);
			traffic_add(&f->traffic, p);
		}
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 256);
	weir_flow_counters_read(f->flow, &c);
	assert_int_equal(c.active, 2 * flows);
	assert_int_equal(c.ended[WEIR_FLOW_END_RESOURCES], 0);
	/* The wheel finds them where they are now: one late packet moves the time. */
	traffic_add(&f->traffic, tcp_packet(40, 0, ACK));
	traffic_meter(&f->traffic, f->flow, 6 * flows, 1);
	for (int i = 0; i < 400; i++) {
		traffic_add(&f->traffic, tcp_packet(40 + i * 1e-3, 0, ACK));
		traffic_meter(&f->traffic, f->flow, f->traffic.count - 1, 1);
	}
	assert_int_equal(f->records.count, 2 * flows);
	for (uint32_t i = 0; i < f->records.count; i++) {
		assert_int_equal(f->records.record[i].end_reason, WEIR_FLOW_END_IDLE);
		assert_int_equal(f->records.record[i].forward.packets, 3);
		assert_in_range(f->records.record[i].last_ns - f->records.record[i].first_ns,
				2 * TRAFFIC_S - 1, 2 * TRAFFIC_S + 1);
	}
}

static void settings_out_of_range_are_refused_with_a_sentence(void **state)
{
	struct fixture *f = *state;
	struct weir_error error;
	struct weir_flow *flow = NULL;

	f->settings.active_timeout_ns = 86401 * TRAFFIC_S;
	assert_int_equal(weir_flow_open(&f->settings, NULL, traffic_collect, NULL, &flow, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "at most 86400 s"));
	assert_null(flow);
}

static void the_base_record_takes_no_more_than_128_bytes(void **state)
{
	struct fixture *f = *state;

	for (unsigned int version = 4; version <= 6; version += 2) {
		uint32_t base;

		f->settings.fields = 0;
		base = weir_flow_record_bytes(&f->settings, version);
		assert_in_range(base, 1, 128);
		f->settings.fields = WEIR_FLOW_FIELD_HISTOGRAM;
		assert_int_equal(weir_flow_record_bytes(&f->settings, version), base + 1024);
	}
}

static void a_visit_in_pieces_shows_every_flow_once(void **state)
{
	struct fixture *f = *state;
	uint64_t position = 0;

	for (int i = 0; i < 300; i++) {
		struct traffic_packet p = tcp_packet(0, 0, ACK);

		p.source_port = (uint16_t)i;
		p.v6 = i & 1;
		traffic_add(&f->traffic, p);
	}
	open_meter(f);
	traffic_meter(&f->traffic, f->flow, 0, 64);
	while (weir_flow_visit(f->flow, &position, 100, traffic_collect, &f->records))
		;
	assert_int_equal(f->records.count, 300);
	for (int i = 0; i < 300; i++)
		assert_int_equal(f->records.record[i].end_reason, WEIR_FLOW_END_NONE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_directions_are_one_flow_and_the_initiator_gives_the_direction),
		CASE(a_capture_that_begins_with_the_answer_knows_the_initiator),
		CASE(uniflow_makes_a_flow_of_each_direction),
		CASE(an_echo_and_its_reply_are_one_flow),
		CASE(a_flow_that_begins_with_a_reply_belongs_to_who_had_asked),
		CASE(later_fragments_go_to_the_flow_of_the_first_whichever_comes_first),
		CASE(fragments_of_different_networks_are_told_apart_by_the_key),
		CASE(a_fragment_whose_first_never_came_is_counted_and_makes_no_flow),
		CASE(an_identification_used_again_after_its_life_is_another_datagram),
		CASE(the_active_timeout_is_tested_before_the_packet_is_added),
		CASE(a_flow_that_goes_on_after_its_active_timeout_keeps_its_direction),
		CASE(fins_of_both_sides_end_a_flow_with_what_lingers),
		CASE(a_new_syn_after_a_reset_begins_a_flow),
		CASE(closed_flows_go_on_when_asked_to),
		CASE(an_idle_flow_is_out_within_a_second_without_any_packet),
		CASE(an_active_flow_is_out_within_a_second_of_its_deadline),
		CASE(a_reset_flow_is_out_soon),
		CASE(protocols_have_idle_timeouts_of_their_own),
		CASE(counters_carry_beyond_the_hot_line),
		CASE(a_carry_that_empties_the_word_is_not_taken_for_no_packet),
		CASE(super_packets_count_as_on_the_wire),
		CASE(super_packets_in_a_tunnel_count_with_all_headers),
		CASE(what_is_not_ip_is_counted_by_ethertype),
		CASE(ethertypes_that_have_no_place_are_summed_up),
		CASE(the_key_takes_in_what_is_asked_for),
		CASE(sampling_is_counted),
		CASE(packets_out_of_order_widen_the_flow),
		CASE(a_clock_set_back_or_far_ahead_loses_nothing),
		CASE(packets_of_1970_are_metered),
		CASE(a_full_table_evicts_mice_and_keeps_elephants),
		CASE(flows_survive_the_move_to_a_larger_table),
		CASE(settings_out_of_range_are_refused_with_a_sentence),
		CASE(the_base_record_takes_no_more_than_128_bytes),
		CASE(a_visit_in_pieces_shows_every_flow_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
