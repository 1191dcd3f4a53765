/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/wanted.h"

#include <string.h>

#include <schedtrace/analyses.h>

/* Whether a table of the analysis is shown where nobody names any. */
static bool is_default(const struct schedtrace_analysis_info *analysis)
{
	for (size_t t = 0; t < analysis->n_tables; t++)
		if (analysis->tables[t]->shown)
			return true;
	return false;
}

const char *wanted_default(size_t i)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t a = 0; (analysis = schedtrace_analysis_at(a)); a++)
		if (is_default(analysis) && !i--)
			return analysis->name;
	return NULL;
}

bool wanted_by_name(const struct report_settings *settings, const char *analysis)
{
	for (size_t i = 0; i < settings->n_analyses; i++)
		if (!strcmp(settings->analyses[i], analysis))
			return true;
	return false;
}

bool wanted_table(const struct report_settings *settings, const struct schedtrace_table_info *info)
{
	const char *name = info->name, *analysis = analysis_of_table(info);

	if (settings->tables)
		return select_names(settings->tables, name);
	if (!settings->n_analyses)
		return info->shown;
	/* The parts of stacks are for those who ask; by name of tasks there is another table. */
	if (analysis && !strcmp(analysis, "stacks"))
		return wanted_by_name(settings, analysis) &&
		       !strcmp(name,
			       settings->selection.filters.comms.n ? "stack_comms" : "stacks");
	return analysis && wanted_by_name(settings, analysis);
}

const struct schedtrace_table_info *wanted_next(const struct report_settings *settings, size_t *at)
{
	const struct schedtrace_analysis_info *analysis;
	size_t t = *at;

	for (size_t a = 0; (analysis = schedtrace_analysis_at(a)); t -= analysis->n_tables, a++)
		for (; t < analysis->n_tables; t++) {
			++*at;
			if (wanted_table(settings, analysis->tables[t]))
				return analysis->tables[t];
		}
	return NULL;
}

int wanted_check(const struct report_settings *settings, const struct schedtrace_table_info *info,
		 struct schedtrace_error *err)
{
	if (!settings->tables && !settings->n_analyses &&
	    info->shown == SCHEDTRACE_SHOWN_IF_MISSING)
		return 0;
	return filters_check(&settings->selection.filters, info, err);
}

int wanted_check_filters(const struct report_settings *settings, struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info;
	bool any = false;
	int r = 0;

	for (size_t at = 0; (info = wanted_next(settings, &at));) {
		if (!wanted_check(settings, info, NULL)) {
			any = true;
			continue;
		}
		r = wanted_check(settings, info, err);
		if (settings->tables)
			return r;
	}
	return any ? 0 : r;
}
