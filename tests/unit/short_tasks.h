/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of a made-up machine that makes and ends tasks without end, in memory, as many as are
 * wanted: tasks of few names are forked, run, wait, sleep, map memory, fault, move and exit.
 */
#ifndef TESTS_UNIT_SHORT_TASKS_H
#define TESTS_UNIT_SHORT_TASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#define SHORT_CPUS    4
#define SHORT_MAX     600 /* tasks at once */
#define SHORT_STEP    32  /* rows that one step makes at most */
#define SHORT_NAMES   12
#define SHORT_LASTING 8 /* tasks that never end */

enum short_state { SHORT_NONE, SHORT_RUNS, SHORT_WAITS, SHORT_SLEEPS };

struct short_task {
	int32_t pid, tgid, comm;
	int cpu;
	enum short_state state;
	int threads; /* of a process, besides its first */
	int leader;  /* index */
	int turns;   /* until it ends */
};

struct short_tasks {
	struct schedtrace_context *ctx;
	unsigned int living; /* that there shall be */
	int32_t pid_max, last_pid;
	unsigned int alive;
	uint64_t made, random;
	int64_t now;
	struct short_task all[SHORT_MAX];
	bool *used;		 /* by pid */
	int current[SHORT_CPUS]; /* index, -1 idle */
	int names[SHORT_NAMES];
	unsigned int losses; /* one in so many steps loses records; 0: none does */
	bool lost[SHORT_CPUS];

	size_t n, max;
	int64_t *timestamp, *arg0, *arg1;
	int32_t *cpu, *pid, *event, *comm;
};

static inline uint32_t short_random(struct short_tasks *s, uint32_t below)
{
	s->random = s->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(s->random >> 33) % below;
}

static inline void short_row(struct short_tasks *s, int cpu, int32_t pid, int32_t event,
			     int64_t arg0, int64_t arg1, int32_t comm)
{
	size_t i = s->n++;

	if (s->lost[cpu] && event != SCHEDTRACE_LOST) {
		s->n--;
		return;
	}
	s->timestamp[i] = s->now;
	s->cpu[i] = cpu;
	s->pid[i] = pid;
	s->event[i] = event;
	s->arg0[i] = arg0;
	s->arg1[i] = arg1;
	s->comm[i] = comm;
}

/* A row of the task that runs on the CPU. */
static inline void short_own(struct short_tasks *s, int cpu, int32_t event, int64_t arg0,
			     int64_t arg1)
{
	const struct short_task *t = &s->all[s->current[cpu]];

	short_row(s, cpu, t->pid, event, arg0, arg1, t->comm);
}

/* The CPU takes a task that waits there, or idles. */
static inline void short_switch(struct short_tasks *s, int cpu)
{
	int old = s->current[cpu], next = -1;
	unsigned int from = short_random(s, SHORT_MAX);

	for (unsigned int i = 0; i < SHORT_MAX && next < 0; i++) {
		int k = (int)((from + i) % SHORT_MAX);

		if (k != old && s->all[k].state == SHORT_WAITS && s->all[k].cpu == cpu)
			next = k;
	}
	if (old < 0 && next < 0)
		return;
	short_row(s, cpu, old < 0 ? 0 : s->all[old].pid, SCHEDTRACE_CTX_SWITCH,
		  next < 0 ? 0 : s->all[next].pid, 0, old < 0 ? 0 : s->all[old].comm);
	s->current[cpu] = next;
	if (next >= 0)
		s->all[next].state = SHORT_RUNS;
}

static inline int32_t short_new_pid(struct short_tasks *s)
{
	do
		s->last_pid = s->last_pid % s->pid_max + 1;
	while (s->used[s->last_pid]);
	s->used[s->last_pid] = true;
	return s->last_pid;
}

static inline int short_place(struct short_tasks *s)
{
	int k = SHORT_LASTING;

	while (s->all[k].state != SHORT_NONE)
		k++;
	return k;
}

static inline void short_fork(struct short_tasks *s, int cpu)
{
	int parent = s->current[cpu], k = short_place(s);
	struct short_task *t = &s->all[k];
	bool thread = s->all[parent].leader == parent && parent >= SHORT_LASTING &&
		      short_random(s, 4) == 0;

	*t = (struct short_task){ .pid = short_new_pid(s),
				  .comm = s->all[parent].comm,
				  .cpu = (int)short_random(s, SHORT_CPUS),
				  .state = SHORT_WAITS,
				  .leader = thread ? parent : k,
				  .turns = 1 + (int)short_random(s, 3) };
	t->tgid = thread ? s->all[parent].tgid : t->pid;
	s->all[t->leader].threads += thread;
	s->alive++;
	s->made++;
	short_row(s, cpu, t->pid, SCHEDTRACE_NEWTASK, thread ? 0x10100 : 0, t->tgid, t->comm);
	short_row(s, cpu, t->pid, SCHEDTRACE_FORK, s->all[parent].pid, 0, t->comm);
	s->now += 200;
	short_row(s, t->cpu, t->pid, SCHEDTRACE_WAKEUP_NEW, 0, 0, t->comm);
}

static inline void short_exit(struct short_tasks *s, int cpu)
{
	int k = s->current[cpu];
	struct short_task *t = &s->all[k];

	short_own(s, cpu, SCHEDTRACE_STAT_RUNTIME, 900, 0);
	if (t->leader == k)
		short_own(s, cpu, SCHEDTRACE_EXIT_MM, 0, 0);
	short_own(s, cpu, SCHEDTRACE_EXIT, 0, 0);
	s->now += 100;
	short_own(s, cpu, SCHEDTRACE_STATE, 'X', 0);
	short_switch(s, cpu);
	s->used[t->pid] = false;
	s->all[t->leader].threads -= t->leader != k;
	t->state = SHORT_NONE;
	s->alive--;
}

static inline void short_work(struct short_tasks *s, int cpu)
{
	struct short_task *t = &s->all[s->current[cpu]];
	int64_t address = INT64_C(0x10000) * (1 + short_random(s, 64));

	switch (short_random(s, 8)) {
	case 0:
		t->comm = s->names[short_random(s, SHORT_NAMES)];
		short_own(s, cpu, SCHEDTRACE_EXEC, 0, 0);
		break;
	case 1:
		short_own(s, cpu, SCHEDTRACE_MMAP, address, 8192);
		break;
	case 2:
		short_own(s, cpu, SCHEDTRACE_PAGE_FAULT_USER, address, 0);
		break;
	case 3:
		short_row(s, cpu, t->tgid, SCHEDTRACE_RSS_ANON, 4096 * short_random(s, 99), t->tgid,
			  t->comm);
		break;
	case 4:
		short_own(s, cpu, SCHEDTRACE_STAT_RUNTIME, 1 + short_random(s, 900), 0);
		break;
	case 5:
		short_own(s, cpu, SCHEDTRACE_PAGE_ALLOC, 0, short_random(s, 3));
		break;
	case 6:
		short_row(s, cpu, t->tgid, SCHEDTRACE_SAMPLE_FAULTS, (int64_t)s->made, 3, t->comm);
		short_row(s, cpu, t->tgid, SCHEDTRACE_SAMPLE_CPU, s->now / 9, s->now / 7, t->comm);
		short_row(s, cpu, t->tgid, SCHEDTRACE_SAMPLE_MEM, 4096, 'R', t->comm);
		break;
	default:
		break;
	}
}

/* The task that runs on @cpu wakes one that sleeps, which may be put on another CPU. */
static inline void short_wake(struct short_tasks *s, int cpu)
{
	struct short_task *t = &s->all[short_random(s, SHORT_MAX)];
	int32_t waker = s->current[cpu] < 0 ? 0 : s->all[s->current[cpu]].pid;
	int to = (int)short_random(s, SHORT_CPUS);

	for (int i = 0; i < SHORT_MAX && t->state != SHORT_SLEEPS; i++)
		t = t + 1 < s->all + SHORT_MAX ? t + 1 : s->all;
	if (t->state != SHORT_SLEEPS)
		return;
	short_row(s, cpu, t->pid, SCHEDTRACE_WAKING, waker, 0, t->comm);
	s->now += 50;
	if (to != t->cpu)
		short_row(s, cpu, t->pid, SCHEDTRACE_MIGRATE, t->cpu, to, t->comm);
	t->cpu = to;
	t->state = SHORT_WAITS;
	s->now += 50;
	short_row(s, to, t->pid, SCHEDTRACE_WAKEUP, 0, 0, t->comm);
}

static inline void short_leave(struct short_tasks *s, int cpu)
{
	int k = s->current[cpu];
	struct short_task *t = &s->all[k];

	if (k >= SHORT_LASTING && --t->turns <= 0 && !t->threads) {
		short_exit(s, cpu);
		return;
	}
	t->cpu = cpu;
	if (short_random(s, 3)) {
		short_own(s, cpu, SCHEDTRACE_BLOCK, 0, 0);
		if (short_random(s, 4) == 0)
			short_own(s, cpu, SCHEDTRACE_BLOCK_IO, 0, 0);
		t->state = SHORT_SLEEPS;
	} else {
		t->state = SHORT_WAITS;
	}
	short_switch(s, cpu);
}

static inline void short_lose(struct short_tasks *s, int cpu)
{
	if (!s->lost[cpu])
		short_row(s, cpu, -1, SCHEDTRACE_GAP, 0, 0, 0);
	else
		short_row(s, cpu, -1, SCHEDTRACE_LOST, 7, s->now - 1, 0);
	s->lost[cpu] = !s->lost[cpu];
}

static inline void short_step(struct short_tasks *s)
{
	int cpu = (int)short_random(s, SHORT_CPUS);

	s->now += 1 + short_random(s, 2000);
	if (s->losses && short_random(s, s->losses) == 0)
		short_lose(s, cpu);
	else if (s->losses && s->lost[cpu] && short_random(s, 20) == 0)
		short_lose(s, cpu);
	if (s->current[cpu] < 0) {
		short_wake(s, cpu);
		s->now += 10;
		short_switch(s, cpu);
		return;
	}
	short_work(s, cpu);
	s->now += 1 + short_random(s, 500);
	if (s->alive < s->living)
		short_fork(s, cpu);
	if (short_random(s, 2))
		short_wake(s, cpu);
	s->now += 1 + short_random(s, 500);
	short_leave(s, cpu);
}

/* The next rows, until @tasks more tasks were made or there are @max rows. */
static inline struct schedtrace_events short_tasks_next(struct short_tasks *s, uint64_t tasks)
{
	uint64_t made = s->made + tasks;

	for (s->n = 0; s->n + SHORT_STEP <= s->max && s->made < made;)
		short_step(s);
	return (struct schedtrace_events){
		.n = s->n,
		.timestamp = s->timestamp,
		.cpu = s->cpu,
		.pid = s->pid,
		.event = s->event,
		.arg0 = s->arg0,
		.arg1 = s->arg1,
		.comm = s->comm,
	};
}

static inline void short_tasks_free(struct short_tasks *s)
{
	schedtrace_context_free(s->ctx);
	free(s->timestamp);
	free(s->arg0);
	free(s->arg1);
	free(s->cpu);
	free(s->pid);
	free(s->event);
	free(s->comm);
	free(s->used);
	free(s);
}

static inline struct short_tasks *short_tasks_new(unsigned int living, int32_t pid_max, size_t rows)
{
	struct short_tasks *s = calloc(1, sizeof(*s));

	s->max = rows;
	s->living = living;
	s->pid_max = pid_max;
	s->random = 1;
	s->now = 1000000;
	s->timestamp = calloc(rows, sizeof(*s->timestamp));
	s->arg0 = calloc(rows, sizeof(*s->arg0));
	s->arg1 = calloc(rows, sizeof(*s->arg1));
	s->cpu = calloc(rows, sizeof(*s->cpu));
	s->pid = calloc(rows, sizeof(*s->pid));
	s->event = calloc(rows, sizeof(*s->event));
	s->comm = calloc(rows, sizeof(*s->comm));
	s->used = calloc((size_t)pid_max + 1, sizeof(*s->used));
	schedtrace_context_new(&s->ctx, NULL);
	for (int i = 0; i < SHORT_NAMES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "task%d", i);
		s->names[i] = schedtrace_context_intern_comm(s->ctx, name, strlen(name), NULL);
	}
	for (int i = 0; i < SHORT_LASTING; i++) {
		s->all[i] = (struct short_task){ .pid = short_new_pid(s),
						 .comm = s->names[i],
						 .cpu = i % SHORT_CPUS,
						 .state = SHORT_SLEEPS,
						 .leader = i };
		s->all[i].tgid = s->all[i].pid;
	}
	s->alive = SHORT_LASTING;
	for (int i = 0; i < SHORT_CPUS; i++)
		s->current[i] = -1;
	return s;
}

#endif
