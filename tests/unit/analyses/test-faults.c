/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/mem.h"
#include "tests/unit/rows.h"

#define MS 1000000

static void expect(const struct result *r, int32_t pid, const char *column, int64_t value)
{
	int64_t got = of_pid(r, "faults", pid, column);

	if (got != value)
		fail_msg("%s of %d is %lld, not %lld", column, pid, (long long)got,
			 (long long)value);
}

struct figures {
	int64_t minor, major, user, system, rss;
};

static void sample(struct rows *b, int64_t t, int32_t pid, struct figures f)
{
	add(b, t, 1, pid, SCHEDTRACE_SAMPLE_FAULTS, f.minor, f.major);
	add(b, t, 1, pid, SCHEDTRACE_SAMPLE_CPU, f.user, f.system);
	add(b, t, 1, pid, SCHEDTRACE_SAMPLE_MEM, f.rss, 'S');
}

static void a_process_of_before_counts_from_its_first_sample_a_new_one_from_0(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *t;
	struct result r;

	add(&b, 0, 0, 1, SCHEDTRACE_RUNS, -1, 0);
	sample(&b, 10 * MS, 7, (struct figures){ 1000, 10, 5 * MS, MS, 4096 });
	add(&b, 20 * MS, 0, 8, SCHEDTRACE_NEWTASK, 0, 8);
	add(&b, 20 * MS, 0, 8, SCHEDTRACE_FORK, 7, 0);
	sample(&b, 60 * MS, 7, (struct figures){ 1400, 13, 15 * MS, 4 * MS, 12288 });
	sample(&b, 60 * MS, 8, (struct figures){ 50, 1, 6 * MS, 2 * MS, 8192 });
	sample(&b, 110 * MS, 7, (struct figures){ 1500, 13, 20 * MS, 4 * MS, 8192 });
	add(&b, 110 * MS, 1, 7, SCHEDTRACE_SAMPLE_CHILDREN_FAULTS, 77, 2);
	r = result_of(&b, "faults");
	assert_string_equal(schedtrace_table_texts(table_of(&r, "faults"), "source")[0], "samples");
	expect(&r, 7, "minor", 500);
	expect(&r, 7, "major", 3);
	expect(&r, 7, "minor_total", 1500);
	expect(&r, 7, "major_total", 13);
	expect(&r, 7, "user_ns", 15 * MS);
	expect(&r, 7, "system_ns", 3 * MS);
	expect(&r, 7, "begin_ns", 10 * MS);
	expect(&r, 7, "end_ns", 110 * MS);
	expect(&r, 7, "rss_bytes", 8192);
	expect(&r, 7, "rss_peak_bytes", 12288);
	expect(&r, 7, "samples", 3);
	expect(&r, 7, "children_minor", 77);
	expect(&r, 7, "children_major", 2);
	expect(&r, 7, "faults_user", INT64_MIN);
	expect(&r, 8, "minor", 50);
	expect(&r, 8, "begin_ns", 20 * MS);
	/* 18 of 100 ms, and 8 of 40. */
	assert_true(schedtrace_table_reals(table_of(&r, "faults"), "cpu_use")[0] == 18.0);
	assert_true(schedtrace_table_reals(table_of(&r, "faults"), "cpu_use")[1] == 20.0);
	/* Of both together: 26 of 100 ms. */
	t = table_of(&r, "faults_sum");
	assert_int_equal(schedtrace_table_rows(t), 1);
	assert_int_equal(schedtrace_table_ints(t, "processes")[0], 2);
	assert_int_equal(schedtrace_table_ints(t, "minor")[0], 550);
	assert_int_equal(schedtrace_table_ints(t, "major")[0], 4);
	assert_int_equal(schedtrace_table_ints(t, "user_ns")[0], 21 * MS);
	assert_int_equal(schedtrace_table_ints(t, "system_ns")[0], 5 * MS);
	assert_int_equal(schedtrace_table_ints(t, "elapsed_ns")[0], 100 * MS);
	assert_true(schedtrace_table_reals(t, "cpu_use")[0] == 26.0);
	result_free(&r);
}

static void use_is_never_that_of_the_few_ms_between_two_samples(void **state)
{
	/* When, and how much CPU time then, in ms. */
	static const int64_t samples[][2] = { { 0, 0 },	  { 3, 5 },   { 50, 25 },
					      { 53, 30 }, { 56, 28 }, { 100, 50 } };
	struct rows b = rows_new();
	auto_free char *lines = NULL;
	struct result r;

	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		sample(&b, samples[i][0] * MS, 7,
		       (struct figures){ .user = samples[i][1] * MS, .rss = 1 });
	lines = log_of(&b, "faults", "faults_curve");
	/* Nothing is known before 50 ms; 30 of 53, then of 56 ms: what goes back counts as 0. */
	assert_string_equal(lines, "0|0|7|-|0|0|nan|1|S\n"
				   "3000000|0|7|-|0|0|nan|1|S\n"
				   "50000000|5|7|-|0|0|50|1|S\n"
				   "53000000|5|7|-|0|0|56.6038|1|S\n"
				   "56000000|5|7|-|0|0|53.5714|1|S\n"
				   "100000000|10|7|-|0|0|54|1|S\n");
	b = rows_new();
	sample(&b, 0, 7, (struct figures){ .user = 0 });
	sample(&b, 3 * MS, 7, (struct figures){ .user = 5 * MS });
	r = result_of(&b, "faults");
	assert_true(isnan(schedtrace_table_reals(table_of(&r, "faults"), "cpu_use")[0]));
	result_free(&r);
}

static void a_process_whose_start_was_missed_counts_from_its_first_sample(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 0, 0, 7);
	add(&b, 1, 0, 7, SCHEDTRACE_EXIT, 1, 0);
	sw(&b, 2, 0, 7, 'X', 0);
	runs(&b, 3 * MS, 0, 7); /* the pid is in use again */
	sample(&b, 10 * MS, 7, (struct figures){ 1000, 10, 5 * MS, MS, 4096 });
	sample(&b, 20 * MS, 7, (struct figures){ 1001, 10, 6 * MS, MS, 4096 });
	r = result_of(&b, "faults");
	expect(&r, 7, "minor", 1);
	expect(&r, 7, "begin_ns", 10 * MS);
	assert_true(schedtrace_table_reals(table_of(&r, "faults"), "cpu_use")[0] == 10.0);
	result_free(&r);
}

static void the_sum_has_a_point_every_50_ms(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *t;
	struct result r;

	sample(&b, 0, 7, (struct figures){ 100, 5, 0, 0, 0 });
	sample(&b, 0, 8, (struct figures){ 900, 0, 0, 0, 0 });
	sample(&b, 49 * MS, 7, (struct figures){ 110, 5, 10 * MS, 0, 0 });
	sample(&b, 50 * MS, 7, (struct figures){ 111, 6, 11 * MS, 0, 0 });
	sample(&b, 50 * MS, 8, (struct figures){ 930, 0, 0, 40 * MS, 0 });
	sample(&b, 110 * MS, 8, (struct figures){ 931, 0, 0, 50 * MS, 0 });
	r = result_of(&b, "faults");
	t = table_of(&r, "faults_total");
	assert_int_equal(schedtrace_table_rows(t), 3);
	assert_int_equal(schedtrace_table_ints(t, "time_ns")[0], 50 * MS);
	assert_int_equal(schedtrace_table_ints(t, "jiffies")[0], 5);
	assert_int_equal(schedtrace_table_ints(t, "minor")[0], 41);
	assert_int_equal(schedtrace_table_ints(t, "major")[0], 1);
	assert_int_equal(schedtrace_table_ints(t, "processes")[0], 2);
	assert_true(fabs(schedtrace_table_reals(t, "cpu_use")[0] - 102.0) < 1e-9);
	assert_int_equal(schedtrace_table_ints(t, "time_ns")[1], 100 * MS);
	assert_int_equal(schedtrace_table_ints(t, "minor")[1], 41);
	assert_int_equal(schedtrace_table_ints(t, "processes")[1], 0);
	assert_int_equal(schedtrace_table_ints(t, "time_ns")[2], 110 * MS);
	assert_int_equal(schedtrace_table_ints(t, "minor")[2], 42);
	/* 10 ms in the 60 from 50 to 110. */
	assert_true(fabs(schedtrace_table_reals(t, "cpu_use")[1] - 100.0 / 6) < 1e-9);
	assert_true(fabs(schedtrace_table_reals(t, "cpu_use")[2] - 100.0 / 6) < 1e-9);
	result_free(&r);
}

static void jiffies_are_those_of_the_recorded_kernel(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	struct schedtrace_error err;
	struct result r;

	info.timer_hz = 250;
	must(schedtrace_context_set_info(ctx, &info, &err), &err);
	sample(&b, 1000 * MS, 7, (struct figures){ 100, 5, 0, 0, 0 });
	sample(&b, 1051 * MS, 7, (struct figures){ 110, 5, 0, 0, 0 });
	r = result_of(&b, "faults");
	/* At 50 and 51 ms; a tick takes 4. */
	assert_int_equal(schedtrace_table_ints(table_of(&r, "faults_total"), "jiffies")[0], 12);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "faults_total"), "time_ns")[1],
			 1051 * MS);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "faults_total"), "jiffies")[1], 12);
	result_free(&r);
}

static void the_sum_of_a_long_trace_has_at_most_1024_points(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *t;
	const int64_t *minor, *time;
	struct result r;
	size_t n;

	/* 5000 points of 50 ms need a width of 50 * 2^3 ms. */
	for (int64_t i = 0; i <= 5000; i++)
		sample(&b, i * 50 * MS, 7, (struct figures){ i, 0, i * 10 * MS, 0, 0 });
	r = result_of(&b, "faults");
	t = table_of(&r, "faults_total");
	n = schedtrace_table_rows(t);
	minor = schedtrace_table_ints(t, "minor");
	time = schedtrace_table_ints(t, "time_ns");
	assert_int_equal(n, 5000 / 8);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(time[i], (int64_t)(i + 1) * 400 * MS);
		assert_int_equal(minor[i], (i + 1) * 8);
		assert_true(fabs(schedtrace_table_reals(t, "cpu_use")[i] - 20) < 1e-9);
	}
	result_free(&r);
}

static void without_samples_the_events_are_counted(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *t;
	struct result r;

	add(&b, 0, 0, 7, SCHEDTRACE_RUNS, -1, 0);
	add(&b, 1, 0, 9, SCHEDTRACE_NEWTASK, 0x10000, 7); /* a thread of 7 */
	add(&b, 2, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, 4096, 0);
	add(&b, 3, 1, 9, SCHEDTRACE_PAGE_FAULT_USER, 8192, 0);
	add(&b, 3, 1, 9, SCHEDTRACE_MAJOR_FAULT, 8192, 12);
	add(&b, 4, 0, 7, SCHEDTRACE_PAGE_FAULT_KERNEL, 4096, 0);
	r = result_of(&b, "faults");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "faults")), 1);
	assert_string_equal(schedtrace_table_texts(table_of(&r, "faults"), "source")[0], "events");
	expect(&r, 7, "minor", 2);
	expect(&r, 7, "major", 1);
	expect(&r, 7, "faults_user", 2);
	expect(&r, 7, "faults_kernel", 1);
	expect(&r, 7, "faults_major", 1);
	expect(&r, 7, "minor_total", INT64_MIN);
	t = table_of(&r, "faults_total");
	assert_int_equal(schedtrace_table_rows(t), 1);
	assert_string_equal(schedtrace_table_texts(t, "source")[0], "events");
	assert_int_equal(schedtrace_table_ints(t, "minor")[0], 2);
	assert_int_equal(schedtrace_table_ints(t, "major")[0], 1);
	assert_int_equal(schedtrace_table_ints(t, "processes")[0], 1);
	result_free(&r);
}

static void major_faults_that_were_recorded_and_did_not_happen_are_0(void **state)
{
	for (int recorded = 0; recorded < 2; recorded++) {
		struct rows b = rows_new();
		struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
		struct schedtrace_info info = *schedtrace_context_info(ctx);
		struct schedtrace_error err;
		struct result r;

		info.events = recorded
				      ? "sched:sched_switch,filemap:mm_filemap_add_to_page_cache"
				      : "sched:sched_switch,filemap:mm_filemap_add_to_page_cache_x";
		must(schedtrace_context_set_info(ctx, &info, &err), &err);
		add(&b, 100, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, 4096, 1);
		r = result_of(&b, "faults,memory");
		expect(&r, 7, "minor", 1);
		expect(&r, 7, "major", recorded ? 0 : INT64_MIN);
		assert_int_equal(of_pid(&r, "memory", 7, "faults_major"), recorded ? 0 : INT64_MIN);
		result_free(&r);
	}
}

static void in_a_window_counting_begins_at_the_last_sample_before(void **state)
{
	struct rows b = rows_new();
	struct result r;

	b.window_begin = 100 * MS;
	b.window_end = 200 * MS;
	sample(&b, 0, 7, (struct figures){ 10, 0, 0, 0, 0 });
	sample(&b, 90 * MS, 7, (struct figures){ 20, 1, 0, 0, 0 });
	sample(&b, 120 * MS, 7, (struct figures){ 50, 3, 3 * MS, 0, 0 });
	sample(&b, 250 * MS, 7, (struct figures){ 90, 9, 0, 0, 0 });
	r = result_of(&b, "faults");
	expect(&r, 7, "minor", 30);
	expect(&r, 7, "major", 2);
	expect(&r, 7, "samples", 1);
	assert_true(schedtrace_table_reals(table_of(&r, "faults"), "cpu_use")[0] == 10.0);
	result_free(&r);
}

static void every_sample_is_in_the_log(void **state)
{
	struct rows b = rows_new();
	char *log;

	sample(&b, 0, 7, (struct figures){ 10, 0, 0, 0, 4096 });
	sample(&b, 50 * MS, 7, (struct figures){ 12, 1, 20 * MS, 5 * MS, 8192 });
	log = log_of(&b, "faults", "faults_curve");
	assert_string_equal(log, "0|0|7|-|10|0|nan|4096|S\n"
				 "50000000|5|7|-|12|1|50|8192|S\n");
	free(log);
}

static void absurd_counts_do_no_harm(void **state)
{
	struct rows b = rows_new();
	struct result r;

	sample(&b, 0, 7, (struct figures){ INT64_MIN, INT64_MAX, INT64_MIN, 0, INT64_MIN });
	sample(&b, 1, 7, (struct figures){ INT64_MAX, INT64_MIN, INT64_MAX, INT64_MAX, INT64_MAX });
	sample(&b, INT64_C(1) << 61, 7, (struct figures){ INT64_MAX, 0, 0, 0, 0 });
	r = result_of(&b, "faults");
	expect(&r, 7, "minor", 0); /* the difference is no number */
	expect(&r, 7, "samples", 3);
	assert_in_range(schedtrace_table_rows(table_of(&r, "faults_total")), 1, 1024);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_of_before_counts_from_its_first_sample_a_new_one_from_0),
		cmocka_unit_test(a_process_whose_start_was_missed_counts_from_its_first_sample),
		cmocka_unit_test(use_is_never_that_of_the_few_ms_between_two_samples),
		cmocka_unit_test(the_sum_has_a_point_every_50_ms),
		cmocka_unit_test(jiffies_are_those_of_the_recorded_kernel),
		cmocka_unit_test(the_sum_of_a_long_trace_has_at_most_1024_points),
		cmocka_unit_test(major_faults_that_were_recorded_and_did_not_happen_are_0),
		cmocka_unit_test(without_samples_the_events_are_counted),
		cmocka_unit_test(in_a_window_counting_begins_at_the_last_sample_before),
		cmocka_unit_test(every_sample_is_in_the_log),
		cmocka_unit_test(absurd_counts_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
