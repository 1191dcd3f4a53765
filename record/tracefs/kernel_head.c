/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of itself: formats of pages and events, symbols. */
#include "record/tracefs/kernel_head.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/tracedat_header.h"

static int nomem(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
}

/* A file of the instance in whole: read once, since some grow between two reads. */
static int put_file(FILE *out, const struct instance *in, const char *file,
		    struct schedtrace_error *err)
{
	auto_free char *text = instance_read(in, file);

	if (!text)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: %s", in->name, file);
	put_text64(out, text);
	return 0;
}

static int put_format(FILE *out, const struct instance *in, const char *system, const char *event,
		      struct schedtrace_error *err)
{
	auto_free char *file = NULL;

	if (asprintf(&file, "events/%s/%s/format", system, event) < 0)
		return nomem(err);
	return put_file(out, in, file, err);
}

/* Formats of the records that the kernel makes by itself, such as raw_data. Only the root has
 * some of them. */
static int put_ftrace_formats(FILE *out, const struct instance *in, const char *root,
			      struct schedtrace_error *err)
{
	auto_free char **names = tracefs_system_events(root, "ftrace");
	uint32_t n = 0;
	int r = 0;

	if (!names)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s: events/ftrace", root);
	while (names[n])
		n++;
	put_u32(out, n);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		auto_free char *path = tracefs_event_get_file(NULL, "ftrace", names[i], "format");
		auto_fclose FILE *f = path ? fopen(path, "re") : NULL;
		auto_free char *text = NULL;
		size_t size = 0;

		if (!f || getdelim(&text, &size, '\0', f) < 0)
			r = error_errno(err, SCHEDTRACE_E_IO, errno, "events/ftrace/%s/format",
					names[i]);
		else
			put_text64(out, text);
	}
	tracefs_list_free(steal_ptr(names));
	return r;
}

/* Is this the first event of its system? */
static bool begins_system(const struct event_list *events, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(events->items[k].system, events->items[i].system) == 0)
			return false;
	return true;
}

/* Formats of what is recorded only: reading those of whole systems takes longer than all else. */
static int put_event_formats(FILE *out, const struct instance *in, const struct event_list *events,
			     struct schedtrace_error *err)
{
	uint32_t systems = 0;

	for (size_t i = 0; i < events->n; i++)
		systems += begins_system(events, i);
	put_u32(out, systems);
	for (size_t i = 0; i < events->n; i++) {
		const char *system = events->items[i].system;
		uint32_t n = 0;

		if (!begins_system(events, i))
			continue;
		for (size_t k = i; k < events->n; k++)
			n += strcmp(events->items[k].system, system) == 0;
		fputs(system, out);
		fputc('\0', out);
		put_u32(out, n);
		for (size_t k = i; k < events->n; k++) {
			int r = 0;

			if (strcmp(events->items[k].system, system) == 0)
				r = put_format(out, in, system, events->items[k].name, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/*
 * The kernel's functions, megabytes that only stacks need. Addresses may be hidden, all 0: then
 * nothing is written.
 */
static int put_kallsyms(FILE *out, const struct event_list *events, struct schedtrace_error *err)
{
	auto_free char *line = NULL, *bytes = NULL;
	auto_fclose FILE *f = events->stacks ? fopen("/proc/kallsyms", "re") : NULL;
	auto_fclose FILE *text = NULL; /* closed before its bytes are freed */
	size_t size = 0, n = 0;
	bool hidden = true;
	ssize_t length;

	text = open_memstream(&bytes, &n);
	if (!text)
		return nomem(err);
	while (f && (length = getline(&line, &size, f)) > 0) {
		const char *type = strchr(line, ' ');

		if (!type || !strchr("tTwW", type[1]))
			continue;
		hidden &= strspn(line, "0") == (size_t)(type - line);
		fwrite(line, 1, (size_t)length, text);
	}
	if (fflush(text) != 0)
		return nomem(err);
	put_u32(out, hidden ? 0 : (uint32_t)n);
	if (!hidden)
		fwrite(bytes, 1, n, out);
	return 0;
}

static int put_head(FILE *out, const struct tracedat_writer *w, const struct instance *in,
		    const char *root, const struct event_list *events, struct schedtrace_error *err)
{
	auto_free char *printk = NULL;
	auto_fclose FILE *f = NULL;
	auto_free char *path = NULL;
	size_t size = 0;
	int r;

	fwrite("\x17\x08\x44tracing6\0\0\x08", 1, 14, out); /* little endian, 8-byte long */
	put_u32(out, w->page_size);
	fwrite("header_page", 1, 12, out);
	r = put_file(out, in, "events/header_page", err);
	fwrite("header_event", 1, 13, out);
	if (r == 0)
		r = put_file(out, in, "events/header_event", err);
	if (r == 0)
		r = put_ftrace_formats(out, in, root, err);
	if (r == 0)
		r = put_event_formats(out, in, events, err);
	if (r < 0)
		return r;
	r = put_kallsyms(out, events, err);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/printk_formats", root) < 0)
		return nomem(err);
	f = fopen(path, "re");
	if (f && getdelim(&printk, &size, '\0', f) < 0)
		printk = NULL;
	put_u32(out, printk ? (uint32_t)strlen(printk) : 0);
	fputs(printk ? printk : "", out);
	return 0;
}

static int read_formats(struct tracedat_writer *w, const struct instance *in, const char *root,
			const struct event_list *events, struct schedtrace_error *err)
{
	FILE *out = open_memstream(&w->head, &w->head_bytes);
	int r;

	if (!out)
		return nomem(err);
	r = put_head(out, w, in, root, events, err);
	if (fclose(out) != 0 && r == 0)
		r = nomem(err);
	return r;
}

int kernel_head_read(struct tracedat_writer *w, const struct instance *in, const char *second,
		     const char *root, const struct event_list *events,
		     struct schedtrace_error *err)
{
	struct utsname u;

	*w = (struct tracedat_writer){ .fd = -1, .n_cpus = in->n_cpus, .page_size = in->page_size };
	w->second = second ? strdup(second) : NULL;
	if (second && !w->second)
		return nomem(err);
	w->parts = calloc((size_t)tracedat_parts(w), sizeof(*w->parts));
	w->clock = instance_read(in, "trace_clock");
	if (!w->parts || !w->clock || uname(&u) != 0 ||
	    asprintf(&w->uname, "%s %s %s %s", u.sysname, u.nodename, u.release, u.machine) < 0)
		return nomem(err);
	if (getrandom(&w->trace_id, sizeof(w->trace_id), GRND_NONBLOCK) < 0)
		w->trace_id = ((uint64_t)getpid() << 32) ^ instance_start_time(getpid());
	return read_formats(w, in, root, events, err);
}
