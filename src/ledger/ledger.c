/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts, rows, cuts and losses.
 *
 *   ledger ── account (ring:eth0#0) ── row ring ── row sink(count) ── row disk
 *      │          └ next
 *      └ losses[] (from, to, where, why, how many)
 *
 * Accounts and rows are appended under the lock and never removed, so that a
 * reader may follow the lists without it (weir_account_next and the like);
 * cells are relaxed atomics.
 */
#include "weir/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { LEDGER_LINE_BYTES = 64 };

struct weir_ledger {
	pthread_mutex_t lock; /* lists, cut copies, losses */
	struct weir_account *accounts;
	struct weir_loss *losses;
	uint32_t loss_count;
};

int weir_ledger_open(struct weir_ledger **out)
{
	struct weir_ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	ledger->losses = calloc(WEIR_LOSSES_MAX, sizeof(*ledger->losses));
	if (!ledger->losses) {
		free(ledger);
		return -ENOMEM;
	}
	pthread_mutex_init(&ledger->lock, NULL);
	*out = ledger;
	return 0;
}

static void ledger_free_account(struct weir_account *account)
{
	struct weir_row *row = account->rows;

	while (row) {
		struct weir_row *next = row->next;

		free(row);
		row = next;
	}
	free(account);
}

void weir_ledger_close(struct weir_ledger *ledger)
{
	if (!ledger)
		return;
	while (ledger->accounts) {
		struct weir_account *next = ledger->accounts->next;

		ledger_free_account(ledger->accounts);
		ledger->accounts = next;
	}
	free(ledger->losses);
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

static void ledger_copy_name(char *to, size_t size, const char *from)
{
	size_t length = from ? strnlen(from, size - 1) : 0;

	if (length == size - 1) /* no half of a character of UTF-8 */
		while (length && (from[length] & 0xc0) == 0x80)
			length--;
	memcpy(to, from ? from : "", length);
	to[length] = '\0';
}

/* Cells are written at every batch: those of two workers are not to share a cache line. */
static void *ledger_allocate(size_t size)
{
	size_t whole = (size + LEDGER_LINE_BYTES - 1) / LEDGER_LINE_BYTES * LEDGER_LINE_BYTES;
	void *memory = aligned_alloc(LEDGER_LINE_BYTES, whole);

	return memory ? memset(memory, 0, whole) : NULL;
}

struct weir_account *weir_ledger_account(struct weir_ledger *ledger, const char *name,
					 const char *netns, const char *source, uint32_t queue)
{
	struct weir_account *account = ledger_allocate(sizeof(*account));
	struct weir_account **last;

	if (!account)
		return NULL;
	ledger_copy_name(account->name, sizeof(account->name), name);
	ledger_copy_name(account->netns, sizeof(account->netns), netns);
	ledger_copy_name(account->source, sizeof(account->source), source);
	account->queue = queue;
	account->opened_ns = clock_unix_ns();
	pthread_mutex_lock(&ledger->lock);
	for (last = &ledger->accounts; *last; last = &(*last)->next)
		;
	/* pairs with the acquire in weir_ledger_accounts and weir_account_next */
	__atomic_store_n(last, account, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&ledger->lock);
	return account;
}

struct weir_row *weir_ledger_row(struct weir_ledger *ledger, struct weir_account *account,
				 enum weir_stage stage, const char *name, bool checked)
{
	struct weir_row *row = ledger_allocate(sizeof(*row));
	struct weir_row **place;

	if (!row)
		return NULL;
	row->stage = stage;
	row->checked = checked;
	row->account = account;
	ledger_copy_name(row->name, sizeof(row->name), name);
	pthread_mutex_lock(&ledger->lock);
	for (place = &account->rows; *place && (*place)->stage <= stage; place = &(*place)->next)
		;
	row->next = *place;
	/* pairs with the acquire in weir_account_rows and weir_row_next */
	__atomic_store_n(place, row, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&ledger->lock);
	return row;
}

void weir_row_unknown(struct weir_row *row, uint32_t bits)
{
	__atomic_fetch_or(&row->unknown, bits, __ATOMIC_RELAXED);
}

static void ledger_add_loss(struct weir_ledger *ledger, const struct weir_loss *loss)
{
	struct weir_loss *last;

	/* Neighbouring intervals with the same loss become one, as a person would tell it. */
	for (uint32_t i = ledger->loss_count; i > 0; i--) {
		last = &ledger->losses[i - 1];
		if (last->to_ns < loss->from_ns)
			break;
		if (last->account == loss->account && last->stage == loss->stage &&
		    last->reason == loss->reason && last->to_ns == loss->from_ns) {
			last->to_ns = loss->to_ns;
			last->packets += loss->packets;
			return;
		}
	}
	if (ledger->loss_count < WEIR_LOSSES_MAX) {
		ledger->losses[ledger->loss_count++] = *loss;
		return;
	}
	/* Full: stretch the newest of the same kind, so that sums stay right. */
	for (uint32_t i = WEIR_LOSSES_MAX; i > 0; i--) {
		last = &ledger->losses[i - 1];
		if (last->account == loss->account && last->stage == loss->stage &&
		    last->reason == loss->reason) {
			last->to_ns = loss->to_ns;
			last->packets += loss->packets;
			return;
		}
	}
}

static void ledger_copy_tally(const struct weir_row *row, struct weir_tally *tally)
{
	tally->in = weir_cell_get(&row->in);
	tally->out = weir_cell_get(&row->out);
	tally->filtered = weir_cell_get(&row->filtered);
	tally->freezes = weir_cell_get(&row->freezes);
	for (int r = 0; r < WEIR_REASON_COUNT; r++)
		tally->dropped[r] = weir_cell_get(&row->dropped[r]);
}

/* Not lost: left out because the user said so. */
static bool ledger_reason_is_wish(int reason)
{
	return reason == WEIR_REASON_AFTER_STOP || reason == WEIR_REASON_SAMPLED ||
	       reason == WEIR_REASON_UNTRIGGERED || reason == WEIR_REASON_LIMIT;
}

/* When the interval began that ends now; a clock that was set back makes none negative. */
static uint64_t ledger_since_ns(const struct weir_account *account, uint64_t now_ns)
{
	uint64_t since_ns = account->cut_time_ns ? account->cut_time_ns : account->opened_ns;

	return since_ns < now_ns ? since_ns : now_ns;
}

void weir_ledger_cut(struct weir_ledger *ledger, struct weir_account *account, uint64_t now_ns)
{
	pthread_mutex_lock(&ledger->lock);
	for (struct weir_row *row = account->rows; row; row = row->next) {
		struct weir_tally now;

		ledger_copy_tally(row, &now);
		for (int r = 0; r < WEIR_REASON_COUNT; r++) {
			struct weir_loss loss = {
				.from_ns = ledger_since_ns(account, now_ns),
				.to_ns = now_ns,
				.account = account,
				.stage = row->stage,
				.reason = r,
				.packets = now.dropped[r] - row->cut.dropped[r],
			};

			/*
			 * A ring learns of its ghosts only as it reads them, so its
			 * ring_full may shrink in favour of gso_unsupported.
			 */
			if (now.dropped[r] > row->cut.dropped[r] && !ledger_reason_is_wish(r))
				ledger_add_loss(ledger, &loss);
		}
		row->cut = now;
	}
	account->cut_time_ns = now_ns;
	account->cut_frames = weir_cell_get(&account->frames);
	account->cut_bytes = weir_cell_get(&account->bytes);
	account->cut_wire = weir_cell_get(&account->wire);
	pthread_mutex_unlock(&ledger->lock);
}

static uint64_t ledger_sum_dropped(const struct weir_tally *tally)
{
	uint64_t sum = 0;

	for (int r = 0; r < WEIR_REASON_COUNT; r++)
		sum += tally->dropped[r];
	return sum;
}

bool weir_row_balanced(const struct weir_row *row)
{
	struct weir_tally tally;

	if (!row->checked || weir_row_unknown_bits(row))
		return true;
	ledger_copy_tally(row, &tally);
	return tally.in == tally.out + tally.filtered + ledger_sum_dropped(&tally);
}

const struct weir_row *weir_ledger_unbalanced(struct weir_ledger *ledger)
{
	const struct weir_row *found = NULL;

	pthread_mutex_lock(&ledger->lock);
	for (const struct weir_account *a = ledger->accounts; a && !found; a = a->next)
		for (const struct weir_row *row = a->rows; row && !found; row = row->next)
			if (!weir_row_balanced(row))
				found = row;
	pthread_mutex_unlock(&ledger->lock);
	return found;
}

/*
 * Drops behind the sinks are counted at the disk, which is where what has
 * been taken can still be lost; sink rows are per sink and never summed.
 */
static bool ledger_stage_is_summed(enum weir_stage stage)
{
	return stage != WEIR_STAGE_SINK && stage != WEIR_STAGE_EXPORT;
}

static void ledger_add_row(const struct weir_row *row, bool at_cut, struct weir_totals *out)
{
	uint32_t unknown = weir_row_unknown_bits(row);
	struct weir_tally tally = row->cut;

	if (!at_cut)
		ledger_copy_tally(row, &tally);
	if (row == row->account->rows) {
		out->seen += tally.in;
		if (unknown & WEIR_UNKNOWN_IN)
			out->seen_known = false;
	}
	out->filtered += tally.filtered;
	if (row->stage == WEIR_STAGE_DISK)
		out->written += tally.out;
	if (ledger_stage_is_summed(row->stage)) {
		out->dropped += ledger_sum_dropped(&tally);
		for (int r = 0; r < WEIR_REASON_COUNT; r++)
			out->lost += ledger_reason_is_wish(r) ? 0 : tally.dropped[r];
		if (unknown >> WEIR_UNKNOWN_REASONS)
			out->dropped_known = false;
	}
}

/* With dispatch it is the takers who know what came through; without, the worker. */
static uint64_t ledger_delivered(const struct weir_account *account, bool at_cut)
{
	uint64_t sum = 0;
	bool is_dispatched = false;

	for (const struct weir_row *row = account->rows; row; row = row->next) {
		if (row->stage != WEIR_STAGE_DISPATCH)
			continue;
		is_dispatched = true;
		sum += at_cut ? row->cut.out : weir_cell_get(&row->out);
	}
	if (is_dispatched)
		return sum;
	return at_cut ? account->cut_frames : weir_cell_get(&account->frames);
}

void weir_ledger_totals(struct weir_ledger *ledger, bool at_cut, struct weir_totals *out)
{
	*out = (struct weir_totals){.seen_known = true, .dropped_known = true, .wire_known = true};
	pthread_mutex_lock(&ledger->lock);
	for (const struct weir_account *a = ledger->accounts; a; a = a->next) {
		out->frames += at_cut ? a->cut_frames : weir_cell_get(&a->frames);
		out->delivered += ledger_delivered(a, at_cut);
		out->bytes += at_cut ? a->cut_bytes : weir_cell_get(&a->bytes);
		out->wire += at_cut ? a->cut_wire : weir_cell_get(&a->wire);
		if (weir_cell_get(&a->wire_unknown))
			out->wire_known = false;
		for (const struct weir_row *row = a->rows; row; row = row->next)
			ledger_add_row(row, at_cut, out);
	}
	pthread_mutex_unlock(&ledger->lock);
}

const struct weir_account *weir_ledger_accounts(const struct weir_ledger *ledger)
{
	/* pairs with the release in weir_ledger_account */
	return __atomic_load_n(&ledger->accounts, __ATOMIC_ACQUIRE);
}

uint32_t weir_ledger_losses(struct weir_ledger *ledger, struct weir_loss *out, uint32_t max)
{
	uint32_t count;

	pthread_mutex_lock(&ledger->lock);
	count = ledger->loss_count;
	for (uint32_t i = 0; i < count && i < max; i++)
		out[i] = ledger->losses[i];
	pthread_mutex_unlock(&ledger->lock);
	return count;
}
