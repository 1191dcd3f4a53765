/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file begins and ends with, and from one file to the next. */
#include "record/capture_state.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "record/privileges.h"
#include "record/proc/snapshot.h"

/* Whose children are recorded as the command's. */
static pid_t parent(const struct capture *c)
{
	return c->command_pid ? getpid() : 0;
}

/* The programs that user stacks lead through. */
static int start_user_maps(struct capture *c, struct schedtrace_error *err)
{
	bool followed;
	int r = user_maps_start(&c->user_maps, c->instance.marker_fd, c->options.clock, &followed,
				err);

	if (r == 0 && !followed)
		note(&c->options.notes,
		     "the kernel tells nothing of new mappings (perf_event_open%s): user stacks of "
		     "programs that begin from now on stay numbers",
		     privileges_have(CAP_PERFMON) ? "" : ", the capability CAP_PERFMON is missing");
	return r;
}

void capture_write_maps(struct capture *c)
{
	struct schedtrace_error err;

	if (user_maps_write(c->user_maps, &err) == 0)
		return;
	note(&c->options.notes, "%s", err.text);
	user_maps_free(c->user_maps);
	c->user_maps = NULL;
}

int capture_keep_file(struct capture *c, const struct kept_file *file, size_t *done,
		      struct schedtrace_error *err)
{
	/* One thread writes, so one CPU's buffer may get all of it. */
	size_t end = *done + (size_t)c->instance.buffer_kb * 1024 / 4;
	int r;

	do {
		r = marker_write_file(c->instance.marker_fd, file, done, err);
	} while (r > 0 && *done < end);
	return r;
}

struct marker_begin capture_marker_begin(const struct capture *c)
{
	return (struct marker_begin){ .instance = &c->instance,
				      .events = &c->events,
				      .clock = c->options.clock,
				      .command = c->command,
				      .command_pid = c->command_pid,
				      .attach = capture_attach(c),
				      .only = c->options.only,
				      .cpus = c->cpus };
}

void capture_look_at_tasks(struct capture *c)
{
	struct task_list tasks = { 0 };

	if (proc_tasks_read(&tasks, false, NULL) < 0)
		return;
	proc_tasks_free(&c->tasks);
	c->tasks = tasks;
}

/* The tasks that exist, of which those marked are told in detail. */
static int write_tasks(struct capture *c, struct schedtrace_error *err)
{
	struct task_list tasks = { 0 };
	struct clocks now;
	int r = proc_tasks_read(&tasks, true, err);

	if (r < 0)
		return r;
	attach_mark(capture_attach(c), parent(c), &tasks);
	r = marker_write_tasks(&c->instance, &tasks, err);
	clocks_read(&now);
	if (r == 0)
		r = snapshot_write(c->instance.marker_fd, false, &tasks, &now, err);
	proc_tasks_free(&c->tasks);
	c->tasks = tasks;
	return r;
}

int capture_begin_file(struct capture *c, bool whole, struct schedtrace_error *err)
{
	struct marker_begin begin = capture_marker_begin(c);
	int r;

	begin.whole = whole;
	r = marker_write_begin(&begin, err);
	if (r < 0)
		return r;
	r = write_tasks(c, err);
	if (r < 0)
		return r;
	r = hotplug_note_offline(&c->hotplug, c->instance.marker_fd, err);
	if (r < 0)
		return r;
	r = capture_note_unread(c, err);
	if (r < 0 || !c->events.user_stacks)
		return r;
	return c->user_maps ? user_maps_again(c->user_maps, err) : start_user_maps(c, err);
}

int capture_note_end(struct capture *c, struct schedtrace_error *err)
{
	struct task_list tasks = { 0 };
	struct clocks now;
	int r;

	clocks_read(&now);
	if (strcmp(c->options.clock, "x86-tsc") == 0 &&
	    clocks_tsc_scale(&c->begun, &now, &c->writer.tsc))
		c->writer.has_tsc = true;
	r = proc_tasks_read(&tasks, false, err);
	if (r < 0)
		return r;
	attach_mark(capture_attach(c), parent(c), &tasks);
	r = snapshot_write(c->instance.marker_fd, true, &tasks, &now, err);
	proc_tasks_free(&tasks);
	return r;
}

struct tracedat_writer *capture_writer(struct capture *c)
{
	return &c->writer;
}

int capture_write_head(struct capture *c, int fd, struct schedtrace_error *err)
{
	struct tracedat_writer head = { .fd = -1 };
	int r = tracedat_writer_another(&c->writer, &head, err);

	if (r == 0)
		r = tracedat_writer_begin(&head, fd, c->first_cmdlines, err);
	tracedat_writer_free(&head);
	return r;
}

/* The file after the present one, up to its first header. */
static int open_next(struct capture *c, int fd, struct tracedat_writer *next,
		     struct schedtrace_error *err)
{
	char *cmdlines = proc_tasks_cmdlines(&c->tasks, NULL);
	int r;

	if (!cmdlines)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	r = tracedat_writer_another(&c->writer, next, err);
	if (r == 0)
		r = tracedat_writer_begin(next, fd, cmdlines, err);
	free(cmdlines);
	return r;
}

/* The next file is opened once more for each reader, and may be another user's. */
static int cut_readers(struct capture *c, const struct tracedat_writer *next,
		       struct schedtrace_error *err)
{
	int r = c->options.identity ? identity_enter(c->options.identity, err) : 0;

	if (r < 0)
		return r;
	r = readers_cut(&c->readers, next, err);
	if (c->options.identity)
		identity_leave(c->options.identity);
	return r;
}

int capture_cut(struct capture *c, int fd, const char *name, int wait_status, const char *reason,
		bool note_system, struct tracedat_writer *old, struct schedtrace_error *err)
{
	struct tracedat_writer next = { .fd = -1 };
	int r = open_next(c, fd, &next, err);

	if (r < 0)
		error_prefix(err, r, "%s", name);
	if (r == 0 && note_system)
		r = capture_note_end(c, err);
	if (r == 0)
		capture_write_maps(c);
	if (r == 0)
		r = marker_write_end(&c->instance, c->options.clock, wait_status, reason, err);
	if (r == 0)
		r = cut_readers(c, &next, err);
	if (r < 0) {
		tracedat_writer_free(&next);
		return r;
	}
	for (int i = 0; i < c->readers.n; i++) {
		const struct reader *item = &c->readers.items[i];
		struct tracedat_part *part = &c->writer.parts[item->part];

		part->offset = tracedat_writer_position(&c->writer, item->part) + c->readers.room;
		part->size = item->cut_bytes;
	}
	*old = c->writer;
	c->writer = next;
	return 0;
}

char *capture_cmdlines(const struct capture *c)
{
	return proc_tasks_cmdlines(&c->tasks, c->tracefs);
}

const char *capture_first_cmdlines(const struct capture *c)
{
	return c->first_cmdlines;
}

static int no_second(void *self, int *fd, struct schedtrace_error *err)
{
	*fd = -1;
	return error_set(err, SCHEDTRACE_E_IO, "there is no second file");
}

int capture_finish_file(struct capture *c, struct schedtrace_error *err)
{
	const struct tracedat_second second = { no_second, NULL };
	char *cmdlines = capture_cmdlines(c);
	enum tracedat_shape shape;
	int r;

	r = capture_mark_unread(c, c->counts.texts)
		    ? tracedat_writer_finish(&c->writer, cmdlines ? cmdlines : c->first_cmdlines,
					     c->first_cmdlines, c->counts.texts, &second, &shape,
					     err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	free(cmdlines);
	return r;
}
