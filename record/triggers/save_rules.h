/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules by which a flight recorder saves of its own accord: "latency(comm=db) > 5ms". What they
 * say, and whether records of switches, wakings and faults, given in time order, fulfil one.
 */
#ifndef RECORD_TRIGGERS_SAVE_RULES_H
#define RECORD_TRIGGERS_SAVE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/quantity.h"

enum rule_measure {
	RULE_LATENCY, /* ns from a waking to the switch to the task */
	RULE_RUN,     /* ns on a CPU since the task last slept */
	RULE_FAULTS,  /* page faults of all tasks that fit, in a second */
	RULE_EXIT,    /* status of the command */
};

#define RULE_PATTERN 64

#define RULE_SLICES 10 /* of the second in which faults are counted */

struct rule {
	const char *text; /* lent */
	enum rule_measure measure;
	enum compare compare;
	int64_t limit;
	char comm[RULE_PATTERN]; /* a name, or a pattern as text_matches() takes it; "": any */
	int32_t pid;		 /* of a thread; -1: any */
	int64_t slice; /* the last one counted in */
	int64_t counts[RULE_SLICES];
};

/* A task that waits for a CPU or has one. */
struct rule_task {
	int32_t pid;
	char comm[16];
	int64_t woken; /* when; INT64_MIN: it was not */
	int64_t since; /* on a CPU since then; INT64_MIN: it is not */
	int64_t ran;   /* before that, since it last slept */
	bool told;     /* that it runs long */
};

struct rules {
	struct rule *list;
	size_t n;
	struct rule_task *tasks;
	size_t n_tasks, room;
	char fired[256]; /* which rule is fulfilled, and by what; "": none */
};

int rules_parse(struct rules *r, const char *const *texts, size_t n, struct schedtrace_error *err);
void rules_free(struct rules *r);
bool rules_have(const struct rules *r, enum rule_measure measure);

void rules_waking(struct rules *r, int64_t ts, int32_t pid, const char *comm);
void rules_switch_out(struct rules *r, int64_t ts, int32_t pid, bool runnable);
void rules_switch_in(struct rules *r, int64_t ts, int32_t pid, const char *comm);
/*
 * The kernel charged @ran_ns of CPU time to a task up to @ts: evidence that it has a CPU, and since
 * when at the earliest, where no switch to it was recorded.
 */
void rules_charged(struct rules *r, int64_t ts, int32_t pid, int64_t ran_ns);
/* @comm is NULL where the kernel's filter has chosen it already. */
void rules_fault(struct rules *r, int64_t ts, int32_t pid, const char *comm);
/* All until @now has been given. @sleeps tells whether a task does now, though no switch said. */
void rules_tick(struct rules *r, int64_t now, bool (*sleeps)(int32_t pid));
void rules_exit(struct rules *r, int status);
/* Records were lost: nothing is known of any task. */
void rules_forget(struct rules *r);

#endif
