/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/confine.h"

#define WORKER_WAIT_MS 30000
#define WORKERS_MAX    8

static bool write_all(int fd, const void *data, size_t n)
{
	const char *at = data;

	while (n) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

static void work(const struct format_text *texts, size_t begin, size_t n)
{
	static struct format_wire_field fields[FORMAT_FIELDS_MAX];
	size_t i;

	for (i = begin; i < n; i++) {
		struct format_head head = { .index = (uint32_t)i };

		format_parse_text(texts[i].system, texts[i].text.bytes, texts[i].text.n, &head,
				  fields);
		if (!write_all(3, &head, sizeof(head)) ||
		    !write_all(3, fields, head.n_fields * sizeof(*fields)))
			_exit(1);
	}
	_exit(0);
}

/* False at the worker's end, after an error, or when nothing came for too long. */
static bool read_all(int fd, void *out, size_t n)
{
	char *to = out;

	while (n) {
		struct pollfd p = { fd, POLLIN, 0 };
		int ready = poll(&p, 1, WORKER_WAIT_MS);
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		got = read(fd, to, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

static bool terminated(const char *s, size_t n)
{
	return memchr(s, 0, n) != NULL;
}

/* One allocation holds the fields and their names. */
static int take_reply(struct formats *f, const struct format_text *text,
		      const struct format_head *head, const struct format_wire_field *wire,
		      struct schedtrace_error *err)
{
	struct format *out = &f->list[head->index];
	struct format_field *fields;
	char *name;
	uint32_t i;

	fields = calloc(1, head->n_fields * (sizeof(*fields) + FORMAT_NAME_MAX) + FORMAT_NAME_MAX);
	if (!fields)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the fields of an event");
	name = (char *)(fields + head->n_fields);
	*out = (struct format){ .id = (uint16_t)head->id,
				.system = text->system,
				.name = strcpy(name, head->name),
				.fields = fields,
				.n_fields = head->n_fields,
				.min_size = head->min_size,
				.states = head->states };
	for (i = 0; i < head->n_fields; i++) {
		name += FORMAT_NAME_MAX;
		fields[i] = (struct format_field){
			.name = strcpy(name, wire[i].name),
			.offset = wire[i].offset,
			.size = wire[i].size,
			.is_signed = wire[i].is_signed,
			.is_string = wire[i].is_string,
			.is_data_loc = wire[i].is_data_loc,
			.is_rel_loc = wire[i].is_rel_loc,
		};
	}
	return 0;
}

/* What can be known of an event that was not parsed: enough to step over its records. */
static int take_unparsed(struct formats *f, const struct format_text *text, size_t index,
			 uint32_t bad_line, struct schedtrace_error *err)
{
	const char *id = text->text.bytes ? strstr(text->text.bytes, "ID:") : NULL;
	const char *name = text->text.bytes ? strstr(text->text.bytes, "name:") : NULL;
	struct format_head head = { .index = (uint32_t)index };
	unsigned long number = id ? strtoul(id + 3, NULL, 10) : 0;
	int r;

	head.id = number <= UINT16_MAX ? (int32_t)number : 0;
	if (name) {
		name += 5;
		name += strspn(name, " ");
		snprintf(head.name, sizeof(head.name), "%.*s", (int)strcspn(name, "\n"), name);
	}
	r = take_reply(f, text, &head, NULL, err);
	f->list[index].bad_line = bad_line;
	return r;
}

static void tell_states(const struct format *f, enum format_states_doubt doubt,
			const struct notes *notes)
{
	if (doubt == FORMAT_STATES_UNREADABLE)
		note(notes,
		     "the format text of %s:%s has no table of states as kernels print it: the "
		     "states of Linux 4.14 and later are taken",
		     f->system, f->name);
	else if (doubt == FORMAT_STATES_NEW)
		note(notes,
		     "the format text of %s:%s has a table of states that no kernel so far has "
		     "had: it is taken as it stands",
		     f->system, f->name);
}

/* Reads replies from *done on; true when all came. */
static int read_replies(struct formats *f, const struct format_text *texts, size_t *done, int fd,
			const struct notes *notes, struct schedtrace_error *err)
{
	auto_free struct format_wire_field *wire =
		reallocarray(NULL, FORMAT_FIELDS_MAX, sizeof(*wire));
	struct format_head head;
	uint32_t i;
	int r;

	if (!wire)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the fields of an event");
	for (; *done < f->n; ++*done) {
		if (!read_all(fd, &head, sizeof(head)) || head.index != *done ||
		    head.n_fields > FORMAT_FIELDS_MAX || head.id > UINT16_MAX ||
		    !terminated(head.name, sizeof(head.name)) ||
		    head.states.n > sizeof(head.states.flags) / sizeof(*head.states.flags) ||
		    !read_all(fd, wire, head.n_fields * sizeof(*wire)))
			return 0;
		for (i = 0; i < head.n_fields; i++)
			if (!terminated(wire[i].name, sizeof(wire[i].name)))
				return 0;
		if (head.id < 0) {
			r = take_unparsed(f, &texts[*done], *done, head.bad_line, err);
			if (r == 0 && head.bad_line)
				note(notes,
				     "the format text of %s:%s is damaged: line %u of it is not "
				     "what kernels print there",
				     f->list[*done].system, f->list[*done].name, head.bad_line);
			else if (r == 0)
				note(notes,
				     "format %zu of system %s cannot be parsed: its events are "
				     "left out",
				     *done, texts[*done].system);
		} else {
			r = take_reply(f, &texts[*done], &head, wire, err);
			if (r == 0)
				tell_states(&f->list[*done], head.states_doubt, notes);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_worker(struct formats *f, const struct format_text *texts, size_t *done,
		      const struct notes *notes, struct schedtrace_error *err)
{
	int fds[2], r, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "cannot start the format worker");
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (!pid) {
		confine(fds[1]);
		work(texts, *done, f->n);
	}
	close(fds[1]);
	r = read_replies(f, texts, done, fds[0], notes, err);
	close(fds[0]);
	if (*done < f->n)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r;
}

/* With equal ids the first one counts, as for trace-cmd. */
static int index_ids(struct formats *f, const struct notes *notes, struct schedtrace_error *err)
{
	size_t i;

	f->by_id = calloc(UINT16_MAX + 1, sizeof(*f->by_id));
	if (!f->by_id)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	for (i = 0; i < f->n; i++) {
		uint16_t *at = &f->by_id[f->list[i].id];

		if (!f->list[i].id)
			continue;
		if (*at)
			note(notes, "events %s and %s have the same id %u: the first one counts",
			     f->list[*at - 1].name, f->list[i].name, f->list[i].id);
		else
			*at = (uint16_t)(i + 1);
	}
	return 0;
}

int formats_parse(struct formats *f, const struct format_text *texts, size_t n,
		  const struct notes *notes, struct schedtrace_error *err)
{
	size_t done = 0, workers;
	int r = 0;

	if (n >= UINT16_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%zu event formats, the limit is %d", n,
				 UINT16_MAX - 1);
	f->list = calloc(n + 1, sizeof(*f->list));
	if (!f->list)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu formats", n);
	f->n = n;
	for (workers = 0; r == 0 && done < n; workers++) {
		if (workers == WORKERS_MAX)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "%d format texts crash or hang their parser: the file is "
					 "damaged or hostile",
					 WORKERS_MAX);
		r = run_worker(f, texts, &done, notes, err);
		if (r == 0 && done < n) {
			note(notes,
			     "format %zu of system %s crashes or hangs its parser: its "
			     "events are left out",
			     done, texts[done].system);
			r = take_unparsed(f, &texts[done], done, 0, err);
			done++;
		}
	}
	return r < 0 ? r : index_ids(f, notes, err);
}

void formats_free(struct formats *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free((void *)f->list[i].fields);
	free(f->list);
	free(f->by_id);
	*f = (struct formats){ 0 };
}
