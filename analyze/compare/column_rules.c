/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/column_rules.h"

#include <string.h>

#include "analyze/layout.h"

static const struct table_rule rules[] = {
	{ "tasks", "comm", "charged_ns,wait_wakeup_ns,wait_preempt_ns,migrations", "", true },
	{ "cpus", "cpu", "busy,rq_mean,switches", "", true },
	{ "cpu_tasks", "cpu,comm", "on_cpu_ns", NULL },
	{ "migrations", "comm", "migrations,wake,balance", "", true },
	{ "migration_matrix", "from,to", "migrations", NULL, true },
	{ "latency", "comm,kind", "mean_ns,max_ns,count", NULL },
	{ "latency_kinds", "kind,placement", "p50_ns,p99_ns,max_ns", "kind=wakeup,placement=all",
	  true, false, "wakeups" },
	{ "latency_comms", "comm,kind", "p99_ns,count", NULL, true },
	{ "latency_worst" },
	{ "latency_open" },
	{ "latency_histogram", "from_ns,below_ns", "wakeup,preempt", NULL, true, true },
	{ "timehist", "comm", "run_ns,delay_ns", "", true },
	{ "map", "comm", "switches_in", "", true },
	{ "states", "state", "certain_ns,p99_ns", NULL, true },
	{ "utilization", "", "busy,busy_ns,idle_ns,unknown_ns", "" },
	{ "completion", "what", "completion_ns,on_cpu_ns,cpus", "what=command_tree", true },
	{ "utilization_tasks", "comm", "completion_ns,on_cpu_ns", NULL, true },
	{ "utilization_intervals" },
	{ "runqueue", "cpu", "length_mean,above_1", "", true },
	{ "work_conservation", "", "wall_ns,wall,episodes,utilisation", "" },
	{ "runqueue_lengths", "cpu,length", "share", NULL },
	{ "waits", "comm", "wait_wakeup_ns,wait_preempt_ns,blocked_ns", "", true },
	{ "wait_reasons", "comm", "wait_ns,behind_tasks_ns,other_idle_ns", "", true },
	{ "antagonists", "comm,by", "ran_ns", NULL },
	{ "memory", "comm", "rss_peak_bytes,mapped_peak_bytes,faults_user", NULL, true },
	{ "memory_biggest" },
	{ "memory_system", "", "mapped_bytes,rss_bytes,faults_user,faults_kernel,faults_major",
	  "" },
	{ "faults", "comm", "minor,major,cpu_use", "", true },
	{ "faults_sum", "source", "minor,major,utilization,elapsed_ns", "" },
	{ "faults_total", "jiffies", "minor,major", NULL },
	{ "stacks", "frames", "on_cpu_ns,switches", "", true },
	{ "stacks_kernel", "frames", "on_cpu_ns,switches", NULL },
	{ "stacks_user", "frames", "on_cpu_ns,switches", NULL },
	{ "stack_comms", "comm,frames", "on_cpu_ns,switches", NULL },
	{ "losses", "cpu", "lost,gaps,broken_chains", "", true },
};

#define OF_CPUS "busy_ns+idle_ns+unknown_ns"

/* Where the column's name and unit do not say it. */
static const struct {
	const char *table, *column;
	enum column_merge merge;
	const char *weight;
} exceptions[] = {
	{ "tasks", "cpus", MERGE_MAX, NULL },
	{ "cpus", "busy", MERGE_MEAN, OF_CPUS },
	{ "cpus", "rq_mean", MERGE_MEAN, "rq_known" },
	{ "cpus", "rq_known", MERGE_MEAN, OF_CPUS },
	{ "cpus", "freq_khz", MERGE_MEAN, NULL },
	{ "latency", "mean_ns", MERGE_MEAN, "count" },
	{ "latency_kinds", "mean_ns", MERGE_MEAN, "count" },
	{ "latency_comms", "mean_ns", MERGE_MEAN, "count" },
	{ "states", "mean_ns", MERGE_MEAN, "stretches" },
	{ "timehist", "run_avg_ns", MERGE_MEAN, "sched_in" },
	{ "timehist", "stddev", MERGE_ONE, NULL },
	{ "utilization", "busy", MERGE_MEAN, OF_CPUS },
	{ "completion", "cpus", MERGE_ONE, NULL },
	{ "utilization_tasks", "completion_ns", MERGE_MEAN, NULL },
	{ "utilization_tasks", "busy", MERGE_MEAN, NULL },
	/* Counts up to a moment: a recording without a row for it does not have 0. */
	{ "faults_total", "minor", MERGE_MAX, NULL },
	{ "faults_total", "major", MERGE_MAX, NULL },
	{ "faults_total", "processes", MERGE_MAX, NULL },
	{ "faults_total", "jiffies", MERGE_NONE, NULL },
	{ "runqueue", "length_mean", MERGE_MEAN, "known_ns" },
	{ "runqueue", "empty", MERGE_MEAN, "known_ns" },
	{ "runqueue", "above_1", MERGE_MEAN, "known_ns" },
	{ "work_conservation", "cpus", MERGE_ONE, NULL },
	{ "stacks", "rank", MERGE_NONE, NULL },
	{ "stacks_kernel", "rank", MERGE_NONE, NULL },
	{ "stacks_user", "rank", MERGE_NONE, NULL },
};

static size_t column_of(const struct schedtrace_table_info *info, const char *name)
{
	for (size_t i = 0; i < info->n_columns; i++)
		if (!strcmp(info->columns[i].name, name))
			return i;
	return SIZE_MAX;
}

/* For a table that has no rule here. */
static struct table_rule rule_by_names(const struct schedtrace_table_info *info)
{
	struct table_rule rule = { .table = info->name, .key = "", .totals = "" };

	if (column_of(info, "comm") != SIZE_MAX)
		rule.key = "comm";
	else if (column_of(info, "cpu") != SIZE_MAX)
		rule.key = "cpu";
	for (size_t i = 0; i < info->n_columns && !*rule.key; i++)
		if (info->columns[i].type == SCHEDTRACE_TEXT)
			rule.key = info->columns[i].name;
	rule.usual = *rule.key;
	return rule;
}

struct table_rule table_rule_of(const struct schedtrace_table_info *info)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (!strcmp(rules[i].table, info->name))
			return rules[i];
	return rule_by_names(info);
}

/* Whether one of the words of @name, which stand between underscores, is @word. */
static bool has_word(const char *name, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = name; (at = strstr(at, word)); at += n)
		if ((at == name || at[-1] == '_') && (!at[n] || at[n] == '_'))
			return true;
	return false;
}

enum column_merge merge_of(const struct schedtrace_table_info *info, size_t column,
			   const char **weight)
{
	const struct schedtrace_column_info *c = &info->columns[column];

	*weight = NULL;
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++) {
		if (!strcmp(exceptions[i].table, info->name) &&
		    !strcmp(exceptions[i].column, c->name)) {
			*weight = exceptions[i].weight;
			return exceptions[i].merge;
		}
	}
	if (c->type == SCHEDTRACE_TEXT || !*c->unit || column_is_stamp(c) ||
	    has_word(c->name, "frames"))
		return MERGE_NONE;
	if (has_word(c->name, "max") || has_word(c->name, "peak"))
		return MERGE_MAX;
	if (has_word(c->name, "min"))
		return MERGE_MIN;
	if (has_word(c->name, "share"))
		return MERGE_SUM; /* parts of one whole */
	if (!strcmp(c->unit, "%") || has_word(c->name, "mean") || has_word(c->name, "avg") ||
	    (c->name[0] == 'p' && c->name[1] >= '0' && c->name[1] <= '9'))
		return MERGE_ONE;
	return MERGE_SUM;
}
