/* SPDX-License-Identifier: Apache-2.0 */
/* weir verify: do recordings hold all that they should, and what do they miss? */
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/format.h"
#include "commands.h"
#include "weir/record.h"

struct verify_options {
	bool json;
};

enum verdict {
	VERDICT_COMPLETE,
	VERDICT_UNKNOWN, /* whole, but it does not tell whether packets were lost */
	VERDICT_LOST,
	VERDICT_DAMAGED,
};

static const char *const verdict_names[] = {"complete", "unknown", "lost", "damaged"};

static int verify_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct verify_options *)options)->json = true;
	return 0;
}

static enum verdict verify_judge(const struct weir_verified *verified)
{
	if (verified->bytes_whole < verified->bytes || verified->damage.code ||
	    verified->manifest == WEIR_MANIFEST_DIFFERS)
		return VERDICT_DAMAGED;
	if (verified->counted != UINT64_MAX && verified->counted != verified->packets)
		return VERDICT_DAMAGED;
	if (verified->lost == UINT64_MAX)
		return verified->located ? VERDICT_LOST : VERDICT_UNKNOWN;
	return verified->lost || verified->located ? VERDICT_LOST : VERDICT_COMPLETE;
}

static void verify_print_time(uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[32] = "?";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("%s.%06" PRIu64, text, time_ns % 1000000000 / 1000);
}

static void verify_print_losses(const struct weir_verified *verified)
{
	for (uint32_t i = 0; i < verified->loss_count && i < WEIR_VERIFIED_LOSSES_MAX; i++) {
		const struct weir_verified_loss *loss = &verified->losses[i];

		printf("  %" PRIu64 " lost at '%s' ", loss->packets, loss->interface);
		if (loss->from_ns) {
			printf("between ");
			verify_print_time(loss->from_ns);
			printf(" and ");
		} else {
			printf("before ");
		}
		verify_print_time(loss->to_ns);
		putchar('\n');
	}
	if (verified->loss_count > WEIR_VERIFIED_LOSSES_MAX)
		printf("  and %u more times\n", verified->loss_count - WEIR_VERIFIED_LOSSES_MAX);
}

static void verify_print_difference(const struct weir_verified *verified)
{
	printf("  differs from its manifest, first in bytes %" PRIu64 " to %" PRIu64,
	       verified->differs_from, verified->differs_to);
	if (verified->differs_packet)
		printf(", packet %" PRIu64 " or later", verified->differs_packet);
	putchar('\n');
}

static void verify_print(const char *path, const struct weir_verified *verified)
{
	enum verdict verdict = verify_judge(verified);

	printf("%s: ", path);
	if (verified->damage.code)
		printf("damaged: %" PRIu64 " whole packets, then %s", verified->packets,
		       verified->damage.text);
	else if (verified->bytes_whole < verified->bytes)
		printf("damaged: %" PRIu64 " whole packets, then %" PRIu64
		       " bytes that are no record",
		       verified->packets, verified->bytes - verified->bytes_whole);
	else if (verified->counted != UINT64_MAX && verified->counted != verified->packets)
		printf("damaged: %" PRIu64 " packets, but its counters say %" PRIu64,
		       verified->packets, verified->counted);
	else if (verdict == VERDICT_DAMAGED)
		printf("damaged: %" PRIu64 " packets", verified->packets);
	else if (verdict == VERDICT_COMPLETE)
		printf("complete: %" PRIu64 " packets, none lost", verified->packets);
	else if (verdict == VERDICT_UNKNOWN)
		printf("whole: %" PRIu64 " packets; it does not tell whether any were lost",
		       verified->packets);
	else
		printf("%" PRIu64 " packets, %" PRIu64 " lost before they could be recorded",
		       verified->packets,
		       verified->lost == UINT64_MAX ? verified->located : verified->lost);
	if (verified->manifest == WEIR_MANIFEST_MATCHES)
		printf("; as its manifest says");
	putchar('\n');
	if (verified->manifest == WEIR_MANIFEST_DIFFERS)
		verify_print_difference(verified);
	verify_print_losses(verified);
}

static json_t *verify_json_count(uint64_t count)
{
	return count == UINT64_MAX ? json_null() : json_integer((json_int_t)count);
}

static void verify_print_json(const char *path, const struct weir_verified *verified)
{
	char name[2 * PATH_MAX];
	json_t *losses = json_array(), *line;

	for (uint32_t i = 0; i < verified->loss_count && i < WEIR_VERIFIED_LOSSES_MAX; i++) {
		const struct weir_verified_loss *loss = &verified->losses[i];

		json_array_append_new(losses,
				      json_pack("{s:I, s:I, s:s, s:I}", "from_ns",
						(json_int_t)loss->from_ns, "to_ns",
						(json_int_t)loss->to_ns, "interface",
						format_utf8(loss->interface, name, sizeof(name)),
						"packets", (json_int_t)loss->packets));
	}
	line = json_pack(
		"{s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "file",
		format_utf8(path, name, sizeof(name)), "verdict",
		verdict_names[verify_judge(verified)], "packets", (json_int_t)verified->packets,
		"counted", verify_json_count(verified->counted), "lost",
		verify_json_count(verified->lost), "bytes", (json_int_t)verified->bytes,
		"bytes_whole", (json_int_t)verified->bytes_whole, "loss", losses, "manifest",
		verified->manifest == WEIR_MANIFEST_NONE
			? json_null()
			: json_boolean(verified->manifest == WEIR_MANIFEST_MATCHES));
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static int verify_status(enum verdict verdict)
{
	static const int statuses[] = {STATUS_OK, STATUS_OK, STATUS_LOST, STATUS_ERROR};

	return statuses[verdict];
}

/* Damage outweighs loss, loss outweighs nothing. */
static int verify_worse(int a, int b)
{
	if (a == STATUS_ERROR || b == STATUS_ERROR)
		return STATUS_ERROR;
	return a == STATUS_OK ? b : a;
}

static int verify_run(const struct command *command, int argc, char **argv)
{
	struct weir_verified *verified = malloc(sizeof(*verified));
	struct verify_options options = {0};
	struct weir_error error;
	int first, status = options_parse(command, argc, argv, &options, &first);

	if (status >= 0 || !verified) {
		free(verified);
		return status >= 0 ? status : STATUS_ERROR;
	}
	if (first == argc) {
		free(verified);
		weir_error_set(&error, -1, "no file named");
		return options_fail(command, STATUS_USAGE, &error);
	}
	status = STATUS_OK;
	for (int i = first; i < argc; i++) {
		if (weir_record_verify(argv[i], verified, &error) < 0) {
			status = options_fail(command, STATUS_ERROR, &error);
			continue;
		}
		(options.json ? verify_print_json : verify_print)(argv[i], verified);
		status = verify_worse(status, verify_status(verify_judge(verified)));
	}
	free(verified);
	return status;
}

static const struct option_row verify_rows[] = {
	{0, "json", NULL, "print JSON lines instead of text", verify_take_json},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group verify_groups[] = {
	{"Output", verify_rows},
	{NULL, NULL},
};

const struct command verify_command = {
	.name = "verify",
	.summary = "tell whether recordings are whole, and what they miss",
	.operands = "FILE...",
	.description =
		"Walks pcap and pcapng files, plain or compressed, and holds what is in them "
		"against the counters "
		"that they carry. A pcapng file of weir's tells how many packets it should hold, "
		"how many were lost before they could be recorded, and when. Beside a manifest "
		"(FILE.sha256, of 'record --manifest' or sha256sum) it tells whether the file is "
		"still the same, and if not, where it first differs. Exit status: 0 "
		"nothing is known to be missing, 3 packets were lost, 1 a file is damaged.",
	.examples = "  weir verify capture.pcapng\n"
		    "  weir verify --json cap_*.pcapng\n",
	.groups = verify_groups,
	.run = verify_run,
};
