/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call stacks as lines that flame graph tools read, and as a flame graph. */
#ifndef ANALYZE_FLAME_H
#define ANALYZE_FLAME_H

#include "analyze/select.h"

/* @view: of the table stack_comms. Lines are COMM;OUTERMOST;…;INNERMOST FIGURE. */
int flame_fold(FILE *f, const struct view *view, bool by_switches, struct schedtrace_error *err);

/* What stands above a flame graph; both may be NULL. */
struct flame_heading {
	const char *title;   /* NULL: what it shows */
	const char *command; /* that was recorded */
};

/*
 * An SVG that needs no other file, and can be zoomed and searched where scripts run; it appears
 * when it is whole.
 */
int flame_draw(const char *path, const struct view *view, bool by_switches,
	       const struct flame_heading *heading, struct schedtrace_error *err);

#endif
