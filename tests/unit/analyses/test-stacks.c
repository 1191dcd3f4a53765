/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call stacks: their hash, the table of them, members of a tarball, and the analysis. */
#include <unistd.h>

#include "base/jhash.h"
#include "base/mem.h"
#include "tests/unit/rows.h"

/* By the published lookup3.c, in Python: hashword() of n words 0x01234567 * 1, 2 … */
static void the_hash_of_words_is_that_of_lookup3(void **state)
{
	static const uint32_t from_0[] = { 0xdeadbeef, 0x57a99fad, 0xc7f0a70f, 0xf8bf7c22,
					   0x68252e4c, 0x80fd2a34, 0x46de1d23, 0x4b9b6166 };
	static const uint32_t from_13[] = { 0xdeadbefc, 0x78ad853b, 0x36b99ac0, 0x465023bd,
					    0x3a8c0f7d, 0x59363005, 0xd0e694f0, 0xf1f467c2 };
	uint32_t words[8];

	for (uint32_t i = 0; i < 8; i++)
		words[i] = 0x01234567 * (i + 1);
	for (size_t n = 0; n < 8; n++) {
		assert_int_equal(jhash_words(words, n, 0), from_0[n]);
		assert_int_equal(jhash_words(words, n, 13), from_13[n]);
	}
}

/* The vector that its author publishes, of 30 bytes: two less than the words that hold them. */
static void the_hash_of_the_authors_own_sentence_is_his(void **state)
{
	uint32_t words[8] = { 0 };

	memcpy(words, "Four score and seven years ago", 30);
	assert_int_equal(jhash_words(words, 8, -2u), 0x17770551);
	assert_int_equal(jhash_words(words, 8, 1 - 2u), 0xcd628161);
}

static void an_address_is_hashed_as_two_words_the_low_one_first(void **state)
{
	static const uint64_t frames[] = { 0xffffffff821facd8, 0xffffffff821fb643,
					   0xffffffff81417441 };

	assert_int_equal(jhash_addresses(frames, 3, 0), 0x0fe23ba6);
	assert_int_equal(jhash_addresses(frames, 3, 0),
			 jhash_words((const uint32_t *)frames, 6, 0));
}

static int32_t add_stack(struct schedtrace_context *ctx, int32_t space, uint32_t n_kernel,
			 uint32_t n, const uint64_t *frames)
{
	struct schedtrace_stack stack = { n, n_kernel, space, frames };
	struct schedtrace_error err;
	int32_t id = schedtrace_context_add_stack(ctx, &stack, &err);

	must(id, &err);
	return id;
}

static const uint64_t some[] = { 0xffffffff81000010, 0xffffffff81000020, 0x401000 };

static void equal_stacks_have_one_id(void **state)
{
	struct schedtrace_context *ctx;

	must(schedtrace_context_new(&ctx, NULL), NULL);
	assert_int_equal(add_stack(ctx, 0, 2, 2, some), 0);
	assert_int_equal(add_stack(ctx, 7, 2, 3, some), 1);
	assert_int_equal(add_stack(ctx, 8, 2, 3, some), 2); /* another program's 0x401000 */
	assert_int_equal(add_stack(ctx, 0, 1, 1, some), 3);
	assert_int_equal(add_stack(ctx, 7, 2, 3, some), 1);
	assert_int_equal(schedtrace_context_stacks(ctx), 4);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(add_stack(ctx, 0, 1, 1, &i), 4 + i);
	assert_int_equal(add_stack(ctx, 0, 2, 2, some), 0);
	schedtrace_context_free(ctx);
}

static void a_stack_of_too_many_frames_is_refused(void **state)
{
	static const uint64_t many[4097];
	struct schedtrace_stack stack = { 4097, 4097, 0, many };
	struct schedtrace_context *ctx;
	struct schedtrace_error err;

	must(schedtrace_context_new(&ctx, NULL), NULL);
	assert_int_equal(schedtrace_context_add_stack(ctx, &stack, &err), SCHEDTRACE_E_LIMIT);
	assert_non_null(strstr(err.text, "4097 frames"));
	schedtrace_context_free(ctx);
}

/*
 * CPU 0: 7 runs from 1000 to 3000 and leaves asleep with stack 0, 8 from there to 3500 with stack
 * 1 while runnable, 7 again to 3600 with stack 0, and 9, which nobody saw come, leaves at 4000.
 */
static const int64_t times[] = { 1000, 3000, 3000, 3500, 3600, 3600, 4000, 4000 };
static const int32_t pids[] = { 7, 7, 7, 8, 7, 7, 9, 9 };
static const int32_t events[] = { SCHEDTRACE_RUNS,	 SCHEDTRACE_BLOCK,
				  SCHEDTRACE_CTX_SWITCH, SCHEDTRACE_CTX_SWITCH,
				  SCHEDTRACE_BLOCK,	 SCHEDTRACE_CTX_SWITCH,
				  SCHEDTRACE_BLOCK,	 SCHEDTRACE_CTX_SWITCH };
static const int64_t nexts[] = { -1, 0, 8, 7, 0, 8, 0, 0 };
static const int32_t stacks[] = { -1, -1, 0, 1, -1, 0, -1, -1 };
static const int32_t cpus[8];
static const int64_t zeros[8];
static const int32_t comms[] = { 1, 1, 1, 2, 1, 1, 2, 2 };

static const struct schedtrace_events rows_with_stacks = {
	.n = 8,
	.timestamp = times,
	.pid = pids,
	.event = events,
	.cpu = cpus,
	.arg0 = nexts,
	.arg1 = zeros,
	.comm = comms,
	.stack = stacks,
};

static struct schedtrace_context *context_with_stacks(void)
{
	struct schedtrace_info info;
	struct schedtrace_context *ctx;

	must(schedtrace_context_new(&ctx, NULL), NULL);
	add_stack(ctx, 0, 2, 2, some);
	add_stack(ctx, 7, 2, 3, some);
	schedtrace_context_intern_comm(ctx, "reader", 6, NULL);
	schedtrace_context_intern_comm(ctx, "writer", 6, NULL);
	must(schedtrace_context_set_symbol(ctx, 0, some[0], "schedule", NULL), NULL);
	must(schedtrace_context_set_symbol(ctx, 0, some[1], "a;b", NULL), NULL);
	must(schedtrace_context_set_symbol(ctx, 7, some[2], "main", NULL), NULL);
	must(schedtrace_context_set_symbol(ctx, 8, some[2], "other", NULL), NULL);
	info = *schedtrace_context_info(ctx);
	info.tsc_hz = 2600000000;
	must(schedtrace_context_set_info(ctx, &info, NULL), NULL);
	return ctx;
}

static struct schedtrace_tables *analyzed(const struct schedtrace_context *ctx,
					  const struct schedtrace_events *rows)
{
	struct schedtrace_engine *engine;
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	must(schedtrace_engine_add(engine, "stacks", &err), &err);
	must(schedtrace_engine_feed(engine, rows, &err), &err);
	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	schedtrace_engine_free(engine);
	return tables;
}

static void the_time_that_a_switch_ends_is_its_stacks(void **state)
{
	struct schedtrace_context *ctx = context_with_stacks();
	struct schedtrace_tables *tables = analyzed(ctx, &rows_with_stacks);
	const struct schedtrace_table *t = schedtrace_tables_find(tables, "stacks");
	const int64_t *switches = schedtrace_table_ints(t, "switches");
	const int64_t *voluntary = schedtrace_table_ints(t, "voluntary");
	const int64_t *ns = schedtrace_table_ints(t, "on_cpu_ns");
	const int64_t *ticks = schedtrace_table_ints(t, "on_cpu_ticks");
	const char *const *frames = schedtrace_table_texts(t, "frames");
	const char *const *names = schedtrace_table_texts(t, "comms");
	const char *const *hash = schedtrace_table_texts(t, "hash");

	assert_int_equal(schedtrace_table_rows(t), 3);
	assert_int_equal(switches[0], 2);
	assert_int_equal(voluntary[0], 2);
	assert_int_equal(ns[0], 2100);
	assert_int_equal(ticks[0], 5460);
	assert_string_equal(frames[0], "schedule;a:b");
	assert_string_equal(names[0], "reader");
	assert_int_equal(switches[1], 1);
	assert_int_equal(voluntary[1], 0);
	assert_int_equal(ns[1], 500);
	assert_string_equal(frames[1], "schedule;a:b;main");
	assert_string_equal(names[1], "writer");
	assert_int_equal(strlen(hash[1]), 8);
	assert_string_not_equal(hash[0], hash[1]);
	/* The switch without a stack. */
	assert_int_equal(switches[2], 1);
	assert_null(frames[2]);
	assert_null(hash[2]);
	schedtrace_tables_free(tables);
	schedtrace_context_free(ctx);
}

/* 7 is the command, makes 8 and is switched out for it; then 9 has its turn, who is somebody
 * else. */
static void stacks_can_be_those_of_the_command_and_its_children_only(void **state)
{
	const int64_t t[] = { 1000, 1500, 2000, 3000, 4000 };
	const int32_t pid[] = { 7, 8, 7, 8, 9 }, stack[] = { -1, -1, 0, 1, 1 };
	const int32_t event[] = { SCHEDTRACE_RUNS, SCHEDTRACE_FORK, SCHEDTRACE_CTX_SWITCH,
				  SCHEDTRACE_CTX_SWITCH, SCHEDTRACE_CTX_SWITCH };
	const int64_t arg0[] = { -1, 7, 8, 9, 0 };
	const struct schedtrace_events rows = { 5, t, pid, event, cpus, arg0, zeros, NULL, stack };
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_context *ctx = context_with_stacks();
	struct schedtrace_engine *engine;
	struct schedtrace_tables *tables;
	const struct schedtrace_table *stack_table;

	task.pid = 7;
	task.command_tree = 1;
	must(schedtrace_context_add_task(ctx, &task, NULL), NULL);
	task.pid = 9;
	task.command_tree = 0;
	must(schedtrace_context_add_task(ctx, &task, NULL), NULL);
	must(schedtrace_engine_new(&engine, ctx, NULL), NULL);
	must(schedtrace_engine_add(engine, "stacks", NULL), NULL);
	must(schedtrace_engine_set_parameter(engine, "command", "yes", NULL), NULL);
	must(schedtrace_engine_feed(engine, &rows, NULL), NULL);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "command", "yes", NULL),
			 SCHEDTRACE_E_USAGE);
	must(schedtrace_engine_snapshot(engine, &tables, NULL), NULL);
	stack_table = schedtrace_tables_find(tables, "stacks");
	assert_int_equal(schedtrace_table_rows(stack_table), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(schedtrace_table_ints(stack_table, "switches")[i], 1);
		assert_int_equal(schedtrace_table_ints(stack_table, "on_cpu_ns")[i], 1000);
	}
	schedtrace_tables_free(tables);
	schedtrace_engine_free(engine);
	schedtrace_context_free(ctx);
}

static void the_parts_of_stacks_are_added_up_by_themselves(void **state)
{
	struct schedtrace_context *ctx = context_with_stacks();
	struct schedtrace_tables *tables = analyzed(ctx, &rows_with_stacks);
	const struct schedtrace_table *t = schedtrace_tables_find(tables, "stacks_kernel");

	assert_int_equal(schedtrace_table_rows(t), 2); /* one stack, and none */
	assert_int_equal(schedtrace_table_ints(t, "on_cpu_ns")[0], 2600);
	assert_string_equal(schedtrace_table_texts(t, "comms")[0], "reader, writer");
	t = schedtrace_tables_find(tables, "stacks_user");
	assert_int_equal(schedtrace_table_rows(t), 2);
	assert_null(schedtrace_table_texts(t, "frames")[0]);
	assert_string_equal(schedtrace_table_texts(t, "frames")[1], "main");
	assert_int_equal(schedtrace_table_ints(t, "on_cpu_ns")[1], 500);
	schedtrace_tables_free(tables);
	schedtrace_context_free(ctx);
}

static void write_tarball(const char *path)
{
	struct schedtrace_context *ctx = context_with_stacks();
	struct schedtrace_writer *w;
	struct schedtrace_error err;

	must(schedtrace_writer_new(&w, path, ctx, NULL, &err), &err);
	must(schedtrace_writer_rows(w, &rows_with_stacks, &err), &err);
	must(schedtrace_writer_finish(w, &err), &err);
	schedtrace_context_free(ctx);
}

static void stacks_come_back_from_a_tarball(void **state)
{
	char path[] = "/tmp/schedtrace-stacks-XXXXXX";
	const struct schedtrace_context *ctx;
	const struct schedtrace_events *all;
	struct schedtrace_tables *tables;
	struct schedtrace_stack stack;
	struct schedtrace_error err;
	struct schedtrace *trace;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_tarball(path);
	must(schedtrace_open(&trace, path, NULL, &err), &err);
	ctx = schedtrace_context(trace);
	assert_int_equal(schedtrace_context_stacks(ctx), 2);
	must(schedtrace_context_stack(ctx, 1, &stack, &err), &err);
	assert_int_equal(stack.n, 3);
	assert_int_equal(stack.n_kernel, 2);
	assert_int_equal(stack.space, 7);
	assert_memory_equal(stack.frames, some, sizeof(some));
	assert_string_equal(schedtrace_context_symbol(ctx, 7, some[2]), "main");
	assert_string_equal(schedtrace_context_symbol(ctx, 8, some[2]), "other");
	assert_null(schedtrace_context_symbol(ctx, 0, some[2]));
	assert_int_equal(schedtrace_context_info(ctx)->tsc_hz, 2600000000);
	assert_int_equal(schedtrace_context_stack(ctx, 2, &stack, &err), SCHEDTRACE_E_USAGE);
	must(schedtrace_load(trace, &all, &err), &err);
	assert_memory_equal(all->stack, stacks, sizeof(stacks));
	tables = analyzed(ctx, all);
	assert_string_equal(
		schedtrace_table_texts(schedtrace_tables_find(tables, "stacks"), "frames")[1],
		"schedule;a:b;main");
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	unlink(path);
}

/* Changes a byte of the first frame, 128 bytes behind the begin of the member. */
static void damage(const char *path)
{
	auto_fclose FILE *f = fopen(path, "r+");
	char block[512];
	long at = 0;

	assert_non_null(f);
	while (fread(block, sizeof(block), 1, f) == 1 && strcmp(block, "stack_frames.npy") != 0)
		at += (long)sizeof(block);
	assert_string_equal(block, "stack_frames.npy");
	assert_int_equal(fseek(f, at + 512 + 128, SEEK_SET), 0);
	fputc('X', f);
}

static void damaged_stacks_are_refused_when_they_are_asked_for(void **state)
{
	char path[] = "/tmp/schedtrace-stacks-XXXXXX";
	struct schedtrace_stack stack;
	struct schedtrace_error err;
	struct schedtrace *trace;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_tarball(path);
	damage(path);
	must(schedtrace_open(&trace, path, NULL, &err), &err);
	assert_int_equal(schedtrace_context_stack(schedtrace_context(trace), 0, &stack, &err),
			 SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "stack_frames.npy: its checksum is not that"));
	assert_int_equal(schedtrace_validate(trace, &err), SCHEDTRACE_E_FORMAT);
	schedtrace_close(trace);
	unlink(path);
}

/* 9 is found running at 2000 instead of 7, and leaves at 2500 with stack 0. */
static void a_task_found_running_may_have_run_since_the_last_sign_of_the_one_before(void **state)
{
	static const int64_t when[] = { 1000, 2000, 2500, 2500 };
	static const int32_t who[] = { 7, 9, 9, 9 };
	static const int32_t what[] = { SCHEDTRACE_RUNS, SCHEDTRACE_RUNS, SCHEDTRACE_BLOCK,
					SCHEDTRACE_CTX_SWITCH };
	static const int64_t other[] = { -1, 7, 0, 0 };
	static const int32_t stack[] = { -1, -1, -1, 0 };
	const struct schedtrace_events rows = {
		.n = 4,
		.timestamp = when,
		.pid = who,
		.event = what,
		.cpu = cpus,
		.arg0 = other,
		.arg1 = zeros,
		.stack = stack,
	};
	struct schedtrace_context *ctx = context_with_stacks();
	struct schedtrace_tables *tables = analyzed(ctx, &rows);
	const struct schedtrace_table *table = schedtrace_tables_find(tables, "stacks");

	assert_int_equal(schedtrace_table_rows(table), 1);
	assert_int_equal(schedtrace_table_ints(table, "on_cpu_ns")[0], 500);
	assert_int_equal(schedtrace_table_ints(table, "on_cpu_hi_ns")[0], 1500);
	schedtrace_tables_free(tables);
	schedtrace_context_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_of_words_is_that_of_lookup3),
		cmocka_unit_test(the_hash_of_the_authors_own_sentence_is_his),
		cmocka_unit_test(an_address_is_hashed_as_two_words_the_low_one_first),
		cmocka_unit_test(equal_stacks_have_one_id),
		cmocka_unit_test(a_stack_of_too_many_frames_is_refused),
		cmocka_unit_test(the_time_that_a_switch_ends_is_its_stacks),
		cmocka_unit_test(stacks_can_be_those_of_the_command_and_its_children_only),
		cmocka_unit_test(the_parts_of_stacks_are_added_up_by_themselves),
		cmocka_unit_test(stacks_come_back_from_a_tarball),
		cmocka_unit_test(damaged_stacks_are_refused_when_they_are_asked_for),
		cmocka_unit_test(
			a_task_found_running_may_have_run_since_the_last_sign_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
