/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instruction files: what is refused, and where; what the steps do, the witness of figures asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "view/figure/category_rows.h"
#include "view/figure/colour.h"

#define ROWS   4
#define ANSWER 2000

static const int64_t timestamps[ROWS] = { 100, 101, 103, 107 };
static const int32_t pids[ROWS] = { 7, 8, 7, 8 }, cpus[ROWS] = { 0, 1, 0, 1 };
static const int32_t ids[ROWS] = { SCHEDTRACE_WAKEUP, SCHEDTRACE_BLOCK, SCHEDTRACE_WAKEUP,
				   SCHEDTRACE_WAKEUP };
static const int64_t args[ROWS] = { 5, 6, 7, 8 };

static struct trace_columns made_rows(void)
{
	return (struct trace_columns){
		.rows = { ROWS, timestamps, pids, ids, cpus, args, args, NULL, NULL },
		.t0 = 100,
	};
}

/* What is said of a file: its refusal, "PATH: WHY" of its failed categories, or "N rows". */
static char *told(const char *text)
{
	struct trace_columns columns = made_rows();
	const struct event_names events = trace_columns_events(&columns);
	struct schedtrace_error err = { .text = "" };
	struct instructions in;
	struct category_rows rows;
	struct plan plan;
	char *answer = calloc(1, ANSWER);
	size_t n = 0;

	assert_non_null(answer);
	if (instructions_parse(&in, text, strlen(text), &events, &err) < 0) {
		snprintf(answer, ANSWER, "%s", err.text);
		return answer;
	}
	if (plan_make(&plan, &in, &columns, &err) < 0) {
		snprintf(answer, ANSWER, "%s", err.text);
		goto out;
	}
	for (size_t c = 0; c < in.n_categories; c++) {
		if (in.categories[c].failed) {
			snprintf(answer, ANSWER, "%s: %s", in.categories[c].failed_at,
				 in.categories[c].failed);
			continue;
		}
		assert_int_equal(
			category_rows_sum(&rows, NULL, &plan, c, &(struct plan_terms){ 0 }, NULL),
			0);
		n += rows.n;
		category_rows_free(&rows);
	}
	if (!*answer)
		snprintf(answer, ANSWER, "%zu rows", n);
	plan_free(&plan);
out:
	trace_columns_close(&columns);
	instructions_free(&in);
	return answer;
}

static void check(const char *text, const char *expected)
{
	auto_free char *answer = told(text);

	if (strcmp(answer, expected))
		fail_msg("%s\n%s; expected %s", text, answer, expected);
}

/* A file of points of one category, with these steps before those that set x and y. */
static void check_steps(const char *steps, const char *expected)
{
	auto_free char *text = NULL;

	assert_true(asprintf(&text,
			     "{\"input\": [\"timestamp\", \"event\", \"cpu\", \"arg0\"], "
			     "\"output\": [\"x\", \"y\"], \"c\": [{\"label\": \"a\", "
			     "\"color\": \"red\", \"concatenate\": [[%s[\"=\", \"x\", "
			     "\"timestamp\"], [\"=\", \"y\", \"cpu\"]]]}]}",
			     steps) > 0);
	check(text, expected);
}

static void steps_choose_rows_and_drop_empty_ones(void **state)
{
	check_steps("", "4 rows");
	check_steps("[\"query\", \"event == $WAKEUP\"], ", "3 rows");
	check_steps("[\"query\", \"event == ${WAKEUP} & arg0 > 5\"], ", "2 rows");
	check_steps("[\"query\", \"event == $WAKEUP\"], [\"query\", \"timestamp < 3\"], ",
		    "1 rows");
	check_steps("[\"=\", \"d\", [\"-\", \"arg0\", 5]], [\"query\", \"d == 0\"], ", "1 rows");
	check("{\"input\": [\"arg0\"], \"output\": [\"x\", \"y\"], \"c\": [{\"label\": \"a\", "
	      "\"color\": \"red\", \"concatenate\": [[[\"=\", \"x\", [\"rolling\", 3, \"sum\", "
	      "\"arg0\"]], [\"=\", \"y\", 1]], [[\"=\", \"x\", 1], [\"=\", \"y\", 1]]]}]}",
	      "6 rows");
}

static void a_file_of_another_form_is_refused_with_the_place(void **state)
{
	check("[]", "$: instructions are an object with input, output and c");
	check("{}", "$: \"input\" is missing");
	check("{\"input\": 1, \"output\": 1, \"c\": 1}",
	      "$.input: this is a list of columns' names, at least one");
	check("{\"inputs\": [\"cpu\"]}", "$: no key \"inputs\" here; did you mean \"input\"?");
	check("{\"input\": [\"cpu\"], \"output\": [\"x\"], \"c\": []}",
	      "$.output: lines need x0, y0, x1 and y1 here, and points x and y");
	check("{\"input\": [\"cpu\", \"cpu\"], \"output\": [\"x\"], \"c\": []}",
	      "$.input[1]: cpu stands in the list twice");
	check("{\"input\": [\"cpu\"], \"output\": [\"x\", \"y\"], \"c\": [{\"label\": \"a\", "
	      "\"color\": \"rde\", \"concatenate\": [[]]}]}",
	      "$.c[0].color: no colour \"rde\"; did you mean \"red\"?");
	check("{\"input\": [\"cpu\"], \"output\": [\"x\", \"y\"], \"c\": [{\"label\": \"5 $\", "
	      "\"color\": \"red\", \"concatenate\": [[]]}]}",
	      "$.c[0].label: a $ is followed by no name of an event; $$ is a dollar");
	check("{\"input\": [\"cpu\"], \"input\": [\"cpu\"]}",
	      "byte 26: duplicate object key near '\"input\"'");
}

static void a_step_of_another_form_is_refused_with_the_place(void **state)
{
	check_steps("[], ", "$.c[0].concatenate[0][0]: a step is [\"query\", CONDITION] or "
			    "[\"=\", COLUMN, VALUE]");
	check_steps("[\"qeury\", \"cpu == 0\"], ",
		    "$.c[0].concatenate[0][0][0]: no step \"qeury\"; did you mean \"query\"?");
	check_steps("[\"query\"], ", "$.c[0].concatenate[0][0]: this is [\"query\", CONDITION]");
	check_steps("[\"=\", \"z\", true], ",
		    "$.c[0].concatenate[0][0][2]: a value is a column's name, a number, or an "
		    "operation such as [\"+\", \"cpu\", 0.5]");
	check_steps("[\"=\", \"z\", [\"*\", \"cpu\", 2]], ",
		    "$.c[0].concatenate[0][0][2][0]: no operation \"*\"; there are +, -, /, "
		    "rolling or argsort");
	check_steps("[\"=\", \"z\", [\"+\", \"cpu\", [\"rolling\", 0, \"sum\", \"cpu\"]]], ",
		    "$.c[0].concatenate[0][0][2][2][1]: the window is a whole number of rows, 1 "
		    "or more");
	check_steps("[\"=\", \"z\", [\"rolling\", 2, \"maen\", \"cpu\"]], ",
		    "$.c[0].concatenate[0][0][2][2]: no function \"maen\"; did you mean "
		    "\"mean\"?");
	check_steps("[\"query\", \"cpu == \"], ",
		    "$.c[0].concatenate[0][0]: query \"cpu == \", column 8: a column or a value "
		    "is missing before the end");
	check_steps("[\"query\", \"cpu = 1\"], ",
		    "$.c[0].concatenate[0][0]: query \"cpu = 1\", column 5: = sets nothing here: "
		    "== compares");
}

static void an_unknown_event_or_column_fails_only_its_category(void **state)
{
	check_steps("[\"query\", \"event == $WAKUP\"], ",
		    "$.c[0].concatenate[0][0][1]: no event WAKUP here; did you mean WAKEUP?");
	check_steps("[\"query\", \"cpus == 1\"], ",
		    "$.c[0].concatenate[0][0]: no column cpus here; did you mean cpu?");
	check_steps("[\"=\", \"z\", \"arg1\"], ",
		    "$.c[0].concatenate[0][0]: column arg1 is not among those of \"input\"");
	check("{\"input\": [\"cpu\", \"comm\"], \"output\": [\"x\", \"y\", \"z\"], \"c\": ["
	      "{\"label\": \"a\", \"color\": \"red\", \"concatenate\": [[[\"=\", \"x\", 1], "
	      "[\"=\", "
	      "\"y\", \"comm\"]]]}]}",
	      "$.c[0].concatenate[0][1]: the recording has no column comm");
	check("{\"input\": [\"cpu\"], \"output\": [\"x\", \"y\", \"z\"], \"c\": ["
	      "{\"label\": \"a\", \"color\": \"red\", \"concatenate\": [[[\"=\", \"x\", 1], "
	      "[\"=\", "
	      "\"y\", 1]]]}]}",
	      "$.output[2]: no column z here; did you mean x?");
}

static void limits_are_told(void **state)
{
	auto_free char *steps = malloc(200000);
	char *at = steps;

	assert_non_null(steps);
	for (int i = 0; i < 5001; i++)
		at = stpcpy(at, "[\"=\", \"z\", 1], ");
	check_steps(steps, "$.c[0].concatenate[0][4999][2]: more than 10000 steps");
}

static void colours_are_those_of_css(void **state)
{
	uint32_t rgb;

	assert_true(colour_parse("#e41a1c", &rgb) && rgb == 0xe41a1c);
	assert_true(colour_parse("#f0A", &rgb) && rgb == 0xff00aa);
	assert_true(colour_parse("#11223344", &rgb) && rgb == 0x112233);
	assert_true(colour_parse("AliceBlue", &rgb) && rgb == 0xf0f8ff);
	assert_true(colour_parse("yellowgreen", &rgb) && rgb == 0x9acd32);
	assert_false(colour_parse("", &rgb));
	assert_false(colour_parse("#12345", &rgb));
	assert_false(colour_parse("#12345g", &rgb));
	assert_false(colour_parse("reddish", &rgb));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_choose_rows_and_drop_empty_ones),
		cmocka_unit_test(a_file_of_another_form_is_refused_with_the_place),
		cmocka_unit_test(a_step_of_another_form_is_refused_with_the_place),
		cmocka_unit_test(an_unknown_event_or_column_fails_only_its_category),
		cmocka_unit_test(limits_are_told),
		cmocka_unit_test(colours_are_those_of_css),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
