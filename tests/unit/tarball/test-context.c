/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/context.h>

static int setup(void **state)
{
	return schedtrace_context_new((struct schedtrace_context **)state, NULL);
}

static int teardown(void **state)
{
	schedtrace_context_free(*state);
	return 0;
}

static void a_new_context_knows_nothing(void **state)
{
	const struct schedtrace_info *info = schedtrace_context_info(*state);
	size_t n = 7;

	assert_true(info->begin_ns == INT64_MIN && info->wall_offset_end_ns == INT64_MIN);
	assert_null(info->clock);
	assert_int_equal(info->cpus, 0);
	schedtrace_context_cpus(*state, &n);
	assert_int_equal(n, 0);
	n = 7;
	schedtrace_context_tasks(*state, &n);
	assert_int_equal(n, 0);
	assert_null(schedtrace_context_comm(*state, 0));
	assert_null(schedtrace_context_comm(*state, 1));
}

static void facts_are_copied_and_may_be_replaced(void **state)
{
	char clock[] = "mono";
	struct schedtrace_info info = { .size = sizeof(info), .cpus = 2, .clock = clock };

	assert_int_equal(schedtrace_context_set_info(*state, &info, NULL), 0);
	clock[0] = 'X';
	assert_string_equal(schedtrace_context_info(*state)->clock, "mono");
	info = *schedtrace_context_info(*state);
	info.host = "pluto";
	assert_int_equal(schedtrace_context_set_info(*state, &info, NULL), 0);
	assert_string_equal(schedtrace_context_info(*state)->clock, "mono");
	assert_string_equal(schedtrace_context_info(*state)->host, "pluto");
}

static void an_older_and_shorter_info_leaves_the_rest_unknown(void **state)
{
	struct schedtrace_info info = { .size = offsetof(struct schedtrace_info, clock),
					.cpus = 3,
					.clock = (const char *)1 };

	assert_int_equal(schedtrace_context_set_info(*state, &info, NULL), 0);
	assert_int_equal(schedtrace_context_info(*state)->cpus, 3);
	assert_null(schedtrace_context_info(*state)->clock);
	info.size = 0;
	assert_int_equal(schedtrace_context_set_info(*state, &info, NULL), SCHEDTRACE_E_USAGE);
}

static void cpus_are_sorted_by_id_and_replaced(void **state)
{
	static const int32_t ids[] = { 5, 0, 65534, 3, 5 };
	const struct schedtrace_cpu *cpus;
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		struct schedtrace_cpu cpu = { .cpu = ids[i], .lost = (int64_t)i };

		assert_int_equal(schedtrace_context_set_cpu(*state, &cpu, NULL), 0);
	}
	cpus = schedtrace_context_cpus(*state, &n);
	assert_int_equal(n, 4);
	assert_int_equal(cpus[0].cpu, 0);
	assert_int_equal(cpus[1].cpu, 3);
	assert_int_equal(cpus[2].cpu, 5);
	assert_int_equal(cpus[2].lost, 4);
	assert_int_equal(cpus[3].cpu, 65534);
	assert_int_equal(
		schedtrace_context_set_cpu(*state, &(struct schedtrace_cpu){ .cpu = 65535 }, NULL),
		SCHEDTRACE_E_USAGE);
}

static void a_name_has_one_id_whatever_its_bytes(void **state)
{
	assert_int_equal(schedtrace_context_intern_comm(*state, "make", 4, NULL), 1);
	assert_int_equal(schedtrace_context_intern_comm(*state, "\xff\n", 2, NULL), 2);
	assert_int_equal(schedtrace_context_intern_comm(*state, "make\0junk", 9, NULL), 1);
	assert_int_equal(schedtrace_context_intern_comm(*state, "mak", 3, NULL), 3);
	assert_int_equal(schedtrace_context_intern_comm(*state, "", 0, NULL), 0);
	assert_int_equal(schedtrace_context_comms(*state), 3);
	assert_string_equal(schedtrace_context_comm(*state, 2), "\xff\n");
	assert_null(schedtrace_context_comm(*state, 4));
	assert_null(schedtrace_context_comm(*state, -1));
}

static void a_million_names_and_tasks_are_kept_apart(void **state)
{
	const struct schedtrace_task *tasks;
	char name[16];
	size_t n;

	for (int i = 0; i < 1000000; i++) {
		struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;

		snprintf(name, sizeof(name), "task-%d", i);
		assert_int_equal(schedtrace_context_intern_comm(*state, name, sizeof(name), NULL),
				 i + 1);
		task.pid = 1000000 - i;
		task.comm = i + 1;
		assert_int_equal(schedtrace_context_add_task(*state, &task, NULL), 0);
	}
	tasks = schedtrace_context_tasks(*state, &n);
	assert_int_equal(n, 1000000);
	for (int i = 0; i < 1000000; i++) {
		assert_int_equal(tasks[i].pid, i + 1);
		snprintf(name, sizeof(name), "task-%d", 999999 - i);
		assert_string_equal(schedtrace_context_comm(*state, tasks[i].comm), name);
	}
}

static void tasks_come_by_pid_and_start_and_the_last_added_of_equals_stays(void **state)
{
	static const struct {
		int32_t pid;
		int64_t start, seen;
		int32_t tgid;
	} lives[] = { { 9, 50, INT64_MIN, 1 },	      { 3, 10, INT64_MIN, 2 },
		      { 9, INT64_MIN, INT64_MIN, 3 }, { 3, 10, INT64_MIN, 4 },
		      { 9, 50, INT64_MIN, 5 },	      { 9, INT64_MIN, 30, 6 } };
	const struct schedtrace_task *tasks;
	size_t n;

	for (size_t i = 0; i < sizeof(lives) / sizeof(*lives); i++) {
		struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;

		task.pid = lives[i].pid;
		task.start_ns = lives[i].start;
		task.seen_ns = lives[i].seen;
		task.tgid = lives[i].tgid;
		assert_int_equal(schedtrace_context_add_task(*state, &task, NULL), 0);
		if (i == 2)
			schedtrace_context_tasks(*state, &n);
	}
	tasks = schedtrace_context_tasks(*state, &n);
	assert_int_equal(n, 4);
	assert_int_equal(tasks[0].tgid, 4);
	assert_int_equal(tasks[1].tgid, 3);
	assert_int_equal(tasks[2].tgid, 6);
	assert_int_equal(tasks[3].tgid, 5);
	assert_int_equal(tasks[3].exit_code, -1);
}

static void a_task_keeps_its_names_over_time(void **state)
{
	struct schedtrace_task_name names[] = { { 100, 2 }, { 200, 3 } };
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	const struct schedtrace_task *tasks;
	size_t n;

	task.pid = 7;
	task.n_names = 2;
	task.names = names;
	assert_int_equal(schedtrace_context_add_task(*state, &task, NULL), 0);
	names[1].comm = 99;
	tasks = schedtrace_context_tasks(*state, &n);
	assert_int_equal(tasks[0].n_names, 2);
	assert_int_equal(tasks[0].names[1].comm, 3);
	assert_int_equal(tasks[0].names[1].time_ns, 200);
	task.pid = 0;
	assert_int_equal(schedtrace_context_add_task(*state, &task, NULL), SCHEDTRACE_E_USAGE);
}

static void unknown_events_get_ids_after_our_own(void **state)
{
	assert_int_equal(schedtrace_context_add_event(*state, "BLOCK", NULL), SCHEDTRACE_BLOCK);
	assert_int_equal(schedtrace_context_add_event(*state, "MINE", NULL),
			 SCHEDTRACE_EVENT_COUNT);
	assert_int_equal(schedtrace_context_add_event(*state, "MINE", NULL),
			 SCHEDTRACE_EVENT_COUNT);
	assert_string_equal(schedtrace_context_event_name(*state, SCHEDTRACE_EVENT_COUNT), "MINE");
	assert_string_equal(schedtrace_context_event_name(*state, 0), "EXEC");
	assert_null(schedtrace_context_event_name(*state, SCHEDTRACE_EVENT_COUNT + 1));
	assert_null(schedtrace_context_event_name(*state, -1));
	assert_int_equal(schedtrace_context_add_event(*state, "A B", NULL), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_context_add_event(*state, "", NULL), SCHEDTRACE_E_USAGE);
}

#define context_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		context_test(a_new_context_knows_nothing),
		context_test(facts_are_copied_and_may_be_replaced),
		context_test(an_older_and_shorter_info_leaves_the_rest_unknown),
		context_test(cpus_are_sorted_by_id_and_replaced),
		context_test(a_name_has_one_id_whatever_its_bytes),
		context_test(a_million_names_and_tasks_are_kept_apart),
		context_test(tasks_come_by_pid_and_start_and_the_last_added_of_equals_stays),
		context_test(a_task_keeps_its_names_over_time),
		context_test(unknown_events_get_ids_after_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
