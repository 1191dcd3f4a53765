/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of live that records: one recording after the other, whose pages go to the viewer and,
 * if they are to be kept, to a file each.
 */
#ifndef VIEW_LIVE_LIVE_RECORDER_H
#define VIEW_LIVE_LIVE_RECORDER_H

#include "record/capture.h"
#include "record/workfile/workfile.h"
#include "record/workload/workload.h"
#include "view/live/live.h"
#include "view/live/live_tables.h"

#define LIVE_MOST_REGISTERED 64

struct live_recorder {
	const struct live_options *options;
	const char *items[LIVE_MOST_ITEMS + 1];
	const struct identity *caller;
	struct workload workload;
	int to_viewer, orders, signal_fd;
	/* Of the present recording; NULL: it is stopped. */
	struct capture *capture;
	int head; /* of it, in memory; -1: there is none */
	struct workfile file;
	char *path; /* of the file, NULL: none is kept */
	int parts;  /* recordings so far */
	bool command_told;
	pid_t registered[LIVE_MOST_REGISTERED];
	size_t n_registered;
};

/* Makes the file that is to be kept; where there is a command, before it. */
int live_recorder_open_file(struct live_recorder *r, struct schedtrace_error *err);

/* Makes all that a recording needs; nothing is recorded yet. */
int live_recorder_open(struct live_recorder *r, struct schedtrace_error *err);

/* Sends what the viewer must know of it, and records until it is to end. *status: of a command that
 * cannot be run. */
int live_recorder_run(struct live_recorder *r, int *status, struct schedtrace_error *err);

void live_recorder_close(struct live_recorder *r);

#endif
