/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tasks do, over a whole terminal, by htop's keys. */
#ifndef VIEW_LIVE_LIVE_TTY_H
#define VIEW_LIVE_LIVE_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <schedtrace/error.h>

#include "analyze/select.h"
#include "view/live/live_system.h"

/* What stands above the tasks. */
struct live_tty_head {
	union schedtrace_value system[LIVE_SYSTEM_COLUMNS];
	int64_t wall_ns;    /* since 1970; INT64_MIN: unknown */
	int64_t length_ns;  /* of the interval */
	int64_t lost, gaps; /* records that are missing so far */
};

struct live_tty;

/* Of a terminal that has been taken; @orders: where the recorder takes them. */
int live_tty_new(struct live_tty **out, int64_t interval_ns, bool processes, int orders,
		 struct schedtrace_error *err);
void live_tty_free(struct live_tty *tty);

/* As one may change them by key. */
int64_t live_tty_interval(const struct live_tty *tty);
bool live_tty_processes(const struct live_tty *tty);

/* Shows an interval: @activity is of the table of that name. */
int live_tty_take(struct live_tty *tty, const struct view *activity,
		  const struct live_tty_head *head, struct schedtrace_error *err);

/* What the recorder says of itself. */
int live_tty_told(struct live_tty *tty, const char *text, size_t n, struct schedtrace_error *err);

/* Takes keys until @fd can be read; E_CANCELLED: who looks has quit. */
int live_tty_wait(struct live_tty *tty, int fd, struct schedtrace_error *err);

#endif
