/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/plot/compare_drawing.h"

#include <math.h>
#include <string.h>

#define MOST_GROUPS 12
#define MOST_BARS   16	  /* of a panel, all groups together */
#define BAR_HEIGHT  9.0	  /* points */
#define AROUND	    70.0  /* of a panel: title, legend, axis, note */
#define PAGE	    650.0 /* that panels share unless the user chose them */

size_t drawing_column(const struct view *view, const char *prefix, const struct group *group)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < view->info->n_columns; i++) {
		const char *name = view->info->columns[i]->name;
		size_t length = strlen(group->name);

		/* An underscore follows where another column had the name. */
		if (!strncmp(name, prefix, n) && !strncmp(name + n, group->name, length) &&
		    (!name[n + length] || !strcmp(name + n + length, "_")) &&
		    view->info->columns[i]->type != SCHEDTRACE_TEXT)
			return i;
	}
	return SIZE_MAX;
}

double drawing_cell(const struct view *view, size_t row, size_t column)
{
	return column == SIZE_MAX ? NAN : plot_number(view, row, column);
}

size_t drawing_groups(const struct drawing *d)
{
	return d->groups->n < MOST_GROUPS ? d->groups->n : MOST_GROUPS;
}

struct plot_panel *drawing_panel(struct drawing *d, enum plot_kind kind, double height)
{
	struct plot_panel *panel = NULL;

	if (d->chosen || d->height <= 0 || d->height + AROUND + height <= PAGE)
		panel = plot_panel_add(&d->figure, kind);
	if (!panel)
		d->n_left_out++;
	else
		d->height += AROUND + height;
	return panel;
}

size_t drawing_rows(const struct drawing *d, size_t n)
{
	size_t most = MOST_BARS / drawing_groups(d);

	if (most < 4)
		most = 4;
	if (d->top > 0)
		most = (size_t)d->top;
	return n < most ? n : most;
}

double drawing_bars_height(const struct drawing *d, size_t rows)
{
	return (double)(rows * drawing_groups(d)) * BAR_HEIGHT;
}

bool drawing_is_totals(const struct view *view)
{
	return !strncmp(view->info->name, "totals_", 7);
}

const char *drawing_note(struct drawing *d, size_t left_out, const char *more)
{
	if (!left_out)
		return *more ? more : NULL;
	return plot_text(&d->figure, "%zu more rows are not shown%s%s", left_out, *more ? ". " : "",
			 more);
}

/* ---- words -------------------------------------------------------------------------- */

/* What the rows of a table are, for titles: of the first of these that its name begins with. */
static const struct {
	const char *table, *rows;
} subjects[] = {
	{ "tasks", "Tasks" },
	{ "cpu_tasks", "Tasks on each CPU" },
	{ "cpus", "CPUs" },
	{ "migration", "Migrations" },
	{ "latency", "Waits for a CPU" },
	{ "timehist", "Tasks" },
	{ "map", "Tasks" },
	{ "states", "Stretches in a state" },
	{ "utilization_", "Tasks" },
	{ "utilization", "CPUs" },
	{ "completion", "Completion" },
	{ "runqueue", "Run queues" },
	{ "work_conservation", "CPUs that idle while tasks wait" },
	{ "wait", "Tasks" },
	{ "antagonists", "Who ran where a task waited" },
	{ "memory", "Processes" },
	{ "faults", "Processes" },
	{ "stack", "Call stacks" },
	{ "losses", "CPUs" },
};

/* The rows that "TABLE.COLUMN" is about, or the table's name in words. */
static const char *subject(struct drawing *d, const char *name)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
		if (!strncmp(name, subjects[i].table, strlen(subjects[i].table)))
			return subjects[i].rows;
	return plot_text(&d->figure, "%.*s", (int)strcspn(name, "."), name);
}

/* Whether an explanation needs neither other columns nor the sentences before it. */
static bool is_clear(const char *about, size_t n)
{
	static const char *const others[] = { "_ns", "_bytes", "_khz" };
	static const char *const begins[] = { "their ", "the ", "of ", "from ", "its " };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (memmem(about, n, others[i], strlen(others[i])))
			return false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(about, begins[i], strlen(begins[i])))
			return false;
	return n && n <= 60 && !(*about >= '0' && *about <= '9');
}

const char *drawing_title(struct drawing *d, const char *name, const char *about)
{
	const char *dot = strchr(name, '.'), *rows = subject(d, name);
	size_t n = strcspn(about, ";:(");

	while (n && about[n - 1] == ' ')
		n--;
	if (!rows)
		return NULL;
	if (!is_clear(about, n)) {
		const char *column = plot_column_name(&d->figure, dot ? dot + 1 : name);

		return column ? plot_text(&d->figure, "%s: %s", rows, column) : NULL;
	}
	return plot_text(&d->figure, "%s: %.*s", rows, (int)n, about);
}

const char *drawing_row_name(struct drawing *d, const struct view *view, size_t row)
{
	size_t first = drawing_column(view, "", &d->groups->groups[0]);
	char text[256] = "";

	for (size_t i = 0; i < first && i < view->info->n_columns; i++) {
		const struct schedtrace_column_info *column = view->info->columns[i];
		union schedtrace_value v = schedtrace_table_value(view->table, view->rows[row], i);
		size_t used = strlen(text);

		if (column->type == SCHEDTRACE_TEXT && v.s && drawing_is_totals(view) && i)
			snprintf(text + used, sizeof(text) - used, ": %s",
				 plot_column_name(&d->figure, v.s));
		else if (column->type == SCHEDTRACE_TEXT && v.s)
			snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "",
				 drawing_is_totals(view) ? plot_column_name(&d->figure, v.s) : v.s);
		else if (column->type == SCHEDTRACE_INT && v.i != INT64_MIN)
			snprintf(text + used, sizeof(text) - used, "%s%s %lld", used ? " " : "",
				 plot_column_name(&d->figure, column->name), (long long)v.i);
	}
	return plot_text(&d->figure, "%s", *text ? text : view->info->name);
}
