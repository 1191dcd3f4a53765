/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lanes of CPUs: who ran, and under that how long the run queue was. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/error.h"
#include "base/mem.h"
#include "plots/style.h"
#include "view/timeline/timeline_panel.h"
#include "view/timeline/timeline_strip.h"

#define NAMES	   10 /* that have a colour, if they ran a thousandth of the time */
#define LEAST_PART 1000
#define QUEUE_PART 0.22 /* of a lane's height */

/* Series of the lanes of CPUs behind those of names. */
enum {
	OF_OTHERS,
	OF_IDLE,
	OF_WASTE,
	OF_OFFLINE,
	OF_UNKNOWN,
	OF_LOST,
	OF_CLOCK,
	OF_QUEUES, /* of 1, of 2 and so on */
	N_QUEUES = 5,
	N_BEHIND = OF_QUEUES + N_QUEUES,
};

static const char *const names_behind[N_BEHIND] = {
	[OF_OTHERS] = "others",
	[OF_IDLE] = "idle",
	[OF_WASTE] = "idle while others wait",
	[OF_OFFLINE] = "offline",
	[OF_UNKNOWN] = "unknown",
	[OF_LOST] = "records lost",
	[OF_CLOCK] = "the clock was set back",
	[OF_QUEUES] = "1 runnable",
	"2 runnable",
	"3 or 4 runnable",
	"5 to 8 runnable",
	"more runnable",
};

/* Time of all tasks of a name. */
struct named_time {
	const char *name;
	int64_t ns;
};

/* The panel of CPUs as it is made. */
struct cpu_panel {
	struct plot_figure *figure;
	const struct timeline *timeline;
	const struct timeline_choice *choice;
	struct plot_panel *panel;
	uint32_t cpus[TIMELINE_MOST_LANES];
	size_t n_left_out;
	struct named_time names[NAMES]; /* those that ran longest, which come first */
	uint32_t n_names;
	uint8_t *name_of; /* by task */
	int64_t *times;	  /* by series */
	bool queues;
	struct timeline_shares shares;
	int64_t *wasted; /* by column */
	struct timeline_strips strips;
};

/* ---- which CPUs ----------------------------------------------------------------------- */

static bool has_cpu(const struct timeline *t, int32_t first, int32_t last)
{
	for (int32_t cpu = first; cpu <= last && (uint32_t)cpu < t->n_cpus; cpu++)
		if (t->cpus[cpu].named)
			return true;
	return false;
}

static int check_cpus(const struct timeline *t, const char *list, struct schedtrace_error *err)
{
	int32_t first, last;
	int r;

	for (const char *at = list; (r = cpulist_next(&at, &first, &last)) > 0;)
		if (!has_cpu(t, first, last))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--cpus: CPU %d is not in the recording, whose last one "
					 "is %" PRId64,
					 first, (int64_t)t->n_cpus - 1);
	return r < 0 ? error_set(err, SCHEDTRACE_E_USAGE,
				 "--cpus: %s is no list of CPUs such as 0,2-5", list)
		     : 0;
}

static int choose_cpus(struct cpu_panel *p, struct schedtrace_error *err)
{
	const struct timeline *t = p->timeline;
	const char *list = p->choice->cpus;
	struct plot_panel *panel = p->panel;
	int r = list ? check_cpus(t, list, err) : 0;

	panel->labels = plot_alloc(p->figure, TIMELINE_MOST_LANES, sizeof(*panel->labels));
	if (r == 0 && !panel->labels)
		return plot_no_memory(err);
	for (uint32_t cpu = 0; cpu < t->n_cpus && r == 0; cpu++) {
		if (!t->cpus[cpu].named || (list && !cpulist_has(list, (int32_t)cpu)))
			continue;
		if (panel->n_labels == TIMELINE_MOST_LANES) {
			p->n_left_out++;
			continue;
		}
		p->cpus[panel->n_labels] = cpu;
		panel->labels[panel->n_labels] = plot_text(p->figure, "CPU %u", cpu);
		if (!panel->labels[panel->n_labels++])
			r = plot_no_memory(err);
		p->queues |= t->cpus[cpu].queue.n > 0;
	}
	return r;
}

/* ---- who has a colour ----------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named_time *)a)->name, ((const struct named_time *)b)->name);
}

static int by_time(const void *a, const void *b)
{
	const struct named_time *s = a, *t = b;

	return s->ns != t->ns ? (s->ns < t->ns) - (s->ns > t->ns) : by_name(a, b);
}

/* How long each task ran on the CPUs that are drawn; -1 without memory. */
static int add_up_tasks(struct cpu_panel *p, struct named_time *times)
{
	struct timeline_window whole = p->choice->window;

	whole.columns = 1;
	for (uint32_t i = 0; i < p->timeline->n_tasks; i++)
		times[i].name = p->timeline->tasks[i].name;
	for (size_t i = 0; i < p->panel->n_labels; i++) {
		p->shares.n = 0;
		if (timeline_lane_thin(&p->timeline->cpus[p->cpus[i]].runs, &whole, &p->shares) < 0)
			return -1;
		for (size_t k = 0; k < p->shares.n; k++)
			if (p->shares.all[k].what < p->timeline->n_tasks)
				times[p->shares.all[k].what].ns += p->shares.all[k].ns;
	}
	return 0;
}

static int rank_names(struct cpu_panel *p, struct schedtrace_error *err)
{
	uint32_t n = p->timeline->n_tasks, kept = 0;
	int64_t all = 0;
	auto_free struct named_time *times = calloc(n + 1, sizeof(*times));

	p->name_of = plot_alloc(p->figure, n, 1);
	if (!times || !p->name_of || add_up_tasks(p, times) < 0)
		return plot_no_memory(err);
	qsort(times, n, sizeof(*times), by_name);
	for (uint32_t i = 0; i < n; i++) {
		all += times[i].ns;
		if (kept && !strcmp(times[kept - 1].name, times[i].name))
			times[kept - 1].ns += times[i].ns;
		else
			times[kept++] = times[i];
	}
	qsort(times, kept, sizeof(*times), by_time);
	while (p->n_names < NAMES && p->n_names < kept && times[p->n_names].ns > all / LEAST_PART &&
	       *times[p->n_names].name) {
		p->names[p->n_names] = times[p->n_names];
		p->n_names++;
	}
	for (uint32_t i = 0; i < n; i++)
		while (p->name_of[i] < p->n_names &&
		       strcmp(p->names[p->name_of[i]].name, p->timeline->tasks[i].name) != 0)
			p->name_of[i]++;
	return 0;
}

/* A name has the same colour in every picture, unless one that ran longer took it. */
static void style_names(struct cpu_panel *p)
{
	/* Those of plot_style(), but for the grey one, which others have. */
	static const size_t styles[] = { 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11 };
	const size_t n = sizeof(styles) / sizeof(*styles);
	bool taken[sizeof(styles) / sizeof(*styles)] = { false };

	for (uint32_t i = 0; i < p->n_names; i++) {
		uint32_t hash = 2166136261u;
		size_t at;

		for (const char *c = p->names[i].name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 16777619u;
		for (at = hash % n; taken[at]; at = (at + 1) % n)
			;
		taken[at] = true;
		p->panel->series[i].style = styles[at];
	}
}

static uint32_t series_of_run(const void *user, uint32_t what)
{
	const struct cpu_panel *p = user;

	switch (what) {
	case TIMELINE_IDLE:
		return p->n_names + OF_IDLE;
	case TIMELINE_LOST:
		return p->n_names + OF_LOST;
	case TIMELINE_CLOCK:
		return p->n_names + OF_CLOCK;
	case TIMELINE_OFFLINE:
		return p->n_names + OF_OFFLINE;
	default:
		return what < p->timeline->n_tasks ? p->name_of[what] : p->n_names + OF_UNKNOWN;
	}
}

static uint32_t series_of_queue(const void *user, uint32_t length)
{
	const struct cpu_panel *p = user;
	uint32_t series = length > 8 ? 4 : length > 4 ? 3 : length > 2 ? 2 : length - 1;

	if (length == TIMELINE_UNKNOWN)
		return p->n_names + OF_UNKNOWN;
	return length ? p->n_names + OF_QUEUES + series : p->n_names + N_BEHIND;
}

static const char *name_of_run(const void *user, uint32_t what, int64_t begin, int64_t end)
{
	const struct cpu_panel *p = user;

	if (what >= p->timeline->n_tasks || !*p->timeline->tasks[what].name)
		return NULL;
	return plot_text(p->figure, "%s", p->timeline->tasks[what].name);
}

/* ---- lanes of CPUs -------------------------------------------------------------------- */

/* The time of each column in which the CPU idled while others waited. */
static int find_wasted(struct cpu_panel *p, const struct timeline_cpu *cpu)
{
	const struct timeline_window *window = &p->choice->window;

	memset(p->wasted, 0, window->columns * sizeof(*p->wasted));
	p->shares.n = 0;
	if (timeline_lane_thin(&cpu->waste, window, &p->shares) < 0)
		return -1;
	for (size_t i = 0; i < p->shares.n; i++)
		if (p->shares.all[i].what != TIMELINE_UNKNOWN)
			p->wasted[p->shares.all[i].column] += p->shares.all[i].ns;
	return 0;
}

/* For the legend: the time that each series had. */
static void add_times(struct cpu_panel *p)
{
	int64_t wasted = 0, idle = 0;

	for (size_t i = 0; i < p->shares.n; i++) {
		const struct timeline_share *share = &p->shares.all[i];

		p->times[series_of_run(p, share->what)] += share->ns;
		if (share->what == TIMELINE_IDLE) {
			idle = share->ns;
			wasted += p->wasted[share->column] < idle ? p->wasted[share->column] : idle;
		}
	}
	p->times[p->n_names + OF_IDLE] -= wasted;
	p->times[p->n_names + OF_WASTE] += wasted;
}

static int add_cpu(struct cpu_panel *p, size_t lane)
{
	const struct timeline_cpu *cpu = &p->timeline->cpus[p->cpus[lane]];
	struct timeline_strip strip = { .window = &p->choice->window,
					.zero = p->timeline->begin,
					.lane = (uint32_t)lane,
					.from = p->queues ? (float)QUEUE_PART + 0.04F : 0,
					.to = 1,
					.n_series = p->n_names + N_BEHIND,
					.series = series_of_run,
					.text = name_of_run,
					.user = p };

	if (find_wasted(p, cpu) < 0)
		return -1;
	p->shares.n = 0;
	if (timeline_lane_thin(&cpu->runs, strip.window, &p->shares) < 0)
		return -1;
	add_times(p);
	if (timeline_strip_add(&p->strips, &strip, &p->shares, p->wasted, p->n_names + OF_IDLE,
			       p->n_names + OF_WASTE) < 0)
		return -1;
	p->shares.n = 0;
	if (timeline_lane_thin(&cpu->queue, strip.window, &p->shares) < 0)
		return -1;
	strip.from = 0;
	strip.to = (float)QUEUE_PART;
	strip.series = series_of_queue;
	strip.text = NULL;
	return timeline_strip_add(&p->strips, &strip, &p->shares, NULL, 0, 0);
}

/* Names with the part of the time, of those that are there. */
static int name_series(struct cpu_panel *p, struct schedtrace_error *err)
{
	int64_t all = 0;

	for (uint32_t i = 0; i < p->n_names + OF_QUEUES; i++)
		all += p->times[i];
	for (uint32_t i = 0; i < p->n_names + N_BEHIND; i++) {
		const char *name = i < p->n_names ? p->names[i].name : names_behind[i - p->n_names];
		struct plot_series *series = &p->panel->series[i];
		double part = 100 * (double)p->times[i] / (double)(all ? all : 1);

		if (!timeline_is_drawn(p->panel, i))
			continue;
		if (i >= p->n_names + OF_QUEUES)
			series->name = plot_text(p->figure, "%s", name);
		else if (part < 0.01)
			series->name = plot_text(p->figure, "%s < 0.01 %%", name);
		else
			series->name = plot_text(p->figure, "%s %.*f %%", name,
						 part < 1 ? 2 : part < 10, part);
		if (!series->name)
			return plot_no_memory(err);
	}
	return 0;
}

/* What the recording lacks, and what the picture does. */
static int note_missing(struct cpu_panel *p, struct schedtrace_error *err)
{
	const struct timeline *t = p->timeline;
	struct plot_panel *panel = p->panel;
	int r = 0;

	if (!t->switches)
		r = timeline_note(p->figure, panel,
				  "No switches were recorded: nobody knows who ran", err);
	if (r == 0 && t->lost)
		r = timeline_note(p->figure, panel,
				  plot_text(p->figure, "%" PRId64 " records were lost", t->lost),
				  err);
	else if (r == 0 && t->gaps)
		r = timeline_note(p->figure, panel, "Records were lost", err);
	if (r == 0 && t->clock_steps)
		r = timeline_note(p->figure, panel,
				  plot_text(p->figure, "The clock was set back %" PRIu64 " times",
					    t->clock_steps),
				  err);
	if (r == 0 && t->missing_switches)
		r = timeline_note(p->figure, panel,
				  plot_text(p->figure, "%" PRIu64 " switches were not recorded",
					    t->missing_switches),
				  err);
	if (r == 0 && p->n_left_out)
		r = timeline_note(p->figure, panel,
				  plot_text(p->figure, "%zu more CPUs are not drawn; see --cpus",
					    p->n_left_out),
				  err);
	return r < 0 ? r : timeline_note_dense(p->figure, panel, p->strips.dense, err);
}

static int fill_cpus(struct cpu_panel *p, struct schedtrace_error *err)
{
	uint32_t n_series;
	int r = choose_cpus(p, err);

	if (r == 0)
		r = rank_names(p, err);
	if (r < 0)
		return r;
	n_series = p->n_names + N_BEHIND;
	p->times = plot_alloc(p->figure, n_series, sizeof(*p->times));
	p->wasted = plot_alloc(p->figure, p->choice->window.columns, sizeof(*p->wasted));
	if (!p->times || !p->wasted)
		return plot_no_memory(err);
	r = plot_panel_series(p->figure, p->panel, n_series, 0, err);
	if (r < 0)
		return r;
	style_names(p);
	for (uint32_t i = 0; i < N_BEHIND; i++)
		p->panel->series[p->n_names + i].style = plot_style_of(names_behind[i], 0);
	for (size_t lane = 0; lane < p->panel->n_labels; lane++)
		if (add_cpu(p, lane) < 0)
			return plot_no_memory(err);
	timeline_strips_finish(&p->strips, p->panel);
	r = name_series(p, err);
	return r < 0 ? r : note_missing(p, err);
}

int timeline_add_cpus(struct plot_figure *figure, const struct timeline *t,
		      const struct timeline_choice *choice, struct schedtrace_error *err)
{
	struct cpu_panel p = { .figure = figure, .timeline = t, .choice = choice };
	int r;

	p.panel = plot_panel_add(figure, PLOT_LANES);
	p.panel->title = "Who ran on each CPU";
	timeline_set_time(t, choice, p.panel);
	r = fill_cpus(&p, err);
	timeline_shares_free(&p.shares);
	timeline_strips_free(&p.strips);
	return r;
}
