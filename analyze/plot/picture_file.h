/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture as a file that appears when it is whole. */
#ifndef ANALYZE_PLOT_PICTURE_FILE_H
#define ANALYZE_PLOT_PICTURE_FILE_H

#include "plots/picture.h"

int picture_file_write(const char *path, struct plot_figure *figure, const struct plot_size *size,
		       struct schedtrace_error *err);

#endif
