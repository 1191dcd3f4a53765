/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records small enough for a pencil, and the rows that they must give. A record is written as its
 * values in the order of its format, the rows as "time cpu pid EVENT arg0 arg1 name".
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "convert/event_map.h"
#include "record/markers.h"

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

static void parse_layout(struct trace *t, size_t i)
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

static void take_note(void *user, const char *text)
{
	struct trace *t = user;
	size_t n = strlen(t->notes);

	snprintf(t->notes + n, sizeof(t->notes) - n, "%s\n", text);
}

static void make(struct trace *t)
{
	const struct source_options options = { .note = take_note, .user = t };
	struct schedtrace_error err;

	assert_int_equal(schedtrace_context_new(&t->ctx, &err), 0);
	assert_int_equal(row_maker_new(&t->maker, t->formats, N_LAYOUTS, t->ctx, &options, &err),
			 0);
}

static int setup(void **state)
{
	struct trace *t = calloc(1, sizeof(*t));

	for (size_t i = 0; i < N_LAYOUTS; i++)
		parse_layout(t, i);
	make(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct trace *t = *state;

	row_maker_free(t->maker);
	schedtrace_context_free(t->ctx);
	free(t);
	return 0;
}

static struct format *format_of(struct trace *t, const char *name)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (strcmp(layouts[i].name, name) == 0)
			return &t->formats[i];
	fail_msg("no layout %s", name);
	return NULL;
}

static void give(struct trace *t, const struct record *r)
{
	struct schedtrace_error err;
	int status = row_maker_record(t->maker, r, &t->rows, &err);

	if (status < 0)
		fail_msg("%s", err.text);
}

/* A record with values such as "bash 10 120". flags is common_flags. */
static void record_flags(struct trace *t, int64_t timestamp, int cpu, int pid, int flags,
			 const char *name, const char *values)
{
	const struct format *f = format_of(t, name);
	uint8_t data[256] = { 0 };
	uint32_t size = 8;
	char copy[256], *save = NULL, *w;

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
	give(t, &(struct record){ .timestamp = timestamp,
				  .data = data,
				  .size = size,
				  .kind = RECORD_EVENT,
				  .format = (uint16_t)(f - t->formats),
				  .cpu = cpu,
				  .pid = pid });
}

static void record(struct trace *t, int64_t timestamp, int cpu, int pid, const char *name,
		   const char *values)
{
	record_flags(t, timestamp, cpu, pid, 0, name, values);
}

static void lost(struct trace *t, int64_t timestamp, int cpu, int64_t n, int64_t since)
{
	give(t, &(struct record){ .timestamp = timestamp,
				  .kind = RECORD_LOST,
				  .cpu = cpu,
				  .lost = n,
				  .lost_since = since });
}

/* Rows since the last call, as text. */
static const char *rows(struct trace *t)
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

static void forget(struct trace *t)
{
	t->rows.n = 0;
}

static void a_switch_to_idle_gives_block_then_the_empty_queue_then_the_switch(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 10, "sched_wakeup", "a 10 120 0");
	forget(t);
	record(t, 100, 0, 10, "sched_switch", "a 10 120 1 swapper/0 0 120");
	assert_string_equal(rows(t), "100 0 10 BLOCK 0 0 a\n"
				     "100 0 10 RQ_SIZE 0 0 a\n"
				     "100 0 10 CTX_SWITCH 0 0 a\n");
}

static void an_uninterruptible_sleep_is_also_block_io(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_switch", "a 10 120 2 b 20 120");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 10 PRIO 120 0 a\n"
				     "100 0 20 PRIO 120 0 b\n"
				     "100 0 10 BLOCK 0 0 a\n"
				     "100 0 10 BLOCK_IO 0 0 a\n"
				     "100 0 10 CTX_SWITCH 20 0 a\n");
}

/* The rows of a switch of task 10 with this state, without those of other kinds. */
static const char *rows_of_state(struct trace *t, const char *prev_state)
{
	char values[128];

	snprintf(values, sizeof(values), "a 10 120 %s b 20 120", prev_state);
	record(t, 0, 0, 10, "sched_switch", "a 10 120 0 b 20 120");
	record(t, 0, 0, 20, "sched_switch", "b 20 120 0 a 10 120");
	forget(t);
	record(t, 100, 0, 10, "sched_switch", values);
	return rows(t);
}

static void every_other_state_has_a_state_row_between_block_and_switch(void **state)
{
	static const struct {
		const char *value, *rows;
	} cases[] = {
		{ "0", "100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "256", "100 0 10 STATE 43 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "4",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 84 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "8",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 116 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "16",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 88 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "32",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 90 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "64",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 80 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "128",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 73 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(rows_of_state(*state, cases[i].value), cases[i].rows);
}

static void an_old_kernels_bits_mean_what_its_own_table_says(void **state)
{
	static const struct {
		const char *value, *rows;
	} cases[] = {
		{ "16",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 90 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "64",
		  "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 88 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
		/* D|K, killable: an uninterruptible sleep */
		{ "130", "100 0 10 BLOCK 0 0 a\n100 0 10 BLOCK_IO 0 0 a\n"
			 "100 0 10 CTX_SWITCH 20 0 a\n" },
		/* D|N, no load: idle */
		{ "1026", "100 0 10 BLOCK 0 0 a\n100 0 10 STATE 73 0 a\n"
			  "100 0 10 CTX_SWITCH 20 0 a\n" },
		{ "2048", "100 0 10 STATE 43 0 a\n100 0 10 CTX_SWITCH 20 0 a\n" },
	};
	struct trace *t = *state;

	format_of(t, "sched_switch")->states = old_states;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(rows_of_state(t, cases[i].value), cases[i].rows);
}

static void evidence_of_another_task_comes_before_its_own_rows(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_switch", "a 10 120 1 b 20 120");
	forget(t);
	record(t, 200, 0, 30, "timer_start", "1");
	record(t, 210, 0, 30, "timer_start", "2");
	record(t, 300, 1, 20, "timer_start", "3");
	assert_string_equal(rows(t), "200 0 30 RUNS 20 0 -\n"
				     "300 1 20 RUNS -1 0 b\n");
}

static void a_stack_record_is_no_evidence(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_switch", "a 10 120 1 b 20 120");
	forget(t);
	record(t, 101, 0, 10, "kernel_stack", "0");
	assert_string_equal(rows(t), "");
}

static void a_wakeup_stands_on_the_target_cpu_and_waking_on_the_wakers(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_waking", "b 20 110 1");
	record(t, 105, 0, 10, "sched_wakeup", "b 20 110 1");
	record(t, 110, 0, 10, "sched_wakeup_new", "c 30 110 1");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 20 PRIO 110 0 b\n"
				     "100 0 20 WAKING 10 1 b\n"
				     "105 1 20 WAKEUP 0 0 b\n"
				     "110 0 30 PRIO 110 0 c\n"
				     "110 1 30 WAKEUP_NEW 0 0 c\n");
}

static void a_priority_is_written_when_it_changes_and_never_for_idle(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_switch", "a 10 120 1 swapper/0 0 120");
	record(t, 110, 0, 0, "sched_switch", "swapper/0 0 120 0 a 10 120");
	forget(t);
	record(t, 120, 0, 10, "sched_switch", "a 10 49 1 swapper/0 0 120");
	assert_string_equal(rows(t), "120 0 10 PRIO 49 0 a\n"
				     "120 0 10 BLOCK 0 0 a\n"
				     "120 0 10 CTX_SWITCH 0 0 a\n");
}

/* The CPU runs idle with an empty queue, which is certain. */
static void idle(struct trace *t, int cpu)
{
	record(t, 0, cpu, 10 + cpu, "sched_wakeup", cpu ? "z 11 120 1" : "y 10 120 0");
	record(t, 0, cpu, 10 + cpu, "sched_switch",
	       cpu ? "z 11 120 1 swapper/1 0 120" : "y 10 120 1 swapper/0 0 120");
	forget(t);
}

static void the_run_queue_follows_wakeups_switches_and_blocks(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 10, 0, 0, "sched_wakeup", "a 20 120 0");
	record(t, 11, 0, 0, "sched_wakeup", "b 30 120 0");
	record(t, 20, 0, 0, "sched_switch", "swapper/0 0 120 0 a 20 120");
	record(t, 21, 0, 20, "sched_wakeup", "b 30 120 0");
	record(t, 30, 0, 20, "sched_switch", "a 20 120 0 b 30 120");
	record(t, 40, 0, 30, "sched_switch", "b 30 120 1 a 20 120");
	record(t, 50, 0, 20, "sched_switch", "a 20 120 1 swapper/0 0 120");
	assert_string_equal(rows(t), "10 0 20 PRIO 120 0 a\n"
				     "10 0 20 WAKEUP 0 0 a\n"
				     "10 0 0 RQ_SIZE 1 1 swapper/0\n"
				     "11 0 30 PRIO 120 0 b\n"
				     "11 0 30 WAKEUP 0 0 b\n"
				     "11 0 0 RQ_SIZE 2 1 swapper/0\n"
				     "20 0 0 CTX_SWITCH 20 0 swapper/0\n"
				     /* woken while it is still queued: no change */
				     "21 0 30 WAKEUP 0 0 b\n"
				     "30 0 20 CTX_SWITCH 30 0 a\n"
				     "40 0 30 BLOCK 0 0 b\n"
				     "40 0 30 RQ_SIZE 1 -1 b\n"
				     "40 0 30 CTX_SWITCH 20 0 b\n"
				     "50 0 20 BLOCK 0 0 a\n"
				     "50 0 20 RQ_SIZE 0 -1 a\n"
				     "50 0 20 CTX_SWITCH 0 0 a\n");
}

static void migration_moves_a_queued_task_and_not_a_sleeping_one(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	idle(t, 1);
	record(t, 10, 0, 0, "sched_wakeup", "a 20 120 0");
	forget(t);
	record(t, 20, 1, 0, "sched_migrate_task", "a 20 120 0 1");
	record(t, 30, 1, 0, "sched_migrate_task", "s 40 120 0 1");
	assert_string_equal(rows(t), "20 1 20 MIGRATE 0 1 a\n"
				     "20 0 0 RQ_SIZE 0 -1 swapper/0\n"
				     "20 1 0 RQ_SIZE 1 1 swapper/1\n"
				     "30 1 40 PRIO 120 0 s\n"
				     "30 1 40 MIGRATE 0 1 s\n");
}

static void a_missing_switch_from_idle_leaves_the_queue_certain(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 10, 0, 0, "sched_wakeup", "a 20 120 0");
	forget(t);
	record(t, 20, 0, 20, "sched_switch", "a 20 120 1 swapper/0 0 120");
	assert_string_equal(rows(t), "20 0 20 RUNS 0 0 a\n"
				     "20 0 20 BLOCK 0 0 a\n"
				     "20 0 20 RQ_SIZE 0 -1 a\n"
				     "20 0 20 CTX_SWITCH 0 0 a\n");
}

static void a_missing_switch_from_a_task_makes_the_queue_unknown_until_idle(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 10, 0, 0, "sched_switch", "swapper/0 0 120 0 a 20 120");
	forget(t);
	record(t, 20, 0, 30, "sched_wakeup", "c 40 120 0");
	record(t, 30, 0, 30, "sched_switch", "b 30 120 1 c 40 120");
	record(t, 40, 0, 40, "sched_switch", "c 40 120 1 swapper/0 0 120");
	record(t, 50, 0, 0, "sched_wakeup", "c 40 120 0");
	assert_string_equal(rows(t), "20 0 30 RUNS 20 0 -\n"
				     "20 0 40 PRIO 120 0 c\n"
				     "20 0 40 WAKEUP 0 0 c\n"
				     "30 0 30 PRIO 120 0 b\n"
				     "30 0 30 BLOCK 0 0 b\n"
				     "30 0 30 CTX_SWITCH 40 0 b\n"
				     "40 0 40 BLOCK 0 0 c\n"
				     "40 0 40 RQ_SIZE 0 0 c\n"
				     "40 0 40 CTX_SWITCH 0 0 c\n"
				     "50 0 40 WAKEUP 0 0 c\n"
				     "50 0 0 RQ_SIZE 1 1 swapper/0\n");
}

static void lost_records_make_every_queue_unknown(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	idle(t, 1);
	lost(t, 100, 1, 7, 60);
	lost(t, 110, 1, -1, INT64_MIN);
	record(t, 120, 0, 0, "sched_wakeup", "a 20 120 0");
	assert_string_equal(rows(t), "100 1 0 LOST 7 60 -\n"
				     "110 1 0 LOST -1 -9223372036854775808 -\n"
				     "120 0 20 PRIO 120 0 a\n"
				     "120 0 20 WAKEUP 0 0 a\n");
}

static void in_a_gap_no_queue_is_known_and_after_it_nobody_is_believed_to_run(void **state)
{
	struct trace *t = *state;

	record(t, 5, 1, 30, "timer_start", "0");
	idle(t, 0);
	forget(t);
	give(t, &(struct record){ .timestamp = 60, .kind = RECORD_GAP, .cpu = 1 });
	record(t, 70, 0, 0, "sched_switch", "swapper/0 0 120 0 a 20 120");
	record(t, 80, 0, 20, "sched_switch", "a 20 120 1 swapper/0 0 120");
	lost(t, 100, 1, 7, 60);
	record(t, 101, 1, 30, "timer_start", "0");
	assert_string_equal(rows(t), "60 1 0 GAP 0 0 -\n"
				     "70 0 20 PRIO 120 0 a\n"
				     "70 0 0 CTX_SWITCH 20 0 swapper/0\n"
				     "80 0 20 BLOCK 0 0 a\n"
				     "80 0 20 CTX_SWITCH 0 0 a\n"
				     "100 1 0 LOST 7 60 -\n"
				     "101 1 30 RUNS -1 0 -\n");
}

static void a_task_found_on_a_queue_is_counted_from_then_on(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 10, 0, 0, "sched_switch", "swapper/0 0 120 0 a 20 120");
	assert_string_equal(rows(t), "10 0 20 PRIO 120 0 a\n"
				     "10 0 0 RQ_SIZE 1 1 swapper/0\n"
				     "10 0 0 CTX_SWITCH 20 0 swapper/0\n");
}

static void without_wakeups_no_queue_is_ever_certain(void **state)
{
	struct trace *t = *state;

	record(t, 10, 0, 20, "sched_switch", "a 20 120 1 swapper/0 0 120");
	forget(t);
	record(t, 20, 0, 0, "sched_switch", "swapper/0 0 120 0 a 20 120");
	assert_string_equal(rows(t), "20 0 0 CTX_SWITCH 20 0 swapper/0\n");
}

static void at_start(struct trace *t, int pid, int cpu, char task_state)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;

	task.pid = task.tgid = pid;
	task.cpu = cpu;
	task.state = task_state;
	assert_int_equal(row_maker_task_at_start(t->maker, &task, &err), 0);
}

/*
 * Before the list is read, 20 runs on CPU 0, 30 is woken there, 50 sleeps again; 40 and 60 are
 * named by no record: they are where the list has them.
 */
static void the_list_of_tasks_makes_queues_certain_that_are_never_idle(void **state)
{
	struct trace *t = *state;

	at_start(t, 20, 0, 'R');
	at_start(t, 30, 1, 'S');
	at_start(t, 40, 0, 'R');
	at_start(t, 50, 1, 'R');
	at_start(t, 60, 1, 'S');
	record(t, 10, 0, 20, "sched_wakeup", "w 30 120 0");
	record(t, 11, 1, 50, "sched_switch", "v 50 120 1 swapper/1 0 120");
	row_maker_seed_queues(t->maker, 2);
	forget(t);
	record(t, 20, 0, 20, "sched_switch", "u 20 120 1 w 30 120");
	record(t, 30, 1, 0, "sched_wakeup", "x 60 120 1");
	assert_string_equal(rows(t), "20 0 20 PRIO 120 0 u\n"
				     "20 0 20 BLOCK 0 0 u\n"
				     "20 0 20 RQ_SIZE 2 -1 u\n"
				     "20 0 20 CTX_SWITCH 30 0 u\n"
				     "30 1 60 PRIO 120 0 x\n"
				     "30 1 60 WAKEUP 0 0 x\n"
				     "30 1 0 RQ_SIZE 1 1 swapper/1\n");
}

static void a_list_that_a_migration_overtook_makes_nothing_certain(void **state)
{
	struct trace *t = *state;

	at_start(t, 20, 0, 'R');
	at_start(t, 40, 0, 'R');
	record(t, 10, 0, 20, "sched_migrate_task", "m 40 120 0 1");
	row_maker_seed_queues(t->maker, 2);
	forget(t);
	record(t, 20, 0, 20, "sched_wakeup", "w 30 120 0");
	assert_string_equal(rows(t), "20 0 30 PRIO 120 0 w\n"
				     "20 0 30 WAKEUP 0 0 w\n");
}

static void exec_packs_the_name_as_schedlog_does_and_drops_the_memory(void **state)
{
	struct trace *t = *state;

	/* bytes 0..3 "fire" = 0x65726966, 4..7 "fox" = 0x00786f66 */
	record(t, 100, 0, 10, "sched_process_exec", "/usr/bin/firefox 10 10");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 10 EXEC 7892838 1701996902 firefox\n"
				     "100 0 10 RENAME 33899482784622950 0 firefox\n"
				     "100 0 10 EXIT_MM 0 0 firefox\n");
	/* 15 bytes at most, the high byte of a half may make it negative */
	record(t, 200, 0, 10, "sched_process_exec",
	       "abc\xff"
	       "efghijklmnopqr 10 10");
	assert_string_equal(rows(t), "200 0 10 EXEC 1751606885 -10263967 abc\xff"
				     "efghijklmno\n"
				     "200 0 10 RENAME 7523094290808136289 31365138664352361 "
				     "abc\xff"
				     "efghijklmno\n"
				     "200 0 10 EXIT_MM 0 0 abc\xff"
				     "efghijklmno\n");
}

static void a_rename_recorded_before_exec_is_not_repeated(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "task_rename", "10 sh ls 0");
	record(t, 110, 0, 10, "sched_process_exec", "/bin/ls 10 10");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 10 RENAME 29548 0 ls\n"
				     "110 0 10 EXEC 0 29548 ls\n"
				     "110 0 10 EXIT_MM 0 0 ls\n");
}

static void a_thread_belongs_to_its_makers_process(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "task_newtask", "20 sh 0x1200000 0");
	record(t, 101, 0, 10, "sched_process_fork", "sh 10 sh 20");
	record(t, 200, 0, 20, "task_newtask", "21 sh 0x3d0f00 0");
	record(t, 210, 0, 21, "task_newtask", "22 sh 0x3d0f00 0");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 20 NEWTASK 18874368 20 sh\n"
				     "101 0 20 FORK 10 0 sh\n"
				     "200 0 20 RUNS 10 0 sh\n"
				     "200 0 21 NEWTASK 4001536 20 sh\n"
				     "210 0 21 RUNS 20 0 sh\n"
				     "210 0 22 NEWTASK 4001536 20 sh\n");
}

static void a_thread_of_an_unknown_process_has_no_tgid(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "task_newtask", "20 sh 0x10000 0");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 20 NEWTASK 65536 -1 sh\n");
}

static void the_last_exit_of_a_process_drops_its_memory(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 110, 0, 20, "task_newtask", "21 q 0x10000 0");
	forget(t);
	record(t, 120, 0, 20, "sched_process_exit", "p 20 120 0");
	record(t, 130, 0, 21, "sched_process_exit", "q 21 120 1");
	assert_string_equal(rows(t), "120 0 20 PRIO 120 0 p\n"
				     "120 0 20 EXIT 0 0 p\n"
				     "130 0 21 RUNS 20 0 q\n"
				     "130 0 21 PRIO 120 0 q\n"
				     "130 0 21 EXIT 0 0 q\n"
				     "130 0 20 EXIT_MM 0 0 p\n");
}

static void a_recycled_pid_begins_a_life_of_its_own(void **state)
{
	struct trace *t = *state;
	const struct schedtrace_task *tasks;
	struct schedtrace_error err;
	size_t n;

	record(t, 100, 0, 10, "task_newtask", "20 one 0 0");
	record(t, 101, 0, 10, "sched_process_fork", "sh 10 one 20");
	record(t, 102, 0, 10, "sched_wakeup_new", "one 20 120 0");
	record(t, 110, 0, 20, "task_rename", "20 one uno 0");
	record(t, 120, 0, 20, "sched_process_exit", "uno 20 120 1");
	record(t, 130, 0, 10, "sched_process_fork", "sh 10 two 20");
	record(t, 131, 0, 10, "sched_wakeup_new", "two 20 120 0");
	assert_int_equal(tasks_to_context(row_maker_tasks(t->maker), &err), 0);
	tasks = schedtrace_context_tasks(t->ctx, &n);
	assert_int_equal(n, 3);
	assert_int_equal(tasks[0].pid, 10);
	assert_int_equal(tasks[0].start_ns, INT64_MIN);
	assert_string_equal(schedtrace_context_comm(t->ctx, tasks[0].comm), "sh");
	assert_int_equal(tasks[1].pid, 20);
	assert_int_equal(tasks[1].start_ns, 100);
	assert_int_equal(tasks[1].end_ns, 120);
	assert_int_equal(tasks[1].tgid, 20);
	assert_string_equal(schedtrace_context_comm(t->ctx, tasks[1].comm), "one");
	assert_int_equal(tasks[1].n_names, 1);
	assert_int_equal(tasks[1].names[0].time_ns, 110);
	assert_string_equal(schedtrace_context_comm(t->ctx, tasks[1].names[0].comm), "uno");
	assert_int_equal(tasks[2].start_ns, 130);
	assert_int_equal(tasks[2].end_ns, INT64_MIN);
	assert_int_equal(tasks[2].tgid, -1);
	assert_string_equal(schedtrace_context_comm(t->ctx, tasks[2].comm), "two");
}

static void names_keep_their_bytes_and_change_over_time(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_wakeup", "sixteen-bytes-ab 20 120 0");
	record(t, 110, 0, 10, "sched_wakeup", "\xff\x01\n 20 120 0");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "100 0 20 PRIO 120 0 sixteen-bytes-ab\n"
				     "100 0 20 WAKEUP 0 0 sixteen-bytes-ab\n"
				     "110 0 20 WAKEUP 0 0 \xff\x01\n\n");
}

static void names_from_the_list_hold_until_a_record_says_otherwise(void **state)
{
	static const char list[] = "10 x y\n20 <...>\n0 <idle>\nbad\n30 last";
	struct trace *t = *state;
	struct schedtrace_error err;

	assert_int_equal(
		tasks_add_cmdlines(row_maker_tasks(t->maker), list, sizeof(list) - 1, &err), 0);
	record(t, 100, 0, 10, "timer_start", "0");
	record(t, 110, 1, 20, "timer_start", "0");
	record(t, 120, 2, 30, "timer_start", "0");
	record(t, 130, 0, 10, "sched_stat_runtime", "z 10 5");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 x y\n"
				     "110 1 20 RUNS -1 0 -\n"
				     "120 2 30 RUNS -1 0 last\n"
				     "130 0 10 STAT_RUNTIME 5 0 z\n");
}

static void idle_tasks_are_named_by_cpu(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	idle(t, 1);
	record(t, 10, 0, 0, "cpu_idle", "1 0");
	record(t, 20, 1, 0, "cpu_idle", "4294967295 1");
	record(t, 30, 0, 0, "cpu_idle", "2 1");
	assert_string_equal(rows(t), "10 0 0 CPU_IDLE 1 0 swapper/0\n"
				     "20 1 0 CPU_IDLE -1 0 swapper/1\n"
				     "30 1 0 CPU_IDLE 2 0 swapper/1\n");
}

static void a_frequency_is_a_tick_of_its_cpu_with_the_current_task(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 5, 1, 30, "timer_start", "0");
	forget(t);
	record(t, 10, 0, 0, "cpu_frequency", "2400000 1");
	assert_string_equal(rows(t), "10 1 30 TICK 0 2400000 -\n");
}

static void interrupts_are_told_apart_by_65536(void **state)
{
	struct trace *t = *state;

	idle(t, 0);
	record(t, 10, 0, 0, "irq_handler_entry", "9");
	record(t, 11, 0, 0, "irq_handler_exit", "9 1");
	record(t, 12, 0, 0, "softirq_entry", "7");
	record(t, 13, 0, 0, "softirq_exit", "7");
	assert_string_equal(rows(t), "10 0 0 IRQ_ENTRY 9 0 swapper/0\n"
				     "11 0 0 IRQ_EXIT 9 0 swapper/0\n"
				     "12 0 0 IRQ_ENTRY 65543 0 swapper/0\n"
				     "13 0 0 IRQ_EXIT 65543 0 swapper/0\n");
}

static void a_futex_wake_names_who_is_woken_inside_it(void **state)
{
	struct trace *t = *state;

	record(t, 10, 1, 30, "sys_enter_futex", "0x7fff00001000 128");
	record(t, 20, 0, 20, "sys_enter_futex", "0x7fff00001000 129");
	/* from an interrupt that comes in between: no futex wakes it */
	record_flags(t, 21, 0, 20, 0x08, "sched_waking", "x 40 120 0");
	record(t, 22, 0, 20, "sched_waking", "w 30 120 1");
	record(t, 23, 0, 20, "sys_exit_futex", "1");
	record(t, 24, 0, 20, "sched_waking", "v 50 120 1");
	assert_string_equal(rows(t), "10 1 30 RUNS -1 0 -\n"
				     "10 1 30 WAIT_FUTEX 140733193392128 0 -\n"
				     "20 0 20 RUNS -1 0 -\n"
				     "20 0 20 WAKER_FUTEX 140733193392128 0 -\n"
				     "21 0 40 PRIO 120 0 x\n"
				     "21 0 40 WAKING 20 0 x\n"
				     "22 0 30 PRIO 120 0 w\n"
				     "22 0 30 WAKING 20 1 w\n"
				     "22 0 30 WAKE_FUTEX 140733193392128 0 w\n"
				     "24 0 50 PRIO 120 0 v\n"
				     "24 0 50 WAKING 20 1 v\n");
}

static void memory_calls_give_rows_when_they_succeed(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 20, "timer_start", "0");
	forget(t);
	record(t, 10, 0, 20, "sys_enter_mmap", "0 5000");
	record(t, 11, 0, 20, "sys_exit_mmap", "0x7f0000000000");
	record(t, 20, 0, 20, "sys_enter_munmap", "0x7f0000000000 100");
	record(t, 21, 0, 20, "sys_exit_munmap", "0");
	record(t, 30, 0, 20, "sys_enter_mremap", "4096 8192 12288");
	record(t, 31, 0, 20, "sys_exit_mremap", "65536");
	record(t, 40, 0, 20, "sys_enter_mmap", "0 99999");
	record(t, 41, 0, 20, "sys_exit_mmap", "-12");
	assert_string_equal(rows(t), "11 0 20 MMAP 139637976727552 5000 -\n"
				     "21 0 20 MUNMAP 139637976727552 100 -\n"
				     "31 0 20 MREMAP_FROM 4096 8192 -\n"
				     "31 0 20 MREMAP_TO 65536 12288 -\n"
				     "41 0 20 CALL_FAILED 29 -12 -\n");
}

static void calls_of_two_tasks_do_not_mix_and_gaps_are_not_bridged(void **state)
{
	struct trace *t = *state;

	record(t, 10, 0, 20, "sys_enter_mmap", "0 1000");
	record(t, 11, 1, 30, "sys_enter_mmap", "0 2000");
	forget(t);
	record(t, 12, 1, 30, "sys_exit_mmap", "8192");
	record(t, 13, 0, 20, "sys_exit_mmap", "4096");
	record(t, 14, 0, 20, "sys_exit_mmap", "12288");
	record(t, 15, 0, 20, "sys_enter_mmap", "0 3000");
	lost(t, 16, 1, 1, 12);
	record(t, 17, 0, 20, "sys_exit_mmap", "16384");
	assert_string_equal(rows(t), "12 1 30 MMAP 8192 2000 -\n"
				     "13 0 20 MMAP 4096 1000 -\n"
				     "16 1 0 LOST 1 12 -\n");
}

static void the_break_is_written_when_it_changes(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 20, "timer_start", "0");
	forget(t);
	record(t, 10, 0, 20, "sys_enter_brk", "0");
	record(t, 11, 0, 20, "sys_exit_brk", "1000000");
	record(t, 20, 0, 20, "sys_enter_brk", "1135168");
	record(t, 21, 0, 20, "sys_exit_brk", "1135168");
	record(t, 30, 0, 20, "sys_enter_brk", "99999999");
	record(t, 31, 0, 20, "sys_exit_brk", "1135168");
	record(t, 40, 0, 20, "sys_enter_brk", "0");
	record(t, 41, 0, 20, "sys_exit_brk", "1135168");
	record(t, 50, 0, 20, "task_newtask", "21 c 0 0");
	record(t, 60, 0, 21, "sys_enter_brk", "1200000");
	record(t, 61, 0, 21, "sys_exit_brk", "1200000");
	assert_string_equal(rows(t), "21 0 20 BRK 1135168 1000000 -\n"
				     "31 0 20 CALL_FAILED 33 -12 -\n"
				     "50 0 21 NEWTASK 0 21 c\n"
				     "60 0 21 RUNS 20 0 c\n"
				     "61 0 21 BRK 1200000 1135168 c\n");
}

static void addresses_for_a_32_bit_call_are_seen_where_the_kernel_finds_room(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 20, "timer_start", "0");
	forget(t);
	record(t, 10, 0, 20, "vm_unmapped_area", "0xf7000000 8192 0xf7ffe000");
	record(t, 20, 0, 20, "vm_unmapped_area", "0x7f0000000000 8192 0x7fffffffe000");
	record(t, 30, 0, 20, "vm_unmapped_area", "-12 8192 0xf7ffe000");
	record(t, 40, 0, 20, "sys_enter_mmap", "0 4096");
	record(t, 41, 0, 20, "vm_unmapped_area", "0x40000000 4096 0x80000000");
	record(t, 42, 0, 20, "sys_exit_mmap", "0x40000000");
	record(t, 50, 0, 20, "exit_mmap", "1");
	record(t, 51, 0, 20, "vm_unmapped_area", "0xf7000000 4096 0xf7ffe000");
	assert_string_equal(rows(t), "10 0 20 AREA 4143972352 8192 -\n"
				     "42 0 20 MMAP 1073741824 4096 -\n");
}

static void resident_memory_belongs_to_the_first_that_changes_it_as_its_own(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 1, 0, 20, "task_newtask", "21 q 0x10000 0");
	forget(t);
	record(t, 10, 0, 20, "rss_stat", "777 0 1 4096"); /* owner not known yet */
	record(t, 20, 1, 21, "rss_stat", "777 1 1 8192"); /* a thread: its process owns it */
	record(t, 30, 0, 20, "rss_stat", "777 0 0 12288");
	record(t, 40, 0, 20, "rss_stat", "777 1 2 0");
	record(t, 41, 0, 20, "rss_stat", "777 1 3 4096");
	record(t, 50, 0, 20, "exit_mmap", "1");
	record(t, 60, 0, 20, "rss_stat", "777 0 1 0"); /* the id may be another map's now */
	assert_string_equal(rows(t), "10 0 -1 RSS_ANON 4096 777 -\n"
				     "20 1 21 RUNS -1 0 q\n"
				     "20 1 20 RSS_ANON 8192 777 p\n"
				     "30 0 20 RSS_FILE 12288 777 p\n"
				     "40 0 20 RSS_SWAP 0 777 p\n"
				     "41 0 20 RSS_SHMEM 4096 777 p\n"
				     "60 0 -1 RSS_ANON 0 777 -\n");
}

static void a_fault_is_major_if_its_own_page_has_to_be_read(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 20, "timer_start", "0");
	forget(t);
	/* found in the page cache: minor */
	record(t, 10, 0, 20, "page_fault_user", "0x1000 0x400000 4");
	record(t, 11, 0, 20, "mm_filemap_fault", "5 9 16");
	/* read ahead of another page of the file, then its own, in a folio of 4 pages */
	record(t, 20, 0, 20, "page_fault_kernel", "0x2000 0x400010 4");
	record(t, 21, 0, 20, "mm_filemap_fault", "5 9 30");
	record(t, 22, 0, 20, "mm_filemap_add_to_page_cache", "1 5 32 9 2");
	record(t, 23, 0, 20, "mm_filemap_add_to_page_cache", "1 6 28 9 2");
	record(t, 24, 0, 20, "mm_filemap_add_to_page_cache", "1 5 28 9 2");
	record(t, 25, 0, 20, "mm_filemap_add_to_page_cache", "1 5 28 9 2");
	/* a read() of the file faults nothing in */
	record(t, 30, 1, 30, "mm_filemap_add_to_page_cache", "1 5 16 9 0");
	assert_string_equal(rows(t), "10 0 20 PAGE_FAULT_USER 4096 4194304 -\n"
				     "20 0 20 PAGE_FAULT_KERNEL 8192 4194320 -\n"
				     "24 0 20 MAJOR_FAULT 8192 5 -\n"
				     "30 1 30 RUNS -1 0 -\n");
}

static void pages_belong_to_the_current_task_and_failed_allocations_to_nobody(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 20, "timer_start", "0");
	forget(t);
	record(t, 10, 0, 20, "mm_page_alloc", "1234 3");
	record(t, 11, 0, 20, "mm_page_alloc", "0xffffffffffffffff 0");
	record(t, 12, 0, 20, "mm_page_free", "1234 3");
	assert_string_equal(rows(t), "10 0 20 PAGE_ALLOC 1234 3 -\n"
				     "12 0 20 PAGE_FREE 1234 3 -\n");
}

static void runtime_is_charged_to_the_task_named(void **state)
{
	struct trace *t = *state;

	record(t, 10, 0, 20, "sched_stat_runtime", "r 21 3000000000");
	assert_string_equal(rows(t), "10 0 20 RUNS -1 0 -\n"
				     "10 0 21 STAT_RUNTIME 3000000000 0 r\n");
}

/* exec by a thread: the others die, it becomes the leader and takes the leader's pid. */
static void a_thread_that_execs_lives_on_as_its_leader(void **state)
{
	struct trace *t = *state;
	const struct schedtrace_task *tasks;
	struct schedtrace_error err;
	size_t n;

	record(t, 0, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 1, 0, 20, "task_newtask", "21 p 0x10000 0");
	record(t, 10, 1, 20, "sched_process_exit", "p 20 120 0");
	record(t, 20, 0, 20, "sched_process_exec", "/bin/x 20 21");
	assert_int_equal(tasks_to_context(row_maker_tasks(t->maker), &err), 0);
	tasks = schedtrace_context_tasks(t->ctx, &n);
	assert_int_equal(n, 3);
	assert_int_equal(tasks[1].pid, 20);
	assert_int_equal(tasks[1].end_ns, INT64_MIN);
	assert_int_equal(tasks[2].pid, 21);
	assert_int_equal(tasks[2].end_ns, 20);
}

/* Another kernel's format of an event: a field has another name. */
static void rename_field(struct trace *t, const char *event, const char *from, const char *to)
{
	size_t i = (size_t)(format_of(t, event) - t->formats);

	for (size_t k = 0; k < t->formats[i].n_fields; k++)
		if (strcmp(t->fields[i][k].name, from) == 0)
			t->fields[i][k].name = to;
	row_maker_free(t->maker);
	schedtrace_context_free(t->ctx);
	make(t);
}

static void a_format_without_a_needed_field_is_named_and_skipped(void **state)
{
	struct trace *t = *state;

	rename_field(t, "sched_wakeup", "target_cpu", "cpu");
	assert_string_equal(t->notes, "sched:sched_wakeup is not converted: its format in the "
				      "file has no field target_cpu\n");
	record(t, 10, 0, 10, "sched_wakeup", "a 20 120 0");
	assert_string_equal(rows(t), "10 0 10 RUNS -1 0 -\n");
}

static void an_old_kernels_wakeup_without_success_is_none(void **state)
{
	struct trace *t = *state;

	rename_field(t, "sched_wakeup", "prio", "success");
	assert_string_equal(t->notes, "");
	record(t, 10, 0, 10, "sched_wakeup", "a 20 0 1");
	record(t, 20, 0, 10, "sched_wakeup", "a 20 1 1");
	assert_string_equal(rows(t), "10 0 10 RUNS -1 0 -\n"
				     "20 1 20 WAKEUP 0 0 a\n");
}

static void where_exit_does_not_say_so_the_last_known_thread_ends_the_process(void **state)
{
	struct trace *t = *state;

	rename_field(t, "sched_process_exit", "group_dead", "other");
	record(t, 100, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 110, 0, 20, "task_newtask", "21 q 0x10000 0");
	forget(t);
	record(t, 120, 0, 20, "sched_process_exit", "p 20 120 1");
	record(t, 130, 1, 21, "sched_process_exit", "q 21 120 0");
	assert_string_equal(rows(t), "120 0 20 PRIO 120 0 p\n"
				     "120 0 20 EXIT 0 0 p\n"
				     "130 1 21 RUNS -1 0 q\n"
				     "130 1 21 PRIO 120 0 q\n"
				     "130 1 21 EXIT 0 0 q\n"
				     "130 1 20 EXIT_MM 0 0 p\n");
}

static void ns_beyond_the_integers_of_floating_point_are_kept_whole(void **state)
{
	struct trace *t = *state;
	int64_t beyond = (INT64_C(1) << 53) + 1;

	record(t, beyond, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	record(t, beyond + 1, 1, 5, "sched_wakeup", "a 10 120 0");
	assert_string_equal(rows(t), "9007199254740994 0 10 WAKEUP 0 0 a\n");
}

static void a_record_shorter_than_its_format_makes_no_rows_and_is_counted(void **state)
{
	struct trace *t = *state;
	struct row_maker_faults faults;
	const uint8_t data[16] = { 0 };

	record(t, 0, 0, 10, "timer_start", "0");
	forget(t);
	give(t,
	     &(struct record){ .timestamp = 10,
			       .data = data,
			       .size = sizeof(data),
			       .kind = RECORD_EVENT,
			       .pid = 10,
			       .format = (uint16_t)(format_of(t, "sched_switch") - t->formats) });
	assert_string_equal(rows(t), "");
	row_maker_faults(t->maker, &faults);
	assert_int_equal(faults.short_records, 1);
}

static void odd_pids_and_cpus_make_rows_and_no_tasks(void **state)
{
	struct trace *t = *state;

	record(t, 10, 0, 10, "sched_wakeup", "a -7 120 -3");
	record(t, 20, 0, -5, "sched_switch", "b -5 120 1 c 2147483647 120");
	record(t, 30, 0, 2147483647, "sched_wakeup", "d 5000000 120 70000");
	assert_string_equal(rows(t), "10 0 10 RUNS -1 0 -\n"
				     "10 0 -7 WAKEUP 0 0 a\n"
				     "20 0 -5 RUNS 10 0 a\n"
				     "20 0 2147483647 PRIO 120 0 c\n"
				     "20 0 -5 BLOCK 0 0 b\n"
				     "20 0 -5 CTX_SWITCH 2147483647 0 b\n"
				     "30 0 5000000 PRIO 120 0 d\n"
				     "30 0 5000000 WAKEUP 0 0 d\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A marker with @n bytes of @payload, of which @bytes are said to follow the header. */
static void marker(struct trace *t, int64_t timestamp, enum marker_kind kind, const void *payload,
		   size_t n, size_t bytes)
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

static void samples(struct trace *t, int64_t timestamp, const struct marker_sample *s, size_t n,
		    size_t bytes)
{
	marker(t, timestamp, MARKER_SAMPLES, s, n * sizeof(*s), bytes);
}

static void a_cpu_that_goes_and_comes_has_rows_and_is_believed_to_run_nobody(void **state)
{
	struct trace *t = *state;
	struct marker_hotplug off = { .cpu = 0 }, on = { .cpu = 0, .online = 1 };
	struct marker_hotplug none = { .cpu = -1 }, beyond = { .cpu = 65535 };

	record(t, 90, 0, 5, "sched_switch", "a 5 120 1 swapper/0 0 120");
	record(t, 91, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	marker(t, 100, MARKER_HOTPLUG, &off, sizeof(off), sizeof(off));
	marker(t, 110, MARKER_HOTPLUG, &none, sizeof(none), sizeof(none));
	marker(t, 110, MARKER_HOTPLUG, &beyond, sizeof(beyond), sizeof(beyond));
	marker(t, 110, MARKER_HOTPLUG, &on, sizeof(on), sizeof(on) + 8); /* cut */
	marker(t, 110, MARKER_HOTPLUG, &on, 4, 4);
	marker(t, 120, MARKER_HOTPLUG, &on, sizeof(on), sizeof(on));
	assert_string_equal(rows(t), "100 0 0 CPU_OFFLINE 0 0 swapper/0\n"
				     "120 0 0 CPU_ONLINE 0 0 swapper/0\n");
	forget(t);
	record(t, 130, 0, 0, "sched_wakeup", "a 10 120 0");
	assert_string_equal(rows(t), "130 0 0 RUNS -1 0 swapper/0\n"
				     "130 0 10 WAKEUP 0 0 a\n");
}

static void a_cpu_that_was_not_read_to_the_end_ends_with_a_gap(void **state)
{
	struct trace *t = *state;
	struct marker_unread first = { .cpu = 0, .errnum = 5 }, never = { .cpu = 9 };
	struct record r;

	record(t, 80, 1, 5, "sched_wakeup", "a 10 120 0");
	record(t, 90, 0, 5, "sched_wakeup", "a 10 120 0");
	marker(t, 100, MARKER_UNREAD, &first, sizeof(first), sizeof(first));
	marker(t, 110, MARKER_UNREAD, &first, sizeof(first), sizeof(first)); /* once more */
	marker(t, 120, MARKER_UNREAD, &never, sizeof(never), sizeof(never));
	record(t, 130, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	while (row_maker_unread(t->maker, &r))
		give(t, &r);
	assert_string_equal(rows(t), "130 0 0 LOST -1 90 -\n"
				     "130 9 0 LOST -1 80 -\n");
}

static void samples_give_rows_of_the_process_that_was_sampled(void **state)
{
	struct trace *t = *state;
	struct marker_sample s[2] = { { .pid = 30,
					.state = 'S',
					.comm = "sampled",
					.minor = 100,
					.major = 2,
					.user_ns = 7000,
					.system_ns = 800,
					.rss_bytes = 4096 },
				      { .pid = 10,
					.state = 'R',
					.comm = "old",
					.minor = 1,
					.children_minor = 50,
					.children_major = 5,
					.children_user_ns = 60,
					.children_system_ns = 6 } };

	record(t, 0, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	samples(t, 100, s, 2, sizeof(s));
	assert_string_equal(rows(t), "100 1 30 SAMPLE_FAULTS 100 2 sampled\n"
				     "100 1 30 SAMPLE_CPU 7000 800 sampled\n"
				     "100 1 30 SAMPLE_MEM 4096 83 sampled\n"
				     "100 1 10 SAMPLE_FAULTS 1 0 a\n"
				     "100 1 10 SAMPLE_CPU 0 0 a\n"
				     "100 1 10 SAMPLE_MEM 0 82 a\n"
				     "100 1 10 SAMPLE_CHILDREN_FAULTS 50 5 a\n"
				     "100 1 10 SAMPLE_CHILDREN_CPU 60 6 a\n");
}

static void samples_that_cannot_be_give_no_rows(void **state)
{
	struct trace *t = *state;
	struct marker_sample many[40];

	for (int i = 0; i < 40; i++)
		many[i] = (struct marker_sample){ .pid = 30 + i, .children_minor = 1 };
	many[0].pid = 0;
	many[1].pid = -1;
	record(t, 0, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	samples(t, 100, many, 2, 2 * sizeof(*many)); /* of no process */
	samples(t, 100, many, 2, 3 * sizeof(*many)); /* cut */
	samples(t, 100, many, 2, sizeof(*many) - 1);
	samples(t, 100, many, 40, sizeof(many)); /* more than one marker has */
	assert_string_equal(rows(t), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_switch_to_idle_gives_block_then_the_empty_queue_then_the_switch),
		TEST(an_uninterruptible_sleep_is_also_block_io),
		TEST(every_other_state_has_a_state_row_between_block_and_switch),
		TEST(an_old_kernels_bits_mean_what_its_own_table_says),
		TEST(evidence_of_another_task_comes_before_its_own_rows),
		TEST(a_stack_record_is_no_evidence),
		TEST(a_wakeup_stands_on_the_target_cpu_and_waking_on_the_wakers),
		TEST(a_priority_is_written_when_it_changes_and_never_for_idle),
		TEST(the_run_queue_follows_wakeups_switches_and_blocks),
		TEST(migration_moves_a_queued_task_and_not_a_sleeping_one),
		TEST(a_missing_switch_from_idle_leaves_the_queue_certain),
		TEST(a_missing_switch_from_a_task_makes_the_queue_unknown_until_idle),
		TEST(lost_records_make_every_queue_unknown),
		TEST(in_a_gap_no_queue_is_known_and_after_it_nobody_is_believed_to_run),
		TEST(a_task_found_on_a_queue_is_counted_from_then_on),
		TEST(without_wakeups_no_queue_is_ever_certain),
		TEST(the_list_of_tasks_makes_queues_certain_that_are_never_idle),
		TEST(a_list_that_a_migration_overtook_makes_nothing_certain),
		TEST(exec_packs_the_name_as_schedlog_does_and_drops_the_memory),
		TEST(a_rename_recorded_before_exec_is_not_repeated),
		TEST(a_thread_belongs_to_its_makers_process),
		TEST(a_thread_of_an_unknown_process_has_no_tgid),
		TEST(the_last_exit_of_a_process_drops_its_memory),
		TEST(a_recycled_pid_begins_a_life_of_its_own),
		TEST(names_keep_their_bytes_and_change_over_time),
		TEST(names_from_the_list_hold_until_a_record_says_otherwise),
		TEST(idle_tasks_are_named_by_cpu),
		TEST(a_frequency_is_a_tick_of_its_cpu_with_the_current_task),
		TEST(interrupts_are_told_apart_by_65536),
		TEST(a_futex_wake_names_who_is_woken_inside_it),
		TEST(memory_calls_give_rows_when_they_succeed),
		TEST(calls_of_two_tasks_do_not_mix_and_gaps_are_not_bridged),
		TEST(the_break_is_written_when_it_changes),
		TEST(addresses_for_a_32_bit_call_are_seen_where_the_kernel_finds_room),
		TEST(resident_memory_belongs_to_the_first_that_changes_it_as_its_own),
		TEST(a_fault_is_major_if_its_own_page_has_to_be_read),
		TEST(pages_belong_to_the_current_task_and_failed_allocations_to_nobody),
		TEST(runtime_is_charged_to_the_task_named),
		TEST(a_thread_that_execs_lives_on_as_its_leader),
		TEST(a_format_without_a_needed_field_is_named_and_skipped),
		TEST(an_old_kernels_wakeup_without_success_is_none),
		TEST(where_exit_does_not_say_so_the_last_known_thread_ends_the_process),
		TEST(ns_beyond_the_integers_of_floating_point_are_kept_whole),
		TEST(a_record_shorter_than_its_format_makes_no_rows_and_is_counted),
		TEST(odd_pids_and_cpus_make_rows_and_no_tasks),
		TEST(samples_give_rows_of_the_process_that_was_sampled),
		TEST(samples_that_cannot_be_give_no_rows),
		TEST(a_cpu_that_was_not_read_to_the_end_ends_with_a_gap),
		TEST(a_cpu_that_goes_and_comes_has_rows_and_is_believed_to_run_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
