/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The task lives of a context, in order. */
#ifndef LIBSCHEDTRACE_KNOWN_TASKS_H
#define LIBSCHEDTRACE_KNOWN_TASKS_H

#include <schedtrace/context.h>

#include "base/intern.h"

struct known_tasks {
	struct schedtrace_task *all;
	size_t n, n_sorted, max;
	size_t *order; /* room for as many as tasks: what sorting needs */
	struct arena names;
	struct intern texts; /* policies and affinities: few, each of many tasks */
};

void known_tasks_init(struct known_tasks *tasks);
void known_tasks_free(struct known_tasks *tasks);

/* Copies @task; of equals the one added last stays. */
int known_tasks_add(struct known_tasks *tasks, const struct schedtrace_task *task,
		    struct schedtrace_error *err);

/* From when on its pid means this task, INT64_MIN: since the start. */
static inline int64_t known_task_since(const struct schedtrace_task *task)
{
	return task->start_ns != INT64_MIN ? task->start_ns : task->seen_ns;
}

/* By pid and start. Needs no memory, so it cannot fail. */
void known_tasks_sort(struct known_tasks *tasks);

#endif
