/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where lives of tasks begin and end. A pid is used again only once its task is dead, which its
 * last switch tells, so that a record that needs a task alive begins the next life where nothing
 * told of it before. That life's own begin stays unknown. The first row that names a life is the
 * one that begins it: libschedtrace/replay_follow.c takes rows before it as the old life's.
 */
#include "row_maker.h"

/* A new life, for a pid whose old one may have ended unseen. */
static void begin(struct row_maker *m, struct task *task, int64_t start_ns, const struct record *r)
{
	int status;

	if (task->has_mm)
		owners_remove(&m->owners, task->mm_id, task->pid);
	runqueue_remove(m, task, r);
	status = tasks_begin_life(m->tasks, task, start_ns, m->err);
	if (status < 0)
		m->status = status;
	task->untold = 1;
}

void task_life_begin(struct row_maker *m, struct task *task, const struct record *r)
{
	struct schedtrace_task *life;

	if (task->pid <= 0)
		return;
	/* The move to its first CPU, as it was made; but in a gap it may have come and gone. */
	if (task->moved_only && task->moved_epoch == m->loss_epoch && !m->n_gaps) {
		life = tasks_life(m->tasks, task);
		life->start_ns = task->moved_ns;
		life->seen_ns = INT64_MIN;
	} else {
		begin(m, task, r->timestamp, r);
	}
	task->moved_only = 0;
	task->fresh = 1;
}

void task_life_seen(struct row_maker *m, struct task *task, const struct record *r)
{
	task->moved_only = 0;
	if (!task->dead)
		return;
	begin(m, task, INT64_MIN, r);
	tasks_life(m->tasks, task)->seen_ns = r->timestamp;
}

struct task *task_life_moved(struct row_maker *m, struct cpu *cpu, int32_t pid,
			     const struct record *r)
{
	struct task *task = pid > 0 ? tasks_seen(m->tasks, pid) : NULL;
	bool first = !task || !task->noted || task->dead;

	if (task && task->moved_only)
		return task;
	task = row_maker_living_task(m, cpu, pid, r);
	if (!first || task->pid <= 0)
		return task;
	task->untold = 1;
	task->moved_only = 1;
	task->moved_ns = r->timestamp;
	task->moved_epoch = m->loss_epoch;
	return task;
}

void task_life_last_switch(struct row_maker *m, struct task *task, const struct record *r)
{
	if (task->pid <= 0)
		return;
	if (!task->exited)
		tasks_end_life(m->tasks, task, r->timestamp);
	task->dead = 1;
}
