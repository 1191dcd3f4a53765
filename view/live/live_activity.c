/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_activity.h"

#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
	USER,
	PID,
	TGID,
	PPID,
	USR,
	SYSTEM,
	GUEST,
	WAIT,
	ON_CPU,
	ON_CPU_HI,
	CPU,
	MINOR,
	MAJOR,
	RSS,
	VOLUNTARY,
	INVOLUNTARY,
	WAKEUP_P99,
	MIGRATIONS,
	THREADS,
	COMM,
	N_COLUMNS
};

#define COLUMN_RATE(name, ...) COLUMN_MEAN(name, "1/s", AMOUNT, __VA_ARGS__)

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[USER] = COLUMN_TEXT("user", "whose rights it has; by /proc"),
	[PID] = COLUMN_ID("pid", "thread id; of processes, their id"),
	[TGID] = COLUMN_ID("tgid", "process id"),
	[PPID] = COLUMN_ID("ppid", "process id of the parent"),
	[USR] = COLUMN_SHARE("usr", "of one CPU, in the program itself, without guests; by /proc"),
	[SYSTEM] = COLUMN_SHARE("system", "of one CPU, in the kernel; by /proc"),
	[GUEST] = COLUMN_SHARE("guest", "of one CPU, running a virtual machine; by /proc"),
	[WAIT] = COLUMN_SHARE("wait", "of the interval: runnable, but not on a CPU"),
	[ON_CPU] = COLUMN_SHARE("on_cpu",
				"of one CPU: time on CPUs that is certain; several threads "
				"together may have more than 100",
				.most = "on_cpu_hi"),
	[ON_CPU_HI] = COLUMN_SHARE("on_cpu_hi", "the most that it can be"),
	[CPU] = COLUMN_UNMERGED("cpu", "", INT, AMOUNT, "CPU on which it ran last; by /proc"),
	[MINOR] = COLUMN_RATE("minflt", "page faults without I/O in a second; by /proc"),
	[MAJOR] = COLUMN_RATE("majflt", "page faults with I/O in a second; by /proc"),
	[RSS] = COLUMN_SIZE("rss_bytes", "resident memory of its process; by /proc"),
	[VOLUNTARY] = COLUMN_RATE("cswch", "switches in a second in which it gave up the CPU"),
	[INVOLUNTARY] =
		COLUMN_RATE("nvcswch", "switches in a second in which the CPU was taken from it"),
	[WAKEUP_P99] = COLUMN_PERCENTILE(
		"wakeup_p99_ns",
		"99 % of its waits for a CPU after a wakeup were not longer; of processes that of "
		"the thread where it is longest"),
	[MIGRATIONS] = COLUMN_RATE("migrations", "moves to another CPU in a second"),
	[THREADS] = COLUMN_COUNT("threads", "how many of them did something"),
	[COMM] = COLUMN_TEXT("comm", "its name"),
};

const char *const live_activity_analyses[] = { "tasks", "latency", NULL };

const struct schedtrace_table_info live_activity_info = {
	.name = "activity",
	.about = "what each task did in the interval",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid,comm",
	.order = "-on_cpu_hi",
	.first = "user,pid,comm,on_cpu,usr,system,wait,cpu,minflt,majflt,rss_bytes,cswch,nvcswch,"
		 "wakeup_p99_ns,migrations,guest,threads,tgid,ppid,on_cpu_hi",
	.micros = 1,
};

/* A row: times in ns, counts as they are. */
struct act {
	int64_t pid, tgid, ppid;
	char *comm; /* NULL: unknown */
	int64_t on_cpu, on_cpu_hi, wait, voluntary, involuntary, migrations, p99, threads;
	bool sampled; /* all of its threads were */
	struct live_sample sample;
};

void live_activity_begin(struct live_activity *activity)
{
	live_samples_read(&activity->before);
	live_waits_begin(&activity->waits);
	activity->waits.full = true; /* those of a part are no percentile of the whole */
}

void live_activity_free(struct live_activity *activity)
{
	live_samples_free(&activity->before);
	live_samples_free(&activity->now);
	live_waits_free(&activity->waits);
}

/* A sum, of values that may be unknown. */
static int64_t plus(int64_t a, int64_t b)
{
	return a == INT64_MIN || b == INT64_MIN ? INT64_MIN : a + b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- one task ------------------------------------------------------------------------------ */

static int64_t cell(const struct schedtrace_table *tasks, size_t row, const char *column)
{
	return schedtrace_table_ints(tasks, column)[row];
}

/* What goes on at the end of the interval counts there. */
static int64_t going(const struct schedtrace_table *tasks, size_t row, const char *state)
{
	const char *lasts = schedtrace_table_texts(tasks, "lasts")[row];

	return lasts && !strcmp(lasts, state) ? larger(cell(tasks, row, "lasting_ns"), 0) : 0;
}

static struct act act_of(const struct live_activity *activity, const struct schedtrace_table *tasks,
			 size_t row, int64_t length_ns)
{
	const char *comm = schedtrace_table_texts(tasks, "comm")[row];
	struct act act = {
		.pid = cell(tasks, row, "pid"),
		.tgid = cell(tasks, row, "tgid"),
		.ppid = cell(tasks, row, "ppid"),
		.comm = comm ? strdup(comm) : NULL,
		.on_cpu = plus(cell(tasks, row, "on_cpu_ns"), going(tasks, row, "running")),
		.on_cpu_hi = cell(tasks, row, "on_cpu_hi_ns"),
		.wait = plus(plus(cell(tasks, row, "wait_wakeup_ns"),
				  cell(tasks, row, "wait_preempt_ns")),
			     plus(cell(tasks, row, "wait_new_ns"), going(tasks, row, "runnable"))),
		.voluntary = cell(tasks, row, "switches_voluntary"),
		.involuntary = cell(tasks, row, "switches_involuntary"),
		.migrations = cell(tasks, row, "migrations"),
		.p99 = INT64_MIN,
		.threads = 1,
	};

	if (act.on_cpu_hi > length_ns && act.pid != INT64_MIN)
		act.on_cpu_hi = length_ns;
	if (act.on_cpu_hi < act.on_cpu)
		act.on_cpu_hi = act.on_cpu;
	/* Rows of tasks that were let go are of several, and those that ended are not in /proc. */
	if (act.pid == INT64_MIN || cell(tasks, row, "end_ns") != INT64_MIN)
		return act;
	act.p99 = live_waits_p99(&activity->waits, (int32_t)act.pid);
	act.sampled = live_samples_since(&activity->before, &activity->now, (int32_t)act.pid,
					 &act.sample);
	return act;
}

/* ---- threads put together ------------------------------------------------------------------- */

static void join(struct act *all, const struct act *thread)
{
	all->on_cpu = plus(all->on_cpu, thread->on_cpu);
	all->on_cpu_hi = plus(all->on_cpu_hi, thread->on_cpu_hi);
	all->wait = plus(all->wait, thread->wait);
	all->voluntary = plus(all->voluntary, thread->voluntary);
	all->involuntary = plus(all->involuntary, thread->involuntary);
	all->migrations = plus(all->migrations, thread->migrations);
	all->p99 = larger(all->p99, thread->p99);
	all->threads++;
	all->sampled &= thread->sampled;
	all->sample.user_ns += thread->sample.user_ns;
	all->sample.system_ns += thread->sample.system_ns;
	all->sample.guest_ns += thread->sample.guest_ns;
	all->sample.minor += thread->sample.minor;
	all->sample.major += thread->sample.major;
}

static int64_t process_of(const struct act *act)
{
	return act->tgid != INT64_MIN ? act->tgid : act->pid;
}

/* Threads of a process together, its first one before the others. */
static int by_process(const void *a, const void *b)
{
	const struct act *x = a, *y = b;
	int64_t p = process_of(x), q = process_of(y);

	if (p != q)
		return p < q ? -1 : 1;
	return (x->pid != p) - (y->pid != q);
}

/* Returns how many rows are left: one a process, named as its first thread that did something. */
static size_t join_threads(struct act *acts, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(acts, n, sizeof(*acts), by_process);
	for (size_t i = 0; i < n; i++) {
		int64_t process = process_of(&acts[i]);

		if (kept && acts[i].pid != INT64_MIN && acts[kept - 1].pid == process) {
			join(&acts[kept - 1], &acts[i]);
			free(acts[i].comm);
			continue;
		}
		acts[kept] = acts[i];
		if (acts[kept].pid != INT64_MIN)
			acts[kept].pid = process;
		kept++;
	}
	return kept;
}

/* ---- the table ------------------------------------------------------------------------------ */

static double rate(int64_t value, int64_t length_ns, double unit)
{
	return value == INT64_MIN || length_ns <= 0 ? NAN
						    : (double)value * unit / (double)length_ns;
}

static const char *user_name(uid_t uid, char *buffer, size_t size)
{
	static uid_t last = (uid_t)-1;
	static char name[33];

	/* Mostly it is the same as that of the row before. */
	if (uid != last || !*name) {
		const struct passwd *user = getpwuid(uid);

		if (user)
			snprintf(name, sizeof(name), "%s", user->pw_name);
		else
			snprintf(name, sizeof(name), "%u", uid);
		last = uid;
	}
	snprintf(buffer, size, "%s", name);
	return buffer;
}

static int put(struct schedtrace_table *table, const struct act *a, int64_t length_ns,
	       struct schedtrace_error *err)
{
	const struct live_sample *s = &a->sample;
	union schedtrace_value v[N_COLUMNS];
	char user[33];

	v[USER].s = a->sampled ? user_name(s->user, user, sizeof(user)) : NULL;
	v[PID].i = a->pid;
	v[TGID].i = a->tgid;
	v[PPID].i = a->ppid;
	v[USR].f = a->sampled ? rate(s->user_ns, length_ns, 100) : NAN;
	v[SYSTEM].f = a->sampled ? rate(s->system_ns, length_ns, 100) : NAN;
	v[GUEST].f = a->sampled ? rate(s->guest_ns, length_ns, 100) : NAN;
	v[WAIT].f = rate(a->wait, length_ns, 100);
	v[ON_CPU].f = rate(a->on_cpu, length_ns, 100);
	v[ON_CPU_HI].f = rate(a->on_cpu_hi, length_ns, 100);
	v[CPU].i = if_known(a->sampled, s->cpu);
	v[MINOR].f = a->sampled ? rate(s->minor, length_ns, 1e9) : NAN;
	v[MAJOR].f = a->sampled ? rate(s->major, length_ns, 1e9) : NAN;
	v[RSS].i = if_known(a->sampled, s->rss_bytes);
	v[VOLUNTARY].f = rate(a->voluntary, length_ns, 1e9);
	v[INVOLUNTARY].f = rate(a->involuntary, length_ns, 1e9);
	v[WAKEUP_P99].i = a->p99;
	v[MIGRATIONS].f = rate(a->migrations, length_ns, 1e9);
	v[THREADS].i = a->threads;
	v[COMM].s = a->comm;
	return table_row(table, v, err);
}

int live_activity_add(struct live_activity *activity, const struct schedtrace_tables *between,
		      int64_t length_ns, struct schedtrace_tables *out,
		      struct schedtrace_error *err)
{
	const struct schedtrace_table *tasks = schedtrace_tables_find(between, "tasks");
	size_t n = tasks ? schedtrace_table_rows(tasks) : 0;
	struct act *acts = calloc(n + 1, sizeof(*acts));
	struct schedtrace_table *table;
	struct live_samples old = activity->before;
	int r = acts ? tables_add(out, &live_activity_info, &table, err)
		     : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tasks");

	live_samples_read(&activity->now);
	live_waits_order(&activity->waits);
	for (size_t i = 0; i < n && r == 0; i++)
		acts[i] = act_of(activity, tasks, i, length_ns);
	if (r == 0 && activity->processes)
		n = join_threads(acts, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put(table, &acts[i], length_ns, err);
	for (size_t i = 0; i < n && acts; i++)
		free(acts[i].comm);
	free(acts);
	activity->before = activity->now;
	activity->now = old;
	live_waits_begin(&activity->waits);
	return r;
}
