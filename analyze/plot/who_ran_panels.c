/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lanes of who ran on each CPU, in which state each task was, and where records are missing. */
#include <stdlib.h>
#include <string.h>

#include "analyze/plot/lanes.h"
#include "base/error.h"
#include "base/mem.h"
#include "plots/style.h"

#define NAMES 7 /* that have a colour of their own */

/* ---- who ran on each CPU -------------------------------------------------------------- */

struct name_time {
	const char *comm;
	double time;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name_time *)a)->comm, ((const struct name_time *)b)->comm);
}

static int by_time(const void *a, const void *b)
{
	double ta = ((const struct name_time *)a)->time, tb = ((const struct name_time *)b)->time;

	return (ta < tb) - (ta > tb);
}

/* The names whose tasks ran longest, as series; their number, or an error. */
static int name_series(struct plot_source *source, const struct view *tasks,
		       const char *names[NAMES], struct schedtrace_error *err)
{
	auto_free struct name_time *times = calloc(tasks->n_rows + 1, sizeof(*times));
	size_t comm = plot_column(tasks->info, "comm", 4), n = 0, kept = 0;
	/* What still runs at the end is among what is possible only; tables of CPUs lack it. */
	size_t hi = plot_column(tasks->info, "on_cpu_hi", 9);
	size_t on_cpu = hi == SIZE_MAX ? plot_column(tasks->info, "on_cpu", 6) : hi;
	int i;

	if (!times)
		return plot_no_memory(err);
	for (size_t row = 0; row < tasks->n_rows; row++) {
		const char *name = schedtrace_table_value(tasks->table, tasks->rows[row], comm).s;
		double time = plot_number(tasks, row, on_cpu);

		if (name && time > 0)
			times[n++] = (struct name_time){ name, time };
	}
	qsort(times, n, sizeof(*times), by_name);
	for (size_t k = 0; k < n; k++)
		if (kept && !strcmp(times[kept - 1].comm, times[k].comm))
			times[kept - 1].time += times[k].time;
		else
			times[kept++] = times[k];
	qsort(times, kept, sizeof(*times), by_time);
	for (i = 0; i < NAMES && (size_t)i < kept; i++) {
		names[i] = times[i].comm; /* lent by the table */
	}
	return i;
}

/* Behind the names: other tasks, those that the filters leave out, and what is unknown. */
enum { OF_OTHERS, OF_NOT_CHOSEN, OF_UNKNOWN, N_BEHIND };

struct who_ran {
	struct lanes *lanes;
	size_t n_names;
	const char *names[NAMES];
};

static size_t kind_of_task(const struct log_reader *reader, const union schedtrace_value *values,
			   const char *comm)
{
	const struct who_ran *who = reader->more;
	const struct lanes *lanes = reader->state;
	size_t kind = 0;

	if (!filters_match(&lanes->source->selection->filters, reader->logs[0], values))
		return who->n_names + OF_NOT_CHOSEN;
	while (kind < who->n_names && !(comm && !strcmp(who->names[kind], comm)))
		kind++;
	return kind; /* n_names: of the others */
}

/* states_log: begin, end, comm, state, cpu, certain; gap_log: begin, end, cpu. */
static int add_who_ran(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		       struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const struct who_ran *who = reader->more;
	const size_t *c = reader->columns[log];
	size_t lane = lanes_cpu(lanes, values[c[log ? 2 : 4]].i);
	size_t kind = who->n_names + OF_UNKNOWN;

	if (lane == SIZE_MAX)
		return 0;
	if (!log) {
		if (strcmp(values[c[3]].s, "running") || !values[c[5]].i)
			return 0;
		kind = kind_of_task(reader, values, values[c[2]].s);
	}
	lanes_add(lanes, lane, kind, values[c[0]].i, values[c[1]].i);
	return 0;
}

static int name_kinds(struct plot_source *source, const struct who_ran *who,
		      struct plot_panel *panel, struct schedtrace_error *err)
{
	static const char *const names[N_BEHIND] = { "other tasks", "tasks not asked for",
						     "unknown" };
	static const size_t styles[N_BEHIND] = { STYLE_OTHERS, STYLE_NOT_CHOSEN, STYLE_UNKNOWN };

	for (size_t i = 0; i < who->n_names; i++) {
		panel->series[i].name = plot_text(source->figure, "%s", who->names[i]);
		if (!panel->series[i].name)
			return plot_no_memory(err);
	}
	for (size_t i = 0; i < N_BEHIND; i++) {
		panel->series[who->n_names + i].name = names[i];
		panel->series[who->n_names + i].style = styles[i];
	}
	return 0;
}

int plot_make_who_ran(struct plot_source *source, const struct schedtrace_picture *picture,
		      struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_LANES);
	struct who_ran *who = plot_alloc(source->figure, 1, sizeof(*who));
	struct log_reader *reader;
	struct lanes *lanes = NULL;
	struct view tasks = { 0 };
	int r;

	if (!panel)
		return plot_no_room(err);
	if (!who)
		return plot_no_memory(err);
	r = plot_view(source, plot_ranked(picture, &source->selection->filters), &tasks, err);
	if (!r)
		r = name_series(source, &tasks, who->names, err);
	if (r >= 0) {
		who->n_names = (size_t)r;
		r = lanes_of_cpus(&lanes, source, panel, who->n_names + N_BEHIND, err);
	}
	view_release(&tasks);
	if (r)
		return r;
	panel->title = picture->title;
	r = name_kinds(source, who, panel, err);
	if (r)
		return r;
	reader = plot_reader(source, panel, "states_log", "begin_ns,end_ns,comm,state,cpu,certain");
	plot_reader(source, panel, "gap_log", "begin_ns,end_ns,cpu");
	reader->state = lanes;
	reader->more = who;
	reader->unfiltered = true;
	reader->row = add_who_ran;
	reader->finish = lanes_finish;
	return 0;
}

/* ---- the states of tasks -------------------------------------------------------------- */

static const char *const states[] = { "running",  "woken",    "preempted", "new",
				      "runnable", "sleeping", "idle",	   "blocked",
				      "stopped",  "made",     "unknown" };

#define N_STATES (sizeof(states) / sizeof(*states))

/* begin, end, pid, state, certain. */
static int add_state(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		     struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const size_t *c = reader->columns[log];
	int64_t begin = values[c[0]].i;
	size_t kind = 0;

	while (kind + 1 < N_STATES && (strcmp(states[kind], values[c[3]].s) || !values[c[4]].i))
		kind++;
	for (size_t i = 0; i < lanes->n_lanes; i++) {
		struct lane *lane = &lanes->lanes[i];

		if (lane->id != values[c[2]].i || begin < lane->begin || begin > lane->end)
			continue;
		/* No stretch: records are missing. */
		if (lane->known < begin)
			lanes_add(lanes, i, N_STATES - 1, lane->known, begin);
		lanes_add(lanes, i, kind, begin, values[c[1]].i);
		if (lane->known < values[c[1]].i)
			lane->known = values[c[1]].i;
		break;
	}
	return 0;
}

int plot_make_states(struct plot_source *source, const struct schedtrace_picture *picture,
		     struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_LANES);
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : picture->top;
	struct log_reader *reader;
	struct lanes *lanes = NULL;
	struct view tasks = { 0 };
	size_t n;
	int r;

	if (!panel)
		return plot_no_room(err);
	r = plot_view(source, "tasks", &tasks, err);
	n = tasks.n_rows < top ? tasks.n_rows : top;
	if (!r)
		r = lanes_new(&lanes, source, panel, n, N_STATES, err);
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		size_t i = panel->n_labels, row = tasks.rows[i];
		int64_t end = schedtrace_table_ints(tasks.table, "end_ns")[row];

		int64_t start = schedtrace_table_ints(tasks.table, "start_ns")[row];

		/* An unknown start is INT64_MIN, before everything. */
		lanes->lanes[i] = (struct lane){
			.id = schedtrace_table_ints(tasks.table, "pid")[row],
			.begin = start,
			.end = end == INT64_MIN ? INT64_MAX : end,
			.known = start == INT64_MIN ? source->begin : start,
		};
		panel->labels[i] = plot_row_label(source, &tasks, i, "comm,pid");
		if (!panel->labels[i])
			r = plot_no_memory(err);
	}
	if (!r && n < tasks.n_rows)
		panel->note = plot_text(source->figure, "%zu more tasks are not drawn; see --top",
					tasks.n_rows - n);
	view_release(&tasks);
	if (r)
		return r;
	panel->title = picture->title;
	for (size_t i = 0; i < N_STATES; i++) {
		panel->series[i].name = states[i];
		panel->series[i].style = plot_style_of(states[i], i);
	}
	reader = plot_reader(source, panel, "states_log", "begin_ns,end_ns,pid,state,certain");
	reader->state = lanes;
	reader->row = add_state;
	reader->finish = lanes_finish;
	return 0;
}

/* ---- what is missing ------------------------------------------------------------------ */

static const char *const kinds[] = { "start", "gap", "resumed", "broken", "clock" };
static const char *const kind_names[] = { "before the first record", "records lost",
					  "until somebody is seen to run", "a switch is missing",
					  "the clock was set back" };

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

/* begin, end, cpu, kind. */
static int add_gap(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		   struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const size_t *c = reader->columns[log];
	size_t lane = lanes_cpu(lanes, values[c[2]].i), kind = 0;

	while (kind < N_KINDS && strcmp(kinds[kind], values[c[3]].s))
		kind++;
	if (lane == SIZE_MAX || kind == N_KINDS)
		return 0;
	lanes_add(lanes, lane, kind, values[c[0]].i, values[c[1]].i);
	return 0;
}

int plot_make_gaps(struct plot_source *source, const struct schedtrace_picture *picture,
		   struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_LANES);
	struct log_reader *reader;
	struct lanes *lanes = NULL;
	int r;

	if (!panel)
		return plot_no_room(err);
	panel->title = picture->title;
	panel->least_width = 0.8; /* seen however short */
	r = lanes_of_cpus(&lanes, source, panel, N_KINDS, err);
	if (r)
		return r;
	for (size_t i = 0; i < N_KINDS; i++)
		panel->series[i].name = kind_names[i];
	reader = plot_reader(source, panel, "gap_log", "begin_ns,end_ns,cpu,kind");
	reader->state = lanes;
	reader->row = add_gap;
	reader->finish = lanes_finish;
	return 0;
}
