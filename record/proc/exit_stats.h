/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every task had used when it exited, from the kernel's taskstats messages: they come before
 * its parent can wait for it, so nothing is missed however fast the parent is. Needs
 * CONFIG_TASKSTATS, CONFIG_TASK_XACCT and CAP_NET_ADMIN; samples do without where it is refused.
 */
#ifndef RECORD_PROC_EXIT_STATS_H
#define RECORD_PROC_EXIT_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct exit_stats {
	pid_t pid;    /* of the thread */
	bool grouped; /* the kernel tells of which process it was (Linux 5.19 and later) */
	pid_t tgid;   /* this process, and whether no thread of it is left; else as of one thread */
	bool last;
	int64_t minor, major;
	int64_t user_ns, system_ns; /* by clock ticks */
	int64_t cpu_ns;		    /* exact; 0 unknown */
};

/* A descriptor to poll, or -errno. */
int exit_stats_open(void);

/* Calls @exited for each task that has exited since the last call; never waits. */
void exit_stats_read(int fd, void (*exited)(void *self, const struct exit_stats *stats),
		     void *self);

#endif
