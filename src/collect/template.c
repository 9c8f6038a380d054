/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { NUMBER_BYTES_MAX = 8, MPLS_BYTES = 3 };

static const uint64_t template_ntp_offset_s = 2208988800;

struct collect_template *template_open(uint16_t id, uint16_t count, bool options)
{
	struct collect_template *template =
		calloc(1, sizeof(*template) + count * sizeof(*template->steps));

	if (template) {
		template->id = id;
		template->options = options;
	}
	return template;
}

/* Totals are taken for deltas: an exporter that ends each flow with its record has both the same. */
static uint16_t template_alias(uint32_t pen, uint16_t number)
{
	static const struct {
		uint16_t from, to;
	} aliases[] = {{85, 1}, {86, 2}};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (aliases[i].from == number && (pen == 0 || pen == IPFIX_REVERSE_PEN))
			return aliases[i].to;
	return number;
}

int template_add(struct collect_template *template, uint16_t number, uint32_t pen, uint16_t bytes,
		 uint32_t own_pen)
{
	struct collect_step *step = &template->steps[template->count];
	struct ipfix_element element;

	if (template->count == TEMPLATE_FIELDS_MAX)
		return -EINVAL;
	step->bytes = bytes;
	step->number = pen ? 0 : number;
	if (!template->options &&
	    ipfix_element_by_number(pen, template_alias(pen, number), own_pen, &element)) {
		step->field = element.field;
		step->reverse = element.reverse;
	}
	template->count++;
	template->least_bytes += bytes == IPFIX_VARIABLE ? 1 : bytes;
	return 0;
}

/* ---- values ---- */

uint64_t collect_number(const uint8_t *value, uint32_t bytes)
{
	uint64_t number = 0;

	if (bytes > NUMBER_BYTES_MAX) /* the lowest bytes of whatever that is */
		value += bytes - NUMBER_BYTES_MAX;
	for (uint32_t i = 0; i < bytes && i < NUMBER_BYTES_MAX; i++)
		number = number << 8 | value[i];
	return number;
}

/* Into a member of 'width' bytes; what is too large becomes the largest. */
static void template_store(uint8_t *member, uint32_t width, uint64_t number)
{
	uint64_t most = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
	uint64_t kept = number < most ? number : most;
	uint8_t u8 = (uint8_t)kept;
	uint16_t u16 = (uint16_t)kept;
	uint32_t u32 = (uint32_t)kept;

	switch (width) {
	case 1:
		memcpy(member, &u8, 1);
		break;
	case 2:
		memcpy(member, &u16, 2);
		break;
	case 4:
		memcpy(member, &u32, 4);
		break;
	case 8:
		memcpy(member, &kept, 8);
		break;
	}
}

static uint64_t template_time_ns(const struct ipfix_field *field, uint64_t number)
{
	uint64_t s, most_ms = UINT64_MAX / CLOCK_NS_PER_MS;

	switch ((enum ipfix_type)field->type) {
	case IPFIX_SECONDS:
		return (number & UINT32_MAX) * CLOCK_NS_PER_S;
	case IPFIX_MILLISECONDS:
		return (number < most_ms ? number : most_ms) * CLOCK_NS_PER_MS;
	default:
		s = number >> 32;
		s = s > template_ntp_offset_s ? s - template_ntp_offset_s : 0;
		return s * CLOCK_NS_PER_S +
		       (((number & UINT32_MAX) * CLOCK_NS_PER_S + (UINT64_C(1) << 31)) >> 32);
	}
}

/* IE 64's bits as WEIR_EXTENSION_ bits; see ipfix_template.c. */
static uint32_t template_extensions(uint32_t theirs)
{
	return (theirs & 1 << 0 ? WEIR_EXTENSION_DESTINATION : 0) |
	       (theirs & 1 << 1 ? WEIR_EXTENSION_HOP_BY_HOP : 0) |
	       (theirs & 1 << 4 ? WEIR_EXTENSION_FRAGMENT : 0) |
	       (theirs & 1 << 5 ? WEIR_EXTENSION_ROUTING : 0) |
	       (theirs & 1 << 12 ? WEIR_EXTENSION_MOBILITY : 0) |
	       (theirs & 1 << 13 ? WEIR_EXTENSION_ESP : 0) |
	       (theirs & 1 << 14 ? WEIR_EXTENSION_AUTHENTICATION : 0);
}

static void template_take_tag(struct weir_flow_origin *origin, uint8_t *member, uint64_t number,
			      bool priority)
{
	uint16_t tci;
	uint32_t index = (uint32_t)((uint16_t *)member - origin->vlan_tci);

	memcpy(&tci, member, sizeof(tci));
	tci |= (uint16_t)(priority ? (number & 7) << 13 : number & 0xfff);
	memcpy(member, &tci, sizeof(tci));
	if (tci & 0xfff && origin->vlan_count <= index)
		origin->vlan_count = (uint8_t)(index + 1);
}

void collect_record_init(struct collect_record *out)
{
	static const struct weir_flow_histogram empty;

	memset(out, 0, offsetof(struct collect_record, histogram));
	out->record.times = &out->times;
	out->record.ip = &out->ip;
	out->record.tcp = &out->tcp;
	out->record.origin = &out->origin;
	out->record.histogram = &empty;
	out->record.first = out->first;
	out->record.route = &out->route;
}

static uint8_t *template_base(struct collect_record *out, uint8_t base)
{
	switch ((enum ipfix_base)base) {
	case IPFIX_OF_RECORD:
		return (uint8_t *)&out->record;
	case IPFIX_OF_TIMES:
		return (uint8_t *)&out->times;
	case IPFIX_OF_IP:
		return (uint8_t *)&out->ip;
	case IPFIX_OF_TCP:
		return (uint8_t *)&out->tcp;
	case IPFIX_OF_ORIGIN:
		return (uint8_t *)&out->origin;
	case IPFIX_OF_HISTOGRAM:
		return (uint8_t *)&out->histogram;
	case IPFIX_OF_FIRST:
		return (uint8_t *)out->first;
	case IPFIX_OF_ROUTE:
		return (uint8_t *)&out->route;
	case IPFIX_BASES:
		break;
	}
	return NULL;
}

/* Half of the largest time: handshakes are spans, and the record has instants. */
static const uint64_t template_handshake_ns = UINT64_C(1) << 62;

static uint64_t template_span(uint64_t number)
{
	return number < template_handshake_ns ? number : template_handshake_ns - 1;
}

static void template_take_histogram(struct collect_record *out, const uint8_t *value,
				    uint32_t bytes)
{
	if (bytes != IPFIX_HISTOGRAM_BYTES)
		return;
	for (int i = 0; i < 256; i++)
		out->histogram.count[i] = (uint32_t)collect_number(value + 4 * i, 4);
	out->record.histogram = &out->histogram;
}

/* Times count from the flow's start, which may come later: see collect_record_finish. */
static void template_take_first(struct collect_record *out, const uint8_t *value, uint32_t bytes)
{
	uint32_t count = bytes / IPFIX_FIRST_BYTES;

	if (count > WEIR_FLOW_FIRST_PACKETS_MAX)
		count = WEIR_FLOW_FIRST_PACKETS_MAX;
	for (uint32_t i = 0; i < count; i++, value += IPFIX_FIRST_BYTES)
		out->first[i] = (struct weir_flow_first){
			.time_ns = collect_number(value, 8),
			.payload_bytes = (uint32_t)collect_number(value + 8, 4),
			.direction = value[12] & 1,
			.tcp_flags = value[13]};
	out->record.first_count = count;
}

void collect_record_take(struct collect_record *out, const struct collect_step *step,
			 const uint8_t *value, uint32_t bytes, uint64_t zero_ns)
{
	const struct ipfix_field *field = step->field;
	uint8_t *member = template_base(out, field->base) +
			  (step->reverse ? field->reverse_offset : field->offset);
	uint64_t number = collect_number(value, bytes);

	switch ((enum ipfix_form)field->form) {
	case IPFIX_FORM_NUMBER:
		template_store(member, field->width, number);
		break;
	case IPFIX_FORM_BYTES:
		memcpy(member, value, bytes < field->bytes ? bytes : field->bytes);
		if (field->when == IPFIX_V4 || field->when == IPFIX_V6)
			out->record.ip_version = field->when == IPFIX_V4 ? 4 : 6;
		break;
	case IPFIX_FORM_TIME:
		template_store(member, 8, template_time_ns(field, number));
		break;
	case IPFIX_FORM_UPTIME:
		if (zero_ns)
			template_store(member, 8,
				       zero_ns + (number & UINT32_MAX) * CLOCK_NS_PER_MS);
		break;
	case IPFIX_FORM_VLAN:
	case IPFIX_FORM_PRIORITY:
		template_take_tag(&out->origin, member, number, field->form == IPFIX_FORM_PRIORITY);
		break;
	case IPFIX_FORM_MPLS:
		if (bytes == MPLS_BYTES)
			template_store(member, 4, number << 8);
		break;
	case IPFIX_FORM_SEGMENT:
		template_store(member, 4, number & UINT32_MAX);
		break;
	case IPFIX_FORM_EXTENSIONS:
		template_store(member, 4, template_extensions((uint32_t)number));
		break;
	case IPFIX_FORM_SYN_TO_SYN_ACK:
		out->tcp.syn_ns = number ? template_handshake_ns - template_span(number) : 0;
		break;
	case IPFIX_FORM_SYN_ACK_TO_ACK:
		out->tcp.ack_ns = number ? template_handshake_ns + template_span(number) : 0;
		break;
	case IPFIX_FORM_HISTOGRAM:
		template_take_histogram(out, value, bytes);
		break;
	case IPFIX_FORM_FIRST:
		template_take_first(out, value, bytes);
		break;
	case IPFIX_FORM_INITIATOR:
	case IPFIX_FORM_INTERFACE:
	case IPFIX_FORM_NETNS:
	case IPFIX_FORM_COMMUNITY:
		break; /* is said of every record, belongs to a table, or is worked out anew */
	}
}

void collect_record_finish(struct collect_record *out, bool biflow)
{
	out->record.biflow = biflow;
	out->tcp.syn_ack_ns = template_handshake_ns;
	if (out->record.ip_version != 6)
		out->record.ip_version = 4;
	for (uint32_t i = 0; i < out->record.first_count; i++)
		out->first[i].time_ns += out->record.first_ns;
	if (!out->times.first_ns[0])
		out->times.first_ns[0] = out->record.first_ns;
	if (!out->times.last_ns[0])
		out->times.last_ns[0] = out->record.last_ns;
}
