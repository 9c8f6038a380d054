/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records as text: JSON lines, CSV, Zeek's names, Community IDs; and sets of exports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "anonymise.h"
#include "community.h"
#include "text.h"
#include "weir/export.h"

static char directory[] = "/tmp/weir-export-XXXXXX";
static struct weir_flow_settings meter;
static struct weir_export_settings settings = {.meter = &meter};

static struct weir_flow_record tcp_record(void)
{
	return (struct weir_flow_record){
		.ip_version = 4,
		.protocol = 6,
		.end_reason = WEIR_FLOW_END_DETECTED,
		.biflow = true,
		.source_address = {128, 232, 110, 120},
		.destination_address = {66, 35, 250, 204},
		.source_port = 34855,
		.destination_port = 80,
		.first_ns = UINT64_C(1700000000123456789),
		.last_ns = UINT64_C(1700000001123456789),
		.forward = {.packets = 3, .bytes = 200, .payload_bytes = 50, .tcp_flags = 0x1b},
		.reverse = {.packets = 2, .bytes = 100, .payload_bytes = 10, .tcp_flags = 0x1b},
	};
}

static char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* What one record looks like in a target; valid until the next call. */
static const char *written(const char *name, const struct weir_flow_record *record)
{
	static char text[16384];
	struct weir_export *target;
	struct weir_error error;
	FILE *file;

	assert_int_equal(weir_export_open(path_of(name), &settings, &target, &error), 0);
	assert_int_equal(target->ops->write(target, record), 0);
	assert_int_equal(target->ops->finish(target), 0);
	target->ops->close(target);
	file = fopen(path_of(name), "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

static void json_has_iana_names_and_leaves_out_what_is_not_there(void **state)
{
	struct weir_flow_record record = tcp_record();
	const char *text = written("a.json", &record);

	assert_non_null(strstr(text, "\"flowStartMilliseconds\":1700000000123,"));
	assert_non_null(strstr(text, "\"sourceIPv4Address\":\"128.232.110.120\","));
	assert_non_null(strstr(text, "\"destinationTransportPort\":80,"));
	assert_non_null(strstr(text, "\"reverseOctetDeltaCount\":100,"));
	assert_non_null(strstr(text, "\"flowEndReason\":3,"));
	assert_null(strstr(text, "IPv6Address"));
	assert_null(strstr(text, "icmp"));
	assert_string_equal(text + strlen(text) - 2, "}\n");
	record.protocol = 1;
	record.source_port = 0;
	record.destination_port = 8 << 8;
	text = written("a.json", &record);
	assert_non_null(strstr(text, "\"icmpTypeCodeIPv4\":2048,"));
	assert_null(strstr(text, "TransportPort"));
	assert_null(strstr(text, "tcpControlBits"));
}

static void uniflow_records_have_no_reverse_fields(void **state)
{
	struct weir_flow_record record = tcp_record();

	record.biflow = false;
	meter.uniflow = true;
	assert_null(strstr(written("a.json", &record), "everse"));
	assert_null(strstr(written("a.csv", &record), "everse"));
	meter.uniflow = false;
}

static uint32_t count_commas(const char *text)
{
	uint32_t count = 0;

	for (; *text && *text != '\n'; text++)
		count += *text == ',';
	return count;
}

static void csv_has_a_header_and_a_column_for_each_field(void **state)
{
	struct weir_flow_record record = tcp_record();
	const char *text = written("a.csv", &record);
	const char *line = strchr(text, '\n');

	assert_memory_equal(text, "flowStartMilliseconds,", 22);
	assert_non_null(line);
	assert_int_equal(count_commas(text), count_commas(line + 1));
	assert_memory_equal(line, "\n1700000000123,1700000001123,", 29);
}

static void zeek_names_make_a_conn_log(void **state)
{
	struct weir_flow_record record = tcp_record();
	const char *text;

	settings.names = WEIR_EXPORT_NAMES_ZEEK;
	text = written("a.json", &record);
	settings.names = WEIR_EXPORT_NAMES_IANA;
	assert_memory_equal(text, "{\"ts\":1700000000.123456,\"uid\":\"C", 32);
	assert_non_null(strstr(text, "\"id.orig_h\":\"128.232.110.120\",\"id.orig_p\":34855,"));
	assert_non_null(strstr(text, "\"proto\":\"tcp\",\"duration\":1.000000,\"orig_bytes\":50,"));
	assert_non_null(strstr(text, "\"conn_state\":\"SF\","));
}

static void foreign_names_cannot_break_the_line(void **state)
{
	struct weir_flow_record record = tcp_record();
	struct weir_interface interface = {.name = "a\"b\\\n,c"};
	struct weir_interfaces *interfaces;

	assert_int_equal(weir_interfaces_open(&interfaces), 0);
	assert_int_equal(weir_interfaces_add(interfaces, &interface), 0);
	settings.interfaces = interfaces;
	assert_non_null(strstr(written("a.json", &record),
			       "\"interfaceName\":\"a\\u0022b\\u005c\\u000a,c\""));
	assert_non_null(strstr(written("a.csv", &record), ",\"a\\u0022b\\u005c\\u000a,c\","));
	settings.interfaces = NULL;
	weir_interfaces_close(interfaces);
}

/* The vectors of the specification's baseline. */
static void community_ids_are_those_of_the_specification(void **state)
{
	static const struct {
		const char *id;
		uint8_t protocol, source[4], destination[4];
		uint16_t source_port, destination_port;
	} vectors[] = {
		{"1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
		 6,
		 {128, 232, 110, 120},
		 {66, 35, 250, 204},
		 34855,
		 80},
		{"1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
		 6,
		 {66, 35, 250, 204},
		 {128, 232, 110, 120},
		 80,
		 34855},
		{"1:d/FP5EW3wiY1vCndhwleRRKHowQ=", 17, {192, 168, 1, 52}, {8, 8, 8, 8}, 54585, 53},
		{"1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 1, {192, 168, 0, 89}, {192, 168, 0, 1}, 0, 8 << 8},
	};
	char text[COMMUNITY_BYTES + 1];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct weir_flow_record record = {.ip_version = 4,
						  .protocol = vectors[i].protocol,
						  .source_port = vectors[i].source_port,
						  .destination_port = vectors[i].destination_port};

		memcpy(record.source_address, vectors[i].source, 4);
		memcpy(record.destination_address, vectors[i].destination, 4);
		*community_put(text, &record, 0) = 0;
		assert_string_equal(text, vectors[i].id);
	}
}

static void a_target_of_no_known_kind_is_refused_and_the_kinds_are_named(void **state)
{
	struct weir_export *target;
	struct weir_error error;

	assert_int_equal(weir_export_open("flows.txt", &settings, &target, &error), -EINVAL);
	assert_non_null(strstr(error.text, "'flows.txt'"));
	assert_non_null(strstr(error.text, "null:, NAME.json, NAME.csv"));
}

static void a_set_opens_all_or_none_and_counts_every_record_in_the_ledger(void **state)
{
	const char *bad[] = {"null:", "/nowhere/at/all.json"}, *good[] = {"null:", NULL};
	struct weir_flow_record record = tcp_record();
	struct weir_ledger *ledger;
	struct weir_account *account;
	struct weir_exports *set;
	struct weir_error error;

	assert_int_equal(weir_exports_open(bad, 2, &settings, &set, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nowhere/at/all.json"));
	good[1] = path_of("set.json");
	assert_int_equal(weir_exports_open(good, 2, &settings, &set, &error), 0);
	assert_int_equal(weir_ledger_open(&ledger), 0);
	account = weir_ledger_account(ledger, "x", "", "fake", 0);
	assert_int_equal(weir_exports_attach(set, ledger, account), 0);
	weir_exports_join(set);
	weir_exports_join(set);
	for (int i = 0; i < 5000; i++)
		weir_exports_emit(set, &record);
	assert_int_equal(weir_exports_finish(set, &error), 0);
	assert_non_null(weir_ledger_unbalanced(ledger)); /* another meter is still at work */
	assert_int_equal(weir_exports_finish(set, &error), 0);
	assert_null(weir_ledger_unbalanced(ledger));
	weir_exports_close(set);
	weir_ledger_close(ledger);
}

static void a_full_disk_is_told_once_and_what_it_took_is_counted(void **state)
{
	struct weir_flow_record record = tcp_record();
	const char *targets[] = {path_of("full.json")};
	struct weir_ledger *ledger;
	struct weir_exports *set;
	struct weir_error error;

	assert_int_equal(symlink("/dev/full", targets[0]), 0);
	assert_int_equal(weir_exports_open(targets, 1, &settings, &set, &error), 0);
	assert_int_equal(weir_ledger_open(&ledger), 0);
	assert_int_equal(
		weir_exports_attach(set, ledger, weir_ledger_account(ledger, "x", "", "fake", 0)),
		0);
	weir_exports_join(set);
	weir_exports_emit(set, &record);
	assert_int_equal(weir_exports_tick(set, 1, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "cannot write flows"));
	weir_exports_emit(set, &record);
	assert_int_equal(weir_exports_tick(set, 2, &error), 0);
	assert_int_equal(weir_exports_finish(set, &error), 0);
	assert_null(weir_ledger_unbalanced(ledger));
	weir_exports_close(set);
	weir_ledger_close(ledger);
}

/* How many bits two addresses share from the left. */
static unsigned int shared_bits(const uint8_t *a, const uint8_t *b, unsigned int bytes)
{
	unsigned int n = 0;

	while (n < bytes * 8 && !((a[n / 8] ^ b[n / 8]) >> (7 - n % 8) & 1))
		n++;
	return n;
}

static void pseudonyms_share_exactly_the_prefixes_that_addresses_share(void **state)
{
	static const uint8_t key[WEIR_EXPORT_KEY_BYTES] = "0123456789abcde";
	unsigned int changed = 0;

	srandom(1);
	for (int round = 0; round < 2000; round++) {
		unsigned int bytes = round & 1 ? 4 : 16, bit = (unsigned int)random() % (bytes * 8);
		uint8_t a[16], b[16], x[16], y[16];

		for (int i = 0; i < 16; i++)
			a[i] = b[i] = (uint8_t)random();
		b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8); /* they share 'bit' bits */
		memcpy(x, a, 16);
		memcpy(y, b, 16);
		anonymise_address(key, x, bytes);
		anonymise_address(key, y, bytes);
		assert_int_equal(shared_bits(x, y, bytes), bit);
		changed += memcmp(x, a, bytes) != 0;
	}
	assert_true(changed > 1990);
}

static void addresses_and_numbers_are_written_as_everybody_does(void **state)
{
	static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	char text[64];

	*text_ipv6(text, v6) = 0;
	assert_string_equal(text, "2001:db8::1");
	*text_u64(text, UINT64_MAX) = 0;
	assert_string_equal(text, "18446744073709551615");
	*text_u64(text, 0) = 0;
	assert_string_equal(text, "0");
	*text_seconds(text, UINT64_C(1000000005)) = 0;
	assert_string_equal(text, "1.000000005");
}

static int set_up(void **state)
{
	weir_flow_settings_init(&meter);
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"a.json", "a.csv", "set.json", "full.json"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_iana_names_and_leaves_out_what_is_not_there),
		cmocka_unit_test(uniflow_records_have_no_reverse_fields),
		cmocka_unit_test(csv_has_a_header_and_a_column_for_each_field),
		cmocka_unit_test(zeek_names_make_a_conn_log),
		cmocka_unit_test(foreign_names_cannot_break_the_line),
		cmocka_unit_test(community_ids_are_those_of_the_specification),
		cmocka_unit_test(a_target_of_no_known_kind_is_refused_and_the_kinds_are_named),
		cmocka_unit_test(a_set_opens_all_or_none_and_counts_every_record_in_the_ledger),
		cmocka_unit_test(a_full_disk_is_told_once_and_what_it_took_is_counted),
		cmocka_unit_test(pseudonyms_share_exactly_the_prefixes_that_addresses_share),
		cmocka_unit_test(addresses_and_numbers_are_written_as_everybody_does),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
