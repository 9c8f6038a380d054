/* SPDX-License-Identifier: Apache-2.0 */
#include "tap_source.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "privilege/request.h"
#include "tap_arena.h"

/* The program's descriptors; it goes when the first member stops, which is when all are to. */
struct tap_hold {
	pthread_mutex_t lock;
	uint32_t users;
	bool is_attached;
	struct tap_arena arena;    /* the records, when they are in one: mapped for all members */
	struct hook_answer answer; /* both maps, by which further members map them, and links */
};

enum { TAP_SNAPLEN_TOLD = 256 /* who asks for more than this is told of the tap's limit */ };

void tap_source_notice(const struct tap *tap, const char *format, const char *word)
{
	char text[320];

	snprintf(text, sizeof(text), format, word);
	if (tap->context.notice)
		tap->context.notice(tap->context.user, text);
}

int tap_source_promiscuous(struct tap *tap, const struct weir_source_settings *settings,
			   struct weir_error *error)
{
	const struct packet_mreq member = {.mr_ifindex = tap->link.index,
					   .mr_type = PACKET_MR_PROMISC};

	if (!settings->promiscuous || tap->link.loopback)
		return 0;
	/* By membership: the kernel undoes it when the socket is closed, however that happens. */
	if (setsockopt(tap->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof(member)))
		return weir_error_set_errno(error, -errno, "cannot make '%s' promiscuous (try -p)",
					    tap->link.name);
	return 0;
}

static uint32_t tap_snaplen(const struct weir_source_settings *settings)
{
	return settings->snaplen && settings->snaplen < TAP_BYTES_MAX ? settings->snaplen
								      : TAP_BYTES_MAX;
}

int tap_source_enter(struct tap *tap, const struct weir_source_settings *settings,
		     uint32_t link_type, uint64_t memory_bytes, struct weir_error *error)
{
	struct weir_interface interface = {
		.link_type = link_type,
		.snaplen = tap_snaplen(settings),
		.time_resolution = 9,
	};
	int index;

	snprintf(interface.name, sizeof(interface.name), "%s", tap->link.name);
	snprintf(interface.source, sizeof(interface.source), "%s", tap->kind);
	snprintf(interface.filter, sizeof(interface.filter), "%s",
		 weir_filter_expression(settings->filter));
	memcpy(interface.hardware_address, tap->link.hardware_address,
	       sizeof(interface.hardware_address));
	/* two taps of one interface are two, unless workers have them in common */
	index = settings->fanout.members > 1
			? weir_interfaces_share(tap->context.interfaces, &interface)
			: weir_interfaces_add(tap->context.interfaces, &interface);
	if (index < 0)
		return weir_error_set_errno(error, index, "no room for a further interface");
	tap->interface = (uint32_t)index;
	tap->source.account = weir_ledger_account(tap->context.ledger, tap->link.name, "",
						  tap->kind, settings->fanout.member);
	if (tap->source.account)
		tap->source.row = weir_ledger_row(tap->context.ledger, tap->source.account,
						  WEIR_STAGE_RING, "", true);
	if (!tap->source.row)
		return weir_error_set(error, -ENOMEM, "out of memory");
	tap->source.account->memory_bytes = settings->fanout.member ? 0 : memory_bytes;
	return 0;
}

uint32_t tap_source_take(struct tap *tap, const struct weir_source_settings *settings)
{
	if (!*weir_filter_expression(settings->filter))
		return tap_snaplen(settings);
	tap->source.cut_to = tap_snaplen(settings);
	return TAP_BYTES_MAX; /* the filter wants to see all that there is */
}

/* ---- the program ---- */

static void tap_hold_close_links(struct tap_hold *hold)
{
	for (uint32_t i = HOOK_TAP_LINKS; i < hold->answer.count; i++)
		close(hold->answer.descriptors[i]);
	hold->is_attached = false;
}

static void tap_hold_detach(struct tap_hold *hold, const struct tap *tap)
{
	pthread_mutex_lock(&hold->lock);
	if (hold->is_attached) {
		tap_hold_close_links(hold);
		if (hold->answer.needs_sweep) /* closing the links is not enough */
			request_sweep(tap->context.privilege, tap->link.index);
	}
	pthread_mutex_unlock(&hold->lock);
}

static void tap_hold_drop(struct tap_hold *hold)
{
	bool is_last;

	pthread_mutex_lock(&hold->lock);
	is_last = --hold->users == 0;
	pthread_mutex_unlock(&hold->lock);
	if (!is_last)
		return;
	close(hold->answer.descriptors[HOOK_TAP_CONTROLS]);
	close(hold->answer.descriptors[HOOK_TAP_RECORDS]);
	tap_arena_close(&hold->arena);
	pthread_mutex_destroy(&hold->lock);
	free(hold);
}

/* Load and attach, with the ring's records in an arena if so wanted. */
static int tap_hold_fill(struct tap_hold *hold, const struct tap *tap,
			 struct hook_tap_request *request, struct weir_error *error)
{
	int rc = 0;

	if (tap->in_arena)
		rc = tap_arena_choose(&hold->arena,
				      hook_arena_bytes(request->rings, request->slots), error);
	request->arena = hold->arena.address;
	if (rc == 0)
		rc = request_tap(tap->context.privilege, request, &hold->answer, error);
	if (rc == 0 && tap->in_arena) {
		rc = tap_arena_map(&hold->arena, hold->answer.descriptors[HOOK_TAP_RECORDS], error);
		if (rc < 0)
			hook_close(&hold->answer);
	}
	return rc;
}

static int tap_attach_new(struct tap *tap, struct hook_tap_request *request,
			  struct weir_error *error)
{
	struct tap_hold *hold = calloc(1, sizeof(*hold));
	int rc;

	if (!hold)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = tap_hold_fill(hold, tap, request, error);
	if (rc < 0) {
		tap_arena_close(&hold->arena);
		free(hold);
		return rc;
	}
	pthread_mutex_init(&hold->lock, NULL);
	hold->users = 1;
	hold->is_attached = true;
	tap->hold = hold;
	if (hold->answer.notice[0])
		tap_source_notice(tap, "%s", hold->answer.notice);
	return 0;
}

/* A further member reads other rings of the first one's program. */
static void tap_join(struct tap *tap, const struct weir_fanout *fanout)
{
	tap->hold = ((const struct tap *)fanout->first)->hold;
	pthread_mutex_lock(&tap->hold->lock);
	tap->hold->users++;
	pthread_mutex_unlock(&tap->hold->lock);
}

int tap_source_attach(struct tap *tap, const struct weir_source_settings *settings,
		      uint32_t link_type, struct hook_tap_request *request,
		      struct weir_error *error)
{
	uint32_t rings = tap_ring_cpus();
	uint64_t slots = tap_ring_slots(settings->ring_bytes, rings);
	uint64_t memory = hook_cpus() > 0 ? tap_ring_memory(slots, rings, (uint32_t)hook_cpus())
					  : 0;
	int rc = settings->filter ? weir_filter_prepare(settings->filter, link_type, error) : 0;

	if (rc < 0)
		return rc;
	if (settings->dry_run)
		return tap_source_enter(tap, settings, link_type, memory, error);
	request->interface = tap->link.index;
	request->rings = rings;
	request->slots = (uint32_t)slots;
	request->snaplen = tap_source_take(tap, settings);
	if (settings->fanout.member)
		tap_join(tap, &settings->fanout);
	else
		rc = tap_attach_new(tap, request, error);
	if (rc < 0)
		return rc;
	rc = tap_ring_open(&tap->ring, &tap->hold->answer, tap->hold->arena.records, slots, rings,
			   error);
	if (settings->fanout.members > 1) {
		tap->ring.first = settings->fanout.member;
		tap->ring.others = settings->fanout.members - 1;
	}
	/* last: a source that cannot be had leaves nothing in the tables */
	return rc < 0 ? rc : tap_source_enter(tap, settings, link_type, memory, error);
}

/* ---- the source's operations ---- */

int tap_source_nothing(struct tap *tap)
{
	if (!tap->is_gone)
		return 0;
	return weir_error_set(&tap->source.failure, -ENODEV,
			      "interface '%s' has disappeared; what was captured is kept",
			      tap->link.name);
}

static int tap_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct tap *tap = (struct tap *)source;
	uint32_t count = tap_ring_next(&tap->ring, limit, tap->interface,
				       tap->link.hardware_address, tap->flags);

	if (count) {
		*batch = &tap->ring.batch;
		return (int)count;
	}
	return tap_source_nothing(tap);
}

static void tap_release(struct weir_source *source, struct weir_batch *batch)
{
	tap_ring_release(&((struct tap *)source)->ring);
}

void tap_source_check_link(struct tap *tap)
{
	bool was_up = tap->link.up;

	if (!link_refresh(tap->fd, &tap->link)) {
		tap->is_gone = true;
		return;
	}
	if (was_up && !tap->link.up)
		tap_source_notice(tap, "interface '%s' went down, waiting for it to come up",
				  tap->link.name);
	else if (!was_up && tap->link.up)
		tap_source_notice(tap, "interface '%s' is up", tap->link.name);
}

static int tap_read_counters(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;
	struct tap_snapshot now;

	tap_source_check_link(tap);
	if (!tap_ring_snapshot(&tap->ring, &now)) {
		source->owed = UINT64_MAX; /* no cut this time */
		return 0;
	}
	weir_cell_set(&source->row->in, now.seen);
	weir_cell_set(&source->row->filtered, now.filtered);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL], now.ring_full);
	weir_cell_set(&source->row->dropped[WEIR_REASON_NO_BUFFER], now.no_ring);
	source->owed = now.seen - now.filtered - now.ring_full - now.no_ring;
	return 0;
}

static void tap_stop(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;

	tap_hold_detach(tap->hold, tap);
	tap->ring.is_ending = true;
}

void tap_source_close(struct weir_source *source)
{
	struct tap *tap = (struct tap *)source;

	tap_ring_close(&tap->ring);
	if (tap->hold) {
		tap_hold_detach(tap->hold, tap);
		tap_hold_drop(tap->hold);
	}
	if (tap->fd >= 0)
		close(tap->fd);
	free(tap);
}

static const struct weir_source_ops tap_ops = {
	.name = "tap",
	.next = tap_next,
	.release = tap_release,
	.read_counters = tap_read_counters,
	.stop = tap_stop,
	.close = tap_source_close,
};

void tap_source_tell(const struct tap *tap, const struct weir_source_settings *settings)
{
	if (settings->snaplen == 0 || settings->snaplen > TAP_SNAPLEN_TOLD)
		tap_source_notice(tap,
				  "%s: keeps the first 112 bytes of each packet; ring: keeps all",
				  tap->kind);
	if (!tap->link.up)
		tap_source_notice(tap, "interface '%s' is down, waiting for it to come up",
				  tap->link.name);
}

int tap_source_open(const char *kind, const char *name, const struct weir_source_context *context,
		    struct tap **out, struct weir_error *error)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int rc;

	if (!tap)
		return weir_error_set(error, -ENOMEM, "out of memory");
	tap->source.ops = &tap_ops;
	tap->source.wait_fd = -1;
	tap->source.poll_interval_ms = 1;
	tap->context = *context;
	tap->kind = kind;
	tap->fd = rc = request_packet_socket(context->privilege, 0, error);
	if (rc >= 0)
		rc = link_find(tap->fd, name, &tap->link, error);
	if (rc < 0) {
		tap_source_close(&tap->source);
		return rc;
	}
	*out = tap;
	return 0;
}
