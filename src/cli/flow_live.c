/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_live.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/format.h"

enum {
	LIVE_LINES_DEFAULT = 24,
	LIVE_COLUMNS_DEFAULT = 120,
	LIVE_HEAD_LINES = 3,
	LIVE_NUMBERS_WIDTH = 44, /* protocol, rates, counts and the spaces between */
	LIVE_END_WIDTH_MIN = 21, /* 255.255.255.255:65535 */
	LIVE_END_WIDTH_MAX = 47, /* [an IPv6 address written out]:65535 */
};

void flow_live_init(struct flow_live *live)
{
	struct winsize size = {0};

	live->terminal = isatty(STDOUT_FILENO);
	live->lines = LIVE_LINES_DEFAULT;
	live->columns = LIVE_COLUMNS_DEFAULT;
	if (!live->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	if (size.ws_row)
		live->lines = size.ws_row;
	if (size.ws_col)
		live->columns = size.ws_col;
}

static const char *live_protocol(uint8_t protocol, char text[8])
{
	static const char *const names[] = {
		[1] = "icmp", [2] = "igmp", [6] = "tcp",    [17] = "udp",   [47] = "gre",
		[50] = "esp", [51] = "ah",  [58] = "icmp6", [132] = "sctp", [136] = "udpl"};

	if (protocol < sizeof(names) / sizeof(*names) && names[protocol])
		return names[protocol];
	snprintf(text, 8, "%u", protocol);
	return text;
}

/* An end of a flow in 'width' columns; an address too long is cut in its middle. */
static void live_end(const struct weir_flow_record *record, bool source, unsigned int width,
		     char *text, size_t size)
{
	const uint8_t *address = source ? record->source_address : record->destination_address;
	unsigned int port = source ? record->source_port : record->destination_port;
	bool v6 = record->ip_version == 6, icmp = record->protocol == 1 || record->protocol == 58;
	char word[INET6_ADDRSTRLEN], tail[12] = "";
	size_t length, room;

	inet_ntop(v6 ? AF_INET6 : AF_INET, address, word, sizeof(word));
	if (!icmp && port)
		snprintf(tail, sizeof(tail), "%s:%u", v6 ? "]" : "", port);
	room = width - strlen(tail) - (v6 && *tail);
	length = strlen(word);
	if (length > room) { /* both ends of an address tell more than its middle */
		memmove(word + room / 2 + 1, word + length - (room - room / 2 - 1),
			room - room / 2);
		word[room / 2] = '~';
	}
	snprintf(text, size, "%s%s%s", v6 && *tail ? "[" : "", word, tail);
}

static void live_row(const struct weir_flow_top *entry, unsigned int width)
{
	const struct weir_flow_record *record = &entry->record;
	char source[64], destination[64], number[8];
	char bits[FORMAT_BYTES], rate[FORMAT_BYTES], packets[FORMAT_BYTES], bytes[FORMAT_BYTES];

	live_end(record, true, width, source, sizeof(source));
	live_end(record, false, width, destination, sizeof(destination));
	printf("%-5s %-*s %-*s %8s %8s %8s %8s\n", live_protocol(record->protocol, number),
	       (int)width, source, (int)width, destination, format_rate(entry->bits_per_s, bits),
	       format_rate(entry->packets_per_s, rate),
	       format_rate((double)(record->forward.packets + record->reverse.packets), packets),
	       format_rate((double)(record->forward.bytes + record->reverse.bytes), bytes));
}

/* As wide as the terminal allows and addresses of IPv6 need. */
static unsigned int live_end_width(const struct flow_live *live, const struct weir_flow_top *top,
				   uint32_t count)
{
	unsigned int width = live->columns > LIVE_NUMBERS_WIDTH + 2 * LIVE_END_WIDTH_MIN
				     ? (live->columns - LIVE_NUMBERS_WIDTH) / 2
				     : LIVE_END_WIDTH_MIN;
	unsigned int wanted = LIVE_END_WIDTH_MIN;

	for (uint32_t i = 0; i < count; i++)
		if (top[i].record.ip_version == 6)
			wanted = LIVE_END_WIDTH_MAX;
	return width < wanted ? width : wanted;
}

void flow_live_draw(const struct flow_live *live, struct weir_flow_board *board,
		    const struct weir_exports *exports)
{
	static struct weir_flow_top top[WEIR_FLOW_TOP_MAX];
	struct weir_flow_counters counters;
	uint32_t flows = live->flows;
	char active[FORMAT_BYTES], packets[FORMAT_BYTES], records[FORMAT_BYTES];
	unsigned int width;

	if (!flows)
		flows = live->lines > LIVE_HEAD_LINES + 1 ? live->lines - LIVE_HEAD_LINES : 1;
	flows = weir_flow_board_top(board, top,
				    flows < WEIR_FLOW_TOP_MAX ? flows : WEIR_FLOW_TOP_MAX);
	for (uint32_t i = 0; i < flows; i++)
		weir_exports_disguise(exports, &top[i].record);
	weir_flow_board_counters(board, &counters);
	width = live_end_width(live, top, flows);
	if (live->terminal)
		printf("\033[H\033[J");
	printf("%s flows active, %s ended, %s packets\n", format_count(counters.active, active),
	       format_count(counters.flows - counters.active, records),
	       format_count(counters.packets, packets));
	printf("%-5s %-*s %-*s %8s %8s %8s %8s\n", "proto", (int)width, "initiator", (int)width,
	       "responder", "bit/s", "packet/s", "packets", "bytes");
	for (uint32_t i = 0; i < flows; i++)
		live_row(&top[i], width);
	if (!live->terminal)
		printf("\n");
}
