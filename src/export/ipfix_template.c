/* SPDX-License-Identifier: Apache-2.0 */
#include "ipfix_template.h"

#include <errno.h>

#include "base/clock.h"
#include "community.h"
#include "ipfix_string.h"

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMPV6 = 58,
	ENTERPRISE_BIT = 0x8000, /* RFC 7011 section 3.2 */
	VARIABLE_LONG = 255,     /* RFC 7011 section 7: two bytes of length follow */
	VARIABLE_LONG_BYTES = 3,
	NETFLOW9_RECORD_BYTES_MIN = 4, /* or the padding (RFC 3954 section 5.3) would be records */
	SEGMENT_VXLAN = 1,             /* layer2SegmentId's first byte: IANA registry, IE 351 */
};

/* Seconds from 1900 to 1970: RFC 7011 section 6.1.9 counts as NTP does. */
static const uint64_t template_ntp_offset_s = 2208988800;
/* RFC 7011 section 6.1.9: the lowest bits of microseconds are zero. */
static const uint64_t template_microseconds_mask = ~UINT64_C(0x7ff);

/* How a step is encoded: the common numbers have codes of their own, for speed. */
enum step_code {
	STEP_8, /* 8 bits to 8 */
	STEP_16,
	STEP_32,
	STEP_64,
	STEP_64_TO_32,
	STEP_8_TO_16,
	STEP_16_TO_32,
	STEP_16_TO_64,
	STEP_8_TO_32,
	STEP_32_TO_64,
	STEP_BYTES_4,
	STEP_BYTES_6,
	STEP_BYTES_16,
	STEP_SECONDS,
	STEP_MILLISECONDS,
	STEP_MICROSECONDS,
	STEP_NANOSECONDS,
	STEP_FORM, /* whatever the row's form is */
};

/* ---- layout ---- */

static int template_number_code(uint32_t from, uint32_t to)
{
	static const struct {
		uint8_t from, to, code;
	} codes[] = {{1, 1, STEP_8},        {2, 2, STEP_16},       {4, 4, STEP_32},
		     {8, 8, STEP_64},       {8, 4, STEP_64_TO_32}, {1, 2, STEP_8_TO_16},
		     {2, 4, STEP_16_TO_32}, {2, 8, STEP_16_TO_64}, {1, 4, STEP_8_TO_32},
		     {4, 8, STEP_32_TO_64}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].from == from && codes[i].to == to)
			return codes[i].code;
	return -EINVAL;
}

static int template_code(const struct ipfix_field *field, uint32_t bytes)
{
	switch ((enum ipfix_form)field->form) {
	case IPFIX_FORM_NUMBER:
		return template_number_code(field->width, bytes);
	case IPFIX_FORM_BYTES:
		return bytes == 4 ? STEP_BYTES_4 : bytes == 6 ? STEP_BYTES_6 : STEP_BYTES_16;
	case IPFIX_FORM_TIME:
		return field->type == IPFIX_SECONDS        ? STEP_SECONDS
		       : field->type == IPFIX_MILLISECONDS ? STEP_MILLISECONDS
		       : field->type == IPFIX_MICROSECONDS ? STEP_MICROSECONDS
							   : STEP_NANOSECONDS;
	default:
		return STEP_FORM;
	}
}

/* Does a record of this class have the element? */
static bool template_class_has(uint32_t class, struct ipfix_element element)
{
	bool v6 = class & TEMPLATE_V6, icmp = class & TEMPLATE_ICMP;

	if (element.reverse && class & TEMPLATE_ONE_WAY)
		return false;
	switch ((enum ipfix_when)element.field->when) {
	case IPFIX_ALWAYS:
		return true;
	case IPFIX_V4:
		return !v6;
	case IPFIX_V6:
		return v6;
	case IPFIX_PORTS:
		return !icmp;
	case IPFIX_ICMP4:
		return icmp && !v6;
	case IPFIX_ICMP6:
		return icmp && v6;
	case IPFIX_BIFLOW:
		return !(class & TEMPLATE_ONE_WAY);
	}
	return false;
}

/* The most that an element takes in a record. */
static uint32_t template_bytes_max(const struct template_plan *plan,
				   const struct ipfix_field *field, uint16_t bytes)
{
	if (field->form == IPFIX_FORM_FIRST)
		return VARIABLE_LONG_BYTES + IPFIX_FIRST_BYTES * plan->first_packets;
	return bytes == IPFIX_VARIABLE ? IPFIX_STRING_BYTES_MAX + 1 : bytes;
}

static int template_add(const struct template_plan *plan, struct ipfix_template *template,
			uint32_t class, struct ipfix_element element, struct weir_error *error)
{
	const struct ipfix_field *field = element.field;
	struct template_step *step = &template->steps[template->count];
	uint16_t bytes = field->bytes;
	int code;

	if (class & TEMPLATE_REDUCED && field->flags & IPFIX_COUNTER && bytes == 8)
		bytes = TEMPLATE_REDUCED_BYTES;
	code = template_code(field, bytes);
	if (code < 0 || template->count == IPFIX_ELEMENTS_MAX)
		return weir_error_set(error, -E2BIG, "more than %d elements in a record",
				      IPFIX_ELEMENTS_MAX);
	*step = (struct template_step){.element = element,
				       .code = (uint8_t)code,
				       .base = field->base,
				       .offset = element.reverse ? field->reverse_offset
								 : field->offset,
				       .bytes = bytes};
	template->count++;
	template->bytes_max += template_bytes_max(plan, field, bytes);
	return 0;
}

/* Groups whose members a record will have. */
static uint32_t template_groups(const struct weir_flow_settings *meter)
{
	return meter->fields | (meter->key ? (uint32_t)WEIR_FLOW_FIELD_ORIGIN : 0);
}

/* NetFlow v9 knows no enterprises, no variable length, and no reverse. */
static bool template_version_has(const struct template_plan *plan, struct ipfix_element element)
{
	return plan->version == MESSAGE_IPFIX ||
	       (element.field->registry == IPFIX_IANA && !element.reverse &&
		element.field->bytes != IPFIX_VARIABLE && element.field->when != IPFIX_BIFLOW);
}

static int template_lay_named(struct template_plan *plan, struct ipfix_template *template,
			      uint32_t class, const struct weir_export_settings *settings,
			      struct weir_error *error)
{
	uint32_t groups = template_groups(settings->meter);
	struct ipfix_element element;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < settings->field_count; i++) {
		const char *name = settings->fields[i];
		uint32_t group;

		if (!ipfix_element_by_name(name, &element))
			return weir_error_set(error, -EINVAL, "there is no element '%s'", name);
		group = ipfix_field_group(element.field);
		if (group & ~groups)
			return weir_error_set(error, -EINVAL, "'%s' is not metered", name);
		if (!template_version_has(plan, element))
			return weir_error_set(error, -EINVAL, "NetFlow v9 cannot carry '%s'", name);
		if (plan->version == MESSAGE_IPFIX && element.field->form == IPFIX_FORM_UPTIME)
			return weir_error_set(error, -EINVAL,
					      "'%s' is for NetFlow v9, whose header says what it "
					      "counts from: use flowStartMilliseconds or so",
					      name);
		if (template_class_has(class, element))
			rc = template_add(plan, template, class, element, error);
	}
	return rc;
}

/* Presets, and the whole of each group that is metered. */
static bool template_is_preset(const struct ipfix_field *field,
			       const struct weir_export_settings *settings)
{
	uint32_t group = ipfix_field_group(field);
	uint8_t preset = settings->preset == WEIR_EXPORT_BASIC  ? IPFIX_BASIC
			 : settings->preset == WEIR_EXPORT_FULL ? IPFIX_FULL
								: IPFIX_XPROBE;

	if (field->form == IPFIX_FORM_COMMUNITY)
		return settings->community_id;
	if (group)
		return field->flags & IPFIX_FULL && template_groups(settings->meter) & group;
	return field->flags & preset;
}

/* NetFlow v9's own clock, where a flow's times are near it: in a live capture. */
static bool template_is_clock(const struct template_plan *plan, const struct ipfix_field *field,
			      const struct weir_export_settings *settings, bool *wanted)
{
	bool uptime = field->form == IPFIX_FORM_UPTIME;

	if (plan->version != MESSAGE_NETFLOW9 || (!uptime && field->form != IPFIX_FORM_TIME))
		return false;
	*wanted = uptime == (settings->meter->clock == WEIR_FLOW_CLOCK_WALL) &&
		  (uptime || field->type == IPFIX_MILLISECONDS);
	return true;
}

static int template_lay_preset(struct template_plan *plan, struct ipfix_template *template,
			       uint32_t class, const struct weir_export_settings *settings,
			       struct weir_error *error)
{
	uint32_t count;
	const struct ipfix_field *fields = ipfix_fields(&count);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count * 2; i++) {
		const struct ipfix_element element = {&fields[i / 2], i & 1};
		bool wanted = template_is_preset(element.field, settings);

		if (element.reverse && !ipfix_field_has_reverse(element.field))
			continue;
		template_is_clock(plan, element.field, settings, &wanted);
		if (wanted && template_version_has(plan, element) &&
		    template_class_has(class, element))
			rc = template_add(plan, template, class, element, error);
	}
	return rc;
}

int template_plan_init(struct template_plan *plan, enum message_version version,
		       const struct weir_export_settings *settings, struct weir_error *error)
{
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	plan->version = version;
	plan->own_pen = settings->pen ? settings->pen : IPFIX_EXAMPLE_PEN;
	plan->reduced = settings->reduced_size;
	plan->biflow = version == MESSAGE_IPFIX && !settings->meter->uniflow;
	plan->community_seed = settings->community_seed;
	plan->interfaces = settings->interfaces;
	plan->first_packets = settings->meter->first_packets;
	for (uint32_t class = 0; rc == 0 && class < TEMPLATE_CLASSES; class ++) {
		struct ipfix_template *template = &plan->templates[class];

		if ((class & TEMPLATE_REDUCED && !plan->reduced) ||
		    (!(class & TEMPLATE_ONE_WAY) && !plan->biflow))
			continue;
		template->id = (uint16_t)(TEMPLATE_ID_FIRST + class);
		rc = settings->field_count
			     ? template_lay_named(plan, template, class, settings, error)
			     : template_lay_preset(plan, template, class, settings, error);
		if (rc == 0 && !template->count)
			rc = weir_error_set(error, -EINVAL,
					    "some records would have none of the fields named");
		if (rc == 0 && version == MESSAGE_NETFLOW9 &&
		    template->bytes_max < NETFLOW9_RECORD_BYTES_MIN)
			rc = weir_error_set(error, -EINVAL,
					    "NetFlow v9 pads to 4 bytes: name more fields, for "
					    "records of as many");
		if (template->bytes_max > plan->record_bytes_max)
			plan->record_bytes_max = template->bytes_max;
	}
	return rc;
}

/* ---- records ---- */

static bool template_fits_reduced(const struct weir_flow_record *record)
{
	uint64_t all = record->forward.packets | record->forward.bytes |
		       record->forward.payload_bytes | record->reverse.packets |
		       record->reverse.bytes | record->reverse.payload_bytes;

	for (int i = 0; record->times && i < 2; i++)
		all |= record->times->frames[i] | record->times->frame_bytes[i];
	return all <= UINT32_MAX;
}

const struct ipfix_template *template_of(const struct template_plan *plan,
					 const struct weir_flow_record *record)
{
	uint32_t class = record->ip_version == 6 ? TEMPLATE_V6 : 0;

	if (record->protocol == (record->ip_version == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
		class |= TEMPLATE_ICMP;
	if (!plan->biflow || !record->biflow || !record->reverse.packets)
		class |= TEMPLATE_ONE_WAY;
	if (plan->reduced && template_fits_reduced(record))
		class |= TEMPLATE_REDUCED;
	return &plan->templates[class];
}

/* RFC 7011 section 6.1.9: seconds since 1900, and a 32-bit fraction. */
static uint64_t template_ntp(uint64_t ns)
{
	uint64_t s = ns / CLOCK_NS_PER_S + template_ntp_offset_s;

	return s << 32 | ((ns % CLOCK_NS_PER_S) << 32) / CLOCK_NS_PER_S;
}

/* Bits of IE 64, from the least significant: IANA registry, with RFC 5102's erratum 1738. */
static uint32_t template_extensions(uint32_t mask)
{
	static const struct {
		uint32_t ours, theirs;
	} bits[] = {
		{WEIR_EXTENSION_DESTINATION, 1 << 0},     {WEIR_EXTENSION_HOP_BY_HOP, 1 << 1},
		{WEIR_EXTENSION_FRAGMENT, 1 << 4},        {WEIR_EXTENSION_ROUTING, 1 << 5},
		{WEIR_EXTENSION_MOBILITY, 1 << 12},       {WEIR_EXTENSION_ESP, 1 << 13},
		{WEIR_EXTENSION_AUTHENTICATION, 1 << 14},
	};
	uint32_t out = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (mask & bits[i].ours)
			out |= bits[i].theirs;
	return out;
}

static uint8_t *template_put_segment(uint8_t *at, const struct weir_flow_origin *origin)
{
	uint64_t kind = origin->tunnel == WEIR_TUNNEL_VXLAN ? SEGMENT_VXLAN : 0;

	return put64(at, kind << 56 | origin->tunnel_id);
}

static uint64_t template_span(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns && to_ns > from_ns ? to_ns - from_ns : 0;
}

static uint8_t *template_put_histogram(uint8_t *at, const struct weir_flow_histogram *histogram)
{
	for (int i = 0; i < 256; i++)
		at = put32(at, histogram->count[i]);
	return at;
}

static uint8_t *template_put_first(uint8_t *at, const struct weir_flow_record *record)
{
	*at++ = VARIABLE_LONG;
	at = put16(at, (uint16_t)(record->first_count * IPFIX_FIRST_BYTES));
	for (uint32_t i = 0; i < record->first_count; i++) {
		const struct weir_flow_first *first = &record->first[i];

		at = put64(at, template_span(record->first_ns, first->time_ns));
		at = put32(at, first->payload_bytes);
		*at++ = first->direction;
		*at++ = first->tcp_flags;
	}
	return at;
}

/* The rarer forms. */
static uint8_t *template_put_form(const struct template_plan *plan,
				  const struct template_step *step,
				  const struct weir_flow_record *record, const uint8_t *value,
				  uint8_t *at)
{
	const struct weir_interface *interface;
	uint64_t ns;
	uint32_t u32;
	uint16_t tci;

	switch ((enum ipfix_form)step->element.field->form) {
	case IPFIX_FORM_UPTIME:
		memcpy(&ns, value, sizeof(ns));
		ns = ns > plan->uptime_zero_ns ? ns - plan->uptime_zero_ns : 0;
		return put32(at, (uint32_t)(ns / CLOCK_NS_PER_MS));
	case IPFIX_FORM_INITIATOR:
		*at = 1;
		return at + 1;
	case IPFIX_FORM_VLAN:
		memcpy(&tci, value, sizeof(tci));
		return put16(at, tci & 0xfff);
	case IPFIX_FORM_PRIORITY:
		memcpy(&tci, value, sizeof(tci));
		*at = (uint8_t)(tci >> 13);
		return at + 1;
	case IPFIX_FORM_MPLS:
		memcpy(&u32, value, sizeof(u32));
		*at = (uint8_t)(u32 >> 24);
		return put16(at + 1, (uint16_t)(u32 >> 8));
	case IPFIX_FORM_SEGMENT:
		return template_put_segment(at, record->origin);
	case IPFIX_FORM_EXTENSIONS:
		memcpy(&u32, value, sizeof(u32));
		return put32(at, template_extensions(u32));
	case IPFIX_FORM_SYN_TO_SYN_ACK:
		return put64(at, template_span(record->tcp->syn_ns, record->tcp->syn_ack_ns));
	case IPFIX_FORM_SYN_ACK_TO_ACK:
		return put64(at, template_span(record->tcp->syn_ack_ns, record->tcp->ack_ns));
	case IPFIX_FORM_INTERFACE:
	case IPFIX_FORM_NETNS:
		u32 = step->base == IPFIX_OF_RECORD ? record->interface : record->origin->netns;
		interface = plan->interfaces ? weir_interfaces_get(plan->interfaces, u32) : NULL;
		if (!interface)
			return ipfix_put_string(at, "", 0);
		return step->element.field->form == IPFIX_FORM_INTERFACE
			       ? ipfix_put_string(at, interface->name, sizeof(interface->name))
			       : ipfix_put_string(at, interface->netns, sizeof(interface->netns));
	case IPFIX_FORM_COMMUNITY:
		return (uint8_t *)community_put((char *)at, record, plan->community_seed);
	case IPFIX_FORM_HISTOGRAM:
		return template_put_histogram(at, record->histogram);
	case IPFIX_FORM_FIRST:
		return template_put_first(at, record);
	case IPFIX_FORM_NUMBER:
	case IPFIX_FORM_BYTES:
	case IPFIX_FORM_TIME:
		break; /* have codes of their own */
	}
	return at;
}

#define LOAD(type) (*(const type *)value)

static inline uint8_t *template_put(const struct template_plan *plan,
				    const struct template_step *step,
				    const struct weir_flow_record *record, const uint8_t *value,
				    uint8_t *at)
{
	switch ((enum step_code)step->code) {
	case STEP_8:
		*at = *value;
		return at + 1;
	case STEP_16:
		return put16(at, LOAD(uint16_t));
	case STEP_32:
		return put32(at, LOAD(uint32_t));
	case STEP_64:
		return put64(at, LOAD(uint64_t));
	case STEP_64_TO_32:
		return put32(at, (uint32_t)LOAD(uint64_t));
	case STEP_8_TO_16:
		return put16(at, *value);
	case STEP_16_TO_32:
		return put32(at, LOAD(uint16_t));
	case STEP_16_TO_64:
		return put64(at, LOAD(uint16_t));
	case STEP_8_TO_32:
		return put32(at, *value);
	case STEP_32_TO_64:
		return put64(at, LOAD(uint32_t));
	case STEP_BYTES_4:
		memcpy(at, value, 4);
		return at + 4;
	case STEP_BYTES_6:
		memcpy(at, value, 6);
		return at + 6;
	case STEP_BYTES_16:
		memcpy(at, value, 16);
		return at + 16;
	case STEP_SECONDS:
		return put32(at, (uint32_t)(LOAD(uint64_t) / CLOCK_NS_PER_S));
	case STEP_MILLISECONDS:
		return put64(at, LOAD(uint64_t) / CLOCK_NS_PER_MS);
	case STEP_MICROSECONDS:
		return put64(at, template_ntp(LOAD(uint64_t)) & template_microseconds_mask);
	case STEP_NANOSECONDS:
		return put64(at, template_ntp(LOAD(uint64_t)));
	case STEP_FORM:
		return template_put_form(plan, step, record, value, at);
	}
	return at;
}

uint8_t *template_encode(const struct template_plan *plan, const struct ipfix_template *template,
			 const struct weir_flow_record *record, uint8_t *at)
{
	const uint8_t *const bases[IPFIX_BASES] = {
		[IPFIX_OF_RECORD] = (const uint8_t *)record,
		[IPFIX_OF_TIMES] = (const uint8_t *)record->times,
		[IPFIX_OF_IP] = (const uint8_t *)record->ip,
		[IPFIX_OF_TCP] = (const uint8_t *)record->tcp,
		[IPFIX_OF_ORIGIN] = (const uint8_t *)record->origin,
		[IPFIX_OF_HISTOGRAM] = (const uint8_t *)record->histogram,
		[IPFIX_OF_FIRST] = (const uint8_t *)record->first,
		[IPFIX_OF_ROUTE] = (const uint8_t *)record->route,
	};

	for (uint32_t i = 0; i < template->count; i++) {
		const struct template_step *step = &template->steps[i];

		at = template_put(plan, step, record, bases[step->base] + step->offset, at);
	}
	return at;
}

/* ---- the template itself ---- */

uint32_t template_bytes(const struct template_plan *plan, const struct ipfix_template *template)
{
	uint32_t bytes = 4;

	for (uint32_t i = 0; i < template->count; i++)
		bytes += ipfix_element_pen(template->steps[i].element, plan->own_pen) ? 8 : 4;
	return bytes;
}

uint8_t *template_write(const struct template_plan *plan, const struct ipfix_template *template,
			uint8_t *at)
{
	at = put16(at, template->id);
	at = put16(at, template->count);
	for (uint32_t i = 0; i < template->count; i++) {
		const struct template_step *step = &template->steps[i];
		uint32_t pen = ipfix_element_pen(step->element, plan->own_pen);
		uint16_t number = ipfix_element_number(step->element);

		at = put16(at, pen ? number | ENTERPRISE_BIT : number);
		at = put16(at, step->bytes);
		if (pen)
			at = put32(at, pen);
	}
	return at;
}
