/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording while it is written: the newest file of a directory, then those
 * that come after it; or one file that grows. Only whole records are shown.
 *
 *   complete ─► complete ─► being read ─► (hidden, not begun) ─► ...
 *                           └ from its start, as far as its records are whole
 *
 * Who writes a file holds a lock on it. A file that nobody writes any more is
 * left once it is read to its end and there is another behind it. Complete
 * files follow one another in the order of their last change, hidden ones in
 * that of their names, behind all complete ones.
 *
 * A recorder reserves files ahead, which read as zero, and several of its
 * writes may be under way: a later one can be there first. Each is smaller
 * than the longest record, and is there as a whole or not at all; so a record
 * is complete when what ends it is: the repeated length of a block, or for
 * pcap, the beginning of the next record.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cursor.h"
#include "file_decoder.h"
#include "source/file_input.h"

enum {
	FOLLOW_READ_BYTES = 256 << 10,
	FOLLOW_RECORD_BYTES_MAX = 256 << 20, /* readers refuse longer ones, and say why */
	FOLLOW_PEEK_BYTES = 24,              /* the header of a file or record */
	FOLLOW_INTERVAL_MS = 50,
	FOLLOW_NAME_BYTES = NAME_MAX + 1,
};

enum follow_format { FOLLOW_UNKNOWN, FOLLOW_PCAPNG, FOLLOW_PCAP };

/* A file's place in the order of complete ones. */
struct follow_place {
	struct timespec changed;
	char name[FOLLOW_NAME_BYTES];
};

struct file_follow {
	struct file_input input;
	int directory; /* -1: a single file */
	int fd;        /* -1: none is there yet */
	ino_t inode;
	uint8_t *buffer;
	size_t room;
	uint64_t at; /* offset in the file of what comes behind the window */
	enum follow_format format;
	bool swapped;
	uint32_t record_head_bytes; /* pcap: of each record */
	struct follow_place behind; /* files before this place are done with */
};

/* ---- whole records ---- */

static uint32_t follow_u32(const struct file_follow *follow, const uint8_t *at)
{
	struct cursor cursor = cursor_of(at, sizeof(uint32_t));

	cursor.swapped = follow->swapped;
	return cursor_u32(&cursor);
}

/* pcap: microseconds, nanoseconds, and a kernel's patch with longer heads, in either order. */
static bool follow_is_pcap(uint32_t magic, uint32_t *head_bytes, bool *swapped)
{
	*swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1 || magic == 0x34cdb2a1;
	if (*swapped)
		magic = __builtin_bswap32(magic);
	*head_bytes = magic == 0xa1b2cd34 ? 24 : 16;
	return magic == 0xa1b2c3d4 || magic == 0xa1b23c4d || magic == 0xa1b2cd34;
}

enum { FOLLOW_SECTION = 0x0a0d0d0a, FOLLOW_BYTE_ORDER = 0x1a2b3c4d };

static enum follow_format follow_recognise(struct file_follow *follow, const uint8_t *bytes)
{
	uint32_t magic;

	memcpy(&magic, bytes, sizeof(magic));
	if (magic == FOLLOW_SECTION)
		return FOLLOW_PCAPNG;
	return follow_is_pcap(magic, &follow->record_head_bytes, &follow->swapped) ? FOLLOW_PCAP
										   : FOLLOW_UNKNOWN;
}

/* The length of the record at 'bytes', of which 'left' are there; 0 = not even that is. */
static uint64_t follow_block_bytes(struct file_follow *follow, const uint8_t *bytes, size_t left)
{
	uint32_t type, order;

	if (left < 12)
		return 0;
	memcpy(&type, bytes, sizeof(type));
	memcpy(&order, bytes + 8, sizeof(order));
	if (type == FOLLOW_SECTION)
		follow->swapped = order != FOLLOW_BYTE_ORDER;
	return follow_u32(follow, bytes + 4);
}

static uint64_t follow_packet_bytes(const struct file_follow *follow, const uint8_t *bytes,
				    size_t left)
{
	static const uint8_t nothing[16];

	if (left < follow->record_head_bytes || !memcmp(bytes, nothing, sizeof(nothing)))
		return 0;
	return follow->record_head_bytes + (uint64_t)follow_u32(follow, bytes + 8);
}

static uint64_t follow_record_bytes(struct file_follow *follow, uint64_t at, const uint8_t *bytes,
				    size_t left)
{
	if (follow->format == FOLLOW_PCAPNG)
		return follow_block_bytes(follow, bytes, left);
	return at ? follow_packet_bytes(follow, bytes, left) : 24;
}

/* Is all of the record there? */
static bool follow_is_whole(struct file_follow *follow, uint64_t at, const uint8_t *bytes,
			    size_t left, uint64_t record, uint64_t file_bytes)
{
	if (record > left)
		return false;
	if (follow->format == FOLLOW_PCAPNG)
		return record < 12 || follow_u32(follow, bytes + record - 4) == record;
	return at + record == file_bytes || !at ||
	       follow_packet_bytes(follow, bytes + record, left - record);
}

/*
 * How many of the bytes read, from follow->at on, are whole records. 'wanted'
 * is set to what the first one needs. A record that makes no sense is shown
 * with all that is behind it: the reader will tell.
 */
static size_t follow_whole(struct file_follow *follow, const uint8_t *bytes, size_t length,
			   uint64_t file_bytes, uint64_t *wanted)
{
	size_t whole = 0;

	*wanted = 0;
	while (whole < length) {
		uint64_t at = follow->at + whole;
		uint64_t record = follow_record_bytes(follow, at, bytes + whole, length - whole);

		if (record > FOLLOW_RECORD_BYTES_MAX || (record && record < 12))
			return length;
		if (!whole)
			*wanted = record + FOLLOW_PEEK_BYTES;
		if (!record ||
		    !follow_is_whole(follow, at, bytes + whole, length - whole, record, file_bytes))
			break;
		whole += record;
	}
	return whole;
}

/* ---- reading ---- */

static int follow_make_room(struct file_follow *follow, size_t wanted)
{
	struct file_input *input = &follow->input;
	size_t left = input->length - input->offset;
	uint8_t *grown;

	memmove(follow->buffer, follow->buffer + input->offset, left);
	input->position += input->offset;
	input->offset = 0;
	input->length = left;
	if (left + wanted <= follow->room)
		return 0;
	grown = realloc(follow->buffer, left + wanted);
	if (!grown)
		return weir_error_set_errno(&input->failure, -ENOMEM,
					    "cannot hold a record of %zu bytes", wanted);
	follow->buffer = grown;
	follow->room = left + wanted;
	input->bytes = grown;
	return 0;
}

/* No capture, or not yet. */
static int follow_refuse(struct file_follow *follow, const uint8_t *bytes, size_t length)
{
	if (length < FOLLOW_PEEK_BYTES || !file_decoder_find(bytes))
		return 0;
	return weir_error_set(&follow->input.failure, -EOPNOTSUPP,
			      "what is compressed cannot be followed; read its complete files "
			      "with -r");
}

/* Read 'wanted' bytes and show the whole records among them. Bytes shown, or -errno. */
static ssize_t follow_read_some(struct file_follow *follow, size_t wanted, uint64_t file_bytes,
				uint64_t *first)
{
	int rc = follow_make_room(follow, wanted);
	uint8_t *to = follow->buffer + follow->input.length;
	ssize_t got;
	size_t whole;

	if (rc < 0)
		return rc;
	got = pread(follow->fd, to, wanted, (off_t)follow->at);
	if (got < 0)
		return weir_error_set_errno(&follow->input.failure, -errno, "cannot read");
	if (!follow->at && got >= FOLLOW_PEEK_BYTES)
		follow->format = follow_recognise(follow, to);
	*first = 0;
	if (follow->format == FOLLOW_UNKNOWN)
		return follow_refuse(follow, to, (size_t)got);
	whole = follow_whole(follow, to, (size_t)got, file_bytes, first);
	follow->at += whole;
	follow->input.length += whole;
	return (ssize_t)whole;
}

static void follow_begin(struct file_follow *follow)
{
	follow->at = 0;
	follow->format = FOLLOW_UNKNOWN;
	follow->input.another = true;
}

/* Records that were not there the last time: bytes shown, or -errno. */
static ssize_t follow_read(struct file_follow *follow)
{
	static const uint8_t nothing[FOLLOW_PEEK_BYTES];
	uint8_t peek[FOLLOW_PEEK_BYTES] = {0};
	struct stat status;
	uint64_t first;
	ssize_t shown;

	if (fstat(follow->fd, &status))
		return weir_error_set_errno(&follow->input.failure, -errno, "cannot look at it");
	if ((uint64_t)status.st_size < follow->at) /* it was emptied: another recording */
		follow_begin(follow);
	/* What is reserved only is not to fill the page cache. */
	if (pread(follow->fd, peek, sizeof(peek), (off_t)follow->at) <= 0 ||
	    !memcmp(peek, nothing, sizeof(nothing)))
		return 0;
	shown = follow_read_some(follow, FOLLOW_READ_BYTES, (uint64_t)status.st_size, &first);
	if (!shown && first > FOLLOW_READ_BYTES)
		shown = follow_read_some(follow, first, (uint64_t)status.st_size, &first);
	return shown;
}

/* ---- which file ---- */

/* Does nobody write it? A file system without locks says so of all. */
static bool follow_is_left(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB))
		return errno != EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return true;
}

static bool follow_is_hidden(const char *name)
{
	size_t length = strlen(name);

	return *name == '.' && length > 5 && !strcmp(name + length - 5, ".part");
}

static int follow_compare(const struct follow_place *a, const struct follow_place *b)
{
	if (a->changed.tv_sec != b->changed.tv_sec)
		return a->changed.tv_sec < b->changed.tv_sec ? -1 : 1;
	if (a->changed.tv_nsec != b->changed.tv_nsec)
		return a->changed.tv_nsec < b->changed.tv_nsec ? -1 : 1;
	return strverscmp(a->name, b->name);
}

/* What is looked for in the directory, and what was found. */
struct follow_search {
	bool newest; /* of the complete files the last, else the first behind the place */
	struct follow_place behind;
	ino_t current; /* which is not looked at */
	struct follow_place complete, hidden;
	int complete_fd, hidden_fd; /* -1 = none */
};

/* A hidden file counts if somebody writes it, a complete one if it is a capture. */
static bool follow_counts(int fd, bool hidden)
{
	uint32_t magic = 0, head_bytes;
	bool swapped;

	if (hidden)
		return !follow_is_left(fd);
	return pread(fd, &magic, sizeof(magic), 0) == sizeof(magic) &&
	       (magic == FOLLOW_SECTION || follow_is_pcap(magic, &head_bytes, &swapped));
}

static bool follow_is_better(const struct follow_search *search, const struct follow_place *place,
			     bool hidden)
{
	if (hidden)
		return search->hidden_fd < 0 || strverscmp(place->name, search->hidden.name) < 0;
	if (!search->newest && follow_compare(place, &search->behind) <= 0)
		return false;
	return search->complete_fd < 0 ||
	       (follow_compare(place, &search->complete) < 0) != search->newest;
}

static void follow_keep(struct follow_search *search, const struct follow_place *place, bool hidden,
			int fd)
{
	int *kept = hidden ? &search->hidden_fd : &search->complete_fd;

	if (*kept >= 0)
		close(*kept);
	*kept = fd;
	*(hidden ? &search->hidden : &search->complete) = *place;
}

static void follow_consider(struct follow_search *search, int directory, const char *name)
{
	bool hidden = follow_is_hidden(name);
	struct follow_place place = {0};
	struct stat status;
	int fd;

	if ((*name == '.' && !hidden) || strlen(name) >= sizeof(place.name) ||
	    fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status.st_mode) ||
	    status.st_ino == search->current)
		return;
	place.changed = status.st_mtim;
	strcpy(place.name, name);
	if (!follow_is_better(search, &place, hidden))
		return;
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return;
	/* It may have got another name meanwhile, and this name another file. */
	if (fstat(fd, &status) || status.st_ino == search->current || !follow_counts(fd, hidden))
		close(fd);
	else
		follow_keep(search, &place, hidden, fd);
}

static DIR *follow_list(const struct file_follow *follow)
{
	int fd = openat(follow->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory && fd >= 0)
		close(fd);
	return directory;
}

static int follow_scan(struct file_follow *follow, struct follow_search *search)
{
	DIR *directory = follow_list(follow);
	struct dirent *entry;

	search->complete_fd = search->hidden_fd = -1;
	if (!directory)
		return weir_error_set_errno(&follow->input.failure, -errno,
					    "cannot read the directory");
	while ((entry = readdir(directory)))
		follow_consider(search, follow->directory, entry->d_name);
	closedir(directory);
	return 0;
}

static void follow_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* 1: there is another file now; 0: not yet; -errno. */
static int follow_take_up(struct file_follow *follow, struct follow_search *search, bool hidden)
{
	int *fd = hidden ? &search->hidden_fd : &search->complete_fd;
	struct stat status;

	if (*fd < 0)
		return 0;
	if (fstat(*fd, &status))
		return weir_error_set_errno(&follow->input.failure, -errno, "cannot look at it");
	follow_drop(&follow->fd);
	follow->fd = *fd;
	*fd = -1;
	follow->inode = status.st_ino;
	follow_begin(follow);
	return 1;
}

/*
 * The file behind the current one. A hidden file that gets its name during the
 * scan may be missed under either: so one is taken up only when a second
 * scan, too, finds no complete file.
 */
static int follow_next(struct file_follow *follow)
{
	struct follow_search search = {.behind = follow->behind, .current = follow->inode};
	int rc = 0;

	for (int scan = 0; rc == 0 && scan < 2; scan++) {
		rc = follow_scan(follow, &search);
		if (rc == 0)
			rc = follow_take_up(follow, &search, false);
		if (rc == 0 && search.hidden_fd < 0)
			break;
		if (rc == 0 && scan == 1)
			rc = follow_take_up(follow, &search, true);
		follow_drop(&search.complete_fd);
		follow_drop(&search.hidden_fd);
	}
	return rc;
}

/* The first file: one that is being written and holds something, else the newest. */
static int follow_first(struct file_follow *follow)
{
	struct follow_search search = {.newest = true};
	int rc = follow_scan(follow, &search);
	uint64_t begun = 0;

	if (rc == 0 && search.hidden_fd >= 0)
		begun = pread(search.hidden_fd, &begun, sizeof(begun), 0) == sizeof(begun) ? begun
											   : 0;
	if (rc == 0)
		rc = follow_take_up(follow, &search, begun || search.complete_fd < 0);
	follow_drop(&search.complete_fd);
	follow_drop(&search.hidden_fd);
	return rc;
}

/* What the current file is called by now; one that is deleted is the last of its time. */
static void follow_name(const struct file_follow *follow, char name[FOLLOW_NAME_BYTES])
{
	DIR *directory = follow_list(follow);
	struct dirent *entry;

	memset(name, 0x7f, FOLLOW_NAME_BYTES - 1);
	while (directory && (entry = readdir(directory)))
		if (entry->d_ino == follow->inode && strlen(entry->d_name) < FOLLOW_NAME_BYTES)
			strcpy(name, entry->d_name);
	if (directory)
		closedir(directory);
}

/* The current file is read to its end: those up to it will not be looked at again. */
static void follow_remember(struct file_follow *follow)
{
	struct follow_place place = {0};
	struct stat status;

	/* One that was made ahead and never begun is younger than it looks. */
	if (!follow->at || fstat(follow->fd, &status))
		return;
	place.changed = status.st_mtim;
	follow_name(follow, place.name);
	if (follow_compare(&place, &follow->behind) > 0)
		follow->behind = place;
}

/* ---- the input ---- */

static int follow_fill(struct file_input *input, size_t wanted)
{
	struct file_follow *follow = (struct file_follow *)input;
	ssize_t shown = follow->fd < 0 ? follow_first(follow) : follow_read(follow);
	uint64_t ticks;

	/* What comes before it is left has to be read too. */
	if (!shown && follow->fd >= 0 && follow->directory >= 0 && follow_is_left(follow->fd)) {
		shown = follow_read(follow);
		if (!shown) {
			follow_remember(follow);
			shown = follow_next(follow);
		}
	}
	if (!shown && read(input->wait_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return weir_error_set_errno(&input->failure, -errno, "cannot wait");
	return shown > 0 ? 1 : (int)shown;
}

static void follow_close(struct file_input *input)
{
	struct file_follow *follow = (struct file_follow *)input;

	follow_drop(&follow->fd);
	follow_drop(&follow->directory);
	follow_drop(&input->wait_fd);
	free(follow->buffer);
	free(follow);
}

static const struct file_input_ops file_follow_ops = {follow_fill, follow_close};

static int follow_open_timer(void)
{
	const struct itimerspec every = {.it_interval.tv_nsec = FOLLOW_INTERVAL_MS * 1000000L,
					 .it_value.tv_nsec = 1};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd >= 0 && timerfd_settime(fd, 0, &every, NULL)) {
		close(fd);
		return -errno;
	}
	return fd < 0 ? -errno : fd;
}

int file_follow_open(int fd, struct file_input **out, struct weir_error *error)
{
	struct file_follow *follow = calloc(1, sizeof(*follow));
	struct stat status;
	bool is_directory = !fstat(fd, &status) && S_ISDIR(status.st_mode);
	int rc = follow ? 0 : -ENOMEM;

	if (rc < 0) {
		close(fd);
		return weir_error_set_errno(error, rc, "cannot follow it");
	}
	*follow = (struct file_follow){
		.input = {.ops = &file_follow_ops, .wait_fd = follow_open_timer()},
		.directory = is_directory ? fd : -1,
		.fd = is_directory ? -1 : fd,
		.buffer = malloc(FOLLOW_READ_BYTES),
		.room = FOLLOW_READ_BYTES,
	};
	follow->input.bytes = follow->buffer;
	if (follow->input.wait_fd < 0 || !follow->buffer) {
		rc = follow->buffer ? follow->input.wait_fd : -ENOMEM;
		follow_close(&follow->input);
		return weir_error_set_errno(error, rc, "cannot follow it");
	}
	*out = &follow->input;
	return 0;
}
