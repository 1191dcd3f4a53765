/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stack records to stacks of rows; kernel symbols; address spaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/schedtrace.h>

#include "config.h"
#include "convert/stack_maker.h"
#include "convert/user_symbols.h"

#define SCHEDULE 0xffffffff81000100
#define READ	 0xffffffff81000200
#define TRACER	 0xffffffff81000300

static const char kallsyms_text[] = "ffffffff81000300 t trace_event_raw_event_sched_switch\n"
				    "ffffffff81000100 T schedule\n"
				    "ffffffff81000100 T schedule_alias\n"
				    "ffffffff81000200 t pipe_read\t[pipes]\n"
				    "ffffffff81000280 d data_of_it\n"
				    "0000000000000000 T hidden\n"
				    "not a line\n"
				    "ffffffff81000400 T next_function";

/* Formats of the file: 0 sched_switch, 1 kernel_stack, 2 user_stack, 3 another event. */
struct test {
	struct schedtrace_context *ctx;
	struct row_maker *maker;
	struct stack_maker m;
	struct rows rows;
	struct schedtrace_error err;
};

static void must(int r, const struct schedtrace_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static int set_up(void **state)
{
	static const struct stream_options none;
	struct test *t = calloc(1, sizeof(*t));
	struct stack_maker *m = &t->m;

	must(schedtrace_context_new(&t->ctx, &t->err), &t->err);
	must(row_maker_new(&t->maker, NULL, 0, t->ctx, &none, &t->err), &t->err);
	m->ctx = t->ctx;
	m->options = &none;
	m->tasks = row_maker_tasks(t->maker);
	m->kinds = calloc(4, 1);
	m->sizes_at = calloc(4, 1);
	m->callers_at = calloc(4, 1);
	m->tgids_at = calloc(4, 1);
	m->column = calloc(ROWS_MAX, sizeof(*m->column));
	m->kinds[1] = STACK_KERNEL;
	m->sizes_at[1] = 8;
	m->callers_at[1] = 16;
	m->kinds[2] = STACK_USER;
	m->tgids_at[2] = 8;
	m->callers_at[2] = 16;
	assert_int_equal(spaces_init(&m->spaces), 0);
	must(kallsyms_parse(&m->kallsyms, kallsyms_text, sizeof(kallsyms_text) - 1, &t->err),
	     &t->err);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct test *t = *state;

	stack_maker_close(&t->m);
	row_maker_free(t->maker);
	schedtrace_context_free(t->ctx);
	free(t);
	return 0;
}

static struct record record_of(int format, int32_t cpu, int32_t pid)
{
	return (struct record){ .timestamp = 1000,
				.kind = RECORD_EVENT,
				.format = (uint16_t)format,
				.cpu = cpu,
				.pid = pid };
}

/* A sched_switch with its two rows; returns the index of the CTX_SWITCH row. */
static size_t sched_switch(struct test *t, int32_t cpu, int32_t pid)
{
	struct record r = record_of(0, cpu, pid);
	size_t first = t->rows.n;

	rows_add(&t->rows, 1000, cpu, pid, 0, SCHEDTRACE_BLOCK, 0, 0);
	rows_add(&t->rows, 1000, cpu, pid, 0, SCHEDTRACE_CTX_SWITCH, 9, 0);
	must(stack_maker_record(&t->m, &r, &t->rows, first, &t->err), &t->err);
	return t->rows.n - 1;
}

static void another_event(struct test *t, int32_t cpu, int32_t pid)
{
	struct record r = record_of(3, cpu, pid);

	rows_add(&t->rows, 1000, cpu, pid, 0, SCHEDTRACE_WAKING, 0, 0);
	must(stack_maker_record(&t->m, &r, &t->rows, t->rows.n - 1, &t->err), &t->err);
}

/* A stack record; @number is what its own field says, @n how many frames it has room for. */
static bool stack(struct test *t, int format, int32_t cpu, int32_t pid, int32_t number, size_t n,
		  const uint64_t *frames)
{
	struct record r = record_of(format, cpu, pid);
	uint8_t *data = calloc(1, 16 + 8 * n);
	bool attached;

	memcpy(data + 8, &number, sizeof(number));
	memcpy(data + 16, frames, 8 * n);
	r.data = data;
	r.size = (uint32_t)(16 + 8 * n);
	assert_true(stack_maker_is_stack(&t->m, &r));
	attached = stack_maker_stack(&t->m, &r);
	free(data);
	return attached;
}

static const uint64_t frames[] = { TRACER + 0x20, SCHEDULE + 0x40, READ + 0x10 };

static void check_stack(struct test *t, size_t row, uint32_t n, uint32_t n_kernel,
			const uint64_t *expected)
{
	struct schedtrace_stack s;

	must(stack_maker_flush(&t->m, &t->err), &t->err);
	assert_true(t->m.column[row] >= 0);
	must(schedtrace_context_stack(t->ctx, t->m.column[row], &s, &t->err), &t->err);
	assert_int_equal(s.n, n);
	assert_int_equal(s.n_kernel, n_kernel);
	assert_memory_equal(s.frames, expected, n * sizeof(*expected));
}

static void a_stack_belongs_to_the_switch_before_it(void **state)
{
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	stack(t, 1, 0, 7, 3, 3, frames);
	check_stack(t, row, 2, 2, frames + 1);	    /* without the tracer's own function */
	assert_int_equal(t->m.column[row - 1], -1); /* BLOCK */
	assert_int_equal(t->m.attached, 1);
}

static void a_stack_of_another_task_or_cpu_is_nobodys(void **state)
{
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	assert_false(stack(t, 1, 0, 8, 3, 3, frames));
	assert_false(stack(t, 1, 1, 7, 3, 3, frames));
	must(stack_maker_flush(&t->m, &t->err), &t->err);
	assert_int_equal(t->m.column[row], -1);
}

static void a_stack_behind_another_event_is_not_the_switchs(void **state)
{
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	another_event(t, 0, 7);
	stack(t, 1, 0, 7, 3, 3, frames);
	must(stack_maker_flush(&t->m, &t->err), &t->err);
	assert_int_equal(t->m.column[row], -1);
	assert_int_equal(t->m.column[row + 1], -1);
}

static void a_stack_behind_a_gap_belongs_to_what_was_lost(void **state)
{
	struct record lost = { .timestamp = 1000, .kind = RECORD_LOST, .lost = 1 };
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	rows_add(&t->rows, 1000, 0, 0, 0, SCHEDTRACE_LOST, 1, 0);
	must(stack_maker_record(&t->m, &lost, &t->rows, t->rows.n - 1, &t->err), &t->err);
	stack(t, 1, 0, 7, 3, 3, frames);
	must(stack_maker_flush(&t->m, &t->err), &t->err);
	assert_int_equal(t->m.column[row], -1);
}

static void a_stack_has_the_frames_that_its_record_holds(void **state)
{
	static const uint64_t many[] = { 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 21 };
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	stack(t, 1, 0, 7, 9, 12, many); /* the size says less than there is room for */
	check_stack(t, row, 9, 9, many);
	row = sched_switch(t, 0, 7);
	stack(t, 1, 0, 7, 1000, 12, many); /* more: a zero ends it */
	check_stack(t, row, 10, 10, many);
	row = sched_switch(t, 0, 7);
	stack(t, 1, 0, 7, -1, 4, many); /* nonsense */
	check_stack(t, row, 4, 4, many);
}

static void the_programs_frames_stand_behind_the_kernels(void **state)
{
	static const uint64_t user[] = { 0x401010, 0x401020, 0, 0, 0, 0, 0, 0 };
	static const uint64_t both[] = { SCHEDULE + 0x40, READ + 0x10, 0x401010, 0x401020 };
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	stack(t, 2, 0, 7, 70, 8, user); /* in whichever order they come */
	stack(t, 1, 0, 7, 3, 3, frames);
	check_stack(t, row, 4, 2, both);
	row = sched_switch(t, 0, 7);
	stack(t, 2, 0, 7, 70, 8, user);
	check_stack(t, row, 2, 0, user);
}

static void return_addresses_are_named_by_the_byte_before(void **state)
{
	struct test *t = *state;
	const struct kallsyms *k = &t->m.kallsyms;

	assert_int_equal(k->n, 5);
	assert_memory_equal(kallsyms_find(k, SCHEDULE + 1)->name, "schedule\n", 9);
	assert_memory_equal(kallsyms_find(k, READ)->name, "schedule\n", 9);
	assert_memory_equal(kallsyms_find(k, READ + 1)->name, "pipe_read", 9);
	assert_memory_equal(kallsyms_find(k, READ + 1)->module, "[pipes]", 7);
	assert_true(kallsyms_find(k, TRACER + 4)->tracer);
	assert_null(kallsyms_find(k, SCHEDULE));
	assert_non_null(kallsyms_find(k, 0xffffffff81000500));
	assert_null(kallsyms_find(k, 0xffffffff91000500));
	assert_null(kallsyms_find(k, 0));
}

static void frames_get_names_at_the_end(void **state)
{
	struct test *t = *state;
	size_t row = sched_switch(t, 0, 7);

	stack(t, 1, 0, 7, 3, 3, frames);
	must(stack_maker_finish(&t->m, &t->err), &t->err);
	assert_int_equal(t->m.column[row], 0);
	assert_string_equal(schedtrace_context_symbol(t->ctx, 0, SCHEDULE + 0x40), "schedule");
	assert_string_equal(schedtrace_context_symbol(t->ctx, 0, READ + 0x10), "pipe_read [pipes]");
	assert_null(schedtrace_context_symbol(t->ctx, 0, TRACER + 0x20));
}

static void tell_map(struct spaces *s, int64_t told, int64_t time, int32_t tgid, uint64_t begin,
		     const char *path)
{
	struct {
		struct marker_map map;
		char path[64];
	} m = { .map = { .time_ns = time,
			 .begin = begin,
			 .end = begin ? begin + 0x1000 : 0,
			 .offset = 0x2000,
			 .tgid = tgid,
			 .path_bytes = (uint16_t)strlen(path) } };

	strcpy(m.path, path);
	assert_int_equal(spaces_mappings(s, (const char *)&m,
					 sizeof(m.map) + (strlen(path) + 7) / 8 * 8, told),
			 0);
}

static void add_map(struct spaces *s, int64_t time, int32_t tgid, uint64_t begin, const char *path)
{
	tell_map(s, 100, time, tgid, begin, path);
}

static const char *path_at(const struct spaces *s, int32_t space, uint64_t address)
{
	const struct mapping *m = spaces_find(s, space, address);

	return m ? s->paths.names[m->path] : "-";
}

/*
 * 5 runs a shell from the begin, forks 6, which goes on with the shell's code and then runs a
 * program: the kernel maps that before it reports the exec. Markers come late, in any order.
 */
static void a_mapping_belongs_to_the_program_that_maps_it(void **state)
{
	int32_t shell, forked, program;
	struct spaces s;

	assert_int_equal(spaces_init(&s), 0);
	shell = spaces_now(&s, 5, 100);
	assert_int_equal(spaces_fork(&s, 6, 5, 200), 0);
	forked = spaces_now(&s, 6, 210);
	assert_int_equal(forked, shell);
	assert_int_equal(spaces_exec(&s, 6, 300), 0);
	program = spaces_now(&s, 6, 310);
	assert_int_not_equal(program, shell);
	add_map(&s, INT64_MIN, 5, 0x400000, "/bin/sh");
	add_map(&s, 305, 6, 0x7000, "/lib/c");
	add_map(&s, 290, 6, 0, ""); /* exec begins */
	add_map(&s, 295, 6, 0x400000, "/bin/program");
	add_map(&s, 400, 5, 0x400000, "/lib/later");
	spaces_resolve(&s);
	assert_string_equal(path_at(&s, program, 0x400fff), "/bin/program");
	assert_string_equal(path_at(&s, program, 0x401000), "-");
	assert_string_equal(path_at(&s, program, 0x7000), "/lib/c");
	assert_string_equal(path_at(&s, shell, 0x7000), "-");
	assert_string_equal(path_at(&s, shell, 0x400000), "/lib/later"); /* the latest there */
	spaces_free(&s);
}

/* The recorder reads /proc/PID/maps while programs run: 5 calls exec before, 6 after it. */
static void what_is_found_mapped_is_of_the_program_that_runs_then(void **state)
{
	int32_t before[2], after[2];
	struct spaces s;

	assert_int_equal(spaces_init(&s), 0);
	for (int i = 0; i < 2; i++) {
		before[i] = spaces_now(&s, 5 + i, 100);
		assert_int_equal(spaces_exec(&s, 5 + i, i ? 251 : 150), 0);
		after[i] = spaces_now(&s, 5 + i, 300);
		tell_map(&s, 250, INT64_MIN, 5 + i, 0x400000, "/bin/found");
	}
	spaces_resolve(&s);
	assert_string_equal(path_at(&s, before[0], 0x400000), "-");
	assert_string_equal(path_at(&s, after[0], 0x400000), "/bin/found");
	assert_string_equal(path_at(&s, before[1], 0x400000), "/bin/found");
	assert_string_equal(path_at(&s, after[1], 0x400000), "-");
	spaces_free(&s);
}

static void a_cut_marker_of_mappings_gives_what_is_whole(void **state)
{
	struct marker_map m = { .tgid = 5, .begin = 1, .end = 2, .path_bytes = 500 };
	struct spaces s;

	assert_int_equal(spaces_init(&s), 0);
	assert_int_equal(spaces_mappings(&s, (const char *)&m, sizeof(m), 0), 0);
	assert_int_equal(spaces_mappings(&s, (const char *)&m, sizeof(m) - 1, 0), 0);
	assert_int_equal(s.n_mappings, 0);
	spaces_free(&s);
}

static void take_names(char **names, const char *expected)
{
	assert_non_null(*names);
	assert_string_equal(*names, expected);
	free(*names);
}

static void files_that_are_none_give_no_names_and_are_named(void **state)
{
	static const uint8_t build_id[20] = { 1, 2, 3 };
	struct user_symbols *u = user_symbols_new();
	char *names;

	assert_non_null(u);
	assert_null(user_symbols_name(u, "/nowhere/at/all", build_id, 0, 0x1000));
	assert_null(user_symbols_name(u, "/dev/zero", build_id, 0, 0x1000));
	assert_null(user_symbols_name(u, "/proc/self", build_id, 0, 0x1000));
	assert_int_equal(user_symbols_files_missing(u, &names), 3);
	take_names(&names, "/nowhere/at/all, /dev/zero, /proc/self");
	for (char path[] = "/a"; path[1] <= 'i'; path[1]++)
		assert_null(user_symbols_name(u, path, build_id, 0, 0x1000));
	assert_int_equal(user_symbols_files_missing(u, &names), 12);
	take_names(&names, "/nowhere/at/all, /dev/zero, /proc/self, /a, /b, /c, /d, /e and 4 more");
	/* This very program is not the one of that build-id. */
	assert_null(user_symbols_name(u, "/proc/self/exe", build_id, 20, 0x1000));
#if HAVE_LIBDW
	assert_int_equal(user_symbols_files_changed(u, &names), 1);
	take_names(&names, "/proc/self/exe");
#endif
	user_symbols_free(u);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_stack_belongs_to_the_switch_before_it),
		TEST(a_stack_of_another_task_or_cpu_is_nobodys),
		TEST(a_stack_behind_another_event_is_not_the_switchs),
		TEST(a_stack_behind_a_gap_belongs_to_what_was_lost),
		TEST(a_stack_has_the_frames_that_its_record_holds),
		TEST(the_programs_frames_stand_behind_the_kernels),
		TEST(return_addresses_are_named_by_the_byte_before),
		TEST(frames_get_names_at_the_end),
		cmocka_unit_test(a_mapping_belongs_to_the_program_that_maps_it),
		cmocka_unit_test(what_is_found_mapped_is_of_the_program_that_runs_then),
		cmocka_unit_test(a_cut_marker_of_mappings_gives_what_is_whole),
		cmocka_unit_test(files_that_are_none_give_no_names_and_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
