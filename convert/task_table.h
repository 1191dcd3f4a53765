/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of every task at the current record: its name, process, priority, run queue, and
 * the system call and page fault it is in. A pid has one struct task, whose lives follow each
 * other; lives are kept until the end for the context.
 */
#ifndef CONVERT_TASK_TABLE_H
#define CONVERT_TASK_TABLE_H

#include <schedtrace/context.h>

#include "tracedat/field.h"

#define PRIO_UNKNOWN INT32_MIN
#define NO_CALL	     (-1)

struct task {
	int32_t pid;
	int32_t tgid;	 /* -1 unknown */
	union name name; /* bytes seen last; what follows a NUL is of no meaning */
	int32_t comm;	 /* its id, 0 unknown */
	int32_t prio;
	int32_t queue_cpu; /* run queue that holds it, if that CPU's queue_epoch is the same */
	uint32_t queue_epoch;
	int32_t life;	      /* index of its latest life */
	int64_t moved_ns;     /* if moved_only, when, and how many gaps there were by then */
	uint32_t moved_epoch;
	uint32_t fresh : 1;   /* made, not yet woken for the first time */
	uint32_t exited : 1;  /* an EXIT was seen, or its last switch */
	uint32_t dead : 1;    /* its last switch was seen */
	uint32_t untold : 1; /* no row has told of this life yet: the one that begins it is first */
	uint32_t moved_only : 1; /* nothing was seen of this life but that it was moved */
	uint32_t renamed : 1; /* by task_rename since the last exec */
	uint32_t in_exec : 1; /* the old memory is gone, the new program not yet announced */
	uint32_t in_fault : 1, fault_missed : 1;
	uint32_t has_mm : 1;
	uint32_t queue_seen : 1;   /* a record showed whether it is on a run queue */
	uint32_t moved_unseen : 1; /* migrated before that */
	uint32_t noted : 1;	   /* this life was named by a record */
	uint32_t made_ahead : 1;   /* by a record before the list of tasks at the start */
	int32_t comm_ahead;	   /* its first name in those records, 0 none */

	/* The system call it is in. */
	int32_t call; /* id of the event that its success gives, NO_CALL */
	uint32_t call_epoch;
	int64_t call_args[3];

	/* The page fault it is in, and the page that was looked for in the page cache. */
	int64_t fault_address;
	int64_t fault_inode, fault_index, fault_device;

	/* Of the process; kept by its leader. */
	int64_t brk;	 /* 0 unknown */
	int32_t threads; /* live ones that are known */
	uint32_t mm_id;	 /* if has_mm */
};

struct tasks;

int tasks_new(struct tasks **out, struct schedtrace_context *ctx, struct schedtrace_error *err);
void tasks_free(struct tasks *tasks);

/* The task of a pid above 0; made if it was never seen, NULL (and *err) without memory. */
struct task *tasks_find(struct tasks *tasks, int32_t pid, struct schedtrace_error *err);

/* The same for a record that makes the task: it names the life that begins, not the one before. */
struct task *tasks_find_unnamed(struct tasks *tasks, int32_t pid, struct schedtrace_error *err);

/* The task of a pid above 0 if it was seen. */
struct task *tasks_seen(const struct tasks *tasks, int32_t pid);

/* All tasks, NULL past the last. */
struct task *tasks_at(const struct tasks *tasks, uint32_t index);

/* A new life of the task begins; everything known of an old one is forgotten. */
int tasks_begin_life(struct tasks *tasks, struct task *task, int64_t start_ns,
		     struct schedtrace_error *err);
void tasks_end_life(struct tasks *tasks, struct task *task, int64_t end_ns);

/* The latest life of a task, to be completed; lives until the next life begins. */
struct schedtrace_task *tasks_life(struct tasks *tasks, const struct task *task);

/* From @time_ns on the task has another name. */
int tasks_rename(struct tasks *tasks, struct task *task, int64_t time_ns, union name name,
		 struct schedtrace_error *err);

/*
 * The file's list of names, "PID NAME\n" lines, which is of the end of the recording: given after
 * the last record it names the seen tasks that no record has named. Where no record can name any
 * (row_maker_tells_names()), it is given @ahead of the first.
 */
int tasks_use_names(struct tasks *tasks, const char *text, size_t bytes, bool ahead,
		    struct schedtrace_error *err);

/*
 * The bytes of a name in /proc that are the task's own. The kernel adds there to the name of a
 * worker what it works on, or did last: kworker/0:1+events, kworker/u8:2-writeback.
 */
size_t tasks_proc_name(const char *name, size_t n);

/* Whether nothing happened to tasks between the start and the list of their states unrecorded. */
void tasks_states_hold(struct tasks *tasks, bool hold);

/* Gives all lives that were seen to the context. */
int tasks_to_context(struct tasks *tasks, struct schedtrace_error *err);

#endif
