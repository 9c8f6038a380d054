/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collectors of one target: who is there, and what each has been told.
 *
 * Invariants:
 * - Each has a session of its own: sequence numbers, templates, options.
 * - One that fails is hung up on, and tried again later and later.
 * - All of it is the sender's thread's, but for what is marked atomic.
 */
#ifndef EXPORT_COLLECTORS_H
#define EXPORT_COLLECTORS_H

#include "ipfix_message.h"
#include "pacing.h"
#include "sender.h"
#include "transport.h"

struct session {
	uint32_t sequence;
	uint32_t process_sequence;                 /* of observation domain 0 */
	uint64_t templates_due_ns, options_due_ns; /* monotonic; 0 = now */
	uint64_t messages_since_templates;
};

struct collector {
	struct sender_outlet outlet; /* first: to this collector */
	struct collectors *all;
	struct transport *transport;
	struct session session;
	bool up, told;
	uint64_t retry_ns, backoff_ns, slow_since_ns;
};

struct collectors {
	struct sender_content content;
	struct weir_export_network network;
	struct pacing pacing;
	struct message scratch; /* for templates and options */
	uint32_t slot_bytes;    /* the longest message of any */
	uint32_t up_mask;       /* atomic: the thread writes, workers read */
	uint32_t message_bytes; /* atomic, likewise: what a message to any of them may hold */
	uint32_t count;
	struct collector collector[SENDER_COLLECTORS_MAX];
};

/* Take over transports; close also when it failed. -ENOMEM. */
int collectors_open(struct collectors *all, const struct sender_content *content,
		    const struct weir_export_network *network, struct transport *const *transports,
		    uint32_t count);
/* What is all zero may be closed. */
void collectors_close(struct collectors *all);
/* Connect those whose time has come; templates, options, health of the others. */
void collectors_look_after(struct collectors *all, uint64_t now_ns);
/* Try those that are away without further delay. */
void collectors_hurry(struct collectors *all);
/* Who gets a message: by its hash, or the first; the next one where that is away. NULL = all are. */
struct collector *collectors_choose(struct collectors *all, const struct message *message);
/* Send it. 0; -EAGAIN: it is slow; other -errno: it was hung up on. */
int collectors_send(struct collector *collector, struct message *message, uint64_t now_ns);
/*
 * The end. The last options tell each what it did not get; the sequence of
 * one jumps over the 'gap', in records or, by NetFlow v9, messages.
 */
void collectors_say_farewell(struct collectors *all, uint32_t gap, uint64_t now_ns);

#endif
