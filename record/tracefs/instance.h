/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recording's own tracefs instance. Nothing here writes to a file outside it, so other
 * tracers keep their settings.
 */
#ifndef RECORD_TRACEFS_INSTANCE_H
#define RECORD_TRACEFS_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "record/tracefs/event_sets.h"

struct tracefs_instance;

struct instance {
	char name[64];			 /* schedrec.PID.STARTTIME */
	struct tracefs_instance *handle; /* NULL: there is none */
	int free_buffer_fd;		 /* while it is open and we die, the kernel stops tracing */
	int tracing_on_fd;
	int marker_fd;	    /* trace_marker_raw; -1: the kernel is older than it */
	int n_cpus;	    /* per-CPU buffers: largest id + 1 */
	bool *has_cpu;	    /* n_cpus; ids may have holes */
	uint32_t page_size; /* of a sub-buffer */
	int64_t buffer_kb;  /* per CPU, as the kernel rounded it */
	bool stack_trigger; /* is set on sched:sched_switch */
};

/* Removes the instances that recorders killed before left under @root; returns how many. */
int instance_sweep(const char *root);

/* Makes the instance, with tracing off and no event enabled. @suffix tells several of one recorder
 * apart: "", or INSTANCE_ONLY. */
#define INSTANCE_ONLY  ".only"
#define INSTANCE_RULES ".rules"
int instance_create(struct instance *in, const char *root, const char *suffix,
		    struct schedtrace_error *err);
/* KiB; before the size of the buffer is set. */
int instance_set_subbuf(struct instance *in, int64_t kb, struct schedtrace_error *err);
int instance_set_clock(struct instance *in, const char *clock, struct schedtrace_error *err);
/* Per-CPU buffers that take memory. */
int instance_buffers(const struct instance *in);
/* Each of @n_instances gets as much. */
int instance_set_buffer(struct instance *in, int64_t kb, int n_instances,
			struct schedtrace_error *err);
/* Records on these CPUs only, a list such as "0,2-3"; the chosen ones are set in @chosen. */
int instance_set_cpus(struct instance *in, const char *list, bool *chosen,
		      struct schedtrace_error *err);
/*
 * Stays on these of @n CPUs: notes are written on the CPU where we run, which must be a recorded
 * one.
 */
int instance_stay_on(const bool *cpus, int n, struct schedtrace_error *err);
/* Those events whose .only is @only. */
int instance_enable_events(struct instance *in, const struct event_list *events, bool only,
			   struct schedtrace_error *err);
/* From now on events are recorded of the threads added here, and of those that they make. */
int instance_follow_begin(struct instance *in, struct schedtrace_error *err);
int instance_follow(struct instance *in, const int32_t *tids, size_t n,
		    struct schedtrace_error *err);
int instance_open_controls(struct instance *in, struct schedtrace_error *err);
int instance_trace(struct instance *in, bool on);

/* The raw pages of @cpu: a descriptor that does not wait, or negative. */
int instance_open_pages(const struct instance *in, int cpu, struct schedtrace_error *err);

/* The whole text of a file of the instance, to be freed; NULL if it cannot be read. */
char *instance_read(const struct instance *in, const char *file);

/* Stops tracing, closes everything and removes the instance. Does nothing if there is none. */
int instance_destroy(struct instance *in, struct schedtrace_error *err);

/* Field 22 of /proc/PID/stat, 0 if there is no such process. */
uint64_t instance_start_time(int pid);

#endif
