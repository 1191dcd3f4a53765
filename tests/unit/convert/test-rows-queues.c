/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RQ_SIZE rows: lengths of run queues, and when nobody knows them. */
#include "tests/unit/made_rows.h"

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
				     "30 1 40 MIGRATE 0 1 s\n"
				     "30 1 40 PRIO 120 0 s\n");
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
				     "110 1 0 LOST -1 0 -\n"
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

static void after_the_clock_was_set_back_whoever_ran_goes_on(void **state)
{
	struct trace *t = *state;

	record(t, 5, 1, 30, "timer_start", "0");
	forget(t);
	for (int cpu = 0; cpu < 2; cpu++) /* of CPU 0 there was no record yet */
		give(t, &(struct record){ .timestamp = 60, .kind = RECORD_GAP, .cpu = cpu });
	lost(t, 100, 0, 0, 60);
	lost(t, 100, 1, 0, 60);
	record(t, 101, 1, 30, "timer_start", "0");
	assert_string_equal(rows(t), "60 1 0 GAP 0 0 -\n"
				     "100 1 0 LOST 0 60 -\n"
				     "100 1 30 RUNS -1 0 -\n");
}

static void over_a_clock_that_is_set_back_a_call_goes_on(void **state)
{
	struct trace *t = *state;

	record(t, 10, 1, 30, "sys_enter_futex", "0x7fff00001000 129");
	give(t, &(struct record){ .timestamp = 10, .kind = RECORD_GAP, .cpu = 1 });
	lost(t, 20, 1, 0, 10);
	forget(t);
	record(t, 22, 1, 30, "sched_waking", "w 40 120 1");
	assert_string_equal(rows(t), "22 1 40 PRIO 120 0 w\n"
				     "22 1 40 WAKING 30 1 w\n"
				     "22 1 40 WAKE_FUTEX 140733193392128 0 w\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_run_queue_follows_wakeups_switches_and_blocks),
		TEST(migration_moves_a_queued_task_and_not_a_sleeping_one),
		TEST(a_missing_switch_from_idle_leaves_the_queue_certain),
		TEST(a_missing_switch_from_a_task_makes_the_queue_unknown_until_idle),
		TEST(lost_records_make_every_queue_unknown),
		TEST(in_a_gap_no_queue_is_known_and_after_it_nobody_is_believed_to_run),
		TEST(after_the_clock_was_set_back_whoever_ran_goes_on),
		TEST(over_a_clock_that_is_set_back_a_call_goes_on),
		TEST(a_task_found_on_a_queue_is_counted_from_then_on),
		TEST(without_wakeups_no_queue_is_ever_certain),
		TEST(the_list_of_tasks_makes_queues_certain_that_are_never_idle),
		TEST(a_list_that_a_migration_overtook_makes_nothing_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
