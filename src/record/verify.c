/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a recording complete? A file is walked record by record; what its own
 * counters say (isb_usrdeliv, isb_ifdrop, isb_osdrop, epb_dropcount) is held
 * against what is there. It may come from any writer, and may lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "manifest.h"
#include "source/file_input.h"
#include "weir/record.h"

enum {
	VERIFY_SECTION = 0x0a0d0d0a,
	VERIFY_INTERFACE = 1,
	VERIFY_PACKET_OLD = 2,
	VERIFY_PACKET_SIMPLE = 3,
	VERIFY_STATISTICS = 5,
	VERIFY_PACKET = 6,
	VERIFY_BLOCK_MIN = 12,
	VERIFY_RECORD_BYTES_MAX = 64 << 20, /* no record is longer: the length is a lie */
	VERIFY_PCAP_HEADER_BYTES = 24,
	VERIFY_PCAP_RECORD_BYTES = 16,
};

/* One interface of the current section. */
struct verify_interface {
	char name[WEIR_INTERFACE_NAME_BYTES];
	uint8_t resolution; /* if_tsresol, as in the file */
	uint64_t last_ns;   /* the last packet's time */
	uint64_t packets, counted, lost;
	uint64_t told_ns; /* time of the last statistics block */
	uint64_t located; /* lost since then, by the packets' own drop counts */
};

struct verify {
	struct weir_verified *out;
	struct file_input *input;
	struct verify_interface *interfaces; /* WEIR_VERIFIED_INTERFACES_MAX of them */
	uint32_t count;
	bool plain; /* not compressed: an offset in it is one in the file */
	bool swapped;
	bool lies; /* packets of interfaces that there are not */
};

/* ---- pcapng ---- */

static uint64_t verify_time_ns(const struct verify_interface *interface, uint32_t high,
			       uint32_t low)
{
	uint64_t ticks = (uint64_t)high << 32 | low;
	uint8_t exponent = interface->resolution & 0x7f;
	unsigned __int128 ns;

	if (interface->resolution & 0x80) {
		ns = exponent < 64 ? (unsigned __int128)ticks * CLOCK_NS_PER_S >> exponent : 0;
		return (uint64_t)ns;
	}
	for (; exponent < 9; exponent++)
		ticks *= 10;
	for (; exponent > 9; exponent--)
		ticks /= 10;
	return ticks;
}

/* Find an option in what is left of a block; its value, or a cursor of length 0. */
static struct cursor verify_option(struct cursor options, uint16_t wanted)
{
	for (;;) {
		uint16_t code = cursor_u16(&options);
		uint16_t length = cursor_u16(&options);
		const uint8_t *value = cursor_take(&options, ((size_t)length + 3) & ~(size_t)3);

		if (!value || !code)
			return (struct cursor){0};
		if (code == wanted)
			return (struct cursor){
				.bytes = value, .length = length, .swapped = options.swapped};
	}
}

static uint64_t verify_option_count(struct cursor options, uint16_t wanted)
{
	struct cursor value = verify_option(options, wanted);

	return value.length == 8 ? cursor_u64(&value) : UINT64_MAX;
}

static struct verify_interface *verify_interface_of(struct verify *verify, uint32_t id)
{
	if (id < verify->count)
		return &verify->interfaces[id];
	verify->lies = true;
	return NULL;
}

static void verify_read_interface(struct verify *verify, struct cursor *body)
{
	struct verify_interface *interface;
	struct cursor value;

	if (verify->count == WEIR_VERIFIED_INTERFACES_MAX)
		return;
	interface = &verify->interfaces[verify->count++];
	*interface = (struct verify_interface){
		.resolution = 6, .counted = UINT64_MAX, .lost = UINT64_MAX};
	cursor_skip(body, 8);
	value = verify_option(*body, 2); /* if_name */
	if (value.length >= sizeof(interface->name))
		value.length = sizeof(interface->name) - 1;
	if (value.length)
		memcpy(interface->name, value.bytes, value.length);
	value = verify_option(*body, 9); /* if_tsresol */
	if (value.length)
		interface->resolution = cursor_u8(&value);
}

static void verify_add_loss(struct verify *verify, const struct verify_interface *interface,
			    uint64_t from_ns, uint64_t to_ns, uint64_t packets)
{
	struct weir_verified *out = verify->out;

	out->located += packets;
	if (out->loss_count < WEIR_VERIFIED_LOSSES_MAX) {
		struct weir_verified_loss *loss = &out->losses[out->loss_count];

		loss->from_ns = from_ns;
		loss->to_ns = to_ns;
		loss->packets = packets;
		memcpy(loss->interface, interface->name, sizeof(loss->interface));
	}
	out->loss_count++;
}

static void verify_read_packet(struct verify *verify, struct cursor *body)
{
	struct verify_interface *interface = verify_interface_of(verify, cursor_u32(body));
	uint32_t high = cursor_u32(body), low = cursor_u32(body);
	uint32_t captured_len = cursor_u32(body);
	uint64_t time_ns, dropped;

	verify->out->packets++;
	cursor_skip(body, 4);
	if (!interface || !cursor_skip(body, ((size_t)captured_len + 3) & ~(size_t)3))
		return;
	time_ns = verify_time_ns(interface, high, low);
	interface->packets++;
	dropped = cursor_left(body) ? verify_option_count(*body, 4)
				    : UINT64_MAX; /* epb_dropcount */
	if (dropped && dropped != UINT64_MAX) {
		verify_add_loss(verify, interface, interface->last_ns, time_ns, dropped);
		interface->located += dropped;
	}
	interface->last_ns = time_ns;
}

/* When the counters were told before: by the last block, or when the file began (isb_starttime). */
static uint64_t verify_told_ns(const struct verify_interface *interface, struct cursor options)
{
	struct cursor value = verify_option(options, 2);
	uint32_t high = cursor_u32(&value), low = cursor_u32(&value);

	if (interface->told_ns || value.failed)
		return interface->told_ns;
	return verify_time_ns(interface, high, low);
}

static void verify_read_statistics(struct verify *verify, struct cursor *body)
{
	struct verify_interface *interface = verify_interface_of(verify, cursor_u32(body));
	uint32_t high = cursor_u32(body), low = cursor_u32(body);
	uint64_t lost, before, now_ns;

	if (!interface)
		return;
	/* They count from the file's beginning: the last block says it all. */
	lost = verify_option_count(*body, 5); /* isb_ifdrop */
	if (lost == UINT64_MAX)
		lost = verify_option_count(*body, 7); /* isb_osdrop */
	now_ns = verify_time_ns(interface, high, low);
	before = interface->lost == UINT64_MAX ? 0 : interface->lost;
	/* What no packet has located lies between this block and the one before. */
	if (lost != UINT64_MAX && lost > before && lost - before > interface->located)
		verify_add_loss(verify, interface, verify_told_ns(interface, *body), now_ns,
				lost - before - interface->located);
	interface->lost = lost;
	interface->counted = verify_option_count(*body, 8);
	interface->told_ns = now_ns;
	interface->located = 0;
}

static uint64_t verify_sum(uint64_t a, uint64_t b)
{
	return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

/* A section ends: what its interfaces' counters say goes into the sums. */
static void verify_end_section(struct verify *verify)
{
	struct weir_verified *out = verify->out;

	for (uint32_t i = 0; i < verify->count; i++) {
		out->counted = verify_sum(out->counted, verify->interfaces[i].counted);
		out->lost = verify_sum(out->lost, verify->interfaces[i].lost);
	}
	verify->count = 0;
}

static void verify_read_block(struct verify *verify, uint32_t type, struct cursor *body)
{
	switch (type) {
	case VERIFY_SECTION:
		verify_end_section(verify);
		break;
	case VERIFY_INTERFACE:
		verify_read_interface(verify, body);
		break;
	case VERIFY_PACKET:
		verify_read_packet(verify, body);
		break;
	case VERIFY_PACKET_OLD:
	case VERIFY_PACKET_SIMPLE:
		verify->out->packets++;
		break;
	case VERIFY_STATISTICS:
		verify_read_statistics(verify, body);
		break;
	default:
		break;
	}
}

/* The byte order of a section: its header's magic is behind type and length. */
static bool verify_set_order(struct verify *verify, struct cursor head)
{
	uint32_t magic;

	cursor_skip(&head, 8);
	magic = cursor_u32(&head);
	verify->swapped = magic == 0x4d3c2b1a;
	return verify->swapped || magic == 0x1a2b3c4d;
}

/*
 * The next 'wanted' bytes, at least, and as many as are at hand: false at the
 * file's end, or when it cannot be decompressed, which is damage.
 */
static bool verify_look(struct verify *verify, size_t wanted, struct cursor *out)
{
	struct file_input *input = verify->input;

	while (input->length - input->offset < wanted && !input->ended) {
		int rc = input->ops->fill(input, wanted);

		if (rc < 0) {
			verify->out->damage = input->failure;
			return false;
		}
	}
	*out = cursor_of(input->bytes + input->offset, input->length - input->offset);
	return cursor_left(out) >= wanted;
}

/* A record is whole. */
static void verify_pass(struct verify *verify, size_t bytes)
{
	struct weir_verified *out = verify->out;

	verify->input->offset += bytes;
	out->bytes_whole += bytes;
	if (out->manifest == WEIR_MANIFEST_DIFFERS && verify->plain &&
	    out->bytes_whole <= out->differs_from)
		out->differs_packet = out->packets + 1;
}

/* The length of the next block; 0 when there is no sensible one. */
static uint32_t verify_block_bytes(struct verify *verify, uint32_t *type)
{
	struct cursor head;
	uint32_t length;

	if (!verify_look(verify, VERIFY_BLOCK_MIN, &head))
		return 0;
	head.swapped = verify->swapped;
	*type = cursor_u32(&head);
	head.offset = 0;
	if (*type == VERIFY_SECTION && !verify_set_order(verify, head))
		return 0;
	head.swapped = verify->swapped;
	cursor_skip(&head, 4);
	length = cursor_u32(&head);
	return length < VERIFY_BLOCK_MIN || length % 4 || length > VERIFY_RECORD_BYTES_MAX ? 0
											   : length;
}

/* One block; false when there is no whole one. */
static bool verify_block(struct verify *verify)
{
	uint32_t type, length = verify_block_bytes(verify, &type);
	struct cursor block, body;

	if (!length || !verify_look(verify, length, &block))
		return false;
	block.swapped = verify->swapped;
	body = cursor_of(block.bytes + 8, length - VERIFY_BLOCK_MIN);
	body.swapped = verify->swapped;
	cursor_skip(&block, length - 4);
	if (cursor_u32(&block) != length)
		return false;
	verify_read_block(verify, type, &body);
	verify_pass(verify, length);
	return true;
}

static void verify_pcapng(struct verify *verify)
{
	/* Sums of nothing are 0 only once an interface was met. */
	verify->out->counted = 0;
	verify->out->lost = 0;
	while (verify_block(verify))
		;
	verify_end_section(verify);
	if (verify->lies)
		verify->out->bytes_whole = 0;
}

/* ---- pcap ---- */

static void verify_pcap(struct verify *verify)
{
	struct cursor head, record;

	verify_pass(verify, VERIFY_PCAP_HEADER_BYTES);
	while (verify_look(verify, VERIFY_PCAP_RECORD_BYTES, &head)) {
		uint32_t captured_len;

		head.swapped = verify->swapped;
		cursor_skip(&head, 8);
		captured_len = cursor_u32(&head);
		if (captured_len > VERIFY_RECORD_BYTES_MAX ||
		    !verify_look(verify, VERIFY_PCAP_RECORD_BYTES + captured_len, &record))
			return;
		verify->out->packets++;
		verify_pass(verify, VERIFY_PCAP_RECORD_BYTES + captured_len);
	}
}

/* ---- files ---- */

static int verify_walk(struct verify *verify)
{
	struct cursor head;
	uint32_t magic;

	if (!verify_look(verify, VERIFY_PCAP_HEADER_BYTES, &head)) {
		if (verify->input->cut)
			weir_error_set(&verify->out->damage, -EBADMSG, "%s", verify->input->cut);
		return verify->out->damage.code ? verify->out->damage.code : -EINVAL;
	}
	magic = cursor_u32(&head);
	if (magic == VERIFY_SECTION) {
		verify_pcapng(verify);
		return 0;
	}
	verify->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	if (!verify->swapped && magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return -EINVAL;
	verify_pcap(verify);
	return 0;
}

/* What is behind the last whole record: how much, or at least that there is something. */
static void verify_measure(struct verify *verify)
{
	struct weir_verified *out = verify->out;
	struct file_input *input = verify->input;
	int rc = 0;

	while (!input->ended && rc >= 0 && !out->damage.code) {
		input->offset = input->length;
		rc = input->ops->fill(input, 1);
	}
	out->bytes = input->position + input->length;
	if (rc < 0)
		out->damage = input->failure;
	if (input->ended && input->cut)
		weir_error_set(&out->damage, -EBADMSG, "%s", input->cut);
}

static int verify_input(struct weir_verified *out, struct file_input *input, bool plain)
{
	struct verify verify = {.out = out, .input = input, .plain = plain};
	int rc;

	verify.interfaces = calloc(WEIR_VERIFIED_INTERFACES_MAX, sizeof(*verify.interfaces));
	rc = verify.interfaces ? verify_walk(&verify) : -ENOMEM;
	if (rc == 0)
		verify_measure(&verify);
	free(verify.interfaces);
	return rc;
}

/* 'fd' is taken over. */
static int verify_descriptor(struct weir_verified *out, const char *path, int fd,
			     struct weir_error *error)
{
	struct file_input *input;
	struct stat status;
	uint64_t length;
	int rc = fstat(fd, &status) ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;

	if (rc == 0)
		rc = manifest_check(path, fd, out, error);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = file_input_open(fd, &input, &length, NULL);
	if (rc < 0)
		return rc;
	rc = verify_input(out, input, length > 0);
	input->ops->close(input);
	return rc;
}

/* Why the file is none that could be verified. */
static const char *verify_why_not(const char *path)
{
	struct stat at;

	if (stat(path, &at) == 0 && S_ISDIR(at.st_mode))
		return "it is a directory: name the files in it";
	if (stat(path, &at) == 0 && S_ISREG(at.st_mode) && !at.st_size)
		return "it is empty: it has not even a file header";
	return "it is not a pcap or pcapng file";
}

int weir_record_verify(const char *path, struct weir_verified *out, struct weir_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	*out = (struct weir_verified){.counted = UINT64_MAX, .lost = UINT64_MAX};
	if (fd < 0)
		return weir_error_set_errno(error, -errno, "cannot open '%s'", path);
	if (error)
		error->code = 0;
	rc = verify_descriptor(out, path, fd, error);
	if (rc && error && error->code) /* told already */
		return rc;
	if (rc == -EINVAL)
		return weir_error_set(error, rc, "cannot verify '%s': %s", path,
				      verify_why_not(path));
	if (rc == -EBADMSG)
		return weir_error_set(error, rc, "'%s': %s", path, out->damage.text);
	return rc ? weir_error_set_errno(error, rc, "cannot read '%s'", path) : 0;
}
