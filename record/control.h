/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording takes orders while it runs: a socket in a folder that only the recorder's user can
 * enter, /run/schedrec for root and $XDG_RUNTIME_DIR/schedrec for others. A client sends one line,
 * "VERB" or "VERB ARGUMENT", and gets one JSON object, which has "error" if the order failed.
 */
#ifndef RECORD_CONTROL_H
#define RECORD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <schedtrace/error.h>

struct control;

/* One order. @run adds to @reply what it has to say; @argument is "" if none was given. */
struct control_verb {
	const char *name; /* NULL ends the list */
	int (*run)(void *self, const char *argument, json_t *reply, struct schedtrace_error *err);
	void *self;
};

/* @verbs is lent. */
int control_open(struct control **out, const struct control_verb *verbs,
		 struct schedtrace_error *err);
void control_close(struct control *c);

/* A descriptor to poll, and what to call when it is readable; never waits. */
int control_fd(const struct control *c);
void control_serve(struct control *c);

/* The folder of sockets, made if @make; others' folders are refused. */
int control_directory(char *path, size_t size, bool make, struct schedtrace_error *err);

#endif
