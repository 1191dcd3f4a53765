/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to record: items of -e, named sets of events, and what this kernel has of them. */
#ifndef RECORD_TRACEFS_EVENT_SETS_H
#define RECORD_TRACEFS_EVENT_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct chosen_event {
	char *system; /* NULL until resolved, if only the event was named */
	char *name;
	char *filter; /* NULL: every record */
	bool by_name; /* asked for by name, so the kernel must have it */
	bool only;    /* with --only: recorded of the chosen tasks */
};

struct event_list {
	struct chosen_event *items;
	size_t n;
	char **missing; /* "system:event" of the sets that this kernel lacks */
	size_t n_missing;
	int64_t buffer_kb; /* per CPU, what these events call for */
	bool user_stacks;  /* the program's call stack after every event */
	bool stacks;	   /* the kernel's call stack at every sched:sched_switch */
};

/*
 * Items of all -e arguments: ITEM[,ITEM...] where ITEM is a set, SYSTEM:EVENT or EVENT; events
 * may be followed by " if FILTER", whose own commas stand in quotes, braces or parentheses.
 * No arguments: set "sched". An event that is named twice is listed once, with the last filter.
 */
int event_sets_parse(struct event_list *out, const char *const *arguments, size_t n,
		     struct schedtrace_error *err);

/* The sets, in the order of --help: name and meaning of the i-th, NULL after the last. */
const char *event_sets_name(size_t i);
const char *event_sets_about(size_t i);

/* Finds the systems and drops, into missing, what the kernel at @root has not. */
int event_sets_resolve(struct event_list *list, const char *root, struct schedtrace_error *err);

/*
 * For --only: chooses the events that say something about the task that they happen in. Those of
 * the scheduler, of CPUs and of interrupts are needed of all tasks. Returns how many were chosen.
 */
size_t event_sets_choose_only(struct event_list *list);

void event_sets_free(struct event_list *list);

#endif
