/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/analysis_list.h"

#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/wrap.h"
#include "base/error.h"
#include "base/nearest.h"
#include "cli/options.h"

static void list_table(FILE *f, const char *what, const struct schedtrace_table_info *info,
		       size_t width)
{
	size_t name_width = 0, unit_width = 0, at;

	at = (size_t)fprintf(f, "  %s %s:", what, info->name);
	wrap_text(f, info->about, at, 4, width);
	for (size_t i = 0; i < info->n_columns; i++) {
		size_t name = strlen(info->columns[i]->name), unit = strlen(info->columns[i]->unit);

		name_width = name > name_width ? name : name_width;
		unit_width = unit > unit_width ? unit : unit_width;
	}
	for (size_t i = 0; i < info->n_columns; i++) {
		size_t indent = 4 + name_width + 2 + unit_width + 2;

		fprintf(f, "    %-*s  %-*s  ", (int)name_width, info->columns[i]->name,
			(int)unit_width, info->columns[i]->unit);
		wrap_text(f, info->columns[i]->about, indent, indent, width);
	}
}

/* Those that are set by --set; the others have options of their own. */
static void list_parameters(FILE *f, const char *analysis, size_t width)
{
	const struct schedtrace_parameter_info *p;

	for (size_t i = 0; (p = schedtrace_parameter_at(i)); i++) {
		size_t at;

		if (!p->analysis || strcmp(p->analysis, analysis) != 0)
			continue;
		at = (size_t)fprintf(f, "  parameter %s=%s:", p->name, p->usual);
		wrap_text(f, p->about, at, 4, width);
	}
}

static void list_analysis(FILE *f, const struct schedtrace_analysis_info *analysis, size_t width)
{
	size_t at = (size_t)fprintf(f, "%s:", analysis->name);

	wrap_text(f, analysis->summary, at, 2, width);
	at = (size_t)fprintf(f, "  needs");
	for (const char *const *need = analysis->needs; need && *need; need++) {
		if (width && at + 1 + strlen(*need) > width)
			at = (size_t)fprintf(f, "\n       ") - 1;
		at += (size_t)fprintf(f, " %s", *need);
	}
	fputc('\n', f);
	list_parameters(f, analysis->name, width);
	for (size_t i = 0; i < analysis->n_tables; i++)
		list_table(f, "table", analysis->tables[i], width);
	for (size_t i = 0; i < analysis->n_logs; i++)
		list_table(f, "log", analysis->logs[i], width);
}

int list_find(const struct schedtrace_analysis_info **out, const char *name,
	      struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;
	const char *names[64], *near;
	char all[512] = "";
	size_t n = 0;

	*out = schedtrace_analysis_find(name);
	if (*out)
		return 0;
	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)) && n < 64; i++) {
		names[n++] = analysis->name;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 analysis->name);
	}
	near = nearest_word(name, names, n);
	if (near)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no analysis %s; did you mean %s? There are %s", name, near, all);
	return error_set(err, SCHEDTRACE_E_USAGE, "no analysis %s; there are %s", name, all);
}

int list_analyses(FILE *f, char *const *names, size_t n, size_t width, struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;
	int r;

	for (size_t i = 0; i < n; i++) {
		r = list_find(&analysis, names[i], err);
		if (r)
			return r;
	}
	for (size_t i = 0; n ? i < n : schedtrace_analysis_at(i) != NULL; i++) {
		analysis = n ? schedtrace_analysis_find(names[i]) : schedtrace_analysis_at(i);
		if (i)
			fputc('\n', f);
		list_analysis(f, analysis, width);
	}
	return 0;
}
