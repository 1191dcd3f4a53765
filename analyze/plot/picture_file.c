/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/plot/picture_file.h"

#include "cli/results.h"

int picture_file_write(const char *path, struct plot_figure *figure, const struct plot_size *size,
		       struct schedtrace_error *err)
{
	struct results file;
	int r = results_open(&file, path, err);

	if (r < 0)
		return r;
	r = plot_draw(path, file.f, figure, size, err);
	if (r == 0)
		r = results_finish(&file, err);
	results_close(&file);
	return r;
}
