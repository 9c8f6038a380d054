/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of text outputs: what they are called, when they are there, how they are written. */
#ifndef EXPORT_FIELD_H
#define EXPORT_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/export.h"

enum { FIELDS_MAX = 96 };

/* What fields need besides the record. */
struct field_context {
	const struct weir_interfaces *interfaces;
	uint16_t community_seed;
	enum weir_flow_sampling sampling;
	uint32_t sampling_interval;
};

/* How a value is written. */
enum field_form {
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_MILLISECONDS, /* of a time in ns */
	FIELD_IPV4,
	FIELD_IPV6,
	FIELD_MAC,
	FIELD_NUMBER, /* by 'put' */
	FIELD_WORD,   /* by 'put': quoted in JSON */
};

/* Where 'offset' counts from. */
enum field_base {
	FIELD_OF_RECORD,
	FIELD_OF_TIMES,
	FIELD_OF_IP,
	FIELD_OF_TCP,
	FIELD_OF_ORIGIN,
	FIELD_OF_ROUTE,
	FIELD_OF_HISTOGRAM,
	FIELD_OF_FIRST,
};

/* For which records a field is there. */
enum field_when {
	FIELD_ALWAYS,
	FIELD_V4,
	FIELD_V6,
	FIELD_PORTS,
	FIELD_ICMP4,
	FIELD_ICMP6,
	FIELD_TCP,
	FIELD_BIFLOW,
	FIELD_REVERSE,     /* there are packets in reverse direction */
	FIELD_REVERSE_TCP, /* and they are TCP */
	FIELD_NOT_ZERO,
	FIELD_SUMS, /* that stand for several flows */
};

struct field {
	const char *name;
	enum field_form form;
	enum field_base base;
	enum field_when when;
	uint32_t offset;
	char *(*put)(char *at, const struct field_context *context,
		     const struct weir_flow_record *record);
};

struct field_list {
	const struct field *field[FIELDS_MAX];
	uint32_t count;
	struct field_context context;
};

/* The fields that the settings ask for, in order. */
void field_list_init(struct field_list *list, const struct weir_export_settings *settings);
/* Is the field there in this record? */
bool field_is_there(const struct field *field, const struct weir_flow_record *record);
/* Is its value a string, to be quoted? */
bool field_is_string(const struct field *field);
/* Write the value of a field that is there; returns its end. */
char *field_put(char *at, const struct field *field, const struct field_context *context,
		const struct weir_flow_record *record);

#endif
