/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording: packets into capture files.
 *
 * Invariants:
 * - Whatever ends a recording (a limit, a full disk, a reader that went
 *   away), the file consists of whole records.
 * - At the disk stage of the ledger, 'in' is counted when a packet is encoded
 *   and 'out' when all its bytes have been given to the file system.
 */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "filter.h"
#include "packet.h"
#include "privilege.h"
#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_record_format {
	WEIR_RECORD_BY_NAME, /* pcap when it ends in .pcap, .cap, or these and .zst or .lz4; else pcapng */
	WEIR_RECORD_PCAPNG, /* any link types, interfaces, losses, counters */
	WEIR_RECORD_PCAP,   /* one link type */
};

/* When the next file is begun, and how many are kept; 0 = no such limit. */
struct weir_record_rotation {
	uint64_t file_bytes;      /* a file ends with the packet that reaches this size */
	uint64_t file_packets;    /* or this number of packets */
	uint64_t duration_ns;     /* or this time after its beginning */
	uint64_t interval_ns;     /* or when Unix time is a multiple of this */
	uint32_t files_max;       /* keep so many complete files, delete the oldest */
	uint64_t total_bytes_max; /* keep them below this, the one being written included */
	const char *command;      /* run with each complete file as argument; may be NULL */
	uint32_t files_stop;      /* end the recording after so many files */
};

/* Is there more than one file? */
static inline bool weir_record_rotates(const struct weir_record_rotation *rotation)
{
	return rotation->file_bytes || rotation->file_packets || rotation->duration_ns ||
	       rotation->interval_ns;
}

/* When a file's bytes are forced to the disk. */
enum weir_record_sync {
	WEIR_RECORD_SYNC_DEFAULT, /* complete files of a rotation are; a single file is not */
	WEIR_RECORD_SYNC_NEVER,   /* the kernel decides */
	WEIR_RECORD_SYNC_FILE,    /* when it is complete, before it gets its name */
	/* and also every sync_interval_ns while it is written: what was written before is safe */
	WEIR_RECORD_SYNC_INTERVAL,
};

/* How bytes get into files. */
enum weir_record_writer {
	WEIR_RECORD_WRITER_DEFAULT, /* the fastest, as measured */
	WEIR_RECORD_WRITER_PLAIN,   /* through the page cache */
	/*
	 * The encoder writes into mapped files of a fixed size, which the
	 * disk thread maps ahead and unmaps behind; needs a rotation by size.
	 */
	WEIR_RECORD_WRITER_MMAP,
	/*
	 * Past it: files only, others are written plain. By io_uring, by Linux
	 * AIO where that is refused, by pwrite where both are.
	 */
	WEIR_RECORD_WRITER_DIRECT,
	WEIR_RECORD_WRITER_SQPOLL, /* the same, and a thread of the kernel looks for new writes */
};

/* What gives way when the disk is slower than the packets. */
enum weir_record_slow {
	WEIR_RECORD_SLOW_WAIT,    /* the recorder waits, and the source's ring fills */
	WEIR_RECORD_SLOW_NEWEST,  /* packets are dropped: disk_slow */
	WEIR_RECORD_SLOW_HEADERS, /* packets are cut to WEIR_RECORD_HEADER_BYTES; then as WAIT */
};

enum { WEIR_RECORD_HEADER_BYTES = 128 };

/* What gives way when the disk is full, or keep_free_bytes are reached. */
enum weir_record_full {
	WEIR_RECORD_FULL_STOP,   /* the recording ends: disk_full */
	WEIR_RECORD_FULL_OLDEST, /* the recording's oldest complete file, as long as there is one */
};

/* The last header that is kept of a packet. */
enum weir_record_slice {
	WEIR_RECORD_SLICE_NONE, /* all that was captured */
	WEIR_RECORD_SLICE_L2,   /* link, with VLAN tags and MPLS */
	WEIR_RECORD_SLICE_L3,   /* IP, with options and extension headers */
	WEIR_RECORD_SLICE_L4,   /* TCP, UDP, ... */
};

enum weir_record_sampling {
	WEIR_RECORD_SAMPLE_ALL,
	WEIR_RECORD_SAMPLE_SYSTEMATIC, /* every N-th packet */
	WEIR_RECORD_SAMPLE_RANDOM,     /* each with probability 1/N */
};

/* What makes a flight recorder write. */
enum weir_record_trigger {
	WEIR_RECORD_TRIGGER_PACKET, /* that matches a filter */
	WEIR_RECORD_TRIGGER_LOSS,   /* packets were lost, at whatever stage */
	WEIR_RECORD_TRIGGER_SIGNAL, /* weir_sink_record_trigger */
	WEIR_RECORD_TRIGGER_COUNT
};

/*
 * Packets wait in memory, and only those around a trigger are recorded; the
 * others are dropped at the disk stage as 'untriggered', which is no loss.
 * With a rotation, each event has at least one file of its own.
 */
struct weir_record_flight {
	uint64_t ring_bytes; /* of memory, for packets and 56 bytes each; 0 = record all */
	uint64_t before_ns;  /* no packet waits longer; 0 = as long as there is room */
	uint64_t after_ns;   /* recorded from the trigger's time on */
	/* Borrowed until the sink is closed. They see packets as they would be recorded. */
	struct weir_filter *const *filters;
	uint32_t filter_count;
	bool on_loss;
};

/* A good time to record after a trigger. */
enum { WEIR_RECORD_AFTER_S = 10 };

/* A good size of the mmap writer's files. */
enum { WEIR_RECORD_MMAP_FILE_BYTES = 200000000 };

/* What the user asked for. All texts are copied by weir_sink_open_record. */
struct weir_record_settings {
	/*
	 * "-" = standard output, "tcp://HOST:PORT" = a connection to another
	 * host, which is made when the sink is opened. A name that ends in .zst
	 * or .lz4 is compressed, in independent frames; sizes of a rotation are those before. With a rotation, strftime conversions are
	 * filled in; without any, number and time are put before the suffix:
	 * cap_00001_20261127093027.pcapng. Times are local.
	 */
	const char *path;
	enum weir_record_format format;
	/*
	 * Decimal digits of the times in a .pcap: 6 or 9; 0 = what a file that
	 * is read has, and 6 for live sources, as other tools do. A pcapng
	 * file has the resolution of each interface.
	 */
	uint8_t time_resolution;
	uint32_t snaplen;     /* bytes kept of each packet, 0 = all that was captured */
	uint64_t packets_max; /* stop after that many, 0 = no limit */
	enum weir_record_slice slice;
	uint64_t flow_bytes; /* of each flow, both directions; later packets: 'limit'; 0 = all */
	uint32_t slice_extra_bytes; /* kept behind that header */
	enum weir_record_sampling sampling;
	uint32_t sampling_interval; /* N */
	bool immediate;             /* hand each batch on at once (tcpdump -U), not within 200 ms */
	struct weir_record_rotation rotation;
	uint64_t bytes_max; /* stop after that many bytes in all files, 0 = no limit */
	enum weir_record_sync sync;
	uint64_t sync_interval_ns;
	enum weir_record_writer writer;
	enum weir_record_slow slow;
	enum weir_record_full full;
	uint64_t keep_free_bytes; /* leave that much of the file system to others */
	struct weir_record_flight flight;
	bool manifest;       /* SHA-256 of each file beside it: x.pcapng.sha256 */
	const char *comment; /* of the whole recording, into pcapng files; may be NULL */
	/* Opens what one's own rights do not suffice for; may be NULL. */
	struct weir_privilege *privilege;
};

/*
 * Open the sink that records. The file is made (or emptied) here, so that
 * what forbids it is known before the first packet. One thread is started
 * when the first source is attached. Errors: -EINVAL, -ENOMEM, -errno of the
 * system; 'error' says more. 'interfaces' is borrowed for the sink's life.
 *
 * consume() returns 1 when packets_max is reached or the reader of a pipe has
 * gone; -ENOSPC, -EIO, ... when the file cannot be written any more: what was
 * written stays and is valid.
 */
int weir_sink_open_record(const struct weir_record_settings *settings,
			  const struct weir_interfaces *interfaces, struct weir_sink **out,
			  struct weir_error *error);

enum { WEIR_RECORD_MERGE_DELAY_MS = 500 };
/*
 * As weir_sink_open_record, but one sink for each of several workers, in
 * out[0] to out[workers - 1], which record into one file in the order of
 * time. A packet waits up to 'delay_ns' for older ones of other workers; what
 * comes later still is written all the same, and counted as late in the
 * dispatch row "merge" of its account. Up to 512 MiB of packets wait (more
 * only with more than 128 sources); what finds no room is dropped there (queue_full). finish() waits
 * for the other workers' sinks. packets_max must be 0: the engine's limit is
 * of all workers.
 */
int weir_sink_open_record_merged(const struct weir_record_settings *settings,
				 const struct weir_interfaces *interfaces, uint32_t workers,
				 uint64_t delay_ns, struct weir_sink **out,
				 struct weir_error *error);
/* How the sink writes, for the user: "direct (O_DIRECT, io_uring)". Valid until it is closed. */
const char *weir_sink_record_writer(const struct weir_sink *sink);

/*
 * End the file and go on in the next, whatever the rotation says; soon, at a
 * packet. Without a rotation the first file keeps the name it was given, and
 * those that follow get number and time as in one. -EOPNOTSUPP when packets
 * are written into a pipe, a device or standard output. Thread rule: any.
 */
int weir_sink_record_rotate(struct weir_sink *sink);

/* How many packets were cut short by WEIR_RECORD_SLOW_HEADERS. Thread rule: the worker's. */
uint64_t weir_sink_record_shortened(const struct weir_sink *sink);

/* Record what waits, and what follows, now: of a sink with a flight recorder. Any thread. */
void weir_sink_record_trigger(struct weir_sink *sink);

/* What a flight recorder has done so far. */
struct weir_record_flown {
	uint64_t triggers[WEIR_RECORD_TRIGGER_COUNT];
	uint64_t last_ns;     /* Unix time of the last one; 0 = none yet */
	uint64_t left_out;    /* packets that fell out of the memory unrecorded */
	uint64_t crowded_out; /* those of them that were not older than before_ns */
};
/* Of a sink with a flight recorder. Any thread. */
void weir_sink_record_flown(const struct weir_sink *sink, struct weir_record_flown *out);

/* A file that a recorder left behind. */
struct weir_recovered {
	const char *from, *to; /* its name, and the one it got; 'to' is NULL when it was removed */
	uint64_t packets;      /* whole ones */
	uint64_t bytes_kept, bytes_cut;
	int result; /* 0; -EBUSY: a recorder writes it, it was left alone; else -errno */
};

/*
 * Make valid files of what recorders that did not come to their end left
 * behind: hidden files of a directory, or 'path' itself when it is a file.
 * Whole packets are kept, the rest is cut off; files without any packet are
 * removed; nothing that exists is overwritten. 'found' is called for each.
 * Returns how many were found, or -errno with 'error'. 'privilege' as in the
 * settings.
 */
int weir_record_recover(const char *path, struct weir_privilege *privilege,
			void (*found)(void *user, const struct weir_recovered *recovered),
			void *user, struct weir_error *error);

enum { WEIR_VERIFIED_LOSSES_MAX = 256, WEIR_VERIFIED_INTERFACES_MAX = 4096 };

/* Packets that a file says were lost, between two of those that are in it. */
struct weir_verified_loss {
	uint64_t from_ns, to_ns; /* Unix time; from_ns is 0 when no packet came before */
	uint64_t packets;
	char interface[WEIR_INTERFACE_NAME_BYTES];
};

/* Is there a manifest beside a file, and is the file as it was then? */
enum weir_manifest { WEIR_MANIFEST_NONE, WEIR_MANIFEST_MATCHES, WEIR_MANIFEST_DIFFERS };

/* What a capture file tells about its own completeness. UINT64_MAX = it does not tell. */
struct weir_verified {
	uint64_t bytes, bytes_whole; /* of the file (decompressed), and of its whole records */
	struct weir_error damage;    /* why no more of it can be decompressed; code 0 = it can */
	uint64_t packets;            /* that are in it */
	uint64_t counted;            /* that should be, by its counters */
	uint64_t lost;               /* before they could be recorded, by its counters */
	uint64_t located;            /* those of them of which the file tells when */
	enum weir_manifest manifest;
	/* With WEIR_MANIFEST_DIFFERS: the first bytes that do, as far as it can tell. */
	uint64_t differs_from, differs_to;
	uint64_t differs_packet; /* the first packet, from 1, that can; 0 = not told */
	uint32_t loss_count;     /* how often; the first WEIR_VERIFIED_LOSSES_MAX are in 'losses' */
	struct weir_verified_loss losses[WEIR_VERIFIED_LOSSES_MAX];
};

/*
 * Read a pcap or pcapng file (of either byte order, plain or compressed) for that.
 * -EINVAL when it is neither, -EBADMSG when nothing of it can be decompressed, -errno; 'error' says more. Thread rule: any.
 */
int weir_record_verify(const char *path, struct weir_verified *out, struct weir_error *error);

#ifdef __cplusplus
}
#endif
#endif
