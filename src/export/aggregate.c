/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/parse.h"

enum { AGGREGATE_PLACES = 2 * AGGREGATE_SUMS_MAX, AGGREGATE_WORD_BYTES = 64 };

/* What sums are told apart by; members that were not named are zero. */
struct aggregate_key {
	uint8_t source_address[16], destination_address[16];
	uint32_t source_as, destination_as;
	uint16_t source_port, destination_port;
	uint16_t vlan_id, interface;
	uint8_t ip_version, protocol, tos, padding[5];
};
_Static_assert(sizeof(struct aggregate_key) == 56, "hashed as words, no padding of its own");

enum aggregate_member {
	AGGREGATE_SOURCE_V4,
	AGGREGATE_DESTINATION_V4,
	AGGREGATE_SOURCE_V6,
	AGGREGATE_DESTINATION_V6,
	AGGREGATE_SOURCE_PORT,
	AGGREGATE_DESTINATION_PORT,
	AGGREGATE_PROTOCOL,
	AGGREGATE_VERSION,
	AGGREGATE_TOS,
	AGGREGATE_VLAN,
	AGGREGATE_INTERFACE,
	AGGREGATE_SOURCE_AS,
	AGGREGATE_DESTINATION_AS,
	AGGREGATE_MEMBERS
};

static const char *const aggregate_words[AGGREGATE_MEMBERS] = {
	"sourceIPv4Address",      "destinationIPv4Address",
	"sourceIPv6Address",      "destinationIPv6Address",
	"sourceTransportPort",    "destinationTransportPort",
	"protocolIdentifier",     "ipVersion",
	"ipClassOfService",       "vlanId",
	"ingressInterface",       "bgpSourceAsNumber",
	"bgpDestinationAsNumber",
};

/* What each record has besides; the last ones of a biflow. */
static const char *const aggregate_sums[] = {"flowStartMilliseconds", "flowEndMilliseconds",
					     "deltaFlowCount",        "packetDeltaCount",
					     "octetDeltaCount",       "reversePacketDeltaCount",
					     "reverseOctetDeltaCount"};

enum {
	AGGREGATE_SUMS = sizeof(aggregate_sums) / sizeof(*aggregate_sums),
	AGGREGATE_REVERSE_SUMS = 2,
};
_Static_assert((int)AGGREGATE_MEMBERS + (int)AGGREGATE_SUMS <= (int)AGGREGATE_FIELDS_MAX, "names");

/* The fields that were asked for. */
struct aggregate_plan {
	bool wanted[AGGREGATE_MEMBERS];
	uint8_t bits[AGGREGATE_MEMBERS]; /* of addresses: how many are kept */
};

struct aggregate_sum {
	struct aggregate_key key;
	struct weir_flow_half forward, reverse;
	uint64_t first_ns, last_ns, flows;
	bool biflow;
};

struct aggregate {
	struct aggregate_plan plan;
	uint64_t seed;
	const char *names[AGGREGATE_FIELDS_MAX];
	uint32_t name_count;
	uint32_t sum_count;
	uint32_t places[AGGREGATE_PLACES]; /* index into sums, plus one; 0 = free */
	struct aggregate_sum sums[AGGREGATE_SUMS_MAX];
};

/* ---- which fields ---- */

static int aggregate_find(const char *word, struct weir_error *error)
{
	const char *near;

	for (int i = 0; i < AGGREGATE_MEMBERS; i++)
		if (!strcmp(word, aggregate_words[i]))
			return i;
	near = parse_nearest(word, aggregate_words, AGGREGATE_MEMBERS, sizeof(*aggregate_words));
	return weir_error_set(error, -EINVAL,
			      near ? "'%s' cannot be summed up by; did you mean '%s'?"
				   : "'%s' cannot be summed up by: use addresses (/N for a "
				     "prefix), ports, protocolIdentifier, ipVersion, "
				     "ipClassOfService, vlanId, ingressInterface or AS numbers",
			      word, near);
}

/* One word of the list, "sourceIPv4Address/24". */
static int aggregate_take(struct aggregate_plan *plan, char *word, struct weir_error *error)
{
	char *slash = strchr(word, '/');
	uint64_t bits;
	int member;

	if (slash)
		*slash++ = '\0';
	member = aggregate_find(word, error);
	if (member < 0)
		return member;
	bits = member <= AGGREGATE_DESTINATION_V4 ? 32 : 128;
	if (slash && member > AGGREGATE_DESTINATION_V6)
		return weir_error_set(error, -EINVAL, "'%s' has no prefix", word);
	if (slash && parse_u64(slash, bits, &bits))
		return weir_error_set(error, -EINVAL, "'%s' is no length of a prefix", slash);
	plan->wanted[member] = true;
	plan->bits[member] = (uint8_t)bits;
	return 0;
}

static int aggregate_parse(const char *fields, struct aggregate_plan *plan,
			   struct weir_error *error)
{
	char word[AGGREGATE_WORD_BYTES];
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	while (rc == 0) {
		size_t length = strcspn(fields, ",");

		if (!length || length >= sizeof(word))
			return weir_error_set(error, -EINVAL, "'%s' is not a list of fields",
					      fields);
		memcpy(word, fields, length);
		word[length] = '\0';
		rc = aggregate_take(plan, word, error);
		if (!fields[length])
			break;
		fields += length + 1;
	}
	return rc;
}

int weir_export_aggregate(const char *fields, uint32_t *groups, struct weir_error *error)
{
	struct aggregate_plan plan;
	int rc = aggregate_parse(fields, &plan, error);

	if (rc == 0 && (plan.wanted[AGGREGATE_SOURCE_AS] || plan.wanted[AGGREGATE_DESTINATION_AS]))
		*groups |= WEIR_FLOW_FIELD_ROUTE;
	return rc;
}

int aggregate_open(const char *fields, struct aggregate **out, struct weir_error *error)
{
	struct aggregate *own = calloc(1, sizeof(*own));
	int rc;

	if (!own)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = aggregate_parse(fields, &own->plan, error);
	if (rc < 0) {
		free(own);
		return rc;
	}
	own->seed = hash_seed();
	for (int i = 0; i < AGGREGATE_MEMBERS; i++)
		if (own->plan.wanted[i])
			own->names[own->name_count++] = aggregate_words[i];
	for (int i = 0; i < AGGREGATE_SUMS; i++)
		own->names[own->name_count++] = aggregate_sums[i];
	*out = own;
	return 0;
}

void aggregate_close(struct aggregate *own)
{
	free(own);
}

const char *const *aggregate_names(const struct aggregate *own, bool biflow, uint32_t *count)
{
	*count = own->name_count - (biflow ? 0 : AGGREGATE_REVERSE_SUMS);
	return own->names;
}

/* ---- sums ---- */

static void aggregate_copy_address(uint8_t out[16], const uint8_t *address, unsigned int bits)
{
	unsigned int bytes = bits / 8;

	memcpy(out, address, bytes);
	if (bits % 8)
		out[bytes] = address[bytes] & (uint8_t)(0xff00 >> bits % 8);
}

static void aggregate_make_key(const struct aggregate_plan *plan,
			       const struct weir_flow_record *record, struct aggregate_key *key)
{
	const bool *wanted = plan->wanted;
	bool v6 = record->ip_version == 6;
	int source = v6 ? AGGREGATE_SOURCE_V6 : AGGREGATE_SOURCE_V4;
	int destination = v6 ? AGGREGATE_DESTINATION_V6 : AGGREGATE_DESTINATION_V4;

	memset(key, 0, sizeof(*key));
	key->ip_version = record->ip_version;
	if (wanted[source])
		aggregate_copy_address(key->source_address, record->source_address,
				       plan->bits[source]);
	if (wanted[destination])
		aggregate_copy_address(key->destination_address, record->destination_address,
				       plan->bits[destination]);
	key->source_port = wanted[AGGREGATE_SOURCE_PORT] ? record->source_port : 0;
	key->destination_port = wanted[AGGREGATE_DESTINATION_PORT] ? record->destination_port : 0;
	key->protocol = wanted[AGGREGATE_PROTOCOL] ? record->protocol : 0;
	key->tos = wanted[AGGREGATE_TOS] ? record->forward.tos : 0;
	key->vlan_id = wanted[AGGREGATE_VLAN] ? record->vlan_id : 0;
	key->interface = wanted[AGGREGATE_INTERFACE] ? record->interface : 0;
	if (record->route) {
		key->source_as = wanted[AGGREGATE_SOURCE_AS] ? record->route->source_as : 0;
		key->destination_as =
			wanted[AGGREGATE_DESTINATION_AS] ? record->route->destination_as : 0;
	}
}

static uint64_t aggregate_hash(const struct aggregate *own, const struct aggregate_key *key)
{
	uint64_t words[sizeof(*key) / 8], hash = own->seed;

	memcpy(words, key, sizeof(*key));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		hash = hash_mix(hash ^ words[i], 0x9e3779b97f4a7c15ULL);
	return hash;
}

/* The sum with this key, begun if there is none yet; there is room for one. */
static struct aggregate_sum *aggregate_place(struct aggregate *own, const struct aggregate_key *key)
{
	uint64_t at = aggregate_hash(own, key) % AGGREGATE_PLACES;
	struct aggregate_sum *sum;

	for (; own->places[at]; at = (at + 1) % AGGREGATE_PLACES) {
		sum = &own->sums[own->places[at] - 1];
		if (!memcmp(&sum->key, key, sizeof(*key)))
			return sum;
	}
	sum = &own->sums[own->sum_count++];
	own->places[at] = own->sum_count;
	*sum = (struct aggregate_sum){.key = *key, .first_ns = UINT64_MAX};
	return sum;
}

static void aggregate_add_half(struct weir_flow_half *sum, const struct weir_flow_half *half)
{
	sum->packets += half->packets;
	sum->bytes += half->bytes;
}

bool aggregate_add(struct aggregate *own, const struct weir_flow_record *record)
{
	struct aggregate_key key;
	struct aggregate_sum *sum;

	aggregate_make_key(&own->plan, record, &key);
	sum = aggregate_place(own, &key);
	aggregate_add_half(&sum->forward, &record->forward);
	aggregate_add_half(&sum->reverse, &record->reverse);
	sum->biflow = record->biflow;
	sum->flows += record->flows ? record->flows : 1;
	if (record->first_ns < sum->first_ns)
		sum->first_ns = record->first_ns;
	if (record->last_ns > sum->last_ns)
		sum->last_ns = record->last_ns;
	return own->sum_count == AGGREGATE_SUMS_MAX;
}

static void aggregate_emit(const struct aggregate_sum *sum, weir_flow_emit *emit, void *user)
{
	const struct aggregate_key *key = &sum->key;
	const struct weir_flow_route route = {.source_as = key->source_as,
					      .destination_as = key->destination_as};
	struct weir_flow_record record = {
		.ip_version = key->ip_version,
		.protocol = key->protocol,
		.biflow = sum->biflow,
		.source_port = key->source_port,
		.destination_port = key->destination_port,
		.interface = key->interface,
		.vlan_id = key->vlan_id,
		.first_ns = sum->first_ns,
		.last_ns = sum->last_ns,
		.flows = sum->flows,
		.forward = sum->forward,
		.reverse = sum->reverse,
		.route = &route,
	};

	record.forward.tos = key->tos;
	memcpy(record.source_address, key->source_address, sizeof(record.source_address));
	memcpy(record.destination_address, key->destination_address,
	       sizeof(record.destination_address));
	emit(user, &record);
}

void aggregate_flush(struct aggregate *own, weir_flow_emit *emit, void *user)
{
	for (uint32_t i = 0; i < own->sum_count; i++)
		aggregate_emit(&own->sums[i], emit, user);
	own->sum_count = 0;
	memset(own->places, 0, sizeof(own->places));
}
