/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a pcap of UDP traffic with so many concurrent flows, at 14.88 Mpps of
 * its own time:
 *
 *   bench_traffic FILE FLOWS PACKETS [uniform|zipf|flood [60|imix]]
 *
 * Every flow has two directions. zipf: the flow of rank r is picked with a
 * probability about 1/r. flood: each packet is a new flow's, but for every
 * sixteenth, which the FLOWS flows have in turn.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 1514, PICOSECONDS_A_PACKET = 67200, FLOOD_PERIOD = 16 };
enum pick { PICK_UNIFORM, PICK_ZIPF, PICK_FLOOD };

struct pcap_record {
	uint32_t seconds, nanoseconds, captured, wire;
};

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint32_t pick_flow(uint64_t *state, uint32_t flows, enum pick pick, uint64_t number)
{
	double u = (double)(random_next(state) >> 11) / 9007199254740992.0;

	if (pick == PICK_FLOOD)
		return (uint32_t)(number % FLOOD_PERIOD ? flows + number
							: number / FLOOD_PERIOD % flows);
	return pick == PICK_ZIPF ? (uint32_t)(pow(flows + 1.0, u) - 1) : (uint32_t)(u * flows);
}

/* Simple IMIX: 7 : 4 : 1. */
static uint32_t pick_size(uint64_t *state, bool imix)
{
	uint32_t n = imix ? (uint32_t)(random_next(state) >> 33) % 12 : 0;

	return n < 7 ? 60 : n < 11 ? 566 : FRAME_MAX;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_frame(uint8_t *at, uint32_t flow, uint32_t size, bool reverse)
{
	static const uint8_t template[42] = {2,    0, 0,   1,  0, 1, 2,    0, 0,  0,  0, 2, 8,  0,
					     0x45, 0, 0,   0,  0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0,
					     0,    0, 172, 16, 0, 1, 0,    0, 0,  53, 0, 0, 0,  0};
	uint8_t host[4], port[2];

	memcpy(at, template, sizeof(template));
	put16(at + 16, size - 14);
	put16(at + 38, size - 34);
	at[27] = (uint8_t)(flow >> 16);
	put16(at + 28, flow);
	put16(at + 34, 1024 + (flow >> 24));
	if (!reverse)
		return;
	memcpy(host, at + 26, 4);
	memcpy(at + 26, at + 30, 4);
	memcpy(at + 30, host, 4);
	memcpy(port, at + 34, 2);
	memcpy(at + 34, at + 36, 2);
	memcpy(at + 36, port, 2);
}

int main(int argc, char **argv)
{
	static const uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65535, 1};
	static uint8_t frame[FRAME_MAX];
	uint64_t state = 88172645463325252, flows, packets;
	enum pick pick = PICK_UNIFORM;
	bool imix;
	FILE *file;

	if (argc < 4) {
		fprintf(stderr, "usage: %s FILE FLOWS PACKETS [uniform|zipf|flood [60|imix]]\n",
			argv[0]);
		return 2;
	}
	flows = strtoull(argv[2], NULL, 10);
	packets = strtoull(argv[3], NULL, 10);
	if (argc > 4 && strcmp(argv[4], "uniform"))
		pick = !strcmp(argv[4], "zipf") ? PICK_ZIPF : PICK_FLOOD;
	imix = argc > 5 && !strcmp(argv[5], "imix");
	file = fopen(argv[1], "w");
	if (!file) {
		perror(argv[1]);
		return 1;
	}
	fwrite(header, sizeof(header), 1, file);
	for (uint64_t i = 0; i < packets; i++) {
		uint64_t time_ns = i * PICOSECONDS_A_PACKET / 1000;
		uint32_t size = pick_size(&state, imix);
		struct pcap_record record = {1700000000 + (uint32_t)(time_ns / 1000000000),
					     (uint32_t)(time_ns % 1000000000), size, size};

		put_frame(frame, pick_flow(&state, (uint32_t)flows, pick, i), size,
			  random_next(&state) >> 63);
		fwrite(&record, sizeof(record), 1, file);
		fwrite(frame, size, 1, file);
	}
	if (fclose(file)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
