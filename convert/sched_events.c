/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of the scheduler's own events, and of what makes, names and ends tasks. */
#include "convert/row_maker_state.h"

#define CLONE_PARENT 0x8000
#define CLONE_THREAD 0x10000
#define CONTEXT_IRQ  0x18 /* common_flags: in a hard or soft interrupt */

/* For a format text whose table could not be read: as kernels have had it since 4.14. */
static const struct format_states usual_states = {
	.flags = { { 1, 'S' },
		   { 2, 'D' },
		   { 4, 'T' },
		   { 8, 't' },
		   { 16, 'X' },
		   { 32, 'Z' },
		   { 64, 'P' },
		   { 128, 'I' } },
	.n = 8,
	.preempted = 256,
	.mask = 255,
};

/*
 * The letter of a state that a task is switched out in: R runnable, + preempted in the kernel,
 * else why it stops. Of several bits the lowest with a letter of its own counts, as in the
 * kernel's own reports: K (killable) and N (counts as no load) only qualify others.
 */
static char state_letter(const struct format_states *states, uint64_t state)
{
	char letter = 0, other = 0;
	bool no_load = false;

	if (!states->n)
		states = &usual_states;
	if (state & states->preempted)
		return '+';
	state &= states->mask;
	if (!state)
		return 'R';
	for (size_t i = 0; i < states->n; i++) {
		char code = states->flags[i].code;

		if (!(state & states->flags[i].bit))
			continue;
		if (code == 'N')
			no_load = true;
		if (!letter && strchr("SDTtXZxPI", code))
			letter = code;
		if (!other)
			other = code;
	}
	if (letter == 'D' && no_load)
		return 'I';
	if (letter == 'x')
		return 'X';
	if (!letter)
		letter = other == 'K' ? 'D' : other;
	return letter ? letter : 'S';
}

enum {
	SWITCH_PREV_COMM,
	SWITCH_PREV_PID,
	SWITCH_PREV_STATE,
	SWITCH_NEXT_COMM,
	SWITCH_NEXT_PID,
	SWITCH_PREV_PRIO,
	SWITCH_NEXT_PRIO
};

static void switch_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
			struct traced_cpu *cpu)
{
	int32_t next_pid = field_i32(&e->f[SWITCH_NEXT_PID], r);
	struct task *prev = row_maker_task(m, cpu, field_i32(&e->f[SWITCH_PREV_PID], r));
	struct task *next = row_maker_living_task(m, cpu, next_pid, r);
	uint64_t state = (uint64_t)field_int(&e->f[SWITCH_PREV_STATE], r);
	char letter = prev->pid == 0 ? 'R' : state_letter(&e->format->states, state);

	row_maker_name(m, prev, field_name(&e->f[SWITCH_PREV_COMM], r), r);
	row_maker_name(m, next, field_name(&e->f[SWITCH_NEXT_COMM], r), r);
	row_maker_prio(m, prev, &e->f[SWITCH_PREV_PRIO], r);
	row_maker_prio(m, next, &e->f[SWITCH_NEXT_PRIO], r);
	if (letter != 'R' && letter != '+') {
		row(m, r, cpu->id, prev, SCHEDTRACE_BLOCK, 0, 0);
		if (letter == 'D')
			row(m, r, cpu->id, prev, SCHEDTRACE_BLOCK_IO, 0, 0);
	}
	if (letter != 'R' && letter != 'S' && letter != 'D')
		row(m, r, cpu->id, prev, SCHEDTRACE_STATE, letter, 0);
	if (letter != 'R' && letter != '+')
		runqueue_remove(m, prev, r);
	else
		runqueue_add(m, cpu, prev, r);
	if (next_pid == 0)
		runqueue_idle(m, cpu, r);
	else
		runqueue_add(m, cpu, next, r);
	row(m, r, cpu->id, prev, SCHEDTRACE_CTX_SWITCH, next_pid, 0);
	row_maker_told(m, next, &e->f[SWITCH_NEXT_PRIO], r);
	if (letter == 'X' || letter == 'Z')
		task_life_last_switch(m, prev, r);
	cpu->current = next_pid;
	cpu->task = next == &m->nobody ? NULL : next;
}

enum { WAKE_COMM, WAKE_PID, WAKE_TARGET, WAKE_PRIO, WAKE_SUCCESS };

static struct task *woken_task(struct row_maker *m, const struct compiled_event *e,
			       const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = row_maker_living_task(m, cpu, field_i32(&e->f[WAKE_PID], r), r);

	row_maker_name(m, task, field_name(&e->f[WAKE_COMM], r), r);
	row_maker_prio(m, task, &e->f[WAKE_PRIO], r);
	return task;
}

static void waking_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
			struct traced_cpu *cpu)
{
	struct task *task = woken_task(m, e, r, cpu);
	const struct task *waker = cpu->task;

	row(m, r, cpu->id, task, SCHEDTRACE_WAKING, r->pid, field_int(&e->f[WAKE_TARGET], r));
	row_maker_told(m, task, &e->f[WAKE_PRIO], r);
	if (waker && waker->call == SCHEDTRACE_WAKER_FUTEX && waker->call_epoch == m->loss_epoch &&
	    !(field_int(&e->flags, r) & CONTEXT_IRQ))
		row(m, r, cpu->id, task, SCHEDTRACE_WAKE_FUTEX, waker->call_args[0], 0);
}

/* Old kernels report wakeups that found the task awake too, with success 0. */
static void wakeup_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
			struct traced_cpu *cpu)
{
	struct traced_cpu *target = row_maker_target(m, cpu, field_i32(&e->f[WAKE_TARGET], r));
	struct task *task;

	if (e->f[WAKE_SUCCESS].size && !field_int(&e->f[WAKE_SUCCESS], r))
		return;
	m->wakeups = true;
	task = woken_task(m, e, r, cpu);
	row(m, r, target->id, task, SCHEDTRACE_WAKEUP, 0, 0);
	row_maker_told(m, task, &e->f[WAKE_PRIO], r);
	runqueue_add(m, target, task, r);
}

static void wakeup_new_rows(struct row_maker *m, const struct compiled_event *e,
			    const struct record *r, struct traced_cpu *cpu)
{
	struct traced_cpu *target = row_maker_target(m, cpu, field_i32(&e->f[WAKE_TARGET], r));
	struct task *task = row_maker_made_task(m, cpu, field_i32(&e->f[WAKE_PID], r));

	if (e->f[WAKE_SUCCESS].size && !field_int(&e->f[WAKE_SUCCESS], r))
		return;
	if (!task->fresh)
		task_life_begin(m, task, r);
	task->fresh = 0;
	woken_task(m, e, r, cpu);
	row(m, r, target->id, task, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	row_maker_told(m, task, &e->f[WAKE_PRIO], r);
	runqueue_add(m, target, task, r);
}

enum { MIGRATE_COMM, MIGRATE_PID, MIGRATE_FROM, MIGRATE_TO, MIGRATE_PRIO };

static void migrate_rows(struct row_maker *m, const struct compiled_event *e,
			 const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = task_life_moved(m, cpu, field_i32(&e->f[MIGRATE_PID], r), r);
	int32_t from = field_i32(&e->f[MIGRATE_FROM], r), to = field_i32(&e->f[MIGRATE_TO], r);

	row_maker_name(m, task, field_name(&e->f[MIGRATE_COMM], r), r);
	row_maker_prio(m, task, &e->f[MIGRATE_PRIO], r);
	row(m, r, cpu->id, task, SCHEDTRACE_MIGRATE, from, to);
	row_maker_told(m, task, &e->f[MIGRATE_PRIO], r);
	runqueue_move(m, row_maker_target(m, cpu, to), task, r);
}

/* What a new task has from the one that makes it. */
static void inherit(struct row_maker *m, struct task *child, const struct task *parent,
		    bool same_parent)
{
	struct schedtrace_task *life;
	const struct schedtrace_task *parents;
	int32_t ppid, tree;

	if (child->pid <= 0)
		return;
	life = tasks_life(m->tasks, child);
	ppid = parent->tgid;
	tree = m->command_pid ? 0 : -1;
	if (parent->pid > 0) {
		parents = tasks_life(m->tasks, parent);
		tree = parents->command_tree;
		if (same_parent)
			ppid = parents->ppid;
	}
	life->ppid = ppid;
	life->command_tree = child->pid == m->command_pid ? 1 : tree;
}

enum { NEWTASK_PID, NEWTASK_COMM, NEWTASK_FLAGS };

static void newtask_rows(struct row_maker *m, const struct compiled_event *e,
			 const struct record *r, struct traced_cpu *cpu)
{
	struct task *child = row_maker_made_task(m, cpu, field_i32(&e->f[NEWTASK_PID], r));
	struct task *parent = row_maker_task(m, cpu, r->pid);
	struct task *leader = row_maker_leader(m, cpu, parent);
	int64_t flags = field_int(&e->f[NEWTASK_FLAGS], r);
	bool thread = flags & CLONE_THREAD;

	task_life_begin(m, child, r);
	child->tgid = thread ? parent->tgid : child->pid;
	if (thread)
		leader->threads++;
	else
		child->brk = leader->brk;
	if (child->pid > 0)
		tasks_life(m->tasks, child)->tgid = child->tgid;
	inherit(m, child, parent, flags & (CLONE_THREAD | CLONE_PARENT));
	row_maker_name(m, child, field_name(&e->f[NEWTASK_COMM], r), r);
	row(m, r, cpu->id, child, SCHEDTRACE_NEWTASK, flags, child->tgid);
	child->untold = 0;
}

enum { FORK_PARENT_PID, FORK_CHILD_PID, FORK_PARENT_COMM, FORK_CHILD_COMM };

/* Follows task_newtask, where that is recorded: then the life has begun. */
static void fork_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		      struct traced_cpu *cpu)
{
	int32_t parent_pid = field_i32(&e->f[FORK_PARENT_PID], r);
	struct task *parent = row_maker_task(m, cpu, parent_pid);
	struct task *child;

	row_maker_name(m, parent, field_name(&e->f[FORK_PARENT_COMM], r), r);
	child = row_maker_made_task(m, cpu, field_i32(&e->f[FORK_CHILD_PID], r));
	if (!child->fresh) {
		task_life_begin(m, child, r);
		inherit(m, child, parent, false);
	}
	row_maker_name(m, child, field_name(&e->f[FORK_CHILD_COMM], r), r);
	row(m, r, cpu->id, child, SCHEDTRACE_FORK, parent_pid, 0);
	child->untold = 0;
}

static void rename_rows(struct row_maker *m, struct task *task, const struct record *r)
{
	int64_t first = (int64_t)task->name.words[0], second = (int64_t)task->name.words[1];

	row(m, r, r->cpu, task, SCHEDTRACE_RENAME, first, second);
}

enum { RENAME_PID, RENAME_COMM };

static void task_rename_rows(struct row_maker *m, const struct compiled_event *e,
			     const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = row_maker_task(m, cpu, field_i32(&e->f[RENAME_PID], r));
	union name name = field_name(&e->f[RENAME_COMM], r);

	task->renamed = 1;
	row_maker_name(m, task, name_make(name.bytes, sizeof(name)), r);
	rename_rows(m, task, r);
}

enum { EXEC_FILENAME, EXEC_PID, EXEC_OLD_PID };

/* The thread that calls exec becomes the leader, and takes its pid. */
static void become_leader(struct row_maker *m, struct traced_cpu *cpu, struct task *task,
			  int32_t old_pid, const struct record *r)
{
	task_life_took_number(m, cpu, task, old_pid, r);
	task->exited = 0;
	task->tgid = task->pid;
	task->threads = 1;
	tasks_life(m->tasks, task)->tgid = task->tgid;
}

static void exec_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		      struct traced_cpu *cpu)
{
	struct task *task = row_maker_task(m, cpu, field_i32(&e->f[EXEC_PID], r));
	size_t n;
	const char *path = field_bytes(&e->f[EXEC_FILENAME], r, &n);
	const char *slash = memrchr(path, '/', strnlen(path, n));
	const char *base = slash ? slash + 1 : path;
	size_t length = strnlen(base, n - (size_t)(base - path));
	union name name = name_make(base, length < 15 ? length : 15);
	int32_t first, second;

	if (task->pid > 0)
		become_leader(m, cpu, task, field_i32(&e->f[EXEC_OLD_PID], r), r);
	memcpy(&first, name.bytes, sizeof(first));
	memcpy(&second, name.bytes + 4, sizeof(second));
	/* task_rename came before, where it is recorded, and is what the kernel really did. */
	if (!task->renamed) {
		row_maker_name(m, task, name, r);
		row(m, r, cpu->id, task, SCHEDTRACE_EXEC, second, first);
		rename_rows(m, task, r);
	} else {
		row(m, r, cpu->id, task, SCHEDTRACE_EXEC, second, first);
	}
	row(m, r, cpu->id, task, SCHEDTRACE_EXIT_MM, 0, 0);
	task->renamed = 0;
	task->in_exec = 0;
	task->brk = 0;
	task->call = NO_CALL;
}

int32_t exec_old_pid(const struct compiled_event *e, const struct record *r)
{
	if (e->rows != exec_rows || r->size < e->min_size)
		return 0;
	return field_i32(&e->f[EXEC_OLD_PID], r);
}

enum { EXIT_COMM, EXIT_PID, EXIT_PRIO, EXIT_GROUP_DEAD };

static void exit_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		      struct traced_cpu *cpu)
{
	struct task *task = row_maker_task(m, cpu, field_i32(&e->f[EXIT_PID], r));
	struct task *leader = row_maker_leader(m, cpu, task);
	bool group_dead;

	row_maker_name(m, task, field_name(&e->f[EXIT_COMM], r), r);
	row_maker_prio(m, task, &e->f[EXIT_PRIO], r);
	row(m, r, cpu->id, task, SCHEDTRACE_EXIT, 0, 0);
	if (task->pid <= 0)
		return;
	leader->threads--;
	/* Old kernels do not say it: then the last thread that is known. */
	group_dead = e->f[EXIT_GROUP_DEAD].size ? field_int(&e->f[EXIT_GROUP_DEAD], r) != 0
						: leader->threads <= 0;
	if (group_dead) {
		row(m, r, cpu->id, leader, SCHEDTRACE_EXIT_MM, 0, 0);
		if (leader->has_mm)
			owners_remove(&m->owners, leader->mm_id, leader->pid);
		leader->has_mm = 0;
		leader->brk = 0;
	}
	tasks_end_life(m->tasks, task, r->timestamp);
}

enum { RUNTIME_PID, RUNTIME_NS, RUNTIME_COMM };

static void stat_runtime_rows(struct row_maker *m, const struct compiled_event *e,
			      const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = row_maker_task(m, cpu, field_i32(&e->f[RUNTIME_PID], r));

	if (e->f[RUNTIME_COMM].size)
		row_maker_name(m, task, field_name(&e->f[RUNTIME_COMM], r), r);
	row(m, r, cpu->id, task, SCHEDTRACE_STAT_RUNTIME, field_int(&e->f[RUNTIME_NS], r), 0);
}

const struct event_kind sched_events[] = {
	{ "sched",
	  "sched_switch",
	  switch_rows,
	  0,
	  { "prev_comm", "prev_pid", "prev_state", "next_comm", "next_pid", "?prev_prio",
	    "?next_prio" } },
	{ "sched",
	  "sched_waking",
	  waking_rows,
	  0,
	  { "comm", "pid", "target_cpu", "?prio", "?success" } },
	{ "sched",
	  "sched_wakeup",
	  wakeup_rows,
	  0,
	  { "comm", "pid", "target_cpu", "?prio", "?success" } },
	{ "sched",
	  "sched_wakeup_new",
	  wakeup_new_rows,
	  0,
	  { "comm", "pid", "target_cpu", "?prio", "?success" } },
	{ "sched",
	  "sched_migrate_task",
	  migrate_rows,
	  0,
	  { "comm", "pid", "orig_cpu", "dest_cpu", "?prio" } },
	{ "sched",
	  "sched_process_fork",
	  fork_rows,
	  0,
	  { "parent_pid", "child_pid", "parent_comm", "child_comm" } },
	{ "sched", "sched_process_exec", exec_rows, 0, { "filename", "pid", "?old_pid" } },
	{ "sched", "sched_process_exit", exit_rows, 0, { "comm", "pid", "?prio", "?group_dead" } },
	{ "sched", "sched_stat_runtime", stat_runtime_rows, 0, { "pid", "runtime", "?comm" } },
	{ "task", "task_newtask", newtask_rows, 0, { "pid", "comm", "clone_flags" } },
	{ "task", "task_rename", task_rename_rows, 0, { "pid", "newcomm", "?oldcomm" } },
	{ 0 },
};
