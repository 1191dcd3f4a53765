/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static void set_returns_the_status_and_writes_the_sentence(void **state)
{
	struct schedtrace_error err;

	assert_int_equal(error_set(&err, SCHEDTRACE_E_FORMAT, "row %d", 7), SCHEDTRACE_E_FORMAT);
	assert_int_equal(err.status, SCHEDTRACE_E_FORMAT);
	assert_string_equal(err.text, "row 7");
	assert_int_equal(error_set(NULL, SCHEDTRACE_E_IO, "x"), SCHEDTRACE_E_IO);
}

static void prefix_puts_context_before_and_keeps_the_status(void **state)
{
	struct schedtrace_error err;
	int r = error_set(&err, SCHEDTRACE_E_FORMAT, "dtype <f4, expected <i8");

	r = error_prefix(&err, r, "%s", "timestamp.npz");
	assert_int_equal(r, SCHEDTRACE_E_FORMAT);
	assert_int_equal(err.status, SCHEDTRACE_E_FORMAT);
	assert_string_equal(err.text, "timestamp.npz: dtype <f4, expected <i8");
}

static void bytes_that_do_not_print_are_escaped(void **state)
{
	struct schedtrace_error err;

	error_set(&err, SCHEDTRACE_E_FORMAT, "name %s", "a\n\x1b[31m");
	assert_string_equal(err.text, "name a\\x0a\\x1b[31m");
}

static void a_sentence_is_utf_8_without_controls_whatever_the_bytes(void **state)
{
	struct schedtrace_error err;

	error_set(&err, SCHEDTRACE_E_FORMAT,
		  "gr\xc3\xbcn \xff \xc3 \xc2\x9b"
		  "31m");
	assert_string_equal(err.text, "gr\xc3\xbcn \\xff \\xc3 \\xc2\\x9b"
				      "31m");
	/* What is put before it escapes nothing twice. */
	error_prefix(&err, SCHEDTRACE_E_FORMAT, "%s", "\x80");
	assert_string_equal(err.text, "\\x80: gr\xc3\xbcn \\xff \\xc3 \\xc2\\x9b"
				      "31m");
}

static void an_overlong_sentence_is_cut_and_terminated(void **state)
{
	char text[4096];
	struct schedtrace_error err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, SCHEDTRACE_E_FORMAT, "%s", text);
	assert_int_equal(memchr(err.text, '\0', sizeof(err.text)) != NULL, 1);
	error_prefix(&err, SCHEDTRACE_E_FORMAT, "%s", text);
	assert_int_equal(memchr(err.text, '\0', sizeof(err.text)) != NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_the_status_and_writes_the_sentence),
		cmocka_unit_test(prefix_puts_context_before_and_keeps_the_status),
		cmocka_unit_test(bytes_that_do_not_print_are_escaped),
		cmocka_unit_test(a_sentence_is_utf_8_without_controls_whatever_the_bytes),
		cmocka_unit_test(an_overlong_sentence_is_cut_and_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
