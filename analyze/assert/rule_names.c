/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that rules can use: measures, and every column of every table and log. */
#include "analyze/assert/assert_rules.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/select.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/options.h"

#define WAITS                                                                                      \
	{                                                                                          \
		"latency_log.latency_ns", "latency_open.latency_ns"                                \
	}

static const struct assert_measure measures[] = {
	{ "on_cpu", ASSERT_SUM, { "tasks.on_cpu_ns" } },
	{ "charged", ASSERT_SUM, { "tasks.charged_ns" } },
	{ "migrations", ASSERT_SUM, { "tasks.migrations" } },
	{ "cpu_changes", ASSERT_SUM, { "tasks.cpu_changes" } },
	{ "switches", ASSERT_SUM, { "cpus.switches" } },
	{ "switches_voluntary", ASSERT_SUM, { "tasks.switches_voluntary" } },
	{ "switches_involuntary", ASSERT_SUM, { "tasks.switches_involuntary" } },
	{ "busy", ASSERT_SUM, { "cpus.busy_ns" } },
	{ "idle", ASSERT_SUM, { "cpus.idle_ns" } },
	{ "wakeup_latency", -1, WAITS, "kind", "wakeup" },
	{ "waking_latency", -1, WAITS, "kind", "waking" },
	{ "preempt_latency", -1, WAITS, "kind", "preempt" },
	{ "fork_latency", -1, WAITS, "kind", "new" },
	{ "idle_while_waiting", ASSERT_SUM, { "work_conservation.wall_ns" } },
	{ "completion", ASSERT_MAX, { "completion.completion_ns" }, "what", "command" },
	{ "faults_minor", ASSERT_SUM, { "faults.minor" } },
	{ "faults_major", ASSERT_SUM, { "faults.major" } },
	{ "rss_peak", ASSERT_MAX, { "memory.rss_peak_bytes" } },
	{ "mapped_peak", ASSERT_MAX, { "memory.mapped_peak_bytes" } },
	{ "losses", ASSERT_SUM, { "losses.lost" } },
	{ "gaps", ASSERT_SUM, { "losses.gaps" } },
	{ "broken_chains", ASSERT_SUM, { "losses.broken_chains" } },
};

#define N_MEASURES (sizeof(measures) / sizeof(*measures))

const struct assert_measure *assert_measure_find(const char *name)
{
	for (size_t i = 0; i < N_MEASURES; i++)
		if (!strcmp(measures[i].name, name))
			return &measures[i];
	return NULL;
}

/* The table or log of this name; the next one on further calls with @at kept. */
static bool next_table(struct assert_source *out, size_t *at)
{
	const struct schedtrace_analysis_info *analysis;
	size_t i = *at;

	for (size_t a = 0; (analysis = schedtrace_analysis_at(a)); a++) {
		if (i < analysis->n_tables + analysis->n_logs) {
			out->analysis = analysis;
			out->is_log = i >= analysis->n_tables;
			out->table = out->is_log ? analysis->logs[i - analysis->n_tables]
						 : analysis->tables[i];
			++*at;
			return true;
		}
		i -= analysis->n_tables + analysis->n_logs;
	}
	return false;
}

static bool find_table(struct assert_source *out, const char *name, size_t n)
{
	for (size_t at = 0; next_table(out, &at);)
		if (!strncmp(out->table->name, name, n) && !out->table->name[n])
			return true;
	return false;
}

bool assert_source_find(struct assert_source *out, const char *name)
{
	size_t n = strcspn(name, ".");

	if (!find_table(out, name, n))
		return false;
	out->column = SIZE_MAX;
	if (name[n])
		out->column = select_column(out->table, name + n + 1, strlen(name + n + 1));
	return !name[n] || out->column != SIZE_MAX;
}

bool assert_below_zero(const struct assert_source *source)
{
	const char *column;

	if (source->column == SIZE_MAX)
		return false;
	column = source->table->columns[source->column]->name;
	return !strcmp(column, "change") || !strcmp(column, "size");
}

/* Of a name with a dot: the table or the column is wrong. */
static int column_unknown(const char *name, const char *where, struct schedtrace_error *err)
{
	size_t n = strcspn(name, "."), n_names = 0;
	auto_free char *table = strndup(name, n);
	const char *names[128], *near;
	struct assert_source source;

	if (!table)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a rule");
	if (!find_table(&source, name, n)) {
		for (size_t at = 0; n_names < 128 && next_table(&source, &at);)
			names[n_names++] = source.table->name;
		near = nearest_word(table, names, n_names);
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: no table or log %s%s%s; \"schedreport list\" names them all",
				 where, table, near ? "; did you mean " : "", near ? near : "");
	}
	for (; n_names < source.table->n_columns && n_names < 128; n_names++)
		names[n_names] = source.table->columns[n_names]->name;
	near = nearest_word(name + n + 1, names, n_names);
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "%s: %s has no column %s%s%s; \"schedreport list\" names them all", where,
			 table, name + n + 1, near ? "; did you mean " : "", near ? near : "");
}

int assert_name_unknown(const char *name, const char *where, struct schedtrace_error *err)
{
	const char *names[N_MEASURES], *near;
	struct assert_source source;
	char all[512] = "";

	if (strchr(name, '.'))
		return column_unknown(name, where, err);
	if (find_table(&source, name, strlen(name)))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: %s is a table; say which of its columns, such as %s.%s, or "
				 "count(%s)",
				 where, name, name,
				 source.table->columns[source.table->n_columns - 1]->name, name);
	for (size_t i = 0; i < N_MEASURES; i++) {
		names[i] = measures[i].name;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 names[i]);
	}
	near = nearest_word(name, names, N_MEASURES);
	if (near)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: no measure %s; did you mean %s?",
				 where, name, near);
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"%s: no measure %s; there are TABLE.COLUMN of \"schedreport list\", and %s", where,
		name, all);
}
