/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of live without privileges: pages in, tables out. */
#ifndef VIEW_LIVE_LIVE_VIEWER_H
#define VIEW_LIVE_LIVE_VIEWER_H

#include "view/live/live_tables.h"

struct live_viewer;

/* @head_fd: a trace.dat without events, which says what events are like; it may be closed. */
int live_viewer_new(struct live_viewer **out, const struct live_tables *tables, int head_fd,
		    struct schedtrace_error *err);
void live_viewer_free(struct live_viewer *viewer);

/*
 * Reads frames from @fd to the end and prints on stdout what is asked for; returns before the end
 * when that is all.
 */
int live_viewer_run(struct live_viewer *viewer, int fd, struct schedtrace_error *err);

#endif
