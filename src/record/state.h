/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's own state, shared by the files that make it up:
 * recorder.c (a packet's way into a buffer, and the recorder's life),
 * describe.c (headers, interfaces and counters in the file),
 * rotate.c (when a file ends and the next begins).
 */
#ifndef RECORD_STATE_H
#define RECORD_STATE_H

#include "disk.h"
#include "pcapng.h"
#include "record/recorder.h"

/* One attached source. */
struct recorder_source {
	struct weir_account *account;
	struct weir_row *row; /* disk stage */
	uint32_t index;       /* in the recorder's table */
	uint32_t interface;   /* that it captures on; UINT32_MAX = many, or told otherwise */
	uint64_t recorded;    /* packets, in the current file */
	/* The ledger when the current file began, and as last told in it. */
	struct pcapng_statistics base;
	uint64_t told_dropped;
	uint64_t told_ns;
};

struct flight;

struct recorder {
	const struct record_format *format;
	const struct weir_interfaces *interfaces;
	struct segments *segments;
	struct record_disk *disk;
	struct record_file *file;     /* being filled */
	struct record_buffer *buffer; /* being filled; of 'file' */
	struct record_encoder encoder;
	struct recorder_source **sources; /* in order of attaching */
	uint32_t source_count;
	bool from_file;      /* some source reads a file: its clock rules, not ours */
	bool begun;          /* the file's header is in the buffer */
	bool last_is_packet; /* the last record, which may straddle the buffer's end */
	bool handed_over;    /* since the last tick */
	bool immediate;
	enum weir_record_slow slow;
	bool short_of_buffers; /* packets are being cut to their headers */
	uint64_t shortened;    /* how many were */
	uint32_t described;    /* interfaces described in this file: the next id */
	uint32_t link_type;    /* of a pcap file, once begun */
	uint8_t time_resolution;
	uint32_t snaplen;      /* as asked for; 0 = no limit */
	uint32_t snaplen_kept; /* bytes kept of a packet while nothing is short */
	int failure;
	char description[128]; /* of the writer */
	char *comment, *os, *hardware;

	struct weir_record_rotation rotation;
	uint32_t files_begun;
	uint64_t file_packets; /* in this file */
	uint64_t bytes_left;   /* of all files, for the user's limit; before this file */
	bool ended;            /* a limit of the user's is reached */
	bool has_name;         /* a file of the file system, which others may follow */
	uint64_t tick_ns;      /* Unix time of the last tick */
	bool next_wanted;      /* by the user; set by any thread */
	struct flight *flight; /* where packets wait for a trigger; NULL = they do not */
};

static inline bool recorder_is_pcapng(const struct recorder *recorder)
{
	return recorder->format->packets == pcapng_packets;
}

/* ---- recorder.c ---- */

/* Bytes in the buffer. */
static inline size_t recorder_used(const struct recorder *recorder)
{
	return (size_t)(recorder->encoder.at - recorder->buffer->bytes);
}

/* Give what is in the buffer to the disk thread and go on in another. */
void recorder_hand_over(struct recorder *recorder);
/* Go on in this buffer, of which 'used' bytes are filled. */
void recorder_fill(struct recorder *recorder, struct record_buffer *buffer, size_t used);
/* Encode packets, as recorder_take where nothing is waited for. */
int recorder_record(struct recorder *recorder, struct recorder_source *source,
		    const struct weir_packet *packets, uint32_t count, uint64_t dropped,
		    struct weir_error *error);
/* Packets that are not recorded. */
void recorder_leave_out(struct recorder_source *source, enum weir_reason reason, uint32_t count);
/* What the disk thread has met meanwhile. Returns as recorder_take. */
int recorder_check(struct recorder *recorder, struct weir_error *error);

/* ---- describe.c ---- */

/* Begin a pcapng file; a pcap file begins with its first interface. */
void describe_section(struct recorder *recorder);
/* Make an interface known to the file, unless it is. -EINVAL with 'error'. */
int describe_interface(struct recorder *recorder, uint32_t index, struct weir_error *error);
/* Find the interface that a live source captures on. */
void describe_place_source(const struct recorder *recorder, struct recorder_source *source);
/* All interfaces become unknown: a new file. */
void describe_reset(struct recorder *recorder, uint64_t now_ns);
/* The counters of all sources, and the header of a file without packets: the file's end. */
void describe_end(struct recorder *recorder, uint64_t now_ns);
/* The counters of sources that lost something since they were last told. */
void describe_losses(struct recorder *recorder, uint64_t now_ns);

/* ---- rotate.c ---- */

/* Begin the first file. */
void rotate_begin(struct recorder *recorder, struct record_file *file, uint64_t now_ns);
/* A source has a clock of its own: files begin and end by its packets' times only. */
void rotate_by_packets(struct recorder *recorder);
/* Write what ends the file and give its last buffer away. */
void rotate_end(struct recorder *recorder, uint64_t now_ns);
/* A packet of this time comes: is it beyond the file's limits? */
bool rotate_due(const struct recorder *recorder, uint64_t time_ns);
/* Go on in the next file, or set recorder->ended and return 1; else as recorder_take. */
int rotate_next(struct recorder *recorder, uint64_t time_ns, struct weir_error *error);
/* Go on in the next file if the user has asked for that; 'time_ns' as above. */
int rotate_on_demand(struct recorder *recorder, uint64_t time_ns, struct weir_error *error);
/* Rotate on time though no packet comes. Returns as recorder_take. */
int rotate_tick(struct recorder *recorder, uint64_t now_ns, struct weir_error *error);
/* Bytes that may still be put into this file before one of its limits is reached. */
uint64_t rotate_bytes_left(const struct recorder *recorder);

#endif
