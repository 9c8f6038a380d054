/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up packets from memory: "packets=1000000,size=60,flows=1000".
 *
 * One Ethernet/IPv4/UDP frame per flow is built at open, with right
 * checksums; next() hands them out in turn. All is determined by the
 * options: no clock, no randomness. For tests, and for benchmarks of what
 * comes behind a source.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch_fault.h"
#include "source/kinds.h"
#include "source/spec.h"

enum {
	FAKE_ETHERNET_BYTES = 14,
	FAKE_IP_BYTES = 20,
	FAKE_UDP_BYTES = 8,
	FAKE_HEADER_BYTES = FAKE_ETHERNET_BYTES + FAKE_IP_BYTES + FAKE_UDP_BYTES,
	FAKE_SIZE_DEFAULT = 60, /* the smallest Ethernet frame, less its FCS */
	FAKE_SIZE_MAX = 65535,
	FAKE_FLOWS_MAX = 1 << 24, /* as many as 10.0.0.0/8 has addresses */
	FAKE_FRAME_ALIGN = 64,
	FAKE_INTERVAL_DEFAULT_NS = 1000,
	FAKE_PACKETS_DEFAULT = 1000000,
	FAKE_START_DEFAULT_S = 1700000000,
	FAKE_LINKTYPE_ETHERNET = 1,
};

#define FAKE_MEMORY_MAX_BYTES (UINT64_C(4) << 30)
#define FAKE_START_MAX_S      (UINT64_MAX / CLOCK_NS_PER_S / 2)

struct fake_options {
	uint64_t packets;     /* then the data ends */
	uint64_t size;        /* of a frame, without FCS */
	uint64_t flows;       /* distinct 5-tuples, in turn */
	uint64_t interval_ns; /* between two packets' times */
	uint64_t start_s;     /* Unix time of the first */
};

struct fake_source {
	struct weir_source source;
	struct fake_options options;
	uint8_t *frames;
	size_t stride;
	uint32_t flow;    /* of the next packet */
	uint32_t snaplen; /* already cut to the size */
	uint32_t interface;
	uint64_t left;    /* packets to be made */
	uint64_t time_ns; /* of the next packet */
	uint64_t fault_seen;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX];
};

/* ---- options ---- */

static int fake_read_options(const char *subject, struct fake_options *options,
			     struct weir_error *error)
{
	const struct spec_option table[] = {
		{"packets", SPEC_NUMBER, &options->packets, 0, UINT64_MAX},
		{"size", SPEC_NUMBER, &options->size, FAKE_HEADER_BYTES, FAKE_SIZE_MAX},
		{"flows", SPEC_NUMBER, &options->flows, 1, FAKE_FLOWS_MAX},
		{"interval", SPEC_TIME, &options->interval_ns, 0, UINT32_MAX},
		{"start", SPEC_NUMBER, &options->start_s, 0, FAKE_START_MAX_S},
		{NULL},
	};
	char name[SPEC_NAME_BYTES], *text;
	int rc;

	*options = (struct fake_options){
		.packets = FAKE_PACKETS_DEFAULT,
		.size = FAKE_SIZE_DEFAULT,
		.flows = 1,
		.interval_ns = FAKE_INTERVAL_DEFAULT_NS,
		.start_s = FAKE_START_DEFAULT_S,
	};
	if (!*subject)
		return 0;
	if (asprintf(&text, ",%s", subject) < 0) /* there is nothing to name */
		return weir_error_set_errno(error, -ENOMEM, "cannot read the options");
	rc = spec_parse(text, name, table, error);
	free(text);
	return rc;
}

/* ---- frames ---- */

static void fake_put16(uint8_t *at, uint32_t value)
{
	uint16_t wire = htobe16((uint16_t)value);

	memcpy(at, &wire, sizeof(wire));
}

static void fake_put32(uint8_t *at, uint32_t value)
{
	uint32_t wire = htobe32(value);

	memcpy(at, &wire, sizeof(wire));
}

/* RFC 1071, over a whole number of 16-bit words and perhaps one byte more. */
static uint32_t fake_sum(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (length % 2)
		sum += (uint32_t)bytes[length - 1] << 8;
	return sum;
}

static uint16_t fake_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* 10.x.y.z:10000 -> 192.0.2.1:53, told apart by the source address. */
static void fake_build_frame(uint8_t *frame, uint32_t size, uint32_t flow)
{
	static const uint8_t addresses[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	uint8_t *ip = frame + FAKE_ETHERNET_BYTES, *udp = ip + FAKE_IP_BYTES;
	uint32_t ip_bytes = size - FAKE_ETHERNET_BYTES, udp_bytes = ip_bytes - FAKE_IP_BYTES;
	uint16_t checksum;

	memcpy(frame, addresses, sizeof(addresses));
	fake_put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	fake_put16(ip + 2, ip_bytes);
	ip[8] = 64; /* TTL */
	ip[9] = 17; /* UDP */
	fake_put32(ip + 12, 10u << 24 | flow);
	fake_put32(ip + 16, 0xc0000201);
	fake_put16(ip + 10, fake_fold(fake_sum(0, ip, FAKE_IP_BYTES)));
	fake_put16(udp, 10000);
	fake_put16(udp + 2, 53);
	fake_put16(udp + 4, udp_bytes);
	checksum = fake_fold(fake_sum(17 + udp_bytes, ip + 12, 8 + udp_bytes));
	fake_put16(udp + 6, checksum ? checksum : 0xffff);
}

static int fake_build_frames(struct fake_source *fake, struct weir_error *error)
{
	const struct fake_options *options = &fake->options;
	uint64_t bytes;

	fake->stride = (options->size + FAKE_FRAME_ALIGN - 1) / FAKE_FRAME_ALIGN * FAKE_FRAME_ALIGN;
	bytes = fake->stride * options->flows;
	if (bytes > FAKE_MEMORY_MAX_BYTES)
		return weir_error_set(
			error, -EINVAL,
			"the frames would take %llu MiB: use fewer flows or a smaller "
			"size",
			(unsigned long long)(bytes >> 20));
	fake->frames = aligned_alloc(FAKE_FRAME_ALIGN, bytes);
	if (!fake->frames)
		return weir_error_set_errno(error, -ENOMEM, "cannot hold %llu MiB of frames",
					    (unsigned long long)(bytes >> 20));
	memset(fake->frames, 0, bytes);
	for (uint64_t flow = 0; flow < options->flows; flow++)
		fake_build_frame(fake->frames + flow * fake->stride, (uint32_t)options->size,
				 (uint32_t)flow);
	return 0;
}

/* ---- the source ---- */

static void fake_make(struct fake_source *fake, struct weir_packet *packet)
{
	*packet = (struct weir_packet){
		.bytes = fake->frames + fake->flow * fake->stride,
		.time_ns = fake->time_ns,
		.captured_len = fake->snaplen,
		.wire_len = (uint32_t)fake->options.size,
		.interface = fake->interface,
		.flags = WEIR_PACKET_DIRECTION_UNKNOWN,
	};
	fake->time_ns += fake->options.interval_ns;
	fake->flow = fake->flow + 1 == fake->options.flows ? 0 : fake->flow + 1;
}

static int fake_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct fake_source *fake = (struct fake_source *)source;
	uint32_t count = 0;

	while (fake->left && count < limit) {
		fake_make(fake, &fake->packets[count++]);
		fake->left--;
	}
	if (!count)
		return -ENODATA;
	weir_cell_add(&source->row->in, count);
	count = batch_fault("file", &fake->fault_seen, fake->packets, count, limit);
	fake->batch = (struct weir_batch){.packets = fake->packets, .count = count};
	*batch = &fake->batch;
	return (int)count;
}

static void fake_release(struct weir_source *source, struct weir_batch *batch)
{
	/* the frames stay until the end */
}

/* A filter sees the whole packet, so behind one it is the worker that cuts. */
static void fake_set_snaplen(struct fake_source *fake, const struct weir_source_settings *settings)
{
	uint32_t snaplen = settings->snaplen ? settings->snaplen : WEIR_SNAPLEN_DEFAULT;
	uint32_t size = (uint32_t)fake->options.size;
	bool filters = settings->filter && *weir_filter_expression(settings->filter);

	fake->source.cut_to = filters ? snaplen : 0;
	fake->snaplen = filters || size < snaplen ? size : snaplen;
}

static int fake_configure(struct weir_source *source, const struct weir_source_settings *settings,
			  struct weir_error *error)
{
	int rc = 0;

	if (settings->filter)
		rc = weir_filter_prepare(settings->filter, FAKE_LINKTYPE_ETHERNET, error);
	if (rc == 0)
		fake_set_snaplen((struct fake_source *)source, settings);
	return rc;
}

static void fake_stop(struct weir_source *source)
{
	((struct fake_source *)source)->left = 0;
}

static void fake_close(struct weir_source *source)
{
	struct fake_source *fake = (struct fake_source *)source;

	free(fake->frames);
	free(fake);
}

static const struct weir_source_ops fake_ops = {
	.name = "fake",
	.next = fake_next,
	.release = fake_release,
	.configure = fake_configure,
	.stop = fake_stop,
	.close = fake_close,
};

/* Into the table of interfaces and the ledger. */
static int fake_enter(struct fake_source *fake, const struct weir_source_context *context,
		      struct weir_error *error)
{
	struct weir_interface interface = {
		.name = "fake",
		.source = "fake",
		.link_type = FAKE_LINKTYPE_ETHERNET,
		.time_resolution = 9,
	};
	int index = weir_interfaces_add(context->interfaces, &interface);

	if (index < 0)
		return weir_error_set_errno(error, index, "cannot add an interface");
	fake->interface = (uint32_t)index;
	fake->source.account = weir_ledger_account(context->ledger, "fake", "", "fake", 0);
	if (fake->source.account)
		fake->source.row = weir_ledger_row(context->ledger, fake->source.account,
						   WEIR_STAGE_FILE, "", true);
	if (!fake->source.row)
		return weir_error_set_errno(error, -ENOMEM, "cannot enter it in the ledger");
	return 0;
}

int fake_open(const char *subject, const struct weir_source_settings *settings,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error)
{
	struct fake_source *fake = calloc(1, sizeof(*fake));
	int rc;

	if (!fake)
		return weir_error_set_errno(error, -ENOMEM, "cannot make packets up");
	fake->source.ops = &fake_ops;
	fake->source.wait_fd = -1;
	fake->source.owed = UINT64_MAX;
	rc = fake_read_options(subject, &fake->options, error);
	if (rc == 0)
		rc = fake_configure(&fake->source, settings, error);
	if (rc == 0)
		rc = fake_build_frames(fake, error);
	if (rc == 0)
		rc = fake_enter(fake, context, error);
	if (rc < 0) {
		fake_close(&fake->source);
		return rc;
	}
	fake->left = fake->options.packets;
	fake->time_ns = fake->options.start_s * CLOCK_NS_PER_S;
	*out = &fake->source;
	return 0;
}
