/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder as text, for tests/golden/test_decode: a file, read by libpcap,
 * to two lines a packet (outer, inner); or the specimens, which have no file,
 * to one file per link type, whose packets' names are printed.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specimens.h"
#include "text.h"

/* libpcap's DLT_ values are LINKTYPE_ values but for a few old ones. */
static uint32_t link_type_of(int dlt)
{
	return dlt == DLT_RAW ? 101 : (uint32_t)dlt;
}

static int dlt_of(uint32_t link_type)
{
	return link_type == 101 ? DLT_RAW : (int)link_type;
}

static int print_file(const char *path)
{
	char error[PCAP_ERRBUF_SIZE], text[DECODE_TEXT_BYTES];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct weir_headers outer, inner;
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int more;

	if (!pcap) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	while ((more = pcap_next_ex(pcap, &header, &bytes)) == 1) {
		struct weir_packet packet = {
			.bytes = bytes,
			.captured_len = header->caplen,
			.wire_len = header->len,
		};

		weir_decode_outer(&packet, 1, link_type_of(pcap_datalink(pcap)), &outer);
		weir_decode_inner(&packet, 1, &outer, &inner);
		decode_text(&outer, bytes, text);
		puts(text);
		decode_text(&inner, bytes, text);
		puts(text);
	}
	pcap_close(pcap);
	return more == PCAP_ERROR_BREAK ? 0 : 1;
}

static void dump_specimen(const struct specimen *specimen, pcap_dumper_t *dumper)
{
	uint8_t bytes[SPECIMEN_BYTES_MAX];
	struct pcap_pkthdr header = {.caplen = specimen_bytes(specimen, bytes)};

	header.len = specimen->wire_len ? specimen->wire_len : header.caplen;
	pcap_dump((u_char *)dumper, &header, bytes);
}

/* All specimens of one link type to FOLDER/LINKTYPE.pcap. */
static int dump_link_type(const char *folder, uint32_t link_type)
{
	char path[4096];
	pcap_t *pcap = pcap_open_dead(dlt_of(link_type), 262144);
	pcap_dumper_t *dumper;

	snprintf(path, sizeof(path), "%s/%u.pcap", folder, link_type);
	dumper = pcap ? pcap_dump_open(pcap, path) : NULL;
	if (!dumper) {
		fprintf(stderr, "cannot write '%s'\n", path);
		return 1;
	}
	for (size_t i = 0; i < specimen_count; i++) {
		if (specimens[i].link_type != link_type)
			continue;
		dump_specimen(&specimens[i], dumper);
		printf("%s\t%s\n", path, specimens[i].name);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	return 0;
}

static int dump_specimens(const char *folder)
{
	for (size_t i = 0; i < specimen_count; i++) {
		size_t first = 0;

		while (specimens[first].link_type != specimens[i].link_type)
			first++;
		if (first == i && dump_link_type(folder, specimens[i].link_type))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return print_file(argv[1]);
	if (argc == 3 && !strcmp(argv[1], "--specimens"))
		return dump_specimens(argv[2]);
	fprintf(stderr, "usage: decode_lines FILE | --specimens FOLDER\n");
	return 2;
}
