/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where does each task move, when and why? Every move is printed while the trace is read, by a
 * sink of the log "migration_log": memory does not grow with the trace.
 */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static int print_row(void *user, const struct schedtrace_table_info *log,
		     const union schedtrace_value *values, struct schedtrace_error *err)
{
	const int64_t *begin_ns = user;
	char name[64];

	if (strcmp(log->name, "migration_log"))
		return 0;
	printf("%.3f ms: %s (%lld) from CPU %lld to CPU %lld\n",
	       (double)(values[schedtrace_column_index(log, "time_ns")].i - *begin_ns) / 1e6,
	       schedtrace_printable(values[schedtrace_column_index(log, "comm")].s, name,
				    sizeof(name)),
	       (long long)values[schedtrace_column_index(log, "pid")].i,
	       (long long)values[schedtrace_column_index(log, "from")].i,
	       (long long)values[schedtrace_column_index(log, "to")].i);
	return 0;
}

int main(int argc, char **argv)
{
	struct schedtrace *trace = NULL;
	struct schedtrace_error err = { .text = "usage: migrations TARBALL" };
	int64_t begin_ns = 0;
	const struct schedtrace_sink sink = { sizeof(sink), &begin_ns, print_row };
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r) {
		begin_ns = schedtrace_context_info(schedtrace_context(trace))->begin_ns;
		if (begin_ns == INT64_MIN)
			begin_ns = 0;
		r = schedtrace_follow(trace, "migrations", &sink, &err);
	}
	if (r)
		fprintf(stderr, "migrations: %s\n", err.text);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
