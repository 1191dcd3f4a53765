/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport: any analysis of a recording, as text, CSV or JSON. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <schedtrace/analyses.h>

#include "analyze/analysis_list.h"
#include "analyze/assert/assert.h"
#include "analyze/compare/compare.h"
#include "analyze/compare/recordings.h"
#include "analyze/plot/plot_tables.h"
#include "analyze/report.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "cli/results.h"

#define DEFAULT_WIDTH 80

struct settings {
	struct report_settings report;
	struct compare_settings compare;
	bool strict;
	const char *format, *top, *width, *depth, *by, *plot_size, *seed, *resamples;
	bool requests;
	const char *junit;
	bool lenient;
};

#define FIELD(name) offsetof(struct settings, name)

/* Which forms of the program take an option; without a word here all that read recordings do. */
enum {
	REPORT = 1,
	COMPARE = 2,
	RECORDINGS = 4,
	ASSERT = 8,
	LIST = 16,
	TABLES = REPORT | COMPARE | RECORDINGS,
	READERS = TABLES | ASSERT,
};

static const struct option_spec options[] = {
	{ 'f', "format", "FORMAT", "text, csv or json [text]", OPTION_TEXT, FIELD(format), READERS,
	  "text csv json" },
	{ 't', "table", "NAME,…", "print only these tables of the analyses", OPTION_TEXT,
	  FIELD(report.tables), REPORT | COMPARE },
	{ 'c', "columns", "NAME,…", "print only these columns, in this order", OPTION_TEXT,
	  FIELD(report.selection.columns), TABLES },
	{ 's', "sort", "COLUMN", "order rows by this column; -COLUMN: largest first", OPTION_TEXT,
	  FIELD(report.selection.sort), REPORT | COMPARE },
	{ 'n', "top", "N",
	  "print the first N rows of each table, or of the log; 0: all [text: 20 of ranked "
	  "tables and of curves; csv, json, logs: all]",
	  OPTION_TEXT, FIELD(top), REPORT | COMPARE },
	{ 'p', "pid", "PID,…", "only rows about these tasks", OPTION_LIST,
	  FIELD(report.selection.filters.pids), REPORT },
	{ 0, "comm", "NAME",
	  "only rows about tasks of this name or shell pattern, such as \"cc*\"; may be given "
	  "several times",
	  OPTION_LIST, FIELD(report.selection.filters.comms), TABLES },
	{ 0, "command", NULL, "only rows about tasks of the recorded command", OPTION_FLAG,
	  FIELD(report.selection.filters.command), TABLES },
	{ 0, "cpu", "CPU,…", "only rows about these CPUs", OPTION_LIST,
	  FIELD(report.selection.filters.cpus), TABLES },
	{ 0, "filter", "CONDITION",
	  "only rows that fulfil this, as pandas' query: \"on_cpu_ns > 5e6 and comm =~ 'cc*'\"",
	  OPTION_TEXT, FIELD(report.selection.filters.condition), TABLES },
	{ 0, "set", "NAME=VALUE",
	  "set a parameter of an analysis, such as worst=50; \"schedreport list\" shows them; may "
	  "be given several times",
	  OPTION_LIST, FIELD(report.selection.filters.set), TABLES },
	{ 0, "strict", NULL, "fail, with status 1, if one of these filters matches nothing",
	  OPTION_FLAG, FIELD(strict), TABLES },
	{ 'w', "window", "BEGIN:END",
	  "count only this part of the trace, in seconds since its begin, or @NS on the trace "
	  "clock; either side may be empty",
	  OPTION_TEXT, FIELD(report.window), READERS },
	{ 0, "clock", "CLOCK",
	  "print points in time as dates and times of day: wall (local), utc, or iso (ISO 8601) "
	  "[seconds since the begin of the recording; csv, json: ns of the trace clock]",
	  OPTION_TEXT, FIELD(report.clock), REPORT, "wall utc iso" },
	{ 0, "exact", NULL, "whole numbers in the units that \"schedreport list\" names",
	  OPTION_FLAG, FIELD(report.exact), TABLES },
	{ 0, "width", "N",
	  "columns of text a line; 0: no limit [COLUMNS, or the terminal's width, or 80]",
	  OPTION_TEXT, FIELD(width) },
	{ 0, "log", "NAME",
	  "instead of tables, print this log, or the log of this analysis, row by row", OPTION_TEXT,
	  FIELD(report.log), REPORT },
	{ 0, "requests", NULL, "the log of all memory requests: --log requests", OPTION_FLAG,
	  FIELD(requests), REPORT },
	{ 0, "depth", "N", "functions of each call stack in text; 0: all [4]", OPTION_TEXT,
	  FIELD(depth), TABLES },
	{ 0, "folded", NULL,
	  "instead of tables, print call stacks as flame graph tools read them: task "
	  "name;function;…;function and a figure",
	  OPTION_FLAG, FIELD(report.folded), REPORT },
	{ 0, "flame", "FILE", "draw the call stacks as a flame graph, an SVG", OPTION_TEXT,
	  FIELD(report.flame), REPORT },
	{ 0, "by", "WHAT", "what these two count: time (on the CPU, in ns) or switches [time]",
	  OPTION_TEXT, FIELD(by), REPORT, "time switches" },
	{ 0, "plot", "FILE",
	  "instead of tables, draw what the analyses, tables or log say, as a PNG, SVG or PDF",
	  OPTION_TEXT, FIELD(report.plot), REPORT | COMPARE },
	{ 0, "plot-size", "WxH",
	  "width and height of that picture in mm; the width alone: as high as needed [170]",
	  OPTION_TEXT, FIELD(plot_size), REPORT | COMPARE },
	{ 0, "title", "TEXT", "what stands above the picture of --plot or --flame [the command]",
	  OPTION_TEXT, FIELD(report.title), REPORT | COMPARE },
	{ 0, "group", "NAME=FILE,…",
	  "these recordings, or all that a shell pattern matches, are repeated runs of "
	  "one thing; a FILE that no group names is one by itself",
	  OPTION_LIST, FIELD(compare.groups), COMPARE },
	{ 0, "group-by", "WHAT",
	  "FILEs of one directory, name (without the number at its end), release, "
	  "command or host are a group",
	  OPTION_TEXT, FIELD(compare.group_by), COMPARE, "directory name release command host" },
	{ 0, "key", "COLUMN,…",
	  "rows with the same values here are the same row in every recording [comm of "
	  "tasks, cpu of CPUs, frames of stacks, …]",
	  OPTION_TEXT, FIELD(compare.key), COMPARE },
	{ 0, "value", "NAME[UNIT]=MEMBER:PATTERN",
	  "a number that a member of each recording holds: schedrec --keep-output or --add, or "
	  "tar --append, put it there; PATTERN is a JSON pointer such as /jobs/0/iops, or a "
	  "regular expression with the number in (parentheses); unit text: not a number",
	  OPTION_LIST, FIELD(compare.values), COMPARE | RECORDINGS },
	{ 0, "seed", "N", "where the random numbers of the intervals begin [1]", OPTION_TEXT,
	  FIELD(seed), COMPARE },
	{ 0, "resamples", "N", "how often the runs of a group are drawn anew [10000]", OPTION_TEXT,
	  FIELD(resamples), COMPARE },
	{ 'o', "output", "FILE", "write to FILE, which appears when it is whole [stdout]",
	  OPTION_TEXT, FIELD(report.out) },
	{ 0, "validate", NULL, "check every byte of a tarball before reading its rows", OPTION_FLAG,
	  FIELD(report.input.validate), READERS },
	{ 0, "default-ids", NULL, "read a tarball that names no events by SchedLog's ids 0 to 17",
	  OPTION_FLAG, FIELD(report.input.default_ids), READERS },
	{ 0, "instance", "NAME", "the buffer of a trace.dat to read [the only one with events]",
	  OPTION_TEXT, FIELD(report.input.instance), READERS },
	{ 0, "salvage", NULL, "read what is whole of a damaged trace.dat, and exit with 4",
	  OPTION_FLAG, FIELD(report.input.salvage), READERS },
	{ 0, "junit", "FILE", "write the outcome as JUnit's XML too", OPTION_TEXT, FIELD(junit),
	  ASSERT },
	{ 0, "lenient", NULL, "a rule that the recording cannot decide is no failure", OPTION_FLAG,
	  FIELD(lenient), ASSERT },
	{ 'q', "quiet", NULL, "no progress, notes or warnings", OPTION_FLAG, FIELD(report.quiet) },
	{ 0 },
};

/* For completion. */
static const char *analysis_name(size_t i)
{
	const struct schedtrace_analysis_info *analysis = schedtrace_analysis_at(i);

	return analysis ? analysis->name : NULL;
}

#define EXIT_STATUS                                                                                \
	"Exit status: 0 done, 1 could not finish (I/O, memory), 2 wrong usage, 3 the input is "    \
	"damaged\nor unreadable, 4 done with --salvage on damaged input, 5 a rule does not "       \
	"hold.\n"

static const struct program compare_program = {
	.name = "schedreport compare",
	.usage = "[OPTION…] ANALYSIS… FILE…",
	.about = "Puts several recordings, or groups of repeated ones, side by side, and says how "
		 "each differs from the first.",
	.options = options,
	.after = "Example:\n"
		 "  schedreport compare latency --group old='old-*.tar' --group new='new-*.tar'\n"
		 "\n" EXIT_STATUS,
	.command = COMPARE,
	.operand = analysis_name,
};

static const struct program recordings_program = {
	.name = "schedreport recordings",
	.usage = "[OPTION…] [ANALYSIS…] FILE…",
	.about = "Prints a row for each recording, as it is read: what it says of itself, the "
		 "values of --value, and the figures of analyses.",
	.options = options,
	.after = "Example:\n"
		 "  schedreport recordings utilization --value 'rate=bench.txt:rate ([0-9.]+)' "
		 "run*.tar\n"
		 "\n" EXIT_STATUS,
	.command = RECORDINGS,
	.operand = analysis_name,
};

static const struct program assert_program = {
	.name = "schedreport assert",
	.usage = "[OPTION…] RULES FILE…",
	.about = "Judges rules such as \"p99(wakeup_latency) < 2 ms\" (RULES is one, or a file "
		 "with one a line) and fails unless all hold.",
	.options = options,
	.after = "Example:\n"
		 "  schedreport assert 'migrations(comm=make) < 300/s' build.tar\n"
		 "\n" EXIT_STATUS,
	.command = ASSERT,
};

static const struct program list_program = {
	.name = "schedreport list",
	.usage = "[OPTION…] [ANALYSIS…]",
	.about = "Explains every analysis, table and column.",
	.options = options,
	.command = LIST,
	.operand = analysis_name,
};

static const struct program program = {
	.name = "schedreport",
	.usage = "[OPTION…] [ANALYSIS…] FILE\n"
		 "compare [OPTION…] ANALYSIS… FILE…\n"
		 "recordings [OPTION…] [ANALYSIS…] FILE…\n"
		 "assert [OPTION…] RULES FILE…\n"
		 "list [OPTION…] [ANALYSIS…]",
	.about = "Prints analyses of a recording: of a tarball by schedconv or SchedLog, or of a "
		 "trace.dat. Without an ANALYSIS: tasks, cpus and migrations, memory where it was "
		 "recorded, faults where processes were sampled, and losses where something is "
		 "missing; of each the table of that name. The second form puts several "
		 "recordings side by side, the third prints a row for each, the fourth judges "
		 "rules, and the last explains every analysis, table and column.",
	.options = options,
	.after = "Examples:\n"
		 "  schedreport build.tar\n"
		 "  schedreport tasks --comm 'cc*' --sort -wait_wakeup_ns --top 10 build.tar\n"
		 "  schedreport --log migrations --window 1.5:2 build.tar\n"
		 "  schedreport tasks -f json -o tasks.json trace.dat\n"
		 "  schedreport latency --plot latency.pdf build.tar\n"
		 "  schedreport assert 'migrations(comm=make) < 300/s' build.tar\n"
		 "\n" EXIT_STATUS,
	.command = REPORT,
	.commands = (const struct program *const[]){ &compare_program, &recordings_program,
						     &assert_program, &list_program, NULL },
	.operand = analysis_name,
};

static void print_note(void *user, const char *text)
{
	report(program.name, "note: %s", text);
}

/* COLUMNS is what a shell or a script says; a pipe has no width of its own. */
static int64_t usual_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return atoi(columns);
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

/* A number where the absence of the option means something else than 0. */
static int parse_number(const char *option, const char *text, int64_t absent, int64_t *out,
			struct schedtrace_error *err)
{
	char *end;
	long v;

	*out = absent;
	if (!text)
		return 0;
	v = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || v > INT32_MAX)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: %s is no number from 0 to %d",
				 option, text, INT32_MAX);
	*out = v;
	return 0;
}

/* Enough for the edges of an interval, and not more than memory is for. */
static int parse_resamples(const char *text, int64_t *out, struct schedtrace_error *err)
{
	int r = parse_number("--resamples", text, 10000, out, err);

	if (!r && (*out < 200 || *out > 10000000))
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "--resamples: %s is no number from 200 to 10000000", text);
	return r;
}

static int complete(struct settings *settings, struct schedtrace_error *err)
{
	static const char *const formats[] = { "text", "csv", "json" };
	struct report_settings *report = &settings->report;
	int64_t width;
	size_t i = 0;
	int r;

	for (; settings->format && i < 3; i++)
		if (!strcmp(settings->format, formats[i]))
			break;
	if (i == 3)
		return error_set(err, SCHEDTRACE_E_USAGE, "--format: %s is not text, csv or json",
				 settings->format);
	report->format = (enum report_format)i;
	if (settings->by && strcmp(settings->by, "time") && strcmp(settings->by, "switches"))
		return error_set(err, SCHEDTRACE_E_USAGE, "--by: %s is not time or switches",
				 settings->by);
	report->by_switches = settings->by && !strcmp(settings->by, "switches");
	if ((report->folded || report->flame) && (report->log || settings->requests))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--%s is about call stacks, and --%s about a log; only one can be "
				 "had",
				 report->folded ? "folded" : "flame",
				 report->log ? "log" : "requests");
	if (report->plot && (report->folded || report->flame || report->out || settings->format))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--plot draws one picture, and prints nothing: it does not go with "
			"--folded, --flame, --output or --format");
	if (report->clock && (report->plot || report->folded || report->flame))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--clock is for tables and logs: --%s has no points in time, or "
				 "seconds since the begin",
				 report->plot	 ? "plot"
				 : report->flame ? "flame"
						 : "folded");
	if (settings->plot_size && !report->plot)
		return error_set(err, SCHEDTRACE_E_USAGE, "--plot-size is for --plot");
	if (report->title && !report->plot && !report->flame)
		return error_set(err, SCHEDTRACE_E_USAGE, "--title is for --plot and --flame");
	if (settings->requests && report->log)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--requests and --log are two logs; "
				 "only one can be printed");
	if (settings->requests)
		report->log = "requests";
	r = parse_number("--top", settings->top, -1, &report->selection.top, err);
	if (!r)
		r = parse_number("--depth", settings->depth, 4, &report->depth, err);
	if (!r)
		r = parse_number("--seed", settings->seed, 1, &settings->compare.seed, err);
	if (!r)
		r = parse_resamples(settings->resamples, &settings->compare.resamples, err);
	if (!r)
		r = parse_number("--width", settings->width, usual_width(), &width, err);
	if (!r)
		r = filters_prepare(&report->selection.filters, err);
	if (!r && settings->plot_size)
		r = plot_parse_size(settings->plot_size, &report->plot_size, err);
	if (r)
		return r;
	report->width = report->out && !settings->width ? 0 : (size_t)width;
	report->input.note = report->quiet ? NULL : print_note;
	return 0;
}

static int check_operands(struct settings *settings, char **operands, int n,
			  struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;

	for (int i = 0; i + 1 < n; i++) {
		int r = list_find(&analysis, operands[i], err);

		if (r && access(operands[i], F_OK) == 0)
			return error_set(
				err, SCHEDTRACE_E_USAGE,
				"%s is a file, and %s comes after it: one FILE is read "
				"here; for several there is \"schedreport compare ANALYSIS… "
				"FILE…\"",
				operands[i], operands[n - 1]);
		if (r)
			return r;
	}
	if (!n || (access(operands[n - 1], F_OK) && !list_find(&analysis, operands[n - 1], NULL)))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"no FILE; name a tarball or a trace.dat after the analyses, or see "
			"--help");
	settings->report.analyses = operands;
	settings->report.n_analyses = (size_t)n - 1;
	settings->report.path = operands[n - 1];
	return report_check_outputs(&settings->report, NULL, &settings->report.path, 1, err);
}

/* Several files: analyses come first, files after them. */
static int run_several(struct settings *settings, char **operands, int n, bool *damaged,
		       struct schedtrace_error *err)
{
	const bool compare = !strcmp(*operands++, "compare");
	const struct schedtrace_analysis_info *analysis;
	struct report_settings *report = &settings->report;
	int analyses = 0, r;

	for (n--; analyses < n && schedtrace_analysis_find(operands[analyses]);)
		analyses++;
	report->analyses = operands;
	report->n_analyses = (size_t)analyses;
	operands += analyses;
	n -= analyses;
	/* What is neither a file nor a group of them was meant as an analysis. */
	if (n && access(*operands, F_OK) && (compare || n > 1) && !strpbrk(*operands, "./"))
		return list_find(&analysis, *operands, err);
	if (compare && !analyses)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "compare: no ANALYSIS before the files; see \"schedreport list\"");
	if (compare)
		return compare_run(report, &settings->compare, operands, (size_t)n, damaged, err);
	if (!n)
		return error_set(err, SCHEDTRACE_E_USAGE, "recordings: no FILE; name some");
	r = report_check_outputs(report, NULL, (const char *const *)operands, (size_t)n, err);
	return r ? r
		 : recordings_run(report, &settings->compare.values, operands, (size_t)n, damaged,
				  err);
}

static int run_list(const struct settings *settings, char **names, int n,
		    struct schedtrace_error *err)
{
	struct results results;
	int r = results_open(&results, settings->report.out, err);

	if (!r)
		r = list_analyses(results.f, names, (size_t)n, settings->report.width, err);
	if (!r)
		r = results_finish(&results, err);
	results_close(&results);
	return r;
}

static int run_assert(const struct settings *settings, char **operands, int n, bool *failed,
		      bool *damaged, struct schedtrace_error *err)
{
	const struct report_settings *report = &settings->report;
	const struct assert_settings assert_settings = {
		.rules = n ? operands[0] : NULL,
		.files = operands + 1,
		.n_files = n > 1 ? (size_t)n - 1 : 0,
		.input = report->input,
		.format = report->format,
		.window = report->window,
		.out = report->out,
		.junit = settings->junit,
		.lenient = settings->lenient,
		.quiet = report->quiet,
	};
	int r;

	if (n < 2)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "assert: no %s; write schedreport assert RULES FILE, see --help",
				 n ? "FILE" : "RULES");
	if (report->format == REPORT_CSV)
		return error_set(err, SCHEDTRACE_E_USAGE, "assert: --format is text or json");
	r = report_check_outputs(report, settings->junit, (const char *const *)operands, (size_t)n,
				 err);
	return r ? r : assert_run(&assert_settings, failed, damaged, err);
}

/* Tells of filters that matched nothing; whether there are any. */
static bool tell_unmatched(const struct settings *settings)
{
	const struct filters *filters = &settings->report.selection.filters;
	bool any = false;
	size_t at = 0;
	char *text;

	for (; (text = filters_unmatched(filters, &at)); any = true) {
		if (!settings->report.quiet)
			report(program.name, "%s", text);
		free(text);
	}
	return any;
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct schedtrace_error err;
	bool damaged = false, failed = false, unmatched;
	int first, n, r;

	process_begin(program.name, EXIT_UNFINISHED);
	outputs_remove_at_signals();
	first = options_parse(&program, argc, argv, false, EXIT_USAGE, &settings);
	n = argc - first;
	r = complete(&settings, &err);
	if (!r && n && !strcmp(argv[first], "list")) {
		r = run_list(&settings, argv + first + 1, n - 1, &err);
	} else if (!r && n &&
		   (!strcmp(argv[first], "compare") || !strcmp(argv[first], "recordings"))) {
		r = run_several(&settings, argv + first, n, &damaged, &err);
	} else if (!r && n && !strcmp(argv[first], "assert")) {
		r = run_assert(&settings, argv + first + 1, n - 1, &failed, &damaged, &err);
	} else if (!r) {
		r = check_operands(&settings, argv + first, n, &err);
		if (!r)
			r = settings.report.plot ? plot_run(&settings.report, &damaged, &err)
						 : report_run(&settings.report, &damaged, &err);
	}
	unmatched = !r && tell_unmatched(&settings);
	filters_release(&settings.report.selection.filters);
	option_list_free(&settings.compare.groups);
	option_list_free(&settings.compare.values);
	if (r)
		return report_error(program.name, &err);
	if (failed)
		return EXIT_RULE_FAILED;
	if (unmatched && settings.strict)
		return EXIT_UNFINISHED;
	return damaged ? EXIT_SALVAGED : EXIT_DONE;
}
