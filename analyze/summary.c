/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/wrap.h"
#include "base/checked.h"
#include "base/escape.h"
#include "base/mem.h"
#include "input/window.h"

void summary_add(struct summary *summary, const struct schedtrace_events *events)
{
	if (!events->n)
		return;
	if (!summary->rows)
		summary->first_ns = events->timestamp[0];
	summary->last_ns = events->timestamp[events->n - 1];
	summary->rows += events->n;
	for (size_t i = 0; i < events->n; i++) {
		uint32_t id = (uint32_t)events->event[i];

		if (id < SCHEDTRACE_EVENT_COUNT)
			summary->seen[id] = true;
	}
}

int64_t summary_begin(const struct summary *summary, const struct schedtrace_context *ctx)
{
	return window_origin(ctx, summary->rows ? summary->first_ns : INT64_MIN);
}

int64_t summary_time(const struct summary *summary, const struct schedtrace_context *ctx)
{
	int64_t begin = summary_begin(summary, ctx), end = schedtrace_context_info(ctx)->end_ns, ns;

	if (summary->rows && (end == INT64_MIN || summary->last_ns > end))
		end = summary->last_ns;
	if (begin == INT64_MIN || end < begin || !checked_sub(end, begin, &ns))
		return INT64_MIN;
	return ns;
}

/* Cut to @width, if that is not 0. */
static void print_visible(FILE *f, const char *before, const char *bytes, size_t width)
{
	auto_free char *text = bytes ? escape_visible(bytes) : NULL;

	if (!text)
		return;
	if (width && escape_width(text) > width)
		fprintf(f, "%s%.*s…", before, (int)escape_fit(text, width - 1), text);
	else
		fprintf(f, "%s%s", before, text);
}

/* 1234567 as "1,234,567". */
static void print_grouped(FILE *f, uint64_t v)
{
	if (v >= 1000) {
		print_grouped(f, v / 1000);
		fprintf(f, ",%03u", (unsigned int)(v % 1000));
	} else {
		fprintf(f, "%u", (unsigned int)v);
	}
}

/* Sum of a count over all CPUs; unknown ones add nothing. */
static int64_t sum(const struct schedtrace_table *table, const char *column)
{
	const int64_t *values = schedtrace_table_ints(table, column);
	int64_t total = 0;

	for (size_t i = 0; values && i < schedtrace_table_rows(table); i++)
		if (values[i] > 0 && !checked_add(total, values[i], &total))
			return INT64_MAX;
	return total;
}

/* The largest count of any CPU. */
static int64_t most(const struct schedtrace_table *table, const char *column)
{
	const int64_t *values = schedtrace_table_ints(table, column);
	int64_t largest = 0;

	for (size_t i = 0; values && i < schedtrace_table_rows(table); i++)
		if (values[i] > largest)
			largest = values[i];
	return largest;
}

struct summary_missing summary_count_missing(const struct schedtrace_table *losses)
{
	int64_t lost = sum(losses, "lost"), in_gaps = sum(losses, "gap_records");

	return (struct summary_missing){
		.lost = lost > in_gaps ? lost : in_gaps,
		.gaps = sum(losses, "gaps"),
		.switches = sum(losses, "broken_chains"),
		.runs = sum(losses, "missed_runs"),
		.clock_steps = most(losses, "clock_steps"),
	};
}

bool summary_anything_missing(const struct schedtrace_table *losses)
{
	struct summary_missing missing = summary_count_missing(losses);

	return missing.lost || missing.gaps || missing.switches || missing.runs ||
	       missing.clock_steps;
}

/* ", 12 THINGS" or nothing. */
static void add_count(char *text, size_t size, int64_t n, const char *one, const char *many)
{
	size_t used = strlen(text);

	if (n)
		snprintf(text + used, size - used, "%s%" PRId64 " %s", used ? ", " : "", n,
			 n == 1 ? one : many);
}

char *summary_losses(const struct schedtrace_context *ctx, const struct schedtrace_tables *tables)
{
	const struct schedtrace_table *losses = schedtrace_tables_find(tables, "losses");
	const char *incomplete = schedtrace_context_info(ctx)->incomplete;
	auto_free char *visible = incomplete ? escape_visible(incomplete) : NULL;
	char counts[256] = "", clock[64] = "", *text;

	if (losses) {
		struct summary_missing missing = summary_count_missing(losses);

		add_count(counts, sizeof(counts), missing.lost, "lost record", "lost records");
		add_count(counts, sizeof(counts), missing.gaps, "gap", "gaps");
		add_count(counts, sizeof(counts), missing.switches, "switch that was not recorded",
			  "switches that were not recorded");
		add_count(counts, sizeof(counts), missing.runs, "run that was not recorded",
			  "runs that were not recorded");
		add_count(clock, sizeof(clock), missing.clock_steps, "time", "times");
	}
	if (!*counts && !*clock && !visible)
		return NULL;
	if (asprintf(&text, "%s%s%s%s%s%s%s%s%s", visible ? "the recording is incomplete (" : "",
		     visible ? visible : "", visible ? ")" : "", visible && *counts ? "; " : "",
		     *counts ? "missing: " : "", counts, *clock && (visible || *counts) ? "; " : "",
		     *clock ? "the clock was set back " : "", clock) < 0)
		return NULL;
	return text;
}

void summary_print(FILE *f, const struct summary *summary, const struct schedtrace_context *ctx,
		   const struct schedtrace_tables *tables, size_t width)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	auto_free char *losses = summary_losses(ctx, tables);
	auto_free char *line = NULL;
	int64_t ns = summary_time(summary, ctx);
	size_t n_cpus;

	schedtrace_context_cpus(ctx, &n_cpus);
	if (info->cpus)
		n_cpus = (size_t)info->cpus;
	if (info->command) {
		print_visible(f, "", info->command, width);
		fputc('\n', f);
	}
	if (ns != INT64_MIN)
		fprintf(f, "%.3f s, ", (double)ns / 1e9);
	print_grouped(f, summary->rows);
	fprintf(f, " rows");
	if (n_cpus)
		fprintf(f, ", %zu CPU%s", n_cpus, n_cpus == 1 ? "" : "s");
	print_visible(f, ", host ", info->host, 0);
	print_visible(f, ", Linux ", info->release, 0);
	print_visible(f, " ", info->machine, 0);
	fputc('\n', f);
	if (losses && asprintf(&line, "%s; see \"schedreport losses\"", losses) >= 0)
		wrap_text(f, line, 0, 2, width);
}
