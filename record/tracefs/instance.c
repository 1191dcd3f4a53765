/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/tracefs/tracefs_place.h"

#define PREFIX "schedrec."

uint64_t instance_start_time(int pid)
{
	auto_fclose FILE *f = NULL;
	char path[64], line[1024];
	const char *p;
	uint64_t start = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return 0;
	p = strrchr(line, ')'); /* the name before may contain anything */
	for (int field = 3; p && field <= 22; field++) {
		p = strchr(p + 1, ' ');
		if (p && field == 22)
			start = strtoull(p + 1, NULL, 10);
	}
	return start;
}

int instance_sweep(const char *root)
{
	auto_free char *path = NULL;
	struct dirent *entry;
	int removed = 0;
	DIR *dir;

	if (asprintf(&path, "%s/instances", root) < 0)
		return 0;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		uint64_t start;
		int pid, end = 0;

		if (sscanf(entry->d_name, PREFIX "%d.%" SCNu64 "%n", &pid, &start, &end) != 2 ||
		    (entry->d_name[end] != '\0' &&
		     strcmp(entry->d_name + end, INSTANCE_ONLY) != 0 &&
		     strcmp(entry->d_name + end, INSTANCE_RULES) != 0))
			continue;
		/* If its recorder lives somewhere else after all, its readers make this EBUSY. */
		if (instance_start_time(pid) != start &&
		    unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0)
			removed++;
	}
	if (dir)
		closedir(dir);
	return removed;
}

static int read_page_size(struct instance *in, struct schedtrace_error *err)
{
	auto_free char *page = instance_read(in, "events/header_page");
	const char *data = page ? strstr(page, "char data;") : NULL;
	unsigned int offset, size;

	if (!data || sscanf(data, "char data; offset:%u; size:%u;", &offset, &size) != 2 ||
	    size > 1u << 26)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "instance %s: events/header_page does not tell the page size",
				 in->name);
	in->page_size = offset + size;
	return 0;
}

/* Which per-CPU buffers there are, and how large their pages. */
static int find_cpus(struct instance *in, struct schedtrace_error *err)
{
	auto_free char *path = tracefs_instance_get_file(in->handle, "per_cpu");
	struct dirent *entry;
	DIR *dir;

	dir = path ? opendir(path) : NULL;
	if (!dir)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: per_cpu", in->name);
	while ((entry = readdir(dir))) {
		int cpu, end = 0;

		if (sscanf(entry->d_name, "cpu%d%n", &cpu, &end) != 1 || entry->d_name[end] ||
		    cpu < 0 || cpu > 65535)
			continue;
		if (cpu >= in->n_cpus) {
			bool *has = reallocarray(in->has_cpu, (size_t)cpu + 1, sizeof(*has));

			if (!has) {
				closedir(dir);
				return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
			}
			memset(has + in->n_cpus, 0, (size_t)(cpu + 1 - in->n_cpus));
			in->has_cpu = has;
			in->n_cpus = cpu + 1;
		}
		in->has_cpu[cpu] = true;
	}
	closedir(dir);
	if (in->n_cpus == 0)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED, "instance %s: per_cpu has no CPU",
				 in->name);
	return read_page_size(in, err);
}

int instance_create(struct instance *in, const char *root, const char *suffix,
		    struct schedtrace_error *err)
{
	auto_free char *path = NULL;
	int r;

	*in = (struct instance){ .free_buffer_fd = -1, .tracing_on_fd = -1, .marker_fd = -1 };
	snprintf(in->name, sizeof(in->name), PREFIX "%d.%" PRIu64 "%s", getpid(),
		 instance_start_time(getpid()), suffix);
	if (asprintf(&path, "%s/instances/%s", root, in->name) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	/* Not libtracefs' create, which would take over an instance that is there. */
	if (mkdir(path, 0700) != 0) {
		if (errno == EEXIST)
			return error_set(err, SCHEDTRACE_E_IO,
					 "%s: exists already, and is not ours", path);
		return tracefs_place_refuse(path, errno, err);
	}
	in->handle = tracefs_instance_alloc(root, in->name);
	if (!in->handle) {
		rmdir(path);
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s", in->name);
	}
	r = find_cpus(in, err);
	if (r == 0 && tracefs_trace_off(in->handle) != 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: tracing_on", in->name);
	/* Best effort: a kernel without the option only leaves more behind after a SIGKILL. */
	if (r == 0 && tracefs_option_enable(in->handle, TRACEFS_OPTION_DISABLE_ON_FREE) == 0)
		in->free_buffer_fd =
			tracefs_instance_file_open(in->handle, "free_buffer", O_WRONLY | O_CLOEXEC);
	if (r < 0)
		instance_destroy(in, NULL);
	return r;
}

char *instance_read(const struct instance *in, const char *file)
{
	return tracefs_instance_file_read(in->handle, file, NULL);
}

int instance_set_clock(struct instance *in, const char *clock, struct schedtrace_error *err)
{
	auto_free char *known = instance_read(in, "trace_clock");
	auto_free char *list = known ? strdup(known) : NULL;
	char *rest = NULL;

	if (!list)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "trace_clock");
	for (char *w = strtok_r(list, " []\n", &rest); w; w = strtok_r(NULL, " []\n", &rest)) {
		if (strcmp(w, clock) != 0)
			continue;
		if (tracefs_instance_file_write(in->handle, "trace_clock", clock) < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "clock %s", clock);
		return 0;
	}
	known[strcspn(known, "\n")] = '\0';
	return error_set(err, SCHEDTRACE_E_USAGE, "this kernel has no trace clock '%s'; it has %s",
			 clock, known);
}

static int64_t free_memory_kb(void)
{
	auto_fclose FILE *f = fopen("/proc/meminfo", "re");
	char line[256];
	int64_t kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNd64, &kb) == 1)
			break;
	return kb;
}

int instance_set_subbuf(struct instance *in, int64_t kb, struct schedtrace_error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, kb);
	if (tracefs_instance_file_write(in->handle, "buffer_subbuf_size_kb", text) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "--subbuf: the kernel refused sub-buffers of %" PRId64 " KiB",
				   kb);
	return read_page_size(in, err);
}

int instance_buffers(const struct instance *in)
{
	long present = sysconf(_SC_NPROCESSORS_CONF);
	int n = 0;

	for (int cpu = 0; cpu < in->n_cpus; cpu++)
		n += in->has_cpu[cpu];
	/* The kernel has files for all CPUs that might be plugged in, and memory for those that
	 * are. */
	return present > 0 && present < n ? (int)present : n;
}

int instance_set_buffer(struct instance *in, int64_t kb, int n_instances,
			struct schedtrace_error *err)
{
	auto_free char *real = NULL;
	int64_t free_kb = free_memory_kb();
	int64_t all_kb, cpus = (int64_t)instance_buffers(in) * n_instances;
	char text[32];

	if (kb < 4 || __builtin_mul_overflow(kb, cpus, &all_kb))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "a buffer of %" PRId64 " KiB a CPU is impossible: give 4 or more",
				 kb);
	if (free_kb >= 0 && all_kb > free_kb / 2)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "%" PRId64 " buffers of %" PRId64 " KiB would take %" PRId64
				 " MiB, more than half of the %" PRId64
				 " MiB free: give a smaller size by -b",
				 cpus, kb, all_kb >> 10, free_kb >> 10);
	snprintf(text, sizeof(text), "%" PRId64, kb);
	if (tracefs_instance_file_write(in->handle, "buffer_size_kb", text) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "the kernel refused buffers of %" PRId64
				   " KiB a CPU: give a smaller size by -b",
				   kb);
	real = instance_read(in, "buffer_size_kb");
	in->buffer_kb = real ? strtoll(real, NULL, 10) : 0;
	if (in->buffer_kb <= 0)
		return error_set(err, SCHEDTRACE_E_IO,
				 "buffer_size_kb of instance %s cannot be read back", in->name);
	/* Readers are woken with three quarters left, for they may have to wait for a CPU; they
	 * also look by themselves four times a second. */
	tracefs_instance_file_write(in->handle, "buffer_percent", "25");
	return 0;
}

/* The kernel's own words about a filter it refused, without the time before them. */
static int refuse_filter(struct instance *in, const struct chosen_event *event, int errnum,
			 struct schedtrace_error *err)
{
	auto_free char *log = tracefs_error_last(in->handle);
	char *reason = log ? strstr(log, "error: ") : NULL;
	char *last = reason;
	char *caret = NULL;
	long at = 0;

	while (last &&
	       (last = strstr(last + 1, "error: "))) /* "event filter parse error: error: ..." */
		reason = last;
	if (!reason)
		return error_errno(err, SCHEDTRACE_E_USAGE, errnum, "filter '%s' of %s:%s",
				   event->filter, event->system, event->name);
	reason += strlen("error: ");
	caret = strrchr(reason, '^');
	if (caret) {
		const char *line = caret;

		while (line > reason && line[-1] != '\n')
			line--;
		at = caret - line - (long)strlen("  Command: ");
	}
	reason[strcspn(reason, "\n")] = '\0';
	if (at > 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "filter '%s' of %s:%s was refused: %s, near character %ld",
				 event->filter, event->system, event->name, reason, at);
	return error_set(err, SCHEDTRACE_E_USAGE, "filter '%s' of %s:%s was refused: %s",
			 event->filter, event->system, event->name, reason);
}

static bool is_switch(const struct chosen_event *e)
{
	return strcmp(e->system, "sched") == 0 && strcmp(e->name, "sched_switch") == 0;
}

/* A trigger costs a stack a switch, where the option stacktrace would cost one every event. It
 * has the event's filter, or it would fire for records that are filtered out, too. */
static int set_stack_trigger(struct instance *in, const struct chosen_event *e,
			     struct schedtrace_error *err)
{
	auto_free char *trigger = NULL;

	if (asprintf(&trigger, "stacktrace%s%s", e->filter ? " if " : "",
		     e->filter ? e->filter : "") < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (tracefs_event_file_write(in->handle, e->system, e->name, "trigger", trigger) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "the trigger '%s' of %s:%s: does the kernel have stack traces "
				   "(CONFIG_STACKTRACE)?",
				   trigger, e->system, e->name);
	in->stack_trigger = true;
	return 0;
}

int instance_enable_events(struct instance *in, const struct event_list *events, bool only,
			   struct schedtrace_error *err)
{
	if (events->user_stacks &&
	    tracefs_instance_file_write(in->handle, "options/userstacktrace", "1") < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "options/userstacktrace: does the kernel have user stacks "
				   "(CONFIG_USER_STACKTRACE_SUPPORT)?");
	for (size_t i = 0; i < events->n; i++) {
		const struct chosen_event *e = &events->items[i];

		if (e->only != only)
			continue;
		if (events->stacks && is_switch(e) && set_stack_trigger(in, e, err) < 0)
			return err->status;
		if (e->filter && tracefs_event_file_write(in->handle, e->system, e->name, "filter",
							  e->filter) < 0)
			return refuse_filter(in, e, errno, err);
		if (tracefs_event_enable(in->handle, e->system, e->name) != 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "enabling %s:%s", e->system,
					   e->name);
	}
	return 0;
}

int instance_open_controls(struct instance *in, struct schedtrace_error *err)
{
	in->tracing_on_fd =
		tracefs_instance_file_open(in->handle, "tracing_on", O_WRONLY | O_CLOEXEC);
	if (in->tracing_on_fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: tracing_on",
				   in->name);
	in->marker_fd =
		tracefs_instance_file_open(in->handle, "trace_marker_raw", O_WRONLY | O_CLOEXEC);
	if (in->marker_fd < 0 && errno != ENOENT)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: trace_marker_raw",
				   in->name);
	return 0;
}

int instance_open_pages(const struct instance *in, int cpu, struct schedtrace_error *err)
{
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "per_cpu/cpu%d/trace_pipe_raw", cpu);
	fd = tracefs_instance_file_open(in->handle, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 ? fd
		       : error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: %s", in->name,
				     file);
}

int instance_trace(struct instance *in, bool on)
{
	return pwrite(in->tracing_on_fd, on ? "1" : "0", 1, 0) == 1 ? 0 : -errno;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int instance_destroy(struct instance *in, struct schedtrace_error *err)
{
	int r = 0;

	if (!in->handle)
		return 0;
	tracefs_trace_off(in->handle);
	if (in->stack_trigger)
		tracefs_event_file_write(in->handle, "sched", "sched_switch", "trigger",
					 "!stacktrace");
	in->stack_trigger = false;
	close_fd(&in->marker_fd);
	close_fd(&in->tracing_on_fd);
	close_fd(&in->free_buffer_fd);
	if (tracefs_instance_destroy(in->handle) != 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno,
				"instance %s cannot be removed; the next schedrec will try again",
				in->name);
	tracefs_instance_free(in->handle);
	in->handle = NULL;
	free(in->has_cpu);
	in->has_cpu = NULL;
	return r;
}
