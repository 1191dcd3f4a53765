/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions on rows; what pandas answers is asked in the witness of queries. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "query/query.h"

#define ROWS 4

static const int64_t waits[ROWS] = { 5, 10, INT64_MIN, -3 };
static const int32_t cpus[ROWS] = { 0, 1, 0, 1 };
static const double shares[ROWS] = { 0.5, NAN, 2, -1 };
static const char *const names[ROWS] = { "cc1", "make", NULL, "cc" };

static const struct query_column columns[] = {
	{ .ints = waits, .min_is_unknown = true },
	{ .small_ints = cpus },
	{ .reals = shares },
	{ .texts = names },
};

static int find(void *user, const char *name, size_t n, enum query_type *type)
{
	static const struct {
		const char *name;
		enum query_type type;
	} known[] = { { "wait_ns", QUERY_INT },
		      { "cpu", QUERY_INT },
		      { "share", QUERY_REAL },
		      { "comm", QUERY_TEXT } };

	for (int i = 0; i < 4; i++) {
		if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0) {
			*type = known[i].type;
			return i;
		}
	}
	return -1;
}

static const char *nearest(void *user, const char *name)
{
	return name[0] == 'w' ? "wait_ns" : NULL;
}

static const struct query_names all = { .find = find, .nearest = nearest };

/* The rows that fulfil @text, "0 2"; or the message that refuses it. */
static char *ask(const char *text)
{
	struct schedtrace_error err;
	struct query *query;
	bool keep[ROWS];
	char *answer = calloc(1, 600);
	size_t used = 0;

	assert_non_null(answer);
	if (query_compile(&query, text, &all, &err) < 0) {
		assert_null(query);
		assert_int_equal(err.status, SCHEDTRACE_E_USAGE);
		snprintf(answer, 600, "%.599s", err.text);
		return answer;
	}
	assert_int_equal(query_rows(query, columns, ROWS, keep, &err), 0);
	for (int i = 0; i < ROWS; i++)
		if (keep[i])
			used += (size_t)snprintf(answer + used, 600 - used, used ? " %d" : "%d", i);
	query_free(query);
	return answer;
}

static void check(const char *text, const char *expected)
{
	auto_free char *answer = ask(text);

	if (strcmp(answer, expected) != 0)
		fail_msg("%s: %s; expected %s", text, answer, expected);
}

static void comparisons_choose_rows(void **state)
{
	check("wait_ns > 5", "1");
	check("wait_ns >= 5", "0 1");
	check("cpu == 1", "1 3");
	check("share < 0", "3");
	check("comm == 'cc1'", "0");
	check("comm < \"d\"", "0 3");
	check("0 < wait_ns < 10", "0");
	check("-4 < wait_ns <= 5 != cpu", "0 3");
}

static void an_unknown_value_differs_from_all_and_is_in_no_order(void **state)
{
	check("wait_ns == -9223372036854775807", "");
	check("wait_ns != 5", "1 2 3");
	check("wait_ns < 0", "3");
	check("not wait_ns < 0", "0 1 2");
	check("wait_ns + 1 < 0", "3");
	check("wait_ns * 1.0 < 0", "3");
	check("share == share", "0 2 3");
	check("comm != 'cc'", "0 1 2");
	check("comm =~ '*'", "0 1 3");
	check("wait_ns in [5, -3]", "0 3");
	check("wait_ns not in [5, -3]", "1 2");
	check("share in []", "");
}

static void and_or_bind_less_than_comparisons_however_they_are_written(void **state)
{
	check("cpu == 0 & wait_ns == 5", "0");
	check("cpu == 0 and wait_ns == 5 or comm == 'make'", "0 1");
	check("cpu == 1 | cpu == 0 & wait_ns == 7", "1 3");
	check("(cpu == 1 | cpu == 0) & wait_ns == 10", "1");
	check("~(cpu == 1)", "0 2");
	check("not cpu == 1 and comm == 'cc1'", "0");
}

static void patterns_are_the_shells(void **state)
{
	check("comm =~ 'cc*'", "0 3");
	check("comm =~ 'c?1'", "0");
	check("not comm =~ 'cc*'", "1 2");
}

static void a_whole_number_divided_by_zero_is_unknown(void **state)
{
	check("wait_ns // cpu == 10", "1");
	check("wait_ns // cpu != 10", "0 2 3");
	check("wait_ns % cpu == 0", "1 3");
	check("wait_ns / cpu > 1e300", "0");
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	check("", "query \"\", column 1: a column or a value is missing before the end");
	check("wait > 5", "query \"wait > 5\", column 1: no column wait here; did you mean "
			  "wait_ns?");
	check("bogus > 5", "query \"bogus > 5\", column 1: no column bogus here");
	check("cpu == 1 cpu", "query \"cpu == 1 cpu\", column 10: nothing can stand before \"cpu\" "
			      "here");
	check("cpu = 1", "query \"cpu = 1\", column 5: = sets nothing here: == compares");
	check("(cpu == 1", "query \"(cpu == 1\", column 10: ) is missing before the end");
	check("comm == 'x", "query \"comm == 'x\", column 9: the ' is never closed");
	check("cpu == comm", "query \"cpu == comm\", column 5: a number cannot be compared with a "
			     "text");
	check("cpu + (cpu == 1)", "query \"cpu + (cpu == 1)\", column 5: arithmetic needs two "
				  "numbers: here stand a number and a condition");
	check("cpu", "query \"cpu\", column 1: this is a value and no condition: compare it with "
		     "one");
	check("cpu and cpu == 1", "query \"cpu and cpu == 1\", column 5: and needs two conditions, "
				  "or two whole numbers: here stand a number and a condition");
	check("cpu in 3", "query \"cpu in 3\", column 8: a list such as [1, 2] is missing here");
	check("cpu in [1 2]", "query \"cpu in [1 2]\", column 11: , is missing before \"2\"");
	check("cpu in ['a']", "query \"cpu in ['a']\", column 5: a number is never in a list of "
			      "texts");
	check("cpu in [1, 'a']", "query \"cpu in [1, 'a']\", column 15: a list has values of one "
				 "kind");
	check("cpu =~ 'a'", "query \"cpu =~ 'a'\", column 5: =~ compares a text with a shell "
			    "pattern: comm =~ 'cc*'");
	check("cpu == 99999999999999999999",
	      "query \"cpu == 99999999999999999999\", column 8: 99999999999999999999 does not fit "
	      "in 64 bits (an address above 2^63 is a negative number here)");
	check("cpu == 1x", "query \"cpu == 1x\", column 8: 1x is no number");
	check("cpu == @x", "query \"cpu == @x\", column 8: @ names a variable, and there are none "
			   "here");
	check("cpu == 1; rm", "query \"cpu == 1; rm\", column 9: ; is no part of an expression");
}

/* @n times @open, the middle, @n times @close. */
static char *nested(size_t n, const char *open, const char *middle, const char *close)
{
	char *text = malloc(n * (strlen(open) + strlen(close)) + strlen(middle) + 1);
	char *at = text;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, open);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, close);
	return text;
}

static void check_refused(const char *text, const char *why)
{
	auto_free char *answer = ask(text);

	if (!strstr(answer, why))
		fail_msg("%s", answer);
}

static void depth_and_length_have_limits_that_long_rows_of_or_do_not_reach(void **state)
{
	auto_free char *deep = nested(100000, "(", "cpu == 1", ")");
	auto_free char *few = nested(60, "(", "cpu == 1", ")");
	auto_free char *row = nested(2000, "cpu == 7 | ", "cpu == 1", "");
	auto_free char *long_row = nested(20000, "cpu == 7 | ", "cpu == 1", "");
	auto_free char *sum = nested(100000, "cpu + ", "cpu == 1", "");
	auto_free char *signs = nested(100000, "- ", "cpu == 1", "");
	auto_free char *nots = nested(100000, "not ", "cpu == 1", "");
	auto_free char *powers = nested(100000, "cpu ** ", "cpu == 1", "");

	check_refused(deep, "more than 64 levels of parentheses");
	check(few, "1 3");
	check(row, "1 3");
	check_refused(long_row, "more than 10000 parts");
	check_refused(sum, "too many operators");
	check_refused(signs, "more than 64 levels");
	check_refused(nots, "more than 64 levels");
	check_refused(powers, "more than 64 levels");
}

static void more_rows_than_a_piece_are_all_looked_at(void **state)
{
	enum { MANY = 5000 };
	static int64_t numbers[MANY];
	static bool keep[MANY];
	const struct query_column many[] = { { .ints = numbers } };
	struct query *query;

	for (int i = 0; i < MANY; i++)
		numbers[i] = i;
	assert_int_equal(query_compile(&query, "wait_ns % 7 == 3", &all, NULL), 0);
	assert_true(query_uses(query, 0));
	assert_false(query_uses(query, 1));
	assert_int_equal(query_rows(query, many, MANY, keep, NULL), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(keep[i], i % 7 == 3);
	query_free(query);
}

static void check_needs(const char *text, int expected, int64_t value)
{
	struct query *query;
	int64_t found = value;

	assert_int_equal(query_compile(&query, text, &all, NULL), 0);
	assert_int_equal(query_needs(query, 0, &found), expected);
	assert_int_equal(found, value);
	query_free(query);
}

static void what_a_column_must_be_is_known_if_all_else_is_beside_it(void **state)
{
	check_needs("wait_ns == 3", 2, 3);
	check_needs("wait_ns == 3 and wait_ns > 2", 1, 3);
	check_needs("(wait_ns > 2 & wait_ns == 3) & wait_ns < 9", 1, 3);
	check_needs("wait_ns == 3 or wait_ns == 4", 0, -1);
	check_needs("not wait_ns == 3", 0, -1);
	check_needs("wait_ns != 3", 0, -1);
	check_needs("wait_ns == 3.5", 0, -1);
	check_needs("wait_ns + 1 == 3", 0, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparisons_choose_rows),
		cmocka_unit_test(an_unknown_value_differs_from_all_and_is_in_no_order),
		cmocka_unit_test(and_or_bind_less_than_comparisons_however_they_are_written),
		cmocka_unit_test(patterns_are_the_shells),
		cmocka_unit_test(a_whole_number_divided_by_zero_is_unknown),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(depth_and_length_have_limits_that_long_rows_of_or_do_not_reach),
		cmocka_unit_test(more_rows_than_a_piece_are_all_looked_at),
		cmocka_unit_test(what_a_column_must_be_is_known_if_all_else_is_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
