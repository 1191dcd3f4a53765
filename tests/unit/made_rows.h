/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of a made-up kernel, and the rows that the converter makes of them, as text. */
#ifndef TESTS_UNIT_MADE_ROWS_H
#define TESTS_UNIT_MADE_ROWS_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "convert/row_maker.h"
#include "tracedat/markers.h"

/* NAME:SIZE, s for a char array, d for a data_loc string, u for an unsigned number. */
static const struct {
	const char *system, *name, *fields;
} layouts[] = {
	{ "sched", "sched_switch",
	  "prev_comm:16s prev_pid:4 prev_prio:4 prev_state:8 next_comm:16s next_pid:4 "
	  "next_prio:4" },
	{ "sched", "sched_waking", "comm:16s pid:4 prio:4 target_cpu:4" },
	{ "sched", "sched_wakeup", "comm:16s pid:4 prio:4 target_cpu:4" },
	{ "sched", "sched_wakeup_new", "comm:16s pid:4 prio:4 target_cpu:4" },
	{ "sched", "sched_migrate_task", "comm:4d pid:4 prio:4 orig_cpu:4 dest_cpu:4" },
	{ "sched", "sched_process_fork",
	  "parent_comm:16s parent_pid:4 child_comm:16s child_pid:4" },
	{ "sched", "sched_process_exec", "filename:4d pid:4 old_pid:4" },
	{ "sched", "sched_process_exit", "comm:16s pid:4 prio:4 group_dead:1u" },
	{ "sched", "sched_stat_runtime", "comm:16s pid:4 runtime:8u" },
	{ "task", "task_newtask", "pid:4 comm:16s clone_flags:8u oom_score_adj:2" },
	{ "task", "task_rename", "pid:4 oldcomm:16s newcomm:16s oom_score_adj:2" },
	{ "power", "cpu_idle", "state:4u cpu_id:4u" },
	{ "power", "cpu_frequency", "state:4u cpu_id:4u" },
	{ "irq", "irq_handler_entry", "irq:4" },
	{ "irq", "irq_handler_exit", "irq:4 ret:4" },
	{ "irq", "softirq_entry", "vec:4u" },
	{ "irq", "softirq_exit", "vec:4u" },
	{ "syscalls", "sys_enter_futex", "uaddr:8u op:8u" },
	{ "syscalls", "sys_exit_futex", "ret:8" },
	{ "syscalls", "sys_enter_mmap", "addr:8u len:8u" },
	{ "syscalls", "sys_exit_mmap", "ret:8" },
	{ "syscalls", "sys_enter_munmap", "addr:8u len:8u" },
	{ "syscalls", "sys_exit_munmap", "ret:8" },
	{ "syscalls", "sys_enter_mremap", "addr:8u old_len:8u new_len:8u" },
	{ "syscalls", "sys_exit_mremap", "ret:8" },
	{ "syscalls", "sys_enter_brk", "brk:8u" },
	{ "syscalls", "sys_exit_brk", "ret:8" },
	{ "mmap", "vm_unmapped_area", "addr:8u length:8u high_limit:8u" },
	{ "mmap", "exit_mmap", "mm:8u" },
	{ "kmem", "rss_stat", "mm_id:4u curr:4u member:4 size:8" },
	{ "exceptions", "page_fault_user", "address:8u ip:8u error_code:8u" },
	{ "exceptions", "page_fault_kernel", "address:8u ip:8u error_code:8u" },
	{ "filemap", "mm_filemap_fault", "i_ino:8u s_dev:4u index:8u" },
	{ "filemap", "mm_filemap_add_to_page_cache", "pfn:8u i_ino:8u index:8u s_dev:4u order:1u" },
	{ "kmem", "mm_page_alloc", "pfn:8u order:4u" },
	{ "kmem", "mm_page_free", "pfn:8u order:4u" },
	{ "ftrace", "kernel_stack", "size:4" },
	{ "ftrace", "raw_data", "id:4u" },
	{ "timer", "timer_start", "timer:8u" },
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(*layouts))

/* prev_state as kernels since 4.14 print it. */
static const struct format_states states = {
	.flags = { { 1, 'S' },
		   { 2, 'D' },
		   { 4, 'T' },
		   { 8, 't' },
		   { 16, 'X' },
		   { 32, 'Z' },
		   { 64, 'P' },
		   { 128, 'I' } },
	.n = 8,
	.preempted = 256,
	.mask = 255,
};

/* As 4.4 printed it. */
static const struct format_states old_states = {
	.flags = { { 1, 'S' },
		   { 2, 'D' },
		   { 4, 'T' },
		   { 8, 't' },
		   { 16, 'Z' },
		   { 32, 'X' },
		   { 64, 'x' },
		   { 128, 'K' },
		   { 256, 'W' },
		   { 512, 'P' },
		   { 1024, 'N' } },
	.n = 11,
	.preempted = 2048,
	.mask = 2047,
};

struct trace {
	struct format formats[N_LAYOUTS];
	struct format_field fields[N_LAYOUTS][12];
	char names[N_LAYOUTS][256];
	struct schedtrace_context *ctx;
	struct row_maker *maker;
	struct rows rows;
	char text[16384];
	char notes[1024];
};

static inline void parse_layout(struct trace *t, size_t i)
{
	struct format *f = &t->formats[i];
	struct format_field *fields = t->fields[i];
	uint32_t offset = 8;
	char *save = NULL;
	size_t n = 0;

	fields[n++] = (struct format_field){ .name = "common_type", .offset = 0, .size = 2 };
	fields[n++] = (struct format_field){ .name = "common_flags", .offset = 2, .size = 1 };
	fields[n++] = (struct format_field){
		.name = "common_pid", .offset = 4, .size = 4, .is_signed = true
	};
	snprintf(t->names[i], sizeof(t->names[i]), "%s", layouts[i].fields);
	for (char *w = strtok_r(t->names[i], " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *colon = strchr(w, ':'), *kind;

		*colon = '\0';
		fields[n] = (struct format_field){ .name = w, .offset = offset };
		fields[n].size = (uint32_t)strtoul(colon + 1, &kind, 10);
		fields[n].is_string = *kind == 's' || *kind == 'd';
		fields[n].is_data_loc = *kind == 'd';
		fields[n].is_signed = *kind == '\0';
		offset += fields[n++].size;
	}
	*f = (struct format){ .id = (uint16_t)(100 + i),
			      .system = layouts[i].system,
			      .name = layouts[i].name,
			      .fields = fields,
			      .n_fields = n };
	if (strcmp(f->name, "sched_switch") == 0)
		f->states = states;
}

static inline void take_note(void *user, const char *text)
{
	struct trace *t = user;
	size_t n = strlen(t->notes);

	snprintf(t->notes + n, sizeof(t->notes) - n, "%s\n", text);
}

static inline void make(struct trace *t)
{
	const struct stream_options options = { .notes = { take_note, t } };
	struct schedtrace_error err;

	assert_int_equal(schedtrace_context_new(&t->ctx, &err), 0);
	assert_int_equal(row_maker_new(&t->maker, t->formats, N_LAYOUTS, t->ctx, &options, &err),
			 0);
}

/* Of formats that were changed. */
static inline void make_again(struct trace *t)
{
	row_maker_free(t->maker);
	schedtrace_context_free(t->ctx);
	make(t);
}

static inline int setup(void **state)
{
	struct trace *t = calloc(1, sizeof(*t));

	for (size_t i = 0; i < N_LAYOUTS; i++)
		parse_layout(t, i);
	make(t);
	*state = t;
	return 0;
}

static inline int teardown(void **state)
{
	struct trace *t = *state;

	row_maker_free(t->maker);
	schedtrace_context_free(t->ctx);
	free(t);
	return 0;
}

static inline struct format *format_of(struct trace *t, const char *name)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (strcmp(layouts[i].name, name) == 0)
			return &t->formats[i];
	fail_msg("no layout %s", name);
	return NULL;
}

static inline void give(struct trace *t, const struct record *r)
{
	struct schedtrace_error err;
	int status = row_maker_record(t->maker, r, &t->rows, &err);

	if (status < 0)
		fail_msg("%s", err.text);
}

/* A record with values such as "bash 10 120", until the next. flags is common_flags. */
static inline struct record make_record(struct trace *t, int64_t timestamp, int cpu, int pid,
					int flags, const char *name, const char *values)
{
	const struct format *f = format_of(t, name);
	static uint8_t data[256];
	uint32_t size = 8;
	char copy[256], *save = NULL, *w;

	memset(data, 0, sizeof(data));
	for (size_t i = 0; i < f->n_fields; i++)
		if (f->fields[i].offset + f->fields[i].size > size)
			size = f->fields[i].offset + f->fields[i].size;
	memcpy(data, &f->id, 2);
	data[2] = (uint8_t)flags;
	memcpy(data + 4, &pid, 4);
	snprintf(copy, sizeof(copy), "%s", values);
	w = strtok_r(copy, " ", &save);
	for (size_t i = 3; i < f->n_fields; i++, w = strtok_r(NULL, " ", &save)) {
		const struct format_field *field = &f->fields[i];
		uint64_t number;

		assert_non_null(w);
		if (field->is_data_loc) {
			uint32_t n = (uint32_t)strlen(w) + 1, loc = n << 16 | size;

			memcpy(data + field->offset, &loc, 4);
			memcpy(data + size, w, n);
			size += n;
		} else if (field->is_string) {
			memcpy(data + field->offset, w, strnlen(w, field->size));
		} else {
			number = *w == '-' ? (uint64_t)strtoll(w, NULL, 0) : strtoull(w, NULL, 0);
			memcpy(data + field->offset, &number, field->size);
		}
	}
	return (struct record){ .timestamp = timestamp,
				.data = data,
				.size = size,
				.kind = RECORD_EVENT,
				.format = (uint16_t)(f - t->formats),
				.cpu = cpu,
				.pid = pid };
}

static inline void record_flags(struct trace *t, int64_t timestamp, int cpu, int pid, int flags,
				const char *name, const char *values)
{
	const struct record r = make_record(t, timestamp, cpu, pid, flags, name, values);

	give(t, &r);
}

static inline void record(struct trace *t, int64_t timestamp, int cpu, int pid, const char *name,
			  const char *values)
{
	record_flags(t, timestamp, cpu, pid, 0, name, values);
}

static inline void lost(struct trace *t, int64_t timestamp, int cpu, int64_t n, int64_t since)
{
	give(t, &(struct record){ .timestamp = timestamp,
				  .kind = RECORD_LOST,
				  .cpu = cpu,
				  .lost = n,
				  .lost_since = since });
}

/* Rows since the last call, as text. */
static inline const char *rows(struct trace *t)
{
	size_t n = 0;

	t->text[0] = '\0';
	for (size_t i = 0; i < t->rows.n; i++) {
		const char *comm = schedtrace_context_comm(t->ctx, t->rows.comm[i]);

		n += (size_t)snprintf(t->text + n, sizeof(t->text) - n,
				      "%" PRId64 " %d %d %s %" PRId64 " %" PRId64 " %s\n",
				      t->rows.timestamp[i], t->rows.cpu[i], t->rows.pid[i],
				      schedtrace_context_event_name(t->ctx, t->rows.event[i]),
				      t->rows.arg0[i], t->rows.arg1[i], comm ? comm : "-");
	}
	t->rows.n = 0;
	return t->text;
}

static inline void forget(struct trace *t)
{
	t->rows.n = 0;
}

/* The CPU runs idle with an empty queue, which is certain. */
static inline void idle(struct trace *t, int cpu)
{
	record(t, 0, cpu, 10 + cpu, "sched_wakeup", cpu ? "z 11 120 1" : "y 10 120 0");
	record(t, 0, cpu, 10 + cpu, "sched_switch",
	       cpu ? "z 11 120 1 swapper/1 0 120" : "y 10 120 1 swapper/0 0 120");
	forget(t);
}

/* Another kernel's format of an event: a field has another name. */
static inline void rename_field(struct trace *t, const char *event, const char *from,
				const char *to)
{
	size_t i = (size_t)(format_of(t, event) - t->formats);

	for (size_t k = 0; k < t->formats[i].n_fields; k++)
		if (strcmp(t->fields[i][k].name, from) == 0)
			t->fields[i][k].name = to;
	make_again(t);
}

/* A marker with @n bytes of @payload, of which @bytes are said to follow the header. */
static inline void marker(struct trace *t, int64_t timestamp, enum marker_kind kind,
			  const void *payload, size_t n, size_t bytes)
{
	const struct format *f = format_of(t, "raw_data");
	struct marker_header h = {
		.id = MARKER_ID, .kind = (uint16_t)kind, .bytes = (uint16_t)bytes, .parts = 1
	};
	uint8_t data[8 + sizeof(h) + 40 * sizeof(struct marker_sample)] = { 0 };

	memcpy(data, &f->id, 2);
	memcpy(data + 8, &h, sizeof(h));
	memcpy(data + 8 + sizeof(h), payload, n);
	give(t, &(struct record){ .timestamp = timestamp,
				  .data = data,
				  .size = (uint32_t)(8 + sizeof(h) + n),
				  .kind = RECORD_EVENT,
				  .format = (uint16_t)(f - t->formats),
				  .cpu = 1,
				  .pid = 5 });
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
