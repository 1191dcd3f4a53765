/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lanes of a part of the time as panels of a figure. */
#ifndef VIEW_TIMELINE_TIMELINE_PANELS_H
#define VIEW_TIMELINE_TIMELINE_PANELS_H

#include "plots/panel.h"
#include "view/timeline/timeline.h"

struct timeline_choice {
	struct timeline_window window; /* shares of time are those of its columns */
	const char *cpus;	       /* a list as "0,2-5"; NULL: all */
	const char *const *tasks;      /* pids, names or shell patterns: those that have lanes */
	size_t n_tasks;
};

/* Fails if the timeline lacks what is chosen. */
int timeline_panels(struct plot_figure *figure, const struct timeline *timeline,
		    const struct timeline_choice *choice, struct schedtrace_error *err);

#endif
