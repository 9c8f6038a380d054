/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exports: where flow records go. One export = one target of -w:
 * "null:", "flows.json", "flows.csv", "ipfix+udp://HOST:PORT" ...
 *
 * Invariants:
 * - An export counts each record that it took in its row's 'out', and each
 *   that it could not take in its row's 'dropped'; the set counts 'in'.
 * - A record is borrowed until write() returns.
 * - Operations of one export never run at the same time: the set that it is
 *   in has a lock, taken per record, not per packet.
 */
#ifndef WEIR_EXPORT_H
#define WEIR_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "flow.h"
#include "ledger.h"
#include "packet.h"
#include "prefixes.h"
#include "privilege.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How fields are called in text outputs. */
enum weir_export_names {
	WEIR_EXPORT_NAMES_IANA, /* sourceIPv4Address, packetDeltaCount, ... */
	WEIR_EXPORT_NAMES_ZEEK, /* conn.log: id.orig_h, orig_pkts, ... */
};

/* Which fields a record has beside the groups that are metered. */
enum weir_export_preset {
	WEIR_EXPORT_XPROBE, /* the whole base record */
	WEIR_EXPORT_BASIC,  /* addresses, ports, counters, times: what every collector knows */
	WEIR_EXPORT_FULL,   /* the base record, and times in nanoseconds too */
};

enum { WEIR_EXPORT_FILE_BYTES_MIN = 64 << 10 };

/* How IPFIX and NetFlow are exported; 0 = the default. */
struct weir_export_network {
	uint32_t domain;           /* observation domain, source ID */
	uint32_t mtu;              /* of the path, for datagrams; default: find out, up to 1500 */
	uint64_t template_ns;      /* templates again after so long, by datagrams (default 600 s) */
	uint64_t template_packets; /* and after so many datagrams (default 4096) */
	uint64_t options_ns;       /* options records again (default 60 s) */
	uint64_t queue_bytes;      /* records waiting for a collector (default 8 MiB) */
	bool rate_limited;         /* rate_bytes holds: a second, 0 = no limit */
	uint64_t rate_bytes;       /* default: 12.5 MB/s for datagrams, no limit for others */
	bool balance; /* several collectors: by flow hash; else the first that is there */
	/* IPFIX files: the next one when either limit is reached; 0, 0: one file. */
	uint64_t file_bytes;       /* WEIR_EXPORT_FILE_BYTES_MIN at least */
	uint64_t file_interval_ns; /* of the clock: 3600 s is each full hour */
	/* Files in PEM, read when the export is opened. */
	const char *tls_ca;          /* who vouches for the collector; NULL = the system's CAs */
	const char *tls_certificate; /* shown to the collector, with its chain; NULL = none */
	const char *tls_key;         /* of that; NULL = in the same file */
	/* Told to the user, not errors. On the export's own thread. May be NULL. */
	void (*notice)(void *user, const char *text);
	void *user; /* of 'notice' */
};

enum { WEIR_EXPORT_KEY_BYTES = 16 };

/* What the user asked of the exports; all borrowed until weir_exports_open returns but for 'interfaces'. */
struct weir_export_settings {
	const struct weir_interfaces
		*interfaces; /* for names; for the life of the export; may be NULL */
	struct weir_privilege
		*privilege; /* opens files; for the life of the export; NULL = own rights */
	const struct weir_flow_settings *meter; /* how the records were made */
	enum weir_export_names names;
	bool community_id;       /* add Community ID v1 */
	uint16_t community_seed; /* usually 0 */
	/*
	 * WEIR_EXPORT_KEY_BYTES of secret: addresses are replaced by pseudonyms
	 * that keep their prefixes, MAC addresses by zeros; copied. NULL = no.
	 */
	const uint8_t *anonymise_key;
	/* With WEIR_FLOW_FIELD_ROUTE: looked up before addresses are replaced; for the life of the export. */
	const struct weir_prefixes *prefixes;
	/*
	 * Sum records up by these fields (weir_export_aggregate) and export the
	 * sums: every aggregate_ns, or at the end if that is 0; copied. NULL = no.
	 */
	const char *aggregate;
	uint64_t aggregate_ns;
	enum weir_export_preset preset;
	const char *const *fields; /* these fields only, in this order, by IANA names */
	uint32_t field_count;      /* 0: the preset's */
	uint32_t pen;      /* enterprise number of weir's own elements; 0 = 32473, for examples */
	bool reduced_size; /* counters in 4 bytes where they fit */
	struct weir_export_network network;
	/* For options records; for the life of the export, each may be NULL. */
	struct weir_ledger *ledger;
	void (*counters)(void *user, struct weir_flow_counters *out); /* any thread */
	void *counters_user;
};

enum { WEIR_EXPORT_FIELDS_MAX = 96 };

/*
 * Is there such a field (an IANA name, "reverse..." for the other direction)?
 * Adds to 'groups' the WEIR_FLOW_FIELD_ bits that it needs. -EINVAL, with a
 * near name. Thread rule: any.
 */
int weir_export_field(const char *name, uint32_t *groups, struct weir_error *error);

/*
 * Can records be summed up by this list: IANA names of addresses (with /N for
 * a prefix), ports, protocolIdentifier, ipVersion, ipClassOfService, vlanId,
 * ingressInterface, AS numbers? Adds to 'groups' as weir_export_field. -EINVAL.
 */
int weir_export_aggregate(const char *fields, uint32_t *groups, struct weir_error *error);

struct weir_export;

struct weir_export_ops {
	const char *name; /* "json", "csv", ... */
	/*
	 * Take a record, or count it as dropped. Does not wait for a collector
	 * but within limits: in a run on packet time, and for records of the end.
	 * Returns 0, 1 when its reader is gone (a closed pipe), or -errno when
	 * it failed for good (failure says more): no further call but finish
	 * and close then.
	 */
	int (*write)(struct weir_export *target, const struct weir_flow_record *record);
	/* At least every 100 ms, also without records. Unix time. Returns as write. May be NULL. */
	int (*tick)(struct weir_export *target, uint64_t now_ns);
	/* The last record has been given: bring all to its end. 0 or -errno. May be NULL. */
	int (*finish)(struct weir_export *target);
	/* Free; after finish, or at once when the open of another export failed. */
	void (*close)(struct weir_export *target);
};

/* The part of an export that the set sees; first member of each kind's own struct. */
struct weir_export {
	const struct weir_export_ops *ops;
	struct weir_row
		*row; /* export stage, counts records; NULL in sets that no ledger was given */
	struct weir_error failure;
};

/*
 * A kind of export. A target belongs to it when it begins with 'prefix'
 * ("null:", "ipfix+udp://") or, where prefix is NULL, ends in 'suffix' (".json").
 */
struct weir_export_kind {
	const char *prefix, *suffix;
	const char *summary; /* one line */
	int (*open)(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error);
};
/* The table of kinds, ended by a NULL summary; valid for ever. */
const struct weir_export_kind *weir_export_kinds(void);

/* Is there a kind for the target? 0, or -EINVAL with a sentence that names the kinds. Any thread. */
int weir_export_check(const char *target, struct weir_error *error);

/*
 * Open one export by its target. -EINVAL for a target of no known kind (the
 * kinds are named), -errno of the system; nothing is left open then. Close
 * with ops->close. Thread rule: any.
 */
int weir_export_open(const char *target, const struct weir_export_settings *settings,
		     struct weir_export **out, struct weir_error *error);

/* ---- sets: all exports of a run, shared by the meters of all workers ---- */

enum { WEIR_EXPORTS_MAX = 16 };

struct weir_exports;

/* Open all 'targets', or none. -E2BIG for more than WEIR_EXPORTS_MAX; otherwise as weir_export_open. */
int weir_exports_open(const char *const *targets, uint32_t count,
		      const struct weir_export_settings *settings, struct weir_exports **out,
		      struct weir_error *error);
/* One more meter will emit into the set; each must call weir_exports_finish. Any thread. */
void weir_exports_join(struct weir_exports *set);
/* Enter the exports as rows of an account; what comes after the first account is ignored. -ENOMEM. */
int weir_exports_attach(struct weir_exports *set, struct weir_ledger *ledger,
			struct weir_account *account);
/* Give a record to all; a weir_flow_emit whose 'user' is the set. Any thread. */
void weir_exports_emit(void *set, const struct weir_flow_record *record);
/*
 * For showing a record that is not emitted: where settings.anonymise_key was
 * given, replace its addresses by the pseudonyms that are exported. Any thread.
 */
void weir_exports_disguise(const struct weir_exports *set, struct weir_flow_record *record);
/*
 * Time passes. Returns 0, 1 when the reader of one is gone, or the -errno of
 * one that failed for good, with its words in 'error' (once). Any thread.
 */
int weir_exports_tick(struct weir_exports *set, uint64_t now_ns, struct weir_error *error);
/* One meter is done; the last one finishes all exports. Returns as tick. Any thread. */
int weir_exports_finish(struct weir_exports *set, struct weir_error *error);
/* Free; NULL is fine. No meter may emit any more. */
void weir_exports_close(struct weir_exports *set);

#ifdef __cplusplus
}
#endif
#endif
