/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records small enough for a pencil, and the rows that they must give. A record is written as its
 * values in the order of its format, the rows as "time cpu pid EVENT arg0 arg1 name".
 */
#include "tests/unit/made_rows.h"

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
				     "110 1 30 WAKEUP_NEW 0 0 c\n"
				     "110 0 30 PRIO 110 0 c\n");
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

static void runtime_is_charged_to_the_task_named(void **state)
{
	struct trace *t = *state;

	record(t, 10, 0, 20, "sched_stat_runtime", "r 21 3000000000");
	assert_string_equal(rows(t), "10 0 20 RUNS -1 0 -\n"
				     "10 0 21 STAT_RUNTIME 3000000000 0 r\n");
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

static void ns_beyond_the_integers_of_floating_point_are_kept_whole(void **state)
{
	struct trace *t = *state;
	int64_t beyond = (INT64_C(1) << 53) + 1;

	record(t, beyond, 1, 5, "sched_wakeup", "a 10 120 0");
	forget(t);
	record(t, beyond + 1, 1, 5, "sched_wakeup", "a 10 120 0");
	assert_string_equal(rows(t), "9007199254740994 0 10 WAKEUP 0 0 a\n");
}

static void a_record_shorter_than_its_format_is_lost_and_counted(void **state)
{
	struct trace *t = *state;
	size_t format = (size_t)(format_of(t, "sched_switch") - t->formats);
	const uint8_t data[16] = { 0 };
	const char *why;

	record(t, 0, 0, 10, "timer_start", "0");
	forget(t);
	give(t, &(struct record){ .timestamp = 10,
				  .data = data,
				  .size = sizeof(data),
				  .kind = RECORD_EVENT,
				  .pid = 10,
				  .format = (uint16_t)format });
	assert_string_equal(rows(t), "10 0 0 LOST 1 10 -\n");
	assert_int_equal(row_maker_left_out(t->maker, format, &why), 1);
	assert_string_equal(why, "they are shorter than the event's format text says");
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
		TEST(a_frequency_is_a_tick_of_its_cpu_with_the_current_task),
		TEST(interrupts_are_told_apart_by_65536),
		TEST(a_futex_wake_names_who_is_woken_inside_it),
		TEST(runtime_is_charged_to_the_task_named),
		TEST(a_format_without_a_needed_field_is_named_and_skipped),
		TEST(an_old_kernels_wakeup_without_success_is_none),
		TEST(ns_beyond_the_integers_of_floating_point_are_kept_whole),
		TEST(a_record_shorter_than_its_format_is_lost_and_counted),
		TEST(odd_pids_and_cpus_make_rows_and_no_tasks),
		TEST(a_cpu_that_was_not_read_to_the_end_ends_with_a_gap),
		TEST(a_cpu_that_goes_and_comes_has_rows_and_is_believed_to_run_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
