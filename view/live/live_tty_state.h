/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keys change of a full-screen view, and what is drawn of it. */
#ifndef VIEW_LIVE_LIVE_TTY_STATE_H
#define VIEW_LIVE_LIVE_TTY_STATE_H

#include "view/live/live_tty.h"
#include "view/live/live_tty_rows.h"

enum live_tty_prompt { LIVE_TTY_NO_PROMPT, LIVE_TTY_SEARCH, LIVE_TTY_FILTER };

struct live_tty {
	struct live_tty_rows rows;
	struct live_tty_head head;
	bool has_head;
	int64_t interval_ns;
	bool processes, paused, help, colours;
	bool recording;
	char state[96];	  /* what the recorder says of the command */
	char message[96]; /* for who looks, until the next key */
	int orders;
	enum live_tty_prompt prompt;
	char search[32], filter[32];
	int cursor; /* a row of those that are shown; -1: none, and rows may move */
	int first;  /* that is in sight */
	int width, height;
};

/* Whether a row passes the filter that was typed. */
bool live_tty_shows(const struct live_tty *tty, const struct live_tty_row *row);
int live_tty_shown(const struct live_tty *tty); /* how many */
/* Lines for rows. */
int live_tty_lines(const struct live_tty *tty);

void live_tty_draw(struct live_tty *tty);

#endif
