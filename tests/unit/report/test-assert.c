/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of schedreport assert: what they mean, what is wrong with them, and their verdicts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/events.h>

#include "analyze/assert/rule_figure.h"

static struct assert_rules parsed(const char *text)
{
	struct schedtrace_error err = { 0 };
	struct assert_rules rules;

	if (assert_rules_parse(&rules, "r", text, strlen(text), &err))
		fail_msg("%s", err.text);
	return rules;
}

static void a_measure_with_filters_and_a_rate_is_understood(void **state)
{
	struct assert_rules r = parsed("migrations(comm=make, pid != 7) < 300/s");
	const struct assert_rule *rule = r.list;
	const struct schedtrace_table_info *table = rule->sources[0].table;

	assert_int_equal(r.n, 1);
	assert_string_equal(rule->text, "migrations(comm=make, pid != 7) < 300/s");
	assert_int_equal(rule->function, ASSERT_SUM);
	assert_string_equal(table->name, "tasks");
	assert_string_equal(table->columns[rule->sources[0].column]->name, "migrations");
	assert_int_equal(rule->n_filters, 2);
	assert_string_equal(table->columns[rule->filters[0].column[0]]->name, "comm");
	assert_true(rule->filters[0].equal);
	assert_string_equal(rule->filters[0].value, "make");
	assert_false(rule->filters[1].equal);
	assert_int_equal(rule->filters[1].number, 7);
	assert_int_equal(rule->compare, COMPARE_BELOW);
	assert_true(rule->per_second);
	assert_true(rule->limit == 300);
	assert_rules_free(&r);
}

static void limits_are_in_the_units_of_the_figure(void **state)
{
	static const struct {
		const char *text;
		double limit;
	} cases[] = {
		{ "max(wakeup_latency) <= 2 ms", 2e6 },
		{ "p99(wakeup_latency)<2ms", 2e6 },
		{ "p99.9(wakeup_latency) < 1.5us", 1500 },
		{ "p50(wakeup_latency) < 10 µs", 10000 },
		{ "on_cpu > 0.5 s", 5e8 },
		{ "on_cpu > 1min", 6e10 },
		{ "on_cpu == 0", 0 },
		{ "rss_peak < 100 MiB", 104857600 },
		{ "rss_peak < 1e3 kB", 1e6 },
		{ "idle_while_waiting < 1 %", 1 },
		{ "mean(cpus.busy) > 12.5 %", 12.5 },
		{ "max(cpus.freq_khz) <= 3.5 GHz", 3.5e6 },
		{ "count(tasks) != 3", 3 },
		{ "min(requests.size) > -4 KiB", -4096 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct assert_rules r = parsed(cases[i].text);

		assert_true(fabs(r.list[0].limit - cases[i].limit) < 1e-6);
		assert_rules_free(&r);
	}
}

static void rules_stand_in_lines_or_between_semicolons_with_comments(void **state)
{
	struct assert_rules r = parsed("# all of it\n\n  losses == 0 ; gaps==0;# none\r\n"
				       "max(tasks.migrations, comm = 'a # b;)') < 3 # three\n");

	assert_int_equal(r.n, 3);
	assert_int_equal(r.list[0].line, 3);
	assert_string_equal(r.list[0].text, "losses == 0");
	assert_string_equal(r.list[1].text, "gaps==0");
	assert_int_equal(r.list[2].line, 4);
	assert_string_equal(r.list[2].filters[0].value, "a # b;)");
	assert_string_equal(r.list[2].text, "max(tasks.migrations, comm = 'a # b;)') < 3");
	assert_rules_free(&r);
}

static void a_latency_is_of_the_waits_that_ended_and_of_those_that_go_on(void **state)
{
	struct assert_rules r = parsed("max(fork_latency, comm=sh) < 1 s");

	assert_int_equal(r.list[0].n_sources, 2);
	assert_true(r.list[0].sources[0].is_log);
	assert_string_equal(r.list[0].sources[0].table->name, "latency_log");
	assert_string_equal(r.list[0].sources[1].table->name, "latency_open");
	assert_string_equal(r.list[0].filters[0].value, "new");
	assert_string_equal(r.list[0].filters[1].value, "sh");
	assert_rules_free(&r);
}

static void what_is_wrong_with_a_rule_is_said_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "r: there is no rule in it" },
		{ "# nothing", "r: there is no rule in it" },
		{ "migration < 3", "r:1:1: no measure migration; did you mean migrations?" },
		{ "losses == 0\n  sum(task.migrations) < 3",
		  "r:2:7: no table or log task; did you mean tasks; \"schedreport list\" names "
		  "them all" },
		{ "sum(tasks.migration) < 3",
		  "r:1:5: tasks has no column migration; did you mean migrations; \"schedreport "
		  "list\" names them all" },
		{ "sum(tasks) < 3",
		  "r:1:5: tasks is a table; say which of its columns, such as tasks.priority, or "
		  "count(tasks)" },
		{ "tasks.migrations < 3",
		  "r:1:1: tasks.migrations has many rows: say sum(tasks.migrations), "
		  "max(tasks.migrations), mean(tasks.migrations) or the like" },
		{ "wakeup_latency < 3 ms",
		  "r:1:1: wakeup_latency needs a function: max(wakeup_latency), "
		  "p99(wakeup_latency), mean(wakeup_latency)" },
		{ "p0(wakeup_latency) < 3 ms",
		  "r:1:1: p0 is no percentile; there are p1 to p100, and p99.9" },
		{ "p999(wakeup_latency) < 3 ms",
		  "r:1:1: p999 is no percentile; there are p1 to p100, and p99.9" },
		{ "sum on_cpu < 3", "r:1:5: sum needs brackets: sum(on_cpu)" },
		{ "sum() < 3", "r:1:5: a measure or TABLE.COLUMN is missing before \")\"" },
		{ "sum(on_cpu < 3 s", "r:1:12: a comma or a ) is missing before \"<\"" },
		{ "on_cpu(comm) < 3 s", "r:1:12: = or != is missing before \")\"" },
		{ "on_cpu(comm=) < 3 s", "r:1:13: a value is missing before \")\"" },
		{ "on_cpu(comm='a) < 3 s", "r:1:13: the ' at the end of the value is missing" },
		{ "on_cpu(com=a) < 3 s",
		  "r:1:8: tasks has no column com; did you mean comm; \"schedreport list\" names "
		  "them all" },
		{ "on_cpu(pid=make) < 3 s", "r:1:8: pid is a number, and \"make\" is none" },
		{ "sum(cpus.busy_ns, busy=3) < 3 s",
		  "r:1:19: busy is a figure; rows can be chosen by names and ids" },
		{ "on_cpu", "r:1:7: a comparison, <, <=, >, >=, == or !=, is missing before the "
			    "end of the rule" },
		{ "on_cpu = 3 s", "r:1:8: = chooses rows; a comparison is ==" },
		{ "on_cpu <", "r:1:9: a number is missing before the end of the rule" },
		{ "on_cpu < many", "r:1:10: a number is missing before \"many\"" },
		{ "on_cpu < 1.2.3 s", "r:1:10: 1.2.3 is no number" },
		{ "on_cpu < 3", "r:1:10: the limit needs a unit: ns, us, ms, s or min" },
		{ "on_cpu < 3 parsec", "r:1:12: no unit parsec" },
		{ "on_cpu < 3 MiB",
		  "r:1:12: the figure is in ns, us, ms, s or min, and the limit in MiB" },
		{ "migrations < 3 ms",
		  "r:1:16: the figure is a number without a unit, and the limit in ms" },
		{ "max(on_cpu) < 3 ms/s",
		  "r:1:19: only a sum or a count can be divided by the time, with /s" },
		{ "max(on_cpu) < 3 %",
		  "r:1:17: the figure is in ns, us, ms, s or min, and the limit in %" },
		{ "migrations < 3/h",
		  "r:1:15: only /s, a second of recorded time, can follow a limit" },
		{ "sum(tasks.comm) < 3", "r:1:5: comm is text; only count() can be asked of it" },
		{ "sum(tasks.pid) < 3",
		  "r:1:5: pid is no quantity; only count(), min() and max() make sense" },
		{ "p50(requests.size) < 3 B",
		  "r:1:5: size can be less than 0; percentiles are of what cannot" },
		{ "losses == 0 gaps == 0", "r:1:13: no unit gaps" },
		{ "on_cpu < 3 ms gaps == 0",
		  "r:1:15: the rule ends before \"gaps\"; put ; or a new line between rules" },
		{ "\xc3\xa4\xc3\xa4 losses == 0",
		  "r:1:1: a measure such as migrations, or a function, is missing before "
		  "\"\xc3\xa4\xc3\xa4\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct schedtrace_error err = { 0 };
		struct assert_rules rules;

		assert_int_equal(
			assert_rules_parse(&rules, "r", cases[i].text, strlen(cases[i].text), &err),
			SCHEDTRACE_E_USAGE);
		assert_string_equal(err.text, cases[i].message);
		assert_rules_free(&rules);
	}
}

static const bool all_seen[SCHEDTRACE_EVENT_COUNT] = {
	[SCHEDTRACE_MIGRATE] = true, [SCHEDTRACE_CTX_SWITCH] = true
};

/* The verdict on waits of @n lengths from 1 us on, each 1 us longer, the last of them doubtful. */
static struct assert_result waits_judged(const char *text, int n, int doubtful, double lost)
{
	struct assert_doubts doubts = { .lost = lost, .duration_ns = 2000000000, .seen = all_seen };
	struct assert_rules rules = parsed(text);
	struct assert_figure figure = { .rule = rules.list };
	struct assert_result result;

	for (int i = 1; i <= n; i++) {
		/* begin, latency and the most, pid, tgid, comm, kind, cpu, waker, moved */
		union schedtrace_value row[] = {
			{ .i = 0 },    { .i = i * 1000 }, { .i = i * 1000 }, { .i = 7 }, { .i = 7 },
			{ .s = "db" }, { .s = "wakeup" }, { .i = 0 },	     { .i = 9 }, { .i = 0 }
		};

		if (i > n - doubtful)
			row[2].i = INT64_MIN;
		assert_int_equal(assert_figure_row(&figure, 0, row), 0);
	}
	assert_figure_judge(&figure, &doubts, &result);
	assert_figure_free(&figure);
	assert_rules_free(&rules);
	return result;
}

static int verdict_of(const char *text, int n, int doubtful, double lost)
{
	return waits_judged(text, n, doubtful, lost).verdict;
}

static void a_percentile_is_decided_exactly_though_it_is_shown_from_a_histogram(void **state)
{
	struct assert_result r;

	/* nearest rank: of 1000 waits of 1 to 1000 us, p99 is 990 us, p99.9 is 999 us */
	assert_int_equal(verdict_of("p99(wakeup_latency) <= 990 us", 1000, 0, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("p99(wakeup_latency) < 990 us", 1000, 0, 0), ASSERT_FAILED);
	assert_int_equal(verdict_of("p99(wakeup_latency) == 990 us", 1000, 0, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("p99(wakeup_latency) != 990 us", 1000, 0, 0), ASSERT_FAILED);
	assert_int_equal(verdict_of("p99.9(wakeup_latency) <= 999 us", 1000, 0, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("p99.9(wakeup_latency) > 998 us", 1000, 0, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("median(wakeup_latency) >= 500 us", 1000, 0, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("median(wakeup_latency) > 500 us", 1000, 0, 0), ASSERT_FAILED);
	r = waits_judged("p99(wakeup_latency) < 991 us", 1000, 0, 0);
	assert_int_equal(r.verdict, ASSERT_HOLDS);
	assert_true(r.lo < 991000 && r.lo > 990000 * 31.0 / 32);
	assert_true(r.lo == r.hi);
	assert_int_equal(r.rows, 1000);
}

static void doubtful_waits_leave_a_rule_undecided_only_where_they_matter(void **state)
{
	/* of 100 waits the last 2 may be longer: p98 is 98 us all the same, p99 is not known */
	assert_int_equal(verdict_of("p98(wakeup_latency) <= 98 us", 100, 2, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("p99(wakeup_latency) < 1 ms", 100, 2, 0), ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("p99(wakeup_latency) < 99 us", 100, 2, 0), ASSERT_FAILED);
	assert_int_equal(verdict_of("max(wakeup_latency) < 1 ms", 100, 2, 0), ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("max(wakeup_latency) < 100 us", 100, 2, 0), ASSERT_FAILED);
	assert_int_equal(verdict_of("max(wakeup_latency) >= 100 us", 100, 2, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("min(wakeup_latency) == 1 us", 100, 2, 0), ASSERT_HOLDS);
	assert_int_equal(verdict_of("mean(wakeup_latency) >= 50.5 us", 100, 2, 0), ASSERT_HOLDS);
}

static void lost_records_can_hide_as_many_waits(void **state)
{
	/* 100 waits and up to 10 more: the median lies between the ranks 55 - 10 and 55 */
	assert_int_equal(verdict_of("median(wakeup_latency) <= 55 us", 100, 0, 10), ASSERT_HOLDS);
	assert_int_equal(verdict_of("median(wakeup_latency) < 55 us", 100, 0, 10),
			 ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("median(wakeup_latency) >= 45 us", 100, 0, 10), ASSERT_HOLDS);
	assert_int_equal(verdict_of("median(wakeup_latency) < 45 us", 100, 0, 10), ASSERT_FAILED);
	assert_int_equal(verdict_of("p99(wakeup_latency) < 1 s", 100, 0, 10), ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("count(latency_log) <= 110", 100, 0, 10), ASSERT_HOLDS);
	assert_int_equal(verdict_of("count(latency_log) < 110", 100, 0, 10), ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("count(latency_log) < 100", 100, 0, 10), ASSERT_FAILED);
	assert_int_equal(verdict_of("median(wakeup_latency) < 1 s", 100, 0, INFINITY),
			 ASSERT_UNCERTAIN);
	assert_int_equal(verdict_of("count(latency_log) < 100", 100, 0, INFINITY), ASSERT_FAILED);
}

static void sums_are_rates_and_shares_of_the_recorded_time(void **state)
{
	struct assert_result r = waits_judged("count(latency_log) < 51/s", 100, 0, 0);

	/* 100 in 2 s; their sum is 5.05 ms of 2 s */
	assert_true(r.lo == 50);
	assert_int_equal(r.verdict, ASSERT_HOLDS);
	r = waits_judged("sum(wakeup_latency) < 1 %", 100, 0, 0);
	assert_true(fabs(r.lo - 0.2525) < 1e-9);
	r = waits_judged("sum(wakeup_latency) < 1 ms/s", 100, 0, 0);
	assert_true(fabs(r.lo - 2525000) < 1e-3);
	assert_int_equal(r.verdict, ASSERT_FAILED);
}

static void rows_are_chosen_by_names_patterns_and_numbers(void **state)
{
	assert_int_equal(waits_judged("max(wakeup_latency, comm=db) > 0", 9, 0, 0).rows, 9);
	assert_int_equal(waits_judged("max(wakeup_latency, comm='d?') > 0", 9, 0, 0).rows, 9);
	assert_int_equal(waits_judged("max(wakeup_latency, comm!=db) > 0", 9, 0, 0).rows, 0);
	assert_int_equal(waits_judged("max(wakeup_latency, pid=7, cpu=0) > 0", 9, 0, 0).rows, 9);
	assert_int_equal(waits_judged("max(wakeup_latency, pid=8) > 0", 9, 0, 0).rows, 0);
	assert_int_equal(waits_judged("max(preempt_latency) > 0", 9, 0, 0).rows, 0);
}

static void what_matches_nothing_is_undecided_and_counts_as_none(void **state)
{
	struct assert_result r = waits_judged("max(wakeup_latency, comm=other) < 1 s", 9, 0, 0);

	assert_int_equal(r.verdict, ASSERT_UNCERTAIN);
	assert_string_equal(r.why, "nothing matched");
	assert_int_equal(verdict_of("count(latency_log, comm=other) == 0", 9, 0, 0), ASSERT_HOLDS);
}

static void a_figure_of_events_that_were_not_recorded_is_undecided(void **state)
{
	struct assert_doubts doubts = { .duration_ns = 1, .seen = (const bool[50]){ 0 } };
	struct assert_rules rules = parsed("migrations == 0");
	const struct schedtrace_table_info *table = rules.list[0].sources[0].table;
	struct assert_figure figure = { .rule = rules.list };
	union schedtrace_value *row = calloc(table->n_columns, sizeof(*row));
	struct assert_result result;

	assert_int_equal(assert_figure_row(&figure, 0, row), 0);
	assert_figure_judge(&figure, &doubts, &result);
	assert_int_equal(result.verdict, ASSERT_UNCERTAIN);
	assert_string_equal(result.why, "sched_migrate_task was not recorded");
	/* recorded, and there was none */
	doubts.recorded = "sched:sched_switch,sched:sched_migrate_task";
	assert_figure_judge(&figure, &doubts, &result);
	assert_int_equal(result.verdict, ASSERT_HOLDS);
	/* of 5 lost records each can have been one */
	doubts.lost = 5;
	assert_figure_judge(&figure, &doubts, &result);
	assert_int_equal(result.verdict, ASSERT_UNCERTAIN);
	assert_true(result.lo == 0 && result.hi == 5);
	assert_figure_free(&figure);
	assert_rules_free(&rules);
	free(row);
}

static void where_the_clock_was_set_back_a_time_may_be_longer_but_no_count(void **state)
{
	static const char *const texts[] = { "sum(tasks.sleep_ns) < 1 ms", "migrations == 0" };
	static const enum assert_verdict verdicts[] = { ASSERT_UNCERTAIN, ASSERT_HOLDS };
	struct assert_doubts doubts = { .duration_ns = 1, .seen = all_seen };

	doubts.clock_set_back = true;
	for (int i = 0; i < 2; i++) {
		struct assert_rules rules = parsed(texts[i]);
		const struct schedtrace_table_info *table = rules.list[0].sources[0].table;
		struct assert_figure figure = { .rule = rules.list };
		union schedtrace_value *row = calloc(table->n_columns, sizeof(*row));
		struct assert_result result;

		assert_int_equal(assert_figure_row(&figure, 0, row), 0);
		assert_figure_judge(&figure, &doubts, &result);
		assert_int_equal(result.verdict, verdicts[i]);
		if (result.why)
			assert_string_equal(result.why, "the clock was set back");
		assert_figure_free(&figure);
		assert_rules_free(&rules);
		free(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_measure_with_filters_and_a_rate_is_understood),
		cmocka_unit_test(limits_are_in_the_units_of_the_figure),
		cmocka_unit_test(rules_stand_in_lines_or_between_semicolons_with_comments),
		cmocka_unit_test(a_latency_is_of_the_waits_that_ended_and_of_those_that_go_on),
		cmocka_unit_test(what_is_wrong_with_a_rule_is_said_with_its_place),
		cmocka_unit_test(
			a_percentile_is_decided_exactly_though_it_is_shown_from_a_histogram),
		cmocka_unit_test(doubtful_waits_leave_a_rule_undecided_only_where_they_matter),
		cmocka_unit_test(lost_records_can_hide_as_many_waits),
		cmocka_unit_test(sums_are_rates_and_shares_of_the_recorded_time),
		cmocka_unit_test(rows_are_chosen_by_names_patterns_and_numbers),
		cmocka_unit_test(what_matches_nothing_is_undecided_and_counts_as_none),
		cmocka_unit_test(a_figure_of_events_that_were_not_recorded_is_undecided),
		cmocka_unit_test(where_the_clock_was_set_back_a_time_may_be_longer_but_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
