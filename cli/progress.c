/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define REPAINT_NS 100000000
#define MAX_WIDTH  200

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 79;
	return size.ws_col <= MAX_WIDTH ? size.ws_col - 1 : MAX_WIDTH;
}

/* Is it time to paint again? */
static bool due(struct progress *p)
{
	int64_t now;

	/* In the background the terminal belongs to somebody else. */
	if (!p->enabled || tcgetpgrp(STDERR_FILENO) != getpgrp())
		return false;
	now = now_ns();
	if (p->painted_ns && now - p->painted_ns < REPAINT_NS)
		return false;
	p->painted_ns = now;
	return true;
}

/* Cuts the line at the terminal's width, so that it never wraps; only printable ASCII counts
 * as itself, since the text may quote a task's name. */
static void paint(const char *text)
{
	char line[MAX_WIDTH + 16];
	int width = terminal_width();
	int n = 0;

	line[n++] = '\r';
	for (; *text && n <= width; text++)
		line[n++] = *text >= 0x20 && *text < 0x7f ? *text : '?';
	memcpy(line + n, "\x1b[K", 3); /* clears the rest of what stood there */
	if (write(STDERR_FILENO, line, (size_t)n + 3) < 0)
		return; /* a lost status line is no failure */
}

void progress_begin(struct progress *p, const char *what, bool quiet)
{
	const char *term = getenv("TERM");

	*p = (struct progress){ .what = what, .begun_ns = now_ns() };
	p->enabled = !quiet && isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

void progress_update(struct progress *p, uint64_t done, uint64_t total, const char *detail)
{
	char text[MAX_WIDTH];
	double seconds;

	if (!due(p))
		return;
	seconds = (double)(p->painted_ns - p->begun_ns) / 1e9;
	if (total) {
		unsigned int percent = done >= total ? 100 : (unsigned int)(100.0 * done / total);
		char bar[21];

		memset(bar, '.', 20);
		memset(bar, '#', percent / 5);
		bar[20] = '\0';
		snprintf(text, sizeof(text), "%s [%s] %3u %%  %.1f s  %s", p->what, bar, percent,
			 seconds, detail ? detail : "");
	} else {
		snprintf(text, sizeof(text), "%s  %.1f MB  %.1f s  %s", p->what, done / 1e6,
			 seconds, detail ? detail : "");
	}
	paint(text);
}

void progress_text(struct progress *p, const char *text)
{
	if (due(p))
		paint(text);
}

void progress_end(struct progress *p)
{
	if (p->enabled && p->painted_ns)
		paint("");
	p->enabled = false;
}
