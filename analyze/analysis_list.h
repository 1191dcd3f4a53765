/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport list: what every analysis answers, and the meaning of every column. */
#ifndef ANALYZE_ANALYSIS_LIST_H
#define ANALYZE_ANALYSIS_LIST_H

#include <stdio.h>

#include <schedtrace/error.h>

/* The named analyses, or all where @n is 0. */
int list_analyses(FILE *f, char *const *names, size_t n, size_t width,
		  struct schedtrace_error *err);

/* An analysis of that name, or an error that names the nearest and all there are. */
struct schedtrace_analysis_info;
int list_find(const struct schedtrace_analysis_info **out, const char *name,
	      struct schedtrace_error *err);

#endif
