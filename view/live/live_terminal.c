/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"

#define REST_MS 30 /* between the bytes of one key */

/* The other screen, no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l\033[2J"
#define LEAVE "\033[0m\033[?25h\033[?1049l"

static void say(const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
}

int live_terminal_take(struct live_terminal *terminal, struct schedtrace_error *err)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &terminal->before) < 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--tty: standard input and output must be a terminal");
	raw = terminal->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* who is stopped gives no terminal back */
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot take the terminal");
	terminal->on = true;
	say(ENTER);
	return 0;
}

void live_terminal_give_back(struct live_terminal *terminal)
{
	if (!terminal->on)
		return;
	terminal->on = false;
	say(LEAVE);
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

void live_terminal_size(int *width, int *height)
{
	struct winsize size = { .ws_col = 80, .ws_row = 24 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*width = size.ws_col ? size.ws_col : 80;
	*height = size.ws_row ? size.ws_row : 24;
}

static int byte(int wait_ms)
{
	struct pollfd fd = { STDIN_FILENO, POLLIN, 0 };
	unsigned char c;

	if (poll(&fd, 1, wait_ms) <= 0)
		return LIVE_KEY_NONE;
	return read(STDIN_FILENO, &c, 1) == 1 ? c : LIVE_KEY_END;
}

/* What follows an escape, as xterm, rxvt and the Linux console send it. */
static const struct {
	const char *text;
	int key;
} sequences[] = {
	{ "[A", LIVE_KEY_UP },	  { "OA", LIVE_KEY_UP },       { "[B", LIVE_KEY_DOWN },
	{ "OB", LIVE_KEY_DOWN },  { "[C", LIVE_KEY_RIGHT },    { "OC", LIVE_KEY_RIGHT },
	{ "[D", LIVE_KEY_LEFT },  { "OD", LIVE_KEY_LEFT },     { "[H", LIVE_KEY_HOME },
	{ "OH", LIVE_KEY_HOME },  { "[1~", LIVE_KEY_HOME },    { "[7~", LIVE_KEY_HOME },
	{ "[F", LIVE_KEY_LAST },  { "OF", LIVE_KEY_LAST },     { "[4~", LIVE_KEY_LAST },
	{ "[8~", LIVE_KEY_LAST }, { "[5~", LIVE_KEY_PAGE_UP }, { "[6~", LIVE_KEY_PAGE_DOWN },
	{ "OP", LIVE_KEY_F1 },	  { "[11~", LIVE_KEY_F1 },     { "[[A", LIVE_KEY_F1 },
	{ "OR", LIVE_KEY_F3 },	  { "[13~", LIVE_KEY_F3 },     { "[[C", LIVE_KEY_F3 },
	{ "OS", LIVE_KEY_F4 },	  { "[14~", LIVE_KEY_F4 },     { "[[D", LIVE_KEY_F4 },
	{ "[15~", LIVE_KEY_F5 },  { "[[E", LIVE_KEY_F5 },      { "[17~", LIVE_KEY_F6 },
	{ "[21~", LIVE_KEY_F10 },
};

static bool ends_sequence(const char *text, size_t n)
{
	if (n == 2 && text[1] == '[')
		return false;
	return n > 1 && text[n - 1] >= '@' && text[n - 1] <= '~';
}

/* Behind an escape; *next: a key of its own that follows at once. */
static int sequence(int *next)
{
	char text[8] = "";
	size_t n = 0;

	do {
		int c = byte(REST_MS);

		if (!n && c != '[' && c != 'O') {
			*next = c;
			return '\033';
		}
		if (c < 0)
			return LIVE_KEY_OTHER;
		text[n++] = (char)c;
	} while (n < sizeof(text) - 1 && !ends_sequence(text, n));
	for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++)
		if (!strcmp(sequences[i].text, text))
			return sequences[i].key;
	return LIVE_KEY_OTHER;
}

int live_terminal_key(void)
{
	static int next = LIVE_KEY_NONE;
	int c = next != LIVE_KEY_NONE ? next : byte(0);

	next = LIVE_KEY_NONE;
	return c == '\033' ? sequence(&next) : c;
}
