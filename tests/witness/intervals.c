/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intervals TARBALL...: prints TAP, whether the tables of intervals of each add up to those of all
 * rows, and those of the last one are what a window says that begins there; the same of rows with
 * gaps, where pieces of them were left out and LOST rows put in their place.
 */
#include <err.h>

#include "tests/unit/interval_checks.h"

#define PARTS 9

/* Durations of these are those of a window; the others count what ends in the interval. */
static const char window_durations[] = "tasks,waits,cpus,runqueue_lengths,work_conservation";
static const char window_counts[] = "tasks,cpus,migrations,migration_matrix,memory,memory_system,"
				    "faults,stacks,map";

static int number;

static void must(int r, const struct schedtrace_error *error)
{
	if (r < 0)
		errx(1, "%s", error->text);
}

static void claim(int wrong, const char *trace, const char *what)
{
	printf("%sok %d - %s: %s\n", wrong ? "not " : "", ++number, trace, what);
}

static struct schedtrace_engine *engine_of(const struct schedtrace_context *ctx,
					   int64_t window_begin)
{
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	must(schedtrace_engine_set_window(engine, window_begin, INT64_MAX, &err), &err);
	for (size_t i = 0; schedtrace_analysis_at(i); i++)
		must(schedtrace_engine_add(engine, schedtrace_analysis_at(i)->name, &err), &err);
	return engine;
}

static struct schedtrace_events part_of(const struct schedtrace_events *all, size_t begin,
					size_t end)
{
	struct schedtrace_events ev = *all;

	ev.n = end - begin;
	ev.timestamp += begin;
	ev.cpu += begin;
	ev.pid += begin;
	ev.event += begin;
	ev.arg0 += begin;
	ev.arg1 += begin;
	ev.comm = ev.comm ? ev.comm + begin : NULL;
	ev.stack = ev.stack ? ev.stack + begin : NULL;
	return ev;
}

static struct schedtrace_tables *snapshot_of(struct schedtrace_engine *engine)
{
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	return tables;
}

/* What a window of all rows says that begins at @begin. */
static struct schedtrace_tables *window_of(const struct schedtrace_context *ctx,
					   const struct schedtrace_events *all, int64_t begin)
{
	struct schedtrace_engine *engine = engine_of(ctx, begin);
	struct schedtrace_error err;
	struct schedtrace_tables *tables;

	must(schedtrace_engine_feed(engine, all, &err), &err);
	tables = snapshot_of(engine);
	schedtrace_engine_free(engine);
	return tables;
}

/* Rows at the begin itself belong to what was before, but durations begin there. */
static void check_window(const struct schedtrace_context *ctx, const struct schedtrace_events *all,
			 const struct schedtrace_tables *interval, int64_t begin, const char *trace)
{
	struct schedtrace_tables *at = window_of(ctx, all, begin);
	struct schedtrace_tables *after = window_of(ctx, all, begin + 1);
	int wrong = 0;

	for (size_t i = 0; i < schedtrace_tables_count(interval); i++) {
		const struct schedtrace_table *table = schedtrace_tables_at(interval, i);
		const char *name = schedtrace_table_info(table)->name;

		if (in_list(window_durations, name))
			wrong +=
				window_check(table, schedtrace_tables_find(at, name), true, stdout);
		if (in_list(window_counts, name))
			wrong += window_check(table, schedtrace_tables_find(after, name), false,
					      stdout);
	}
	claim(wrong, trace, "an interval is what a window says that begins there");
	schedtrace_tables_free(at);
	schedtrace_tables_free(after);
}

/* The first row from @i on that comes later than the one before it. */
static size_t border(const struct schedtrace_events *all, size_t i)
{
	while (i < all->n && all->timestamp[i] == all->timestamp[i - 1])
		i++;
	return i;
}

static void check(const struct schedtrace_context *ctx, const struct schedtrace_events *all,
		  const char *trace, bool gaps)
{
	struct schedtrace_engine *engine = engine_of(ctx, INT64_MIN);
	struct schedtrace_tables *before = NULL, *now, *interval = NULL;
	struct interval_sums sums = { .by_row = true };
	struct schedtrace_error err;
	int wrong = 0, loose = 0;
	int64_t begin = INT64_MIN;

	for (size_t i = 0, from = 0; i < PARTS; i++) {
		size_t to = border(all, all->n * (i + 1) / PARTS);
		struct schedtrace_events part = part_of(all, from, to);

		must(schedtrace_engine_feed(engine, &part, &err), &err);
		now = snapshot_of(engine);
		schedtrace_tables_free(interval);
		must(schedtrace_tables_interval(before, now, &interval, &err), &err);
		interval_sums_add(&sums, now, interval);
		for (size_t k = 0; k < schedtrace_tables_count(interval); k++)
			loose += bounds_check(schedtrace_tables_at(interval, k), stdout);
		schedtrace_tables_free(before);
		before = now;
		part = part_of(all, 0, to);
		if (!gaps && i == PARTS / 2)
			check_window(ctx, &part, interval, begin, trace);
		from = to;
		if (i + 1 < PARTS)
			begin = all->timestamp[from - 1];
	}
	wrong = interval_sums_check(&sums, before, stdout);
	claim(wrong, trace, "intervals add up to the whole, figure by figure");
	claim(loose, trace, "no figure of an interval is above its bound");
	if (!gaps)
		check_window(ctx, all, interval, begin, trace);
	schedtrace_tables_free(interval);
	schedtrace_tables_free(before);
	schedtrace_engine_free(engine);
}

static void *array(size_t n, size_t size)
{
	void *all = calloc(n, size);

	if (!all)
		errx(1, "no memory");
	return all;
}

/* The rows without every twentieth piece of 50 of its first row's CPU, which were lost there; to be
 * freed column by column. */
static struct schedtrace_events with_gaps(const struct schedtrace_events *all)
{
	size_t n = all->n + all->n / 1000 + 1;
	int64_t *timestamp = array(n, sizeof(*timestamp)), *arg0 = array(n, sizeof(*arg0));
	int64_t *arg1 = array(n, sizeof(*arg1));
	int32_t *cpu = array(n, sizeof(*cpu)), *pid = array(n, sizeof(*pid));
	int32_t *event = array(n, sizeof(*event)), *comm = array(n, sizeof(*comm));
	size_t k = 0;

	for (size_t i = 0; i < all->n; i++) {
		size_t piece = i / 50 * 50;
		bool lost = i / 50 % 20 == 19;

		if (lost && all->cpu[i] == all->cpu[piece])
			continue;
		if (i && i % 50 == 0 && (i / 50 - 1) % 20 == 19) {
			timestamp[k] = all->timestamp[i];
			cpu[k] = all->cpu[piece - 50];
			pid[k] = -1;
			event[k] = SCHEDTRACE_LOST;
			arg0[k] = 20;
			arg1[k++] = all->timestamp[piece - 50];
		}
		timestamp[k] = all->timestamp[i];
		cpu[k] = all->cpu[i];
		pid[k] = all->pid[i];
		event[k] = all->event[i];
		comm[k] = all->comm[i];
		arg0[k] = all->arg0[i];
		arg1[k++] = all->arg1[i];
	}
	return (struct schedtrace_events){ .n = k,
					   .timestamp = timestamp,
					   .cpu = cpu,
					   .pid = pid,
					   .event = event,
					   .arg0 = arg0,
					   .arg1 = arg1,
					   .comm = comm };
}

static void free_columns(struct schedtrace_events *ev)
{
	const void *columns[] = { ev->timestamp, ev->cpu,  ev->pid, ev->event,
				  ev->arg0,	 ev->arg1, ev->comm };

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		free((void *)(uintptr_t)columns[i]);
}

int main(int argc, char **argv)
{
	printf("1..%d\n", 6 * (argc - 1));
	for (int i = 1; i < argc; i++) {
		const char *name = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];
		const struct schedtrace_events *all;
		struct schedtrace_events gaps;
		struct schedtrace *trace;
		struct schedtrace_error err;
		char cut[256];

		must(schedtrace_open(&trace, argv[i], NULL, &err), &err);
		must(schedtrace_load(trace, &all, &err), &err);
		check(schedtrace_context(trace), all, name, false);
		gaps = with_gaps(all);
		snprintf(cut, sizeof(cut), "%s with gaps", name);
		check(schedtrace_context(trace), &gaps, cut, true);
		free_columns(&gaps);
		schedtrace_close(trace);
	}
	return 0;
}
