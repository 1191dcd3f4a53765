/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/trace.h>

static void rows_come_back_as_they_were_added(void **state)
{
	const struct schedtrace_events *events;
	struct schedtrace_builder *b;
	struct schedtrace *trace;

	assert_int_equal(schedtrace_builder_new(&b, NULL), 0);
	schedtrace_context_intern_comm(schedtrace_builder_context(b), "sh", 2, NULL);
	assert_int_equal(schedtrace_builder_add(b, 100, 1, 7, SCHEDTRACE_WAKEUP, -5, 6, 1, NULL),
			 0);
	assert_int_equal(schedtrace_builder_add(b, 100, 0, 0, SCHEDTRACE_CTX_SWITCH, 7, 0, 0, NULL),
			 0);
	assert_int_equal(schedtrace_builder_finish(b, &trace, NULL), 0);
	assert_int_equal(schedtrace_rows(trace), 2);
	assert_int_equal(schedtrace_load(trace, &events, NULL), 0);
	assert_int_equal(events->n, 2);
	assert_int_equal(events->timestamp[1], 100);
	assert_int_equal(events->cpu[0], 1);
	assert_int_equal(events->pid[0], 7);
	assert_int_equal(events->event[1], SCHEDTRACE_CTX_SWITCH);
	assert_int_equal(events->arg0[0], -5);
	assert_int_equal(events->arg1[0], 6);
	assert_string_equal(schedtrace_context_comm(schedtrace_context(trace), events->comm[0]),
			    "sh");
	assert_null(events->stack);
	schedtrace_close(trace);
}

static void faulty_rows_are_refused_by_number(void **state)
{
	struct schedtrace_builder *b;
	struct schedtrace_error err;

	assert_int_equal(schedtrace_builder_new(&b, NULL), 0);
	assert_int_equal(schedtrace_builder_add(b, 100, 0, 1, 0, 0, 0, 0, NULL), 0);
	assert_int_equal(schedtrace_builder_add(b, 99, 0, 1, 0, 0, 0, 0, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "row 1: timestamp 99 after 100");
	assert_int_equal(schedtrace_builder_add(b, 100, -1, 1, 0, 0, 0, 0, &err),
			 SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "row 1: CPU id -1 is not within 0 to 65534");
	assert_int_equal(
		schedtrace_builder_add(b, 100, 0, 1, SCHEDTRACE_EVENT_COUNT, 0, 0, 0, &err),
		SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "has no name"));
	assert_memory_equal(err.text, "row 1: event id ", 16);
	assert_int_equal(schedtrace_builder_add(b, 100, 0, 1, 0, 0, 0, 1, &err),
			 SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "row 1: name id 1 was never given");
	schedtrace_builder_free(b);
}

static void a_trace_without_rows_has_columns_and_ends_at_once(void **state)
{
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	struct schedtrace_builder *b;
	struct schedtrace *trace;

	assert_int_equal(schedtrace_builder_new(&b, NULL), 0);
	assert_int_equal(schedtrace_builder_finish(b, &trace, NULL), 0);
	assert_int_equal(schedtrace_load(trace, &events, NULL), 0);
	assert_int_equal(events->n, 0);
	assert_non_null(events->timestamp);
	assert_int_equal(schedtrace_reader_new(&reader, trace, 0, UINT64_MAX, NULL), 0);
	assert_int_equal(schedtrace_reader_next(reader, &events, NULL), 0);
	schedtrace_reader_free(reader);
	assert_int_equal(schedtrace_validate(trace, NULL), 0);
	schedtrace_close(trace);
}

static void batches_cover_each_row_of_a_range_once(void **state)
{
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	struct schedtrace_builder *b;
	struct schedtrace *trace;
	int64_t expect = 10;

	assert_int_equal(schedtrace_builder_new(&b, NULL), 0);
	for (int i = 0; i < 200000; i++)
		assert_int_equal(schedtrace_builder_add(b, i, 0, 1, 0, i, 0, 0, NULL), 0);
	assert_int_equal(schedtrace_builder_finish(b, &trace, NULL), 0);
	assert_int_equal(schedtrace_reader_new(&reader, trace, 10, 199000, NULL), 0);
	while (schedtrace_reader_next(reader, &events, NULL) > 0)
		for (size_t i = 0; i < events->n; i++)
			assert_int_equal(events->arg0[i], expect++);
	assert_int_equal(expect, 199000);
	schedtrace_reader_free(reader);
	schedtrace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_as_they_were_added),
		cmocka_unit_test(faulty_rows_are_refused_by_number),
		cmocka_unit_test(a_trace_without_rows_has_columns_and_ends_at_once),
		cmocka_unit_test(batches_cover_each_row_of_a_range_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
