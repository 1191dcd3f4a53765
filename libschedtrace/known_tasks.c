/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/known_tasks.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpulist.h"
#include "base/error.h"

#define TEXT_MAX 4096 /* bytes of a list of CPUs */

void known_tasks_init(struct known_tasks *tasks)
{
	*tasks = (struct known_tasks){ 0 };
	intern_init(&tasks->texts);
}

void known_tasks_free(struct known_tasks *tasks)
{
	free(tasks->all);
	free(tasks->order);
	arena_free(&tasks->names);
	intern_free(&tasks->texts);
}

static int compare_tasks(const void *a, const void *b)
{
	const struct schedtrace_task *s = a, *t = b;

	if (s->pid != t->pid)
		return s->pid < t->pid ? -1 : 1;
	return (known_task_since(s) > known_task_since(t)) -
	       (known_task_since(s) < known_task_since(t));
}

static int compare_order(const void *a, const void *b, void *arg)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct schedtrace_task *tasks = arg;
	int c = compare_tasks(&tasks[i], &tasks[j]);

	return c ? c : (i > j) - (i < j);
}

/* Moves tasks[order[i]] to tasks[i], cycle by cycle. */
static void permute(struct schedtrace_task *tasks, size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct schedtrace_task first = tasks[i];
		size_t to = i;

		while (order[to] != i) {
			size_t from = order[to];

			tasks[to] = tasks[from];
			order[to] = to;
			to = from;
		}
		tasks[to] = first;
		order[to] = to;
	}
}

void known_tasks_sort(struct known_tasks *tasks)
{
	struct schedtrace_task *all = tasks->all;
	size_t n = 0;

	if (tasks->n_sorted == tasks->n)
		return;
	for (size_t i = 0; i < tasks->n; i++)
		tasks->order[i] = i;
	qsort_r(tasks->order, tasks->n, sizeof(*tasks->order), compare_order, all);
	permute(all, tasks->order, tasks->n);
	for (size_t i = 0; i < tasks->n; i++) {
		if (n > 0 && compare_tasks(&all[n - 1], &all[i]) == 0)
			n--;
		all[n++] = all[i];
	}
	tasks->n = tasks->n_sorted = n;
}

static int no_memory(const struct known_tasks *tasks, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu tasks", tasks->n + 1);
}

/* Room for one task more, and for sorting it. */
static int reserve(struct known_tasks *tasks, struct schedtrace_error *err)
{
	size_t want = tasks->max ? tasks->max * 2 : 16;
	struct schedtrace_task *all;
	size_t *order;

	if (tasks->n < tasks->max)
		return 0;
	order = reallocarray(tasks->order, want, sizeof(*order));
	if (!order)
		return no_memory(tasks, err);
	tasks->order = order;
	all = reallocarray(tasks->all, want, sizeof(*all));
	if (!all)
		return no_memory(tasks, err);
	tasks->all = all;
	tasks->max = want;
	return 0;
}

/* *text becomes the one copy of it that is kept. */
static int keep_text(struct known_tasks *tasks, const char **text, struct schedtrace_error *err)
{
	int32_t number;

	if (!*text)
		return 0;
	number = intern_add(&tasks->texts, *text, strlen(*text));
	if (number < 0)
		return no_memory(tasks, err);
	*text = tasks->texts.names[number];
	return 0;
}

int known_tasks_add(struct known_tasks *tasks, const struct schedtrace_task *task,
		    struct schedtrace_error *err)
{
	struct schedtrace_task copy = *task;
	struct schedtrace_task_name *names;
	size_t size;
	int r;

	if (task->pid <= 0)
		return error_set(err, SCHEDTRACE_E_USAGE, "pid %d is no task", task->pid);
	if (task->affinity && (strlen(task->affinity) > TEXT_MAX || !cpulist_valid(task->affinity)))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "pid %d: affinity \"%.64s\" is no list of CPUs", task->pid,
				 task->affinity);
	r = reserve(tasks, err);
	if (r == 0)
		r = keep_text(tasks, &copy.policy, err);
	if (r == 0)
		r = keep_text(tasks, &copy.affinity, err);
	if (r < 0)
		return r;
	copy.names = NULL;
	if (task->n_names) {
		if (!checked_mul(task->n_names, sizeof(*names), &size))
			return error_set(err, SCHEDTRACE_E_USAGE, "%zu names", task->n_names);
		names = arena_alloc(&tasks->names, size);
		if (!names)
			return no_memory(tasks, err);
		memcpy(names, task->names, size);
		copy.names = names;
	}
	tasks->all[tasks->n++] = copy;
	return 0;
}

int schedtrace_task_may_run(const struct schedtrace_task *task, int32_t cpu)
{
	return task && task->affinity ? cpulist_has(task->affinity, cpu) : -1;
}
