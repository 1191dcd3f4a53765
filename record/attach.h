/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that ran before the recording and are the subject of it: those of -p, and the members
 * of a cgroup. The recording ends when they have; --only and the notes in the file go by them.
 */
#ifndef RECORD_ATTACH_H
#define RECORD_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <schedtrace/error.h>

#include "record/proc/proc_tasks.h"
#include "record/tracefs/instance.h"

struct attach {
	pid_t *pids; /* of -p, and the cgroup's processes when we looked */
	size_t n;
	size_t n_named; /* the first of them are those of -p */
	char *cgroup;	/* its folder; NULL: none */
	int epoll_fd;	/* becomes readable when one of -p has ended; -1: there is none */
	size_t n_ended; /* of -p */
};

/*
 * @pids is "PID[,PID...]" or NULL; @cgroup is a folder of a cgroup file system, a path within one,
 * or NULL. Refuses processes that do not exist.
 */
int attach_open(struct attach *a, const char *pids, const char *cgroup,
		struct schedtrace_error *err);
void attach_close(struct attach *a);

/* Is there anything? */
static inline bool attach_any(const struct attach *a)
{
	return a->n_named || a->cgroup;
}

/* Looks, without waiting, whether all of -p have ended and the cgroup is empty. */
bool attach_ended(struct attach *a);

/*
 * Refuses @what where pids mean other processes to us than to the kernel's records, which have
 * those of the first pid namespace.
 */
int attach_check_namespace(const char *what, struct schedtrace_error *err);

/*
 * Marks (MARKER_TASK_TREE) the tasks of @list that are threads of the attached processes or of the
 * children of @parent (0: none), or descend from one. Returns how many there are. The recorder
 * is the parent of the command, and with --follow-all of what lost its own.
 */
size_t attach_mark(const struct attach *a, pid_t parent, struct task_list *list);

/*
 * Makes @in record these tasks only, and all that they make. A task may be forked while tasks are
 * listed, by one that is not followed yet: looks again until there is no new one.
 */
int attach_follow(const struct attach *a, pid_t parent, struct instance *in,
		  struct schedtrace_error *err);

#endif
