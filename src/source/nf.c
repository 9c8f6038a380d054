/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf: a tap on one of netfilter's hooks, where the firewall's rules are. It
 * sees only IP packets that are for this host, from it, or routed by it: from
 * the IP header on, after GRO, without VLAN tags.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "links/type.h"
#include "nflog.h"
#include "source/kinds.h"
#include "source/spec.h"
#include "tap_match.h"

enum { NF_METHOD_AUTO, NF_METHOD_BPF, NF_METHOD_NFLOG };

struct nf_options {
	uint64_t hook; /* enum hook_netfilter */
	uint64_t method;
	struct tap_match_options match;
};

static int nf_parse(const char *subject, char *name, struct nf_options *options,
		    struct weir_error *error)
{
	const struct spec_option table[] = {
		{"hook",
		 SPEC_WORD,
		 &options->hook,
		 0,
		 0,
		 {"prerouting", "input", "forward", "output", "postrouting"}},
		{"method", SPEC_WORD, &options->method, 0, 0, {"auto", "bpf", "nflog"}},
		{"host", SPEC_TEXT, .text = options->match.host},
		{"proto", SPEC_TEXT, .text = options->match.protocol},
		{"port", SPEC_NUMBER, &options->match.port, 0, UINT16_MAX, {0}},
		{NULL, 0, NULL, 0, 0, {0}},
	};

	memset(options, 0, sizeof(*options));
	options->match.port = options->match.vlan = TAP_MATCH_NONE;
	return spec_parse(subject, name, table, error);
}

/* The hook decides the direction: -Q may say the same, not something else. */
static int nf_check(const struct nf_options *options, const struct weir_source_settings *settings,
		    struct weir_error *error)
{
	bool is_output = options->hook == HOOK_OUTPUT || options->hook == HOOK_POSTROUTING;

	if (settings->direction == (is_output ? WEIR_DIRECTION_IN : WEIR_DIRECTION_OUT))
		return weir_error_set(
			error, -EINVAL, "no packet of that direction (-Q) passes this hook; %s",
			is_output ? "for incoming ones there are prerouting, input"
				  : "for outgoing ones there are output, postrouting");
	return 0;
}

static int nf_attach_log(struct tap *tap, const struct nf_options *options,
			 const struct weir_source_settings *settings, bool has_match,
			 struct weir_error *error)
{
	if (has_match)
		return weir_error_set(error, -EINVAL,
				      "options 'host', 'port', 'proto' take a program on the hook, "
				      "which NFLOG has not: use a filter expression");
	tap->flags |= options->hook == HOOK_OUTPUT || options->hook == HOOK_POSTROUTING
			      ? WEIR_PACKET_OUTGOING
			      : WEIR_PACKET_HOST;
	return nflog_attach(tap, (uint32_t)options->hook, settings, error);
}

static int nf_attach(struct tap *tap, const struct nf_options *options,
		     const struct weir_source_settings *settings, struct weir_error *error)
{
	struct hook_tap_request request = {
		.place = HOOK_NETFILTER,
		.netfilter = (uint32_t)options->hook,
	};
	int rc = tap_match_parse(&options->match, &request.match, error);

	if (rc < 0)
		return rc;
	tap->flags = WEIR_PACKET_CHECKSUM_NOT_READY | WEIR_PACKET_RAW_IP;
	if (options->method == NF_METHOD_NFLOG)
		return nf_attach_log(tap, options, settings, request.match.what, error);
	rc = tap_source_attach(tap, settings, LINKS_TYPE_RAW_IP, &request, error);
	if (rc != -EOPNOTSUPP || options->method == NF_METHOD_BPF)
		return rc;
	tap_source_notice(tap,
			  "this kernel has no BPF netfilter programs (Linux 6.4 has, with BTF): %s",
			  "NFLOG is used");
	return nf_attach_log(tap, options, settings, request.match.what, error);
}

int nf_open(const char *subject, const struct weir_source_settings *settings,
	    const struct weir_source_context *context, struct weir_source **out,
	    struct weir_error *error)
{
	char name[SPEC_NAME_BYTES];
	struct nf_options options;
	struct tap *tap;
	int rc = nf_parse(subject, name, &options, error);

	if (rc == 0)
		rc = nf_check(&options, settings, error);
	if (rc == 0)
		rc = tap_source_open("nf", name, context, &tap, error);
	if (rc < 0)
		return rc;
	rc = nf_attach(tap, &options, settings, error);
	if (rc < 0) {
		tap->source.ops->close(&tap->source);
		return rc;
	}
	tap_source_tell(tap, settings);
	*out = &tap->source;
	return 0;
}
