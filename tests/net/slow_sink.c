/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slow_sink SOURCE REPORT READERS TAKERS [parts]: takes UDP packets of a source to a
 * sink of its own, which rests for 50 us at each fourth packet, until a
 * packet to port 9 ends the run. TAKERS 0: the readers feed the sink.
 * With 'parts' it takes parts of flows. Prints how many
 * packets came out of order: of each destination port, the payload's first
 * four bytes (big-endian) must grow.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "weir/weir.h"

enum { REST_NS = 50000, REST_EACH = 4, PORTS = 65536, END_PORT = 9 };

struct slow_sink {
	struct weir_sink sink; /* first */
	uint64_t packets, disordered;
	uint32_t last[PORTS];
};

static bool slow_sink_look(struct slow_sink *own, const struct weir_packet *packet,
			   const struct weir_headers *headers)
{
	uint16_t port = headers->destination_port;
	uint32_t number = 0;

	if (packet->captured_len < headers->payload_offset + sizeof(number))
		return false;
	memcpy(&number, packet->bytes + headers->payload_offset, sizeof(number));
	number = ntohl(number);
	own->disordered += number <= own->last[port];
	own->last[port] = number;
	return port == END_PORT;
}

static int slow_sink_consume(struct weir_sink *sink, struct weir_row *row,
			     const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct slow_sink *own = (struct slow_sink *)sink;
	bool end = false;

	for (uint32_t i = 0; i < batch->count; i++) {
		end |= slow_sink_look(own, &batch->packets[i], &decoded->outer[i]);
		if (++own->packets % REST_EACH == 0)
			nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
	}
	weir_cell_add(&row->out, batch->count);
	return end;
}

static void slow_sink_close(struct weir_sink *sink)
{
	struct slow_sink *own = (struct slow_sink *)sink;

	printf("%llu\n", (unsigned long long)own->disordered);
	free(own);
}

static struct weir_sink_ops slow_sink_ops = {
	.name = "slow",
	.needs = WEIR_DECODE_OUTER,
	.consume = slow_sink_consume,
	.close = slow_sink_close,
};

static int add_sinks(struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < weir_engine_workers(engine); i++) {
		struct slow_sink *own = calloc(1, sizeof(*own));

		if (!own)
			return -ENOMEM;
		own->sink.ops = &slow_sink_ops;
		rc = weir_engine_add_sink(engine, i, &own->sink, error);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct weir_engine_settings settings = {.wake_fd = -1};
	struct weir_source_settings source = {.fanout.mode = WEIR_FANOUT_CBPF};
	struct weir_engine *engine = NULL;
	struct weir_error error = {0};
	int rc;

	if (argc < 5)
		return 2;
	slow_sink_ops.takes_parts_of_flows = argc > 5;
	settings.workers = (uint32_t)atoi(argv[3]);
	settings.dispatch = (uint32_t)atoi(argv[4]);
	rc = weir_filter_open("udp", &source.filter, &error);
	if (rc == 0)
		rc = weir_engine_open(&settings, &engine, &error);
	if (rc == 0)
		rc = weir_engine_add_source(engine, argv[1], &source, &error);
	if (rc == 0)
		rc = add_sinks(engine, &error);
	if (rc == 0)
		rc = weir_engine_run(engine, &error);
	if (rc == 0)
		rc = weir_report_write(argv[2], engine, NULL, &error);
	if (rc < 0)
		fprintf(stderr, "slow_sink: %s\n", error.text);
	weir_engine_close(engine);
	weir_filter_close(source.filter);
	return rc < 0;
}
