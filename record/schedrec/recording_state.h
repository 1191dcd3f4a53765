/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One recording in the making, for the files named recording*.c: each does a part of it. */
#ifndef RECORD_SCHEDREC_RECORDING_STATE_H
#define RECORD_SCHEDREC_RECORDING_STATE_H

#include "cli/progress.h"
#include "record/attach.h"
#include "record/control.h"
#include "record/marker_writer.h"
#include "record/proc/proc_tasks.h"
#include "record/proc/user_maps.h"
#include "record/readers.h"
#include "record/schedrec/recording.h"
#include "record/schedrec/recording_summary.h"
#include "record/schedrec/sampling.h"
#include "record/schedrec/workload.h"
#include "record/tracefs/clocks.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/hotplug.h"
#include "record/tracefs/instance.h"
#include "record/triggers/save_rules.h"
#include "record/triggers/watch.h"
#include "record/workfile/finish.h"
#include "record/workfile/numbered.h"
#include "record/workfile/workfile.h"
#include "tracedat/tracedat_writer.h"

struct recording {
	const struct recording_settings *settings;
	struct identity identity;
	struct signal_state saved_signals;
	sigset_t signals;
	int signal_fd;
	struct event_list events;
	char *tracefs;
	struct workfile output;
	struct numbered numbered; /* if the output has several files */
	struct workload workload;
	struct attach attach;
	struct hotplug hotplug;
	struct instance instance, only; /* the second with --only */
	bool *cpus;			/* recorded; NULL: all */
	struct tracedat_writer writer;
	struct readers readers;
	struct finish finish; /* of the file before, with --rotate */
	bool finishing;	      /* it is under way */
	int finished_fd;      /* eventfd: it has come to its end */
	struct clocks begun;  /* when recording began */
	struct sampling sampling;
	struct user_maps *user_maps;		       /* NULL: no user stacks */
	struct control_verb verbs[SAMPLING_VERBS + 2]; /* orders taken while it runs */
	struct control *control;		       /* NULL: none are taken */
	bool reading;				       /* the readers' threads run */
	struct task_list tasks;			       /* before tracing began */
	char *first_cmdlines;
	struct buffer_counts counts;
	struct progress progress;
	int64_t begun_ns, ended_ns;
	uint64_t privileges;	 /* that are kept while it runs */
	int64_t readers_seen_ns; /* when they were last looked at */
	struct rules rules;	 /* by which a flight recorder saves */
	bool exit_judged;	 /* by them */
	struct watch *watch;	 /* NULL: no rule needs one */
	int64_t rule_saved_ns;	 /* CLOCK_MONOTONIC; 0: none has */
	int64_t saved_ns;	 /* on the trace clock, where the last saved window ends */
	const char *save_why;	 /* a flight recorder has been asked to save; NULL: it has not */
	const char *reason;	 /* why it ended; NULL while it runs */
	int n_signals, first_signal; /* that ask to end */
	bool failed;		     /* something was reported: exit status 125 */
	struct schedtrace_error err;
};

/* Reports r->err, which makes the exit status 125. */
void recording_tell_error(struct recording *r);

/* ---- recording_setup.c: what comes before, and what a file begins and ends with */

/* What can be refused before anything is made. */
int recording_check(struct recording *r);

/* Of the numbers of files; 0: the file has none. */
int recording_digits(const struct recording_settings *s);

/* The instances, the file and the readers; tracing is still off. */
int recording_set_up(struct recording *r);

void recording_write_maps(struct recording *r);

void recording_finish_maps(struct recording *r);

struct marker_begin recording_marker_begin(const struct recording *r);

/* What a file begins with. */
int recording_write_begin(struct recording *r, bool whole);

/* The system as it is now, and what the clocks say. */
int recording_note_end(struct recording *r);

int recording_start(struct recording *r);

/* ---- recording_files.c */

/* Makes what was recorded a file of its own; @cmdlines may be NULL. */
int recording_save(struct recording *r, char *cmdlines, char **stats);

void recording_tell_where(struct recording *r, const struct workfile *output, const char *why);

/* Lets the readers go over to another file, while tracing goes on. */
int recording_cut(struct recording *r, const char *why, struct workfile *output,
		  struct tracedat_writer *w);

/* The file of which the readers write from now on; somebody else has the one before. */
void recording_go_over(struct recording *r, struct workfile *output, struct tracedat_writer *w);

/* Begins the next file. The one before is finished while recording goes on. */
int recording_next_file(struct recording *r);

/* Waits until the file before is finished, if there is one; errors have been told. */
int recording_finished(struct recording *r);
/* ---- recording_readers.c */

/* Tells of readers that have failed or hang; without any, the recording ends. */
void recording_check_readers(struct recording *r);

/* Notes in the file which CPUs nobody reads any more. */
int recording_note_unread(struct recording *r);

/* The same of those that hang now, at the end. */
void recording_note_silent(struct recording *r);

/* At the end: counts what those that failed have not written. */
int recording_count_unwritten(struct recording *r);

/*
 * Notes them in @stats, the texts of all parts for the file's last header: a reader may fail when
 * tracing is off and nothing can be recorded any more. False without memory.
 */
bool recording_mark_unread(const struct recording *r, char **stats);

/* Waits no more for readers that hang: at the end, @now or when it takes too long. */
void recording_give_up_readers(struct recording *r, bool now);

/* ---- recording_flight.c */

/* Saves what the buffers hold; recording goes on. @reply may be NULL. */
int recording_save_flight(struct recording *r, const char *why, json_t *reply);

void recording_end_flight(struct recording *r);

/* After a save by a rule the next one waits until there is a whole window again. */
void recording_obey_rules(struct recording *r);

#endif
