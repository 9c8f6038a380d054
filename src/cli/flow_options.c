/* SPDX-License-Identifier: Apache-2.0 */
/* The options of weir flow: words into flow and export settings. */
#include "flow_options.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

/* A word for a bit, or for several. */
struct flow_word {
	const char *word;
	uint32_t bits;
};

static const struct flow_word flow_key_words[] = {
	{"vlan", WEIR_FLOW_KEY_VLAN},
	{"mpls", WEIR_FLOW_KEY_MPLS},
	{"mac", WEIR_FLOW_KEY_MAC},
	{"tos", WEIR_FLOW_KEY_TOS},
	{"interface", WEIR_FLOW_KEY_INTERFACE},
	{"netns", WEIR_FLOW_KEY_NETNS},
	{"tunnel", WEIR_FLOW_KEY_TUNNEL},
	{NULL, 0},
};

static const struct flow_word flow_field_words[] = {
	{"times", WEIR_FLOW_FIELD_TIMES},
	{"ip", WEIR_FLOW_FIELD_IP},
	{"tcp", WEIR_FLOW_FIELD_TCP},
	{"origin", WEIR_FLOW_FIELD_ORIGIN},
	{"route", WEIR_FLOW_FIELD_ROUTE},
	{"histogram", WEIR_FLOW_FIELD_HISTOGRAM},
	{"packets", WEIR_FLOW_FIELD_PACKETS},
	{"xprobe", 0},
	{"basic", 0},
	{"full",
	 WEIR_FLOW_FIELD_TIMES | WEIR_FLOW_FIELD_IP | WEIR_FLOW_FIELD_TCP | WEIR_FLOW_FIELD_ORIGIN},
	{NULL, 0},
};

/* "packets:20": how many of the first packets are kept. */
static int flow_take_packets(struct flow_options *flow, const char *number,
			     struct weir_error *error)
{
	uint64_t n;

	if (parse_u64(number, WEIR_FLOW_FIRST_PACKETS_MAX, &n) || !n)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of 1 to %d packets",
				      number, WEIR_FLOW_FIRST_PACKETS_MAX);
	flow->meter.first_packets = (uint32_t)n;
	return 0;
}

/* A field by its name: only those named are written then. */
static int flow_take_field(struct flow_options *flow, const char *name, struct weir_error *error)
{
	if (flow->output.field_count == WEIR_EXPORT_FIELDS_MAX)
		return weir_error_set(error, -E2BIG, "more than %d fields", WEIR_EXPORT_FIELDS_MAX);
	if (weir_export_field(name, &flow->meter.fields, error) < 0)
		return -EINVAL;
	flow->field_names[flow->output.field_count] = strdup(name);
	if (!flow->field_names[flow->output.field_count])
		return weir_error_set(error, -ENOMEM, "out of memory");
	flow->output.field_count++;
	flow->output.fields = flow->field_names;
	return 0;
}

static void flow_take_preset(struct flow_options *flow, const char *word)
{
	if (!strcmp(word, "basic"))
		flow->output.preset = WEIR_EXPORT_BASIC;
	else if (!strcmp(word, "full"))
		flow->output.preset = WEIR_EXPORT_FULL;
}

static int flow_take_word(struct flow_options *flow, const struct flow_word *words, char *word,
			  uint32_t *bits, struct weir_error *error)
{
	char *colon = strchr(word, ':');
	unsigned int count = 0;
	const char *near;

	if (colon)
		*colon++ = 0;
	for (; words[count].word; count++) {
		if (strcmp(words[count].word, word))
			continue;
		*bits |= words[count].bits;
		if (words == flow_field_words)
			flow_take_preset(flow, word);
		if (!colon)
			return 0;
		if (words == flow_field_words && words[count].bits == WEIR_FLOW_FIELD_PACKETS)
			return flow_take_packets(flow, colon, error);
		return weir_error_set(error, -EINVAL, "'%s' takes no number", word);
	}
	near = parse_nearest(word, words, count, sizeof(*words));
	if (!near && words == flow_field_words && !colon)
		return flow_take_field(flow, word, error);
	if (near)
		return weir_error_set(error, -EINVAL, "'%s' is not known; did you mean '%s'?", word,
				      near);
	return weir_error_set(error, -EINVAL, "'%s' is not known; see --help", word);
}

/* A comma-separated list of words. */
static int flow_take_words(struct flow_options *flow, const struct flow_word *words,
			   const char *value, uint32_t *bits, struct weir_error *error)
{
	char *copy = strdup(value), *rest = copy, *word;
	int rc = copy ? 0 : weir_error_set(error, -ENOMEM, "out of memory");

	while (rc == 0 && (word = strsep(&rest, ",")))
		rc = flow_take_word(flow, words, word, bits, error);
	free(copy);
	return rc;
}

int flow_take_write(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	if (flow->target_count == WEIR_EXPORTS_MAX)
		return weir_error_set(error, -EINVAL, "more than %d outputs", WEIR_EXPORTS_MAX);
	if (weir_export_check(value, error) < 0)
		return -EINVAL;
	if (strcmp(value, "-") && strcmp(value, "null:") && !strstr(value, "://"))
		flow->capture.write_paths[flow->path_count++] = value;
	flow->targets[flow->target_count++] = value;
	return 0;
}

static int flow_take_timeout(const char *value, uint64_t *out, struct weir_error *error)
{
	if (parse_duration_ns(value, out) || !*out)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a time (seconds; or 500ms, 5min)", value);
	return 0;
}

static int flow_take_active(void *options, const char *value, struct weir_error *error)
{
	return flow_take_timeout(value, &((struct flow_options *)options)->meter.active_timeout_ns,
				 error);
}

/* "30", or "udp:10" for a protocol. */
static int flow_take_idle(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;
	const char *colon = strchr(value, ':');
	char name[32];
	const struct protoent *protocol;
	uint64_t number;

	if (!colon)
		return flow_take_timeout(value, &flow->meter.idle_timeout_ns, error);
	snprintf(name, sizeof(name), "%.*s", (int)(colon - value), value);
	if (parse_u64(name, 255, &number)) {
		protocol = getprotobyname(name);
		if (!protocol)
			return weir_error_set(error, -EINVAL, "'%s' is not a protocol", name);
		number = (uint64_t)protocol->p_proto;
	}
	return flow_take_timeout(colon + 1, &flow->meter.protocol_idle_timeout_ns[number], error);
}

static int flow_take_uniflow(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->meter.uniflow = true;
	return 0;
}

static int flow_take_keep_closed(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->meter.keep_closed = true;
	return 0;
}

static int flow_take_flows_max(void *options, const char *value, struct weir_error *error)
{
	uint64_t n;

	if (parse_u64(value, WEIR_FLOW_FLOWS_MAX, &n) || !n)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of 1 to %d flows",
				      value, WEIR_FLOW_FLOWS_MAX);
	((struct flow_options *)options)->meter.flows_max = (uint32_t)n;
	return 0;
}

static int flow_take_key(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	return flow_take_words(flow, flow_key_words, value, &flow->meter.key, error);
}

int flow_take_fields(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	return flow_take_words(flow, flow_field_words, value, &flow->meter.fields, error);
}

static int flow_take_tunnels(void *options, const char *value, struct weir_error *error)
{
	static const char *const words[] = {"outer", "inner", "both"};

	for (int i = 0; i < 3; i++) {
		if (!strcmp(words[i], value)) {
			((struct flow_options *)options)->meter.layer = (enum weir_flow_layer)i;
			return 0;
		}
	}
	return weir_error_set(error, -EINVAL, "'%s' is not outer, inner or both", value);
}

static int flow_take_sample(void *options, const char *value, struct weir_error *error)
{
	static const char *const words[] = {"systematic", "random", "hash"};
	struct flow_options *flow = options;
	const char *colon = strchr(value, ':');
	uint64_t interval;

	for (int i = 0; colon && i < 3; i++) {
		if (strlen(words[i]) != (size_t)(colon - value) ||
		    memcmp(words[i], value, strlen(words[i])))
			continue;
		if (parse_u64(colon + 1, UINT32_MAX, &interval) || !interval)
			break;
		flow->meter.sampling = (enum weir_flow_sampling)(WEIR_FLOW_SAMPLE_SYSTEMATIC + i);
		flow->meter.sampling_interval = (uint32_t)interval;
		return 0;
	}
	return weir_error_set(error, -EINVAL,
			      "'%s' is not systematic:N, random:N or hash:N (1 in N)", value);
}

static int flow_take_records(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	weir_flow_expression_close(flow->expression);
	flow->expression_text = value;
	return weir_flow_expression_open(value, &flow->expression, error);
}

static int flow_take_anonymise(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;
	FILE *file = fopen(value, "re");
	size_t got;

	if (!file)
		return weir_error_set_errno(error, -errno, "cannot open '%s'", value);
	got = fread(flow->key, 1, sizeof(flow->key), file);
	fclose(file);
	if (got < sizeof(flow->key))
		return weir_error_set(error, -EINVAL,
				      "'%s' has less than %zu bytes: make a key with 'head -c 16 "
				      "/dev/urandom'",
				      value, sizeof(flow->key));
	flow->output.anonymise_key = flow->key;
	return 0;
}

static int flow_take_aggregate(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	flow->output.aggregate = value;
	return weir_export_aggregate(value, &flow->meter.fields, error);
}

static int flow_take_aggregate_interval(void *options, const char *value, struct weir_error *error)
{
	return flow_take_timeout(value, &((struct flow_options *)options)->output.aggregate_ns,
				 error);
}

static int flow_take_prefixes(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	weir_prefixes_close(flow->prefixes);
	flow->prefixes = NULL;
	flow->meter.fields |= WEIR_FLOW_FIELD_ROUTE;
	return weir_prefixes_open(value, &flow->prefixes, error);
}

const struct option_row flow_meter_rows[] = {
	{0, "active-timeout", "S", "emit a flow that goes on after so many seconds (default 300)",
	 flow_take_active},
	{0, "idle-timeout", "[PROTO:]S",
	 "end a flow without packets for so long (default 30); udp:10 for a protocol; may be "
	 "repeated",
	 flow_take_idle},
	{0, "uniflow", NULL, "one flow for each direction (default: both in one)",
	 flow_take_uniflow},
	{0, "keep-closed", NULL, "FIN and RST do not end a flow", flow_take_keep_closed},
	{0, "key", "LIST",
	 "tell flows apart also by vlan, mpls, mac, tos, interface, netns, tunnel", flow_take_key},
	{0, "fields", "LIST",
	 "more fields: times, ip, tcp, origin, histogram, packets:N (the first N), full (the first "
	 "four), xprobe (none of them, the default), basic (fewer, for IPFIX); or only the fields "
	 "named, as sourceIPv4Address,packetDeltaCount",
	 flow_take_fields},
	{0, "tunnels", "LAYER", "meter the outer packets (default), the inner, or both",
	 flow_take_tunnels},
	{0, "sample", "MODE:N", "meter one packet in N: systematic, random; or hash: one flow in N",
	 flow_take_sample},
	{0, "flows-max", "N", "flows held at a time, of IPv4 and of IPv6 each (default 1048576)",
	 flow_take_flows_max},
	{0, NULL, NULL, NULL, NULL},
};

const struct option_row flow_record_rows[] = {
	{0, "records", "EXPRESSION",
	 "write only records that match, e.g. 'packets > 10 and not protocolIdentifier = 17'",
	 flow_take_records},
	{0, "aggregate", "FIELDS",
	 "write sums of records by these fields, as sourceIPv4Address/24,protocolIdentifier; live "
	 "every 60 s, of files at the end",
	 flow_take_aggregate},
	{0, "aggregate-interval", "S", "write sums every so many seconds",
	 flow_take_aggregate_interval},
	{0, "prefixes", "FILE",
	 "tell of both addresses the AS number, prefix length and next hop that FILE has for them: "
	 "PREFIX [AS-NUMBER [NEXT-HOP]] a line",
	 flow_take_prefixes},
	{0, "anonymise", "KEYFILE",
	 "write pseudonyms that keep prefixes for addresses; the key is the first 16 bytes",
	 flow_take_anonymise},
	{0, NULL, NULL, NULL, NULL},
};

static int flow_take_top(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;
	uint64_t n;

	if (parse_u64(value, WEIR_FLOW_TOP_MAX, &n) || !n)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of 1 to %d flows",
				      value, WEIR_FLOW_TOP_MAX);
	flow->live_wanted = true;
	flow->live.flows = (uint32_t)n;
	return 0;
}

static int flow_take_sort(void *options, const char *value, struct weir_error *error)
{
	static const char *const words[] = {"rate", "packets", "bytes", "age"};

	for (int i = 0; i < 4; i++) {
		if (!strcmp(words[i], value)) {
			((struct flow_options *)options)->sort = (enum weir_flow_sort)i;
			return 0;
		}
	}
	return weir_error_set(error, -EINVAL, "'%s' is not rate, packets, bytes or age", value);
}

const struct option_row flow_live_rows[] = {
	{0, "top", "N",
	 "show the top N flows each second (the default on a terminal when nothing is written)",
	 flow_take_top},
	{0, "sort", "KEY", "top by rate (default), packets, bytes or age", flow_take_sort},
	{0, NULL, NULL, NULL, NULL},
};
