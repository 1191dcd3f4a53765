/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/row_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <schedtrace/events.h>

#include "base/error.h"
#include "base/intmap.h"
#include "base/mem.h"
#include "output/perfetto/ftrace_event.h"
#include "output/perfetto/tracks.h"

#define COMM_BYTES    15 /* of a name, as in the kernel */
#define SOFTIRQ	      65536
#define USUAL_PRIO    120
#define PREEMPTED     256 /* state of a task that is still runnable, since 4.14 */

/* What is known of a pid. */
struct known_task {
	int32_t comm; /* id of its name, 0 unknown */
	int32_t prio;
	char state; /* that its next switch-out has, 0 runnable */
};

struct known_cpu {
	int32_t running; /* by the events that were written, -1 unknown */
	int64_t since;	 /* the last row that says who runs, INT64_MIN none */
	int64_t length;	 /* of the run queue, -1 unknown */
	bool switched;	 /* an event of it was written */
};

struct row_events {
	struct trace_file *file;
	const struct schedtrace_context *ctx;
	struct row_events_options options;
	struct tracks tracks;
	struct intmap by_pid;
	struct known_task *tasks;
	uint32_t n_tasks, max_tasks;
	struct known_cpu cpus[PERFETTO_CPUS];
	int64_t runnable;      /* sum of the known lengths */
	int32_t idle, waiting; /* run queues of length 0, and of 2 and more */
	bool said_cpus;
};

/* ---- tasks ----------------------------------------------------------------------------- */

/* NULL: no memory. */
static struct known_task *task(struct row_events *e, int32_t pid)
{
	uint32_t at = intmap_get(&e->by_pid, (uint32_t)pid);

	if (at != INTMAP_NONE)
		return &e->tasks[at];
	if (!array_room(e->tasks, e->n_tasks, e->max_tasks) ||
	    intmap_set(&e->by_pid, (uint32_t)pid, e->n_tasks) < 0) {
		e->file->packets.failed = true;
		return NULL;
	}
	e->tasks[e->n_tasks] = (struct known_task){ .prio = USUAL_PRIO };
	return &e->tasks[e->n_tasks++];
}

/* The names of those that are there at the start. */
static int know_tasks(struct row_events *e, struct schedtrace_error *err)
{
	const struct schedtrace_task *lives;
	size_t n;
	int r = schedtrace_context_load_tasks(e->ctx, err);

	if (r < 0)
		return r;
	lives = schedtrace_context_tasks(e->ctx, &n);
	for (size_t i = 0; i < n; i++) {
		struct known_task *t = lives[i].pid > 0 ? task(e, lives[i].pid) : NULL;

		if (t && !t->comm)
			t->comm = lives[i].comm;
	}
	return 0;
}

static const char *name_of(const struct row_events *e, int32_t pid, int32_t comm, char *idle)
{
	const char *name = schedtrace_context_comm(e->ctx, comm);

	return pid == 0 ? idle : name ? name : "";
}

static void put_name(const struct row_events *e, struct proto *p, uint32_t field, int32_t pid,
		     int32_t comm)
{
	char idle[] = "swapper";
	const char *name = name_of(e, pid, comm, idle);

	proto_bytes(p, field, name, strnlen(name, COMM_BYTES));
}

int row_events_new(struct row_events **out, struct trace_file *file,
		   const struct schedtrace_context *ctx, const struct row_events_options *options,
		   struct schedtrace_error *err)
{
	struct row_events *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a Perfetto trace");
	e->file = file;
	e->ctx = ctx;
	e->options = *options;
	for (size_t i = 0; i < PERFETTO_CPUS; i++)
		e->cpus[i] = (struct known_cpu){ -1, INT64_MIN, -1, false };
	r = intmap_init(&e->by_pid) < 0
		    ? error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a Perfetto trace")
		    : tracks_init(&e->tracks, file, err);
	if (r == 0)
		r = know_tasks(e, err);
	if (r < 0)
		row_events_free(e);
	else
		*out = e;
	return r;
}

void row_events_free(struct row_events *e)
{
	if (!e)
		return;
	tracks_free(&e->tracks);
	intmap_free(&e->by_pid);
	free(e->tasks);
	free(e);
}

/* ---- one row --------------------------------------------------------------------------- */

struct row {
	int64_t time_ns; /* on the clock of the file */
	int64_t recorded_ns;
	int32_t pid, event, cpu, comm;
	int64_t arg0, arg1;
};

/* The bits of a task's state, as kernels have them since 4.14. */
static int64_t state_bits(char letter)
{
	static const char letters[] = "SDTtXZPI";
	const char *at = letter ? strchr(letters, letter) : NULL;

	return letter == '+' ? PREEMPTED : at ? 1 << (at - letters) : letter ? 1 : 0;
}

static struct proto *events(struct row_events *e, int32_t cpu)
{
	struct bundle *b = trace_file_bundle(e->file, cpu);

	if (!b)
		e->file->packets.failed = true;
	return b ? &b->events : NULL;
}

static void put_switch(struct row_events *e, const struct row *r, int32_t prev_pid,
		       int64_t prev_state, int32_t next_pid)
{
	const struct known_task *prev = task(e, prev_pid), *next = task(e, next_pid);
	struct proto *p = events(e, r->cpu);
	struct known_cpu *cpu = &e->cpus[r->cpu];
	struct ftrace_event event;
	char idle[] = "swapper";

	prev = task(e, prev_pid); /* the other may have moved it */
	if (!p || !prev || !next)
		return;
	if (e->options.compact && cpu->switched) {
		compact_switch_add(
			&e->file->bundles[r->cpu]->compact,
			&(struct compact_switch){ r->time_ns, prev_state, next_pid, next->prio,
						  next_pid ? next->comm : 0,
						  name_of(e, next_pid, next->comm, idle) });
	} else {
		event = ftrace_event_begin(p, true, r->time_ns, prev_pid, FTRACE_SCHED_SWITCH);
		put_name(e, p, 1, prev_pid, prev->comm);
		proto_int(p, 2, prev_pid);
		proto_int(p, 3, prev->prio);
		proto_int(p, 4, prev_state);
		put_name(e, p, 5, next_pid, next->comm);
		proto_int(p, 6, next_pid);
		proto_int(p, 7, next->prio);
		ftrace_event_end(event);
	}
	cpu->switched = true;
	cpu->running = next_pid;
}

static int switched(struct row_events *e, const struct row *r, struct schedtrace_error *err)
{
	struct known_cpu *cpu = &e->cpus[r->cpu];
	struct known_task *prev = task(e, r->pid);
	int64_t state = prev ? state_bits(prev->state) : 0;

	if (e->options.compact && cpu->switched && cpu->running != r->pid)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "on CPU %d a switch to task %d is missing before %" PRId64
				 " ns, which --compact cannot say: leave it out, or add "
				 "--close-gaps",
				 r->cpu, r->pid, r->recorded_ns);
	put_switch(e, r, r->pid, state, (int32_t)r->arg0);
	prev = task(e, r->pid);
	if (prev)
		prev->state = 0;
	cpu->since = r->recorded_ns;
	return 0;
}

/* An event that says that the switch before it is none of the kernel's. */
static void mark_closed(struct row_events *e, const struct row *r)
{
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;

	if (!p)
		return;
	event = ftrace_event_begin(p, false, r->time_ns, r->pid, FTRACE_GENERIC);
	proto_text(p, GENERIC_NAME, "schedtrace_closed_gap");
	generic_field_int(p, "prev_pid", true, e->cpus[r->cpu].running);
	generic_field_int(p, "next_pid", true, r->pid);
	ftrace_event_end(event);
}

/* Another task than believed runs. */
static void found_running(struct row_events *e, const struct row *r)
{
	struct known_cpu *cpu = &e->cpus[r->cpu];

	if (r->arg0 >= 0 && cpu->since != INT64_MIN)
		tracks_span(&e->tracks, r->cpu, "a switch is missing", cpu->since, r->recorded_ns);
	cpu->since = r->recorded_ns;
	if (!e->options.close_gaps || !cpu->switched || cpu->running == r->pid)
		return;
	mark_closed(e, r);
	put_switch(e, r, cpu->running, 0, r->pid);
}

static void put_wakeup(struct row_events *e, const struct row *r, uint32_t number, int32_t waker,
		       int64_t target)
{
	const struct known_task *t = task(e, r->pid);
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;

	if (!p || !t)
		return;
	event = ftrace_event_begin(p, true, r->time_ns, waker, number);
	put_name(e, p, 1, r->pid, t->comm);
	proto_int(p, 2, r->pid);
	proto_int(p, 3, t->prio);
	proto_uint(p, 4, 1);
	proto_int(p, 5, target);
	ftrace_event_end(event);
}

static void put_migration(struct row_events *e, const struct row *r)
{
	const struct known_task *t = task(e, r->pid);
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;

	if (!p || !t)
		return;
	event = ftrace_event_begin(p, true, r->time_ns, e->cpus[r->cpu].running,
				   FTRACE_SCHED_MIGRATE_TASK);
	put_name(e, p, 1, r->pid, t->comm);
	proto_int(p, 2, r->pid);
	proto_int(p, 3, t->prio);
	proto_int(p, 4, r->arg0);
	proto_int(p, 5, r->arg1);
	ftrace_event_end(event);
}

/* Of numbers @first and @second, for the task @pid; a field of number 0 is left out. */
static void put_two(struct row_events *e, const struct row *r, int32_t pid, uint32_t number,
		    uint32_t first, int64_t first_value, uint32_t second, int64_t second_value)
{
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;

	if (!p)
		return;
	event = ftrace_event_begin(p, true, r->time_ns, pid, number);
	proto_int(p, first, first_value);
	if (second)
		proto_int(p, second, second_value);
	ftrace_event_end(event);
}

static void put_generic(struct row_events *e, const struct row *r, const char *name,
			const char *first, const char *second)
{
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;

	if (!p || !name)
		return;
	event = ftrace_event_begin(p, false, r->time_ns, r->pid, FTRACE_GENERIC);
	proto_text(p, GENERIC_NAME, name);
	generic_field_int(p, first, true, r->arg0);
	if (second)
		generic_field_int(p, second, true, r->arg1);
	ftrace_event_end(event);
}

static void lost(struct row_events *e, const struct row *r)
{
	char name[64] = "records lost, nobody knows how many";

	if (r->arg0 >= 0)
		snprintf(name, sizeof(name), "%" PRId64 " records lost", r->arg0);
	tracks_span(&e->tracks, r->cpu, name, r->arg1, r->recorded_ns);
	if (r->arg0)
		trace_file_lost(e->file, r->cpu);
	e->cpus[r->cpu].since = INT64_MIN;
}

static void queue_length(struct row_events *e, const struct row *r)
{
	struct known_cpu *cpu = &e->cpus[r->cpu];
	int64_t before = cpu->length, now = r->arg0;

	e->runnable += now - (before > 0 ? before : 0);
	e->idle += (now == 0) - (before == 0);
	e->waiting += (now > 1) - (before > 1);
	cpu->length = now;
	tracks_counter(&e->tracks, TRACK_RUNQUEUE, r->cpu, r->recorded_ns, now);
	tracks_counter(&e->tracks, TRACK_RUNNABLE, 0, r->recorded_ns, e->runnable);
	tracks_counter(&e->tracks, TRACK_IDLE_WHILE_WAITING, 0, r->recorded_ns,
		       e->idle < e->waiting ? e->idle : e->waiting);
}

/* Rows that there is a track of ours for. */
static void count(struct row_events *e, const struct row *r)
{
	struct tracks *t = &e->tracks;

	switch (r->event) {
	case SCHEDTRACE_RSS_FILE:
	case SCHEDTRACE_RSS_ANON:
	case SCHEDTRACE_RSS_SWAP:
	case SCHEDTRACE_RSS_SHMEM:
		if (r->pid > 0)
			tracks_counter(t, TRACK_RSS_FILE + (r->event - SCHEDTRACE_RSS_FILE), r->pid,
				       r->recorded_ns, r->arg0);
		break;
	case SCHEDTRACE_SAMPLE_MEM:
		tracks_counter(t, TRACK_SAMPLE_RSS, r->pid, r->recorded_ns, r->arg0);
		break;
	case SCHEDTRACE_SAMPLE_FAULTS:
		tracks_counter(t, TRACK_SAMPLE_MINOR_FAULTS, r->pid, r->recorded_ns, r->arg0);
		tracks_counter(t, TRACK_SAMPLE_MAJOR_FAULTS, r->pid, r->recorded_ns, r->arg1);
		break;
	case SCHEDTRACE_SAMPLE_CPU:
		tracks_counter(t, TRACK_SAMPLE_USER, r->pid, r->recorded_ns, r->arg0);
		tracks_counter(t, TRACK_SAMPLE_SYSTEM, r->pid, r->recorded_ns, r->arg1);
		break;
	}
}

static void put_new_name(struct row_events *e, const struct row *r)
{
	struct proto *p = events(e, r->cpu);
	struct ftrace_event event;
	int64_t name[2] = { r->arg0, r->arg1 };

	if (!p)
		return;
	event = ftrace_event_begin(p, true, r->time_ns, r->pid, FTRACE_TASK_RENAME);
	proto_int(p, 1, r->pid);
	proto_bytes(p, 3, name, strnlen((const char *)name, sizeof(name)));
	ftrace_event_end(event);
}

/* Where the records themselves do not come: what the row keeps of its own. */
static void put_kept(struct row_events *e, const struct row *r)
{
	int64_t irq = r->arg0;
	bool soft = irq >= SOFTIRQ, entry = r->event == SCHEDTRACE_IRQ_ENTRY;

	switch (r->event) {
	case SCHEDTRACE_FORK:
		put_two(e, r, (int32_t)r->arg0, FTRACE_SCHED_PROCESS_FORK, 2, r->arg0, 4, r->pid);
		break;
	case SCHEDTRACE_EXIT:
		put_two(e, r, r->pid, FTRACE_SCHED_PROCESS_EXIT, 2, r->pid, 0, 0);
		break;
	case SCHEDTRACE_EXEC:
		put_two(e, r, r->pid, FTRACE_SCHED_PROCESS_EXEC, 2, r->pid, 3, r->pid);
		break;
	case SCHEDTRACE_NEWTASK:
		put_two(e, r, e->cpus[r->cpu].running, FTRACE_TASK_NEWTASK, 1, r->pid, 3, r->arg0);
		break;
	case SCHEDTRACE_RENAME:
		put_new_name(e, r);
		break;
	case SCHEDTRACE_PAGE_ALLOC:
		put_two(e, r, r->pid, FTRACE_MM_PAGE_ALLOC, 3, r->arg1, 5, r->arg0);
		break;
	case SCHEDTRACE_PAGE_FREE:
		put_two(e, r, r->pid, FTRACE_MM_PAGE_FREE, 1, r->arg1, 3, r->arg0);
		break;
	case SCHEDTRACE_IRQ_ENTRY:
	case SCHEDTRACE_IRQ_EXIT:
		put_two(e, r, r->pid,
			soft	? entry ? FTRACE_SOFTIRQ_ENTRY : FTRACE_SOFTIRQ_EXIT
			: entry ? FTRACE_IRQ_HANDLER_ENTRY
				: FTRACE_IRQ_HANDLER_EXIT,
			1, soft ? irq - SOFTIRQ : irq, 0, 0);
		break;
	case SCHEDTRACE_RSS_FILE:
	case SCHEDTRACE_RSS_ANON:
	case SCHEDTRACE_RSS_SWAP:
	case SCHEDTRACE_RSS_SHMEM:
		break; /* counters of ours */
	default:
		put_generic(e, r, schedtrace_context_event_name(e->ctx, r->event), "arg0", "arg1");
	}
}

static void know(struct row_events *e, const struct row *r)
{
	struct known_task *t = r->pid > 0 ? task(e, r->pid) : NULL;

	if (!t)
		return;
	if (r->comm)
		t->comm = r->comm;
	switch (r->event) {
	case SCHEDTRACE_BLOCK:
		t->state = 'S';
		break;
	case SCHEDTRACE_BLOCK_IO:
		t->state = 'D';
		break;
	case SCHEDTRACE_STATE:
		t->state = (char)r->arg0;
		break;
	case SCHEDTRACE_PRIO:
		t->prio = (int32_t)r->arg0;
		break;
	}
}

static int put_row(struct row_events *e, const struct row *r, struct schedtrace_error *err)
{
	switch (r->event) {
	case SCHEDTRACE_CTX_SWITCH:
		return switched(e, r, err);
	case SCHEDTRACE_WAKING:
		put_wakeup(e, r, FTRACE_SCHED_WAKING, (int32_t)r->arg0, r->arg1);
		break;
	case SCHEDTRACE_WAKEUP:
		put_wakeup(e, r, FTRACE_SCHED_WAKEUP, e->cpus[r->cpu].running, r->cpu);
		break;
	case SCHEDTRACE_WAKEUP_NEW:
		put_wakeup(e, r, FTRACE_SCHED_WAKEUP_NEW, e->cpus[r->cpu].running, r->cpu);
		break;
	case SCHEDTRACE_MIGRATE:
		put_migration(e, r);
		break;
	case SCHEDTRACE_CPU_IDLE:
		put_two(e, r, 0, FTRACE_CPU_IDLE, 1, (uint32_t)r->arg0, 2, r->cpu);
		break;
	case SCHEDTRACE_TICK:
		put_two(e, r, r->pid, FTRACE_CPU_FREQUENCY, 1, (uint32_t)r->arg1, 2, r->cpu);
		break;
	case SCHEDTRACE_STAT_RUNTIME:
		put_generic(e, r, "sched_stat_runtime", "runtime", NULL);
		break;
	case SCHEDTRACE_RQ_SIZE:
		queue_length(e, r);
		break;
	case SCHEDTRACE_RUNS:
		found_running(e, r);
		break;
	case SCHEDTRACE_LOST:
		lost(e, r);
		break;
	case SCHEDTRACE_BLOCK: /* in the switch, and in what comes beside it */
	case SCHEDTRACE_BLOCK_IO:
	case SCHEDTRACE_STATE:
	case SCHEDTRACE_PRIO:
	case SCHEDTRACE_GAP:
		break;
	default:
		count(e, r);
		if (!e->options.records)
			put_kept(e, r);
	}
	return 0;
}

int row_events_add(struct row_events *e, const struct schedtrace_events *rows,
		   struct schedtrace_error *err)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct row r = {
			.time_ns = rows->timestamp[i] + e->file->shift_ns,
			.recorded_ns = rows->timestamp[i],
			.pid = rows->pid[i],
			.event = rows->event[i],
			.cpu = rows->cpu[i],
			.comm = rows->comm ? rows->comm[i] : 0,
			.arg0 = rows->arg0[i],
			.arg1 = rows->arg1[i],
		};
		int status;

		know(e, &r);
		if (r.cpu < 0 || r.cpu >= PERFETTO_CPUS) {
			if (!e->said_cpus)
				note(&e->options.notes,
				     "rows of CPU %d are left out: Perfetto reads CPUs below %d",
				     r.cpu, PERFETTO_CPUS);
			e->said_cpus = true;
			continue;
		}
		status = put_row(e, &r, err);
		if (status < 0)
			return status;
	}
	return trace_file_write(e->file, false, err);
}
