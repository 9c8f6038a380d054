/* SPDX-License-Identifier: Apache-2.0 */
/* Which UDP ports are those of tunnels: the look-up against the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport.h"

enum { OTHER = 49152 };

static void tunnels_are_found_at_their_ports_and_no_other(void **state)
{
	for (uint32_t port = 0; port < 65536; port++) {
		bool either = port == 1701 || port == 2152 || port == 3544;
		bool to = either || port == 4789 || port == 6081 || port == 8472;

		assert_int_equal(transport_is_tunnel_port(OTHER, (uint16_t)port), to);
		assert_int_equal(transport_is_tunnel_port((uint16_t)port, OTHER), either);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_are_found_at_their_ports_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
