/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lives, names and processes of tasks. */
#include "tests/unit/made_rows.h"

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

/* The lives of all pids, "pid start/seen-end comm(>name)*" a line; - unknown. */
static const char *lives(struct trace *t)
{
	const struct schedtrace_task *tasks;
	struct schedtrace_error err;
	size_t n, used = 0;

	assert_int_equal(tasks_to_context(row_maker_tasks(t->maker), &err), 0);
	tasks = schedtrace_context_tasks(t->ctx, &n);
	t->text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const int64_t times[] = { tasks[i].start_ns, tasks[i].seen_ns, tasks[i].end_ns };
		const char *comm = schedtrace_context_comm(t->ctx, tasks[i].comm);

		used += (size_t)snprintf(t->text + used, sizeof(t->text) - used, "%d ",
					 tasks[i].pid);
		for (int k = 0; k < 3; k++)
			used += (size_t)snprintf(t->text + used, sizeof(t->text) - used,
						 times[k] == INT64_MIN ? "- " : "%" PRId64 " ",
						 times[k]);
		used += (size_t)snprintf(t->text + used, sizeof(t->text) - used, "%s",
					 comm ? comm : "-");
		for (size_t k = 0; k < tasks[i].n_names; k++)
			used += (size_t)snprintf(
				t->text + used, sizeof(t->text) - used, ">%s",
				schedtrace_context_comm(t->ctx, tasks[i].names[k].comm));
		used += (size_t)snprintf(t->text + used, sizeof(t->text) - used, "\n");
	}
	return t->text;
}

static void what_begins_a_life_is_the_first_row_that_names_it(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_wakeup_new", "one 20 120 0");
	record(t, 110, 0, 10, "sched_switch", "sh 10 120 1 one 20 120");
	record(t, 120, 0, 20, "sched_switch", "one 20 120 16 sh 10 120");
	forget(t);
	record(t, 130, 0, 10, "sched_wakeup_new", "two 20 130 0");
	assert_string_equal(rows(t), "130 0 20 WAKEUP_NEW 0 0 two\n"
				     "130 0 20 PRIO 130 0 two\n");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "20 100 - 120 one\n"
				      "20 130 - - two\n");
}

static void a_dead_tasks_pid_seen_alive_begins_a_life_whose_start_is_unknown(void **state)
{
	static const struct {
		const char *event, *values, *rows;
	} signs[] = {
		{ "sched_waking", "two 20 130 0", "200 0 20 WAKING 0 0 two\n" },
		{ "sched_wakeup", "two 20 130 0", "200 0 20 WAKEUP 0 0 two\n" },
		{ "sched_switch", "swapper/0 0 120 0 two 20 130",
		  "200 0 0 CTX_SWITCH 20 0 swapper/0\n" },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		struct trace *t = *state;
		char expected[256];

		record(t, 100, 0, 20, "sched_switch", "one 20 120 32 swapper/0 0 120");
		forget(t);
		record(t, 200, 0, 0, signs[i].event, signs[i].values);
		snprintf(expected, sizeof(expected), "%s200 0 20 PRIO 130 0 two\n", signs[i].rows);
		assert_string_equal(rows(t), expected);
		assert_string_equal(lives(t), "20 - - 100 one\n"
					      "20 - 200 - two\n");
		teardown(state);
		setup(state);
	}
}

static void a_dead_tasks_pid_found_running_begins_a_life_too(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 20, "sched_switch", "one 20 120 32 swapper/0 0 120");
	forget(t);
	record(t, 200, 0, 20, "timer_start", "0");
	assert_string_equal(rows(t), "200 0 20 RUNS 0 0 -\n");
	assert_string_equal(lives(t), "20 - - 100 one\n"
				      "20 - 200 - -\n");
}

static void a_move_to_its_first_cpu_belongs_to_the_task_that_is_made(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 20, "sched_switch", "one 20 120 16 sh 10 120");
	forget(t);
	record(t, 200, 0, 10, "sched_migrate_task", "two 20 130 0 1");
	record(t, 205, 0, 10, "sched_migrate_task", "two 20 130 1 0");
	record(t, 210, 0, 10, "sched_wakeup_new", "two 20 130 1");
	record(t, 300, 0, 10, "sched_migrate_task", "three 30 120 0 1");
	record(t, 310, 0, 10, "sched_process_fork", "sh 10 three 30");
	record(t, 400, 0, 10, "sched_migrate_task", "old 40 120 0 1");
	record(t, 410, 0, 10, "sched_wakeup", "old 40 120 1");
	record(t, 420, 0, 10, "sched_wakeup_new", "new 40 120 1");
	assert_string_equal(rows(t), "200 0 20 MIGRATE 0 1 two\n"
				     "200 0 20 PRIO 130 0 two\n"
				     "205 0 20 MIGRATE 1 0 two\n"
				     "210 1 20 WAKEUP_NEW 0 0 two\n"
				     "300 0 30 MIGRATE 0 1 three\n"
				     "300 0 30 PRIO 120 0 three\n"
				     "310 0 30 FORK 10 0 three\n"
				     "400 0 40 MIGRATE 0 1 old\n"
				     "400 0 40 PRIO 120 0 old\n"
				     "410 1 40 WAKEUP 0 0 old\n"
				     "420 1 40 WAKEUP_NEW 0 0 new\n"
				     "420 0 40 PRIO 120 0 new\n");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "20 - - 100 one\n"
				      "20 200 - - two\n"
				      "30 300 - - three\n"
				      "40 - - - old\n"
				      "40 420 - - new\n");
}

static void across_a_gap_a_move_says_nothing_of_who_is_made(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_migrate_task", "one 20 120 0 1");
	lost(t, 150, 0, 3, 140);
	record(t, 200, 0, 10, "sched_wakeup_new", "two 20 120 1");
	assert_string_equal(lives(t), "10 - - - -\n"
				      "20 - - - one\n"
				      "20 200 - - two\n");
}

static void a_fork_begins_a_life_though_the_one_before_was_never_woken(void **state)
{
	struct trace *t = *state;

	record(t, 100, 0, 10, "sched_process_fork", "sh 10 one 20");
	record(t, 110, 0, 10, "sched_switch", "sh 10 120 1 one 20 120");
	record(t, 120, 0, 20, "sched_switch", "one 20 120 16 sh 10 120");
	record(t, 130, 0, 10, "sched_process_fork", "sh 10 two 20");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "20 100 - 120 one\n"
				      "20 130 - - two\n");
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

static void use_names(struct trace *t, const char *list, bool ahead)
{
	struct schedtrace_error err;

	assert_int_equal(
		tasks_use_names(row_maker_tasks(t->maker), list, strlen(list), ahead, &err), 0);
}

static void the_list_of_names_says_nothing_of_the_begin_and_fills_what_no_record_names(void **state)
{
	struct trace *t = *state;

	assert_true(row_maker_tells_names(t->maker));
	record(t, 100, 0, 10, "timer_start", "0");
	record(t, 110, 1, 20, "timer_start", "0");
	record(t, 120, 2, 30, "timer_start", "0");
	record(t, 130, 0, 10, "sched_stat_runtime", "first 10 5");
	record(t, 140, 0, 10, "sched_stat_runtime", "last 10 5");
	record(t, 150, 0, 10, "sched_process_exit", "last 10 120 1");
	record(t, 160, 1, 20, "sched_wakeup_new", "again 10 120 0");
	use_names(t, "10 other\n20 <...>\n0 <idle>\nbad\n40 x y\n30 of the end", false);
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 -\n"
				     "110 1 20 RUNS -1 0 -\n"
				     "120 2 30 RUNS -1 0 -\n"
				     "130 0 10 STAT_RUNTIME 5 0 first\n"
				     "140 0 10 STAT_RUNTIME 5 0 last\n"
				     "150 0 10 PRIO 120 0 last\n"
				     "150 0 10 EXIT 0 0 last\n"
				     "150 0 10 EXIT_MM 0 0 last\n"
				     "160 0 10 WAKEUP_NEW 0 0 again\n"
				     "160 1 10 PRIO 120 0 again\n");
	assert_string_equal(lives(t), "10 - - 150 first>last\n"
				      "10 160 - - again\n"
				      "20 - - - -\n"
				      "30 - - - of the end\n");
}

static void where_no_record_can_name_tasks_the_list_does_from_the_begin(void **state)
{
	static const char *const events[] = { "sched_switch",	    "sched_waking",
					      "sched_wakeup",	    "sched_wakeup_new",
					      "sched_migrate_task", "sched_process_fork",
					      "sched_process_exec", "sched_process_exit",
					      "sched_stat_runtime", "task_newtask",
					      "task_rename" };
	struct trace *t = *state;

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		format_of(t, events[i])->name = "another";
	make_again(t);
	assert_false(row_maker_tells_names(t->maker));
	use_names(t, "10 a name\n", true);
	record(t, 100, 0, 10, "page_fault_user", "1 2 0");
	assert_string_equal(rows(t), "100 0 10 RUNS -1 0 a name\n"
				     "100 0 10 PAGE_FAULT_USER 1 2 a name\n");
}

/* Of the list of tasks at the start, which the recorder reads while records come in. */
static void list_task(struct trace *t, int32_t pid, const char *name)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;

	task.pid = pid;
	task.comm = schedtrace_context_intern_comm(t->ctx, name, strlen(name), &err);
	assert_int_equal(row_maker_task_at_start(t->maker, &task, &err), 0);
}

static void what_records_before_the_list_of_tasks_say_is_older(void **state)
{
	static const struct {
		int64_t time;
		int pid;
		const char *event, *values;
	} records[] = {
		{ 100, 10, "sched_switch", "sh 10 120 0 make 20 120" },
		{ 110, 20, "task_rename", "20 make cc1 0" },
		{ 120, 20, "sched_wakeup_new", "made 30 120 0" },
		{ 130, 20, "task_rename", "40 asleep awake 0" },
	};
	struct trace *t = *state;
	struct schedtrace_error err;

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		struct record r = make_record(t, records[i].time, 0, records[i].pid, 0,
					      records[i].event, records[i].values);

		assert_int_equal(row_maker_ahead(t->maker, &r, &err), 0);
	}
	list_task(t, 10, "later");
	list_task(t, 20, "cc1");
	list_task(t, 30, "later");
	list_task(t, 40, "awake");
	list_task(t, 50, "as listed");
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		record(t, records[i].time, 0, records[i].pid, records[i].event, records[i].values);
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "20 - - - make>cc1\n"
				      "30 120 - - made\n"
				      "40 - - - asleep>awake\n"
				      "50 - - - as listed\n");
}

static void what_a_kernel_worker_works_on_is_not_its_name(void **state)
{
	static const struct {
		const char *proc;
		size_t bytes;
	} names[] = {
		{ "kworker/0:1-events", 11 },
		{ "kworker/0:1+eve", 11 },
		{ "kworker/12:34H-kb", 14 },
		{ "kworker/u8:1-wr", 12 },
		{ "kworker/u257:0H+", 15 },
		{ "kworker/0:1H", 12 },
		{ "kworker/0:1", 11 },
		{ "kworker/R-netns", 15 },
		{ "kworker/", 8 },
		{ "kworker/u", 9 },
		{ "kworker/3", 9 },
		{ "kwork-er/0:1-x", 14 },
		{ "a-b", 3 },
		{ "", 0 },
	};
	struct trace *t = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(tasks_proc_name(names[i].proc, strlen(names[i].proc)),
				 names[i].bytes);
	record(t, 100, 0, 10, "timer_start", "0");
	use_names(t, "10 kworker/1:0-mm_percpu_wq\n", false);
	assert_string_equal(lives(t), "10 - - - kworker/1:0\n");
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

/* 20 leads 21, which waits in exec for its death. */
static void leader_dies(struct trace *t)
{
	record(t, 0, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 1, 0, 10, "sched_switch", "sh 10 120 1 p 20 120");
	record(t, 2, 0, 20, "task_newtask", "21 p 0x10000 0");
	record(t, 3, 0, 20, "sched_switch", "p 20 120 1 p 21 120");
	record(t, 4, 0, 21, "sched_wakeup", "p 20 120 0");
	record(t, 5, 0, 21, "sched_switch", "p 21 120 256 p 20 120");
	record(t, 6, 0, 20, "sched_process_exit", "p 20 120 0");
	record(t, 7, 0, 20, "sched_wakeup", "p 21 120 0");
}

static uint64_t broken_chains(const struct trace *t)
{
	struct row_maker_faults faults;

	row_maker_faults(t->maker, &faults);
	return faults.broken_chains;
}

static void a_thread_that_execs_goes_on_under_its_leaders_number(void **state)
{
	struct trace *t = *state;

	leader_dies(t);
	record(t, 8, 0, 20, "sched_switch", "p 20 120 16 p 21 120");
	forget(t);
	record(t, 10, 0, 20, "task_rename", "20 p x 0");
	record(t, 11, 0, 20, "sched_process_exec", "/bin/x 20 21");
	record(t, 20, 0, 20, "sched_switch", "x 20 120 1 sh 10 120");
	assert_string_equal(rows(t), "10 0 20 RENUMBER 21 0 p\n"
				     "10 0 20 RENAME 120 0 x\n"
				     "11 0 20 EXEC 0 120 x\n"
				     "11 0 20 EXIT_MM 0 0 x\n"
				     "20 0 20 BLOCK 0 0 x\n"
				     "20 0 20 CTX_SWITCH 10 0 x\n");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "20 0 - - p>x\n"
				      "21 2 - 10 p\n");
	assert_int_equal(broken_chains(t), 0);
}

static void a_leader_may_take_its_last_switch_under_the_threads_number(void **state)
{
	struct trace *t = *state;

	leader_dies(t);
	record(t, 7, 1, 11, "sched_switch", "z 11 120 1 p 21 120");
	forget(t);
	record(t, 10, 0, 21, "sched_switch", "p 21 120 16 sh 10 120");
	record(t, 11, 1, 20, "sched_process_exec", "/bin/x 20 21");
	assert_string_equal(rows(t), "10 1 20 RENUMBER 21 0 p\n"
				     "10 0 21 BLOCK 0 0 p\n"
				     "10 0 21 STATE 88 0 p\n"
				     "10 0 21 CTX_SWITCH 10 0 p\n"
				     "11 1 20 EXEC 0 120 x\n"
				     "11 1 20 RENAME 120 0 x\n"
				     "11 1 20 EXIT_MM 0 0 x\n");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "11 - - - z\n"
				      "20 0 - - p>x\n"
				      "21 2 - 10 p\n");
	assert_int_equal(broken_chains(t), 0);
}

static void the_new_number_may_show_up_before_the_leaders_last_switch(void **state)
{
	struct trace *t = *state;

	leader_dies(t);
	record(t, 7, 1, 11, "sched_switch", "z 11 120 1 p 21 120");
	forget(t);
	record(t, 10, 1, 20, "task_rename", "20 p x 0");
	record(t, 11, 0, 21, "sched_switch", "p 21 120 16 sh 10 120");
	assert_string_equal(rows(t), "10 1 20 RENUMBER 21 0 p\n"
				     "10 1 20 RENAME 120 0 x\n"
				     "11 0 21 BLOCK 0 0 p\n"
				     "11 0 21 STATE 88 0 p\n"
				     "11 0 21 CTX_SWITCH 10 0 p\n");
	assert_int_equal(broken_chains(t), 0);
}

static void the_record_of_an_exec_tells_the_old_number_where_nothing_else_does(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 10, "sched_switch", "sh 10 120 0 old 501 120");
	forget(t);
	record(t, 10, 0, 500, "sched_process_exec", "/bin/new 500 501");
	record(t, 20, 0, 500, "timer_start", "1");
	assert_string_equal(rows(t), "10 0 500 RENUMBER 501 0 old\n"
				     "10 0 500 EXEC 0 7824750 new\n"
				     "10 0 500 RENAME 7824750 0 new\n"
				     "10 0 500 EXIT_MM 0 0 new\n");
	assert_string_equal(lives(t), "10 - - - sh\n"
				      "500 - - - old>new\n"
				      "501 - - 10 old\n");
	assert_int_equal(broken_chains(t), 0);
	/* It was found before: then the switch to it may as well be missing. */
	record(t, 30, 0, 500, "sched_switch", "new 500 120 1 old 503 120");
	record(t, 40, 0, 502, "timer_start", "1");
	forget(t);
	record(t, 50, 0, 502, "sched_process_exec", "/bin/new 502 503");
	assert_string_equal(rows(t), "50 0 502 RENUMBER 503 0 -\n"
				     "50 0 502 EXEC 0 7824750 new\n"
				     "50 0 502 RENAME 7824750 0 new\n"
				     "50 0 502 EXIT_MM 0 0 new\n");
	assert_int_equal(broken_chains(t), 1);
}

static void a_dead_pid_where_another_process_ran_is_a_new_task_and_a_missing_switch(void **state)
{
	struct trace *t = *state;

	record(t, 0, 0, 10, "task_newtask", "20 p 0 0");
	record(t, 1, 0, 10, "task_newtask", "30 q 0 0");
	record(t, 2, 0, 10, "sched_switch", "sh 10 120 1 p 20 120");
	record(t, 3, 0, 20, "sched_switch", "p 20 120 16 q 30 120");
	forget(t);
	record(t, 10, 0, 20, "timer_start", "1");
	assert_string_equal(rows(t), "10 0 20 RUNS 30 0 -\n");
	assert_int_equal(broken_chains(t), 1);
	/* Nor does anybody take the number of a thread. */
	record(t, 20, 0, 20, "task_newtask", "40 r 0 0");
	record(t, 21, 0, 40, "task_newtask", "41 r 0x10000 0");
	record(t, 22, 0, 41, "sched_switch", "r 41 120 16 other 50 120");
	forget(t);
	record(t, 30, 0, 41, "timer_start", "1");
	assert_string_equal(rows(t), "30 0 41 RUNS 50 0 -\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exec_packs_the_name_as_schedlog_does_and_drops_the_memory),
		TEST(a_rename_recorded_before_exec_is_not_repeated),
		TEST(a_thread_belongs_to_its_makers_process),
		TEST(a_thread_of_an_unknown_process_has_no_tgid),
		TEST(the_last_exit_of_a_process_drops_its_memory),
		TEST(a_recycled_pid_begins_a_life_of_its_own),
		TEST(what_begins_a_life_is_the_first_row_that_names_it),
		TEST(a_dead_tasks_pid_seen_alive_begins_a_life_whose_start_is_unknown),
		TEST(a_dead_tasks_pid_found_running_begins_a_life_too),
		TEST(a_move_to_its_first_cpu_belongs_to_the_task_that_is_made),
		TEST(across_a_gap_a_move_says_nothing_of_who_is_made),
		TEST(a_fork_begins_a_life_though_the_one_before_was_never_woken),
		TEST(names_keep_their_bytes_and_change_over_time),
		TEST(the_list_of_names_says_nothing_of_the_begin_and_fills_what_no_record_names),
		TEST(where_no_record_can_name_tasks_the_list_does_from_the_begin),
		TEST(what_records_before_the_list_of_tasks_say_is_older),
		TEST(what_a_kernel_worker_works_on_is_not_its_name),
		TEST(idle_tasks_are_named_by_cpu),
		TEST(a_thread_that_execs_lives_on_as_its_leader),
		TEST(a_thread_that_execs_goes_on_under_its_leaders_number),
		TEST(a_leader_may_take_its_last_switch_under_the_threads_number),
		TEST(the_new_number_may_show_up_before_the_leaders_last_switch),
		TEST(the_record_of_an_exec_tells_the_old_number_where_nothing_else_does),
		TEST(a_dead_pid_where_another_process_ran_is_a_new_task_and_a_missing_switch),
		TEST(where_exit_does_not_say_so_the_last_known_thread_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
