/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every move of a task, printed while the trace is read in batches: memory does not grow with the
 * trace. The columns of the log "migration_log" are found by name.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static union schedtrace_value value(const struct schedtrace_table_info *log,
				    const union schedtrace_value *values, const char *column)
{
	for (size_t i = 0; i < log->n_columns; i++)
		if (!strcmp(log->columns[i].name, column))
			return values[i];
	return (union schedtrace_value){ 0 };
}

static int print_row(void *user, const struct schedtrace_table_info *log,
		     const union schedtrace_value *values, struct schedtrace_error *err)
{
	const int64_t *begin_ns = user;
	const char *name = value(log, values, "comm").s;

	if (strcmp(log->name, "migration_log"))
		return 0;
	printf("%.3f ms: ", (double)(value(log, values, "time_ns").i - *begin_ns) / 1e6);
	for (; name && *name; name++) /* a name can hold terminal escapes */
		putchar(isprint((unsigned char)*name) ? *name : '?');
	printf(" (%lld) from CPU %lld to CPU %lld\n", (long long)value(log, values, "pid").i,
	       (long long)value(log, values, "from").i, (long long)value(log, values, "to").i);
	return 0;
}

static int run(struct schedtrace *trace, struct schedtrace_engine *engine,
	       struct schedtrace_error *err)
{
	int64_t begin_ns = schedtrace_context_info(schedtrace_context(trace))->begin_ns;
	const struct schedtrace_sink sink = { sizeof(sink), &begin_ns, print_row };
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	int r;

	if (begin_ns == INT64_MIN)
		begin_ns = 0;
	r = schedtrace_engine_add(engine, "migrations", err);
	if (!r)
		r = schedtrace_engine_set_sink(engine, &sink, err);
	if (!r)
		r = schedtrace_reader_new(&reader, trace, 0, UINT64_MAX, err);
	if (r)
		return r;
	while ((r = schedtrace_reader_next(reader, &events, err)) > 0) {
		r = schedtrace_engine_feed(engine, events, err);
		if (r)
			break;
	}
	schedtrace_reader_free(reader);
	return r;
}

int main(int argc, char **argv)
{
	struct schedtrace_engine *engine = NULL;
	struct schedtrace *trace = NULL;
	struct schedtrace_error err;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: migrations TARBALL\n");
		return 2;
	}
	r = schedtrace_open(&trace, argv[1], NULL, &err);
	if (!r)
		r = schedtrace_engine_new(&engine, schedtrace_context(trace), &err);
	if (!r)
		r = run(trace, engine, &err);
	if (r)
		fprintf(stderr, "migrations: %s\n", err.text);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
