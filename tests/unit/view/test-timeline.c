/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

#include <math.h>

#include "view/timeline/timeline.h"

static void make(struct timeline *t, struct schedtrace *trace)
{
	const struct schedtrace_events *all;
	struct schedtrace_error err;

	must(schedtrace_load(trace, &all, &err), &err);
	must(timeline_new(t, schedtrace_context(trace), true, &err), &err);
	must(timeline_feed(t, all, &err), &err);
	must(timeline_finish(t, &err), &err);
}

/* Ends the rows. */
static void make_of(struct timeline *t, struct schedtrace **trace, struct rows *rows)
{
	struct schedtrace_error err;

	must(schedtrace_builder_finish(rows->builder, trace, &err), &err);
	make(t, *trace);
}

/* "BEGIN WHAT[@DETAIL]|…END" of a lane of a CPU (@cpu) or a task. */
static const char *spans_of(const struct timeline *t, const struct timeline_lane *lane, bool cpu)
{
	static const char *const specials[] = { "?", "idle", "lost", "clock", "offline" };
	static char text[1024];
	struct timeline_cursor cursor = timeline_lane_seek(lane, INT64_MIN);
	const struct timeline_span *span;
	int64_t end = 0;
	size_t n = 0;

	text[0] = '\0';
	while ((span = timeline_lane_next(&cursor, &end))) {
		uint32_t special = TIMELINE_UNKNOWN - span->what;

		n += (size_t)sprintf(text + n, "%lld ", (long long)span->begin);
		if (cpu && span->what == TIMELINE_LASTING && span->detail != TIMELINE_IDLE)
			n += (size_t)sprintf(text + n, "lasting %d", t->tasks[span->detail].pid);
		else if (cpu && span->what == TIMELINE_LASTING)
			n += (size_t)sprintf(text + n, "lasting idle");
		else if (special < 5)
			n += (size_t)sprintf(text + n, "%s", specials[special]);
		else if (cpu)
			n += (size_t)sprintf(text + n, "%d", t->tasks[span->what].pid);
		else
			n += (size_t)sprintf(text + n, "%s%s",
					     span->what & TIMELINE_LASTS ? "lasts " : "",
					     timeline_state_name(span->what & 15));
		if (!cpu && span->detail != TIMELINE_UNKNOWN && special)
			n += (size_t)sprintf(text + n, "@%u", span->detail);
		n += (size_t)sprintf(text + n, "|");
	}
	sprintf(text + n, "%lld", (long long)end);
	return text;
}

static const struct timeline_task *task_of(const struct timeline *t, int32_t pid)
{
	for (uint32_t i = 0; i < t->n_tasks; i++)
		if (t->tasks[i].pid == pid)
			return &t->tasks[i];
	fail_msg("no task %d", pid);
	return NULL;
}

static void lanes_say_who_ran_and_what_tasks_did(void **state)
{
	struct rows b = rows_new();
	struct schedtrace *trace;
	struct timeline t;

	runs(&b, 100, 0, 7);
	wake(&b, 150, 0, 8);
	sw(&b, 200, 0, 7, 'S', 8);
	wake(&b, 250, 0, 7);
	sw(&b, 300, 0, 8, 'R', 7);
	sw(&b, 340, 0, 7, 'D', 0);
	sw(&b, 400, 0, 0, 'R', 8);
	add(&b, 450, 0, 8, SCHEDTRACE_RENAME, 'x', 0);
	make_of(&t, &trace, &b);
	assert_string_equal(spans_of(&t, &t.cpus[0].runs, true),
			    "100 7|200 8|300 7|340 idle|400 lasting 8|450");
	assert_string_equal(spans_of(&t, &task_of(&t, 7)->states, false),
			    "100 running@0|200 sleeping|250 woken@0|300 running@0|340 lasts "
			    "blocked|450");
	assert_string_equal(
		spans_of(&t, &task_of(&t, 8)->states, false),
		"100 ?|150 woken@0|200 running@0|300 preempted@0|400 lasts running@0|450");
	assert_string_equal(task_of(&t, 8)->name, "x");
	timeline_free(&t);
	schedtrace_close(trace);
}

static void what_is_lost_or_offline_is_neither_run_nor_idle(void **state)
{
	struct rows b = rows_new();
	struct schedtrace *trace;
	struct timeline t;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 5);
	add(&b, 150, 0, 0, SCHEDTRACE_GAP, 0, 0);
	add(&b, 200, 0, 0, SCHEDTRACE_LOST, 12, 150);
	sw(&b, 230, 0, 7, 'S', 8);
	sw(&b, 240, 1, 5, 'S', 0);
	add(&b, 250, 1, 0, SCHEDTRACE_CPU_OFFLINE, 0, 0);
	sw(&b, 260, 0, 8, 'S', 0);
	add(&b, 270, 0, 0, SCHEDTRACE_LOST, 0, 265); /* the clock was set back */
	sw(&b, 280, 0, 0, 'R', 8);
	add(&b, 300, 1, 0, SCHEDTRACE_CPU_ONLINE, 0, 0);
	runs(&b, 310, 1, 5);
	sw(&b, 320, 1, 5, 'S', 0);
	sw(&b, 330, 0, 6, 'S', 0); /* and not 8 */
	make_of(&t, &trace, &b);
	assert_string_equal(spans_of(&t, &t.cpus[0].runs, true),
			    "100 7|150 lost|200 ?|230 8|260 idle|265 clock|270 ?|330");
	assert_string_equal(spans_of(&t, &t.cpus[1].runs, true),
			    "100 5|240 ?|250 offline|300 ?|310 5|320 lasting idle|330");
	assert_int_equal(t.lost, 12);
	assert_int_equal(t.gaps, 1);
	assert_int_equal(t.clock_steps, 1);
	assert_int_equal(t.missing_switches, 1);
	timeline_free(&t);
	schedtrace_close(trace);
}

static void a_window_that_begins_in_a_span_has_its_part(void **state)
{
	struct cache_memory *memory;
	struct timeline_lane lane = { .chunks = NULL };
	struct timeline_shares shares = { .all = NULL };
	struct timeline_window window = { 15, 45, 3 };
	struct schedtrace_error err;

	must(cache_memory_new(&memory, &err), &err);
	for (int64_t i = 1; i < 5; i++)
		timeline_lane_add(&lane, memory, i * 10, i * 10 + 5, (uint32_t)i % 2, 0);
	/* 10 1, 15 unknown, 20 0, 25 unknown, 30 1, 35 unknown, 40 0 until 45. */
	assert_int_equal(timeline_lane_thin(&lane, &window, &shares), 0);
	assert_int_equal(shares.n, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(shares.all[i].column, i / 2);
		assert_int_equal(shares.all[i].what, i % 2 ? (i / 2) % 2 : TIMELINE_UNKNOWN);
		assert_int_equal(shares.all[i].ns, 5);
		assert_int_equal(shares.all[i].spans, 1);
	}
	timeline_lane_cut(&lane, 32);
	assert_int_equal(timeline_lane_seek(&lane, 32).chunk, lane.n);
	shares.n = 0;
	assert_int_equal(timeline_lane_thin(&lane, &window, &shares), 0);
	assert_int_equal(shares.n, 4);
	assert_int_equal(shares.all[3].ns, 2);
	timeline_shares_free(&shares);
	timeline_lane_free(&lane);
	cache_memory_free(memory);
}

static void columns_narrower_than_a_ns_lose_nothing(void **state)
{
	struct timeline_window window = { -3, 4, 20 };
	int64_t sum = 0;

	for (uint32_t c = 0; c < 20; c++)
		sum += timeline_column(&window, c + 1) - timeline_column(&window, c);
	assert_int_equal(sum, 7);
	assert_int_equal(timeline_column(&window, 20), 4);
}

/* ---- windows against the tables of the same window ------------------------------------ */

static struct result tables_of(struct schedtrace *trace, int64_t begin, int64_t end)
{
	static const char *const names[] = { "tasks", "cpus", "runqueue" };
	struct result result = { .trace = trace };
	const struct schedtrace_events *all;
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_load(trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(trace), &err), &err);
	for (size_t i = 0; i < 3; i++)
		must(schedtrace_engine_add(engine, names[i], &err), &err);
	must(schedtrace_engine_set_window(engine, begin, end, &err), &err);
	must(schedtrace_engine_feed(engine, all, &err), &err);
	must(schedtrace_engine_snapshot(engine, &result.tables, &err), &err);
	schedtrace_engine_free(engine);
	return result;
}

/* Sum of a column over the rows whose @key is @value; -1 unknown. */
static int64_t sum_of(const struct result *r, const char *name, const char *key, int64_t value,
		      const char *column)
{
	const struct schedtrace_table *table = table_of(r, name);
	const int64_t *keys = schedtrace_table_ints(table, key);
	const int64_t *values = schedtrace_table_ints(table, column);
	int64_t sum = 0;

	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		if (values[i] == INT64_MIN)
			return -1;
		sum += keys[i] == value ? values[i] : 0;
	}
	return sum;
}

static int64_t ns_of(const struct timeline_shares *shares, uint32_t first, uint32_t last)
{
	int64_t sum = 0;

	for (size_t i = 0; i < shares->n; i++)
		sum += shares->all[i].what >= first && shares->all[i].what <= last
			       ? shares->all[i].ns
			       : 0;
	return sum;
}

static void check_shares(const struct timeline_shares *shares, const struct timeline_window *window)
{
	int64_t sum = 0;

	for (size_t i = 0; i < shares->n; i++) {
		uint32_t column = shares->all[i].column;

		sum = i && shares->all[i - 1].column == column ? sum : 0;
		sum += shares->all[i].ns;
		assert_true(shares->all[i].ns > 0 && (!i || shares->all[i - 1].column <= column));
		assert_true(sum <=
			    timeline_column(window, column + 1) - timeline_column(window, column));
	}
}

static void check_cpus(const struct timeline *t, const struct result *r,
		       const struct timeline_window *window)
{
	struct timeline_shares shares = { .all = NULL };

	for (uint32_t cpu = 0; cpu < t->n_cpus; cpu++) {
		const struct timeline_cpu *c = &t->cpus[cpu];

		if (!c->named)
			continue;
		shares.n = 0;
		assert_int_equal(timeline_lane_thin(&c->runs, window, &shares), 0);
		check_shares(&shares, window);
		assert_int_equal(ns_of(&shares, 0, TIMELINE_FIRST_SPECIAL - 1),
				 sum_of(r, "cpus", "cpu", cpu, "busy_ns"));
		assert_int_equal(ns_of(&shares, TIMELINE_IDLE, TIMELINE_IDLE),
				 sum_of(r, "cpus", "cpu", cpu, "idle_ns"));
	}
	timeline_shares_free(&shares);
}

/* Whether rows go on after its end, which tables of later windows then take for its end. */
static bool has_afterlife(const struct timeline *t, int32_t pid)
{
	for (uint32_t i = 0; i < t->n_tasks; i++)
		if (t->tasks[i].pid == pid && t->tasks[i].states.end > t->tasks[i].end)
			return true;
	return false;
}

/* All lives of one pid together. */
static void check_tasks(const struct timeline *t, const struct result *r,
			const struct timeline_window *window)
{
	static const char *const columns[TIMELINE_MADE] = {
		"on_cpu_ns", "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns", "wait_old_ns",
		"sleep_ns",  "idle_ns",	       "blocked_ns",	  "stopped_ns",
	};
	struct timeline_shares shares = { .all = NULL };

	for (uint32_t i = 0; i < t->n_tasks; i++) {
		shares.n = 0;
		if (has_afterlife(t, t->tasks[i].pid))
			continue;
		for (uint32_t k = 0; k < t->n_tasks; k++)
			if (t->tasks[k].pid == t->tasks[i].pid)
				assert_int_equal(
					timeline_lane_thin(&t->tasks[k].states, window, &shares),
					0);
		for (uint32_t s = 0; s < TIMELINE_MADE; s++) {
			int64_t sum = sum_of(r, "tasks", "pid", t->tasks[i].pid, columns[s]);

			if (sum >= 0 && ns_of(&shares, s, s) != sum)
				fail_msg("pid %d, %s: %lld, not %lld", t->tasks[i].pid, columns[s],
					 (long long)ns_of(&shares, s, s), (long long)sum);
		}
	}
	timeline_shares_free(&shares);
}

static void check_windows(struct schedtrace *trace, int windows, unsigned int seed)
{
	struct timeline t;

	make(&t, trace);
	for (int i = 0; i < windows; i++) {
		int64_t length = t.end - t.begin;
		int64_t a = t.begin + (int64_t)((double)rand_r(&seed) / RAND_MAX * (double)length);
		int64_t b = t.begin + (int64_t)((double)rand_r(&seed) / RAND_MAX * (double)length);
		struct timeline_window window = { a < b ? a : b, (a < b ? b : a) + 1,
						  1 + (uint32_t)rand_r(&seed) % 2400 };
		struct result r;

		if (i == 0)
			window = (struct timeline_window){ t.begin, t.end, 2400 };
		if (window.begin == window.end)
			continue;
		r = tables_of(trace, window.begin, window.end);
		check_cpus(&t, &r, &window);
		check_tasks(&t, &r, &window);
		schedtrace_tables_free(r.tables);
	}
	timeline_free(&t);
}

static void shares_of_random_windows_of_saved_traces_add_up_to_the_tables(void **state)
{
	static const char *const names[] = { "build", "memory", "pingpong" };

	for (size_t i = 0; i < 3; i++) {
		struct schedtrace_error err;
		struct schedtrace *trace;
		char path[512];

		snprintf(path, sizeof(path), SOURCE_ROOT "/examples/traces/%s.tar", names[i]);
		must(schedtrace_open(&trace, path, NULL, &err), &err);
		check_windows(trace, 20, (unsigned int)i + 1);
		schedtrace_close(trace);
	}
}

static void so_do_those_of_rows_that_contradict_one_another(void **state)
{
	for (unsigned int seed = 0; seed < 40; seed++) {
		struct schedtrace *trace = random_trace(seed, 400, 5);

		check_windows(trace, 5, seed);
		schedtrace_close(trace);
	}
}

/* ---- queues --------------------------------------------------------------------------- */

static void queues_have_the_mean_length_of_the_table(void **state)
{
	struct timeline_shares shares = { .all = NULL };
	struct schedtrace_error err;
	struct schedtrace *trace;
	struct timeline t;
	struct result r;

	must(schedtrace_open(&trace, SOURCE_ROOT "/examples/traces/build.tar", NULL, &err), &err);
	make(&t, trace);
	r = tables_of(trace, t.begin, t.end);
	for (uint32_t cpu = 0; cpu < t.n_cpus; cpu++) {
		const struct schedtrace_table *table = table_of(&r, "cpus");
		struct timeline_window window = { t.begin, t.end, 100 };
		double sum = 0, known = 0;

		shares.n = 0;
		assert_int_equal(timeline_lane_thin(&t.cpus[cpu].queue, &window, &shares), 0);
		for (size_t i = 0; i < shares.n; i++) {
			if (shares.all[i].what == TIMELINE_UNKNOWN)
				continue;
			sum += (double)shares.all[i].what * (double)shares.all[i].ns;
			known += (double)shares.all[i].ns;
		}
		assert_true(known > 0);
		assert_true(fabs(sum / known - schedtrace_table_reals(table, "rq_mean")[cpu]) <
			    1e-9);
		assert_true(fabs(100 * known / (double)(t.end - t.begin) -
				 schedtrace_table_reals(table, "rq_known")[cpu]) < 1e-9);
	}
	timeline_shares_free(&shares);
	schedtrace_tables_free(r.tables);
	timeline_free(&t);
	schedtrace_close(trace);
}

/* Time in which any CPU is marked. */
static int64_t wasted(const struct timeline *t)
{
	int64_t sum = 0;

	for (int64_t at = t->begin; at < t->end;) {
		int64_t next = t->end, until = at;

		for (uint32_t cpu = 0; cpu < t->n_cpus; cpu++) {
			struct timeline_cursor cursor = timeline_lane_seek(&t->cpus[cpu].waste, at);
			const struct timeline_span *span;
			int64_t end;

			while ((span = timeline_lane_next(&cursor, &end)) &&
			       span->what == TIMELINE_UNKNOWN)
				;
			if (span && span->begin <= at)
				until = end > until ? end : until;
			else if (span)
				next = span->begin < next ? span->begin : next;
		}
		sum += until - at;
		at = until > at ? until : next;
	}
	return sum;
}

static void idle_while_others_wait_lasts_as_long_as_the_table_says(void **state)
{
	struct rows b = rows_new();
	struct schedtrace *trace;
	struct timeline t;
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 5);
	runs(&b, 100, 2, 6);
	wake(&b, 150, 0, 8);
	sw(&b, 200, 1, 5, 'S', 0);
	wake(&b, 220, 0, 9);
	sw(&b, 250, 2, 6, 'S', 0);
	sw(&b, 300, 1, 0, 'R', 5);
	sw(&b, 340, 0, 7, 'S', 8);
	sw(&b, 360, 0, 8, 'S', 9);
	sw(&b, 400, 0, 9, 'S', 0);
	make_of(&t, &trace, &b);
	assert_string_equal(spans_of(&t, &t.cpus[1].waste, false), "200 running@0|300");
	assert_string_equal(spans_of(&t, &t.cpus[2].waste, false), "250 running@0|360");
	assert_int_equal(t.cpus[0].waste.n, 0);
	assert_int_equal(wasted(&t), 160);
	timeline_free(&t);
	schedtrace_close(trace);
	for (unsigned int seed = 0; seed < 3; seed++) {
		static const char *const names[] = { "build", "memory", "pingpong" };
		struct schedtrace_error err;
		char path[512];

		snprintf(path, sizeof(path), SOURCE_ROOT "/examples/traces/%s.tar", names[seed]);
		must(schedtrace_open(&trace, path, NULL, &err), &err);
		make(&t, trace);
		r = tables_of(trace, t.begin, t.end);
		assert_int_equal(
			wasted(&t),
			schedtrace_table_ints(table_of(&r, "work_conservation"), "wall_ns")[0]);
		schedtrace_tables_free(r.tables);
		timeline_free(&t);
		schedtrace_close(trace);
	}
}

static void a_recording_without_rows_has_no_time(void **state)
{
	struct rows b = rows_new();
	struct schedtrace *trace;
	struct timeline t;

	make_of(&t, &trace, &b);
	assert_int_equal(t.begin, 0);
	assert_int_equal(t.end, 0);
	assert_int_equal(t.n_tasks, 0);
	timeline_free(&t);
	schedtrace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_say_who_ran_and_what_tasks_did),
		cmocka_unit_test(what_is_lost_or_offline_is_neither_run_nor_idle),
		cmocka_unit_test(a_window_that_begins_in_a_span_has_its_part),
		cmocka_unit_test(columns_narrower_than_a_ns_lose_nothing),
		cmocka_unit_test(shares_of_random_windows_of_saved_traces_add_up_to_the_tables),
		cmocka_unit_test(so_do_those_of_rows_that_contradict_one_another),
		cmocka_unit_test(queues_have_the_mean_length_of_the_table),
		cmocka_unit_test(idle_while_others_wait_lasts_as_long_as_the_table_says),
		cmocka_unit_test(a_recording_without_rows_has_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
