/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of one exporter's observation domain: its counters, templates,
 * and data that came before its template.
 */
#ifndef COLLECT_DOMAIN_H
#define COLLECT_DOMAIN_H

#include "template.h"
#include "weir/collect.h"

enum {
	DOMAIN_FIELDS_MAX = 8192, /* of all its templates */
	DOMAIN_BUCKETS = 64,
	DOMAIN_WAITING_MAX = 64,
	DOMAIN_WAITING_BYTES_MAX = 128 << 10,
};

/* A set whose template has not come yet. */
struct domain_waiting {
	uint16_t id;
	uint32_t count;
	uint64_t zero_ns; /* of its message: what uptimes count from */
	uint8_t *bytes;
};

struct domain {
	struct weir_collect_exporter seen;
	struct collect_template *templates[DOMAIN_BUCKETS]; /* chains */
	uint32_t field_count;
	struct domain_waiting waiting[DOMAIN_WAITING_MAX];
	uint32_t waiting_bytes;
	uint64_t used; /* the collector's clock at its last message */
	bool sequence_known;
	bool late;         /* the message is one that its successor has overtaken */
	uint32_t sequence; /* of the next message */
};

/* NULL on lack of memory. */
struct domain *domain_open(const char *exporter, uint32_t id);
void domain_close(struct domain *domain);
/* The session is over. */
void domain_forget(struct domain *domain);
/* NULL: not known. */
const struct collect_template *domain_find(const struct domain *domain, uint16_t id);
/* Take over a template, in place of one with the same id. -ENOSPC: it was freed. */
int domain_learn(struct domain *domain, struct collect_template *template);
/* Withdraw one (RFC 7011 section 8.1), or all: id 2 (templates), 3 (of options). */
void domain_withdraw(struct domain *domain, uint16_t id);
/* Keep a copy of a set; the oldest gives way. */
void domain_wait(struct domain *domain, uint16_t id, const uint8_t *bytes, uint32_t count,
		 uint64_t zero_ns);
/* Take one set of this id out of those that wait; false: none. The bytes are the caller's to free. */
bool domain_take(struct domain *domain, uint16_t id, struct domain_waiting *out);
/* Check a message's number; domain_advance works out the next one's. */
void domain_check_sequence(struct domain *domain, uint32_t sequence);
/* So many data records (v9: messages) were in the message; 'known': all its sets could be counted. */
void domain_advance(struct domain *domain, uint32_t units, bool known);

#endif
