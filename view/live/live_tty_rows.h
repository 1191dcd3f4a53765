/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the table "activity" as they stand on a terminal, update after update. */
#ifndef VIEW_LIVE_LIVE_TTY_ROWS_H
#define VIEW_LIVE_LIVE_TTY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/select.h"

#define LIVE_TTY_GREYED 5 /* updates for which a task stays that did nothing, or ended */
#define LIVE_TTY_VALUES 16

/* A column that has a figure a row. */
struct live_tty_column {
	const char *title;
	const char *name; /* in the table */
	double unit;	  /* is divided by */
	int width, decimals;
	int place; /* the less, the longer it is kept where there is no room for all */
};
extern const struct live_tty_column live_tty_columns[LIVE_TTY_VALUES];
#define LIVE_TTY_ON_CPU 0 /* the one that is sorted by at first */

struct live_tty_row {
	int64_t pid, tgid, ppid;	/* INT64_MIN: unknown */
	char comm[64], user[33];	/* printable */
	double values[LIVE_TTY_VALUES]; /* NaN: unknown */
	int missed;			/* updates in which it did nothing */
	bool tagged;
	int depth; /* in a tree */
};

struct live_tty_rows {
	struct live_tty_row *list; /* in the order in which they stand */
	size_t n, cap;
	double sums[LIVE_TTY_VALUES]; /* of all rows of the last update, NaN: unknown somewhere */
	size_t n_tasks;		      /* of them */
	size_t sort;		      /* a column */
	bool up;		      /* the smallest first */
	bool tree;		      /* children below their parents */
};

/* What the view shows of the table. False without memory. @held: none leaves its place. */
bool live_tty_rows_take(struct live_tty_rows *rows, const struct view *activity, bool held);
/* Puts them in order. */
bool live_tty_rows_order(struct live_tty_rows *rows);
void live_tty_rows_free(struct live_tty_rows *rows);

#endif
