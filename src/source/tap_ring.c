/* SPDX-License-Identifier: Apache-2.0 */
#include "tap_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "program_clock.h"
#include "source/link.h"

enum {
	TAP_RING_SLOTS_LEAST = 1 << 10,
	TAP_RING_SLOTS_MOST = 1 << 20,
	/*
	 * How far the horizon lies back. The time is read right before the
	 * record is published, so some nanoseconds do; an interrupt (with
	 * bottom halves off, only a hard one) may come in between.
	 */
	TAP_RING_SETTLE_NS = 20 * CLOCK_NS_PER_US,
	TAP_RING_SNAPSHOTS_MAX = 100000, /* reads of two cache lines each */
	TAP_RING_PREFETCH = 4,           /* records ahead */
	TAP_RING_VLAN_BYTES = 4,
};
/* 128 Ki packets a CPU, 23 ms at 5.6 Mpps: larger rings are slower, for the caches' sake. */
#define TAP_RING_BYTES_DEFAULT (UINT64_C(64) << 20)
#define TAP_RING_SLOTS_DEFAULT (UINT64_C(1) << 17)

uint32_t tap_ring_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (cpus < 1)
		return 1;
	return cpus > HOOK_RING_CPUS_MAX ? HOOK_RING_CPUS_MAX : (uint32_t)cpus;
}

uint64_t tap_ring_slots(uint64_t ring_bytes, uint32_t rings)
{
	uint64_t bytes = ring_bytes ? ring_bytes : TAP_RING_BYTES_DEFAULT;
	uint64_t most = ring_bytes ? TAP_RING_SLOTS_MOST : TAP_RING_SLOTS_DEFAULT;
	uint64_t slots = TAP_RING_SLOTS_LEAST;

	while (slots < most && 2 * slots * sizeof(struct tap_record) * rings <= bytes)
		slots *= 2;
	return slots;
}

static int tap_ring_map(void **out, int fd, size_t bytes, struct weir_error *error)
{
	*out = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (*out != MAP_FAILED)
		return 0;
	*out = NULL;
	return weir_error_set_errno(error, -errno, "cannot map a ring of %zu KiB", bytes >> 10);
}

static size_t tap_ring_page_up(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static size_t tap_ring_control_bytes(uint32_t cpus)
{
	return tap_ring_page_up(cpus * sizeof(struct tap_control));
}

static size_t tap_ring_record_bytes(uint64_t slots, uint32_t rings)
{
	return tap_ring_page_up((size_t)rings * (slots + 1) * sizeof(struct tap_record));
}

uint64_t tap_ring_memory(uint64_t slots, uint32_t rings, uint32_t cpus)
{
	return tap_ring_control_bytes(cpus) + tap_ring_record_bytes(slots, rings);
}

int tap_ring_open(struct tap_ring *ring, const struct hook_answer *answer, struct tap_record *arena,
		  uint64_t slots, uint32_t rings, struct weir_error *error)
{
	int rc;

	_Static_assert(sizeof(struct tap_record) == 128, "two cache lines");
	_Static_assert(sizeof(struct tap_control) == 256, "the sides do not share a line");
	ring->slots = slots;
	ring->lane_count = rings;
	ring->control_count = answer->controls;
	ring->has_tai = answer->has_tai;
	ring->batch.packets = ring->packets;
	ring->control_bytes = tap_ring_control_bytes(answer->controls);
	ring->record_bytes = arena ? 0 : tap_ring_record_bytes(slots, rings);
	ring->records = arena;
	ring->lanes = calloc(rings, sizeof(*ring->lanes));
	if (!ring->lanes)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = tap_ring_map((void **)&ring->controls, answer->descriptors[HOOK_TAP_CONTROLS],
			  ring->control_bytes, error);
	if (rc == 0 && !arena)
		rc = tap_ring_map((void **)&ring->records, answer->descriptors[HOOK_TAP_RECORDS],
				  ring->record_bytes, error);
	for (uint32_t i = 0; rc == 0 && i < rings; i++)
		ring->lanes[i].records = ring->records + i * slots;
	return rc;
}

void tap_ring_close(struct tap_ring *ring)
{
	if (ring->controls)
		munmap(ring->controls, ring->control_bytes);
	if (ring->record_bytes && ring->records)
		munmap(ring->records, ring->record_bytes);
	free(ring->lanes);
}

/* ---- records to packets ---- */

static uint16_t tap_ring_direction(const struct tap_record *record, const uint8_t own[6])
{
	uint32_t type = record->shape >> TAP_TYPE_SHIFT & TAP_TYPE_UNKNOWN;

	return type == TAP_TYPE_UNKNOWN ? link_direction(record->bytes, own) : (uint16_t)type;
}

/* The tag goes back to where it was: the addresses move up over the record's header. */
static void tap_ring_restore_vlan(struct tap_record *record, struct weir_packet *packet)
{
	uint16_t tci = record->vlan_tci;
	uint16_t tpid = record->shape & TAP_VLAN_8021AD ? ETH_P_8021AD : ETH_P_8021Q;
	uint16_t tag[2] = {htons(tpid), htons(tci)};
	uint8_t *bytes = record->bytes - TAP_RING_VLAN_BYTES;

	memmove(bytes, record->bytes, 12);
	memcpy(bytes + 12, tag, sizeof(tag));
	packet->bytes = bytes;
	packet->captured_len += TAP_RING_VLAN_BYTES;
	packet->wire_len += TAP_RING_VLAN_BYTES;
	packet->vlan_tci = tci;
	packet->vlan_tpid = tpid;
	packet->flags |= WEIR_PACKET_VLAN_RESTORED;
}

static void tap_ring_view(struct tap_record *record, uint64_t time_ns, const uint8_t own[6],
			  struct weir_packet *packet)
{
	packet->bytes = record->bytes;
	packet->time_ns = time_ns;
	packet->captured_len = record->shape >> TAP_CAPTURED_SHIFT & ((1 << TAP_CAPTURED_BITS) - 1);
	packet->wire_len = record->shape & ((1 << TAP_WIRE_BITS) - 1);
	packet->rx_hash = 0;
	packet->vlan_tci = packet->vlan_tpid = 0;
	packet->gso_size = record->gso_size;
	packet->flags = tap_ring_direction(record, own);
	if (record->shape & TAP_VLAN && packet->captured_len >= 12)
		tap_ring_restore_vlan(record, packet);
}

/* ---- the merge ---- */

static struct tap_record *tap_ring_at(const struct tap_ring *ring, const struct tap_lane *lane)
{
	return lane->records + (lane->position & (ring->slots - 1));
}

/* The time of a lane's next record on the program's clock, UINT64_MAX when there is none. */
static uint64_t tap_ring_head(const struct tap_ring *ring, const struct tap_lane *lane)
{
	uint64_t lap = lane->position & ring->slots ? 0 : TAP_LAP_BIT;
	uint64_t word;

	if (ring->is_cutting && lane->position == lane->limit)
		return UINT64_MAX;
	/* pairs with tap_publish: the record has been filled before its first word */
	word = __atomic_load_n(&tap_ring_at(ring, lane)->time, __ATOMIC_ACQUIRE);
	return (word & TAP_LAP_BIT) == lap ? word & ~TAP_LAP_BIT : UINT64_MAX;
}

/* The lane whose next record is the oldest; *next_ns is the age at which another takes over. */
static struct tap_lane *tap_ring_choose(struct tap_ring *ring, uint64_t horizon_ns,
					uint64_t *next_ns)
{
	struct tap_lane *best = NULL;
	uint64_t best_ns = UINT64_MAX;

	*next_ns = horizon_ns;
	for (uint32_t i = ring->first; i < ring->lane_count; i += 1 + ring->others) {
		uint64_t head_ns = tap_ring_head(ring, &ring->lanes[i]);

		if (head_ns < best_ns) {
			*next_ns = best_ns < horizon_ns ? best_ns : horizon_ns;
			best_ns = head_ns;
			best = &ring->lanes[i];
		} else if (head_ns < *next_ns) {
			*next_ns = head_ns;
		}
	}
	return best_ns <= horizon_ns ? best : NULL;
}

uint32_t tap_ring_next(struct tap_ring *ring, uint32_t limit, uint32_t interface,
		       const uint8_t own[6], uint16_t flags)
{
	int64_t to_unix_ns;
	uint64_t horizon_ns = program_clock_ns(ring->has_tai, &to_unix_ns) - TAP_RING_SETTLE_NS;
	uint32_t gso_sizes = 0, count = 0;
	struct tap_lane *lane;
	uint64_t next_ns;

	if (ring->is_ending || ring->first + ring->others + 1 >= ring->lane_count) /* one lane */
		horizon_ns = UINT64_MAX - 1;
	while (count < limit && (lane = tap_ring_choose(ring, horizon_ns, &next_ns))) {
		uint64_t time_ns;

		while (count < limit && (time_ns = tap_ring_head(ring, lane)) <= next_ns) {
			struct tap_record *record = tap_ring_at(ring, lane);
			struct weir_packet *packet = &ring->packets[count];
			unsigned int copies;

			__builtin_prefetch(record + TAP_RING_PREFETCH);
			lane->position++;
			if (record->shape == TAP_EMPTY)
				continue;
			copies = fault_copies("ring", &ring->fault_seen);
			if (!copies)
				continue;
			tap_ring_view(record, time_ns + (uint64_t)to_unix_ns, own, packet);
			packet->interface = interface;
			packet->flags |= flags;
			if (flags & WEIR_PACKET_DROPPED)
				packet->drop_reason = record->vlan_tci;
			gso_sizes |= packet->gso_size;
			count++;
			if (copies == 2 && count < limit)
				ring->packets[count++] = *packet;
		}
	}
	if (!count) {
		tap_ring_release(ring);
		return 0;
	}
	ring->batch.count = count;
	ring->batch.has_gso = gso_sizes;
	ring->batch.dropped = ring->new_losses;
	ring->new_losses = 0;
	return count;
}

static void tap_ring_end_cut(struct tap_ring *ring)
{
	for (uint32_t i = ring->first; i < ring->lane_count; i += 1 + ring->others)
		if (ring->lanes[i].position != ring->lanes[i].limit)
			return;
	ring->is_cutting = false;
}

void tap_ring_release(struct tap_ring *ring)
{
	for (uint32_t i = ring->first; i < ring->lane_count; i += 1 + ring->others) {
		struct tap_lane *lane = &ring->lanes[i];

		if (lane->given == lane->position)
			continue;
		lane->given = lane->position;
		/* release: our reads are done; pairs with the program's look in tap_is_full */
		__atomic_store_n(&ring->controls[i].consumed, lane->position, __ATOMIC_RELEASE);
	}
	if (ring->is_cutting)
		tap_ring_end_cut(ring);
}

/* ---- counters ---- */

/* One CPU's counters while no program is between its 'seen' and its 'done'. */
static bool tap_ring_read(const struct tap_control *control, struct tap_control *out)
{
	for (int n = 0; n < TAP_RING_SNAPSHOTS_MAX; n++) {
		/* pairs with tap_mark: 'done' is stored last, so it is read first */
		out->done = __atomic_load_n(&control->done, __ATOMIC_ACQUIRE);
		out->produced = __atomic_load_n(&control->produced, __ATOMIC_ACQUIRE);
		out->filtered = __atomic_load_n(&control->filtered, __ATOMIC_ACQUIRE);
		out->ring_full = __atomic_load_n(&control->ring_full, __ATOMIC_ACQUIRE);
		out->no_ring = __atomic_load_n(&control->no_ring, __ATOMIC_ACQUIRE);
		out->seen = __atomic_load_n(&control->seen, __ATOMIC_ACQUIRE);
		if (out->done == out->seen)
			return true;
	}
	return false;
}

bool tap_ring_snapshot(struct tap_ring *ring, struct tap_snapshot *out)
{
	uint64_t losses;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = ring->first; i < ring->control_count; i += 1 + ring->others) {
		struct tap_control now;

		if (!tap_ring_read(&ring->controls[i], &now))
			return false;
		out->seen += now.seen;
		out->filtered += now.filtered;
		out->ring_full += now.ring_full;
		out->no_ring += now.no_ring;
		if (i < ring->lane_count)
			ring->lanes[i].limit = now.produced;
	}
	losses = out->ring_full + out->no_ring;
	ring->new_losses += losses - ring->known_losses;
	ring->known_losses = losses;
	ring->is_cutting = true;
	tap_ring_end_cut(ring);
	return true;
}
