/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/escape.h"

static void check(char *(*escape)(const char *), const char *bytes, const char *expected)
{
	char *text = escape(bytes);

	assert_string_equal(text, expected);
	free(text);
}

static void plain_names_pass_unchanged(void **state)
{
	check(escape_utf8, "kworker/0:1-events", "kworker/0:1-events");
	check(escape_visible, "grün 日本", "grün 日本");
	check(escape_visible, "", "");
}

static void terminal_escapes_and_newlines_become_visible(void **state)
{
	check(escape_visible, "a\nb\x1b[31m\x7f", "a\\x0ab\\x1b[31m\\x7f");
	check(escape_visible,
	      "\xc2\x9b"
	      "31m",
	      "\\xc2\\x9b31m"); /* the C1 form of ESC [ */
	check(escape_visible,
	      "\xe2\x80\xae"
	      "evil",
	      "\\xe2\\x80\\xaeevil"); /* right-to-left */
	check(escape_utf8, "a\nb", "a\nb");
}

static void bytes_that_are_no_utf8_become_hexadecimal(void **state)
{
	check(escape_utf8, "\xff\xfe", "\\xff\\xfe");
	check(escape_utf8, "a\xc3", "a\\xc3");				/* cut */
	check(escape_utf8, "\xc0\x80", "\\xc0\\x80");			/* overlong NUL */
	check(escape_utf8, "\xe0\x80\x80", "\\xe0\\x80\\x80");		/* overlong */
	check(escape_utf8, "\xed\xa0\x80", "\\xed\\xa0\\x80");		/* surrogate */
	check(escape_utf8, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	check(escape_utf8, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void a_sentence_may_quote_what_is_escaped_already(void **state)
{
	char text[64];

	escape_sentence(text, "\\x0a gr\xc3\xbcn \xff\xe2\x80\xae");
	assert_string_equal(text, "\\x0a gr\xc3\xbcn \\xff\\xe2\\x80\\xae");
}

static void no_two_byte_strings_give_one_text(void **state)
{
	/* The backslash is escaped, so a name cannot imitate an escape. */
	check(escape_utf8, "\\xff", "\\x5cxff");
	check(escape_visible, "\\x0a", "\\x5cx0a");
}

static void wide_characters_count_two_columns(void **state)
{
	assert_int_equal(escape_width("abc"), 3);
	assert_int_equal(escape_width("grün"), 4);
	assert_int_equal(escape_width("日本"), 4);
}

static void a_text_is_cut_between_characters(void **state)
{
	assert_int_equal(escape_fit("日本", 3), 3); /* one character of 3 bytes and 2 columns */
	assert_int_equal(escape_fit("日本", 1), 0);
	assert_int_equal(escape_fit("grün", 3), 4);
	assert_int_equal(escape_fit("ab", 9), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names_pass_unchanged),
		cmocka_unit_test(terminal_escapes_and_newlines_become_visible),
		cmocka_unit_test(bytes_that_are_no_utf8_become_hexadecimal),
		cmocka_unit_test(a_sentence_may_quote_what_is_escaped_already),
		cmocka_unit_test(no_two_byte_strings_give_one_text),
		cmocka_unit_test(wide_characters_count_two_columns),
		cmocka_unit_test(a_text_is_cut_between_characters),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
