/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal that is drawn on as a whole, and is as it was before however that ends. */
#ifndef VIEW_LIVE_LIVE_TERMINAL_H
#define VIEW_LIVE_LIVE_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include <schedtrace/error.h>

struct live_terminal {
	bool on;
	struct termios before;
};

/* Takes stdin and stdout, keys without a return; E_USAGE: they are no terminal. */
int live_terminal_take(struct live_terminal *terminal, struct schedtrace_error *err);
/* Gives them back. Both processes may do so, in any order. */
void live_terminal_give_back(struct live_terminal *terminal);

void live_terminal_size(int *width, int *height);

enum live_key {
	LIVE_KEY_NONE = -1, /* none has been pressed */
	LIVE_KEY_END = -2,  /* the terminal has gone */
	LIVE_KEY_UP = 256,
	LIVE_KEY_DOWN,
	LIVE_KEY_PAGE_UP,
	LIVE_KEY_PAGE_DOWN,
	LIVE_KEY_HOME,
	LIVE_KEY_LAST,
	LIVE_KEY_LEFT,
	LIVE_KEY_RIGHT,
	LIVE_KEY_F1,
	LIVE_KEY_F3,
	LIVE_KEY_F4,
	LIVE_KEY_F5,
	LIVE_KEY_F6,
	LIVE_KEY_F10,
	LIVE_KEY_OTHER, /* that nothing is done by */
};

/* The next key: a character, or one of these. Does not wait, but for the rest of one. */
int live_terminal_key(void);

#endif
