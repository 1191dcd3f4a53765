/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who ran on each CPU, in which state each task was, and where records are missing: stretches of
 * time in lanes. Up to a number of stretches each is drawn as it is. When there are more, the time
 * is cut into a thousand parts, and in each the states share the lane's height by the time that
 * they had: nothing is left out, and the memory does not grow with the recording.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"
#include "figures.h"
#include "style.h"

#define MOST_STRETCHES 20000
#define PARTS	       1000
#define MOST_CPUS      64
#define NAMES	       7 /* that have a colour of their own */

/* A lane: of a CPU, or of one life of a task. */
struct lane {
	int64_t id, begin, end;
	int64_t known; /* what a task did until then is drawn */
};

struct lanes {
	struct plot_source *source;
	size_t n_lanes, n_kinds;
	struct lane *lanes;
	size_t n, max;
	struct plot_stretch *stretches; /* as long as there are not too many */
	float *times;			/* by lane, part and kind */
};

static int new_lanes(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
		     size_t n_lanes, size_t n_kinds, struct schedtrace_error *err)
{
	struct lanes *lanes = plot_alloc(source->figure, 1, sizeof(*lanes));

	if (!lanes)
		return plot_no_memory(err);
	*lanes = (struct lanes){ .source = source, .n_lanes = n_lanes, .n_kinds = n_kinds };
	lanes->lanes = plot_alloc(source->figure, n_lanes, sizeof(*lanes->lanes));
	lanes->times = plot_alloc(source->figure, n_lanes * n_kinds, PARTS * sizeof(float));
	panel->labels = plot_alloc(source->figure, n_lanes, sizeof(*panel->labels));
	if (!lanes->lanes || !lanes->times || !panel->labels)
		return plot_no_memory(err);
	plot_time_scale(source, panel);
	*out = lanes;
	return plot_panel_series(source->figure, panel, n_kinds, 0, err);
}

static int keep_stretch(struct log_reader *reader, struct lanes *lanes,
			const struct plot_stretch *stretch, struct schedtrace_error *err)
{
	if (lanes->n == MOST_STRETCHES)
		return 0; /* too many: the parts are drawn */
	if (lanes->n == lanes->max) {
		size_t max = lanes->max ? 2 * lanes->max : 256;
		struct plot_stretch *grown =
			reallocarray(reader->panel->stretches, max, sizeof(*grown));

		if (!grown)
			return plot_no_memory(err);
		reader->panel->stretches = lanes->stretches = grown;
		lanes->max = max;
	}
	lanes->stretches[lanes->n++] = *stretch;
	return 0;
}

/* Adds the part of [@begin, @end) that is drawn. */
static int add_stretch(struct log_reader *reader, size_t lane, size_t kind, int64_t begin,
		       int64_t end, struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const struct plot_source *source = lanes->source;
	double width = ((double)source->end - (double)source->begin) / PARTS, from, to;

	if (begin < source->begin)
		begin = source->begin;
	if (end > source->end)
		end = source->end;
	if (begin >= end)
		return 0;
	from = ((double)begin - (double)source->begin) / width;
	to = ((double)end - (double)source->begin) / width;
	for (size_t part = (size_t)from; part < PARTS && (double)part < to; part++)
		lanes->times[(lane * PARTS + part) * lanes->n_kinds + kind] +=
			(float)(fmin(to, (double)part + 1) - fmax(from, (double)part));
	return keep_stretch(reader, lanes,
			    &(struct plot_stretch){ .lane = (uint32_t)lane,
						    .series = (uint32_t)kind,
						    .begin = (double)(begin - source->zero),
						    .end = (double)(end - source->zero),
						    .from = 0,
						    .to = 1 },
			    err);
}

static int by_series(const void *a, const void *b)
{
	uint32_t sa = ((const struct plot_stretch *)a)->series;
	uint32_t sb = ((const struct plot_stretch *)b)->series;

	return (sa > sb) - (sa < sb);
}

/* The parts as stretches; equal neighbours become one. */
static int draw_parts(struct log_reader *reader, struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const struct plot_source *source = lanes->source;
	double width = ((double)source->end - (double)source->begin) / PARTS;
	double zero = (double)(source->begin - source->zero);
	size_t max = lanes->n_lanes * lanes->n_kinds * PARTS, n = 0;
	struct plot_stretch *out = calloc(max + 1, sizeof(*out));

	if (!out)
		return plot_no_memory(err);
	free(reader->panel->stretches);
	reader->panel->stretches = out;
	for (size_t kind = 0; kind < lanes->n_kinds; kind++)
		for (size_t lane = 0; lane < lanes->n_lanes; lane++)
			for (size_t part = 0; part < PARTS; part++) {
				const float *times =
					&lanes->times[(lane * PARTS + part) * lanes->n_kinds];
				float from = 0, sum = 0;

				for (size_t k = 0; k < lanes->n_kinds; k++) {
					from += k < kind ? times[k] : 0;
					sum += times[k];
				}
				if (times[kind] <= 0)
					continue;
				/* What is only possible may overlap. */
				sum = fmaxf(sum, 1);
				out[n] = (struct plot_stretch){
					.lane = (uint32_t)lane,
					.series = (uint32_t)kind,
					.begin = zero + width * (double)part,
					.end = zero + width * (double)(part + 1),
					.from = from / sum,
					.to = (from + times[kind]) / sum,
				};
				if (n && out[n - 1].lane == lane && out[n - 1].series == kind &&
				    out[n - 1].end == out[n].begin &&
				    out[n - 1].from == out[n].from && out[n - 1].to == out[n].to)
					out[n - 1].end = out[n].end;
				else
					n++;
			}
	reader->panel->n_stretches = n;
	return 0;
}

/* Takes kinds that nothing is of out of the legend. */
static void leave_out_unused(struct plot_panel *panel, const struct lanes *lanes)
{
	for (size_t kind = 0; kind < lanes->n_kinds; kind++) {
		bool used = false;

		for (size_t i = kind; i < lanes->n_lanes * PARTS * lanes->n_kinds && !used;
		     i += lanes->n_kinds)
			used = lanes->times[i] > 0;
		if (!used)
			panel->series[kind].name = "";
	}
}

static int finish_lanes(struct log_reader *reader, struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;

	leave_out_unused(reader->panel, lanes);
	if (lanes->n == MOST_STRETCHES) {
		const char *before = reader->panel->note;

		reader->panel->note = plot_text(
			lanes->source->figure,
			"%s%sToo many stretches to draw one by one: heights are shares of the time",
			before ? before : "", before ? ". " : "");
		return draw_parts(reader, err);
	}
	if (!lanes->n && !reader->panel->note)
		reader->panel->note = "There is no such stretch of time";
	if (lanes->n)
		qsort(lanes->stretches, lanes->n, sizeof(*lanes->stretches), by_series);
	reader->panel->n_stretches = lanes->n;
	return 0;
}

static size_t lane_of_cpu(const struct lanes *lanes, int64_t cpu)
{
	for (size_t i = 0; i < lanes->n_lanes; i++)
		if (lanes->lanes[i].id == cpu)
			return i;
	return SIZE_MAX;
}

/* Lanes of the CPUs, which the losses have a row each for. */
static int new_cpu_lanes(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
			 size_t n_kinds, struct schedtrace_error *err)
{
	struct view cpus = { 0 };
	size_t n;
	int r = plot_view(source, "losses", &cpus, err);

	n = cpus.n_rows < MOST_CPUS ? cpus.n_rows : MOST_CPUS;
	if (!r)
		r = new_lanes(out, source, panel, n, n_kinds, err);
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		size_t i = panel->n_labels;

		(*out)->lanes[i].id = (int64_t)plot_number(&cpus, i, 0);
		panel->labels[i] = plot_row_label(source, &cpus, i, "cpu");
		if (!panel->labels[i])
			r = plot_no_memory(err);
	}
	if (!r && n < cpus.n_rows)
		panel->note = plot_text(source->figure, "%zu more CPUs are not drawn; see --cpu",
					cpus.n_rows - n);
	view_release(&cpus);
	return r;
}

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
	size_t on_cpu = plot_column(tasks->info, "on_cpu", 6);
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

struct who_ran {
	struct lanes *lanes;
	size_t n_names;
	const char *names[NAMES];
};

/* states_log: begin, end, comm, state, cpu, certain; gap_log: begin, end, cpu. */
static int add_who_ran(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		       struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const struct who_ran *who = reader->more;
	const size_t *c = reader->columns[log];
	size_t lane = lane_of_cpu(lanes, values[c[log ? 2 : 4]].i), kind = who->n_names + 1;

	if (lane == SIZE_MAX)
		return 0;
	if (!log) {
		const char *comm = values[c[2]].s;

		if (strcmp(values[c[3]].s, "running") || !values[c[5]].i)
			return 0;
		for (kind = 0; kind < who->n_names; kind++)
			if (comm && !strcmp(who->names[kind], comm))
				break;
	}
	return add_stretch(reader, lane, kind, values[c[0]].i, values[c[1]].i, err);
}

int plot_make_who_ran(struct plot_source *source, const struct panel_spec *spec,
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
	r = plot_view(source, "tasks", &tasks, err);
	if (!r)
		r = name_series(source, &tasks, who->names, err);
	if (r >= 0) {
		who->n_names = (size_t)r;
		r = new_cpu_lanes(&lanes, source, panel, who->n_names + 2, err);
	}
	view_release(&tasks);
	if (r)
		return r;
	panel->title = spec->title;
	for (size_t i = 0; i < who->n_names + 2; i++) {
		struct plot_series *series = &panel->series[i];

		series->name = i < who->n_names	   ? plot_text(source->figure, "%s", who->names[i])
			       : i == who->n_names ? "other tasks"
						   : "unknown";
		if (!series->name)
			return plot_no_memory(err);
		if (i >= who->n_names)
			series->style = i == who->n_names ? STYLE_OTHERS : STYLE_UNKNOWN;
	}
	reader = plot_reader(source, panel, "states_log", "begin_ns,end_ns,comm,state,cpu,certain");
	plot_reader(source, panel, "gap_log", "begin_ns,end_ns,cpu");
	reader->state = lanes;
	reader->more = who;
	reader->row = add_who_ran;
	reader->finish = finish_lanes;
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
		int r = 0;

		if (lane->id != values[c[2]].i || begin < lane->begin || begin > lane->end)
			continue;
		/* No stretch: records are missing. */
		if (lane->known < begin)
			r = add_stretch(reader, i, N_STATES - 1, lane->known, begin, err);
		if (!r)
			r = add_stretch(reader, i, kind, begin, values[c[1]].i, err);
		if (lane->known < values[c[1]].i)
			lane->known = values[c[1]].i;
		return r;
	}
	return 0;
}

int plot_make_states(struct plot_source *source, const struct panel_spec *spec,
		     struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_LANES);
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : spec->top;
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
		r = new_lanes(&lanes, source, panel, n, N_STATES, err);
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
	panel->title = spec->title;
	for (size_t i = 0; i < N_STATES; i++) {
		panel->series[i].name = states[i];
		panel->series[i].style = plot_style_of(states[i], i);
	}
	reader = plot_reader(source, panel, "states_log", "begin_ns,end_ns,pid,state,certain");
	reader->state = lanes;
	reader->row = add_state;
	reader->finish = finish_lanes;
	return 0;
}

/* ---- what is missing ------------------------------------------------------------------ */

static const char *const kinds[] = { "start", "gap", "resumed", "broken" };
static const char *const kind_names[] = { "before the first record", "records lost",
					  "until somebody is seen to run", "a switch is missing" };

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

/* begin, end, cpu, kind. */
static int add_gap(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		   struct schedtrace_error *err)
{
	struct lanes *lanes = reader->state;
	const size_t *c = reader->columns[log];
	size_t lane = lane_of_cpu(lanes, values[c[2]].i), kind = 0;

	while (kind < N_KINDS && strcmp(kinds[kind], values[c[3]].s))
		kind++;
	if (lane == SIZE_MAX || kind == N_KINDS)
		return 0;
	return add_stretch(reader, lane, kind, values[c[0]].i, values[c[1]].i, err);
}

int plot_make_gaps(struct plot_source *source, const struct panel_spec *spec,
		   struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_LANES);
	struct log_reader *reader;
	struct lanes *lanes = NULL;
	int r;

	if (!panel)
		return plot_no_room(err);
	panel->title = spec->title;
	r = new_cpu_lanes(&lanes, source, panel, N_KINDS, err);
	if (r)
		return r;
	for (size_t i = 0; i < N_KINDS; i++)
		panel->series[i].name = kind_names[i];
	reader = plot_reader(source, panel, "gap_log", "begin_ns,end_ns,cpu,kind");
	reader->state = lanes;
	reader->row = add_gap;
	reader->finish = finish_lanes;
	return 0;
}
