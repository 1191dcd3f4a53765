/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which task waited longest for a CPU, and who ran there instead? One pass finds the wait; another
 * one, in the window of that wait, says who had the CPU.
 */
#include <stdio.h>

#include <schedtrace/schedtrace.h>

static int run(struct schedtrace *trace, const char *analysis, int64_t begin, int64_t end,
	       struct schedtrace_tables **out, struct schedtrace_error *err)
{
	struct schedtrace_engine *engine = NULL;
	int r = schedtrace_engine_new(&engine, schedtrace_context(trace), err);

	if (!r)
		r = schedtrace_engine_add(engine, analysis, err);
	if (!r)
		r = schedtrace_engine_set_window(engine, begin, end, err);
	if (!r)
		r = schedtrace_engine_run(engine, trace, err);
	if (!r)
		r = schedtrace_engine_snapshot(engine, out, err);
	schedtrace_engine_free(engine);
	return r;
}

static void print_row(const struct schedtrace_table *table, size_t i, const char *column)
{
	char name[64];

	printf("%10.1f us  %s (%lld)\n", (double)schedtrace_table_ints(table, column)[i] / 1e3,
	       schedtrace_printable(schedtrace_table_texts(table, "comm")[i], name, sizeof(name)),
	       (long long)schedtrace_table_ints(table, "pid")[i]);
}

int main(int argc, char **argv)
{
	struct schedtrace *trace = NULL;
	struct schedtrace_tables *latency = NULL, *cpus = NULL;
	struct schedtrace_error err = { .text = "usage: longest_wait TARBALL" };
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = run(trace, "latency", INT64_MIN, INT64_MAX, &latency, &err);
	const struct schedtrace_table *worst = schedtrace_tables_find(latency, "latency_worst");
	if (!r && schedtrace_table_rows(worst)) {
		int64_t begin = schedtrace_table_ints(worst, "begin_ns")[0];
		int64_t end = begin + schedtrace_table_ints(worst, "latency_ns")[0];
		int64_t cpu = schedtrace_table_ints(worst, "cpu")[0];

		print_row(worst, 0, "latency_ns");
		printf("waited for CPU %lld, where there ran meanwhile\n", (long long)cpu);
		r = run(trace, "cpus", begin, end, &cpus, &err);
		const struct schedtrace_table *ran = schedtrace_tables_find(cpus, "cpu_tasks");
		for (size_t i = 0; i < schedtrace_table_rows(ran); i++)
			if (schedtrace_table_ints(ran, "cpu")[i] == cpu)
				print_row(ran, i, "on_cpu_ns");
	}
	if (r)
		fprintf(stderr, "longest_wait: %s\n", err.text);
	schedtrace_tables_free(latency);
	schedtrace_tables_free(cpus);
	return schedtrace_close(trace), r ? 1 : 0;
}
