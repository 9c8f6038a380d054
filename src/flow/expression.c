/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions on record fields. The parser (recursive descent, its depth
 * bounded) writes a program in postfix order: a term pushes a truth value,
 * 'and', 'or' and 'not' work on those already there. A bit stack holds them.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "weir/flow.h"

enum { EXPRESSION_WORD_BYTES = 64 };

enum expression_kind {
	EXPRESSION_U8,
	EXPRESSION_U16,
	EXPRESSION_U64,
	EXPRESSION_ADDRESS_V4,
	EXPRESSION_ADDRESS_V6,
	EXPRESSION_PACKETS,
	EXPRESSION_BYTES,
	EXPRESSION_DURATION,
};

struct expression_field {
	const char *name;
	enum expression_kind kind;
	size_t offset;
};

#define FIELD(name, kind, member)                                                                  \
	{                                                                                          \
		name, kind, offsetof(struct weir_flow_record, member)                              \
	}
static const struct expression_field expression_fields[] = {
	FIELD("ipVersion", EXPRESSION_U8, ip_version),
	FIELD("protocolIdentifier", EXPRESSION_U8, protocol),
	FIELD("flowEndReason", EXPRESSION_U8, end_reason),
	FIELD("sourceIPv4Address", EXPRESSION_ADDRESS_V4, source_address),
	FIELD("destinationIPv4Address", EXPRESSION_ADDRESS_V4, destination_address),
	FIELD("sourceIPv6Address", EXPRESSION_ADDRESS_V6, source_address),
	FIELD("destinationIPv6Address", EXPRESSION_ADDRESS_V6, destination_address),
	FIELD("sourceTransportPort", EXPRESSION_U16, source_port),
	FIELD("destinationTransportPort", EXPRESSION_U16, destination_port),
	FIELD("ingressInterface", EXPRESSION_U16, interface),
	FIELD("vlanId", EXPRESSION_U16, vlan_id),
	FIELD("packetDeltaCount", EXPRESSION_U64, forward.packets),
	FIELD("octetDeltaCount", EXPRESSION_U64, forward.bytes),
	FIELD("payloadOctetDeltaCount", EXPRESSION_U64, forward.payload_bytes),
	FIELD("tcpControlBits", EXPRESSION_U8, forward.tcp_flags),
	FIELD("minimumTTL", EXPRESSION_U8, forward.ttl_min),
	FIELD("ipClassOfService", EXPRESSION_U8, forward.tos),
	FIELD("reversePacketDeltaCount", EXPRESSION_U64, reverse.packets),
	FIELD("reverseOctetDeltaCount", EXPRESSION_U64, reverse.bytes),
	FIELD("reversePayloadOctetDeltaCount", EXPRESSION_U64, reverse.payload_bytes),
	FIELD("reverseTcpControlBits", EXPRESSION_U8, reverse.tcp_flags),
	FIELD("reverseMinimumTTL", EXPRESSION_U8, reverse.ttl_min),
	{"packets", EXPRESSION_PACKETS, 0},
	{"bytes", EXPRESSION_BYTES, 0},
	{"duration", EXPRESSION_DURATION, 0},
};
enum { EXPRESSION_FIELDS = sizeof(expression_fields) / sizeof(*expression_fields) };

enum expression_operator {
	EXPRESSION_EQUAL,
	EXPRESSION_NOT_EQUAL,
	EXPRESSION_LESS,
	EXPRESSION_LESS_EQUAL,
	EXPRESSION_GREATER,
	EXPRESSION_GREATER_EQUAL,
	EXPRESSION_AND,
	EXPRESSION_OR,
	EXPRESSION_NOT,
};

struct expression_step {
	enum expression_operator op;
	const struct expression_field *field; /* of a comparison */
	uint64_t number;
	uint8_t address[16];
	uint8_t prefix_bits;
};

struct weir_flow_expression {
	uint32_t count;
	/* Each term, one connective fewer, and a 'not' for each level at worst. */
	struct expression_step
		step[2 * WEIR_FLOW_EXPRESSION_TERMS_MAX + WEIR_FLOW_EXPRESSION_DEPTH_MAX];
};

/* ---- parsing ---- */

struct expression_parser {
	const char *text, *at;
	char word[EXPRESSION_WORD_BYTES]; /* the current one; empty at the end */
	struct weir_flow_expression *program;
	uint32_t terms, depth;
	struct weir_error *error;
};

static int expression_fail(struct expression_parser *p, const char *expected)
{
	return weir_error_set(p->error, -EINVAL, "expected %s at '%s', character %zu", expected,
			      *p->word ? p->word : "the end",
			      (size_t)(p->at - p->text) - strlen(p->word) + 1);
}

static bool expression_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == ':' || c == '/' || c == '_';
}

/* Take the next word: a run of letters and digits, a comparison, a parenthesis. */
static void expression_next(struct expression_parser *p)
{
	size_t length = 0;

	while (isspace((unsigned char)*p->at))
		p->at++;
	if (expression_is_word(*p->at))
		while (expression_is_word(p->at[length]))
			length++;
	else if (*p->at)
		length = strchr("<>=!", *p->at) && p->at[1] == '=' ? 2 : 1;
	if (length >= sizeof(p->word))
		length = sizeof(p->word) - 1; /* no word is that long: it will be refused */
	memcpy(p->word, p->at, length);
	p->word[length] = 0;
	p->at += length;
}

static bool expression_accept(struct expression_parser *p, const char *word)
{
	if (strcmp(p->word, word))
		return false;
	expression_next(p);
	return true;
}

static struct expression_step *expression_emit(struct expression_parser *p,
					       enum expression_operator op)
{
	struct weir_flow_expression *program = p->program;

	if (program->count == sizeof(program->step) / sizeof(*program->step))
		return NULL;
	program->step[program->count].op = op;
	return &program->step[program->count++];
}

static int expression_parse_address(struct expression_parser *p, struct expression_step *step)
{
	bool v6 = step->field->kind == EXPRESSION_ADDRESS_V6;
	char *slash = strchr(p->word, '/');
	uint64_t bits = v6 ? 128 : 32;

	if (step->op > EXPRESSION_NOT_EQUAL)
		return expression_fail(p, "= or != before an address, not an order,");
	if (slash && parse_u64(slash + 1, bits, &bits))
		return expression_fail(p, "a prefix length");
	if (slash)
		*slash = 0;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, p->word, step->address) != 1)
		return expression_fail(p, v6 ? "an IPv6 address" : "an IPv4 address");
	step->prefix_bits = (uint8_t)bits;
	return 0;
}

static int expression_parse_value(struct expression_parser *p, struct expression_step *step)
{
	char *end;
	int rc = 0;

	if (step->field->kind == EXPRESSION_ADDRESS_V4 ||
	    step->field->kind == EXPRESSION_ADDRESS_V6) {
		rc = expression_parse_address(p, step);
	} else if (step->field->kind == EXPRESSION_DURATION) {
		if (parse_duration_ns(p->word, &step->number))
			rc = expression_fail(p, "a time (seconds; or 500ms, 5min)");
	} else {
		errno = 0;
		step->number = strtoull(p->word, &end, 0);
		if (!isdigit((unsigned char)*p->word) || *end || errno)
			rc = expression_fail(p, "a number");
	}
	if (rc == 0)
		expression_next(p);
	return rc;
}

static int expression_parse_operator(struct expression_parser *p, enum expression_operator *out)
{
	static const struct {
		const char *word;
		enum expression_operator op;
	} words[] = {{"=", EXPRESSION_EQUAL},      {"==", EXPRESSION_EQUAL},
		     {"!=", EXPRESSION_NOT_EQUAL}, {"<=", EXPRESSION_LESS_EQUAL},
		     {"<", EXPRESSION_LESS},       {">=", EXPRESSION_GREATER_EQUAL},
		     {">", EXPRESSION_GREATER}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!expression_accept(p, words[i].word))
			continue;
		*out = words[i].op;
		return 0;
	}
	return expression_fail(p, "a comparison (= != < <= > >=)");
}

static int expression_parse_field(struct expression_parser *p, const struct expression_field **out)
{
	const char *near;

	for (int i = 0; i < EXPRESSION_FIELDS; i++) {
		if (strcmp(p->word, expression_fields[i].name))
			continue;
		*out = &expression_fields[i];
		expression_next(p);
		return 0;
	}
	near = parse_nearest(p->word, expression_fields, EXPRESSION_FIELDS,
			     sizeof(*expression_fields));
	if (near)
		return weir_error_set(p->error, -EINVAL,
				      "there is no field '%s'; did you mean '%s'?", p->word, near);
	return expression_fail(p, "a field's name");
}

static int expression_parse_or(struct expression_parser *p);

static int expression_parse_term(struct expression_parser *p)
{
	const struct expression_field *field = NULL;
	enum expression_operator op = EXPRESSION_EQUAL;
	struct expression_step *step;
	int rc;

	if (expression_accept(p, "(")) {
		rc = expression_parse_or(p);
		if (rc == 0 && !expression_accept(p, ")"))
			rc = expression_fail(p, "')', 'and' or 'or'");
		return rc;
	}
	rc = expression_parse_field(p, &field);
	if (rc == 0)
		rc = expression_parse_operator(p, &op);
	if (rc < 0)
		return rc;
	step = ++p->terms <= WEIR_FLOW_EXPRESSION_TERMS_MAX ? expression_emit(p, op) : NULL;
	if (!step)
		return weir_error_set(p->error, -EINVAL, "more than %d comparisons",
				      WEIR_FLOW_EXPRESSION_TERMS_MAX);
	step->field = field;
	return expression_parse_value(p, step);
}

/* 'not' and parentheses nest: here it is seen to that they do not nest too deep. */
static int expression_parse_not(struct expression_parser *p)
{
	bool negated = expression_accept(p, "not");
	int rc;

	if (p->depth == WEIR_FLOW_EXPRESSION_DEPTH_MAX)
		return weir_error_set(p->error, -EINVAL, "more than %d levels of 'not' and '('",
				      WEIR_FLOW_EXPRESSION_DEPTH_MAX);
	p->depth++;
	rc = negated ? expression_parse_not(p) : expression_parse_term(p);
	p->depth--;
	if (rc == 0 && negated && !expression_emit(p, EXPRESSION_NOT))
		rc = weir_error_set(p->error, -EINVAL, "the expression is too long");
	return rc;
}

static int expression_parse_and(struct expression_parser *p)
{
	int rc = expression_parse_not(p);

	while (rc == 0 && expression_accept(p, "and")) {
		rc = expression_parse_not(p);
		if (rc == 0 && !expression_emit(p, EXPRESSION_AND))
			rc = weir_error_set(p->error, -EINVAL, "the expression is too long");
	}
	return rc;
}

static int expression_parse_or(struct expression_parser *p)
{
	int rc = expression_parse_and(p);

	while (rc == 0 && expression_accept(p, "or")) {
		rc = expression_parse_and(p);
		if (rc == 0 && !expression_emit(p, EXPRESSION_OR))
			rc = weir_error_set(p->error, -EINVAL, "the expression is too long");
	}
	return rc;
}

int weir_flow_expression_open(const char *text, struct weir_flow_expression **out,
			      struct weir_error *error)
{
	struct expression_parser p = {.text = text, .at = text, .error = error};
	int rc;

	p.program = calloc(1, sizeof(*p.program));
	if (!p.program)
		return weir_error_set(error, -ENOMEM, "out of memory");
	expression_next(&p);
	rc = expression_parse_or(&p);
	if (rc == 0 && *p.word)
		rc = expression_fail(&p, "'and', 'or' or the end");
	if (rc < 0) {
		free(p.program);
		return weir_error_wrap(error, "cannot understand '%.200s'", text);
	}
	*out = p.program;
	return 0;
}

void weir_flow_expression_close(struct weir_flow_expression *expression)
{
	free(expression);
}

/* ---- matching ---- */

static uint64_t expression_number(const struct expression_field *field,
				  const struct weir_flow_record *record)
{
	const uint8_t *at = (const uint8_t *)record + field->offset;

	switch (field->kind) {
	case EXPRESSION_U8:
		return *at;
	case EXPRESSION_U16:
		return *(const uint16_t *)at;
	case EXPRESSION_U64:
		return *(const uint64_t *)at;
	case EXPRESSION_PACKETS:
		return record->forward.packets + record->reverse.packets;
	case EXPRESSION_BYTES:
		return record->forward.bytes + record->reverse.bytes;
	case EXPRESSION_DURATION:
		return record->last_ns - record->first_ns;
	default:
		return 0;
	}
}

static bool expression_has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned int bits)
{
	unsigned int bytes = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	return !memcmp(address, prefix, bytes) &&
	       (bits % 8 == 0 || ((address[bytes] ^ prefix[bytes]) & mask) == 0);
}

static bool expression_compare(const struct expression_step *step,
			       const struct weir_flow_record *record)
{
	const struct expression_field *field = step->field;
	unsigned int version = field->kind == EXPRESSION_ADDRESS_V4 ? 4 : 6;
	uint64_t number;

	if (field->kind == EXPRESSION_ADDRESS_V4 || field->kind == EXPRESSION_ADDRESS_V6)
		return (record->ip_version == version &&
			expression_has_prefix((const uint8_t *)record + field->offset,
					      step->address, step->prefix_bits)) ==
		       (step->op == EXPRESSION_EQUAL);
	number = expression_number(field, record);
	switch (step->op) {
	case EXPRESSION_EQUAL:
		return number == step->number;
	case EXPRESSION_NOT_EQUAL:
		return number != step->number;
	case EXPRESSION_LESS:
		return number < step->number;
	case EXPRESSION_LESS_EQUAL:
		return number <= step->number;
	case EXPRESSION_GREATER:
		return number > step->number;
	default:
		return number >= step->number;
	}
}

bool weir_flow_expression_match(const struct weir_flow_expression *expression,
				const struct weir_flow_record *record)
{
	/* Truth values, the last one lowest: no more than there are terms. */
	uint64_t stack = 0, top;

	for (uint32_t i = 0; i < expression->count; i++) {
		const struct expression_step *step = &expression->step[i];

		if (step->op < EXPRESSION_AND) {
			stack = stack << 1 | expression_compare(step, record);
			continue;
		}
		if (step->op == EXPRESSION_NOT) {
			stack ^= 1;
			continue;
		}
		top = stack & 1;
		stack >>= 1;
		if (step->op == EXPRESSION_AND)
			stack &= ~UINT64_C(1) | top;
		else
			stack |= top;
	}
	return stack & 1;
}
