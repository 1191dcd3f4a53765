/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where lives of tasks begin and end. A pid is used again only once its task is dead, which its
 * last switch tells, so that a record that needs a task alive begins the next life where nothing
 * told of it before. That life's own begin stays unknown. The first row that names a life is the
 * one that begins it: libschedtrace/replay/replay_follow.c takes rows before it as the old life's.
 *
 * A thread that calls exec takes the number of its leader, which is dead by then (de_thread() in
 * the kernel's fs/exec.c; since 5.8 the two exchange their numbers). The leader's life goes on.
 */
#include "convert/row_maker_state.h"

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

struct task *task_life_moved(struct row_maker *m, struct traced_cpu *cpu, int32_t pid,
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

/* The CPU that is believed to run the task, or NULL. */
static struct traced_cpu *cpu_running(const struct row_maker *m, const struct task *task)
{
	for (int32_t i = 0; i < CPUS_MAX; i++)
		if (m->cpus[i] && m->cpus[i]->task == task)
			return m->cpus[i];
	return NULL;
}

struct exchange {
	struct traced_cpu *cpu; /* where the thread runs */
	struct task *thread, *leader;
};

/*
 * Whether the task that a record shows running instead of the one believed is the same under its
 * new number. That of a dead task is in use again, and no switch was recorded: if it was used by
 * a new task, a switch would be missing, and the thread's process would be without the number
 * that it still has. A leader on its way out, on another CPU, may show up by the thread's number.
 */
static bool find_exchange(struct row_maker *m, struct traced_cpu *cpu, int32_t old_pid,
			  const struct record *r, struct exchange *x)
{
	struct task *believed = cpu->task;
	struct task *found = r->pid > 0 ? row_maker_task(m, cpu, r->pid) : NULL;

	if (!believed || believed->pid <= 0 || !found || found->pid != r->pid)
		return false;
	*x = (struct exchange){ cpu, believed, found };
	if (old_pid == believed->pid)
		return true;
	if (found->exited && found->tgid > 0 && found->tgid != found->pid)
		return false; /* it led no process */
	if (found->dead)
		return believed->tgid <= 0 || believed->tgid == found->pid;
	if (found->exited)
		return believed->tgid == found->pid && cpu_running(m, found);
	*x = (struct exchange){ NULL, found, believed };
	if (believed->exited && found->tgid == believed->pid)
		x->cpu = cpu_running(m, found);
	return x->cpu;
}

/* What a task does is that of the thread from now on; what it is, its process, stays. */
static void take_over(struct task *leader, struct task *thread)
{
	struct task old = *leader;

	leader->prio = thread->prio;
	leader->queue_cpu = thread->queue_cpu;
	leader->queue_epoch = thread->queue_epoch;
	leader->queue_seen = thread->queue_seen;
	leader->call = thread->call;
	leader->call_epoch = thread->call_epoch;
	memcpy(leader->call_args, thread->call_args, sizeof(leader->call_args));
	leader->in_fault = 0;
	thread->prio = old.prio;
	thread->queue_cpu = old.queue_cpu;
	thread->queue_epoch = old.queue_epoch;
	thread->call = NO_CALL;
	thread->in_fault = 0;
}

static void revive(struct row_maker *m, struct task *leader)
{
	leader->exited = 0;
	leader->dead = 0;
	tasks_life(m->tasks, leader)->end_ns = INT64_MIN;
}

static void exchange(struct row_maker *m, const struct exchange *x, const struct record *r)
{
	struct task *thread = x->thread, *leader = x->leader;
	struct traced_cpu *other = cpu_running(m, leader); /* where it is on its way out */

	if (thread->comm)
		row_maker_name(m, leader, thread->name, r);
	row(m, r, x->cpu->id, leader, SCHEDTRACE_RENUMBER, thread->pid, 0);
	take_over(leader, thread);
	revive(m, leader);
	x->cpu->current = leader->pid;
	x->cpu->task = leader;
	tasks_end_life(m->tasks, thread, r->timestamp);
	thread->dead = !other;
	if (!other)
		return;
	other->current = thread->pid;
	other->task = thread;
}

bool task_life_renumbered(struct row_maker *m, struct traced_cpu *cpu, int32_t old_pid,
			  const struct record *r)
{
	struct exchange x;

	if (!find_exchange(m, cpu, old_pid, r, &x))
		return false;
	exchange(m, &x, r);
	return true;
}

void task_life_took_number(struct row_maker *m, struct traced_cpu *cpu, struct task *leader,
			   int32_t old_pid, const struct record *r)
{
	struct task *thread;

	if (old_pid <= 0 || old_pid == leader->pid)
		return;
	revive(m, leader);
	thread = row_maker_task(m, cpu, old_pid);
	if (thread->exited)
		return; /* when the new number was first seen */
	row(m, r, cpu->id, leader, SCHEDTRACE_RENUMBER, old_pid, 0);
	runqueue_remove(m, thread, r);
	tasks_end_life(m->tasks, thread, r->timestamp);
	thread->dead = 1;
}
