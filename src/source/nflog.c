/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets from netfilter's log. A message of the kernel's holds up to some
 * hundred of them, numbered; what is missing in between found no room in the
 * socket. How many there were is counted by the rule itself.
 */
#include "nflog.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "batch_fault.h"
#include "links/type.h"
#include "privilege/request.h"

enum {
	NFLOG_DATAGRAM_BYTES = 128 << 10, /* NFULNL_NLBUFSIZ_MAX, nfnetlink_log.c */
	NFLOG_BUFFER_DEFAULT = 32 << 20,
	NFLOG_BUFFER_MAX = 1 << 30,
	NFLOG_QUIET_MS = 200, /* the kernel holds packets back for 10 ms */
};

struct nflog {
	int packets_fd, rules_fd;
	uint8_t *datagram;
	int left;                 /* of its bytes */
	struct nlmsghdr *message; /* the next one in it */
	uint64_t met;             /* packets, by the rule */
	uint64_t position;        /* packets, by their numbers: come or missing */
	uint64_t missing, new_losses;
	bool is_ending;
	uint64_t quiet_ns; /* since when, in the end, nothing comes; 0 = it does */
	uint64_t fault_seen;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

/* ---- one message ---- */

static uint32_t nflog_word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Its length is not told; the IP header has it, but for the longest of super-packets. */
static uint32_t nflog_length(const uint8_t *bytes, uint32_t captured)
{
	uint32_t length = 0;

	if (captured >= 20 && bytes[0] >> 4 == 4)
		length = nflog_word(bytes + 2);
	else if (captured >= 40 && bytes[0] >> 4 == 6 && nflog_word(bytes + 4))
		length = 40 + nflog_word(bytes + 4);
	return length > captured ? length : captured;
}

static uint64_t nflog_time(const struct nlattr *attribute)
{
	struct nfulnl_msg_packet_timestamp time;

	if (mnl_attr_get_payload_len(attribute) < sizeof(time))
		return 0;
	memcpy(&time, mnl_attr_get_payload(attribute), sizeof(time));
	return be64toh(time.sec) * CLOCK_NS_PER_S + be64toh(time.usec) * CLOCK_NS_PER_US;
}

/* View a message's packet, its number in *number; the time 0 where none was told. */
static void nflog_view(const struct nlmsghdr *message, struct weir_packet *packet, uint32_t *number)
{
	const struct nlattr *attribute;

	memset(packet, 0, sizeof(*packet));
	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		switch (mnl_attr_get_type(attribute)) {
		case NFULA_SEQ:
			*number = ntohl(mnl_attr_get_u32(attribute));
			break;
		case NFULA_TIMESTAMP:
			packet->time_ns = nflog_time(attribute);
			break;
		case NFULA_PAYLOAD:
			packet->bytes = mnl_attr_get_payload(attribute);
			packet->captured_len = mnl_attr_get_payload_len(attribute);
			break;
		}
	}
	packet->wire_len = nflog_length(packet->bytes, packet->captured_len);
}

/* Packets before the one of this number are missing. */
static void nflog_miss(struct tap *tap, uint32_t number)
{
	struct nflog *log = tap->log;
	uint32_t missing = number - (uint32_t)log->position;

	if (!missing)
		return;
	log->position += missing;
	log->missing += missing;
	log->new_losses += missing;
	/* On which side of a cut they would have been is not known: there is none this time. */
	tap->source.owed = log->is_ending ? tap->source.owed - missing : UINT64_MAX;
}

/* ---- the source's operations ---- */

/* In the end: what has not come by now, comes no more. */
static void nflog_give_up(struct tap *tap)
{
	struct nflog *log = tap->log;
	uint64_t now_ns = clock_monotonic_ns();

	if (!log->quiet_ns)
		log->quiet_ns = now_ns;
	if (now_ns - log->quiet_ns < NFLOG_QUIET_MS * (uint64_t)CLOCK_NS_PER_MS ||
	    log->position >= log->met)
		return;
	log->missing += log->met - log->position;
	log->position = log->met;
	tap->source.owed = log->met - log->missing;
}

/* The next message of the kernel's; 0 when there is none. */
static int nflog_receive(struct tap *tap)
{
	struct nflog *log = tap->log;
	ssize_t got;

	do /* what the kernel had no room for is told by the numbers */
		got = recv(log->packets_fd, log->datagram, NFLOG_DATAGRAM_BYTES, MSG_DONTWAIT);
	while (got < 0 && (errno == ENOBUFS || errno == EINTR));
	if (got < 0 && errno != EAGAIN)
		return weir_error_set_errno(&tap->source.failure, -errno,
					    "cannot read netfilter's log");
	log->left = got < 0 ? 0 : (int)got;
	log->message = (struct nlmsghdr *)log->datagram;
	if (log->left)
		log->quiet_ns = 0;
	else if (log->is_ending)
		nflog_give_up(tap);
	return log->left;
}

static uint32_t nflog_take(struct tap *tap, uint32_t limit)
{
	struct nflog *log = tap->log;
	uint64_t now_ns = clock_unix_ns();
	uint32_t count = 0, number = 0;

	log->batch.has_gso = false;
	for (; count < limit && mnl_nlmsg_ok(log->message, log->left);
	     log->message = mnl_nlmsg_next(log->message, &log->left)) {
		struct weir_packet *packet = &log->packets[count];

		if (log->message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
			continue;
		nflog_view(log->message, packet, &number);
		nflog_miss(tap, number);
		log->position++;
		packet->interface = tap->interface;
		packet->flags = tap->flags;
		if (!packet->time_ns)
			packet->time_ns = now_ns;
		if (packet->wire_len > tap->link.mtu) {
			packet->flags |= WEIR_PACKET_SUPER;
			log->batch.has_gso = true;
		}
		count++;
	}
	if (!mnl_nlmsg_ok(log->message, log->left))
		log->left = 0;
	return batch_fault("ring", &log->fault_seen, log->packets, count, limit);
}

static int nflog_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct tap *tap = (struct tap *)source;
	struct nflog *log = tap->log;
	int rc = log->left ? log->left : nflog_receive(tap);

	if (rc < 0)
		return rc;
	log->batch.count = rc ? nflog_take(tap, limit) : 0;
	if (!log->batch.count)
		return tap_source_nothing(tap);
	log->batch.dropped = log->new_losses;
	log->new_losses = 0;
	*batch = &log->batch;
	return (int)log->batch.count;
}

static void nflog_release(struct weir_source *source, struct weir_batch *batch)
{
	/* The datagram is simply written over. */
}

static int nflog_read(struct tap *tap, bool stops)
{
	struct weir_error error;
	int rc = request_nflog_read(tap->context.privilege, tap->log->rules_fd, stops,
				    &tap->log->met, &error);

	if (rc < 0)
		weir_row_unknown(tap->source.row, WEIR_UNKNOWN_IN);
	return rc;
}

static int nflog_read_counters(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;
	int rc = nflog_read(tap, false);

	tap_source_check_link(tap);
	if (rc < 0)
		return rc;
	weir_cell_set(&source->row->in, tap->log->met);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL], tap->log->missing);
	source->owed = tap->log->met - tap->log->missing;
	return 0;
}

static void nflog_stop(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;

	nflog_read(tap, true);
	tap->log->is_ending = true;
}

static void nflog_close(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;
	struct nflog *log = tap->log;

	if (log->packets_fd >= 0)
		close(log->packets_fd);
	if (log->rules_fd >= 0)
		close(log->rules_fd);
	free(log->datagram);
	free(log);
	tap_source_close(source);
}

static const struct weir_source_ops nflog_ops = {
	.name = "nf",
	.next = nflog_next,
	.release = nflog_release,
	.read_counters = nflog_read_counters,
	.stop = nflog_stop,
	.close = nflog_close,
};

static int nflog_make(struct tap *tap, struct weir_error *error)
{
	struct nflog *log = calloc(1, sizeof(*log));

	if (!log)
		return weir_error_set(error, -ENOMEM, "out of memory");
	log->packets_fd = log->rules_fd = -1;
	log->batch.packets = log->packets;
	tap->log = log;
	tap->source.ops = &nflog_ops;
	log->datagram = malloc(NFLOG_DATAGRAM_BYTES);
	return log->datagram ? 0 : weir_error_set(error, -ENOMEM, "out of memory");
}

static int nflog_open(struct tap *tap, const struct hook_nflog_request *request,
		      struct weir_error *error)
{
	struct hook_answer answer;
	int rc = request_nflog_open(tap->context.privilege, request, &answer, error);

	if (rc < 0)
		return rc;
	tap->log->packets_fd = tap->source.wait_fd = answer.descriptors[HOOK_NFLOG_PACKETS];
	tap->log->rules_fd = answer.descriptors[HOOK_NFLOG_RULES];
	return 0;
}

int nflog_attach(struct tap *tap, uint32_t hook, const struct weir_source_settings *settings,
		 struct weir_error *error)
{
	struct hook_nflog_request request = {
		.interface = tap->link.index,
		.hook = hook,
		.snaplen = tap_source_take(tap, settings),
		.buffer_bytes = NFLOG_BUFFER_DEFAULT,
	};
	int rc = nflog_make(tap, error);

	if (settings->ring_bytes)
		request.buffer_bytes = settings->ring_bytes < NFLOG_BUFFER_MAX
					       ? (uint32_t)settings->ring_bytes
					       : NFLOG_BUFFER_MAX;
	if (rc == 0 && settings->filter)
		rc = weir_filter_prepare(settings->filter, LINKS_TYPE_RAW_IP, error);
	if (rc == 0 && !settings->dry_run)
		rc = nflog_open(tap, &request, error);
	if (rc < 0)
		return rc;
	tap_source_notice(tap,
			  "nf:%s by NFLOG: super-packets cannot be told in wire packets, and "
			  "packets that go out have the time when they were read",
			  tap->link.name);
	return tap_source_enter(tap, settings, LINKS_TYPE_RAW_IP,
				request.buffer_bytes + NFLOG_DATAGRAM_BYTES, error);
}
