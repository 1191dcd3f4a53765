/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All analyses with each of their allocations failing in turn. */
#include "tests/unit/failing_memory.h"
#include "tests/unit/rows.h"

/* All values of all tables, folded into one number. */
static uint64_t digest(const struct schedtrace_tables *tables)
{
	const struct schedtrace_table *table;
	uint64_t sum = 0;

	for (size_t t = 0; (table = schedtrace_tables_at(tables, t)); t++) {
		const struct schedtrace_table_info *info = schedtrace_table_info(table);

		for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
			for (size_t c = 0; c < info->n_columns; c++) {
				union schedtrace_value v = schedtrace_table_value(table, row, c);

				if (info->columns[c]->type == SCHEDTRACE_TEXT)
					v.i = v.s ? v.s[0] + 256 * (int64_t)strlen(v.s) : -1;
				sum = sum * 31 + (uint64_t)v.i;
			}
		}
	}
	return sum;
}

static int analyze(struct schedtrace *trace, struct schedtrace_tables **tables,
		   struct schedtrace_error *err)
{
	char names[256] = "";

	for (size_t i = 0; schedtrace_analysis_at(i); i++) {
		strcat(names, i ? "," : "");
		strcat(names, schedtrace_analysis_at(i)->name);
	}
	return schedtrace_analyze(trace, names, tables, err);
}

static void an_allocation_that_fails_is_an_error_and_never_another_result(void **state)
{
	struct schedtrace *trace = random_trace(7, 1000, 70);
	struct schedtrace_tables *tables;
	struct schedtrace_error err;
	uint64_t expected;
	long n;

	must(analyze(trace, &tables, &err), &err);
	expected = digest(tables);
	schedtrace_tables_free(tables);
	for (n = 0;; n++) {
		int r;

		countdown = n;
		err.text[0] = '\0';
		r = analyze(trace, &tables, &err);
		if (countdown >= 0) {
			countdown = -1;
			must(r, &err);
			schedtrace_tables_free(tables);
			break; /* all allocations have had their turn */
		}
		if (r < 0) {
			assert_int_equal(r, SCHEDTRACE_E_NOMEM);
			assert_true(strlen(err.text) > 5);
			assert_null(tables);
		} else {
			assert_true(digest(tables) == expected);
			schedtrace_tables_free(tables);
		}
	}
	assert_true(n > 100);
	schedtrace_close(trace);
}

/* Rows of all arrays of a stream, which is released; -1: it failed. */
static int64_t read_stream(struct ArrowArrayStream *stream)
{
	struct ArrowSchema schema;
	struct ArrowArray array;
	int64_t rows = 0;
	int r = stream->get_schema(stream, &schema);

	if (r == 0)
		schema.release(&schema);
	while (r == 0) {
		r = stream->get_next(stream, &array);
		if (r != 0 || !array.release)
			break;
		rows += array.length;
		array.release(&array);
	}
	stream->release(stream);
	return r ? -1 : rows;
}

static void so_is_one_in_an_arrow_stream(void **state)
{
	struct schedtrace *trace = random_trace(7, 1000, 70);
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(analyze(trace, &tables, &err), &err);
	for (int of_rows = 0; of_rows < 2; of_rows++) {
		size_t expected =
			of_rows ? schedtrace_rows(trace)
				: schedtrace_table_rows(schedtrace_tables_find(tables, "tasks"));
		long n = 0;

		for (;; n++) {
			struct ArrowArrayStream stream;
			int64_t rows = -1;
			int r;

			countdown = n;
			r = of_rows ? schedtrace_arrow_events(&stream, trace, 0, UINT64_MAX, &err)
				    : schedtrace_arrow_table(&stream, tables, "tasks", &err);
			if (r == 0)
				rows = read_stream(&stream);
			else
				assert_int_equal(r, SCHEDTRACE_E_NOMEM);
			if (rows >= 0)
				assert_int_equal(rows, expected);
			if (countdown >= 0)
				break;
		}
		countdown = -1;
		assert_true(n > 20);
	}
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_allocation_that_fails_is_an_error_and_never_another_result),
		cmocka_unit_test(so_is_one_in_an_arrow_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
