/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows a second that analyses take on one core: analyze-rows [ANALYSIS,... [ROWS]]. The rows are
 * made in memory, mixed as in a recording of the sched set: tasks that wake, wait, are charged,
 * run and block on eight CPUs, some moved, with run-queue lengths and names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <schedtrace/schedtrace.h>

enum { CPUS = 8, TASKS = 400, BATCH = 32768 };

struct columns {
	int64_t *timestamp, *arg0, *arg1;
	int32_t *pid, *event, *cpu, *comm;
	size_t n, max;
};

static void *column(size_t n, size_t size)
{
	void *p = reallocarray(NULL, n, size);

	if (!p) {
		fprintf(stderr, "analyze-rows: no memory for %zu rows\n", n);
		exit(1);
	}
	return p;
}

static void add(struct columns *c, int64_t t, int cpu, int pid, int event, int64_t arg0,
		int64_t arg1)
{
	if (c->n == c->max)
		return;
	c->timestamp[c->n] = t;
	c->cpu[c->n] = cpu;
	c->pid[c->n] = pid;
	c->event[c->n] = event;
	c->arg0[c->n] = arg0;
	c->arg1[c->n] = arg1;
	c->comm[c->n++] = pid ? 1 + pid % 20 : 0;
}

static void make_rows(struct columns *c)
{
	int running[CPUS] = { 0 }, home[TASKS + 1];
	unsigned int seed = 1;
	int64_t t = 1000000;

	for (int pid = 0; pid <= TASKS; pid++)
		home[pid] = pid % CPUS;
	for (int cpu = 0; cpu < CPUS; cpu++)
		add(c, t, cpu, 0, SCHEDTRACE_RUNS, -1, 0);
	while (c->n < c->max) {
		int pid = 1 + rand_r(&seed) % TASKS, cpu = home[pid], prev = running[cpu];

		if (prev == pid)
			continue;
		t += 1 + rand_r(&seed) % 2000;
		add(c, t, cpu, pid, SCHEDTRACE_WAKING, prev, cpu);
		if (rand_r(&seed) % 10 == 0) {
			int to = rand_r(&seed) % CPUS;

			add(c, t, cpu, pid, SCHEDTRACE_MIGRATE, cpu, to);
			home[pid] = cpu = to;
			prev = running[cpu];
		}
		t += 200;
		add(c, t, cpu, pid, SCHEDTRACE_WAKEUP, 0, 0);
		add(c, t, cpu, prev, SCHEDTRACE_RQ_SIZE, 2, 1);
		t += 500;
		if (prev) {
			add(c, t, cpu, prev, SCHEDTRACE_STAT_RUNTIME, 1000, 0);
			add(c, t + 1, cpu, prev, SCHEDTRACE_BLOCK, 0, 0);
			add(c, t + 1, cpu, prev, SCHEDTRACE_RQ_SIZE, 1, -1);
		} else {
			add(c, t, cpu, 0, SCHEDTRACE_CPU_IDLE, -1, 0);
		}
		add(c, t + 1, cpu, prev, SCHEDTRACE_CTX_SWITCH, pid, 0);
		running[cpu] = pid;
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void must(int r, const struct schedtrace_error *err)
{
	if (r < 0) {
		fprintf(stderr, "analyze-rows: %s\n", err->text);
		exit(1);
	}
}

/* CPU seconds of one pass with @names (separated by commas). */
static double pass(const struct columns *c, struct schedtrace_context *ctx, const char *names)
{
	struct schedtrace_engine *engine;
	struct schedtrace_tables *tables;
	struct schedtrace_error err;
	char *copy = strdup(names);
	double begin;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	for (char *name = strtok(copy, ","); name; name = strtok(NULL, ","))
		must(schedtrace_engine_add(engine, name, &err), &err);
	begin = now();
	for (size_t i = 0; i < c->n; i += BATCH) {
		struct schedtrace_events batch = {
			.n = c->n - i < BATCH ? c->n - i : BATCH,
			.timestamp = c->timestamp + i,
			.pid = c->pid + i,
			.event = c->event + i,
			.cpu = c->cpu + i,
			.arg0 = c->arg0 + i,
			.arg1 = c->arg1 + i,
			.comm = c->comm + i,
		};

		must(schedtrace_engine_feed(engine, &batch, &err), &err);
	}
	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	begin = now() - begin;
	schedtrace_tables_free(tables);
	schedtrace_engine_free(engine);
	free(copy);
	return begin;
}

int main(int argc, char **argv)
{
	struct columns c = { .max = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000 };
	struct schedtrace_context *ctx;
	struct schedtrace_error err;
	char all[256] = "";
	double best = 1e9;

	for (size_t i = 0; schedtrace_analysis_at(i); i++) {
		strncat(all, i ? "," : "", sizeof(all) - strlen(all) - 1);
		strncat(all, schedtrace_analysis_at(i)->name, sizeof(all) - strlen(all) - 1);
	}
	c.timestamp = column(c.max, sizeof(*c.timestamp));
	c.arg0 = column(c.max, sizeof(*c.arg0));
	c.arg1 = column(c.max, sizeof(*c.arg1));
	c.pid = column(c.max, sizeof(*c.pid));
	c.event = column(c.max, sizeof(*c.event));
	c.cpu = column(c.max, sizeof(*c.cpu));
	c.comm = column(c.max, sizeof(*c.comm));
	must(schedtrace_context_new(&ctx, &err), &err);
	for (int i = 1; i <= 20; i++) {
		char name[16];
		int n = snprintf(name, sizeof(name), "worker/%d", i);

		must(schedtrace_context_intern_comm(ctx, name, (size_t)n, &err), &err);
	}
	make_rows(&c);
	for (int i = 0; i < 3; i++) {
		double seconds = pass(&c, ctx, argc > 1 ? argv[1] : all);

		best = seconds < best ? seconds : best;
	}
	printf("%s: %zu rows in %.3f s of CPU, %.1f M rows/s\n", argc > 1 ? argv[1] : all, c.n,
	       best, (double)c.n / best / 1e6);
	schedtrace_context_free(ctx);
	return 0;
}
