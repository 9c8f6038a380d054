/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: where packets come from. One source = one interface (or file) and
 * one queue. Chosen by name: "ring:eth0,blocks=64", "file:x.pcapng", ...
 *
 * Invariants:
 * - All operations of a source run on the thread of the worker that owns it.
 * - next() never blocks; waiting is done on wait_fd by the worker.
 * - After stop(), no further packet enters the source.
 */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "filter.h"
#include "ledger.h"
#include "packet.h"
#include "privilege.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_direction { WEIR_DIRECTION_INOUT, WEIR_DIRECTION_IN, WEIR_DIRECTION_OUT };

enum { WEIR_SNAPLEN_DEFAULT = WEIR_SNAPLEN_MAX /* as tcpdump */ };

/* How the kernel chooses the member of a fanout group that gets a packet. */
enum weir_fanout_mode {
	WEIR_FANOUT_NONE,     /* no group */
	WEIR_FANOUT_HASH,     /* by flow, the same for both directions; a flow's fragments apart */
	WEIR_FANOUT_LB,       /* in turn */
	WEIR_FANOUT_CPU,      /* by the CPU that the packet arrived on */
	WEIR_FANOUT_QM,       /* by the queue of the NIC */
	WEIR_FANOUT_RND,      /* by chance */
	WEIR_FANOUT_ROLLOVER, /* the first one that has room */
	WEIR_FANOUT_CBPF,     /* by the outermost pair of addresses: classic BPF */
	WEIR_FANOUT_EBPF,     /* the same by an eBPF program, which needs rights to be loaded */
	WEIR_FANOUT_EBPF_INNER, /* by the innermost pair of addresses */
	WEIR_FANOUT_MODE_COUNT
};
/* "hash", "lb", "ebpf-inner" ...; valid for ever. */
const char *weir_fanout_mode_name(enum weir_fanout_mode mode);

struct weir_source;

enum { WEIR_FANOUT_GROUP_OWN = -1, WEIR_FANOUT_MEMBERS_MAX = 64 };

/*
 * A source that shares its interface with others: each packet goes to one
 * member of the group. A member hears nothing until 'admit' is called, which
 * is to be done when all members have been opened, so that no packet takes
 * another way than the later ones of its flow.
 */
struct weir_fanout {
	enum weir_fanout_mode mode;
	bool rollover;   /* when the chosen member's ring is full, another one gets the packet */
	int32_t group;   /* its number, 0 to 65535, or WEIR_FANOUT_GROUP_OWN: a new one */
	uint32_t member; /* which member this is, from 0; the account's queue */
	/*
	 * How many this process opens; they share the default ring_bytes. Up to 1:
	 * there is a group only if the source's option fanout=ID names one.
	 */
	uint32_t members;
	/* With member > 0, of a kind that is_shared: member 0, which is open. */
	struct weir_source *first;
};

/* What the user asked of a source, besides its name. */
struct weir_source_settings {
	/* Bytes wanted of each packet, 0 = WEIR_SNAPLEN_DEFAULT; a source may give more. */
	uint32_t snaplen;
	enum weir_direction direction;
	bool promiscuous;
	/*
	 * Put no program on the interface, but see what else forbids it, and how much memory
	 * it takes (account->memory_bytes). A source whose kind attaches delivers nothing then.
	 */
	bool dry_run;
	/* Of files: only packets of these times, both included, Unix time; 0 = no such limit. */
	uint64_t from_ns, to_ns;
	uint64_t ring_bytes;        /* 0 = the source's default */
	struct weir_fanout fanout;  /* of sources whose kind has_fanout, or is_shared */
	struct weir_filter *filter; /* NULL = all; borrowed for the life of the source */
};

/* What a source enters itself into; all borrowed for the life of the source. */
struct weir_source_context {
	struct weir_interfaces *interfaces;
	struct weir_privilege *privilege; /* asked for what needs capabilities; NULL = do it here */
	struct weir_ledger *ledger;
	/*
	 * Tell the user something that is not an error ("interface 'eth0' is
	 * down, waiting for it"). May be NULL. Called on the worker's thread.
	 */
	void (*notice)(void *user, const char *text);
	void *user;
};

struct weir_source_ops {
	const char *name; /* the prefix: "ring" */
	/*
	 * Get up to 'limit' (1 to WEIR_BATCH_PACKETS_MAX) packets. Never
	 * blocks. Returns how many (> 0) and *batch, 0 when there is nothing
	 * now, -ENODATA at the end of the data, -ENODEV when the interface is
	 * gone, another -errno for a failure (source->failure says more). The
	 * batch is borrowed until release. A source hands out one batch at a
	 * time.
	 */
	int (*next)(struct weir_source *source, uint32_t limit, struct weir_batch **batch);
	/* Give the last batch back. */
	void (*release)(struct weir_source *source, struct weir_batch *batch);
	/*
	 * Change filter, snaplen while running, without losing a packet. May be
	 * NULL. -errno and 'error'.
	 */
	int (*configure)(struct weir_source *source, const struct weir_source_settings *settings,
			 struct weir_error *error);
	/*
	 * Bring the source's own counters (the kernel's) into its row, and set
	 * source->owed: the number of packets that will have been delivered,
	 * since the open, when all that these counters tell of is delivered.
	 * NULL for a source that owes nothing between two batches.
	 */
	int (*read_counters)(struct weir_source *source);
	/* Let packets in, all members of the group being there; NULL but for kinds that has_fanout. */
	int (*admit)(struct weir_source *source, struct weir_error *error);
	/* Let no further packet in (law 1, stop). May be NULL. */
	void (*stop)(struct weir_source *source);
	/* Free everything; no batch may be out. */
	void (*close)(struct weir_source *source);
};

/* The part of a source that the engine sees; first member of each kind's own struct. */
struct weir_source {
	const struct weir_source_ops *ops;
	int wait_fd; /* readable (or in error) when next() may have something; -1 = see below */
	int poll_interval_ms; /* with wait_fd -1: ask at least this often; 0 = without a pause */
	bool filtered;        /* the kernel has already applied the filter */
	int device; /* the kernel's index of its one interface; 0 = none, many, not told */
	struct weir_fanout fanout; /* as it was joined; mode NONE: no member of a group */
	uint32_t cut_to; /* snaplen for the worker to apply behind the filter; 0 = it is done */
	uint64_t owed;   /* see read_counters; UINT64_MAX when nothing is owed at a cut */
	struct weir_account *account;
	struct weir_row *row; /* its own stage: 'in' and drops by the source, 'out' by the worker */
	struct weir_error failure; /* after next() failed */
};

/*
 * Open a source by name; a bare interface name is 'ring:'. On failure
 * nothing is left open, 'error' says what to do. Errors: -EINVAL unknown
 * source or option, -ENODEV no such interface (near names are told), -EPERM
 * (the missing capability is named), -ENOMEM, -errno of the system. Close
 * with source->ops->close. Thread rule: any; afterwards the owner's thread.
 */
int weir_source_open(const char *name, const struct weir_source_settings *settings,
		     const struct weir_source_context *context, struct weir_source **out,
		     struct weir_error *error);

/* What an interface must be for a kind of source. */
enum weir_source_needs {
	WEIR_SOURCE_NEEDS_NOTHING,   /* it reads no interface */
	WEIR_SOURCE_NEEDS_INTERFACE, /* any will do */
	WEIR_SOURCE_NEEDS_LINK,      /* one whose frames a raw packet socket shows with a header */
	WEIR_SOURCE_NEEDS_ETHERNET,
};

/* A kind of source, for listings and help. */
struct weir_source_kind {
	const char *prefix;  /* "ring" */
	const char *summary; /* one line */
	int (*open)(const char *subject, const struct weir_source_settings *settings,
		    const struct weir_source_context *context, struct weir_source **out,
		    struct weir_error *error);
	enum weir_source_needs needs;
	bool has_fanout; /* several sources can share an interface's packets */
	bool is_shared;  /* the same, by CPU or queue: its members are all of this process */
	bool attaches;   /* it puts a program where packets pass */
};
/* The table of kinds, ended by a NULL prefix; valid for ever. */
const struct weir_source_kind *weir_source_kinds(void);
/* The kind that a source's name is of, "ring" where it has no known prefix. */
const struct weir_source_kind *weir_source_kind_of(const char *name);

#ifdef __cplusplus
}
#endif
#endif
