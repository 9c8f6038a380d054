/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options records: what the collector should know besides flows. Most of all
 * what it does not get: packets that were seen and not metered, records that
 * were not sent (RFC 7011 section 4). Then the keys of the flows, sampling,
 * the interfaces' names, and what weir's own elements are (RFC 5610).
 */
#ifndef EXPORT_IPFIX_OPTIONS_H
#define EXPORT_IPFIX_OPTIONS_H

#include "ipfix_template.h"
#include "sender.h"

struct options_context {
	const struct template_plan *plan;
	const struct weir_export_settings *settings; /* own copy of the export's */
	const struct weir_flow_settings *meter;
	const struct sender_statistics *statistics;
	uint64_t ignored_first_ms, ignored_last_ms, ignored; /* as of the last time; own state */
};

/*
 * Templates and records of options, as to go into 'message', which is sent
 * when it is full. 0 or -errno.
 *
 * What is about the exporting process goes into observation domain 0
 * (RFC 7011 section 3.1). That keeps the sequence of the flows' own domain
 * free of options: nfcapd does not count records of options it does not know,
 * and would see a gap after each. Flow keys and sampling belong to the flows'
 * domain; the keys are told only once in a session, for the same reason.
 * NetFlow v9 has no domain 0, and its sequence counts messages.
 */
int options_templates(struct options_context *context, struct message *message,
		      struct sender_outlet *outlet);
/* The records that go with the templates. 'first': those told once, too. */
int options_about_flows(struct options_context *context, struct message *message,
			struct sender_outlet *outlet, bool first);
/* The records that are told again and again. */
int options_records(struct options_context *context, struct message *message,
		    struct sender_outlet *outlet);

#endif
