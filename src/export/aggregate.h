/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow records summed up by some of their fields: "sourceIPv4Address/24,
 * protocolIdentifier". IPv4 and IPv6 stay apart. A bounded table: when it is
 * full all goes out at once, so that a sum may come in parts, never short.
 */
#ifndef EXPORT_AGGREGATE_H
#define EXPORT_AGGREGATE_H

#include "weir/export.h"

enum {
	AGGREGATE_SUMS_MAX = 65536, /* half of the table's places */
	AGGREGATE_FIELDS_MAX = 24,
};

struct aggregate;

/* 'fields' as of weir_export_aggregate. -EINVAL, -ENOMEM. */
int aggregate_open(const char *fields, struct aggregate **out, struct weir_error *error);
void aggregate_close(struct aggregate *aggregate); /* NULL is fine */
/* What a record of sums has, for weir_export_settings.fields; as long as 'aggregate'. */
const char *const *aggregate_names(const struct aggregate *aggregate, bool biflow, uint32_t *count);

/* Add a record. True when the table is full: aggregate_flush is due. */
bool aggregate_add(struct aggregate *aggregate, const struct weir_flow_record *record);
/* Emit all sums, in the order in which they were begun, and forget them. */
void aggregate_flush(struct aggregate *aggregate, weir_flow_emit *emit, void *user);

#endif
