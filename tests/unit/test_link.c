/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/link.h"

static void a_name_nearly_right_is_told(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct weir_error error = {0};
	struct link link;

	assert_int_equal(link_find(fd, "lp", &link, &error), -ENODEV);
	assert_string_equal(error.text, "no interface 'lp'; did you mean 'lo'?");
	assert_int_equal(link_find(fd, "nosuchinterface", &link, &error), -ENODEV);
	assert_non_null(strstr(error.text, "there are: "));
	close(fd);
}

/* What there is cannot be asked then; what there is not is told all the same. */
static void without_descriptors_an_unknown_name_is_told_alone(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct weir_error error = {0};
	struct rlimit before, none;
	struct link link;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(link_find(fd, "nosuch0", &link, &error), -ENODEV);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_string_equal(error.text, "no interface 'nosuch0'; there are: ?");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_nearly_right_is_told),
		cmocka_unit_test(without_descriptors_an_unknown_name_is_told_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
