/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a file ends and the next begins. Limits compose: whichever is reached
 * first. Times are those of the packets, so that a file holds exactly its
 * interval's packets; on a live source the clock ends a file too, a little
 * later, so that packets still on their way get into the file of their time.
 */
#include <string.h>

#include "base/clock.h"
#include "state.h"

/* Packets are delivered within this time: the ring's retire time and a busy machine. */
#define ROTATE_GRACE_NS (CLOCK_NS_PER_S / 2)

/* The last nanosecond of a file that begins at 'time_ns'. */
static uint64_t rotate_until(const struct weir_record_rotation *rotation, uint64_t time_ns)
{
	uint64_t until = UINT64_MAX, end;

	if (rotation->duration_ns)
		until = time_ns + rotation->duration_ns - 1;
	if (rotation->interval_ns) {
		end = time_ns - time_ns % rotation->interval_ns + rotation->interval_ns - 1;
		until = end < until ? end : until;
	}
	return until;
}

uint64_t rotate_bytes_left(const struct recorder *recorder)
{
	uint64_t offset = recorder->buffer->offset;
	uint64_t left = recorder->bytes_left;

	if (recorder->rotation.file_bytes && recorder->rotation.file_bytes < left)
		left = recorder->rotation.file_bytes;
	return left > offset ? left - offset : 0;
}

static bool rotate_knows_time(const struct recorder *recorder)
{
	return recorder->file_packets || !recorder->from_file;
}

/* A file that is read has a clock of its own: the first file begins with its first packet. */
static void rotate_set_time(struct recorder *recorder, uint64_t time_ns)
{
	recorder->file->begin_ns = time_ns;
	recorder->encoder.until_ns = rotate_until(&recorder->rotation, time_ns);
}

void rotate_begin(struct recorder *recorder, struct record_file *file, uint64_t now_ns)
{
	struct record_buffer *buffer = disk_take(recorder->disk);

	recorder->file = file;
	recorder->file_packets = 0;
	recorder->files_begun++;
	buffer_reset(buffer, file, 0);
	recorder->encoder.last = buffer->bytes;
	recorder_fill(recorder, buffer, 0);
	rotate_set_time(recorder, now_ns);
	describe_reset(recorder, now_ns);
	if (recorder_is_pcapng(recorder))
		describe_section(recorder);
}

void rotate_end(struct recorder *recorder, uint64_t now_ns)
{
	struct record_buffer *last;

	describe_end(recorder, now_ns);
	if (recorder_used(recorder) > recorder->buffer->capacity && !recorder->file->encoded)
		recorder_hand_over(recorder);
	last = recorder->buffer;
	last->length = recorder_used(recorder);
	last->last = true;
	recorder->bytes_left -= last->offset + last->length < recorder->bytes_left
					? last->offset + last->length
					: recorder->bytes_left;
	recorder->buffer = NULL;
	recorder->file = NULL;
	disk_submit(recorder->disk, last);
}

void rotate_by_packets(struct recorder *recorder)
{
	recorder->from_file = true;
	/* Let the first packet stop the loop, to tell its time. */
	if (!recorder->file_packets && weir_record_rotates(&recorder->rotation))
		recorder->encoder.until_ns = 0;
}

bool rotate_due(const struct recorder *recorder, uint64_t time_ns)
{
	const struct weir_record_rotation *rotation = &recorder->rotation;

	/* However small the limit, a file has a packet. */
	if (recorder->file_packets && recorder_used(recorder) >= rotate_bytes_left(recorder))
		return true;
	if (rotation->file_packets && recorder->file_packets >= rotation->file_packets)
		return true;
	return time_ns > recorder->encoder.until_ns;
}

/* Where the file begins whose first packet has this time: aligned ones at their interval. */
static uint64_t rotate_beginning(const struct recorder *recorder, uint64_t time_ns)
{
	uint64_t interval_ns = recorder->rotation.interval_ns;

	if (!interval_ns || time_ns <= recorder->encoder.until_ns)
		return time_ns;
	return time_ns - time_ns % interval_ns;
}

int rotate_next(struct recorder *recorder, uint64_t time_ns, struct weir_error *error)
{
	uint64_t begin_ns = rotate_beginning(recorder, time_ns);
	struct record_file *file;

	if (!rotate_knows_time(recorder)) {
		rotate_set_time(recorder, time_ns);
		return 0;
	}
	rotate_end(recorder, recorder->from_file ? time_ns : clock_unix_ns());
	if (!recorder->bytes_left || (recorder->rotation.files_stop &&
				      recorder->files_begun >= recorder->rotation.files_stop)) {
		recorder->ended = true;
		return 1;
	}
	file = disk_take_file(recorder->disk);
	if (!file)
		return recorder_check(recorder, error);
	rotate_begin(recorder, file, begin_ns);
	return recorder_check(recorder, error);
}

int rotate_on_demand(struct recorder *recorder, uint64_t time_ns, struct weir_error *error)
{
	/* Both relaxed: nothing but the wish goes from recorder_rotate to here. */
	if (!__atomic_load_n(&recorder->next_wanted, __ATOMIC_RELAXED))
		return 0;
	__atomic_store_n(&recorder->next_wanted, false, __ATOMIC_RELAXED);
	return rotate_next(recorder, time_ns, error);
}

/* The clock is beyond the file's end: when does the next begin? No file is made for a past one. */
static uint64_t rotate_next_beginning(const struct recorder *recorder, uint64_t now_ns)
{
	uint64_t duration_ns = recorder->rotation.duration_ns;
	uint64_t next_ns = recorder->encoder.until_ns + 1;
	uint64_t late_ns = now_ns - ROTATE_GRACE_NS - next_ns;

	return duration_ns ? next_ns + late_ns - late_ns % duration_ns : next_ns + late_ns;
}

/*
 * Was the clock set back, to before this file? Without a new one it would end
 * only when the clock has caught up. The clock is held against itself, since
 * packets may have another one (an adapter's), which is ahead of it.
 */
static bool rotate_went_back(struct recorder *recorder, uint64_t now_ns)
{
	bool back = now_ns + ROTATE_GRACE_NS < recorder->tick_ns &&
		    now_ns + ROTATE_GRACE_NS < recorder->file->begin_ns;

	recorder->tick_ns = now_ns;
	return back;
}

int rotate_tick(struct recorder *recorder, uint64_t now_ns, struct weir_error *error)
{
	uint64_t until_ns = recorder->encoder.until_ns;

	if (recorder->from_file || until_ns == UINT64_MAX)
		return 0;
	if (rotate_went_back(recorder, now_ns))
		return rotate_next(recorder, now_ns, error);
	if (until_ns >= UINT64_MAX - ROTATE_GRACE_NS || now_ns <= until_ns + ROTATE_GRACE_NS)
		return 0;
	return rotate_next(recorder, rotate_next_beginning(recorder, now_ns), error);
}
