/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures of analyses, tables and logs, as their descriptions have them. The figures of tables are
 * made after the first pass over a file. Those of logs choose then what they show (which tasks,
 * which time) and are filled by the rows of a second pass, so that memory depends on the picture
 * alone.
 */
#ifndef ANALYZE_PLOT_FIGURES_H
#define ANALYZE_PLOT_FIGURES_H

#include "analyze/select.h"
#include "plots/panel.h"

/* Rows of logs on their way into panels. */
struct log_reader {
	struct plot_panel *panel;
	void *state, *more; /* the maker's, in the figure's memory */
	bool unfiltered;    /* rows that the filters leave out come too */
	/* The logs, and their columns, that the maker asked for with plot_reader(). */
	const struct schedtrace_table_info *logs[2];
	size_t columns[2][8];
	int (*row)(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		   struct schedtrace_error *err);
	int (*finish)(struct log_reader *reader, struct schedtrace_error *err);
};

struct plot_source {
	struct plot_figure *figure;
	const struct schedtrace_tables *tables;
	const struct selection *selection;
	int64_t begin, end; /* ns on the trace clock: what is drawn */
	int64_t zero;	    /* that seconds are counted from */
	double memory_and_swap; /* bytes of the machine, 0 unknown */
	size_t parts; /* that the time is cut into where single stretches cannot be told apart */
	size_t n_readers;
	struct log_reader readers[PLOT_PANELS];
};

typedef int panel_maker(struct plot_source *source, const struct schedtrace_picture *picture,
			struct schedtrace_error *err);

/* What makes the panels of such pictures: bars where nothing else does. */
panel_maker *plot_maker(enum schedtrace_picture_kind kind);

/* The table that says what of a log is drawn, or NULL. */
const char *plot_ranked(const struct schedtrace_picture *picture, const struct filters *filters);

/* ---- for makers ---- */

/* The rows of a table that the filters let pass, in their usual order; for view_release(). */
int plot_view(struct plot_source *source, const char *table, struct view *view,
	      struct schedtrace_error *err);

/* Whether the filters leave out tasks. */
bool plot_tasks_chosen(const struct plot_source *source);

/* Index of a column of @n bytes, SIZE_MAX if there is none. */
size_t plot_column(const struct schedtrace_table_info *info, const char *name, size_t n);

/* A value as a number, NaN where unknown. */
double plot_number(const struct view *view, size_t row, size_t column);

/* "on_cpu_ns" as "on CPU". */
const char *plot_column_name(struct plot_figure *figure, const char *name);

/* The first sentence of what a table says that it is. */
const char *plot_title(struct plot_figure *figure, const char *about);

/* What names a row: "cc1 [123]", "CPU 3". */
const char *plot_row_label(struct plot_source *source, const struct view *view, size_t row,
			   const char *columns);

/* "time", "memory", "count", "share". */
const char *plot_quantity(const char *unit);

/* Sets the panel's x to the time that is drawn. */
void plot_time_scale(const struct plot_source *source, struct plot_panel *panel);

/* The next reader for this panel, of rows of @log with these columns (with commas between). */
struct log_reader *plot_reader(struct plot_source *source, struct plot_panel *panel,
			       const char *log, const char *columns);

panel_maker plot_make_bars, plot_make_requested, plot_make_histogram, plot_make_distribution,
	plot_make_utilization, plot_make_faults, plot_make_resident, plot_make_who_ran,
	plot_make_states, plot_make_gaps, plot_make_busy_map, plot_make_length_map,
	plot_make_lengths, plot_make_migration_matrix, plot_make_migration_rate;

#endif
