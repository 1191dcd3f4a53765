/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of a recorded file from its sparse working form to its name: the last header, the holes
 * taken out, what was written made durable. That waits for the disk, so the files of a rotated
 * recording go this way in a thread of their own.
 */
#ifndef RECORD_WORKFILE_FINISH_H
#define RECORD_WORKFILE_FINISH_H

#include <pthread.h>
#include <stdbool.h>

#include <schedtrace/error.h>

#include "record/workfile/workfile.h"
#include "tracedat/tracedat_writer.h"

struct finish {
	struct workfile output;
	struct tracedat_writer writer;
	char *cmdlines;		    /* NULL: the first ones are taken */
	const char *first_cmdlines; /* lent */
	char **stats;		    /* of all parts */
	int done_fd;		    /* an eventfd of the caller's, for finish_start() */
	pthread_t thread;
	bool running;
	/* Set at its end. */
	int result;
	enum tracedat_shape shape;
	struct schedtrace_error err;
};

/* Does it at once; returns f->result. */
int finish_now(struct finish *f);

/* Does it in a thread, or at once if there can be none. Then f->done_fd is readable. */
void finish_start(struct finish *f);

/* Waits for the thread; returns f->result. */
int finish_wait(struct finish *f);

#endif
