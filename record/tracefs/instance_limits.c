/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an instance can be limited to: CPUs, and tasks with those that they make. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/tracefs/instance.h"

/* One item of a list of CPUs, "3" or "2-5"; false if it is none. */
static bool parse_cpus(const char *item, size_t length, int *first, int *last)
{
	int end = 0;

	if (sscanf(item, "%5d%n", first, &end) != 1 || *item < '0' || *item > '9')
		return false;
	*last = *first;
	if ((size_t)end == length)
		return true;
	item += end;
	length -= (size_t)end;
	return *item == '-' && item[1] >= '0' && item[1] <= '9' &&
	       sscanf(item + 1, "%5d%n", last, &end) == 1 && (size_t)end + 1 == length &&
	       *first <= *last;
}

int instance_set_cpus(struct instance *in, const char *list, bool *chosen,
		      struct schedtrace_error *err)
{
	for (const char *item = list;; item++) {
		size_t length = strcspn(item, ",");
		int first, last;

		if (!parse_cpus(item, length, &first, &last))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--cpus: '%s' is no list of CPUs such as 0,2-3", list);
		for (int cpu = first; cpu <= last; cpu++) {
			if (cpu >= in->n_cpus || !in->has_cpu[cpu])
				return error_set(err, SCHEDTRACE_E_USAGE,
						 "--cpus: there is no CPU %d", cpu);
			chosen[cpu] = true;
		}
		item += length;
		if (!*item)
			break;
	}
	if (tracefs_instance_set_affinity(in->handle, list) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "--cpus %s", list);
	return 0;
}

int instance_follow_begin(struct instance *in, struct schedtrace_error *err)
{
	if (tracefs_option_enable(in->handle, TRACEFS_OPTION_EVENT_FORK) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "--only: this kernel cannot follow forks (options/event-fork)");
	return 0;
}

int instance_follow(struct instance *in, const int32_t *tids, size_t n,
		    struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	auto_close int fd = -1;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%" PRId32 "\n", tids[i]);
	if (fclose(out) != 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	fd = tracefs_instance_file_open(in->handle, "set_event_pid",
					O_WRONLY | O_APPEND | O_CLOEXEC);
	for (size_t at = 0; fd >= 0 && at < bytes;) {
		ssize_t done = write(fd, text + at, bytes - at);

		if (done <= 0)
			return error_errno(err, SCHEDTRACE_E_IO, done ? errno : EIO,
					   "instance %s: set_event_pid", in->name);
		at += (size_t)done;
	}
	return fd >= 0 ? 0
		       : error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: set_event_pid",
				     in->name);
}

int instance_stay_on(const bool *cpus, int n, struct schedtrace_error *err)
{
	size_t bytes = CPU_ALLOC_SIZE((size_t)n);
	cpu_set_t *set = CPU_ALLOC((size_t)n);
	int r;

	if (!set)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	CPU_ZERO_S(bytes, set);
	for (int cpu = 0; cpu < n; cpu++)
		if (cpus[cpu])
			CPU_SET_S((size_t)cpu, bytes, set);
	r = sched_setaffinity(0, bytes, set);
	CPU_FREE(set);
	return r == 0 ? 0
		      : error_errno(err, SCHEDTRACE_E_IO, errno,
				    "--cpus: schedrec may not run on any of these CPUs");
}
