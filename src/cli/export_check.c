/* SPDX-License-Identifier: Apache-2.0 */
/* Options of an export that would do nothing with the targets named: each is refused by its name. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "flow_options.h"

/* What a target is, as far as options care. */
enum {
	EXPORT_TEXT = 1 << 0,      /* JSON or CSV */
	EXPORT_MESSAGES = 1 << 1,  /* IPFIX or NetFlow v9 */
	EXPORT_FILE = 1 << 2,      /* IPFIX into a file */
	EXPORT_DATAGRAMS = 1 << 3, /* UDP, DTLS */
	EXPORT_SEVERAL = 1 << 4,   /* collectors in one target */
};

/* What it takes, for an option to mean something, and what to do where there is none of it. */
struct export_rule {
	bool given;
	uint32_t needs; /* any of these */
	const char *text;
};

static uint32_t export_scheme_traits(const char *target)
{
	uint32_t traits = EXPORT_MESSAGES;

	if (!strncmp(target, "ipfix+", 6))
		traits |= EXPORT_WITH_PEN;
	if (strstr(target, "+udp://") || strstr(target, "+dtls://"))
		traits |= EXPORT_DATAGRAMS;
	if (strstr(target, "+tls://") || strstr(target, "+dtls://"))
		traits |= EXPORT_WITH_TLS;
	if (strchr(target, ','))
		traits |= EXPORT_SEVERAL;
	return traits;
}

static uint32_t export_traits(const char *target)
{
	size_t length = strlen(target);

	if (!strcmp(target, "null:"))
		return 0;
	if (strstr(target, "://"))
		return export_scheme_traits(target);
	if (length > 6 && !strcmp(target + length - 6, ".ipfix"))
		return EXPORT_FILE | EXPORT_WITH_PEN | EXPORT_MESSAGES;
	return EXPORT_TEXT;
}

static int export_check_rules(const struct export_rule *rules, uint32_t traits,
			      struct weir_error *error)
{
	for (; rules->text; rules++)
		if (rules->given && !(rules->needs & traits))
			return weir_error_set(error, -EINVAL, "%s", rules->text);
	return 0;
}

static int export_check_messages(const struct flow_options *flow, uint32_t traits,
				 struct weir_error *error)
{
	const struct weir_export_network *n = &flow->output.network;
	const struct export_rule rules[] = {
		{n->file_bytes || n->file_interval_ns, EXPORT_FILE,
		 "--rotate is for IPFIX files: name one (-w NAME.ipfix)"},
		{n->domain, EXPORT_MESSAGES,
		 "--domain is of IPFIX and NetFlow: name such a target (-w NAME.ipfix, -w "
		 "ipfix+udp://HOST:PORT), or leave it out"},
		{flow->output.pen, EXPORT_WITH_PEN,
		 "--pen is of IPFIX: name such a target (-w NAME.ipfix, -w ipfix+udp://HOST:PORT), "
		 "or leave it out"},
		{flow->output.reduced_size, EXPORT_MESSAGES,
		 "--reduced-size is of IPFIX and NetFlow: name such a target (-w NAME.ipfix, -w "
		 "ipfix+udp://HOST:PORT), or leave it out"},
		{n->options_ns, EXPORT_MESSAGES,
		 "--options-interval is of IPFIX and NetFlow: name such a target (-w NAME.ipfix, "
		 "-w ipfix+udp://HOST:PORT), or leave it out"},
		{false, 0, NULL}};

	return export_check_rules(rules, traits, error);
}

static int export_check_network(const struct flow_options *flow, uint32_t traits,
				struct weir_error *error)
{
	const struct weir_export_network *n = &flow->output.network;
	const struct export_rule rules[] = {
		{n->mtu, EXPORT_DATAGRAMS,
		 "--mtu is for datagrams: name a collector by ipfix+udp://, ipfix+dtls:// or "
		 "netflow9+udp://, or leave it out"},
		{n->template_ns || n->template_packets, EXPORT_DATAGRAMS,
		 "--template-refresh is for datagrams, elsewhere templates arrive: name a "
		 "collector "
		 "by ipfix+udp://, ipfix+dtls:// or netflow9+udp://, or leave it out"},
		{n->rate_limited, EXPORT_MESSAGES,
		 "--export-rate is for collectors: name one (-w ipfix+udp://HOST:PORT), or leave "
		 "it "
		 "out"},
		{n->queue_bytes, EXPORT_MESSAGES,
		 "--export-queue is for collectors: name one (-w ipfix+udp://HOST:PORT), or leave "
		 "it out"},
		{n->balance, EXPORT_SEVERAL,
		 "--balance divides flows among the collectors of one target: name several (-w "
		 "ipfix+udp://HOST:PORT,HOST:PORT), or leave it out"},
		{n->tls_ca, EXPORT_WITH_TLS,
		 "--tls-ca is for TLS and DTLS: use ipfix+tls://, ipfix+dtls://, or leave it out"},
		{n->tls_certificate, EXPORT_WITH_TLS,
		 "--tls-cert is for TLS and DTLS: use ipfix+tls://, ipfix+dtls://, or leave it "
		 "out"},
		{n->tls_key, EXPORT_WITH_TLS,
		 "--tls-key is for TLS and DTLS: use ipfix+tls://, ipfix+dtls://, or leave it out"},
		{false, 0, NULL}};

	if (n->tls_key && !n->tls_certificate)
		return weir_error_set(error, -EINVAL,
				      "--tls-key belongs to a certificate: name it (--tls-cert "
				      "FILE)");
	return export_check_rules(rules, traits, error);
}

static int export_check_text(const struct flow_options *flow, uint32_t traits,
			     struct weir_error *error)
{
	const struct export_rule rules[] = {
		{flow->output.names == WEIR_EXPORT_NAMES_ZEEK, EXPORT_TEXT,
		 "--names zeek is for JSON and CSV, IPFIX has numbers: name such a target (-w "
		 "NAME.json), or leave it out"},
		{flow->output.community_id, EXPORT_TEXT,
		 "--community-id is for JSON and CSV: name such a target (-w NAME.json), or leave "
		 "it out"},
		{false, 0, NULL}};

	return export_check_rules(rules, traits, error);
}

int export_check(const struct flow_options *flow, uint32_t with, struct weir_error *error)
{
	uint32_t traits = with;
	int rc;

	for (uint32_t i = 0; i < flow->target_count; i++)
		traits |= export_traits(flow->targets[i]);
	rc = export_check_messages(flow, traits, error);
	if (rc == 0)
		rc = export_check_network(flow, traits, error);
	return rc < 0 ? rc : export_check_text(flow, traits, error);
}
