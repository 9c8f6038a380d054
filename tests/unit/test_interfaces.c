/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "weir/packet.h"

static int set_up(void **state)
{
	struct weir_interfaces *table;

	assert_int_equal(weir_interfaces_open(&table), 0);
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	weir_interfaces_close(*state);
	return 0;
}

static void the_very_same_interface_is_shared(void **state)
{
	const struct weir_interface eth0 = {.name = "eth0", .link_type = 1};
	struct weir_interfaces *table = *state;

	assert_int_equal(weir_interfaces_add(table, &eth0), 0);
	assert_int_equal(weir_interfaces_share(table, &eth0), 0);
	assert_int_equal(weir_interfaces_count(table), 1);
	assert_int_equal(weir_interfaces_add(table, &eth0), 1); /* for those that do not share */
}

static void one_that_differs_in_anything_is_another(void **state)
{
	const struct weir_interface eth0 = {.name = "eth0", .link_type = 1};
	struct weir_interface others[] = {eth0, eth0, eth0, eth0, eth0,
					  eth0, eth0, eth0, eth0, eth0};
	struct weir_interfaces *table = *state;

	strcpy(others[0].name, "eth1");
	strcpy(others[1].netns, "lab");
	strcpy(others[2].description, "uplink");
	strcpy(others[3].source, "file");
	strcpy(others[4].filter, "udp");
	others[5].link_type = 101;
	others[6].snaplen = 96;
	others[7].time_resolution = 9;
	others[8].hardware_address[5] = 1;
	others[9].fcs_bytes = 4; /* each packet of it ends in a checksum, eth0's do not */
	assert_int_equal(weir_interfaces_add(table, &eth0), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(weir_interfaces_share(table, &others[i]), i + 1);
}

static void a_full_table_takes_no_more_and_keeps_what_it_has(void **state)
{
	struct weir_interface interface = {.name = "eth"};
	struct weir_interfaces *table = *state;

	for (uint32_t i = 0; i < WEIR_INTERFACES_MAX; i++) {
		interface.snaplen = i;
		assert_int_equal(weir_interfaces_add(table, &interface), i);
	}
	assert_int_equal(weir_interfaces_add(table, &interface), -ENOSPC);
	assert_int_equal(weir_interfaces_get(table, WEIR_INTERFACES_MAX - 1)->snaplen,
			 WEIR_INTERFACES_MAX - 1);
	assert_null(weir_interfaces_get(table, WEIR_INTERFACES_MAX));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_very_same_interface_is_shared),
		CASE(one_that_differs_in_anything_is_another),
		CASE(a_full_table_takes_no_more_and_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
