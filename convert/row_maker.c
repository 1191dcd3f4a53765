/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/row_maker_state.h"

#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/known_tasks.h"

static const struct event_kind *const tables[] = { sched_events, memory_events, system_events,
						   sample_events };

static const struct event_kind *find_kind(const struct format *format)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct event_kind *k = tables[t]; k->name; k++)
			if (strcmp(k->name, format->name) == 0 &&
			    strcmp(k->system, format->system) == 0)
				return k;
	return NULL;
}

static const struct format_field *find_field(const struct format *format, const char *name)
{
	for (size_t i = 0; i < format->n_fields; i++)
		if (strcmp(format->fields[i].name, name) == 0)
			return &format->fields[i];
	return NULL;
}

/* False if the format says something of the field that cannot be. */
static bool compile_field(struct field *out, const struct format_field *f, uint32_t *min_size)
{
	bool is_loc = f->is_data_loc || f->is_rel_loc;
	uint64_t end = (uint64_t)f->offset + f->size;

	if (end > UINT16_MAX || (is_loc && f->size != 4) || (!f->is_string && f->size > 8))
		return false;
	if (!f->is_string && f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8)
		return false;
	*out = (struct field){
		.offset = (uint16_t)f->offset,
		.size = (uint16_t)f->size,
		.is_signed = f->is_signed,
		.is_data_loc = f->is_data_loc,
		.is_rel_loc = f->is_rel_loc,
	};
	if (end > *min_size)
		*min_size = (uint32_t)end;
	return true;
}

/* In place of the rows of an event whose format text is damaged. */
static void refuse(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		   struct traced_cpu *cpu)
{
	const struct format *f = e->format;

	if (!m->salvage)
		m->status = error_set(m->err, SCHEDTRACE_E_FORMAT,
				      "its records of %s:%s cannot be read: line %u of the event's "
				      "format text is damaged; convert the others with --salvage",
				      f->system, f->name, f->bad_line);
}

static void compile_event(struct compiled_event *e, const struct format *format,
			  const struct stream_options *options)
{
	const struct event_kind *kind = find_kind(format);
	const struct format_field *flags = find_field(format, "common_flags");

	e->format = format;
	e->is_stack = strcmp(format->system, "ftrace") == 0 &&
		      (strcmp(format->name, "kernel_stack") == 0 ||
		       strcmp(format->name, "user_stack") == 0);
	e->kind = kind;
	if (!format->n_fields) {
		e->unreadable = true;
		e->rows = format->bad_line ? refuse : NULL;
		return;
	}
	if (!kind)
		return;
	if (flags)
		compile_field(&e->flags, flags, &e->min_size);
	for (size_t i = 0; kind->fields[i]; i++) {
		const char *name = kind->fields[i];
		bool optional = *name == '?';
		const struct format_field *f = find_field(format, name + optional);

		if (f && compile_field(&e->f[i], f, &e->min_size))
			continue;
		if (optional && !f)
			continue;
		note(&options->notes, "%s:%s is not converted: its format in the file %s field %s",
		     format->system, format->name, f ? "has an impossible" : "has no",
		     name + optional);
		e->unreadable = true;
		return;
	}
	e->rows = kind->rows;
	ahead_compile(e);
}

int row_maker_new(struct row_maker **out, const struct format *formats, size_t n_formats,
		  struct schedtrace_context *ctx, const struct stream_options *options,
		  struct schedtrace_error *err)
{
	struct row_maker *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the row maker");
	m->ctx = ctx;
	m->events = calloc(n_formats + 1, sizeof(*m->events));
	m->cpus = calloc(CPUS_MAX, sizeof(struct traced_cpu *));
	m->n_events = n_formats;
	m->first_ns = INT64_MAX;
	m->salvage = options && options->salvage;
	m->nobody = (struct task){ .tgid = -1, .queue_cpu = NO_CPU, .call = NO_CALL };
	if (!m->events || !m->cpus) {
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu events", n_formats);
		goto fail;
	}
	r = tasks_new(&m->tasks, ctx, err);
	if (r < 0)
		goto fail;
	for (size_t i = 0; i < n_formats; i++)
		compile_event(&m->events[i], &formats[i], options);
	*out = m;
	return 0;
fail:
	row_maker_free(m);
	return r;
}

void row_maker_free(struct row_maker *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->cpus && i < CPUS_MAX; i++)
		free(m->cpus[i]);
	free(m->cpus);
	free(m->events);
	owners_free(&m->owners);
	tasks_free(m->tasks);
	free(m);
}

struct traced_cpu *row_maker_cpu(struct row_maker *m, int32_t id)
{
	struct traced_cpu *cpu;

	if (id < 0 || id >= CPUS_MAX) {
		m->status = error_set(m->err, SCHEDTRACE_E_FORMAT,
				      "a record of CPU %d: ids go from 0 to %d", id, CPUS_MAX - 1);
		return NULL;
	}
	if (m->cpus[id])
		return m->cpus[id];
	cpu = calloc(1, sizeof(*cpu));
	if (!cpu) {
		m->status = error_set(m->err, SCHEDTRACE_E_NOMEM, "no memory for CPU %d", id);
		return NULL;
	}
	cpu->id = id;
	cpu->current = PID_UNKNOWN;
	cpu->last_ns = INT64_MIN;
	cpu->idle = (struct task){
		.tgid = -1,
		.prio = PRIO_UNKNOWN,
		.queue_cpu = NO_CPU,
		.call = NO_CALL,
	};
	m->cpus[id] = cpu;
	return cpu;
}

void row_maker_new_name(struct row_maker *m, struct task *task, union name name,
			const struct record *r)
{
	int32_t comm;
	int status;

	if (task->pid > 0) {
		status = tasks_rename(m->tasks, task, r->timestamp, name, m->err);
		if (status < 0)
			m->status = status;
		return;
	}
	comm = schedtrace_context_intern_comm(m->ctx, name.bytes, sizeof(name), m->err);
	if (comm < 0) {
		m->status = comm;
		return;
	}
	task->name = name;
	task->comm = comm;
}

/*
 * The record shows that its common_pid runs, and the CPU was believed to run another task. If
 * that was the idle task, only the switch is missing; if it was another, nobody knows whether
 * that one still waits there, so the queue's length is uncertain.
 */
static void runs(struct row_maker *m, struct traced_cpu *cpu, const struct compiled_event *e,
		 const struct record *r)
{
	int32_t believed = cpu->current;
	struct task *task;

	if (task_life_renumbered(m, cpu, exec_old_pid(e, r), r))
		return;
	task = row_maker_living_task(m, cpu, r->pid, r);
	row(m, r, cpu->id, task, SCHEDTRACE_RUNS, believed, 0);
	task->untold = 0;
	cpu->current = r->pid;
	cpu->task = task == &m->nobody ? NULL : task;
	if (believed != PID_UNKNOWN)
		m->faults.broken_chains++;
	if (believed > 0)
		runqueue_forget(cpu);
	runqueue_add(m, cpu, task, r);
}

/* What was lost may have changed any queue, and who runs on the CPU. */
static void forget(struct row_maker *m, struct traced_cpu *cpu)
{
	cpu->current = PID_UNKNOWN;
	cpu->task = NULL;
	for (size_t i = 0; i < CPUS_MAX; i++)
		if (m->cpus[i])
			runqueue_forget(m->cpus[i]);
}

static void gap(struct row_maker *m, struct traced_cpu *cpu, const struct record *r)
{
	rows_add(m->rows, r->timestamp, cpu->id, 0, 0, SCHEDTRACE_GAP, 0, 0);
	m->n_gaps += !cpu->gap;
	cpu->gap = true;
	cpu->before_gap = cpu->current;
	forget(m, cpu);
}

/* Nothing is missing but how long it took: who ran goes on. */
static void clock_set_back(struct row_maker *m, struct traced_cpu *cpu, const struct record *r)
{
	int32_t current = cpu->gap ? cpu->before_gap : PID_UNKNOWN;
	struct task *task;

	m->n_gaps -= cpu->gap;
	cpu->gap = false;
	if (cpu->last_ns == INT64_MIN)
		return;
	rows_add(m->rows, r->timestamp, cpu->id, 0, 0, SCHEDTRACE_LOST, 0, r->lost_since);
	if (current == PID_UNKNOWN)
		return;
	task = row_maker_task(m, cpu, current);
	row(m, r, cpu->id, task, SCHEDTRACE_RUNS, PID_UNKNOWN, 0);
	cpu->current = current;
	cpu->task = task == &m->nobody ? NULL : task;
}

/* What was lost may have ended any call, too. */
static void lost(struct row_maker *m, struct traced_cpu *cpu, const struct record *r)
{
	int64_t since = r->lost_since == INT64_MIN ? m->first_ns : r->lost_since;

	rows_add(m->rows, r->timestamp, cpu->id, 0, 0, SCHEDTRACE_LOST, r->lost, since);
	m->faults.gaps++;
	if (r->lost >= 0)
		m->faults.lost += (uint64_t)r->lost;
	else
		m->faults.unknown_gaps++;
	m->loss_epoch++;
	m->n_gaps -= cpu->gap;
	cpu->gap = false;
	forget(m, cpu);
}

int row_maker_record(struct row_maker *m, const struct record *r, struct rows *rows,
		     struct schedtrace_error *err)
{
	struct traced_cpu *cpu = r->cpu >= 0 && r->cpu < CPUS_MAX ? m->cpus[r->cpu] : NULL;
	struct compiled_event *e;

	m->rows = rows;
	m->err = err;
	m->status = 0;
	if (!cpu) {
		cpu = row_maker_cpu(m, r->cpu);
		if (!cpu)
			return m->status;
	}
	if (r->kind == RECORD_GAP) {
		if (cpu->last_ns != INT64_MIN)
			gap(m, cpu, r);
		return m->status;
	}
	if (r->kind == RECORD_LOST && r->lost == 0) {
		clock_set_back(m, cpu, r);
		return m->status;
	}
	if (m->first_ns == INT64_MAX)
		m->first_ns = r->timestamp;
	m->last_ns = r->timestamp;
	cpu->last_ns = r->timestamp;
	if (r->kind == RECORD_LOST) {
		lost(m, cpu, r);
		return m->status;
	}
	if (r->kind == RECORD_UNKNOWN)
		return m->status; /* whether it is evidence of who runs is unknown, too */
	e = &m->events[r->format];
	e->n++;
	if (r->pid != cpu->current && !e->is_stack)
		runs(m, cpu, e, r);
	if (!e->rows)
		return m->status;
	if (r->size < e->min_size) {
		e->too_short++;
		lost(m, cpu,
		     &(struct record){
			     .timestamp = r->timestamp, .lost_since = r->timestamp, .lost = 1 });
		return m->status;
	}
	e->rows(m, e, r, cpu);
	return m->status;
}

int row_maker_ends_early(struct row_maker *m, int32_t id, int64_t missing,
			 struct schedtrace_error *err)
{
	struct traced_cpu *cpu;

	m->err = err;
	m->status = 0;
	cpu = row_maker_cpu(m, id);
	if (cpu)
		cpu->unread = true;
	if (cpu)
		cpu->missing = missing;
	return m->status;
}

bool row_maker_unread(struct row_maker *m, struct record *r)
{
	if (m->first_ns == INT64_MAX)
		return false; /* no time could be given */
	for (int32_t id = 0; id < CPUS_MAX; id++) {
		struct traced_cpu *cpu = m->cpus[id];

		if (!cpu || !cpu->unread)
			continue;
		cpu->unread = false;
		*r = (struct record){
			.kind = RECORD_LOST,
			.cpu = id,
			.timestamp = m->last_ns,
			.lost = cpu->missing,
			.lost_since = cpu->last_ns == INT64_MIN ? m->first_ns : cpu->last_ns,
		};
		return true;
	}
	return false;
}

struct tasks *row_maker_tasks(struct row_maker *m)
{
	return m->tasks;
}

void row_maker_command(struct row_maker *m, int32_t pid)
{
	m->command_pid = pid;
}

int row_maker_task_at_start(struct row_maker *m, const struct schedtrace_task *known,
			    struct schedtrace_error *err)
{
	struct task *task = tasks_find_unnamed(m->tasks, known->pid, err);
	struct schedtrace_task *life;
	int32_t comm;
	const char *name;

	if (!task)
		return err->status;
	life = tasks_life(m->tasks, task);
	if (known_task_since(life) != INT64_MIN || task->exited || task->made_ahead)
		return 0; /* made or gone while the list was: its records say more */
	comm = life->comm ? life->comm : task->comm_ahead ? task->comm_ahead : known->comm;
	task = tasks_find(m->tasks, known->pid, err);
	task->tgid = known->tgid;
	if (task->tgid > 0 && task->tgid != task->pid) {
		struct task *leader = tasks_find(m->tasks, task->tgid, err);

		if (!leader)
			return err->status;
		leader->threads++;
		life = tasks_life(m->tasks, task);
	}
	name = schedtrace_context_comm(m->ctx, comm);
	if (name && !task->comm) {
		int r = tasks_rename(m->tasks, task, INT64_MIN, name_make(name, strlen(name)), err);

		if (r < 0)
			return r;
	}
	*life = *known;
	life->comm = comm;
	return 0;
}

struct schedtrace_task *row_maker_life_at_start(struct row_maker *m, int32_t pid)
{
	struct task *task = pid > 0 ? tasks_seen(m->tasks, pid) : NULL;
	struct schedtrace_task *life = task ? tasks_life(m->tasks, task) : NULL;

	if (!life || known_task_since(life) != INT64_MIN || task->exited || task->made_ahead)
		return NULL;
	return life;
}

uint64_t row_maker_count(const struct row_maker *m, const char *system, const char *name)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n_events; i++) {
		const struct event_kind *k = m->events[i].kind;

		if (k && strcmp(k->name, name) == 0 && strcmp(k->system, system) == 0)
			n += m->events[i].n;
	}
	return n;
}

uint64_t row_maker_left_out(const struct row_maker *m, size_t format, const char **why)
{
	const struct compiled_event *e = &m->events[format];

	*why = NULL;
	if (e->unreadable) {
		*why = e->format->bad_line ? "the event's format text in the file is damaged"
					   : "the event's format text in the file cannot be used";
		return e->n;
	}
	if (e->too_short) {
		*why = "they are shorter than the event's format text says";
		return e->too_short;
	}
	return row_maker_has_rows(m, format) ? 0 : e->n;
}

bool row_maker_has_rows(const struct row_maker *m, size_t format)
{
	const struct compiled_event *e = &m->events[format];

	return !e->unreadable && (e->kind || e->is_stack);
}

bool row_maker_damaged(const struct row_maker *m)
{
	for (size_t i = 0; i < m->n_events; i++)
		if (m->events[i].n && m->events[i].format->bad_line)
			return true;
	return false;
}

void row_maker_faults(const struct row_maker *m, struct row_maker_faults *faults)
{
	*faults = m->faults;
}
