/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IPFIX (RFC 7011) and NetFlow v9 (RFC 3954) exports: records are encoded on the worker's thread
 * that emits them, into messages that a thread of the export's own sends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "ipfix_options.h"
#include "kinds.h"
#include "netflow9.h"
#include "sender.h"

enum {
	SET_TEMPLATE = 2, /* RFC 7011 section 3.3.2 */
	IPFIX_PADDING_MAX = 16,
	IPFIX_UPTIME_S = 3600, /* flows may have begun before the exporter did */
	IPFIX_DOMAIN_DEFAULT = 1,
};

/* Makes a transport for one collector. */
typedef int ipfix_transport(const char *address, const struct weir_export_settings *settings,
			    struct transport **out, struct weir_error *error);

struct ipfix {
	struct weir_export target; /* first: the set's view */
	struct weir_export_settings settings;
	struct weir_flow_settings meter;
	struct template_plan plan;
	struct sender_statistics statistics;
	struct options_context options;
	struct sender *sender;
	uint64_t sent; /* as of the last look */
	bool patient;  /* a run on packet time: the file can wait */
	bool is_file;  /* that takes nothing is a failure, unlike a collector that is away */
};

static struct ipfix *ipfix_of(struct weir_export *target)
{
	return (struct ipfix *)target;
}

/* Which of several collectors a flow goes to: both directions to the same. */
static uint8_t ipfix_bucket(const struct weir_flow_record *record)
{
	uint64_t a[2], b[2];

	memcpy(a, record->source_address, sizeof(a));
	memcpy(b, record->destination_address, sizeof(b));
	return (uint8_t)(hash_mix((a[0] ^ b[0]) + UINT64_C(0x9e3779b97f4a7c15),
				  (a[1] ^ b[1] ^ record->source_port ^ record->destination_port) +
					  UINT64_C(0xd6e8feb86659fd93)) >>
			 32);
}

/* How many have left since the last look: 'out' of the ledger's row. */
static void ipfix_account(struct ipfix *ipfix)
{
	uint64_t sent = sender_sent(ipfix->sender);

	if (ipfix->target.row)
		weir_cell_add(&ipfix->target.row->out, sent - ipfix->sent);
	ipfix->sent = sent;
}

static void ipfix_lose(struct ipfix *ipfix, const struct weir_flow_record *record)
{
	enum weir_reason reason = sender_is_up(ipfix->sender) ? WEIR_REASON_QUEUE_FULL
							      : WEIR_REASON_NOT_SENT;

	sender_lose(ipfix->sender, 1, record->forward.packets + record->reverse.packets,
		    record->forward.bytes + record->reverse.bytes);
	if (ipfix->target.row)
		weir_cell_add(&ipfix->target.row->dropped[reason], 1);
}

/* A record into a message that has room for it. */
static void ipfix_put(struct ipfix *ipfix, struct message *message,
		      const struct weir_flow_record *record)
{
	const struct ipfix_template *template = template_of(&ipfix->plan, record);

	message_take(message, template_encode(&ipfix->plan, template, record,
					      message_at(message, template->id)));
	message->records++;
}

static int ipfix_write(struct weir_export *target, const struct weir_flow_record *record)
{
	struct ipfix *ipfix = ipfix_of(target);
	const struct ipfix_template *template = template_of(&ipfix->plan, record);
	bool answered = !ipfix->plan.biflow && record->reverse.packets;
	bool patient = ipfix->patient || record->end_reason == WEIR_FLOW_END_FORCED;
	uint8_t bucket = ipfix->settings.network.balance ? ipfix_bucket(record) : 0;
	struct message *message = sender_message(ipfix->sender, bucket, template->id,
						 template->bytes_max * (answered ? 2 : 1), patient);
	struct netflow9_answer answer;

	if (!message) {
		ipfix_lose(ipfix, record);
		return 0;
	}
	ipfix_put(ipfix, message, record);
	if (answered) {
		netflow9_answer(&answer, record);
		ipfix_put(ipfix, message, &answer.record);
	}
	message->flows++;
	message->packets += record->forward.packets + record->reverse.packets;
	message->octets += record->forward.bytes + record->reverse.bytes;
	return 0;
}

static int ipfix_tick(struct weir_export *target, uint64_t now_ns)
{
	struct ipfix *ipfix = ipfix_of(target);

	sender_tick(ipfix->sender);
	ipfix_account(ipfix);
	return 0;
}

static int ipfix_finish(struct weir_export *target)
{
	struct ipfix *ipfix = ipfix_of(target);
	uint64_t left = sender_finish(ipfix->sender);

	ipfix_account(ipfix);
	if (target->row)
		weir_cell_add(&target->row->dropped[WEIR_REASON_NOT_SENT], left);
	if (left && ipfix->is_file)
		return weir_error_set(&target->failure, -EIO,
				      "the last %" PRIu64 " flow records are not in the IPFIX file",
				      left);
	return 0;
}

static void ipfix_close(struct weir_export *target)
{
	struct ipfix *ipfix = ipfix_of(target);

	sender_close(ipfix->sender);
	free(ipfix);
}

static const struct weir_export_ops ipfix_ops = {
	.name = "ipfix",
	.write = ipfix_write,
	.tick = ipfix_tick,
	.finish = ipfix_finish,
	.close = ipfix_close,
};

/* ---- templates and options, on the sender's thread ---- */

static int ipfix_put_templates(struct ipfix *ipfix, struct message *message,
			       struct sender_outlet *outlet)
{
	uint16_t set = ipfix->plan.version == MESSAGE_IPFIX ? SET_TEMPLATE : NETFLOW9_SET_TEMPLATE;

	for (int i = 0; i < TEMPLATE_CLASSES; i++) {
		const struct ipfix_template *template = &ipfix->plan.templates[i];
		int rc = 0;

		if (!template->id)
			continue;
		if (!message_fits(message, set, template_bytes(&ipfix->plan, template))) {
			rc = outlet->send(outlet, message);
			message_begin_next(message);
		}
		if (rc < 0)
			return rc;
		message_take(message,
			     template_write(&ipfix->plan, template, message_at(message, set)));
		message->template_records++;
	}
	return 0;
}

static int ipfix_say_templates(void *user, struct message *message, struct sender_outlet *outlet,
			       bool first)
{
	struct ipfix *ipfix = user;
	int rc = ipfix_put_templates(ipfix, message, outlet);

	if (rc == 0 && ipfix->plan.version == MESSAGE_NETFLOW9)
		return netflow9_options_templates(&ipfix->options, message, outlet);
	if (rc == 0)
		rc = options_templates(&ipfix->options, message, outlet);
	return rc < 0 ? rc : options_about_flows(&ipfix->options, message, outlet, first);
}

static int ipfix_say_options(void *user, struct message *message, struct sender_outlet *outlet)
{
	struct ipfix *ipfix = user;

	if (ipfix->plan.version == MESSAGE_NETFLOW9)
		return netflow9_options_records(&ipfix->options, message, outlet);
	return options_records(&ipfix->options, message, outlet);
}

/* ---- open ---- */

/* The longest thing that a message must hold: a record or a template. */
static uint32_t ipfix_least_bytes(const struct template_plan *plan)
{
	uint32_t least = plan->record_bytes_max * (plan->biflow ? 1 : 2);

	for (int i = 0; i < TEMPLATE_CLASSES; i++)
		if (plan->templates[i].id && template_bytes(plan, &plan->templates[i]) > least)
			least = template_bytes(plan, &plan->templates[i]);
	return least + IPFIX_HEADER_BYTES + IPFIX_SET_HEADER_BYTES + IPFIX_PADDING_MAX;
}

/* "HOST:PORT,HOST:PORT": a transport for each. */
static int ipfix_open_transports(const char *addresses, const struct weir_export_settings *settings,
				 ipfix_transport *make, struct transport **out, uint32_t *count,
				 struct weir_error *error)
{
	char *copy = strdup(addresses), *rest = copy, *address;
	int rc = copy ? 0 : weir_error_set(error, -ENOMEM, "out of memory");

	while (rc == 0 && (address = strsep(&rest, ","))) {
		if (*count == SENDER_COLLECTORS_MAX)
			rc = weir_error_set(error, -E2BIG, "more than %d collectors",
					    SENDER_COLLECTORS_MAX);
		else
			rc = make(address, settings, &out[*count], error);
		if (rc == 0)
			++*count;
	}
	for (; rc < 0 && *count; --*count)
		out[*count - 1]->ops->close(out[*count - 1]);
	free(copy);
	return rc;
}

static int ipfix_start(struct ipfix *ipfix, const char *addresses, ipfix_transport *make,
		       struct weir_error *error)
{
	const struct sender_content content = {
		.version = ipfix->plan.version,
		.statistics = &ipfix->statistics,
		.uptime_zero_ns = ipfix->plan.uptime_zero_ns,
		.templates = ipfix_say_templates,
		.options = ipfix_say_options,
		.user = ipfix,
	};
	struct transport *transports[SENDER_COLLECTORS_MAX];
	uint32_t count = 0;
	int rc =
		ipfix_open_transports(addresses, &ipfix->settings, make, transports, &count, error);

	if (rc < 0)
		return rc;
	return sender_open(&ipfix->settings, &content, transports, count,
			   ipfix_least_bytes(&ipfix->plan), &ipfix->sender, error);
}

static int ipfix_open(const char *addresses, enum message_version version,
		      const struct weir_export_settings *settings, ipfix_transport *make,
		      struct weir_export **out, struct weir_error *error)
{
	struct ipfix *ipfix = calloc(1, sizeof(*ipfix));
	int rc;

	if (!ipfix)
		return weir_error_set(error, -ENOMEM, "out of memory");
	ipfix->target.ops = &ipfix_ops;
	ipfix->settings = *settings;
	ipfix->meter = *settings->meter;
	ipfix->settings.meter = &ipfix->meter;
	if (!ipfix->settings.network.domain)
		ipfix->settings.network.domain = IPFIX_DOMAIN_DEFAULT;
	ipfix->patient = ipfix->meter.clock == WEIR_FLOW_CLOCK_PACKET;
	ipfix->options = (struct options_context){.plan = &ipfix->plan,
						  .settings = &ipfix->settings,
						  .meter = &ipfix->meter,
						  .statistics = &ipfix->statistics};
	rc = template_plan_init(&ipfix->plan, version, settings, error);
	ipfix->plan.uptime_zero_ns = clock_unix_ns() - IPFIX_UPTIME_S * CLOCK_NS_PER_S;
	if (rc == 0)
		rc = ipfix_start(ipfix, addresses, make, error);
	if (rc < 0) {
		free(ipfix);
		return rc;
	}
	*out = &ipfix->target;
	return 0;
}

static const char *ipfix_addresses(const char *target)
{
	return strstr(target, "://") + 3;
}

int ipfix_udp_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_IPFIX, settings, transport_open_udp, out,
			  error);
}

int ipfix_tcp_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_IPFIX, settings, transport_open_tcp, out,
			  error);
}

int ipfix_sctp_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_IPFIX, settings, transport_open_sctp,
			  out, error);
}

int ipfix_tls_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_IPFIX, settings, transport_open_tls, out,
			  error);
}

int ipfix_dtls_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_IPFIX, settings, transport_open_dtls,
			  out, error);
}

int ipfix_file_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error)
{
	int rc = ipfix_open(target, MESSAGE_IPFIX, settings, transport_open_file, out, error);

	if (rc == 0)
		ipfix_of(*out)->is_file = true;
	return rc;
}

int netflow9_udp_open(const char *target, const struct weir_export_settings *settings,
		      struct weir_export **out, struct weir_error *error)
{
	return ipfix_open(ipfix_addresses(target), MESSAGE_NETFLOW9, settings, transport_open_udp,
			  out, error);
}
