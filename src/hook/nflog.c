/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netfilter's own way of showing packets to a program, for kernels without BPF
 * on its hooks: a rule logs them to a group of NFLOG, and a socket has that
 * group. The rules stand in a table that belongs to a second socket; with its
 * last descriptor the kernel takes the table away (NFT_TABLE_F_OWNER).
 *
 *   hook ─► chain: interface? counter ─► log ─► group ─► socket
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hook/hook.h"

#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 0x2 /* linux/netfilter/nf_tables.h, since 5.12 */
#endif

enum {
	NFLOG_GROUP_FIRST = 0x7e10, /* far from those that people number by hand */
	NFLOG_GROUPS = 64,
	NFLOG_MESSAGE_BYTES = 64 << 10, /* the kernel gathers packets up to this, */
	NFLOG_GATHERED = 256,           /* or to so many, */
	NFLOG_TIMEOUT_CS = 1,           /* or for so long: in 1/100 s */
	NFLOG_REQUEST_BYTES = 4096,
	NFLOG_ANSWER_BYTES = 32768,
	NFLOG_NAME_BYTES = 24,
	NFLOG_READS_MAX = 20, /* while others change their rules */
	NFLOG_PRIORITY_RAW = -300,
	NFLOG_PRIORITY_LAST = 300, /* behind NF_IP_PRI_SELINUX_LAST, linux/netfilter_ipv4.h */
};
#define NFLOG_CHAIN "packets"

/* Messages to the kernel, one behind the other. */
struct nflog_request {
	char bytes[NFLOG_REQUEST_BYTES];
	size_t used;
	struct nlmsghdr *last;
};

static struct nlmsghdr *nflog_begin(struct nflog_request *request, uint16_t type, uint16_t flags,
				    uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message;
	struct nfgenmsg *header;

	if (request->last)
		request->used += MNL_ALIGN(request->last->nlmsg_len);
	message = mnl_nlmsg_put_header(request->bytes + request->used);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = htons(resource);
	request->last = message;
	return message;
}

static int nflog_send(int fd, const struct nflog_request *request)
{
	size_t bytes = request->used + request->last->nlmsg_len;

	return send(fd, request->bytes, bytes, 0) == (ssize_t)bytes ? 0 : -errno;
}

/* Send, and read the answers, which are there at once. 0 or the first error. */
static int nflog_ask(int fd, const struct nflog_request *request)
{
	char answer[NFLOG_ANSWER_BYTES] __attribute__((aligned(8)));
	int rc = nflog_send(fd, request);
	ssize_t got;

	while (rc == 0 && (got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		int left = (int)got;

		for (struct nlmsghdr *m = (struct nlmsghdr *)answer; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left))
			if (m->nlmsg_type == NLMSG_ERROR && rc == 0)
				rc = ((struct nlmsgerr *)mnl_nlmsg_get_payload(m))->error;
	}
	return rc;
}

static int nflog_socket(struct hook_answer *answer)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	answer->descriptors[answer->count++] = fd;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : fd;
}

/* ---- the group ---- */

static int nflog_bind(int fd, uint16_t group, uint32_t snaplen)
{
	const struct nfulnl_msg_config_cmd command = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {.copy_range = htonl(snaplen),
						    .copy_mode = NFULNL_COPY_PACKET};
	struct nflog_request request = {.used = 0};
	struct nlmsghdr *message = nflog_begin(&request, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
					       NLM_F_ACK, AF_UNSPEC, group);

	mnl_attr_put(message, NFULA_CFG_CMD, sizeof(command), &command);
	mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(message, NFULA_CFG_NLBUFSIZ, htonl(NFLOG_MESSAGE_BYTES));
	mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(NFLOG_GATHERED));
	mnl_attr_put_u32(message, NFULA_CFG_TIMEOUT, htonl(NFLOG_TIMEOUT_CS));
	mnl_attr_put_u16(message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return nflog_ask(fd, &request);
}

/* A group that nobody has; -errno. */
static int nflog_listen(const struct hook_nflog_request *request, struct hook_answer *answer,
			struct weir_error *error)
{
	const int bytes =
		(int)(request->buffer_bytes <= INT_MAX / 2 ? request->buffer_bytes : INT_MAX / 2);
	int fd = nflog_socket(answer);
	int rc = fd < 0 ? fd : -EBUSY;

	/* in a user namespace of one's own: as much as the system's limit allows */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	for (uint16_t n = 0; fd >= 0 && n < NFLOG_GROUPS; n++) {
		rc = nflog_bind(fd, (uint16_t)(NFLOG_GROUP_FIRST + n), request->snaplen);
		if (rc == 0)
			return NFLOG_GROUP_FIRST + n;
		if (rc != -EPERM && rc != -EBUSY) /* both are said of another's group */
			break;
	}
	if (rc == -EPERM)
		return weir_error_set(error, rc,
				      "not permitted to use NFLOG: CAP_NET_ADMIN is missing, run "
				      "as root");
	return weir_error_set_errno(error, rc,
				    "cannot use NFLOG (CONFIG_NETFILTER_NETLINK_LOG); use tap: or "
				    "ring:");
}

/* ---- the rules ---- */

/* The table of a socket's, named by its address. -errno */
static int nflog_table(int fd, char name[NFLOG_NAME_BYTES])
{
	struct sockaddr_nl address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return -errno;
	if (address.nl_family != AF_NETLINK)
		return -EINVAL;
	snprintf(name, NFLOG_NAME_BYTES, "weir-%u", address.nl_pid);
	return 0;
}

static struct nlmsghdr *nflog_put(struct nflog_request *request, int type, uint16_t flags)
{
	return nflog_begin(request, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
			   NFPROTO_INET, 0);
}

static void nflog_edge(struct nflog_request *request, uint16_t type)
{
	nflog_begin(request, type, type == NFNL_MSG_BATCH_END ? NLM_F_ACK : 0, AF_UNSPEC,
		    NFNL_SUBSYS_NFTABLES);
}

static void nflog_put_table(struct nflog_request *request, const char *name)
{
	struct nlmsghdr *message = nflog_put(request, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, name);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
}

static void nflog_put_chain(struct nflog_request *request, const char *table, uint32_t hook)
{
	struct nlmsghdr *message = nflog_put(request, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	int32_t priority = hook == HOOK_POSTROUTING ? NFLOG_PRIORITY_LAST : NFLOG_PRIORITY_RAW;
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, NFLOG_CHAIN);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(hook)); /* the same order */
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
	mnl_attr_nest_end(message, nest);
}

/* An expression of a rule: its name, and what it is told, which 'close' ends. */
struct nflog_expression {
	struct nlattr *element, *data;
};

static struct nflog_expression nflog_open_expression(struct nlmsghdr *message, const char *name)
{
	struct nflog_expression e;

	e.element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return e;
}

static void nflog_close_expression(struct nlmsghdr *message, struct nflog_expression e)
{
	mnl_attr_nest_end(message, e.data);
	mnl_attr_nest_end(message, e.element);
}

/* Is the incoming (NFT_META_IIF) or outgoing interface this one, or not? */
static void nflog_put_interface(struct nlmsghdr *message, uint32_t key, uint32_t comparison,
				int32_t interface)
{
	struct nflog_expression e = nflog_open_expression(message, "meta");
	struct nlattr *value;

	mnl_attr_put_u32(message, NFTA_META_KEY, htonl(key));
	mnl_attr_put_u32(message, NFTA_META_DREG, htonl(NFT_REG_1));
	nflog_close_expression(message, e);
	e = nflog_open_expression(message, "cmp");
	mnl_attr_put_u32(message, NFTA_CMP_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(message, NFTA_CMP_OP, htonl(comparison));
	value = mnl_attr_nest_start(message, NFTA_CMP_DATA);
	mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(interface), &interface);
	mnl_attr_nest_end(message, value);
	nflog_close_expression(message, e);
}

/* By the side that 'key' names; what came in there is left to the rule before. */
static void nflog_put_rule(struct nflog_request *request, const char *table, uint32_t key,
			   bool is_second, int32_t interface, uint16_t group)
{
	struct nlmsghdr *message = nflog_put(request, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nflog_expression e;
	struct nlattr *all;

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, NFLOG_CHAIN);
	all = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	if (is_second)
		nflog_put_interface(message, NFT_META_IIF, NFT_CMP_NEQ, interface);
	nflog_put_interface(message, key, NFT_CMP_EQ, interface);
	e = nflog_open_expression(message, "counter");
	nflog_close_expression(message, e);
	e = nflog_open_expression(message, "log");
	mnl_attr_put_u16(message, NFTA_LOG_GROUP, htons(group));
	nflog_close_expression(message, e);
	mnl_attr_nest_end(message, all);
}

static int nflog_set_rules(const struct hook_nflog_request *wanted, uint16_t group,
			   struct hook_answer *answer)
{
	const bool has_in = wanted->hook != HOOK_OUTPUT;
	const bool has_out = wanted->hook != HOOK_PREROUTING && wanted->hook != HOOK_INPUT;
	struct nflog_request request = {.used = 0};
	char name[NFLOG_NAME_BYTES];
	int fd = nflog_socket(answer);
	int rc = fd < 0 ? fd : nflog_table(fd, name);

	if (rc < 0)
		return rc;
	nflog_edge(&request, NFNL_MSG_BATCH_BEGIN);
	nflog_put_table(&request, name);
	nflog_put_chain(&request, name, wanted->hook);
	if (has_in)
		nflog_put_rule(&request, name, NFT_META_IIF, false, wanted->interface, group);
	if (has_out)
		nflog_put_rule(&request, name, NFT_META_OIF, has_in, wanted->interface, group);
	nflog_edge(&request, NFNL_MSG_BATCH_END);
	return nflog_ask(fd, &request);
}

int hook_nflog_open(const struct hook_nflog_request *request, struct hook_answer *answer,
		    struct weir_error *error)
{
	int group, rc;

	memset(answer, 0, sizeof(*answer));
	if (request->hook >= HOOK_NETFILTER_COUNT)
		return weir_error_set(error, -EINVAL, "no such netfilter hook");
	group = rc = nflog_listen(request, answer, error);
	if (group >= 0) {
		rc = nflog_set_rules(request, (uint16_t)group, answer);
		if (rc < 0)
			weir_error_set_errno(
				error, rc,
				"cannot set a rule that logs to a socket (it takes "
				"nf_tables with 'inet' and 'log', Linux 5.12); use tap: "
				"or ring:");
	}
	if (rc < 0)
		hook_close(answer);
	return rc < 0 ? rc : 0;
}

/* ---- reading the counters ---- */

static void nflog_add_counter(const struct nlattr *data, uint64_t *sum)
{
	const struct nlattr *field;

	mnl_attr_for_each_nested(field,
				 data) if (mnl_attr_get_type(field) == NFTA_COUNTER_PACKETS) *sum +=
		be64toh(mnl_attr_get_u64(field));
}

static void nflog_look_at_expression(const struct nlattr *element, uint64_t *sum)
{
	const struct nlattr *part;
	bool is_counter = false;

	mnl_attr_for_each_nested(part, element)
	{
		if (mnl_attr_get_type(part) == NFTA_EXPR_NAME)
			is_counter = !strcmp(mnl_attr_get_str(part), "counter");
		else if (mnl_attr_get_type(part) == NFTA_EXPR_DATA && is_counter)
			nflog_add_counter(part, sum);
	}
}

static int nflog_look_at_rule(const struct nlmsghdr *message, void *sum)
{
	const struct nlattr *attribute, *element;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(element, attribute) nflog_look_at_expression(element, sum);
	}
	return MNL_CB_OK;
}

/* -EINTR: rules were changed meanwhile, by anybody. */
static int nflog_sum(int fd, const char *table, uint64_t *sum)
{
	char answer[NFLOG_ANSWER_BYTES] __attribute__((aligned(8)));
	struct nflog_request request = {.used = 0};
	struct nlmsghdr *message = nflog_put(&request, NFT_MSG_GETRULE, NLM_F_DUMP);
	bool is_interrupted = false;
	int rc;

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	*sum = 0;
	rc = nflog_send(fd, &request);
	rc = rc == 0 ? MNL_CB_OK : rc;
	while (rc == MNL_CB_OK) {
		ssize_t got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

		if (got < 0)
			return -errno;
		rc = mnl_cb_run(answer, (size_t)got, 0, 0, nflog_look_at_rule, sum);
		if (rc < 0 && errno != EINTR)
			return -errno;
		is_interrupted |= rc < 0;
		rc = rc < 0 ? MNL_CB_OK : rc; /* to the dump's end */
	}
	return rc < 0 ? rc : is_interrupted ? -EINTR : 0;
}

/* Let all packets pass before they meet the others. */
static void nflog_put_first_rule(struct nflog_request *request, const char *table)
{
	struct nlmsghdr *message = nflog_put(request, NFT_MSG_NEWRULE, NLM_F_CREATE);
	struct nlattr *all, *data, *verdict;
	struct nflog_expression e;

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, NFLOG_CHAIN);
	all = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	e = nflog_open_expression(message, "immediate");
	mnl_attr_put_u32(message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(NF_ACCEPT));
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	nflog_close_expression(message, e);
	mnl_attr_nest_end(message, all);
}

/* An owned table cannot be made dormant, and without its rules it has no counters. */
static int nflog_disable(int fd, const char *table)
{
	struct nflog_request request = {.used = 0};

	nflog_edge(&request, NFNL_MSG_BATCH_BEGIN);
	nflog_put_first_rule(&request, table);
	nflog_edge(&request, NFNL_MSG_BATCH_END);
	return nflog_ask(fd, &request);
}

int hook_nflog_read(int rules, bool stops, struct hook_answer *answer, struct weir_error *error)
{
	char name[NFLOG_NAME_BYTES];
	int rc = nflog_table(rules, name);

	memset(answer, 0, sizeof(*answer));
	if (rc == 0 && stops)
		rc = nflog_disable(rules, name);
	for (int n = 0; rc == 0 && n < NFLOG_READS_MAX; n++) {
		rc = nflog_sum(rules, name, &answer->packets);
		if (rc != -EINTR)
			break;
		rc = n + 1 < NFLOG_READS_MAX ? 0 : rc;
	}
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot read the rules' counters") : 0;
}
