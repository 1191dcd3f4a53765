/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that turn records into rows share; nobody else includes this. */
#ifndef CONVERT_ROW_MAKER_STATE_H
#define CONVERT_ROW_MAKER_STATE_H

#include "convert/owners.h"
#include "convert/row_maker.h"

#define CPUS_MAX    65535
#define FIELDS_MAX  8
#define NAMES_MAX   2
#define PID_UNKNOWN (-1)
#define NO_CPU	    (-1)

struct traced_cpu {
	int32_t id;
	int32_t current;    /* pid believed running there, PID_UNKNOWN */
	int32_t before_gap; /* likewise, when the gap began */
	struct task *task; /* of that pid; NULL while unknown */
	struct task idle;  /* pid 0 of this CPU */
	int64_t last_ns;   /* of its records */
	bool unread;	   /* was not read to the end */
	int64_t missing;   /* of that so many records; -1: unknown */
	bool gap;	   /* records are missing at this time */

	/* Run queue, runqueue.c: how many tasks are known to be on it. */
	int32_t queued;
	uint32_t queue_epoch; /* a task is on the queue if it carries the same */
	bool queue_known;     /* the number is certain */
	bool queue_doubt;     /* something was missed since it last was */
};

struct compiled_event;
typedef void rows_fn(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		     struct traced_cpu *cpu);

/* One line of the table. A field name that begins with ? may be missing. */
struct event_kind {
	const char *system, *name;
	rows_fn *rows;
	int arg; /* what the function is told: an event id, a bit */
	const char *fields[FIELDS_MAX + 1];
};

/* Indices of fields: the second names the task whose pid the first holds. */
struct named_field {
	int8_t pid, name;
};

/* An event of this file. */
struct compiled_event {
	const struct event_kind *kind; /* NULL: only evidence of who runs */
	rows_fn *rows;		       /* NULL likewise */
	uint32_t min_size;	       /* that the fields need */
	bool is_stack;
	bool unreadable; /* rows would be made of it if its format could be read */
	const struct format *format;
	struct field f[FIELDS_MAX]; /* in the order of kind->fields */
	struct field flags;	    /* common_flags */
	uint64_t n, too_short;	    /* records; of them, shorter than the format says */

	/* ahead.c */
	struct named_field names[NAMES_MAX]; /* of tasks that it does not make */
	uint8_t n_names;
	bool tells_names;
	int8_t makes; /* the field that holds the pid of a task that it makes, -1 none */
};

struct row_maker {
	struct schedtrace_context *ctx;
	struct rows *rows;
	struct compiled_event *events; /* by index of the format */
	size_t n_events;
	struct traced_cpu **cpus; /* by id, made at first sight */
	struct tasks *tasks;
	struct owners owners;
	int32_t command_pid;
	int64_t first_ns, last_ns; /* of all records */
	uint32_t loss_epoch;	   /* number of gaps so far: nothing is paired across one */
	uint32_t n_gaps;	   /* CPUs in one now */
	bool wakeups;		   /* are recorded */
	bool salvage;
	struct row_maker_faults faults;
	int status; /* of the first failure in this record */
	struct schedtrace_error *err;
	struct task nobody; /* for pids that are no task's, and where memory ran out */
};

/* The struct of a CPU id; NULL, with the failure noted, for an id that no CPU can have. */
struct traced_cpu *row_maker_cpu(struct row_maker *m, int32_t id);

/* The task of a pid met in a record of @cpu, whose idle task pid 0 is. Never NULL. */
static inline struct task *row_maker_task(struct row_maker *m, struct traced_cpu *cpu, int32_t pid)
{
	struct task *task;

	if (pid == cpu->current && cpu->task)
		return cpu->task;
	if (pid == 0)
		return &cpu->idle;
	if (pid > 0) {
		task = tasks_find(m->tasks, pid, m->err);
		if (task)
			return task;
		m->status = m->err->status;
	}
	m->nobody.pid = pid;
	return &m->nobody;
}

/* task_lives.c: that a record makes the task. It has then row_maker_told() after its row. */
void task_life_begin(struct row_maker *m, struct task *task, const struct record *r);

/* That a record shows a task alive of which none has told since it died, or was only moved. */
void task_life_seen(struct row_maker *m, struct task *task, const struct record *r);

/* The task of a pid that is moved, which may be the first that is seen of it. */
struct task *task_life_moved(struct row_maker *m, struct traced_cpu *cpu, int32_t pid,
			     const struct record *r);

/* A task is switched out and will never run again. */
void task_life_last_switch(struct row_maker *m, struct task *task, const struct record *r);

/*
 * Whether the CPU's task is the one believed to run there, under the number that it took over at
 * exec: then the row says so, and all is as if the switch had been to that number. @old_pid: what
 * the record says that it was, 0 nothing.
 */
bool task_life_renumbered(struct row_maker *m, struct traced_cpu *cpu, int32_t old_pid,
			  const struct record *r);

/* A record of an exec says that the leader's number was taken over from @old_pid. */
void task_life_took_number(struct row_maker *m, struct traced_cpu *cpu, struct task *leader,
			   int32_t old_pid, const struct record *r);

/* sched_events.c: the number that the caller of exec had before, 0 for other records. */
int32_t exec_old_pid(const struct compiled_event *e, const struct record *r);

/* The task of a pid that a record shows alive: if it died before, its next life begins. */
static inline struct task *row_maker_living_task(struct row_maker *m, struct traced_cpu *cpu,
						 int32_t pid, const struct record *r)
{
	struct task *task = row_maker_task(m, cpu, pid);

	if (task->dead || task->moved_only)
		task_life_seen(m, task, r);
	return task;
}

/* The task that a record makes. */
static inline struct task *row_maker_made_task(struct row_maker *m, struct traced_cpu *cpu,
					       int32_t pid)
{
	if (pid > 0 && !tasks_find_unnamed(m->tasks, pid, m->err))
		m->status = m->err->status;
	else if (pid > 0)
		return tasks_seen(m->tasks, pid);
	m->nobody.pid = pid;
	return pid == 0 ? &cpu->idle : &m->nobody;
}

/* A row about a task. */
static inline void row(struct row_maker *m, const struct record *r, int32_t cpu,
		       const struct task *task, int32_t event, int64_t arg0, int64_t arg1)
{
	rows_add(m->rows, r->timestamp, cpu, task->pid, task->comm, event, arg0, arg1);
}

/* The name that a record gives a task. */
void row_maker_new_name(struct row_maker *m, struct task *task, union name name,
			const struct record *r);

static inline void row_maker_name(struct row_maker *m, struct task *task, union name name,
				  const struct record *r)
{
	if (!name_equal(task->name, name))
		row_maker_new_name(m, task, name, r);
}

/*
 * A PRIO row if the record gives the task another priority than it is known to have. Where the
 * record's own row begins the task's life, it comes after that one, by row_maker_told().
 */
static inline void row_maker_prio(struct row_maker *m, struct task *task, const struct field *f,
				  const struct record *r)
{
	int32_t prio = field_i32(f, r);

	if (prio == task->prio || !f->size || task->pid <= 0 || task->untold)
		return;
	task->prio = prio;
	row(m, r, r->cpu, task, SCHEDTRACE_PRIO, prio, 0);
}

/* The row that names a task, and may begin its life, was written. */
static inline void row_maker_told(struct row_maker *m, struct task *task, const struct field *f,
				  const struct record *r)
{
	if (!task->untold)
		return;
	task->untold = 0;
	row_maker_prio(m, task, f, r);
}

/* The task that leads a task's process: itself where the process is unknown. */
static inline struct task *row_maker_leader(struct row_maker *m, struct traced_cpu *cpu,
					    struct task *task)
{
	return task->tgid <= 0 || task->tgid == task->pid ? task
							  : row_maker_task(m, cpu, task->tgid);
}

/* A target CPU as a row can hold it. */
static inline struct traced_cpu *row_maker_target(struct row_maker *m, struct traced_cpu *cpu,
						  int32_t id)
{
	struct traced_cpu *target = id >= 0 && id < CPUS_MAX ? m->cpus[id] : NULL;

	if (target)
		return target;
	target = id >= 0 && id < CPUS_MAX ? row_maker_cpu(m, id) : NULL;
	return target ? target : cpu;
}

/* ahead.c: finds those fields, when all others are known. */
void ahead_compile(struct compiled_event *e);

/* runqueue.c: these write RQ_SIZE rows where the queue's length is certain. */
void runqueue_add(struct row_maker *m, struct traced_cpu *cpu, struct task *task,
		  const struct record *r);
void runqueue_remove(struct row_maker *m, struct task *task, const struct record *r);
void runqueue_move(struct row_maker *m, struct traced_cpu *to, struct task *task,
		   const struct record *r);
void runqueue_idle(struct row_maker *m, struct traced_cpu *cpu, const struct record *r);
void runqueue_forget(struct traced_cpu *cpu);

/* The tables, each ended by a NULL name. */
extern const struct event_kind sched_events[];
extern const struct event_kind memory_events[];
extern const struct event_kind system_events[];
extern const struct event_kind sample_events[];

#endif
