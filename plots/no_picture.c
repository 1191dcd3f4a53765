/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of picture.c where there is no cairo. */
#include "base/error.h"
#include "plots/picture.h"

int plot_check(const char *option, const char *path, struct schedtrace_error *err)
{
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"%s: this program was built without cairo and cannot draw; install libcairo2-dev "
		"and build it again",
		option);
}

int plot_draw(const char *path, FILE *f, struct plot_figure *figure, const struct plot_size *size,
	      struct schedtrace_error *err)
{
	return plot_check("picture", path, err);
}
