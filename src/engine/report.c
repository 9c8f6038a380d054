/* SPDX-License-Identifier: Apache-2.0 */
#include "weir/report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/format.h"
#include "context.h"
#include "privilege/request.h"

enum {
	REPORT_LOSSES_SHOWN = 10,
	REPORT_NAME_WIDTH = 20,
	REPORT_DIGITS = 9,
	REPORT_HEAVY_MAX = 5,
	REPORT_NAME_BYTES = 160
};

/* ---- in words ---- */

static const char *report_number(uint64_t value, bool known, char text[FORMAT_BYTES])
{
	if (!known)
		return "?";
	return format_count(value, text);
}

static uint64_t report_dropped(const struct weir_row *row)
{
	uint64_t sum = 0;

	for (int r = 0; r < WEIR_REASON_COUNT; r++)
		sum += weir_cell_get(&row->dropped[r]);
	return sum;
}

static void report_account_name(const struct weir_account *account, char *text, size_t size)
{
	if (account->queue)
		snprintf(text, size, "%s:%s#%u", account->source, account->name, account->queue);
	else
		snprintf(text, size, "%s:%s", account->source, account->name);
	if (*account->netns)
		snprintf(text + strlen(text), size - strlen(text), "@%s", account->netns);
}

static void report_row_name(const struct weir_row *row, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", weir_stage_name(row->stage), *row->name ? " " : "",
		 row->name);
}

static void report_print_row(FILE *out, const char *name, const struct weir_row *row)
{
	uint32_t unknown = weir_row_unknown_bits(row);
	bool drops_known = !(unknown >> WEIR_UNKNOWN_REASONS);
	char in[FORMAT_BYTES], left[FORMAT_BYTES], dropped[FORMAT_BYTES], stage[48];
	const char *separator = "  ";

	report_row_name(row, stage, sizeof(stage));
	fprintf(out, "%-*s %-14s %14s %14s %12s", REPORT_NAME_WIDTH, name, stage,
		report_number(weir_cell_get(&row->in), !(unknown & WEIR_UNKNOWN_IN), in),
		report_number(weir_cell_get(&row->out), !(unknown & WEIR_UNKNOWN_OUT), left),
		report_number(report_dropped(row), drops_known, dropped));
	fputc('\n', out);
	if (!report_dropped(row) && !weir_cell_get(&row->filtered) && !weir_cell_get(&row->late) &&
	    !weir_cell_get(&row->spread))
		return;
	fprintf(out, "%-*s %-14s", REPORT_NAME_WIDTH, "", "");
	if (weir_cell_get(&row->filtered)) {
		fprintf(out, "%sfiltered %s", separator,
			format_count(weir_cell_get(&row->filtered), in));
		separator = ", ";
	}
	if (weir_cell_get(&row->late)) {
		fprintf(out, "%slate %s", separator, format_count(weir_cell_get(&row->late), in));
		separator = ", ";
	}
	if (weir_cell_get(&row->spread)) {
		fprintf(out, "%sfrom fuller lanes %s", separator,
			format_count(weir_cell_get(&row->spread), in));
		separator = ", ";
	}
	for (int r = 0; r < WEIR_REASON_COUNT; r++) {
		uint64_t packets = weir_cell_get(&row->dropped[r]);

		if (!packets)
			continue;
		fprintf(out, "%s%s %s", separator, weir_reason_name(r), format_count(packets, in));
		separator = ", ";
	}
	fputc('\n', out);
}

static void report_print_rollover(FILE *out, const struct weir_account *account)
{
	char all[FORMAT_BYTES], huge[FORMAT_BYTES], failed[FORMAT_BYTES];

	fprintf(out, "%-*s   rollover placed %s (%s of large flows), found no room for %s\n",
		REPORT_NAME_WIDTH, "", format_count(weir_cell_get(&account->rolled_over), all),
		format_count(weir_cell_get(&account->rolled_over_huge), huge),
		format_count(weir_cell_get(&account->rolled_over_failed), failed));
}

static void report_print_to_stack(FILE *out, const struct weir_account *account)
{
	char given[FORMAT_BYTES], refused[FORMAT_BYTES];

	fprintf(out, "%-*s   handed back to the host %s, refused by its stack %s\n",
		REPORT_NAME_WIDTH, "", format_count(weir_cell_get(&account->to_stack), given),
		format_count(weir_cell_get(&account->to_stack_refused), refused));
}

static void report_print_account(FILE *out, const struct weir_account *account)
{
	char name[160];

	report_account_name(account, name, sizeof(name));
	if (strlen(name) > REPORT_NAME_WIDTH) { /* a line of its own, so that columns stay */
		fprintf(out, "%s\n", name);
		*name = '\0';
	}
	for (const struct weir_row *row = weir_account_rows(account); row;
	     row = weir_row_next(row)) {
		report_print_row(out, name, row);
		*name = '\0';
	}
	if (weir_cell_get(&account->has_rollover))
		report_print_rollover(out, account);
	if (weir_cell_get(&account->has_to_stack))
		report_print_to_stack(out, account);
}

static void report_print_losses(FILE *out, struct weir_ledger *ledger)
{
	struct weir_loss *losses = calloc(WEIR_LOSSES_MAX, sizeof(*losses));
	uint32_t count = losses ? weir_ledger_losses(ledger, losses, WEIR_LOSSES_MAX) : 0;

	for (uint32_t i = 0; i < count && i < REPORT_LOSSES_SHOWN; i++) {
		char number[FORMAT_BYTES], from[FORMAT_BYTES], to[FORMAT_BYTES], name[160];

		report_account_name(losses[i].account, name, sizeof(name));
		fprintf(out, "%s lost at %s, stage %s (%s), between %s and %s\n",
			format_count(losses[i].packets, number), name,
			weir_stage_name(losses[i].stage), weir_reason_name(losses[i].reason),
			format_time_of_day(losses[i].from_ns, from),
			format_time_of_day(losses[i].to_ns, to));
	}
	if (count > REPORT_LOSSES_SHOWN)
		fprintf(out, "... and %u further losses (all of them: --report FILE)\n",
			count - REPORT_LOSSES_SHOWN);
	free(losses);
}

static void report_print_context(FILE *out, const struct weir_context *context)
{
	struct context_counters counters;
	char a[FORMAT_BYTES], b[FORMAT_BYTES], c[FORMAT_BYTES], d[FORMAT_BYTES];

	context_read(context, &counters);
	fprintf(out,
		"beside the balance: NIC missed %s, fifo %s, over %s; softnet dropped %s (host)\n",
		report_number(counters.rx_missed, counters.known, a),
		report_number(counters.rx_fifo, counters.known, b),
		report_number(counters.rx_over, counters.known, c),
		report_number(counters.softnet_dropped, counters.softnet_known, d));
}

static const char *report_address(const struct weir_heavy_pair *pair, int which,
				  char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(pair->ip_version == 4 ? AF_INET : AF_INET6, pair->address[which], text,
			 INET6_ADDRSTRLEN);
}

static void report_print_heavy(FILE *out, const struct weir_engine *engine)
{
	struct weir_heavy_pair pairs[REPORT_HEAVY_MAX];
	uint32_t count = weir_engine_heavy(engine, pairs, REPORT_HEAVY_MAX);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	for (uint32_t i = 0; i < count; i++)
		fprintf(out,
			"heavy: %s and %s have about %.0f %% of the packets, a worker's share "
			"or more\n",
			report_address(&pairs[i], 0, a), report_address(&pairs[i], 1, b),
			100 * pairs[i].share);
}

static bool report_is_live(struct weir_ledger *ledger)
{
	for (const struct weir_account *a = weir_ledger_accounts(ledger); a;
	     a = weir_account_next(a))
		if (strcmp(a->source, "file") && strcmp(a->source, "fake"))
			return true;
	return false;
}

static void report_print_balance(FILE *out, struct weir_ledger *ledger)
{
	const struct weir_row *row = weir_ledger_unbalanced(ledger);
	char name[160], stage[48];

	if (!row) {
		fprintf(out, "balanced\n");
		return;
	}
	report_account_name(row->account, name, sizeof(name));
	report_row_name(row, stage, sizeof(stage));
	fprintf(out,
		"NOT BALANCED at %s, stage %s: in %" PRIu64 ", out %" PRIu64 ", filtered %" PRIu64
		", dropped %" PRIu64 "\n",
		name, stage, weir_cell_get(&row->in), weir_cell_get(&row->out),
		weir_cell_get(&row->filtered), report_dropped(row));
}

void weir_report_print(FILE *out, struct weir_engine *engine, const struct weir_context *context,
		       bool final)
{
	struct weir_ledger *ledger = weir_engine_ledger(engine);
	struct weir_totals totals;
	char frames[FORMAT_BYTES], wire[FORMAT_BYTES], bytes[FORMAT_BYTES];

	weir_ledger_totals(ledger, !final, &totals);
	fprintf(out, "%s packets (%s on the wire), %s bytes in %.3f s\n",
		format_count(totals.frames, frames),
		report_number(totals.wire, totals.wire_known, wire),
		format_count(totals.bytes, bytes),
		(double)weir_engine_duration_ns(engine) / (double)CLOCK_NS_PER_S);
	fprintf(out, "%-*s %-14s %14s %14s %12s\n", REPORT_NAME_WIDTH, "interface", "stage", "in",
		"out", "dropped");
	for (const struct weir_account *a = weir_ledger_accounts(ledger); a;
	     a = weir_account_next(a))
		report_print_account(out, a);
	report_print_losses(out, ledger);
	if (final)
		report_print_heavy(out, engine);
	if (report_is_live(ledger))
		report_print_context(out, context);
	if (final)
		report_print_balance(out, ledger);
}

/* ---- as JSON ---- */

static json_t *report_json_number(uint64_t value, bool known)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

/* Names of files and interfaces may hold any bytes; JSON would not take them. */
static json_t *report_json_name(const char *name)
{
	char text[REPORT_NAME_BYTES];

	return json_string(format_utf8(name, text, sizeof(text)));
}

static json_t *report_json_row(const struct weir_row *row)
{
	uint32_t unknown = weir_row_unknown_bits(row);
	json_t *dropped = json_object();
	json_t *object = json_object();

	for (int r = 0; r < WEIR_REASON_COUNT; r++) {
		uint64_t packets = weir_cell_get(&row->dropped[r]);
		bool known = !(unknown & 1u << (WEIR_UNKNOWN_REASONS + r));

		/* A ring always tells whether it was full; others only what happened. */
		if (packets || !known ||
		    (row->stage == WEIR_STAGE_RING && r == WEIR_REASON_RING_FULL))
			json_object_set_new(dropped, weir_reason_name(r),
					    report_json_number(packets, known));
	}
	json_object_set_new(object, "stage", json_string(weir_stage_name(row->stage)));
	if (*row->name)
		json_object_set_new(object, "name", report_json_name(row->name));
	json_object_set_new(object, "checked", json_boolean(row->checked));
	json_object_set_new(object, "balanced", json_boolean(weir_row_balanced(row)));
	json_object_set_new(
		object, "in",
		report_json_number(weir_cell_get(&row->in), !(unknown & WEIR_UNKNOWN_IN)));
	json_object_set_new(
		object, "out",
		report_json_number(weir_cell_get(&row->out), !(unknown & WEIR_UNKNOWN_OUT)));
	if (row->stage == WEIR_STAGE_FILTER || weir_cell_get(&row->filtered))
		json_object_set_new(object, "filtered",
				    json_integer((json_int_t)weir_cell_get(&row->filtered)));
	if (row->stage == WEIR_STAGE_RING)
		json_object_set_new(object, "freezes",
				    report_json_number(weir_cell_get(&row->freezes),
						       weir_cell_get(&row->has_freezes)));
	if (row->stage == WEIR_STAGE_DISPATCH) {
		json_object_set_new(object, "late",
				    json_integer((json_int_t)weir_cell_get(&row->late)));
		json_object_set_new(object, "spread",
				    json_integer((json_int_t)weir_cell_get(&row->spread)));
	}
	json_object_set_new(object, "dropped", dropped);
	return object;
}

static json_t *report_json_rollover(const struct weir_account *account)
{
	return json_pack("{s:I, s:I, s:I}", "placed",
			 (json_int_t)weir_cell_get(&account->rolled_over), "huge",
			 (json_int_t)weir_cell_get(&account->rolled_over_huge), "no_room",
			 (json_int_t)weir_cell_get(&account->rolled_over_failed));
}

static json_t *report_json_account(const struct weir_account *account)
{
	json_t *stages = json_array();
	json_t *object;

	for (const struct weir_row *row = weir_account_rows(account); row; row = weir_row_next(row))
		json_array_append_new(stages, report_json_row(row));
	object = json_pack(
		"{s:o, s:o, s:s, s:i, s:I, s:I, s:o, s:o}", "name", report_json_name(account->name),
		"netns", report_json_name(account->netns), "source", account->source, "queue",
		(int)account->queue, "frames", (json_int_t)weir_cell_get(&account->frames), "bytes",
		(json_int_t)weir_cell_get(&account->bytes), "wire",
		report_json_number(weir_cell_get(&account->wire),
				   !weir_cell_get(&account->wire_unknown)),
		"stages", stages);
	if (weir_cell_get(&account->has_rollover))
		json_object_set_new(object, "rollover", report_json_rollover(account));
	if (weir_cell_get(&account->has_to_stack))
		json_object_set_new(
			object, "to_stack",
			json_pack("{s:I, s:I}", "taken",
				  (json_int_t)weir_cell_get(&account->to_stack), "refused",
				  (json_int_t)weir_cell_get(&account->to_stack_refused)));
	return object;
}

static json_t *report_json_loss(const struct weir_loss *loss)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:i, s:s, s:s, s:I}", "from_ns",
			 (json_int_t)loss->from_ns, "to_ns", (json_int_t)loss->to_ns, "interface",
			 report_json_name(loss->account->name), "netns",
			 report_json_name(loss->account->netns), "queue", (int)loss->account->queue,
			 "stage", weir_stage_name(loss->stage), "reason",
			 weir_reason_name(loss->reason), "packets", (json_int_t)loss->packets);
}

static json_t *report_json_losses(struct weir_ledger *ledger)
{
	struct weir_loss *losses = calloc(WEIR_LOSSES_MAX, sizeof(*losses));
	uint32_t count = losses ? weir_ledger_losses(ledger, losses, WEIR_LOSSES_MAX) : 0;
	json_t *array = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(array, report_json_loss(&losses[i]));
	free(losses);
	return array;
}

static json_t *report_json_context(const struct weir_context *context)
{
	struct context_counters c;

	context_read(context, &c);
	return json_pack("{s:{s:o, s:o, s:o, s:o}, s:{s:o}}", "nic", "rx_missed",
			 report_json_number(c.rx_missed, c.known), "rx_fifo",
			 report_json_number(c.rx_fifo, c.known), "rx_over",
			 report_json_number(c.rx_over, c.known), "rx_dropped",
			 report_json_number(c.rx_dropped, c.known), "softnet", "dropped",
			 report_json_number(c.softnet_dropped, c.softnet_known));
}

static json_t *report_json_heavy(const struct weir_engine *engine)
{
	struct weir_heavy_pair pairs[REPORT_HEAVY_MAX];
	uint32_t count = weir_engine_heavy(engine, pairs, REPORT_HEAVY_MAX);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	json_t *array = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:[s, s], s:f}", "addresses",
						       report_address(&pairs[i], 0, a),
						       report_address(&pairs[i], 1, b), "share",
						       pairs[i].share));
	return array;
}

static json_t *report_json(struct weir_engine *engine, const struct weir_context *context)
{
	struct weir_ledger *ledger = weir_engine_ledger(engine);
	const struct weir_row *unbalanced = weir_ledger_unbalanced(ledger);
	struct weir_totals t;
	json_t *interfaces = json_array();
	json_t *object;

	weir_ledger_totals(ledger, false, &t);
	for (const struct weir_account *a = weir_ledger_accounts(ledger); a;
	     a = weir_account_next(a))
		json_array_append_new(interfaces, report_json_account(a));
	object = json_pack("{s:b, s:f, s:{s:o, s:I, s:I, s:I, s:o, s:o, s:I}, s:o, s:o, s:o}",
			   "balanced", !unbalanced, "duration_s",
			   (double)weir_engine_duration_ns(engine) / (double)CLOCK_NS_PER_S,
			   "packets", "seen", report_json_number(t.seen, t.seen_known), "filtered",
			   (json_int_t)t.filtered, "delivered", (json_int_t)t.delivered, "written",
			   (json_int_t)t.written, "dropped",
			   report_json_number(t.dropped, t.dropped_known), "wire",
			   report_json_number(t.wire, t.wire_known), "bytes", (json_int_t)t.bytes,
			   "interfaces", interfaces, "context", report_json_context(context),
			   "loss", report_json_losses(ledger));
	if (object)
		json_object_set_new(object, "heavy_pairs", report_json_heavy(engine));
	if (object && unbalanced)
		json_object_set_new(object, "unbalanced_stage",
				    json_string(weir_stage_name(unbalanced->stage)));
	return object;
}

static int report_write_text(const char *path, const char *text, struct weir_privilege *privilege)
{
	size_t length = strlen(text);
	bool to_stdout = !strcmp(path, "-");
	int fd = to_stdout ? dup(STDOUT_FILENO)
			   : request_open(privilege, path, O_WRONLY | O_CREAT | O_TRUNC);
	int rc = fd >= 0 ? 0 : to_stdout ? -errno : fd;

	while (rc == 0 && length) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno != EINTR)
			rc = -errno;
		if (put > 0) {
			text += put;
			length -= (size_t)put;
		}
	}
	if (fd >= 0 && close(fd) && rc == 0)
		rc = -errno;
	return rc;
}

int weir_report_write(const char *path, struct weir_engine *engine,
		      const struct weir_context *context, struct weir_error *error)
{
	json_t *object = report_json(engine, context);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(REPORT_DIGITS))
			    : NULL;
	char *line = NULL;
	int rc = -ENOMEM;

	if (text && asprintf(&line, "%s\n", text) > 0)
		rc = report_write_text(path, line, weir_engine_privilege(engine));
	free(line);
	free(text);
	json_decref(object);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot write the report to '%s'", path)
		      : 0;
}
