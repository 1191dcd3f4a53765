/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

#include <math.h>

#include "view/timeline/timeline_panels.h"

/* A timeline and its picture. */
struct drawn {
	struct schedtrace *trace;
	struct timeline timeline;
	struct plot_figure figure;
	struct schedtrace_error err;
	int status;
};

static void draw(struct drawn *d, const struct timeline_choice *choice)
{
	const struct schedtrace_events *all;
	struct timeline_choice whole = *choice;
	struct schedtrace_error err;

	must(schedtrace_load(d->trace, &all, &err), &err);
	must(timeline_new(&d->timeline, schedtrace_context(d->trace), true, &err), &err);
	must(timeline_feed(&d->timeline, all, &err), &err);
	must(timeline_finish(&d->timeline, &err), &err);
	memset(&d->figure, 0, sizeof(d->figure));
	if (!whole.window.columns)
		whole.window = (struct timeline_window){ d->timeline.begin, d->timeline.end, 100 };
	d->status = timeline_panels(&d->figure, &d->timeline, &whole, &d->err);
}

/* Ends the rows. */
static void draw_rows(struct drawn *d, struct rows *rows, const struct timeline_choice *choice)
{
	struct schedtrace_error err;

	must(schedtrace_builder_finish(rows->builder, &d->trace, &err), &err);
	draw(d, choice);
}

static void drop(struct drawn *d)
{
	plot_figure_free(&d->figure);
	timeline_free(&d->timeline);
	schedtrace_close(d->trace);
}

/* The number of the series whose name begins so, n_series if there is none. */
static size_t series_of(const struct plot_panel *panel, const char *name)
{
	size_t i = 0;

	while (i < panel->n_series && strncmp(panel->series[i].name, name, strlen(name)) != 0)
		i++;
	return i;
}

/* "BEGIN-END …" of a series in a lane. */
static const char *stretches_of(const struct plot_panel *panel, uint32_t lane, const char *name)
{
	static char text[512];
	size_t series = series_of(panel, name), n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < panel->n_stretches; i++) {
		const struct plot_stretch *s = &panel->stretches[i];

		if (s->series == series && s->lane == lane && s->from < 0.3F)
			n += (size_t)sprintf(text + n, "%s%g-%g", n ? " " : "", s->begin, s->end);
	}
	return text;
}

static const struct timeline_choice everything = { .cpus = NULL };

static void areas_are_the_times_of_the_table(void **state)
{
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct result r;
	struct drawn d;
	struct schedtrace_error err;
	double busy = 0, idle = 0, busy_ns = 0, idle_ns = 0;
	size_t first;

	must(schedtrace_open(&d.trace, SOURCE_ROOT "/examples/traces/build.tar", NULL, &err), &err);
	draw(&d, &everything);
	must(d.status, &d.err);
	must(schedtrace_load(d.trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(d.trace), &err), &err);
	must(schedtrace_engine_add(engine, "cpus", &err), &err);
	must(schedtrace_engine_feed(engine, all, &err), &err);
	must(schedtrace_engine_snapshot(engine, &r.tables, &err), &err);
	schedtrace_engine_free(engine);
	first = series_of(&d.figure.panels[0], "idle");
	for (size_t i = 0; i < d.figure.panels[0].n_stretches; i++) {
		const struct plot_stretch *s = &d.figure.panels[0].stretches[i];
		double area = (s->end - s->begin) * ((double)s->to - (double)s->from) / 0.74;

		if (s->to <= 0.23F)
			continue; /* the queue's */
		busy += s->series < first ? area : 0;
		idle += s->series == first || s->series == first + 1 ? area : 0;
	}
	for (size_t i = 0; i < 2; i++) {
		busy_ns += (double)schedtrace_table_ints(table_of(&r, "cpus"), "busy_ns")[i];
		idle_ns += (double)schedtrace_table_ints(table_of(&r, "cpus"), "idle_ns")[i];
	}
	assert_true(busy > 0 && fabs(busy - busy_ns) < busy_ns * 1e-5);
	assert_true(idle > 0 && fabs(idle - idle_ns) < idle_ns * 1e-5);
	schedtrace_tables_free(r.tables);
	drop(&d);
}

static void what_was_lost_is_drawn_as_that_and_noted(void **state)
{
	struct rows b = rows_new();
	struct drawn d;

	runs(&b, 100, 0, 7);
	sw(&b, 150, 0, 7, 'S', 0);
	add(&b, 160, 0, 0, SCHEDTRACE_GAP, 0, 0);
	add(&b, 180, 0, 0, SCHEDTRACE_LOST, 3, 160);
	sw(&b, 190, 0, 0, 'R', 7);
	sw(&b, 200, 0, 7, 'S', 0);
	draw_rows(&d, &b, &everything);
	must(d.status, &d.err);
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "records lost"), "60-80");
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "unknown"), "80-90");
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "idle"), "50-60");
	assert_non_null(strstr(d.figure.panels[0].note, "3 records were lost"));
	drop(&d);
}

static void lanes_of_tasks_are_those_that_were_asked_for(void **state)
{
	const char *tasks[] = { "8", "b*" };
	const struct timeline_choice choice = { .cpus = "", .tasks = tasks, .n_tasks = 2 };
	struct rows b = rows_new();
	struct drawn d;

	runs(&b, 100, 0, 7);
	wake(&b, 110, 0, 8);
	sw(&b, 120, 0, 7, 'R', 8);
	add(&b, 125, 0, 8, SCHEDTRACE_RENAME, 'a' | '\n' << 8 | '<' << 16, 0);
	add(&b, 125, 0, 7, SCHEDTRACE_RENAME, 'b', 0);
	sw(&b, 180, 0, 8, 'S', 7);
	sw(&b, 200, 0, 7, 'S', 0);
	draw_rows(&d, &b, &choice);
	must(d.status, &d.err);
	assert_int_equal(d.figure.n_panels, 1);
	assert_int_equal(d.figure.panels[0].n_labels, 2);
	assert_string_equal(d.figure.panels[0].labels[0], "a\\x0a< 8");
	assert_string_equal(d.figure.panels[0].labels[1], "b 7");
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "running"), "20-80");
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "woken"), "10-20");
	assert_string_equal(stretches_of(&d.figure.panels[0], 0, "unknown"), "0-10");
	assert_string_equal(stretches_of(&d.figure.panels[0], 1, "preempted"), "20-80");
	assert_string_equal(d.figure.panels[0].marks[0].text, "CPU 0");
	drop(&d);
}

static void check_refused(struct rows b, const struct timeline_choice *choice, const char *sentence)
{
	struct drawn d;

	add(&b, 100, 1, 7, SCHEDTRACE_RENAME, 'w' | 'o' << 8 | 'r' << 16 | (int64_t)'k' << 24, 0);
	runs(&b, 100, 1, 7);
	sw(&b, 150, 1, 7, 'S', 0);
	draw_rows(&d, &b, choice);
	assert_int_equal(d.status, SCHEDTRACE_E_USAGE);
	assert_string_equal(d.err.text, sentence);
	drop(&d);
}

static void what_is_not_there_is_refused(void **state)
{
	const char *tasks[] = { "wrok" }, *pids[] = { "12" };

	check_refused(rows_new(), &(struct timeline_choice){ .cpus = "1,5-6" },
		      "--cpus: CPU 5 is not in the recording, whose last one is 1");
	check_refused(rows_new(), &(struct timeline_choice){ .tasks = tasks, .n_tasks = 1 },
		      "--task: no task wrok in the recording; did you mean work?");
	check_refused(rows_new(), &(struct timeline_choice){ .tasks = pids, .n_tasks = 1 },
		      "--task: no task 12 in the recording");
	check_refused(rows_new(), &(struct timeline_choice){ .cpus = "" },
		      "nothing to draw: --cpus names none, and there is no --task");
}

static void more_cpus_than_can_be_read_are_counted(void **state)
{
	struct rows b = rows_new();
	struct drawn d;

	for (int32_t cpu = 0; cpu < 300; cpu++)
		runs(&b, 100, cpu, 1000 + cpu);
	runs(&b, 200, 0, 1000);
	draw_rows(&d, &b, &everything);
	must(d.status, &d.err);
	assert_int_equal(d.figure.panels[0].n_labels, 128);
	assert_non_null(strstr(d.figure.panels[0].note, "172 more CPUs are not drawn; see --cpus"));
	drop(&d);
}

static void names_keep_their_colours(void **state)
{
	size_t style = SIZE_MAX;

	for (int other = 0; other < 2; other++) {
		struct rows b = rows_new();
		struct drawn d;
		const struct plot_panel *panel = &d.figure.panels[0];

		runs(&b, 100, 0, 7);
		add(&b, 100, 0, 7, SCHEDTRACE_RENAME, 'x', 0);
		add(&b, 100, 0, 8, SCHEDTRACE_RENAME, 'y' + other, 0);
		sw(&b, 200, 0, 7, 'R', 8);
		sw(&b, 200 + 50 * (1 + 3 * other), 0, 8, 'S', 7);
		sw(&b, 600, 0, 7, 'S', 0);
		draw_rows(&d, &b, &everything);
		must(d.status, &d.err);
		if (style != SIZE_MAX)
			assert_int_equal(panel->series[series_of(panel, "x ")].style, style);
		style = panel->series[series_of(panel, "x ")].style;
		drop(&d);
	}
}

static void a_recording_without_switches_says_so(void **state)
{
	struct rows b = rows_new();
	struct drawn d;

	recorded(&b, "power:cpu_frequency");
	add(&b, 100, 0, 0, SCHEDTRACE_TICK, 0, 1000);
	add(&b, 200, 0, 0, SCHEDTRACE_TICK, 0, 2000);
	draw_rows(&d, &b, &everything);
	must(d.status, &d.err);
	assert_string_equal(d.figure.panels[0].note,
			    "No switches were recorded: nobody knows who ran");
	drop(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(areas_are_the_times_of_the_table),
		cmocka_unit_test(what_was_lost_is_drawn_as_that_and_noted),
		cmocka_unit_test(lanes_of_tasks_are_those_that_were_asked_for),
		cmocka_unit_test(what_is_not_there_is_refused),
		cmocka_unit_test(more_cpus_than_can_be_read_are_counted),
		cmocka_unit_test(names_keep_their_colours),
		cmocka_unit_test(a_recording_without_switches_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
