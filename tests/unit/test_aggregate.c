/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "aggregate.h"

enum { OUT_MAX = 8 };

struct collected {
	struct weir_flow_record records[OUT_MAX];
	uint32_t count;
};

static void collect(void *user, const struct weir_flow_record *record)
{
	struct collected *out = user;

	if (out->count < OUT_MAX)
		out->records[out->count] = *record;
	out->count++;
}

static struct aggregate *open_by(const char *fields)
{
	struct aggregate *aggregate;
	struct weir_error error;

	if (aggregate_open(fields, &aggregate, &error) < 0)
		fail_msg("%s", error.text);
	return aggregate;
}

static struct weir_flow_record flow(uint8_t version, uint8_t last_byte, uint16_t port)
{
	return (struct weir_flow_record){
		.ip_version = version,
		.protocol = 17,
		.biflow = true,
		.source_address = {10, 0, 0, last_byte},
		.destination_address = {10, 0, 1, 1},
		.source_port = port,
		.first_ns = port,
		.last_ns = 100 + port,
		.forward = {.packets = 2, .bytes = 200},
		.reverse = {.packets = 1, .bytes = 50},
	};
}

static void records_of_a_prefix_are_summed(void **state)
{
	struct aggregate *aggregate = open_by("sourceIPv4Address/25,protocolIdentifier");
	struct collected out = {.count = 0};
	const uint8_t last_bytes[] = {1, 127, 128};

	for (uint16_t i = 0; i < 3; i++) {
		struct weir_flow_record record = flow(4, last_bytes[i], (uint16_t)(10 + i));

		assert_false(aggregate_add(aggregate, &record));
	}
	aggregate_flush(aggregate, collect, &out);
	assert_int_equal(out.count, 2);
	assert_int_equal(out.records[0].source_address[3], 0);
	assert_int_equal(out.records[0].flows, 2);
	assert_int_equal(out.records[0].forward.packets, 4);
	assert_int_equal(out.records[0].reverse.bytes, 100);
	assert_int_equal(out.records[0].first_ns, 10);
	assert_int_equal(out.records[0].last_ns, 111);
	assert_int_equal(out.records[0].protocol, 17);
	assert_int_equal(out.records[0].source_port, 0); /* not asked for */
	assert_int_equal(out.records[0].destination_address[0], 0);
	assert_int_equal(out.records[1].source_address[3], 128);
	assert_int_equal(out.records[1].flows, 1);
	out.count = 0;
	aggregate_flush(aggregate, collect, &out);
	assert_int_equal(out.count, 0);
	aggregate_close(aggregate);
}

static void ip_versions_stay_apart(void **state)
{
	struct aggregate *aggregate = open_by("protocolIdentifier");
	struct collected out = {.count = 0};
	struct weir_flow_record v4 = flow(4, 1, 1), v6 = flow(6, 1, 1);

	aggregate_add(aggregate, &v4);
	aggregate_add(aggregate, &v6);
	aggregate_flush(aggregate, collect, &out);
	assert_int_equal(out.count, 2);
	aggregate_close(aggregate);
}

static void a_full_table_asks_to_be_flushed(void **state)
{
	struct aggregate *aggregate = open_by("sourceIPv4Address");
	struct collected out = {.count = 0};
	struct weir_flow_record record = flow(4, 0, 0);

	for (uint32_t i = 0; i < AGGREGATE_SUMS_MAX; i++) {
		memcpy(record.source_address, &i, sizeof(i));
		assert_int_equal(aggregate_add(aggregate, &record), i == AGGREGATE_SUMS_MAX - 1);
	}
	aggregate_flush(aggregate, collect, &out);
	assert_int_equal(out.count, AGGREGATE_SUMS_MAX);
	assert_false(aggregate_add(aggregate, &record));
	aggregate_close(aggregate);
}

static void what_cannot_be_summed_up_by_is_refused(void **state)
{
	static const char *const cases[] = {"",
					    ",",
					    "octets",
					    "sourceIPv4Address/33",
					    "vlanId/12",
					    "sourceIPv4Address,",
					    "packetDeltaCount"};
	struct weir_error error;
	uint32_t groups = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(weir_export_aggregate(cases[i], &groups, &error), -EINVAL);
	assert_int_equal(groups, 0);
	assert_int_equal(weir_export_aggregate("bgpSourceAsNumber,vlanId", &groups, &error), 0);
	assert_int_equal(groups, WEIR_FLOW_FIELD_ROUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_a_prefix_are_summed),
		cmocka_unit_test(ip_versions_stay_apart),
		cmocka_unit_test(a_full_table_asks_to_be_flushed),
		cmocka_unit_test(what_cannot_be_summed_up_by_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
