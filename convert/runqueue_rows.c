/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many tasks are on each run queue, the running one included. The kernel does not say it, so
 * the queues are followed task by task: a wakeup puts a task on its target CPU's queue (unless it
 * is still on one, as when it is woken before it could leave), blocking takes it off, migration
 * moves it. A number is certain from the moment a CPU switches to its idle task, which it does
 * only with an empty queue, or from the recorder's list of tasks on. It stays so until a record
 * is missing: lost, or a switch away from a task that never reached the buffer. While it is not
 * certain, or wakeups are not recorded at all, no RQ_SIZE row is written. Tasks of a throttled
 * group count, since throttling is not seen.
 */
#include "convert/row_maker_state.h"

#include "libschedtrace/known_tasks.h"

static void changed(struct row_maker *m, struct traced_cpu *cpu, int32_t change,
		    const struct record *r)
{
	if (cpu->queue_known)
		rows_add(m->rows, r->timestamp, cpu->id, cpu->current,
			 cpu->task ? cpu->task->comm : 0, SCHEDTRACE_RQ_SIZE, cpu->queued, change);
}

/* The CPU on whose queue the task is known to be, or NULL. */
static struct traced_cpu *queue_of(const struct row_maker *m, const struct task *task)
{
	struct traced_cpu *cpu = task->queue_cpu == NO_CPU ? NULL : m->cpus[task->queue_cpu];

	return cpu && cpu->queue_epoch == task->queue_epoch ? cpu : NULL;
}

/* Also when a task is found on a queue where it was not expected: its arrival was not recorded. */
void runqueue_add(struct row_maker *m, struct traced_cpu *cpu, struct task *task,
		  const struct record *r)
{
	if (task->queue_cpu == cpu->id && task->queue_epoch == cpu->queue_epoch)
		return;
	if (task->pid <= 0)
		return;
	runqueue_remove(m, task, r);
	task->queue_seen = 1;
	task->queue_cpu = cpu->id;
	task->queue_epoch = cpu->queue_epoch;
	cpu->queued++;
	changed(m, cpu, 1, r);
}

void runqueue_remove(struct row_maker *m, struct task *task, const struct record *r)
{
	struct traced_cpu *cpu = queue_of(m, task);

	task->queue_seen = 1;
	task->queue_cpu = NO_CPU;
	if (!cpu)
		return;
	cpu->queued--;
	changed(m, cpu, -1, r);
}

/* A task that is moved while it sleeps, or is being woken, is on no queue and stays off. */
void runqueue_move(struct row_maker *m, struct traced_cpu *to, struct task *task,
		   const struct record *r)
{
	if (queue_of(m, task))
		runqueue_add(m, to, task, r);
	else if (!task->queue_seen)
		task->moved_unseen = 1;
}

void runqueue_idle(struct row_maker *m, struct traced_cpu *cpu, const struct record *r)
{
	int32_t before = cpu->queued;
	bool was_known = cpu->queue_known;

	if (!m->wakeups || m->n_gaps || (was_known && before == 0))
		return;
	runqueue_forget(cpu);
	cpu->queue_doubt = false;
	cpu->queue_known = true;
	changed(m, cpu, was_known ? -before : 0, r);
}

void runqueue_forget(struct traced_cpu *cpu)
{
	cpu->queue_epoch++;
	cpu->queued = 0;
	cpu->queue_known = false;
	cpu->queue_doubt = true;
}

/* 1 if the list says that the task is on a queue, and no record has said anything since. */
static int is_seed(struct row_maker *m, const struct task *task)
{
	const struct schedtrace_task *life = tasks_life(m->tasks, task);

	return life->state == 'R' && known_task_since(life) == INT64_MIN && !task->queue_seen &&
	       !task->exited;
}

void row_maker_seed_queues(struct row_maker *m, int n_cpus)
{
	struct task *task;

	if (m->faults.gaps > 0 || m->n_gaps || n_cpus <= 0 || n_cpus > CPUS_MAX)
		return;
	for (uint32_t i = 0; (task = tasks_at(m->tasks, i)); i++)
		if (is_seed(m, task) &&
		    (task->moved_unseen || tasks_life(m->tasks, task)->cpu < 0 ||
		     tasks_life(m->tasks, task)->cpu >= n_cpus))
			return; /* on a queue, but nobody knows on which */
	for (int i = 0; i < n_cpus; i++)
		if (!row_maker_cpu(m, i))
			return;
	for (uint32_t i = 0; (task = tasks_at(m->tasks, i)); i++) {
		struct traced_cpu *cpu;

		if (!is_seed(m, task))
			continue;
		cpu = m->cpus[tasks_life(m->tasks, task)->cpu];
		task->queue_cpu = cpu->id;
		task->queue_epoch = cpu->queue_epoch;
		task->queue_seen = 1;
		cpu->queued++;
	}
	m->wakeups = true;
	for (int i = 0; i < n_cpus; i++)
		m->cpus[i]->queue_known |= !m->cpus[i]->queue_doubt;
}
