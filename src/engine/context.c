/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the NIC and the softnet backlog say: context beside the balance. The
 * NIC is asked by netlink and by name, in the process's own namespace, since
 * sysfs may show another one's.
 */
#include "context.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { CONTEXT_MESSAGE_BYTES = 32768 /* a link with all its attributes */ };

struct context_nic {
	const struct weir_account *account;
	struct context_counters start;
};

struct weir_context {
	const struct weir_ledger *ledger; /* the engine's */
	struct context_nic *nics;
	uint32_t nic_count;
	uint64_t softnet_start;
	bool softnet_known;
};

static int context_parse_link(const struct nlmsghdr *message, void *data)
{
	struct context_counters *counters = data;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
	{
		struct rtnl_link_stats64 statistics;

		if (mnl_attr_get_type(attribute) != IFLA_STATS64 ||
		    mnl_attr_get_payload_len(attribute) < sizeof(statistics))
			continue;
		memcpy(&statistics, mnl_attr_get_payload(attribute), sizeof(statistics));
		counters->known = true;
		counters->rx_missed = statistics.rx_missed_errors;
		counters->rx_fifo = statistics.rx_fifo_errors;
		counters->rx_over = statistics.rx_over_errors;
		counters->rx_dropped = statistics.rx_dropped;
	}
	return MNL_CB_OK;
}

/* Ask for one interface's counters; 'known' stays false where that fails. */
static void context_read_nic(const char *name, struct context_counters *out)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[CONTEXT_MESSAGE_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	ssize_t got;

	memset(out, 0, sizeof(*out));
	if (!socket)
		return;
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	memset(info, 0, sizeof(*info));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) > 0) {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got > 0)
			mnl_cb_run(buffer, (size_t)got, 0, 0, context_parse_link, out);
	}
	mnl_socket_close(socket);
}

/* The sum of the second column: packets dropped because a CPU's backlog was full. */
static bool context_read_softnet(uint64_t *out)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	char line[512];
	bool known = false;

	*out = 0;
	while (file && fgets(line, sizeof(line), file)) {
		unsigned int processed, dropped;

		if (sscanf(line, "%x %x", &processed, &dropped) != 2)
			continue;
		*out += dropped;
		known = true;
	}
	if (file)
		fclose(file);
	return known;
}

/* Files and the like have no NIC. */
static bool context_is_live(const struct weir_account *account)
{
	return strcmp(account->source, "file") && strcmp(account->source, "fake");
}

/* Several sources may share an interface; its counters are read once. */
static bool context_has(const struct weir_context *context, const struct weir_account *account)
{
	for (uint32_t i = 0; i < context->nic_count; i++)
		if (!strcmp(context->nics[i].account->name, account->name))
			return true;
	return false;
}

int weir_context_open(struct weir_engine *engine, struct weir_context **out)
{
	const struct weir_ledger *ledger = weir_engine_ledger(engine);
	const struct weir_account *accounts = weir_ledger_accounts(ledger);
	struct weir_context *context = calloc(1, sizeof(*context));
	uint32_t count = 0;

	for (const struct weir_account *a = accounts; a; a = weir_account_next(a))
		count += context_is_live(a);
	if (context)
		context->nics = calloc(count + 1, sizeof(*context->nics));
	if (!context || !context->nics) {
		free(context);
		return -ENOMEM;
	}
	context->ledger = ledger;
	for (const struct weir_account *a = accounts; a; a = weir_account_next(a)) {
		struct context_nic *nic = &context->nics[context->nic_count];

		if (!context_is_live(a) || context_has(context, a))
			continue;
		nic->account = a;
		context_read_nic(a->name, &nic->start);
		context->nic_count++;
	}
	context->softnet_known = context_read_softnet(&context->softnet_start);
	*out = context;
	return 0;
}

void weir_context_close(struct weir_context *context)
{
	if (!context)
		return;
	free(context->nics);
	free(context);
}

/* Add what was counted since the start. False when that cannot be told: it began anew since. */
static bool context_add(struct context_counters *sum, const struct context_counters *now,
			const struct context_counters *start)
{
	if (!now->known || !start->known || now->rx_missed < start->rx_missed ||
	    now->rx_fifo < start->rx_fifo || now->rx_over < start->rx_over ||
	    now->rx_dropped < start->rx_dropped)
		return false;
	sum->rx_missed += now->rx_missed - start->rx_missed;
	sum->rx_fifo += now->rx_fifo - start->rx_fifo;
	sum->rx_over += now->rx_over - start->rx_over;
	sum->rx_dropped += now->rx_dropped - start->rx_dropped;
	return true;
}

/* Are all live interfaces among those whose counters were read at the start? */
static bool context_is_whole(const struct weir_context *context)
{
	for (const struct weir_account *a = weir_ledger_accounts(context->ledger); a;
	     a = weir_account_next(a))
		if (context_is_live(a) && !context_has(context, a))
			return false; /* it came during the run */
	return true;
}

void context_read(const struct weir_context *context, struct context_counters *out)
{
	memset(out, 0, sizeof(*out));
	if (!context)
		return;
	out->known = context->nic_count > 0 && context_is_whole(context);
	for (uint32_t i = 0; i < context->nic_count; i++) {
		struct context_counters now;

		context_read_nic(context->nics[i].account->name, &now);
		out->known &= context_add(out, &now, &context->nics[i].start);
	}
	out->softnet_known = context->softnet_known && context_read_softnet(&out->softnet_dropped);
	out->softnet_dropped -= out->softnet_known ? context->softnet_start : 0;
}
