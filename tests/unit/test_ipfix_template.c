/* SPDX-License-Identifier: Apache-2.0 */
/* Templates from settings, and records as the bytes that RFC 7011 wants. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ipfix_string.h"
#include "ipfix_template.h"

static struct weir_flow_settings meter;
static struct weir_export_settings settings;
static struct template_plan plan;
static struct weir_error error;
static uint8_t bytes[4096];

static void ask_for(const char *const *fields, uint32_t count)
{
	weir_flow_settings_init(&meter);
	settings = (struct weir_export_settings){
		.meter = &meter, .fields = fields, .field_count = count};
}

static struct weir_flow_record udp_record(void)
{
	return (struct weir_flow_record){
		.ip_version = 4,
		.protocol = 17,
		.end_reason = WEIR_FLOW_END_IDLE,
		.biflow = true,
		.source_address = {10, 0, 0, 1},
		.destination_address = {10, 0, 0, 2},
		.source_port = 1000,
		.destination_port = 53,
		.first_ns = UINT64_C(1700000000123456789),
		.last_ns = UINT64_C(1700000001500000000),
		.forward = {.packets = 3, .bytes = 200},
		.reverse = {.packets = 2, .bytes = UINT64_C(0x1122334455667788)},
	};
}

/* Encode with the plan of the settings; returns the length. */
static uint32_t encoded(const struct weir_flow_record *record)
{
	const struct ipfix_template *template;

	assert_int_equal(template_plan_init(&plan, MESSAGE_IPFIX, &settings, &error), 0);
	template = template_of(&plan, record);
	assert_true(template->id >= 256);
	return (uint32_t)(template_encode(&plan, template, record, bytes) - bytes);
}

static void named_fields_come_in_the_order_named(void **state)
{
	const char *fields[] = {"destinationTransportPort", "sourceIPv4Address",
				"reverseOctetDeltaCount", "protocolIdentifier"};
	const uint8_t want[] = {0,    53,   10,   0,    0,    1,    0x11, 0x22,
				0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 17};
	const uint8_t want_template[] = {1,    0, 0, 4, 0, 11, 0,    2,    0, 8, 0, 4,
					 0x80, 1, 0, 8, 0, 0,  0x72, 0x79, 0, 4, 0, 1};
	struct weir_flow_record record = udp_record();

	ask_for(fields, 4);
	assert_int_equal(encoded(&record), sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(template_bytes(&plan, &plan.templates[0]), sizeof(want_template));
	assert_ptr_equal(template_write(&plan, &plan.templates[0], bytes),
			 bytes + sizeof(want_template));
	assert_memory_equal(bytes, want_template, sizeof(want_template)); /* 29305 = 0x7279 */
}

static void times_have_the_unit_of_their_element(void **state)
{
	const char *fields[] = {"flowStartSeconds", "flowStartMilliseconds",
				"flowStartMicroseconds", "flowStartNanoseconds"};
	struct weir_flow_record record = udp_record();
	uint64_t ms, us, ns;

	ask_for(fields, 4);
	assert_int_equal(encoded(&record), 28);
	assert_memory_equal(bytes, "\x65\x53\xf1\x00", 4);
	memcpy(&ms, bytes + 4, 8);
	memcpy(&us, bytes + 12, 8);
	memcpy(&ns, bytes + 20, 8);
	assert_true(be64toh(ms) == UINT64_C(1700000000123));
	assert_int_equal(be64toh(ns) >> 32, 1700000000 + UINT64_C(2208988800));
	assert_int_equal((be64toh(ns) & UINT32_MAX) * 1000000000 >> 32,
			 123456788); /* rounded down */
	assert_int_equal(be64toh(us) & 0x7ff, 0);
	assert_int_equal((be64toh(us) & UINT32_MAX) * 1000000 >> 32, 123456);
}

static void records_without_an_answer_are_uniflows(void **state)
{
	struct weir_flow_record record = udp_record();
	uint32_t both;

	ask_for(NULL, 0);
	both = encoded(&record);
	record.reverse = (struct weir_flow_half){0};
	assert_true(encoded(&record) + 2 * 8 < both);
}

static void icmp_has_types_where_others_have_ports(void **state)
{
	const char *fields[] = {"sourceTransportPort", "destinationTransportPort",
				"icmpTypeCodeIPv4", "icmpTypeCodeIPv6", "protocolIdentifier"};
	struct weir_flow_record record = udp_record();

	ask_for(fields, 5);
	assert_int_equal(encoded(&record), 5);
	record.protocol = 1;
	record.destination_port = 8 << 8;
	assert_int_equal(encoded(&record), 3);
	assert_memory_equal(bytes, "\x08\x00\x01", 3);
	record.ip_version = 6;
	record.protocol = 58;
	assert_int_equal(encoded(&record), 3);
}

static void reduced_counters_are_short_only_while_they_fit(void **state)
{
	const char *fields[] = {"octetDeltaCount", "reverseOctetDeltaCount"};
	struct weir_flow_record record = udp_record();

	ask_for(fields, 2);
	settings.reduced_size = true;
	assert_int_equal(encoded(&record), 16);
	record.reverse.bytes = 7;
	assert_int_equal(encoded(&record), 8);
	assert_memory_equal(bytes, "\0\0\0\xc8\0\0\0\x07", 8);
}

static void names_have_their_length_before_them(void **state)
{
	const char *fields[] = {"interfaceName", "protocolIdentifier"};
	struct weir_interface interface = {.name = "eth0"};
	struct weir_flow_record record = udp_record();

	ask_for(fields, 2);
	assert_int_equal(encoded(&record), 2);
	assert_memory_equal(bytes, "\0\x11", 2);
	assert_int_equal(weir_interfaces_open((struct weir_interfaces **)&settings.interfaces), 0);
	weir_interfaces_add((struct weir_interfaces *)settings.interfaces, &interface);
	assert_int_equal(encoded(&record), 6);
	assert_memory_equal(bytes,
			    "\x04"
			    "eth0\x11",
			    6);
	weir_interfaces_close((struct weir_interfaces *)settings.interfaces);
}

static void every_preset_and_group_can_be_encoded(void **state)
{
	static const struct weir_flow_times times;
	static const struct weir_flow_ip ip;
	static const struct weir_flow_tcp tcp;
	static const struct weir_flow_origin origin;
	struct weir_flow_record record = udp_record();
	uint32_t length;

	record.times = &times;
	record.ip = &ip;
	record.tcp = &tcp;
	record.origin = &origin;
	for (int preset = 0; preset <= WEIR_EXPORT_FULL; preset++) {
		for (int class = 0; class < 4; class ++) {
			ask_for(NULL, 0);
			settings.preset = preset;
			settings.reduced_size = true;
			settings.community_id = true;
			meter.fields = WEIR_FLOW_FIELD_TIMES | WEIR_FLOW_FIELD_IP |
				       WEIR_FLOW_FIELD_TCP | WEIR_FLOW_FIELD_ORIGIN;
			record.ip_version = class & 1 ? 6 : 4;
			record.protocol = class & 2 ? (class & 1 ? 58 : 1) : 6;
			length = encoded(&record);
			assert_int_equal(length, template_of(&plan, &record)->bytes_max);
		}
	}
}

static void the_histogram_and_the_first_packets_go_as_octets(void **state)
{
	const char *fields[] = {"firstPackets", "payloadByteHistogram"};
	struct weir_flow_histogram histogram = {.count = {[0] = 1, [255] = 0x01020304}};
	const struct weir_flow_first first[] = {
		{.time_ns = UINT64_C(1700000000123456789), .payload_bytes = 7, .tcp_flags = 2},
		{.time_ns = UINT64_C(1700000000123456790), .payload_bytes = 0x0a0b, .direction = 1}};
	const uint8_t want[] = {
		255, 0, 28,                                        /* RFC 7011 section 7 */
		0,   0, 0,  0, 0, 0, 0, 0, 0, 0, 0,    7,    0, 2, /* forward, SYN */
		0,   0, 0,  0, 0, 0, 0, 1, 0, 0, 0x0a, 0x0b, 1, 0};
	struct weir_flow_record record = udp_record();

	record.histogram = &histogram;
	record.first = first;
	record.first_count = 2;
	ask_for(fields, 2);
	meter.fields = WEIR_FLOW_FIELD_HISTOGRAM | WEIR_FLOW_FIELD_PACKETS;
	meter.first_packets = 2;
	assert_int_equal(encoded(&record), sizeof(want) + 1024);
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(bytes[sizeof(want) + 3], 1);
	assert_int_equal(bytes[sizeof(want) + 1020], 1);
	assert_int_equal(bytes[sizeof(want) + 1023], 4);
	assert_int_equal(template_of(&plan, &record)->bytes_max, sizeof(want) + 1024);
}

static void strings_are_utf8_and_never_cut_within_a_character(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"", ""},
		{"eth0", "eth0"},
		{"br\xc3\xbc"
		 "cke",
		 "br\xc3\xbc"
		 "cke"},
		{"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xff\xfe", "??"},
		{"a\xc3", "a?"},              /* breaks off */
		{"\xc0\xaf", "??"},           /* longer than need be */
		{"\xed\xa0\x80", "???"},      /* a surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* beyond the last character */
	};
	char text[IPFIX_STRING_BYTES_MAX + 2];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t *end = ipfix_put_string(bytes, cases[i].from, 100);

		assert_int_equal(bytes[0], strlen(cases[i].to));
		assert_ptr_equal(end, bytes + 1 + bytes[0]);
		assert_memory_equal(bytes + 1, cases[i].to, bytes[0]);
	}
	memset(text, 'x', sizeof(text));
	memcpy(text + IPFIX_STRING_BYTES_MAX - 1, "\xc3\xbc", 3);
	ipfix_put_string(bytes, text, sizeof(text));
	assert_int_equal(bytes[0], IPFIX_STRING_BYTES_MAX - 1);
	ipfix_put_string(bytes, text, 3);
	assert_int_equal(bytes[0], 3);
}

static void what_would_be_misread_is_refused(void **state)
{
	const char *uptime[] = {"flowStartSysUpTime"}, *small[] = {"protocolIdentifier"};

	ask_for(uptime, 1);
	assert_int_equal(template_plan_init(&plan, MESSAGE_IPFIX, &settings, &error), -EINVAL);
	assert_non_null(strstr(error.text, "is for NetFlow v9"));
	assert_int_equal(template_plan_init(&plan, MESSAGE_NETFLOW9, &settings, &error), 0);
	ask_for(small, 1); /* three bytes of padding would be three records */
	assert_int_equal(template_plan_init(&plan, MESSAGE_NETFLOW9, &settings, &error), -EINVAL);
	assert_int_equal(template_plan_init(&plan, MESSAGE_IPFIX, &settings, &error), 0);
}

static void netflow9_has_neither_enterprises_nor_reverse(void **state)
{
	ask_for(NULL, 0);
	assert_int_equal(template_plan_init(&plan, MESSAGE_NETFLOW9, &settings, &error), 0);
	assert_int_equal(plan.templates[0].id, 0); /* no biflows */
	for (uint32_t i = 0; i < plan.templates[TEMPLATE_ONE_WAY].count; i++) {
		struct ipfix_element element = plan.templates[TEMPLATE_ONE_WAY].steps[i].element;

		assert_false(element.reverse);
		assert_int_equal(ipfix_element_pen(element, 1), 0);
	}
}

static void what_is_not_metered_or_not_known_is_refused(void **state)
{
	const char *not_metered[] = {"tcpWindowSize"};
	uint32_t groups = 0;

	ask_for(not_metered, 1);
	assert_int_equal(template_plan_init(&plan, MESSAGE_IPFIX, &settings, &error), -EINVAL);
	assert_string_equal(error.text, "'tcpWindowSize' is not metered");
	assert_int_equal(weir_export_field("tcpWindowSize", &groups, &error), 0);
	assert_int_equal(groups, WEIR_FLOW_FIELD_TCP);
	assert_int_equal(weir_export_field("sourceIpv4Adress", &groups, &error), -EINVAL);
	assert_non_null(strstr(error.text, "did you mean 'sourceIPv4Address'?"));
	assert_int_equal(weir_export_field("reversePacketDeltaCount", &groups, &error), 0);
}

static void elements_are_found_by_name_and_by_number(void **state)
{
	uint32_t count;
	const struct ipfix_field *fields = ipfix_fields(&count);
	char name[IPFIX_NAME_BYTES];

	for (uint32_t i = 0; i < count * 2; i++) {
		struct ipfix_element element = {&fields[i / 2], i & 1}, found;

		if (element.reverse && !ipfix_field_has_reverse(element.field))
			continue;
		assert_true(ipfix_element_by_name(ipfix_element_name(element, name), &found));
		assert_ptr_equal(found.field, element.field);
		assert_int_equal(found.reverse, element.reverse);
		assert_true(ipfix_element_by_number(ipfix_element_pen(element, 77),
						    ipfix_element_number(element), 77, &found));
		assert_ptr_equal(found.field, element.field);
		assert_int_equal(found.reverse, element.reverse);
	}
	assert_false(ipfix_element_by_name("noSuchThing", &(struct ipfix_element){0}));
	assert_false(ipfix_element_by_number(9, 1, 77, &(struct ipfix_element){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_fields_come_in_the_order_named),
		cmocka_unit_test(times_have_the_unit_of_their_element),
		cmocka_unit_test(records_without_an_answer_are_uniflows),
		cmocka_unit_test(icmp_has_types_where_others_have_ports),
		cmocka_unit_test(reduced_counters_are_short_only_while_they_fit),
		cmocka_unit_test(names_have_their_length_before_them),
		cmocka_unit_test(every_preset_and_group_can_be_encoded),
		cmocka_unit_test(the_histogram_and_the_first_packets_go_as_octets),
		cmocka_unit_test(strings_are_utf8_and_never_cut_within_a_character),
		cmocka_unit_test(what_would_be_misread_is_refused),
		cmocka_unit_test(netflow9_has_neither_enterprises_nor_reverse),
		cmocka_unit_test(what_is_not_metered_or_not_known_is_refused),
		cmocka_unit_test(elements_are_found_by_name_and_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
