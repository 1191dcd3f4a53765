/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the panels of a timeline share. */
#ifndef VIEW_TIMELINE_TIMELINE_PANEL_H
#define VIEW_TIMELINE_TIMELINE_PANEL_H

#include "view/timeline/timeline_panels.h"

#define TIMELINE_MOST_LANES 128 /* of a panel; what is left out is noted */

int timeline_add_cpus(struct plot_figure *figure, const struct timeline *timeline,
		      const struct timeline_choice *choice, struct schedtrace_error *err);
int timeline_add_tasks(struct plot_figure *figure, const struct timeline *timeline,
		       const struct timeline_choice *choice, struct schedtrace_error *err);

/* One more sentence under a panel; NULL: there was no memory for it. */
int timeline_note(struct plot_figure *figure, struct plot_panel *panel, const char *text,
		  struct schedtrace_error *err);

/* How to read heights that are shares, if some are. */
int timeline_note_dense(struct plot_figure *figure, struct plot_panel *panel, bool dense,
			struct schedtrace_error *err);

/* Whether a series has stretches. */
bool timeline_is_drawn(const struct plot_panel *panel, uint32_t series);

void timeline_set_time(const struct timeline *timeline, const struct timeline_choice *choice,
		       struct plot_panel *panel);

#endif
