/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "place.h"

enum { NODES_MAX = 1024, NO_CPU = 999999 };

/* What the kernel says of this thread; -1 where it knows nothing of NUMA. */
static int policy(unsigned long *first_nodes)
{
	unsigned long nodes[NODES_MAX / 8 / sizeof(unsigned long)] = {0};
	int mode = 0;

	if (syscall(SYS_get_mempolicy, &mode, nodes, NODES_MAX, NULL, 0))
		return -1;
	*first_nodes = nodes[0];
	return mode;
}

static void memory_is_preferred_where_the_cpu_is(void **state)
{
	unsigned long nodes;
	int node = place_node_of(0);

	if (policy(&nodes) < 0)
		skip();
	assert_in_range(node, 0, 63);
	assert_int_equal(place_enter(0), 0);
	assert_int_equal(policy(&nodes), MPOL_PREFERRED);
	assert_int_equal(nodes, 1UL << node);
	place_leave();
	assert_int_equal(policy(&nodes), MPOL_DEFAULT);
}

static void a_cpu_that_is_not_there_has_no_node(void **state)
{
	assert_int_equal(place_node_of(NO_CPU), -ENOENT);
	assert_int_equal(place_enter(NO_CPU), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_preferred_where_the_cpu_is),
		cmocka_unit_test(a_cpu_that_is_not_there_has_no_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
