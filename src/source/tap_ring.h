/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading side of the per-CPU rings that BPF programs fill
 * (bpf/tap_record.h), merged into one stream in order of time.
 *
 * Records are merged among the CPUs up to a horizon a little in the past:
 * what is older than that has been published by every CPU. A CPU held up in
 * mid-program for longer (a virtual machine's may be) can still be late.
 */
#ifndef SOURCE_TAP_RING_H
#define SOURCE_TAP_RING_H

#include "hook/hook.h"
#include "tap_record.h"
#include "weir/source.h"

/* One CPU's ring. */
struct tap_lane {
	struct tap_record *records;
	uint64_t position; /* of the next record */
	uint64_t limit;    /* of a cut: not to be passed until all lanes have reached theirs */
	uint64_t given;    /* what the program has been told of */
};

struct tap_ring {
	struct tap_control *controls;
	struct tap_record *records;
	size_t control_bytes, record_bytes; /* mapped; of an arena, none by us */
	uint32_t control_count, lane_count;
	/* Shared by several readers, ours are the lanes 'first', first + others + 1, ... */
	uint32_t first, others;
	uint64_t slots;
	bool has_tai;
	bool is_ending;  /* nothing more is written: no horizon */
	bool is_cutting; /* the lanes' limits hold */
	struct tap_lane *lanes;

	uint64_t fault_seen;
	uint64_t new_losses; /* found by the last snapshots, not yet told in a batch */
	uint64_t known_losses;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

/* Sums over the CPUs, as of one instant for each of them. */
struct tap_snapshot {
	uint64_t seen, filtered, ring_full, no_ring;
};

/* How many rings to make (one for each CPU that is there), and of how many records. */
uint32_t tap_ring_cpus(void);
uint64_t tap_ring_slots(uint64_t ring_bytes, uint32_t rings);
/* The memory of 'rings' rings of 'slots', and of the counters of 'cpus' CPUs. */
uint64_t tap_ring_memory(uint64_t slots, uint32_t rings, uint32_t cpus);

/*
 * Map the rings of 'answer', whose two maps' descriptors may be closed
 * afterwards; 'arena' are the records when the caller has mapped them, which
 * outlives the ring. -ENOMEM, -errno. Close with tap_ring_close, also after failure.
 */
int tap_ring_open(struct tap_ring *ring, const struct hook_answer *answer, struct tap_record *arena,
		  uint64_t slots, uint32_t rings, struct weir_error *error);
void tap_ring_close(struct tap_ring *ring);

/*
 * Views of up to 'limit' packets in ring->batch; returns how many. 'own' is
 * the interface's address, for telling the direction where the hook did not;
 * 'flags' are added to each packet's.
 */
uint32_t tap_ring_next(struct tap_ring *ring, uint32_t limit, uint32_t interface,
		       const uint8_t own[6], uint16_t flags);
/* Give back all that was handed out. */
void tap_ring_release(struct tap_ring *ring);
/*
 * Read the counters at an instant at which no program is in between (for each
 * CPU), and let packets behind that instant wait until those before it have
 * been handed out. False when a CPU was never found idle.
 */
bool tap_ring_snapshot(struct tap_ring *ring, struct tap_snapshot *out);

#endif
