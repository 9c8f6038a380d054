/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if_arp.h>
#include <string.h>

#include "links/type.h"
#include "weir/links.h"

static void the_loopback_is_listed(void **state)
{
	struct weir_links links;
	struct weir_error error;
	bool found = false;

	assert_int_equal(weir_links_open(&links, &error), 0);
	for (uint32_t i = 0; i < links.count; i++) {
		const struct weir_link *link = &links.links[i];

		assert_true(i == 0 || link->index > links.links[i - 1].index);
		if (!link->loopback)
			continue;
		found = true;
		assert_string_equal(link->name, "lo");
		assert_string_equal(link->driver, "loopback");
		assert_int_equal(link->index, 1);
		assert_true(link->mtu > 0);
	}
	assert_true(found);
	weir_links_close(&links);
	assert_null(links.links);
}

static void a_source_serves_what_it_needs(void **state)
{
	const struct weir_link ethernet = {.hardware_type = ARPHRD_ETHER};
	const struct weir_link tunnel = {.hardware_type = ARPHRD_NONE};
	const struct weir_link wireless = {.hardware_type = ARPHRD_IEEE80211_RADIOTAP};
	static const struct {
		enum weir_source_needs needs;
		bool ethernet, tunnel, wireless;
	} cases[] = {
		{WEIR_SOURCE_NEEDS_NOTHING, false, false, false},
		{WEIR_SOURCE_NEEDS_INTERFACE, true, true, true},
		{WEIR_SOURCE_NEEDS_LINK, true, true, false},
		{WEIR_SOURCE_NEEDS_ETHERNET, true, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct weir_source_kind kind = {.needs = cases[i].needs};

		assert_int_equal(weir_link_serves(&ethernet, &kind), cases[i].ethernet);
		assert_int_equal(weir_link_serves(&tunnel, &kind), cases[i].tunnel);
		assert_int_equal(weir_link_serves(&wireless, &kind), cases[i].wireless);
	}
}

static void hardware_types_have_link_types(void **state)
{
	uint32_t type;

	assert_int_equal(links_type(ARPHRD_ETHER, &type), 0);
	assert_int_equal(type, LINKS_TYPE_ETHERNET);
	assert_int_equal(links_type(ARPHRD_NONE, &type), 0);
	assert_int_equal(type, LINKS_TYPE_RAW_IP);
	assert_int_equal(links_type(ARPHRD_IEEE80211, &type), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loopback_is_listed),
		cmocka_unit_test(a_source_serves_what_it_needs),
		cmocka_unit_test(hardware_types_have_link_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
