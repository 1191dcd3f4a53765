/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples of processes, from /proc, at a fixed rate and into the timeline of the recording: page
 * faults, user and system time, resident memory, state. What is sampled are processes registered
 * by pid and the tree of one command, whose descendants are found as they come.
 *
 * A process is held by open descriptors, so that a pid that is used again never stands for
 * another process. When it ends, its figures are read once more; where its parent has waited for it
 * already, they are what the kernel told of the exits of its threads (exit_stats.h). Only where the
 * kernel does not tell (before Linux 5.19, of a process of several threads) the last sample is the
 * one before. A descendant whose parent ended before it was found, and one that lived shorter than
 * a tick, are not sampled: its faults and time are in those of its parent's children, if the parent
 * waited for it.
 */
#ifndef RECORD_SAMPLER_H
#define RECORD_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <schedtrace/error.h>

#define SAMPLER_DEFAULT_HZ 20
#define SAMPLER_MAX_HZ	   1000

struct sampler;

/* Nothing is sampled yet. @marker_fd is lent; -1 is a kernel that cannot take samples. */
int sampler_new(struct sampler **out, int64_t hz, int marker_fd, struct schedtrace_error *err);
void sampler_free(struct sampler *s);

/* Samples a process from now on. */
int sampler_register(struct sampler *s, pid_t pid, struct schedtrace_error *err);
/* The same for a process and all its descendants; @registered: it was named by its pid. */
int sampler_follow(struct sampler *s, pid_t pid, bool registered, struct schedtrace_error *err);
/* Those that become children of this process, with --follow-all, are found in time too. */
void sampler_follow_adopted(struct sampler *s);
/* Takes a last sample of the process, which may be of the tree, and leaves it alone after. */
int sampler_unregister(struct sampler *s, pid_t pid, struct schedtrace_error *err);

/* A descriptor to poll: readable when sampler_run() has something to do. */
int sampler_fd(const struct sampler *s);
/* Samples if a tick is due, and those that have ended. */
int sampler_run(struct sampler *s, struct schedtrace_error *err);
/* The last sample of a process that has ended and is waited for next. */
void sampler_ended(void *sampler, pid_t pid);
/* A last sample of everything; the recording ends. */
int sampler_finish(struct sampler *s, struct schedtrace_error *err);

/* Says so if notably fewer samples were taken than the rate asks for. */
int sampler_check_rate(const struct sampler *s, struct schedtrace_error *err);

/* Rate, processes and their latest figures; NULL if memory ran out. */
json_t *sampler_status(const struct sampler *s);

#endif
