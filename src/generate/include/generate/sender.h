/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A way of handing frames to an interface. There are several, behind one table
 * of operations.
 */
#ifndef GENERATE_SENDER_H
#define GENERATE_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "generate/frame.h"
#include "generate/nic.h"

struct sender;

struct sender_ops {
	enum weir_generate_method method;
	uint32_t burst; /* the most frames one send is good for */
	/*
	 * Offer up to 'count' more frames, not beyond the monotonic time
	 * 'until_ns', and enter the outcome in sent, refused and in_flight.
	 * With 0, only look after those in flight. Returns 0, also when a
	 * signal came or nothing was taken for now, or -errno with 'failure' set.
	 */
	int (*send)(struct sender *sender, uint64_t count, uint64_t until_ns);
	/*
	 * Correct sent and refused by counters that lag behind; waits for
	 * them, with a deadline. May be NULL.
	 */
	void (*settle)(struct sender *sender);
	void (*close)(struct sender *sender);
};

/*
 * Frames that lie ready somewhere, instead of being made from a plan. They
 * must stay where they are for the life of the sender.
 */
struct sender_supply {
	struct iovec (*frame)(void *user, uint64_t number);
	void *user;
	uint32_t bytes_max; /* of the longest */
};

/* First member of each kind's own struct. */
struct sender {
	const struct sender_ops *ops;
	const struct frame_set *frames; /* NULL with a supply */
	const struct sender_supply *supply;
	const struct nic *nic;
	uint64_t sent;      /* taken by the interface */
	uint64_t refused;   /* offered, but not taken */
	uint64_t offered;   /* under a number of their own: the number of the next frame */
	uint32_t in_flight; /* offered, and not yet known to be sent or refused */
	uint32_t bytes_max; /* the longest frame it can send; 0 = as the interface can */
	struct weir_error failure;
};

/* All borrow 'frames' (or 'supply') and 'nic'. -errno and 'error'. */
int socket_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		       struct weir_error *error);
int socket_sender_open_supply(const struct sender_supply *supply, const struct nic *nic,
			      struct sender **out, struct weir_error *error);
int xdp_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		    struct weir_error *error);
int xdp_sender_open_supply(const struct sender_supply *supply, const struct nic *nic,
			   struct sender **out, struct weir_error *error);
int live_sender_open(const struct frame_set *frames, const struct nic *nic, struct sender **out,
		     struct weir_error *error);

/*
 * How many frames were dropped behind the sender's back, that is, after the
 * kernel had called them sent: when the interface transmitted fewer than
 * were sent, and dropped as many more than it refused openly. Otherwise 0:
 * frames may be under way, or counters late. All since the first frame.
 */
uint64_t sender_silently_dropped(uint64_t sent, uint64_t refused, uint64_t transmitted,
				 uint64_t dropped);

/* The interface's own counters, for senders that the kernel tells of frames it then drops. */
struct sender_counters {
	bool are_known;
	uint64_t transmitted_start, dropped_start;
};
/* Note them before the first frame. */
void sender_start(struct sender *sender, struct sender_counters *counters);
/*
 * Wait, with a deadline, until the interface has counted each frame as
 * transmitted or as dropped, and correct 'sent' and 'refused' by what was dropped silently.
 */
void sender_settle(struct sender *sender, const struct sender_counters *counters);

/* Explain why the interface takes nothing: down, gone, or as 'code' says; returns the code. */
int sender_fail(struct sender *sender, int code);

#endif
