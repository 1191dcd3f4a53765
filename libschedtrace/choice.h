/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tasks and CPUs an analysis counts, where it puts several together: the engine's parameters
 * pid, comm, command and cpu. A task is judged at each thing that happens to it, by the name that
 * it has then, as the rows of a log are; it must be one of each kind that is given.
 */
#ifndef LIBSCHEDTRACE_CHOICE_H
#define LIBSCHEDTRACE_CHOICE_H

#include <stdbool.h>

#include "base/grown.h"
#include "libschedtrace/replay/lives.h"

/* Numbers that were asked for, and which of them there were. */
struct choice_numbers {
	int32_t *values;
	bool *seen;
	size_t n;
};

struct choice {
	bool given; /* anything; else all is counted */
	struct choice_numbers pids, cpus;
	char **comms; /* names or shell patterns */
	bool *comms_seen;
	size_t n_comms;
	bool command;
	bool took;	   /* something passed */
	bool command_took; /* a row was about a task of the command */
	struct grown fits; /* by number of a name in lives.names: 1 no, 2 yes, 0 not looked at */
};

/* Adds what a parameter says; see schedtrace_engine_set_parameter(). */
int choice_set(struct choice *choice, const char *name, const char *value,
	       struct schedtrace_error *err);
void choice_free(struct choice *choice);

bool choice_judge(struct choice *choice, const struct lives *lives, uint32_t life, int32_t cpu,
		  bool about_cpu);

/* Whether what happens to a task on @cpu (-1: on none) counts. */
static inline bool choice_takes(struct choice *choice, const struct lives *lives, uint32_t life,
				int32_t cpu)
{
	return !choice->given || choice_judge(choice, lives, life, cpu, true);
}

/* The same of what has nothing to do with a CPU. */
static inline bool choice_takes_task(struct choice *choice, const struct lives *lives,
				     uint32_t life)
{
	return !choice->given || choice_judge(choice, lives, life, -1, false);
}

/* Whether a row about the task is given: where only the command counts, those of others are not, as
 * a pid does not tell which of its lives they are about. */
bool choice_gives(struct choice *choice, const struct lives *lives, uint32_t life);

/* Whether only some tasks count, on whatever CPU. */
static inline bool choice_of_tasks(const struct choice *choice)
{
	return choice->pids.n || choice->n_comms || choice->command;
}

/* Whether a CPU counts, whoever runs there; -1: none is known, which does where all do. */
bool choice_has_cpu(struct choice *choice, int64_t cpu);

static inline bool choice_takes_cpu(struct choice *choice, int32_t cpu)
{
	return !choice->cpus.n || choice_has_cpu(choice, cpu);
}

/* Whether a move counts, which is about both CPUs. */
static inline bool choice_takes_move(struct choice *choice, int64_t from, int64_t to)
{
	return !choice->cpus.n || choice_has_cpu(choice, from) || choice_has_cpu(choice, to);
}

/* Whether a process of that first thread counts; @leader LIFE_NONE: nobody knows it. */
bool choice_takes_process(struct choice *choice, const struct lives *lives, int32_t tgid,
			  uint32_t leader);

#endif
