/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter expressions: whatever is written, it is compiled or refused with a
 * sentence, and what was compiled reads no byte beyond a packet. Words that
 * libpcap would ask the network about are left out.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weir/filter.h"

enum { FUZZ_FILTER_MAX = 160, FUZZ_FILTER_PACKET_BYTES = 60 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fuzz_filter_knows(const char *word, size_t length)
{
	static const char *const known[] = {
		"ip",   "ip6",     "arp",     "tcp", "udp",    "icmp",    "port",      "portrange",
		"host", "net",     "src",     "dst", "and",    "or",      "not",       "vlan",
		"mpls", "ether",   "proto",   "len", "less",   "greater", "broadcast", "multicast",
		"mask", "gateway", "inbound", "a",   "b",      "c",       "d",         "e",
		"f",    "x",       "pppoes",  "llc", "decnet", "icmp6",   "igmp",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == length && !memcmp(known[i], word, length))
			return true;
	return false;
}

static bool fuzz_filter_is_local(const char *text)
{
	while (*text) {
		size_t length = 0;

		while (isalpha((unsigned char)text[length]) || text[length] == '_')
			length++;
		if (length && !fuzz_filter_knows(text, length))
			return false;
		text += length ? length : 1;
	}
	return true;
}

static void fuzz_filter_match(const struct weir_filter *filter, uint32_t link_type)
{
	for (uint32_t length = 0; length <= FUZZ_FILTER_PACKET_BYTES; length += 10) {
		uint8_t *bytes = calloc(1, length ? length : 1);
		struct weir_packet packet = {
			.bytes = bytes, .captured_len = length, .wire_len = length + 10};

		if (!bytes)
			abort();
		if (length > 13)
			bytes[12] = 8;
		if (length > 14)
			bytes[14] = 0x45;
		weir_filter_match(filter, link_type, &packet);
		free(bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t link_types[] = {1, 101, 113};
	char text[FUZZ_FILTER_MAX + 1];
	struct weir_filter *filter;
	struct weir_error error;

	if (size > FUZZ_FILTER_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!fuzz_filter_is_local(text) || weir_filter_open(text, &filter, NULL) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(link_types) / sizeof(*link_types); i++) {
		error.text[0] = '\0';
		if (weir_filter_prepare(filter, link_types[i], &error) < 0 && !*error.text)
			abort();
		fuzz_filter_match(filter, link_types[i]);
	}
	weir_filter_close(filter);
	return 0;
}
