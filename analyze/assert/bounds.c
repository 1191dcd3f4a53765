/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/assert/bounds.h"

#include <ctype.h>
#include <string.h>

#include <schedtrace/events.h>

#include "analyze/select.h"
#include "libschedtrace/replay/recorded.h"

#define ROWS(array) (sizeof(array) / sizeof(*(array)))

/* Beside the columns NAME_hi_ns, which are found by their names. */
static const struct {
	const char *table, *column, *most;
	bool added;
} mosts[] = {
	{ "tasks", "wait_wakeup_ns", "wait_hi_ns" },
	{ "tasks", "wait_preempt_ns", "wait_hi_ns" },
	{ "tasks", "wait_new_ns", "wait_hi_ns" },
	{ "tasks", "wait_old_ns", "wait_hi_ns" },
	{ "cpus", "busy_ns", "unknown_ns", true },
	{ "cpus", "idle_ns", "unknown_ns", true },
	{ "utilization", "busy_ns", "unknown_ns", true },
	{ "utilization", "idle_ns", "unknown_ns", true },
	{ "work_conservation", "wall_ns", "unfollowed_ns", true },
};

struct assert_most assert_most_of(const struct assert_source *source)
{
	const struct schedtrace_table_info *table = source->table;
	const char *column;
	size_t n;

	if (source->column == SIZE_MAX)
		return (struct assert_most){ SIZE_MAX, false };
	column = table->columns[source->column].name;
	for (size_t i = 0; i < ROWS(mosts); i++)
		if (!strcmp(mosts[i].table, table->name) && !strcmp(mosts[i].column, column))
			return (struct assert_most){ select_column(table, mosts[i].most,
								   strlen(mosts[i].most)),
						     mosts[i].added };
	n = strlen(column);
	for (size_t c = 0; n > 3 && c < table->n_columns; c++) {
		const char *name = table->columns[c].name;

		if (!strncmp(name, column, n - 3) && !strcmp(name + n - 3, "_hi_ns"))
			return (struct assert_most){ c, false };
	}
	return (struct assert_most){ SIZE_MAX, false };
}

static bool is_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(*words, word))
			return true;
	return false;
}

static bool is_percentile(const char *column)
{
	return column[0] == 'p' && isdigit((unsigned char)column[1]);
}

/* Whether a missing switch, of which the kernel says nothing, leaves the column as it is. */
static bool stands_without_switches(const struct assert_source *source)
{
	static const char *const analyses[] = { "migrations", "memory", "faults", NULL };
	static const char *const columns[] = { "charged_ns", "migrations", "switches", NULL };
	const char *column = source->table->columns[source->column].name;

	if (is_in(source->analysis->name, analyses))
		return true;
	return !strcmp(source->table->name, "tasks") && is_in(column, columns);
}

/* What a move was for, and how far, is told by other records: without them it may be anything. */
static bool is_part_of_moves(const struct assert_source *source)
{
	const char *column = source->table->columns[source->column].name;

	return !strcmp(source->analysis->name, "migrations") && strcmp(column, "migrations");
}

/* Each record adds at most 1. */
static bool counts_records(const struct assert_source *source)
{
	static const char *const tables[] = { "tasks",	"migrations", "migration_matrix",
					      "memory", "faults",     NULL };
	static const char *const columns[] = {
		"migrations", "faults_user", "faults_kernel", "faults_major", "mmaps",
		"munmaps",    "mremaps",     "brks",	      "failed",	      NULL
	};

	return is_in(source->table->name, tables) &&
	       is_in(source->table->columns[source->column].name, columns);
}

enum assert_doubt assert_doubt_of(const struct assert_rule *rule,
				  const struct assert_doubts *doubts)
{
	const struct assert_source *source = &rule->sources[0];
	const struct schedtrace_column_info *column;

	if (!strcmp(source->analysis->name, "losses") || rule->function == ASSERT_COUNT)
		return ASSERT_SURE;
	if (!(doubts->lost > 0) && !doubts->missing_switches && !doubts->clock_set_back)
		return ASSERT_SURE;
	column = &source->table->columns[source->column];
	if (assert_most_of(source).column != SIZE_MAX || !*column->unit)
		return ASSERT_SURE;
	if (!(doubts->lost > 0) && stands_without_switches(source))
		return ASSERT_SURE;
	if (counts_records(source))
		return ASSERT_COUNTS_RECORDS;
	/* perf's rules book time to the wrong task where a switch is missing. */
	if (!strcmp(source->analysis->name, "timehist") || is_percentile(column->name) ||
	    is_part_of_moves(source) ||
	    (column->type == SCHEDTRACE_REAL && strcmp(column->name, "busy")))
		return ASSERT_UNBOUNDED;
	return ASSERT_AT_LEAST;
}

double assert_missing_rows(const struct assert_rule *rule, const struct assert_doubts *doubts)
{
	const struct assert_source *source = &rule->sources[0];

	if (!strcmp(source->analysis->name, "losses"))
		return 0;
	/* A record begins or ends at most one wait of a kind, one run, one request. */
	return source->is_log || rule->function == ASSERT_COUNT ? doubts->lost : 0;
}

const char *assert_lacks(const struct assert_rule *rule, const bool *seen, const char *recorded)
{
	/* By the name of the column or of the table. */
	static const struct {
		const char *name;
		int id;
		const char *sentence;
	} needs[] = {
#define NEED(name, id, event) { name, SCHEDTRACE_##id, event " was not recorded" }
		NEED("migrations", MIGRATE, "sched_migrate_task"),
		NEED("migration_matrix", MIGRATE, "sched_migrate_task"),
		NEED("migration_log", MIGRATE, "sched_migrate_task"),
		NEED("charged_ns", STAT_RUNTIME, "sched_stat_runtime"),
		NEED("wait_wakeup_ns", WAKEUP, "sched_wakeup"),
		NEED("wait_new_ns", WAKEUP_NEW, "sched_wakeup_new"),
		NEED("switches", CTX_SWITCH, "sched_switch"),
		NEED("switches_voluntary", CTX_SWITCH, "sched_switch"),
		NEED("switches_involuntary", CTX_SWITCH, "sched_switch"),
		NEED("on_cpu_ns", CTX_SWITCH, "sched_switch"),
		NEED("wall_ns", CTX_SWITCH, "sched_switch"),
		NEED("requests", MMAP, "sys_enter_mmap"),
#undef NEED
	};
	const struct assert_source *source = &rule->sources[0];
	const char *column =
		source->column == SIZE_MAX ? "" : source->table->columns[source->column].name;

	for (size_t i = 0; i < ROWS(needs); i++)
		if ((!strcmp(needs[i].name, column) ||
		     !strcmp(needs[i].name, source->table->name)) &&
		    !event_recorded(seen, recorded, needs[i].id))
			return needs[i].sentence;
	return NULL;
}
