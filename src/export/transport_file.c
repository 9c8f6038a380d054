/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPFIX files (RFC 5655): the messages, one after the other. A message that
 * does not fit on the disk is taken back whole, and tried again later.
 *
 * Files that are rotated are hidden while they are written, and get their name
 * when they are whole. To the sender each is a connection: templates and
 * options come first. The sequence runs on from one to the next, so that what
 * is missing between them shows.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "privilege/request.h"
#include "transport.h"

enum { FILE_PASSED_OVER_MAX = 65536 }; /* names that other exporters have */

/* Kept free of a limited file: the message that is next, and the last options. */
enum { FILE_RESERVE_BYTES = 2 * TRANSPORT_STREAM_BYTES };

static_assert((int)FILE_RESERVE_BYTES < (int)WEIR_EXPORT_FILE_BYTES_MIN,
	      "a file has room for records");

struct file {
	struct transport transport; /* first: the sender's view */
	struct weir_privilege *privilege;
	char path[PATH_MAX]; /* as the user gave it */
	off_t bytes;         /* whole messages written */
	bool regular;
	bool failed; /* the last write did: the file is not ended before one succeeds */
	/* of files that are rotated */
	uint64_t limit_bytes, interval_ns; /* 0, 0: it is one file */
	char hidden[PATH_MAX];
	uint32_t number;             /* of the current one, from 1 */
	uint64_t begin_ns, until_ns; /* Unix time */
};

static bool file_rotates(const struct file *file)
{
	return file->limit_bytes || file->interval_ns;
}

static int file_create(struct file *file, const char *path, int flags)
{
	struct stat status;

	file->transport.fd =
		request_open(file->privilege, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags);
	if (file->transport.fd < 0)
		return weir_error_set_errno(&file->transport.failure, file->transport.fd,
					    "cannot create the file");
	file->regular = !fstat(file->transport.fd, &status) && S_ISREG(status.st_mode);
	file->bytes = 0;
	return 0;
}

/* The next one of those that are rotated. */
static int file_begin(struct file *file)
{
	uint64_t now_ns = clock_unix_ns();
	int rc = -EEXIST;

	for (uint32_t i = 0; rc == -EEXIST && i < FILE_PASSED_OVER_MAX; i++) {
		rc = names_hidden(file->hidden, file->path, ++file->number, now_ns);
		if (rc < 0)
			return weir_error_set_errno(&file->transport.failure, rc,
						    "cannot name the file");
		rc = file_create(file, file->hidden, O_EXCL);
	}
	if (rc < 0)
		return rc;
	file->begin_ns = now_ns;
	file->until_ns = UINT64_MAX;
	if (file->interval_ns)
		file->until_ns = now_ns - now_ns % file->interval_ns + file->interval_ns;
	return 0;
}

/* Under a name that no other exporter has taken. */
static int file_rename(const struct file *file)
{
	char name[PATH_MAX];
	int rc = -EEXIST;

	for (uint32_t i = 0; rc == -EEXIST && i < FILE_PASSED_OVER_MAX; i++) {
		rc = names_complete(name, file->path, file->number + i, file->begin_ns, true);
		if (rc == 0)
			rc = request_rename(file->privilege, file->hidden, name, false);
	}
	return rc;
}

/* It is whole: on the disk, and then under its name. One that has nothing goes. */
static void file_end(struct file *file)
{
	struct transport *t = &file->transport;
	int rc = 0;

	if (file->bytes) {
		rc = fdatasync(t->fd) && errno != EINVAL ? -errno : 0;
		if (rc == 0)
			rc = file_rename(file);
	} else {
		request_unlink(file->privilege, file->hidden);
	}
	if (rc < 0)
		weir_error_set_errno(&t->failure, rc, "file '%s' stays hidden", file->hidden);
	transport_hang_up(t);
}

static int file_connect(struct transport *t)
{
	struct file *file = (struct file *)t;

	/* what failed goes on in the same file; one that is not rotated was opened at the start */
	return t->fd >= 0 ? 0 : file_begin(file);
}

/* Cut off what there is of a message. */
static void file_take_back(struct file *file)
{
	if (file->regular && !ftruncate(file->transport.fd, file->bytes))
		lseek(file->transport.fd, file->bytes, SEEK_SET);
}

static int file_send(struct transport *t, const uint8_t *bytes, uint32_t count)
{
	struct file *file = (struct file *)t;
	uint32_t done = 0;

	while (done < count) {
		ssize_t n = write(t->fd, bytes + done, count - done);

		if (n < 0 && errno != EINTR) {
			int code = -errno;

			if (done)
				file_take_back(file);
			file->failed = true;
			return code;
		}
		done += n > 0 ? (uint32_t)n : 0;
	}
	file->bytes += count;
	file->failed = false;
	return 0;
}

static int file_check(struct transport *t)
{
	const struct file *file = (const struct file *)t;

	if (!file_rotates(file))
		return 0;
	if (file->limit_bytes && (uint64_t)file->bytes + FILE_RESERVE_BYTES > file->limit_bytes)
		return 1;
	return file->interval_ns && clock_unix_ns() >= file->until_ns;
}

static void file_disconnect(struct transport *t)
{
	struct file *file = (struct file *)t;

	if (file_rotates(file) && !file->failed)
		file_end(file);
}

static void file_close(struct transport *t)
{
	struct file *file = (struct file *)t;

	if (file_rotates(file) && t->fd >= 0)
		file_end(file);
	transport_hang_up(t);
	free(t);
}

static const struct transport_ops file_ops = {
	.connect = file_connect,
	.send = file_send,
	.check = file_check,
	.disconnect = file_disconnect,
	.close = file_close,
};

int transport_open_file(const char *path, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error)
{
	struct file *file = calloc(1, sizeof(*file));
	int rc = 0;

	if (!file)
		return weir_error_set(error, -ENOMEM, "out of memory");
	file->transport.ops = &file_ops;
	file->transport.fd = -1;
	file->transport.message_bytes = TRANSPORT_STREAM_BYTES;
	file->privilege = settings->privilege;
	file->limit_bytes = settings->network.file_bytes;
	file->interval_ns = settings->network.file_interval_ns;
	strncpy(file->transport.host, path, sizeof(file->transport.host) - 1);
	if (strlen(path) >= sizeof(file->path))
		rc = weir_error_set_errno(error, -ENAMETOOLONG, "cannot create the file");
	else
		strcpy(file->path, path);
	if (rc == 0)
		rc = file_rotates(file) ? file_begin(file) : file_create(file, file->path, O_TRUNC);
	if (rc < 0) {
		if (error && *file->transport.failure.text)
			*error = file->transport.failure;
		free(file);
		return rc;
	}
	*out = &file->transport;
	return 0;
}
