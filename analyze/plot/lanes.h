/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stretches of time in lanes: what happened on each CPU, or to each task. */
#ifndef ANALYZE_PLOT_LANES_H
#define ANALYZE_PLOT_LANES_H

#include "analyze/plot/figures.h"

/* A lane: of a CPU, or of one life of a task. */
struct lane {
	int64_t id, begin, end;
	int64_t known; /* what a task did until then is drawn */
};

struct part;

struct lanes {
	struct plot_source *source;
	size_t n_lanes, n_kinds, n_parts;
	struct lane *lanes;
	struct part *parts; /* by lane and part of the time */
	float *times;	    /* by lane, part and kind: how much of the part, 0 to 1 */
};

/* Lanes in the figure's memory, and series of the panel for @n_kinds of stretches. */
int lanes_new(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
	      size_t n_lanes, size_t n_kinds, struct schedtrace_error *err);

/* The same, a lane a CPU that the filters let pass, with its label. */
int lanes_of_cpus(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
		  size_t n_kinds, struct schedtrace_error *err);

/* Index of a CPU's lane, SIZE_MAX if there is none. */
size_t lanes_cpu(const struct lanes *lanes, int64_t cpu);

/* Adds what of [@begin, @end) is drawn. */
void lanes_add(struct lanes *lanes, size_t lane, size_t kind, int64_t begin, int64_t end);

/* The finish() of a reader whose state the lanes are: gives the panel its stretches. */
int lanes_finish(struct log_reader *reader, struct schedtrace_error *err);

#endif
