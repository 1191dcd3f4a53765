/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/assert/bounds.h"

#include <schedtrace/events.h>

#include "libschedtrace/replay/recorded.h"

struct assert_most assert_most_of(const struct assert_source *source)
{
	const struct schedtrace_table_info *table = source->table;
	const struct schedtrace_column_info *column;

	if (source->column == SIZE_MAX || !table->columns[source->column]->most)
		return (struct assert_most){ SIZE_MAX, false };
	column = table->columns[source->column];
	return (struct assert_most){ schedtrace_column_index(table, column->most), column->adds };
}

static enum schedtrace_doubt doubt_of(const struct assert_source *source)
{
	const struct schedtrace_table_info *table = source->table;
	enum schedtrace_doubt doubt = 0;

	if (source->column != SIZE_MAX)
		doubt = table->columns[source->column]->doubt;
	if (!doubt)
		doubt = table->doubt;
	return doubt ? doubt : SCHEDTRACE_DOUBT_LOW;
}

/* Whether a missing switch, of which the kernel says nothing, leaves the column as it is. */
static bool stands_without_switches(const struct assert_source *source)
{
	return source->table->unswitched || source->table->columns[source->column]->unswitched;
}

enum assert_doubt assert_doubt_of(const struct assert_rule *rule,
				  const struct assert_doubts *doubts)
{
	const struct assert_source *source = &rule->sources[0];

	if (rule->function == ASSERT_COUNT)
		return ASSERT_SURE;
	if (!(doubts->lost > 0) && !doubts->missing_switches && !doubts->clock_set_back)
		return ASSERT_SURE;
	if (assert_most_of(source).column != SIZE_MAX ||
	    !*source->table->columns[source->column]->unit)
		return ASSERT_SURE;
	if (!(doubts->lost > 0) && stands_without_switches(source))
		return ASSERT_SURE;
	switch (doubt_of(source)) {
	case SCHEDTRACE_DOUBT_NONE:
		return ASSERT_SURE;
	case SCHEDTRACE_DOUBT_COUNTED:
		return ASSERT_COUNTS_RECORDS;
	case SCHEDTRACE_DOUBT_ANY:
		return ASSERT_UNBOUNDED;
	default:
		return ASSERT_AT_LEAST;
	}
}

double assert_missing_rows(const struct assert_rule *rule, const struct assert_doubts *doubts)
{
	const struct assert_source *source = &rule->sources[0];

	if (doubt_of(source) == SCHEDTRACE_DOUBT_NONE)
		return 0;
	/* A record begins or ends at most one wait of a kind, one run, one request. */
	return source->is_log || rule->function == ASSERT_COUNT ? doubts->lost : 0;
}

const char *assert_lacks(const struct assert_rule *rule, const bool *seen, const char *recorded)
{
	const struct assert_source *source = &rule->sources[0];
	const char *needs = NULL;
	int id;

	if (source->column != SIZE_MAX)
		needs = source->table->columns[source->column]->needs;
	if (!needs)
		needs = source->table->needs;
	id = needs ? event_by_name(needs) : -1;
	return id < 0 || event_recorded(seen, recorded, id) ? NULL : event_missing(id);
}
