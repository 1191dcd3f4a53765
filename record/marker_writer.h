/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the records of markers.h into trace_marker_raw. */
#ifndef RECORD_MARKER_WRITER_H
#define RECORD_MARKER_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include <schedtrace/error.h>

#include "record/attach.h"
#include "record/proc/proc_tasks.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/instance.h"

/* What is kept of a file beside the events. */
struct kept_file {
	char *name; /* a base name of at most FILE_NAME_MAX bytes */
	char *data;
	size_t n;
	uint64_t size; /* of the whole file: more than n where its end was not kept */
};

struct marker_begin {
	const struct instance *instance;
	const struct event_list *events;
	const char *clock;
	char *const *command; /* NULL: none */
	pid_t command_pid;    /* 0: none */
	const struct attach *attach;
	bool only;
	const bool *cpus; /* recorded, of the instance's; NULL: all */
	bool whole;	  /* nothing that came before on some CPU was left out */
	int64_t trace_ns; /* when it began on the trace's clock; 0: now */
	int64_t ago_ns;	  /* how long that is ago */
};

/* Whole structs marker_map with their paths, at most MARKER_PAYLOAD_MAX bytes. */
int marker_write_maps(int marker_fd, const void *maps, size_t bytes, struct schedtrace_error *err);

int marker_write_begin(const struct marker_begin *b, struct schedtrace_error *err);
int marker_write_tasks(const struct instance *in, const struct task_list *tasks,
		       struct schedtrace_error *err);
/* At most MARKER_SAMPLES_MAX, in one record. */
int marker_write_samples(int marker_fd, const struct marker_sample *samples, size_t n,
			 struct schedtrace_error *err);
int marker_write_unread(int marker_fd, int cpu, int errnum, struct schedtrace_error *err);
int marker_write_hotplug(int marker_fd, int cpu, bool online, struct schedtrace_error *err);
/* The next piece of @file behind *done bytes of it, or its end: 1 there is more, 0 that was all. */
int marker_write_file(int marker_fd, const struct kept_file *file, size_t *done,
		      struct schedtrace_error *err);
/* @wait_status is -1 while the command still runs, or there is none. */
int marker_write_end(const struct instance *in, const char *clock, int wait_status,
		     const char *reason, struct schedtrace_error *err);

/* Writes a JSON object, which is released, in as many parts as it needs. */
int marker_write_json(int marker_fd, enum marker_kind kind, json_t *object,
		      struct schedtrace_error *err);

/* UTF-8 as it is, other bytes as the four characters \xNN; to be freed. */
char *marker_escape(const char *text);

#endif
