/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU by time: how busy each CPU was, and how many tasks were runnable there. Where less than half
 * of a part of the time is known, the cell is unknown; else it is the mean over what is known.
 */
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"

#define PARTS	  200
#define MOST_CPUS 64
#define FEW_CPUS  8 /* so many can be told apart as curves */

struct map {
	struct plot_source *source;
	size_t n_cpus;
	int64_t *cpus;
	double *sums, *unknown; /* by CPU and part, in parts */
	bool waiting;		/* the runnable count too, not only the running */
};

static int new_map(struct map **out, struct plot_source *source, bool waiting,
		   struct plot_panel *panel, struct schedtrace_error *err)
{
	struct map *map = plot_alloc(source->figure, 1, sizeof(*map));
	struct view cpus = { 0 };
	size_t n;
	int r;

	if (!map || !panel)
		return panel ? plot_no_memory(err) : plot_no_room(err);
	r = plot_view(source, "losses", &cpus, err); /* a row a CPU */
	n = cpus.n_rows < MOST_CPUS ? cpus.n_rows : MOST_CPUS;
	*map = (struct map){ .source = source, .waiting = waiting };
	map->cpus = plot_alloc(source->figure, n, sizeof(*map->cpus));
	map->sums = plot_alloc(source->figure, n, PARTS * sizeof(*map->sums));
	map->unknown = plot_alloc(source->figure, n, PARTS * sizeof(*map->unknown));
	panel->labels = plot_alloc(source->figure, n, sizeof(*panel->labels));
	if (!r && (!map->cpus || !map->sums || !map->unknown || !panel->labels))
		r = plot_no_memory(err);
	for (; !r && map->n_cpus < n; map->n_cpus++) {
		map->cpus[map->n_cpus] = (int64_t)plot_number(&cpus, map->n_cpus, 0);
		panel->labels[map->n_cpus] = plot_row_label(source, &cpus, map->n_cpus, "cpu");
		if (!panel->labels[map->n_cpus])
			r = plot_no_memory(err);
	}
	if (!r && n < cpus.n_rows)
		panel->note = plot_text(source->figure, "%zu more CPUs are not drawn; see --cpu",
					cpus.n_rows - n);
	view_release(&cpus);
	plot_time_scale(source, panel);
	*out = map;
	return r;
}

static void add_time(const struct map *map, double *sums, int64_t begin, int64_t end)
{
	double start = (double)map->source->begin;
	double width = ((double)map->source->end - start) / PARTS;
	double from = fmax(0, ((double)begin - start) / width);
	double to = fmin(PARTS, ((double)end - start) / width);

	for (size_t part = (size_t)from; part < PARTS && (double)part < to; part++)
		sums[part] += fmin(to, (double)part + 1) - fmax(from, (double)part);
}

static bool is_counted(const struct map *map, const char *state)
{
	static const char *const runnable[] = { "woken", "preempted", "new", "runnable" };

	if (!strcmp(state, "running"))
		return true;
	for (size_t i = 0; i < sizeof(runnable) / sizeof(*runnable); i++)
		if (map->waiting && !strcmp(state, runnable[i]))
			return true;
	return false;
}

/* states_log: begin, end, cpu, state, certain; gap_log: begin, end, cpu. */
static int add_row(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		   struct schedtrace_error *err)
{
	struct map *map = reader->state;
	const size_t *c = reader->columns[log];
	size_t cpu = 0;

	while (cpu < map->n_cpus && map->cpus[cpu] != values[c[2]].i)
		cpu++;
	if (cpu == map->n_cpus)
		return 0;
	if (log)
		add_time(map, map->unknown + cpu * PARTS, values[c[0]].i, values[c[1]].i);
	else if (values[c[4]].i && is_counted(map, values[c[3]].s))
		add_time(map, map->sums + cpu * PARTS, values[c[0]].i, values[c[1]].i);
	return 0;
}

static double mean(const struct map *map, size_t cpu, size_t part)
{
	double known = 1 - map->unknown[cpu * PARTS + part];

	return known < 0.5 ? NAN : map->sums[cpu * PARTS + part] / known;
}

static void read_states(struct plot_source *source, struct plot_panel *panel, struct map *map,
			int (*finish)(struct log_reader *, struct schedtrace_error *))
{
	struct log_reader *reader =
		plot_reader(source, panel, "states_log", "begin_ns,end_ns,cpu,state,certain");

	plot_reader(source, panel, "gap_log", "begin_ns,end_ns,cpu");
	reader->state = map;
	reader->row = add_row;
	reader->finish = finish;
}

static int finish_map(struct log_reader *reader, struct schedtrace_error *err)
{
	const struct map *map = reader->state;
	struct plot_panel *panel = reader->panel;

	panel->n_labels = map->n_cpus;
	panel->n_columns = PARTS;
	panel->cells = plot_alloc(map->source->figure, map->n_cpus, PARTS * sizeof(double));
	if (!panel->cells)
		return plot_no_memory(err);
	for (size_t cpu = 0; cpu < map->n_cpus; cpu++)
		for (size_t part = 0; part < PARTS; part++)
			panel->cells[cpu * PARTS + part] =
				mean(map, cpu, part) * (map->waiting ? 1 : 100);
	return 0;
}

int plot_make_busy_map(struct plot_source *source, const struct schedtrace_picture *picture,
		       struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_HEAT);
	struct map *map;
	int r = new_map(&map, source, false, panel, err);

	if (r)
		return r;
	panel->title = picture->title;
	panel->y.name = "busy";
	panel->y.unit = "%";
	panel->y.max = 100;
	read_states(source, panel, map, finish_map);
	return 0;
}

int plot_make_length_map(struct plot_source *source, const struct schedtrace_picture *picture,
			 struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_HEAT);
	struct map *map;
	int r = new_map(&map, source, true, panel, err);

	if (r)
		return r;
	panel->title = picture->title;
	panel->y.name = "tasks";
	panel->y.unit = "1";
	read_states(source, panel, map, finish_map);
	return 0;
}

static int finish_lengths(struct log_reader *reader, struct schedtrace_error *err)
{
	const struct map *map = reader->state;
	const struct plot_source *source = map->source;
	double width = ((double)source->end - (double)source->begin) / PARTS;

	for (size_t cpu = 0; cpu < map->n_cpus; cpu++)
		for (size_t part = 0; part < PARTS; part++) {
			reader->panel->series[cpu].x[part] =
				(double)(source->begin - source->zero) + width * (double)part;
			reader->panel->series[cpu].y[part] = mean(map, cpu, part);
		}
	return 0;
}

/* The same as curves, where there are few CPUs. */
int plot_make_lengths(struct plot_source *source, const struct schedtrace_picture *picture,
		      struct schedtrace_error *err)
{
	size_t n = schedtrace_table_rows(schedtrace_tables_find(source->tables, "losses"));
	struct plot_panel *panel;
	struct map *map;
	int r;

	if (n > FEW_CPUS)
		return 0;
	panel = plot_panel_add(source->figure, PLOT_CURVES);
	r = new_map(&map, source, true, panel, err);
	if (!r)
		r = plot_panel_series(source->figure, panel, map->n_cpus, PARTS, err);
	if (r)
		return r;
	panel->title = picture->title;
	panel->y.name = "tasks";
	panel->y.unit = "1";
	panel->y.min = 0;
	for (size_t cpu = 0; cpu < map->n_cpus; cpu++) {
		panel->series[cpu].name = panel->labels[cpu];
		panel->series[cpu].look = PLOT_STEP;
	}
	read_states(source, panel, map, finish_lengths);
	return 0;
}
