/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process's figures, from descriptors of /proc that are held open. */
#ifndef RECORD_PROC_PROC_SAMPLE_H
#define RECORD_PROC_PROC_SAMPLE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "tracedat/markers.h"

struct proc_sample {
	pid_t pid;
	int stat_fd;
	int children_fd; /* of the first thread; -1: the kernel has no such file */
	int pid_fd;	 /* readable when it has ended; -1: an older kernel */
	clockid_t clock; /* its CPU time */
	bool has_clock;
	int threads;
	struct marker_sample figures; /* as read last */
};

/* 0, or -errno: ESRCH if there is no such process. A thread's id is refused with EINVAL. */
int proc_sample_open(struct proc_sample *p, pid_t pid);
void proc_sample_close(struct proc_sample *p);

/* Reads the figures; 0, or -errno with the last ones left as they are: ESRCH, it is gone. */
int proc_sample_read(struct proc_sample *p);

/* What those of its threads had used that have ended: the process's figures less those of the
 * threads that live, and never more than that. Only faults and times are set. */
void proc_sample_dead(struct proc_sample *p, struct marker_sample *dead);

/* One line of /proc/PID/stat, times in the kernel's ticks of @tick_ns, into @out and *threads. */
bool proc_sample_parse(const char *line, int64_t tick_ns, int64_t page_size,
		       struct marker_sample *out, int *threads);

/* Divides the exact time @total_ns as the ticks in @now say, and so that neither part is less
 * than in @before. */
void proc_sample_divide(struct marker_sample *now, const struct marker_sample *before,
			int64_t total_ns);

/* Calls @found for each child that the process has now; stops, and returns it, at a result
 * below 0. */
int proc_sample_children(const struct proc_sample *p, int (*found)(void *self, pid_t child),
			 void *self);

#endif
