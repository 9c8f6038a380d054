/* SPDX-License-Identifier: Apache-2.0 */
#include "segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "files.h"
#include "manifest.h"
#include "remote.h"

enum {
	/* Complete files that are remembered for deleting them later; then the oldest are kept. */
	SEGMENTS_REMEMBERED_MAX = 65536,
	SEGMENTS_PASSED_OVER_MAX = 65536, /* names that other recorders have */
};

/* A complete file. */
struct segment {
	char *path;
	uint64_t bytes;
	struct segment *next;
};

struct segments {
	struct weir_privilege *privilege;
	char *template, *command;
	bool rotating;
	bool sync; /* complete files */
	uint64_t sync_interval_ns;
	struct manifest *manifest; /* of the file being written; NULL = none wanted */
	uint32_t files_max;
	uint64_t total_bytes_max, file_bytes_max, keep_free_bytes;
	enum weir_record_full full;
	uint32_t prepared; /* files made so far */
	/* Of the complete file that begins last: its name by time, and when. */
	char *newest_name;
	uint64_t newest_begin_ns;
	struct segment *oldest, **newest;
	uint32_t count;
	uint64_t bytes; /* of the complete files remembered */
};

int segments_open(const struct weir_record_settings *settings, struct segments **out,
		  struct weir_error *error)
{
	const struct weir_record_rotation *rotation = &settings->rotation;
	struct segments *segments = calloc(1, sizeof(*segments));

	if (!segments)
		return weir_error_set(error, -ENOMEM, "out of memory");
	segments->template = strdup(settings->path);
	segments->command = rotation->command ? strdup(rotation->command) : NULL;
	if (!segments->template || (rotation->command && !segments->command)) {
		segments_close(segments);
		return weir_error_set(error, -ENOMEM, "out of memory");
	}
	segments->privilege = settings->privilege;
	segments->rotating = weir_record_rotates(rotation);
	segments->sync = settings->sync == WEIR_RECORD_SYNC_DEFAULT
				 ? segments->rotating
				 : settings->sync != WEIR_RECORD_SYNC_NEVER;
	if (settings->sync == WEIR_RECORD_SYNC_INTERVAL)
		segments->sync_interval_ns = settings->sync_interval_ns;
	segments->files_max = rotation->files_max;
	segments->total_bytes_max = rotation->total_bytes_max;
	segments->file_bytes_max = rotation->file_bytes;
	segments->keep_free_bytes = settings->keep_free_bytes;
	segments->full = settings->full;
	segments->newest = &segments->oldest;
	if (settings->manifest && manifest_open(&segments->manifest)) {
		segments_close(segments);
		return weir_error_set(error, -ENOMEM, "no memory for a manifest");
	}
	*out = segments;
	return 0;
}

void segments_close(struct segments *segments)
{
	if (!segments)
		return;
	while (segments->oldest) {
		struct segment *next = segments->oldest->next;

		free(segments->oldest->path);
		free(segments->oldest);
		segments->oldest = next;
	}
	manifest_close(segments->manifest);
	free(segments->newest_name);
	free(segments->template);
	free(segments->command);
	free(segments);
}

/* ---- the oldest file ---- */

static void segments_forget_oldest(struct segments *segments)
{
	struct segment *oldest = segments->oldest;

	segments->oldest = oldest->next;
	if (!segments->oldest)
		segments->newest = &segments->oldest;
	segments->count--;
	segments->bytes -= oldest->bytes;
	free(oldest->path);
	free(oldest);
}

static void segments_delete_oldest(struct segments *segments)
{
	manifest_drop(segments->privilege, segments->oldest->path);
	/* One that is gone already, or cannot be deleted, is no longer ours to delete. */
	files_unlink(segments->privilege, segments->oldest->path);
	segments_forget_oldest(segments);
}

int segments_give_way(struct segments *segments)
{
	if (segments->full != WEIR_RECORD_FULL_OLDEST || !segments->oldest)
		return -ENOSPC;
	segments_delete_oldest(segments);
	return 0;
}

/* Has a file gone, so that what failed with 'code' may be tried again? */
static bool segments_made_room(struct segments *segments, int code)
{
	return (code == -ENOSPC || code == -EDQUOT) && !segments_give_way(segments);
}

/* ---- the next file ---- */

static int segments_open_stdout(struct record_file *file, struct weir_error *error)
{
	strcpy(file->path, "standard output");
	file->fd = STDOUT_FILENO;
	if (isatty(file->fd))
		return weir_error_set(error, -EINVAL,
				      "standard output is a terminal, which cannot show packets; "
				      "redirect it, or name a file");
	return 0;
}

static int segments_connect(const struct segments *segments, struct record_file *file,
			    struct weir_error *error)
{
	if (strlen(segments->template) >= sizeof(file->path))
		return weir_error_set(error, -ENAMETOOLONG, "'%s' is too long", segments->template);
	strcpy(file->path, segments->template);
	file->remote = true;
	file->fd = remote_open(file->path, error);
	return file->fd < 0 ? file->fd : 0;
}

/* A hidden file that is there already, or in other hands, is another recorder's. */
static int segments_create_hidden(const struct segments *segments, struct record_file *file)
{
	int fd;

	for (int i = 0; i < SEGMENTS_PASSED_OVER_MAX; i++, file->number++) {
		fd = names_hidden(file->path, segments->template, file->number, clock_unix_ns());
		if (!fd)
			fd = files_create_new(segments->privilege, file->path, &file->regular);
		if (fd != -EEXIST && fd != -EBUSY)
			return fd;
	}
	return -EEXIST;
}

static int segments_create_visible(const struct segments *segments, struct record_file *file)
{
	int fd;

	if (strlen(segments->template) >= sizeof(file->path))
		return -ENAMETOOLONG;
	strcpy(file->path, segments->template);
	fd = files_create(segments->privilege, file->path, &file->regular);
	if (fd >= 0)
		manifest_drop(segments->privilege,
			      file->path); /* of an earlier file of that name */
	return fd;
}

int segments_prepare(struct segments *segments, struct record_file *file, struct weir_error *error)
{
	*file = (struct record_file){.number = segments->prepared + 1, .fd = -1};
	if (!strcmp(segments->template, "-"))
		return segments_open_stdout(file, error);
	file->owned = true;
	if (remote_is(segments->template))
		return segments_connect(segments, file, error);
	/* One that comes after a single file was asked for while that was written. */
	file->hidden = segments->rotating || segments->prepared;
	do
		file->fd = file->hidden ? segments_create_hidden(segments, file)
					: segments_create_visible(segments, file);
	while (segments_made_room(segments, file->fd));
	segments->prepared = file->number;
	if (file->fd == -ENAMETOOLONG)
		return weir_error_set(error, file->fd, "the file name '%s' is too long",
				      segments->template);
	if (file->fd == -EBUSY)
		return weir_error_set(error, file->fd, "'%s' is being written by another recorder",
				      file->path);
	if (file->fd < 0)
		return weir_error_set_errno(error, file->fd, "cannot create '%s'", file->path);
	/* A file whose name a power cut may take is of no use when it is synced. */
	if (segments->sync_interval_ns && file->regular)
		files_sync_directory(segments->privilege, file->path);
	return 0;
}

/* ---- complete files ---- */

uint64_t segments_sync_interval_ns(const struct segments *segments)
{
	return segments->sync_interval_ns;
}

uint64_t segments_file_bytes(const struct segments *segments)
{
	return segments->file_bytes_max;
}

int segments_allow(struct segments *segments, const struct record_file *file, uint64_t end)
{
	uint64_t bytes;

	if (!segments->keep_free_bytes || !file->regular)
		return 0;
	/* What was reserved is taken already; what is under way is not yet. */
	bytes = end <= file->allocated ? 0 : end - file->size;
	while (files_free_bytes(file->fd) < segments->keep_free_bytes + bytes)
		if (segments_give_way(segments))
			return -ENOSPC;
	return 0;
}

/* Must a file go, to make room for the one that is written next? */
static bool segments_too_many(const struct segments *segments)
{
	if (segments->files_max && segments->count > segments->files_max)
		return true;
	return segments->total_bytes_max && segments->oldest &&
	       segments->bytes + segments->file_bytes_max > segments->total_bytes_max;
}

/* No later file may take the name that this one's time gives. */
static int segments_remember_name(struct segments *segments, const struct record_file *file)
{
	char plain[PATH_MAX];
	char *copy;

	if (segments->newest_name && file->begin_ns < segments->newest_begin_ns)
		return 0;
	names_complete(plain, segments->template, file->number, file->begin_ns, false);
	copy = strdup(plain);
	if (!copy)
		return -ENOMEM;
	free(segments->newest_name);
	segments->newest_name = copy;
	segments->newest_begin_ns = file->begin_ns;
	return 0;
}

static int segments_remember(struct segments *segments, const struct record_file *file,
			     const char *path)
{
	struct segment *segment = calloc(1, sizeof(*segment));
	char *copy = strdup(path);

	if (!segment || !copy || segments_remember_name(segments, file)) {
		free(segment);
		free(copy);
		return -ENOMEM;
	}
	segment->path = copy;
	segment->bytes = file->size; /* as stored */
	*segments->newest = segment;
	segments->newest = &segment->next;
	segments->count++;
	segments->bytes += file->size;
	if (segments->count > SEGMENTS_REMEMBERED_MAX)
		segments_forget_oldest(segments);
	while (segments_too_many(segments))
		segments_delete_oldest(segments);
	return 0;
}

/*
 * The time that the user's name has does not change from file to file, or went
 * back: without the number, the name may be that of a file of this recording.
 */
static bool segments_time_again(const struct segments *segments, const struct record_file *file,
				const char *plain)
{
	return segments->newest_name && (file->begin_ns <= segments->newest_begin_ns ||
					 !strcmp(plain, segments->newest_name));
}

/* Give a complete file its name; 'path' has PATH_MAX bytes. */
static int segments_rename(const struct segments *segments, const struct record_file *file,
			   char *path)
{
	int rc = names_complete(path, segments->template, file->number, file->begin_ns, false);

	/* A name by time alone may come again by intent, as in a ring of the hours of a day. */
	if (!rc && strchr(segments->template, '%') && !segments_time_again(segments, file, path)) {
		manifest_drop(segments->privilege, path);
		return files_rename(segments->privilege, file->path, path);
	}
	/* A numbered one that is there is another recorder's. */
	rc = -EEXIST;
	for (uint32_t i = 0; rc == -EEXIST && i < SEGMENTS_PASSED_OVER_MAX; i++) {
		rc = names_complete(path, segments->template, file->number + i, file->begin_ns,
				    true);
		if (!rc)
			rc = files_rename_new(segments->privilege, file->path, path);
	}
	return rc;
}

static int segments_run_command(const struct segments *segments, const char *path,
				struct weir_error *error)
{
	int rc;

	if (!segments->command)
		return 0;
	rc = files_run(segments->privilege, segments->command, path);
	return rc ? weir_error_set_errno(error, rc, "cannot run '%s' with '%s'", segments->command,
					 path)
		  : 0;
}

void segments_written(struct segments *segments, const struct record_buffer *buffer)
{
	/* Of what is stored otherwise, the manifest is made once it is complete. */
	if (segments->manifest && !buffer->file->encoded)
		manifest_add(segments->manifest, buffer->bytes, buffer->length, buffer->offset);
}

/* On a full disk, older files than this one go for it as they do for packets. */
static int segments_store_manifest(struct segments *segments, const char *path, const char *text,
				   size_t length)
{
	int rc;

	do
		rc = manifest_store(segments->privilege, path, text, length, segments->sync);
	while (segments->count > 1 && segments_made_room(segments, rc));
	return rc;
}

static int segments_add_manifest(struct segments *segments, const struct record_file *file,
				 const char *path, struct weir_error *error)
{
	size_t length = 0;
	char *text;
	int rc;

	if (!segments->manifest || !file->regular)
		return 0;
	rc = manifest_make(segments->manifest, segments->privilege, path, file->size, &text,
			   &length);
	if (!rc)
		rc = segments_store_manifest(segments, path, text, length);
	free(text);
	return rc ? weir_error_set_errno(error, rc, "cannot make the manifest of '%s'", path) : 0;
}

static int segments_publish(struct segments *segments, const struct record_file *file,
			    struct weir_error *error)
{
	char path[PATH_MAX];
	int rc = segments_rename(segments, file, path);

	if (rc == -ENAMETOOLONG)
		return weir_error_set(error, rc, "the file name '%s' is too long",
				      segments->template);
	if (rc)
		return weir_error_set_errno(error, rc, "cannot rename '%s' to '%s'", file->path,
					    path);
	if (segments->sync)
		files_sync_directory(segments->privilege, path);
	/* The file is there: it is one of the recording whatever becomes of its manifest. */
	rc = segments_remember(segments, file, path);
	if (rc)
		return weir_error_set(error, rc, "out of memory");
	rc = segments_add_manifest(segments, file, path, error);
	return rc ? rc : segments_run_command(segments, path, error);
}

int segments_complete(struct segments *segments, struct record_file *file, struct weir_error *error)
{
	int rc = 0;

	if (!file->owned || file->fd < 0)
		return 0;
	if (file->regular && segments->sync && fsync(file->fd))
		rc = weir_error_set_errno(error, -errno, "cannot sync '%s'", file->path);
	if (file->remote && !file->failure)
		rc = remote_finish(file->fd, file->path, error);
	if (!rc && file->hidden)
		rc = segments_publish(segments, file, error);
	else if (!rc)
		rc = segments_add_manifest(segments, file, file->path, error);
	if (!rc && !file->hidden)
		rc = segments_run_command(segments, file->path, error);
	/* The lock goes with the descriptor: only once the name is final. */
	if (close(file->fd) && !rc)
		rc = weir_error_set_errno(error, -errno, "cannot close '%s'", file->path);
	file->fd = -1;
	return rc;
}

void segments_discard(struct segments *segments, struct record_file *file)
{
	if (!file->owned || file->fd < 0)
		return;
	if (file->hidden)
		files_unlink(segments->privilege, file->path);
	close(file->fd);
	file->fd = -1;
}
