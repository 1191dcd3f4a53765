/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/print.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "view/live/live_activity.h"
#include "view/live/live_prometheus.h"
#include "view/live/live_system.h"
#include "view/requests/request_feed.h"

#define USUAL		"system,activity,cpus"
#define USUAL_OF_CHOSEN "activity"
#define USUAL_OF_PAGE	"tasks,cpus,migrations,memory,faults,stacks"

static int add_analysis(struct live_tables *t, const char *name, struct schedtrace_error *err)
{
	for (size_t i = 0; i < t->n_analyses; i++)
		if (!strcmp(t->analyses[i], name))
			return 0;
	if (t->n_analyses == LIVE_MOST_TABLES)
		return error_set(err, SCHEDTRACE_E_LIMIT, "--table: more than %d analyses",
				 LIVE_MOST_TABLES);
	t->analyses[t->n_analyses++] = name;
	return 0;
}

bool live_tables_have(const struct live_tables *t, const struct schedtrace_table_info *info)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->infos[i] == info)
			return true;
	return false;
}

static int add_info(struct live_tables *t, const struct schedtrace_table_info *info,
		    struct schedtrace_error *err)
{
	if (live_tables_have(t, info))
		return 0;
	if (t->n == LIVE_MOST_TABLES)
		return error_set(err, SCHEDTRACE_E_LIMIT, "--table: more than %d tables",
				 LIVE_MOST_TABLES);
	t->infos[t->n++] = info;
	return live_chosen_check(&t->chosen, info, err);
}

static int unknown(const char *name, struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;
	const char *names[256] = { live_activity_info.name, live_system_info.name }, *near;
	size_t n = 2;

	for (size_t a = 0; (analysis = schedtrace_analysis_at(a)); a++) {
		for (size_t i = 0; i < analysis->n_tables && n < 256; i++)
			names[n++] = analysis->tables[i]->name;
		for (size_t i = 0; i < analysis->n_logs && n < 256; i++)
			names[n++] = analysis->logs[i]->name;
	}
	near = nearest_word(name, names, n);
	return near ? error_set(err, SCHEDTRACE_E_USAGE, "--table: no table %s; did you mean %s?",
				name, near)
		    : error_set(err, SCHEDTRACE_E_USAGE,
				"--table: no table %s; \"schedreport list\" names them all", name);
}

/* One that no analysis gives. */
static int add_own(struct live_tables *t, const char *name, bool *found,
		   struct schedtrace_error *err)
{
	int r = 0;

	if (!strcmp(name, live_system_info.name)) {
		*found = true;
		return add_info(t, &live_system_info, err);
	}
	if (strcmp(name, live_activity_info.name) != 0)
		return 0;
	*found = true;
	for (size_t i = 0; r == 0 && live_activity_analyses[i]; i++)
		r = add_analysis(t, live_activity_analyses[i], err);
	return r < 0 ? r : add_info(t, &live_activity_info, err);
}

static int add_of(struct live_tables *t, const struct schedtrace_analysis_info *analysis,
		  const char *name, bool *found, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < analysis->n_tables + analysis->n_logs; i++) {
		bool is_log = i >= analysis->n_tables;
		const struct schedtrace_table_info *info =
			is_log ? analysis->logs[i - analysis->n_tables] : analysis->tables[i];
		bool of_analysis = !is_log && !strcmp(analysis->name, name) &&
				   info->shown != SCHEDTRACE_SHOWN_NAMED;

		if (!of_analysis && strcmp(info->name, name) != 0)
			continue;
		*found = true;
		r = add_analysis(t, analysis->name, err);
		if (r == 0)
			r = add_info(t, info, err);
	}
	return r;
}

/* A table or log by its name, or tables of an analysis that are shown where nobody names any. */
static int add_named(struct live_tables *t, const char *name, struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;
	bool found = false;
	int r = add_own(t, name, &found, err);

	for (size_t a = 0; r == 0 && (analysis = schedtrace_analysis_at(a)); a++)
		r = add_of(t, analysis, name, &found, err);
	return r < 0 || found ? r : unknown(name, err);
}

/* Requests that go into a database come from the log of an analysis. */
static void add_requests(struct live_tables *t)
{
	const char *db = t->options->db;
	bool shown = false;

	for (size_t i = 0; i < t->n_analyses; i++)
		shown |= strcmp(t->analyses[i], REQUEST_ANALYSIS) == 0;
	t->stores_requests = db ? strcmp(db, "none") != 0 : shown;
	if (t->stores_requests && !shown)
		t->analyses[t->n_analyses++] = REQUEST_ANALYSIS;
}

int live_tables_choose(struct live_tables *out, const struct live_options *options,
		       struct schedtrace_error *err)
{
	bool chosen = options->pids || options->cgroup || options->filter || options->tty;
	const char *usual = options->page ? USUAL_OF_PAGE : chosen ? USUAL_OF_CHOSEN : USUAL;
	auto_free char *names = strdup(options->tables ? options->tables : usual);
	char *rest = names, *name;
	int r = names ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names of tables");

	*out = (struct live_tables){ .options = options };
	if (r == 0)
		r = live_chosen_open(&out->chosen, options, err);
	while (r == 0 && (name = strsep(&rest, ",")))
		r = add_named(out, name, err);
	if (r == 0 && options->tty)
		r = add_analysis(out, "losses", err);
	add_requests(out);
	return r;
}

void live_tables_release(struct live_tables *t)
{
	live_chosen_close(&t->chosen);
}

static bool has_analysis(const struct live_tables *t, const char *const *names)
{
	for (; *names; names++)
		for (size_t i = 0; i < t->n_analyses; i++)
			if (!strcmp(t->analyses[i], *names))
				return true;
	return false;
}

void live_tables_items(const struct live_tables *t, const char *items[LIVE_MOST_ITEMS])
{
	static const char *const memory[] = { "memory", "faults", "completion", NULL };
	static const char *const stacks[] = { "stacks", NULL };
	size_t n = 0;

	items[n++] = "sched";
	if (has_analysis(t, memory))
		items[n++] = "mm";
	if (has_analysis(t, stacks))
		items[n++] = "stacks";
	items[n] = NULL;
}

/* "2026-01-31 13:45:02.500 +0100". */
static void print_time(FILE *f, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	char text[40], zone[8];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	fprintf(f, "%s.%03d %s", text, (int)(wall_ns / 1000000 % 1000), zone);
}

static bool is_time_known(const struct live_span *span)
{
	return span->wall_ns != INT64_MIN;
}

static int print_text(FILE *f, const struct view *views, size_t n, const struct live_span *span,
		      struct schedtrace_error *err)
{
	const struct text_options text = { .begin_ns = span->begin_ns };
	int r = 0;

	if (is_time_known(span)) {
		print_time(f, span->end_ns + span->wall_ns);
		fputs(": ", f);
	}
	fprintf(f, "%.3f s\n", (double)(span->end_ns - span->begin_ns) / 1e9);
	for (size_t i = 0; i < n && r == 0; i++) {
		fputc('\n', f);
		r = text_table(f, &views[i], &text, err);
	}
	fputc('\n', f);
	return r;
}

/* An object a line: the span, then a key a table. */
static int print_json(FILE *f, const struct view *views, size_t n, const struct live_span *span,
		      struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int r = memory ? json_tables(memory, views, n, err) : -1;
	char *begin;

	if (!memory || fclose(memory) != 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for JSON");
	if (r < 0)
		return r;
	fprintf(f, "{\"begin_ns\": %" PRId64 ", \"end_ns\": %" PRId64, span->begin_ns,
		span->end_ns);
	if (is_time_known(span))
		fprintf(f, ", \"wall_offset_ns\": %" PRId64, span->wall_ns);
	begin = strchr(text, '{');
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	fprintf(f, ", %s\n", begin ? begin + 1 : "}");
	return 0;
}

static int print_views(FILE *f, const struct live_tables *t, const struct view *views,
		       const struct live_span *span, struct schedtrace_error *err)
{
	switch (t->options->format) {
	case LIVE_CSV:
		return csv_tables(f, views, t->n, err);
	case LIVE_JSON:
		return print_json(f, views, t->n, span, err);
	case LIVE_PROMETHEUS:
		live_prometheus_print(f, views, t->n, span->whole);
		return 0;
	default:
		return print_text(f, views, t->n, span, err);
	}
}

static int find_tables(const struct live_tables *t, const struct schedtrace_tables *values,
		       const struct schedtrace_tables *own, const struct schedtrace_table **tables,
		       struct schedtrace_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		tables[i] = schedtrace_tables_find(own, t->infos[i]->name);
		if (!tables[i])
			tables[i] = schedtrace_tables_find(values, t->infos[i]->name);
		if (!tables[i])
			return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
					 "--table: %s has no figures of an interval: use --once",
					 t->infos[i]->name);
	}
	return 0;
}

int live_tables_print(FILE *f, const struct live_tables *t, const struct schedtrace_tables *values,
		      const struct schedtrace_tables *own, const struct live_span *span,
		      struct schedtrace_error *err)
{
	struct selection selection = { .top = t->options->top };
	const struct schedtrace_table *tables[LIVE_MOST_TABLES];
	struct view views[LIVE_MOST_TABLES] = { 0 };
	bool limited = t->options->format == LIVE_TEXT || t->options->top > 0;
	int r = find_tables(t, values, own, tables, err);

	if (r == 0)
		r = live_chosen_filters(&t->chosen, &selection.filters, err);
	if (r == 0)
		r = views_make(views, tables, t->n, &selection, limited, err);
	if (r == 0)
		r = print_views(f, t, views, span, err);
	for (size_t i = 0; i < t->n; i++)
		view_release(&views[i]);
	filters_release(&selection.filters);
	if (r == 0 && fflush(f) != 0)
		r = error_set(err, SCHEDTRACE_E_CANCELLED, "nobody reads what is printed");
	return r;
}
