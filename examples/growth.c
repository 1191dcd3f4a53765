/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How does memory grow? A snapshot of the tables can be taken at any moment: here after each tenth
 * of the rows, as a monitor would while a machine runs.
 */
#include <stdio.h>

#include <schedtrace/schedtrace.h>

static int feed(struct schedtrace_engine *engine, struct schedtrace *trace, uint64_t from,
		uint64_t to, struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader = NULL;
	int r = schedtrace_reader_new(&reader, trace, from, to, err);

	while (!r && (r = schedtrace_reader_next(reader, &events, err)) > 0)
		r = schedtrace_engine_feed(engine, events, err);
	schedtrace_reader_free(reader);
	return r;
}

static void print_sums(const struct schedtrace_table *sums, int tenth)
{
	printf("%3d %%: %lld processes, %lld KiB resident, %lld page faults\n", 10 * tenth,
	       (long long)schedtrace_table_ints(sums, "processes")[0],
	       (long long)schedtrace_table_ints(sums, "rss_bytes")[0] / 1024,
	       (long long)schedtrace_table_ints(sums, "faults_user")[0]);
}

int main(int argc, char **argv)
{
	struct schedtrace_error err = { .text = "usage: growth TARBALL" };
	struct schedtrace_engine *engine = NULL;
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_engine_new(&engine, schedtrace_context(trace), &err);
	if (!r)
		r = schedtrace_engine_add(engine, "memory", &err);
	for (int i = 0; !r && i < 10; i++) {
		struct schedtrace_tables *tables = NULL;
		uint64_t n = schedtrace_rows(trace);

		r = feed(engine, trace, n * i / 10, n * (i + 1) / 10, &err);
		if (!r)
			r = schedtrace_engine_snapshot(engine, &tables, &err);
		if (!r)
			print_sums(schedtrace_tables_find(tables, "memory_system"), i + 1);
		schedtrace_tables_free(tables);
	}
	if (r)
		fprintf(stderr, "growth: %s\n", err.text);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
