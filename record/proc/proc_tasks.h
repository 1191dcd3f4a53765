/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads of the system, from /proc. */
#ifndef RECORD_PROC_PROC_TASKS_H
#define RECORD_PROC_PROC_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/error.h>

#include "tracedat/markers.h"

struct task_list {
	struct marker_task *items;
	size_t n;
};

/* All threads that there are; with_rss also fills rss_bytes, which costs a file a process. */
int proc_tasks_read(struct task_list *list, bool with_rss, struct schedtrace_error *err);
void proc_tasks_free(struct task_list *list);

/* Text of "PID NAME" lines, to be freed: the kernel's saved_cmdlines at @root (unless NULL) and
 * the tasks it does not have. Names are printable in it. NULL if memory ran out. */
char *proc_tasks_cmdlines(const struct task_list *list, const char *root);

/* One line of /proc/PID/stat into @task; false if it is none. */
bool proc_tasks_parse_stat(const char *line, struct marker_task *task);

#endif
