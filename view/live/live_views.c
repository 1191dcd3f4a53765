/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/select.h"
#include "base/error.h"
#include "base/mem.h"
#include "view/page/table_frame.h"

/* Rows that go to a browser at once: more than anybody reads, and little to send. */
#define MOST_ROWS 400

static const struct live_view views[] = {
	{ "tasks",
	  "tasks",
	  { { "tasks", false,
	      "pid,tgid,ppid,comm,start_ns,end_ns,charged_ns,on_cpu_ns,on_cpu_hi_ns,"
	      "switches_voluntary,switches_involuntary,wait_wakeup_ns,wait_preempt_ns,wait_new_ns,"
	      "blocked_ns,lasting_ns,lasts,migrations,priority",
	      MOST_ROWS },
	    { "activity", false,
	      "pid,user,usr,system,guest,cpu,minflt,majflt,rss_bytes,wakeup_p99_ns",
	      MOST_ROWS } } },
	{ "migrations",
	  "migrations",
	  { { "migrations", false, NULL, MOST_ROWS }, { "migration_matrix", false, NULL, 0 } } },
	{ "memory",
	  "memory",
	  { { "memory", true,
	      "pid,comm,net_floor_bytes,share_held,rss_bytes,requested_bytes,mapped_bytes,"
	      "mapped_peak_bytes,rss_peak_bytes,faults_user,faults_kernel,faults_major,mmaps,"
	      "munmaps,mremaps,brks,failed",
	      MOST_ROWS },
	    { "memory_biggest", true, NULL, 0 },
	    { "memory_system", true, NULL, 0 } } },
	{ "faults",
	  "faults",
	  { { "faults", true, NULL, MOST_ROWS }, { "faults_sum", true, NULL, 0 } } },
	{ "stacks",
	  "stacks",
	  { { "stacks", true,
	      "rank,hash,on_cpu_ns,on_cpu_ticks,switches,voluntary,share,comms,n_frames,"
	      "kernel_frames,frames",
	      200 } } },
	{ "cpus",
	  "cpus,runqueue",
	  { { "cpus", false, NULL, 0 },
	    { "runqueue", false, NULL, 0 },
	    { "work_conservation", false, NULL, 0 },
	    { "cpu_tasks", false, NULL, MOST_ROWS } } },
};

const struct live_view *live_view_at(size_t i)
{
	return i < sizeof(views) / sizeof(*views) ? &views[i] : NULL;
}

const struct live_view *live_view_find(const char *name)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		if (!strcmp(views[i].name, name))
			return &views[i];
	return NULL;
}

/* Sums of what adds up, over all rows: a browser that gets some tells the rest by them. */
static json_t *totals(const struct view *view)
{
	json_t *sums = json_object();

	for (size_t c = 0; c < view->n_columns; c++) {
		const struct schedtrace_column_info *info = view->info->columns[view->columns[c]];
		int64_t sum = 0;

		if (info->type != SCHEDTRACE_INT || info->merge != SCHEDTRACE_MERGE_SUM ||
		    info->kind == SCHEDTRACE_KIND_ID || info->kind == SCHEDTRACE_KIND_STAMP)
			continue;
		for (size_t r = 0; r < schedtrace_table_rows(view->table); r++) {
			int64_t v = schedtrace_table_value(view->table, r, view->columns[c]).i;

			if (v != INT64_MIN && __builtin_add_overflow(sum, v, &sum))
				sum = INT64_MAX;
		}
		json_object_set_new(sums, info->name, json_integer(sum));
	}
	return sums;
}

static int put_table(FILE *f, json_t *frames, size_t *at, const struct live_view_table *described,
		     const struct schedtrace_table *table, struct schedtrace_error *err)
{
	const struct selection selection = { .columns = described->columns, .top = described->top };
	struct view view = { 0 };
	const char *analysis;
	auto_free char *bytes = NULL;
	size_t n = 0;
	int r = views_make(&view, &table, 1, &selection, described->top > 0, err);

	if (r < 0)
		return r;
	analysis = analysis_of_table(view.info);
	r = table_frame_make(&view, analysis ? analysis : "live",
			     json_pack("{s:o, s:I}", "totals", totals(&view), "all_rows",
				       (json_int_t)schedtrace_table_rows(table)),
			     &bytes, &n, err);
	view_release(&view);
	if (r < 0)
		return r;
	fwrite(bytes, 1, n, f);
	json_array_append_new(
		frames, json_pack("{s:I, s:I}", "at", (json_int_t)*at, "bytes", (json_int_t)n));
	*at += n;
	while (*at % 8) {
		fputc(0, f);
		++*at;
	}
	return 0;
}

static int put_tables(FILE *f, const struct live_view *view,
		      const struct schedtrace_tables *between,
		      const struct schedtrace_tables *whole, const struct schedtrace_tables *own,
		      json_t *frames, struct schedtrace_error *err)
{
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < LIVE_VIEW_TABLES && view->tables[i].name && r == 0; i++) {
		const struct live_view_table *t = &view->tables[i];
		const struct schedtrace_tables *tables = t->whole ? whole : between;
		const struct schedtrace_table *table =
			tables ? schedtrace_tables_find(tables, t->name) : NULL;

		if (!table)
			table = schedtrace_tables_find(own, t->name);
		if (table)
			r = put_table(f, frames, &at, t, table, err);
	}
	return r;
}

static int join(json_t *head, const char *frames, size_t n_frames, char **bytes, size_t *n,
		struct schedtrace_error *err)
{
	auto_free char *text = json_dumps(head, JSON_ENSURE_ASCII | JSON_COMPACT);
	uint32_t length = text ? (uint32_t)((strlen(text) + 7) / 8 * 8) : 0;

	*n = 8 + length + n_frames;
	*bytes = text ? malloc(*n) : NULL;
	if (!*bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a message");
	memcpy(*bytes, "STL1", 4);
	memcpy(*bytes + 4, &length, 4);
	memset(*bytes + 8, ' ', length);
	memcpy(*bytes + 8, text, strlen(text));
	if (n_frames)
		memcpy(*bytes + 8 + length, frames, n_frames);
	return 0;
}

int live_view_message(const struct live_view *view, const struct schedtrace_tables *between,
		      const struct schedtrace_tables *whole, const struct schedtrace_tables *own,
		      json_t *head, char **bytes, size_t *n, struct schedtrace_error *err)
{
	json_t *list = json_array();
	auto_free char *frames = NULL;
	size_t n_frames = 0;
	FILE *f = open_memstream(&frames, &n_frames);
	int r = f && head ? put_tables(f, view, between, whole, own, list, err)
			  : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a message");

	if (f && fclose(f) != 0 && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a message");
	json_object_set_new(head, "frames", list);
	if (r == 0)
		r = join(head, frames, n_frames, bytes, n, err);
	json_decref(head);
	return r;
}
