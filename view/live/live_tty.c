/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_tty.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "view/live/live_frames.h"
#include "view/live/live_terminal.h"
#include "view/live/live_tty_state.h"

#define LOOK_MS 250 /* at the terminal's size */

static const int64_t intervals[] = {
	100000000,  200000000,	500000000,   1000000000,  2000000000,
	5000000000, 10000000000, 30000000000, 60000000000,
};
#define N_INTERVALS (sizeof(intervals) / sizeof(*intervals))

int live_tty_new(struct live_tty **out, int64_t interval_ns, bool processes, int orders,
		 struct schedtrace_error *err)
{
	const char *no_colour = getenv("NO_COLOR");
	struct live_tty *tty = calloc(1, sizeof(*tty));

	if (!tty)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a terminal");
	*tty = (struct live_tty){ .interval_ns = interval_ns,
				  .processes = processes,
				  .colours = !no_colour || !*no_colour,
				  .recording = true,
				  .orders = orders,
				  .cursor = -1 };
	live_tty_draw(tty);
	*out = tty;
	return 0;
}

void live_tty_free(struct live_tty *tty)
{
	if (tty)
		live_tty_rows_free(&tty->rows);
	free(tty);
}

int64_t live_tty_interval(const struct live_tty *tty)
{
	return tty->interval_ns;
}

bool live_tty_processes(const struct live_tty *tty)
{
	return tty->processes;
}

static bool order(struct live_tty *tty)
{
	return tty->cursor >= 0 || live_tty_rows_order(&tty->rows);
}

int live_tty_take(struct live_tty *tty, const struct view *activity,
		  const struct live_tty_head *head, struct schedtrace_error *err)
{
	if (tty->paused)
		return 0;
	tty->head = *head;
	tty->has_head = true;
	if (!live_tty_rows_take(&tty->rows, activity, tty->cursor >= 0) || !order(tty))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
	live_tty_draw(tty);
	return 0;
}

int live_tty_told(struct live_tty *tty, const char *text, size_t n, struct schedtrace_error *err)
{
	json_t *told, *status;
	const char *error;
	int r = jsonio_parse(&told, text, n, err);

	if (r < 0)
		return r;
	tty->recording = json_is_true(json_object_get(told, "recording"));
	status = json_object_get(told, "exit_status");
	error = json_string_value(json_object_get(told, "error"));
	*tty->state = '\0';
	if (json_is_integer(status))
		snprintf(tty->state, sizeof(tty->state), "command ended with %d",
			 (int)json_integer_value(status));
	if (error)
		schedtrace_printable(error, tty->message, sizeof(tty->message));
	json_decref(told);
	live_tty_draw(tty);
	return 0;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool has_word(const struct live_tty_row *row, const char *word)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%lld", (long long)row->pid);
	return strcasestr(row->comm, word) || (row->pid != INT64_MIN && strstr(pid, word)) ||
	       strcasestr(row->user, word);
}

bool live_tty_shows(const struct live_tty *tty, const struct live_tty_row *row)
{
	return !*tty->filter || has_word(row, tty->filter);
}

int live_tty_shown(const struct live_tty *tty)
{
	int n = 0;

	for (size_t i = 0; i < tty->rows.n; i++)
		n += live_tty_shows(tty, &tty->rows.list[i]);
	return n;
}

static struct live_tty_row *row_at(struct live_tty *tty, int place)
{
	for (size_t i = 0; i < tty->rows.n; i++)
		if (live_tty_shows(tty, &tty->rows.list[i]) && place-- == 0)
			return &tty->rows.list[i];
	return NULL;
}

static void move_to(struct live_tty *tty, int place)
{
	int shown = live_tty_shown(tty), lines = live_tty_lines(tty);

	tty->cursor = place >= shown ? shown - 1 : place;
	if (tty->cursor < 0)
		tty->cursor = -1;
	if (tty->cursor < tty->first)
		tty->first = tty->cursor < 0 ? 0 : tty->cursor;
	if (tty->cursor >= tty->first + lines)
		tty->first = tty->cursor - lines + 1;
	if (tty->cursor < 0)
		order(tty);
}

/* The next row with the word that is searched for; no row moves for it. */
static void search_from(struct live_tty *tty, int place)
{
	int shown = live_tty_shown(tty);

	for (int i = 0; i < shown && *tty->search; i++) {
		struct live_tty_row *row = row_at(tty, (place + i) % shown);

		if (row && has_word(row, tty->search)) {
			move_to(tty, (place + i) % shown);
			return;
		}
	}
	if (*tty->search)
		snprintf(tty->message, sizeof(tty->message), "nothing has \"%s\"", tty->search);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void give_order(struct live_tty *tty, uint32_t kind)
{
	const struct live_order order = { kind, 0 };

	/* Whole or not at all: it is short. */
	if (write(tty->orders, &order, sizeof(order)) != sizeof(order))
		snprintf(tty->message, sizeof(tty->message), "the recorder takes no orders now");
}

static void step_interval(struct live_tty *tty, int by)
{
	size_t at = 0;

	while (at + 1 < N_INTERVALS && intervals[at] < tty->interval_ns)
		at++;
	if ((by < 0 && at > 0) || (by > 0 && at + 1 < N_INTERVALS))
		tty->interval_ns = intervals[at + (size_t)by];
}

static void sort_by(struct live_tty *tty, size_t column)
{
	tty->rows.sort = column % LIVE_TTY_VALUES;
	tty->cursor = -1;
	snprintf(tty->message, sizeof(tty->message), "sorted by %s",
		 live_tty_columns[tty->rows.sort].title);
	live_tty_rows_order(&tty->rows);
}

static size_t column_named(const char *name)
{
	size_t c = 0;

	while (c + 1 < LIVE_TTY_VALUES && strcmp(live_tty_columns[c].name, name) != 0)
		c++;
	return c;
}

static void type_word(struct live_tty *tty, int key)
{
	bool searches = tty->prompt == LIVE_TTY_SEARCH;
	char *word = searches ? tty->search : tty->filter;
	size_t n = strlen(word);

	if (key == '\n' || key == '\r') {
		tty->prompt = LIVE_TTY_NO_PROMPT;
	} else if (key == '\033') {
		*word = '\0';
		tty->prompt = LIVE_TTY_NO_PROMPT;
	} else if (key == 127 || key == 8) {
		word[n ? n - 1 : 0] = '\0';
	} else if (key < 256 && isprint(key) && n + 1 < sizeof(tty->search)) {
		word[n] = (char)key;
		word[n + 1] = '\0';
	}
	if (searches)
		search_from(tty, tty->cursor < 0 ? 0 : tty->cursor);
	else
		move_to(tty, tty->cursor < 0 ? -1 : 0);
}

static void tag(struct live_tty *tty)
{
	struct live_tty_row *row = row_at(tty, tty->cursor < 0 ? 0 : tty->cursor);

	if (row)
		row->tagged = !row->tagged;
	move_to(tty, tty->cursor + 1);
}

static bool move_by_key(struct live_tty *tty, int key)
{
	int lines = live_tty_lines(tty);

	switch (key) {
	case LIVE_KEY_UP:
		move_to(tty, tty->cursor < 0 ? -1 : tty->cursor - 1);
		return true;
	case LIVE_KEY_DOWN:
		move_to(tty, tty->cursor + 1);
		return true;
	case LIVE_KEY_PAGE_UP:
		move_to(tty, tty->cursor > lines ? tty->cursor - lines : 0);
		return true;
	case LIVE_KEY_PAGE_DOWN:
		move_to(tty, tty->cursor + lines);
		return true;
	case LIVE_KEY_LAST:
		move_to(tty, live_tty_shown(tty) - 1);
		return true;
	case LIVE_KEY_HOME:
	case '\033':
		move_to(tty, -1);
		return true;
	}
	return false;
}

static bool sort_by_key(struct live_tty *tty, int key)
{
	switch (key) {
	case '>':
	case '.':
	case LIVE_KEY_F6:
		sort_by(tty, tty->rows.sort + 1);
		return true;
	case '<':
	case ',':
		sort_by(tty, tty->rows.sort + LIVE_TTY_VALUES - 1);
		return true;
	case 'P':
		sort_by(tty, LIVE_TTY_ON_CPU);
		return true;
	case 'M':
		sort_by(tty, column_named("rss_bytes"));
		return true;
	case 'I':
		tty->rows.up = !tty->rows.up;
		sort_by(tty, tty->rows.sort);
		return true;
	case 't':
	case LIVE_KEY_F5:
		tty->rows.tree = !tty->rows.tree;
		move_to(tty, -1);
		return true;
	}
	return false;
}

static void switch_by_key(struct live_tty *tty, int key)
{
	switch (key) {
	case '/':
	case LIVE_KEY_F3:
		tty->prompt = LIVE_TTY_SEARCH;
		*tty->search = '\0';
		break;
	case '\\':
	case LIVE_KEY_F4:
		tty->prompt = LIVE_TTY_FILTER;
		break;
	case 'n':
		search_from(tty, tty->cursor + 1);
		break;
	case ' ':
		tag(tty);
		break;
	case 'U':
		for (size_t i = 0; i < tty->rows.n; i++)
			tty->rows.list[i].tagged = false;
		break;
	case 'Z':
		tty->paused = !tty->paused;
		break;
	case 'H':
		tty->processes = !tty->processes;
		tty->rows.n = 0;
		break;
	case 'R':
		give_order(tty, tty->recording ? LIVE_STOP : LIVE_START);
		break;
	case '+':
		step_interval(tty, -1);
		break;
	case '-':
		step_interval(tty, 1);
		break;
	case '?':
	case 'h':
	case LIVE_KEY_F1:
		tty->help = true;
		break;
	}
}

/* False: who looks has quit. */
static bool take_key(struct live_tty *tty, int key)
{
	*tty->message = '\0';
	if (key == LIVE_KEY_END)
		return false;
	if (tty->help) {
		tty->help = false;
		return true;
	}
	if (tty->prompt) {
		type_word(tty, key);
		return true;
	}
	if (key == 'q' || key == LIVE_KEY_F10)
		return false;
	if (!move_by_key(tty, key) && !sort_by_key(tty, key))
		switch_by_key(tty, key);
	return true;
}

int live_tty_wait(struct live_tty *tty, int fd, struct schedtrace_error *err)
{
	struct pollfd fds[] = { { fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
	int width, height, key;

	do {
		bool drawn = false;

		if (poll(fds, 2, LOOK_MS) < 0 && errno != EINTR)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot wait for keys");
		while (fds[1].revents && (key = live_terminal_key()) != LIVE_KEY_NONE) {
			if (!take_key(tty, key))
				return error_set(err, SCHEDTRACE_E_CANCELLED, "quit");
			drawn = true;
		}
		live_terminal_size(&width, &height);
		if (drawn || width != tty->width || height != tty->height)
			live_tty_draw(tty);
	} while (!fds[0].revents);
	return 0;
}
