/* SPDX-License-Identifier: Apache-2.0 */
/* A set of exports, shared by the meters of all workers under one lock. */
#include "aggregate.h"
#include "anonymise.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct weir_exports {
	pthread_mutex_t lock;
	struct weir_export *targets[WEIR_EXPORTS_MAX];
	bool dead[WEIR_EXPORTS_MAX]; /* failed, or its reader is gone */
	char names[WEIR_EXPORTS_MAX][32];
	uint32_t count;
	uint32_t meters; /* that will still emit */
	bool attached;
	const struct weir_prefixes *prefixes; /* NULL = none */
	struct aggregate *aggregate;          /* NULL = each record goes out as it is */
	uint64_t aggregate_ns, next_flush_ns; /* Unix time; aggregate_ns 0 = at the end */
	bool anonymise;
	uint8_t key[WEIR_EXPORT_KEY_BYTES];
	int verdict; /* what the next tick tells: 0, 1, -errno */
	struct weir_error failure;
};

int weir_exports_open(const char *const *targets, uint32_t count,
		      const struct weir_export_settings *settings, struct weir_exports **out,
		      struct weir_error *error)
{
	struct weir_export_settings told = *settings;
	struct weir_exports *set;
	int rc = 0;

	if (count > WEIR_EXPORTS_MAX)
		return weir_error_set(error, -E2BIG, "flows can go to %d targets at once, not '%u'",
				      WEIR_EXPORTS_MAX, count);
	set = calloc(1, sizeof(*set));
	if (!set)
		return weir_error_set(error, -ENOMEM, "cannot write flows: out of memory");
	pthread_mutex_init(&set->lock, NULL);
	set->prefixes = settings->prefixes;
	set->anonymise = settings->anonymise_key != NULL;
	if (set->anonymise)
		memcpy(set->key, settings->anonymise_key, sizeof(set->key));
	set->aggregate_ns = settings->aggregate_ns;
	if (settings->aggregate)
		rc = aggregate_open(settings->aggregate, &set->aggregate, error);
	if (set->aggregate)
		told.fields = aggregate_names(set->aggregate, !settings->meter->uniflow,
					      &told.field_count);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		rc = weir_export_open(targets[i], &told, &set->targets[i], error);
		if (rc < 0)
			break;
		strncpy(set->names[i], targets[i], sizeof(set->names[i]) - 1);
		set->count++;
	}
	if (rc < 0) {
		weir_exports_close(set);
		return rc;
	}
	*out = set;
	return 0;
}

void weir_exports_close(struct weir_exports *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->count; i++)
		set->targets[i]->ops->close(set->targets[i]);
	pthread_mutex_destroy(&set->lock);
	aggregate_close(set->aggregate);
	free(set);
}

void weir_exports_join(struct weir_exports *set)
{
	pthread_mutex_lock(&set->lock);
	set->meters++;
	pthread_mutex_unlock(&set->lock);
}

static int exports_add_rows(struct weir_exports *set, struct weir_ledger *ledger,
			    struct weir_account *account)
{
	for (uint32_t i = 0; i < set->count; i++) {
		set->targets[i]->row =
			weir_ledger_row(ledger, account, WEIR_STAGE_EXPORT, set->names[i], true);
		if (!set->targets[i]->row)
			return -ENOMEM;
	}
	return 0;
}

int weir_exports_attach(struct weir_exports *set, struct weir_ledger *ledger,
			struct weir_account *account)
{
	int rc = 0;

	pthread_mutex_lock(&set->lock);
	if (!set->attached)
		rc = exports_add_rows(set, ledger, account);
	set->attached = true;
	pthread_mutex_unlock(&set->lock);
	return rc;
}

/* Note what an export answered; the worst is told at the next tick. */
static void exports_heed(struct weir_exports *set, uint32_t index, int answer)
{
	if (answer == 0)
		return;
	set->dead[index] = true;
	if (set->verdict == 0 || (set->verdict > 0 && answer < 0)) {
		set->verdict = answer;
		set->failure = set->targets[index]->failure;
	}
}

/* A record that a dead export does not take. */
static void exports_drop(struct weir_export *target)
{
	if (target->row)
		weir_cell_add(&target->row->dropped[WEIR_REASON_READER_GONE], 1);
}

/* What the prefixes tell of a record's ends. */
static void exports_find_route(const struct weir_exports *set,
			       const struct weir_flow_record *record, struct weir_flow_route *route)
{
	const struct weir_prefix *source =
		weir_prefixes_find(set->prefixes, record->ip_version, record->source_address);
	const struct weir_prefix *destination =
		weir_prefixes_find(set->prefixes, record->ip_version, record->destination_address);

	memset(route, 0, sizeof(*route));
	if (source) {
		route->source_as = source->as_number;
		route->source_bits = source->bits;
	}
	if (destination) {
		route->destination_as = destination->as_number;
		route->destination_bits = destination->bits;
		memcpy(route->next_hop, destination->next_hop, sizeof(route->next_hop));
	}
}

/* Make 'record' one about pseudonyms; 'origin' has room for the group with MAC addresses. */
static void exports_anonymise(const struct weir_exports *set, struct weir_flow_record *record,
			      struct weir_flow_origin *origin)
{
	unsigned int bytes = record->ip_version == 4 ? 4 : 16;

	anonymise_address(set->key, record->source_address, bytes);
	anonymise_address(set->key, record->destination_address, bytes);
	if (!record->origin)
		return;
	*origin = *record->origin;
	memset(origin->source_mac, 0, sizeof(origin->source_mac));
	memset(origin->destination_mac, 0, sizeof(origin->destination_mac));
	record->origin = origin;
}

static void exports_anonymise_hop(const struct weir_exports *set,
				  const struct weir_flow_record *record,
				  struct weir_flow_route *route)
{
	static const uint8_t unknown[16];

	if (memcmp(route->next_hop, unknown, sizeof(unknown)))
		anonymise_address(set->key, route->next_hop, record->ip_version == 4 ? 4 : 16);
}

void weir_exports_disguise(const struct weir_exports *set, struct weir_flow_record *record)
{
	struct weir_flow_origin origin;

	if (set->anonymise)
		exports_anonymise(set, record, &origin);
	record->origin = NULL;
}

/* To all targets; the set is locked. */
static void exports_write(void *user, const struct weir_flow_record *record)
{
	struct weir_exports *set = user;

	for (uint32_t i = 0; i < set->count; i++) {
		struct weir_export *target = set->targets[i];

		if (target->row)
			weir_cell_add(&target->row->in, 1);
		if (set->dead[i])
			exports_drop(target);
		else
			exports_heed(set, i, target->ops->write(target, record));
	}
}

void weir_exports_emit(void *user, const struct weir_flow_record *record)
{
	struct weir_exports *set = user;
	struct weir_flow_record changed;
	struct weir_flow_origin origin;
	struct weir_flow_route route;

	if (set->prefixes || set->anonymise) {
		changed = *record;
		record = &changed;
	}
	if (set->prefixes) {
		exports_find_route(set, record, &route);
		changed.route = &route;
	}
	if (set->anonymise)
		exports_anonymise(set, &changed, &origin);
	if (set->anonymise && set->prefixes)
		exports_anonymise_hop(set, record, &route);

	pthread_mutex_lock(&set->lock);
	if (!set->aggregate)
		exports_write(set, record);
	else if (aggregate_add(set->aggregate, record))
		aggregate_flush(set->aggregate, exports_write, set);
	pthread_mutex_unlock(&set->lock);
}

/* The verdict is told once. */
static int exports_tell(struct weir_exports *set, struct weir_error *error)
{
	int verdict = set->verdict;

	if (verdict < 0 && error)
		*error = set->failure;
	set->verdict = 0;
	return verdict;
}

int weir_exports_tick(struct weir_exports *set, uint64_t now_ns, struct weir_error *error)
{
	int rc;

	pthread_mutex_lock(&set->lock);
	if (set->aggregate_ns && now_ns >= set->next_flush_ns) {
		if (set->aggregate && set->next_flush_ns)
			aggregate_flush(set->aggregate, exports_write, set);
		set->next_flush_ns = now_ns + set->aggregate_ns;
	}
	for (uint32_t i = 0; i < set->count; i++)
		if (!set->dead[i] && set->targets[i]->ops->tick)
			exports_heed(set, i, set->targets[i]->ops->tick(set->targets[i], now_ns));
	rc = exports_tell(set, error);
	pthread_mutex_unlock(&set->lock);
	return rc;
}

int weir_exports_finish(struct weir_exports *set, struct weir_error *error)
{
	int rc;

	pthread_mutex_lock(&set->lock);
	if (set->meters == 1 && set->aggregate)
		aggregate_flush(set->aggregate, exports_write, set);
	for (uint32_t i = 0; set->meters == 1 && i < set->count; i++)
		if (set->targets[i]->ops->finish)
			exports_heed(set, i, set->targets[i]->ops->finish(set->targets[i]));
	if (set->meters)
		set->meters--;
	rc = exports_tell(set, error);
	pthread_mutex_unlock(&set->lock);
	return rc;
}
