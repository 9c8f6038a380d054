/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include "base/clock.h"
#include "files.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	/* One filled, one prepared, and those whose last buffer is on its way. */
	DISK_FILES = 8,
};

struct buffer_queue {
	struct record_buffer *head, **tail;
};

struct record_disk {
	const struct record_writer_ops *ops;
	struct record_writer *writer;
	const struct record_format *format;
	struct segments *segments;
	bool rotating; /* the next file is made ahead */
	bool started;
	pthread_t thread;

	/* packet thread */
	struct record_buffer *pool;
	struct record_buffer *free; /* the last used first: it is the warmest */
	uint32_t out;               /* buffers that are with the disk thread */

	/* disk thread */
	struct buffer_queue in_flight; /* begun, not finished */
	uint32_t in_flight_count;
	uint64_t sync_interval_ns;    /* 0 = files are not synced before they are complete */
	struct record_file *unsynced; /* holds bytes that are to be synced; or NULL */
	uint64_t sync_due_ns;         /* by then; monotonic */

	/* both, under 'lock', which is taken once per buffer */
	pthread_mutex_t lock;
	pthread_cond_t work, back;
	struct buffer_queue todo, done;
	struct record_file files[DISK_FILES];
	struct record_file *spare, *prepared; /* lists */
	struct weir_error unprepared;         /* why no next file could be made */
	bool awaited;                         /* the packet thread waits for the next file */
	bool stop;
	struct weir_error failure; /* the first one */
};

static void queue_init(struct buffer_queue *queue)
{
	queue->head = NULL;
	queue->tail = &queue->head;
}

static void queue_put(struct buffer_queue *queue, struct record_buffer *buffer)
{
	buffer->next = NULL;
	*queue->tail = buffer;
	queue->tail = &buffer->next;
}

static struct record_buffer *queue_get(struct buffer_queue *queue)
{
	struct record_buffer *buffer = queue->head;

	if (!buffer)
		return NULL;
	queue->head = buffer->next;
	if (!queue->head)
		queue->tail = &queue->head;
	return buffer;
}

static void disk_put_file(struct record_file **list, struct record_file *file)
{
	file->next = *list;
	*list = file;
}

static struct record_file *disk_get_file(struct record_file **list)
{
	struct record_file *file = *list;

	if (file)
		*list = file->next;
	return file;
}

/* The disk thread waits for work by the monotonic clock. */
static void disk_init_work(struct record_disk *disk)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&disk->work, &attributes);
	pthread_condattr_destroy(&attributes);
}

int disk_open(const struct record_writer_ops *ops, const struct record_format *format,
	      struct segments *segments, bool rotating, struct record_disk **out)
{
	struct record_disk *disk = calloc(1, sizeof(*disk));
	int rc = -ENOMEM;

	if (!disk)
		return rc;
	pthread_mutex_init(&disk->lock, NULL);
	disk_init_work(disk);
	pthread_cond_init(&disk->back, NULL);
	queue_init(&disk->in_flight);
	queue_init(&disk->todo);
	queue_init(&disk->done);
	disk->ops = ops;
	disk->format = format;
	disk->segments = segments;
	disk->rotating = rotating;
	disk->sync_interval_ns = segments_sync_interval_ns(segments);
	for (uint32_t i = 0; i < DISK_FILES; i++)
		disk_put_file(&disk->spare, &disk->files[i]);
	disk->pool = buffer_pool_open(BUFFER_COUNT, BUFFER_BYTES);
	if (disk->pool)
		rc = ops->open ? ops->open(&disk->writer, disk->pool) : 0;
	if (rc) {
		disk_close(disk);
		return rc;
	}
	for (uint32_t i = BUFFER_COUNT; i > 0; i--) {
		disk->pool[i - 1].next = disk->free;
		disk->free = &disk->pool[i - 1];
	}
	*out = disk;
	return 0;
}

/* ---- disk thread ---- */

/* Remember the first failure, for the packet thread to find. */
static void disk_fail(struct record_disk *disk, const struct weir_error *error)
{
	pthread_mutex_lock(&disk->lock);
	if (!disk->failure.code)
		disk->failure = *error;
	pthread_mutex_unlock(&disk->lock);
}

static bool disk_wants_file(const struct record_disk *disk)
{
	return (disk->rotating || disk->awaited) && !disk->prepared && disk->spare &&
	       !disk->unprepared.code && !disk->stop;
}

static int disk_make_file(struct record_disk *disk, struct record_file *file,
			  struct weir_error *error)
{
	int rc = segments_prepare(disk->segments, file, error);

	if (!rc && disk->ops->prepare)
		disk->ops->prepare(disk->writer, file, segments_file_bytes(disk->segments));
	return rc;
}

static void disk_prepare(struct record_disk *disk)
{
	struct weir_error error = {};
	struct record_file *file;
	int rc;

	pthread_mutex_lock(&disk->lock);
	file = disk_get_file(&disk->spare);
	pthread_mutex_unlock(&disk->lock);
	rc = disk_make_file(disk, file, &error);
	pthread_mutex_lock(&disk->lock);
	disk->unprepared = error;
	disk_put_file(rc ? &disk->spare : &disk->prepared, file);
	pthread_cond_signal(&disk->back);
	pthread_mutex_unlock(&disk->lock);
}

/* Only 'written' bytes of the buffer got into the file: its whole records end where? */
static uint64_t disk_cut(const struct record_disk *disk, struct record_buffer *buffer,
			 size_t written)
{
	if (written < buffer->boundary)
		return buffer->record_start;
	written = buffer->boundary + disk->format->whole(buffer->bytes + buffer->boundary,
							 written - buffer->boundary,
							 &buffer->packets_written);
	buffer->packets_written += buffer->boundary_is_packet;
	return buffer->offset + written;
}

static void disk_failed_write(struct record_disk *disk, struct record_buffer *buffer,
			      size_t written, int failure)
{
	struct weir_error error;

	buffer->file->size = disk_cut(disk, buffer, written);
	buffer->file->failure = failure;
	weir_error_set_errno(&error, failure, "cannot write '%s'", buffer->file->path);
	disk_fail(disk, &error);
}

/* A buffer was not begun: its file had failed before, or this is where it does. */
static void disk_refuse(struct record_disk *disk, struct record_buffer *buffer)
{
	struct record_file *file = buffer->file;
	struct weir_error error;

	if (!file->failure) {
		file->size = buffer->record_start;
		file->failure = -ENOSPC;
		weir_error_set(&error, -ENOSPC,
			       "cannot write '%s': no more of the file system may be used than "
			       "leaves free what is to be kept free",
			       file->path);
		disk_fail(disk, &error);
	}
	buffer->failure = file->failure;
}

/* Write on, as long as an older file gives way on a full disk. */
static size_t disk_insist(struct record_disk *disk, struct record_buffer *buffer, size_t written,
			  int *failure)
{
	const struct record_file *file = buffer->file;

	while (*failure == -ENOSPC && file->regular && !segments_give_way(disk->segments)) {
		if (file->encoded)
			written = disk->ops->finish(disk->writer, buffer, failure);
		else
			written += files_write_cached_at(file->fd, buffer->bytes + written,
							 buffer->length - written,
							 buffer->offset + written, failure);
	}
	return written;
}

/* From now on the file waits to be synced. */
static void disk_note_unsynced(struct record_disk *disk, struct record_file *file)
{
	if (!disk->sync_interval_ns || disk->unsynced || !file->regular)
		return;
	disk->unsynced = file;
	disk->sync_due_ns = clock_monotonic_ns() + disk->sync_interval_ns;
}

static void disk_sync(struct record_disk *disk)
{
	struct record_file *file = disk->unsynced;
	struct weir_error error;

	disk->unsynced = NULL;
	if (!fdatasync(file->fd))
		return;
	/* What the kernel could not write is not to be had again: no use to go on. */
	file->failure = -errno;
	weir_error_set_errno(&error, file->failure, "cannot sync '%s'", file->path);
	disk_fail(disk, &error);
}

static void disk_finish_write(struct record_disk *disk, struct record_buffer *buffer)
{
	struct record_file *file = buffer->file;
	int failure = 0;
	size_t written = disk->ops->finish(disk->writer, buffer, &failure);

	if (failure == -ENOSPC && !file->failure)
		written = disk_insist(disk, buffer, written, &failure);
	if (failure && !file->failure)
		disk_failed_write(disk, buffer, written, failure);
	buffer->failure = file->failure;
	if (file->failure)
		return;
	file->size = buffer->offset + buffer->length;
	disk_note_unsynced(disk, file);
	segments_written(disk->segments, buffer);
	for (uint32_t i = 0; i < buffer->run_count; i++)
		buffer->packets_written += buffer->runs[i].packets;
}

/* Nothing of it could be written: there is no file to be had. */
static bool disk_is_void(const struct record_file *file)
{
	return file->failure && file->hidden && !file->size;
}

/* The file's last buffer is through: cut off what is not whole or was only reserved. */
static void disk_complete(struct record_disk *disk, struct record_file *file)
{
	struct weir_error error;

	if (disk->unsynced == file)
		disk->unsynced = NULL; /* a complete file is synced anyway */
	if (disk->ops->release)
		disk->ops->release(disk->writer, file);
	if (file->encoded)
		file->size = file->stored;
	if (file->regular && (file->failure || file->allocated || file->unreserved) &&
	    ftruncate(file->fd, (off_t)file->size)) {
		weir_error_set_errno(&error, -errno, "cannot cut '%s' to its size", file->path);
		disk_fail(disk, &error);
	}
	if (disk_is_void(file))
		segments_discard(disk->segments, file);
	else if (segments_complete(disk->segments, file, &error))
		disk_fail(disk, &error);
	pthread_mutex_lock(&disk->lock);
	disk_put_file(&disk->spare, file);
	pthread_mutex_unlock(&disk->lock);
}

static void disk_begin(struct record_disk *disk, struct record_buffer *buffer)
{
	buffer->begun = !buffer->file->failure && !segments_allow(disk->segments, buffer->file,
								  buffer->offset + buffer->length);
	if (buffer->begun)
		disk->ops->begin(disk->writer, buffer);
	queue_put(&disk->in_flight, buffer);
	disk->in_flight_count++;
}

static void disk_finish(struct record_disk *disk)
{
	struct record_buffer *buffer = queue_get(&disk->in_flight);

	disk->in_flight_count--;
	if (buffer->begun)
		disk_finish_write(disk, buffer);
	else
		disk_refuse(disk, buffer);
	if (buffer->last)
		disk_complete(disk, buffer->file);
	pthread_mutex_lock(&disk->lock);
	queue_put(&disk->done, buffer);
	pthread_cond_signal(&disk->back);
	pthread_mutex_unlock(&disk->lock);
}

/* What to do next, waiting for it if there is nothing to do. */
enum disk_step { DISK_PREPARE, DISK_SYNC, DISK_BEGIN, DISK_FINISH, DISK_STOP };

static bool disk_sync_due(const struct record_disk *disk)
{
	return disk->unsynced && clock_monotonic_ns() >= disk->sync_due_ns;
}

/* Under the lock: until there is work, or a file is to be synced. */
static void disk_wait(struct record_disk *disk)
{
	struct timespec due = {.tv_sec = (time_t)(disk->sync_due_ns / CLOCK_NS_PER_S),
			       .tv_nsec = (long)(disk->sync_due_ns % CLOCK_NS_PER_S)};

	if (disk->unsynced)
		pthread_cond_timedwait(&disk->work, &disk->lock, &due);
	else
		pthread_cond_wait(&disk->work, &disk->lock);
}

static enum disk_step disk_next(struct record_disk *disk, struct record_buffer **buffer)
{
	enum disk_step step = DISK_STOP;

	pthread_mutex_lock(&disk->lock);
	while (!disk_wants_file(disk) && !disk->todo.head && !disk->in_flight_count &&
	       !disk->stop && !disk_sync_due(disk))
		disk_wait(disk);
	if (disk_wants_file(disk)) {
		step = DISK_PREPARE;
	} else if (disk_sync_due(disk)) {
		step = DISK_SYNC;
	} else if (disk->todo.head && disk->in_flight_count < disk->ops->depth) {
		*buffer = queue_get(&disk->todo);
		step = DISK_BEGIN;
	} else if (disk->in_flight_count) {
		step = DISK_FINISH;
	}
	pthread_mutex_unlock(&disk->lock);
	return step;
}

static void *disk_main(void *argument)
{
	struct record_disk *disk = argument;
	struct record_buffer *buffer = NULL;

	for (;;) {
		switch (disk_next(disk, &buffer)) {
		case DISK_PREPARE:
			disk_prepare(disk);
			break;
		case DISK_SYNC:
			disk_sync(disk);
			break;
		case DISK_BEGIN:
			disk_begin(disk, buffer);
			break;
		case DISK_FINISH:
			disk_finish(disk);
			break;
		case DISK_STOP:
			return NULL;
		}
	}
}

/* ---- packet thread ---- */

struct record_file *disk_first_file(struct record_disk *disk, struct weir_error *error)
{
	struct record_file *file = disk_get_file(&disk->spare);

	if (!disk_make_file(disk, file, error))
		return file;
	disk_put_file(&disk->spare, file);
	return NULL;
}

void disk_describe(const struct record_disk *disk, const struct record_file *file, char *text,
		   size_t size)
{
	if (!disk->ops->describe || (!file->regular && !file->encoded))
		snprintf(text, size, "plain");
	else if (!file->direct && !file->map && !file->encoded)
		snprintf(text, size, "plain (this file system refuses '%s')", disk->ops->name);
	else
		snprintf(text, size, "%s (%s)", disk->ops->name, disk->ops->describe(disk->writer));
}

int disk_start(struct record_disk *disk)
{
	sigset_t all, before;
	int rc;

	if (disk->started)
		return 0;
	/* A closed pipe must come back as EPIPE, and signals belong to the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&disk->thread, NULL, disk_main, disk);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	disk->started = rc == 0;
	return -rc;
}

/* Settle what is back; with 'wait', at least one buffer. */
static void disk_collect(struct record_disk *disk, bool wait)
{
	struct record_buffer *buffer, *next;

	pthread_mutex_lock(&disk->lock);
	while (wait && !disk->done.head)
		pthread_cond_wait(&disk->back, &disk->lock);
	buffer = disk->done.head;
	queue_init(&disk->done);
	pthread_mutex_unlock(&disk->lock);
	for (; buffer; buffer = next) {
		next = buffer->next;
		buffer_settle(buffer);
		buffer->next = disk->free;
		disk->free = buffer;
		disk->out--;
	}
}

struct record_buffer *disk_take(struct record_disk *disk)
{
	struct record_buffer *buffer;

	disk_collect(disk, !disk->free);
	buffer = disk->free;
	disk->free = buffer->next;
	return buffer;
}

/* Under the lock. */
static struct record_file *disk_wait_file(struct record_disk *disk)
{
	disk->awaited = true;
	pthread_cond_signal(&disk->work);
	while (!disk->prepared && !disk->unprepared.code)
		pthread_cond_wait(&disk->back, &disk->lock);
	disk->awaited = false;
	return disk_get_file(&disk->prepared);
}

struct record_file *disk_take_file(struct record_disk *disk)
{
	struct record_file *file;

	pthread_mutex_lock(&disk->lock);
	/* It was made ahead; what forbade it may have passed meanwhile. */
	disk->unprepared.code = 0;
	file = disk_wait_file(disk);
	if (!file && !disk->failure.code)
		disk->failure = disk->unprepared;
	pthread_cond_signal(&disk->work);
	pthread_mutex_unlock(&disk->lock);
	return file;
}

uint32_t disk_free(struct record_disk *disk)
{
	if (disk->out)
		disk_collect(disk, false);
	return BUFFER_COUNT - disk->out - 1;
}

void disk_submit(struct record_disk *disk, struct record_buffer *buffer)
{
	disk->out++;
	pthread_mutex_lock(&disk->lock);
	queue_put(&disk->todo, buffer);
	pthread_cond_signal(&disk->work);
	pthread_mutex_unlock(&disk->lock);
}

static int disk_verdict(struct record_disk *disk, struct weir_error *error)
{
	int rc;

	pthread_mutex_lock(&disk->lock);
	rc = disk->failure.code;
	if (rc && error)
		*error = disk->failure;
	pthread_mutex_unlock(&disk->lock);
	return rc;
}

int disk_reap(struct record_disk *disk, struct weir_error *error)
{
	if (disk->out)
		disk_collect(disk, false);
	return disk_verdict(disk, error);
}

int disk_drain(struct record_disk *disk, struct weir_error *error)
{
	while (disk->out)
		disk_collect(disk, true);
	return disk_verdict(disk, error);
}

static void disk_stop(struct record_disk *disk)
{
	if (!disk->started)
		return;
	pthread_mutex_lock(&disk->lock);
	disk->stop = true;
	pthread_cond_signal(&disk->work);
	pthread_mutex_unlock(&disk->lock);
	pthread_join(disk->thread, NULL);
}

void disk_discard(struct record_disk *disk, struct record_file *file)
{
	if (disk->ops->release)
		disk->ops->release(disk->writer, file);
	segments_discard(disk->segments, file);
}

void disk_close(struct record_disk *disk)
{
	struct record_file *file;

	if (!disk)
		return;
	disk_stop(disk);
	while ((file = disk_get_file(&disk->prepared)))
		disk_discard(disk, file);
	if (disk->ops->close)
		disk->ops->close(disk->writer);
	pthread_cond_destroy(&disk->work);
	pthread_cond_destroy(&disk->back);
	pthread_mutex_destroy(&disk->lock);
	buffer_pool_close(disk->pool, BUFFER_COUNT);
	free(disk);
}
