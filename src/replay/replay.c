/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay: a file onto the tape, and from the tape to the interface when
 * it is time. The sender is the generator's.
 */
#include "weir/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "generate/pace.h"
#include "generate/sender.h"
#include "lateness.h"
#include "stack.h"
#include "tape.h"
#include "weir/filter.h"
#include "weir/generate.h"
#include "weir/source.h"

enum {
	REPLAY_POLL_MS = 10,      /* for files that others are still writing into a pipe */
	REPLAY_PATH_BYTES = 4200, /* "file:" and PATH_MAX */
};
/* Sleep no longer than this, so that a stop is seen; spin for the rest, for accuracy. */
#define REPLAY_SLEEP_MAX_NS (100 * UINT64_C(1000000))
#define REPLAY_SPIN_NS      (300 * UINT64_C(1000))
#define REPLAY_PROGRESS_NS  (100 * UINT64_C(1000000))
#define REPLAY_SETTLE_NS    (5 * CLOCK_NS_PER_S / 2) /* as in generate.c */

struct weir_replay {
	struct weir_replay_settings settings;
	struct stack_device stack; /* with to_stack */
	struct nic nic;
	struct tape tape;
	struct sender_supply supply;
	struct sender *sender;
	uint64_t start_ns;
	uint64_t next_progress_ns;
	uint64_t round_ns; /* of original timing: from one round's first frame to the next's */
	uint64_t limit;    /* frames in all; UINT64_MAX = none */
	struct pace pace;
	struct lateness lateness;
};

/* ---- opening ---- */

static int replay_check(const struct weir_replay_settings *settings, struct weir_error *error)
{
	if (settings->packets_per_s > WEIR_GENERATE_PACKETS_PER_S_MAX ||
	    settings->bits_per_s > WEIR_GENERATE_BITS_PER_S_MAX)
		return weir_error_set(error, -EINVAL,
				      "the rate is too high: at most 1e9 packets/s or 1e12 bits/s");
	if (settings->speed < 0 || settings->speed > WEIR_REPLAY_SPEED_MAX)
		return weir_error_set(error, -EINVAL, "the speed is not between 0 and 1e6");
	if ((settings->timing == WEIR_REPLAY_PACKETS && !settings->packets_per_s) ||
	    (settings->timing == WEIR_REPLAY_BITS && !settings->bits_per_s))
		return weir_error_set(error, -EINVAL, "a rate of 0");
	if (settings->method == WEIR_GENERATE_LIVE)
		return weir_error_set(error, -EINVAL,
				      "method 'live' sends no file: use 'socket' or 'xdp'");
	if (settings->to_stack && settings->method != WEIR_GENERATE_AUTO)
		return weir_error_set(error, -EINVAL,
				      "there is one way into the stack: give no method");
	return 0;
}

static struct iovec replay_frame(void *user, uint64_t number)
{
	const struct tape *tape = user;
	const struct tape_frame *frame = &tape->frames[number % tape->count];

	return (struct iovec){.iov_base = frame->bytes, .iov_len = frame->length};
}

static int replay_open_sender(struct weir_replay *replay, struct weir_error *error)
{
	struct sender **out = &replay->sender;

	if (replay->settings.to_stack)
		return stack_sender_open(&replay->supply, &replay->stack, &replay->nic, out, error);
	if (replay->settings.method == WEIR_GENERATE_XDP)
		return xdp_sender_open_supply(&replay->supply, &replay->nic, out, error);
	return socket_sender_open_supply(&replay->supply, &replay->nic, out, error);
}

static int replay_open_interface(struct weir_replay *replay, struct weir_error *error)
{
	const struct weir_replay_settings *settings = &replay->settings;
	const char *name = settings->interface;
	int rc = 0;

	if (settings->to_stack) {
		rc = stack_device_open(&replay->stack, name, settings->notice, settings->user,
				       error);
		name = replay->stack.name;
	}
	if (rc == 0)
		rc = nic_open(&replay->nic, name, error);
	if (rc == 0)
		rc = replay_open_sender(replay, error);
	if (rc < 0)
		return rc;
	replay->tape.mtu = replay->nic.link.mtu;
	replay->tape.frame_bytes_max = replay->sender->bytes_max;
	replay->tape.station = settings->to_stack ? replay->nic.link.mac : NULL;
	return 0;
}

int weir_replay_open(const struct weir_replay_settings *settings, struct weir_replay **out,
		     struct weir_error *error)
{
	struct weir_replay *replay = calloc(1, sizeof(*replay));
	int rc;

	if (!replay)
		return weir_error_set(error, -ENOMEM, "no memory for a replay");
	replay->nic.fd = replay->nic.netlink_fd = replay->stack.fd = -1;
	replay->settings = *settings;
	if (replay->settings.speed == 0)
		replay->settings.speed = 1;
	replay->supply = (struct sender_supply){.frame = replay_frame, .user = &replay->tape};
	replay->tape.gap_max_ns = settings->gap_max_ns;
	replay->tape.memory_max = settings->memory_bytes ? settings->memory_bytes
							 : WEIR_REPLAY_MEMORY_DEFAULT;
	rc = replay_check(settings, error);
	if (rc == 0)
		rc = replay_open_interface(replay, error);
	if (rc < 0) {
		weir_replay_close(replay);
		return rc;
	}
	*out = replay;
	return 0;
}

void weir_replay_close(struct weir_replay *replay)
{
	if (!replay)
		return;
	if (replay->sender)
		replay->sender->ops->close(replay->sender);
	tape_clear(&replay->tape);
	nic_close(&replay->nic);
	stack_device_close(&replay->stack);
	free(replay);
}

const char *weir_replay_interface(const struct weir_replay *replay)
{
	return replay->nic.name;
}

/* ---- loading ---- */

struct replay_loader {
	struct weir_replay *replay;
	struct weir_interfaces *interfaces;
	struct weir_ledger *ledger;
	struct weir_filter *filter;
	struct weir_source *source;
};

static int replay_take(struct replay_loader *loader, const struct weir_batch *batch)
{
	struct tape *tape = &loader->replay->tape;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < batch->count; i++) {
		const struct weir_packet *packet = &batch->packets[i];
		uint32_t link_type =
			weir_interfaces_get(loader->interfaces, packet->interface)->link_type;

		if (weir_filter_match(loader->filter, link_type, packet))
			rc = tape_add(tape, packet, link_type);
		else
			tape->told.filtered++;
	}
	return rc;
}

/* Nothing now: of a pipe. */
static void replay_await(const struct weir_source *source)
{
	struct pollfd fd = {.fd = source->wait_fd, .events = POLLIN};

	poll(&fd, 1, REPLAY_POLL_MS);
}

static int replay_read(struct replay_loader *loader, struct weir_error *error)
{
	struct weir_source *source = loader->source;
	int rc = 0;

	while (rc == 0) {
		struct weir_batch *batch;
		int got = source->ops->next(source, WEIR_BATCH_PACKETS_MAX, &batch);

		if (got == -ENODATA)
			break;
		if (got < 0) {
			if (error)
				*error = source->failure;
			return got;
		}
		if (got == 0) {
			replay_await(source);
			continue;
		}
		rc = replay_take(loader, batch);
		source->ops->release(source, batch);
	}
	if (rc == -EFBIG)
		weir_error_set(error, rc,
			       "it takes more than %llu MiB of memory; allow more (--memory), or "
			       "choose packets by a filter",
			       (unsigned long long)(loader->replay->tape.memory_max >> 20));
	else if (rc < 0)
		weir_error_set_errno(error, rc, "cannot keep it in memory");
	return rc;
}

static void replay_tell_file(const struct replay_loader *loader, struct weir_replay_file *out)
{
	struct weir_replay_file *told = &loader->replay->tape.told;
	const struct weir_row *row = loader->source->row;

	told->packets = weir_cell_get(&row->in);
	told->unreadable = weir_cell_get(&row->dropped[WEIR_REASON_TRUNCATED]) +
			   weir_cell_get(&row->dropped[WEIR_REASON_MALFORMED]);
	if (out)
		*out = *told;
}

static int replay_load(struct replay_loader *loader, const char *path, const char *expression,
		       struct weir_privilege *privilege, struct weir_replay_file *file,
		       struct weir_error *error)
{
	const struct weir_replay_settings *settings = &loader->replay->settings;
	struct weir_source_settings wanted = {0};
	struct weir_source_context context = {
		.privilege = privilege, .notice = settings->notice, .user = settings->user};
	char name[REPLAY_PATH_BYTES] = "file:";
	int rc = 0;

	if (strlen(path) + sizeof("file:") > sizeof(name))
		return weir_error_set(error, -ENAMETOOLONG, "the name is too long");
	strcat(name, path);
	if (weir_interfaces_open(&loader->interfaces) || weir_ledger_open(&loader->ledger))
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = weir_filter_open(expression, &loader->filter, error);
	if (rc < 0)
		return rc;
	wanted.filter = loader->filter;
	context.interfaces = loader->interfaces;
	context.ledger = loader->ledger;
	rc = weir_source_open(name, &wanted, &context, &loader->source, error);
	if (rc == 0)
		rc = replay_read(loader, error);
	if (rc == 0)
		replay_tell_file(loader, file);
	return rc;
}

int weir_replay_load(struct weir_replay *replay, const char *path, const char *expression,
		     struct weir_privilege *privilege, struct weir_replay_file *file,
		     struct weir_error *error)
{
	struct replay_loader loader = {.replay = replay};
	int rc = replay_load(&loader, path, expression, privilege, file, error);

	if (loader.source)
		loader.source->ops->close(loader.source);
	weir_filter_close(loader.filter);
	weir_ledger_close(loader.ledger);
	weir_interfaces_close(loader.interfaces);
	replay->supply.bytes_max = replay->tape.length_max;
	if (rc == 0 && !replay->tape.count)
		rc = weir_error_set(error, -ENODATA, "'%s' has no packet that can be sent", path);
	return rc;
}

/* ---- sending ---- */

/* Wait until 'due_ns', 'end_ns' or a stop; returns the time it is then. */
static uint64_t replay_wait(struct weir_replay *replay, uint64_t due_ns, uint64_t end_ns,
			    const volatile sig_atomic_t *stop)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t until_ns = due_ns < end_ns ? due_ns : end_ns;

	for (;;) {
		uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;

		if (now_ns >= replay->next_progress_ns && replay->settings.progress) {
			replay->next_progress_ns = now_ns + REPLAY_PROGRESS_NS;
			replay->settings.progress(replay->settings.user, replay->sender->sent,
						  replay->limit == UINT64_MAX ? 0 : replay->limit,
						  now_ns - replay->start_ns);
		}
		if (!left_ns || *stop)
			return now_ns;
		if (left_ns > REPLAY_SPIN_NS) {
			uint64_t nap_ns = left_ns - REPLAY_SPIN_NS;
			struct timespec nap = {0};

			if (nap_ns > REPLAY_SLEEP_MAX_NS)
				nap_ns = REPLAY_SLEEP_MAX_NS;
			nap.tv_nsec = (long)nap_ns;
			nanosleep(&nap, NULL);
		}
		now_ns = clock_monotonic_ns();
	}
}

/* With original timing: when frame 'number' is due. */
static uint64_t replay_due_ns(const struct weir_replay *replay, uint64_t number)
{
	uint64_t round = number / replay->tape.count;
	uint64_t offset_ns = replay->tape.frames[number % replay->tape.count].offset_ns;

	return replay->start_ns +
	       (uint64_t)((double)(round * replay->round_ns + offset_ns) / replay->settings.speed);
}

/* How many frames from 'number' on are due at 'now_ns', up to 'most'. */
static uint64_t replay_due_count(const struct weir_replay *replay, uint64_t number, uint64_t most,
				 uint64_t now_ns)
{
	uint64_t count = 1;

	while (count < most && replay_due_ns(replay, number + count) <= now_ns)
		count++;
	return count;
}

static int replay_send_original(struct weir_replay *replay, uint64_t wanted, uint64_t end_ns,
				const volatile sig_atomic_t *stop)
{
	struct sender *sender = replay->sender;
	uint64_t first = sender->offered;
	uint64_t due_ns = replay_due_ns(replay, first);
	uint64_t now_ns = replay_wait(replay, due_ns, end_ns, stop);
	uint64_t most = wanted < sender->ops->burst ? wanted : sender->ops->burst;
	int rc;

	if (now_ns >= end_ns || *stop)
		return 0;
	rc = sender->ops->send(sender, replay_due_count(replay, first, most, now_ns), end_ns);
	for (uint64_t n = first; n < sender->offered; n++) {
		due_ns = replay_due_ns(replay, n);
		lateness_note(&replay->lateness, now_ns > due_ns ? now_ns - due_ns : 0, 1);
	}
	return rc;
}

static uint64_t replay_bytes(const struct tape *tape, uint64_t first, uint64_t end)
{
	uint64_t bytes = 0;

	for (uint64_t n = first; n < end; n++)
		bytes += tape->frames[n % tape->count].length;
	return bytes;
}

static int replay_send_paced(struct weir_replay *replay, uint64_t wanted, uint64_t end_ns,
			     const volatile sig_atomic_t *stop)
{
	struct sender *sender = replay->sender;
	bool bits = replay->settings.timing == WEIR_REPLAY_BITS;
	uint64_t unit = bits ? 8 * (replay->tape.told.bytes / replay->tape.count) : 1;
	uint64_t most = pace_burst(replay->pace.rate, unit, sender->ops->burst);
	uint64_t first = sender->offered;
	uint64_t now_ns = replay_wait(replay, pace_due_ns(&replay->pace), end_ns, stop);
	int rc;

	if (now_ns >= end_ns || *stop)
		return 0;
	rc = sender->ops->send(sender, wanted < most ? wanted : most, end_ns);
	pace_spend(&replay->pace,
		   bits ? 8 * replay_bytes(&replay->tape, first, sender->offered)
			: sender->offered - first,
		   now_ns);
	return rc;
}

static int replay_loop(struct weir_replay *replay, const volatile sig_atomic_t *stop)
{
	const struct weir_replay_settings *settings = &replay->settings;
	struct sender *sender = replay->sender;
	uint64_t end_ns = settings->duration_ns ? replay->start_ns + settings->duration_ns
						: UINT64_MAX;
	int rc = 0;

	while (rc == 0 && !*stop && sender->offered < replay->limit &&
	       clock_monotonic_ns() < end_ns) {
		uint64_t wanted = replay->limit - sender->offered;

		rc = settings->timing == WEIR_REPLAY_ORIGINAL
			     ? replay_send_original(replay, wanted, end_ns, stop)
			     : replay_send_paced(replay, wanted, end_ns, stop);
	}
	while (rc == 0 && sender->in_flight) /* which takes a part of the time, too */
		rc = sender->ops->send(sender, 0, UINT64_MAX);
	return rc;
}

/* ---- the result ---- */

/* The interface's own counters. */
struct replay_count {
	uint64_t packets, dropped;
};

/* What is sent into the stack, its interface receives. */
static int replay_read_count(const struct weir_replay *replay, struct replay_count *count)
{
	return replay->settings.to_stack
		       ? nic_received(&replay->nic, &count->packets, &count->dropped)
		       : nic_transmitted(&replay->nic, &count->packets, &count->dropped);
}

/* A driver may bring its count up to date only once in a second or two. */
static void replay_ask_nic(const struct weir_replay *replay, const struct replay_count *start,
			   struct weir_replay_result *result)
{
	const struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS};
	uint64_t deadline_ns = clock_monotonic_ns() + REPLAY_SETTLE_NS;
	struct replay_count now = *start;

	do {
		result->nic_sent_known = !replay_read_count(replay, &now);
		if (!result->nic_sent_known || now.packets - start->packets >= result->sent)
			break;
		nanosleep(&pause, NULL);
	} while (clock_monotonic_ns() < deadline_ns);
	result->nic_sent = now.packets - start->packets;
	result->not_wanted_known = result->nic_sent_known && replay->settings.to_stack;
	if (result->not_wanted_known)
		result->not_wanted = now.dropped - start->dropped;
}

/* How long this thread has been ready to run, and did not. */
static int replay_read_cpu_wait(uint64_t *wait_ns)
{
	char text[96] = ""; /* three numbers: Documentation/scheduler/sched-stats.rst */
	int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	return length > 0 && sscanf(text, "%*u %" SCNu64, wait_ns) == 1 ? 0 : -ENODATA;
}

static void replay_conclude(struct weir_replay *replay, struct weir_replay_result *result)
{
	struct sender *sender = replay->sender;
	uint64_t offered = sender->offered;

	result->duration_ns = clock_monotonic_ns() - replay->start_ns;
	result->method = sender->ops->method;
	result->refused = sender->refused;
	if (sender->ops->settle)
		sender->ops->settle(sender);
	result->sent = sender->sent;
	result->abandoned = offered - sender->sent;
	result->rounds = offered / replay->tape.count;
	result->bytes_known = !result->abandoned;
	if (result->bytes_known)
		result->bytes = result->rounds * replay->tape.told.bytes +
				replay_bytes(&replay->tape, 0, offered % replay->tape.count);
	result->late_median_ns = lateness_percentile_ns(&replay->lateness, 0.5);
	result->late_99_ns = lateness_percentile_ns(&replay->lateness, 0.99);
	result->late_max_ns = replay->lateness.max_ns;
}

static void replay_plan(struct weir_replay *replay)
{
	const struct weir_replay_settings *settings = &replay->settings;
	const struct tape *tape = &replay->tape;
	uint64_t rate = settings->timing == WEIR_REPLAY_BITS      ? settings->bits_per_s
			: settings->timing == WEIR_REPLAY_PACKETS ? settings->packets_per_s
								  : 0;

	/* A round follows the one before as a frame follows another, on average. */
	replay->round_ns = tape->told.duration_ns;
	if (tape->count > 1)
		replay->round_ns += tape->told.duration_ns / (tape->count - 1);
	replay->limit = UINT64_MAX;
	if (settings->rounds && settings->rounds < UINT64_MAX / tape->count)
		replay->limit = settings->rounds * tape->count;
	if (settings->count && settings->count < replay->limit)
		replay->limit = settings->count;
	replay->start_ns = clock_monotonic_ns();
	replay->pace = pace_start(rate, replay->start_ns);
}

int weir_replay_run(struct weir_replay *replay, const volatile sig_atomic_t *stop,
		    struct weir_replay_result *result, struct weir_error *error)
{
	struct replay_count start = {0};
	bool nic_known = !replay_read_count(replay, &start);
	uint64_t waited_ns = 0;
	bool wait_known = !replay_read_cpu_wait(&waited_ns);
	int rc;

	*result = (struct weir_replay_result){0};
	if (!replay->tape.count)
		return weir_error_set(error, -ENODATA, "nothing has been loaded");
	prctl(PR_SET_TIMERSLACK, 1); /* sleeps end when they should, not 50 us later */
	replay_plan(replay);
	rc = replay_loop(replay, stop);
	result->cpu_wait_known = wait_known && !replay_read_cpu_wait(&result->cpu_wait_ns);
	result->cpu_wait_ns -= result->cpu_wait_known ? waited_ns : 0;
	replay_conclude(replay, result);
	if (nic_known)
		replay_ask_nic(replay, &start, result);
	if (rc < 0 && error)
		*error = replay->sender->failure;
	return rc;
}
