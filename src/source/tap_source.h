/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources that tap by a BPF program have in common (tap:, nf:, trace:): the
 * program's rings and links, the interface, the ledger's row.
 *
 * The program is put in place by the broker; what this process has of it are
 * the mapped rings and the links, whose closing takes the program away. There
 * is a ring for each CPU: several members (settings->fanout) share them out.
 */
#ifndef SOURCE_TAP_SOURCE_H
#define SOURCE_TAP_SOURCE_H

#include "source/link.h"
#include "tap_ring.h"

struct tap_hold; /* of the program: shared by all members */

struct tap {
	struct weir_source source; /* first: the engine's view */
	struct weir_source_context context;
	const char *kind; /* "tap", "nf", "trace" */
	struct link link;
	int fd; /* a deaf packet socket: asks after the interface, keeps it promiscuous */
	struct tap_hold *hold; /* NULL: none is attached */
	uint32_t interface;
	uint16_t flags; /* of every packet */
	bool is_gone;
	bool in_arena; /* the ring is to be in a BPF arena */
	struct tap_ring ring;
	struct nflog *log; /* nf: without BPF, instead of the ring; its file frees it */
};

/* A source on the interface 'name', not attached yet. -errno. Close with source.ops->close. */
int tap_source_open(const char *kind, const char *name, const struct weir_source_context *context,
		    struct tap **out, struct weir_error *error);
/* Put the interface into promiscuous mode, if 'settings' want that. -errno */
int tap_source_promiscuous(struct tap *tap, const struct weir_source_settings *settings,
			   struct weir_error *error);
/*
 * Enter interface, account and row, and attach as 'request' says, whose
 * interface, rings and snaplen are filled in here. -errno
 */
int tap_source_attach(struct tap *tap, const struct weir_source_settings *settings,
		      uint32_t link_type, struct hook_tap_request *request,
		      struct weir_error *error);
/* The parts of that, for what is built on a tap: */
/* Enter interface, account (with so much memory) and row. -errno */
int tap_source_enter(struct tap *tap, const struct weir_source_settings *settings,
		     uint32_t link_type, uint64_t memory_bytes, struct weir_error *error);
/* How many bytes to take of each packet, so that filter and snaplen are served. */
uint32_t tap_source_take(struct tap *tap, const struct weir_source_settings *settings);
/* Has the interface gone up or down (which is told), or away? */
void tap_source_check_link(struct tap *tap);
/* What next() says when there is no packet: 0, or -ENODEV when there will be none. */
int tap_source_nothing(struct tap *tap);
/* The end of close(). */
void tap_source_close(struct weir_source *source);
/* Tell the user a text with one %s. */
void tap_source_notice(const struct tap *tap, const char *format, const char *word)
	__attribute__((format(printf, 2, 0)));
/* Tell of what is true of all taps: the length that is kept, an interface that is down. */
void tap_source_tell(const struct tap *tap, const struct weir_source_settings *settings);

#endif
