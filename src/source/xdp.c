/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xdp: AF_XDP. The driver's receive queues are led into memory of our own,
 * without a copy where the driver can (zero-copy). It takes the packets from
 * the host, so it is for interfaces that have nothing else to do; packets of
 * queues that it has no socket on go on to the host.
 *
 * A batch comes from one queue; the queues take turns. Several members
 * (settings->fanout) share the queues out: member n reads n, n + members, ...
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "batch_fault.h"
#include "links/type.h"
#include "privilege/request.h"
#include "program_clock.h"
#include "source/kinds.h"
#include "source/link.h"
#include "source/spec.h"
#include "xdp_hold.h"

enum {
	XDP_HEADROOM = 256,       /* XDP_PACKET_HEADROOM, linux/bpf.h */
	XDP_HEADERS = 14 + 2 * 4, /* Ethernet and two VLAN tags, beside the MTU */
	XDP_RING_LEAST = 512,
	XDP_RING_MOST = 1 << 20,
	XDP_FRAMES_BESIDE = WEIR_BATCH_PACKETS_MAX, /* out with a batch while the ring is full */
	XDP_CUT_TRIES = 2000,                       /* a look is one system call a queue */
};
#define XDP_BYTES_DEFAULT (UINT64_C(128) << 20)
/* 4 ms at 8 Mpps: more is slower, since the frames leave the caches. */
#define XDP_RING_DEFAULT  (UINT64_C(1) << 15)
#define XDP_ALL_QUEUES    UINT64_MAX
#define XDP_SPEED_DEFAULT UINT64_C(10000000000) /* where the driver does not tell it */
#define XDP_WIRE_BITS     (84 * 8)              /* 64 bytes, preamble and gap */

struct xdp {
	struct weir_source source; /* first: the engine's view */
	struct weir_source_context context;
	struct link link;
	int fd; /* a deaf packet socket: asks after the interface, keeps it promiscuous */
	uint32_t interface;
	uint32_t snaplen; /* to be applied here: not when the filter comes first */
	bool is_gone, is_ending;
	struct hook_xdp_request request;
	struct xdp_hold *hold; /* NULL: nothing is attached */
	uint32_t first, step;  /* of the queues that this member reads */
	struct xdp_whole whole;
	uint32_t turn; /* the queue whose packets come next; during a batch, whose are out */

	uint64_t fault_seen, known_losses, new_losses;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

struct xdp_settings {
	uint64_t mode, bind, queue, ring, ring_ns, huge, busy, to_stack, time, hash;
};

static int xdp_parse(const char *subject, char *name, struct xdp_settings *s,
		     struct weir_error *error)
{
	const struct spec_option table[] = {
		{"mode", SPEC_WORD, &s->mode, 0, 0, {"auto", "native", "skb"}},
		{"bind", SPEC_WORD, &s->bind, 0, 0, {"auto", "zerocopy", "copy"}},
		{"queue", SPEC_NUMBER, &s->queue, 0, XDP_QUEUES_MAX - 1, {0}},
		{"frames", SPEC_NUMBER, &s->ring, XDP_RING_LEAST, XDP_RING_MOST, {0}},
		{"ring", SPEC_TIME, &s->ring_ns, CLOCK_NS_PER_US, CLOCK_NS_PER_S, {0}},
		{"busy", SPEC_WORD, &s->busy, 0, 0, {"no", "yes"}},
		{"huge", SPEC_WORD, &s->huge, 0, 0, {"no", "yes"}},
		{"time", SPEC_WORD, &s->time, 0, 0, {"kernel", "adapter"}},
		{"hash", SPEC_WORD, &s->hash, 0, 0, {"no", "yes"}},
		{"to-stack", SPEC_WORD, &s->to_stack, 0, 0, {"no", "yes"}},
		{NULL, 0, NULL, 0, 0, {0}},
	};
	int rc;

	*s = (struct xdp_settings){.queue = XDP_ALL_QUEUES};
	rc = spec_parse(subject, name, table, error);
	if (rc < 0)
		return rc;
	if (s->ring & (s->ring - 1))
		return weir_error_set(error, -EINVAL, "option 'frames' must be a power of two");
	if (s->ring && s->ring_ns)
		return weir_error_set(
			error, -EINVAL,
			"options 'frames' and 'ring' both say how large the rings are");
	if (s->mode == HOOK_MODE_SKB && s->bind == HOOK_BIND_ZEROCOPY)
		return weir_error_set(error, -EINVAL, "mode=skb always copies: no bind=zerocopy");
	if (s->mode == HOOK_MODE_SKB && (s->time || s->hash))
		return weir_error_set(error, -EINVAL,
				      "in mode skb there is no driver to be asked for time=adapter "
				      "or hash=yes");
	if (s->mode == HOOK_MODE_SKB && s->to_stack)
		return weir_error_set(error, -EINVAL,
				      "in mode skb what is handed back would be taken again, "
				      "without end: to-stack needs native XDP");
	if (s->to_stack)
		s->mode = HOOK_MODE_NATIVE;
	return 0;
}

static void xdp_notice(const struct xdp *xdp, const char *text)
{
	if (xdp->context.notice)
		xdp->context.notice(xdp->context.user, text);
}

/* ---- opening ---- */

static int xdp_find(struct xdp *xdp, const char *name, const struct weir_source_settings *settings,
		    struct weir_error *error)
{
	struct packet_mreq member = {.mr_type = PACKET_MR_PROMISC};
	int rc = link_find(xdp->fd, name, &xdp->link, error);

	if (rc < 0)
		return rc;
	if (xdp->link.link_type != LINKS_TYPE_ETHERNET)
		return weir_error_set(
			error, -EOPNOTSUPP,
			"interface '%s' has no Ethernet frames: use ring: or tap:", name);
	if (settings->direction == WEIR_DIRECTION_OUT)
		return weir_error_set(error, -EINVAL,
				      "XDP sees no outgoing packets: use ring: or tap: for -Q out");
	member.mr_ifindex = xdp->link.index;
	if (settings->promiscuous && !xdp->link.loopback &&
	    setsockopt(xdp->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof(member)))
		return weir_error_set_errno(error, -errno, "cannot make '%s' promiscuous (try -p)",
					    name);
	return 0;
}

static int xdp_choose_queues(struct xdp *xdp, const struct xdp_settings *s,
			     struct weir_error *error)
{
	uint32_t queues = link_receive_queues(xdp->fd, &xdp->link);

	if (s->queue != XDP_ALL_QUEUES && s->queue >= queues)
		return weir_error_set(error, -EINVAL,
				      "interface '%s' has no queue %" PRIu64
				      "; it has %u, counted from 0",
				      xdp->link.name, s->queue, queues);
	xdp->request.queue = s->queue == XDP_ALL_QUEUES ? 0 : (uint32_t)s->queue;
	xdp->request.queues = s->queue == XDP_ALL_QUEUES ? queues : 1;
	if (xdp->request.queues > XDP_QUEUES_MAX)
		return weir_error_set(error, -E2BIG,
				      "interface '%s' has %u queues; at most %d can "
				      "be captured (ethtool -L sets fewer)",
				      xdp->link.name, queues, XDP_QUEUES_MAX);
	return 0;
}

/* How many of the smallest packets can come in that time, at the interface's full rate? */
static uint64_t xdp_packets_in(const struct xdp *xdp, uint64_t time_ns)
{
	uint64_t bits_per_s = link_speed(xdp->fd, &xdp->link);
	double packets_per_s =
		(double)(bits_per_s ? bits_per_s : XDP_SPEED_DEFAULT) / XDP_WIRE_BITS;

	return (uint64_t)(packets_per_s * (double)time_ns / (double)CLOCK_NS_PER_S);
}

/* A ring that lasts at least so long, or the largest. */
static uint64_t xdp_ring_for(const struct xdp *xdp, uint64_t time_ns)
{
	uint64_t wanted = xdp_packets_in(xdp, time_ns), ring = XDP_RING_LEAST;

	while (ring < wanted && ring < XDP_RING_MOST)
		ring *= 2;
	return ring;
}

static void xdp_choose_sizes(struct xdp *xdp, const struct xdp_settings *s, uint64_t ring_bytes)
{
	struct hook_xdp_request *request = &xdp->request;
	uint32_t needed = xdp->link.mtu + XDP_HEADERS + XDP_HEADROOM;
	uint64_t bytes = ring_bytes ? ring_bytes : XDP_BYTES_DEFAULT;
	uint64_t most = ring_bytes ? XDP_RING_MOST : XDP_RING_DEFAULT;
	uint64_t ring = XDP_RING_LEAST;

	request->frame_bytes = needed <= 2048 ? 2048 : 4096;
	request->is_scattered = needed > 4096;
	while (ring < most && 2 * ring * request->frame_bytes * request->queues <= bytes)
		ring *= 2;
	if (s->ring_ns)
		ring = xdp_ring_for(xdp, s->ring_ns);
	request->ring = (uint32_t)(s->ring ? s->ring : ring);
	request->frames = request->ring + XDP_FRAMES_BESIDE;
}

static int xdp_make_whole(struct xdp *xdp, struct weir_error *error)
{
	if (!xdp->request.is_scattered)
		return 0;
	xdp->whole.stride = (xdp->link.mtu + XDP_HEADERS + 63) / 64 * 64;
	xdp->whole.bytes = malloc((size_t)xdp->whole.stride * WEIR_BATCH_PACKETS_MAX);
	return xdp->whole.bytes ? 0
				: weir_error_set(error, -ENOMEM, "out of memory for jumbo frames");
}

static int xdp_enter(struct xdp *xdp, const struct weir_source_settings *settings,
		     const struct xdp_settings *s, struct weir_error *error)
{
	uint32_t snaplen = settings->snaplen ? settings->snaplen : WEIR_SNAPLEN_DEFAULT;
	bool has_filter = *weir_filter_expression(settings->filter);
	struct weir_interface interface = {
		.link_type = xdp->link.link_type,
		.snaplen = snaplen == WEIR_SNAPLEN_DEFAULT ? 0 : snaplen,
		.time_resolution = 9,
		.source = "xdp",
	};
	int index;

	snprintf(interface.name, sizeof(interface.name), "%s", xdp->link.name);
	if (s->time)
		strcpy(interface.description, "time stamps of the adapter");
	snprintf(interface.filter, sizeof(interface.filter), "%s",
		 weir_filter_expression(settings->filter));
	memcpy(interface.hardware_address, xdp->link.hardware_address,
	       sizeof(interface.hardware_address));
	index = settings->fanout.members > 1
			? weir_interfaces_share(xdp->context.interfaces, &interface)
			: weir_interfaces_add(xdp->context.interfaces, &interface);
	if (index < 0)
		return weir_error_set_errno(error, index, "no room for a further interface");
	xdp->interface = (uint32_t)index;
	xdp->snaplen = has_filter ? UINT32_MAX : snaplen;
	xdp->source.cut_to = has_filter ? snaplen : 0;
	xdp->source.account = weir_ledger_account(
		xdp->context.ledger, xdp->link.name, "", "xdp",
		settings->fanout.members > 1 || s->queue == XDP_ALL_QUEUES ? settings->fanout.member
									   : (uint32_t)s->queue);
	if (xdp->source.account)
		xdp->source.row = weir_ledger_row(xdp->context.ledger, xdp->source.account,
						  WEIR_STAGE_RING, "", true);
	return xdp->source.row ? 0 : weir_error_set(error, -ENOMEM, "out of memory");
}

static void xdp_tell(const struct xdp *xdp, const struct weir_fanout *fanout,
		     const struct hook_answer *answer)
{
	char text[640];

	snprintf(text, sizeof(text),
		 "xdp:%s takes packets from the host%s: mode %s, %s, %u queue%s of %u "
		 "packets%s%s%s%s",
		 xdp->link.name, xdp->hold->stack >= 0 ? " and hands them back" : "",
		 hook_mode_name(answer->mode),
		 xdp_queue_is_zerocopy(&xdp->hold->queues[0]) ? "zero-copy" : "copy",
		 xdp->request.queues, xdp->request.queues > 1 ? "s" : "", xdp->request.ring,
		 xdp->request.is_busy ? ", polled busily" : "", *answer->notice ? " (" : "",
		 answer->notice, *answer->notice ? ")" : "");
	xdp_notice(xdp, text);
	if (fanout->members > xdp->request.queues) {
		snprintf(text, sizeof(text),
			 "xdp:%s has fewer queues than there are workers: %u of these get no "
			 "packets (--dispatch would share them out)",
			 xdp->link.name, fanout->members - xdp->request.queues);
		xdp_notice(xdp, text);
	}
	if (xdp->link.up)
		return;
	snprintf(text, sizeof(text), "interface '%s' is down, waiting for it to come up",
		 xdp->link.name);
	xdp_notice(xdp, text);
}

/* Frames, both rings of each queue, and what makes packets of several frames whole. */
static uint64_t xdp_sum_memory(const struct xdp *xdp, uint32_t member)
{
	const struct hook_xdp_request *request = &xdp->request;
	uint64_t queue = (uint64_t)request->frames * request->frame_bytes +
			 request->ring * (sizeof(struct xdp_desc) + 2 * sizeof(uint64_t));

	return (member ? 0 : queue * request->queues) +
	       (uint64_t)xdp->whole.stride * WEIR_BATCH_PACKETS_MAX;
}

/* The first member puts all in place; further ones read other queues of it. */
static int xdp_attach(struct xdp *xdp, const struct weir_fanout *fanout, bool to_stack,
		      struct weir_error *error)
{
	struct hook_answer answer;
	int rc;

	if (fanout->member) {
		xdp->hold = ((const struct xdp *)fanout->first)->hold;
		xdp_hold_join(xdp->hold);
		return 0;
	}
	rc = xdp_hold_open(xdp->context.privilege, &xdp->request, to_stack, &xdp->hold, &answer,
			   error);
	if (rc == -EOPNOTSUPP && to_stack)
		return weir_error_set(error, rc,
				      "the driver of '%s' has no native XDP, which to-stack needs",
				      xdp->link.name);
	if (rc == 0)
		xdp_tell(xdp, fanout, &answer);
	return rc;
}

/* ---- the source's operations ---- */

static void xdp_finish_views(struct xdp *xdp, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct weir_packet *packet = &xdp->packets[i];

		packet->interface = xdp->interface;
		if (packet->captured_len > xdp->snaplen)
			packet->captured_len = xdp->snaplen;
		packet->flags |= link_direction(packet->bytes, xdp->link.hardware_address);
	}
}

/*
 * All that came goes back, whole, whether it is wanted here or not. It takes a
 * system call a packet: who wants speed leaves it out.
 */
static void xdp_hand_back(const struct xdp *xdp, uint32_t count)
{
	struct weir_account *account = xdp->source.account;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct weir_packet *packet = &xdp->packets[i];

		taken += packet->captured_len == packet->wire_len &&
			 write(xdp->hold->stack, packet->bytes, packet->captured_len) ==
				 (ssize_t)packet->captured_len;
	}
	weir_cell_add(&account->to_stack, taken);
	weir_cell_add(&account->to_stack_refused, count - taken);
}

static void xdp_release(struct weir_source *source, struct weir_batch *batch)
{
	struct xdp *xdp = (struct xdp *)source;

	xdp_queue_give(&xdp->hold->queues[xdp->turn]);
}

static int xdp_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct xdp *xdp = (struct xdp *)source;
	int64_t to_unix_ns;
	uint64_t now_ns = program_clock_ns(xdp->hold->has_tai, &to_unix_ns);
	uint32_t count = 0;

	now_ns += (uint64_t)to_unix_ns;
	for (uint32_t n = xdp->first; n < xdp->request.queues && !count; n += xdp->step) {
		struct xdp_queue *queue;

		xdp->turn += xdp->step;
		if (xdp->turn >= xdp->request.queues)
			xdp->turn = xdp->first;
		queue = &xdp->hold->queues[xdp->turn];
		queue->to_unix_ns = to_unix_ns;
		queue->now_ns = now_ns;
		count = xdp_queue_take(queue, limit, &xdp->whole, xdp->packets);
	}
	if (!count && xdp->is_gone)
		return weir_error_set(&source->failure, -ENODEV,
				      "interface '%s' has disappeared; what was captured is kept",
				      xdp->link.name);
	if (!count)
		return 0;
	if (xdp->hold->stack >= 0)
		xdp_hand_back(xdp, count);
	xdp_finish_views(xdp, count);
	count = batch_fault("ring", &xdp->fault_seen, xdp->packets, count, limit);
	if (!count)
		xdp_release(source, &xdp->batch);
	xdp->batch.count = count;
	xdp->batch.dropped = xdp->new_losses;
	xdp->new_losses = 0;
	*batch = &xdp->batch;
	return (int)count;
}

/*
 * The program counts before the socket does, and the ring's index moves only
 * once in a poll of the driver: look until nothing is on the way, that is
 * until what the program has handed over is in the ring or dropped. Returns
 * whether there was such an instant.
 */
static int xdp_look(const struct xdp *xdp, struct xdp_queue *queue, struct xdp_counts *counts)
{
	for (int n = 0; n < XDP_CUT_TRIES; n++) {
		int rc = xdp_queue_count(queue, counts);

		if (rc < 0)
			return rc;
		if (counts->taken == counts->received + counts->no_buffer + counts->ring_full)
			return 1;
		if (xdp->is_ending)
			break;
	}
	return 0;
}

/* Of all queues of this member; the instants may differ, each queue balances for itself. */
static int xdp_sum(struct xdp *xdp, struct xdp_counts *sum)
{
	int all = 1;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = xdp->first; i < xdp->request.queues; i += xdp->step) {
		struct xdp_counts counts;
		int found = xdp_look(xdp, &xdp->hold->queues[i], &counts);

		if (found < 0)
			return found;
		all &= found;
		sum->taken += counts.taken;
		sum->received += counts.received;
		sum->no_buffer += counts.no_buffer;
		sum->ring_full += counts.ring_full;
	}
	return all;
}

static void xdp_check_link(struct xdp *xdp)
{
	char text[80];
	bool was_up = xdp->link.up;

	if (!link_refresh(xdp->fd, &xdp->link)) {
		xdp->is_gone = true;
		return;
	}
	if (was_up == xdp->link.up)
		return;
	snprintf(text, sizeof(text), "interface '%s' %s", xdp->link.name,
		 xdp->link.up ? "is up" : "went down, waiting for it to come up");
	xdp_notice(xdp, text);
}

static int xdp_read_counters(struct weir_source *source)
{
	struct xdp *xdp = (struct xdp *)source;
	struct xdp_counts sum;
	uint64_t losses;
	int found;

	xdp_check_link(xdp);
	found = xdp_sum(xdp, &sum);
	if (found < 0) {
		weir_row_unknown(source->row,
				 WEIR_UNKNOWN_IN |
					 1u << (WEIR_UNKNOWN_REASONS + WEIR_REASON_NO_BUFFER) |
					 1u << (WEIR_UNKNOWN_REASONS + WEIR_REASON_RING_FULL));
		return found;
	}
	if (!found && !xdp->is_ending) {
		source->owed = UINT64_MAX; /* no cut this time */
		return 0;
	}
	weir_cell_set(&source->row->in, sum.taken);
	weir_cell_set(&source->row->dropped[WEIR_REASON_NO_BUFFER], sum.no_buffer);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL], sum.ring_full);
	losses = sum.no_buffer + sum.ring_full;
	xdp->new_losses += losses - xdp->known_losses;
	xdp->known_losses = losses;
	/* a jumbo frame takes several places in the ring, so there they tell nothing */
	source->owed = xdp->request.is_scattered ? sum.taken - losses : sum.received;
	return 0;
}

static void xdp_tell_times(const struct xdp *xdp)
{
	char text[160];
	uint64_t own = 0;

	for (uint32_t i = xdp->first; i < xdp->request.queues; i += xdp->step)
		own += xdp->hold->queues[i].own_times;
	if (!own)
		return;
	snprintf(text, sizeof(text),
		 "the driver of '%s' told no time of %" PRIu64
		 " packets: they have the program's time",
		 xdp->link.name, own);
	xdp_notice(xdp, text);
}

static void xdp_stop(struct weir_source *source)
{
	struct xdp *xdp = (struct xdp *)source;

	xdp_hold_detach(xdp->hold);
	xdp->is_ending = true;
	if (xdp->request.wants_time)
		xdp_tell_times(xdp);
}

static void xdp_close(struct weir_source *source)
{
	struct xdp *xdp = (struct xdp *)source;

	if (xdp->hold) {
		xdp_hold_detach(xdp->hold);
		xdp_hold_drop(xdp->hold);
	}
	free(xdp->whole.bytes);
	if (xdp->fd >= 0)
		close(xdp->fd);
	free(xdp);
}

static const struct weir_source_ops xdp_ops = {
	.name = "xdp",
	.next = xdp_next,
	.release = xdp_release,
	.read_counters = xdp_read_counters,
	.stop = xdp_stop,
	.close = xdp_close,
};

static struct xdp *xdp_new(const struct weir_source_context *context)
{
	struct xdp *xdp = calloc(1, sizeof(*xdp));

	if (!xdp)
		return NULL;
	xdp->source.ops = &xdp_ops;
	xdp->source.wait_fd = -1; /* being woken for every poll of the driver costs it a third */
	xdp->source.poll_interval_ms = 1;
	xdp->context = *context;
	xdp->fd = -1;
	xdp->batch.packets = xdp->packets;
	return xdp;
}

int xdp_open(const char *subject, const struct weir_source_settings *settings,
	     const struct weir_source_context *context, struct weir_source **out,
	     struct weir_error *error)
{
	char name[SPEC_NAME_BYTES];
	struct xdp_settings s;
	struct xdp *xdp;
	int rc = xdp_parse(subject, name, &s, error);

	if (rc < 0)
		return rc;
	xdp = xdp_new(context);
	if (!xdp)
		return weir_error_set(error, -ENOMEM, "out of memory");
	xdp->fd = rc = request_packet_socket(context->privilege, 0, error);
	if (rc >= 0)
		rc = xdp_find(xdp, name, settings, error);
	if (rc >= 0)
		rc = xdp_choose_queues(xdp, &s, error);
	if (rc >= 0) {
		xdp_choose_sizes(xdp, &s, settings->ring_bytes);
		xdp->source.fanout = settings->fanout;      /* further members are told by it */
		xdp->source.fanout.mode = WEIR_FANOUT_NONE; /* no group of the kernel's */
		xdp->first = xdp->turn = settings->fanout.member;
		xdp->step = settings->fanout.members > 1 ? settings->fanout.members : 1;
		xdp->request.interface = xdp->link.index;
		xdp->request.mode = (uint32_t)s.mode;
		xdp->request.bind = (uint32_t)s.bind;
		xdp->request.is_huge = s.huge;
		xdp->request.is_busy = s.busy;
		xdp->request.wants_time = s.time;
		xdp->request.wants_hash = s.hash;
		if (s.busy)
			xdp->source.poll_interval_ms = 0;
		rc = xdp_make_whole(xdp, error);
	}
	if (rc >= 0)
		rc = xdp_enter(xdp, settings, &s, error);
	if (rc >= 0 && s.time && !settings->dry_run)
		rc = request_adapter_time(context->privilege, xdp->link.name, error);
	if (rc >= 0 && settings->filter)
		rc = weir_filter_prepare(settings->filter, xdp->link.link_type, error);
	if (rc >= 0)
		xdp->source.account->memory_bytes = xdp_sum_memory(xdp, settings->fanout.member);
	if (rc >= 0)
		weir_cell_set(&xdp->source.account->has_to_stack, s.to_stack);
	if (rc >= 0 && !settings->dry_run)
		rc = xdp_attach(xdp, &settings->fanout, s.to_stack, error);
	if (rc < 0) {
		xdp_close(&xdp->source);
		return rc;
	}
	*out = &xdp->source;
	return 0;
}
