/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the makers of panels have in common: rows, names, titles. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/plot/figures.h"
#include "base/error.h"

int plot_view(struct plot_source *source, const char *table, struct view *view,
	      struct schedtrace_error *err)
{
	const struct schedtrace_table *found = schedtrace_tables_find(source->tables, table);
	struct selection selection = *source->selection;

	if (!found)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "no table %s to draw", table);
	/* Makers choose columns and numbers of rows for themselves. */
	selection.columns = NULL;
	selection.top = 0;
	if (selection.sort) {
		const char *sort = selection.sort + (*selection.sort == '-');

		if (plot_column(schedtrace_table_info(found), sort, strlen(sort)) == SIZE_MAX)
			selection.sort = NULL;
	}
	return views_make(view, &found, 1, &selection, false, err);
}

bool plot_tasks_chosen(const struct plot_source *source)
{
	const struct selection *selection = source->selection;

	return selection->filters.pids.n || selection->filters.comms.n ||
	       selection->filters.command;
}

size_t plot_column(const struct schedtrace_table_info *info, const char *name, size_t n)
{
	static const char *const units[] = { "", "_ns", "_bytes" };

	for (size_t u = 0; u < sizeof(units) / sizeof(*units); u++)
		for (size_t i = 0; i < info->n_columns; i++)
			if (!strncmp(info->columns[i]->name, name, n) &&
			    !strcmp(info->columns[i]->name + n, units[u]))
				return i;
	return SIZE_MAX;
}

double plot_number(const struct view *view, size_t row, size_t column)
{
	const struct schedtrace_column_info *info = view->info->columns[column];
	union schedtrace_value value = schedtrace_table_value(view->table, view->rows[row], column);

	if (info->type == SCHEDTRACE_TEXT || value_unknown(info, value))
		return NAN;
	return info->type == SCHEDTRACE_INT ? (double)value.i : value.f;
}

static bool is_unit(const char *word)
{
	return !strcmp(word, "ns") || !strcmp(word, "bytes") || !strcmp(word, "khz");
}

/* What a part of a column's name says in words; NULL: itself. */
static const char *in_words(const char *part, size_t n)
{
	static const char *const words[][2] = {
		{ "cpu", "CPU" },	  { "cpus", "CPUs" },	    { "rq", "run queue" },
		{ "hi", "at most" },	  { "max", "maximum" },	    { "p50", "median" },
		{ "p90", "90 % within" }, { "p99", "99 % within" }, { "p999", "99.9 % within" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i][0]) == n && !strncmp(words[i][0], part, n))
			return words[i][1];
	return NULL;
}

const char *plot_column_name(struct plot_figure *figure, const char *name)
{
	char text[128] = "";

	for (const char *part = name; *part;) {
		size_t n = strcspn(part, "_"), used = strlen(text);
		const char *words = in_words(part, n);

		if (used && is_unit(part))
			break;
		snprintf(text + used, sizeof(text) - used, "%s%.*s", used ? " " : "",
			 words ? (int)strlen(words) : (int)n, words ? words : part);
		part += n + (part[n] == '_');
	}
	return plot_text(figure, "%s", text);
}

const char *plot_title(struct plot_figure *figure, const char *about)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(about, ";"), about);
	*text = (char)toupper((unsigned char)*text);
	return plot_text(figure, "%s", text);
}

/* The innermost functions of nearly every stack at a switch: they tell nothing of why it was. */
static bool is_scheduler(const char *frame, size_t n)
{
	return memmem(frame, n, "schedule", 8) || memmem(frame, n, "cond_resched", 12);
}

/* The way into the kernel, which most stacks have in common. */
static bool is_entry(const char *frame, size_t n)
{
	static const char *const names[] = {
		"do_syscall_64",	"entry_SYSCALL_64_after_hwframe",
		"entry_SYSCALL_64",	"x64_sys_call",
		"invoke_syscall",	"el0_svc_common.constprop.0",
		"do_el0_svc",		"el0_svc",
		"el0t_64_sync_handler", "el0t_64_sync",
		"ret_from_fork",	"ret_from_fork_asm"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == n && !strncmp(frame, names[i], n))
			return true;
	return false;
}

/* Functions from the innermost on, each with its caller behind. */
static void put_frames(char *text, size_t size, const char *frames, bool all)
{
	const char *sign = *text ? ": " : "";
	bool inner = !all;

	for (size_t n; *frames; frames += n + (frames[n] == ';')) {
		size_t used = strlen(text);

		n = strcspn(frames, ";");
		if ((inner && is_scheduler(frames, n)) || (!all && is_entry(frames, n)))
			continue;
		inner = false;
		snprintf(text + used, size - used, "%s%.*s", sign, (int)n, frames);
		sign = " < ";
	}
}

static void add_frames(char *text, size_t size, const char *frames)
{
	size_t before = strlen(text);

	put_frames(text, size, frames, false);
	if (strlen(text) == before)
		put_frames(text, size, frames, true);
}

/* Adds one value to a label. */
static void add_word(char *text, size_t size, const struct schedtrace_column_info *column,
		     union schedtrace_value value)
{
	size_t used = strlen(text);
	const char *blank = used ? " " : "";

	if (!strcmp(column->name, "by_pid") && value_unknown(column, value))
		return; /* nobody in particular */
	if (!strcmp(column->name, "by"))
		snprintf(text + used, size - used, " by %s",
			 value_unknown(column, value) ? "others" : value.s);
	else if (value_unknown(column, value))
		snprintf(text + used, size - used, "%s?", blank);
	else if (!strcmp(column->name, "frames"))
		add_frames(text, size, value.s);
	else if (column->type == SCHEDTRACE_TEXT)
		snprintf(text + used, size - used, "%s%s", blank, value.s);
	else if (column->type == SCHEDTRACE_REAL)
		snprintf(text + used, size - used, "%s%g", blank, value.f);
	else if (!strcmp(column->name, "pid") || !strcmp(column->name, "by_pid"))
		snprintf(text + used, size - used, "%s[%" PRId64 "]", blank, value.i);
	else if (!strcmp(column->name, "length"))
		snprintf(text + used, size - used, "%s%" PRId64 " task%s", used ? ", " : "",
			 value.i, value.i == 1 ? "" : "s");
	else if (!strcmp(column->name, "cpu"))
		snprintf(text + used, size - used, "%sCPU %" PRId64, blank, value.i);
	else
		snprintf(text + used, size - used, "%s%" PRId64, blank, value.i);
}

const char *plot_row_label(struct plot_source *source, const struct view *view, size_t row,
			   const char *columns)
{
	static const char *const usual[] = { "cpu",	  "comm",   "comms", "pid",   "kind",
					     "placement", "what",   "state", "cause", "by",
					     "by_pid",	  "length", "from",  "to",    "frames" };
	char text[512] = "";

	for (const char *list = columns; list && *list; list += *list == ',') {
		size_t n = strcspn(list, ","), c = plot_column(view->info, list, n);

		if (c != SIZE_MAX)
			add_word(text, sizeof(text), view->info->columns[c],
				 schedtrace_table_value(view->table, view->rows[row], c));
		list += n;
	}
	for (size_t i = 0; !columns && i < sizeof(usual) / sizeof(*usual); i++) {
		size_t c = plot_column(view->info, usual[i], strlen(usual[i]));

		if (c != SIZE_MAX && !strcmp(view->info->columns[c]->name, usual[i]))
			add_word(text, sizeof(text), view->info->columns[c],
				 schedtrace_table_value(view->table, view->rows[row], c));
	}
	if (!*text && view->n_rows > 1)
		snprintf(text, sizeof(text), "%zu", row + 1);
	else if (!*text)
		return plot_column_name(source->figure, view->info->name);
	return plot_text(source->figure, "%s", text);
}

const char *plot_quantity(const char *unit)
{
	return !strcmp(unit, "ns")	? "time"
	       : !strcmp(unit, "bytes") ? "memory"
	       : !strcmp(unit, "%")	? "share"
	       : !strcmp(unit, "1")	? "number"
					: "value";
}

void plot_time_scale(const struct plot_source *source, struct plot_panel *panel)
{
	panel->x.name = "time since the recording began";
	panel->x.unit = "ns";
	panel->x.min = (double)(source->begin - source->zero);
	panel->x.max = (double)(source->end - source->zero);
}

static const struct schedtrace_table_info *find_log(const char *name)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++)
		for (size_t l = 0; l < analysis->n_logs; l++)
			if (!strcmp(analysis->logs[l]->name, name))
				return analysis->logs[l];
	return NULL;
}

struct log_reader *plot_reader(struct plot_source *source, struct plot_panel *panel,
			       const char *log, const char *columns)
{
	struct log_reader *reader = NULL;
	size_t slot = 0, n_columns = 0;

	/* A second log of the panel just added goes to the same reader. */
	if (source->n_readers && source->readers[source->n_readers - 1].panel == panel) {
		reader = &source->readers[source->n_readers - 1];
		slot = 1;
	} else {
		reader = &source->readers[source->n_readers++];
		*reader = (struct log_reader){ .panel = panel };
	}
	reader->logs[slot] = find_log(log);
	for (const char *list = columns; *list; list += *list == ',') {
		size_t n = strcspn(list, ",");

		reader->columns[slot][n_columns++] = plot_column(reader->logs[slot], list, n);
		list += n;
	}
	return reader;
}
