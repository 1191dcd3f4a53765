/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One recording in the making, for the files named recording*.c: each does a part of it. */
#ifndef RECORD_SCHEDREC_RECORDING_STATE_H
#define RECORD_SCHEDREC_RECORDING_STATE_H

#include "cli/progress.h"
#include "record/attach.h"
#include "record/capture.h"
#include "record/control.h"
#include "record/schedrec/recording.h"
#include "record/schedrec/recording_summary.h"
#include "record/schedrec/sampling.h"
#include "record/triggers/save_rules.h"
#include "record/triggers/watch.h"
#include "record/workfile/finish.h"
#include "record/workfile/numbered.h"
#include "record/workfile/workfile.h"
#include "record/workload/kept_output.h"
#include "record/workload/workload.h"
#include "tracedat/tracedat_writer.h"

struct recording {
	const struct recording_settings *settings;
	struct capture *capture; /* the recording itself */
	struct identity identity;
	struct signal_state saved_signals;
	sigset_t signals;
	int signal_fd;
	struct workload workload;
	struct kept_output *kept_output; /* of it; NULL: it is not kept */
	struct attach attach;
	struct workfile output;
	struct numbered numbered;		       /* if the output has several files */
	struct finish finish;			       /* of the file before, with --rotate */
	bool finishing;				       /* it is under way */
	int finished_fd;			       /* eventfd: it has come to its end */
	struct sampling sampling;		       /* orders about samples */
	struct control_verb verbs[SAMPLING_VERBS + 2]; /* orders taken while it runs */
	struct control *control;		       /* NULL: none are taken */
	struct progress progress;
	uint64_t privileges;   /* that are kept while it runs */
	struct rules rules;    /* by which a flight recorder saves */
	bool exit_judged;      /* by them */
	struct watch *watch;   /* NULL: no rule needs one */
	int64_t rule_saved_ns; /* CLOCK_MONOTONIC; 0: none has */
	int64_t saved_ns;      /* on the trace clock, where the last saved window ends */
	const char *save_why;  /* a flight recorder has been asked to save; NULL: it has not */
	const char *reason;    /* why it ended; NULL while it runs */
	int n_signals, first_signal; /* that ask to end */
	bool failed;		     /* something was reported: exit status 125 */
	struct schedtrace_error err;
};

/* Reports r->err, which makes the exit status 125. */
void recording_tell_error(struct recording *r);

/* Waits for a signal, news of the recording or the end of @timeout_ns. */
void recording_wait(struct recording *r, int64_t timeout_ns);

/* ---- recording_setup.c: what comes before */

/* What can be refused before anything is made. */
int recording_check(struct recording *r);

/* Of the numbers of files; 0: the file has none. */
int recording_digits(const struct recording_settings *s);

/* All but the first event. */
int recording_set_up(struct recording *r);

int recording_start(struct recording *r);

/* ---- recording_files.c */

/* Makes @w, which was recorded into @output, a file of its own; @cmdlines may be NULL. */
int recording_save(struct recording *r, struct workfile *output, struct tracedat_writer *w,
		   char *cmdlines, char **stats);

void recording_tell_where(struct recording *r, const struct workfile *output, const char *why);

/* Lets the recording go over to the next file: what was recorded before is in *output and *old. */
int recording_cut(struct recording *r, const char *why, struct workfile *output,
		  struct tracedat_writer *old);

/* Begins the next file. The one before is finished while recording goes on. */
int recording_next_file(struct recording *r);

/* Waits until the file before is finished, if there is one; errors have been told. */
int recording_finished(struct recording *r);

/* ---- recording_kept.c: what stands beside the events */

/* The command, which is to print into what is kept. */
int recording_prepare_command(struct recording *r, int *exit_status);
int recording_start_command(struct recording *r, int *exit_status);

/* Before tracing ends: what the command printed and the files of --add. */
void recording_write_kept(struct recording *r);

/* ---- recording_flight.c */

/* Saves what the buffers hold; recording goes on. @reply may be NULL. */
int recording_save_flight(struct recording *r, const char *why, json_t *reply);

void recording_end_flight(struct recording *r);

/* After a save by a rule the next one waits until there is a whole window again. */
void recording_obey_rules(struct recording *r);

#endif
