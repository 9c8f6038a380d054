/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: the ledger, printed as a table or written as one JSON object
 * with the same numbers. A number that cannot be known is '?' or null.
 */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "engine.h"
#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Counters beside the balance, never in it: the NIC's (netlink, per
 * interface), and the softnet backlog's (host-wide).
 */
struct weir_context;

/*
 * Note the counters as they are now, as the start of the measurement, for the
 * interfaces of the engine's sources. Where one comes later, by a pattern, or
 * is made anew, the sums are unknown. -ENOMEM. Free with weir_context_close.
 * Thread rule: that of weir_engine_run.
 */
int weir_context_open(struct weir_engine *engine, struct weir_context **out);
/* NULL is fine. */
void weir_context_close(struct weir_context *context);

/*
 * Print the ledger by interface and stage, the losses with their times, and
 * as last line 'balanced' or the stage that isn't. 'context' may be NULL.
 * The claim of balance holds after the run; before, it is left out.
 * Thread rule: that of weir_engine_run.
 */
void weir_report_print(FILE *out, struct weir_engine *engine, const struct weir_context *context,
		       bool final);
/*
 * Write the report as JSON, one object and a newline, to a file; "-" is the
 * standard output. -ENOMEM, -errno. 'context' and thread rule as above.
 */
int weir_report_write(const char *path, struct weir_engine *engine,
		      const struct weir_context *context, struct weir_error *error);

#ifdef __cplusplus
}
#endif
#endif
