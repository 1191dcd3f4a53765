/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What records say of names, before rows are made. The recorder lists the tasks while events come
 * in already, so that the list knows tasks that were made, and names that were given, after the
 * first records: what a record before it says of a task is older, and holds.
 */
#include "convert/row_maker_state.h"

static int index_of(const struct event_kind *kind, const char *prefix, size_t n, const char *rest)
{
	for (int i = 0; kind->fields[i]; i++) {
		const char *name = kind->fields[i] + (*kind->fields[i] == '?');

		if (strncmp(name, prefix, n) == 0 && strcmp(name + n, rest) == 0)
			return i;
	}
	return -1;
}

/* The field that holds the pid of the task which field @i names, -1 if it names none. */
static int pid_named_by(const struct compiled_event *e, int i)
{
	const char *name = e->kind->fields[i] + (*e->kind->fields[i] == '?');
	size_t n = strlen(name);

	if (!e->f[i].size || n < 4 || strcmp(name + n - 4, "comm") != 0 ||
	    strcmp(name, "newcomm") == 0)
		return -1;
	return index_of(e->kind, name, strcmp(name, "oldcomm") == 0 ? 0 : n - 4, "pid");
}

void ahead_compile(struct compiled_event *e)
{
	const char *name = e->kind->name;
	int n = 0;

	e->makes = -1;
	if (strcmp(name, "task_newtask") == 0 || strcmp(name, "sched_wakeup_new") == 0)
		e->makes = (int8_t)index_of(e->kind, "", 0, "pid");
	else if (strcmp(name, "sched_process_fork") == 0)
		e->makes = (int8_t)index_of(e->kind, "child_", 6, "pid");
	for (int i = 0; e->kind->fields[i] && n < NAMES_MAX; i++) {
		int pid = pid_named_by(e, i);

		if (pid >= 0 && pid != e->makes)
			e->names[n++] = (struct named_field){ (int8_t)pid, (int8_t)i };
	}
	e->n_names = (uint8_t)n;
	e->tells_names = n || e->makes >= 0 || strcmp(name, "sched_process_exec") == 0;
}

bool row_maker_tells_names(const struct row_maker *m)
{
	for (size_t i = 0; i < m->n_events; i++)
		if (m->events[i].rows && m->events[i].tells_names)
			return true;
	return false;
}

static int name_ahead(struct row_maker *m, int32_t pid, union name name,
		      struct schedtrace_error *err)
{
	struct task *task = pid > 0 ? tasks_find_unnamed(m->tasks, pid, err) : NULL;
	int32_t comm;

	if (pid <= 0)
		return 0;
	if (!task)
		return err->status;
	if (task->made_ahead || task->comm_ahead)
		return 0;
	comm = schedtrace_context_intern_comm(m->ctx, name.bytes, sizeof(name), err);
	if (comm < 0)
		return comm;
	task->comm_ahead = comm;
	return 0;
}

static int make_ahead(struct row_maker *m, int32_t pid, struct schedtrace_error *err)
{
	struct task *task = pid > 0 ? tasks_find_unnamed(m->tasks, pid, err) : NULL;

	if (pid <= 0)
		return 0;
	if (!task)
		return err->status;
	task->made_ahead = 1;
	return 0;
}

int row_maker_ahead(struct row_maker *m, const struct record *r, struct schedtrace_error *err)
{
	const struct compiled_event *e = &m->events[r->format];
	int status = 0;

	if (!e->rows || !e->tells_names || r->size < e->min_size)
		return 0;
	for (int i = 0; status == 0 && i < e->n_names; i++)
		status = name_ahead(m, field_i32(&e->f[e->names[i].pid], r),
				    field_name(&e->f[e->names[i].name], r), err);
	if (status == 0 && e->makes >= 0)
		status = make_ahead(m, field_i32(&e->f[e->makes], r), err);
	return status;
}
