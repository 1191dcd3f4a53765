/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress line on stderr, only when that is a terminal, repainted at most ten times a second. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "converting" */
	bool enabled;
	int64_t painted_ns; /* CLOCK_MONOTONIC of the last repaint */
	int64_t begun_ns;
};

void progress_begin(struct progress *p, const char *what, bool quiet);
/* done of total bytes; total 0: unknown. detail is a short printable text or NULL. */
void progress_update(struct progress *p, uint64_t done, uint64_t total, const char *detail);
/* A free-form status line instead of a bar, such as the recorder's. */
void progress_text(struct progress *p, const char *text);
void progress_end(struct progress *p); /* clears the line */

#endif
