/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline_panels.h"

#include "base/error.h"
#include "view/timeline/timeline_panel.h"

int timeline_note(struct plot_figure *figure, struct plot_panel *panel, const char *text,
		  struct schedtrace_error *err)
{
	if (!text)
		return plot_no_memory(err);
	panel->note = panel->note ? plot_text(figure, "%s. %s", panel->note, text) : text;
	return panel->note ? 0 : plot_no_memory(err);
}

int timeline_note_dense(struct plot_figure *figure, struct plot_panel *panel, bool dense,
			struct schedtrace_error *err)
{
	return dense ? timeline_note(figure, panel,
				     "Where stretches are too short to be told apart, heights are "
				     "shares of the time",
				     err)
		     : 0;
}

bool timeline_is_drawn(const struct plot_panel *panel, uint32_t series)
{
	for (size_t i = 0; i < panel->n_stretches; i++)
		if (panel->stretches[i].series == series)
			return true;
	return false;
}

void timeline_set_time(const struct timeline *t, const struct timeline_choice *choice,
		       struct plot_panel *panel)
{
	panel->x = (struct plot_scale){ "time since the first row",
					"ns",
					(double)(choice->window.begin - t->begin),
					(double)(choice->window.end - t->begin),
					false,
					false };
}

int timeline_panels(struct plot_figure *figure, const struct timeline *timeline,
		    const struct timeline_choice *choice, struct schedtrace_error *err)
{
	bool cpus = !choice->cpus || *choice->cpus;
	int r = 0;

	if (!cpus && !choice->n_tasks)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "nothing to draw: --cpus names none, and there is no --task");
	if (cpus)
		r = timeline_add_cpus(figure, timeline, choice, err);
	if (r == 0 && choice->n_tasks)
		r = timeline_add_tasks(figure, timeline, choice, err);
	return r;
}
