/* SPDX-License-Identifier: Apache-2.0 */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sequence that is off by more than this is another session's. */
enum { DOMAIN_SEQUENCE_JUMP_MAX = 1 << 24, DOMAIN_REORDER_MAX = 1 << 16 };

struct domain *domain_open(const char *exporter, uint32_t id)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	snprintf(domain->seen.name, sizeof(domain->seen.name), "%s", exporter);
	domain->seen.domain = id;
	return domain;
}

static void domain_drop_waiting(struct domain *domain, struct domain_waiting *waiting)
{
	domain->waiting_bytes -= waiting->count;
	domain->seen.waiting--;
	free(waiting->bytes);
	*waiting = (struct domain_waiting){0};
}

void domain_forget(struct domain *domain)
{
	for (int i = 0; i < DOMAIN_BUCKETS; i++) {
		while (domain->templates[i]) {
			struct collect_template *next = domain->templates[i]->next;

			free(domain->templates[i]);
			domain->templates[i] = next;
		}
	}
	domain->field_count = 0;
	for (int i = 0; i < DOMAIN_WAITING_MAX; i++) {
		if (!domain->waiting[i].bytes)
			continue;
		domain->seen.no_template++;
		domain_drop_waiting(domain, &domain->waiting[i]);
	}
	domain->sequence_known = false;
}

void domain_close(struct domain *domain)
{
	if (!domain)
		return;
	domain_forget(domain);
	free(domain);
}

/* ---- templates ---- */

static struct collect_template **domain_place(struct domain *domain, uint16_t id)
{
	struct collect_template **at = &domain->templates[id % DOMAIN_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

const struct collect_template *domain_find(const struct domain *domain, uint16_t id)
{
	const struct collect_template *at = domain->templates[id % DOMAIN_BUCKETS];

	while (at && at->id != id)
		at = at->next;
	return at;
}

static void domain_remove(struct domain *domain, struct collect_template **at)
{
	struct collect_template *old = *at;

	*at = old->next;
	domain->field_count -= old->count;
	free(old);
}

int domain_learn(struct domain *domain, struct collect_template *template)
{
	struct collect_template **at = domain_place(domain, template->id);

	if (*at)
		domain_remove(domain, at);
	if (domain->field_count + template->count > DOMAIN_FIELDS_MAX) {
		free(template);
		return -ENOSPC;
	}
	template->next = domain->templates[template->id % DOMAIN_BUCKETS];
	domain->templates[template->id % DOMAIN_BUCKETS] = template;
	domain->field_count += template->count;
	return 0;
}

void domain_withdraw(struct domain *domain, uint16_t id)
{
	for (int i = 0; i < DOMAIN_BUCKETS; i++) {
		struct collect_template **at = &domain->templates[i];

		while (*at) {
			bool all = id == 2 ? !(*at)->options : id == 3 && (*at)->options;

			if (all || (*at)->id == id)
				domain_remove(domain, at);
			else
				at = &(*at)->next;
		}
	}
}

/* ---- data without a template ---- */

static struct domain_waiting *domain_free_place(struct domain *domain)
{
	for (int i = 0; i < DOMAIN_WAITING_MAX; i++)
		if (!domain->waiting[i].bytes)
			return &domain->waiting[i];
	return NULL;
}

/* Places are filled and emptied in no order, so the one given up is the first. */
static void domain_give_up_one(struct domain *domain)
{
	for (int i = 0; i < DOMAIN_WAITING_MAX; i++) {
		if (!domain->waiting[i].bytes)
			continue;
		domain->seen.no_template++;
		domain_drop_waiting(domain, &domain->waiting[i]);
		return;
	}
}

void domain_wait(struct domain *domain, uint16_t id, const uint8_t *bytes, uint32_t count,
		 uint64_t zero_ns)
{
	struct domain_waiting *place;
	uint8_t *copy = count ? malloc(count) : NULL;

	if (!copy) {
		domain->seen.no_template++;
		return;
	}
	while (domain->seen.waiting == DOMAIN_WAITING_MAX ||
	       (domain->seen.waiting && domain->waiting_bytes + count > DOMAIN_WAITING_BYTES_MAX))
		domain_give_up_one(domain);
	place = domain_free_place(domain);
	memcpy(copy, bytes, count);
	*place = (struct domain_waiting){
		.id = id, .count = count, .zero_ns = zero_ns, .bytes = copy};
	domain->waiting_bytes += count;
	domain->seen.waiting++;
}

bool domain_take(struct domain *domain, uint16_t id, struct domain_waiting *out)
{
	for (int i = 0; i < DOMAIN_WAITING_MAX; i++) {
		struct domain_waiting *waiting = &domain->waiting[i];

		if (!waiting->bytes || waiting->id != id)
			continue;
		*out = *waiting;
		domain->waiting_bytes -= waiting->count;
		domain->seen.waiting--;
		*waiting = (struct domain_waiting){0};
		return true;
	}
	return false;
}

/* ---- the sequence ---- */

void domain_check_sequence(struct domain *domain, uint32_t sequence)
{
	int32_t ahead = (int32_t)(sequence - domain->sequence);

	domain->late = false;
	if (!domain->sequence_known || ahead == 0) {
		domain->sequence = sequence;
		return;
	}
	if (ahead < 0 && ahead > -DOMAIN_REORDER_MAX) {
		domain->seen.reordered++;
		domain->late = true;
	} else {
		domain->seen.gaps++;
		if (ahead > 0 && ahead < DOMAIN_SEQUENCE_JUMP_MAX)
			domain->seen.lost += (uint32_t)ahead;
		domain->sequence = sequence;
	}
}

void domain_advance(struct domain *domain, uint32_t units, bool known)
{
	if (domain->late) { /* what was missing when its successor came is not lost */
		domain->seen.lost -= units < domain->seen.lost ? units : domain->seen.lost;
		return;
	}
	domain->sequence += units;
	domain->sequence_known = known;
}
