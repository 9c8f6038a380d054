/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live sender: XDP live frames. One BPF_PROG_TEST_RUN makes the kernel
 * run bpf/generate.bpf.c a million times and send each frame out, some ten
 * times faster than any socket. The kernel does not say what became of the
 * frames; the interface's own counters do, so these are read after each run
 * and the shortfall stays to be sent.
 *
 * One run has 20 to 25 ms of set-up, so runs are long, and this sender cannot
 * keep a slow pace.
 */
#include "generate/sender.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "generate.skel.h"

enum {
	LIVE_BATCH = 64,          /* frames between two flushes: 256 overran a veth's queue */
	LIVE_PROBE = 64,          /* frames of the first run, which shows whether any get through */
	LIVE_RUN_FIRST = 1 << 17, /* of the second run, which shows the speed */
	LIVE_RUN_LEAST = 1 << 20,
	LIVE_RUN_MOST = 1 << 24,
	LIVE_RUN_MS = 500,
	LIVE_STALLS_MAX = 8, /* runs in a row without one frame taken */
	LIVE_SETTLE_POLL_MS = 1,
	/*
	 * What a frame may have in a page beside the headroom, the tailroom
	 * and the kernel's own note: net/bpf/test_run.c, struct xdp_page_head.
	 */
	LIVE_FRAME_BYTES_MAX = 3072,
};
/* Many drivers bring their counters up to date once in 1 or 2 s only. */
#define LIVE_SETTLE_NS (5 * CLOCK_NS_PER_S / 2)

enum live_witness {
	LIVE_UNPROVEN,    /* nothing sent yet */
	LIVE_REDIRECTED,  /* the driver's XDP counter: exact at once */
	LIVE_TRANSMITTED, /* tx_packets: lags, settled at the end */
};

struct live_sender {
	struct sender base;
	struct generate_bpf *program;
	enum live_witness witness;
	uint64_t counter_start; /* of the witness */
	uint64_t frames_per_s;  /* in the last run */
	uint32_t stalls;
};

static int live_refusal(struct live_sender *s, const char *why)
{
	return weir_error_set(&s->base.failure, -EOPNOTSUPP,
			      "live frames do not get out of '%s': %s", s->base.nic->name, why);
}

static int live_read(const struct live_sender *s, enum live_witness witness, uint64_t *frames)
{
	return witness == LIVE_REDIRECTED ? nic_redirected(s->base.nic, frames)
					  : nic_transmitted(s->base.nic, frames, NULL);
}

/* One BPF_PROG_TEST_RUN; *frames is how many the program handed over. 0 or -errno. */
static int live_run(struct live_sender *s, uint32_t repeat, uint64_t *frames)
{
	const struct generate_plan *plan = &s->base.frames->plan;
	struct generate_progress *progress = &s->program->bss->progress;
	uint64_t begin_ns = clock_monotonic_ns(), spent_ns;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = s->base.frames->template,
		    .data_size_in = s->base.frames->bytes_max, .repeat = (int)repeat,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = LIVE_BATCH);
	int status;

	progress->frames = 0;
	progress->flow = (uint32_t)(s->base.offered % plan->flows);
	progress->slot = (uint32_t)(s->base.offered % plan->pattern_count);
	status = bpf_prog_test_run_opts(bpf_program__fd(s->program->progs.generate_live), &options);
	*frames = progress->frames;
	spent_ns = clock_monotonic_ns() - begin_ns;
	s->frames_per_s = (uint64_t)((unsigned __int128)*frames * CLOCK_NS_PER_S / (spent_ns + 1));
	return status == -EINTR ? 0
				: status; /* a signal ends a run early; the frames are counted */
}

static void live_enter(struct live_sender *s, uint64_t offered, uint64_t sent_in_all)
{
	s->base.offered += offered;
	s->base.sent = sent_in_all;
	s->base.refused = s->base.offered - s->base.sent;
}

/* Read the witness until it tells of 'expected' frames or stops moving for LIVE_SETTLE_NS. */
static uint64_t live_wait(struct live_sender *s, enum live_witness witness, uint64_t start,
			  uint64_t expected)
{
	const struct timespec pause = {.tv_nsec = LIVE_SETTLE_POLL_MS * CLOCK_NS_PER_MS};
	uint64_t moved_ns = clock_monotonic_ns();
	uint64_t seen = 0, now = start;

	while (!live_read(s, witness, &now) && now - start < expected &&
	       clock_monotonic_ns() - moved_ns < LIVE_SETTLE_NS) {
		if (now - start != seen)
			moved_ns = clock_monotonic_ns();
		seen = now - start;
		nanosleep(&pause, NULL);
	}
	return now - start < expected ? now - start : expected;
}

/*
 * The first run: a few frames, to learn which counter tells of them. When
 * none does, nothing was sent, as far as anybody can know.
 */
static int live_probe(struct live_sender *s, uint32_t repeat)
{
	uint64_t frames, sent, counter;
	int status;

	s->witness = s->base.nic->xdp_count ? LIVE_REDIRECTED : LIVE_TRANSMITTED;
	status = live_read(s, s->witness, &s->counter_start);
	if (status)
		return sender_fail(&s->base, status);
	status = live_run(s, repeat, &frames);
	if (status == -EPERM)
		return weir_error_set(
			&s->base.failure, status,
			"no permission to run a BPF program: CAP_BPF and CAP_NET_ADMIN "
			"are missing");
	if (status)
		return live_refusal(s, "this kernel cannot make live frames (Linux 5.18 can)");
	if (s->witness == LIVE_TRANSMITTED)
		sent = live_wait(s, s->witness, s->counter_start, frames);
	else
		sent = live_read(s, s->witness, &counter) ? 0 : counter - s->counter_start;
	s->frames_per_s = 0; /* so few frames tell nothing of the speed */
	if (!sent && nic_check(s->base.nic))
		return sender_fail(&s->base, -ENETDOWN);
	if (!sent)
		return live_refusal(s,
				    "no frame of the first run was transmitted (the far end of a "
				    "veth needs 'ethtool -K PEER gro on' or an XDP program)");
	live_enter(s, frames, sent);
	return 0;
}

/* Frames for about half a second, at least a million, but not beyond the end. */
static uint32_t live_repeat(const struct live_sender *s, uint64_t count, uint64_t until_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	unsigned __int128 until_end = (unsigned __int128)s->frames_per_s * left_ns / CLOCK_NS_PER_S;
	uint64_t repeat = s->frames_per_s * LIVE_RUN_MS / 1000;

	if (!s->frames_per_s)
		return (uint32_t)(count < LIVE_RUN_FIRST ? count : LIVE_RUN_FIRST);
	if (repeat < LIVE_RUN_LEAST)
		repeat = LIVE_RUN_LEAST;
	if (repeat > LIVE_RUN_MOST)
		repeat = LIVE_RUN_MOST;
	if (repeat > until_end)
		repeat = (uint64_t)until_end + LIVE_BATCH;
	return (uint32_t)(repeat < count ? repeat : count);
}

static int live_stalled(struct live_sender *s)
{
	int state = nic_check(s->base.nic);

	if (state)
		return sender_fail(&s->base, state);
	return ++s->stalls < LIVE_STALLS_MAX ? 0 : sender_fail(&s->base, -ENOBUFS);
}

static int live_send(struct sender *sender, uint64_t count, uint64_t until_ns)
{
	struct live_sender *s = (struct live_sender *)sender;
	uint64_t frames, counter, before = sender->sent;
	int status;

	if (s->witness == LIVE_UNPROVEN)
		return live_probe(s, (uint32_t)(count < LIVE_PROBE ? count : LIVE_PROBE));
	status = live_run(s, live_repeat(s, count, until_ns), &frames);
	if (s->witness == LIVE_TRANSMITTED)
		live_enter(s, frames, sender->sent + frames);
	else if (!live_read(s, s->witness, &counter))
		live_enter(s, frames, counter - s->counter_start);
	if (status)
		return sender_fail(sender, status);
	if (frames && sender->sent == before)
		return live_stalled(s);
	s->stalls = 0;
	return 0;
}

static void live_settle(struct sender *sender)
{
	struct live_sender *s = (struct live_sender *)sender;

	if (s->witness == LIVE_TRANSMITTED)
		live_enter(s, 0, live_wait(s, s->witness, s->counter_start, sender->sent));
}

static void live_close(struct sender *sender)
{
	struct live_sender *s = (struct live_sender *)sender;

	generate_bpf__destroy(s->program);
	free(s);
}

static const struct sender_ops live_ops = {
	.method = WEIR_GENERATE_LIVE,
	.burst = LIVE_RUN_MOST,
	.send = live_send,
	.settle = live_settle,
	.close = live_close,
};

static int live_load(struct live_sender *s, struct weir_error *error)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	int status;

	s->program = generate_bpf__open();
	status = s->program ? 0 : -errno;
	if (!status) {
		s->program->rodata->plan = s->base.frames->plan;
		status = generate_bpf__load(s->program);
	}
	libbpf_set_print(print);
	if (status == -EPERM || status == -EACCES)
		return weir_error_set(
			error, -EPERM,
			"no permission to load a BPF program: CAP_BPF and CAP_NET_ADMIN "
			"are missing, run as root");
	if (status)
		return weir_error_set_errno(error, status,
					    "cannot load the generator's BPF program");
	return 0;
}

int live_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		     struct weir_error *error)
{
	struct live_sender *s;
	int status;

	if (frames->bytes_max > LIVE_FRAME_BYTES_MAX)
		return weir_error_set(error, -EOPNOTSUPP,
				      "a live frame has at most %u bytes: use method 'socket'",
				      LIVE_FRAME_BYTES_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return weir_error_set(error, -ENOMEM, "no memory for a sender");
	s->base = (struct sender){.ops = &live_ops, .frames = frames, .nic = nic};
	status = live_load(s, error);
	if (status) {
		live_close(&s->base);
		return status;
	}
	*out = &s->base;
	return 0;
}
