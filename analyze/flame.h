/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call stacks as lines that flame graph tools read, and as a flame graph. */
#ifndef ANALYZE_FLAME_H
#define ANALYZE_FLAME_H

#include "select.h"

/* @view: of the table stack_comms. Lines are COMM;OUTERMOST;…;INNERMOST FIGURE. */
int flame_fold(FILE *f, const struct view *view, bool by_switches, struct schedtrace_error *err);

/* An SVG without scripts or other files; it appears when it is whole. @command may be NULL. */
int flame_draw(const char *path, const struct view *view, bool by_switches, const char *command,
	       struct schedtrace_error *err);

#endif
