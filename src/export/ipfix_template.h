/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates, and records encoded by them.
 *
 * A plan holds one template for each kind of record that is laid out on its
 * own: IPv4 or IPv6, ICMP or not, one way or both, and with reduced-size
 * encoding those whose counters do not fit. What of a record goes where is
 * worked out once, at open, into steps that the encoder runs through.
 */
#ifndef EXPORT_IPFIX_TEMPLATE_H
#define EXPORT_IPFIX_TEMPLATE_H

#include "export/ipfix_fields.h"
#include "ipfix_message.h"
#include "weir/export.h"

enum template_class {
	TEMPLATE_V6 = 1 << 0,
	TEMPLATE_ICMP = 1 << 1,
	TEMPLATE_ONE_WAY = 1 << 2,
	TEMPLATE_REDUCED = 1 << 3,
	TEMPLATE_CLASSES = 1 << 4,
};

enum { TEMPLATE_ID_FIRST = 256, TEMPLATE_REDUCED_BYTES = 4 };

struct template_step {
	struct ipfix_element element;
	uint8_t code; /* how it is encoded: ipfix_template.c */
	uint8_t base; /* enum ipfix_base */
	uint16_t offset;
	uint16_t bytes; /* as exported; IPFIX_VARIABLE */
};

struct ipfix_template {
	uint16_t id; /* 0: no record is of this class */
	uint16_t count;
	uint32_t bytes_max; /* of a record */
	struct template_step steps[IPFIX_ELEMENTS_MAX];
};

struct template_plan {
	enum message_version version;
	uint32_t own_pen;
	bool reduced, biflow;
	uint64_t uptime_zero_ns; /* what flowStartSysUpTime counts from */
	uint16_t community_seed;
	const struct weir_interfaces *interfaces;
	uint32_t first_packets; /* that a record has at most */
	uint32_t record_bytes_max;
	struct ipfix_template templates[TEMPLATE_CLASSES];
};

/* Lay out what the settings ask for. -EINVAL, -E2BIG. */
int template_plan_init(struct template_plan *plan, enum message_version version,
		       const struct weir_export_settings *settings, struct weir_error *error);
/* The template for a record. */
const struct ipfix_template *template_of(const struct template_plan *plan,
					 const struct weir_flow_record *record);
/* Write a record; at most template->bytes_max bytes. Returns its end. */
uint8_t *template_encode(const struct template_plan *plan, const struct ipfix_template *template,
			 const struct weir_flow_record *record, uint8_t *at);
/* Bytes that the template itself takes in a template set. */
uint32_t template_bytes(const struct template_plan *plan, const struct ipfix_template *template);
/* Write the template; returns its end. */
uint8_t *template_write(const struct template_plan *plan, const struct ipfix_template *template,
			uint8_t *at);

#endif
