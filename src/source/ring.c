/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AF_PACKET ring: the portable default. A packet socket whose receive
 * ring is mapped, so that packets are read where the kernel put them.
 */
#include "ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "filter/kernel.h"
#include "privilege/request.h"
#include "source/kinds.h"
#include "source/spec.h"

enum {
	RING_V3_FRAME_BYTES = 2048, /* only has to divide the block */
	RING_V2_FRAME_MAX = 65536 + 256,
	RING_V2_HEADROOM = 128, /* tpacket2_hdr, sockaddr_ll, virtio header, alignment */
};
/*
 * A block holds a super-packet of 64 KiB; larger blocks save little (a wake-up
 * each), and the kernel may have to compact memory for a megabyte in one piece:
 * 128 MiB then took 0.35 s to get instead of 0.01 s.
 */
#define RING_BLOCK_BYTES_DEFAULT (UINT64_C(256) << 10)
/* A quarter of a second of 60-byte packets at 3.7 Mpps. */
#define RING_BYTES_DEFAULT    (UINT64_C(128) << 20)
#define RING_MEMBER_BYTES_MIN (UINT64_C(16) << 20)
#define RING_BYTES_MAX        (UINT64_C(64) << 30)

enum { RING_TIME_KERNEL, RING_TIME_ADAPTER }; /* in the order of their words below */

struct ring_options {
	uint64_t blocks, block, version, retire_ns, frame, time, group;
};

/* Members of a group share what one alone would have. */
static uint64_t ring_default_bytes(const struct weir_source_settings *settings)
{
	uint64_t bytes = RING_BYTES_DEFAULT;

	if (settings->fanout.members)
		bytes /= settings->fanout.members;
	return bytes > RING_MEMBER_BYTES_MIN ? bytes : RING_MEMBER_BYTES_MIN;
}

static int ring_parse(const char *subject, const struct weir_source_settings *settings, char *name,
		      struct ring_options *options, struct weir_error *error)
{
	const struct spec_option table[] = {
		{"blocks", SPEC_NUMBER, &options->blocks, 2, 1 << 20, {0}},
		{"block", SPEC_SIZE, &options->block, 4096, 1 << 30, {0}},
		{"version", SPEC_NUMBER, &options->version, 2, 3, {0}},
		{"retire", SPEC_TIME, &options->retire_ns, CLOCK_NS_PER_MS, 10 * CLOCK_NS_PER_S, {0}},
		{"frame", SPEC_SIZE, &options->frame, 256, RING_V2_FRAME_MAX, {0}},
		{"time", SPEC_WORD, &options->time, 0, 0, {"kernel", "adapter"}},
		{"fanout", SPEC_NUMBER, &options->group, 0, UINT16_MAX, {0}},
		{NULL, 0, NULL, 0, 0, {0}},
	};
	int rc;

	*options = (struct ring_options){.block = RING_BLOCK_BYTES_DEFAULT,
					 .version = 3,
					 .retire_ns = 10 * CLOCK_NS_PER_MS,
					 .group = PACKET_SOCKET_NO_GROUP};
	rc = spec_parse(subject, name, table, error);
	if (rc < 0)
		return rc;
	if (options->block & (options->block - 1))
		return weir_error_set(error, -EINVAL, "option 'block' must be a power of two");
	if (options->frame && options->version != 2)
		return weir_error_set(error, -EINVAL, "option 'frame' goes with version=2");
	if (!options->blocks && settings->ring_bytes)
		options->blocks = (settings->ring_bytes + options->block - 1) / options->block;
	if (!options->blocks)
		options->blocks = ring_default_bytes(settings) / options->block;
	if (options->blocks < 2)
		options->blocks = 2;
	if (options->blocks * options->block > RING_BYTES_MAX)
		return weir_error_set(error, -EINVAL, "a ring of more than 64 GiB");
	return 0;
}

/* Before there is a ring: what decides the layout of its records, and who is heard. */
static int ring_set_up_socket(struct ring *ring, const struct ring_options *options,
			      struct weir_error *error)
{
	int rc = packet_socket_set(&ring->socket, PACKET_VERSION,
				   options->version == 3 ? TPACKET_V3 : TPACKET_V2);

	if (rc < 0)
		return weir_error_set_errno(error, rc, "the kernel has no TPACKET_V%" PRIu64,
					    options->version);
	/*
	 * Not with V2: there a packet of a GSO type that the header cannot
	 * express leaves its cell owned for ever, and the ring stalls (the bit
	 * in rx_owner_map is not cleared; seen on 6.18).
	 */
	ring->socket.has_vnet_header = options->version == 3 &&
				       packet_socket_set(&ring->socket, PACKET_VNET_HDR, 1) == 0;
	if (!ring->socket.has_vnet_header) /* room for the VLAN tag to be put back */
		packet_socket_set(&ring->socket, PACKET_RESERVE, PACKET_SOCKET_VLAN_BYTES);
	return 0;
}

static uint64_t ring_v2_frame_bytes(const struct ring_options *options,
				    const struct weir_source_settings *settings)
{
	uint64_t wanted = options->frame;

	if (!wanted) {
		wanted = packet_socket_snaplen(settings) + RING_V2_HEADROOM;
		if (wanted < PACKET_SOCKET_HEADER_BYTES + RING_V2_HEADROOM)
			wanted = PACKET_SOCKET_HEADER_BYTES + RING_V2_HEADROOM;
	}
	if (wanted > RING_V2_FRAME_MAX)
		wanted = RING_V2_FRAME_MAX;
	return (wanted + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT;
}

static int ring_map(struct ring *ring, const struct ring_options *options,
		    const struct weir_source_settings *settings, struct weir_error *error)
{
	struct tpacket_req3 request = {
		.tp_block_size = (unsigned int)options->block,
		.tp_block_nr = (unsigned int)options->blocks,
		.tp_frame_size = RING_V3_FRAME_BYTES,
		.tp_retire_blk_tov = (unsigned int)(options->retire_ns / CLOCK_NS_PER_MS),
	};
	socklen_t size = sizeof(request);

	ring->block_bytes = options->block;
	ring->block_count = options->blocks;
	ring->map_bytes = options->block * options->blocks;
	if (options->version == 2) {
		ring->frame_bytes = ring_v2_frame_bytes(options, settings);
		if (ring->frame_bytes > options->block)
			return weir_error_set(error, -EINVAL,
					      "a block of %" PRIu64
					      " bytes holds no frame of %" PRIu64
					      "; choose a smaller snaplen (-s) or a larger block",
					      options->block, ring->frame_bytes);
		request.tp_frame_size = (unsigned int)ring->frame_bytes;
		size = sizeof(struct tpacket_req);
	}
	request.tp_frame_nr = request.tp_block_size / request.tp_frame_size * request.tp_block_nr;
	ring->frame_count = request.tp_frame_nr;
	if (setsockopt(ring->socket.fd, SOL_PACKET, PACKET_RX_RING, &request, size))
		return weir_error_set_errno(error, -errno,
					    "cannot make a ring of %" PRIu64 " blocks of %" PRIu64
					    " KiB (try fewer: blocks=, block=, -B)",
					    options->blocks, options->block / 1024);
	ring->map =
		mmap(NULL, ring->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->socket.fd, 0);
	if (ring->map == MAP_FAILED) {
		ring->map = NULL;
		return weir_error_set_errno(error, -errno, "cannot map a ring of %" PRIu64 " MiB",
					    ring->map_bytes >> 20);
	}
	return 0;
}

int ring_open(const char *subject, const struct weir_source_settings *wanted,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error)
{
	struct weir_source_settings settings = *wanted;
	char name[SPEC_NAME_BYTES];
	struct ring_options options;
	struct ring *ring = NULL;
	int rc = ring_parse(subject, wanted, name, &options, error);

	if (rc < 0)
		return rc;
	packet_socket_set_group(&settings, options.group);
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return weir_error_set(error, -ENOMEM, "out of memory");
	ring->socket.source.ops = options.version == 3 ? &ring_v3_ops : &ring_v2_ops;
	ring->batch.packets = ring->packets;
	rc = packet_socket_open(&ring->socket, "ring", name, 0, &settings, context, error);
	if (rc < 0)
		goto fail;
	if (options.time == RING_TIME_ADAPTER) {
		rc = packet_socket_use_adapter_time(&ring->socket, error);
		if (rc < 0)
			goto fail;
	}
	rc = ring_set_up_socket(ring, &options, error);
	if (rc < 0)
		goto fail;
	rc = ring_map(ring, &options, &settings, error);
	if (rc < 0)
		goto fail;
	rc = packet_socket_listen(&ring->socket, &settings, error);
	if (rc < 0)
		goto fail;
	ring->socket.source.account->memory_bytes = ring->map_bytes;
	*out = &ring->socket.source;
	return 0;
fail:
	ring_close(&ring->socket.source);
	return rc;
}

void ring_close(struct weir_source *source)
{
	struct ring *ring = (struct ring *)source;

	if (ring->map)
		munmap(ring->map, ring->map_bytes);
	packet_socket_close(&ring->socket);
	free(ring);
}
