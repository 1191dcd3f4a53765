/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text, CSV and JSON of tables made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyze/print.h"
#include "analyze/select.h"
#include "libschedtrace/table.h"

static const struct schedtrace_column_info *const task_columns[] = {
	COLUMN_ID("pid", "thread id"),
	COLUMN_TEXT("comm", "name"),
	COLUMN_ID("cpu", "CPU"),
	COLUMN_DURATION("on_cpu_ns", "time on a CPU"),
	COLUMN_COUNT("switches_voluntary", "times it slept"),
	COLUMN_SHARE("share", "part of the whole"),
	COLUMN_SIZE("rss_bytes", "memory"),
	COLUMN_STAMP("start_ns", "when it began"),
};

static const struct schedtrace_table_info task_info = { "things", "one row a thing", 8,
							task_columns };

#define UNKNOWN INT64_MIN
#define INT(v)                                                                                     \
	{                                                                                          \
		.i = (v)                                                                           \
	}

struct fixture {
	struct schedtrace_tables *tables;
	struct schedtrace_table *table;
	struct view view;
	char *text;
	size_t size;
	FILE *f;
};

static void add(struct fixture *fx, int64_t pid, const char *comm, int64_t cpu, int64_t on_cpu,
		int64_t switches, double share, int64_t rss, int64_t start)
{
	const union schedtrace_value row[] = {
		INT(pid),      { .s = comm },  INT(cpu), INT(on_cpu),
		INT(switches), { .f = share }, INT(rss), INT(start)
	};

	assert_int_equal(table_row(fx->table, row, NULL), 0);
}

static int set_up(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_int_equal(tables_new(&fx->tables, NULL), 0);
	assert_int_equal(tables_add(fx->tables, &task_info, &fx->table, NULL), 0);
	fx->f = open_memstream(&fx->text, &fx->size);
	*state = fx;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fx = *state;

	view_release(&fx->view);
	fclose(fx->f);
	free(fx->text);
	schedtrace_tables_free(fx->tables);
	free(fx);
	return 0;
}

static int try_view(struct fixture *fx, const struct selection *sel, struct schedtrace_error *err)
{
	const struct schedtrace_table *table = fx->table;

	return views_make(&fx->view, &table, 1, sel, false, err);
}

static void make_view(struct fixture *fx, const char *columns, const char *sort)
{
	const struct selection sel = { .columns = columns, .sort = sort };

	assert_int_equal(try_view(fx, &sel, NULL), 0);
}

static void expect(struct fixture *fx, const char *expected)
{
	fflush(fx->f);
	assert_string_equal(fx->text, expected);
}

static void text_aligns_and_scales_a_column_as_a_whole(void **state)
{
	struct fixture *fx = *state;
	const struct text_options options = { .begin_ns = 1000000000 };

	add(fx, 12, "make", 0, 1234567890, 3, 61.5, 4096, 1000000000);
	add(fx, 4321, "cc1", 1, 20000, 12345, NAN, UNKNOWN, 3500000000);
	make_view(fx, NULL, NULL);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	expect(fx, "things: one row a thing\n"
		   "                            switches\n"
		   " pid  comm  cpu    on_cpu  voluntary  share  rss     start\n"
		   "                       ms                 %  KiB         s\n"
		   "  12  make    0  1234.568          3  61.50    4  0.000000\n"
		   "4321  cc1     1     0.020      12345      -    -  2.500000\n");
}

static void of_a_curve_text_shows_20_points_from_its_begin_to_its_end(void **state)
{
	static const struct schedtrace_table_info curve_info = {
		"things_over_time", "a curve", 8, task_columns, .curve = true
	};
	const struct selection usual = { .top = -1 }, five = { .top = 5 };
	const struct schedtrace_table *table;
	struct fixture *fx = *state;

	assert_int_equal(tables_add(fx->tables, &curve_info, &fx->table, NULL), 0);
	table = fx->table;
	for (int i = 0; i < 39; i++)
		add(fx, i, "", 0, i, 0, 0, 0, 0);
	assert_int_equal(views_make(&fx->view, &table, 1, &usual, true, NULL), 0);
	assert_int_equal(fx->view.n_rows, 20);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(fx->view.rows[i], 2 * i);
	assert_true(fx->view.spread);
	view_release(&fx->view);
	assert_int_equal(views_make(&fx->view, &table, 1, &five, true, NULL), 0);
	assert_int_equal(fx->view.n_rows, 5);
	assert_int_equal(fx->view.rows[4], 4);
	view_release(&fx->view);
	assert_int_equal(views_make(&fx->view, &table, 1, &usual, false, NULL), 0);
	assert_int_equal(fx->view.n_rows, 39);
}

static void exact_text_shows_whole_numbers_and_whole_names(void **state)
{
	struct fixture *fx = *state;
	const struct text_options options = { .begin_ns = 1000000000, .exact = true };

	add(fx, 12, "make", 0, 1234567890, 3, 61.5, 4097, 1000000000);
	make_view(fx, "pid,on_cpu_ns,rss_bytes,start_ns", NULL);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	expect(fx, "things: one row a thing\n"
		   "pid   on_cpu_ns  rss_bytes    start_ns\n"
		   "             ns      bytes          ns\n"
		   " 12  1234567890       4097  1000000000\n");
}

static void a_narrow_terminal_loses_the_last_columns_and_says_which(void **state)
{
	struct fixture *fx = *state;
	const struct text_options options = { .begin_ns = 0, .width = 30 };

	add(fx, 12, "make", 0, 1234567890, 3, 61.5, 4096, 1000000000);
	make_view(fx, NULL, NULL);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	/* 3 + 2 + 4 + 2 + 3 + 2 + 8 = 24 columns; switches (9 more) are one too many. */
	expect(fx, "things: one row a thing\n"
		   "pid  comm  cpu    on_cpu\n"
		   "                      ms\n"
		   " 12  make    0  1234.568\n"
		   "  too wide here, see --columns or --width 0:\n"
		   "    switches_voluntary, share,\n"
		   "    rss_bytes, start_ns\n");
}

static void a_column_unknown_in_every_row_is_left_out_by_name(void **state)
{
	struct fixture *fx = *state;
	const struct text_options options = { .begin_ns = 0 };

	add(fx, 12, NULL, UNKNOWN, UNKNOWN, 3, NAN, UNKNOWN, UNKNOWN);
	make_view(fx, NULL, NULL);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	expect(fx, "things: one row a thing\n"
		   "      switches\n"
		   "pid  voluntary\n"
		   " 12          3\n"
		   "  unknown in all rows: comm, cpu, on_cpu_ns, share, rss_bytes, start_ns\n");
}

static void hostile_names_stay_on_their_line_in_text(void **state)
{
	struct fixture *fx = *state;
	const struct text_options options = { .begin_ns = 0 };

	add(fx, 1, "a\nb\x1b[2J", 0, 0, 0, 0, 0, 0);
	add(fx, 2, "日本", 0, 0, 0, 0, 0, 0);
	make_view(fx, "comm,pid", NULL);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	expect(fx, "things: one row a thing\n"
		   "comm           pid\n"
		   "a\\x0ab\\x1b[2J    1\n"
		   "日本             2\n");
}

static void csv_quotes_neutralises_and_leaves_unknown_cells_empty(void **state)
{
	struct fixture *fx = *state;

	add(fx, 1, "=cmd|' /C calc'!A0", 0, INT64_MAX, -5, 0.5, UNKNOWN, 0);
	add(fx, 2, "a,\"b\"\r\n", 1, 0, 0, NAN, 0, 0);
	add(fx, 3, "-x", 1, 0, 0, INFINITY, 0, 0);
	make_view(fx, "pid,comm,on_cpu_ns,switches_voluntary,share,rss_bytes", NULL);
	assert_int_equal(csv_tables(fx->f, &fx->view, 1, NULL), 0);
	expect(fx, "pid,comm,on_cpu_ns,switches_voluntary,share,rss_bytes\n"
		   "1,'=cmd|' /C calc'!A0,9223372036854775807,-5,0.5,\n"
		   "2,\"a,\"\"b\"\"\\x0d\\x0a\",0,0,,0\n"
		   "3,'-x,0,0,,0\n");
}

static void several_tables_in_csv_each_begin_with_their_name(void **state)
{
	struct fixture *fx = *state;
	const struct schedtrace_table *tables[] = { fx->table, fx->table };
	const struct selection sel = { .columns = "pid,comm" };
	struct view views[2];

	add(fx, 1, "a", 0, 0, 0, 0, 0, 0);
	assert_int_equal(views_make(views, tables, 2, &sel, false, NULL), 0);
	assert_int_equal(csv_tables(fx->f, views, 2, NULL), 0);
	expect(fx, "things\npid,comm\n1,a\n\nthings\npid,comm\n1,a\n");
	view_release(&views[0]);
	view_release(&views[1]);
}

static void json_is_exact_and_escapes_what_html_or_a_reader_would_take_amiss(void **state)
{
	struct fixture *fx = *state;

	/* Beside <, U+2028, a byte that is no UTF-8, and a backslash. */
	add(fx, 9007199254740993, "<i>\xe2\x80\xa8\xff\\n", 0, INT64_MAX, 0, NAN, UNKNOWN, 0);
	make_view(fx, "pid,comm,on_cpu_ns,share,rss_bytes", NULL);
	assert_int_equal(json_tables(fx->f, &fx->view, 1, NULL), 0);
	expect(fx,
	       "{\"things\": {\"columns\": [\n"
	       "{\"name\": \"pid\", \"unit\": \"\", \"about\": \"thread id\"},\n"
	       "{\"name\": \"comm\", \"unit\": \"\", \"about\": \"name\"},\n"
	       "{\"name\": \"on_cpu_ns\", \"unit\": \"ns\", \"about\": \"time on a CPU\"},\n"
	       "{\"name\": \"share\", \"unit\": \"%\", \"about\": \"part of the whole\"},\n"
	       "{\"name\": \"rss_bytes\", \"unit\": \"bytes\", \"about\": \"memory\"}],\n"
	       "\"rows\": [\n"
	       "{\"pid\": 9007199254740993, \"comm\": \"\\u003ci>\\u2028\\\\xff\\\\x5cn\", "
	       "\"on_cpu_ns\": 9223372036854775807, \"share\": null, \"rss_bytes\": null}]}}\n");
}

static void rows_are_sorted_with_the_unknown_last_either_way(void **state)
{
	struct fixture *fx = *state;

	add(fx, 1, "a", 0, 5, 0, 0, 0, 0);
	add(fx, 2, "b", 0, UNKNOWN, 0, 0, 0, 0);
	add(fx, 3, "c", 0, 7, 0, 0, 0, 0);
	add(fx, 4, "d", 0, 5, 0, 0, 0, 0);
	make_view(fx, "pid", "-on_cpu_ns");
	assert_int_equal(csv_tables(fx->f, &fx->view, 1, NULL), 0);
	view_release(&fx->view);
	make_view(fx, "pid", "on_cpu"); /* the unit may be left out */
	assert_int_equal(csv_tables(fx->f, &fx->view, 1, NULL), 0);
	expect(fx, "pid\n3\n1\n4\n2\n"
		   "pid\n1\n4\n3\n2\n");
}

static void filters_keep_rows_of_the_named_tasks_and_cpus(void **state)
{
	struct fixture *fx = *state;
	const char *pids[] = { "1,3", "4" }, *comms[] = { "c*", "[k]" }, *cpus[] = { "1" };
	struct selection by_pid = { .columns = "pid", .filters.pids = { pids, 2 } };
	struct selection by_comm = { .columns = "pid", .filters.comms = { comms, 2 } };
	struct selection by_cpu = { .columns = "pid", .filters.cpus = { cpus, 1 } };

	add(fx, 1, "cc1", 0, 0, 0, 0, 0, 0);
	add(fx, 2, "c++", 1, 0, 0, 0, 0, 0);
	add(fx, 3, "[k]", 0, 0, 0, 0, 0, 0); /* its name literally, though it is a pattern too */
	add(fx, 14, NULL, 1, 0, 0, 0, 0, 0);
	assert_int_equal(filters_prepare(&by_pid.filters, NULL), 0);
	assert_int_equal(filters_prepare(&by_comm.filters, NULL), 0);
	assert_int_equal(filters_prepare(&by_cpu.filters, NULL), 0);
	assert_int_equal(try_view(fx, &by_pid, NULL), 0);
	csv_tables(fx->f, &fx->view, 1, NULL);
	view_release(&fx->view);
	assert_int_equal(try_view(fx, &by_comm, NULL), 0);
	csv_tables(fx->f, &fx->view, 1, NULL);
	view_release(&fx->view);
	assert_int_equal(try_view(fx, &by_cpu, NULL), 0);
	csv_tables(fx->f, &fx->view, 1, NULL);
	expect(fx, "pid\n1\n3\n"
		   "pid\n1\n2\n3\n"
		   "pid\n2\n14\n");
	by_pid.filters.pids = by_comm.filters.comms = by_cpu.filters.cpus =
		(struct option_list){ 0 }; /* they are not malloc's */
	filters_release(&by_pid.filters);
	filters_release(&by_comm.filters);
	filters_release(&by_cpu.filters);
}

static void top_keeps_the_first_rows_and_says_how_many_there_are(void **state)
{
	struct fixture *fx = *state;
	const struct selection sel = { .columns = "pid", .top = 1 };
	const struct text_options options = { 0 };

	add(fx, 1, "a", 0, 0, 0, 0, 0, 0);
	add(fx, 2, "b", 0, 0, 0, 0, 0, 0);
	assert_int_equal(try_view(fx, &sel, NULL), 0);
	assert_int_equal(text_table(fx->f, &fx->view, &options, NULL), 0);
	expect(fx, "things: one row a thing\npid\n  1\n  1 of 2 rows; --top 0 shows all\n");
}

static void a_column_that_is_nowhere_is_refused_with_the_nearest_name(void **state)
{
	struct fixture *fx = *state;
	const struct selection sel = { .columns = "pid,on_cpu_nss" };
	struct schedtrace_error err;

	assert_int_equal(try_view(fx, &sel, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "--columns: no column on_cpu_nss here; did you mean "
				      "on_cpu_ns?");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(text_aligns_and_scales_a_column_as_a_whole),
		TEST(of_a_curve_text_shows_20_points_from_its_begin_to_its_end),
		TEST(exact_text_shows_whole_numbers_and_whole_names),
		TEST(a_narrow_terminal_loses_the_last_columns_and_says_which),
		TEST(a_column_unknown_in_every_row_is_left_out_by_name),
		TEST(hostile_names_stay_on_their_line_in_text),
		TEST(csv_quotes_neutralises_and_leaves_unknown_cells_empty),
		TEST(several_tables_in_csv_each_begin_with_their_name),
		TEST(json_is_exact_and_escapes_what_html_or_a_reader_would_take_amiss),
		TEST(rows_are_sorted_with_the_unknown_last_either_way),
		TEST(filters_keep_rows_of_the_named_tasks_and_cpus),
		TEST(top_keeps_the_first_rows_and_says_how_many_there_are),
		TEST(a_column_that_is_nowhere_is_refused_with_the_nearest_name),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
