/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaying a capture file out of an Ethernet interface: with its own timing,
 * faster or slower, at a rate, or as fast as it goes; with an exact account.
 *
 * Invariants:
 * - The file is in memory, whole, before the first frame is sent.
 * - Each packet of the file is sent in each round, or was left out for one
 *   reason that is counted: in = frames + sum(left out).
 * - 'sent' counts frames that the interface took, never those only offered.
 */
#ifndef WEIR_REPLAY_H
#define WEIR_REPLAY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "generate.h"
#include "privilege.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_replay_timing {
	WEIR_REPLAY_ORIGINAL, /* as in the file, divided by 'speed' */
	WEIR_REPLAY_PACKETS,  /* packets_per_s */
	WEIR_REPLAY_BITS,     /* bits_per_s */
	WEIR_REPLAY_TOP,      /* as fast as it goes */
};

#define WEIR_REPLAY_MEMORY_DEFAULT (UINT64_C(1) << 30)
#define WEIR_REPLAY_SPEED_MAX      1e6

/* What to send. Borrowed during open only, but for the callbacks. */
struct weir_replay_settings {
	const char *interface;
	/*
	 * Into this host's own stack, as if received: through a tap device that
	 * is made for it and called 'interface' (NULL = weir0, or the next that
	 * is free), which goes when the replay is closed or its process ends.
	 * Frames to single stations are sent to the device's own address.
	 * 'method' must be auto. Needs CAP_NET_ADMIN.
	 */
	bool to_stack;
	enum weir_generate_method method; /* not live; auto = socket */
	enum weir_replay_timing timing;
	double speed;           /* 0 = 1; at most WEIR_REPLAY_SPEED_MAX */
	uint64_t packets_per_s; /* at most WEIR_GENERATE_PACKETS_PER_S_MAX */
	uint64_t bits_per_s;    /* of layer-2 frames without FCS */
	uint64_t gap_max_ns;    /* longer gaps are made this long; 0 = no limit */
	uint64_t rounds;        /* how often; 0 = until stopped */
	uint64_t count;         /* frames in all; 0 = no limit */
	uint64_t duration_ns;   /* 0 = no limit */
	uint64_t memory_bytes;  /* what the frames may take; 0 = 1 GiB */
	/*
	 * Tell the user something that is not an error. May be NULL. Called by
	 * load and run.
	 */
	void (*notice)(void *user, const char *text);
	/* Some ten times a second while sending: frames sent of so many (0 = no end). May be NULL. */
	void (*progress)(void *user, uint64_t sent, uint64_t of, uint64_t duration_ns);
	void *user;
};

/* What the file had, and why some of it cannot be sent. */
struct weir_replay_file {
	uint64_t packets;      /* in the file */
	uint64_t frames;       /* of these will be sent in each round */
	uint64_t bytes;        /* of those frames */
	uint64_t filtered;     /* not wanted */
	uint64_t not_ethernet; /* of another link type */
	uint64_t too_long;     /* for the MTU of the interface, or for the method */
	uint64_t too_short;    /* less than an Ethernet header */
	uint64_t unreadable;   /* records that are cut off or contradict themselves */
	uint64_t padded;       /* frames whose end was not captured: zeros are sent for it */
	uint64_t out_of_order; /* frames earlier than the one before: sent right after it */
	uint64_t duration_ns;  /* from the first frame to the last, as it will be sent */
};

struct weir_replay_result {
	uint64_t sent;      /* frames that the interface took */
	uint64_t refused;   /* times that it did not take one, which was then offered again */
	uint64_t abandoned; /* frames that it dropped after they were called sent */
	uint64_t bytes;     /* of the frames sent, without FCS */
	bool bytes_known;   /* not when some were abandoned */
	uint64_t nic_sent; /* the interface's own count, other traffic included; to_stack: received */
	bool nic_sent_known;
	uint64_t not_wanted; /* to_stack: frames sent that no protocol or capture takes */
	bool not_wanted_known;
	enum weir_generate_method method; /* the one used; auto = to_stack */
	uint64_t duration_ns;             /* from the first frame offered to the last one taken */
	uint64_t rounds;                  /* complete ones */
	/* How late frames were offered; with original timing only. Within 7 %. */
	uint64_t late_median_ns, late_99_ns, late_max_ns;
	/* Of the run, that other programs had the CPU: what makes frames late, as a rule. */
	uint64_t cpu_wait_ns;
	bool cpu_wait_known;
};

struct weir_replay;

/*
 * Check the settings, open interface and sender. Errors as of
 * weir_generate_open; -EEXIST an interface is called so that to_stack would make. After this no capability is needed any more.
 */
int weir_replay_open(const struct weir_replay_settings *settings, struct weir_replay **out,
		     struct weir_error *error);
/*
 * Read a file (or "-") into memory, those packets that match the expression
 * ("" = all). 'privilege' opens what one's own rights don't suffice for; may
 * be NULL. 'file' may be NULL. -EFBIG when it takes more memory than allowed,
 * -ENODATA when there is nothing to send, -EINVAL, -errno.
 */
int weir_replay_load(struct weir_replay *replay, const char *path, const char *expression,
		     struct weir_privilege *privilege, struct weir_replay_file *file,
		     struct weir_error *error);
/*
 * Send until the rounds are done, a limit is reached or *stop is not 0.
 * 'result' is filled in any case. Blocks. Once. Errors as of
 * weir_generate_run.
 */
int weir_replay_run(struct weir_replay *replay, const volatile sig_atomic_t *stop,
		    struct weir_replay_result *result, struct weir_error *error);
/* The interface that is sent on; valid until it is closed. */
const char *weir_replay_interface(const struct weir_replay *replay);
/* Free all; NULL is fine. */
void weir_replay_close(struct weir_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
