/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "weir/ledger.h"

struct fixture {
	struct weir_ledger *ledger;
	struct weir_account *account;
	struct weir_row *ring, *sink;
};

static int set_up(void **state)
{
	static struct fixture f;

	assert_int_equal(weir_ledger_open(&f.ledger), 0);
	f.account = weir_ledger_account(f.ledger, "eth0", "", "ring", 0);
	f.sink = weir_ledger_row(f.ledger, f.account, WEIR_STAGE_SINK, "count", true);
	f.ring = weir_ledger_row(f.ledger, f.account, WEIR_STAGE_RING, "", true);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	weir_ledger_close(f->ledger);
	return 0;
}

static void rows_stand_in_order_of_stage(void **state)
{
	struct fixture *f = *state;

	assert_ptr_equal(f->account->rows, f->ring);
	assert_ptr_equal(f->ring->next, f->sink);
}

static void a_long_name_is_cut_between_characters(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789012345678901234567890"
				   "\xe2\x82\xac.pcap"; /* 61 bytes and a sign of three */
	struct fixture *f = *state;
	struct weir_account *account = weir_ledger_account(f->ledger, name, "", "file", 0);

	assert_int_equal(strlen(account->name), 61);
	account = weir_ledger_account(f->ledger, name + 1, "", "file", 0);
	assert_int_equal(strlen(account->name), 63);
}

static void an_empty_ledger_balances(void **state)
{
	struct fixture *f = *state;

	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void a_swallowed_packet_names_its_stage(void **state)
{
	struct fixture *f = *state;

	weir_cell_add(&f->ring->in, 10);
	weir_cell_add(&f->ring->out, 10);
	weir_cell_add(&f->sink->in, 10);
	weir_cell_add(&f->sink->out, 9);
	assert_ptr_equal(weir_ledger_unbalanced(f->ledger), f->sink);
	weir_cell_add(&f->sink->out, 2);
	assert_ptr_equal(weir_ledger_unbalanced(f->ledger), f->sink);
}

static void drops_and_filtered_count_as_accounted_for(void **state)
{
	struct fixture *f = *state;

	weir_cell_add(&f->ring->in, 10);
	weir_cell_add(&f->ring->out, 6);
	weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 3);
	weir_cell_add(&f->ring->filtered, 1);
	assert_null(weir_ledger_unbalanced(f->ledger));
}

static void an_unknown_side_is_not_called_unbalanced_nor_zero(void **state)
{
	struct fixture *f = *state;
	struct weir_totals totals;

	weir_cell_add(&f->ring->out, 6);
	weir_row_unknown(f->ring, WEIR_UNKNOWN_IN);
	assert_null(weir_ledger_unbalanced(f->ledger));
	weir_ledger_totals(f->ledger, false, &totals);
	assert_false(totals.seen_known);
}

static void a_loss_lies_between_two_cuts(void **state)
{
	struct fixture *f = *state;
	struct weir_loss loss[4];

	weir_ledger_cut(f->ledger, f->account, 1000);
	weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 5);
	weir_ledger_cut(f->ledger, f->account, 2000);
	weir_ledger_cut(f->ledger, f->account, 3000);
	assert_int_equal(weir_ledger_losses(f->ledger, loss, 4), 1);
	assert_int_equal(loss[0].from_ns, 1000);
	assert_int_equal(loss[0].to_ns, 2000);
	assert_int_equal(loss[0].packets, 5);
	assert_int_equal(loss[0].stage, WEIR_STAGE_RING);
	assert_int_equal(loss[0].reason, WEIR_REASON_RING_FULL);
}

static void a_loss_before_the_first_cut_lies_after_the_opening(void **state)
{
	struct fixture *f = *state;
	const uint64_t opened_ns = f->account->opened_ns;
	struct weir_loss loss[4];

	assert_true(opened_ns > 0 && opened_ns <= clock_unix_ns());
	weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 5);
	weir_ledger_cut(f->ledger, f->account, opened_ns + 1000);
	assert_int_equal(weir_ledger_losses(f->ledger, loss, 4), 1);
	assert_int_equal(loss[0].from_ns, opened_ns);
	assert_int_equal(loss[0].to_ns, opened_ns + 1000);
}

/* A clock that was set back does not make an interval end before it began. */
static void no_loss_ends_before_it_began(void **state)
{
	struct fixture *f = *state;
	struct weir_loss loss[4];

	weir_ledger_cut(f->ledger, f->account, 2000);
	weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 5);
	weir_ledger_cut(f->ledger, f->account, 1000);
	assert_int_equal(weir_ledger_losses(f->ledger, loss, 4), 1);
	assert_int_equal(loss[0].from_ns, 1000);
	assert_int_equal(loss[0].to_ns, 1000);
}

static void losses_of_neighbouring_intervals_are_one(void **state)
{
	struct fixture *f = *state;
	struct weir_loss loss[4];

	weir_ledger_cut(f->ledger, f->account, 1000);
	for (uint64_t t = 2000; t <= 4000; t += 1000) {
		weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 5);
		weir_ledger_cut(f->ledger, f->account, t);
	}
	assert_int_equal(weir_ledger_losses(f->ledger, loss, 4), 1);
	assert_int_equal(loss[0].packets, 15);
	assert_int_equal(loss[0].to_ns, 4000);
}

static void a_full_list_of_losses_keeps_its_sum(void **state)
{
	struct fixture *f = *state;
	static struct weir_loss loss[WEIR_LOSSES_MAX];
	uint64_t sum = 0;

	for (uint64_t t = 1; t <= WEIR_LOSSES_MAX + 100; t++) {
		weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 1);
		weir_ledger_cut(f->ledger, f->account, 10 * t);
		weir_ledger_cut(f->ledger, f->account, 10 * t + 5);
	}
	assert_int_equal(weir_ledger_losses(f->ledger, loss, WEIR_LOSSES_MAX), WEIR_LOSSES_MAX);
	for (int i = 0; i < WEIR_LOSSES_MAX; i++)
		sum += loss[i].packets;
	assert_int_equal(sum, WEIR_LOSSES_MAX + 100);
}

static void totals_take_seen_from_the_first_stage_and_written_from_the_disk(void **state)
{
	struct fixture *f = *state;
	struct weir_row *disk = weir_ledger_row(f->ledger, f->account, WEIR_STAGE_DISK, "x", true);
	struct weir_totals totals;

	weir_cell_add(&f->ring->in, 10);
	weir_cell_add(&f->ring->out, 8);
	weir_cell_add(&f->ring->dropped[WEIR_REASON_RING_FULL], 2);
	weir_cell_add(&f->account->frames, 8);
	weir_cell_add(&disk->in, 8);
	weir_cell_add(&disk->out, 7);
	weir_cell_add(&disk->dropped[WEIR_REASON_DISK_FULL], 1);
	weir_ledger_totals(f->ledger, false, &totals);
	assert_int_equal(totals.seen, 10);
	assert_int_equal(totals.delivered, 8);
	assert_int_equal(totals.written, 7);
	assert_int_equal(totals.dropped, 3);
}

/* Two takers; a sink had enough, and one lane was full. */
static void what_is_lost_at_dispatch_was_not_delivered(void **state)
{
	struct fixture *f = *state;
	struct weir_row *lane[2];
	struct weir_totals totals;

	weir_cell_add(&f->account->frames, 100);
	for (int i = 0; i < 2; i++) {
		lane[i] = weir_ledger_row(f->ledger, f->account, WEIR_STAGE_DISPATCH, "", true);
		weir_cell_add(&lane[i]->in, 50);
		weir_cell_add(&lane[i]->out, 40);
	}
	weir_cell_add(&lane[0]->dropped[WEIR_REASON_QUEUE_FULL], 10);
	weir_cell_add(&lane[1]->dropped[WEIR_REASON_AFTER_STOP], 10);
	weir_ledger_cut(f->ledger, f->account, 1000);
	for (int at_cut = 0; at_cut < 2; at_cut++) {
		weir_ledger_totals(f->ledger, at_cut, &totals);
		assert_int_equal(totals.frames, 100);
		assert_int_equal(totals.delivered, 80);
		assert_int_equal(totals.dropped, 20);
		assert_int_equal(totals.lost, 10);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rows_stand_in_order_of_stage),
		CASE(a_long_name_is_cut_between_characters),
		CASE(an_empty_ledger_balances),
		CASE(a_swallowed_packet_names_its_stage),
		CASE(drops_and_filtered_count_as_accounted_for),
		CASE(an_unknown_side_is_not_called_unbalanced_nor_zero),
		CASE(a_loss_lies_between_two_cuts),
		CASE(a_loss_before_the_first_cut_lies_after_the_opening),
		CASE(no_loss_ends_before_it_began),
		CASE(what_is_lost_at_dispatch_was_not_delivered),
		CASE(losses_of_neighbouring_intervals_are_one),
		CASE(a_full_list_of_losses_keeps_its_sum),
		CASE(totals_take_seen_from_the_first_stage_and_written_from_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
