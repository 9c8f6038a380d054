/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a tap's arena: what the program's 32-bit arithmetic asks of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tap_arena.h"

static void an_address_is_no_null_pointer_and_crosses_no_4_gib(void **state)
{
	const uint64_t sizes[] = {4096, UINT64_C(64) << 20, (UINT64_C(4) << 30) - (64 << 10)};
	struct tap_arena arena = {0};
	struct weir_error error = {0};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t at;

		assert_int_equal(tap_arena_choose(&arena, sizes[i], &error), 0);
		at = arena.address;
		assert_int_equal(arena.bytes, sizes[i]);
		assert_int_not_equal((uint32_t)at, 0);
		assert_int_equal(at >> 32, (at + sizes[i] - 1) >> 32);
	}
}

static void the_records_are_where_the_program_was_told(void **state)
{
	struct tap_arena arena = {0};
	struct weir_error error = {0};
	int fd = memfd_create("arena", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(tap_arena_choose(&arena, 8192, &error), 0);
	assert_int_equal(tap_arena_map(&arena, fd, &error), 0);
	assert_int_equal((uintptr_t)arena.records, arena.address);
	tap_arena_close(&arena);
	assert_null(arena.records);
	close(fd);
}

static void an_address_that_was_taken_meanwhile_is_an_error(void **state)
{
	struct tap_arena arena = {0}, other;
	struct weir_error error = {0};
	int fd = memfd_create("arena", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(tap_arena_choose(&arena, 8192, &error), 0);
	other = arena;
	assert_int_equal(tap_arena_map(&other, fd, &error), 0);
	assert_int_equal(tap_arena_map(&arena, fd, &error), -EEXIST);
	assert_null(arena.records);
	tap_arena_close(&other);
	close(fd);
}

static void what_is_too_large_is_refused(void **state)
{
	struct tap_arena arena = {0};
	struct weir_error error = {0};

	assert_int_equal(tap_arena_choose(&arena, UINT64_C(4) << 30, &error), -E2BIG);
	assert_int_equal(error.code, -E2BIG);
	assert_int_equal(arena.address, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_no_null_pointer_and_crosses_no_4_gib),
		cmocka_unit_test(the_records_are_where_the_program_was_told),
		cmocka_unit_test(an_address_that_was_taken_meanwhile_is_an_error),
		cmocka_unit_test(what_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
