/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/format.h"

static const char *utf8_of(const char *name)
{
	static char text[64];

	return format_utf8(name, text, sizeof(text));
}

static void names_in_utf8_stay_as_they_are(void **state)
{
	static const char *const names[] = {
		"",
		"eth0",
		"caf\xc3\xa9",
		"\xe0\xa0\x80",
		"\xe2\x82\xac",
		"\xed\x9f\xbf",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_ptr_equal(utf8_of(names[i]), names[i]);
}

/* Alone, cut short, overlong, a surrogate, beyond Unicode. */
static void other_bytes_are_taken_for_latin_1(void **state)
{
	static const char *const pairs[][2] = {
		{"caf\xe9.pcap", "caf\xc3\xa9.pcap"},
		{"\x80", "\xc2\x80"},
		{"a\xff", "a\xc3\xbf"},
		{"\xe2\x82", "\xc3\xa2\xc2\x82"},
		{"\xf0\x90\x80", "\xc3\xb0\xc2\x90\xc2\x80"},
		{"\xc0\x80", "\xc3\x80\xc2\x80"},
		{"\xe0\x9f\xbf", "\xc3\xa0\xc2\x9f\xc2\xbf"},
		{"\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80"},
		{"\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		assert_string_equal(utf8_of(pairs[i][0]), pairs[i][1]);
}

static void what_has_no_room_is_cut_between_characters(void **state)
{
	char text[8];

	assert_string_equal(format_utf8("\xe9\xe9\xe9\xe9\xe9", text, sizeof(text)),
			    "\xc3\xa9\xc3\xa9\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_utf8_stay_as_they_are),
		cmocka_unit_test(other_bytes_are_taken_for_latin_1),
		cmocka_unit_test(what_has_no_room_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
