/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of packets made by hand, and the sink that writes them. What a file
 * or a packet contains must not reach a terminal as anything but text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "show/printer.h"
#include "specimens.h"

enum { TEXT_BYTES = 1 << 17 };

/* 2023-11-14 22:13:20 UTC and a fraction */
static const uint64_t time_ns = 1700000000123456789;

struct shown {
	struct printer printer;
	struct text text;
	struct weir_interface interface;
	char bytes[TEXT_BYTES];
};

static int set_up(void **state)
{
	struct shown *shown = calloc(1, sizeof(*shown));

	setenv("TZ", "UTC", 1);
	shown->text = (struct text){.bytes = shown->bytes, .size = sizeof(shown->bytes) - 1};
	*state = shown;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* What is said of the first 'captured' bytes of a packet, as a string. */
static const char *show(struct shown *shown, struct weir_packet packet, uint32_t link_type)
{
	struct weir_headers outer, inner;

	shown->interface.link_type = link_type;
	shown->text.used = 0;
	weir_decode_outer(&packet, 1, link_type, &outer);
	weir_decode_inner(&packet, 1, &outer, &inner);
	printer_packet(&shown->printer, &shown->text, &packet, &shown->interface, &outer, &inner);
	shown->bytes[shown->text.used] = '\0';
	return shown->bytes;
}

static const char *show_specimen(struct shown *shown, const char *name)
{
	static uint8_t bytes[SPECIMEN_BYTES_MAX];

	for (size_t i = 0; i < specimen_count; i++) {
		uint32_t length;

		if (strcmp(specimens[i].name, name))
			continue;
		length = specimen_bytes(&specimens[i], bytes);
		return show(shown,
			    (struct weir_packet){.bytes = bytes,
						 .time_ns = time_ns,
						 .captured_len = length,
						 .wire_len = specimens[i].wire_len
								     ? specimens[i].wire_len
								     : length,
						 .flags = WEIR_PACKET_DIRECTION_UNKNOWN},
			    specimens[i].link_type);
	}
	fail_msg("no specimen '%s'", name);
	return NULL;
}

static void a_line_tells_the_headers(void **state)
{
	static const struct {
		const char *specimen, *line;
	} cases[] = {
		{"tcp over ipv4", "IP 10.0.0.1:1024 > 10.0.0.2:80 TCP [.] seq 1 ack 2 win 65535 "
				  "len 54"},
		{"udp over ipv6", "IP6 [2001:db8::1]:1024 > [2001:db8::2]:53 UDP data 4 len 66"},
		{"service and customer tag",
		 "vlan 100,200 IP6 [2001:db8::1]:1024 > [2001:db8::2]:80 TCP [.] seq 1 ack 2 win "
		 "65535 len 82"},
		{"arp", "ARP who-has 10.0.0.2 tell 10.0.0.1 len 42"},
		{"spanning tree in llc", "LLC dsap 0x42 STP len 60"},
		{"another ethertype", "LLDP len 23"},
		{"ipv4 later fragment",
		 "IP 10.0.0.1 > 10.0.0.2 UDP later fragment of id 4660 len 50"},
		{"tcp options cut by the capture",
		 "IP 10.0.0.1:1024 > 10.0.0.2:80 TCP [P.] seq 1 ack 0 win 65535 data 2 [truncated "
		 "transport] len 68 (56 captured)"},
		{"unknown link type", "[unsupported link] type 105 len 4"},
		{"vxlan",
		 "IP 10.0.0.1:49152 > 10.0.0.2:4789 UDP data 62 | VXLAN 123 | IP 192.168.0.1:1024 "
		 "> 192.168.0.2:80 TCP [.] seq 1 ack 2 win 65535 len 104"},
		{"gre in gre", "IP 10.0.0.1 > 10.0.0.2 GRE | GRE (2 deep) | IP 192.168.0.1:1024 > "
			       "192.168.0.2:80 TCP [.] seq 1 ack 2 win 65535 len 106"},
		{"icmp", "IP 10.0.0.1 > 10.0.0.2 ICMP echo request id 1 seq 1 len 46"},
		{"pseudo-wire with a control word",
		 "mpls 100 pseudo-wire IP 10.0.0.1:1024 > 10.0.0.2:80 TCP [.] seq 1 ack 2 win "
		 "65535 len 76"},
	};
	struct shown *shown = *state;

	printer_init(&shown->printer, &(struct weir_show_settings){.time = WEIR_SHOW_TIME_NONE});
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *line = show_specimen(shown, cases[i].specimen);

		shown->bytes[strcspn(shown->bytes, "\n")] = '\0';
		assert_string_equal(line, cases[i].line);
	}
}

static void times_are_as_with_tcpdump(void **state)
{
	static const char *const begins[] = {
		[WEIR_SHOW_TIME_OF_DAY] = "22:13:20.123456 ARP",
		[WEIR_SHOW_TIME_NONE] = "ARP",
		[WEIR_SHOW_TIME_UNIX] = "1700000000.123456 ARP",
		[WEIR_SHOW_TIME_SINCE_LAST] = "00:00:00.000000 ARP",
		[WEIR_SHOW_TIME_DATE] = "2023-11-14 22:13:20.123456 ARP",
		[WEIR_SHOW_TIME_SINCE_FIRST] = "00:00:00.000000 ARP",
	};
	struct shown *shown = *state;

	for (int t = 0; t <= WEIR_SHOW_TIME_SINCE_FIRST; t++) {
		struct weir_show_settings settings = {.time = (enum weir_show_time)t};
		const char *line;

		printer_init(&shown->printer, &settings);
		line = show_specimen(shown, "arp");
		assert_memory_equal(line, begins[t], strlen(begins[t]));
	}
}

static void times_may_run_backwards(void **state)
{
	struct weir_show_settings settings = {.time = WEIR_SHOW_TIME_SINCE_LAST,
					      .nanoseconds = true};
	struct shown *shown = *state;
	struct weir_packet packet = {.bytes = (const uint8_t *)"", .time_ns = time_ns};
	const char *line;

	printer_init(&shown->printer, &settings);
	show(shown, packet, 1);
	packet.time_ns += UINT64_C(3723000000001);
	line = show(shown, packet, 1);
	assert_memory_equal(line, "01:02:03.000000001 ", 19);
	packet.time_ns -= 1000000000;
	line = show(shown, packet, 1);
	assert_memory_equal(line, "-00:00:01.000000000 ", 20);
}

static void interface_and_direction_are_told_where_known(void **state)
{
	struct weir_show_settings settings = {.time = WEIR_SHOW_TIME_NONE};
	struct shown *shown = *state;
	struct weir_packet packet = {.bytes = (const uint8_t *)"", .flags = WEIR_PACKET_OUTGOING};

	printer_init(&shown->printer, &settings);
	strcpy(shown->interface.name, "eth0");
	assert_memory_equal(show(shown, packet, 1), "eth0 Out ", 9);
	packet.flags = WEIR_PACKET_MULTICAST;
	assert_memory_equal(show(shown, packet, 1), "eth0 M   ", 9);
}

static void foreign_names_cannot_command_a_terminal(void **state)
{
	struct weir_show_settings settings = {.time = WEIR_SHOW_TIME_NONE};
	struct shown *shown = *state;
	struct weir_packet packet = {.bytes = (const uint8_t *)""};

	strcpy(shown->interface.name, "a\033[2J\n\"\\\x9b");
	printer_init(&shown->printer, &settings);
	assert_memory_equal(show(shown, packet, 1), "a\\x1b[2J\\x0a\"\\x5c\\x9b In ", 25);
	settings.json = true;
	printer_init(&shown->printer, &settings);
	assert_non_null(strstr(show(shown, packet, 1),
			       "\"interface\":\"a\\u001b[2J\\u000a\\u0022\\u005c\\u009b\","));
}

static void bytes_are_as_with_tcpdump(void **state)
{
	struct weir_show_settings settings = {.time = WEIR_SHOW_TIME_NONE,
					      .bytes = WEIR_SHOW_BYTES_HEX_ASCII};
	struct shown *shown = *state;
	const char *below;

	printer_init(&shown->printer, &settings);
	below = strchr(show_specimen(shown, "udp over ipv4"), '\n') + 1;
	assert_string_equal(
		below, "\t0x0000:  4500 0020 0000 0000 4011 0000 0a00 0001  E.......@.......\n"
		       "\t0x0010:  0a00 0002 0400 0035 000c 0000 6162 6364  .......5....abcd\n");
	settings.bytes = WEIR_SHOW_BYTES_HEX;
	settings.with_link = true;
	printer_init(&shown->printer, &settings);
	below = strchr(show_specimen(shown, "arp"), '\n') + 1;
	assert_memory_equal(below, "\t0x0000:  0200 0000 0002 0200 0000 0001 0806 0001\n", 50);
}

static void verbose_tells_every_header(void **state)
{
	struct weir_show_settings settings = {.time = WEIR_SHOW_TIME_NONE, .verbose = true};
	struct shown *shown = *state;
	const char *text;

	printer_init(&shown->printer, &settings);
	text = show_specimen(shown, "vxlan on linux's port with a vlan in it");
	assert_non_null(strstr(text, "\n    Ethernet "));
	assert_non_null(strstr(text, "\n    IPv4 header 20,"));
	assert_non_null(strstr(text, "\n    UDP "));
	assert_non_null(strstr(text, "\n      Ethernet "));
	assert_non_null(strstr(text, "\n      VLAN "));
	assert_non_null(strstr(text, "\n      IPv4 header 20,"));
	assert_non_null(strstr(show_specimen(shown, "tcp options"), "options ["));
}

static void assert_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] > '~')
			fail_msg("byte %02x at %zu", (unsigned char)text[i], i);
}

static void every_cut_of_every_packet_is_plain_text(void **state)
{
	static const struct weir_show_settings all[] = {
		{.verbose = true, .link_addresses = true, .bytes = WEIR_SHOW_BYTES_HEX_ASCII},
		{.json = true, .bytes = WEIR_SHOW_BYTES_HEX},
		{.bytes = WEIR_SHOW_BYTES_ASCII, .with_link = true},
	};
	struct shown *shown = *state;
	uint8_t bytes[SPECIMEN_BYTES_MAX];

	for (size_t s = 0; s < sizeof(all) / sizeof(*all); s++) {
		printer_init(&shown->printer, &all[s]);
		for (size_t i = 0; i < specimen_count; i++) {
			uint32_t length = specimen_bytes(&specimens[i], bytes);

			for (uint32_t cut = 0; cut <= length; cut++) {
				uint8_t *exact = malloc(cut ? cut : 1);
				struct weir_packet packet = {
					.bytes = exact, .captured_len = cut, .wire_len = length};

				memcpy(exact, bytes, cut);
				show(shown, packet, specimens[i].link_type);
				assert_plain(shown->bytes, shown->text.used);
				assert_true(shown->bytes[shown->text.used - 1] == '\n');
				free(exact);
			}
		}
	}
}

/* ---- the sink ---- */

struct sunk {
	struct weir_ledger *ledger;
	struct weir_interfaces *interfaces;
	struct weir_row *row;
	struct weir_sink *sink;
};

static void sink_open(struct sunk *sunk, int fd)
{
	const struct weir_show_settings settings = {.fd = fd, .bytes = WEIR_SHOW_BYTES_HEX};
	const struct weir_interface interface = {.link_type = 1};
	struct weir_account *account;

	assert_int_equal(weir_ledger_open(&sunk->ledger), 0);
	assert_int_equal(weir_interfaces_open(&sunk->interfaces), 0);
	assert_int_equal(weir_interfaces_add(sunk->interfaces, &interface), 0);
	account = weir_ledger_account(sunk->ledger, "x", "", "fake", 0);
	sunk->row = weir_ledger_row(sunk->ledger, account, WEIR_STAGE_SINK, "show", true);
	assert_int_equal(weir_sink_open_show(&settings, sunk->interfaces, &sunk->sink, NULL), 0);
}

static int sink_give(struct sunk *sunk, uint32_t count)
{
	static const uint8_t bytes[2048];
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
	struct weir_headers headers[WEIR_BATCH_PACKETS_MAX];
	struct weir_batch batch = {.packets = packets, .count = count};
	struct weir_decoded decoded = {.outer = headers, .inner = headers};

	for (uint32_t i = 0; i < count; i++)
		packets[i] = (struct weir_packet){
			.bytes = bytes, .captured_len = sizeof(bytes), .wire_len = sizeof(bytes)};
	weir_decode_outer(packets, count, 1, headers);
	weir_cell_add(&sunk->row->in, count);
	return sunk->sink->ops->consume(sunk->sink, sunk->row, &batch, &decoded);
}

static void sink_close(struct sunk *sunk)
{
	assert_true(weir_row_balanced(sunk->row));
	sunk->sink->ops->close(sunk->sink);
	weir_ledger_close(sunk->ledger);
	weir_interfaces_close(sunk->interfaces);
}

static void a_reader_that_goes_ends_it_quietly(void **state)
{
	struct sunk sunk;
	int pipe_ends[2];

	assert_int_equal(pipe(pipe_ends), 0);
	sink_open(&sunk, pipe_ends[1]);
	close(pipe_ends[0]);
	assert_int_equal(sink_give(&sunk, 200), 1);
	assert_int_equal(weir_cell_get(&sunk.row->dropped[WEIR_REASON_READER_GONE]), 200);
	assert_string_equal(sunk.sink->failure.text, "");
	sink_close(&sunk);
	close(pipe_ends[1]);
}

/* A pipe that is full takes a part: what of it is whole has been shown, the rest has not. */
static void only_what_was_written_whole_counts_as_shown(void **state)
{
	static char got[1 << 20];
	uint64_t packets = 0;
	struct sunk sunk;
	int pipe_ends[2];
	ssize_t length;

	assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
	sink_open(&sunk, pipe_ends[1]);
	assert_int_equal(sink_give(&sunk, 200), -EAGAIN);
	length = read(pipe_ends[0], got, sizeof(got));
	assert_true(length > 0);
	for (ssize_t i = 0; i < length; i++) /* each ends in its line of hex at 2032 = 0x7f0 */
		packets += i + 7 < length && !memcmp(got + i, "0x07f0:", 7);
	assert_true(packets > 0 && packets < 200);
	assert_in_range(weir_cell_get(&sunk.row->out), packets - 1, packets);
	sink_close(&sunk);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static void a_full_disk_is_an_error(void **state)
{
	struct sunk sunk;
	int fd = open("/dev/full", O_WRONLY);

	assert_true(fd >= 0);
	sink_open(&sunk, fd);
	assert_int_equal(sink_give(&sunk, 200), -ENOSPC);
	assert_non_null(strstr(sunk.sink->failure.text, "cannot write"));
	assert_int_equal(weir_cell_get(&sunk.row->dropped[WEIR_REASON_IO_ERROR]), 200);
	sink_close(&sunk);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_tells_the_headers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(times_are_as_with_tcpdump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(times_may_run_backwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(interface_and_direction_are_told_where_known,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(foreign_names_cannot_command_a_terminal, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(bytes_are_as_with_tcpdump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(verbose_tells_every_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_cut_of_every_packet_is_plain_text, set_up,
						tear_down),
		cmocka_unit_test(a_reader_that_goes_ends_it_quietly),
		cmocka_unit_test(only_what_was_written_whole_counts_as_shown),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
