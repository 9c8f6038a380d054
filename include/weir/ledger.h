/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: every packet is accounted for, at each stage.
 *
 * Invariants:
 * - At each checked stage, at a cut: in == out + filtered + sum(dropped).
 * - 'in' is counted by the giver and 'out' by the taker; neither is ever
 *   derived from the other. A stage for which only one of them exists is
 *   marked unchecked.
 * - A counter that cannot be read is unknown, never 0.
 * - Each cell has one writing thread; cells are read by any thread (relaxed
 *   64-bit atomics), and are only claimed to balance at a cut.
 */
#ifndef WEIR_LEDGER_H
#define WEIR_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The places where packets pass and can be lost, in the packet's order. */
enum weir_stage {
	WEIR_STAGE_RING,     /* kernel to source: TPACKET ring, AF_XDP rings, BPF ring */
	WEIR_STAGE_FILE,     /* a capture file being read */
	WEIR_STAGE_FILTER,   /* the filter, where it runs in user space */
	WEIR_STAGE_DISPATCH, /* reader thread to sink thread */
	WEIR_STAGE_SINK,     /* worker to one sink */
	WEIR_STAGE_DISK,     /* encoder to file */
	WEIR_STAGE_EXPORT,   /* flow records to a collector; counts records */
	WEIR_STAGE_COUNT
};

/* Why a packet was dropped. The names are those of the report. */
enum weir_reason {
	WEIR_REASON_RING_FULL,       /* the kernel had no room in the ring */
	WEIR_REASON_GSO_UNSUPPORTED, /* the kernel could not express the GSO type (ghost record) */
	WEIR_REASON_AFTER_STOP,      /* owed by the ring, not wanted any more (-c, -a) */
	WEIR_REASON_INVALID,         /* a record or descriptor that could not be used */
	WEIR_REASON_TRUNCATED,       /* a file's record that ends beyond the file */
	WEIR_REASON_MALFORMED,       /* a file's record that contradicts itself */
	WEIR_REASON_NO_BUFFER,       /* no UMEM frame, no pool slot */
	WEIR_REASON_QUEUE_FULL,      /* a bounded queue between two threads was full */
	WEIR_REASON_DISK_FULL,       /* ENOSPC, EDQUOT, --keep-free */
	WEIR_REASON_DISK_SLOW,       /* the writer's queue was full */
	WEIR_REASON_IO_ERROR,        /* the write failed otherwise */
	WEIR_REASON_READER_GONE,     /* the pipe or connection was closed by its reader */
	WEIR_REASON_SAMPLED,         /* left out by sampling, on request */
	WEIR_REASON_UNTRIGGERED,     /* left out by a flight recorder: nothing happened near it */
	WEIR_REASON_LIMIT,    /* left out: its flow has had the bytes that are wanted of each */
	WEIR_REASON_NOT_SENT, /* a collector could not be reached */
	WEIR_REASON_COUNT
};

/* "ring", "file", ...; valid for ever. 'stage' is one of the above. Any thread. */
const char *weir_stage_name(enum weir_stage stage);
/* "ring_full", ...; likewise. */
const char *weir_reason_name(enum weir_reason reason);

/* One 64-bit counter: one writer, any reader. */
struct weir_cell {
	uint64_t value; /* only through the functions below; C++ knows no _Atomic */
};

/* Add on the writer's thread; no read-modify-write cycle on the bus is needed. */
static inline void weir_cell_add(struct weir_cell *cell, uint64_t n)
{
	uint64_t old = __atomic_load_n(&cell->value, __ATOMIC_RELAXED);
	__atomic_store_n(&cell->value, old + n, __ATOMIC_RELAXED);
}

static inline void weir_cell_set(struct weir_cell *cell, uint64_t n)
{
	__atomic_store_n(&cell->value, n, __ATOMIC_RELAXED);
}

static inline uint64_t weir_cell_get(const struct weir_cell *cell)
{
	return __atomic_load_n(&cell->value, __ATOMIC_RELAXED);
}

/* Bits of weir_row.unknown. Dropped reasons are bit (WEIR_UNKNOWN_REASONS + reason). */
enum { WEIR_UNKNOWN_IN = 1 << 0, WEIR_UNKNOWN_OUT = 1 << 1, WEIR_UNKNOWN_REASONS = 2 };

/* What one stage saw, as plain numbers (a copy taken at a cut). */
struct weir_tally {
	uint64_t in, out, filtered, freezes, dropped[WEIR_REASON_COUNT];
};

struct weir_account;

/*
 * One stage of one account (and, at the sink stage, of one sink). Cells may
 * be written by the stage's two sides without any lock. Lives as long as the
 * ledger.
 */
struct weir_row {
	struct weir_cell in;       /* written by the giver */
	struct weir_cell out;      /* written by the taker */
	struct weir_cell filtered; /* not wanted by the filter: not a loss */
	struct weir_cell dropped[WEIR_REASON_COUNT];
	struct weir_cell late;    /* passed on behind a younger one, where order is promised */
	struct weir_cell spread;  /* of 'in', at dispatch: another's, whose lane was half full */
	struct weir_cell freezes; /* times that the kernel found the ring full (V3), not packets */
	struct weir_cell has_freezes; /* 1: these are told */
	uint32_t unknown; /* WEIR_UNKNOWN_ bits: weir_row_unknown, weir_row_unknown_bits */
	enum weir_stage stage;
	bool checked;  /* both sides count */
	char name[32]; /* the sink's name at sink, disk and export stages, else "" */
	struct weir_account *account;
	struct weir_row *next; /* of the same account, in order of stage: weir_row_next */
	struct weir_tally cut; /* as of the last cut; under the ledger's lock */
};

/*
 * The account of one source instance: its identity, its rows, and what
 * passed. Opened by the source, lives as long as the ledger.
 */
struct weir_account {
	char name[64];   /* interface or file */
	char netns[64];  /* "" = own namespace */
	char source[16]; /* "ring", "file" ... */
	uint32_t queue;
	struct weir_cell frames; /* delivered by the source, counted by the worker */
	struct weir_cell bytes;  /* their wire_len */
	struct weir_cell wire;   /* wire packets that the frames stand for */
	/*
	 * Members of a fanout group with rollover: packets that were this one's and that the
	 * kernel sought another place for (with the mode 'rollover', all that the group got);
	 * of these, those of flows that take more than their share; those without any place.
	 */
	struct weir_cell rolled_over, rolled_over_huge, rolled_over_failed;
	struct weir_cell has_rollover; /* 1: these three are counted */
	/*
	 * Of a source that takes packets from the host and hands them back (xdp: with to-stack):
	 * frames that the host's stack has taken, and those that it refused.
	 */
	struct weir_cell to_stack, to_stack_refused;
	struct weir_cell has_to_stack; /* 1: these two are counted */
	uint64_t memory_bytes;         /* that the source took when it was opened; 0 = not told */
	struct weir_cell read_bytes;   /* of a file: where reading stands, in the file's bytes */
	uint64_t file_bytes;           /* and how long the file is; 0 = cannot be known */
	struct weir_cell wire_unknown; /* frames whose wire packets could not be told */
	struct weir_row *rows;         /* weir_account_rows */
	struct weir_account *next;     /* weir_account_next */
	uint64_t opened_ns;            /* Unix time when the account was added */
	uint64_t cut_time_ns; /* Unix time of the last cut, 0 = none; under the ledger's lock */
	uint64_t cut_frames, cut_bytes, cut_wire;
};

/* Packets lost at one place in one interval. */
struct weir_loss {
	uint64_t from_ns, to_ns; /* Unix time */
	const struct weir_account *account;
	enum weir_stage stage;
	enum weir_reason reason;
	uint64_t packets;
};

/*
 * Losses kept with their times. When there is no more room the last of the
 * same kind is stretched; one of a new kind is in its row's sum only.
 */
enum { WEIR_LOSSES_MAX = 4096 };

struct weir_ledger;

/* Make an empty ledger. -ENOMEM. Close it with weir_ledger_close. Any thread. */
int weir_ledger_open(struct weir_ledger **out);
/* Free the ledger with its accounts and rows, which nobody may use any more; NULL is fine. */
void weir_ledger_close(struct weir_ledger *ledger);

/*
 * Add an account. NULL on lack of memory. Owned by the ledger.
 * Thread rule: any thread; not on the packet path.
 */
struct weir_account *weir_ledger_account(struct weir_ledger *ledger, const char *name,
					 const char *netns, const char *source, uint32_t queue);
/*
 * Add a row to an account, after the rows of earlier and of the same stage.
 * NULL on lack of memory. Owned by the ledger. Thread rule: any thread; not
 * on the packet path.
 */
struct weir_row *weir_ledger_row(struct weir_ledger *ledger, struct weir_account *account,
				 enum weir_stage stage, const char *name, bool checked);

/* Mark cells of a row unknown (WEIR_UNKNOWN_ bits). Any thread. */
void weir_row_unknown(struct weir_row *row, uint32_t bits);
/* Which cells of a row are unknown (WEIR_UNKNOWN_ bits). Any thread. */
static inline uint32_t weir_row_unknown_bits(const struct weir_row *row)
{
	return __atomic_load_n(&row->unknown, __ATOMIC_RELAXED);
}

/*
 * Take a cut of one account: copy its cells, enter what was dropped since
 * the last cut (before the first one: since the account was added) into the
 * losses, located between the two. To be called on
 * the thread that delivers the account's packets, at an instant at which all
 * that was owed has been delivered. 'now_ns' is Unix time.
 */
void weir_ledger_cut(struct weir_ledger *ledger, struct weir_account *account, uint64_t now_ns);

/* in == out + filtered + dropped, or unchecked, or a cell is unknown. Any thread. */
bool weir_row_balanced(const struct weir_row *row);
/*
 * The first row of the ledger that does not balance, or NULL. The claim holds
 * at a cut only (after the engine has stopped, always). Any thread.
 */
const struct weir_row *weir_ledger_unbalanced(struct weir_ledger *ledger);

/* Sums over the ledger, for the report's "packets". */
struct weir_totals {
	uint64_t seen;      /* in of each account's first stage */
	uint64_t filtered;  /* turned away by a user-space filter */
	uint64_t frames;    /* got from the sources, and not turned away */
	uint64_t delivered; /* of these, those that reached the sinks: not lost at dispatch */
	uint64_t written;   /* out of disk rows */
	uint64_t dropped;   /* all reasons, source to dispatch, and disk */
	uint64_t lost;      /* of 'dropped', those that nobody asked to leave out */
	uint64_t wire;      /* wire packets that the frames stand for */
	uint64_t bytes;     /* of the frames, on the wire */
	bool seen_known, dropped_known, wire_known;
};
/* Sum up. 'at_cut' takes the numbers of the last cuts, else the live cells. Any thread. */
void weir_ledger_totals(struct weir_ledger *ledger, bool at_cut, struct weir_totals *out);

/*
 * The first account, and the one after another; NULL at the end. Accounts and
 * rows are never removed, and may be added at any time: whoever follows the
 * lists finds a new one complete, or not yet. Any thread.
 */
const struct weir_account *weir_ledger_accounts(const struct weir_ledger *ledger);
static inline const struct weir_account *weir_account_next(const struct weir_account *account)
{
	/* pairs with the release in weir_ledger_account */
	return __atomic_load_n(&account->next, __ATOMIC_ACQUIRE);
}
/* Likewise of an account's rows, in the order of stages. */
static inline const struct weir_row *weir_account_rows(const struct weir_account *account)
{
	/* pairs with the release in weir_ledger_row, as the next one */
	return __atomic_load_n(&account->rows, __ATOMIC_ACQUIRE);
}
static inline const struct weir_row *weir_row_next(const struct weir_row *row)
{
	return __atomic_load_n(&row->next, __ATOMIC_ACQUIRE);
}

/*
 * Copy up to 'max' of the losses, oldest first, into 'out'; returns how many
 * there are in all. Any thread.
 */
uint32_t weir_ledger_losses(struct weir_ledger *ledger, struct weir_loss *out, uint32_t max);

#ifdef __cplusplus
}
#endif
#endif
