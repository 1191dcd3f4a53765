/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/triggers/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "tracedat/field.h"
#include "tracedat/formats.h"
#include "tracedat/page_cursor.h"

#define LOOK_NS	  50000000
#define BUFFER_KB 1024

enum { WAKING, SWITCH, CHARGED, FAULT_USER, FAULT_KERNEL, N_EVENTS };

static const struct {
	const char *system, *name;
} names[N_EVENTS] = {
	[WAKING] = { "sched", "sched_waking" },
	[SWITCH] = { "sched", "sched_switch" },
	[CHARGED] = { "sched", "sched_stat_runtime" },
	[FAULT_USER] = { "exceptions", "page_fault_user" },
	[FAULT_KERNEL] = { "exceptions", "page_fault_kernel" },
};

struct watch_event {
	bool used;
	int id;
	uint32_t min_size;
	struct field pid, comm, state, next_pid, next_comm, runtime;
};

/* What the rules need of a record. */
struct seen {
	int64_t ts;
	int event;
	int32_t pid, next_pid;
	int64_t runtime;
	bool runnable;
	char comm[16], next_comm[16];
};

struct watch {
	struct rules *rules;
	struct instance instance;
	struct watch_event events[N_EVENTS];
	uint64_t sleeping; /* bits of prev_state */
	int *fds;	   /* raw pipes, of the instance's CPUs; -1: none */
	int timer_fd;
	uint8_t *page;
	struct seen *list; /* read, and not judged yet */
	size_t n, room;
	bool lost;
};

/* ---- what to record ------------------------------------------------------------------- */

static bool rule_needs(const struct rule *rule, int event)
{
	switch (rule->measure) {
	case RULE_LATENCY:
		return event == WAKING || event == SWITCH || event == CHARGED;
	case RULE_RUN:
		return event == SWITCH;
	case RULE_FAULTS:
		return event == FAULT_USER || event == FAULT_KERNEL;
	default:
		return false;
	}
}

/*
 * A pattern that matches at least what text_matches() does: the kernel matches bytes, we match what
 * is printed of a name. A * stands for all that the two may see differently.
 */
static void put_wide(FILE *out, const char *pattern)
{
	fputc('*', out);
	while (*pattern) {
		size_t n = strcspn(pattern, "*?[\\\"");

		fwrite(pattern, 1, n, out);
		pattern += n;
		if (*pattern)
			fputc('*', out);
		/* What follows such a sign may belong to it. */
		if (*pattern == '[' || *pattern == '\\')
			return;
		pattern += strspn(pattern, "*?\"");
	}
}

/* Names by which records are chosen: for good where @exact, else to be looked at again. */
static void put_comm(FILE *out, const char *comm, const char *pattern, bool exact)
{
	if (!strpbrk(pattern, "*?[\\\"")) {
		fprintf(out, "%s == \"%s\"", comm, pattern);
	} else if (exact) {
		/* A name may itself look like a pattern. */
		fprintf(out, "(%s == \"%s\" || %s ~ \"%s\")", comm, pattern, comm, pattern);
	} else {
		fprintf(out, "%s ~ \"", comm);
		put_wide(out, pattern);
		fputc('"', out);
	}
}

/* One side of a record: "(pid == 7 && comm == "db")" with the fields' names. */
static void put_side(FILE *out, const struct rule *rule, const char *pid, const char *comm)
{
	fputs("(", out);
	if (rule->pid >= 0)
		fprintf(out, "%s == %d", pid, rule->pid);
	if (rule->pid >= 0 && *rule->comm)
		fputs(" && ", out);
	if (*rule->comm)
		put_comm(out, comm, rule->comm, rule->measure == RULE_FAULTS);
	fputs(")", out);
}

/* The kernel's filter for all rules about the event; "" for every record. NULL without memory. */
static char *make_filter(const struct rules *rules, int event)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool all = false, any = false;

	for (size_t i = 0; out && i < rules->n; i++) {
		const struct rule *rule = &rules->list[i];

		if (!rule_needs(rule, event))
			continue;
		all |= rule->pid < 0 && !*rule->comm;
		if (any)
			fputs(" || ", out);
		any = true;
		if (event == SWITCH) {
			put_side(out, rule, "prev_pid", "prev_comm");
			fputs(" || ", out);
			put_side(out, rule, "next_pid", "next_comm");
		} else if (event == WAKING || event == CHARGED) {
			put_side(out, rule, "pid", "comm");
		} else {
			put_side(out, rule, "common_pid", "COMM");
		}
	}
	if (!out || fclose(out) != 0)
		return NULL;
	if (all)
		*text = '\0';
	return text;
}

static struct field find_field(const struct format_head *head, const struct format_wire_field *list,
			       const char *name)
{
	for (uint32_t i = 0; i < head->n_fields; i++)
		if (strcmp(list[i].name, name) == 0)
			return (struct field){ .offset = (uint16_t)list[i].offset,
					       .size = (uint16_t)list[i].size,
					       .is_signed = list[i].is_signed,
					       .is_data_loc = list[i].is_data_loc,
					       .is_rel_loc = list[i].is_rel_loc };
	return (struct field){ 0 };
}

/* The states in sched_switch's print fmt, all of them sleeping ones. */
static uint64_t sleeping_states(const struct format_head *head)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < head->states.n; i++)
		mask |= head->states.flags[i].bit;
	return mask;
}

static void take_format(struct watch *w, int i, const struct format_head *head,
			const struct format_wire_field *list)
{
	const char *pid = i == SWITCH ? "prev_pid" : i <= CHARGED ? "pid" : "common_pid";
	struct watch_event *e = &w->events[i];

	e->id = head->id;
	e->min_size = head->min_size;
	e->pid = find_field(head, list, pid);
	e->comm = find_field(head, list, i == SWITCH ? "prev_comm" : "comm");
	e->runtime = find_field(head, list, "runtime");
	e->next_pid = find_field(head, list, "next_pid");
	e->next_comm = find_field(head, list, "next_comm");
	e->state = find_field(head, list, "prev_state");
	if (i == SWITCH)
		w->sleeping = sleeping_states(head);
}

static int find_event(struct watch *w, int i, struct schedtrace_error *err)
{
	const struct watch_event *e = &w->events[i];
	auto_free struct format_wire_field *list = calloc(FORMAT_FIELDS_MAX, sizeof(*list));
	auto_free char *file = NULL, *text = NULL;
	struct format_head head = { .id = -1 };

	if (!list || asprintf(&file, "events/%s/%s/format", names[i].system, names[i].name) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	text = instance_read(&w->instance, file);
	if (text)
		format_parse_text(names[i].system, text, strlen(text), &head, list);
	if (head.id < 0)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "this kernel has no event %s:%s, which the rule needs",
				 names[i].system, names[i].name);
	take_format(w, i, &head, list);
	if (!e->pid.size || (i <= SWITCH && !e->comm.size) || (i == CHARGED && !e->runtime.size) ||
	    (i == SWITCH &&
	     (!e->next_pid.size || !e->next_comm.size || !e->state.size || !w->sleeping)))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "the format of event %s:%s is not understood", names[i].system,
				 names[i].name);
	return 0;
}

static bool has_event(const struct watch *w, int i)
{
	return tracefs_event_file_exists(w->instance.handle, names[i].system, names[i].name,
					 "format");
}

static int enable_events(struct watch *w, struct schedtrace_error *err)
{
	for (int i = 0; i < N_EVENTS; i++) {
		auto_free char *filter = NULL;
		int r;

		for (size_t k = 0; k < w->rules->n; k++)
			w->events[i].used |= rule_needs(&w->rules->list[k], i);
		if (i == CHARGED && !has_event(w, i))
			w->events[i].used = false; /* it only helps */
		if (!w->events[i].used)
			continue;
		r = find_event(w, i, err);
		if (r < 0)
			return r;
		filter = make_filter(w->rules, i);
		if (!filter)
			return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
		if (*filter && tracefs_event_file_write(w->instance.handle, names[i].system,
							names[i].name, "filter", filter) < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "filter '%s' of %s", filter,
					   names[i].name);
		if (tracefs_event_enable(w->instance.handle, names[i].system, names[i].name) != 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "enabling %s",
					   names[i].name);
	}
	return 0;
}

static int open_pipes(struct watch *w, struct schedtrace_error *err)
{
	const struct instance *in = &w->instance;
	struct itimerspec every = { .it_interval = { .tv_nsec = LOOK_NS },
				    .it_value = { .tv_nsec = LOOK_NS } };

	w->fds = malloc((size_t)in->n_cpus * sizeof(*w->fds));
	w->page = malloc(in->page_size);
	if (!w->fds || !w->page)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (int cpu = 0; cpu < in->n_cpus; cpu++)
		w->fds[cpu] = -1;
	for (int cpu = 0; cpu < in->n_cpus; cpu++) {
		if (!in->has_cpu[cpu])
			continue;
		w->fds[cpu] = instance_open_pages(in, cpu, err);
		if (w->fds[cpu] < 0)
			return w->fds[cpu];
	}
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->timer_fd < 0 || timerfd_settime(w->timer_fd, 0, &every, NULL) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
	return 0;
}

int watch_open(struct watch **out, struct rules *rules, const char *root,
	       struct schedtrace_error *err)
{
	struct watch *w;
	int r;

	*out = NULL;
	if (!rules_have(rules, RULE_LATENCY) && !rules_have(rules, RULE_RUN) &&
	    !rules_have(rules, RULE_FAULTS))
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	w->rules = rules;
	w->timer_fd = -1;
	r = instance_create(&w->instance, root, INSTANCE_RULES, err);
	if (r == 0)
		r = instance_set_clock(&w->instance, "mono", err);
	if (r == 0)
		r = instance_set_buffer(&w->instance, BUFFER_KB, 1, err);
	if (r == 0)
		r = instance_open_controls(&w->instance, err);
	if (r == 0)
		r = enable_events(w, err);
	if (r == 0)
		r = open_pipes(w, err);
	if (r == 0 && instance_trace(&w->instance, true) < 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "switching tracing on");
	if (r < 0)
		watch_close(w, NULL);
	else
		*out = w;
	return r;
}

int watch_close(struct watch *w, struct schedtrace_error *err)
{
	int r;

	if (!w)
		return 0;
	for (int cpu = 0; w->fds && cpu < w->instance.n_cpus; cpu++)
		mem_close_p(&w->fds[cpu]);
	mem_close_p(&w->timer_fd);
	r = instance_destroy(&w->instance, err);
	free(w->fds);
	free(w->page);
	free(w->list);
	free(w);
	return r;
}

int watch_fd(const struct watch *w)
{
	return w ? w->timer_fd : -1;
}

/* ---- while it runs -------------------------------------------------------------------- */

static void name_at(char out[16], const struct field *f, const struct record *r)
{
	union name name = field_name(f, r);

	name.bytes[15] = '\0';
	memcpy(out, name.bytes, sizeof(name.bytes));
}

static void keep(struct watch *w, const struct page_cursor *c)
{
	const struct record r = { .data = c->data, .size = c->size };
	const struct watch_event *e;
	struct seen *s;
	uint16_t id;
	int i = 0;

	if (c->size < sizeof(id))
		return;
	memcpy(&id, c->data, sizeof(id)); /* common_type is the first field of every event */
	while (i < N_EVENTS && !(w->events[i].used && w->events[i].id == id))
		i++;
	if (i == N_EVENTS || c->size < w->events[i].min_size)
		return;
	if (!array_room(w->list, w->n, w->room)) {
		w->lost = true;
		return;
	}
	e = &w->events[i];
	s = &w->list[w->n++];
	*s = (struct seen){ .ts = (int64_t)c->ts, .event = i };
	s->pid = field_i32(&e->pid, &r);
	if (i <= SWITCH)
		name_at(s->comm, &e->comm, &r);
	if (i == CHARGED)
		s->runtime = field_int(&e->runtime, &r);
	if (i == SWITCH) {
		s->runnable = !((uint64_t)field_int(&e->state, &r) & w->sleeping);
		s->next_pid = field_i32(&e->next_pid, &r);
		name_at(s->next_comm, &e->next_comm, &r);
	}
}

/* All that the CPU's buffer holds at this moment. */
static void read_cpu(struct watch *w, int fd)
{
	const struct page_layout layout = page_layout_here(w->instance.page_size);
	struct page_cursor c;

	while (read(fd, w->page, w->instance.page_size) > 0) {
		if (page_lost(w->page, &layout))
			w->lost = true;
		page_cursor_begin(&c, w->page, &layout);
		while (page_cursor_record(&c))
			keep(w, &c);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->ts > y->ts) - (x->ts < y->ts);
}

/* Is the task asleep, or gone? Asked where records of switches may be missing. */
static bool sleeps(int32_t pid)
{
	auto_fclose FILE *f = NULL;
	char path[64], line[512];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	end = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	return !end || end[1] != ' ' || end[2] != 'R';
}

static void judge(struct rules *rules, const struct seen *s)
{
	switch (s->event) {
	case WAKING:
		rules_waking(rules, s->ts, s->pid, s->comm);
		break;
	case SWITCH:
		rules_switch_out(rules, s->ts, s->pid, s->runnable);
		rules_switch_in(rules, s->ts, s->next_pid, s->next_comm);
		break;
	case CHARGED:
		rules_charged(rules, s->ts, s->pid, s->runtime);
		break;
	default:
		rules_fault(rules, s->ts, s->pid, NULL);
	}
}

void watch_run(struct watch *w)
{
	uint64_t ticks;
	int64_t until = now_ns(); /* what is older has been read when all CPUs have been */
	size_t i;

	if (read(w->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	for (int cpu = 0; cpu < w->instance.n_cpus; cpu++)
		if (w->fds[cpu] >= 0)
			read_cpu(w, w->fds[cpu]);
	if (w->lost) { /* nothing may be concluded across a gap */
		rules_forget(w->rules);
		w->n = 0;
		w->lost = false;
		return;
	}
	if (w->n)
		qsort(w->list, w->n, sizeof(*w->list), by_time);
	for (i = 0; i < w->n && w->list[i].ts <= until; i++)
		judge(w->rules, &w->list[i]);
	w->n -= i;
	if (i && w->n)
		memmove(w->list, w->list + i, w->n * sizeof(*w->list));
	rules_tick(w->rules, until, sleeps);
}
