/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template as some exporter sent it, worked out into steps: how long each
 * field is, and where in a flow record its value belongs, if anywhere.
 */
#ifndef COLLECT_TEMPLATE_H
#define COLLECT_TEMPLATE_H

#include "export/ipfix_fields.h"
#include "weir/flow.h"

enum { TEMPLATE_FIELDS_MAX = 512 };

struct collect_step {
	const struct ipfix_field *field; /* NULL: passed over */
	bool reverse;
	uint16_t bytes;  /* IPFIX_VARIABLE */
	uint16_t number; /* of an IANA element, for options; else 0 */
};

struct collect_template {
	struct collect_template *next; /* of the domain's chain */
	uint16_t id, count;
	bool options;
	uint32_t least_bytes; /* of a record; > 0 */
	struct collect_step steps[];
};

/* The record that is being put together. */
struct collect_record {
	struct weir_flow_record record;
	struct weir_flow_times times;
	struct weir_flow_ip ip;
	struct weir_flow_tcp tcp;
	struct weir_flow_origin origin;
	struct weir_flow_route route;
	/* written when the record has them, and not cleared before */
	struct weir_flow_histogram histogram;
	struct weir_flow_first first[WEIR_FLOW_FIRST_PACKETS_MAX];
};

/* Make an empty one for 'count' fields. NULL on lack of memory. */
struct collect_template *template_open(uint16_t id, uint16_t count, bool options);
/* Add a field. -EINVAL: too many. */
int template_add(struct collect_template *template, uint16_t number, uint32_t pen, uint16_t bytes,
		 uint32_t own_pen);
/* Begin a record: all zero, groups in place. */
void collect_record_init(struct collect_record *out);
/* Put a field's value where it belongs. 'zero_ns': what uptimes count from, 0 = not known. */
void collect_record_take(struct collect_record *out, const struct collect_step *step,
			 const uint8_t *value, uint32_t bytes, uint64_t zero_ns);
/* All fields have been taken: make the record whole. 'biflow': the exporter has biflows. */
void collect_record_finish(struct collect_record *out, bool biflow);
/* A big-endian number of up to eight bytes. */
uint64_t collect_number(const uint8_t *value, uint32_t bytes);

#endif
