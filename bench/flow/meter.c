/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter alone, and the meter after the decoder, from packets in memory:
 * nanoseconds a packet, for a number of flows. What `weir flow -r` adds to it
 * is reading.
 *
 *   bench_meter FLOWS PACKETS [zipf]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "weir/decode.h"
#include "weir/flow.h"

enum { FRAME_BYTES = 64, BATCH = WEIR_BATCH_PACKETS_MAX };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void put_frame(uint8_t *at, uint32_t flow)
{
	static const uint8_t template[42] = {
		2, 0,  0,  0, 0, 1,  2, 0, 0, 0,  0,   2, 0x08, 0, 0x45, 0, 0, 46, 0,  0, 0x40,
		0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 255, 0, 1,    0, 9,    0, 9, 0,  26, 0, 0};

	memcpy(at, template, sizeof(template));
	at[27] = (uint8_t)(flow >> 16);
	at[28] = (uint8_t)(flow >> 8);
	at[29] = (uint8_t)flow;
	at[35] = (uint8_t)(flow >> 24);
}

static void count_record(void *user, const struct weir_flow_record *record)
{
	++*(uint64_t *)user;
}

/* Decode all, and meter if there is a meter. */
static void run(struct weir_flow *flow, const uint8_t *frames, uint32_t packets)
{
	static struct weir_packet batch_packets[BATCH];
	static struct weir_headers headers[BATCH] __attribute__((aligned(64)));

	for (uint32_t at = 0; at < packets; at += BATCH) {
		struct weir_batch batch = {.packets = batch_packets,
					   .count = packets - at < BATCH ? packets - at : BATCH};
		struct weir_decoded decoded = {.outer = headers};

		for (uint32_t i = 0; i < batch.count; i++)
			batch_packets[i] = (struct weir_packet){
				.bytes = frames + (size_t)(at + i) * FRAME_BYTES,
				.time_ns = UINT64_C(1700000000000000000) + (at + i) * UINT64_C(67),
				.captured_len = 60,
				.wire_len = 60};
		weir_decode_outer(batch_packets, batch.count, 1, headers);
		if (flow)
			weir_flow_update(flow, &batch, &decoded);
	}
}

int main(int argc, char **argv)
{
	uint32_t flows = argc > 1 ? (uint32_t)atol(argv[1]) : 1000;
	uint32_t packets = argc > 2 ? (uint32_t)atol(argv[2]) : 5000000;
	bool zipf = argc > 3;
	uint8_t *frames = malloc((size_t)packets * FRAME_BYTES);
	struct weir_flow_settings settings;
	struct weir_flow *flow;
	struct weir_error error;
	uint64_t state = 88172645463325252, records = 0, start, decode_ns = 0, meter_ns = 0;

	for (uint32_t i = 0; i < packets; i++) {
		double u = (double)(random_next(&state) >> 11) / 9007199254740992.0;

		put_frame(frames + (size_t)i * FRAME_BYTES,
			  zipf ? (uint32_t)(pow(flows, u) - 1) : (uint32_t)(u * flows));
	}
	weir_flow_settings_init(&settings);
	if (flows > settings.flows_max)
		settings.flows_max = flows;
	settings.prefault = true;
	if (weir_flow_open(&settings, NULL, count_record, &records, &flow, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	/* Once without and once with the meter: a clock between them would be measured too. */
	start = now_ns();
	run(NULL, frames, packets);
	decode_ns = now_ns() - start;
	start = now_ns();
	run(flow, frames, packets);
	meter_ns = now_ns() - start - decode_ns;
	start = now_ns();
	weir_flow_finish(flow, 0);
	printf("%10u flows %s: decode %5.1f ns, meter %5.1f ns, together %5.1f Mpps; "
	       "%" PRIu64 " records in %.1f ms\n",
	       flows, zipf ? "zipf" : "uniform", (double)decode_ns / packets,
	       (double)meter_ns / packets, packets * 1000.0 / (double)(decode_ns + meter_ns),
	       records, (double)(now_ns() - start) / 1e6);
	weir_flow_close(flow);
	free(frames);
	return 0;
}
