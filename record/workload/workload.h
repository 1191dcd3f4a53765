/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command that is recorded: a child that waits behind a gate until tracing is on, so that
 * nothing of it is missed, and has none of the recorder's descriptors and signal settings.
 */
#ifndef RECORD_WORKLOAD_WORKLOAD_H
#define RECORD_WORKLOAD_WORKLOAD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <schedtrace/error.h>

#include "record/workfile/identity.h"

struct workload {
	pid_t pid;     /* 0: there is no command */
	int gate_fd;   /* writing a byte lets the child go on */
	int report_fd; /* the child's errno if it cannot run the program, end of file if it can */
	bool ended;
	int wait_status;   /* as waitpid's, once ended */
	bool follow_all;   /* descendants that lose their parent become our children */
	bool none_is_left; /* of all these */
	/* Called, unless NULL, when one has ended and /proc still tells of it. */
	void (*last_look)(void *self, pid_t pid);
	void *look_self;
};

/* What the child gets back before it runs the program, besides what process_give_back() gives. */
struct signal_state {
	sigset_t mask;
	struct rlimit files;
};

struct workload_options {
	bool follow_all; /* descendants that lose their parent, daemons too, become our children */
	const struct identity *identity;
	const struct signal_state *signals;
	const int *outputs; /* its standard output and error; NULL: ours */
};

/* Blocks in @blocked what signalfd shall read; signals that were ignored when we were started stay
 * ignored and are left out of it. Allows as many open files as there may be: each CPU takes
 * some. */
void workload_take_signals(struct signal_state *saved, sigset_t *blocked);

/*
 * Starts the child and waits until it has found the program, which is not yet run. Must come
 * before any descriptor of tracefs is opened. On failure *exit_status is 127 (not found), 126
 * (cannot be run) or 125 (other).
 */
int workload_prepare(struct workload *w, char *const *argv, const struct workload_options *options,
		     int *exit_status, struct schedtrace_error *err);

/* Opens the gate and waits for the program to replace the child; fails as workload_prepare(). */
int workload_start(struct workload *w, const char *program, int *exit_status,
		   struct schedtrace_error *err);

/* Looks, without waiting, whether the command has ended. */
bool workload_has_ended(struct workload *w);

/* The same, and with follow_all that of all its descendants. */
bool workload_is_over(struct workload *w);

/* How many descendants of this process run; 0 also where the kernel does not tell. */
int workload_descendants(void);

/* The shell's form of how it ended: its status, or 128 + the signal. */
int workload_exit_status(const struct workload *w);

/* Lets a child that still waits at the gate go away, and closes everything. */
void workload_release(struct workload *w);

#endif
