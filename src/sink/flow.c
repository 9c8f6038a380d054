/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that meters, and the board where meters meet. */
#include "flow_join.h"
#include "flow_top.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BOARD_METERS_MAX = 1024 };

/* ---- the board ---- */

/* What a meter has told. */
struct board_meter {
	struct weir_flow_counters counters;
	enum weir_flow_sort sort;
	struct weir_flow_top top[WEIR_FLOW_TOP_MAX]; /* best first */
	uint32_t top_count;
};

struct weir_flow_board {
	pthread_mutex_t lock;
	struct board_meter *meters[BOARD_METERS_MAX]; /* owned */
	uint32_t count;
	uint64_t newest_ns;
};

int weir_flow_board_open(struct weir_flow_board **out)
{
	struct weir_flow_board *board = calloc(1, sizeof(*board));

	if (!board)
		return -ENOMEM;
	pthread_mutex_init(&board->lock, NULL);
	*out = board;
	return 0;
}

void weir_flow_board_close(struct weir_flow_board *board)
{
	if (!board)
		return;
	for (uint32_t i = 0; i < board->count; i++)
		free(board->meters[i]);
	pthread_mutex_destroy(&board->lock);
	free(board);
}

void weir_flow_board_counters(struct weir_flow_board *board, struct weir_flow_counters *out)
{
	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&board->lock);
	for (uint32_t i = 0; i < board->count; i++)
		weir_flow_counters_add(out, &board->meters[i]->counters);
	pthread_mutex_unlock(&board->lock);
}

/* Of the meters' lists, the one whose next entry is the best; NULL when all are used up. */
static struct board_meter *board_best(struct weir_flow_board *board,
				      const uint32_t used[BOARD_METERS_MAX], uint32_t *index)
{
	struct board_meter *best = NULL;
	double best_score = 0;

	for (uint32_t i = 0; i < board->count; i++) {
		struct board_meter *meter = board->meters[i];
		double score;

		if (used[i] == meter->top_count)
			continue;
		score = flow_top_score(meter->sort, &meter->top[used[i]]);
		if (best && score <= best_score)
			continue;
		best = meter;
		best_score = score;
		*index = i;
	}
	return best;
}

uint32_t weir_flow_board_top(struct weir_flow_board *board, struct weir_flow_top *out, uint32_t max)
{
	uint32_t used[BOARD_METERS_MAX] = {0};
	struct board_meter *best;
	uint32_t count = 0, index;

	pthread_mutex_lock(&board->lock);
	while (count < max && (best = board_best(board, used, &index)))
		out[count++] = best->top[used[index]++];
	pthread_mutex_unlock(&board->lock);
	return count;
}

static void board_tell_top(struct weir_flow_board *board, struct board_meter *meter,
			   const struct flow_top *top)
{
	uint32_t count;
	const struct weir_flow_top *entries = flow_top_entries(top, &count);

	pthread_mutex_lock(&board->lock);
	memcpy(meter->top, entries, count * sizeof(*entries));
	meter->top_count = count;
	pthread_mutex_unlock(&board->lock);
}

/* A place for one more meter; NULL when there is no memory or none left. */
static struct board_meter *board_join(struct weir_flow_board *board, enum weir_flow_sort sort)
{
	struct board_meter *meter = calloc(1, sizeof(*meter));

	pthread_mutex_lock(&board->lock);
	if (meter && board->count < BOARD_METERS_MAX) {
		meter->sort = sort;
		board->meters[board->count++] = meter;
	} else {
		free(meter);
		meter = NULL;
	}
	pthread_mutex_unlock(&board->lock);
	return meter;
}

/* Tell the board; returns the newest time that any meter has seen. */
static uint64_t board_tell(struct weir_flow_board *board, struct board_meter *place,
			   const struct weir_flow *flow)
{
	uint64_t newest_ns = weir_flow_now(flow);

	pthread_mutex_lock(&board->lock);
	weir_flow_counters_read(flow, &place->counters);
	if (board->newest_ns < newest_ns)
		board->newest_ns = newest_ns;
	newest_ns = board->newest_ns;
	pthread_mutex_unlock(&board->lock);
	return newest_ns;
}

/* ---- the sink ---- */

/* A file that has not delivered for so many batches of others is at its end. */
enum { FLOW_SILENT_BATCHES = 4096 };

/* The time of one of several files, see weir_flow_set_clock. */
struct flow_file {
	const struct weir_row *row;
	uint64_t now_ns;
	uint64_t batch; /* number of its last batch */
};

struct flow_sink {
	struct weir_sink sink; /* first: the engine's view */
	struct weir_sink_ops ops;
	struct weir_flow *flow;
	struct weir_exports *exports;
	struct weir_flow_join *join; /* NULL = there is none */
	unsigned int join_number;
	struct weir_flow_board *board;
	struct board_meter *place;
	struct flow_top *top; /* NULL = not wanted */
	struct flow_file *files;
	uint32_t file_count;
	uint64_t batches;
	bool by_files; /* time is the packets' */
	bool sampling;
	bool finished;
};

static struct flow_sink *flow_of(struct weir_sink *sink)
{
	return (struct flow_sink *)sink;
}

static void flow_emit_part(void *user, const struct weir_flow_record *record)
{
	struct flow_sink *own = user;

	flow_join_take(own->join, own->join_number, record);
}

static int flow_attach(struct weir_sink *sink, struct weir_ledger *ledger,
		       struct weir_account *account, struct weir_row *row)
{
	struct flow_sink *own = flow_of(sink);
	struct flow_file *files = realloc(own->files, (own->file_count + 1) * sizeof(*files));

	if (!files)
		return -ENOMEM;
	own->files = files;
	files[own->file_count++] = (struct flow_file){.row = row};
	return weir_exports_attach(own->exports, ledger, account);
}

static struct flow_file *flow_find_file(struct flow_sink *own, const struct weir_row *row)
{
	struct flow_file *file = own->files;

	while (file->row != row)
		file++;
	return file;
}

/* The time up to which all files have been read that are still being read. */
static uint64_t flow_floor_ns(const struct flow_sink *own)
{
	uint64_t floor_ns = UINT64_MAX;

	for (uint32_t i = 0; i < own->file_count; i++)
		if (own->batches - own->files[i].batch <= FLOW_SILENT_BATCHES &&
		    own->files[i].now_ns < floor_ns)
			floor_ns = own->files[i].now_ns;
	return floor_ns;
}

static void flow_meter(struct flow_sink *own, const struct weir_row *row,
		       const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct flow_file *file;

	if (!own->by_files || own->file_count < 2) {
		weir_flow_update(own->flow, batch, decoded);
		return;
	}
	file = flow_find_file(own, row);
	file->batch = ++own->batches;
	weir_flow_set_clock(own->flow, file->now_ns, flow_floor_ns(own));
	weir_flow_update(own->flow, batch, decoded);
	file->now_ns = weir_flow_now(own->flow);
}

static int flow_consume(struct weir_sink *sink, struct weir_row *row,
			const struct weir_batch *batch, const struct weir_decoded *decoded)
{
	struct flow_sink *own = flow_of(sink);
	uint64_t sampled_out = own->sampling ? weir_flow_sampled_out(own->flow) : 0;

	flow_meter(own, row, batch, decoded);
	if (own->sampling)
		sampled_out = weir_flow_sampled_out(own->flow) - sampled_out;
	weir_cell_add(&row->dropped[WEIR_REASON_SAMPLED], sampled_out);
	weir_cell_add(&row->out, batch->count - sampled_out);
	return 0;
}

static int flow_tick(struct weir_sink *sink, uint64_t now_ns)
{
	struct flow_sink *own = flow_of(sink);

	weir_flow_tick(own->flow, now_ns);
	if (own->join)
		flow_join_tick(own->join, now_ns);
	board_tell(own->board, own->place, own->flow);
	if (own->top && flow_top_step(own->top, own->flow, weir_flow_now(own->flow)))
		board_tell_top(own->board, own->place, own->top);
	return weir_exports_tick(own->exports, now_ns, &sink->failure);
}

static int flow_finish(struct weir_sink *sink)
{
	struct flow_sink *own = flow_of(sink);
	uint64_t newest_ns;
	int rc;

	newest_ns = board_tell(own->board, own->place, own->flow);
	for (uint32_t i = 0; i < own->file_count; i++)
		if (own->files[i].now_ns > newest_ns)
			newest_ns = own->files[i].now_ns;
	weir_flow_finish(own->flow, newest_ns);
	board_tell(own->board, own->place, own->flow);
	if (own->join)
		flow_join_leave(own->join);
	own->finished = true;
	rc = weir_exports_finish(own->exports, &sink->failure);
	return rc > 0 ? 0 : rc; /* a reader that went away is no failure */
}

static void flow_close(struct weir_sink *sink)
{
	struct flow_sink *own = flow_of(sink);

	if (!own->finished && own->join)
		flow_join_leave(own->join);
	if (!own->finished)
		weir_exports_finish(own->exports, NULL);
	weir_flow_close(own->flow);
	flow_top_close(own->top);
	free(own->files);
	free(own);
}

static const struct weir_sink_ops flow_ops = {
	.name = "flow",
	.needs = WEIR_DECODE_OUTER,
	.attach = flow_attach,
	.consume = flow_consume,
	.tick = flow_tick,
	.finish = flow_finish,
	.close = flow_close,
};

int weir_sink_open_flow(const struct weir_flow_sink_settings *settings, struct weir_sink **out,
			struct weir_error *error)
{
	struct flow_sink *own = calloc(1, sizeof(*own));
	int rc;

	if (!own)
		return weir_error_set(error, -ENOMEM, "cannot meter flows: out of memory");
	own->exports = settings->exports;
	own->board = settings->board;
	own->by_files = settings->meter->clock == WEIR_FLOW_CLOCK_PACKET;
	own->sampling = settings->meter->sampling != WEIR_FLOW_SAMPLE_ALL;
	own->ops = flow_ops;
	if (settings->meter->layer != WEIR_FLOW_OUTER)
		own->ops.needs = WEIR_DECODE_INNER;
	own->sink.ops = &own->ops;
	own->join = settings->join;
	if (own->join)
		rc = weir_flow_open(settings->meter, settings->interfaces, flow_emit_part, own,
				    &own->flow, error);
	else
		rc = weir_flow_open(settings->meter, settings->interfaces, weir_exports_emit,
				    settings->exports, &own->flow, error);
	own->place = rc < 0 ? NULL : board_join(settings->board, settings->sort);
	if (rc == 0 &&
	    (!own->place || (settings->top && flow_top_open(settings->sort, &own->top) < 0)))
		rc = weir_error_set(error, -ENOMEM, "cannot meter flows: out of memory");
	if (rc < 0) {
		weir_flow_close(own->flow);
		free(own);
		return rc;
	}
	weir_exports_join(settings->exports);
	if (own->join)
		own->join_number = flow_join_enter(own->join);
	*out = &own->sink;
	return 0;
}
