/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who had most CPU time in a recording? Straight from its trace.dat, without a tarball. */
#include <inttypes.h>
#include <stdio.h>

#include <schedtrace/schedtrace.h>
#include <schedtrace/tracedat.h>

static void print_note(void *user, const char *text)
{
	fprintf(stderr, "%s: %s\n", (const char *)user, text);
}

static int feed(struct schedtrace_tracedat *recording, struct schedtrace_engine *engine,
		struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	int r;

	while ((r = schedtrace_tracedat_next(recording, &events, err)) > 0) {
		r = schedtrace_engine_feed(engine, events, err);
		if (r < 0)
			break;
	}
	return r;
}

static void print_busiest(const struct schedtrace_tables *tables)
{
	const struct schedtrace_table *tasks = schedtrace_tables_find(tables, "tasks");
	const int64_t *on_cpu = schedtrace_table_ints(tasks, "on_cpu_ns");
	size_t n = schedtrace_table_rows(tasks), best = 0;
	char name[64];

	for (size_t i = 1; i < n; i++)
		if (on_cpu[i] > on_cpu[best])
			best = i;
	if (n)
		printf("%s (%" PRId64 ") ran for %.3f ms\n",
		       schedtrace_printable(schedtrace_table_texts(tasks, "comm")[best], name,
					    sizeof(name)),
		       schedtrace_table_ints(tasks, "pid")[best], (double)on_cpu[best] / 1e6);
}

int main(int argc, char **argv)
{
	struct schedtrace_tracedat_options options = { .size = sizeof(options),
						       .note = print_note,
						       .user = argv[1] };
	struct schedtrace_tracedat *recording = NULL;
	struct schedtrace_engine *engine = NULL;
	struct schedtrace_tables *tables = NULL;
	struct schedtrace_error err = { .text = "usage: recording TRACE.dat" };
	int r = argc == 2 ? schedtrace_tracedat_open(&recording, argv[1], &options, &err)
			  : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_engine_new(&engine, schedtrace_tracedat_context(recording), &err);
	if (!r)
		r = schedtrace_engine_add(engine, "tasks", &err);
	if (!r)
		r = feed(recording, engine, &err);
	if (!r)
		r = schedtrace_engine_snapshot(engine, &tables, &err);
	if (!r)
		print_busiest(tables);
	else
		fprintf(stderr, "recording: %s\n", err.text);
	schedtrace_tables_free(tables);
	schedtrace_engine_free(engine);
	schedtrace_tracedat_close(recording);
	return r ? 1 : 0;
}
