/* SPDX-License-Identifier: Apache-2.0 */
#include "record/merge.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "packet/lane.h"

enum {
	MERGE_RUN_MAX = 256,       /* packets given to the recorder at once */
	MERGE_RUNS_PER_PASS = 256, /* then a source that wants to join has its turn */
	MERGE_PAUSE_US = 1000,
	MERGE_TICK_MS = 100,
	MERGE_PATIENCE_MS = 5000, /* with a worker that does not come to its sources' end */
	MERGE_SOURCES_MAX = WEIR_INTERFACES_MAX,
};
/* Shared by all lanes; of memory that is only touched as packets wait. */
#define MERGE_BYTES          (UINT64_C(512) << 20)
#define MERGE_LANE_BYTES_MIN (UINT64_C(4) << 20)

/* One source of one worker: within it packets are in the order of time. */
struct merge_source {
	struct lane *lane;
	uint64_t dropped; /* the worker's: for want of room, since the last packet that went in */
	const struct weir_account *account;
	struct weir_row *row; /* dispatch: in by the worker, out by the merge thread */
	struct recorder_source *recorder_source;
	bool waits; /* it can: a file is not lost when there is no room */
	const struct merge_feed *feed;
};

/* Workers write to theirs for each batch: none shares a cache line with another's. */
#define MERGE_SOURCE_BYTES                                                                         \
	((sizeof(struct merge_source) + LANE_CACHE_LINE - 1) / LANE_CACHE_LINE * LANE_CACHE_LINE)

/* A worker's part. */
struct merge_feed {
	struct merge_source **sources;
	uint32_t source_count;
	bool ended;       /* under the lock */
	uint64_t idle_ns; /* atomic: when the worker's sources last had no more; 0 = never yet */
};

struct merge {
	struct recorder *recorder;
	struct merge_feed *feeds;
	uint32_t feed_count;
	uint64_t delay_ns;

	pthread_mutex_t
		lock; /* of the recorder and the table of sources: attach against the thread */
	pthread_cond_t over;
	pthread_t thread;
	bool started, finished;
	struct merge_source *sources[MERGE_SOURCES_MAX]; /* of all workers */
	uint32_t source_count;
	struct weir_error failure;
	int verdict; /* atomic: what the recorder answered last but 0 */

	/* the thread's own */
	uint64_t newest_ns; /* of what was written */
	struct weir_packet run[MERGE_RUN_MAX];
};

/* ---- the thread ---- */

/* What it said first stays, a failure before a wish to end; released after the words. */
static void merge_heed(struct merge *merge, int answer, const struct weir_error *words)
{
	if (answer == 0 || merge->verdict < 0)
		return;
	if (answer < 0)
		merge->failure = *words;
	/* pairs with the acquire in merge_check */
	__atomic_store_n(&merge->verdict, answer, __ATOMIC_RELEASE);
}

/* The heads of all lanes, at one time. */
struct merge_view {
	struct merge_source *first; /* shows the oldest packet; NULL = none shows any */
	uint64_t first_ns;          /* its time */
	uint64_t second_ns;         /* of the oldest packet of the other lanes */
	uint64_t idle_ns; /* the workers of lanes that show none had no more then, or later */
	bool crowded;     /* a lane is half full */
};

static struct merge_view merge_look(struct merge *merge)
{
	struct merge_view view = {.second_ns = UINT64_MAX, .idle_ns = UINT64_MAX};

	for (uint32_t i = 0; i < merge->source_count; i++) {
		struct lane *lane = merge->sources[i]->lane;
		/* Before the look: then what the worker had found is in the lane, or was taken. */
		bool over = lane_is_over(lane);
		/* pairs with the release in merge_idle */
		uint64_t idle_ns =
			__atomic_load_n(&merge->sources[i]->feed->idle_ns, __ATOMIC_ACQUIRE);
		const struct lane_packet *record = lane_peek(lane);

		if (!record) {
			if (!over && idle_ns < view.idle_ns)
				view.idle_ns = idle_ns;
			continue;
		}
		view.crowded |= lane_is_half_full(lane);
		if (!view.first || record->packet.time_ns < view.first_ns) {
			view.second_ns = view.first ? view.first_ns : view.second_ns;
			view.first = merge->sources[i];
			view.first_ns = record->packet.time_ns;
		} else if (record->packet.time_ns < view.second_ns) {
			view.second_ns = record->packet.time_ns;
		}
	}
	return view;
}

/* Take packets of one source up to 'until_ns' and record them. */
static void merge_run(struct merge *merge, struct merge_source *source, uint64_t until_ns)
{
	const struct lane_packet *record = lane_peek(source->lane);
	uint64_t dropped = record->dropped;
	struct weir_error words = {0};
	uint32_t count = 0;

	do {
		merge->run[count++] = record->packet;
		if (record->packet.time_ns < merge->newest_ns)
			weir_cell_add(&source->row->late, 1);
		else
			merge->newest_ns = record->packet.time_ns;
		lane_skip(source->lane);
		record = lane_peek(source->lane);
	} while (count < MERGE_RUN_MAX && record && !record->dropped &&
		 record->packet.time_ns <= until_ns);
	weir_cell_add(&source->row->out, count);
	merge_heed(merge,
		   recorder_take(merge->recorder, source->recorder_source, merge->run, count,
				 dropped, &words),
		   &words);
	lane_give_back(source->lane);
}

/* Up to which time nothing older can come any more, or is not waited for. */
static uint64_t merge_horizon_ns(const struct merge *merge, const struct merge_view *view,
				 uint64_t now_ns)
{
	uint64_t least_ns =
		now_ns - merge->delay_ns - MERGE_PATIENCE_MS * (uint64_t)CLOCK_NS_PER_MS;

	if (view->crowded || view->idle_ns == UINT64_MAX)
		return UINT64_MAX;
	if (view->idle_ns < least_ns + merge->delay_ns)
		return least_ns;
	return view->idle_ns - merge->delay_ns;
}

/* True when there may be more to do at once. */
static bool merge_pass(struct merge *merge)
{
	uint64_t now_ns = clock_unix_ns();

	for (int runs = 0; runs < MERGE_RUNS_PER_PASS; runs++) {
		struct merge_view view = merge_look(merge);
		uint64_t horizon_ns = merge_horizon_ns(merge, &view, now_ns);

		if (!view.first || view.first_ns > horizon_ns)
			return false;
		merge_run(merge, view.first,
			  view.second_ns < horizon_ns ? view.second_ns : horizon_ns);
	}
	return true;
}

/* All workers have ended, and so their lanes are, and no source can join. */
static bool merge_is_over(struct merge *merge)
{
	for (uint32_t i = 0; i < merge->feed_count; i++)
		if (!merge->feeds[i].ended)
			return false;
	for (uint32_t i = 0; i < merge->source_count; i++)
		if (!lane_is_over(merge->sources[i]->lane))
			return false;
	return true;
}

static void merge_tick(struct merge *merge)
{
	struct weir_error words = {0};

	merge_heed(merge, recorder_tick(merge->recorder, clock_unix_ns(), &words), &words);
}

static void *merge_main(void *argument)
{
	struct merge *merge = argument;
	struct weir_error words = {0};
	uint64_t next_tick_ns = 0;
	bool more = true, over = false;

	while (!over) {
		uint64_t now_ns = clock_monotonic_ns();

		pthread_mutex_lock(&merge->lock);
		more = merge_pass(merge);
		if (now_ns >= next_tick_ns) {
			merge_tick(merge);
			next_tick_ns = now_ns + MERGE_TICK_MS * (uint64_t)CLOCK_NS_PER_MS;
		}
		over = !more && merge_is_over(merge);
		pthread_mutex_unlock(&merge->lock);
		if (!more && !over)
			usleep(MERGE_PAUSE_US);
	}
	pthread_mutex_lock(&merge->lock);
	merge_heed(merge, recorder_finish(merge->recorder, clock_unix_ns(), &words), &words);
	merge->finished = true;
	pthread_cond_broadcast(&merge->over);
	pthread_mutex_unlock(&merge->lock);
	return NULL;
}

/* Under the lock. Signals belong to the main thread. */
static int merge_start(struct merge *merge)
{
	sigset_t all, before;
	int rc;

	if (merge->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&merge->thread, NULL, merge_main, merge);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	merge->started = rc == 0;
	return -rc;
}

/* ---- the workers' side ---- */

/* The more sources there are, the less each new one gets. */
static uint64_t merge_lane_bytes(const struct merge *merge)
{
	uint64_t lanes = merge->source_count + 1;
	uint64_t bytes = MERGE_BYTES;

	if (lanes < merge->feed_count)
		lanes = merge->feed_count;
	while (bytes > MERGE_LANE_BYTES_MIN && bytes * lanes > MERGE_BYTES)
		bytes /= 2;
	return bytes;
}

static int merge_enter(struct merge *merge, struct merge_feed *feed, struct merge_source *source)
{
	uint32_t count = feed->source_count;
	struct merge_source **sources =
		realloc(feed->sources, (count + 1) * sizeof(*feed->sources));

	if (!sources)
		return -ENOMEM;
	feed->sources = sources;
	if (merge->source_count == MERGE_SOURCES_MAX)
		return -ENOSPC;
	feed->sources[feed->source_count++] = source;
	merge->sources[merge->source_count++] = source;
	return 0;
}

static int merge_set_up(struct merge *merge, const struct merge_feed *feed,
			struct merge_source *source, struct weir_ledger *ledger,
			struct weir_account *account)
{
	int rc;

	source->account = account;
	source->feed = feed;
	source->waits = !strcmp(account->source, "file") || !strcmp(account->source, "fake");
	source->row = weir_ledger_row(ledger, account, WEIR_STAGE_DISPATCH, "merge", true);
	rc = source->row ? lane_open(merge_lane_bytes(merge), &source->lane) : -ENOMEM;
	/* With dispatch, several workers have packets of one account. */
	if (rc == 0 && !recorder_source_of(merge->recorder, account))
		rc = recorder_attach(merge->recorder, ledger, account);
	if (rc == 0)
		source->recorder_source = recorder_source_of(merge->recorder, account);
	return rc;
}

int merge_attach(struct merge *merge, uint32_t worker, struct weir_ledger *ledger,
		 struct weir_account *account)
{
	struct merge_source *source = aligned_alloc(LANE_CACHE_LINE, MERGE_SOURCE_BYTES);
	int rc;

	if (!source)
		return -ENOMEM;
	memset(source, 0, MERGE_SOURCE_BYTES);
	pthread_mutex_lock(&merge->lock);
	rc = merge_set_up(merge, &merge->feeds[worker], source, ledger, account);
	if (rc == 0)
		rc = merge_enter(merge, &merge->feeds[worker], source);
	if (rc == 0) {
		rc = merge_start(merge);
	} else {
		lane_close(source->lane);
		free(source);
	}
	pthread_mutex_unlock(&merge->lock);
	return rc;
}

int merge_check(struct merge *merge, struct weir_error *error)
{
	/* pairs with the release in merge_heed: the words were there before */
	int verdict = __atomic_load_n(&merge->verdict, __ATOMIC_ACQUIRE);

	if (verdict < 0 && error)
		*error = merge->failure;
	return verdict;
}

static struct merge_source *merge_find(const struct merge_feed *feed,
				       const struct weir_account *account)
{
	uint32_t i = 0;

	while (feed->sources[i]->account != account)
		i++;
	return feed->sources[i];
}

int merge_take(struct merge *merge, uint32_t worker, const struct weir_account *account,
	       const struct weir_packet *packets, uint32_t count, uint64_t dropped,
	       struct weir_error *error)
{
	struct merge_source *source = merge_find(&merge->feeds[worker], account);

	weir_cell_add(&source->row->in, count);
	source->dropped += dropped;
	for (;;) {
		uint32_t put = lane_put(source->lane, 0, packets, count, source->dropped);

		if (put)
			source->dropped = 0;
		packets += put;
		count -= put;
		if (!count || !source->waits)
			break;
		usleep(MERGE_PAUSE_US);
	}
	if (count) {
		weir_cell_add(&source->row->dropped[WEIR_REASON_QUEUE_FULL], count);
		source->dropped += count;
	}
	return merge_check(merge, error);
}

void merge_idle(struct merge *merge, uint32_t worker, uint64_t asked_ns)
{
	/* pairs with the acquire in merge_look: what was found before is in the lanes */
	__atomic_store_n(&merge->feeds[worker].idle_ns, asked_ns, __ATOMIC_RELEASE);
}

/* Under the lock. */
static void merge_end_feed(struct merge_feed *feed)
{
	for (uint32_t i = 0; i < feed->source_count; i++)
		lane_end(feed->sources[i]->lane);
	feed->ended = true;
}

int merge_finish(struct merge *merge, uint32_t worker, struct weir_error *error)
{
	int rc;

	pthread_mutex_lock(&merge->lock);
	merge_end_feed(&merge->feeds[worker]);
	rc = merge_start(merge); /* there may have been no source at all */
	while (rc == 0 && !merge->finished)
		pthread_cond_wait(&merge->over, &merge->lock);
	pthread_mutex_unlock(&merge->lock);
	if (rc < 0)
		return weir_error_set_errno(error, rc, "cannot start the thread that merges");
	return merge_check(merge, error);
}

/* ---- beginning and end ---- */

int merge_open(struct recorder *recorder, uint32_t workers, uint64_t delay_ns, struct merge **out)
{
	struct merge *merge = calloc(1, sizeof(*merge));

	if (!merge)
		return -ENOMEM;
	pthread_mutex_init(&merge->lock, NULL);
	pthread_cond_init(&merge->over, NULL);
	merge->recorder = recorder;
	merge->delay_ns = delay_ns;
	merge->feed_count = workers;
	merge->feeds = calloc(workers, sizeof(*merge->feeds));
	if (!merge->feeds) {
		merge->feed_count = 0;
		merge_close(merge);
		return -ENOMEM;
	}
	*out = merge;
	return 0;
}

void merge_close(struct merge *merge)
{
	if (!merge)
		return;
	pthread_mutex_lock(&merge->lock);
	for (uint32_t i = 0; i < merge->feed_count; i++)
		merge_end_feed(&merge->feeds[i]);
	pthread_mutex_unlock(&merge->lock);
	if (merge->started)
		pthread_join(merge->thread, NULL);
	for (uint32_t i = 0; i < merge->source_count; i++) {
		lane_close(merge->sources[i]->lane);
		free(merge->sources[i]);
	}
	for (uint32_t i = 0; i < merge->feed_count; i++)
		free(merge->feeds[i].sources);
	free(merge->feeds);
	pthread_cond_destroy(&merge->over);
	pthread_mutex_destroy(&merge->lock);
	free(merge);
}
