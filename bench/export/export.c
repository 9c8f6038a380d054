/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow records a second through an export. Without a target: the encoder
 * alone, into messages that go nowhere. With one: what a worker spends on a
 * record (CPU time of its thread), and how fast they leave (wall time).
 *
 *	bench_export RECORDS [basic|xprobe|full] [TARGET [CA CERTIFICATE-AND-KEY]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipfix_template.h"
#include "weir/export.h"

enum { FLOWS = 4096, MESSAGE_BYTES = 1472 };

static const char *const presets[] = {
	[WEIR_EXPORT_XPROBE] = "xprobe", [WEIR_EXPORT_BASIC] = "basic", [WEIR_EXPORT_FULL] = "full"};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct weir_flow_record *make_records(void)
{
	static const struct weir_flow_times times;
	static const struct weir_flow_ip ip;
	static const struct weir_flow_tcp tcp;
	static const struct weir_flow_origin origin;
	struct weir_flow_record *records = calloc(FLOWS, sizeof(*records));

	for (uint32_t i = 0; records && i < FLOWS; i++) {
		records[i] = (struct weir_flow_record){
			.ip_version = i % 8 ? 4 : 6, /* runs of one kind are not the rule */
			.protocol = i % 3 ? 6 : 17,
			.end_reason = WEIR_FLOW_END_IDLE,
			.biflow = true,
			.source_address = {10, 0, (uint8_t)(i >> 8), (uint8_t)i},
			.destination_address = {10, 1, 0, 1},
			.source_port = (uint16_t)i,
			.destination_port = 443,
			.first_ns = UINT64_C(1700000000000000000) + i,
			.last_ns = UINT64_C(1700000001000000000) + i,
			.forward = {.packets = 10, .bytes = 1000},
			.reverse = {.packets = i % 5 ? 9 : 0, .bytes = 9000},
			.times = &times,
			.ip = &ip,
			.tcp = &tcp,
			.origin = &origin};
	}
	return records;
}

static void bench_encoder(const struct weir_export_settings *settings,
			  const struct weir_flow_record *records, uint64_t count)
{
	static uint8_t bytes[MESSAGE_BYTES];
	struct message message = {.bytes = bytes};
	struct template_plan plan;
	uint64_t start, spent, messages = 0;

	if (template_plan_init(&plan, MESSAGE_IPFIX, settings, NULL) < 0)
		exit(1);
	message_begin(&message, MESSAGE_IPFIX, MESSAGE_BYTES);
	start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0; i < count; i++) {
		const struct weir_flow_record *record = &records[i % FLOWS];
		const struct ipfix_template *template = template_of(&plan, record);

		if (!message_fits(&message, template->id, template->bytes_max)) {
			message_end_set(&message);
			message_head(&message, 0, 0, (uint32_t)i, 1);
			message_begin(&message, MESSAGE_IPFIX, MESSAGE_BYTES);
			messages++;
		}
		message_take(&message, template_encode(&plan, template, record,
						       message_at(&message, template->id)));
	}
	spent = now_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	printf("encoder %-7s %9.0f records/s  %5.1f ns a record  %4.1f records a message\n",
	       presets[settings->preset], (double)count * 1e9 / (double)spent,
	       (double)spent / (double)count, (double)count / (double)messages);
}

static void bench_target(const struct weir_export_settings *settings,
			 const struct weir_flow_record *records, uint64_t count, const char *target)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC), cpu, spent, wall;
	struct weir_ledger *ledger;
	struct weir_export *export;
	struct weir_error error;

	if (weir_export_open(target, settings, &export, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	weir_ledger_open(&ledger);
	export->row = weir_ledger_row(ledger, weir_ledger_account(ledger, "b", "", "b", 0),
				      WEIR_STAGE_EXPORT, "b", true);
	cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0; i < count; i++)
		export->ops->write(export, &records[i % FLOWS]);
	spent = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	export->ops->finish(export);
	wall = now_ns(CLOCK_MONOTONIC) - start;
	printf("%-36s %-7s %9.0f records/s  %6.1f ns a record on the worker, sent %" PRIu64
	       " of %" PRIu64 "\n",
	       target, presets[settings->preset],
	       (double)weir_cell_get(&export->row->out) * 1e9 / (double)wall,
	       (double)spent / (double)count, weir_cell_get(&export->row->out), count);
	export->ops->close(export);
	weir_ledger_close(ledger);
}

int main(int argc, char **argv)
{
	struct weir_flow_settings meter;
	struct weir_export_settings settings = {.meter = &meter};
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
	struct weir_flow_record *records = make_records();

	weir_flow_settings_init(&meter);
	for (int i = 0; argc > 2 && i < 3; i++)
		if (!strcmp(argv[2], presets[i]))
			settings.preset = (enum weir_export_preset)i;
	if (settings.preset == WEIR_EXPORT_FULL)
		meter.fields = WEIR_FLOW_FIELD_TIMES | WEIR_FLOW_FIELD_IP | WEIR_FLOW_FIELD_TCP |
			       WEIR_FLOW_FIELD_ORIGIN;
	settings.network.rate_limited = true; /* no limit: that is what is measured */
	if (argc > 5) {
		settings.network.tls_ca = argv[4];
		settings.network.tls_certificate = argv[5];
	}
	if (!records)
		return 1;
	if (argc > 3)
		bench_target(&settings, records, count, argv[3]);
	else
		bench_encoder(&settings, records, count);
	free(records);
	return 0;
}
