/* SPDX-License-Identifier: Apache-2.0 */
/* From a source to a batch, within the cut and the user's limit. */
#include <errno.h>
#include <sys/epoll.h>

#include "worker_steps.h"

enum { WORKER_BATCHES_PER_TURN = 64 /* then the next source has its turn */ };

/* How many packets may be taken at once: not beyond the cut. */
static uint32_t worker_allowance(const struct worker_source *own)
{
	uint64_t limit = WEIR_BATCH_PACKETS_MAX;

	if (own->cutting && own->source->owed - own->taken < limit)
		limit = own->source->owed - own->taken;
	return (uint32_t)limit;
}

/* Take one batch of at most 'limit' packets. Returns the packets got, or what next() says. */
static int worker_take_batch(struct worker *worker, struct worker_source *own, uint32_t limit,
			     uint32_t *delivered)
{
	struct weir_source *source = own->source;
	struct weir_batch *batch;
	int got = source->ops->next(source, limit, &batch);

	*delivered = 0;
	if (got <= 0)
		return got;
	own->taken += (uint32_t)got;
	if (worker->unwanted) {
		weir_cell_add(&source->row->dropped[WEIR_REASON_AFTER_STOP], (uint32_t)got);
	} else {
		weir_cell_add(&source->row->out, (uint32_t)got);
		*delivered = worker_deliver(worker, own, batch);
	}
	source->ops->release(source, batch);
	return got;
}

/* The same within the user's limit; 0 also when the rest of it is promised to other workers. */
static int worker_take_promised(struct worker *worker, struct worker_source *own)
{
	uint32_t promised = quota_promise(worker->quota, worker_allowance(own));
	uint32_t delivered = 0;
	int got = promised ? worker_take_batch(worker, own, promised, &delivered) : 0;

	quota_settle(worker->quota, promised, delivered);
	if (quota_is_met(worker->quota))
		worker_end_run(worker);
	return got;
}

int worker_take(struct worker *worker, struct worker_source *own)
{
	struct weir_source *source = own->source;
	uint32_t delivered;
	int got;

	if (worker->quota && quota_is_met(worker->quota)) /* by other workers */
		worker->unwanted = true;
	if (worker->quota && !worker->unwanted)
		got = worker_take_promised(worker, own);
	else
		got = worker_take_batch(worker, own, worker_allowance(own), &delivered);
	if (got <= 0)
		return got;
	if (own->cutting && own->taken >= source->owed)
		worker_cut_reached(worker, own);
	return got;
}

static bool worker_has_source(const struct worker *worker)
{
	for (uint32_t i = 0; i < worker->source_count; i++)
		if (!worker->sources[i].ended)
			return true;
	return false;
}

/* There is something to be had, now or later. */
bool worker_goes_on(const struct worker *worker)
{
	return worker->watch || worker_has_source(worker);
}

/* One turn of one source; true when it may have more at once. */
bool worker_serve(struct worker *worker, struct worker_source *own)
{
	int got = 1;

	for (int n = 0; n < WORKER_BATCHES_PER_TURN && got > 0 && !worker->stopping; n++)
		got = worker_take(worker, own);
	if (got < 0) {
		own->ended = true;
		if (own->source->wait_fd >= 0)
			epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, own->source->wait_fd, NULL);
		if (got == -ENODEV && worker_goes_on(worker)) { /* the others do */
			if (!own->source->fanout.member)        /* of a group one tells */
				worker->notice(worker->user, own->source->failure.text);
			worker_begin_leave(own);
		} else if (got != -ENODATA)
			worker_fail(worker, got, &own->source->failure);
	}
	return got > 0;
}
