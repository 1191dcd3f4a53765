/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows about memory, page faults, and samples. */
#include "tests/unit/made_rows.h"

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

static void samples(struct trace *t, int64_t timestamp, const struct marker_sample *s, size_t n,
		    size_t bytes)
{
	marker(t, timestamp, MARKER_SAMPLES, s, n * sizeof(*s), bytes);
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
		TEST(memory_calls_give_rows_when_they_succeed),
		TEST(calls_of_two_tasks_do_not_mix_and_gaps_are_not_bridged),
		TEST(the_break_is_written_when_it_changes),
		TEST(addresses_for_a_32_bit_call_are_seen_where_the_kernel_finds_room),
		TEST(resident_memory_belongs_to_the_first_that_changes_it_as_its_own),
		TEST(a_fault_is_major_if_its_own_page_has_to_be_read),
		TEST(pages_belong_to_the_current_task_and_failed_allocations_to_nobody),
		TEST(samples_give_rows_of_the_process_that_was_sampled),
		TEST(samples_that_cannot_be_give_no_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
