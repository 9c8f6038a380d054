/* SPDX-License-Identifier: Apache-2.0 */
#include "ipfix_options.h"

#include <unistd.h>

#include "base/clock.h"
#include "ipfix_string.h"

enum {
	SET_OPTIONS_TEMPLATE = 3, /* RFC 7011 section 3.3.2 */
	OPTIONS_ID_FIRST = 1024,
	OPTIONS_FIELDS_MAX = 8,
	OPTIONS_RECORD_BYTES_MAX = 160,
	INTERFACES_TOLD_MAX = 1024,
	SELECTOR = 1,

	/* information elements */
	IE_OCTETS_SENT = 40,
	IE_MESSAGES_SENT = 41,
	IE_FLOWS_SENT = 42,
	IE_INTERFACE = 10,
	IE_SAMPLING_INTERVAL = 34, /* deprecated, and what most collectors read */
	IE_SAMPLING_ALGORITHM = 35,
	IE_INTERFACE_NAME = 82,
	IE_INTERFACE_DESCRIPTION = 83,
	IE_EXPORTING_PROCESS = 144,
	IE_TEMPLATE = 145,
	IE_DOMAIN = 149,
	IE_IGNORED_PACKETS = 164,
	IE_NOT_SENT_FLOWS = 166,
	IE_NOT_SENT_PACKETS = 167,
	IE_NOT_SENT_OCTETS = 168,
	IE_FLOW_KEYS = 173,
	IE_SELECTOR = 302,
	IE_SELECTOR_ALGORITHM = 304,
	IE_PACKET_INTERVAL = 305,
	IE_PACKET_SPACE = 306,
	IE_PROBABILITY = 311,
	IE_ELEMENT_ID = 303,
	IE_OBSERVED_MILLISECONDS = 323,
	IE_ELEMENT_TYPE = 339,
	IE_ELEMENT_NAME = 341,
	IE_ELEMENT_SEMANTICS = 344,
	IE_ENTERPRISE = 346,
};

/* informationElementSemantics (IE 344). */
enum { SEMANTICS_DEFAULT = 0, SEMANTICS_DELTA = 3 };

struct options_field {
	uint16_t number, bytes;
};

struct options_template {
	uint16_t id, scopes, count;
	struct options_field fields[OPTIONS_FIELDS_MAX];
};

enum options_kind {
	OPTIONS_METERING,       /* RFC 7011 section 4.1 */
	OPTIONS_METERING_LOSS,  /* 4.2 */
	OPTIONS_EXPORTING_LOSS, /* 4.3 */
	OPTIONS_FLOW_KEYS,      /* 4.4 */
	OPTIONS_SAMPLING_COUNT, /* RFC 5477: systematic count-based */
	OPTIONS_SAMPLING_RANDOM,
	OPTIONS_INTERFACES,
	OPTIONS_TYPES, /* RFC 5610 */
	OPTIONS_COUNT
};

#define OPTIONS_ID(kind) (OPTIONS_ID_FIRST + (kind))

static const struct options_template options_layout[OPTIONS_COUNT] = {
	[OPTIONS_METERING] =
		{OPTIONS_ID(OPTIONS_METERING),
		 1,
		 4,
		 {{IE_DOMAIN, 4}, {IE_MESSAGES_SENT, 8}, {IE_FLOWS_SENT, 8}, {IE_OCTETS_SENT, 8}}},
	[OPTIONS_METERING_LOSS] = {OPTIONS_ID(OPTIONS_METERING_LOSS),
				   1,
				   4,
				   {{IE_DOMAIN, 4},
				    {IE_IGNORED_PACKETS, 8},
				    {IE_OBSERVED_MILLISECONDS, 8},
				    {IE_OBSERVED_MILLISECONDS, 8}}},
	[OPTIONS_EXPORTING_LOSS] = {OPTIONS_ID(OPTIONS_EXPORTING_LOSS),
				    1,
				    6,
				    {{IE_EXPORTING_PROCESS, 4},
				     {IE_NOT_SENT_FLOWS, 8},
				     {IE_NOT_SENT_PACKETS, 8},
				     {IE_NOT_SENT_OCTETS, 8},
				     {IE_OBSERVED_MILLISECONDS, 8},
				     {IE_OBSERVED_MILLISECONDS, 8}}},
	[OPTIONS_FLOW_KEYS] = {OPTIONS_ID(OPTIONS_FLOW_KEYS),
			       1,
			       2,
			       {{IE_TEMPLATE, 2}, {IE_FLOW_KEYS, 8}}},
	[OPTIONS_SAMPLING_COUNT] = {OPTIONS_ID(OPTIONS_SAMPLING_COUNT),
				    2,
				    7,
				    {{IE_DOMAIN, 4},
				     {IE_SELECTOR, 8},
				     {IE_SELECTOR_ALGORITHM, 2},
				     {IE_PACKET_INTERVAL, 4},
				     {IE_PACKET_SPACE, 4},
				     {IE_SAMPLING_INTERVAL, 4},
				     {IE_SAMPLING_ALGORITHM, 1}}},
	[OPTIONS_SAMPLING_RANDOM] = {OPTIONS_ID(OPTIONS_SAMPLING_RANDOM),
				     2,
				     6,
				     {{IE_DOMAIN, 4},
				      {IE_SELECTOR, 8},
				      {IE_SELECTOR_ALGORITHM, 2},
				      {IE_PROBABILITY, 8},
				      {IE_SAMPLING_INTERVAL, 4},
				      {IE_SAMPLING_ALGORITHM, 1}}},
	[OPTIONS_INTERFACES] = {OPTIONS_ID(OPTIONS_INTERFACES),
				1,
				3,
				{{IE_INTERFACE, 4},
				 {IE_INTERFACE_NAME, IPFIX_VARIABLE},
				 {IE_INTERFACE_DESCRIPTION, IPFIX_VARIABLE}}},
	[OPTIONS_TYPES] = {OPTIONS_ID(OPTIONS_TYPES),
			   2,
			   5,
			   {{IE_ENTERPRISE, 4},
			    {IE_ELEMENT_ID, 2},
			    {IE_ELEMENT_TYPE, 1},
			    {IE_ELEMENT_SEMANTICS, 1},
			    {IE_ELEMENT_NAME, IPFIX_VARIABLE}}},
};

/* Does this run have such options? */
static bool options_has(const struct options_context *context, enum options_kind kind)
{
	switch (kind) {
	case OPTIONS_METERING_LOSS:
		return context->settings->counters || context->settings->ledger;
	case OPTIONS_SAMPLING_COUNT:
		return context->meter->sampling == WEIR_FLOW_SAMPLE_SYSTEMATIC;
	case OPTIONS_SAMPLING_RANDOM:
		return context->meter->sampling == WEIR_FLOW_SAMPLE_RANDOM ||
		       context->meter->sampling == WEIR_FLOW_SAMPLE_HASH;
	case OPTIONS_INTERFACES:
		return context->settings->interfaces;
	default:
		return true;
	}
}

/* Is it about the flows' domain? */
static bool options_is_about_flows(enum options_kind kind)
{
	return kind == OPTIONS_FLOW_KEYS || kind == OPTIONS_SAMPLING_COUNT ||
	       kind == OPTIONS_SAMPLING_RANDOM;
}

/* Room for 'bytes' in a set of this id, for which the message is sent if need be. */
static int options_room(struct message *message, struct sender_outlet *outlet, uint16_t id,
			uint32_t bytes)
{
	int rc = 0;

	if (!message_fits(message, id, bytes)) {
		rc = outlet->send(outlet, message);
		message_begin_next(message);
	}
	return rc;
}

/* What is in the message goes out; what follows is about the process, or the flows. */
static int options_turn(struct message *message, struct sender_outlet *outlet, bool process)
{
	int rc = outlet->send(outlet, message);

	message_begin_next(message);
	message->process = process;
	return rc;
}

static int options_put_template(const struct options_template *template, struct message *message,
				struct sender_outlet *outlet)
{
	int rc = options_room(message, outlet, SET_OPTIONS_TEMPLATE, 6 + 4u * template->count);
	uint8_t *at;

	if (rc < 0)
		return rc;
	at = message_at(message, SET_OPTIONS_TEMPLATE);
	at = put16(at, template->id);
	at = put16(at, template->count);
	at = put16(at, template->scopes);
	for (int i = 0; i < template->count; i++) {
		at = put16(at, template->fields[i].number);
		at = put16(at, template->fields[i].bytes);
	}
	message_take(message, at);
	return 0;
}

static int options_put_templates(struct options_context *context, struct message *message,
				 struct sender_outlet *outlet, bool about_flows)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < OPTIONS_COUNT; i++)
		if (options_has(context, i) && options_is_about_flows(i) == about_flows)
			rc = options_put_template(&options_layout[i], message, outlet);
	return rc;
}

int options_templates(struct options_context *context, struct message *message,
		      struct sender_outlet *outlet)
{
	int rc = options_put_templates(context, message, outlet, true);

	if (rc == 0)
		rc = options_turn(message, outlet, true);
	if (rc == 0)
		rc = options_put_templates(context, message, outlet, false);
	return rc < 0 ? rc : options_turn(message, outlet, false);
}

/* ---- records ---- */

/* Begin a record of at most OPTIONS_RECORD_BYTES_MAX; NULL with *rc set when sending failed. */
static uint8_t *options_begin(struct message *message, struct sender_outlet *outlet,
			      enum options_kind kind, int *rc)
{
	*rc = options_room(message, outlet, (uint16_t)OPTIONS_ID(kind), OPTIONS_RECORD_BYTES_MAX);
	return *rc < 0 ? NULL : message_at(message, (uint16_t)OPTIONS_ID(kind));
}

static void options_end(struct message *message, const uint8_t *at)
{
	message->records++;
	message_take(message, at);
}

static int options_put_metering(struct options_context *context, struct message *message,
				struct sender_outlet *outlet)
{
	const struct sender_statistics *s = context->statistics;
	int rc;
	uint8_t *at = options_begin(message, outlet, OPTIONS_METERING, &rc);

	if (!at)
		return rc;
	at = put32(at, context->settings->network.domain);
	at = put64(at, weir_cell_get(&s->messages));
	at = put64(at, weir_cell_get(&s->flows));
	at = put64(at, weir_cell_get(&s->octets));
	options_end(message, at);
	return 0;
}

/* Packets seen or owed that are in no flow record: lost before the meter, or ignored by it. */
static uint64_t options_ignored(const struct weir_export_settings *settings)
{
	struct weir_flow_counters counters = {0};
	struct weir_totals totals = {0};
	uint64_t sum = 0;

	if (settings->counters)
		settings->counters(settings->counters_user, &counters);
	if (settings->ledger)
		weir_ledger_totals(settings->ledger, false, &totals);
	for (int i = 0; i < WEIR_FLOW_IGNORED_COUNT; i++)
		sum += counters.ignored[i];
	return sum + totals.lost;
}

static int options_put_metering_loss(struct options_context *context, struct message *message,
				     struct sender_outlet *outlet)
{
	uint64_t ignored = options_ignored(context->settings);
	uint64_t now_ms = clock_unix_ns() / CLOCK_NS_PER_MS;
	int rc;
	uint8_t *at = options_begin(message, outlet, OPTIONS_METERING_LOSS, &rc);

	if (!at)
		return rc;
	if (ignored && !context->ignored_first_ms)
		context->ignored_first_ms = now_ms;
	if (ignored != context->ignored)
		context->ignored_last_ms = now_ms;
	context->ignored = ignored;
	at = put32(at, context->settings->network.domain);
	at = put64(at, ignored);
	at = put64(at, context->ignored_first_ms);
	at = put64(at, context->ignored_last_ms);
	options_end(message, at);
	return 0;
}

static int options_put_exporting_loss(struct options_context *context, struct message *message,
				      struct sender_outlet *outlet)
{
	const struct sender_statistics *s = context->statistics;
	int rc;
	uint8_t *at = options_begin(message, outlet, OPTIONS_EXPORTING_LOSS, &rc);

	if (!at)
		return rc;
	at = put32(at, (uint32_t)getpid());
	at = put64(at, weir_cell_get(&s->lost_flows));
	at = put64(at, weir_cell_get(&s->lost_packets));
	at = put64(at, weir_cell_get(&s->lost_octets));
	at = put64(at, weir_cell_get(&s->lost_first_ms));
	at = put64(at, weir_cell_get(&s->lost_last_ms));
	options_end(message, at);
	return 0;
}

/* Bit n: the template's field n is part of the key (IE 173). */
static uint64_t options_key_bits(const struct ipfix_template *template)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < template->count && i < 64; i++)
		if (template->steps[i].element.field->flags & IPFIX_KEY)
			bits |= UINT64_C(1) << i;
	return bits;
}

static int options_put_flow_keys(struct options_context *context, struct message *message,
				 struct sender_outlet *outlet)
{
	for (int i = 0; i < TEMPLATE_CLASSES; i++) {
		const struct ipfix_template *template = &context->plan->templates[i];
		uint8_t *at;
		int rc;

		if (!template->id)
			continue;
		at = options_begin(message, outlet, OPTIONS_FLOW_KEYS, &rc);
		if (!at)
			return rc;
		at = put16(at, template->id);
		at = put64(at, options_key_bits(template));
		options_end(message, at);
	}
	return 0;
}

static int options_put_sampling(struct options_context *context, struct message *message,
				struct sender_outlet *outlet, enum options_kind kind)
{
	static const uint16_t algorithms[] = {
		[WEIR_FLOW_SAMPLE_SYSTEMATIC] = 1, /* PSAMP registry */
		[WEIR_FLOW_SAMPLE_RANDOM] = 4,
		[WEIR_FLOW_SAMPLE_HASH] = 8,
	};
	uint32_t interval = context->meter->sampling_interval;
	double probability = 1.0 / interval;
	uint64_t bits;
	int rc;
	uint8_t *at = options_begin(message, outlet, kind, &rc);

	if (!at)
		return rc;
	at = put32(at, context->settings->network.domain);
	at = put64(at, SELECTOR);
	at = put16(at, algorithms[context->meter->sampling]);
	if (kind == OPTIONS_SAMPLING_COUNT) {
		at = put32(at, 1);
		at = put32(at, interval - 1);
	} else {
		memcpy(&bits, &probability, sizeof(bits));
		at = put64(at, bits);
	}
	at = put32(at, interval);
	*at++ = kind == OPTIONS_SAMPLING_COUNT ? 1 : 2; /* deterministic, random */
	options_end(message, at);
	return 0;
}

static int options_put_interfaces(struct options_context *context, struct message *message,
				  struct sender_outlet *outlet)
{
	uint32_t count = weir_interfaces_count(context->settings->interfaces);

	for (uint32_t i = 0; i < count && i < INTERFACES_TOLD_MAX; i++) {
		const struct weir_interface *interface =
			weir_interfaces_get(context->settings->interfaces, i);
		int rc;
		uint8_t *at = options_begin(message, outlet, OPTIONS_INTERFACES, &rc);

		if (!at)
			return rc;
		at = put32(at, i);
		at = ipfix_put_string(at, interface->name, sizeof(interface->name));
		at = ipfix_put_string(at, interface->description, sizeof(interface->description));
		options_end(message, at);
	}
	return 0;
}

static int options_put_type(struct options_context *context, struct message *message,
			    struct sender_outlet *outlet, struct ipfix_element element)
{
	char name[IPFIX_NAME_BYTES];
	int rc;
	uint8_t *at = options_begin(message, outlet, OPTIONS_TYPES, &rc);

	if (!at)
		return rc;
	at = put32(at, context->plan->own_pen);
	at = put16(at, ipfix_element_number(element));
	*at++ = element.field->type;
	*at++ = element.field->flags & IPFIX_COUNTER ? SEMANTICS_DELTA : SEMANTICS_DEFAULT;
	at = ipfix_put_string(at, ipfix_element_name(element, name), sizeof(name));
	options_end(message, at);
	return 0;
}

/* Of the own elements that some template has. */
static bool options_uses(const struct template_plan *plan, struct ipfix_element element)
{
	for (int i = 0; i < TEMPLATE_CLASSES; i++)
		for (uint32_t j = 0; j < plan->templates[i].count; j++)
			if (plan->templates[i].steps[j].element.field == element.field &&
			    plan->templates[i].steps[j].element.reverse == element.reverse)
				return true;
	return false;
}

static int options_put_types(struct options_context *context, struct message *message,
			     struct sender_outlet *outlet)
{
	uint32_t count;
	const struct ipfix_field *fields = ipfix_fields(&count);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count * 2; i++) {
		const struct ipfix_element element = {&fields[i / 2], i & 1};

		if (element.field->registry == IPFIX_OWN && options_uses(context->plan, element))
			rc = options_put_type(context, message, outlet, element);
	}
	return rc;
}

static int options_put(struct options_context *context, struct message *message,
		       struct sender_outlet *outlet, enum options_kind kind)
{
	switch (kind) {
	case OPTIONS_METERING:
		return options_put_metering(context, message, outlet);
	case OPTIONS_METERING_LOSS:
		return options_put_metering_loss(context, message, outlet);
	case OPTIONS_EXPORTING_LOSS:
		return options_put_exporting_loss(context, message, outlet);
	case OPTIONS_FLOW_KEYS:
		return options_put_flow_keys(context, message, outlet);
	case OPTIONS_SAMPLING_COUNT:
	case OPTIONS_SAMPLING_RANDOM:
		return options_put_sampling(context, message, outlet, kind);
	case OPTIONS_INTERFACES:
		return options_put_interfaces(context, message, outlet);
	case OPTIONS_TYPES:
		return options_put_types(context, message, outlet);
	case OPTIONS_COUNT:
		break;
	}
	return 0;
}

int options_about_flows(struct options_context *context, struct message *message,
			struct sender_outlet *outlet, bool first)
{
	int rc = first ? options_put_flow_keys(context, message, outlet) : 0;

	for (int i = 0; rc == 0 && i < OPTIONS_COUNT; i++)
		if (options_has(context, i) && options_is_about_flows(i) && i != OPTIONS_FLOW_KEYS)
			rc = options_put(context, message, outlet, i);
	return rc < 0 ? rc : outlet->send(outlet, message);
}

int options_records(struct options_context *context, struct message *message,
		    struct sender_outlet *outlet)
{
	int rc = 0;

	message->process = true;
	for (int i = 0; rc == 0 && i < OPTIONS_COUNT; i++)
		if (options_has(context, i) && !options_is_about_flows(i))
			rc = options_put(context, message, outlet, i);
	return rc < 0 ? rc : outlet->send(outlet, message);
}
