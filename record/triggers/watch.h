/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks, while a flight recorder runs, whether one of its rules is fulfilled: a small tracefs
 * instance of its own records only what the rules are about, chosen by filters in the kernel, and
 * is read and judged 20 times a second.
 */
#ifndef RECORD_TRIGGERS_WATCH_H
#define RECORD_TRIGGERS_WATCH_H

#include <schedtrace/error.h>

#include "record/tracefs/instance.h"
#include "record/triggers/save_rules.h"

struct watch;

/* @rules is lent. Nothing is made, and *out NULL, if no rule needs events. */
int watch_open(struct watch **out, struct rules *rules, const char *root,
	       struct schedtrace_error *err);
int watch_close(struct watch *w, struct schedtrace_error *err);

/* A descriptor to poll; -1 without a watch. */
int watch_fd(const struct watch *w);
/* Reads and judges; rules->fired tells. */
void watch_run(struct watch *w);

#endif
