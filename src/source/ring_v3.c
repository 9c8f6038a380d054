/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPACKET_V3: records of variable length in blocks. A block is handed over
 * when it is full or its retire time is up, and given back when its last
 * record has been released.
 */
#include "ring.h"

#include <linux/if_packet.h>

#include "base/clock.h"
#include "base/fault.h"

static struct tpacket_block_desc *ring_v3_block(const struct ring *ring)
{
	return (struct tpacket_block_desc *)(ring->map + ring->at * ring->block_bytes);
}

/* Enter the next block if the kernel has handed it over. */
static bool ring_v3_enter_block(struct ring *ring)
{
	struct tpacket_hdr_v1 *header = &ring_v3_block(ring)->hdr.bh1;

	/* pairs with the kernel's smp_wmb before it sets TP_STATUS_USER (prb_flush_block) */
	if (!(__atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	ring->left = header->num_pkts;
	ring->record = (const uint8_t *)ring_v3_block(ring) + header->offset_to_first_pkt;
	return true;
}

static void ring_v3_leave_block(struct ring *ring)
{
	struct tpacket_hdr_v1 *header = &ring_v3_block(ring)->hdr.bh1;

	/* release: our reads are done; pairs with the kernel's smp_rmb in prb_lookup_block */
	__atomic_store_n(&header->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	if (++ring->at == ring->block_count)
		ring->at = 0;
	ring->record = NULL;
}

/* Views of up to 'limit' records of the block we are in; ghosts are passed over. */
static uint32_t ring_v3_fill(struct ring *ring, uint32_t limit)
{
	uint32_t count = 0;

	while (ring->left && count < limit) {
		struct tpacket3_hdr *record = (struct tpacket3_hdr *)ring->record;
		const struct sockaddr_ll *address =
			(const void *)(ring->record + TPACKET_ALIGN(sizeof(*record)));
		struct packet_frame frame = {
			.bytes = (uint8_t *)record + record->tp_mac,
			.status = record->tp_status,
			.captured_len = record->tp_snaplen,
			.wire_len = record->tp_len,
			.time_ns = (uint64_t)record->tp_sec * CLOCK_NS_PER_S + record->tp_nsec,
			.vlan_tci = (uint16_t)record->hv1.tp_vlan_tci,
			.vlan_tpid = record->hv1.tp_vlan_tpid,
			.packet_type = address->sll_pkttype,
			.device = address->sll_ifindex,
			.hardware_type = address->sll_hatype,
		};
		unsigned int copies;

		ring->record += record->tp_next_offset;
		ring->left--;
		__builtin_prefetch(ring->record + 2 * record->tp_next_offset);
		/*
		 * With PACKET_VNET_HDR the kernel drops GSO types that it cannot
		 * express, after it has reserved the record: a ghost.
		 */
		if (!(frame.status & TP_STATUS_USER)) {
			ring->socket.ghosts++;
			continue;
		}
		copies = fault_copies("ring", &ring->fault_seen);
		if (!copies || !packet_socket_view(&ring->socket, &frame, &ring->packets[count]))
			continue;
		count++;
		if (copies == 2 && count < limit) {
			ring->packets[count] = ring->packets[count - 1];
			count++;
		}
	}
	return count;
}

static bool ring_v3_has_gso(const struct ring *ring, uint32_t count)
{
	uint32_t sizes = 0;

	for (uint32_t i = 0; i < count; i++)
		sizes |= ring->packets[i].gso_size | (ring->packets[i].flags & WEIR_PACKET_SUPER);
	return sizes;
}

static int ring_v3_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct ring *ring = (struct ring *)source;
	uint32_t count = 0;

	while (!count) {
		if (!ring->record && !ring_v3_enter_block(ring))
			return packet_socket_check_link(&ring->socket, 0);
		count = ring_v3_fill(ring, limit);
		if (!count)
			ring_v3_leave_block(ring); /* nothing but ghosts */
	}
	ring->batch.count = count;
	ring->batch.has_gso = ring_v3_has_gso(ring, count);
	*batch = &ring->batch;
	return (int)count;
}

static void ring_v3_release(struct weir_source *source, struct weir_batch *batch)
{
	struct ring *ring = (struct ring *)source;

	if (ring->record && !ring->left)
		ring_v3_leave_block(ring);
}

const struct weir_source_ops ring_v3_ops = {
	.name = "ring",
	.next = ring_v3_next,
	.release = ring_v3_release,
	.configure = packet_socket_configure,
	.read_counters = packet_socket_read_counters,
	.admit = packet_socket_admit,
	.stop = packet_socket_stop,
	.close = ring_close,
};
