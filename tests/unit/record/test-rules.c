/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/triggers/save_rules.h"

static struct rules one(const char *text)
{
	struct schedtrace_error err = { 0 };
	struct rules r;

	if (rules_parse(&r, &text, 1, &err) != 0)
		fail_msg("%s", err.text);
	return r;
}

static void refused(const char *text, const char *sentence)
{
	struct schedtrace_error err = { 0 };
	struct rules r;

	assert_int_equal(rules_parse(&r, &text, 1, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, sentence);
	rules_free(&r);
}

static void a_rule_has_a_measure_a_task_a_comparison_and_a_limit(void **state)
{
	struct rules r = one("latency(comm=db) > 5ms");

	assert_int_equal(r.list[0].measure, RULE_LATENCY);
	assert_string_equal(r.list[0].comm, "db");
	assert_int_equal(r.list[0].pid, -1);
	assert_int_equal(r.list[0].compare, COMPARE_ABOVE);
	assert_int_equal(r.list[0].limit, 5000000);
	rules_free(&r);
	r = one(" run ( comm=my task, pid=42 )>= 1.5 s ");
	assert_int_equal(r.list[0].measure, RULE_RUN);
	assert_string_equal(r.list[0].comm, "my task");
	assert_int_equal(r.list[0].pid, 42);
	assert_int_equal(r.list[0].compare, COMPARE_AT_LEAST);
	assert_int_equal(r.list[0].limit, 1500000000);
	rules_free(&r);
	r = one("faults>1000/s");
	assert_int_equal(r.list[0].limit, 1000);
	rules_free(&r);
	r = one("exit != 0");
	assert_int_equal(r.list[0].compare, COMPARE_OTHER);
	rules_free(&r);
	r = one("latency > 250us");
	assert_int_equal(r.list[0].limit, 250000);
	rules_free(&r);
}

static void what_is_no_rule_is_refused_with_the_place_and_what_is_missing(void **state)
{
	refused("delay > 5ms",
		"rule 'delay > 5ms': latency, run, faults or exit is missing at character 1");
	refused("latency(db) > 5ms",
		"rule 'latency(db) > 5ms': comm=NAME or pid=PID is missing at character 9");
	refused("latency(cpu=1) > 5ms", "rule 'latency(cpu=1) > 5ms': only comm and pid can be "
					"asked for, not this at character 9");
	refused("latency(comm=db > 5ms",
		"rule 'latency(comm=db > 5ms': a ) is missing at character 22");
	refused("latency(pid=x) > 5ms",
		"rule 'latency(pid=x) > 5ms': a pid is missing at character 13");
	refused("latency 5ms",
		"rule 'latency 5ms': a comparison such as > is missing at character 9");
	refused("latency < 5ms", "rule 'latency < 5ms': only > and >= make sense for this measure, "
				 "not this at character 9");
	refused("latency > 5", "rule 'latency > 5': a time with its unit, ns, us, ms or s, is "
			       "missing at character 11");
	refused("latency > ms", "rule 'latency > ms': a number is missing at character 11");
	refused("faults > 5",
		"rule 'faults > 5': a rate such as 1000/s is missing at character 10");
	refused("exit(comm=x) > 0",
		"rule 'exit(comm=x) > 0': exit is the command's: it takes no task at character 5");
	refused("exit > 1.5", "rule 'exit > 1.5': a whole number is missing at character 8");
}

static void a_name_may_be_a_pattern_as_in_filters_and_assertions(void **state)
{
	struct rules r = one("latency(comm=worker*) > 5ms");

	rules_waking(&r, 0, 7, "worker/3");
	rules_waking(&r, 0, 8, "coworker");
	rules_switch_in(&r, 9000000, 8, "coworker");
	assert_string_equal(r.fired, "");
	rules_switch_in(&r, 9000000, 7, "worker/3");
	assert_string_equal(r.fired, "latency(comm=worker*) > 5ms: worker/3 7 waited 9.000 ms");
	rules_free(&r);
	r = one("run(comm='a, (b)?' , pid=9) > 5ms");
	assert_string_equal(r.list[0].comm, "a, (b)?");
	assert_int_equal(r.list[0].pid, 9);
	rules_free(&r);
	r = one("latency(comm=[k]) > 5ms"); /* its name, though it is a pattern too */
	rules_waking(&r, 0, 7, "[k]");
	rules_switch_in(&r, 9000000, 7, "[k]");
	assert_string_not_equal(r.fired, "");
	rules_free(&r);
	r = one("latency(comm=a\\x1bb) > 5ms"); /* as it is printed */
	rules_waking(&r, 0, 7,
		     "a\x1b"
		     "b");
	rules_switch_in(&r, 9000000, 7,
			"a\x1b"
			"b");
	assert_string_not_equal(r.fired, "");
	rules_free(&r);
	refused("latency(comm='db) > 5ms", "rule 'latency(comm='db) > 5ms': the quote that ends "
					   "this is missing at character 14");
	refused("latency(comm=sixteen_letters_) > 5ms",
		"rule 'latency(comm=sixteen_letters_) > 5ms': a task's name has 1 to 15 "
		"characters; this does not stand at character 14");
	refused("faults(comm=a\\x1b*) > 5/s",
		"rule 'faults(comm=a\\x1b*) > 5/s': of faults the kernel tells names, and takes "
		"no quote or backslash; this does not stand at character 13");
}

static void only_one_rule_can_be_about_faults(void **state)
{
	const char *texts[] = { "faults(comm=a) > 1/s", "faults(comm=b) > 1/s" };
	struct schedtrace_error err = { 0 };
	struct rules r;

	assert_int_equal(rules_parse(&r, texts, 2, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "only one rule can be about faults");
	rules_free(&r);
}

static void a_latency_counts_from_the_waking_to_the_switch(void **state)
{
	struct rules r = one("latency(comm=db) > 5ms");

	rules_waking(&r, 1000, 7, "db");
	rules_waking(&r, 2000, 8, "other");
	rules_switch_in(&r, 9000000, 8, "other");
	rules_switch_in(&r, 5001000, 7, "db");
	assert_string_equal(r.fired, "");
	rules_switch_out(&r, 5002000, 7, false);
	rules_waking(&r, 10000000, 7, "db");
	rules_switch_in(&r, 15000001, 7, "db");
	assert_string_equal(r.fired, "latency(comm=db) > 5ms: db 7 waited 5.000 ms");
	rules_free(&r);
}

static void a_task_woken_twice_has_run_in_between_and_waits_from_the_second(void **state)
{
	struct rules r = one("latency > 5ms");

	rules_waking(&r, 0, 7, "db");
	rules_waking(&r, 10000000, 7, "db");
	rules_switch_in(&r, 15000000, 7, "db");
	assert_string_equal(r.fired, "");
	rules_free(&r);
}

static void charged_time_bounds_a_wait_whose_end_was_not_recorded(void **state)
{
	struct rules r = one("latency > 5ms");

	/* 4 ms until 15 ms: it began at 11, having waited for 1. */
	rules_waking(&r, 10000000, 7, "db");
	rules_charged(&r, 15000000, 7, 4000000);
	rules_charged(&r, 30000000, 7, 1000000);
	assert_string_equal(r.fired, "");
	rules_switch_out(&r, 30000000, 7, false);
	/* More than has passed: it was charged from before it was woken. */
	rules_waking(&r, 40000000, 7, "db");
	rules_charged(&r, 50000000, 7, 60000000);
	rules_switch_out(&r, 50000000, 7, false);
	/* Another task's time says nothing. */
	rules_waking(&r, 60000000, 7, "db");
	rules_charged(&r, 90000000, 8, 1000);
	assert_string_equal(r.fired, "");
	rules_charged(&r, 90000000, 7, 24000000);
	assert_string_equal(r.fired, "latency > 5ms: db 7 waited at least 6.000 ms");
	rules_free(&r);
}

static void a_task_that_ran_without_a_record_runs_from_where_its_charge_began(void **state)
{
	struct rules r = one("run > 5ms");

	rules_waking(&r, 1000000, 7, "db");
	rules_charged(&r, 4000000, 7, 2000000);
	rules_switch_out(&r, 8000000, 7, false);
	assert_string_equal(r.fired, "run > 5ms: db 7 ran without sleep for 6.000 ms");
	rules_free(&r);
}

static void a_task_woken_while_it_runs_waits_from_its_leaving(void **state)
{
	struct rules r = one("latency > 5ms");

	rules_switch_in(&r, 0, 7, "db");
	rules_waking(&r, 1000000, 7, "db");
	rules_switch_out(&r, 8000000, 7, false);
	rules_switch_in(&r, 9000000, 7, "db");
	assert_string_equal(r.fired, "");
	rules_waking(&r, 10000000, 7, "db");
	rules_switch_out(&r, 11000000, 7, false);
	rules_switch_in(&r, 17000000, 7, "db");
	assert_string_equal(r.fired, "latency > 5ms: db 7 waited 6.000 ms");
	rules_free(&r);
}

static bool awake(int32_t pid)
{
	return false;
}

static bool asleep(int32_t pid)
{
	return true;
}

static void run_time_adds_up_over_preemptions_until_the_task_sleeps(void **state)
{
	struct rules r = one("run(pid=7) > 100ms");

	rules_switch_in(&r, 0, 7, "hog");
	rules_switch_out(&r, 60000000, 7, true);
	rules_switch_in(&r, 80000000, 7, "hog");
	rules_switch_out(&r, 120000000, 7, false); /* exactly 100 ms */
	assert_string_equal(r.fired, "");
	rules_switch_in(&r, 200000000, 7, "hog");
	rules_switch_out(&r, 260000000, 7, true);
	rules_switch_in(&r, 270000000, 7, "hog");
	rules_tick(&r, 310000000, awake);
	assert_string_equal(r.fired, "");
	rules_tick(&r, 320000000, awake);
	assert_string_equal(r.fired, "run(pid=7) > 100ms: hog 7 ran without sleep for 110.000 ms");
	r.fired[0] = '\0';
	rules_tick(&r, 330000000, awake);
	assert_string_equal(r.fired, ""); /* once a run */
	rules_free(&r);
}

static void a_task_that_sleeps_without_a_record_of_it_neither_runs_nor_waits(void **state)
{
	struct rules r = one("run > 100ms");

	rules_switch_in(&r, 0, 7, "hog");
	rules_tick(&r, 500000000, asleep);
	assert_string_equal(r.fired, "");
	assert_int_equal(r.n_tasks, 0);
	rules_waking(&r, 0, 8, "waits");
	rules_tick(&r, 500000000, awake);
	assert_int_equal(r.n_tasks, 1);
	rules_tick(&r, 500000000, asleep);
	assert_int_equal(r.n_tasks, 0);
	rules_free(&r);
}

static void faults_are_counted_over_the_last_second(void **state)
{
	struct rules r = one("faults > 10/s");

	for (int i = 0; i < 10; i++)
		rules_fault(&r, i * 90000000LL, 7, NULL);
	assert_string_equal(r.fired, "");
	rules_fault(&r, 1500000000, 7, NULL); /* most of them are older */
	assert_string_equal(r.fired, "");
	for (int i = 0; i < 10; i++)
		rules_fault(&r, 9000000000, 7, NULL);
	assert_string_equal(r.fired, "");
	rules_fault(&r, 9000000001, 7, NULL);
	assert_string_equal(r.fired, "faults > 10/s: 11 faults in a second");
	rules_free(&r);
}

static void the_status_of_the_command_is_compared(void **state)
{
	struct rules r = one("exit != 0");

	rules_exit(&r, 0);
	assert_string_equal(r.fired, "");
	rules_exit(&r, 139);
	assert_string_equal(r.fired, "exit != 0: status 139");
	rules_free(&r);
}

static void only_tasks_that_wait_or_run_are_held(void **state)
{
	struct rules r = one("latency > 5ms");

	for (int pid = 1; pid < 5000; pid++) {
		rules_waking(&r, pid, pid, "x");
		rules_switch_in(&r, pid + 1, pid, "x");
		rules_switch_out(&r, pid + 2, pid, false);
	}
	assert_int_equal(r.n_tasks, 0);
	rules_free(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_a_measure_a_task_a_comparison_and_a_limit),
		cmocka_unit_test(what_is_no_rule_is_refused_with_the_place_and_what_is_missing),
		cmocka_unit_test(a_name_may_be_a_pattern_as_in_filters_and_assertions),
		cmocka_unit_test(only_one_rule_can_be_about_faults),
		cmocka_unit_test(a_latency_counts_from_the_waking_to_the_switch),
		cmocka_unit_test(a_task_woken_twice_has_run_in_between_and_waits_from_the_second),
		cmocka_unit_test(charged_time_bounds_a_wait_whose_end_was_not_recorded),
		cmocka_unit_test(a_task_that_ran_without_a_record_runs_from_where_its_charge_began),
		cmocka_unit_test(a_task_woken_while_it_runs_waits_from_its_leaving),
		cmocka_unit_test(run_time_adds_up_over_preemptions_until_the_task_sleeps),
		cmocka_unit_test(a_task_that_sleeps_without_a_record_of_it_neither_runs_nor_waits),
		cmocka_unit_test(faults_are_counted_over_the_last_second),
		cmocka_unit_test(the_status_of_the_command_is_compared),
		cmocka_unit_test(only_tasks_that_wait_or_run_are_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
