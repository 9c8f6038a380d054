/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPACKET_V2: one packet per cell of fixed size, handed over at once: lower
 * latency than V3, more memory and more wake-ups per packet.
 */
#include "ring.h"

#include <linux/if_packet.h>

#include "base/clock.h"
#include "base/fault.h"

static struct tpacket2_hdr *ring_v2_cell(const struct ring *ring, uint64_t index)
{
	uint64_t per_block = ring->block_bytes / ring->frame_bytes;

	return (struct tpacket2_hdr *)(ring->map + index / per_block * ring->block_bytes +
				       index % per_block * ring->frame_bytes);
}

static uint64_t ring_v2_following(const struct ring *ring, uint64_t index)
{
	return index + 1 == ring->frame_count ? 0 : index + 1;
}

static void ring_v2_release(struct weir_source *source, struct weir_batch *batch)
{
	struct ring *ring = (struct ring *)source;

	for (; ring->taken; ring->taken--) {
		struct tpacket2_hdr *cell = ring_v2_cell(ring, ring->at);

		/* release: our reads are done; pairs with the kernel's look at tp_status */
		__atomic_store_n(&cell->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		ring->at = ring_v2_following(ring, ring->at);
	}
}

static int ring_v2_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct ring *ring = (struct ring *)source;
	uint64_t index = ring->at;
	uint32_t count = 0;

	ring->taken = 0;
	ring->batch.has_gso = false;
	while (count < limit && ring->taken < ring->frame_count) {
		struct tpacket2_hdr *cell = ring_v2_cell(ring, index);
		const struct sockaddr_ll *address =
			(const void *)((const uint8_t *)cell + TPACKET_ALIGN(sizeof(*cell)));
		struct packet_frame frame;
		unsigned int copies;

		/* pairs with the kernel's barrier in __packet_set_status */
		frame.status = __atomic_load_n(&cell->tp_status, __ATOMIC_ACQUIRE);
		if (!(frame.status & TP_STATUS_USER))
			break;
		frame.bytes = (uint8_t *)cell + cell->tp_mac;
		frame.captured_len = cell->tp_snaplen;
		frame.wire_len = cell->tp_len;
		frame.time_ns = (uint64_t)cell->tp_sec * CLOCK_NS_PER_S + cell->tp_nsec;
		frame.vlan_tci = cell->tp_vlan_tci;
		frame.vlan_tpid = cell->tp_vlan_tpid;
		frame.packet_type = address->sll_pkttype;
		frame.device = address->sll_ifindex;
		frame.hardware_type = address->sll_hatype;
		index = ring_v2_following(ring, index);
		ring->taken++;
		copies = fault_copies("ring", &ring->fault_seen);
		if (!copies || !packet_socket_view(&ring->socket, &frame, &ring->packets[count]))
			continue;
		count++;
		if (copies == 2 && count < limit) {
			ring->packets[count] = ring->packets[count - 1];
			count++;
		}
		if (count && ring->packets[count - 1].flags & WEIR_PACKET_SUPER)
			ring->batch.has_gso = true;
	}
	if (!count) {
		ring_v2_release(source, &ring->batch);
		return packet_socket_check_link(&ring->socket, 0);
	}
	ring->batch.count = count;
	*batch = &ring->batch;
	return (int)count;
}

const struct weir_source_ops ring_v2_ops = {
	.name = "ring",
	.next = ring_v2_next,
	.release = ring_v2_release,
	.configure = packet_socket_configure,
	.read_counters = packet_socket_read_counters,
	.admit = packet_socket_admit,
	.stop = packet_socket_stop,
	.close = ring_close,
};
