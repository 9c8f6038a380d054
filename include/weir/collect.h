/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting: IPFIX (RFC 7011) and NetFlow v9 (RFC 3954) messages in, flow
 * records out.
 *
 * Invariants:
 * - Nothing in a message is believed: lengths are checked, what is kept has
 *   limits (exporters, templates, fields, data waiting for its template).
 * - Templates belong to one exporter, one session and one observation domain.
 * - What cannot be decoded is counted per exporter, by reason.
 * - One thread at a time works with a collector.
 */
#ifndef WEIR_COLLECT_H
#define WEIR_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "flow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	/* pairs of exporter and observation domain; the one silent for longest gives way */
	WEIR_COLLECT_EXPORTERS_MAX = 256,
	WEIR_COLLECT_NAME_BYTES = 80,
	WEIR_COLLECT_LISTENERS_MAX = 16,
};

struct weir_collect;

struct weir_collect_settings {
	/* Takes a record, which has all groups; borrowed until it returns. */
	weir_flow_emit *emit;
	void *user;   /* of 'emit' and 'notice' */
	uint32_t pen; /* enterprise number of weir's own elements; 0 = 32473 */
	/* Files in PEM for tls:// and dtls://, read by weir_collect_listen. */
	const char *tls_ca;          /* who vouches for exporters: others are refused */
	const char *tls_certificate; /* shown to exporters, with its chain */
	const char *tls_key;         /* of that; NULL = in the same file */
	/* Told to the user, not errors: an exporter that is refused. May be NULL. */
	void (*notice)(void *user, const char *text);
};

/* What one exporter has sent from one observation domain (source ID). */
struct weir_collect_exporter {
	char name[WEIR_COLLECT_NAME_BYTES]; /* "udp://10.0.0.1:2055", a file's path ... */
	uint32_t domain;
	uint8_t version; /* of its last message: 9, 10 */
	uint64_t messages, bytes;
	uint64_t records;         /* flow records decoded */
	uint64_t packets, octets; /* in them, both directions */
	uint64_t options;         /* options records */
	uint64_t templates;       /* template records, those of options too */
	uint64_t lost;            /* records (v9: messages) missing from the sequence */
	uint64_t gaps;            /* times that the sequence jumped ahead */
	uint64_t reordered;       /* messages that came later than their successors */
	uint64_t malformed;   /* messages, or what was left of them, that contradict themselves */
	uint64_t waiting;     /* sets that wait for their template: a state */
	uint64_t no_template; /* sets given up because their template did not come */
	uint64_t templates_refused; /* too many, or fields that make no sense */
	/* As the exporter's options records tell: */
	uint64_t told_sent;         /* flow records sent */
	uint64_t told_ignored;      /* packets not metered */
	uint64_t told_lost_flows;   /* records not sent */
	uint64_t told_lost_packets; /* packets in them */
	uint64_t told_lost_octets;
};

/* Make a collector. -ENOMEM. */
int weir_collect_open(const struct weir_collect_settings *settings, struct weir_collect **out,
		      struct weir_error *error);
/* Free, with all listeners; NULL is fine. */
void weir_collect_close(struct weir_collect *collect);

/*
 * Decode a message of an exporter. 'stream': in a TCP connection or a file,
 * where templates cannot come late. 0; -EINVAL: it contradicts itself (what
 * came before that in it has been emitted); -ENOMEM.
 */
int weir_collect_message(struct weir_collect *collect, const char *exporter, bool stream,
			 const uint8_t *bytes, size_t count);
/* The exporter's session is over: its templates and sequence are forgotten. */
void weir_collect_forget(struct weir_collect *collect, const char *exporter);
/* Read an IPFIX file (RFC 5655) from a descriptor to its end. 0, -EINVAL where it breaks off, -errno. */
int weir_collect_file(struct weir_collect *collect, const char *name, int fd,
		      struct weir_error *error);

/*
 * Listen at "udp://ADDRESS:PORT", or with tcp, tls, dtls, sctp before it
 * ("[ADDRESS]:PORT"; ADDRESS may be left out). By tls and dtls both sides show
 * certificates, and an exporter without a good one is refused. -EINVAL,
 * -ENOSPC, -EPROTONOSUPPORT without SCTP in the kernel, -errno.
 */
int weir_collect_listen(struct weir_collect *collect, const char *url, struct weir_error *error);
/*
 * Wait for messages up to 'timeout_ms' and decode what has come. 'wake_fd'
 * (or -1) ends the wait when it can be read. WEIR_COLLECT_ bits, or -errno.
 */
enum {
	WEIR_COLLECT_WOKEN = 1 << 0,  /* wake_fd can be read */
	WEIR_COLLECT_SERVED = 1 << 1, /* something came */
};
int weir_collect_wait(struct weir_collect *collect, int wake_fd, int timeout_ms);
/*
 * Take what has arrived, and listen no more: what is sent from then on is
 * refused by the kernel, and its exporter hears of that. Before the exports
 * are finished, which takes time.
 */
void weir_collect_stop(struct weir_collect *collect);

/* How many times an exporter was refused: no good certificate, or too many connections. */
uint64_t weir_collect_refused(const struct weir_collect *collect);
/* The exporter at 'index', valid until the next message; NULL if there is none. */
const struct weir_collect_exporter *weir_collect_exporter(const struct weir_collect *collect,
							  uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
