/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "tests/unit/rows.h"

#define K 4096

static void expect(const struct result *r, int32_t pid, const char *column, int64_t value)
{
	int64_t got = of_pid(r, "memory", pid, column);

	if (got != value)
		fail_msg("%s of %d is %lld, not %lld", column, pid, (long long)got,
			 (long long)value);
}

static void ranges_know_what_is_mapped_and_sums_only_what_was_asked(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 10 * K - 5);
	add(&b, 2, 0, 7, SCHEDTRACE_MMAP, 105 * K, 10 * K); /* MAP_FIXED over the first */
	add(&b, 3, 0, 7, SCHEDTRACE_MUNMAP, 102 * K, K + 1);
	add(&b, 4, 0, 7, SCHEDTRACE_MUNMAP, 1000 * K, 100 * K); /* mapped before the trace */
	add(&b, 5, 0, 7, SCHEDTRACE_MMAP, 200 * K, 3 * K);
	r = result_of(&b, "memory");
	expect(&r, 7, "mapped_bytes", (15 - 2 + 3) * K);
	expect(&r, 7, "mapped_peak_bytes", 16 * K);
	expect(&r, 7, "net_bytes", 0);
	expect(&r, 7, "net_floor_bytes", 3 * K);
	expect(&r, 7, "mmaps", 3);
	expect(&r, 7, "munmaps", 2);
	expect(&r, 7, "rss_bytes", INT64_MIN);
	expect(&r, 7, "faults_user", INT64_MIN);
	result_free(&r);
}

static void mremap_moves_and_brk_grows_and_shrinks(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 10 * K);
	add(&b, 2, 0, 7, SCHEDTRACE_MREMAP_FROM, 104 * K, 6 * K);
	add(&b, 2, 0, 7, SCHEDTRACE_MREMAP_TO, 300 * K, 20 * K);
	add(&b, 3, 0, 7, SCHEDTRACE_BRK, 50 * K, 0);
	add(&b, 4, 0, 7, SCHEDTRACE_BRK, 58 * K + 1, 50 * K);
	add(&b, 5, 0, 7, SCHEDTRACE_BRK, 52 * K, 58 * K + 1);
	add(&b, 6, 0, 7, SCHEDTRACE_CALL_FAILED, SCHEDTRACE_MMAP, -12);
	r = result_of(&b, "memory");
	expect(&r, 7, "mapped_bytes", (4 + 20 + 2) * K);
	expect(&r, 7, "net_bytes", (10 - 6 + 20 + 9 - 7) * K);
	expect(&r, 7, "mremaps", 1);
	expect(&r, 7, "brks", 3);
	expect(&r, 7, "failed", 1);
	result_free(&r);
}

static void expect_mapped(const struct result *r, int32_t pid, int64_t mapped, int64_t peak)
{
	expect(r, pid, "mapped_bytes", mapped);
	expect(r, pid, "mapped_peak_bytes", peak);
	expect(r, pid, "net_bytes", peak);
	expect(r, pid, "net_floor_bytes", peak);
}

static void make(struct rows *b, int64_t t, int32_t parent, int32_t child, int64_t flags,
		 int32_t tgid)
{
	add(b, t, 0, child, SCHEDTRACE_NEWTASK, flags, tgid);
	add(b, t, 0, child, SCHEDTRACE_FORK, parent, 0);
}

static void threads_share_forks_copy_and_exec_drops(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 10 * K);
	make(&b, 2, 7, 8, 0x10100, 7); /* a thread */
	add(&b, 3, 0, 8, SCHEDTRACE_MUNMAP, 100 * K, K);
	make(&b, 4, 8, 9, 0x11, 9); /* a fork by the thread */
	add(&b, 5, 0, 9, SCHEDTRACE_MMAP, 200 * K, K);
	make(&b, 6, 7, 10, 0x4111, 10); /* a vfork */
	add(&b, 7, 0, 10, SCHEDTRACE_MMAP, 300 * K, 2 * K);
	add(&b, 8, 0, 10, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 9, 0, 10, SCHEDTRACE_MMAP, 400 * K, 5 * K);
	make(&b, 10, 7, 11, 0x11, 11);
	add(&b, 11, 0, 11, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 11, 0, 11, SCHEDTRACE_BRK, K, 0);
	r = result_of(&b, "memory");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "memory")), 4);
	expect(&r, 7, "mapped_bytes", (9 + 2) * K);
	expect(&r, 9, "mapped_bytes", 10 * K);
	expect(&r, 10, "mapped_bytes", 5 * K);
	expect(&r, 11, "mapped_bytes", 0);
	expect(&r, 11, "mapped_peak_bytes", 11 * K);
	result_free(&r);
}

static void what_a_32_bit_program_holds_is_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 10 * K);
	add(&b, 2, 0, 8, SCHEDTRACE_MMAP, 100 * K, 10 * K);
	add(&b, 3, 0, 8, SCHEDTRACE_AREA, 200 * K, 4 * K);
	make(&b, 4, 8, 9, 0x11, 9);
	make(&b, 5, 8, 10, 0x11, 10);
	add(&b, 6, 0, 10, SCHEDTRACE_EXIT_MM, 0, 0); /* it runs another program */
	add(&b, 7, 0, 10, SCHEDTRACE_MMAP, 100 * K, 3 * K);
	make(&b, 8, 10, 11, 0x11, 11);
	add(&b, 9, 0, 11, SCHEDTRACE_MUNMAP, 100 * K, K);
	add(&b, 10, 0, 9, SCHEDTRACE_BRK, 50 * K, 0);
	r = result_of(&b, "memory");
	expect_mapped(&r, 7, 10 * K, 10 * K);
	expect_mapped(&r, 8, INT64_MIN, INT64_MIN);
	expect_mapped(&r, 9, INT64_MIN, INT64_MIN);
	expect(&r, 10, "mapped_bytes", 3 * K);
	expect(&r, 10, "mapped_peak_bytes", INT64_MIN);
	expect(&r, 11, "mapped_bytes", 2 * K);
	expect(&r, 11, "mapped_peak_bytes", 3 * K);
	result_free(&r);
}

static void resident_memory_follows_the_address_space_in_use(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_info info = { .size = sizeof(info) };
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;
	struct result r;

	info = *schedtrace_context_info(ctx);
	info.memory_bytes = 1000 * K;
	must(schedtrace_context_set_info(ctx, &info, &err), &err);
	task.pid = task.tgid = 7;
	task.rss_bytes[0] = 40 * K;
	task.rss_bytes[1] = 20 * K;
	task.rss_bytes[2] = 0;
	task.rss_bytes[3] = K;
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	add(&b, 1, 0, 7, SCHEDTRACE_RSS_ANON, 30 * K, 111);
	add(&b, 2, 0, 7, SCHEDTRACE_RSS_SWAP, 8 * K, 111);
	add(&b, 3, 0, 7, SCHEDTRACE_RSS_ANON, 2 * K, 111);
	add(&b, 4, 0, 7, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 5, 0, 7, SCHEDTRACE_RSS_FILE, 10 * K, 222);
	add(&b, 6, 0, 7, SCHEDTRACE_RSS_FILE, 33 * K, 111); /* the old one is given back */
	add(&b, 7, 0, -1, SCHEDTRACE_RSS_FILE, 99 * K, 333);
	r = result_of(&b, "memory");
	expect(&r, 7, "rss_bytes", 10 * K);
	expect(&r, 7, "rss_peak_bytes", (40 + 30 + 1) * K);
	expect(&r, 7, "swap_peak_bytes", 8 * K);
	assert_true(schedtrace_table_reals(table_of(&r, "memory"), "share_rss")[0] == 1.0);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "memory")), 1);
	result_free(&r);
}

static void what_a_fork_fills_before_the_child_runs_is_the_childs(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_RSS_ANON, 30 * K, 111);
	make(&b, 2, 7, 8, 0x11, 8);
	add(&b, 3, 0, -1, SCHEDTRACE_RSS_FILE, 10 * K, 222);
	add(&b, 4, 0, -1, SCHEDTRACE_RSS_FILE, 12 * K, 222);
	add(&b, 5, 0, -1, SCHEDTRACE_RSS_ANON, 30 * K, 222);
	add(&b, 6, 0, 8, SCHEDTRACE_RSS_ANON, 31 * K, 222);
	add(&b, 7, 0, 8, SCHEDTRACE_RSS_ANON, 5 * K, 222);
	/* The id of the map is used again. */
	make(&b, 8, 7, 9, 0x11, 9);
	add(&b, 9, 0, -1, SCHEDTRACE_RSS_ANON, 30 * K, 222);
	add(&b, 10, 0, 9, SCHEDTRACE_RSS_ANON, 29 * K, 222);
	r = result_of(&b, "memory");
	expect(&r, 7, "rss_bytes", 30 * K);
	expect(&r, 8, "rss_bytes", (12 + 5) * K);
	expect(&r, 8, "rss_peak_bytes", (12 + 31) * K);
	expect(&r, 8, "rss_file_peak_bytes", 12 * K);
	expect(&r, 9, "rss_bytes", 29 * K);
	expect(&r, 9, "rss_peak_bytes", 29 * K);
	result_free(&r);
}

/* Nor does it begin with what was resident at the start. */
static void a_pid_used_again_is_another_process_though_no_fork_was_recorded(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct result r;

	task.pid = 7;
	task.rss_bytes[1] = 90 * K;
	must(schedtrace_context_add_task(schedtrace_builder_context(b.builder), &task, NULL), NULL);
	runs(&b, 1, 0, 7);
	add(&b, 2, 0, 7, SCHEDTRACE_MMAP, 100 * K, 10 * K);
	add(&b, 2, 0, 9, SCHEDTRACE_RSS_ANON, K, 77); /* resident memory is recorded */
	sw(&b, 3, 0, 7, 'Z', 0);
	sw(&b, 4, 0, 0, 'R', 7);
	add(&b, 5, 0, 7, SCHEDTRACE_MMAP, 100 * K, 3 * K);
	r = result_of(&b, "memory");
	assert_int_equal(nth(&r, "memory", "pid", 7, 0, "mapped_bytes"), 10 * K);
	assert_int_equal(nth(&r, "memory", "pid", 7, 0, "rss_bytes"), 90 * K);
	assert_int_equal(nth(&r, "memory", "pid", 7, 1, "mapped_bytes"), 3 * K);
	assert_int_equal(nth(&r, "memory", "pid", 7, 1, "rss_bytes"), INT64_MIN);
	result_free(&r);
}

static void the_map_of_a_later_program_may_have_the_id_of_an_earlier_one(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_RSS_ANON, 3 * K, 111);
	add(&b, 2, 0, -1, SCHEDTRACE_RSS_ANON, K, 222);
	add(&b, 3, 0, 7, SCHEDTRACE_RSS_ANON, 2 * K, 222);
	add(&b, 4, 0, 7, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 5, 0, 7, SCHEDTRACE_RSS_ANON, 5 * K, 222);
	add(&b, 6, 0, -1, SCHEDTRACE_RSS_ANON, K, 111);
	add(&b, 7, 0, 7, SCHEDTRACE_RSS_ANON, 4 * K, 111);
	add(&b, 8, 0, 7, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 9, 0, 7, SCHEDTRACE_RSS_ANON, 7 * K, 111);
	r = result_of(&b, "memory");
	expect(&r, 7, "rss_bytes", 7 * K);
	expect(&r, 7, "rss_peak_bytes", 7 * K);
	result_free(&r);
}

static void the_ten_that_requested_most_come_first_and_all_others_in_one_row(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *t;
	struct result r;

	for (int i = 0; i < 13; i++) { /* 1, 6, 11, 3, 8, 13, 5, 10, 2, 7, 12, 4, 9 pages, less 1 */
		int64_t bytes = (1 + i * 5 % 13) * K - 1;

		add(&b, 3 * i, 0, 20 + i, SCHEDTRACE_MMAP, 100 * K, bytes);
		add(&b, 3 * i + 1, 0, 20 + i, SCHEDTRACE_MUNMAP, 100 * K, K);
		add(&b, 3 * i + 2, 0, 20 + i, SCHEDTRACE_RSS_ANON, K, 500 + i);
	}
	r = result_of(&b, "memory");
	t = table_of(&r, "memory_biggest");
	assert_int_equal(schedtrace_table_rows(t), 11);
	for (int64_t i = 0; i < 10; i++) {
		int64_t pages = 13 - i;

		assert_int_equal(schedtrace_table_ints(t, "requested_bytes")[i], pages * K - 1);
		assert_int_equal(schedtrace_table_ints(t, "net_floor_bytes")[i], (pages - 1) * K);
		assert_int_equal(schedtrace_table_ints(t, "rss_peak_bytes")[i], K);
		assert_int_equal(schedtrace_table_ints(t, "processes")[i], 1);
	}
	assert_int_equal(schedtrace_table_ints(t, "pid")[0], 25);
	assert_int_equal(schedtrace_table_ints(t, "pid")[10], INT64_MIN);
	assert_string_equal(schedtrace_table_texts(t, "comm")[10], "others");
	assert_int_equal(schedtrace_table_ints(t, "processes")[10], 3);
	assert_int_equal(schedtrace_table_ints(t, "requested_bytes")[10], (1 + 2 + 3) * K - 3);
	assert_int_equal(schedtrace_table_ints(t, "net_floor_bytes")[10], (0 + 1 + 2) * K);
	/* Their peaks were at different times. */
	assert_int_equal(schedtrace_table_ints(t, "rss_peak_bytes")[10], INT64_MIN);
	assert_true(schedtrace_table_reals(t, "share_requested")[0] ==
		    100.0 * (13 * K - 1) / (91 * K - 13));
	assert_true(schedtrace_table_reals(t, "share_traced")[0] == 100.0 * 12 / 78);
	result_free(&r);
}

static void what_is_held_is_told_as_a_share_of_memory_and_swap(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	struct schedtrace_error err;
	struct result r;

	info.memory_bytes = 300 * K;
	info.memory_and_swap_bytes = 400 * K;
	must(schedtrace_context_set_info(ctx, &info, &err), &err);
	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 6 * K);
	add(&b, 2, 0, 7, SCHEDTRACE_MUNMAP, 100 * K, 2 * K);
	add(&b, 3, 0, 8, SCHEDTRACE_MMAP, 100 * K, 4 * K);
	r = result_of(&b, "memory");
	assert_true(schedtrace_table_reals(table_of(&r, "memory"), "share_held")[0] == 1.0);
	assert_true(schedtrace_table_reals(table_of(&r, "memory_biggest"), "share_held")[0] == 1.0);
	assert_true(schedtrace_table_reals(table_of(&r, "memory_system"), "share_held")[0] == 2.0);
	expect(&r, 7, "requested_bytes", 6 * K);
	result_free(&r);
}

static void what_was_resident_at_the_start_says_nothing_of_later(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;
	struct result r;

	task.pid = task.tgid = 7;
	for (int k = 0; k < 4; k++)
		task.rss_bytes[k] = 40 * K;
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, 100 * K, 6 * K);
	r = result_of(&b, "memory"); /* without changes of resident memory */
	expect(&r, 7, "rss_bytes", INT64_MIN);
	expect(&r, 7, "rss_peak_bytes", INT64_MIN);
	expect(&r, 7, "swap_peak_bytes", INT64_MIN);
	result_free(&r);
}

static void every_change_of_resident_memory_is_in_a_log(void **state)
{
	struct rows b = rows_new();
	auto_free char *log = NULL;

	add(&b, 1, 0, 7, SCHEDTRACE_RSS_ANON, 3 * K, 111);
	add(&b, 2, 0, 7, SCHEDTRACE_RSS_FILE, 2 * K, 111);
	add(&b, 3, 0, 8, SCHEDTRACE_RSS_SHMEM, K, 222);
	add(&b, 4, 0, 7, SCHEDTRACE_RSS_SWAP, 5 * K, 111);
	add(&b, 5, 0, 7, SCHEDTRACE_RSS_ANON, 0, 111);
	log = log_of(&b, "memory", "resident");
	assert_string_equal(log, "1|7|-|0|12288|0|0|12288\n"
				 "2|7|-|8192|12288|0|0|20480\n"
				 "3|8|-|0|0|4096|0|4096\n"
				 "4|7|-|8192|12288|0|20480|20480\n"
				 "5|7|-|8192|0|0|20480|8192\n");
}

static void faults_and_pages_are_counted_for_the_process(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_PRIO, 120, 0);
	make(&b, 2, 7, 8, 0x10100, 7);
	b.window_begin = 4;
	add(&b, 3, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, K, 0);
	add(&b, 4, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, K, 0);
	add(&b, 4, 0, 8, SCHEDTRACE_PAGE_FAULT_USER, K, 0);
	add(&b, 5, 0, 8, SCHEDTRACE_PAGE_FAULT_KERNEL, K, 0);
	add(&b, 5, 0, 8, SCHEDTRACE_MAJOR_FAULT, K, 0);
	add(&b, 6, 0, 8, SCHEDTRACE_PAGE_ALLOC, 77, 3);
	add(&b, 7, 0, 0, SCHEDTRACE_PAGE_FREE, 77, 3);
	r = result_of(&b, "memory");
	expect(&r, 7, "faults_user", 2);
	expect(&r, 7, "faults_kernel", 1);
	expect(&r, 7, "faults_major", 1);
	expect(&r, 7, "pages_allocated", 8);
	expect(&r, 7, "pages_freed", 0);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "memory_system"), "pages_freed")[0], 8);
	result_free(&r);
}

static void calls_with_absurd_sizes_are_counted_and_do_no_harm(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_MMAP, -K, INT64_MAX);
	add(&b, 2, 0, 7, SCHEDTRACE_MMAP, 0, INT64_MIN);
	add(&b, 3, 0, 7, SCHEDTRACE_BRK, INT64_MIN, 1);
	add(&b, 4, 0, 7, SCHEDTRACE_BRK, -1, 1);
	add(&b, 4, 0, 7, SCHEDTRACE_BRK, INT64_MIN + 1, 1);
	add(&b, 5, 0, 7, SCHEDTRACE_MREMAP_FROM, INT64_MAX, INT64_MAX);
	add(&b, 5, 0, 7, SCHEDTRACE_MREMAP_TO, INT64_MIN, INT64_MAX);
	add(&b, 6, 0, 7, SCHEDTRACE_CALL_FAILED, INT64_MIN, INT64_MIN);
	add(&b, 7, 0, 7, SCHEDTRACE_PAGE_ALLOC, 0, INT64_MAX);
	add(&b, 8, 0, 7, SCHEDTRACE_RSS_ANON, INT64_MAX, 1);
	add(&b, 9, 0, 7, SCHEDTRACE_RSS_FILE, INT64_MAX, 1);
	r = result_of(&b, "memory");
	expect(&r, 7, "mmaps", 2);
	expect(&r, 7, "rss_bytes", INT64_MAX);
	result_free(&r);
}

static void resident_memory_after_exec_counts_though_it_began_before(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_RSS_ANON, 30 * K, 111);
	add(&b, 2, 0, 7, SCHEDTRACE_RSS_ANON, 2 * K, 222); /* the new program's arguments */
	add(&b, 3, 0, 7, SCHEDTRACE_EXIT_MM, 0, 0);
	add(&b, 4, 0, 7, SCHEDTRACE_RSS_ANON, 50 * K, 222);
	add(&b, 5, 0, 7, SCHEDTRACE_RSS_ANON, 0, 111);
	r = result_of(&b, "memory");
	expect(&r, 7, "rss_bytes", 50 * K);
	expect(&r, 7, "rss_peak_bytes", 50 * K);
	result_free(&r);
}

static void calls_that_were_recorded_and_not_made_are_0_and_else_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 1, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, 4096, 0);
	r = result_of(&b, "memory");
	expect(&r, 7, "faults_user", 1);
	expect(&r, 7, "faults_kernel", 0);
	expect(&r, 7, "mmaps", INT64_MIN);
	expect(&r, 7, "failed", INT64_MIN);
	expect(&r, 7, "mapped_bytes", INT64_MIN);
	result_free(&r);

	b = rows_new();
	recorded(&b, "exceptions:page_fault_user,syscalls:sys_enter_mmap");
	add(&b, 1, 0, 7, SCHEDTRACE_PAGE_FAULT_USER, 4096, 0);
	r = result_of(&b, "memory");
	expect(&r, 7, "mmaps", 0);
	expect(&r, 7, "failed", 0);
	expect(&r, 7, "mapped_bytes", 0);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_know_what_is_mapped_and_sums_only_what_was_asked),
		cmocka_unit_test(mremap_moves_and_brk_grows_and_shrinks),
		cmocka_unit_test(threads_share_forks_copy_and_exec_drops),
		cmocka_unit_test(what_a_32_bit_program_holds_is_unknown),
		cmocka_unit_test(resident_memory_follows_the_address_space_in_use),
		cmocka_unit_test(resident_memory_after_exec_counts_though_it_began_before),
		cmocka_unit_test(what_a_fork_fills_before_the_child_runs_is_the_childs),
		cmocka_unit_test(a_pid_used_again_is_another_process_though_no_fork_was_recorded),
		cmocka_unit_test(the_map_of_a_later_program_may_have_the_id_of_an_earlier_one),
		cmocka_unit_test(the_ten_that_requested_most_come_first_and_all_others_in_one_row),
		cmocka_unit_test(what_is_held_is_told_as_a_share_of_memory_and_swap),
		cmocka_unit_test(what_was_resident_at_the_start_says_nothing_of_later),
		cmocka_unit_test(every_change_of_resident_memory_is_in_a_log),
		cmocka_unit_test(faults_and_pages_are_counted_for_the_process),
		cmocka_unit_test(calls_with_absurd_sizes_are_counted_and_do_no_harm),
		cmocka_unit_test(calls_that_were_recorded_and_not_made_are_0_and_else_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
