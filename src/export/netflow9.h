/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different with NetFlow v9 (RFC 3954): no biflows, so a flow with an
 * answer makes two records; options of its own form.
 */
#ifndef EXPORT_NETFLOW9_H
#define EXPORT_NETFLOW9_H

#include "ipfix_options.h"

enum { NETFLOW9_SET_TEMPLATE = 0, NETFLOW9_SET_OPTIONS = 1 };

/* A record of the other direction, with all that it points to. */
struct netflow9_answer {
	struct weir_flow_record record;
	struct weir_flow_times times;
	struct weir_flow_ip ip;
	struct weir_flow_tcp tcp;
	struct weir_flow_origin origin;
};

/* Make the record of a flow's other direction. */
void netflow9_answer(struct netflow9_answer *answer, const struct weir_flow_record *record);
/* As those of ipfix_options.h. */
int netflow9_options_templates(struct options_context *context, struct message *message,
			       struct sender_outlet *outlet);
int netflow9_options_records(struct options_context *context, struct message *message,
			     struct sender_outlet *outlet);

#endif
