/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of the samples and of the CPUs that schedrec notes in the timeline (tracedat/markers.h). */
#include "convert/row_maker_state.h"
#include "tracedat/markers.h"

#define ROWS_SAMPLE 5

_Static_assert(ROWS_SAMPLE *MARKER_SAMPLES_MAX + 1 <= ROWS_RECORD, "a marker is one record");

static void sample_rows_of(struct row_maker *m, const struct record *r, struct traced_cpu *cpu,
			   const struct marker_sample *s)
{
	struct task *task;
	union name name;

	if (s->pid <= 0)
		return;
	task = row_maker_task(m, cpu, s->pid);
	if (task == &m->nobody)
		return;
	if (task->tgid <= 0)
		task->tgid = s->pid;
	if (!task->comm) {
		name = name_make(s->comm, tasks_proc_name(s->comm, strnlen(s->comm, 16)));
		row_maker_name(m, task, name, r);
	}
	row(m, r, cpu->id, task, SCHEDTRACE_SAMPLE_FAULTS, s->minor, s->major);
	row(m, r, cpu->id, task, SCHEDTRACE_SAMPLE_CPU, s->user_ns, s->system_ns);
	row(m, r, cpu->id, task, SCHEDTRACE_SAMPLE_MEM, s->rss_bytes, s->state);
	if (s->children_minor || s->children_major)
		row(m, r, cpu->id, task, SCHEDTRACE_SAMPLE_CHILDREN_FAULTS, s->children_minor,
		    s->children_major);
	if (s->children_user_ns || s->children_system_ns)
		row(m, r, cpu->id, task, SCHEDTRACE_SAMPLE_CHILDREN_CPU, s->children_user_ns,
		    s->children_system_ns);
}

static void hotplug_rows(struct row_maker *m, const struct record *r, const uint8_t *p)
{
	struct marker_hotplug h;
	struct traced_cpu *cpu;

	memcpy(&h, p, sizeof(h));
	cpu = h.cpu >= 0 && h.cpu < CPUS_MAX ? row_maker_cpu(m, h.cpu) : NULL;
	if (!cpu)
		return;
	row(m, r, cpu->id, &cpu->idle, h.online ? SCHEDTRACE_CPU_ONLINE : SCHEDTRACE_CPU_OFFLINE, 0,
	    0);
	if (!h.online) {
		cpu->current = PID_UNKNOWN;
		cpu->task = NULL;
	}
}

/* The row comes at the end, where the gap ends as far as the file tells. */
static void unread(struct row_maker *m, const uint8_t *p)
{
	struct marker_unread u;
	struct traced_cpu *cpu;

	memcpy(&u, p, sizeof(u));
	cpu = u.cpu >= 0 && u.cpu < CPUS_MAX ? row_maker_cpu(m, u.cpu) : NULL;
	if (cpu && !cpu->unread)
		cpu->missing = -1;
	if (cpu)
		cpu->unread = true;
}

static void marker_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
			struct traced_cpu *cpu)
{
	/* The marker's id is the first that was written. */
	const uint8_t *p = r->data + e->f[0].offset;
	size_t room = r->size - e->f[0].offset;
	struct marker_header h;
	struct marker_sample s;

	if (room < sizeof(h))
		return;
	memcpy(&h, p, sizeof(h));
	p += sizeof(h);
	room -= sizeof(h);
	if (h.id != MARKER_ID || h.bytes > room)
		return;
	if (h.kind == MARKER_HOTPLUG && h.bytes == sizeof(struct marker_hotplug))
		hotplug_rows(m, r, p);
	if (h.kind == MARKER_UNREAD && h.bytes == sizeof(struct marker_unread))
		unread(m, p);
	if (h.kind != MARKER_SAMPLES || h.bytes > MARKER_SAMPLES_MAX * sizeof(s))
		return;
	for (size_t at = 0; at + sizeof(s) <= h.bytes; at += sizeof(s)) {
		memcpy(&s, p + at, sizeof(s));
		sample_rows_of(m, r, cpu, &s);
	}
}

const struct event_kind sample_events[] = {
	{ "ftrace", "raw_data", marker_rows, 0, { "id" } },
	{ 0 },
};
