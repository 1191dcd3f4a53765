/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedview: recordings shown in a browser, and pictures of them by instruction files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "cli/results.h"
#include "view/figure/draw.h"
#include "view/figure/find_instructions.h"
#include "view/figure/statistics_table.h"
#include "view/live/live.h"
#include "view/page/page.h"
#include "view/requests/requests_command.h"
#include "view/timeline/timeline_draw.h"

#define PROGRAM "schedview"

struct settings {
	const char *trace, *instructions;
	struct input_options input;
	struct figure_choice choice;
	struct draw_options draw;
	const char *format;
	/* Of the page: */
	struct option_list listen, hosts;
	int64_t port;
	bool open;
	/* Of live: */
	struct live_options live;
	/* Of requests: */
	struct requests_options requests;
	const char *db, *pids; /* of both */
	/* Of timeline: */
	const char *cpus;
	struct option_list tasks;
	bool quiet;
};

#define FIELD(name) offsetof(struct settings, name)

enum {
	FIGURE = 1,
	STATS = 2,
	VARS = 4,
	PAGE = 8,
	LIVE = 16,
	REQUESTS = 32,
	TIMELINE = 64,
	DRAWS = FIGURE | TIMELINE,
	BY_INSTRUCTIONS = FIGURE | STATS,
	READS = DRAWS | STATS | VARS | PAGE | REQUESTS
};

static const struct option_spec option_table[] = {
	{ 0, "open", NULL, "have the browser of the user who called show the page", OPTION_FLAG,
	  FIELD(open), PAGE | LIVE },
	{ 0, "port", "N", "listen at this port [5006, or the next one that is free]", OPTION_NUMBER,
	  FIELD(port), PAGE | LIVE },
	{ 0, "listen", "ADDRESS",
	  "listen at this address, or unix socket with / in it, instead of this machine's own; may "
	  "be given several times",
	  OPTION_LIST, FIELD(listen), PAGE | LIVE },
	{ 0, "allow-host", "NAME",
	  "let browsers call this machine by that name, such as that of a proxy; may be given "
	  "several times",
	  OPTION_LIST, FIELD(hosts), PAGE | LIVE },
	{ 'i', "instructions", "FILE",
	  "what to show: an instruction file, or the name of an installed one; of the page: a "
	  "folder of them, beside those that are installed",
	  OPTION_TEXT, FIELD(instructions), BY_INSTRUCTIONS | PAGE },
	{ 0, "query", "CONDITION",
	  "only rows that fulfil this, besides what the instructions say: \"cpu == 0 and comm =~ "
	  "'cc*'\"",
	  OPTION_TEXT, FIELD(choice.query), BY_INSTRUCTIONS },
	{ 'o', "output", "FILE",
	  "write to FILE, which appears when it is whole; a picture is a PNG, SVG or PDF by its "
	  "ending; of live: keep what is recorded as a trace.dat [tables: stdout]",
	  OPTION_TEXT, FIELD(draw.out), DRAWS | STATS | VARS | LIVE | REQUESTS },
	{ 0, "size", "WxH",
	  "width and height of the picture in pixels [2400x1300; of a timeline as high as its "
	  "lanes "
	  "want]",
	  OPTION_TEXT, FIELD(draw.size), DRAWS },
	{ 'w', "window", "BEGIN:END",
	  "draw only this part of the time, in seconds since the first row, or @NS on the trace "
	  "clock; either side may be empty",
	  OPTION_TEXT, FIELD(draw.window), DRAWS },
	{ 0, "spread", "N",
	  "let a pixel colour the empty ones up to N beside it; 0: only what rows fall on [1 or 3 "
	  "where few pixels have rows, else 0]",
	  OPTION_TEXT, FIELD(draw.spread), FIGURE },
	{ 0, "title", "TEXT", "what stands above the picture [the recorded command]", OPTION_TEXT,
	  FIELD(draw.title), DRAWS },
	{ 0, "cpus", "LIST", "CPUs that have a lane, such as 0,2-5; none: \"\" [all]", OPTION_TEXT,
	  FIELD(cpus), TIMELINE },
	{ 0, "task", "TASK",
	  "draw what the tasks of this name, shell pattern or pid did, a lane each; may be given "
	  "several times",
	  OPTION_LIST, FIELD(tasks), TIMELINE },
	{ 'f', "format", "FORMAT", "text, csv or json [text]; of live also prometheus", OPTION_TEXT,
	  FIELD(format), STATS | VARS | LIVE | REQUESTS, "text csv json prometheus" },
	{ 0, "default-ids", NULL, "read a tarball that names no events by SchedLog's ids 0 to 17",
	  OPTION_FLAG, FIELD(input.default_ids), READS },
	{ 0, "instance", "NAME", "the buffer of a trace.dat to read [the only one with events]",
	  OPTION_TEXT, FIELD(input.instance), READS },
	{ 0, "salvage", NULL, "read what is whole of a damaged trace.dat, and exit with 4",
	  OPTION_FLAG, FIELD(input.salvage), READS },
	{ 'q', "quiet", NULL, "no notes", OPTION_FLAG, FIELD(quiet) },
	{ 't', "table", "NAMES",
	  "tables and logs to show, by their names or those of analyses, with commas between "
	  "[system,activity,cpus]",
	  OPTION_TEXT, FIELD(live.tables), LIVE },
	{ 0, "tty", NULL,
	  "show tasks on the whole terminal, by keys as of htop, ? tells them; COMMAND prints "
	  "nothing",
	  OPTION_FLAG, FIELD(live.tty), LIVE },
	{ 0, "once", NULL,
	  "print the tables once: of COMMAND's time when it has ended, without one of an interval",
	  OPTION_FLAG, FIELD(live.once), LIVE },
	{ 0, "interval", "SECONDS", "print the tables of each interval [2]", OPTION_SECONDS,
	  FIELD(live.interval_ns), LIVE, NULL, true },
	{ 0, "count", "N", "end after so many intervals", OPTION_NUMBER, FIELD(live.count), LIVE,
	  NULL, true },
	{ 0, "top", "N", "rows of each table; 0: all [text: 20, else all]", OPTION_NUMBER,
	  FIELD(live.top), LIVE },
	{ 0, "user", "NAME",
	  "whose rights the process that shows has [who called through sudo, else nobody]",
	  OPTION_TEXT, FIELD(live.user), LIVE },
	{ 0, "db", "ADDRESS",
	  "the database of requests of memory: sqlite:PATH, mariadb://USER@HOST/DATABASE with "
	  "?socket=PATH behind it for a socket; of live also none [requests.db in "
	  "your folder of states, ~/.local/state/schedtrace; live stores them there where it "
	  "shows memory]",
	  OPTION_TEXT, FIELD(db), LIVE | REQUESTS },
	{ 0, "db-required", NULL, "end at once if the database cannot be reached", OPTION_FLAG,
	  FIELD(live.db_required), LIVE },
	{ 0, "keep-days", "N", "delete requests that are older [never]", OPTION_NUMBER,
	  FIELD(live.keep_days), LIVE, NULL, true },
	{ 0, "keep-size", "BYTES",
	  "delete the oldest requests where the database is larger; K, M, G follow; 0: never [4G]",
	  OPTION_SIZE, FIELD(live.keep_bytes), LIVE },
	{ 0, "add", "TRACE",
	  "add the requests of this recording, each once however often it is added, and print "
	  "none; may be given several times",
	  OPTION_LIST, FIELD(requests.add), REQUESTS },
	{ 'p', "pid", "PID,…",
	  "only these processes with all their threads; of requests: these threads or processes",
	  OPTION_TEXT, FIELD(pids), LIVE | REQUESTS },
	{ 0, "cgroup", "PATH", "only the processes of this cgroup and those below it", OPTION_TEXT,
	  FIELD(live.cgroup), LIVE },
	{ 0, "filter", "CONDITION", "only rows that fulfil this: \"on_cpu > 10 and comm =~ 'cc*'\"",
	  OPTION_TEXT, FIELD(live.filter), LIVE },
	{ 0, "processes", NULL, "put the threads of a process together", OPTION_FLAG,
	  FIELD(live.processes), LIVE },
	{ 0, "name", "NAME",
	  "only requests of tasks of this name or shell pattern, such as \"cc*\"; may be given "
	  "several times",
	  OPTION_LIST, FIELD(requests.names), REQUESTS },
	{ 0, "call", "CALL,…", "only these calls: mmap, munmap, mremap, brk, area", OPTION_TEXT,
	  FIELD(requests.calls), REQUESTS, "mmap munmap mremap brk area" },
	{ 0, "since", "TIME",
	  "only requests from then on: \"2026-01-31 13:45:02.5\", 13:45 (today), 10m (ago); local "
	  "time, or with a zone behind it, as Z or +01:00",
	  OPTION_TEXT, FIELD(requests.since), REQUESTS },
	{ 0, "until", "TIME", "only requests before then", OPTION_TEXT, FIELD(requests.until),
	  REQUESTS },
	{ 0, "min-size", "BYTES", "only requests of so many bytes or more; K, M, G follow",
	  OPTION_SIZE, FIELD(requests.min_size), REQUESTS },
	{ 0, "max-size", "BYTES", "only requests of so many bytes or fewer", OPTION_SIZE,
	  FIELD(requests.max_size), REQUESTS },
	{ 0, "last", "N", "only the last N of them", OPTION_NUMBER, FIELD(requests.last), REQUESTS,
	  NULL, true },
	{ 0, "sum", NULL, "instead of requests print what each process asked for in all",
	  OPTION_FLAG, FIELD(requests.sum), REQUESTS },
	{ 0 },
};

#define EXIT_STATUS                                                                                \
	"Exit status: 0 done, 1 could not finish (I/O, memory, database), 2 wrong usage, 3 the\n"  \
	"recording, the instruction file or the database is damaged or unreadable, 4 done with\n"  \
	"--salvage on damaged input.\n"

static const struct program figure_program = {
	.name = "schedview figure",
	.usage = "[OPTION…] -i FILE -o PICTURE TRACE",
	.about = "Draws what an instruction file says of a recording; every row counts in its "
		 "pixels.",
	.options = option_table,
	.after = "Example:\n  schedview figure -i who-ran -o who-ran.png build.tar\n\n" EXIT_STATUS,
	.command = FIGURE,
};

static const struct program timeline_program = {
	.name = "schedview timeline",
	.usage = "[OPTION…] -o PICTURE TRACE",
	.about = "Draws who ran on each CPU, how long its queue was, where it idled while others "
		 "waited, and what chosen tasks did. What is lost or not known is hatched.",
	.options = option_table,
	.after = "Examples:\n  schedview timeline -o build.pdf build.tar\n  schedview timeline "
		 "--window 0.5:0.6 --cpus 0-3 --task 'cc*' -o detail.png build.tar\n\n" EXIT_STATUS,
	.command = TIMELINE,
};

static const struct program stats_program = {
	.name = "schedview stats",
	.usage = "[OPTION…] -i FILE TRACE",
	.about = "Prints the mean, the sum and the count of what each category of an instruction "
		 "file puts out.",
	.options = option_table,
	.after = EXIT_STATUS,
	.command = STATS,
};

static const struct program vars_program = {
	.name = "schedview vars",
	.usage = "[OPTION…] TRACE",
	.about = "Prints the events that $NAME may stand for in an instruction file: name, number "
		 "and how many rows there are.",
	.options = option_table,
	.after = EXIT_STATUS,
	.command = VARS,
};

static const struct program live_program = {
	.name = "schedview live",
	.usage = "[OPTION…] [-- COMMAND [ARG…]]",
	.about = "Shows what the running system does, by its events: a table of tasks, of CPUs, or "
		 "whatever analysis is named, for each interval, until COMMAND ends or it is "
		 "interrupted. Needs root; what shows has other rights than what records.",
	.options = option_table,
	.after =
		"Examples:\n  sudo schedview live\n  sudo schedview live --once -t tasks,latency "
		"-f json -- make -j8\n\nExit status: that of COMMAND, else as below.\n" EXIT_STATUS,
	.command = LIVE,
	.runs_command = true,
};

static const struct program requests_program = {
	.name = "schedview requests",
	.usage = "[OPTION…]\n--add TRACE [OPTION…]",
	.about =
		"Prints requests of memory, mmap, munmap, mremap and brk, from a database of them, "
		"in the order in which they were stored; or adds those of recordings to it.",
	.options = option_table,
	.after = "Examples:\n  schedview requests --add build.tar\n  schedview requests --name "
		 "'cc*' "
		 "--min-size 1M --since 10m\n  schedview requests --sum -f csv\n\n" EXIT_STATUS,
	.command = REQUESTS,
};

static const struct program *const commands[] = { &figure_program,
						  &timeline_program,
						  &stats_program,
						  &vars_program,
						  &live_program,
						  &requests_program,
						  NULL };

static const struct program program = {
	.name = PROGRAM,
	.usage = "[OPTION…] TRACE… | FOLDER\n"
		 "figure [OPTION…] -i FILE -o PICTURE TRACE\n"
		 "timeline [OPTION…] -o PICTURE TRACE\n"
		 "stats [OPTION…] -i FILE TRACE\n"
		 "vars [OPTION…] TRACE\n"
		 "live [OPTION…] [-- COMMAND [ARG…]]\n"
		 "requests [OPTION…]",
	.about =
		"Shows recordings, tarballs or trace.dat, in a browser on this machine: figures by "
		"instruction files, those of SchedDisplay too, tables of all analyses, sums. "
		"Prints the page's address, and serves it until it is interrupted. Commands draw "
		"without a browser; their options: schedview COMMAND --help.",
	.options = option_table,
	.after = "Installed instruction files: blocked-and-woken-per-task, events-per-cpu,\n"
		 "frequency-bands, frequency-while-running, idle-states, load-balancing,\n"
		 "memory-requests, memory-requests-in-order, migrations, page-faults,\n"
		 "page-faults-in-order, resident-memory, run-queue-length,\n"
		 "run-queue-length-points, wakeup-latency, wakeup-latency-over-time, "
		 "who-ran.\n\n" EXIT_STATUS,
	.command = PAGE,
	.commands = commands,
	.operand = installed_instructions,
};

static void print_note(void *user, const char *text)
{
	report(PROGRAM, "note: %s", text);
}

static void tell_failed(const struct drawn_figure *figure, bool quiet)
{
	const struct instructions *in = &figure->instructions;

	for (size_t c = 0; c < in->n_categories && !quiet; c++)
		if (in->categories[c].failed)
			report(PROGRAM, "note: category \"%s\" is left out: %s: %s",
			       in->categories[c].label, in->categories[c].failed_at,
			       in->categories[c].failed);
}

static int parse_format(const char *text, enum table_format *out, struct schedtrace_error *err)
{
	static const char *const names[] = { "text", "csv", "json" };

	for (*out = FORMAT_TEXT; *out <= FORMAT_JSON; ++*out)
		if (!text || !strcmp(names[*out], text))
			return 0;
	return error_set(err, SCHEDTRACE_E_USAGE, "--format: %s is none of text, csv and json",
			 text);
}

static int run_vars(const struct settings *settings, bool *damaged, struct schedtrace_error *err)
{
	struct trace_columns columns;
	enum table_format format;
	struct results file = { .path = NULL };
	int r = parse_format(settings->format, &format, err);

	if (r < 0)
		return r;
	r = trace_columns_map(&columns, settings->trace, &settings->input, err);
	if (r == 0)
		r = results_open(&file, settings->draw.out, err);
	if (r == 0)
		r = variables_print(file.f, &columns, format, err);
	if (r == 0)
		r = results_finish(&file, err);
	*damaged = r == 0 && input_damaged(columns.infile);
	results_close(&file);
	trace_columns_close(&columns);
	return r;
}

static int draw_file(const struct settings *settings, const struct drawn_figure *figure,
		     const struct figure_sums *sums, struct schedtrace_error *err)
{
	struct results file;
	int r = results_open(&file, settings->draw.out, err);

	if (r < 0)
		return r;
	r = draw_figure(file.f, figure, &settings->choice, sums, &settings->draw, err);
	if (r == 0)
		r = results_finish(&file, err);
	results_close(&file);
	return r;
}

static int print_stats(const struct settings *settings, const struct drawn_figure *figure,
		       const struct figure_sums *sums, enum table_format format,
		       struct schedtrace_error *err)
{
	struct results file;
	int r = results_open(&file, settings->draw.out, err);

	if (r < 0)
		return r;
	statistics_print(file.f, &figure->instructions, sums, format);
	r = results_finish(&file, err);
	results_close(&file);
	return r;
}

static int show(const struct settings *settings, const struct drawn_figure *figure, bool draws,
		enum table_format format, struct schedtrace_error *err)
{
	struct figure_choice choice = settings->choice;
	struct figure_sums sums;
	int r;

	choice.once = !draws;
	r = figure_sum(&sums, figure, &choice, err);
	if (r == SCHEDTRACE_E_USAGE)
		return error_prefix(err, r, "--query");
	if (r < 0)
		return r;
	tell_failed(figure, settings->quiet);
	r = draws ? draw_file(settings, figure, &sums, err)
		  : print_stats(settings, figure, &sums, format, err);
	figure_sums_free(&sums);
	return r;
}

static int open_and_show(const struct settings *settings, bool draws, enum table_format format,
			 bool *damaged, struct schedtrace_error *err)
{
	struct trace_columns columns;
	struct drawn_figure figure;
	int r = trace_columns_map(&columns, settings->trace, &settings->input, err);

	if (r == 0)
		r = figure_read(&figure, &columns, settings->instructions, err);
	if (r == 0) {
		r = show(settings, &figure, draws, format, err);
		figure_free(&figure);
	}
	*damaged = r == 0 && input_damaged(columns.infile);
	trace_columns_close(&columns);
	return r;
}

/* figure and stats. */
static int run_figure(struct settings *settings, bool draws, bool *damaged,
		      struct schedtrace_error *err)
{
	enum table_format format = FORMAT_TEXT;
	auto_free char *path = NULL;
	int r = draws ? draw_check(&settings->draw, err)
		      : parse_format(settings->format, &format, err);

	if (r == 0 && !settings->instructions)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "nothing says what to show: name an instruction file with -i");
	if (r == 0)
		r = find_instructions(settings->instructions, &path, err);
	if (r < 0)
		return r;
	settings->instructions = path;
	r = outputs_check(&(struct program_output){ "--output", settings->draw.out }, 1,
			  (const char *const[]){ settings->trace, path }, 2, err);
	return r < 0 ? r : open_and_show(settings, draws, format, damaged, err);
}

static int run_timeline(struct settings *settings, bool *damaged, struct schedtrace_error *err)
{
	const struct timeline_options timeline = {
		.trace = settings->trace,
		.out = settings->draw.out,
		.size = settings->draw.size,
		.window = settings->draw.window,
		.title = settings->draw.title,
		.cpus = settings->cpus,
		.tasks = settings->tasks.items,
		.n_tasks = settings->tasks.n,
		.input = settings->input,
	};
	struct results file = { .path = NULL };
	int r = timeline_draw_check(&timeline, err);

	if (r == 0)
		r = outputs_check(&(struct program_output){ "--output", timeline.out }, 1,
				  &settings->trace, 1, err);
	if (r == 0)
		r = results_open(&file, timeline.out, err);
	if (r == 0)
		r = timeline_draw(file.f, &timeline, damaged, err);
	if (r == 0)
		r = results_finish(&file, err);
	results_close(&file);
	return r;
}

static int run(struct settings *settings, const char *command, bool *damaged,
	       struct schedtrace_error *err)
{
	if (!strcmp(command, "timeline"))
		return run_timeline(settings, damaged, err);
	if (!strcmp(command, "vars")) {
		int r = outputs_check(&(struct program_output){ "--output", settings->draw.out }, 1,
				      &settings->trace, 1, err);

		return r < 0 ? r : run_vars(settings, damaged, err);
	}
	return run_figure(settings, !strcmp(command, "figure"), damaged, err);
}

/* FILE..., or a folder. */
static int run_page(const struct settings *settings, char **paths, int n,
		    struct schedtrace_error *err)
{
	struct page_options page = {
		.paths = (const char *const *)paths,
		.n_paths = (size_t)n,
		.addresses = settings->listen.items,
		.n_addresses = settings->listen.n,
		.hosts = settings->hosts.items,
		.n_hosts = settings->hosts.n,
		.port = settings->port,
		.instructions = settings->instructions,
		.open = settings->open,
		.input = settings->input,
		.tell = print_note,
	};

	if (settings->port > UINT16_MAX)
		return error_set(err, SCHEDTRACE_E_USAGE, "--port: ports go up to %d", UINT16_MAX);
	return page_run(&page, err);
}

static void tell(void *user, const char *sentence)
{
	report(PROGRAM, "%s", sentence);
}

static int run_live(struct settings *settings, char *const *command, int *status,
		    struct schedtrace_error *err)
{
	static const char *const formats[] = { "text", "csv", "json", "prometheus" };
	struct live_options *live = &settings->live;
	size_t f = 0;

	while (settings->format && f < 4 && strcmp(formats[f], settings->format) != 0)
		f++;
	if (f == 4)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--format: %s is none of text, csv, json and prometheus",
				 settings->format);
	if (live->once && live->count)
		return error_set(err, SCHEDTRACE_E_USAGE, "--once and --count do not go together");
	if (live->tty && (live->once || live->count || live->tables || settings->format))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--tty shows tasks until one quits: --once, --count, --table and "
				 "--format are of what is printed");
	live->format = (enum live_format)f;
	live->command = *command ? command : NULL;
	live->tell = tell;
	live->out = settings->draw.out;
	live->open = settings->open;
	live->port = settings->port;
	live->addresses = settings->listen.items;
	live->n_addresses = settings->listen.n;
	live->hosts = settings->hosts.items;
	live->n_hosts = settings->hosts.n;
	live->page = live->open || live->port >= 0 || live->n_addresses;
	if (live->port > UINT16_MAX)
		return error_set(err, SCHEDTRACE_E_USAGE, "--port: ports go up to %d", UINT16_MAX);
	if (live->page &&
	    (live->tty || live->once || live->count || live->interval_ns || settings->format))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--open, --port and --listen are of the page, --tty of a terminal, "
				 "--once, --interval, --count and --format of what is printed: "
				 "choose one");
	live->db = settings->db;
	live->pids = settings->pids;
	return live_run(live, status, err);
}

static int run_requests(struct settings *settings, bool *damaged, struct schedtrace_error *err)
{
	struct requests_options *requests = &settings->requests;

	requests->format = settings->format;
	requests->out = settings->draw.out;
	requests->db = settings->db;
	requests->pids = settings->pids;
	requests->input = settings->input;
	return requests_run(requests, damaged, err);
}

static bool is_command(const char *word)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name + strlen(PROGRAM " "), word))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.port = -1,
		.live = { .top = -1, .keep_bytes = INT64_C(4) << 30 },
		.requests = { .min_size = -1, .max_size = -1 },
	};
	struct schedtrace_error err;
	bool damaged = false, page, live, requests;
	int first, r, status = EXIT_DONE;

	process_begin(PROGRAM, EXIT_UNFINISHED);
	first = options_parse(&program, argc, argv, false, EXIT_USAGE, &settings);
	page = argc > first && !is_command(argv[first]);
	live = argc > first && !strcmp(argv[first], "live");
	requests = argc == first + 1 && !strcmp(argv[first], "requests");
	if (page && !strpbrk(argv[first], "/.") && access(argv[first], F_OK) < 0)
		r = error_set(&err, SCHEDTRACE_E_USAGE,
			      "no command %s, nor a file: there are figure, timeline, stats, vars, "
			      "live and requests; see " PROGRAM " --help",
			      argv[first]);
	else if (argc == first)
		r = error_set(&err, SCHEDTRACE_E_USAGE,
			      "nothing to show: name recordings, a folder of them, or a command; "
			      "see " PROGRAM " --help");
	else if (!page && !live && !requests && argc - first != 2)
		r = error_set(&err, SCHEDTRACE_E_USAGE,
			      "%s takes one recording; see " PROGRAM " %s --help", argv[first],
			      argv[first]);
	else
		r = 0;
	if (r == 0 && !settings.quiet)
		settings.input.note = print_note;
	if (r == 0 && page) {
		r = run_page(&settings, argv + first, argc - first, &err);
	} else if (r == 0 && live) {
		r = run_live(&settings, argv + first + 1, &status, &err);
	} else if (r == 0 && requests) {
		outputs_remove_at_signals();
		r = run_requests(&settings, &damaged, &err);
	} else if (r == 0) {
		outputs_remove_at_signals();
		settings.trace = argv[first + 1];
		r = run(&settings, argv[first], &damaged, &err);
	}
	option_list_free(&settings.listen);
	option_list_free(&settings.hosts);
	option_list_free(&settings.requests.add);
	option_list_free(&settings.requests.names);
	option_list_free(&settings.tasks);
	if (r < 0) {
		int failed = report_error(PROGRAM, &err);

		return status ? status : failed; /* a command that cannot be run has its own */
	}
	return damaged ? EXIT_SALVAGED : status;
}
