/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands above every report: which recording this is, and what it is known to lack. */
#ifndef ANALYZE_SUMMARY_H
#define ANALYZE_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include <schedtrace/context.h>
#include <schedtrace/tables.h>

/* Gathered while rows are read. */
struct summary {
	uint64_t rows;
	int64_t first_ns,
		last_ns; /* stamps of the first and the last row; undefined without rows */
	bool seen[SCHEDTRACE_EVENT_COUNT]; /* events of which there is a row */
};

void summary_add(struct summary *summary, const struct schedtrace_events *events);

/* Begin of the recording, where seconds are counted from; INT64_MIN: nothing is known. */
int64_t summary_begin(const struct summary *summary, const struct schedtrace_context *ctx);

/* From the begin of the recording to its end; INT64_MIN unknown. */
int64_t summary_time(const struct summary *summary, const struct schedtrace_context *ctx);

/* What the table "losses" counts. */
struct summary_missing {
	int64_t lost, gaps; /* records */
	int64_t switches;   /* that were not recorded: as many as there are RUNS rows for it */
	int64_t runs;	    /* from a wakeup to the next, with both switches missing */
	int64_t clock_steps; /* times that the clock was set back */
};
struct summary_missing summary_count_missing(const struct schedtrace_table *losses);

/* Whether the table "losses" counts anything. */
bool summary_anything_missing(const struct schedtrace_table *losses);

/*
 * One sentence on what is missing, or NULL when nothing is: lost records, missing switches, an
 * unfinished recording. @tables: those of a run with the losses analysis.
 */
char *summary_losses(const struct schedtrace_context *ctx, const struct schedtrace_tables *tables);

/* The lines above a report in text: command, duration, rows, CPUs, kernel; what is missing. */
void summary_print(FILE *f, const struct summary *summary, const struct schedtrace_context *ctx,
		   const struct schedtrace_tables *tables, size_t width);

#endif
