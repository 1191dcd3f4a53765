/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a capture, for the files named capture*.c. */
#ifndef RECORD_CAPTURE_STATE_H
#define RECORD_CAPTURE_STATE_H

#include "record/capture.h"
#include "record/proc/proc_tasks.h"
#include "record/proc/user_maps.h"
#include "record/sampler.h"
#include "record/tracefs/clocks.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/hotplug.h"
#include "record/tracefs/instance.h"

struct capture {
	struct capture_options options;
	struct page_sink sink; /* of the options */
	struct attach nobody;  /* where the options name none */
	struct event_list events;
	char *tracefs;
	int n_swept;
	struct instance instance, only; /* the second with options.only */
	bool *cpus;			/* recorded; NULL: all */
	struct hotplug hotplug;
	struct tracedat_writer writer; /* its head; and the file, if there is one */
	struct task_list tasks;	       /* as listed last */
	char *first_cmdlines;
	struct buffer_counts counts;
	struct page_queue *queue; /* NULL: nobody wants the pages */
	struct readers readers;
	bool reading; /* their threads run */
	int64_t readers_seen_ns;
	int timer_fd, epoll_fd;
	char *const *command;
	pid_t command_pid;
	struct sampler *sampler;     /* NULL: it has not begun */
	bool sampling_failed;	     /* it was told, and sampling has stopped */
	struct user_maps *user_maps; /* NULL: no user stacks */
	struct clocks begun;	     /* when recording began */
	int64_t begun_ns, ended_ns, tick_ns;
	const char *trouble;
	bool failed;
};

static inline const struct attach *capture_attach(const struct capture *c)
{
	return c->options.attach ? c->options.attach : &c->nobody;
}

/* Watches another descriptor for capture_fd(); -1 is none. */
int capture_watch(struct capture *c, int fd, struct schedtrace_error *err);
void capture_unwatch(struct capture *c, int fd);

/* Tells what did not end the recording. */
void capture_tell(struct capture *c, const struct schedtrace_error *err);

/* ---- capture_readers.c: readers that fail or hang while the others go on */

/* Tells of them, and finds c->trouble. */
void capture_check_readers(struct capture *c);

/* Notes in the file which CPUs nobody reads any more. */
int capture_note_unread(struct capture *c, struct schedtrace_error *err);

/* The same of those that hang now, at the end. */
void capture_note_silent(struct capture *c);

/* At the end: counts what those that failed have not written. */
int capture_count_unwritten(struct capture *c, const struct cpu_stats *base,
			    struct schedtrace_error *err);

/* Waits no more for readers that hang: at the end, @now or when it takes too long. */
void capture_give_up_readers(struct capture *c, bool now);

/* ---- capture_file.c: what stands in the timeline beside the events */

/* The system as it is now, and what the clocks say. */
int capture_note_end(struct capture *c, struct schedtrace_error *err);

void capture_write_maps(struct capture *c);

#endif
