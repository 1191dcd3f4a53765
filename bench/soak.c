/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An engine for days: feeds all analyses with the rows of tasks that are made and end without end,
 * lets go of those that ended, and asks for snapshots all the while. Prints time and memory; fails
 * where figures do not add up to what was fed, or memory grows beyond a limit.
 *
 * usage: soak TASKS [MIB [NAMES]]    that many tasks, of which 500 live at once; NAMES: of the
 * analyses, with commas between
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <schedtrace/schedtrace.h>

#include "tests/unit/short_tasks.h"

#define LIVING	500
#define FORGET	2000	 /* tasks between two times that some are let go */
#define ASK	20000	 /* tasks between two snapshots */
#define AGO	10000000 /* ns */
#define PID_MAX 4194303	 /* that of a large machine */
#define BATCH	16384

struct fed {
	int64_t migrations, charged, faults;
};

struct soak {
	struct short_tasks *tasks;
	struct schedtrace_engine *engine;
	struct fed fed;
	uint64_t rows;
	double fed_s, forget_s, snapshot_s, snapshot_max;
	unsigned int snapshots;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double mib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static void count(struct fed *fed, const struct schedtrace_events *ev)
{
	for (size_t i = 0; i < ev->n; i++) {
		fed->migrations += ev->event[i] == SCHEDTRACE_MIGRATE;
		fed->faults += ev->event[i] == SCHEDTRACE_PAGE_FAULT_USER;
		fed->charged += ev->event[i] == SCHEDTRACE_STAT_RUNTIME ? ev->arg0[i] : 0;
	}
}

static int64_t sum_of(const struct schedtrace_tables *tables, const char *table, const char *column)
{
	const struct schedtrace_table *t = schedtrace_tables_find(tables, table);
	const int64_t *values = schedtrace_table_ints(t, column);
	int64_t sum = 0;

	for (size_t i = 0; i < schedtrace_table_rows(t); i++)
		sum += values[i] != INT64_MIN ? values[i] : 0;
	return sum;
}

static int check(const struct soak *s, const struct schedtrace_tables *tables)
{
	const struct {
		const char *table, *column;
		int64_t fed;
	} sums[] = {
		{ "tasks", "migrations", s->fed.migrations },
		{ "tasks", "charged_ns", s->fed.charged },
		{ "migrations", "migrations", s->fed.migrations },
		{ "memory", "faults_user", s->fed.faults },
		{ "faults", "faults_user", s->fed.faults },
	};

	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		int64_t told = sum_of(tables, sums[i].table, sums[i].column);

		if (told == sums[i].fed || !schedtrace_tables_find(tables, sums[i].table))
			continue;
		fprintf(stderr, "soak: %s of table %s add up to %lld, but %lld were fed\n",
			sums[i].column, sums[i].table, (long long)told, (long long)sums[i].fed);
		return -1;
	}
	return 0;
}

static int look(struct soak *s, struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	double begin = seconds(), took;
	int r = schedtrace_engine_snapshot(s->engine, &tables, err);

	if (r < 0)
		return r;
	took = seconds() - begin;
	s->snapshot_s += took;
	s->snapshot_max = took > s->snapshot_max ? took : s->snapshot_max;
	s->snapshots++;
	r = check(s, tables);
	schedtrace_tables_free(tables);
	return r;
}

static int soak(struct soak *s, uint64_t tasks, struct schedtrace_error *err)
{
	uint64_t forget = FORGET, ask = ASK, tell = tasks / 10;
	int r = 0;

	while (r >= 0 && s->tasks->made < tasks) {
		struct schedtrace_events rows = short_tasks_next(s->tasks, FORGET);
		double begin = seconds();

		count(&s->fed, &rows);
		s->rows += rows.n;
		r = schedtrace_engine_feed(s->engine, &rows, err);
		s->fed_s += seconds() - begin;
		if (r >= 0 && s->tasks->made >= forget) {
			begin = seconds();
			r = schedtrace_engine_forget(s->engine, s->tasks->now - AGO, err);
			s->forget_s += seconds() - begin;
			forget = s->tasks->made + FORGET;
		}
		if (r >= 0 && s->tasks->made >= ask) {
			r = look(s, err);
			ask = s->tasks->made + ASK;
		}
		if (s->tasks->made >= tell) {
			printf("%9llu tasks: peak %.0f MiB, snapshots up to %.1f ms\n",
			       (unsigned long long)s->tasks->made, mib(), s->snapshot_max * 1e3);
			tell += tasks / 10;
		}
	}
	return r < 0 ? r : look(s, err);
}

static int add(struct schedtrace_engine *engine, const char *names, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && schedtrace_analysis_at(i); i++) {
		const char *name = schedtrace_analysis_at(i)->name;
		size_t n = strlen(name);

		for (const char *p = names; r >= 0 && p; p = strchr(p, ',')) {
			p += *p == ',';
			if (!strncmp(p, name, n) && (!p[n] || p[n] == ','))
				r = schedtrace_engine_add(engine, name, err);
		}
		if (!names)
			r = schedtrace_engine_add(engine, name, err);
	}
	return r;
}

int main(int argc, char **argv)
{
	uint64_t tasks = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	double limit = argc > 2 ? strtod(argv[2], NULL) : 0;
	struct schedtrace_error err = { .text = "figures do not add up" };
	struct soak s = { 0 };
	int r;

	if (!tasks) {
		fprintf(stderr, "usage: soak TASKS [MIB [NAMES]]\n");
		return 2;
	}
	s.tasks = short_tasks_new(LIVING, PID_MAX, BATCH);
	r = schedtrace_engine_new(&s.engine, s.tasks->ctx, &err);
	if (r >= 0)
		r = add(s.engine, argc > 3 ? argv[3] : NULL, &err);
	if (r >= 0)
		r = soak(&s, tasks, &err);
	if (r < 0)
		fprintf(stderr, "soak: %s\n", err.text);
	else
		printf("%llu rows in %.1f s, %.1f s to let go, %u snapshots of %.1f ms in the "
		       "mean, "
		       "%.1f ms at most; peak %.0f MiB\n",
		       (unsigned long long)s.rows, s.fed_s, s.forget_s, s.snapshots,
		       s.snapshot_s * 1e3 / s.snapshots, s.snapshot_max * 1e3, mib());
	schedtrace_engine_free(s.engine);
	short_tasks_free(s.tasks);
	if (r >= 0 && limit > 0 && mib() > limit) {
		fprintf(stderr, "soak: %.0f MiB, not %.0f\n", mib(), limit);
		return 1;
	}
	return r < 0;
}
