/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recorder that was killed left behind becomes valid files: walk the
 * records from the file's beginning, cut where they end to be whole, rename.
 *
 * A crash may leave a file with reserved space (zeros) behind the data, and,
 * since several writes are under way at once, with a later piece written and
 * an earlier one not (zeros between). What follows such a gap is cut off.
 */
#include <dirent.h>
#include <errno.h>
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cursor.h"
#include "base/names.h"
#include "buffer.h"
#include "files.h"
#include "pcap.h"
#include "pcapng.h"
#include "weir/record.h"

/* ---- walking ---- */

struct recover_extent {
	uint64_t bytes, packets;
};

/*
 * The last record of a pcap file that ends in zeros: its own rest may be such
 * a gap. It is one if all of it from a block's beginning on is zero.
 */
static bool recover_is_torn(const uint8_t *bytes, size_t begin, size_t end)
{
	size_t block = (begin / BUFFER_ALIGN + 1) * BUFFER_ALIGN;

	if (block >= end)
		return false;
	for (size_t i = block; i < end; i++)
		if (bytes[i])
			return false;
	return true;
}

static struct recover_extent recover_walk_pcap(const uint8_t *bytes, size_t length)
{
	static const uint8_t nothing[16];
	struct cursor cursor = cursor_of(bytes, length);
	struct recover_extent whole = {0};
	size_t last = 0;

	cursor_skip(&cursor, PCAP_HEADER_BYTES);
	for (;;) {
		const uint8_t *header;
		uint32_t captured_len;

		whole.bytes = cursor.offset;
		header = cursor_take(&cursor, sizeof(nothing));
		if (!header)
			return whole;
		if (!memcmp(header, nothing, sizeof(nothing)))
			break;
		memcpy(&captured_len, header + 8, sizeof(captured_len));
		if (captured_len > RECORD_PACKET_BYTES_MAX || !cursor_skip(&cursor, captured_len))
			return whole;
		last = whole.bytes;
		whole.packets++;
	}
	if (whole.packets && recover_is_torn(bytes, last, whole.bytes)) {
		whole.packets--;
		whole.bytes = last;
	}
	return whole;
}

static struct recover_extent recover_walk_pcapng(const uint8_t *bytes, size_t length)
{
	struct recover_extent whole = {0};
	uint64_t packets;
	size_t block;

	/* Each block's length stands at its end too: where it does not, the block is torn. */
	while ((block = pcapng_block(bytes + whole.bytes, length - whole.bytes, &packets))) {
		whole.bytes += block;
		whole.packets += packets;
	}
	return whole;
}

/* The packets in a frame's bytes; the first frame tells the format. */
static uint64_t recover_count(const uint8_t *bytes, size_t length, bool first, bool *pcapng)
{
	size_t head = first ? PCAP_HEADER_BYTES : 0;
	uint64_t packets = 0;
	uint32_t magic;

	if (first && length >= sizeof(magic)) {
		memcpy(&magic, bytes, sizeof(magic));
		*pcapng = magic == 0x0a0d0d0a;
	}
	if (*pcapng)
		pcapng_whole(bytes, length, &packets);
	else if (length >= head)
		pcap_whole(bytes + head, length - head, &packets);
	return packets;
}

enum {
	RECOVER_FRAME_BYTES_MAX = BUFFER_BYTES + RECORD_BYTES_MAX,
	RECOVER_LZ4_MAGIC = 0x184d2204, /* lz4 doc/lz4_Frame_format.md */
};

/* One frame: the bytes it takes, 0 when it is not whole; 'unpacked' bytes come out of it. */
static size_t recover_zstd_frame(const uint8_t *at, size_t left, uint8_t *frame, size_t *unpacked)
{
	size_t packed = ZSTD_findFrameCompressedSize(at, left);

	if (ZSTD_isError(packed))
		return 0;
	*unpacked = ZSTD_decompress(frame, RECOVER_FRAME_BYTES_MAX, at, packed);
	return ZSTD_isError(*unpacked) ? 0 : packed;
}

static size_t recover_lz4_frame(const uint8_t *at, size_t left, uint8_t *frame, size_t *unpacked)
{
	LZ4F_dctx *context;
	size_t packed = 0, in, out, rc = 1;

	*unpacked = 0;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return 0;
	do {
		in = left - packed;
		out = RECOVER_FRAME_BYTES_MAX - *unpacked;
		rc = LZ4F_decompress(context, frame + *unpacked, &out, at + packed, &in, NULL);
		packed += in;
		*unpacked += out;
	} while (rc && !LZ4F_isError(rc) && (in || out));
	LZ4F_freeDecompressionContext(context);
	return rc ? 0 : packed;
}

/* Whole frames, which hold whole records, each of which is walked for its packets. */
static struct recover_extent recover_walk_frames(const uint8_t *bytes, size_t length,
						 size_t (*next)(const uint8_t *at, size_t left,
								uint8_t *frame, size_t *unpacked))
{
	uint8_t *frame = malloc(RECOVER_FRAME_BYTES_MAX);
	struct recover_extent whole = {0};
	bool pcapng = false;

	while (frame && whole.bytes < length) {
		size_t unpacked;
		size_t packed = next(bytes + whole.bytes, length - whole.bytes, frame, &unpacked);

		if (!packed)
			break;
		whole.packets += recover_count(frame, unpacked, !whole.bytes, &pcapng);
		whole.bytes += packed;
	}
	free(frame);
	return whole;
}

/* -EINVAL when it is no capture file of this machine's byte order. */
static int recover_walk(const uint8_t *bytes, size_t length, struct recover_extent *whole)
{
	uint32_t magic = 0;

	if (length >= sizeof(magic))
		memcpy(&magic, bytes, sizeof(magic));
	if (magic == 0x0a0d0d0a)
		*whole = recover_walk_pcapng(bytes, length);
	else if ((magic == 0xa1b2c3d4 || magic == 0xa1b23c4d) && length >= PCAP_HEADER_BYTES)
		*whole = recover_walk_pcap(bytes, length);
	else if (magic == ZSTD_MAGICNUMBER)
		*whole = recover_walk_frames(bytes, length, recover_zstd_frame);
	else if (magic == RECOVER_LZ4_MAGIC)
		*whole = recover_walk_frames(bytes, length, recover_lz4_frame);
	else
		return -EINVAL;
	return 0;
}

static int recover_measure(int fd, size_t length, struct recover_extent *whole)
{
	void *bytes;
	int rc;

	*whole = (struct recover_extent){0};
	if (!length)
		return 0;
	bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	rc = recover_walk(bytes, length, whole);
	munmap(bytes, length);
	return rc;
}

/* ---- files ---- */

static bool recover_is_zero(int fd, uint64_t length)
{
	uint8_t head[24];
	ssize_t got = pread(fd, head, sizeof(head), 0);

	for (ssize_t i = 0; i < got; i++)
		if (head[i])
			return false;
	return got >= 0 || !length;
}

/* A visible name that does not exist yet. */
static int recover_rename(struct weir_privilege *privilege, const char *from, char *to)
{
	enum { TRIES = 1000 };
	char base[PATH_MAX];
	int rc = names_recovered(base, from);

	if (rc)
		return rc;
	memcpy(to, base, sizeof(base));
	for (int i = 1; i <= TRIES; i++) {
		rc = files_rename_new(privilege, from, to);
		if (rc != -EEXIST)
			return rc;
		if (snprintf(to, PATH_MAX, "%.*s-%d%s", (int)(names_suffix(base) - base), base, i,
			     names_suffix(base)) >= PATH_MAX)
			return -ENAMETOOLONG;
	}
	return rc;
}

static int recover_cut(int fd, uint64_t size, const struct recover_extent *whole)
{
	if (size > whole->bytes && ftruncate(fd, (off_t)whole->bytes))
		return -errno;
	return fsync(fd) ? -errno : 0;
}

/* The file is open and locked; 'to' has PATH_MAX bytes. */
static int recover_locked(struct weir_privilege *privilege, int fd, uint64_t size, bool hidden,
			  struct weir_recovered *recovered, char *to)
{
	struct recover_extent whole;
	int rc = recover_measure(fd, size, &whole);

	if (rc == -EINVAL && hidden && recover_is_zero(fd, size))
		rc = 0; /* made ahead, never written */
	if (rc)
		return rc;
	recovered->packets = whole.packets;
	recovered->bytes_kept = whole.bytes;
	recovered->bytes_cut = size - whole.bytes;
	if (hidden && !whole.packets)
		return files_unlink(privilege, recovered->from);
	rc = recover_cut(fd, size, &whole);
	recovered->to = recovered->from;
	if (rc || !hidden)
		return rc;
	rc = recover_rename(privilege, recovered->from, to);
	recovered->to = rc ? NULL : to;
	return rc ? rc : files_sync_directory(privilege, to);
}

static void recover_file(const char *path, struct weir_privilege *privilege, bool hidden,
			 void (*found)(void *user, const struct weir_recovered *recovered),
			 void *user)
{
	struct weir_recovered recovered = {.from = path};
	char to[PATH_MAX];
	uint64_t size;
	int fd = files_open_locked(privilege, path, &size);

	recovered.result = fd < 0 ? fd
				  : recover_locked(privilege, fd, size, hidden, &recovered, to);
	if (fd >= 0)
		close(fd);
	found(user, &recovered);
}

int weir_record_recover(const char *path, struct weir_privilege *privilege,
			void (*found)(void *user, const struct weir_recovered *recovered),
			void *user, struct weir_error *error)
{
	char file[PATH_MAX], visible[PATH_MAX];
	struct dirent **entries;
	struct stat status;
	int count, hidden = 0;

	if (stat(path, &status))
		return weir_error_set_errno(error, -errno, "cannot recover '%s'", path);
	if (!S_ISDIR(status.st_mode)) {
		recover_file(path, privilege, false, found, user);
		return 1;
	}
	count = scandir(path, &entries, NULL, alphasort);
	if (count < 0)
		return weir_error_set_errno(error, -errno, "cannot read the directory '%s'", path);
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (!names_recovered(visible, file)) {
			recover_file(file, privilege, true, found, user);
			hidden++;
		}
		free(entries[i]);
	}
	free(entries);
	return hidden;
}
