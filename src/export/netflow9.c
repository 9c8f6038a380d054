/* SPDX-License-Identifier: Apache-2.0 */
#include "netflow9.h"

enum {
	NETFLOW9_FIELDS_MAX = 4,
	NETFLOW9_OPTIONS_ID = 1024,
	NETFLOW9_NAME_BYTES = 32, /* fixed: there is no variable length */
	NETFLOW9_INTERFACES_MAX = 1024,

	/* scopes: RFC 3954 section 6.1 */
	SCOPE_SYSTEM = 1,
	SCOPE_INTERFACE = 2,

	/* fields: RFC 3954 section 8 */
	FIELD_SAMPLING_INTERVAL = 34,
	FIELD_SAMPLING_ALGORITHM = 35,
	FIELD_BYTES_EXPORTED = 40,
	FIELD_PACKETS_EXPORTED = 41,
	FIELD_FLOWS_EXPORTED = 42,
	FIELD_INTERFACE_NAME = 82,
};

/* ---- the other direction ---- */

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swapped = (a);                                                       \
		(a) = (b);                                                                         \
		(b) = swapped;                                                                     \
	} while (0)

static void netflow9_swap_bytes(uint8_t *a, uint8_t *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		SWAP(a[i], b[i]);
}

static void netflow9_turn_times(struct netflow9_answer *answer, const struct weir_flow_times *times)
{
	answer->times = *times;
	answer->record.times = &answer->times;
	SWAP(answer->times.frames[0], answer->times.frames[1]);
	SWAP(answer->times.frame_bytes[0], answer->times.frame_bytes[1]);
	SWAP(answer->times.first_ns[0], answer->times.first_ns[1]);
	SWAP(answer->times.last_ns[0], answer->times.last_ns[1]);
	answer->record.first_ns = answer->times.first_ns[0];
	answer->record.last_ns = answer->times.last_ns[0];
}

static void netflow9_turn_ip(struct netflow9_answer *answer, const struct weir_flow_ip *ip)
{
	answer->ip = *ip;
	answer->record.ip = &answer->ip;
	SWAP(answer->ip.dscp_set[0], answer->ip.dscp_set[1]);
	SWAP(answer->ip.flow_label[0], answer->ip.flow_label[1]);
	SWAP(answer->ip.bytes_min[0], answer->ip.bytes_min[1]);
	SWAP(answer->ip.bytes_max[0], answer->ip.bytes_max[1]);
	SWAP(answer->ip.ttl_max[0], answer->ip.ttl_max[1]);
	SWAP(answer->ip.ttl_first[0], answer->ip.ttl_first[1]);
}

static void netflow9_turn_tcp(struct netflow9_answer *answer, const struct weir_flow_tcp *tcp)
{
	answer->tcp = *tcp;
	answer->record.tcp = &answer->tcp;
	SWAP(answer->tcp.window_first[0], answer->tcp.window_first[1]);
	SWAP(answer->tcp.window_scale[0], answer->tcp.window_scale[1]);
	SWAP(answer->tcp.options[0], answer->tcp.options[1]);
}

static void netflow9_turn_origin(struct netflow9_answer *answer,
				 const struct weir_flow_origin *origin)
{
	answer->origin = *origin;
	answer->record.origin = &answer->origin;
	netflow9_swap_bytes(answer->origin.source_mac, answer->origin.destination_mac,
			    sizeof(answer->origin.source_mac));
}

void netflow9_answer(struct netflow9_answer *answer, const struct weir_flow_record *record)
{
	bool icmp = record->protocol == 1 || record->protocol == 58;

	answer->record = *record;
	netflow9_swap_bytes(answer->record.source_address, answer->record.destination_address,
			    sizeof(record->source_address));
	if (!icmp)
		SWAP(answer->record.source_port, answer->record.destination_port);
	SWAP(answer->record.forward, answer->record.reverse);
	if (record->times)
		netflow9_turn_times(answer, record->times);
	if (record->ip)
		netflow9_turn_ip(answer, record->ip);
	if (record->tcp)
		netflow9_turn_tcp(answer, record->tcp);
	if (record->origin)
		netflow9_turn_origin(answer, record->origin);
}

/* ---- options ---- */

enum netflow9_options {
	NETFLOW9_STATISTICS,
	NETFLOW9_SAMPLING,
	NETFLOW9_INTERFACES,
	NETFLOW9_KINDS
};

struct netflow9_layout {
	uint16_t scope, count;
	struct {
		uint16_t number, bytes;
	} fields[NETFLOW9_FIELDS_MAX];
};

static const struct netflow9_layout netflow9_layouts[NETFLOW9_KINDS] = {
	[NETFLOW9_STATISTICS] = {SCOPE_SYSTEM,
				 3,
				 {{FIELD_BYTES_EXPORTED, 8},
				  {FIELD_PACKETS_EXPORTED, 8},
				  {FIELD_FLOWS_EXPORTED, 8}}},
	[NETFLOW9_SAMPLING] = {SCOPE_SYSTEM,
			       2,
			       {{FIELD_SAMPLING_INTERVAL, 4}, {FIELD_SAMPLING_ALGORITHM, 1}}},
	[NETFLOW9_INTERFACES] = {SCOPE_INTERFACE, 1, {{FIELD_INTERFACE_NAME, NETFLOW9_NAME_BYTES}}},
};

static bool netflow9_has(const struct options_context *context, enum netflow9_options kind)
{
	if (kind == NETFLOW9_SAMPLING)
		return context->meter->sampling != WEIR_FLOW_SAMPLE_ALL;
	return kind != NETFLOW9_INTERFACES || context->settings->interfaces;
}

int netflow9_options_templates(struct options_context *context, struct message *message,
			       struct sender_outlet *outlet)
{
	for (int i = 0; i < NETFLOW9_KINDS; i++) {
		const struct netflow9_layout *layout = &netflow9_layouts[i];
		uint8_t *at;
		int rc = 0;

		if (!netflow9_has(context, i))
			continue;
		if (!message_fits(message, NETFLOW9_SET_OPTIONS, 10 + 4u * layout->count)) {
			rc = outlet->send(outlet, message);
			message_begin_next(message);
		}
		if (rc < 0)
			return rc;
		/* one template a set: padding between two would not be told from a third */
		message_begin_set(message, NETFLOW9_SET_OPTIONS);
		at = put16(message->bytes + message->used, (uint16_t)(NETFLOW9_OPTIONS_ID + i));
		at = put16(at, 4);
		at = put16(at, (uint16_t)(4 * layout->count));
		at = put16(at, layout->scope);
		at = put16(at, 4);
		for (int j = 0; j < layout->count; j++) {
			at = put16(at, layout->fields[j].number);
			at = put16(at, layout->fields[j].bytes);
		}
		message->template_records++;
		message_take(message, at);
	}
	return outlet->send(outlet, message);
}

static uint8_t *netflow9_put(const struct options_context *context, enum netflow9_options kind,
			     uint32_t index, uint8_t *at)
{
	const struct sender_statistics *s = context->statistics;
	const struct weir_interface *interface;

	at = put32(at, index);
	switch (kind) {
	case NETFLOW9_STATISTICS:
		at = put64(at, weir_cell_get(&s->octets));
		at = put64(at, weir_cell_get(&s->messages));
		at = put64(at, weir_cell_get(&s->flows));
		break;
	case NETFLOW9_SAMPLING:
		at = put32(at, context->meter->sampling_interval);
		/* deterministic, random */
		*at++ = context->meter->sampling == WEIR_FLOW_SAMPLE_SYSTEMATIC ? 1 : 2;
		break;
	case NETFLOW9_INTERFACES:
		interface = weir_interfaces_get(context->settings->interfaces, index);
		memset(at, 0, NETFLOW9_NAME_BYTES);
		memcpy(at, interface->name, strnlen(interface->name, NETFLOW9_NAME_BYTES));
		at += NETFLOW9_NAME_BYTES;
		break;
	case NETFLOW9_KINDS:
		break;
	}
	return at;
}

int netflow9_options_records(struct options_context *context, struct message *message,
			     struct sender_outlet *outlet)
{
	for (int i = 0; i < NETFLOW9_KINDS; i++) {
		uint16_t id = (uint16_t)(NETFLOW9_OPTIONS_ID + i);
		uint32_t count = i != NETFLOW9_INTERFACES || !context->settings->interfaces
					 ? 1
					 : weir_interfaces_count(context->settings->interfaces);

		if (!netflow9_has(context, i))
			continue;
		for (uint32_t j = 0; j < count && j < NETFLOW9_INTERFACES_MAX; j++) {
			int rc = 0;

			if (!message_fits(message, id, 4 + NETFLOW9_NAME_BYTES)) {
				rc = outlet->send(outlet, message);
				message_begin_next(message);
			}
			if (rc < 0)
				return rc;
			message_take(message, netflow9_put(context, i, j, message_at(message, id)));
			message->records++;
		}
	}
	return outlet->send(outlet, message);
}
