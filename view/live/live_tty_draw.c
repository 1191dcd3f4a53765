/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "view/live/live_terminal.h"
#include "view/live/live_tty_state.h"

#define HEAD_LINES 4
#define FOOT_LINES 1
#define PID_WIDTH  8
#define NAME_WIDTH 16
#define USER_WIDTH 9
#define USER_PLACE 1
#define MOST_WIDTH 1000

/* Parts of lines differ by weight rather than colour, which may be unwanted. */
#define PLAIN	"\033[0m"
#define BOLD	"\033[1m"
#define DIM	"\033[2m"
#define REVERSE "\033[7m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"

int live_tty_lines(const struct live_tty *tty)
{
	int lines = tty->height - HEAD_LINES - FOOT_LINES;

	return lines > 1 ? lines : 1;
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct line {
	char text[MOST_WIDTH + 1];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->n, sizeof(line->text) - line->n, format, args);
	va_end(args);
	if (n > 0)
		line->n += (size_t)n;
	if (line->n >= sizeof(line->text))
		line->n = sizeof(line->text) - 1;
}

/* As much of it as there is room for, and nothing of what stood there. */
static void put(FILE *f, const struct live_tty *tty, const struct line *line, const char *look)
{
	fprintf(f, "%s%.*s" PLAIN "\033[K", look, tty->width, line->text);
}

static void put_end(FILE *f)
{
	fputs("\r\n", f);
}

static const char *colour(const struct live_tty *tty, const char *colour)
{
	return tty->colours ? colour : BOLD;
}

/* ---- above the rows ------------------------------------------------------------------------- */

static void add_share(struct line *line, const char *label, double value)
{
	if (isnan(value))
		add(line, "%s -", label);
	else
		add(line, "%s %.1f %%", label, value);
}

static void add_rate(struct line *line, const char *label, double value)
{
	if (isnan(value))
		add(line, "  %s -", label);
	else
		add(line, "  %s %.0f", label, value);
}

static double gib(int64_t bytes)
{
	return (double)bytes / (1 << 30);
}

static union schedtrace_value figure(const struct live_tty *tty, const char *column)
{
	return tty->head.system[schedtrace_column_index(&live_system_info, column)];
}

static void add_time(struct line *line, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	char text[16];
	struct tm tm;

	if (wall_ns == INT64_MIN)
		return;
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	add(line, "%s  ", text);
}

static void put_state(FILE *f, const struct live_tty *tty)
{
	struct line line = { .n = 0 };

	add(&line, "schedview live  ");
	add(&line, tty->paused ? "PAUSED  " : tty->recording ? "recording  " : "STOPPED  ");
	if (*tty->state)
		add(&line, "%s  ", tty->state);
	if (tty->has_head)
		add_time(&line, tty->head.wall_ns);
	add(&line, "every %g s  ", (double)tty->interval_ns / 1e9);
	if (tty->has_head)
		add(&line, "load %.2f %.2f %.2f  runnable %lld  blocked %lld",
		    figure(tty, "load_1").f, figure(tty, "load_5").f, figure(tty, "load_15").f,
		    (long long)figure(tty, "runnable").i, (long long)figure(tty, "blocked").i);
	put(f, tty, &line, colour(tty, tty->recording && !tty->paused ? GREEN : RED));
	put_end(f);
}

static void put_system(FILE *f, const struct live_tty *tty)
{
	struct line line = { .n = 0 };

	if (tty->has_head) {
		add(&line, "memory %.1f of %.1f GiB  ",
		    gib(figure(tty, "memory_total_bytes").i -
			figure(tty, "memory_available_bytes").i),
		    gib(figure(tty, "memory_total_bytes").i));
		add_share(&line, "pressure CPU", figure(tty, "pressure_cpu").f);
		add_share(&line, ", memory", figure(tty, "pressure_memory").f);
		add_share(&line, ", I/O", figure(tty, "pressure_io").f);
		add_rate(&line, "forks/s", figure(tty, "forks").f);
		add_rate(&line, "switches/s", figure(tty, "switches").f);
		add_rate(&line, "interrupts/s", figure(tty, "interrupts").f);
	}
	put(f, tty, &line, "");
	put_end(f);
}

/* What is missing and what it costs, and the sum of all rows. */
static void put_sums(FILE *f, const struct live_tty *tty)
{
	struct line line = { .n = 0 };
	bool lost = tty->has_head && (tty->head.lost || tty->head.gaps);

	if (!tty->has_head) {
		add(&line, "waiting for the first interval");
	} else {
		add(&line, "all %zu %s", tty->rows.n_tasks, tty->processes ? "processes" : "tasks");
		add_share(&line, ":  CPU", tty->rows.sums[LIVE_TTY_ON_CPU]);
		if (lost)
			add(&line, "  LOST %lld records in %lld gaps", (long long)tty->head.lost,
			    (long long)tty->head.gaps);
		else
			add(&line, "  lost none");
		add_share(&line, "  recorder", figure(tty, "recorder_cpu").f);
		add_share(&line, ", viewer", figure(tty, "viewer_cpu").f);
		if (*tty->filter)
			add(&line, "  %d rows with \"%s\"", live_tty_shown(tty), tty->filter);
	}
	put(f, tty, &line, lost ? colour(tty, RED) : "");
	put_end(f);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Which columns there is room for; the width that is left for names. */
struct layout {
	bool user, shown[LIVE_TTY_VALUES];
	int name;
};

static struct layout lay_out(const struct live_tty *tty)
{
	int room = tty->width - PID_WIDTH - NAME_WIDTH;
	struct layout layout = { .user = false };

	for (int place = 0; place <= LIVE_TTY_VALUES; place++) {
		if (place == USER_PLACE && room >= USER_WIDTH) {
			layout.user = true;
			room -= USER_WIDTH;
		}
		for (size_t c = 0; c < LIVE_TTY_VALUES; c++) {
			const struct live_tty_column *column = &live_tty_columns[c];
			bool sorted = tty->rows.sort == c;

			/* That which is sorted by comes first. */
			if (layout.shown[c] || room < column->width + 1 ||
			    (place == 0 ? !sorted && column->place != 0 : column->place != place))
				continue;
			layout.shown[c] = true;
			room -= column->width + 1;
		}
	}
	layout.name = NAME_WIDTH + (room > 0 ? room : 0);
	return layout;
}

static void put_heading(FILE *f, const struct live_tty *tty, const struct layout *layout)
{
	struct line line = { .n = 0 };

	add(&line, "%*s ", PID_WIDTH - 1, "pid");
	if (layout->user)
		add(&line, "%-*s", USER_WIDTH, "user");
	for (size_t c = 0; c < LIVE_TTY_VALUES; c++)
		if (layout->shown[c])
			add(&line, "%*s%s", live_tty_columns[c].width, live_tty_columns[c].title,
			    tty->rows.sort != c ? " "
			    : tty->rows.up	? "^"
						: "v");
	add(&line, "%-*s", layout->name, "command");
	put(f, tty, &line, REVERSE);
	put_end(f);
}

static void put_row(FILE *f, const struct live_tty *tty, const struct layout *layout,
		    const struct live_tty_row *row, bool at)
{
	struct line line = { .n = 0 };

	if (row->pid == INT64_MIN)
		add(&line, "%*s%c", PID_WIDTH - 1, "-", row->tagged ? '*' : ' ');
	else
		add(&line, "%*lld%c", PID_WIDTH - 1, (long long)row->pid, row->tagged ? '*' : ' ');
	if (layout->user)
		add(&line, "%-*.*s ", USER_WIDTH - 1, USER_WIDTH - 1, row->user);
	for (size_t c = 0; c < LIVE_TTY_VALUES; c++)
		if (layout->shown[c] && isnan(row->values[c]))
			add(&line, "%*s ", live_tty_columns[c].width, "-");
		else if (layout->shown[c])
			add(&line, "%*.*f ", live_tty_columns[c].width,
			    live_tty_columns[c].decimals, row->values[c]);
	add(&line, "%*s%s%-*s", 2 * row->depth, "", row->depth ? "`- " : "", at ? layout->name : 0,
	    row->comm);
	put(f, tty, &line, at ? REVERSE : row->tagged ? BOLD : row->missed ? DIM : "");
	put_end(f);
}

static void put_rows(FILE *f, struct live_tty *tty)
{
	struct layout layout = lay_out(tty);
	int lines = live_tty_lines(tty), place = 0, drawn = 0;
	int shown = live_tty_shown(tty);

	if (tty->first > shown - 1)
		tty->first = shown > 0 ? shown - 1 : 0;
	put_heading(f, tty, &layout);
	for (size_t i = 0; i < tty->rows.n && drawn < lines; i++) {
		const struct live_tty_row *row = &tty->rows.list[i];

		if (!live_tty_shows(tty, row))
			continue;
		if (place++ < tty->first)
			continue;
		put_row(f, tty, &layout, row, place - 1 == tty->cursor);
		drawn++;
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_help(FILE *f, const struct live_tty *tty)
{
	static const char *const lines[] = {
		"/ F3     search a name, user or pid; n the next one",
		"\\ F4     only rows with a name, user or pid",
		"t F5     a tree: children below their parents, threads below their process",
		"> < F6   sort by the next column, or the one before; I the other way round",
		"P M      sort by %CPU, by RSS",
		"H        processes, or each thread",
		"Space    tag a row; U tags none",
		"arrows   a row is chosen, and none moves; Esc or Home: they move again",
		"Z        pause what is shown, while what happens is counted on",
		"R        stop recording, or begin again",
		"+ -      a shorter or longer interval",
		"q F10    quit",
		"",
		"%CPU and %wait are exact, by the kernel's events; %usr, %system, faults, RSS are",
		"of /proc, unknown of tasks that ended. Dim rows did nothing since, or ended.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines) && (int)i < tty->height - 2; i++) {
		struct line line = { .n = 0 };

		add(&line, "  %s", lines[i]);
		put(f, tty, &line, "");
		put_end(f);
	}
}

static void put_foot(FILE *f, const struct live_tty *tty)
{
	struct line line = { .n = 0 };

	if (tty->prompt)
		add(&line, "%s: %s_", tty->prompt == LIVE_TTY_SEARCH ? "search" : "filter",
		    tty->prompt == LIVE_TTY_SEARCH ? tty->search : tty->filter);
	else if (*tty->message)
		add(&line, "%s", tty->message);
	else
		add(&line,
		    "? help  / search  \\ filter  t tree  > sort  H %s  Z pause  R %s  q quit",
		    tty->processes ? "threads" : "processes", tty->recording ? "stop" : "start");
	fprintf(f, "\033[%d;1H", tty->height);
	put(f, tty, &line, REVERSE);
}

void live_tty_draw(struct live_tty *tty)
{
	auto_free char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	live_terminal_size(&tty->width, &tty->height);
	if (tty->width > MOST_WIDTH)
		tty->width = MOST_WIDTH;
	fputs("\033[H", f);
	if (tty->help) {
		put_help(f, tty);
	} else {
		put_state(f, tty);
		put_system(f, tty);
		put_sums(f, tty);
		put_rows(f, tty);
	}
	fputs("\033[J", f); /* nothing below */
	put_foot(f, tty);
	if (fclose(f) != 0)
		return;
	for (size_t done = 0; done < n;) {
		ssize_t more = write(STDOUT_FILENO, text + done, n - done);

		if (more <= 0)
			return;
		done += (size_t)more;
	}
}
