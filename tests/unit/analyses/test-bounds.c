/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine is simulated, so that the truth about every task is known; its records are written as
 * the kernel would write them, some are taken away, and rows are made from the rest as schedconv
 * does. Whatever is missing, the truth must lie within the bounds.
 */
#include <stdbool.h>

#include "tests/unit/rows.h"

enum { CPUS = 3, TASKS = 7, MAX_RECORDS = 4000 };
#define T0 1000

enum kind { SWITCH, WAKEUP, CHARGE, MOVE, IDLE };

struct record {
	int64_t t;
	enum kind kind;
	int buffer;	/* CPU whose buffer holds it */
	int current;	/* task running there: common_pid */
	int pid, other; /* SWITCH: prev and next; MOVE: other is the old CPU */
	int cpu;	/* WAKEUP: target; MOVE: new CPU */
	char state;	/* of prev */
	bool gone;
	bool gap; /* what follows in this buffer is lost */
};

enum truth_state { ASLEEP, WAITS, RUNS_NOW };

struct machine {
	unsigned int seed;
	int64_t now;
	int running[CPUS]; /* pid, 0 idle */
	enum truth_state state[TASKS + 1];
	int where[TASKS + 1];
	bool at_work;			   /* when the recording begins */
	enum truth_state first[TASKS + 1]; /* what the list of tasks says then */
	int first_cpu[TASKS + 1];
	struct record records[MAX_RECORDS];
	int n;
	/* The state of each task over time: changes[k] of task p begin at when. */
	struct {
		int64_t when;
		enum truth_state state;
	} changes[TASKS + 1][MAX_RECORDS];
	int n_changes[TASKS + 1];
	int64_t wall, per_cpu, per_thread; /* work conservation, as SchedViz measures it */
};

static unsigned int roll(struct machine *m, unsigned int n)
{
	return (unsigned int)rand_r(&m->seed) / 7 % n;
}

static void become(struct machine *m, int pid, enum truth_state state)
{
	if (!pid)
		return;
	m->state[pid] = state;
	m->changes[pid][m->n_changes[pid]].when = m->now;
	m->changes[pid][m->n_changes[pid]++].state = state;
}

static struct record *record(struct machine *m, enum kind kind, int buffer)
{
	struct record *r = &m->records[m->n++];

	*r = (struct record){ .t = m->now, .kind = kind, .buffer = buffer };
	r->current = m->running[buffer];
	return r;
}

static void elapse(struct machine *m, int64_t ns)
{
	int idle = 0, overloaded = 0, waiting = 0;

	for (int cpu = 0; cpu < CPUS; cpu++) {
		int here = 0;

		for (int pid = 1; pid <= TASKS; pid++)
			here += m->state[pid] == WAITS && m->where[pid] == cpu;
		idle += !m->running[cpu] && !here;
		overloaded += m->running[cpu] && here;
		waiting += m->running[cpu] ? here : 0;
	}
	m->wall += idle && overloaded ? ns : 0;
	m->per_cpu += ns * (idle < overloaded ? idle : overloaded);
	m->per_thread += ns * (idle < waiting ? idle : waiting);
	m->now += ns;
}

static void switch_to(struct machine *m, int cpu, int next, char state)
{
	struct record *r = record(m, SWITCH, cpu);
	int prev = m->running[cpu];

	r->pid = prev;
	r->other = next;
	r->state = state;
	become(m, prev, state == 'R' ? WAITS : ASLEEP);
	become(m, next, RUNS_NOW);
	m->running[cpu] = next;
}

static int waiting_on(const struct machine *m, int cpu)
{
	for (int pid = 1; pid <= TASKS; pid++) {
		if (m->state[pid] == WAITS && m->where[pid] == cpu)
			return pid;
	}
	return 0;
}

static void step(struct machine *m)
{
	int cpu = (int)roll(m, CPUS), pid = 1 + (int)roll(m, TASKS), next = waiting_on(m, cpu);
	struct record *r;

	elapse(m, 1 + roll(m, 20));
	switch (roll(m, 8)) {
	case 0:
	case 1:
		if (m->state[pid] == ASLEEP) {
			r = record(m, WAKEUP, (int)roll(m, CPUS));
			r->pid = pid;
			r->cpu = cpu;
			m->where[pid] = cpu;
			become(m, pid, WAITS);
		}
		break;
	case 2:
	case 3:
		if (next)
			switch_to(m, cpu, next, 'R');
		break;
	case 4:
	case 5:
		if (m->running[cpu])
			switch_to(m, cpu, next, 'S');
		break;
	case 6:
		if (m->running[cpu])
			record(m, CHARGE, cpu)->pid = m->running[cpu];
		break;
	default:
		if (m->state[pid] == WAITS && m->where[pid] != cpu) {
			r = record(m, MOVE, cpu);
			r->pid = pid;
			r->other = m->where[pid];
			r->cpu = cpu;
			m->where[pid] = cpu;
		}
		break;
	}
}

/* Up to when the recording begins. */
static void simulate_before(struct machine *m, unsigned int seed, int steps)
{
	memset(m, 0, sizeof(*m));
	m->seed = seed;
	m->now = T0 - 20 * steps;
	m->at_work = steps > 0;
	for (int pid = 1; pid <= TASKS; pid++)
		become(m, pid, ASLEEP);
	while (steps--)
		step(m);
	m->now = T0;
	m->n = 0;
	m->wall = m->per_cpu = m->per_thread = 0;
	memcpy(m->first, m->state, sizeof(m->first));
	memcpy(m->first_cpu, m->where, sizeof(m->first_cpu));
}

static void simulate_recording(struct machine *m, int steps)
{
	while (steps--)
		step(m);
	/* All go to sleep at the end, so that nothing stays open. */
	for (int cpu = 0; cpu < CPUS; cpu++) {
		while (m->running[cpu] || waiting_on(m, cpu)) {
			elapse(m, 1);
			switch_to(m, cpu, waiting_on(m, cpu), 'S');
		}
	}
	/* A last record a CPU, which is never taken away: gaps show only when records resume. */
	for (int cpu = 0; cpu < CPUS; cpu++) {
		elapse(m, 1);
		record(m, IDLE, cpu);
	}
}

static void simulate(struct machine *m, unsigned int seed, int steps)
{
	simulate_before(m, seed, 0);
	simulate_recording(m, steps);
}

static void rows_of_switch(struct rows *b, const struct record *r)
{
	sw(b, r->t, r->buffer, r->pid, r->pid ? r->state : 'R', r->other);
}

/* Marks where gaps begin: at a record, or for a buffer without any before at the begin. */
static void find_gaps(struct machine *m, bool at_begin[CPUS])
{
	struct record *last[CPUS] = { NULL };

	for (int i = 0; i < m->n; i++) {
		struct record *r = &m->records[i];
		bool is_lost = r->gone && r->kind == SWITCH && r->other == -1;

		if (is_lost && last[r->buffer])
			last[r->buffer]->gap = true;
		else if (is_lost)
			at_begin[r->buffer] = true;
		if (!r->gone)
			last[r->buffer] = r;
	}
}

/* Rows as schedconv makes them from the records that are left. */
static struct result convert(struct machine *m, const char *analysis, int64_t *end)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	struct schedtrace_error err;
	int believed[CPUS];
	int64_t last[CPUS];
	bool gap[CPUS] = { false };

	info.size = sizeof(info);
	info.begin_ns = T0;
	must(schedtrace_context_set_info(ctx, &info, &err), &err);
	for (int pid = 1; pid <= TASKS; pid++) {
		struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;

		task.pid = pid;
		task.state = m->first[pid] == ASLEEP ? 'S' : 'R';
		task.cpu = m->first_cpu[pid];
		must(schedtrace_context_add_task(ctx, &task, &err), &err);
	}
	for (int cpu = 0; cpu < CPUS; cpu++) {
		if (!m->at_work)
			runs(&b, T0, cpu, 0);
		believed[cpu] = m->at_work ? -1 : 0;
		last[cpu] = T0;
	}
	find_gaps(m, gap);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		if (gap[cpu])
			add(&b, T0, cpu, 0, SCHEDTRACE_GAP, 0, 0);
	}
	*end = T0;
	for (int i = 0; i < m->n; i++) {
		const struct record *r = &m->records[i];

		if (r->gone)
			continue;
		if (gap[r->buffer]) {
			add(&b, r->t, r->buffer, 0, SCHEDTRACE_LOST, -1, last[r->buffer]);
			gap[r->buffer] = false;
			believed[r->buffer] = -1;
		}
		if (r->current != believed[r->buffer])
			runs(&b, r->t, r->buffer, r->current);
		believed[r->buffer] = r->current;
		last[r->buffer] = r->t;
		*end = r->t;
		switch (r->kind) {
		case SWITCH:
			rows_of_switch(&b, r);
			believed[r->buffer] = r->other;
			break;
		case WAKEUP:
			wake(&b, r->t, r->cpu, r->pid);
			break;
		case CHARGE:
			add(&b, r->t, r->buffer, r->pid, SCHEDTRACE_STAT_RUNTIME, 1, 0);
			break;
		case IDLE:
			add(&b, r->t, r->buffer, 0, SCHEDTRACE_CPU_IDLE, 1, 0);
			break;
		case MOVE:
			add(&b, r->t, r->buffer, r->pid, SCHEDTRACE_MIGRATE, r->other, r->cpu);
			break;
		}
		if (r->gap) {
			add(&b, r->t, r->buffer, 0, SCHEDTRACE_GAP, 0, 0);
			gap[r->buffer] = true;
		}
	}
	return result_of(&b, analysis);
}

static int64_t truth(const struct machine *m, int pid, enum truth_state state, int64_t end)
{
	int64_t sum = 0;

	for (int k = 0; k < m->n_changes[pid]; k++) {
		int64_t from = m->changes[pid][k].when > T0 ? m->changes[pid][k].when : T0;
		int64_t to = k + 1 < m->n_changes[pid] ? m->changes[pid][k + 1].when : end;

		if (m->changes[pid][k].state == state && from < end && to > from)
			sum += (to < end ? to : end) - from;
	}
	return sum;
}

static int64_t waits(const struct result *r, int pid)
{
	return of_pid(r, "tasks", pid, "wait_wakeup_ns") +
	       of_pid(r, "tasks", pid, "wait_preempt_ns") + of_pid(r, "tasks", pid, "wait_new_ns") +
	       of_pid(r, "tasks", pid, "wait_old_ns");
}

static bool has_row(const struct result *r, int pid)
{
	const struct schedtrace_table *table = table_of(r, "tasks");
	const int64_t *pids = schedtrace_table_ints(table, "pid");

	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

static void check_bounds(struct machine *m, unsigned int seed)
{
	int64_t end;
	struct result r = convert(m, "tasks", &end);

	for (int pid = 1; pid <= TASKS; pid++) {
		int64_t on_cpu = truth(m, pid, RUNS_NOW, end), wait = truth(m, pid, WAITS, end);
		int64_t low, high;

		if (!has_row(&r, pid))
			continue;
		low = of_pid(&r, "tasks", pid, "on_cpu_ns");
		high = of_pid(&r, "tasks", pid, "on_cpu_hi_ns");
		if (on_cpu < low || on_cpu > high)
			fail_msg("seed %u, task %d: on CPU %lld is not in [%lld, %lld]", seed, pid,
				 (long long)on_cpu, (long long)low, (long long)high);
		low = waits(&r, pid);
		high = of_pid(&r, "tasks", pid, "wait_hi_ns");
		if (wait < low || wait > high)
			fail_msg("seed %u, task %d: wait %lld is not in [%lld, %lld]", seed, pid,
				 (long long)wait, (long long)low, (long long)high);
	}
	result_free(&r);
}

static struct machine machine;

static void with_all_rows_both_bounds_are_the_truth(void **state)
{
	for (unsigned int seed = 1; seed <= 100; seed++) {
		int64_t end;
		struct result r;

		simulate(&machine, seed, 300);
		r = convert(&machine, "tasks", &end);
		for (int pid = 1; pid <= TASKS; pid++) {
			if (!has_row(&r, pid))
				continue;
			assert_int_equal(of_pid(&r, "tasks", pid, "on_cpu_ns"),
					 truth(&machine, pid, RUNS_NOW, end));
			assert_int_equal(of_pid(&r, "tasks", pid, "on_cpu_hi_ns"),
					 truth(&machine, pid, RUNS_NOW, end));
			assert_int_equal(waits(&r, pid), truth(&machine, pid, WAITS, end));
			assert_int_equal(of_pid(&r, "tasks", pid, "wait_hi_ns"),
					 truth(&machine, pid, WAITS, end));
		}
		result_free(&r);
	}
}

/* Switches that never reached the buffer: here and there one, never two of a CPU in a row. */
static void single_missing_switches_keep_the_truth_within_the_bounds(void **state)
{
	for (unsigned int seed = 1; seed <= 2000; seed++) {
		bool dropped[CPUS] = { false };

		simulate(&machine, seed, 300);
		for (int i = 0; i < machine.n; i++) {
			struct record *r = &machine.records[i];

			if (r->kind != SWITCH)
				continue;
			r->gone = !dropped[r->buffer] && !roll(&machine, 1 + seed % 9);
			dropped[r->buffer] = r->gone;
		}
		check_bounds(&machine, seed);
	}
}

/* Nobody knows who runs on a CPU before its first record; the list of tasks tells the rest. */
static void tasks_at_work_at_the_begin_keep_the_truth_within_the_bounds(void **state)
{
	int64_t old = 0, slept = 0;

	for (unsigned int seed = 1; seed <= 2000; seed++) {
		int64_t end;
		struct result r;

		simulate_before(&machine, seed, 1 + (int)seed % 60);
		simulate_recording(&machine, (int)seed % 300);
		check_bounds(&machine, seed);
		r = convert(&machine, "tasks", &end);
		for (int pid = 1; pid <= TASKS; pid++) {
			int64_t sleep = of_pid(&r, "tasks", pid, "sleep_ns");

			assert_true(sleep <= truth(&machine, pid, ASLEEP, end));
			slept += sleep;
			old += of_pid(&r, "tasks", pid, "wait_old_ns");
		}
		result_free(&r);
		for (int i = 0; i < machine.n; i++) {
			struct record *record = &machine.records[i];

			record->gone = record->kind == SWITCH && !record->pid && !roll(&machine, 5);
		}
		check_bounds(&machine, seed);
	}
	assert_true(old > 0 && slept > 0);
}

/* As on virtual machines where the idle task's switches leave no record at times. */
static void missing_switches_out_of_idle_keep_the_truth_within_the_bounds(void **state)
{
	for (unsigned int seed = 1; seed <= 1000; seed++) {
		simulate(&machine, seed, 300);
		for (int i = 0; i < machine.n; i++) {
			struct record *r = &machine.records[i];

			r->gone = r->kind == SWITCH && !r->pid && roll(&machine, 5);
		}
		check_bounds(&machine, seed);
	}
}

static void missing_wakeups_keep_the_truth_within_the_bounds(void **state)
{
	for (unsigned int seed = 1; seed <= 1000; seed++) {
		simulate(&machine, seed, 300);
		for (int i = 0; i < machine.n; i++) {
			struct record *r = &machine.records[i];

			r->gone = r->kind != SWITCH && r->kind != IDLE &&
				  !roll(&machine, 1 + seed % 4);
		}
		check_bounds(&machine, seed);
	}
}

/* Stretches of one buffer are lost, and marked as the kernel marks them. */
static void lost_stretches_keep_the_truth_within_the_bounds(void **state)
{
	for (unsigned int seed = 1; seed <= 2000; seed++) {
		simulate(&machine, seed, 300);
		for (unsigned int gaps = 1 + seed % 6; gaps; gaps--) {
			int cpu = (int)roll(&machine, CPUS);
			int i = (int)roll(&machine, (unsigned int)machine.n - CPUS);
			int length = 1 + (int)roll(&machine, 40);

			for (; i < machine.n - CPUS && length; i++) {
				struct record *r = &machine.records[i];

				if (r->buffer != cpu)
					continue;
				r->gone = true;
				r->kind = SWITCH;
				r->other = -1; /* tells convert() to mark the gap */
				length--;
			}
		}
		check_bounds(&machine, seed);
	}
}

static int64_t work(const struct result *r, const char *column)
{
	return schedtrace_table_ints(table_of(r, "work_conservation"), column)[0];
}

static void with_all_rows_work_conservation_is_the_truth(void **state)
{
	for (unsigned int seed = 1; seed <= 200; seed++) {
		int64_t end;
		struct result r;

		simulate(&machine, seed, 300);
		r = convert(&machine, "runqueue", &end);
		assert_int_equal(work(&r, "wall_ns"), machine.wall);
		assert_int_equal(work(&r, "per_cpu_ns"), machine.per_cpu);
		assert_int_equal(work(&r, "per_thread_ns"), machine.per_thread);
		assert_int_equal(work(&r, "followed_ns"), end - T0);
		result_free(&r);
	}
}

static void missing_switches_out_of_idle_never_hold_idleness_against_the_scheduler(void **state)
{
	int64_t found = 0, true_wall = 0;

	for (unsigned int seed = 1; seed <= 1000; seed++) {
		int64_t end, wall;
		struct result r;

		simulate(&machine, seed, 300);
		for (int i = 0; i < machine.n; i++) {
			struct record *gone = &machine.records[i];

			gone->gone = gone->kind == SWITCH && !gone->pid && !roll(&machine, 5);
		}
		r = convert(&machine, "runqueue", &end);
		wall = work(&r, "wall_ns");
		if (wall > machine.wall || machine.wall > wall + work(&r, "unfollowed_ns"))
			fail_msg("seed %u: wall %lld, truth %lld", seed, (long long)wall,
				 (long long)machine.wall);
		found += wall;
		true_wall += machine.wall;
		result_free(&r);
	}
	assert_true(found > true_wall / 4);
}

/* Of every task: the recording has all of them from its begin to its end. */
static void check_waits(struct machine *m, unsigned int seed)
{
	static const char *const parts[] = { "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns",
					     "wait_old_ns",    "sleep_ns",	  "idle_ns",
					     "blocked_ns",     "stopped_ns",	  "made_ns",
					     "lasting_ns",     "unknown_ns",	  "on_cpu_ns" };
	int64_t end;
	struct result r = convert(m, "waits", &end);
	const struct schedtrace_table *table = table_of(&r, "waits");

	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		int pid = (int)schedtrace_table_ints(table, "pid")[i];
		int64_t sum = 0, ns = 0;

		for (size_t p = 0; p < sizeof(parts) / sizeof(*parts); p++) {
			ns = schedtrace_table_ints(table, parts[p])[i];
			if (ns < 0)
				fail_msg("seed %u, task %d: %s is %lld", seed, pid, parts[p],
					 (long long)ns);
			sum += ns;
		}
		assert_int_equal(sum, end - T0);
		assert_int_equal(schedtrace_table_ints(table, "wall_ns")[i], end - T0);
	}
	result_free(&r);
}

static void the_parts_of_a_tasks_time_add_up_whatever_is_missing(void **state)
{
	for (unsigned int seed = 1; seed <= 500; seed++) {
		simulate(&machine, seed, 300);
		for (int i = 0; i < machine.n; i++) {
			struct record *r = &machine.records[i];

			r->gone = r->kind != IDLE && !roll(&machine, 2 + seed % 20);
		}
		check_waits(&machine, seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_all_rows_both_bounds_are_the_truth),
		cmocka_unit_test(single_missing_switches_keep_the_truth_within_the_bounds),
		cmocka_unit_test(tasks_at_work_at_the_begin_keep_the_truth_within_the_bounds),
		cmocka_unit_test(missing_switches_out_of_idle_keep_the_truth_within_the_bounds),
		cmocka_unit_test(missing_wakeups_keep_the_truth_within_the_bounds),
		cmocka_unit_test(lost_stretches_keep_the_truth_within_the_bounds),
		cmocka_unit_test(with_all_rows_work_conservation_is_the_truth),
		cmocka_unit_test(
			missing_switches_out_of_idle_never_hold_idleness_against_the_scheduler),
		cmocka_unit_test(the_parts_of_a_tasks_time_add_up_whatever_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
