/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions on record fields: what they match, and how they are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "weir/flow.h"

static const struct weir_flow_record record = {
	.ip_version = 4,
	.protocol = 6,
	.end_reason = 1,
	.source_address = {10, 1, 2, 3},
	.destination_address = {192, 168, 0, 1},
	.source_port = 40000,
	.destination_port = 443,
	.first_ns = UINT64_C(1000000000),
	.last_ns = UINT64_C(3500000000),
	.forward = {.packets = 7, .bytes = 700, .tcp_flags = 0x1b},
	.reverse = {.packets = 3, .bytes = 5000},
};

static bool matches(const char *text)
{
	struct weir_flow_expression *expression;
	struct weir_error error = {0};
	bool match;

	if (weir_flow_expression_open(text, &expression, &error) < 0)
		fail_msg("%s", error.text);
	match = weir_flow_expression_match(expression, &record);
	weir_flow_expression_close(expression);
	return match;
}

static void comparisons_hold_or_not(void **state)
{
	assert_true(matches("packetDeltaCount = 7"));
	assert_true(matches("packetDeltaCount == 7"));
	assert_false(matches("packetDeltaCount != 7"));
	assert_true(matches("packetDeltaCount<8"));
	assert_false(matches("packetDeltaCount < 7"));
	assert_true(matches("packetDeltaCount <= 7"));
	assert_true(matches("octetDeltaCount>=700"));
	assert_false(matches("octetDeltaCount > 700"));
	assert_true(matches("tcpControlBits = 0x1b"));
	assert_true(matches("packets = 10"));
	assert_true(matches("bytes = 5700"));
	assert_true(matches("duration = 2500ms"));
	assert_true(matches("duration > 2"));
}

static void addresses_match_by_prefix_and_only_their_own_version(void **state)
{
	assert_true(matches("sourceIPv4Address = 10.1.2.3"));
	assert_true(matches("sourceIPv4Address = 10.0.0.0/8"));
	assert_true(matches("sourceIPv4Address = 10.1.2.2/31"));
	assert_false(matches("sourceIPv4Address = 10.1.2.4/30"));
	assert_true(matches("sourceIPv4Address != 10.1.2.4/30"));
	assert_true(matches("sourceIPv4Address = 0.0.0.0/0"));
	assert_false(matches("sourceIPv6Address = ::/0"));
	assert_true(matches("sourceIPv6Address != ::/0"));
}

static void and_binds_more_than_or_and_not_more_than_and(void **state)
{
	assert_true(matches("packets = 10 or packets = 1 and packets = 2"));
	assert_false(matches("(packets = 10 or packets = 1) and packets = 2"));
	assert_true(matches("not packets = 1 and packets = 10"));
	assert_false(matches("not (packets = 1 or packets = 10)"));
	assert_true(matches("not not packets = 10"));
	assert_true(matches("packets=10 and bytes=5700 and (duration>1 or duration<0.1)"));
}

static void refuses(const char *text, const char *why)
{
	struct weir_flow_expression *expression = NULL;
	struct weir_error error = {0};

	assert_int_equal(weir_flow_expression_open(text, &expression, &error), -EINVAL);
	if (!strstr(error.text, why))
		fail_msg("'%s' has no '%s'", error.text, why);
	assert_null(expression);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	refuses("", "expected a field's name at 'the end', character 1");
	refuses("packets", "expected a comparison (= != < <= > >=) at 'the end', character 8");
	refuses("packets > x", "expected a number at 'x', character 11");
	refuses("packets > 1 bytes", "expected 'and', 'or' or the end at 'bytes', character 13");
	refuses("(packets > 1", "expected ')', 'and' or 'or' at 'the end'");
	refuses("packetDeltaCuont > 1", "did you mean 'packetDeltaCount'?");
	refuses("sourceIPv4Address = 10.0.0.0/33", "expected a prefix length");
	refuses("sourceIPv4Address = fd00::1", "expected an IPv4 address");
	refuses("sourceIPv4Address > 10.0.0.1", "not an order");
	refuses("packets > 99999999999999999999", "expected a number");
}

static void size_and_depth_are_bounded(void **state)
{
	char text[8192] = "packets = 10";

	for (int i = 1; i < WEIR_FLOW_EXPRESSION_TERMS_MAX; i++)
		strcat(text, " and packets = 10");
	assert_true(matches(text));
	strcat(text, " and packets = 10");
	refuses(text, "more than 64 comparisons");
	memset(text, '(', 4000);
	text[4000] = 0;
	refuses(text, "more than 32 levels");
	text[0] = 0;
	for (int i = 0; i < 1000; i++)
		strcat(text, "not ");
	refuses(text, "more than 32 levels");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparisons_hold_or_not),
		cmocka_unit_test(addresses_match_by_prefix_and_only_their_own_version),
		cmocka_unit_test(and_binds_more_than_or_and_not_more_than_and),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(size_and_depth_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
