/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The information elements that weir knows: what they are called and numbered,
 * and where a flow record keeps their values. The exporter, the collector and
 * --fields all go by this table.
 *
 * A row stands for two elements where it has a reverse: RFC 5103 gives the
 * reverse of an IANA element the same number under enterprise 29305; that of
 * an own element has bit 14 of its number set.
 */
#ifndef EXPORT_IPFIX_FIELDS_H
#define EXPORT_IPFIX_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/flow.h"

enum {
	IPFIX_REVERSE_PEN = 29305, /* RFC 5103 section 6.1 */
	IPFIX_EXAMPLE_PEN =
		32473, /* RFC 5612: for examples; weir's own elements unless told otherwise */
	IPFIX_OWN_REVERSE_BIT = 0x4000,
	IPFIX_VARIABLE = 65535,  /* RFC 7011 section 7 */
	IPFIX_ELEMENTS_MAX = 96, /* of a template */
	IPFIX_NAME_BYTES = 64,
	IPFIX_HISTOGRAM_BYTES = 1024,
	IPFIX_FIRST_BYTES =
		14, /* ns since the flow's start (8), payload (4), direction, TCP flags */
};

/* informationElementDataType (IE 339). */
enum ipfix_type {
	IPFIX_OCTETS = 0,
	IPFIX_U8 = 1,
	IPFIX_U16 = 2,
	IPFIX_U32 = 3,
	IPFIX_U64 = 4,
	IPFIX_MAC = 12,
	IPFIX_STRING = 13,
	IPFIX_SECONDS = 14,
	IPFIX_MILLISECONDS = 15,
	IPFIX_MICROSECONDS = 16,
	IPFIX_NANOSECONDS = 17,
	IPFIX_IPV4 = 18,
	IPFIX_IPV6 = 19,
};

/* How a value comes from a record's member, and goes back. */
enum ipfix_form {
	IPFIX_FORM_NUMBER,         /* an unsigned of 'width' bytes */
	IPFIX_FORM_BYTES,          /* as it is */
	IPFIX_FORM_TIME,           /* ns of Unix time, written as the type says */
	IPFIX_FORM_UPTIME,         /* ns of Unix time, as milliseconds since the exporter's start */
	IPFIX_FORM_INITIATOR,      /* constant 1: biflowDirection */
	IPFIX_FORM_VLAN,           /* the id in a TCI */
	IPFIX_FORM_PRIORITY,       /* the priority in a TCI */
	IPFIX_FORM_MPLS,           /* the first three bytes of a label stack entry */
	IPFIX_FORM_SEGMENT,        /* layer2SegmentId: its first byte tells the kind */
	IPFIX_FORM_EXTENSIONS,     /* WEIR_EXTENSION_ bits as IE 64 has them */
	IPFIX_FORM_SYN_TO_SYN_ACK, /* handshake times */
	IPFIX_FORM_SYN_ACK_TO_ACK,
	IPFIX_FORM_INTERFACE, /* its name, variable length */
	IPFIX_FORM_NETNS,     /* its name, variable length */
	IPFIX_FORM_COMMUNITY, /* Community ID */
	IPFIX_FORM_HISTOGRAM, /* 256 numbers of 4 bytes */
	IPFIX_FORM_FIRST,     /* IPFIX_FIRST_BYTES for each of the first packets */
};

/* What of a record an offset counts from. */
enum ipfix_base {
	IPFIX_OF_RECORD,
	IPFIX_OF_TIMES,
	IPFIX_OF_IP,
	IPFIX_OF_TCP,
	IPFIX_OF_ORIGIN,
	IPFIX_OF_HISTOGRAM,
	IPFIX_OF_FIRST,
	IPFIX_OF_ROUTE,
	IPFIX_BASES
};

/* Which records have the element at all. */
enum ipfix_when {
	IPFIX_ALWAYS,
	IPFIX_V4,
	IPFIX_V6,
	IPFIX_PORTS, /* whatever is not ICMP */
	IPFIX_ICMP4,
	IPFIX_ICMP6,
	IPFIX_BIFLOW,
};

enum {
	IPFIX_BASIC = 1 << 0,
	IPFIX_FULL = 1 << 1,
	IPFIX_XPROBE = 1 << 2,
	IPFIX_COUNTER = 1 << 3,
	IPFIX_KEY = 1 << 4
};

/* Whose number it is. */
enum ipfix_registry {
	IPFIX_IANA,
	IPFIX_OWN,          /* under weir's enterprise number */
	IPFIX_REVERSE_ONLY, /* RFC 5103's: for a row that is no other row's reverse */
};

struct ipfix_field {
	const char *name;
	uint16_t number;
	uint8_t registry;                /* enum ipfix_registry */
	uint8_t type;                    /* enum ipfix_type */
	uint16_t bytes;                  /* as exported; IPFIX_VARIABLE */
	uint8_t form;                    /* enum ipfix_form */
	uint8_t base;                    /* enum ipfix_base */
	uint8_t when;                    /* enum ipfix_when */
	uint8_t flags;                   /* presets; IPFIX_COUNTER: may be reduced; IPFIX_KEY */
	uint8_t width;                   /* bytes of the member */
	uint16_t offset, reverse_offset; /* the same: there is no reverse */
};

/* One element: a row and a direction. */
struct ipfix_element {
	const struct ipfix_field *field;
	bool reverse;
};

/* The table and its length. */
const struct ipfix_field *ipfix_fields(uint32_t *count);
static inline bool ipfix_field_has_reverse(const struct ipfix_field *field)
{
	return field->offset != field->reverse_offset;
}
/* WEIR_FLOW_FIELD_ bits that a meter must have for the element; 0 = none. */
uint32_t ipfix_field_group(const struct ipfix_field *field);
/* "reversePacketDeltaCount"; returns 'text'. */
const char *ipfix_element_name(struct ipfix_element element, char text[IPFIX_NAME_BYTES]);
/* By name. False: there is none. */
bool ipfix_element_by_name(const char *name, struct ipfix_element *out);
/* By number; 'pen' as it was on the wire, 'own_pen' is weir's. False: not known. */
bool ipfix_element_by_number(uint32_t pen, uint16_t number, uint32_t own_pen,
			     struct ipfix_element *out);
/* Number and enterprise (0 = IANA) on the wire. */
uint16_t ipfix_element_number(struct ipfix_element element);
uint32_t ipfix_element_pen(struct ipfix_element element, uint32_t own_pen);

#endif
