/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording as an object: it makes the instance, switches events on, moves the pages of every CPU
 * into a file, to a sink, or to both, and writes what a reader of them must know into the timeline.
 * It prints nothing; signals, the command, privileges and where files lie are its caller's. When it
 * is freed, or killed, nothing of it stays in tracefs.
 *
 * In order: capture_new() finds the events; the caller may make the process that it records, which
 * waits, before there is any descriptor of tracefs that it could inherit; capture_set_up() makes
 * the instance, capture_start() switches on and tells of the command; then the command may run.
 * While it does, capture_step() is called whenever capture_fd() is readable, and as often as one
 * likes. capture_stop() ends it; who cannot wait for that has capture_end(), capture_drained() and
 * capture_collect().
 *
 * Several sets of events are several items. Certain processes only, and their descendants: @attach
 * and @only, which limits memory and system call events; what the scheduler does is recorded of all
 * tasks, or nobody could tell who kept a CPU busy. Samples of memory, faults and CPU time:
 * @sample_hz for the processes of @attach and the command, capture_sampler() to register more while
 * it runs.
 * Call stacks: the set "stacks" for the kernel's, @user_stacks for the program's.
 */
#ifndef RECORD_CAPTURE_H
#define RECORD_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <schedtrace/error.h>

#include "base/note.h"
#include "record/attach.h"
#include "record/marker_writer.h"
#include "record/page_queue.h"
#include "record/readers.h"
#include "record/tracefs/buffer_counts.h"
#include "record/workfile/identity.h"
#include "tracedat/tracedat_writer.h"

struct capture;
struct sampler;

/* What they lend, items and sink aside, must outlive the capture; of all zeroes, the scheduler's
 * events are recorded. */
struct capture_options {
	const char *const *items; /* as of schedrec -e: sets, SYSTEM:EVENT, EVENT; none: sched */
	size_t n_items;
	const char *tracefs; /* NULL: where it is mounted */
	const char *clock;   /* of the trace; NULL: mono. With a sink mono, mono_raw or boot */
	int64_t buffer_kb;   /* per CPU; 0: as the events need */
	int64_t subbuf_kb;   /* pages of the buffer; 0: the kernel's */
	const char *cpus;    /* such as "0,2-3"; NULL: all */
	bool only;	     /* a second buffer for the events of chosen tasks */
	bool user_stacks;
	const struct attach *attach; /* open; NULL: nobody is recorded in particular */
	int64_t sample_hz;	     /* of these and the command; 0: of what is registered only */
	/* Who gets the pages. With @only those of the second buffer are "CPUs" from capture_cpus()
	 * on. NULL: the file alone. */
	const struct page_sink *sink;
	size_t max_memory; /* of pages that the sink has not taken yet, bytes; 0: 64 MiB */
	bool hold;	   /* take nothing out of the buffers until a cut; not with a sink */
	uint64_t room;	   /* free bytes in the file before the pages of each CPU */
	uint64_t limit;	   /* of bytes in a file, see capture_is_full(); 0: none */
	/* Whose rights the next file is opened with, NULL: ours. */
	const struct identity *identity;
	struct notes notes; /* what goes wrong and does not end it */
};

/* Finds out what is to be recorded; nothing is made yet. */
int capture_new(struct capture **out, const struct capture_options *options,
		struct schedtrace_error *err);

/* Takes everything back, at any moment. */
void capture_free(struct capture *c);

/* Where tracefs is; what of the events this kernel lacks; how many instances of killed recorders
 * were removed. */
const char *capture_tracefs(const struct capture *c);
const struct event_list *capture_events(const struct capture *c);
int capture_swept(const struct capture *c);

/*
 * Makes the instance with tracing off. @fd is the file to write, which need not have a name, -1:
 * none; @name is for messages, NULL for none. The readers' threads keep @privileges
 * (privileges.h).
 */
int capture_set_up(struct capture *c, int fd, const char *name, uint64_t privileges,
		   struct schedtrace_error *err);

/* Per-CPU buffers: the largest number of a CPU + 1. */
int capture_cpus(const struct capture *c);

/* Then: makes the empty file @fd a trace.dat without events. What it says of formats, symbols and
 * names is all that a reader of the pages needs (tracedat_open()). */
int capture_write_head(struct capture *c, int fd, struct schedtrace_error *err);

/* From now on events are recorded; what the system was like stands before them. @command is the
 * process @pid, which is ours and has not begun yet; NULL and 0: none. */
int capture_start(struct capture *c, char *const *command, pid_t pid, struct schedtrace_error *err);

/* Registers processes to sample; lives from the start to the end. */
struct sampler *capture_sampler(const struct capture *c);
bool capture_sampling_failed(const struct capture *c);

/* A descriptor that is readable when there is something to do: 4 times a second, 20 with a sink. */
int capture_fd(const struct capture *c);

/* Samples, notes, the file's table, pages for the sink. A failure ends the recording. */
int capture_step(struct capture *c, struct schedtrace_error *err);

/* Why it can go on no longer: "output", the file takes no more; "readers", none is left. NULL: it
 * can. Even then it is stopped as usual, and the file is whole up to there. */
const char *capture_trouble(const struct capture *c);
/* Something went wrong, and was noted. */
bool capture_failed(const struct capture *c);
/* The file has as many bytes as the limit says. */
bool capture_is_full(const struct capture *c);

/* Bytes of pages that came while max_memory was full. A loss is marked where they are missing. */
uint64_t capture_skipped(const struct capture *c);

/*
 * Puts @file, which belongs to the recording, into the timeline: as much behind its first *done
 * bytes as cannot cost an event. 1: there is more; call it again when readers had CAPTURE_REST_MS
 * to make room. 0: that was all.
 */
int capture_keep_file(struct capture *c, const struct kept_file *file, size_t *done,
		      struct schedtrace_error *err);
#define CAPTURE_REST_MS 300

/* Ends recording, because of @reason, and waits until all that was recorded has been handed over.
 * @wait_status is that of the command, as waitpid's, -1 if it runs on. */
int capture_stop(struct capture *c, int wait_status, const char *reason,
		 struct schedtrace_error *err);

/* The same in steps. After capture_end() no events are recorded; whoever is waited for makes
 * capture_fd() readable. capture_drained() with @hurry leaves what has not been read in the
 * buffers, with @leave does not wait for readers that hang. */
void capture_end(struct capture *c, int wait_status, const char *reason);
bool capture_drained(struct capture *c, bool hurry, bool leave);
/* @base: what was counted before the present file, of each part, or NULL. */
int capture_collect(struct capture *c, const struct cpu_stats *base, struct schedtrace_error *err);

/* Ends it without reading what is left, nor noting it anywhere. */
void capture_break_off(struct capture *c);

/* Removes the instances, which capture_free() would do and only note that it failed. */
int capture_remove(struct capture *c, struct schedtrace_error *err);

/* ---- files ------------------------------------------------------------------------------ */

/* The present file's head, and its parts as far as they are known. */
struct tracedat_writer *capture_writer(struct capture *c);

/*
 * Goes over to the file @fd while recording goes on: what was recorded before is in the present
 * one, of which *old is the writer, what comes later in the next. @note_system tells in the file
 * that ends what the system is like.
 */
int capture_cut(struct capture *c, int fd, const char *name, int wait_status, const char *reason,
		bool note_system, struct tracedat_writer *old, struct schedtrace_error *err);

/* What the next file begins with; @whole: nothing that came before is left out on any CPU. */
int capture_begin_file(struct capture *c, bool whole, struct schedtrace_error *err);

/* Facts of the recording for a file that is put together otherwise. */
struct marker_begin capture_marker_begin(const struct capture *c);

/* Lists the tasks again, as of now. */
void capture_look_at_tasks(struct capture *c);

/* Lines "PID NAME" for a file's last header, to be freed, NULL without memory; and those of its
 * first one. */
char *capture_cmdlines(const struct capture *c);
const char *capture_first_cmdlines(const struct capture *c);

/* Notes readers that failed in @stats, the texts of all parts for the file's last header: one may
 * fail when nothing can be recorded any more. False without memory. */
bool capture_mark_unread(const struct capture *c, char **stats);

/* Makes the file whole, once all has been collected. It has no name yet, and may get holes. */
int capture_finish_file(struct capture *c, struct schedtrace_error *err);

/* ---- figures ---------------------------------------------------------------------------- */

const struct instance *capture_instance(const struct capture *c);
const struct readers *capture_readers(const struct capture *c);
/* As of the last time that they were read. */
const struct buffer_counts *capture_counts(const struct capture *c);
void capture_read_counts(struct capture *c);
/* CLOCK_MONOTONIC; 0: not yet. */
int64_t capture_begun_ns(const struct capture *c);
int64_t capture_ended_ns(const struct capture *c);

#endif
